"""A table of people as lines: found in the sheets of a workbook or in pasted text, and kept with their places.

Names of staff are allowed here and nowhere else in `app.ingest`: files of pupils' results with names are refused.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from app.errors import Reason, WrongFormat
from app.ingest.people_columns import NAMES, by_heading, plain
from app.ingest.sheets import Sheet

MOST_LINES, MOST_CHARACTERS, MOST_SHEETS = 2000, 1_000_000, 50
_HEADER_ROWS = 20


@dataclass(frozen=True)
class Line:
    """One person's row: its sheet ("" for pasted text), its number there, its cells by column without blank ones."""

    sheet: str
    row: int
    cells: Mapping[str, str]


@dataclass(frozen=True)
class Table:
    """Lines of all sheets; `letters` says in which column of a sheet («C») a known column stands."""

    lines: tuple[Line, ...]
    letters: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    unused: tuple[str, ...] = ()
    skipped_sheets: tuple[str, ...] = ()

    def as_plain(self) -> dict[str, Any]:
        """For JSON; `from_plain` makes the same table of it."""
        return {
            "lines": [[line.sheet, line.row, dict(line.cells)] for line in self.lines],
            "letters": {sheet: dict(columns) for sheet, columns in self.letters.items()},
            "unused": list(self.unused),
            "skipped_sheets": list(self.skipped_sheets),
        }


def from_plain(said: Any) -> Table:
    """The table that `Table.as_plain` told of.

    Raises
    ------
    WrongFormat
        It is something else.
    """
    try:
        lines = tuple(Line(str(sheet), int(row), _cells(cells)) for sheet, row, cells in said["lines"])
        letters = {str(sheet): _cells(columns) for sheet, columns in said["letters"].items()}
        names = [tuple(str(name) for name in said[key]) for key in ("unused", "skipped_sheets")]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _wrong("no_table", "Таблица не дошла целиком. Загрузите её ещё раз.", "Load the table again.") from error
    if not 0 < len(lines) <= MOST_LINES:
        raise _too_long()
    return Table(lines, letters, *names)


def from_text(text: str) -> Table:
    """The table in text copied from a spreadsheet (tabs) or saved as CSV (semicolons, commas).

    Raises
    ------
    WrongFormat
        It is too long, has no rows, or no column of names.
    """
    if len(text) > MOST_CHARACTERS:
        raise _too_long()
    text = text.replace("\x00", "")
    head = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = next((d for d in "\t;," if d in head), "\t")
    rows: list[list[object]] = []
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        for cells in reader:
            # A cell of several lines: the row has the number of its last line, the lines before it are blank.
            rows += [[] for _ in range(reader.line_num - len(rows) - 1)]
            rows.append(list(cells))
    except csv.Error as error:
        raise _wrong("no_table", "Таблица не читается. Скопируйте её заново.", "Cannot be read.") from error
    if sum(any(map(cell_text, cells)) for cells in rows) < 2:
        raise _wrong(
            "no_table",
            "Вставьте таблицу целиком: строку заголовков и хотя бы одного человека.",
            "Paste the whole table: the row of headings and at least one person.",
        )
    return from_sheets([Sheet("", rows)])


def from_sheets(sheets: Sequence[Sheet]) -> Table:
    """Lines of every sheet that has a column of names; the others are told of by name.

    Raises
    ------
    WrongFormat
        No sheet has a column of names, a column stands twice, there are no people or too many.
    """
    lines: list[Line] = []
    letters: dict[str, dict[str, str]] = {}
    unused: list[str] = []
    skipped: list[str] = []
    for sheet in sheets:
        at = _header(sheet.rows)
        if at is None:
            skipped += [sheet.name] if any(map(cell_text, _flat(sheet.rows))) else []
            continue
        columns, unknown = _columns(sheet, at)
        unused += [heading for heading in unknown if heading not in unused]
        letters[sheet.name] = {name: column_letter(i) for i, name in columns.items()}
        for index, row in enumerate(sheet.rows[at + 1 :], start=at + 1):
            said = {name: text for i, name in columns.items() if i < len(row) and (text := cell_text(row[i]))}
            if said:
                lines.append(Line(sheet.name, sheet.number(index), said))
                if len(lines) > MOST_LINES:
                    raise _too_long()
    if not letters:
        raise _wrong(
            "no_names",
            "Не найден столбец с именами. Назовите его «ФИО».",
            "The column of names is not found. Call it “ФИО”.",
        )
    if not lines:
        raise _wrong(
            "no_people",
            "Под строкой заголовков никого нет. Впишите хотя бы одного человека.",
            "There is nobody below the headings. Enter at least one person.",
        )
    return Table(tuple(lines), letters, tuple(unused), tuple(skipped))


def cell_text(value: object) -> str:
    """A cell as a person would type it: whole numbers without a point, days as 01.09.2026."""
    if value is None or isinstance(value, bool):
        return {True: "да", False: "нет"}.get(value, "") if value is not None else ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime | date):
        return f"{value:%d.%m.}{value.year:04d}"
    return " ".join(str(value).split())


def column_letter(index: int) -> str:
    """Excel's name of a column, from 0: A, B, …, Z, AA."""
    name = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def _header(rows: Sequence[Sequence[object]]) -> int | None:
    """Place of the row with the heading of names; it must lie among the first rows."""
    for at, row in enumerate(rows[:_HEADER_ROWS]):
        if any(by_heading().get(plain(cell_text(cell))) == "name" for cell in row):
            return at
    return None


def _columns(sheet: Sheet, at: int) -> tuple[dict[int, str], list[str]]:
    """Known columns by place, and headings of those that nobody reads."""
    columns: dict[int, str] = {}
    unknown: list[str] = []
    for i, cell in enumerate(sheet.rows[at]):
        heading = cell_text(cell)
        name = by_heading().get(plain(heading))
        if name is None:
            unknown += [heading[:60]] if heading else []
        elif name in columns.values():
            first = next(column_letter(k) for k, known in columns.items() if known == name)
            where = f"лист «{sheet.name[:60]}», " if sheet.name else ""
            raise _wrong(
                "column_twice",
                f"{where}столбцы {first} и {column_letter(i)} оба читаются как «{heading[:60]}»: "
                "оставьте один или переименуйте.",
                f"Columns {first} and {column_letter(i)} mean the same ({heading[:60]}): leave one of them.",
            )
        else:
            columns[i] = name
    return columns, unknown


def _flat(rows: Iterable[Iterable[object]]) -> Iterable[object]:
    return (cell for row in rows for cell in row)


def _cells(said: Mapping[Any, Any]) -> dict[str, str]:
    if unknown := set(said) - set(NAMES):
        raise ValueError(f"unknown columns {unknown}")
    return {str(name): str(text) for name, text in said.items()}


def _too_long() -> WrongFormat:
    return _wrong(
        "too_long",
        f"В таблице больше {MOST_LINES} человек или она слишком длинная. Внесите её частями.",
        f"The table has more than {MOST_LINES} people or is too long. Enter it in parts.",
    )


def _wrong(code: str, ru: str, en: str) -> WrongFormat:
    return WrongFormat(Reason(code, ru, en))
