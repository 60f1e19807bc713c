"""Russian typography: what a careful typesetter does with spaces, dashes, dates and quotation marks."""

from __future__ import annotations

import re
import unicodedata
from datetime import date

NBSP = "\u00a0"
# In the genitive, as «14 октября» wants.
MONTHS = (
    "января",
    "февраля",
    "марта",
    "апреля",
    "мая",
    "июня",
    "июля",
    "августа",
    "сентября",
    "октября",
    "ноября",
    "декабря",
)

# Words too short to end a line: they belong to the word after them.
_SHORT = "а|в|во|да|до|за|и|из|к|ко|на|не|ни|но|о|об|от|по|с|со|у"
_UNITS = r"г\.|гг\.|%|₽|балл\w*|дн\w*|класс\w*|работ\w*|участник\w*|школ\w*|признак\w*|месяц\w*|стр\.|п\. п\."
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"№\s*(?=[\w\d])"), "№" + NBSP),
    (re.compile(r"(?<![\w.,-])-(?=\d)"), "\u2212"),
    (re.compile(r" [-\u2013\u2014] "), NBSP + "\u2014 "),
    (re.compile(r"(?<=\d) (?=\d{3}(?!\d))"), NBSP),
    (re.compile(rf"(?<=\d) (?=(?:{_UNITS}))"), NBSP),
    (re.compile(r"(?<=\d)%"), NBSP + "%"),
    (re.compile(r" ?([<>=≤≥]) (?=[\d\u2212])"), NBSP + r"\1" + NBSP),
    (re.compile(r"(?<![А-ЯЁ\w])([А-ЯЁ]\.) ?(?=[А-ЯЁ])"), r"\1" + NBSP),
    (re.compile(r"(?<=[а-яё]) (?=[А-ЯЁ]\.(?:[ \u00a0]|$))"), NBSP),
    (re.compile(rf"(?i)(?<![\w\u00a0])({_SHORT}) (?=\S)"), r"\1" + NBSP),
)


def clean(text: str) -> str:
    """Text without control and invisible characters (they would break the page or disguise a name)."""
    kept = (" " if unicodedata.category(c) == "Cc" else c for c in unicodedata.normalize("NFC", text))
    return "".join(c for c in kept if unicodedata.category(c) not in {"Cf", "Cs", "Co"})


def typeset(text: str) -> str:
    """Set non-breaking spaces, dashes and minus signs as Russian typography wants.

    Examples
    --------
    >>> typeset("приказ № 118 от 14 октября 2026 г.").replace(NBSP, "~")
    'приказ №~118 от~14 октября 2026~г.'
    >>> typeset("сдвиг -0,2 - в 5 классе").replace(NBSP, "~")
    'сдвиг −0,2~— в~5~классе'
    """
    text = re.sub(r"[ \t\r\n\f\v]+", " ", text)
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text


def russian_date(day: date) -> str:
    """Date in words, never broken after the day.

    Examples
    --------
    >>> russian_date(date(2026, 10, 14)).replace(NBSP, " ")
    '14 октября 2026 г.'
    """
    return f"{day.day}{NBSP}{MONTHS[day.month - 1]} {day.year}{NBSP}г."


def quotes(text: str) -> str:
    """Straight double quotes as «ёлочки», inner pairs as „лапки“; unpaired ones stay as they are.

    Examples
    --------
    >>> quotes('МБОУ "СОШ № 4"')
    'МБОУ «СОШ № 4»'
    """
    if text.count('"') % 2:
        return text
    depth = 0
    out: list[str] = []
    for i, char in enumerate(text):
        if char != '"':
            out.append(char)
            continue
        opens = i == 0 or not (text[i - 1].isalnum() or text[i - 1] in '.!?…»)"')
        if opens or depth == 0:
            depth += 1
            out.append("«" if depth == 1 else "„")
        else:
            out.append("»" if depth == 1 else "“")
            depth -= 1
    return "".join(out)


def plural(n: int, one: str, few: str, many: str) -> str:
    """The form of a noun after a whole number: 1 признак, 2 признака, 5 признаков."""
    if n % 10 == 1 and n % 100 != 11:
        return one
    if n % 10 in (2, 3, 4) and n % 100 not in (12, 13, 14):
        return few
    return many
