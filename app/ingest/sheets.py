"""Sheets of a file as plain rows, with Excel's row numbers kept; knows nothing of what the columns mean."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from python_calamine import CalamineError, CalamineWorkbook

from app.ingest.formats import Formats, plain
from app.ingest.guard import Caps
from app.ingest.refusals import refuse

Row = list[object]

ENCODINGS = ("utf-8-sig", "cp1251", "utf-16", "utf-16-le", "utf-16-be", "koi8-r", "cp866")
_DELIMITERS = (";", "\t", ",")
_HEADER_ROWS = 20
_HEADER_CHARS = 200_000
_WORDS_CHARS = 400_000
_FOREIGN_LETTERS = "ЂЃѓЉЊЌЋЏђљњќћџЎўЈҐЄЇІіґєїѕЅј"
_MIN_KNOWN_HEADERS = 4


@dataclass
class Sheet:
    """A sheet: `rows` from the first used one, whose number in Excel is `first_row`."""

    name: str
    rows: list[Row]
    first_row: int = 1

    def number(self, index: int) -> int:
        """Excel's number of ``rows[index]``."""
        return self.first_row + index


def read_xlsx(path: Path, caps: Caps) -> list[Sheet]:
    """Every sheet of a workbook that `app.ingest.guard.classify` has let through.

    Raises
    ------
    WrongFormat
        The parser cannot read it, or a sheet is larger than the caps.
    """
    try:
        workbook = CalamineWorkbook.from_path(str(path))
        names = workbook.sheet_names
    except (CalamineError, ValueError, OSError, KeyError) as error:
        raise refuse("unreadable") from error
    if len(names) > caps.sheets:
        raise refuse("too_many_sheets", count=len(names), limit=caps.sheets)
    sheets = []
    for name in names:
        try:
            sheet = workbook.get_sheet_by_name(name)
            start, height, width = sheet.start, sheet.height, sheet.width
        except (CalamineError, ValueError, OSError, KeyError, IndexError):
            # Charts and dialogs are listed among the sheets but hold no cells.
            continue
        if start is None or not height or not width:
            sheets.append(Sheet(name, []))
            continue
        if width > caps.columns:
            raise refuse("too_many_columns", sheet=name[:60], count=width, limit=caps.columns)
        if height > caps.rows + _HEADER_ROWS:
            raise refuse("too_many_rows", sheet=name[:60], count=height, limit=caps.rows)
        rows = cast(list[Row], sheet.to_python(skip_empty_area=True))
        sheets.append(Sheet(name, rows, start[0] + 1))
    return sheets


def read_text(path: Path, formats: Formats, caps: Caps) -> list[Sheet]:
    """Comma-, semicolon- or tab-separated text in any usual encoding, as one sheet.

    Each encoding that decodes the whole file is tried with each separator, and only a reading whose header holds at
    least four known columns is taken: a wrong encoding turns Russian headers into other letters, so it cannot pass.
    Where the headers are Latin (exports of 2020), Russian words of the data decide between encodings.

    Raises
    ------
    WrongFormat
        No reading has a known header, or Russian text cannot be told from noise.
    """
    raw = path.read_bytes()
    known = _KnownHeaders(formats)
    best: tuple[int, int, str, str] | None = None
    decoded_any = False
    for encoding in ENCODINGS:
        try:
            text = raw.decode(encoding)
        except (UnicodeDecodeError, UnicodeError):
            continue
        decoded_any = True
        head = "\n".join(text[:_HEADER_CHARS].splitlines()[:_HEADER_ROWS])
        headers, delimiter = max((known.count(head, d), d) for d in _DELIMITERS)
        if headers < _MIN_KNOWN_HEADERS:
            continue
        score = _russian_words(text, formats)
        strict = encoding.startswith("utf") or raw.isascii()
        if not strict and (score == 0 or _is_foreign(text)):
            continue
        rank = (1 if strict else 0, score + headers)
        if best is None or rank > best[:2]:
            best = (*rank, text, delimiter)
    if best is None:
        raise refuse("encoding" if _is_unreadable(raw, decoded_any) else "unknown_layout")
    return [Sheet("csv", separated_rows(best[2], best[3], caps))]


def _is_unreadable(raw: bytes, decoded_any: bool) -> bool:
    """Whether the text itself is the trouble: it is not ASCII and not UTF-8, so its letters are uncertain."""
    try:
        raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return True
    return not decoded_any


class _KnownHeaders:
    def __init__(self, formats: Formats) -> None:
        all_columns = [(layout, column) for layout in formats.layouts for column in layout.columns]
        self._columns = [c for layout, c in all_columns if layout.kind != "report" or c.field != "item"]
        self._numbered = [c for layout, c in all_columns if layout.kind == "report" and c.field == "item"]
        self._formats = formats
        self._seen: dict[str, bool] = {}

    def count(self, head: str, delimiter: str) -> int:
        """Largest number of known headers in one of the first rows."""
        try:
            rows = list(csv.reader(io.StringIO(head), delimiter=delimiter))
        except csv.Error:
            return 0
        return max((self._known(row) for row in rows), default=0)

    def _known(self, row: Iterable[str]) -> int:
        headers = {plain(cell) for cell in row if cell.strip()}
        known = sum(self._is_known(header) for header in headers)
        # Reports have numbers for headers: they count beside words, or every row of numbers would be a header.
        if known >= 2:
            known += sum(any(c.match(header) is not None for c in self._numbered) for header in headers)
        return known

    def _is_known(self, header: str) -> bool:
        if header not in self._seen:
            known = any(c.match(header) is not None for c in self._columns)
            self._seen[header] = known or self._formats.words.is_personal(header)
        return self._seen[header]


def _is_foreign(text: str) -> bool:
    """Whether a one-byte reading holds Serbian or Ukrainian letters: a neighbour encoding moves capitals there."""
    sample = text[:_WORDS_CHARS]
    foreign = sum(sample.count(letter) for letter in _FOREIGN_LETTERS)
    russian = sum("а" <= letter <= "я" or "А" <= letter <= "Я" for letter in sample)
    return foreign * 200 > russian


def _russian_words(text: str, formats: Formats) -> int:
    sample = text[:_WORDS_CHARS].lower()
    return sum(sample.count(word) for word in formats.words.text_words)


def separated_rows(text: str, delimiter: str, caps: Caps) -> list[Row]:
    """Rows of separated text, all of one width."""
    rows: list[Row] = []
    limit = csv.field_size_limit(caps.cell_chars)
    try:
        for row in csv.reader(io.StringIO(text.replace("\x00", ""), newline=""), delimiter=delimiter):
            rows.append(list(row))
            if len(rows) > caps.rows + _HEADER_ROWS:
                raise refuse("too_many_rows", sheet="csv", count=f"больше {caps.rows}", limit=caps.rows)
            if len(row) > caps.columns:
                raise refuse("too_many_columns", sheet="csv", count=len(row), limit=caps.columns)
    except csv.Error as error:
        raise refuse("cell_too_long", sheet="csv", row=len(rows) + 1, limit=caps.cell_chars) from error
    finally:
        csv.field_size_limit(limit)
    width = max((len(row) for row in rows), default=0)
    for cells in rows:
        cells.extend([""] * (width - len(cells)))
    return rows
