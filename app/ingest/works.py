"""Works of participants: the columns of an export → the canonical frame, with every doubtful cell and refused row said
aloud.

The rules, in the order they are applied to a row:

1. a malformed login or code, another paper's row, a row without a single value — rejected;
2. «отсутствовал» — absent; present at one of the two parts only — rejected, since the scale does not fit its score;
3. a point above the item's maximum — rejected: what the work earned is not known (in real files such rows are whole
   classes entered into another paper's form);
4. anything in an item cell that is not points, X or «Не пройд.» — null and counted as 0, the row is kept as doubtful;
5. the score is the sum of the items; the file's total is kept beside it where it differs (`app.ingest.points.Score`);
6. the same school and participant twice — the first is kept.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from app.ingest import cells
from app.ingest.attendance import read_attendance
from app.ingest.columns import Data, Log, gather
from app.ingest.duplicates import reject_duplicates
from app.ingest.evidence import gather_evidence
from app.ingest.formats import Formats, Layout
from app.ingest.papers import declared_paper, settle
from app.ingest.points import Score, above_maximum, item_columns, item_maxima, report_extras
from app.ingest.reading import Paper, Reading
from app.ingest.recognise import Recognised
from app.ingest.refusals import refuse
from app.ingest.report_head import without_section_lines
from app.ingest.scales import Scale, Scales
from app.ingest.uploads import moment_of
from app.ingest.workframe import Parsed, school_table, work_frame
from app.terms import FileKind, Procedure


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
    data = gather([without_section_lines(match) for match in recognised.main])
    layout = data.matches[0].layout
    is_regional = given is not None and given.procedure is not Procedure.VPR
    if is_regional:
        scales = Scales({})
    paper = settle(gather_evidence(data, recognised.side, formats), given, scales)
    scale = scales.get(paper.year, paper.subject, paper.grade)
    log = Log(data)
    parsed = _Reader(data, formats, layout, paper, scale, log).parse()
    grades = parsed.pupil_grade[parsed.accepted]
    return Reading(
        kind=FileKind.REGIONAL if is_regional else FileKind.WORKS,
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
        frame=work_frame(parsed, paper),
        schools=school_table(parsed, formats.words),
        scale_version=scale.version if scale else None,
        format_version=layout.version,
    )


class _Reader:
    def __init__(
        self, data: Data, formats: Formats, layout: Layout, paper: Paper, scale: Scale | None, log: Log
    ) -> None:
        self.data, self.words, self.layout = data, formats.words, layout
        self.paper, self.scale, self.log = paper, scale, log
        self.rejected = np.zeros(len(data), bool)

    def parse(self) -> Parsed:
        """Apply the rules of the module's head, in their order."""
        data, words, log = self.data, self.words, self.log
        n = len(data)
        school = self._schools()
        participant = self._participants()
        self._reject_other_papers()
        columns = item_columns(data, self.paper, self.scale)
        items = np.stack([column.codes(cells.item_points(words)) for column in columns])
        no_total = np.full(n, cells.NO_NUMBER, np.int16)
        total = data.fields["total"].codes(cells.total_points) if "total" in data else no_total
        here = read_attendance(data, words, self.scale, items, total, ~self.rejected, log)
        absent = here.absent
        self.rejected |= here.half
        empty = ~self.rejected & ~absent & (items == cells.BLANK).all(axis=0) & (total <= 0)
        log.rows("work_empty", empty, data.fields["participant"])
        self.rejected |= empty
        work = ~self.rejected & ~absent
        maxima = item_maxima(columns, items[:, work], self.paper, self.scale, log)
        impossible = above_maximum(columns, items, maxima, work, self.paper, self.scale, log)
        self.rejected |= impossible
        score = Score(columns, items, total, ~self.rejected & ~absent, self.scale, log)
        self.rejected |= score.too_high
        repeated = reject_duplicates(data, log, school, participant, ~self.rejected & ~absent, absent)
        self.rejected |= repeated
        absent = absent & ~self.rejected
        work = ~self.rejected & ~absent
        score.report(work)
        report_extras(data, len(columns), cells.item_points(words), work, log)
        return Parsed(
            accepted=work,
            rejected=self.rejected,
            absent=absent,
            school=school,
            participant=participant,
            class_name=self._optional("class", cells.class_name(words)),
            variant=here.variant,
            journal_mark=self._journal(work),
            items=np.where((items >= 0) & (items <= cells.MAX_ITEM_POINTS), items, -1).astype(np.int8),
            score=score.value,
            mark=self._marks(score.value, maxima),
            file_total=np.where((total >= 0) & (total != score.value), total, -1).astype(np.int16),
            pupil_grade=self._pupil_grades(participant, work),
            municipality=self._municipalities(work | absent, school),
            title=self._optional("school_title", cells.school_title),
            out_of_range=impossible | score.too_high,
            repeated=repeated,
            uploaded=self._optional("uploaded", moment_of),
        )

    def _optional(self, name: str, read: Callable[[str], str | None]) -> list[str | None]:
        return self.data.fields[name].values(read) if name in self.data else [None] * len(self.data)

    def _schools(self) -> list[str | None]:
        column = self.data.fields["login"]
        values = column.values(cells.school_login(self.words))
        bad = np.fromiter((v is None for v in values), bool, len(values))
        self.log.rows("login_malformed", bad, column)
        self.rejected |= bad
        return values

    def _participants(self) -> list[str | None]:
        """Codes. A column of names is refused; a malformed code is not repeated in the problem, since it may be a
        name.
        """
        column = self.data.fields["participant"]
        texts = column.table(str)
        if any(cells.is_person(value) for value in texts.values()):
            raise refuse("personal_data", what=f"имена в столбце «{column.header[:60]}»")
        values = column.values(cells.participant)
        bad = np.fromiter((v is None for v in values), bool, len(values)) & ~self.rejected
        empty = np.fromiter((not texts[cell] for cell in column.cells), bool, len(values)) if bad.any() else bad
        self.log.rows("participant_missing", bad & empty, column)
        self.log.rows("participant_malformed", bad & ~empty, column, value=lambda i: "(не показано)")
        self.rejected |= bad
        return values

    def _reject_other_papers(self) -> None:
        """Rows whose groups declare another paper than the file's (2020)."""
        if "groups" not in self.data:
            return
        column = self.data.fields["groups"]
        declared = column.values(lambda value: declared_paper(value, self.words))
        other = np.fromiter((p is not None and p != self.paper for p in declared), bool, len(declared)) & ~self.rejected
        self.log.rows("other_paper", other, column, other=[p.title() if p else "" for p in declared])
        self.rejected |= other

    def _journal(self, work: NDArray) -> NDArray:
        column = self.data.fields.get("journal_mark")
        if column is None:
            self.log.file("column_missing", what="отметка в журнале")
            return np.full(len(work), -1, np.int8)
        marks = column.codes(cells.journal_mark(self.words))
        self.log.rows("journal_mark_none", work & (marks == cells.NO_NUMBER), column)
        self.log.rows("journal_mark_unreadable", work & (marks == cells.BAD_NUMBER), column)
        return np.maximum(marks, -1).astype(np.int8)

    def _municipalities(self, rows: NDArray, school: list[str | None]) -> list[tuple[str | None, str | None]]:
        column = self.data.fields.get("municipality") or self.data.fields.get("groups")
        if column is None:
            self.log.file("column_missing", what="муниципалитет")
            return [(None, None)] * len(rows)
        values = column.values(cells.municipality)
        missing = np.fromiter((v == (None, None) for v in values), bool, len(values))
        self.log.rows("municipality_missing", missing & rows, column)
        self._report_moves(school, values)
        return values

    def _report_moves(self, schools: list[str | None], values: list[tuple[str | None, str | None]]) -> None:
        """Name the schools that one file puts into two municipalities."""
        met: dict[str, list[str]] = {}
        for school, (code, name) in dict.fromkeys(zip(schools, values, strict=True)):
            if school and (code or name):
                met.setdefault(school, []).append(name or code or "")
        for school, places in met.items():
            if len(places) > 1:
                self.log.file("municipality_differs", value=school, other="; ".join(places))

    def _pupil_grades(self, participant: list[str | None], work: NDArray) -> NDArray:
        """Pupil's grade: first digit of a five-digit code where it fits the paper, the commonest one elsewhere."""
        fitting = {self.paper.grade + ahead for ahead in self.layout.pupil_ahead}
        meaning: dict[object, int] = {}
        for code in set(participant):
            first = int(code[0]) if code and len(code) == 5 else 0
            meaning[code] = first if first in fitting else (-1 if first else 0)
        grades = cells.lookup(participant, meaning)
        known = grades[work & (grades > 0)]
        common = int(np.bincount(known).argmax()) if len(known) else self.paper.grade
        self.log.rows("grade_doubtful", work & (grades == -1), self.data.fields["participant"])
        return np.where(grades > 0, grades, common).astype(np.int8)

    def _marks(self, score: NDArray, maxima: tuple[int, ...] | None) -> NDArray | None:
        """Marks by the official scale; none where the file's maxima and the scale's disagree."""
        scale = self.scale
        if scale is None or (maxima and scale.max_score and sum(maxima) != scale.max_score):
            return None
        return (np.searchsorted(scale.mark_from, score, side="right") + 2).astype(np.int8)
