"""Moves of cases as events that deadlines count from."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.calendars import Anchor
from app.days import day_of
from app.models import CaseEvent
from app.terms import EventKind


def anchors(session: Session, case_ids: Collection[int]) -> dict[int, list[Anchor]]:
    """The latest move by each trigger, by case, in order of time: a move made again is the same event, moved."""
    if not case_ids:
        return {}
    latest = (
        select(CaseEvent.case_id, CaseEvent.trigger, func.max(CaseEvent.at).label("at"))
        .where(CaseEvent.case_id.in_(sorted(case_ids)))
        .group_by(CaseEvent.case_id, CaseEvent.trigger)
        .order_by("at")
    )
    found: dict[int, list[Anchor]] = {}
    for case_id, trigger, at in session.execute(latest):
        anchor = Anchor(EventKind.CASE_MOVE, day_of(at), detail=trigger, key=f"move-{trigger}")
        found.setdefault(case_id, []).append(anchor)
    return found
