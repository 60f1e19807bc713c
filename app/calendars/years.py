"""The production calendar, a data file a year: ``app/data/calendar/2019.toml`` and on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from app import datafiles
from app.errors import Misconfigured

ONE_DAY = timedelta(days=1)

# Article 112 of the Labour Code: a holiday on a weekend moves the day off; those of January are moved by decree.
LAWFUL = {(1, n) for n in range(1, 9)} | {(2, 23), (3, 8), (5, 1), (5, 9), (6, 12), (11, 4)}


@dataclass(frozen=True)
class CalendarYear:
    """One year of the production calendar of the five-day week.

    Attributes
    ----------
    is_decreed : bool
        False while the transfers of the year are expected and not yet decreed.
    holidays : mapping of date to (str, str)
        Non-working holidays with their Russian and English names.
    transferred : mapping of date to date
        The weekday that became a day off, and the day it was taken from.
    declared : mapping of date to str
        Days declared non-working by the President. They are no days off of the Labour Code: the norm keeps them.
    """

    year: int
    is_decreed: bool
    source: str
    holidays: Mapping[date, tuple[str, str]] = field(default_factory=dict)
    transferred: Mapping[date, date] = field(default_factory=dict)
    working: frozenset[date] = frozenset()
    shortened: frozenset[date] = frozenset()
    declared: Mapping[date, str] = field(default_factory=dict)

    def is_day_off(self, day: date) -> bool:
        return day in self.holidays or day in self.transferred or (day.weekday() >= 5 and day not in self.working)

    def days(self) -> list[date]:
        first = date(self.year, 1, 1)
        return [first + timedelta(days=n) for n in range((date(self.year + 1, 1, 1) - first).days)]


def by_law_alone(year: int) -> CalendarYear:
    """A year without a data file: holidays of the law, and days off that the law itself moves; no decree."""
    named = {date(year, *day): ("нерабочий праздничный день", "public holiday") for day in LAWFUL}
    moved: dict[date, date] = {}
    for holiday in sorted(named):
        if holiday.month == 1 or holiday.weekday() < 5:
            continue
        day = holiday
        while day in named or day in moved or day.weekday() >= 5:
            day += ONE_DAY
        moved[day] = holiday
    return CalendarYear(year, False, "ст. 112 Трудового кодекса РФ, без переносов Правительства", named, moved)


def read_year(path: Path) -> CalendarYear:
    """Read one year's file and check it against itself: its norm, its transfers, its days.

    Raises
    ------
    Misconfigured
        A key is missing or unknown, a day is of another year, or the count of working days is not the stated norm.
    """
    keys = {"year", "is_decreed", "working_days", "working", "shortened"}
    file = datafiles.load(path, keys=keys | {"holiday", "transferred", "declared_non_working"})
    body, where = file.body, path.name
    holidays: dict[date, tuple[str, str]] = {}
    for row in body["holiday"]:
        datafiles.require_keys(row, {"name", "name_en", "days"}, where=f"{where} [[holiday]]")
        holidays |= dict.fromkeys(row["days"], (row["name"], row["name_en"]))
    transferred: dict[date, date] = {}
    for row in body["transferred"]:
        datafiles.require_keys(row, {"from", "to", "by"}, where=f"{where} [[transferred]]")
        if row["by"] not in {"law", "decree"}:
            raise Misconfigured(f"{where} [[transferred]]: by — law или decree, а не {row['by']!r}")
        transferred[row["to"]] = row["from"]
    year = CalendarYear(
        body["year"],
        body["is_decreed"],
        file.source,
        holidays,
        transferred,
        frozenset(body["working"]),
        frozenset(body["shortened"]),
        _declared(body["declared_non_working"], where),
    )
    _check(year, body["working_days"], where)
    return year


def _declared(rows: list[dict[str, Any]], where: str) -> dict[date, str]:
    declared: dict[date, str] = {}
    for row in rows:
        datafiles.require_keys(row, {"from", "to", "source"}, where=f"{where} [[declared_non_working]]")
        day = row["from"]
        while day <= row["to"]:
            declared[day] = row["source"]
            day += ONE_DAY
    return declared


def _check(year: CalendarYear, norm: int, where: str) -> None:
    days = [*year.holidays, *year.transferred, *year.transferred.values(), *year.working, *year.shortened]
    strange = sorted(day for day in [*days, *year.declared] if day.year != year.year)
    if strange:
        raise Misconfigured(f"{where}: день {strange[0]} не из {year.year} года")
    untaken = sorted(day for day in year.working if day not in year.transferred.values())
    if untaken:
        raise Misconfigured(f"{where}: рабочий выходной {untaken[0]} никуда не перенесён ([[transferred]] from)")
    off = sorted(day for day in year.shortened if year.is_day_off(day))
    if off:
        raise Misconfigured(f"{where}: сокращённый день {off[0]} не рабочий")
    counted = sum(not year.is_day_off(day) for day in year.days())
    if counted != norm:
        raise Misconfigured(f"{where}: рабочих дней {counted}, а норма года {norm}")


@cache
def load_years(folder: Path = datafiles.DATA_DIR / "calendar") -> dict[int, CalendarYear]:
    """Read every year's file of a folder, by year."""
    years = [read_year(path) for path in sorted(folder.glob("*.toml"))]
    return {year.year: year for year in years}
