"""Rows of ready reports, one reader a shape: levels down a column, the older comparison in rows, the regional table."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from app.ingest import cells
from app.ingest.columns import Column, Data, Log
from app.ingest.formats import Words, plain
from app.ingest.reading import Paper
from app.ingest.refusals import refuse
from app.ingest.report_head import place, subject_of
from app.ingest.scales import Scales

SIDES = ("lowered", "confirmed", "raised")
_SIDE_WORDS = ("понизили", "подтвердили", "повысили")
PERCENT_SLACK = 1.5
"""How far the percentages of a row may miss a hundred: forty of them, rounded to one decimal."""


@dataclass(frozen=True)
class Row:
    """One school, municipality, region or sample with its values, NaN where blank."""

    paper: Paper
    level: str
    school: str | None
    municipality: str | None
    name: str | None
    schools: int | None
    n: int
    values: list[float]
    municipality_name: str | None = None


def figure(value: str) -> float | None:
    """Number of a cell: point or comma, with or without a percent sign; NaN for a blank or a dash, None for a word.

    Examples
    --------
    >>> figure("12,36"), figure("4.3 %"), figure("слово")
    (12.36, 4.3, None)
    """
    text = value.replace("\u202f", "").replace(" ", "").replace("%", "").replace(",", ".")
    if text in ("", "-", "–", "—"):
        return math.nan
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def adds_up(values: Sequence[float], n: int) -> bool:
    """Whether values are shares of a hundred per cent, or participants that sum to `n`."""
    total = sum(value for value in values if not math.isnan(value))
    return min(values) >= 0 and (abs(total - 100) <= PERCENT_SLACK or total == n) if values else False


class RowReader(ABC):
    """Rows of one report.

    Attributes
    ----------
    kind : str
        ``marks``, ``scores``, ``items`` or ``journal``.
    names : list of str
        Columns of the values.
    counted, accepted : int
        Rows of the file below the header; those of them that were taken.
    maxima : list of float or None
        Largest points of the items, where a row tells them.
    """

    kind: str
    names: list[str]

    def __init__(
        self, data: Data, log: Log, words: Words, scales: Scales, paper: Paper | None, top: int | None
    ) -> None:
        self.data, self.log, self.words, self.scales, self.paper, self.top = data, log, words, scales, paper, top
        self.counted = self.accepted = 0
        self.maxima: list[float] | None = None
        self._first: dict[object, tuple[int, list[float]]] = {}

    @abstractmethod
    def rows(self) -> list[Row]:
        """Rows taken, in the order of the file."""

    def _text(self, name: str, i: int) -> str:
        column = self.data.fields.get(name)
        return cells.text(column.cells[i]) if column is not None else ""

    def _participants(self, i: int) -> int | None:
        """Whole number of participants; a problem and None otherwise."""
        number = figure(self._text("participants", i))
        if number is None or math.isnan(number) or number < 1 or number != int(number):
            self.log.at("report_participants", i, self.data.fields["participants"])
            return None
        return int(number)

    def _values(self, columns: Sequence[Column | None], i: int) -> list[float] | None:
        """Numbers of a row; a problem and None where a cell is none of them or all are blank."""
        values = []
        for column in columns:
            number = math.nan if column is None else figure(cells.text(column.cells[i]))
            if number is None:
                self.log.at("report_number", i, column)
                return None
            values.append(number)
        if all(map(math.isnan, values)):
            self.log.at("report_empty", i, self._key_column())
            return None
        return values

    def _key_column(self) -> Column:
        return self.data.fields["group" if "group" in self.data else "login"]

    def _check(self, i: int, paper: Paper, n: int, values: list[float]) -> bool:
        """Whether the values can be what the report says."""
        column = self._key_column()
        if self.kind == "items":
            good = all(math.isnan(value) or 0 <= value <= 100 for value in values)
            if not good:
                self.log.at("report_outside", i, column)
            return good
        if not adds_up(values, n):
            total = sum(value for value in values if not math.isnan(value))
            self.log.at("report_sum", i, column, shown=f"{total:g}")
            return False
        if self.kind == "scores":
            scale = self.scales.get(paper.year, paper.subject, paper.grade)
            limit = (scale.max_score if scale else None) or self.top
            beyond = [v for name, v in zip(self.names, values, strict=True) if limit is not None and int(name) > limit]
            if any(value > 0 for value in beyond):
                self.log.at("report_above_max", i, column, max=limit)
                return False
        return True

    def _is_repeated(self, i: int, key: object, values: list[float]) -> bool:
        """Whether the row says again what an earlier one said; both are named."""
        first, earlier = self._first.setdefault(key, (i, values))
        if first == i:
            return False
        same = all(a == b or (math.isnan(a) and math.isnan(b)) for a, b in zip(earlier, values, strict=True))
        number = int(self.data.row_of[first])
        self.log.at("duplicate_row" if same else "duplicate_conflict", i, self._key_column(), first=number)
        if not same:
            self.log.at("duplicate_kept", first, self._key_column(), other=int(self.data.row_of[i]))
        return True


class LevelRows(RowReader):
    """Levels down the first column: marks, scores, items, and the comparison with the journal in columns."""

    def rows(self) -> list[Row]:
        data, report = self.data, self.data.matches[0].layout.report
        self.kind = report
        columns = self._columns(report)
        assert self.paper is not None
        taken: list[Row] = []
        above: tuple[str | None, str | None] = (None, None)
        for i in range(len(data)):
            group = self._text("group", i)
            if report == "items" and (not group or plain(group).startswith("макс")):
                self._read_maxima(columns, i)
                continue
            self.counted += 1
            level, code, name = place(group, self.words)
            if level == "municipality":
                above = (code, name)
            if level == "school" and code is None:
                self.log.at("login_malformed", i, data.fields["group"])
                continue
            n = self._participants(i)
            values = self._values(columns, i) if n is not None else None
            if n is None or values is None or not self._check(i, self.paper, n, values):
                continue
            if self._is_repeated(i, (level, code or name), values):
                continue
            self.accepted += 1
            school = code if level == "school" else None
            place_of = above if level == "school" else (code, name) if level == "municipality" else (None, None)
            schools = cells.whole_number(self._text("schools", i))
            taken.append(Row(self.paper, level, school, place_of[0], name, schools, n, values, place_of[1]))
        return taken

    def _columns(self, report: str) -> list[Column | None]:
        items = self.data.items
        if report == "journal":
            self.names = list(SIDES)
            return self._sides(items)
        self.names = (
            [f"item_{k}" for k in range(1, len(items) + 1)]
            if report == "items"
            else [str(int(column.groups["number"])) for column in items]
        )
        maxima = [column.groups.get("max") for column in items]
        if report == "items" and items and all(maxima):
            self.maxima = [float(value) for value in maxima if value]
        return [*items]

    def _sides(self, items: Sequence[Column]) -> list[Column | None]:
        """Columns of the three sides: participants where every side has them, else per cent.

        A column «Кол-во участников» without a side belongs to the side named before it.
        """
        found: dict[tuple[str, bool], Column] = {}
        side = ""
        for column in items:
            side = column.groups.get("side") or side
            found.setdefault((side, column.groups["unit"] == "%"), column)
        for is_share in (False, True):
            if all((word, is_share) in found for word in _SIDE_WORDS):
                return [found[word, is_share] for word in _SIDE_WORDS]
        raise refuse("report_not_supported", title="Сравнение отметок с отметками по журналу")

    def _read_maxima(self, columns: Sequence[Column | None], i: int) -> None:
        values = [figure(cells.text(column.cells[i])) for column in columns if column is not None]
        if self.maxima is None and all(value is not None and value >= 1 for value in values):
            self.maxima = [float(value) for value in values if value is not None]


class JournalRows(RowReader):
    """The older comparison with the journal: a row for the school, three rows of its sides, «Всего»."""

    def rows(self) -> list[Row]:
        self.kind, self.names = "journal", list(SIDES)
        assert self.paper is not None
        taken: list[Row] = []
        above: tuple[str | None, str | None] = (None, None)
        start, sides = None, {}
        count = len(self.data)
        self.counted = count
        for i in range(count + 1):
            group = plain(self._text("group", i)) if i < count else ""
            side = next((k for k, word in enumerate(_SIDE_WORDS) if group.startswith(word)), None)
            if i < count and (side is not None or group.startswith("всего")):
                sides[side] = i
                continue
            if start is not None:
                row, above = self._group(start, sides, above)
                taken += [row] if row is not None else []
            start, sides = i, {}
        return taken

    def _group(
        self, start: int, sides: dict[int | None, int], above: tuple[str | None, str | None]
    ) -> tuple[Row | None, tuple[str | None, str | None]]:
        column = self.data.fields["group"]
        level, code, name = place(self._text("group", start), self.words)
        if level == "municipality":
            above = (code, name)
        if level == "school" and code is None:
            self.log.at("login_malformed", start, column)
            return None, above
        if any(k not in sides for k in range(3)):
            self.log.at("report_parts", start, column)
            return None, above
        values = [self._side(sides[k], "participants") for k in range(3)]
        shares = [self._side(sides[k], "share") for k in range(3)]
        told = figure(self._text("participants", sides.get(None, start)))
        counted = all(v is not None and not math.isnan(v) for v in values)
        n = int(told) if told is not None and not math.isnan(told) else 0
        if not n and counted:
            n = int(sum(v for v in values if v is not None))
        chosen = [v if v is not None else math.nan for v in (values if counted else shares)]
        assert self.paper is not None
        if n < 1 or not self._check(start, self.paper, n, chosen):
            if n < 1:
                self.log.at("report_participants", start, column)
            return None, above
        if self._is_repeated(start, (level, code or name), chosen):
            return None, above
        self.accepted += 1 + len(sides)
        school = code if level == "school" else None
        where = above if level == "school" else (code, name) if level == "municipality" else (None, None)
        return Row(self.paper, level, school, where[0], name, None, n, chosen, where[1]), above

    def _side(self, i: int, name: str) -> float | None:
        return figure(self._text(name, i))


class RecutRows(RowReader):
    """A regional table: year, grade, subject and school in every row; marks or scores in per cent."""

    def rows(self) -> list[Row]:
        data = self.data
        numbers = [int(column.groups["number"]) for column in data.items]
        self.kind = "marks" if set(numbers) == {2, 3, 4, 5} else "scores"
        self.names = [str(number) for number in numbers]
        columns: list[Column | None] = [*data.items]
        taken: list[Row] = []
        for i in range(len(data)):
            self.counted += 1
            school = cells.school_login(self.words)(self._text("login", i))
            if school is None:
                self.log.at("login_malformed", i, data.fields["login"])
                continue
            paper = self._paper(i)
            if paper is None:
                self.log.at("report_paper", i, data.fields["subject"])
                continue
            n = self._participants(i)
            values = self._values(columns, i) if n is not None else None
            if n is None or values is None or not self._check(i, paper, n, values):
                continue
            if self._is_repeated(i, (paper, school), values):
                continue
            self.accepted += 1
            code, name = cells.municipality(self._text("municipality", i))
            title = cells.school_title(self._text("school_title", i))
            taken.append(Row(paper, "school", school, code, title, None, n, values, name))
        years = sorted({row.paper.year for row in taken})
        if len(years) > 1:
            raise refuse("report_years", what=", ".join(map(str, years)))
        return taken

    def _paper(self, i: int) -> Paper | None:
        year = cells.whole_number(self._text("year", i))
        grade = cells.whole_number(self._text("class", i).split(" ")[0])
        subject = subject_of(self._text("subject", i), self.words)
        if year is None or grade is None or subject is None or not (2015 <= year <= 2100 and 1 <= grade <= 11):
            return None
        return Paper(year, subject, grade)
