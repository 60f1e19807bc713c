"""What a person has in their calendar: dates of their cases, visits and rechecks, asked in that person's own sight.

One table of providers; the day page, the daily letter, the reminders and the calendar feed all read it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.calendars import Span
from app.database import actor_of
from app.flows import CLOSED
from app.models import Case, Deadline, Observation, Recheck, School
from app.policy import Actor
from app.terms import AgendaKind, RecheckStatus, Role, VisitStatus
from app.workflows import agenda_plans
from app.workflows.agenda_items import Item, Provider


def agenda(session: Session, span: Span) -> list[Item]:
    """The items of whoever acts in `session` inside `span`, the earliest first."""
    actor = actor_of(session)
    found = [item for provider in PROVIDERS for item in provider(session, actor, span)]
    return sorted(found, key=lambda item: (item.on, item.key))


def stages(session: Session, actor: Actor, span: Span) -> list[Item]:
    """Ends of the stages of open cases: a curator's own, all of a department's municipality."""
    if actor.role not in (Role.CURATOR, Role.DEPARTMENT):
        return []
    statement = (
        select(Case.id, Case.number, Case.due_on, School.name)
        .join(School, School.id == Case.school_id)
        .where(
            Case.state != CLOSED,
            Case.due_on.between(span.starts_on, span.ends_on),
            Case.school_id.not_in(actor.barred_ids),
        )
    )
    if actor.role is Role.CURATOR:
        statement = statement.where(Case.curator_id == actor.user_id)
    return [
        Item(
            AgendaKind.STAGE,
            f"stage-{row.id}",
            row.due_on,
            f"{row.name}: срок этапа по делу {row.number}",
            f"{row.name}: stage due in case {row.number}",
            f"/cases/{row.id}",
        )
        for row in session.execute(statement)
    ]


def visits(session: Session, actor: Actor, span: Span) -> list[Item]:
    """Visits that are scheduled and not yet recorded: an observer's own, else those of the cases in sight."""
    found = _work(session, actor, span, Observation, Observation.observer_id, [VisitStatus.SCHEDULED])
    return [
        Item(
            AgendaKind.VISIT,
            f"visit-{row.id}",
            row.scheduled_on,
            f"{row.name}: наблюдение ({row.number})",
            f"{row.name}: observation ({row.number})",
            f"/observations/{row.id}",
        )
        for row in found
    ]


def rechecks(session: Session, actor: Actor, span: Span) -> list[Item]:
    """Rechecks whose sample is not wholly re-marked."""
    found = _work(session, actor, span, Recheck, Recheck.inspector_id, [RecheckStatus.REQUESTED, RecheckStatus.DRAWN])
    return [
        Item(
            AgendaKind.RECHECK,
            f"recheck-{row.id}",
            row.scheduled_on,
            f"{row.name}: перепроверка ({row.number})",
            f"{row.name}: recheck ({row.number})",
            f"/rechecks/{row.id}",
        )
        for row in found
    ]


def deadlines(session: Session, actor: Actor, span: Span) -> list[Item]:
    """Deadlines that a department or the region set for itself and has not met."""
    if actor.role not in (Role.DEPARTMENT, Role.REGION_MANAGER):
        return []
    place = actor.municipality_id
    own = Deadline.municipality_id.is_(None) if place is None else Deadline.municipality_id == place
    rows = session.execute(
        select(Deadline.id, Deadline.title, Deadline.due_on, Deadline.lost_change_id, Deadline.is_pinned).where(
            own, Deadline.done_at.is_(None), Deadline.due_on.between(span.starts_on, span.ends_on)
        )
    )
    return [
        Item(
            AgendaKind.TASK,
            f"deadline-{row.id}",
            row.due_on,
            row.title + (" (без основания: событие снято)" if _is_groundless(row) else ""),
            row.title + (" (without a ground: its event is removed)" if _is_groundless(row) else ""),
            f"/deadlines/{row.id}",
        )
        for row in rows
    ]


def _is_groundless(row: Any) -> bool:
    return row.lost_change_id is not None and not row.is_pinned


PROVIDERS: tuple[Provider, ...] = (stages, visits, rechecks, deadlines, *agenda_plans.PROVIDERS)
"""Who tells of dates; each looks at who acts and answers with that person's own."""


def _work(session: Session, actor: Actor, span: Span, model: Any, own: Any, statuses: list[Any]) -> list[Any]:
    if actor.role not in (Role.INSPECTOR, Role.CURATOR, Role.DEPARTMENT):
        return []
    statement = (
        select(model.id, model.scheduled_on, Case.number, School.name)
        .join(Case, Case.id == model.case_id)
        .join(School, School.id == model.school_id)
        .where(
            model.status.in_(statuses),
            model.scheduled_on.between(span.starts_on, span.ends_on),
            model.school_id.not_in(actor.barred_ids),
        )
    )
    if actor.role is Role.INSPECTOR:
        statement = statement.where(own == actor.user_id)
    elif actor.role is Role.CURATOR:
        statement = statement.where(Case.curator_id == actor.user_id)
    return list(session.execute(statement))
