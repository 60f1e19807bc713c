"""What stands beside the works of a year — other years, outside results, the upload, history — and who looks at it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from app.detectors import (
    charts_beside,
    cohorts,
    context,
    external_gap,
    findings_beside,
    protocol,
    recurrence,
    upper_tail,
    year_swing,
)
from app.detectors.params import Params
from app.detectors.stretch import stretched
from app.detectors.summaries import PaperResults
from app.detectors.tables import PaperTable
from app.detectors.works_read import WorksRead
from app.errors import InsufficientData
from app.terms import Tier

MODULES = (upper_tail, year_swing, external_gap, protocol, recurrence)
Evidence = dict[tuple[str, int, str, int, str], dict]


@dataclass
class Beside:
    """Inputs of a screening besides the works, as the detectors here want them.

    Attributes
    ----------
    exams, upload, history, previous : DataFrame or None
        As given to `screening.screen` (`upload` is its ``protocol``).
    schools : DataFrame or None
        Context of the schools.
    grades : dict
        Grade of the pupils by paper, see `cohorts.pupil_grades`.
    repeated, mismatched : dict
        Works by paper and school, see `protocol.sheet_of`.
    missing : dict
        Items left out, by paper and school.
    """

    exams: pd.DataFrame | None = None
    upload: pd.DataFrame | None = None
    history: pd.DataFrame | None = None
    previous: pd.DataFrame | None = None
    grades: dict[tuple[int, str, int], int] = field(default_factory=dict)
    repeated: dict[tuple[int, str, int], dict[str, int]] | None = None
    mismatched: dict[tuple[int, str, int], dict[str, int]] = field(default_factory=dict)
    missing: dict[tuple[int, str, int], dict[str, int]] = field(default_factory=dict)
    schools: pd.DataFrame | None = None


def beside(
    read: WorksRead,
    *,
    exams: pd.DataFrame | None,
    previous: pd.DataFrame | None,
    upload: pd.DataFrame | None,
    history: pd.DataFrame | None,
    schools: pd.DataFrame | None,
) -> Beside:
    """Put what the works say besides their tables beside what else is known.

    Parameters
    ----------
    read : WorksRead
    exams, previous, upload, history, schools : DataFrame or None

    Returns
    -------
    Beside
    """
    grades = cohorts.pupil_grades(previous) | read.grades
    return Beside(exams, upload, history, previous, grades, read.repeated, read.mismatched, read.missing, schools)


def assess(
    done: Sequence[PaperResults],
    before: list[PaperTable],
    around: Beside,
    params: Params,
    *,
    signals_only: bool = False,
) -> None:
    """Compare the papers of one year with what is beside them; results and refusals are left in `done`.

    With `signals_only` what is shown and never counted is left out (a copy of the works nobody will look at).
    """
    tables = [paper.table for paper in done]
    for paper in done:
        table = paper.table
        X = context.context_matrix(
            table.schools, around.schools, category_schools=params.contextual_mean.category_schools
        )
        try:
            swing = _swing(table, before, around, params, X)
            paper.swing = stretched(swing, table.n, year_swing.NAME, params.stretch)
        except InsufficientData as refusal:
            paper.silent[year_swing.NAME] = str(refusal)
        try:
            outside = external_gap.outside_results(table.schools, around.exams, table.spec.subject, params.external_gap)
            gap = external_gap.external_gap(table, outside, params.external_gap, X)
            paper.gap = stretched(gap, table.n, external_gap.NAME, params.stretch)
        except InsufficientData as refusal:
            paper.silent[external_gap.NAME] = str(refusal)
        if signals_only:
            continue
        sheet = protocol.sheet_of(table, tables, around.upload, around.repeated, around.mismatched)
        paper.upload = protocol.protocol(sheet, params.protocol)


def _swing(
    table: PaperTable, before: list[PaperTable], around: Beside, params: Params, X: np.ndarray
) -> year_swing.SwingResult:
    last = cohorts.earlier_wave(table, 1, before, around.grades)
    if last is not None:
        first = cohorts.earlier_wave(table, 2, before, around.grades)
        waves = [None if wave is None else cohorts.wave_of_scores(wave) for wave in (last, first)]
        assert waves[0] is not None
        return year_swing.year_swing(cohorts.wave_of_scores(table), waves[0], waves[1], params.year_swing, X)
    by_marks = cohorts.waves_of_marks(table, around.previous, around.grades)
    if by_marks is None:
        raise InsufficientData("нет работ этих же учеников за прошлый год")
    return year_swing.year_swing(*by_marks, None, params.year_swing, X)


def findings_of(
    done: Sequence[PaperResults], year: int, around: Beside, params: Params
) -> tuple[list[pd.DataFrame], recurrence.RecurrenceResult | None]:
    """Findings of the papers of one year, and of its schools over earlier years."""
    found = []
    for paper in done:
        table = paper.table
        if paper.tail is not None:
            found.append(findings_beside.of_tail(table, paper.tail, params))
        if paper.swing is not None:
            found.append(findings_beside.of_swing(table, paper.swing, params))
        if paper.gap is not None:
            found.append(findings_beside.of_gap(table, paper.gap, params))
        if paper.upload is not None:
            found.append(findings_beside.of_protocol(table, paper.upload))
        found += findings_beside.silent(table, paper.silent, params)
    schools = np.unique(np.concatenate([paper.table.schools for paper in done]))
    works = np.zeros(len(schools))
    for paper in done:
        works[np.searchsorted(schools, paper.table.schools)] += paper.table.n
    again, reason = None, ""
    try:
        again = recurrence.recurrence(schools, around.history, year, params.recurrence)
    except InsufficientData as refusal:
        reason = str(refusal)
    found.append(findings_beside.of_recurrence(schools, works, year, again, reason))
    return found, again


def evidence_of(
    done: Sequence[PaperResults], again: recurrence.RecurrenceResult | None, school_summary: pd.DataFrame
) -> Evidence:
    """Charts of all assessed findings of schools with any sign, of others with p ≤ 0.05 or an oddity."""
    signed = school_summary["tier"].isin([Tier.WATCH.value, Tier.CASE.value, Tier.SEVERE.value])
    of_interest = list(set(school_summary["school"][signed]))
    evidence: Evidence = {}
    for paper in done:
        table = paper.table
        interest = np.isin(table.schools, of_interest)
        tail, swing, gap, upload = paper.tail, paper.swing, paper.gap, paper.upload
        if tail is not None:
            for i in _shown(interest, tail.assessed, tail.p_value <= 0.05):
                evidence[_key(table, i, upper_tail.NAME)] = charts_beside.tail(table, tail, i)
        if swing is not None:
            for i in _shown(interest, swing.assessed, np.nan_to_num(swing.p_value, nan=1.0) <= 0.05):
                evidence[_key(table, i, year_swing.NAME)] = charts_beside.cohort(swing, i)
        if gap is not None:
            shared = charts_beside.outside_frame(table, gap)
            for i in _shown(interest, gap.assessed, gap.clears | (np.nan_to_num(gap.p_value, nan=1.0) <= 0.05)):
                evidence[_key(table, i, external_gap.NAME)] = charts_beside.outside(shared, table, gap, i)
        if upload is not None:
            for i in _shown(interest, upload.assessed, upload.number > 0):
                evidence[_key(table, i, protocol.NAME)] = charts_beside.upload(upload, i)
    if again is not None and len(school_summary):
        year = int(school_summary["year"].iloc[0])
        interest = np.isin(again.schools, of_interest)
        for i in _shown(interest, np.ones(len(interest), dtype=bool), again.count > 0):
            evidence[str(again.schools[i]), year, "", 0, recurrence.NAME] = charts_beside.history(again, i)
    return evidence


def _shown(interest: np.ndarray, assessed: np.ndarray, odd: np.ndarray) -> list[int]:
    return np.flatnonzero(assessed & (interest | odd)).tolist()


def _key(table: PaperTable, i: int, detector: str) -> tuple[str, int, str, int, str]:
    year, subject, grade = table.key
    return str(table.schools[i]), year, subject, grade, detector
