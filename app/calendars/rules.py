"""How a deadline is said: a small table that is read strictly, kept as it is and told in words.

::

    {kind = "date", month = 9, day = 30}                       every academic year
    {kind = "date", on = 2021-09-30}                           once
    {kind = "window", from = {month = 10, day = 1}, to = {month = 10, day = 15}}
    {kind = "offset", event = "publication", days = 10, unit = "working", direction = "after"}
    {kind = "monthly", day = 25}       {kind = "quarterly"}    {kind = "months", months = [1, 7]}
    {kind = "constantly"}              {kind = "year_end", year = "academic"}

Every kind but ``constantly`` takes ``day_off`` (``next``, ``previous``, ``keep``) and ``avoid_vacations``. Unsaid, a
day off moves the day forward (article 193 of the Civil Code), except where a whole month or quarter is named: what is
due in January is not done in February, so it moves back.
An offset may name the move (``detail``), the subject and the grade of its event.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

from app.calendars.words import said
from app.errors import Reason, WrongFormat
from app.terms import DayDirection, DayOffPolicy, DayUnit, EventKind, RuleKind, Term, YearKind

T = TypeVar("T", bound=Term)
MAX_OFFSET = 1000  # days; about four years


@dataclass(frozen=True, order=True)
class DayOfYear:
    """A day of every year; 29 February is 28 February in a common year."""

    month: int
    day: int

    def on(self, year: int) -> date:
        return date(year, self.month, min(self.day, calendar.monthrange(year, self.month)[1]))

    def in_academic_year(self, first: int) -> date:
        """The day in the academic year that begins in September of `first`."""
        return self.on(first if self.month >= 9 else first + 1)


@dataclass(frozen=True)
class Rule:
    """One deadline as it was said. Which fields are set depends on `kind`; `parse_rule` sees to it."""

    kind: RuleKind
    on: date | None = None
    day_of_year: DayOfYear | None = None
    start: date | DayOfYear | None = None
    end: date | DayOfYear | None = None
    event: EventKind | None = None
    detail: str = ""
    subject: str = ""
    grade: int | None = None
    days: int = 0
    unit: DayUnit = DayUnit.CALENDAR
    direction: DayDirection = DayDirection.AFTER
    day: int | None = None
    months: tuple[int, ...] = ()
    year: YearKind = YearKind.ACADEMIC
    day_off: DayOffPolicy = DayOffPolicy.NEXT
    avoid_vacations: bool = False

    def to_json(self) -> dict[str, Any]:
        """The table as JSON keeps it: dates as text, nothing that is at its default."""
        table: dict[str, Any] = {"kind": str(self.kind)}
        match self.kind:
            case RuleKind.DATE:
                table |= {"on": self.on.isoformat()} if self.on else _plain(self.day_of_year)
            case RuleKind.WINDOW:
                table |= {"from": _plain(self.start), "to": _plain(self.end)}
            case RuleKind.OFFSET:
                table |= {"event": str(self.event), "days": self.days}
                table |= {"unit": str(self.unit), "direction": str(self.direction)}
                table |= {k: v for k, v in self.event_filter().items() if v}
            case RuleKind.MONTHS:
                table["months"] = list(self.months)
            case RuleKind.YEAR_END:
                table["year"] = str(self.year)
        if self.day is not None:
            table["day"] = self.day
        if self.day_off is not default_policy(self.kind, self.day):
            table["day_off"] = str(self.day_off)
        if self.avoid_vacations:
            table["avoid_vacations"] = True
        return table

    def event_filter(self) -> dict[str, Any]:
        return {"detail": self.detail, "subject": self.subject, "grade": self.grade}

    def words(self, locale: str = "ru") -> str:
        """The rule in one phrase, as an order would say it."""
        return said(self, locale)


COMMON = {"day_off", "avoid_vacations"}
# Keys of each kind besides `kind` and the common ones: (needed, allowed).
KEYS: Mapping[RuleKind, tuple[set[str], set[str]]] = {
    RuleKind.DATE: (set(), {"on", "month", "day"}),
    RuleKind.WINDOW: ({"from", "to"}, set()),
    RuleKind.OFFSET: ({"event", "days", "unit", "direction"}, {"detail", "subject", "grade"}),
    RuleKind.MONTHLY: ({"day"}, set()),
    RuleKind.QUARTERLY: (set(), {"day"}),
    RuleKind.MONTHS: ({"months"}, {"day"}),
    RuleKind.CONSTANTLY: (set(), set()),
    RuleKind.YEAR_END: (set(), {"year"}),
}


def parse_rule(table: object) -> Rule:
    """Read a rule strictly: an unknown kind, key or value is refused by its name.

    Parameters
    ----------
    table : mapping
        From TOML (dates are dates) or from JSON (dates are ISO text).

    Raises
    ------
    WrongFormat
        With a sentence that says what is wrong and what is allowed.
    """
    if not isinstance(table, Mapping):
        raise _wrong("правило срока — таблица с ключом kind", "a rule is a table with the key kind")
    kind = _term(RuleKind, table, "kind", None)
    needed, allowed = KEYS[kind]
    common = set() if kind is RuleKind.CONSTANTLY else COMMON
    for key in sorted(needed - table.keys()):
        raise _wrong(f"{kind}: нет ключа {key}", f"{kind}: no key {key}")
    for key in sorted(str(k) for k in table.keys() - needed - allowed - common - {"kind"}):
        raise _wrong(f"{kind}: лишний ключ {key}", f"{kind}: unknown key {key}")
    avoid = table.get("avoid_vacations", False)
    if not isinstance(avoid, bool):
        raise _wrong("avoid_vacations — true или false", "avoid_vacations is true or false")
    fields = READERS[kind](table)
    policy = _term(DayOffPolicy, table, "day_off", default_policy(kind, fields.get("day")))
    return Rule(kind, day_off=policy, avoid_vacations=avoid, **fields)


def default_policy(kind: RuleKind, day: int | None) -> DayOffPolicy:
    """What a day off does to a rule that does not say it."""
    whole_period = kind in {RuleKind.QUARTERLY, RuleKind.MONTHS} and day is None
    return DayOffPolicy.PREVIOUS if whole_period else DayOffPolicy.NEXT


def _date_fields(table: Mapping[str, Any]) -> dict[str, Any]:
    if "on" in table:
        if {"month", "day"} & table.keys():
            raise _wrong("date: или on, или month и day", "date: either on, or month and day")
        return {"on": _date(table["on"], "on")}
    return {"day_of_year": _day_of_year({k: table[k] for k in ("month", "day") if k in table}, "date")}


def _window_fields(table: Mapping[str, Any]) -> dict[str, Any]:
    ends = []
    for key in ("from", "to"):
        value = table[key]
        ends.append(_day_of_year(value, key) if isinstance(value, Mapping) else _date(value, key))
    start, end = ends
    if type(start) is not type(end):
        raise _wrong("window: from и to одного вида", "window: from and to of one form")
    if isinstance(start, date) and isinstance(end, date) and end < start:
        raise _wrong("window: to раньше, чем from", "window: to is earlier than from")
    return {"start": start, "end": end}


def _offset_fields(table: Mapping[str, Any]) -> dict[str, Any]:
    event = _term(EventKind, table, "event", None)
    detail, subject, grade = table.get("detail", ""), table.get("subject", ""), table.get("grade")
    if not isinstance(detail, str) or not isinstance(subject, str):
        raise _wrong("offset: detail и subject — строки", "offset: detail and subject are strings")
    if detail and event is not EventKind.CASE_MOVE:
        raise _wrong("offset: detail называет ход дела (event = case_move)", "offset: detail names a move of the case")
    return {
        "event": event,
        "detail": detail,
        "subject": subject,
        "grade": None if grade is None else _whole(grade, "grade", 1, 11),
        "days": _whole(table["days"], "days", 0, MAX_OFFSET),
        "unit": _term(DayUnit, table, "unit", None),
        "direction": _term(DayDirection, table, "direction", None),
    }


def _months_fields(table: Mapping[str, Any]) -> dict[str, Any]:
    months = table["months"]
    if not isinstance(months, list | tuple) or not months:
        raise _wrong("months — непустой список номеров месяцев", "months is a list of numbers of months, not empty")
    read = [_whole(month, "months", 1, 12) for month in months]
    if len(set(read)) < len(read):
        raise _wrong("months: месяц назван дважды", "months: a month is named twice")
    return {"months": tuple(sorted(read)), **_day_field(table)}


def _day_field(table: Mapping[str, Any]) -> dict[str, Any]:
    return {"day": _whole(table["day"], "day", 1, 31)} if "day" in table else {}


READERS: Mapping[RuleKind, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    RuleKind.DATE: _date_fields,
    RuleKind.WINDOW: _window_fields,
    RuleKind.OFFSET: _offset_fields,
    RuleKind.MONTHLY: _day_field,
    RuleKind.QUARTERLY: _day_field,
    RuleKind.MONTHS: _months_fields,
    RuleKind.CONSTANTLY: lambda table: {},
    RuleKind.YEAR_END: lambda table: {"year": _term(YearKind, table, "year", YearKind.ACADEMIC)},
}


def _term(enum: type[T], table: Mapping[str, Any], key: str, default: T | None) -> T:
    value = table.get(key, default)
    if isinstance(value, str) and value in set(enum):
        return enum(value)
    allowed = ", ".join(enum)
    raise _wrong(f"{key}: {value!r} не подходит, можно {allowed}", f"{key}: {value!r} is none of {allowed}")


def _whole(value: object, key: str, low: int, high: int) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
        return value
    raise _wrong(f"{key}: нужно целое от {low} до {high}", f"{key}: a whole number from {low} to {high} is needed")


def _date(value: object, key: str) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise _wrong(f"{key}: нужна дата вида 2026-09-30", f"{key}: a date like 2026-09-30 is needed")


def _day_of_year(value: Mapping[str, Any], where: str) -> DayOfYear:
    if set(value) != {"month", "day"}:
        raise _wrong(f"{where}: нужны month и day", f"{where}: month and day are needed")
    month = _whole(value["month"], "month", 1, 12)
    return DayOfYear(month, _whole(value["day"], "day", 1, calendar.monthrange(2024, month)[1]))


def _plain(value: date | DayOfYear | None) -> Any:
    return {"month": value.month, "day": value.day} if isinstance(value, DayOfYear) else value and value.isoformat()


def _wrong(ru: str, en: str) -> WrongFormat:
    return WrongFormat(Reason("wrong_rule", f"Правило срока не читается: {ru}", f"The rule of time is wrong: {en}"))
