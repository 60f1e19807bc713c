"""Values of cells. Each function reads one distinct value; columns are read by looking their cells up in a small table.

A region's column has tens of thousands of cells and a handful of distinct values, so a value is understood once
(`table`) and the column becomes an array in one pass (`lookup`).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from app.ingest.formats import Words

T = TypeVar("T")

# Codes of item cells that hold no points.
NOT_ATTEMPTED = -1
NOT_TAUGHT = -2
BLANK = -3
UNREADABLE = -4

MAX_ITEM_POINTS = 20
"""No item of any paper is worth more; a larger number is not points."""

NO_NUMBER = -1
BAD_NUMBER = -2

ABSENT = "absent"
_LONGEST_EXAM_CODE = 12
_LATIN_TO_CYRILLIC = str.maketrans("ABCEHKMOPTXYaceopxy", "АВСЕНКМОРТХУасеорху")
_INTEGER = re.compile(r"^\d{1,9}(?:[.,]0+)?$")
_QUOTES = re.compile("[\"'«»“”„`]")
_GRADE_LETTER = re.compile(r"^(\d{1,2})\s*[-–—]?\s*([А-Я]{1,2})$")
_NAME = re.compile(r"^[А-ЯЁ][а-яё]+(?:-[А-ЯЁ][а-яё]+)?\s+[А-ЯЁ][а-яё.]*")
_MUNICIPALITY_CODE = re.compile(r"\breg(\d{2,3})_(?:vpr_)?m(\d{1,4})\b", re.IGNORECASE)
_DATE_YEAR = re.compile(r"\b(?:\d{1,2}\.\d{1,2}\.(20\d\d)|(20\d\d)-\d{1,2}-\d{1,2})\b")


def text(value: object) -> str:
    """Cell as text: whole floats without ``.0``, single spaces, nothing around.

    Examples
    --------
    >>> text(50001.0), text(" X "), text(None)
    ('50001', 'X', '')
    """
    if isinstance(value, str):
        return " ".join(value.replace("\xa0", " ").split())
    if value is None:
        return ""
    if isinstance(value, bool):
        return "ИСТИНА" if value else "ЛОЖЬ"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    return str(value)


def table(column: Sequence[object], read: Callable[[str], T]) -> dict[object, T]:
    """What each distinct value of a column means."""
    return {value: read(text(value)) for value in set(column)}


def lookup(column: Sequence[object], meaning: dict[object, int], dtype: type = np.int16) -> NDArray:
    """Array of a column's meanings."""
    return np.fromiter(map(meaning.__getitem__, column), dtype=dtype, count=len(column))


def whole_number(value: str) -> int | None:
    """Integer of ``"7"``, ``"7.0"`` or ``"7,0"``; None for anything else, signs included."""
    return int(re.split("[.,]", value)[0]) if _INTEGER.match(value) else None


def item_points(words: Words) -> Callable[[str], int]:
    """Reader of an item cell: points, or one of the negative codes.

    X in either alphabet and «Не пройд.» in its spellings are the form's own words; whatever else is not a whole number
    of points (Latin H, «?», «*», «Ч», «-», -1, 1.5, dates) is `UNREADABLE`.
    """

    def read(value: str) -> int:
        if not value:
            return BLANK
        number = whole_number(value)
        if number is not None:
            return number if number <= 1000 else UNREADABLE
        lowered = value.lower()
        if lowered in words.not_attempted:
            return NOT_ATTEMPTED
        if lowered in words.not_taught:
            return NOT_TAUGHT
        return UNREADABLE

    return read


def total_points(value: str) -> int:
    """Total: points, `NO_NUMBER` for a blank, `BAD_NUMBER` for what is not a whole number."""
    if not value:
        return NO_NUMBER
    number = whole_number(value)
    return number if number is not None and number <= 1000 else BAD_NUMBER


def variant(words: Words) -> Callable[[str], str]:
    """Reader of a variant: its number as text, `ABSENT`, "" for a blank, "?" for what is not a variant."""

    def read(value: str) -> str:
        if not value:
            return ""
        number = whole_number(value)
        if number is not None:
            return str(number) if 1 <= number <= 9 else "?"
        return ABSENT if value.lower() in words.absent else "?"

    return read


def journal_mark(words: Words) -> Callable[[str], int]:
    """Reader of a journal mark: 2–5, `NO_NUMBER` where there is none, `BAD_NUMBER` for anything else."""

    def read(value: str) -> int:
        if not value or value.lower() in words.no_mark:
            return NO_NUMBER
        number = whole_number(value)
        return number if number in (2, 3, 4, 5) else BAD_NUMBER

    return read


def class_name(words: Words) -> Callable[[str], str | None]:
    """Reader of a class: upper case, Cyrillic letters, no quotes or spaces inside «4 А»; None for «нет» and the like.

    A pupil's class is free text in the forms (а, А, 4А, "А", names of villages for branches): it is cleaned, not
    corrected.
    """

    def read(value: str) -> str | None:
        value = _QUOTES.sub("", value).strip()
        if value.lower() in words.no_class:
            return None
        value = value.translate(_LATIN_TO_CYRILLIC).upper()
        found = _GRADE_LETTER.match(value)
        return (found[1] + found[2] if found else value)[:40] or None

    return read


def school_login(words: Words) -> Callable[[str], str | None]:
    """Reader of a login, None where it is malformed.

    The key of a school is its digits, the same under sch and edu; logins of a numbering of their own (ksh) keep the
    prefix.
    """

    def read(value: str) -> str | None:
        found = words.login.match(value)
        return (found["own"] or "").lower() + found["digits"] if found else None

    return read


def exam_code(value: str) -> str | None:
    """Code of a school in ОГЭ or ЕГЭ: digits without leading zeros, which a workbook drops; None for anything else.

    Examples
    --------
    >>> exam_code("0131"), exam_code("131"), exam_code("нет")
    ('131', '131', None)
    """
    number = str(whole_number(value) or "") if len(value) <= _LONGEST_EXAM_CODE else ""
    return number or None


def participant(value: str) -> str | None:
    """Participant's code: digits only, or None (blank or malformed)."""
    number = whole_number(value)
    return value if value.isdecimal() and value.isascii() else (str(number) if number is not None else None)


def is_person(value: str) -> bool:
    """Whether a code is a person's name («Иванов Иван»): such a file must not be taken."""
    return bool(_NAME.match(value))


def municipality(value: str) -> tuple[str | None, str | None]:
    """Code and name of a municipality.

    Examples
    --------
    >>> municipality("reg99_m037 | Район 37")
    ('reg99_m037', 'Район 37')
    >>> municipality("Поспелихинский район(reg22_m012)")
    ('reg22_m012', 'Поспелихинский район')
    >>> municipality("VPR_99,reg99_vpr_m054,vpr2020.ma4")
    ('reg99_m054', None)
    """
    found = _MUNICIPALITY_CODE.search(value)
    code = f"reg{found[1]}_m{int(found[2]):03d}" if found else None
    if found and "," in value:
        return code, None
    name = (value[: found.start()] + value[found.end() :] if found else value).strip(" |()")
    return code, name[:200] or None


def school_title(value: str) -> str | None:
    """Name of a school from ``edu990047 | МБОУ «СОШ №47»`` or plain text."""
    name = value.split("|", 1)[1].strip() if "|" in value else value
    return name[:500] or None


def year_of(value: str) -> int | None:
    """Year of a date such as ``17.03.2022 05:33:20`` or ``2022-03-17``."""
    found = _DATE_YEAR.search(value)
    return int(found[1] or found[2]) if found else None
