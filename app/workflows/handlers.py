"""What each kind of job does; the runner in `app.jobs` looks here and nowhere else.

A handler does the slow part without a transaction and returns the effect, which runs in the same transaction as the
proof that it ran. What must be said on the subject when a job dies for good stands beside it.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from app.context import AppContext
from app.models import Case, CaseEvent, InboxNote, OutboxJob
from app.policy import SYSTEM
from app.workflows import (
    absence_telling,
    bulk,
    bulk_withdrawal,
    calendar_changes,
    definitions,
    digests,
    flow_migration_batches,
    flow_migration_telling,
    intake,
    issuing,
    low_results,
    notices,
    own_pairs,
    planning_jobs,
    recalculation,
    recheck,
    road_maps,
    scaling,
    screening,
    telling,
)
from app.workflows.case import record

Effect = Callable[[Session], None]
Handler = Callable[[AppContext, OutboxJob], Effect]


def note_move(context: AppContext, job: OutboxJob) -> Effect:
    """Give the deadlines that waited for this move their days, and tell the people of the case that it moved."""

    def keep(session: Session) -> None:
        event = session.get(CaseEvent, job.payload["event_id"])
        assert event is not None
        case = session.get(Case, event.case_id)
        assert case is not None
        dated = recalculation.follow_move(session, case)
        if dated:
            facts = {"dated": dated, "trigger": event.trigger}
            record(session, case, "case:dates", actor=SYSTEM, at=event.at, facts=facts)
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
        notices.tell_of_move(session, case, event, before, after)
        road_maps.follow_events(session, case, at=event.at)

    return keep


HANDLERS: dict[str, Handler] = {
    "bulk_decision": bulk.carry_out,
    "bulk_withdraw": bulk_withdrawal.put_back_all,
    "apply_plan": planning_jobs.apply,
    "case_moved": note_move,
    "cases_led": flow_migration_telling.tell_of_led,
    "day_round": digests.day_round,
    "change_calendar": calendar_changes.carry_out,
    "issue_document": issuing.issue,
    "draw_recheck": recheck.draw,
    "find_low_results": low_results.find_low_results,
    "link_scales": scaling.link_scales,
    "migrate_cases": flow_migration_batches.migrate_cases,
    "read_upload": intake.read_upload,
    "screen_year": screening.screen_year,
    "undo_migration": flow_migration_batches.undo_migration,
    "send_digest": digests.send_digest,
    "tell_of_absence": absence_telling.tell_of_absence,
    "tell_of_pair": own_pairs.tell_of_pair,
    "tell_of_work": telling.tell_of_work,
    "solve_plan": planning_jobs.solve,
}

ON_DEAD: dict[str, Callable[[Session, int, str], None]] = {
    "change_calendar": calendar_changes.on_dead,
    "draw_recheck": recheck.on_dead,
    "link_scales": scaling.on_dead,
    "migrate_cases": flow_migration_batches.on_dead,
    "read_upload": intake.on_dead,
    "screen_year": screening.on_dead,
    "undo_migration": flow_migration_batches.on_dead,
    "send_digest": digests.on_dead,
    "solve_plan": planning_jobs.on_dead,
}
