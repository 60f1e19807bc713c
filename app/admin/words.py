"""Numbers, days and titles as a reader expects them; the filters every template uses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from flask import Flask
from flask_babel import format_date, get_locale
from flask_babel import gettext as _
from sqlalchemy.orm import object_session

from app import auth
from app.days import day_of, local
from app.models import Case, School
from app.statistics.cases import calendar_days
from app.terms import Procedure, Subject, Term
from app.workflows.definitions import state_named

NBSP = "\u00a0"
MINUS = "\u2212"


def locale() -> str:
    return "en" if str(get_locale() or "ru").startswith("en") else "ru"


def title(value: Any) -> str:
    """Title of a vocabulary member, or of anything that has one in both languages."""
    if value is None:
        return "—"
    if isinstance(value, Term):
        return value.title(locale())
    method = getattr(value, "title", None)
    return str(method(locale())) if callable(method) and not isinstance(value, str) else str(value)


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def subject_title(code: str | None) -> str:
    try:
        return title(Subject(code)) if code else "—"
    except ValueError:
        return str(code)


def paper(subject: str | None, grade: int | None, year: int | None = None) -> str:
    """A paper by name: «математика, 5 класс, 2021»."""
    if not subject and not grade:
        if subject == "" and year:
            return _("все работы, %(year)s", year=year)
        return str(year) if year else "—"
    parts = [subject_title(subject)]
    if grade is not None:
        parts.append(_("%(grade)d класс", grade=grade).replace(" ", NBSP))
    if year is not None:
        parts.append(str(year))
    return ", ".join(parts)


def procedure(works: Mapping[str, Any]) -> str:
    """Works of a procedure by name: «РДР, математика, 5 класс, 2021»."""
    return f"{title(Procedure(works['procedure']))}, {paper(works['subject'], works['grade'], works['year'])}"


def number(value: float | int | None, digits: int | None = None, *, is_signed: bool = False) -> str:
    """A number with non-breaking thousands, the language's decimal mark and a real minus."""
    if value is None:
        return "—"
    if digits is None:
        digits = 0 if isinstance(value, int) or float(value).is_integer() else (1 if abs(value) >= 10 else 2)
    text = f"{abs(value):,.{digits}f}"
    text = text.replace(",", NBSP).replace(".", "," if locale() == "ru" else ".")
    if value < 0 and float(f"{value:.{digits}f}") != 0:
        return MINUS + text
    return "+" + text if is_signed and value > 0 else text


def percent(value: float | None, digits: int = 0) -> str:
    return "—" if value is None else number(100 * value, digits) + NBSP + "%"


def p_value(value: float | None) -> str:
    """A p- or q-value with its sign: «= 0,013» or «< 0,0001»."""
    if value is None:
        return "—"
    if value < 0.0001:
        return "<" + NBSP + number(0.0001, 4)
    return "=" + NBSP + number(value, 4 if value < 0.01 else 3)


def effect(value: float | None, unit: str | None, *, is_signed: bool = True) -> str:
    """An effect in its unit: works, points, shares as per cent, ratios and correlations as they are."""
    if value is None:
        return "—"
    if unit == "share":
        return ("+" if is_signed and value > 0 else "") + percent(value, 1)
    text = number(value, {"works": 0, "pupils": 0, "points": 2, "rho": 2}.get(unit or ""), is_signed=is_signed)
    if unit == "times":
        word = plural(abs(round(value)), ("раз", "раза", "раз"), ("time", "times")).rpartition(NBSP)[2]
        return number(value, 1, is_signed=is_signed) + NBSP + word
    if unit == "works":
        word = plural(abs(round(value)), ("работа", "работы", "работ"), ("work", "works")).rpartition(NBSP)[2]
        return text + NBSP + word
    if unit == "pupils":
        return (
            text
            + NBSP
            + plural(abs(round(value)), ("ученик", "ученика", "учеников"), ("pupil", "pupils")).rpartition(NBSP)[2]
        )
    return text + NBSP + _("балла") if unit == "points" else text


def interval(low: float | None, high: float | None, unit: str | None) -> str:
    """An interval of an effect, without its unit: «43–60», «−0,2…0,4»."""
    if low is None or high is None:
        return ""
    digits = {"works": 0, "points": 2, "rho": 2, "share": 1, "times": 1}.get(unit or "")
    ends = [number(100 * end if unit == "share" else end, digits) for end in (low, high)]
    mark = "…" if low < 0 or high < 0 else "–"
    return ends[0] + mark + ends[1] + (NBSP + "%" if unit == "share" else "")


def short_name(name: str | None) -> str:
    """«Климова И. А.» of «Климова Ирина Андреевна»; anything else stays as it is."""
    parts = (name or "").split()
    if len(parts) != 3:
        return name or "—"
    return f"{parts[0]}{NBSP}{parts[1][0]}.{NBSP}{parts[2][0]}."


def day(value: date | datetime | str | None, style: str = "long") -> str:
    """A day in words: «14 октября 2021 года», “14 October 2021”; "short" gives «14.10.2021», “14 Oct 2021”."""
    if value is None:
        return "—"
    if isinstance(value, str):
        value = date.fromisoformat(value)
    if isinstance(value, datetime):
        value = day_of(value)
    if locale() == "en":
        return format_date(value, "d MMM y" if style == "short" else "d MMMM y").replace(" ", NBSP)
    if style == "short":
        return f"{value:%d.%m.%Y}"
    # «года», for the abbreviation's full stop would stand beside a sentence's.
    return format_date(value, "d MMMM y 'года'" if style == "long" else style).replace(" ", NBSP)


def moment(value: datetime | None) -> str:
    """A moment in the region's time zone: «14.10.2021 15:40», “14 Oct 2021 15:40”."""
    return "—" if value is None else f"{day(value, 'short')}{NBSP}{local(value):%H:%M}"


def today() -> date:
    """The day it is in the region."""
    return day_of(auth.now())


def stage(case: Case, code: str | None = None) -> str:
    """Title of a stage of the case's own workflow: the one it stands in, or the one called `code`."""
    session = object_session(case)
    assert session is not None
    return title(state_named(session, case.workflow, case.workflow_version, code or case.state))


def days_between(start: datetime, end: datetime | None = None) -> int:
    """Calendar days from the one moment to the other (now, when there is none), in the region's time zone."""
    return calendar_days(start, end or auth.now())


def days(count: int) -> str:
    """A number of days with its word."""
    return plural(count, ("день", "дня", "дней"), ("day", "days"))


def working_days(count: int) -> str:
    """A number of working days with its words."""
    return plural(count, ("рабочий день", "рабочих дня", "рабочих дней"), ("working day", "working days"))


def month(number: int) -> str:
    return format_date(date(2026, number, 1), "LLLL")


def middle(value: float | None) -> str:
    """A median of whole days: «55», «7,5»."""
    return "—" if value is None else number(value, 0 if float(value).is_integer() else 1)


def plural(count: int, ru: tuple[str, str, str], en: tuple[str, str]) -> str:
    """`count` with the right form of a word: (1 дело, 2 дела, 5 дел)."""
    if locale() == "en":
        word = en[0] if count == 1 else en[1]
    else:
        tail, tens = count % 10, count % 100
        word = ru[0] if tail == 1 and tens != 11 else ru[1] if tail in (2, 3, 4) and tens not in (12, 13, 14) else ru[2]
    return number(count) + NBSP + word


def sentence(text: str) -> str:
    """What a person typed, closed with a full stop so that the next sentence does not run into it."""
    said = text.strip()
    return said if not said or said.rstrip('»")')[-1:] in tuple(".!?…") else said + "."


def size(value: int) -> str:
    if value < 1024 * 1024:
        return number(max(1, round(value / 1024))) + NBSP + _("КБ")
    return number(value / 1024 / 1024, 1) + NBSP + _("МБ")


def school_name(school: School | None) -> str:
    return _("регион в целом") if school is None else school.name


FILTERS = {
    "term": title,
    "stage": stage,
    "capital": capital,
    "subject": subject_title,
    "number": number,
    "percent": percent,
    "pvalue": p_value,
    "effect": effect,
    "day": day,
    "moment": moment,
    "days": days,
    "working_days": working_days,
    "median": middle,
    "sentence": sentence,
    "size": size,
}


def install_words(app: Flask) -> None:
    app.jinja_env.filters.update(FILTERS)
    app.jinja_env.globals.update(
        paper=paper, scale_title=procedure, days_between=days_between, school_name=school_name, plural=plural
    )
