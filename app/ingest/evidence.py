"""Gathers what a file of works says about its paper (`app.ingest.papers` weighs it)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from app.ingest import report_head
from app.ingest.cells import participant, text, year_of
from app.ingest.columns import Column, Data
from app.ingest.formats import Formats
from app.ingest.papers import Evidence, coded_paper, declared_paper, textbook_subject
from app.ingest.recognise import Match

T = TypeVar("T")


def gather_evidence(data: Data, side: Sequence[Match], formats: Formats) -> Evidence:
    """Count what is said about the paper in the columns of the works and on «Классы»."""
    words = formats.words
    layout = data.matches[0].layout
    books = [column.cells for name in ("textbook",) if (column := data.fields.get(name))]
    books += [column.cells for column in data.extras]
    books += [_column_of(match, "textbook") for match in side]
    maxima = [column.groups.get("max") for column in data.items]
    dates = [data.fields["uploaded"].cells] if "uploaded" in data else [_column_of(match, "uploaded") for match in side]
    groups = data.fields.get("groups")
    declared = _count([groups.cells] if groups else [], lambda value: declared_paper(value, words))
    # A ready report names its paper above the table, once for all rows of the sheet.
    for number, match in enumerate(data.matches):
        if match.layout.titles and (paper := report_head.declared_paper(match, words)) is not None:
            declared[paper] += int((data.sheet_of == number).sum())
    return Evidence(
        layout_year=layout.year,
        pupil_ahead=layout.pupil_ahead,
        n_items=len(data.items),
        header_max=tuple(int(m) for m in maxima if m) if maxima and all(maxima) else None,
        declared=declared,
        coded=_count(books, lambda value: coded_paper(value, words)),
        years=_count(dates, year_of),
        pupil_grades=_count([_codes(data.fields["participant"])], _first_digit),
        subjects=_count(books, lambda value: textbook_subject(value, words)),
    )


def _count(columns: Iterable[Sequence[object]], read: Callable[[str], T | None]) -> Counter[T]:
    counts: Counter[T] = Counter()
    for cells in columns:
        for value, times in Counter(cells).items():
            meaning = read(text(value))
            if meaning is not None:
                counts[meaning] += times
    return counts


def _column_of(match: Match, field: str) -> list[object]:
    found = match.one(field)
    return [row[found.index] for row in match.sheet.rows[match.header_index + 1 :]] if found else []


def _codes(column: Column) -> Sequence[object]:
    return column.cells


def _first_digit(value: str) -> int | None:
    code = participant(value)
    return int(code[0]) if code and len(code) == 5 and code[0] != "0" else None
