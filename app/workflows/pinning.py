"""A pinned deadline stays where a person put it, with the reason; unpinned, it follows its rule again."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from app.calendars import Due, Span, follow, occurrences, parse_rule
from app.errors import Reason, Refused
from app.workflows import case_moves
from app.workflows.calendar_world import world_of
from app.workflows.recalculation import REACH


def pin(row: Any, *, reason: str, on: date | None = None) -> None:
    """Keep a `Dated` row on its day, or on another day `on`, whatever its event does. The caller journals it."""
    if len(reason.strip()) < 3:
        raise Refused(Reason("no_reason", "Напишите, почему срок закрепляется.", "Say why the deadline is pinned."))
    if on is None and row.due_on is None:
        raise Refused(
            Reason(
                "no_day",
                "У этой строки нет срока: назовите день, на котором его закрепить.",
                "This row has no day: name the day to pin it to.",
            )
        )
    if on is not None:
        row.due_on = on
        row.starts_on = None if row.starts_on is None else min(row.starts_on, on)
    row.is_pinned, row.pinned_reason = True, reason.strip()


def unpin(session: Session, row: Any) -> None:
    """Let a `Dated` row follow its rule again: it takes the day the rule gives in the world of today."""
    row.is_pinned, row.pinned_reason = False, None
    # A row whose event is gone stays on its day, and without the pin it has no ground.
    if row.rule is None or row.due_on is None or row.lost_change_id is not None:
        return
    now = _occurrences(session, row)
    due, _is_gone = follow(row.occurrence, row.due_on, now, now)
    if due is not None:
        row.take(due)


def other_events(session: Session, row: Any) -> list[Due]:
    """Occurrences of the row's rule by events that are in the calendar: what it may stand for instead of a lost one."""
    if row.rule is None or row.due_on is None or row.lost_change_id is None:
        return []
    return [due for due in _occurrences(session, row) if due.anchor is not None]


def take_event(session: Session, row: Any, key: str) -> None:
    """Let a row that has lost its event follow another one; its day is the one the rule gives there."""
    due = next((due for due in other_events(session, row) if due.key == key), None)
    if due is None:
        raise Refused(
            Reason(
                "no_such_event",
                "Выберите событие из списка. Если нужного нет, внесите его в календарь.",
                "Choose an event from the list. If it is not there, enter it in the calendar.",
                "/calendar/",
            )
        )
    row.is_pinned, row.pinned_reason = False, None
    row.take(due)


def _occurrences(session: Session, row: Any) -> list[Due]:
    world, place = world_of(session), row.municipality_id
    span = Span(row.due_on - REACH, row.due_on + REACH)
    case_id = getattr(row, "case_id", None)
    moves = case_moves.anchors(session, {case_id}).get(case_id, []) if case_id is not None else []
    return list(occurrences(parse_rule(row.rule), (*world.anchors(place), *moves), world.calendar(place), span))
