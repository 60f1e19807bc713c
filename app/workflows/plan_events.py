"""What the rules of plans count from: the working calendar of a place and the events known there."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.calendars import Anchor, Due, Rule, WorkingCalendar, academic_year, occurrences, parse_rule, russia
from app.models import Case, CaseEvent, Dataset
from app.terms import EventKind, FileKind, RuleKind


def calendar_of(session: Session, municipality_id: int | None) -> WorkingCalendar:
    """The working calendar that counts in a territory."""
    return russia()


def events_of_year(session: Session, first_year: int, municipality_id: int | None) -> list[Anchor]:
    """Events of an academic year known from the data: results uploaded, the federal list published.

    Sittings are planned by people, so they come from the register of events.
    """
    span = academic_year(date(first_year, 9, 1))
    found = []
    for row in session.scalars(select(Dataset).order_by(Dataset.id)):
        day = row.accepted_at.date()
        if day not in span:
            continue
        if row.kind is FileKind.FEDERAL_LIST:
            found.append(Anchor(EventKind.PUBLICATION, day, key=f"dataset-{row.id}"))
        elif row.kind is FileKind.WORKS:
            found.append(
                Anchor(EventKind.UPLOAD, day, subject=row.subject or "", grade=row.grade, key=f"dataset-{row.id}")
            )
    return found


def events_of_case(session: Session, case: Case) -> list[Anchor]:
    """Moves of a case, each named by its trigger."""
    moves = session.scalars(select(CaseEvent).where(CaseEvent.case_id == case.id).order_by(CaseEvent.seq))
    return [Anchor(EventKind.CASE_MOVE, move.at.date(), detail=move.trigger, key=f"move-{move.id}") for move in moves]


def dues(rule: Rule, anchors: Iterable[Anchor], calendar: WorkingCalendar, first_year: int) -> dict[str, Due]:
    """Occurrences of a rule in an academic year by their slots: the stated day, or the event that each follows."""
    found = occurrences(rule, anchors, calendar, academic_year(date(first_year, 9, 1)))
    return {_slot(due): due for due in found}


def first_due(rule: Rule, anchors: Iterable[Anchor], calendar: WorkingCalendar, on: date) -> Due | None:
    """The first occurrence that is not past on a day, else the last one; None while the event is not known."""
    span = academic_year(on)
    found = occurrences(rule, anchors, calendar, span)
    if not found and rule.kind is not RuleKind.OFFSET:
        found = occurrences(rule, anchors, calendar, academic_year(date(span.ends_on.year, 9, 1)))
    ahead = [due for due in found if due.due_on is None or due.due_on >= on]
    return ahead[0] if ahead else found[-1] if found else None


def _slot(due: Due) -> str:
    if due.anchor is not None:
        return f"{due.anchor.event.value}:{due.anchor.key or due.anchor.on.isoformat()}"[:80]
    return due.said_on.isoformat() if due.said_on else "constantly"


__all__ = ["calendar_of", "dues", "events_of_case", "events_of_year", "first_due", "parse_rule"]
