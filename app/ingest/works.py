"""Works of participants: the columns of an export → the canonical frame, with every doubtful cell and refused row said aloud.

The rules, in the order they are applied to a row:

1. a malformed login or code, another paper's row, an empty row — rejected;
2. «отсутствовал» — absent; present at one of the two parts only — rejected, since its score does not fit the scale;
3. a point above the item's maximum — rejected: what the work earned is not known (in real files such rows are whole classes
   entered into another paper's form);
4. anything in an item cell that is not points, X or «Не пройд.» — null and counted as 0, the row is kept as doubtful;
5. the score is the sum of the items; the file's total is kept beside it where it differs. Only where a work has no item points
   at all, or an item has none in any work, the total is the score;
6. the same school and participant twice — the first is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.ingest import cells
from app.ingest.columns import Column, Data, Log, gather
from app.ingest.duplicates import reject_duplicates
from app.ingest.evidence import gather_evidence
from app.ingest.formats import Formats, Layout
from app.ingest.papers import declared_paper, settle
from app.ingest.reading import Paper, Reading
from app.ingest.recognise import Recognised
from app.ingest.refusals import refuse
from app.ingest.scales import Scale, Scales
from app.ingest.workframe import Parsed, school_table, work_frame
from app.terms import FileKind

_WRONG_PAPER_SHARE = 0.5
_WRONG_PAPER_WORKS = 10
_OBSERVED_SHARE = 0.0005


def read_works(recognised: Recognised, formats: Formats, scales: Scales, given: Paper | None) -> Reading:
    """Read the sheets of an export.

    Parameters
    ----------
    recognised : Recognised
        Main sheets of one layout, and «Классы» among the side sheets where there is one.
    given : Paper or None
        The paper named by a person; checked against the content.

    Raises
    ------
    WrongFormat
        The paper cannot be settled, or the content does not fit it.
    """
    data = gather(recognised.main)
    layout = data.matches[0].layout
    paper = settle(gather_evidence(data, recognised.side, formats), given, scales)
    scale = scales.get(paper.year, paper.subject, paper.grade)
    log = Log(data)
    reader = _Reader(data, formats, layout, paper, scale, log)
    parsed = reader.parse()
    frame = work_frame(parsed, paper)
    grades = parsed.pupil_grade[parsed.accepted]
    return Reading(
        kind=FileKind.WORKS,
        layout=layout.id,
        year=paper.year,
        subject=paper.subject,
        grade=paper.grade,
        pupil_grade=int(np.bincount(grades).argmax()) if len(grades) else None,
        rows_read=len(data),
        rows_accepted=int(parsed.accepted.sum()),
        rows_rejected=int(parsed.rejected.sum()),
        absent=int(parsed.absent.sum()),
        problems=log.sorted(),
        frame=frame,
        schools=school_table(parsed, formats.words),
        scale_version=scale.version if scale else None,
        format_version=layout.version,
    )


@dataclass
class _Reader:
    data: Data
    formats: Formats
    layout: Layout
    paper: Paper
    scale: Scale | None
    log: Log

    def parse(self) -> Parsed:
        data, words = self.data, self.formats.words
        n = len(data)
        self.rejected = np.zeros(n, bool)
        school = self._identify("login", cells.school_login(words), "login_malformed")
        participant = self._participants()
        self._other_papers()
        items = np.stack([column.codes(cells.item_points(words)) for column in self._item_columns()])
        blank = (items == cells.BLANK).all(axis=0)
        total = (
            data.fields["total"].codes(cells.total_points) if "total" in data else np.full(n, cells.NO_NUMBER, np.int16)
        )
        absent, variant = self._attendance(items, total, blank)
        work = ~self.rejected & ~absent
        self._reject_empty(work & blank & (total <= 0))
        work = ~self.rejected & ~absent
        item_max = self._item_max(items[:, work])
        self._reject_above(items, item_max, work)
        work = ~self.rejected & ~absent
        points = np.where((items >= 0) & (items <= cells.MAX_ITEM_POINTS), items, 0).sum(axis=0)
        score, items_known = self._score(items, points, total, work, blank)
        duplicates = reject_duplicates(self.data, self.log, school, participant, work, absent & ~self.rejected)
        self.rejected |= duplicates
        work &= ~duplicates
        absent &= ~self.rejected
        self._item_problems(items, work & ~blank, items_known)
        self._total_problems(total, points, score, work, blank)
        self._extra_problems(work)
        journal = self._journal(work)
        municipality = self._municipalities(work | absent)
        items = np.where((items >= 0) & (items <= cells.MAX_ITEM_POINTS), items, -1).astype(np.int8)
        return Parsed(
            accepted=work,
            rejected=self.rejected,
            absent=absent,
            school=school,
            participant=participant,
            class_name=data.fields["class"].values(cells.class_name(words)) if "class" in data else [None] * n,
            variant=variant,
            journal_mark=journal,
            items=items,
            score=score.astype(np.int16),
            mark=self._marks(score, item_max),
            file_total=np.where((total >= 0) & (total != score), total, -1).astype(np.int16),
            pupil_grade=self._pupil_grades(participant, work),
            municipality=municipality,
            title=data.fields["school_title"].values(cells.school_title) if "school_title" in data else [None] * n,
        )

    def _identify(self, name: str, read, code: str) -> list:
        column = self.data.fields[name]
        values = column.values(read)
        bad = np.fromiter((v is None for v in values), bool, len(values))
        self.log.rows(code, bad & ~self.rejected, column)
        self.rejected |= bad
        return values

    def _participants(self) -> list[str | None]:
        """Codes; a column of names is refused, and a malformed code is not repeated in the problem: it may be a name."""
        column = self.data.fields["participant"]
        texts = column.table(lambda value: value)
        if any(cells.is_person(value) for value in texts.values()):
            raise refuse("personal_data", what=f"имена в столбце «{column.header[:60]}»")
        values = column.values(cells.participant)
        bad = np.fromiter((v is None for v in values), bool, len(values)) & ~self.rejected
        empty = np.fromiter((not texts[cell] for cell in column.cells), bool, len(values)) if bad.any() else bad
        self.log.rows("participant_missing", bad & empty, column)
        self.log.rows("participant_malformed", bad & ~empty, column, value=lambda i: "(не показано)")
        self.rejected |= bad
        return values

    def _other_papers(self) -> None:
        if "groups" not in self.data:
            return
        column = self.data.fields["groups"]
        declared = column.values(lambda value: declared_paper(value, self.formats.words))
        other = np.fromiter((p is not None and p != self.paper for p in declared), bool, len(declared)) & ~self.rejected
        self.log.rows("other_paper", other, column, words=lambda i: {"other": declared[i].title()})
        self.rejected |= other

    def _item_columns(self) -> Sequence[Column]:
        """Item columns of this paper. A known structure with another number of columns is another paper's file."""
        columns, scale = self.data.items, self.scale
        if scale is None or scale.n_items is None or len(columns) == scale.n_items:
            return columns
        surplus = columns[scale.n_items :]
        if surplus and all(set(map(cells.text, set(c.cells))) <= {""} for c in surplus):
            return columns[: scale.n_items]
        if scale.item_max:
            raise refuse("items_count", paper=self.paper.title(), count=len(columns), expected=scale.n_items)
        return columns

    def _attendance(self, items: NDArray, total: NDArray, blank: NDArray) -> tuple[NDArray, list[str | None]]:
        """Who was absent, who sat one part only, and the variants."""
        data, words = self.data, self.formats.words
        first_column, second_column = data.fields["variant"], data.fields.get("variant_2")
        first = first_column.values(cells.variant(words))
        second = second_column.values(cells.variant(words)) if second_column else None
        a1 = np.fromiter((v == cells.ABSENT for v in first), bool, len(first))
        half = np.zeros(len(first), bool)
        if second is None:
            absent = a1
        else:
            a2 = np.fromiter((v == cells.ABSENT for v in second), bool, len(first))
            b1 = np.fromiter((v == "" for v in first), bool, len(first))
            b2 = np.fromiter((v == "" for v in second), bool, len(first))
            absent = (a1 & (a2 | b2)) | (a2 & b1)
            half = (a1 ^ a2) & ~absent
            half |= ~absent & self._one_part_blank(items)
        absent &= ~self.rejected
        half &= ~self.rejected
        variants = [_variant(v, second[i] if second else "") for i, v in enumerate(first)]
        shown = _both(first_column, second_column)
        self.log.rows("part_missing", half, first_column, value=shown)
        self.rejected |= half
        self.log.rows("absent_scored", absent & ((items > 0).any(axis=0) | (total > 0)), first_column, value=shown)
        unknown = np.fromiter((v in ("", "?") for v in first), bool, len(first)) & ~absent & ~self.rejected & ~blank
        self.log.rows("variant_unknown", unknown, first_column)
        if second is not None and second_column is not None:
            odd = np.fromiter((v == "?" for v in second), bool, len(first)) & ~absent & ~self.rejected
            self.log.rows("variant_unknown", odd, second_column)
        return absent, variants

    def _one_part_blank(self, items: NDArray) -> NDArray:
        """Two-part papers: no cell of one part is filled while the other has some."""
        parts = self.scale.parts if self.scale else None
        if not parts or sum(parts) != len(items):
            return np.zeros(items.shape[1], bool)
        edges = np.cumsum((0, *parts))
        empty = np.stack([(items[a:b] == cells.BLANK).all(axis=0) for a, b in zip(edges, edges[1:], strict=False)])
        return empty.any(axis=0) & ~empty.all(axis=0)

    def _reject_empty(self, empty: NDArray) -> None:
        self.log.rows("work_empty", empty, self.data.fields["participant"])
        self.rejected |= empty

    def _item_max(self, items: NDArray) -> tuple[int, ...] | None:
        """Largest points: from the headers, else the catalogue, else observed where their sum is the official maximum."""
        headers = [c.groups.get("max") for c in self.data.items[: len(items)]]
        scale, title = self.scale, self.paper.title()
        if scale is None:
            self.log.file("scale_unknown", paper=title)
        elif not scale.verified:
            self.log.file("scale_unverified", paper=title)
        if all(headers):
            item_max = tuple(int(h) for h in headers if h)
            if scale and scale.max_score and sum(item_max) != scale.max_score:
                self.log.file("max_differs", sum=sum(item_max), max=scale.max_score)
            return item_max
        if scale and scale.item_max and len(scale.item_max) == len(items):
            return scale.item_max
        observed = _observed_max(items)
        if scale and scale.max_score and observed and sum(observed) == scale.max_score:
            return observed
        self.log.file("items_unknown", paper=title)
        return None

    def _reject_above(self, items: NDArray, item_max: tuple[int, ...] | None, work: NDArray) -> None:
        rejected = np.zeros(len(work), bool)
        if item_max:
            above = (items > np.asarray(item_max, np.int16)[:, None]) & work
            rejected = above.any(axis=0)
            count, total = int(rejected.sum()), int(work.sum())
            if total >= _WRONG_PAPER_WORKS and count > _WRONG_PAPER_SHARE * total:
                raise refuse("wrong_paper", paper=self.paper.title(), count=count, total=total)
            for k, column in enumerate(self.data.items[: len(items)]):
                self.log.rows("item_above_max", above[k], column, words=lambda i, k=k: {"max": item_max[k]})
        elif self.scale and self.scale.max_score:
            limit = self.scale.max_score
            sums = np.where((items >= 0) & (items <= cells.MAX_ITEM_POINTS), items, 0).sum(axis=0)
            rejected = work & (sums > limit)
            self.log.rows("score_above_max", rejected, value=lambda i: str(sums[i]), words=lambda i: {"max": limit})
        self.rejected |= rejected

    def _score(
        self, items: NDArray, points: NDArray, total: NDArray, work: NDArray, blank: NDArray
    ) -> tuple[NDArray, NDArray]:
        """Score of each work, and which items any work has points for."""
        known = ~(items[:, work] == cells.BLANK).all(axis=1) if work.any() else np.ones(len(items), bool)
        limit = self.scale.max_score if self.scale and self.scale.max_score else len(items) * cells.MAX_ITEM_POINTS
        by_total = work & blank
        column = self.data.fields.get("total")
        high = by_total & (total > limit)
        self.log.rows("total_above_max", high, column, words=lambda i: {"max": limit})
        self.rejected |= high
        work &= ~high
        if not known.all() and not blank[work].all():
            by_total |= work & (total >= points) & (total <= limit)
            for k in np.flatnonzero(~known):
                self.log.file("item_column_blank", column=self.data.items[k].header)
        self.by_total = by_total
        return np.where(by_total, np.maximum(total, 0), points), known

    def _item_problems(self, items: NDArray, work: NDArray, known: NDArray) -> None:
        unreadable = (items == cells.UNREADABLE) | (items > cells.MAX_ITEM_POINTS)
        for k, column in enumerate(self.data.items[: len(items)]):
            self.log.rows("item_unreadable", unreadable[k] & work, column)
            if known[k]:
                self.log.rows("item_blank", (items[k] == cells.BLANK) & work, column)

    def _total_problems(self, total: NDArray, points: NDArray, score: NDArray, work: NDArray, blank: NDArray) -> None:
        column = self.data.fields.get("total")
        if column is None:
            self.log.file("column_missing", column="итог", what="итог")
            return
        words = lambda i: {"sum": int(points[i])}  # noqa: E731
        self.log.rows("items_missing", work & blank, column)
        summed = work & ~blank & ~self.by_total
        self.log.rows("total_differs", summed & (total >= 0) & (total != score), column, words=words)
        self.log.rows("total_missing", summed & (total == cells.NO_NUMBER), column, words=words)
        self.log.rows("total_unreadable", summed & (total == cells.BAD_NUMBER), column, words=words)

    def _extra_problems(self, work: NDArray) -> None:
        """Values right of the last item: points of another form make a row doubtful, a textbook moved right does not."""
        words = self.formats.words
        n_items = len(self._item_columns())
        found = np.zeros(len(work), bool)
        shifted = np.zeros(len(work), bool)
        columns = [*self.data.items[n_items:], *self.data.extras]
        if "textbook" in self.data:
            columns.append(self.data.fields["textbook"])
        read = cells.item_points(words)
        for column in columns:
            codes = column.codes(read)
            scored = (codes != cells.BLANK) & (codes != cells.UNREADABLE)
            found |= scored
            shifted |= (codes == cells.UNREADABLE) & ~scored if column.header.endswith("без заголовка") else False
        if not columns:
            return

        def shown(i: int) -> str:
            return " ".join(filter(None, (cells.text(c.cells[i])[:20] for c in columns)))

        self.log.rows("extra_values", found & work, columns[0], value=shown)
        count = int((shifted & ~found & work).sum())
        if count:
            self.log.file("textbook_shifted", count=count)

    def _journal(self, work: NDArray) -> NDArray:
        column = self.data.fields.get("journal_mark")
        if column is None:
            self.log.file("column_missing", column="отметка за предыдущий период", what="отметка в журнале")
            return np.full(len(work), -1, np.int8)
        marks = column.codes(cells.journal_mark(self.formats.words))
        self.log.rows("journal_mark_none", work & (marks == cells.NO_NUMBER), column)
        self.log.rows("journal_mark_unreadable", work & (marks == cells.BAD_NUMBER), column)
        return np.maximum(marks, -1).astype(np.int8)

    def _municipalities(self, rows: NDArray) -> list[tuple[str | None, str | None]]:
        column = self.data.fields.get("municipality") or self.data.fields.get("groups")
        if column is None:
            self.log.file("column_missing", column="муниципалитет", what="муниципалитет")
            return [(None, None)] * len(rows)
        values = column.values(cells.municipality)
        missing = np.fromiter((v == (None, None) for v in values), bool, len(values)) & rows
        self.log.rows("municipality_missing", missing, column)
        return values

    def _pupil_grades(self, participant: list[str | None], work: NDArray) -> NDArray:
        """Pupil's grade by the first digit of a five-digit code, where it fits the paper; the commonest one elsewhere."""
        fitting = {self.paper.grade + ahead for ahead in self.layout.pupil_ahead}
        meaning: dict[str | None, int] = {}
        for code in set(participant):
            first = int(code[0]) if code and len(code) == 5 else 0
            meaning[code] = first if first in fitting else (-1 if first else 0)
        grades = np.fromiter(map(meaning.__getitem__, participant), np.int16, len(participant))
        known = grades[work & (grades > 0)]
        common = int(np.bincount(known).argmax()) if len(known) else self.paper.grade
        self.log.rows("grade_doubtful", work & (grades == -1), self.data.fields["participant"])
        return np.where(grades > 0, grades, common).astype(np.int8)

    def _marks(self, score: NDArray, item_max: tuple[int, ...] | None) -> NDArray | None:
        scale = self.scale
        if scale is None or (item_max and scale.max_score and sum(item_max) != scale.max_score):
            return None
        return (np.searchsorted(scale.mark_from, score, side="right") + 2).astype(np.int8)


def _variant(first: str, second: str) -> str | None:
    """Variant, or both variants of a two-part paper as «1/2»."""
    if first in ("", "?", cells.ABSENT):
        return None
    return f"{first}/{second}" if second.isdigit() else first


def _both(first: Column, second: Column | None):
    if second is None:
        return None
    return lambda i: f"{cells.text(first.cells[i])} / {cells.text(second.cells[i])}"


def _observed_max(items: NDArray) -> tuple[int, ...] | None:
    """Largest points met in at least one work of two thousand (and three works): rarer ones are slips."""
    if items.shape[1] == 0:
        return None
    least = max(3, int(_OBSERVED_SHARE * items.shape[1]))
    result = []
    for row in items:
        counts = np.bincount(row[(row >= 0) & (row <= cells.MAX_ITEM_POINTS)], minlength=1)
        often = np.flatnonzero(counts >= least)
        if not len(often) or often[-1] == 0:
            return None
        result.append(int(often[-1]))
    return tuple(result)
