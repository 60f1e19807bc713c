"""While a school carries its accepted road map out, the stage that ends with it waits: the clock stands until then."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app.calendars import Pause
from app.calendars.years import ONE_DAY
from app.days import day_of
from app.models import RoadMap
from app.terms import RoadMapStatus, TaskStatus


def waited(session: Session, case_ids: Sequence[int] | None) -> dict[int, list[Pause]]:
    """The stretch from the acceptance of each case's road map to the end of its obligatory measures.

    It ends with the last day promised, or earlier with the last measure settled: a school that is late does not stop
    the clock any longer.
    """
    statement = (
        select(RoadMap)
        .where(RoadMap.status == RoadMapStatus.ACCEPTED)
        .options(selectinload(RoadMap.items))
        .execution_options(populate_existing=True)
    )
    if case_ids is not None:
        statement = statement.where(RoadMap.case_id.in_(case_ids))
    found = {}
    for road_map in session.scalars(statement):
        last = _last_day(road_map)
        assert road_map.decided_at is not None  # the table checks it
        accepted_on = day_of(road_map.decided_at)
        if last is not None and last >= accepted_on:
            found[road_map.case_id] = [Pause(accepted_on, last + ONE_DAY)]
    return found


def _last_day(road_map: RoadMap) -> date | None:
    """The last day on which the case waits for the school; None when nothing obligatory has a day."""
    items = [item for item in road_map.items if item.is_obligatory]
    left = [item.due_on for item in items if item.status is TaskStatus.PLANNED and item.due_on is not None]
    if any(item.status is TaskStatus.PLANNED for item in items):
        return max(left, default=None)
    return max((day_of(item.settled_at) for item in items if item.settled_at is not None), default=None)
