"""Rechecks that a change of an order on keeping works leaves without works: their day was fixed by that order.

They belong to the preview and the report of the change beside the deadlines. Nothing is rescheduled: the school may
have the works still, and whoever ordered the recheck asks it or chooses an earlier day.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app.models import CalendarEvent, Case, Recheck
from app.terms import ChangeKind, EventKind, Following, RecheckStatus
from app.workflows import preservation
from app.workflows.calendar_world import Change
from app.workflows.recalculation import RECHECKS, Followed

AHEAD = (RecheckStatus.REQUESTED, RecheckStatus.DRAWN)


def at_risk(session: Session, change: Change) -> list[Followed]:
    """Rechecks in sight that are still to be made, in time as things are and too late after the change."""
    if change.kind not in (ChangeKind.EVENT_REMOVE, ChangeKind.EVENT_MOVE) or change.row_id is None:
        return []
    event = session.get(CalendarEvent, change.row_id)
    if event is None or event.kind is not EventKind.WORKS_KEPT:
        return []
    rows = session.scalars(
        select(Recheck)
        .where(Recheck.status.in_(AHEAD), Recheck.year == event.year)
        .order_by(Recheck.scheduled_on, Recheck.id)
    ).all()
    wanted = {row.case_id for row in rows}
    cases = {
        case.id: case
        for case in session.scalars(select(Case).where(Case.id.in_(wanted)).options(selectinload(Case.school)))
    }
    works = [preservation.Works(cases[row.case_id], row.year, row.subject, row.grade) for row in rows]
    before = preservation.all_kept_until(session, works)
    after = preservation.all_kept_until(session, works, change=change)
    return [
        Followed(
            RECHECKS,
            row.id,
            _label(cases[row.case_id], then),
            row.inspector_name,
            Following.ORPHANED,
            row.scheduled_on,
            None,
            municipality_id=row.municipality_id,
            school_id=row.school_id,
        )
        for row, now, then in zip(rows, before, after, strict=True)
        if then.until < row.scheduled_on <= now.until
    ]


def _label(case: Case, kept: preservation.Kept) -> str:
    return f"Перепроверка, {case.school.name} ({case.number}): работы точно есть только до {kept.until:%d.%m.%Y}"
