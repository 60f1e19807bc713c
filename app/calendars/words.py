"""A rule of time told in words, in Russian and in English."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

from app.terms import DayDirection, DayUnit, EventKind, RuleKind, YearKind

if TYPE_CHECKING:
    from app.calendars.rules import DayOfYear, Rule

GENITIVE = (
    "января февраля марта апреля мая июня июля августа сентября октября ноября декабря".split()  # noqa: SIM905
)
NOMINATIVE = (
    "январь февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь".split()  # noqa: SIM905
)
ENGLISH = (
    "January February March April May June July August September October November December".split()  # noqa: SIM905
)
# The event after «после» (genitive) and in English.
AFTER_WHAT = {
    EventKind.SITTING: ("проведения работы", "the sitting"),
    EventKind.UPLOAD: ("загрузки результатов", "the upload of results"),
    EventKind.PUBLICATION: ("публикации списка", "the publication of the list"),
    EventKind.CASE_MOVE: ("хода дела", "the move of the case"),
    EventKind.ACADEMIC_YEAR_END: ("конца учебного года", "the end of the academic year"),
    EventKind.WORKS_KEPT: ("конца срока хранения работ", "the end of keeping the works"),
}


def counted_days(count: int, unit: DayUnit, locale: str) -> str:
    """«1 рабочий день», «3 рабочих дня», «10 рабочих дней»; calendar days say so too."""
    if locale == "en":
        return f"{count} {unit} day{'' if count == 1 else 's'}"
    one = count % 10 == 1 and count % 100 != 11
    few = count % 10 in {2, 3, 4} and count % 100 not in {12, 13, 14}
    stem = "рабоч" if unit is DayUnit.WORKING else "календарн"
    one_end, many_end = ("ий", "их") if unit is DayUnit.WORKING else ("ый", "ых")
    if one:
        return f"{count} {stem}{one_end} день"
    return f"{count} {stem}{many_end} {'дня' if few else 'дней'}"


def counted_days_genitive(count: int, unit: DayUnit) -> str:
    """After «в течение»: «1 рабочего дня», «3 рабочих дней»."""
    stem = "рабоч" if unit is DayUnit.WORKING else "календарн"
    one_end, many_end = ("его", "их") if unit is DayUnit.WORKING else ("ого", "ых")
    if count % 10 == 1 and count % 100 != 11:
        return f"{count} {stem}{one_end} дня"
    return f"{count} {stem}{many_end} дней"


def day_words(day: date | DayOfYear | None, locale: str) -> str:
    """«30 сентября» or, for a day of one year, «30 сентября 2026 г.»."""
    if day is None:
        return ""
    if locale == "en":
        return f"{day.day} {ENGLISH[day.month - 1]}" + (f" {day.year}" if isinstance(day, date) else "")
    return f"{day.day} {GENITIVE[day.month - 1]}" + (f" {day.year} г." if isinstance(day, date) else "")


def said(rule: Rule, locale: str) -> str:
    return SAID[rule.kind](rule, "en" if locale == "en" else "ru")


def _date(rule: Rule, locale: str) -> str:
    return f"{'by' if locale == 'en' else 'до'} {day_words(rule.on or rule.day_of_year, locale)}"


def _window(rule: Rule, locale: str) -> str:
    start, end = day_words(rule.start, locale), day_words(rule.end, locale)
    assert rule.start is not None
    assert rule.end is not None
    if start.split()[1:] == end.split()[1:]:  # «с 1 по 15 октября»
        start = str(rule.start.day)
    return f"from {start} to {end}" if locale == "en" else f"с {start} по {end}"


def _event(rule: Rule, locale: str) -> str:
    assert rule.event is not None
    said = AFTER_WHAT[rule.event][locale == "en"]
    if rule.detail:
        said += f" “{rule.detail}”" if locale == "en" else f" «{rule.detail}»"
    paper = [rule.subject] if rule.subject else []
    if rule.grade is not None:
        paper.append(f"grade {rule.grade}" if locale == "en" else f"{rule.grade} класс")
    return said + (f" ({', '.join(paper)})" if paper else "")


def _offset(rule: Rule, locale: str) -> str:
    event, after = _event(rule, locale), rule.direction is DayDirection.AFTER
    if rule.days == 0:
        return f"on the day of {event}" if locale == "en" else f"в день {event}"
    if locale == "en":
        counted = counted_days(rule.days, rule.unit, locale)
        return f"within {counted} after {event}" if after else f"{counted} before {event}"
    if after:
        return f"в течение {counted_days_genitive(rule.days, rule.unit)} после {event}"
    return f"за {counted_days(rule.days, rule.unit, locale)} до {event}"


def _monthly(rule: Rule, locale: str) -> str:
    return f"monthly by day {rule.day}" if locale == "en" else f"ежемесячно до {rule.day} числа"


def _quarterly(rule: Rule, locale: str) -> str:
    if rule.day is None:
        return "quarterly" if locale == "en" else "ежеквартально"
    last = f"by day {rule.day} of its last month" if locale == "en" else f"до {rule.day} числа последнего месяца"
    return f"quarterly, {last}" if locale == "en" else f"ежеквартально, {last}"


def _months(rule: Rule, locale: str) -> str:
    names = ENGLISH if locale == "en" else NOMINATIVE
    listed = ", ".join(names[month - 1] for month in rule.months)
    if rule.day is None:
        return listed
    return f"{listed}, by day {rule.day}" if locale == "en" else f"{listed}, до {rule.day} числа"


def _constantly(rule: Rule, locale: str) -> str:
    return "constantly" if locale == "en" else "постоянно"


def _year_end(rule: Rule, locale: str) -> str:
    if rule.year is YearKind.ACADEMIC:
        return "by the end of the academic year" if locale == "en" else "до конца учебного года"
    return "by the end of the year" if locale == "en" else "до конца года"


SAID: dict[RuleKind, Callable[[Rule, str], str]] = {
    RuleKind.DATE: _date,
    RuleKind.WINDOW: _window,
    RuleKind.OFFSET: _offset,
    RuleKind.MONTHLY: _monthly,
    RuleKind.QUARTERLY: _quarterly,
    RuleKind.MONTHS: _months,
    RuleKind.CONSTANTLY: _constantly,
    RuleKind.YEAR_END: _year_end,
}
