"""The clock of a stage: a budget of working days, less what the ledger of pauses stopped."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from app.calendars.days import Span, WorkingCalendar
from app.calendars.years import ONE_DAY


@dataclass(frozen=True)
class Pause:
    """A stretch in which the clock stands, from `started_on` to the day before `ended_on`.

    While it is open it counts until the day it is meant to end, `until_on`; without one nobody knows when it ends.
    """

    started_on: date
    ended_on: date | None = None
    until_on: date | None = None


@dataclass(frozen=True)
class StageClock:
    """What the clock shows on a day.

    `due_on` is None while a pause is open that nobody said the end of. `spent` and `paused` are working days; `left` is
    negative when the budget is overspent.
    """

    budget: int
    spent: int
    paused: int
    due_on: date | None
    is_paused: bool

    @property
    def left(self) -> int:
        return self.budget - self.spent

    @property
    def is_overdue(self) -> bool:
        return self.spent > self.budget


def due_on(entered_on: date, budget: int, calendar: WorkingCalendar, pauses: Iterable[Pause] = ()) -> date | None:
    """The working day by which a stage entered on `entered_on` is to end.

    Counts `budget` working days after the day of entry and adds those on which the clock stood. None while an open
    pause has no planned end.
    """
    pauses = list(pauses)
    if any(pause.ended_on is None and pause.until_on is None for pause in pauses):
        return None
    spans = _joined(pauses, calendar.last)
    due = calendar.add_working_days(entered_on, budget)
    while True:
        stood = _standing(calendar, spans, entered_on, due)
        later = calendar.add_working_days(entered_on, budget + stood)
        if later == due:
            return due
        due = later


def stage_clock(
    entered_on: date, budget: int, calendar: WorkingCalendar, pauses: Iterable[Pause], today: date
) -> StageClock:
    """Read the clock on a day.

    Parameters
    ----------
    entered_on : date
        The day of entry; it is not counted.
    budget : int
        Working days.
    pauses : iterable of Pause
        The ledger; overlapping pauses stop the clock once.
    """
    pauses = list(pauses)
    now = max(today, entered_on)
    spans = _joined(pauses, now)
    passed = calendar.working_days_between(entered_on, now)
    stood = _standing(calendar, spans, entered_on, now)
    open_now = any(p.started_on <= now and (p.ended_on is None or p.ended_on > now) for p in pauses)
    return StageClock(budget, passed - stood, stood, due_on(entered_on, budget, calendar, pauses), open_now)


def _joined(pauses: list[Pause], horizon: date) -> list[Span]:
    """Pauses as spans of standing days that do not overlap; an open one without a planned end reaches `horizon`."""
    spans: list[Span] = []
    for pause in sorted(pauses, key=lambda p: p.started_on):
        end = pause.ended_on or pause.until_on
        last = horizon if end is None else end - ONE_DAY
        if last < pause.started_on:
            continue
        if spans and pause.started_on <= spans[-1].ends_on:
            spans[-1] = Span(spans[-1].starts_on, max(spans[-1].ends_on, last))
        else:
            spans.append(Span(pause.started_on, last))
    return spans


def _standing(calendar: WorkingCalendar, spans: list[Span], after: date, until: date) -> int:
    """Working days of the spans after one day up to and with another."""
    total = 0
    for span in spans:
        start, end = max(span.starts_on, after + ONE_DAY), min(span.ends_on, until)
        if start <= end:
            total += calendar.working_days_in(Span(start, end))
    return total
