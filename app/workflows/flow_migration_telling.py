"""Who hears that cases went over to another version: one message a person for stages that keep their name, and one a
case where the stage has another one.

A job of its own a batch: ten thousand cases are some fifty jobs, and whoever follows a thousand of them reads one line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.context import AppContext
from app.models import Case, CaseEvent, OutboxJob, User, WorkflowMigration, WorkflowVersion
from app.terms import NoticeKind, Role
from app.workflows import notices
from app.workflows.definitions import state_named


def tell_of_led(_context: AppContext, job: OutboxJob) -> Callable[[Session], None]:
    """Job: tell the people of one batch of cases that were led over, or back."""

    def keep(session: Session) -> None:
        migration = session.get_one(WorkflowMigration, job.payload["migration_id"])
        is_back = job.payload["is_back"]
        old, new = (migration.source, migration.target)[:: -1 if is_back else 1]
        events = session.scalars(
            select(CaseEvent).where(CaseEvent.id.in_(job.payload["event_ids"])).order_by(CaseEvent.id)
        ).all()
        cases = {
            case.id: case for case in session.scalars(select(Case).where(Case.id.in_([e.case_id for e in events])))
        }
        same: list[Case] = []
        for event in events:
            before = state_named(session, old.name, old.version, event.from_state)
            after = state_named(session, new.name, new.version, event.to_state)
            if (before.ru, before.en) == (after.ru, after.en):
                same.append(cases[event.case_id])
            else:
                notices.tell_of_move(session, cases[event.case_id], event, before, after)
        _tell_of_version(session, same, new, f"led-{migration.id}-{'back' if is_back else 'over'}", job)

    return keep


def _tell_of_version(
    session: Session, cases: Sequence[Case], version: WorkflowVersion, key: str, job: OutboxJob
) -> None:
    """One message for all the cases of a person: curators and departments work by the version, schools do not."""
    if not cases:
        return
    people = session.scalars(
        select(User.id).where(
            User.is_active,
            or_(
                User.id.in_({case.curator_id for case in cases if case.curator_id is not None}),
                (User.role == Role.DEPARTMENT) & User.municipality_id.in_({case.municipality_id for case in cases}),
            ),
        )
    )
    notices.tell(
        session,
        people,
        NoticeKind.MOVED,
        key,
        f"Дела ведутся по порядку «{version.title}» версии {version.version}: этапы остались, сроки и требования могли "
        "измениться.",
        f"Cases follow “{version.title_en}”, version {version.version}: the stages stay, days and demands may differ.",
        "/cases/",
        at=job.created_at,
    )
