"""The head of a ready report: which paper it is about and its largest score, from the cells above the table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from app.ingest import cells
from app.ingest.formats import Words, plain
from app.ingest.reading import Paper
from app.ingest.recognise import Match
from app.ingest.refusals import refuse

_PROCEDURE = re.compile(
    r"\bвпр\b[^\d]*(?P<year>20\d\d)\D*?\s(?P<subject>[а-я][а-я (),-]*?)\.?,?\s+(?P<grade>\d{1,2})\s*класс"
)
_PLACE = re.compile(r"\b(?P<kind>edu|sch|ksh|reg)(?P<rest>[\d_a-z]+)\)?\s*$", re.IGNORECASE)


def subject_of(title: str, words: Words) -> str | None:
    """Code of a subject from its title or abbreviation, in any case.

    Examples
    --------
    >>> from app.ingest.formats import load_formats
    >>> subject_of("Русский язык", load_formats().words), subject_of("МА", load_formats().words)
    ('ru', 'ma')
    """
    key = plain(title)
    return words.subject_titles.get(key) or (key if key in words.subject_codes.values() else None)


def declared_paper(match: Match, words: Words) -> Paper | None:
    """Paper named above the table («ВПР 2026 Русский язык 4 класс»), or None."""
    for row in match.sheet.rows[: match.header_index]:
        for cell in row[:2]:
            found = _PROCEDURE.search(plain(cell)) if isinstance(cell, str) else None
            subject = subject_of(found["subject"], words) if found else None
            if found and subject:
                return Paper(int(found["year"]), subject, int(found["grade"]))
    return None


def largest_score(match: Match) -> int | None:
    """«Максимальный первичный балл» above the table, or None."""
    for row in match.sheet.rows[: match.header_index]:
        if len(row) > 1 and isinstance(row[0], str) and plain(row[0]).startswith("максимальный первичный балл"):
            return cells.whole_number(cells.text(row[1]))
    return None


def settle_report(matches: Sequence[Match], words: Words, given: Paper | None) -> Paper:
    """The one paper of a report.

    Raises
    ------
    WrongFormat
        No paper is named and none given, sheets name several, or the given one is another.
    """
    named = {paper for match in matches if (paper := declared_paper(match, words)) is not None}
    if len(named) > 1:
        raise refuse("mixed_papers", what="; ".join(sorted(paper.title() for paper in named)))
    if not named:
        if given is None:
            raise refuse("report_no_paper")
        return given
    paper = named.pop()
    if given is not None and given != paper:
        raise refuse("paper_contradicts", given=given.title(), what=f"в отчёте названа работа «{paper.title()}»")
    return paper


def place(text: str, words: Words) -> tuple[str, str | None, str | None]:
    """Level, code and name of a row: ``all``, ``region``, ``municipality`` or ``school``.

    Parameters
    ----------
    text : str
        «Вся выборка», «Регион», «Город(reg99_m012)», «МБОУ «СОШ № 1»(edu990131)».

    Returns
    -------
    level, code, name
        The code of a school is its key, None where the login is malformed.
    """
    if plain(text) in ("вся выборка", "рф", "российская федерация"):
        return "all", None, text
    found = _PLACE.search(text)
    if found is None:
        return "region", None, text
    name = text[: found.start()].strip(" (|") or None
    if found["kind"].lower() == "reg":
        code, _ = cells.municipality(found[0].strip("() "))
        return ("municipality", code, name) if code else ("region", None, name)
    return "school", cells.school_login(words)(found[0].strip("() ")), name


_SECTION = re.compile(r"\((?:edu|sch|ksh)\d{6,8}\)", re.IGNORECASE)


def without_section_lines(match: Match) -> Match:
    """The same sheet with the lines «Школа(edu990131) | Кол-во участников: 89» between the works made blank."""
    login, code = match.one("login"), match.one("participant")
    if not match.layout.titles or login is None or code is None:
        return match
    rows: list[list[object]] = [
        [""] * len(row)
        if at > match.header_index and not cells.text(row[code.index]) and _SECTION.search(cells.text(row[login.index]))
        else row
        for at, row in enumerate(match.sheet.rows)
    ]
    return replace(match, sheet=replace(match.sheet, rows=rows))
