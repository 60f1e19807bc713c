"""Which layout a sheet has, told from its headers and never from a file's name."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from app.ingest.formats import REPEATED, Formats, Layout, plain
from app.ingest.refusals import refuse
from app.ingest.sheets import Sheet

HEADER_ROWS = 20
_HEADER_CHARS = 200


@dataclass(frozen=True)
class Found:
    """A column of a sheet that a layout knows: its place, its field, its header as written, and the pattern's
    groups.
    """

    index: int
    field: str
    header: str
    groups: dict[str, str] = dataclasses.field(default_factory=dict)


@dataclass
class Match:
    """A sheet with its layout: the header is ``sheet.rows[header_index]``."""

    sheet: Sheet
    layout: Layout
    header_index: int
    columns: list[Found]

    def all(self, name: str) -> list[Found]:
        return [c for c in self.columns if c.field == name]

    def one(self, name: str) -> Found | None:
        return next((c for c in self.columns if c.field == name), None)

    def headers(self) -> list[str]:
        return [_text(h) for h in self.sheet.rows[self.header_index]]

    def unnamed(self) -> list[int]:
        """Places of the columns without a header."""
        return [i for i, h in enumerate(self.headers()) if not h]


def _text(cell: object) -> str:
    # Headers of reports are numbers: 2, 3.1.
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return " ".join(str(cell).replace("\xa0", " ").split())


def match_sheet(sheet: Sheet, formats: Formats) -> Match | None:
    """Best layout of a sheet, or None.

    A layout fits a row when all its required fields are there; among those that fit, the one that knows most columns
    wins.
    """
    best: Match | None = None
    best_rank: tuple[int, int] = (0, 0)
    title = report_title(sheet, formats)
    for index, row in enumerate(sheet.rows[:HEADER_ROWS]):
        headers = [plain(cell)[:_HEADER_CHARS] if isinstance(cell, str) else "" for cell in row]
        named = sum(bool(h) for h in headers)
        if not named:
            continue
        numbered = [
            h or (_text(cell) if type(cell) in (int, float) else "") for h, cell in zip(headers, row, strict=True)
        ]
        for layout in formats.layouts:
            if (layout.titles and title not in layout.titles) or (named < 3 and layout.kind != "report"):
                continue
            columns = _columns(layout, numbered if layout.kind == "report" else headers, row)
            if columns is not None and (len(columns), layout.supported) > best_rank:
                best, best_rank = Match(sheet, layout, index, columns), (len(columns), layout.supported)
    return best


def report_title(sheet: Sheet, formats: Formats) -> str | None:
    """Title of a ready report in the first rows of column A: the longest one that a layout knows."""
    known = sorted({t for layout in formats.layouts for t in layout.titles}, key=len, reverse=True)
    firsts = [plain(row[0]) for row in sheet.rows[:5] if row and isinstance(row[0], str)]
    return next(
        (title for title in known for first in firsts if title in first and len(first) < 2 * len(title) + 40), None
    )


def _columns(layout: Layout, headers: Sequence[str], row: Sequence[object]) -> list[Found] | None:
    found: list[Found] = []
    taken: set[str] = set()
    for index, header in enumerate(headers):
        if not header:
            continue
        for column in layout.columns:
            groups = column.match(header)
            if groups is None or (column.field in taken and column.field not in REPEATED):
                continue
            found.append(Found(index, column.field, _text(row[index]), groups))
            taken.add(column.field)
            break
    missing = any(c.required and c.field not in taken for c in layout.columns)
    return None if missing else found


@dataclass
class Recognised:
    """What a file turned out to be: the matches of its main kind, its side sheets, and the sheets nobody reads."""

    main: list[Match]
    side: list[Match]
    ignored: list[Sheet]

    @property
    def kind(self) -> str:
        return self.main[0].layout.kind


def recognise(sheets: Sequence[Sheet], formats: Formats) -> Recognised:
    """Sort the sheets of a file.

    Raises
    ------
    WrongFormat
        Nothing known is found, the kind is known but not supported, kinds are mixed, or a file of works names people.
    """
    matches = [match for sheet in sheets if (match := match_sheet(sheet, formats))]
    matched = {id(match.sheet) for match in matches}
    ignored = [
        sheet for sheet in sheets if id(sheet) not in matched and any(any(map(_text, row)) for row in sheet.rows[:50])
    ]
    main = [m for m in matches if m.layout.supported and m.layout.kind != "side"]
    if any(m.layout.kind == "context" for m in main):
        main = [m for m in main if m.layout.kind == "context"] + [m for m in main if m.layout.kind == "works"]
    else:
        _refuse_personal(matches, ignored, formats)
    if not main:
        _refuse_report(sheets, formats)
        for match in matches:
            if not match.layout.supported:
                raise refuse("layout_not_supported", refusal=match.layout.refusal, layout=match.layout.id)
        raise refuse("unknown_layout")
    ids = sorted({m.layout.id for m in main})
    if len(ids) > 1:
        raise refuse("mixed_layouts", what=", ".join(f"«{m.sheet.name[:40]}»" for m in main))
    return Recognised(main, [m for m in matches if m.layout.kind == "side"], ignored)


def _refuse_personal(matches: Sequence[Match], ignored: Sequence[Sheet], formats: Formats) -> None:
    """Refuse names of pupils wherever a header may stand: above the data of known sheets, in the first rows of the
    others.
    """
    rows = [(m.sheet.name, row) for m in matches for row in m.sheet.rows[: m.header_index + 1]]
    rows += [(sheet.name, row) for sheet in ignored for row in sheet.rows[:HEADER_ROWS]]
    found: dict[str, None] = {}
    for name, row in rows:
        for cell in row:
            if isinstance(cell, str) and len(cell) <= 80 and formats.words.is_personal(plain(cell)):
                found[f"лист «{name[:40]}», столбец «{_text(cell)[:60]}»"] = None
    if found:
        raise refuse("personal_data", what="; ".join(list(found)[:5]))


def _refuse_report(sheets: Sequence[Sheet], formats: Formats) -> None:
    """Reports of the federal cabinet: the title stands in A1, the procedure («ВПР 2026 …») in A3."""
    for sheet in sheets:
        firsts = [plain(row[0]) for row in sheet.rows[:5] if row]
        title = next((f for f in firsts if f in formats.words.report_titles), None)
        procedure = next((f for f in firsts if f.startswith("впр 20")), None)
        if title or procedure:
            raise refuse("report_not_supported", title=(title or procedure or "")[:80])
