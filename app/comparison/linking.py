"""One scale for two procedures: equipercentile linking, its standard errors, and the schools on both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.comparison.presmoothing import Smoothed, smooth
from app.errors import InsufficientData

SMALLEST_WORKS, SMALLEST_SCHOOLS = 100, 5
REPLICATES = 200
SAME = 0.1
"""Works of a school in the two procedures that differ by less than this share are taken for the same pupils'."""


@dataclass(frozen=True)
class Link:
    """How scores of the first procedure read on the scale of the second.

    Attributes
    ----------
    equivalent : ndarray, shape (M₁ + 1,)
        e(x) for x = 0 … M₁, in points of the second procedure.
    error : ndarray, shape (M₁ + 1,)
        Standard error of e(x), in the same points.
    replicates : ndarray, shape (R, M₁ + 1)
        e(x) of each bootstrap replicate.
    first, second : Smoothed
        Presmoothed distributions.
    design : str
        ``single_group``: the same cohorts of the same schools wrote both; ``common_schools``: cohorts differ, and each
        common school counts with the same number of works in both.
    schools, works : int
        Common schools and their works, after weighting, that the link rests on.
    """

    equivalent: np.ndarray
    error: np.ndarray
    replicates: np.ndarray
    first: Smoothed
    second: Smoothed
    design: str
    schools: int
    works: float


def percentile_rank(shares: np.ndarray, score: np.ndarray) -> np.ndarray:
    r"""Share of works below a score, a whole score being spread evenly over ±1/2.

    Parameters
    ----------
    shares : ndarray, shape (M + 1,)
        Shares by score, sum 1.
    score : ndarray of float
        Any real scores.

    Returns
    -------
    ndarray
        In 0 … 1; :math:`P(x) = F(x^*-1) + [x - (x^* - 1/2)] f(x^*)`, where x* is x rounded [1]_.

    References
    ----------
    .. [1] M. J. Kolen and R. L. Brennan, Test Equating, Scaling, and Linking, 3rd ed., Springer 2014, eq. 2.14, p. 40.
    """
    edges = np.arange(len(shares) + 1) - 0.5
    return np.interp(score, edges, np.concatenate(([0.0], np.cumsum(shares) / shares.sum())))


def score_at(shares: np.ndarray, rank: np.ndarray) -> np.ndarray:
    r"""Score with a given share of works below it: the inverse of `percentile_rank`.

    Parameters
    ----------
    shares : ndarray, shape (M + 1,)
    rank : ndarray of float
        In 0 … 1.

    Returns
    -------
    ndarray
        In -1/2 … M + 1/2. Where nobody has the scores between, the middle of them, that is the mean of the two inverses
        of Kolen and Brennan (2014), eq. 2.17 and 2.19.
    """
    cumulative = np.concatenate(([0.0], np.cumsum(shares) / shares.sum()))
    rank = np.clip(np.asarray(rank, dtype=float), 0.0, 1.0)
    last = len(shares)
    found = []
    for side in ("left", "right"):
        upper = np.clip(np.searchsorted(cumulative, rank, side=side), 1, last)
        width = cumulative[upper] - cumulative[upper - 1]
        part = np.divide(rank - cumulative[upper - 1], width, out=np.zeros_like(rank), where=width > 0)
        found.append(upper - 1 + np.clip(part, 0, 1) - 0.5)
    left, right = found
    # At either end the scores nobody has lie outside: the score is where the works begin or end.
    middle = np.where(rank <= 0, right, np.where(rank >= 1, left, (left + right) / 2))
    return np.where(np.isclose(left, right), left, middle)


def equipercentile(first: np.ndarray, second: np.ndarray, score: np.ndarray | None = None) -> np.ndarray:
    r"""Scores of the second distribution with the percentile rank that `score` has in the first.

    Parameters
    ----------
    first, second : ndarray, shapes (M₁ + 1,) and (M₂ + 1,)
        Shares or counts by score.
    score : ndarray, optional
        Scores of the first; 0 … M₁ by default.

    Returns
    -------
    ndarray
        :math:`e(x) = G^{-1}[F(x)]`: symmetric (the inverse link undoes it), never falling, the identity for equal
        distributions [1]_.

    References
    ----------
    .. [1] M. J. Kolen and R. L. Brennan, Test Equating, Scaling, and Linking, 3rd ed., Springer 2014, sec. 2.5.1,
       pp. 36-47.

    Examples
    --------
    >>> equipercentile(np.array([0.2, 0.3, 0.2, 0.2, 0.1]), np.array([0.1, 0.2, 0.2, 0.3, 0.2])).round(2).tolist()
    [0.5, 1.75, 2.83, 3.5, 4.25]
    """
    x = np.arange(len(first), dtype=float) if score is None else np.asarray(score, dtype=float)
    return score_at(second, percentile_rank(first, x))


def link_scores(
    first: np.ndarray, second: np.ndarray, *, degree: int | None = None, replicates: int = REPLICATES, seed: int = 1
) -> Link:
    r"""Put the first procedure on the scale of the second through the schools that took both.

    Parameters
    ----------
    first, second : ndarray, shapes (S, M₁ + 1) and (S, M₂ + 1)
        Works by score; row s is the same school in both.
    degree : int, optional
        Of the presmoothing; chosen by Akaike's criterion by default, once, not anew in each replicate.
    replicates : int
        Bootstrap replicates.
    seed : int

    Returns
    -------
    Link
        The same for any order of the schools, but for the random error of the standard errors.

    Raises
    ------
    InsufficientData
        Fewer than 5 common schools or 100 common works.

    Notes
    -----
    Where the same cohorts wrote both procedures (a school's numbers of works differ by less than a tenth for nine
    works in ten) this is the single-group design: all works count. Else cohorts are not equivalent, there is no anchor
    test and pupils cannot be matched, so the school stands in for the anchor: each common school counts with
    :math:`\min(n_1, n_2)` works in both, that is, both distributions are those of one population with one mix of
    schools. The link then assumes that a school's cohorts are alike on average; it is a link, not an equating [1]_.

    Standard errors come from resampling schools, both procedures of a school together, since works of one school are
    not independent [2]_.

    References
    ----------
    .. [1] P. W. Holland and N. J. Dorans, "Linking and equating", in R. L. Brennan (ed.), Educational Measurement,
       4th ed., 2006, 187-220.
    .. [2] M. J. Kolen and R. L. Brennan, Test Equating, Scaling, and Linking, 3rd ed., Springer 2014, sec. 7.3.
    """
    n_first, n_second = first.sum(axis=1), second.sum(axis=1)
    both = (n_first > 0) & (n_second > 0)
    works = np.minimum(n_first, n_second) * both
    if both.sum() < SMALLEST_SCHOOLS or works.sum() < SMALLEST_WORKS:
        raise InsufficientData(
            f"общих школ {int(both.sum())}, общих работ {int(works.sum())}: для одной шкалы нужно не меньше "
            f"{SMALLEST_SCHOOLS} школ и {SMALLEST_WORKS} работ"
        )
    a, b = first[both].astype(float), second[both].astype(float)
    n_a, n_b, common = n_first[both], n_second[both], works[both]
    same = np.abs(n_a - n_b) < SAME * np.maximum(n_a, n_b) + 1
    is_single = common[same].sum() >= (1 - SAME) * common.sum()
    if not is_single:
        a, b = a * (common / n_a)[:, None], b * (common / n_b)[:, None]
    smooth_a, smooth_b = smooth(a.sum(axis=0), degree), smooth(b.sum(axis=0), degree)
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(len(a), np.full(len(a), 1 / len(a)), size=replicates).astype(float)
    kept = []
    for counts_a, counts_b in zip(drawn @ a, drawn @ b, strict=True):
        try:
            pair = smooth(counts_a, smooth_a.degree), smooth(counts_b, smooth_b.degree)
        except InsufficientData:
            continue
        kept.append(equipercentile(pair[0].shares, pair[1].shares))
    if len(kept) < 2:
        raise InsufficientData("погрешность шкалы не оценить: слишком мало общих школ")
    resampled = np.array(kept)
    return Link(
        equipercentile(smooth_a.shares, smooth_b.shares),
        resampled.std(axis=0, ddof=1),
        resampled,
        smooth_a,
        smooth_b,
        "single_group" if is_single else "common_schools",
        int(both.sum()),
        float(common.sum()),
    )
