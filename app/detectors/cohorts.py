"""One cohort over the years: which papers are the same pupils', and their results on a scale that compares years."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy import special

from app.detectors.contextual_mean import logit_means
from app.detectors.tables import PaperTable


@dataclass(frozen=True)
class Wave:
    """One cohort in one year.

    Attributes
    ----------
    year, grade : int
        Calendar year and grade of the paper.
    schools : ndarray of str, shape (S,)
    n, y, sampling : ndarray, shape (S,)
        Works; result on a scale where schools differ additively (logit of the share of points, or cumulative logit of
        the marks); its sampling variance.
    share : ndarray, shape (S,)
        Mean as a share of the maximum, for the eye.
    scale : tuple of float
        Distribution over marks from which a value of `y` is turned back into a mean mark; empty for scores.
    top : int
        Largest score, or 5 for marks.
    """

    year: int
    grade: int
    schools: np.ndarray
    n: np.ndarray
    y: np.ndarray
    sampling: np.ndarray
    share: np.ndarray
    scale: tuple[float, ...]
    top: int

    def mean_of(self, y: np.ndarray) -> np.ndarray:
        """Mean score (or mark) that belongs to a value on the additive scale."""
        if not self.scale:
            return self.top * special.expit(y)
        # P(mark ≥ k) moves with the odds: logit P(mark ≥ k) + y.
        at_least = np.cumsum(np.array(self.scale)[::-1])[::-1][1:]
        logits = np.log(at_least / (1 - at_least))
        return 2 + special.expit(logits + np.asarray(y)[..., None]).sum(axis=-1)


def cohort_of(year: int, grade: int, pupil_grade: int | None = None) -> int:
    """Number that the papers of one cohort share: the calendar year in which it ended grade 0, so to speak.

    Parameters
    ----------
    year : int
        Calendar year of the sitting.
    grade : int
        Grade of the paper.
    pupil_grade : int, optional
        Grade the pupils were in; over `grade` in autumn, when pupils sit the paper of the year they have ended.

    Examples
    --------
    Grade 4 sat in the autumn of 2020 by grade 5, and grade 5 in the spring of 2021, are the same pupils:

    >>> cohort_of(2020, 4, 5) == cohort_of(2021, 5, 5)
    True

    Grade 6 that sat the same paper in that autumn is the cohort a year older:

    >>> cohort_of(2020, 4, 6) == cohort_of(2021, 6)
    True
    """
    if pupil_grade is None or pupil_grade <= grade:
        return year - (grade if pupil_grade is None else pupil_grade)
    # An autumn sitting belongs to the school year that begins in it.
    return year + 1 - pupil_grade


def wave_of_scores(table: PaperTable) -> Wave:
    """One cohort's scores as a wave."""
    means = logit_means(table)
    return Wave(
        table.year,
        table.spec.grade,
        table.schools,
        table.n,
        means.y,
        means.sampling + means.class_variance,
        table.mean / table.spec.max_score,
        (),
        table.spec.max_score,
    )


def wave_of_marks(year: int, grade: int, schools: np.ndarray, counts: np.ndarray) -> Wave:
    r"""One cohort's marks as a wave, where scores are not known.

    Parameters
    ----------
    year, grade : int
    schools : ndarray of str, shape (S,)
    counts : ndarray, shape (S, 4)
        Works marked 2 … 5.

    Returns
    -------
    Wave
        `y` is the school's shift on the cumulative logit scale against all schools.

    Notes
    -----
    Proportional odds: :math:`\mathrm{logit} P(\text{mark} \ge k) = \alpha_k + y_i` with :math:`\alpha_k` those of the
    pool. y by five Newton steps from zero with half a work of the pool added, so that a school of one mark stays
    finite; its variance is the inverse information.

    References
    ----------
    .. [1] P. McCullagh, "Regression models for ordinal data", Journal of the Royal Statistical Society B 42(2), 1980,
       109-142, sec. 2.
    """
    counts = np.asarray(counts, dtype=float)
    pool = counts.sum(axis=0) + 0.5
    pool = pool / pool.sum()
    n = counts.sum(axis=1)
    padded = counts + 0.5 * pool
    at_least = np.cumsum(pool[::-1])[::-1][1:]
    alpha = np.log(at_least / (1 - at_least))
    y = np.zeros(len(counts))
    information = np.ones(len(counts))
    for _ in range(12):
        reach = special.expit(alpha + y[:, None])
        edges = np.column_stack((np.ones(len(y)), reach, np.zeros(len(y))))
        p = np.maximum(edges[:, :-1] - edges[:, 1:], 1e-12)
        # d log p_k / dy = 1 − F_k − F_{k+1} with F the probability of reaching at least k.
        slope = 1 - edges[:, :-1] - edges[:, 1:]
        information = np.maximum(padded.sum(axis=1) * (p * slope**2).sum(axis=1), 1e-9)
        y = np.clip(y + np.clip((padded * slope).sum(axis=1) / information, -1.0, 1.0), -8.0, 8.0)
    mean = (counts @ np.arange(2, 6)) / np.maximum(n, 1)
    return Wave(year, grade, schools, n, y, 1 / information, mean / 5, tuple(pool.tolist()), 5)


def pupil_grades(*frames: pd.DataFrame | None) -> dict[tuple[int, str, int], int]:
    """Grade that most pupils of each paper are in, where the works tell (column ``pupil_grade``).

    Parameters
    ----------
    *frames : DataFrame or None
        Works.

    Returns
    -------
    dict
        (year, subject, grade of the paper) → grade of the pupils.
    """
    found: dict[tuple[int, str, int], int] = {}
    for frame in frames:
        if frame is None or "pupil_grade" not in frame:
            continue
        known = frame[frame["pupil_grade"].notna()]
        counts = known.groupby(["year", "subject", "grade", "pupil_grade"], sort=True).size()
        best: dict[tuple[int, str, int], int] = {}
        for (year, subject, grade, pupil), works in counts.items():
            key = (int(year), str(subject), int(grade))
            if works > best.get(key, 0):
                best[key] = int(works)
                found[key] = int(pupil)
    return found


def earlier_wave(
    table: PaperTable, back: int, before: list[PaperTable], grades: Mapping[tuple[int, str, int], int]
) -> PaperTable | None:
    """The cohort's paper of the same subject `back` years ago, among earlier papers.

    Parameters
    ----------
    table : PaperTable
    back : int
    before : list of PaperTable
        Papers of earlier years.
    grades : mapping
        As `pupil_grades` gives them.

    Returns
    -------
    PaperTable or None
    """
    cohort = cohort_of(table.year, table.spec.grade, grades.get(table.key))
    same = [
        other
        for other in before
        if other.spec.subject == table.spec.subject
        and other.year == table.year - back
        and other.spec.grade < table.spec.grade
        and cohort_of(other.year, other.spec.grade, grades.get(other.key)) == cohort
    ]
    return max(same, key=lambda other: (other.spec.grade, float(other.n.sum())), default=None)


def waves_of_marks(
    table: PaperTable, previous: pd.DataFrame | None, grades: Mapping[tuple[int, str, int], int]
) -> tuple[Wave, Wave] | None:
    """Both years of a cohort by marks, where last year's works have marks and no scores.

    Parameters
    ----------
    table : PaperTable
        This year's paper, with official cuts.
    previous : DataFrame or None
        Works of earlier years with ``mark``.
    grades : mapping
        As `pupil_grades` gives them.

    Returns
    -------
    now, last : Wave, or None
        None where this paper has no cuts, or the cohort has no marks of last year.
    """
    cuts = table.spec.mark_from
    if cuts is None or previous is None or "mark" not in previous:
        return None
    mark = pd.to_numeric(previous["mark"], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    rows = previous[
        np.isin(mark, (2, 3, 4, 5))
        & (previous["year"] == table.year - 1).to_numpy()
        & (previous["subject"].astype("str") == table.spec.subject).to_numpy()
    ]
    cohort = cohort_of(table.year, table.spec.grade, grades.get(table.key))
    papers = sorted(
        grade
        for grade in rows["grade"].unique().tolist()
        if cohort_of(table.year - 1, int(grade), grades.get((table.year - 1, table.spec.subject, int(grade)))) == cohort
    )
    if not papers:
        return None
    own = rows[rows["grade"] == papers[-1]]
    codes, names = pd.factorize(own["school"].astype("str"), sort=True)
    marks = own["mark"].astype(float).to_numpy().astype(np.int64) - 2
    counts = np.bincount(codes * 4 + marks, minlength=4 * len(names)).reshape(-1, 4)
    schools = np.asarray(names, dtype=object).astype(str)
    edges = [0, *cuts, table.counts.shape[1]]
    today = np.column_stack([table.counts[:, a:b].sum(axis=1) for a, b in pairwise(edges)])
    return (
        wave_of_marks(table.year, table.spec.grade, table.schools, today),
        wave_of_marks(table.year - 1, int(papers[-1]), schools, counts),
    )
