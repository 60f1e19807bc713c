"""What the papers of a screening are compared with from outside: works of the year before and a control sample."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from app.detectors.base import PaperSpec
from app.detectors.checks import check_works
from app.detectors.tables import PaperTable, build_tables

SMALLEST_CONTROL = 200
"""Works; a smaller control sample is left aside."""


class ControlSample:
    """Works of a control sample, or the schools that serve as one.

    Parameters
    ----------
    papers : sequence of PaperSpec
    control : DataFrame, collection of str or None
        Works of a control sample, or codes of the schools that serve as one.

    Attributes
    ----------
    notes : list of str
        Warnings in Russian.

    Raises
    ------
    WrongFormat
        The works cannot be read as such, see `checks.check_works`.
    """

    def __init__(self, papers: Sequence[PaperSpec], control: pd.DataFrame | Collection[str] | None) -> None:
        self.notes: list[str] = []
        self._others: list[PaperTable] = []
        self._names: np.ndarray | None = None
        if isinstance(control, pd.DataFrame):
            timeless = described_for_any_year(papers)
            checked = check_works(control, timeless)
            self.notes += [f"контрольная выборка: {text}" for text in checked.warnings]
            self._others = build_tables(checked.works, timeless)
        elif control is not None:
            self._names = np.array([str(name) for name in control])

    def of(self, *tables: PaperTable) -> PaperTable | None:
        """What serves a paper, `SMALLEST_CONTROL` works at least; a smaller one is noted and left aside.

        Parameters
        ----------
        *tables : PaperTable
            Tables of the paper; where schools serve as the sample, the last that has any of them counts.
        """
        found = [one for one in map(self._of_table, tables) if one is not None]
        if not found:
            return None
        if found[-1].counts.sum() < SMALLEST_CONTROL:
            _, subject, grade = tables[0].key
            self.notes.append(
                f"контрольная выборка для работы {subject} {grade} меньше {SMALLEST_CONTROL} работ: "
                "сравнение — со школами региона"
            )
            return None
        return found[-1]

    def _of_table(self, table: PaperTable) -> PaperTable | None:
        if self._names is not None:
            rows = table.rows_of(self._names)
            return _subset(table, rows) if rows.any() else None
        same = [
            t
            for t in self._others
            if (t.spec.subject, t.spec.grade, t.spec.max_score) == (*table.key[1:], table.spec.max_score)
        ]
        return min(same, key=lambda t: abs(t.year - table.year), default=None)


def described_for_any_year(papers: Sequence[PaperSpec]) -> list[PaperSpec]:
    """Papers, and each once more for every year that has no description of its own."""
    return [*papers, *(replace(p, year=None) for p in papers)]


def earlier_tables(
    papers: Sequence[PaperSpec], previous: pd.DataFrame | None, first_year: int
) -> tuple[list[PaperTable], list[str]]:
    """Tables of papers of years before the first to be screened, and warnings in Russian.

    Parameters
    ----------
    papers : sequence of PaperSpec
    previous : DataFrame or None
        Works of the year before.
    first_year : int

    Raises
    ------
    WrongFormat
        The works cannot be read as such, see `checks.check_works`.
    """
    if previous is None or len(previous) == 0:
        return [], []
    timeless = described_for_any_year(papers)
    checked = check_works(previous, timeless)
    notes = [f"прошлый год: {text}" for text in checked.warnings]
    everything = build_tables(checked.works, timeless, with_items=False)
    earlier = [table for table in everything if table.year < first_year]
    if len(earlier) < len(everything):
        notes.append("среди работ прошлого года есть работы того же года или более поздние: они не учтены")
    return earlier, notes


def _subset(table: PaperTable, rows: np.ndarray) -> PaperTable:
    return replace(
        table,
        schools=table.schools[rows],
        counts=table.counts[rows],
        class_share=table.class_share[rows],
        journal=None if table.journal is None else table.journal[rows],
        items=None,
        answers=None if table.answers is None else table.answers.of_schools(rows),
        completed_counts=None if table.completed_counts is None else table.completed_counts[rows],
    )
