"""The whole lifecycle under random people, moves, repeats and stale pages: the invariants never break."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import func, select

from app import migrating
from app.context import AppContext
from app.database import bind
from app.errors import Conflict, NotFound, Refused
from app.models import (
    Case,
    CaseEvent,
    Conclusion,
    CuratorOrder,
    Interview,
    JournalEntry,
    Observation,
    OutboxJob,
    Recheck,
)
from app.policy import SYSTEM
from app.settings import Settings
from app.terms import Verdict, VisitStatus
from app.workflows import journal
from app.workflows.definitions import shipped
from app.workflows.engine import fire
from tests import factories
from tests.people import make_cast

NAMES = ("anna", "marat", "mira", "kira", "ivan", "sveta", "oleg", "dina", "rita", "root")
TRIGGERS = ("interview", "assign", "observe", "recheck", "close", "dismiss")


class Lifecycle(RuleBasedStateMachine):
    """Two cases, the whole cast, a clock that jumps."""

    @initialize()
    def begin(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="obektiv-life-"))
        context = AppContext.from_settings(Settings.from_env({"OBEKTIV_HOME": str(self.home)}))
        migrating.upgrade(context)
        self.context, self.session = context, context.sessions()
        self.key = context.settings.keys["journal"]
        bind(self.session, SYSTEM)
        self.cast = make_cast(self.session)
        self.cases = [factories.make_case(self.session, school) for school in (self.cast.school, self.cast.neighbour)]
        self.dataset = factories.make_dataset(self.session)
        self.session.commit()
        self.ids = [case.id for case in self.cases]
        self.at = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
        self.acked: dict[str, int] = {}
        self.number = 0

    def teardown(self) -> None:
        if hasattr(self, "session"):
            self.session.close()
            self.context.engine.dispose()
            shutil.rmtree(self.home)

    def case(self, index: int) -> Case:
        bind(self.session, SYSTEM)
        case = self.session.get(Case, self.ids[index], populate_existing=True)
        assert case is not None
        return case

    @rule(hours=st.integers(1, 24 * 200))
    def time_passes(self, hours: int) -> None:
        self.at += timedelta(hours=hours)

    @rule(
        index=st.integers(0, 1),
        what=st.sampled_from(["interview", "order", "act", "recheck", "conclusion", "dismissal"]),
    )
    def a_document_arrives(self, index: int, what: str) -> None:
        case, people = self.case(index), self.cast
        if case.state == "closed":
            return
        {
            "interview": lambda: factories.make_interview(self.session, case),
            "order": lambda: factories.make_order(self.session, case, people["kira"], until=self.at.date()),
            "act": lambda: factories.make_observation(self.session, case, people["ivan"]),
            "recheck": lambda: factories.make_recheck(self.session, case, people["ivan"], self.dataset),
            "conclusion": lambda: factories.make_conclusion(self.session, case, people["marat"]),
            "dismissal": lambda: factories.make_conclusion(
                self.session, case, people["mira"], verdict=Verdict.DISMISSED
            ),
        }[what]()
        self.session.commit()

    @rule(
        index=st.integers(0, 1),
        name=st.sampled_from(NAMES),
        trigger=st.sampled_from(TRIGGERS),
        behind=st.integers(0, 1),
    )
    def somebody_tries(self, index: int, name: str, trigger: str, behind: int) -> None:
        case = self.case(index)
        before = (case.state, case.version)
        self.number += 1
        self.fire(index, name, trigger, case.version - behind, f"r{self.number}", before)

    @rule(index=st.integers(0, 1), data=st.data())
    def the_right_person_tries(self, index: int, data: st.DataObject) -> None:
        """Random tries alone hardly ever reach the late states; this one picks a row and a person with its right."""
        case = self.case(index)
        rows = [row for row in shipped().transitions if row.source == case.state]
        if not rows:
            return
        row = data.draw(st.sampled_from(rows))
        people = [name for name in ("marat", "mira", "kira", "ivan") if self.cast.actor(name).may(row.permission)]
        self.number += 1
        self.fire(
            index,
            data.draw(st.sampled_from(people)),
            row.trigger,
            case.version,
            f"r{self.number}",
            (case.state, case.version),
        )

    @rule(index=st.integers(0, 1))
    def a_request_is_repeated(self, index: int) -> None:
        mine = [request for request, case_id in self.acked.items() if case_id == self.ids[index]]
        if not mine:
            return
        before = self.case(index).version
        event = fire(
            self.session,
            self.ids[index],
            "interview",
            actor=SYSTEM,
            at=self.at,
            expected_version=0,
            request_id=mine[-1],
        )
        self.session.commit()
        assert event.request_id == mine[-1]
        assert self.case(index).version == before

    def fire(self, index: int, name: str, trigger: str, version: int, request: str, before: tuple) -> None:
        home = self.cast.school if index == 0 else self.cast.neighbour
        is_local = name in ("kira", "ivan") or (name == "sveta" and index == 0) or (name == "oleg" and index == 1)
        actor = self.cast.actor(name, *([home] if is_local else []))
        self.session.expunge_all()
        bind(self.session, actor)
        try:
            event = fire(
                self.session,
                self.ids[index],
                trigger,
                actor=actor,
                at=self.at,
                expected_version=version,
                request_id=request,
            )
            self.session.commit()
        except (Refused, Conflict, NotFound) as refusal:
            self.session.rollback()
            case = self.case(index)
            assert (case.state, case.version) == before
            self.check_reasons(refusal)
            return
        self.acked[request] = self.ids[index]
        assert version == before[1]
        row = shipped().find(before[0], trigger)
        assert row is not None
        assert actor.may(row.permission)
        assert event.to_state == row.dest
        assert name not in ("sveta", "oleg", "dina", "root", "anna") or row.trigger == "recheck"

    def check_reasons(self, refusal: Exception) -> None:
        assert not isinstance(refusal, Refused) or all(reason.ru for reason in refusal.reasons)

    @invariant()
    def the_database_is_whole(self) -> None:
        if not hasattr(self, "session"):
            return
        bind(self.session, SYSTEM)
        for index in range(2):
            case = self.case(index)
            events = self.session.scalars(
                select(CaseEvent).where(CaseEvent.case_id == case.id).order_by(CaseEvent.seq)
            ).all()
            assert [event.seq for event in events] == list(range(1, case.version + 1))
            state = "flagged"
            for event in events:
                assert event.from_state == state
                state = event.to_state
            assert state == case.state
            self.check_documents(case, {event.trigger for event in events}, events)
        requests = Counter(self.session.scalars(select(CaseEvent.request_id)))
        assert requests == Counter(list(self.acked))
        assert self.session.scalar(select(func.count()).select_from(OutboxJob)) == len(requests)
        assert self.session.scalar(select(func.count()).select_from(JournalEntry)) == len(requests)
        assert journal.verify(self.session, self.key) == []

    def check_documents(self, case: Case, fired: set[str], events: list[CaseEvent]) -> None:
        """No state is reached without what its guards ask for."""

        def count(model: type, *conditions: object) -> int:
            return self.session.scalar(
                select(func.count()).select_from(model).where(model.case_id == case.id, *conditions)
            )

        assert "interview" not in fired or count(Interview)
        assert "assign" not in fired or count(CuratorOrder)
        assert "observe" not in fired or count(Observation, Observation.status == VisitStatus.DONE)
        assert "recheck" not in fired or count(Recheck)
        if case.state == "closed":
            proposals = self.session.scalars(select(Conclusion).where(Conclusion.case_id == case.id)).all()
            assert proposals[-1].verdict is case.verdict
            assert proposals[-1].proposed_by_id != events[-1].actor_id


Lifecycle.TestCase.settings = settings(
    max_examples=25, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
test_lifecycle = Lifecycle.TestCase
