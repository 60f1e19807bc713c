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


def earlier_and_control(
    papers: Sequence[PaperSpec],
    previous: pd.DataFrame | None,
    control: pd.DataFrame | Collection[str] | None,
    tables: list[PaperTable],
) -> tuple[list[PaperTable], dict[tuple[int, str, int], PaperTable], list[str]]:
    """Tables of the year before, control sample by paper, and what had to be left out.

    Parameters
    ----------
    papers : sequence of PaperSpec
    previous : DataFrame or None
        Works of the year before.
    control : DataFrame, collection of str or None
        Works of a control sample, or codes of the schools that serve as one.
    tables : list of PaperTable
        Papers to be screened.

    Returns
    -------
    list of PaperTable
        Papers of years before the first of `tables`.
    dict of tuple to PaperTable
        Control sample by ``year, subject, grade`` of the paper it serves, `SMALLEST_CONTROL` works at least.
    list of str
        Warnings in Russian.

    Raises
    ------
    WrongFormat
        The works cannot be read as such, see `checks.check_works`.
    """
    notes: list[str] = []
    # A paper described for this year only still describes last year's, unless last year has a description of its own.
    timeless = [*papers, *(replace(p, year=None) for p in papers)]
    earlier: list[PaperTable] = []
    if previous is not None and len(previous):
        checked = check_works(previous, timeless)
        notes += [f"прошлый год: {text}" for text in checked.warnings]
        first = min((table.year for table in tables), default=0)
        everything = build_tables(checked.works, timeless, with_items=False)
        earlier = [table for table in everything if table.year < first]
        if len(earlier) < len(everything):
            notes.append("среди работ прошлого года есть работы того же года или более поздние: они не учтены")
    found: dict[tuple[int, str, int], PaperTable] = {}
    if isinstance(control, pd.DataFrame):
        checked = check_works(control, timeless)
        notes += [f"контрольная выборка: {text}" for text in checked.warnings]
        others = build_tables(checked.works, timeless)
        for table in tables:
            same = [
                t
                for t in others
                if (t.spec.subject, t.spec.grade, t.spec.max_score) == (*table.key[1:], table.spec.max_score)
            ]
            best = min(same, key=lambda t: abs(t.year - table.year), default=None)
            if best is not None:
                found[table.key] = best
    elif control is not None:
        names = np.array([str(name) for name in control])
        for table in tables:
            rows = table.rows_of(names)
            if rows.any():
                found[table.key] = _subset(table, rows)
    for key, table in list(found.items()):
        if table.counts.sum() < SMALLEST_CONTROL:
            del found[key]
            notes.append(
                f"контрольная выборка для работы {key[1]} {key[2]} меньше {SMALLEST_CONTROL} работ: "
                "сравнение — со школами региона"
            )
    return earlier, found, notes


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
