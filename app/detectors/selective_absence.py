"""Weak pupils who sat the other papers of their grade and were not there for this one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from app.detectors.dispersion import school_effects, student_p
from app.detectors.params import AbsenceParams
from app.detectors.tables import PaperTable
from app.detectors.tails import to_z
from app.detectors.work_codes import coded, distinct, numbers
from app.errors import InsufficientData

NAME, VERSION = "selective_absence", "1.2"
_BINS = 20
_SMALLEST_FIT = 200


@dataclass(frozen=True)
class GradePupils:
    """Pupils of one grade and year who sat at least one of its papers, N pupils and P papers.

    Attributes
    ----------
    names : ndarray of str, shape (S,)
        Sorted names of schools.
    school : ndarray of int, shape (N,)
        Place of each pupil's school among them.
    scores : ndarray, shape (N, P)
        Total score on each paper; NaN where the pupil has no work.
    journal : ndarray, shape (N, P), or None
        Journal mark beside each work; NaN where there is none.
    """

    names: np.ndarray
    school: np.ndarray
    scores: np.ndarray
    journal: np.ndarray | None = None


@dataclass(frozen=True)
class AbsenceResult:
    """Schools of one paper, arrays of length S.

    Attributes
    ----------
    z, p_value : ndarray
        Score test, one-sided: the weak are missing more often than the strong, beyond what is usual.
    pupils, absent : ndarray
        Pupils who sat another paper of the grade, and how many of them have no work here.
    weak_absent, expected, deviation : ndarray
        Those among the absent who were in the lowest quarter of the region on the other papers; how many were to be
        expected with this school's attendance, and the standard deviation of that number.
    assessed : ndarray of bool
    """

    z: np.ndarray
    p_value: np.ndarray
    pupils: np.ndarray
    absent: np.ndarray
    weak_absent: np.ndarray
    expected: np.ndarray
    deviation: np.ndarray
    assessed: np.ndarray


def pupils_of(works: pd.DataFrame, tables: Sequence[PaperTable]) -> GradePupils | None:
    """Put the works of each pupil of one grade and year side by side.

    Parameters
    ----------
    works : DataFrame
        Columns of `app.frames.WORKS`.
    tables : sequence of PaperTable
        Papers of one grade and year; they are the columns, in this order.

    Returns
    -------
    GradePupils or None
        None where participants have no codes, or where there is one paper only. A code is that of one pupil inside a
        school and a year.
    """
    if len(tables) < 2 or "participant" not in works:
        return None
    year, _, grade = tables[0].key
    chosen = works[(works["year"] == year) & (works["grade"] == grade) & works["participant"].notna()]
    subjects = [table.spec.subject for table in tables]
    words, present = coded(chosen["subject"])
    column = pd.Index(subjects).get_indexer(present)[words]
    chosen, column = chosen[column >= 0], column[column >= 0]
    if len(chosen) == 0:
        return None
    schools, names = coded(chosen["school"])
    codes, _ = coded(chosen["participant"])
    pupils, row, _ = distinct(schools.astype(np.int64) * (int(codes.max()) + 1) + codes)
    scores = np.full((len(pupils), len(tables)), np.nan)
    scores[row, column] = pd.to_numeric(chosen["score"], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    owner = np.zeros(len(pupils), dtype=np.int64)
    owner[row] = schools
    journal = None
    if "journal_mark" in chosen:
        journal = np.full(scores.shape, np.nan)
        journal[row, column] = numbers(chosen["journal_mark"])
    return GradePupils(names, owner, scores, journal)


def selective_absence(
    table: PaperTable, pupils: GradePupils | None, column: int, params: AbsenceParams
) -> AbsenceResult:
    r"""Test of who is missing, for all schools of one paper.

    Parameters
    ----------
    table : PaperTable
    pupils : GradePupils or None
    column : int
        Column of the paper in `pupils`.
    params : AbsenceParams

    Returns
    -------
    AbsenceResult

    Raises
    ------
    InsufficientData
        There is no other paper of this grade and year, its pupils' codes do not match, or too few are missing.

    Notes
    -----
    Among pupils with another paper of the grade let u be their mean standing there (journal marks beside those papers
    are added as far as they foretell the score of those present), a = 1 for those without a work
    here, :math:`p_0(u)` the region's share of the absent at that standing, and :math:`w(u)` the share of those present
    whose work is marked "2" (is in the lowest sixth where there are no cuts). A school that keeps its weak pupils at
    home raises the probability of absence by a part of w. The statistic

    .. math:: T_i = \sum_w (a_w - p_w)\,(g(u_w) - c_i), \qquad g = \log\{1 + s\,w(u)/p_0(u)\},

    has :math:`p_w` with the school's own attendance, :math:`\mathrm{logit}\,p_w = \mathrm{logit}\,p_0(u_w) +
    \alpha_i`, :math:`\alpha_i \sim N(0, \sigma_\alpha^2)` fitted by penalised likelihood, and is cleared of it by
    :math:`c_i`: an epidemic is no sign. :math:`T_i/V_i` gets additive over-dispersion
    (`dispersion.school_effects`). Few absences make both T and the fitted V large together, which takes the skewness
    away: the tail is Student's. Assumes that codes name the same pupil in all papers
    of a year, and absences independent given standing and school; a class on a journey makes p too small.

    References
    ----------
    .. [1] D. N. Figlio, "Testing, crime and punishment", Journal of Public Economics 90(4-5), 2006, 837-851, sec. 4
       (who is kept away from the test).
    .. [2] J. B. Cullen, R. Reback, "Tinkering toward accolades", Advances in Applied Microeconomics 14, 2006, 1-34.
    """
    if pupils is None or pupils.scores.shape[1] < 2:
        raise InsufficientData("нет другой работы того же класса, по которой видно, кто не писал эту")
    own = pupils.scores[:, column]
    others = np.delete(pupils.scores, column, axis=1).astype(float)
    standing = _standing(others)
    if pupils.journal is not None:
        standing += _journal_part(standing, np.delete(pupils.journal, column, axis=1), own)
    row = np.searchsorted(table.schools, pupils.names).clip(0, len(table.schools) - 1)
    row = np.where(table.schools[row] == pupils.names, row, -1)[pupils.school]
    seen = np.isfinite(standing) & (row >= 0)
    absent = np.isnan(own) & seen
    matched = (~np.isnan(own) & seen).sum()
    if matched < params.smallest_matched * np.isfinite(own).sum() or matched == 0:
        raise InsufficientData("коды участников в работах одного класса не совпадают")
    u, a = standing[seen], absent[seen].astype(float)
    # Pupils of a country are many, and what follows asks for those seen alone.
    del others, standing, absent
    if a.sum() < params.smallest_absent or np.count_nonzero(np.bincount(row[seen])) < params.smallest_pool:
        raise InsufficientData("не писавших эту работу среди писавших другие слишком мало")
    S = len(table.schools)
    school = row[seen]
    base, weak = _curves(u, a, own[seen], table)
    alpha = np.zeros(S)
    logit = np.log(base / (1 - base))
    precision = 1 / params.attendance_spread**2
    for _ in range(12):
        p = 1 / (1 + np.exp(-(logit + alpha[school])))
        information = np.bincount(school, weights=p * (1 - p), minlength=S) + precision
        step = (np.bincount(school, weights=a - p, minlength=S) - precision * alpha) / information
        alpha = alpha + np.clip(step, -1, 1)
        if np.max(np.abs(step)) < 1e-5:
            break
    p = 1 / (1 + np.exp(-(logit + alpha[school])))
    noise = p * (1 - p)
    g = np.log1p(params.kept / np.maximum(base, 0.01) * weak)
    clear = np.bincount(school, weights=noise * g, minlength=S) / (
        np.bincount(school, weights=noise, minlength=S) + precision
    )
    g = g - clear[school]
    total = np.bincount(school, weights=(a - p) * g, minlength=S)
    variance = np.bincount(school, weights=noise * g * g, minlength=S)
    count = np.bincount(school, minlength=S)
    usable = (count >= params.smallest_pooled) & (variance >= params.smallest_information)
    if usable.sum() < params.smallest_pool:
        raise InsufficientData("школ, где видно, кто не писал работу, слишком мало")
    information = np.where(usable, variance, 1e-6)
    effects = school_effects(
        np.where(usable, total / information, 0.0), 1 / information, fit_on=usable, caution=1.0, reject=3.0
    )
    z = np.clip(np.where(usable, to_z(student_p(effects.z, effects.degrees)), np.nan), -8.0, 37.0)
    low = u <= np.quantile(u, 0.25)
    gone = np.bincount(school, weights=a, minlength=S)
    return AbsenceResult(
        z,
        np.where(usable, student_p(effects.z, effects.degrees), 1.0),
        count,
        gone,
        np.bincount(school, weights=a * low, minlength=S),
        np.bincount(school, weights=p * low, minlength=S),
        np.sqrt(np.bincount(school, weights=noise * low, minlength=S)),
        usable & (count >= params.smallest_n) & (table.n >= params.smallest_n),
    )


def _standing(scores: np.ndarray) -> np.ndarray:
    """Mean standardised score over the papers that a pupil has; NaN where none."""
    with np.errstate(all="ignore"):
        known = np.isfinite(scores)
        count = known.sum(axis=0)
        mean = np.where(known, scores, 0.0).sum(axis=0) / np.maximum(count, 1)
        spread = np.sqrt(np.where(known, (scores - mean) ** 2, 0.0).sum(axis=0) / np.maximum(count, 1))
        z = np.where(known, (scores - mean) / np.maximum(spread, 1e-9), 0.0)
        papers = known.sum(axis=1)
        return np.where(papers > 0, z.sum(axis=1) / np.maximum(papers, 1), np.nan)


def _journal_part(standing: np.ndarray, journal: np.ndarray, own: np.ndarray) -> np.ndarray:
    """What journal marks in the other papers add to the standing: as much as foretells the score of those present."""
    mark = _standing(np.where((journal >= 2) & (journal <= 5), journal, np.nan))
    known = np.isfinite(mark) & np.isfinite(standing) & np.isfinite(own)
    if known.sum() < _SMALLEST_FIT:
        return np.zeros(len(standing))
    # Two predictors about their means: normal equations, solved in the sense of least squares where they are one.
    design = np.stack((standing[known], mark[known]))
    design -= design.mean(axis=1, keepdims=True)
    score = own[known].astype(float)
    (of_standing, of_mark), *_ = np.linalg.lstsq(design @ design.T, design @ (score - score.mean()), rcond=1e-9)
    # At most as much as the scores themselves: a mark is one teacher's word.
    weight = np.clip(of_mark / of_standing, 0.0, 1.0) if of_standing > 0 else float(of_mark > 0)
    return weight * np.nan_to_num(mark)


def _curves(u: np.ndarray, a: np.ndarray, own: np.ndarray, table: PaperTable) -> tuple[np.ndarray, np.ndarray]:
    """Share of the absent, and of weak works among the present, at each pupil's standing: bins, smoothed."""
    edges = np.unique(np.quantile(u, np.linspace(0, 1, _BINS + 1)[1:-1]))
    at = np.searchsorted(edges, u, side="right")
    bins = len(edges) + 1
    kernel = np.exp(-0.5 * ((np.arange(bins)[:, None] - np.arange(bins)) / 1.0) ** 2)

    def smoothed(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
        above = kernel @ np.bincount(at, weights=values * weights, minlength=bins)
        below = kernel @ np.bincount(at, weights=weights, minlength=bins)
        overall = float((values * weights).sum() / max(weights.sum(), 1e-9))
        return (above + 5 * overall) / (below + 5)

    present = np.isfinite(own).astype(float)
    cut = table.spec.mark_from[0] if table.spec.mark_from is not None else np.nanquantile(own, 1 / 6)
    weak = smoothed((np.nan_to_num(own, nan=1e9) < cut).astype(float), present)
    return np.clip(smoothed(a, np.ones(len(a))), 1e-4, 0.9)[at], weak[at]
