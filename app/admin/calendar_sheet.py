"""A year drawn as twelve small sheets: what each day is, for the page of the calendar."""

from __future__ import annotations

import calendar as sheets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flask_babel import format_date

from app.admin import words
from app.calendars import Span, WorkingCalendar
from app.models import CalendarEvent
from app.terms import DayKind


@dataclass(frozen=True)
class Cell:
    """One day: its number, the classes it is drawn with, and what it is in words."""

    day: date
    classes: str
    told: str


@dataclass(frozen=True)
class Month:
    title: str
    weeks: list[list[Cell | None]]
    working: int


def months(calendar: WorkingCalendar, year: int, events: Sequence[CalendarEvent], today: date) -> list[Month]:
    """The twelve months of a year, Monday first."""
    by_day: dict[date, list[str]] = {}
    for event in events:
        by_day.setdefault(event.on, []).append(words.title(event.kind))
    found = []
    for number in range(1, 13):
        weeks = [
            [_cell(calendar, day, by_day.get(day, []), today) if day.month == number else None for day in week]
            for week in sheets.Calendar().monthdatescalendar(year, number)
        ]
        span = Span(date(year, number, 1), date(year, number, sheets.monthrange(year, number)[1]))
        title = words.capital(format_date(span.starts_on, "LLLL"))
        found.append(Month(title, weeks, calendar.working_days_in(span)))
    return found


def _cell(calendar: WorkingCalendar, day: date, events: list[str], today: date) -> Cell:
    kind = calendar.kind(day)
    vacations = [v.title for v in calendar.vacations if day in v.span]
    classes = ["day-" + kind.value.replace("_", "-")]
    classes += ["is-vacation"] if vacations else []
    classes += ["has-event"] if events else []
    classes += ["is-today"] if day == today else []
    told = [] if kind is DayKind.WORKING else [words.title(kind)]
    told += [note for note in (calendar.note(day, words.locale()), *vacations, *events) if note]
    return Cell(day, " ".join(classes), ", ".join(told))


def totals(calendar: WorkingCalendar, year: int) -> dict[str, int]:
    span = Span(date(year, 1, 1), date(year, 12, 31))
    kinds = [calendar.kind(day) for day in span.days()]
    return {
        "working": calendar.working_days_in(span),
        "off": len(kinds) - calendar.working_days_in(span),
        "shortened": sum(kind is DayKind.SHORTENED for kind in kinds),
    }


def named_days(calendar: WorkingCalendar, year: int) -> list[tuple[date, str]]:
    """Days off taken from elsewhere and weekends that work, for the list below the sheets."""
    span = Span(date(year, 1, 1), date(year, 12, 31))
    shown = {DayKind.TRANSFERRED, DayKind.WORKING_WEEKEND, DayKind.EXTRA}
    return [
        (day, calendar.note(day, words.locale()) or words.title(calendar.kind(day)))
        for day in span.days()
        if calendar.kind(day) in shown
    ]
