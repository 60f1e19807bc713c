"""What each kind of job does; the runner in `app.jobs` looks here and nowhere else.

A handler does the slow part without a transaction and returns the effect, which runs in the same transaction as the
proof that it ran. What must be said on the subject when a job dies for good stands beside it.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from app.context import AppContext
from app.models import Case, CaseEvent, InboxNote, OutboxJob
from app.workflows import definitions, intake, issuing, recheck, scaling, screening

Effect = Callable[[Session], None]
Handler = Callable[[AppContext, OutboxJob], Effect]


def note_move(context: AppContext, job: OutboxJob) -> Effect:
    """Tell the people of a case that it moved."""

    def keep(session: Session) -> None:
        event = session.get(CaseEvent, job.payload["event_id"])
        assert event is not None
        case = session.get(Case, event.case_id)
        assert case is not None
        before, after = (
            definitions.state_named(session, case.workflow, case.workflow_version, code)
            for code in (event.from_state, event.to_state)
        )
        session.add(
            InboxNote(
                outbox_id=job.id,
                case_id=event.case_id,
                text=f"{before.ru} → {after.ru}: {event.actor_name}",
                at=event.at,
                municipality_id=event.municipality_id,
                school_id=event.school_id,
            )
        )

    return keep


HANDLERS: dict[str, Handler] = {
    "case_moved": note_move,
    "issue_document": issuing.issue,
    "draw_recheck": recheck.draw,
    "link_scales": scaling.link_scales,
    "read_upload": intake.read_upload,
    "screen_year": screening.screen_year,
}

ON_DEAD: dict[str, Callable[[Session, int, str], None]] = {
    "draw_recheck": recheck.on_dead,
    "link_scales": scaling.on_dead,
    "read_upload": intake.on_dead,
    "screen_year": screening.on_dead,
}
