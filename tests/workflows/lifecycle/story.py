"""A story: people of every role try everything that a case knows, in any order, while the clock jumps.

Two kinds of deeds. Some let anybody try anything: they show that nothing impossible happens. The others pick what is
legal now, because random tries alone hardly ever reach the late states; and what is legal has to succeed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import select

from app.database import acting
from app.jobs import run_pending
from app.jobs.work import perform
from app.models import Finding, OutboxJob, Person, PersonRelation, School, WorkflowMigration, WorkflowVersion
from app.policy import SYSTEM
from app.terms import (
    Addressee,
    AdminMeasureKind,
    BulkKind,
    BulkStatus,
    CaseKind,
    ConflictKind,
    Family,
    FindingLevel,
    FindingOutcome,
)
from app.workflows import (
    bulk,
    bulk_withdrawal,
    episodes,
    flow_migration,
    flow_versions,
    hand_overs,
    measures,
    pauses,
    questions,
)
from app.workflows import case as case_verbs
from app.workflows.definitions import shipped
from app.workflows.machine import Transition
from tests import factories
from tests.workflows.lifecycle.oracle import MOVERS, Oracle
from tests.workflows.lifecycle.world import (
    DEPARTMENTS,
    ENDS,
    NAMES,
    ROLES,
    SAFE_CURATORS,
    SCHOOLS,
    WHY,
    ZONE,
    World,
)

FLOWS = ("objectivity", "objectivity_amur", "objectivity_curator_first", "low_results")
EDGES = [(name, row.source, row.trigger) for name in FLOWS for row in shipped(name).transitions]
TRIGGERS = sorted({trigger for _, _, trigger in EDGES})
VERBS = (
    "hold", "resume", "wake", "ask", "answer", "withdraw_question", "offer", "accept", "decline", "withdraw_offer",
    "expire", "reopen", "bulk", "withdraw_bulk", "migrate", "migrate_back", "measure", "review_dynamics", "interviewer",
    "choose", "new_signs",
)  # fmt: skip
"""What else happens to a case; each has to happen too."""

QUESTION = "Пришлите, пожалуйста, протокол проверки работ."
names, which, sooner_or_later = (
    st.sampled_from(NAMES),
    st.integers(0, 11),
    st.sampled_from([1, 1, 2, 3, 5, 9, 20, 45, 120]),
)


DEEDS: list[tuple[Callable[..., None], dict[str, Any]]] = []
"""What may be done in a step, as often as its weight: a method and how its arguments are drawn."""


def deed(*, weight: int = 1, **arguments: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    def keep(method: Callable[..., None]) -> Callable[..., None]:
        DEEDS.extend([(method, arguments)] * weight)
        return method

    return keep


class Story(RuleBasedStateMachine):
    """`tally` is shared by all stories of a run; a test that plants a defect replaces `change_world`."""

    tally: ClassVar[Counter[Any]] = Counter()
    change_world: ClassVar[Callable[[World], None]] = staticmethod(lambda world: None)

    @initialize()
    def begin(self) -> None:
        self.world = World.begin()
        self.change_world(self.world)
        self.oracle = Oracle(self.world)
        self.requests: list[tuple[str, int, str, int, str, int]] = []

    def teardown(self) -> None:
        if hasattr(self, "oracle"):
            try:
                self.oracle.end()
                self.tally.update(self.oracle.fired)
            finally:
                self.world.end()

    @invariant()
    def everything_holds(self) -> None:
        if hasattr(self, "oracle"):
            self.oracle.look()
            self.tally["steps"] += 1

    # One rule draws all deeds: of several rules a story leaves out some at random, and the late states would go unseen.
    @rule(data=st.data())
    def somebody_does_something(self, data: st.DataObject) -> None:
        method, arguments = data.draw(st.sampled_from(DEEDS))
        drawn = {key: data if key == "data" else data.draw(how, label=key) for key, how in arguments.items()}
        method(self, **drawn)

    # ---- what the deeds share ----

    def cases(self, where: str = "1", *values: Any) -> list[Any]:
        return self.world.rows(f"SELECT * FROM cases WHERE {where} ORDER BY id", *values)

    def case(self, index: int, where: str = "state <> 'closed'") -> Any:
        found = self.cases(where)
        return found[index % len(found)] if found else None

    def attempt(self, name: str, verb: Callable[..., Any], did: str = "") -> Any:
        """The try of one person, looked at at once; what a refusal leaves is None."""
        found = self.world.attempt(name, verb)
        self.oracle.look()
        if isinstance(found, Exception):
            return None
        if did:
            self.tally[did] += 1
        return found

    def arrange(self, verb: Callable[..., None]) -> None:
        self.world.arrange(verb)
        self.oracle.look(is_arranged=True)

    def department(self, case: Any, index: int = 0) -> str:
        return DEPARTMENTS[self.world.place_of(case["id"])][index % 2]

    def free(self, case: Any) -> None:
        """Let a case that stands still go on."""
        name = self.department(case)
        if self.world.rows("SELECT 1 FROM case_questions WHERE case_id = ? AND closed_at IS NULL", case["id"]):
            self.attempt(name, lambda s, a: questions.withdraw(s, case["id"], WHY, actor=a, at=self.world.at),
                         "withdraw_question")  # fmt: skip
        else:
            self.attempt(name, lambda s, a: pauses.resume(s, case["id"], "", actor=a, at=self.world.at), "resume")

    def job(self, kind: str, subject_id: int) -> None:
        with acting(self.world.context.sessions, SYSTEM) as session:
            wanted = select(OutboxJob.id).where(OutboxJob.kind == kind, OutboxJob.subject_id == subject_id)
            job_id = session.scalars(wanted.order_by(OutboxJob.id.desc())).first()
        assert job_id is not None
        perform(self.world.context, job_id, is_waking=False)
        self.oracle.look()

    # ---- the clock ----

    @deed(days=sooner_or_later, is_up=st.booleans())
    def time_passes(self, days: int, is_up: bool) -> None:
        """The scheduler may be down: then what is due waits."""
        self.world.at = min(self.world.at + timedelta(days=days), ENDS)
        if is_up:
            self.scheduler_runs()

    @deed(years=st.sampled_from([1, 2]), is_long=st.integers(0, 5))
    def years_pass(self, years: int, is_long: int) -> None:
        """Rarely: a story has few years."""
        if is_long == 0 and self.world.at + timedelta(days=731) < ENDS:
            self.world.at += timedelta(days=366 * years)
            self.scheduler_runs()

    def scheduler_runs(self) -> None:
        with acting(self.world.context.sessions, SYSTEM) as session:
            self.tally["wake"] += pauses.wake_due(session, at=self.world.at, zone=ZONE)
            self.tally["expire"] += hand_overs.expire_due(session, at=self.world.at, zone=ZONE)
        self.oracle.look()

    @deed()
    def workers_catch_up(self) -> None:
        """All jobs that wait, and once more: nothing happens twice."""
        run_pending(self.world.context)
        before = self.world.data_version()
        assert not run_pending(self.world.context).jobs
        assert self.world.data_version() == before

    # ---- moves ----

    @deed(index=which, name=names, trigger=st.sampled_from(TRIGGERS), behind=st.integers(0, 1))
    def anybody_tries_any_move(self, index: int, name: str, trigger: str, behind: int) -> None:
        case = self.case(index, "1")
        self.fire(name, case, trigger, behind=behind)

    @deed(index=which, name=names, behind=st.sampled_from([0, 0, 0, 1]), data=None)
    def anybody_tries_what_is_ready(self, index: int, name: str, behind: int, data: st.DataObject) -> None:
        """The papers are there; only the person and the page may be wrong."""
        case = self.case(index)
        row = self.way(case, data)
        if row is not None:
            self.world.supply(case["id"], row, data.draw(st.sampled_from(DEPARTMENTS[self.world.place_of(case["id"])])))
            self.oracle.look(is_arranged=True)
            self.fire(name, self.cases("id = ?", case["id"])[0], row, behind=behind)

    @deed(count=st.integers(1, 4), data=None, weight=8)
    def legal_moves(self, count: int, data: st.DataObject) -> None:
        """People do their work: the ways least gone so far come first, and none of them may be refused."""
        for _ in range(count):
            self.legal_move(data)

    def legal_move(self, data: st.DataObject) -> None:
        ways = [
            (self.oracle.fired[case["workflow"], row.source, row.trigger], row.dest == "closed", case["id"], row)
            for case in self.cases("state <> 'closed'")
            for row in shipped(case["workflow"]).transitions
            if row.source == case["state"]
        ]
        if not ways:
            return
        _, _, case_id, row = data.draw(st.sampled_from(sorted(ways, key=lambda way: way[:3])[:3]))
        (case,) = self.cases("id = ?", case_id)
        if case_id in self.oracle.standing:
            self.free(case)
        place = self.world.place_of(case_id)
        is_theirs = self.world.curator_of(case_id) == SAFE_CURATORS[place]
        others = [SAFE_CURATORS[place]] if is_theirs and "curator" in MOVERS[row.permission] else []
        mover = data.draw(st.sampled_from([*DEPARTMENTS[place], *others]))
        author = next(name for name in DEPARTMENTS[place] if name != mover)
        self.world.supply(case_id, row, author)
        self.oracle.look(is_arranged=True)
        event = self.fire(mover, self.cases("id = ?", case_id)[0], row)
        if not self.is_stuck(case):
            assert event is not None, f"a legal move was refused: {row.trigger} from {row.source}"
        if event is not None and row.dest == "closed" and data.draw(st.booleans()):
            self.reopen_case(mover, case_id, with_curator=False)

    def reopen_case(self, name: str, case_id: int, *, with_curator: bool) -> None:
        self.attempt(
            name,
            lambda s, a: episodes.reopen(
                s, case_id, WHY, with_signs=True, with_curator=with_curator, actor=a, at=self.world.at
            ),
            "reopen",
        )

    def way(self, case: Any, data: st.DataObject) -> Transition | None:
        if case is None:
            return None
        rows = [row for row in shipped(case["workflow"]).transitions if row.source == case["state"]]
        # A way to the end every time would leave the late states unseen.
        ahead = [row for row in rows if row.trigger != "dismiss"]
        return data.draw(st.sampled_from([*ahead, *ahead, *rows]))

    def is_stuck(self, case: Any) -> bool:
        """The curator by order has a conflict by now: first the case has to be handed over."""
        orders = self.world.rows(
            "SELECT u.login FROM curator_orders o JOIN users u ON u.id = o.curator_id WHERE o.case_id = ?"
            " ORDER BY o.id DESC LIMIT 1", case["id"],
        )  # fmt: skip
        return bool(orders) and (orders[0][0], case["school_id"]) in self.world.ties

    def fire(self, name: str, case: Any, row: Transition | str, *, behind: int = 0) -> Any:
        request = self.world.request_id()
        version = case["version"] - behind
        found = self.world.move(name, case["id"], row, version, request)
        self.oracle.look()
        if isinstance(found, Exception):
            return None
        assert not behind, "a stale page moved a case"
        trigger = row.trigger if isinstance(row, Transition) else row
        self.requests.append((name, case["id"], trigger, version, request, found.id))
        return found

    @deed(index=which)
    def a_request_is_repeated(self, index: int) -> None:
        """The same person sends the same form again: it gets its own event, and nothing happens."""
        mine = [request for request in self.requests if ROLES[request[0]][0] == "department"]
        if not mine:
            return
        name, case_id, trigger, version, request, event_id = mine[-1 - index % len(mine)]
        before = self.world.data_version()
        event = self.world.move(name, case_id, trigger, version, request)
        assert not isinstance(event, Exception), "a repeated request was refused"
        assert event.id == event_id, "a repeated request moved a case again"
        assert self.world.data_version() == before

    # ---- holds, questions, hand-overs ----

    @deed(index=which, name=names, days=sooner_or_later, is_legal=st.booleans())
    def hold(self, index: int, name: str, days: int, is_legal: bool) -> None:
        case = self.case(index, "state <> 'closed'" if is_legal else "1")
        if case is not None:
            name = self.department(case) if is_legal else name
            day = self.world.at.date() + timedelta(days=days)
            self.attempt(name, lambda s, a: pauses.hold(s, case["id"], day, WHY, actor=a, at=self.world.at,
                                                        expected_version=case["version"]), "hold")  # fmt: skip

    @deed(index=which, name=names)
    def resume(self, index: int, name: str) -> None:
        case = self.case(index, "1")
        self.attempt(name, lambda s, a: pauses.resume(s, case["id"], "", actor=a, at=self.world.at), "resume")

    @deed(index=which, name=names, to=st.sampled_from(list(Addressee)), days=sooner_or_later, is_legal=st.booleans())
    def ask(self, index: int, name: str, to: Addressee, days: int, is_legal: bool) -> None:
        case = self.case(index)
        if case is None:
            return
        name = self.department(case) if is_legal else name
        day = self.world.at.date() + timedelta(days=days)
        trigger = "send_back" if to is Addressee.STAGE and case["workflow"] == "objectivity_amur" else ""
        self.attempt(
            name,
            lambda s, a: questions.ask(
                s, case["id"], to, QUESTION, day, actor=a, at=self.world.at, expected_version=case["version"],
                request_id=self.world.request_id(), trigger=trigger,
            ),
            "ask",
        )  # fmt: skip

    @deed(index=which, name=names)
    def answer(self, index: int, name: str) -> None:
        case = self.case(index, "id IN (SELECT case_id FROM case_questions WHERE closed_at IS NULL)")
        if case is not None:
            self.attempt(name, lambda s, a: questions.answer(s, case["id"], WHY, actor=a, at=self.world.at), "answer")

    @deed(index=which, name=names, to=st.sampled_from(["kira", "nina", "dima", "ivan"]), is_legal=st.booleans())
    def offer(self, index: int, name: str, to: str, is_legal: bool) -> None:
        case = self.case(index, "state <> 'closed' AND curator_id IS NOT NULL" if is_legal else "1")
        if case is not None:
            name = self.department(case) if is_legal else name
            self.attempt(name, lambda s, a: hand_overs.propose(s, case["id"], self.world.users[to], WHY, actor=a,
                                                               at=self.world.at), "offer")  # fmt: skip

    @deed(index=which, name=names, what=st.sampled_from(["accept", "decline", "withdraw"]), is_legal=st.booleans())
    def answer_offer(self, index: int, name: str, what: str, is_legal: bool) -> None:
        case = self.case(index, "id IN (SELECT case_id FROM case_hand_overs WHERE ended_at IS NULL)")
        if case is None:
            return
        (row,) = self.world.rows("SELECT to_id FROM case_hand_overs WHERE ended_at IS NULL AND case_id = ?", case["id"])
        asked = next(login for login, id in self.world.users.items() if id == row[0])
        if what == "withdraw":
            name = self.department(case) if is_legal else name
            self.attempt(name, lambda s, a: hand_overs.withdraw(s, case["id"], WHY, actor=a, at=self.world.at),
                         "withdraw_offer")  # fmt: skip
            return
        name = asked if is_legal else name
        done = self.attempt(
            name,
            lambda s, a: hand_overs.answer(
                s, case["id"], what == "accept", WHY, no_conflict_declared=True, actor=a, at=self.world.at
            ),
            what,
        )
        assert done is None or name == asked, "somebody else answered the offer"

    # ---- the curator, and what is known of people ----

    @deed(index=which, name=names, to=st.sampled_from(["kira", "nina", "dima"]), is_legal=st.booleans())
    def assign_interview(self, index: int, name: str, to: str, is_legal: bool) -> None:
        case = self.case(index)
        if case is not None:
            name = self.department(case) if is_legal else name
            self.attempt(name, lambda s, a: case_verbs.hand_interview(s, case["id"], self.world.users[to], actor=a,
                                                                      at=self.world.at), "interviewer")  # fmt: skip

    @deed(index=which, name=names, to=st.sampled_from(["kira", "nina", "dima"]), days=st.sampled_from([1, 30, 200]))
    def issue_order(self, index: int, name: str, to: str, days: int) -> None:
        """Orders expire, some of them soon."""
        case = self.case(index)
        if case is not None:
            self.world.issue_order(name, case["id"], to, days)
            self.oracle.look()

    @deed(name=st.sampled_from(["kira", "ivan"]), code=st.sampled_from(list(SCHOOLS)), is_rare=st.integers(0, 3))
    def a_conflict_comes_to_light(self, name: str, code: str, is_rare: int) -> None:
        school_id = self.world.schools[code]
        if is_rare or (name, school_id) in self.world.ties:
            return

        def tell(session: Any) -> None:
            person = session.scalars(select(Person).where(Person.user_id == self.world.users[name])).one()
            place = {"municipality_id": person.municipality_id, "school_id": person.school_id}
            session.add(
                PersonRelation(
                    person_id=person.id, kind=ConflictKind.RELATIVE, related_school_id=school_id, note="сестра",
                    stated_by_name="Marat", stated_at=self.world.at, **place,
                )
            )  # fmt: skip

        self.arrange(tell)
        self.world.ties.add((name, school_id))

    # ---- closures, episodes, years ----

    @deed(index=which, name=names, with_curator=st.booleans(), is_legal=st.booleans())
    def reopen(self, index: int, name: str, with_curator: bool, is_legal: bool) -> None:
        open_ones = "SELECT school_id || kind FROM cases WHERE state <> 'closed'"
        case = self.case(index, f"state = 'closed' AND school_id || kind NOT IN ({open_ones})" if is_legal else "1")
        if case is not None:
            name = self.department(case) if is_legal else name
            self.reopen_case(name, case["id"], with_curator=with_curator)

    @deed(code=st.sampled_from(list(SCHOOLS)), name=st.sampled_from(["anna", "marat", "dina", "kira", "sveta"]))
    def new_signs(self, code: str, name: str) -> None:
        """A further year is screened: a flag opens a case or joins the open one, and stays frozen."""
        at, flags = self.world.at, {}

        def screen(session: Any) -> None:
            run = factories.make_run(session, year=at.year, requested_at=at, raised_at=at)
            for school in session.scalars(select(School).where(School.code.in_(list(SCHOOLS)))):
                session.add(
                    Finding(
                        run_id=run.id, year=at.year, subject="ma", grade=5, detector="boundary_push",
                        family=Family.BOUNDARY, n=60, level=FindingLevel.FULL, outcome=FindingOutcome.ASSESSED,
                        **factories.place(school),
                    )
                )  # fmt: skip
                frozen = {"findings": [{"subject": "ma", "grade": 5, "sign": True}]}
                flags[school.code] = factories.make_flag(
                    session, school, run, year=at.year, frozen=frozen, raised_at=at
                )

        self.arrange(screen)
        self.attempt(name, lambda s, a: case_verbs.open_case(s, s.merge(flags[code]), actor=a, at=at), "new_signs")

    @deed(code=st.sampled_from(["m001", "m002"]), name=names, flow=st.sampled_from(FLOWS[:3]), is_legal=st.booleans())
    def choose_workflow(self, code: str, name: str, flow: str, is_legal: bool) -> None:
        name = DEPARTMENTS[code][0] if is_legal else name
        self.attempt(
            name,
            lambda s, a: flow_versions.choose(
                s, CaseKind.OBJECTIVITY, flow, municipality_id=self.world.municipalities[code], reason=WHY, actor=a,
                at=self.world.at,
            ),
            "choose",
        )  # fmt: skip

    @deed(index=which, name=names, is_legal=st.booleans())
    def record_measure(self, index: int, name: str, is_legal: bool) -> None:
        case = self.case(index)
        if case is None:
            return
        name = self.department(case) if is_legal else name
        form = measures.MeasureForm(AdminMeasureKind.REMARK, "12-к", self.world.at.date(), "директор школы", WHY)
        self.attempt(name, lambda s, a: measures.record_measure(s, case["id"], form, actor=a, at=self.world.at),
                     "measure")  # fmt: skip

    @deed(index=which, name=names, is_legal=st.booleans())
    def review_dynamics(self, index: int, name: str, is_legal: bool) -> None:
        case = self.case(index)
        if case is None:
            return
        name = self.department(case) if is_legal else name
        today = self.world.at.date()
        self.attempt(name, lambda s, a: measures.record_review(s, case["id"], WHY, actor=a, at=self.world.at, on=today),
                     "review_dynamics")  # fmt: skip

    # ---- many cases at once ----

    @deed(
        name=st.sampled_from(["marat", "mira", "dina", "rita", "kira"]),
        what=st.sampled_from(["hold", "interview", "dismiss", "diagnose", "observe"]),
        minutes=st.sampled_from([None, 0, 9, 10, 12]),
    )
    def decide_in_bulk(self, name: str, what: str, minutes: int | None) -> None:
        """Some decisions are withdrawn: within ten minutes every case stands again where it stood."""
        ids = [case["id"] for case in self.cases("state <> 'closed'")]
        is_hold, at = what == "hold", self.world.at
        params = {"until_on": (at.date() + timedelta(days=5)).isoformat()} if is_hold else {}

        def decide(session: Any, actor: Any) -> Any:
            made = bulk.try_dry(
                session, BulkKind.HOLD if is_hold else BulkKind.MOVE, ids, trigger="" if is_hold else what,
                params=params, reason=WHY, actor=actor, at=at,
            )  # fmt: skip
            return bulk.confirm(session, made.id, actor=actor, at=at)

        before = self.standing()
        decision = self.attempt(name, decide)
        if decision is None:
            return
        self.job("bulk_decision", decision.id)
        self.tally["bulk"] += 1
        after = self.standing()
        running = self.world.rows("SELECT 1 FROM bulk_decisions WHERE status = ?", BulkStatus.RUNNING.value)
        assert not running
        if minutes is None:
            return
        later = at + timedelta(minutes=minutes)
        withdrawn = self.attempt(
            name, lambda s, a: bulk_withdrawal.withdraw(s, decision.id, WHY, actor=a, at=later), "withdraw_bulk"
        )
        assert (withdrawn is not None) == (minutes < 10), "ten minutes are ten minutes"
        if withdrawn is not None:
            self.job("bulk_withdraw", decision.id)
        assert self.standing() == (before if withdrawn is not None else after)

    @deed(pair=st.permutations(FLOWS[:3]), name=st.sampled_from(["root", "root", "root", "marat", "rita"]),
          is_undone=st.booleans())  # fmt: skip
    def migrate(self, pair: list[str], name: str, is_undone: bool) -> None:
        """Cases go over to another workflow; taken back at once, all stand where they stood."""
        source, target = pair[:2]
        mapping = flow_migration.usual_mapping(shipped(source), shipped(target))

        def ask(session: Any, actor: Any) -> WorkflowMigration:
            ids = {row.name: row.id for row in session.scalars(select(WorkflowVersion))}
            return flow_migration.request_migration(
                session, ids[source], ids[target], mapping, reason=WHY, actor=actor, at=self.world.at
            )

        before = self.standing()
        made = self.attempt(name, ask, "migrate")
        if made is None:
            return
        assert name == "root", "only the administrator migrates"
        self.job("migrate_cases", made.id)
        if is_undone:
            self.attempt(name, lambda s, a: flow_migration.request_undo(s, made.id, reason=WHY, actor=a,
                                                                        at=self.world.at), "migrate_back")  # fmt: skip
            self.job("undo_migration", made.id)
            assert self.standing() == before

    def standing(self) -> list[tuple[Any, ...]]:
        """Where every case stands, without the count of its moves."""
        return [
            tuple(row)
            for row in self.world.rows(
                "SELECT c.id, workflow, state, entered_at, due_on, closed_at, verdict, curator_id,"
                " (SELECT count(*) FROM case_pauses p WHERE p.case_id = c.id AND p.ended_at IS NULL) FROM cases c"
            )
        ]
