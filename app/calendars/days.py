"""Counting in working days: a calendar is the country's years and, on top, what a region and a municipality add."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache

from app.calendars.years import ONE_DAY, CalendarYear, by_law_alone, load_years
from app.errors import Reason, Refused
from app.terms import DayKind, DayOffPolicy

# Years without a data file follow the law alone; beyond these a date is a slip of the pen.
FIRST_YEAR, LAST_YEAR = 2010, 2050


@dataclass(frozen=True, order=True)
class Span:
    """Days from `starts_on` to `ends_on`, both included."""

    starts_on: date
    ends_on: date

    def __post_init__(self) -> None:
        if self.ends_on < self.starts_on:
            raise ValueError(f"a span ends before it starts: {self.starts_on} … {self.ends_on}")

    def __contains__(self, day: date) -> bool:
        return self.starts_on <= day <= self.ends_on

    def days(self) -> Iterator[date]:
        day = self.starts_on
        while day <= self.ends_on:
            yield day
            day += ONE_DAY


@dataclass(frozen=True)
class Vacation:
    """A school vacation; `scope` tells whose when there are several (grades, shifts)."""

    title: str
    span: Span


@dataclass(frozen=True)
class Layer:
    """What a region or a municipality lays over the country's calendar.

    `days_off` are extra days off with their title, `working` days that work there all the same, `vacations` school
    vacations: people of the department work on them, and a rule may avoid them.
    """

    days_off: tuple[tuple[date, str], ...] = ()
    working: tuple[date, ...] = ()
    vacations: tuple[Vacation, ...] = ()


def academic_year(day: date) -> Span:
    """The academic year of a day: 1 September to 31 August."""
    first = day.year if day.month >= 9 else day.year - 1
    return Span(date(first, 9, 1), date(first + 1, 8, 31))


class WorkingCalendar:
    """Working days of a territory. Immutable; every question costs a look-up.

    Days declared non-working by the President (2020, 2021) count as working, as in the norms of those years: they
    moved no deadline of the law. ``declared`` shows them.
    """

    def __init__(self, years: Iterable[CalendarYear], *layers: Layer) -> None:
        known = {year.year: year for year in years}
        self.known_years = frozenset(year for year, it in known.items() if it.is_decreed)
        self._years = {n: known.get(n) or by_law_alone(n) for n in range(FIRST_YEAR, LAST_YEAR + 1)}
        self.layers = layers
        self._extra = {day: title for layer in layers for day, title in layer.days_off}
        for layer in layers:
            for day in layer.working:
                self._extra.pop(day, None)
        forced = {day for layer in layers for day in layer.working}
        self._forced = forced
        self.vacations = tuple(vacation for layer in layers for vacation in layer.vacations)
        self._working = [
            day.toordinal()
            for year in self._years.values()
            for day in year.days()
            if day in forced or not (day in self._extra or year.is_day_off(day))
        ]
        self._off = frozenset(range(self.first.toordinal(), self.last.toordinal() + 1)) - frozenset(self._working)
        self._on_vacation = frozenset(day for vacation in self.vacations for day in vacation.span.days())

    @property
    def first(self) -> date:
        return date(FIRST_YEAR, 1, 1)

    @property
    def last(self) -> date:
        return date(LAST_YEAR, 12, 31)

    def with_layers(self, *layers: Layer) -> WorkingCalendar:
        """The same country with more layers on top."""
        return WorkingCalendar(self._years.values(), *self.layers, *layers)

    def year(self, year: int) -> CalendarYear:
        self._inside(date(year, 1, 1))
        return self._years[year]

    def is_working(self, day: date) -> bool:
        self._inside(day)
        return day.toordinal() not in self._off

    def is_vacation(self, day: date) -> bool:
        return day in self._on_vacation

    def kind(self, day: date) -> DayKind:
        """What a day is; a local day off covers what the country says."""
        self._inside(day)
        year = self._years[day.year]
        if day in self._extra:
            return DayKind.EXTRA
        if day in self._forced and year.is_day_off(day):
            return DayKind.WORKING_WEEKEND
        if day in year.holidays:
            return DayKind.HOLIDAY
        if day in year.transferred:
            return DayKind.TRANSFERRED
        if year.is_day_off(day):
            return DayKind.WEEKEND
        if day in year.working:
            return DayKind.WORKING_WEEKEND
        return DayKind.SHORTENED if day in year.shortened else DayKind.WORKING

    def note(self, day: date, locale: str = "ru") -> str:
        """Name of a holiday, of a local day off or of a decree; empty for an ordinary day."""
        year = self._years[day.year]
        if day in self._extra:
            return self._extra[day]
        if day in year.holidays:
            return year.holidays[day][locale == "en"]
        if day in year.transferred:
            was = year.transferred[day]
            return f"moved from {was:%d.%m}" if locale == "en" else f"перенесён с {was:%d.%m}"
        return year.declared.get(day, "")

    def next_working(self, day: date) -> date:
        """`day` if it works, else the first working day after it."""
        self._inside(day)
        return self._at(bisect_left(self._working, day.toordinal()))

    def previous_working(self, day: date) -> date:
        """`day` if it works, else the last working day before it."""
        self._inside(day)
        return self._at(bisect_right(self._working, day.toordinal()) - 1)

    def add_working_days(self, day: date, count: int) -> date:
        """The working day that comes `count` working days after `day` (before it, if negative).

        The day itself is not counted (article 191 of the Civil Code). With 0 it is `next_working(day)`.
        """
        self._inside(day)
        ordinal = day.toordinal()
        if count > 0:
            return self._at(bisect_right(self._working, ordinal) - 1 + count)
        if count < 0:
            return self._at(bisect_left(self._working, ordinal) + count)
        return self.next_working(day)

    def working_days_between(self, start: date, end: date) -> int:
        """Working days after `start` up to and with `end`; negative when `end` is earlier.

        So ``working_days_between(d, add_working_days(d, n)) == n`` for every n ≥ 1, and for 0 where `d` works.
        """
        self._inside(start)
        self._inside(end)
        if end < start:
            return -self.working_days_between(end, start)
        return bisect_right(self._working, end.toordinal()) - bisect_right(self._working, start.toordinal())

    def working_days_in(self, span: Span) -> int:
        """Working days of a span, both ends included."""
        self._inside(span.starts_on)
        self._inside(span.ends_on)
        return bisect_right(self._working, span.ends_on.toordinal()) - bisect_left(
            self._working, span.starts_on.toordinal()
        )

    def settle(self, day: date, policy: DayOffPolicy, *, avoid_vacations: bool = False) -> date:
        """Where a due day goes that falls on a day off (or on a vacation, when the rule avoids them)."""
        if policy is DayOffPolicy.KEEP:
            return day
        forward = policy is DayOffPolicy.NEXT
        day = self.next_working(day) if forward else self.previous_working(day)
        while avoid_vacations and self.is_vacation(day):
            day = self.add_working_days(day, 1 if forward else -1)
        return day

    def _at(self, index: int) -> date:
        if not 0 <= index < len(self._working):
            raise _beyond()
        return date.fromordinal(self._working[index])

    def _inside(self, day: date) -> None:
        if not self.first <= day <= self.last:
            raise _beyond()


def _beyond() -> Refused:
    return Refused(
        Reason(
            "beyond_calendar",
            f"Календарь знает годы с {FIRST_YEAR} по {LAST_YEAR}; проверьте год в дате",
            f"The calendar knows the years {FIRST_YEAR} to {LAST_YEAR}; check the year of the date",
        )
    )


@cache
def russia() -> WorkingCalendar:
    """The country's calendar from ``app/data/calendar``."""
    return WorkingCalendar(load_years().values())
