"""What the rules of plans count from: the working calendar of a place and the events known there."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sqlalchemy.orm import Session

from app.calendars import Anchor, Due, Rule, WorkingCalendar, academic_year, occurrences
from app.models import Case
from app.terms import RuleKind
from app.workflows import case_moves
from app.workflows.calendar_world import calendar_of, world_of

__all__ = ["calendar_of", "dues", "events_of", "events_of_case", "first_due"]


def events_of(session: Session, municipality_id: int | None) -> tuple[Anchor, ...]:
    """Events of the calendar that concern a territory, and the uploads of results."""
    return world_of(session).anchors(municipality_id)


def events_of_case(session: Session, case: Case) -> list[Anchor]:
    """Moves of a case, each named by its trigger, and the events of its territory."""
    return [*case_moves.anchors(session, {case.id}).get(case.id, []), *events_of(session, case.municipality_id)]


def dues(rule: Rule, anchors: Iterable[Anchor], calendar: WorkingCalendar, first_year: int) -> dict[str, Due]:
    """Occurrences of a rule in an academic year by their slots: the stated day, or the event that each follows."""
    found = occurrences(rule, anchors, calendar, academic_year(date(first_year, 9, 1)))
    return {_slot(due): due for due in found}


def first_due(rule: Rule, anchors: Iterable[Anchor], calendar: WorkingCalendar, on: date) -> Due | None:
    """The first occurrence that is not past on a day, else the last one; None while the event is not known."""
    known, span = list(anchors), academic_year(on)
    found = occurrences(rule, known, calendar, span)
    if rule.kind is not RuleKind.OFFSET and not any(due.due_on is None or due.due_on >= on for due in found):
        found += occurrences(rule, known, calendar, academic_year(date(span.ends_on.year, 9, 1)))
    ahead = [due for due in found if due.due_on is None or due.due_on >= on]
    return ahead[0] if ahead else found[-1] if found else None


def _slot(due: Due) -> str:
    if due.anchor is not None:
        return f"{due.anchor.event.value}:{due.anchor.key or due.anchor.on.isoformat()}"[:80]
    return due.said_on.isoformat() if due.said_on else "constantly"
