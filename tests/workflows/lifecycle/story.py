"""A story: people of every role try everything that a case knows, in any order, while the clock jumps.

Two kinds of deeds. Some let anybody try anything: they show that nothing impossible happens. The others pick what is
legal now, because random tries alone hardly ever reach the late states; and what is legal has to succeed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from app.database import acting
from app.jobs import run_pending
from app.policy import SYSTEM, Permission
from app.workflows import (
    episodes,
    hand_overs,
    pauses,
)
from app.workflows.definitions import shipped
from app.workflows.machine import Transition
from tests.workflows.lifecycle.oracle import MOVERS, Oracle
from tests.workflows.lifecycle.side_deeds import SideDeeds
from tests.workflows.lifecycle.telling import (
    DEEDS,
    OBJECTIVITY,
    deed,
    names,
    roads,
    sooner_or_later,
    which,
)
from tests.workflows.lifecycle.wide_deeds import WideDeeds
from tests.workflows.lifecycle.world import (
    DEPARTMENTS,
    ENDS,
    ROLES,
    SAFE_CURATORS,
    WHY,
    World,
)


class Story(SideDeeds, WideDeeds, RuleBasedStateMachine):
    """A test that plants a defect replaces `change_world`."""

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
            self.tally["wake"] += pauses.wake_due(session, at=self.world.at)
            self.tally["expire"] += hand_overs.expire_due(session, at=self.world.at)
        self.oracle.look()

    @deed()
    def workers_catch_up(self) -> None:
        """All jobs that wait, and once more: nothing happens twice."""
        run_pending(self.world.context)
        before = self.world.data_version()
        assert not run_pending(self.world.context).jobs
        assert self.world.data_version() == before

    # ---- moves ----

    @deed(index=which, name=names, is_local=st.booleans(), behind=st.sampled_from([0, 0, 0, 1]), data=None, weight=3)
    def anybody_tries_any_move(self, index: int, name: str, is_local: bool, behind: int, data: st.DataObject) -> None:
        """Any row of the workflow with its papers, wherever the case stands."""
        case = self.case(index, "1")
        flow = shipped(case["workflow"])
        row = flow.find(*data.draw(st.sampled_from([(row.source, row.trigger) for row in flow.transitions])))
        if case["state"] != "closed":
            self.world.supply(case["id"], row, self.department(case, 1))
            self.oracle.look(is_arranged=True)
        name = self.department(case) if is_local else name
        self.fire(name, self.cases("id = ?", case["id"])[0], row, behind=behind)

    @deed(index=which, data=None, weight=2)
    def the_curator_tries_what_is_ready(self, index: int, data: st.DataObject) -> None:
        """Whoever curates the case, with a conflict of interest or without."""
        case = self.case(index, "state <> 'closed' AND curator_id IS NOT NULL")
        row = self.way(case, data)
        if row is not None:
            self.world.supply(case["id"], row, self.department(case))
            self.oracle.look(is_arranged=True)
            curator = self.world.curator_of(case["id"])
            self.fire(curator, self.cases("id = ?", case["id"])[0], row)

    @deed(index=which, data=None)
    def a_curator_goes_on_in_spite_of_a_conflict(self, index: int, data: st.DataObject) -> None:
        """A relative turns up at the very school, and the curator tries the next move all the same."""
        case = self.case(index, f"state <> 'closed' AND curator_id = {self.world.users['kira']}")
        row = None if case is None else self.way(case, data)
        if case is None or row is None:
            return
        self.world.supply(case["id"], row, self.department(case))
        self.oracle.look(is_arranged=True)
        self.tie("kira", case["school_id"])
        self.fire("kira", self.cases("id = ?", case["id"])[0], row)

    @deed(index=which, is_told=st.sampled_from([True, True, True, False]), data=None)
    def the_region_goes_on_in_spite_of_a_tie(self, index: int, is_told: bool, data: st.DataObject) -> None:
        """The regional manager says that she is tied to the school, as a rule, and tries the next move all the same."""
        case = self.case(index, "state <> 'closed'")
        if case is None:
            return
        ends = [row for row in shipped(case["workflow"]).transitions
                if row.source == case["state"] and row.permission is Permission.CASE_CLOSE]  # fmt: skip
        if not ends:
            return
        row = data.draw(st.sampled_from(ends))
        self.world.supply(case["id"], row, self.department(case))
        self.oracle.look(is_arranged=True)
        if is_told:
            self.recuse("rita", case["school_id"])
        self.fire("rita", self.cases("id = ?", case["id"])[0], row)

    @deed(index=which, name=names, behind=st.sampled_from([0, 0, 0, 1]), data=None, weight=4)
    def anybody_tries_what_is_ready(self, index: int, name: str, behind: int, data: st.DataObject) -> None:
        """The papers are there; only the person and the page may be wrong."""
        case = self.case(index)
        row = self.way(case, data)
        if row is not None:
            self.world.supply(case["id"], row, data.draw(st.sampled_from(DEPARTMENTS[self.world.place_of(case["id"])])))
            self.oracle.look(is_arranged=True)
            self.fire(name, self.cases("id = ?", case["id"])[0], row, behind=behind)

    @deed(count=st.integers(2, 16), data=None, weight=12)
    def legal_moves(self, count: int, data: st.DataObject) -> None:
        """People do their work, and none of their moves may be refused."""
        for _ in range(count):
            self.legal_move(data)

    def legal_move(self, data: st.DataObject) -> None:
        """One move towards a way that few have gone so far, in this story and in those before it."""
        aims = self.aims()
        if not aims:
            for case in self.cases("state = 'closed'")[-3:]:
                self.reopen_case(self.department(case), case["id"], with_curator=False)
            return
        case_id, trigger = data.draw(st.sampled_from(aims[:3]))
        (case,) = self.cases("id = ?", case_id)
        row = shipped(case["workflow"]).find(case["state"], trigger)
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
        if not self.is_stuck(case, row):
            assert event is not None, f"a legal move was refused: {row.trigger} from {row.source}"
        if event is not None and row.dest == "closed" and data.draw(st.sampled_from([True, True, True, False])):
            if case["kind"] == "objectivity":
                self.choose(DEPARTMENTS[place][0], place, min(OBJECTIVITY, key=self.gone)[0])
            self.reopen_case(mover, case_id, with_curator=False)

    def gone(self, edge: tuple[str, str, str]) -> int:
        return self.told_before[edge] + self.oracle.fired[edge]

    def aims(self) -> list[tuple[int, str]]:
        """Each open case with the trigger of its next move to a way it could go; the ways gone least come first."""
        found = []
        for case in self.cases("state <> 'closed'"):
            is_confirmed = self.is_confirmed(case)
            for (target, steps), row in roads(case["workflow"], case["state"]).items():
                edge = (case["workflow"], *target)
                if is_confirmed and target[1] == "dismiss":
                    continue
                found.append((self.gone(edge) + steps, case["id"], target, row))
        return [(case_id, row.trigger) for _, case_id, _, row in sorted(found, key=lambda aim: aim[:3])]

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
        flow = shipped(case["workflow"])
        triggers = [row.trigger for row in flow.transitions if row.source == case["state"]]
        # A way to the end every time would leave the late states unseen.
        ahead = [trigger for trigger in triggers if trigger != "dismiss"]
        return flow.find(case["state"], data.draw(st.sampled_from([*ahead, *ahead, *triggers])))

    def is_confirmed(self, case: Any) -> bool:
        return bool(self.world.rows("SELECT id FROM rechecks WHERE case_id = ? AND outcome = 'confirmed'", case["id"]))

    def is_stuck(self, case: Any, row: Transition | None = None) -> bool:
        """The curator by order has a conflict by now (hand the case over first), or a recheck forbids dismissing."""
        if row is not None and row.trigger == "dismiss" and self.is_confirmed(case):
            return True
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
