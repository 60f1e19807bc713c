from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from app.context import AppContext
from app.database import acting
from app.models import Case, CaseEvent, InboxNote, Municipality, OutboxJob, School
from app.policy import SYSTEM
from app.terms import Tier
from app.workflows import outbox

MakeJobs = Callable[[AppContext, int], list[int]]


@pytest.fixture
def make_jobs(at) -> MakeJobs:
    """Adds jobs of the kind `case_moved`, whose effect is one note each, and returns their ids."""

    def make(context: AppContext, count: int = 1) -> list[int]:
        with acting(context.sessions, SYSTEM) as session:
            if session.get(Case, 1) is None:
                session.add(Municipality(id=1, code="m", name="Муниципалитет"))
                session.flush()
                session.add(School(id=1, code="1", name="Школа", municipality_id=1))
                session.flush()
                session.add(
                    Case(
                        id=1,
                        number="1",
                        workflow_version="1",
                        year=2022,
                        tier=Tier.CASE,
                        opened_at=at,
                        entered_at=at,
                        municipality_id=1,
                        school_id=1,
                    )
                )
                session.flush()
            first = (session.scalar(select(func.max(CaseEvent.seq))) or 0) + 1
            jobs = []
            for seq in range(first, first + count):
                event = CaseEvent(
                    case_id=1,
                    seq=seq,
                    request_id=f"r{seq}",
                    trigger="interview",
                    from_state="flagged",
                    to_state="interview",
                    actor_name="А",
                    at=at,
                    municipality_id=1,
                    school_id=1,
                )
                session.add(event)
                session.flush()
                jobs.append(outbox.add(session, "case_moved", 1, at=at, payload={"event_id": event.id}).id)
            outbox.take_woken(session)
            return jobs

    return make


def row(context: AppContext, job_id: int) -> OutboxJob:
    with acting(context.sessions, SYSTEM) as session:
        return session.get_one(OutboxJob, job_id)


def notes(context: AppContext) -> int:
    with acting(context.sessions, SYSTEM) as session:
        return session.scalar(select(func.count()).select_from(InboxNote))
