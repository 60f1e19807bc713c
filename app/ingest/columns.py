"""Columns of the data rows of one or more sheets of one layout, with the sheet and Excel row of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.ingest.cells import lookup, table, text
from app.ingest.formats import REPEATED
from app.ingest.problems import Problem, problem
from app.ingest.recognise import Found, Match
from app.ingest.refusals import refuse

MAX_PROBLEMS = 200_000
"""More than this and the columns are not what they claim to be; the file is refused."""


@dataclass
class Data:
    """Rows of the main sheets as columns.

    `fields` maps a field to its header and cells; `items` holds the item columns in the file's order; `extras` the
    columns right of the last item whose headers belong to nothing. `sheet_of` is each row's index into `sheets`,
    `row_of` Excel's row number.
    """

    sheets: list[str]
    sheet_of: NDArray
    row_of: NDArray
    fields: dict[str, Column]
    items: list[Column]
    markers: list[Column]
    extras: list[Column]
    matches: list[Match]

    def __len__(self) -> int:
        return len(self.row_of)

    def __contains__(self, name: str) -> bool:
        return name in self.fields


@dataclass
class Column:
    header: str
    cells: Sequence[object]
    groups: dict[str, str] = field(default_factory=dict)

    def table(self, read: Callable) -> dict:
        return table(self.cells, read)

    def codes(self, read: Callable[[str], int]) -> NDArray:
        return lookup(self.cells, table(self.cells, read))

    def values(self, read: Callable) -> list:
        meaning = table(self.cells, read)
        return [meaning[cell] for cell in self.cells]


def gather(matches: Sequence[Match]) -> Data:
    """Columns of all data rows below the headers; rows without any value are left out.

    Raises
    ------
    WrongFormat
        There are no data rows, or sheets of one file have different numbers of items.
    """
    parts = [_Part(match) for match in matches]
    parts = [part for part in parts if part.rows] or parts[:1]
    if not any(part.rows for part in parts):
        raise refuse("no_rows")
    counts = {len(part.items) for part in parts}
    if len(counts) > 1:
        raise refuse("mixed_papers", what="листы с разным числом заданий: " + ", ".join(map(str, sorted(counts))))
    names = [n for n in parts[0].single if all(n in part.single for part in parts)]
    width = min(len(part.extras) for part in parts)
    return Data(
        sheets=[part.match.sheet.name for part in parts],
        sheet_of=np.concatenate([np.full(len(part.rows), i, np.int16) for i, part in enumerate(parts)]),
        row_of=np.concatenate([np.asarray(part.numbers, np.int32) for part in parts]),
        fields={name: _join([part.column(part.single[name]) for part in parts]) for name in names},
        items=[_join([part.column(part.items[i]) for part in parts]) for i in range(len(parts[0].items))],
        markers=[
            _join([part.column(c) for part in parts for c in part.markers if c.groups == m.groups])
            for m in parts[0].markers
        ],
        extras=[_join([part.column(part.extras[i]) for part in parts]) for i in range(width)],
        matches=[part.match for part in parts],
    )


class _Part:
    """One sheet's rows, turned into columns on demand."""

    def __init__(self, match: Match) -> None:
        self.match = match
        sheet, first = match.sheet, match.header_index + 1
        login = match.one("login")
        key = login.index if login else 0
        kept = [i for i in range(first, len(sheet.rows)) if _has_values(sheet.rows[i], key)]
        self.rows = [sheet.rows[i] for i in kept]
        self.numbers = [sheet.number(i) for i in kept]
        self._columns = list(zip(*self.rows, strict=False))
        self.single = {c.field: c for c in reversed(match.columns) if c.field not in REPEATED}
        self.markers = match.all("marker")
        items = match.all("item")
        end = match.one(match.layout.items_end_at) if match.layout.items_end_at else None
        self.items = [c for c in items if end is None or c.index < end.index]
        self.extras = [c for c in items if end is not None and c.index > end.index]
        named = {c.index for c in match.columns}
        self.extras += [Found(i, "extra", "") for i in match.unnamed() if i not in named and self._used(i)]

    def _used(self, index: int) -> bool:
        return index < len(self._columns) and set(self._columns[index]) - {"", None} != set()

    def column(self, found: Found) -> Column:
        cells = self._columns[found.index] if found.index < len(self._columns) else ("",) * len(self.rows)
        if any(type(cell) is bool for cell in set(cells)):
            # True equals 1.0 as a key of a table: told apart by their words before any table is built.
            cells = tuple(text(cell) if type(cell) is bool else cell for cell in cells)
        header = found.header or f"столбец {found.index + 1} без заголовка"
        return Column(header, cells, found.groups)


def _has_values(row: Sequence[object], key: int) -> bool:
    cell = row[key] if key < len(row) else ""
    if isinstance(cell, str) and cell.strip():
        return True
    return any(text(value) not in ("", "0") for value in row)


def _join(columns: Sequence[Column]) -> Column:
    if len(columns) == 1:
        return columns[0]
    return Column(columns[0].header, [cell for c in columns for cell in c.cells], columns[0].groups)


class Log:
    """Problems of the rows of `data`, in the order they were found; `sorted` gives the order of the file."""

    def __init__(self, data: Data) -> None:
        self.data = data
        self._problems: list[tuple[int, int, Problem]] = []

    def rows(
        self,
        code: str,
        where: NDArray,
        column: Column | None = None,
        *,
        value: Callable[[int], str] | None = None,
        **words: object,
    ) -> None:
        """One problem for each row of the mask `where`; the value is the column's own cell unless given.

        An array or list among `words` holds one word a row, anything else is the same for all.
        """
        data = self.data
        found = np.flatnonzero(where).tolist()
        if len(self._problems) + len(found) > MAX_PROBLEMS:
            raise refuse("too_many_problems", limit=MAX_PROBLEMS)
        header = column.header if column else None
        own: dict[str, Any] = {name: word for name, word in words.items() if isinstance(word, np.ndarray | list)}
        same = {name: word for name, word in words.items() if name not in own}
        for i in found:
            shown = value(i) if value else text(column.cells[i]) if column else None
            sheet, row = int(data.sheet_of[i]), int(data.row_of[i])
            said = {**same, **{name: word[i] for name, word in own.items()}}
            built = problem(code, sheet=data.sheets[sheet], row=row, column=header, value=shown, **said)
            self._problems.append((sheet, row, built))

    def file(
        self, code: str, *, sheet: str | None = None, column: str | None = None, value: str | None = None, **words
    ) -> None:
        """One problem of the whole file, a sheet or a column."""
        name = self.data.sheets[0] if sheet is None else sheet
        self._problems.append((-1, 0, problem(code, sheet=name, column=column, value=value, **words)))

    def at(self, code: str, i: int, column: Column | None, *, shown: str | None = None, **words: object) -> None:
        """One problem of the row at place `i`; the value is the column's own cell unless given."""
        data = self.data
        value = shown if shown is not None else text(column.cells[i]) if column else None
        sheet, row = int(data.sheet_of[i]), int(data.row_of[i])
        header = column.header if column else None
        built = problem(code, sheet=data.sheets[sheet], row=row, column=header, value=value, **words)
        self._problems.append((sheet, row, built))

    def extend(self, problems: Iterable[Problem]) -> None:
        self._problems.extend((len(self.data.sheets), p.row or 0, p) for p in problems)

    def sorted(self) -> list[Problem]:
        return [p for _, _, p in sorted(self._problems, key=lambda entry: entry[:2])]
