"""Side moves in any order, by anybody, with a clock that jumps: what they promise never breaks."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import migrating
from app.context import AppContext
from app.database import acting, bind
from app.errors import Conflict, NotFound, Refused
from app.jobs import run_pending
from app.models import BulkDecision, Case, CaseEvent, CasePause, CaseQuestion, HandOver, User
from app.policy import SYSTEM, Actor
from app.settings import Settings
from app.terms import Addressee, BulkKind, BulkStatus, PauseCause, PostKind, Role, Verdict
from app.workflows import (
    bulk,
    bulk_withdrawal,
    engine,
    episodes,
    hand_overs,
    journal,
    pauses,
    people,
    questions,
)
from tests import factories
from tests.people import enter, make_cast

ZONE = ZoneInfo("Europe/Moscow")
WHY = "Так решили на совещании в ноябре."
NAMES = ("marat", "mira", "kira", "nina", "sveta", "rita", "ivan")
names, schools = st.sampled_from(NAMES), st.integers(0, 1)


@cache
def _migrated() -> Path:
    """A migrated, empty database, made once and copied for every story."""
    home = Path(tempfile.mkdtemp(prefix="obektiv-side-template-"))
    context = AppContext.from_settings(Settings.from_env({"OBEKTIV_HOME": str(home)}))
    migrating.upgrade(context)
    context.engine.dispose()
    atexit.register(shutil.rmtree, home)
    return home / "obektiv.db"


class SideMoves(RuleBasedStateMachine):
    """Two schools whose cases are held, handed over, asked about, closed, reopened and decided on in bulk."""

    @initialize()
    def begin(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="obektiv-side-"))
        shutil.copy(_migrated(), self.home / "obektiv.db")
        self.context = AppContext.from_settings(Settings.from_env({"OBEKTIV_HOME": str(self.home)}))
        with acting(self.context.sessions, SYSTEM) as session:
            self.cast = make_cast(session)
            nina = User(login="nina", name="Nina", role=Role.CURATOR, password_hash="!")
            nina.municipality_id = self.cast.municipality.id
            session.add(nina)
            session.flush()
            self.cast.users["nina"] = nina
            enter(session, nina, kind=PostKind.METHODIST)
            for name in ("kira", "nina", "ivan"):
                for school in (self.cast.school, self.cast.neighbour):
                    factories.make_declaration(session, self.cast[name], school, valid_until=date(2040, 1, 1))
            for school in (self.cast.school, self.cast.neighbour):
                case = factories.make_case(session, school, curator_id=self.cast["kira"].id, curator_name="Kira")
                factories.make_interview(session, case)
                factories.make_order(session, case, self.cast["kira"], until=datetime(2036, 1, 1).date())  # noqa: DTZ001
                factories.make_conclusion(session, case, self.cast["marat"], verdict=Verdict.DISMISSED)
        # Jobs look at the real clock: what they do has to be due already.
        self.at = datetime.now(UTC) - timedelta(days=3000)
        self.number = 0

    def teardown(self) -> None:
        if hasattr(self, "context"):
            self.context.engine.dispose()
            shutil.rmtree(self.home)

    def attempt(self, name: str, verb: Callable[[Session, Actor], object]) -> object | None:
        """Let somebody try; a refusal is fine, as long as it has reasons and leaves nothing behind."""
        with self.context.sessions() as session:
            bind(session, SYSTEM)
            actor = people.actor_for(session, session.get(User, self.cast[name].id), self.at)
            session.rollback()
            bind(session, actor)
            try:
                found = verb(session, actor)
                session.commit()
            except (Refused, Conflict, NotFound):
                return None
            return found

    def newest(self, which: int) -> tuple[int, int]:
        """Id and version of the school's newest case."""
        school = (self.cast.school, self.cast.neighbour)[which]
        with acting(self.context.sessions, SYSTEM) as session:
            case = session.scalars(select(Case).where(Case.school_id == school.id).order_by(Case.id.desc())).first()
            return case.id, case.version

    @rule(days=st.integers(1, 40))
    def time_passes(self, days: int) -> None:
        self.at += timedelta(days=days)
        with acting(self.context.sessions, SYSTEM) as session:
            pauses.wake_due(session, at=self.at)
            hand_overs.expire_due(session, at=self.at)

    @rule(which=schools, name=names, days=st.integers(0, 30))
    def hold(self, which: int, name: str, days: int) -> None:
        case_id, version = self.newest(which)
        day = self.at.date() + timedelta(days=days)
        self.attempt(
            name, lambda s, a: pauses.hold(s, case_id, day, WHY, actor=a, at=self.at, expected_version=version)
        )

    @rule(which=schools, name=names)
    def resume(self, which: int, name: str) -> None:
        case_id, _version = self.newest(which)
        self.attempt(name, lambda s, a: pauses.resume(s, case_id, "", actor=a, at=self.at))

    @rule(which=schools, name=names, to=st.sampled_from(["kira", "nina", "ivan"]))
    def propose(self, which: int, name: str, to: str) -> None:
        case_id, _version = self.newest(which)
        person = self.cast[to].id
        self.attempt(name, lambda s, a: hand_overs.propose(s, case_id, person, WHY, actor=a, at=self.at))

    @rule(which=schools, name=st.sampled_from(["kira", "nina", "marat"]), is_accepted=st.booleans())
    def answer_hand_over(self, which: int, name: str, is_accepted: bool) -> None:
        case_id, _version = self.newest(which)
        self.attempt(
            name,
            lambda s, a: hand_overs.answer(
                s, case_id, is_accepted, WHY, no_conflict_declared=True, actor=a, at=self.at
            ),
        )

    @rule(which=schools, name=names, to=st.sampled_from(list(Addressee)), days=st.integers(0, 70))
    def ask(self, which: int, name: str, to: Addressee, days: int) -> None:
        case_id, version = self.newest(which)
        self.number += 1
        self.attempt(
            name,
            lambda s, a: questions.ask(
                s,
                case_id,
                to,
                "Пришлите, пожалуйста, протокол проверки.",
                self.at.date() + timedelta(days=days),
                actor=a,
                at=self.at,
                expected_version=version,
                request_id=f"ask-{self.number}",
            ),
        )

    @rule(which=schools, name=names)
    def answer(self, which: int, name: str) -> None:
        case_id, _version = self.newest(which)
        self.attempt(name, lambda s, a: questions.answer(s, case_id, WHY, actor=a, at=self.at))

    @rule(which=schools, name=names, trigger=st.sampled_from(["interview", "assign", "dismiss"]))
    def move(self, which: int, name: str, trigger: str) -> None:
        case_id, version = self.newest(which)
        stands_still = self.stands_still(case_id)
        self.number += 1
        event = self.attempt(
            name,
            lambda s, a: engine.fire(
                s, case_id, trigger, actor=a, at=self.at, expected_version=version, request_id=f"move-{self.number}"
            ),
        )
        assert event is None or not stands_still
        assert event is None or trigger != "dismiss" or name != "marat"  # who proposed it

    @rule(which=schools, name=names, with_curator=st.booleans())
    def reopen(self, which: int, name: str, with_curator: bool) -> None:
        case_id, _version = self.newest(which)
        made = self.attempt(
            name,
            lambda s, a: episodes.reopen(
                s, case_id, WHY, with_signs=True, with_curator=with_curator, actor=a, at=self.at
            ),
        )
        if made is not None:
            with acting(self.context.sessions, SYSTEM) as session:
                case = session.get(Case, made.id)
                factories.make_interview(session, case)
                factories.make_conclusion(session, case, self.cast["marat"], verdict=Verdict.DISMISSED)

    @rule(
        name=st.sampled_from(["marat", "mira", "rita", "kira"]),
        kind=st.sampled_from(["interview", "dismiss", "hold"]),
        minutes=st.one_of(st.none(), st.integers(0, 12)),
    )
    def decide_in_bulk(self, name: str, kind: str, minutes: int | None) -> None:
        """Over both cases; some decisions are withdrawn: then every case stands where it stood."""
        ids = [self.newest(which)[0] for which in (0, 1)]
        still = [case_id for case_id in ids if self.stands_still(case_id)]
        before = self.standing(ids)

        def decide(session: Session, actor: Actor) -> BulkDecision:
            is_hold = kind == "hold"
            params = {"until_on": (self.at.date() + timedelta(days=5)).isoformat()} if is_hold else {}
            made = bulk.try_dry(
                session, BulkKind.HOLD if is_hold else BulkKind.MOVE, ids, trigger="" if is_hold else kind,
                params=params, reason=WHY, actor=actor, at=self.at,
            )  # fmt: skip
            return bulk.confirm(session, made.id, actor=actor, at=self.at)

        decision = self.attempt(name, decide)
        if decision is None:
            return
        run_pending(self.context)
        after = self.standing(ids)
        assert all(after[case_id][1:] == before[case_id][1:] for case_id in still)
        if minutes is None:
            return
        later = self.at + timedelta(minutes=minutes)
        withdrawn = self.attempt(
            "rita" if name == "rita" else "mira",
            lambda s, a: bulk_withdrawal.withdraw(s, decision.id, WHY, actor=a, at=later),
        )
        assert (withdrawn is not None) == (minutes < 10)
        run_pending(self.context)
        expected = before if minutes < 10 else after
        assert {key: value[1:] for key, value in self.standing(ids).items()} == {
            key: value[1:] for key, value in expected.items()
        }

    def stands_still(self, case_id: int) -> bool:
        with acting(self.context.sessions, SYSTEM) as session:
            held = session.scalar(
                select(func.count(CasePause.id)).where(
                    CasePause.case_id == case_id, CasePause.ended_at.is_(None), CasePause.cause == PauseCause.HOLD
                )
            )
            asked = session.scalar(
                select(func.count(CaseQuestion.id)).where(
                    CaseQuestion.case_id == case_id, CaseQuestion.closed_at.is_(None)
                )
            )
            return bool(held or asked)

    def standing(self, ids: list[int]) -> dict[int, tuple]:
        """Of each case: version, then state, moment of entry, closure, curator and whether it is held."""
        with acting(self.context.sessions, SYSTEM) as session:
            found = {}
            for case_id in ids:
                case = session.get(Case, case_id)
                found[case_id] = (
                    case.version, case.state, case.entered_at, case.closed_at, case.verdict, case.curator_id,
                    self.held(session, case_id),
                )  # fmt: skip
            return found

    @staticmethod
    def held(session: Session, case_id: int) -> int:
        return session.scalar(
            select(func.count(CasePause.id)).where(CasePause.case_id == case_id, CasePause.ended_at.is_(None))
        )

    @invariant()
    def promises_hold(self) -> None:
        if not hasattr(self, "context"):
            return
        with acting(self.context.sessions, SYSTEM) as session:
            open_cases = session.execute(
                select(Case.school_id, Case.kind, func.count())
                .where(Case.closed_at.is_(None))
                .group_by(Case.school_id, Case.kind)
            ).all()
            assert all(n == 1 for *_, n in open_cases)  # never two open episodes of a kind a school
            gone_on = session.scalars(select(Case.episode_of_id).where(Case.episode_of_id.is_not(None))).all()
            assert len(gone_on) == len(set(gone_on))
            for case in session.scalars(select(Case)):
                events = session.scalars(
                    select(CaseEvent).where(CaseEvent.case_id == case.id).order_by(CaseEvent.seq)
                ).all()
                assert [event.seq for event in events] == list(range(1, case.version + 1))
                assert not events or events[-1].to_state == case.state
                assert (case.state == "closed") == (case.closed_at is not None)
                if case.closed_at is not None:
                    assert events[-1].actor_id != self.cast["marat"].id
                    assert self.held(session, case.id) == 0
            for pause in session.scalars(select(CasePause)):
                inside = CaseEvent.at > pause.started_at, CaseEvent.at < (pause.ended_at or self.at)
                moved = session.scalar(
                    select(func.count(CaseEvent.id)).where(
                        CaseEvent.case_id == pause.case_id, CaseEvent.trigger != "withdraw", *inside
                    )
                )
                assert pause.cause is not PauseCause.HOLD or not moved
            for hand_over in session.scalars(select(HandOver).where(HandOver.ended_at.is_(None))):
                assert session.get(Case, hand_over.case_id).curator_id != hand_over.to_id
            assert not session.scalars(select(BulkDecision).where(BulkDecision.status == BulkStatus.RUNNING)).all()
            assert journal.verify(session, self.context.settings.keys["journal"]) == []


SideMoves.TestCase.settings = settings(
    max_examples=10,
    stateful_step_count=25,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
test_side_moves = SideMoves.TestCase
