"""From a rule to days: when a thing begins and is due in a span, by a calendar and the events that happened."""

from __future__ import annotations

import calendar as months
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from app.calendars.days import Span, WorkingCalendar, academic_year
from app.calendars.rules import DayOfYear, Rule
from app.terms import DayDirection, DayUnit, EventKind, RuleKind, YearKind

# Where no event says when the academic year ended; schools finish in the last days of May.
ACADEMIC_YEAR_END = DayOfYear(5, 31)


@dataclass(frozen=True)
class Anchor:
    """An event that happened, or is planned, on a day. Empty `subject` and `grade`: it concerns every paper."""

    event: EventKind
    on: date
    detail: str = ""
    subject: str = ""
    grade: int | None = None
    key: str = ""  # whatever the caller knows the event by


@dataclass(frozen=True)
class Due:
    """One occurrence.

    `due_on` is None for what is done constantly; `said_on` is the day before days off moved it. `key` names the
    occurrence among those of its rule and stays when its event moves: the event, the year, or the stated day.
    """

    starts_on: date
    due_on: date | None
    said_on: date | None = None
    anchor: Anchor | None = None
    key: str = ""

    @property
    def is_moved(self) -> bool:
        return self.due_on != self.said_on


def occurrences(rule: Rule, anchors: Iterable[Anchor], calendar: WorkingCalendar, span: Span) -> list[Due]:
    """Every occurrence whose stated day lies in `span`, in order of time.

    Parameters
    ----------
    rule : Rule
        What was said.
    anchors : iterable of Anchor
        Events known so far; an offset occurs once for each that fits.
    calendar : WorkingCalendar
        Of the territory: counts working days and moves a day off as the rule's policy says.
    span : Span
        Usually an academic year.

    Returns
    -------
    list of Due
        The day may leave the span by being moved off a day off; it is the stated day that counts.
    """
    found = FINDERS[rule.kind](rule, list(anchors), calendar, span)
    settled = [_settled(rule, due, calendar) for due in found if due.said_on is None or due.said_on in span]
    return sorted(settled, key=lambda due: (due.said_on or due.starts_on, due.starts_on))


def _settled(rule: Rule, due: Due, calendar: WorkingCalendar) -> Due:
    if due.said_on is None:
        return due
    moved = calendar.settle(due.said_on, rule.day_off, avoid_vacations=rule.avoid_vacations)
    # A day that only names a deadline begins when it is due; a window keeps its beginning.
    starts_on = moved if due.starts_on == due.said_on else min(due.starts_on, moved)
    return Due(starts_on, moved, due.said_on, due.anchor, due.key or due.said_on.isoformat())


def _dates(rule: Rule, anchors: Sequence[Anchor], calendar: WorkingCalendar, span: Span) -> Iterator[Due]:
    if rule.on is not None:
        yield Due(rule.on, rule.on, rule.on)
        return
    assert rule.day_of_year is not None
    for year in _years(span):
        day = rule.day_of_year.on(year)
        yield Due(day, day, day)


def _windows(rule: Rule, anchors: Sequence[Anchor], calendar: WorkingCalendar, span: Span) -> Iterator[Due]:
    if isinstance(rule.start, date) and isinstance(rule.end, date):
        yield Due(rule.start, rule.end, rule.end)
        return
    assert isinstance(rule.start, DayOfYear)
    assert isinstance(rule.end, DayOfYear)
    for year in _years(span):
        end = rule.end.on(year)
        start = rule.start.on(year)
        yield Due(start if start <= end else rule.start.on(year - 1), end, end)


def _offsets(rule: Rule, anchors: Sequence[Anchor], calendar: WorkingCalendar, span: Span) -> Iterator[Due]:
    for anchor in anchors:
        if not fits(rule, anchor):
            continue
        sign = 1 if rule.direction is DayDirection.AFTER else -1
        if rule.unit is DayUnit.WORKING and rule.days:
            day = calendar.add_working_days(anchor.on, sign * rule.days)
        else:
            day = anchor.on + timedelta(days=sign * rule.days)
        yield Due(min(anchor.on, day), day, day, anchor, f"event:{anchor.key or anchor.on.isoformat()}")


def fits(rule: Rule, anchor: Anchor) -> bool:
    """Whether an event is the one a rule of offset speaks of.

    An event of every paper fits a rule for one subject; a rule without a subject fits every event.
    """
    return (
        anchor.event == rule.event
        and (not rule.detail or anchor.detail == rule.detail)
        and (not rule.subject or anchor.subject in {"", rule.subject})
        and (rule.grade is None or anchor.grade in {None, rule.grade})
    )


def _in_months(rule: Rule, numbers: Iterable[int], span: Span, length: int) -> Iterator[Due]:
    for year in _years(span):
        for month in numbers:
            last = months.monthrange(year, month)[1]
            due = date(year, month, min(rule.day or last, last))
            yield Due(date(year, month - length + 1, 1), due, due)


def _academic_end(first: int, anchors: Sequence[Anchor]) -> tuple[date, Anchor | None]:
    year = academic_year(date(first, 9, 1))
    ends = [anchor for anchor in anchors if anchor.event is EventKind.ACADEMIC_YEAR_END and anchor.on in year]
    if not ends:
        return ACADEMIC_YEAR_END.in_academic_year(first), None
    last = max(ends, key=lambda anchor: anchor.on)
    return last.on, last


def _year_ends(rule: Rule, anchors: Sequence[Anchor], calendar: WorkingCalendar, span: Span) -> Iterator[Due]:
    for year in _years(span):
        if rule.year is YearKind.CALENDAR:
            yield Due(date(year, 1, 1), date(year, 12, 31), date(year, 12, 31))
        else:
            end, anchor = _academic_end(year - 1, anchors)
            yield Due(date(year - 1, 9, 1), end, end, anchor, f"year:{year}")


def _years(span: Span) -> range:
    return range(span.starts_on.year, span.ends_on.year + 1)


def follow(
    key: str | None, due_on: date | None, before: Sequence[Due], after: Sequence[Due]
) -> tuple[Due | None, bool]:
    """Where a deadline goes when events or the calendar change.

    Parameters
    ----------
    key : str or None
        Key of the occurrence the deadline stands for; None when nobody noted it: then the one occurrence of `before`
        that was due on `due_on` is meant.
    before, after : sequence of Due
        Occurrences of its rule in the world as it was and as it will be.

    Returns
    -------
    (Due or None, bool)
        The occurrence now; None when it is not to be found. True when it was there before and is gone.
    """
    if key is None:
        same = [due for due in before if due.due_on == due_on]
        if len(same) != 1:
            return None, False
        key = same[0].key
    found = next((due for due in after if due.key == key), None)
    return found, found is None and any(due.key == key for due in before)


Finder = Callable[[Rule, Sequence[Anchor], WorkingCalendar, Span], Iterable[Due]]
FINDERS: dict[RuleKind, Finder] = {
    RuleKind.DATE: _dates,
    RuleKind.WINDOW: _windows,
    RuleKind.OFFSET: _offsets,
    RuleKind.MONTHLY: lambda rule, anchors, calendar, span: _in_months(rule, range(1, 13), span, 1),
    RuleKind.QUARTERLY: lambda rule, anchors, calendar, span: _in_months(rule, (3, 6, 9, 12), span, 3),
    RuleKind.MONTHS: lambda rule, anchors, calendar, span: _in_months(rule, rule.months, span, 1),
    RuleKind.CONSTANTLY: lambda rule, anchors, calendar, span: [Due(span.starts_on, None, key="constantly")],
    RuleKind.YEAR_END: _year_ends,
}
