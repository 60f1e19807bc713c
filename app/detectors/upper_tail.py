"""Too many works near the maximum among the good ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from app.detectors import tails
from app.detectors.context import estimable
from app.detectors.dispersion import school_effects, student_p
from app.detectors.params import TailParams
from app.detectors.reference import LEVEL_ONLY, downweight, hardly_changed, level_of_schools, tilt_to_school
from app.detectors.row_sums import row_sums
from app.detectors.score_statistic import blocks, cleared, moments_of_score, precisions
from app.detectors.tables import PaperTable
from app.errors import InsufficientData

NAME, VERSION = "upper_tail", "1.3"


@dataclass(frozen=True)
class TailResult:
    """Schools of one paper, arrays of length S unless said otherwise.

    Attributes
    ----------
    z, p_value : ndarray
        One-sided: more top scores than expected.
    middle, high : int
        Lowest score of a good work and of a top score.
    good, top : ndarray
        Works at or over each of the two.
    share, expected, low, high_share : ndarray
        Top scores among the good works: observed, expected, and the 95 % interval of the expected one.
    phi : ndarray
        Over-dispersion: variance of the count over its binomial one.
    tilted : ndarray, shape (S, M + 1)
        The reference at the school's mean.
    assessed : ndarray of bool
    reference : str
    weight : float
        Of the detector beside `homogeneity`, see `beside_spread`.
    """

    z: np.ndarray
    p_value: np.ndarray
    middle: int
    high: int
    good: np.ndarray
    top: np.ndarray
    share: np.ndarray
    expected: np.ndarray
    low: np.ndarray
    high_share: np.ndarray
    phi: np.ndarray
    tilted: np.ndarray
    assessed: np.ndarray
    reference: str
    weight: float


def thresholds(reference: np.ndarray, params: TailParams) -> tuple[int, int]:
    """Lowest scores of a good work and of a top score, from the reference distribution.

    Parameters
    ----------
    reference : ndarray, shape (M + 1,)
        Works of the reference at each score.
    params : TailParams

    Returns
    -------
    middle, high : int
        `middle` is the largest score that at least `share_mid` of the works reach; `high` the score over it whose
        share among those works is nearest to `share_high`.

    Raises
    ------
    InsufficientData
        The reference stands at the maximum: there is no score over the middle.

    Examples
    --------
    >>> thresholds(np.ones(10), TailParams(10, 20, 0.5, 0.2, 0.2))
    (5, 9)
    """
    reached = np.cumsum(reference[::-1])[::-1]
    reached = reached / max(reached[0], 1e-12)
    middle = int(np.flatnonzero(reached >= params.share_mid)[-1])
    over = np.arange(middle + 1, len(reached))
    over = over[reached[over] > 0]
    if len(over) == 0:
        raise InsufficientData("почти половина работ эталона — с наибольшим баллом: выше середины баллов нет")
    share = reached[over] / reached[middle]
    return middle, int(over[np.argmin(np.abs(share - params.share_high))])


def upper_tail(
    table: PaperTable, control: PaperTable | None, params: TailParams, X: np.ndarray | None = None
) -> TailResult:
    r"""Test of the share of top scores among good works, all schools of one paper.

    Parameters
    ----------
    table : PaperTable
    control : PaperTable or None
        Works of the control sample, as the reference.
    params : TailParams
    X : ndarray, shape (S, p), optional
        Context of the schools: a kind of school that selects its pupils has a top of its own.

    Returns
    -------
    TailResult

    Raises
    ------
    InsufficientData
        Too few schools with ten good works, or no room over the middle.

    Notes
    -----
    Of the :math:`m_i = n_i[t_{mid}, M]` good works of a school :math:`u_i = n_i[t_{hi}, M]` have a top score. A strong
    school has more of them whatever it does, so the expected share is that of the reference tilted to the school's
    mean (`reference.tilt_to_school` with the spread held), :math:`q_i = f_i[t_{hi}, M]/f_i[t_{mid}, M]`, and the
    count is

    .. math:: R_i = u_i - m_i q_i = \sum_s n_{is} r_i(s), \qquad V_i = n_i E_{f_i} r_i^2,

    with r the contrast :math:`1[s \ge t_{hi}] - q_i 1[s \ge t_{mid}]` cleared of the tilt, for the mean is estimated
    from the same works (`score_statistic.cleared`). Honest schools differ in shape: the count is over-dispersed,

    .. math:: \mathrm{Var}\,R_i = \varphi_i V_i, \qquad \varphi_i = 1 + \tau^2 V_i,

    which is Williams's second model for the binomial; :math:`\tau^2` from the pool (`dispersion.school_effects`),
    after a regression of :math:`R_i/V_i` on the level, its square and the context. The tail is Pearson's type III with
    the skewness of :math:`R_i`. The reference is the control sample, else all other schools, each weighted by Tukey's
    bisquare of its own z where schools far out hold so many works that it matters (`reference.hardly_changed`). Assumes
    works independent given the level; a profile group inside a school looks like a raised top.

    References
    ----------
    .. [1] D. A. Williams, "Extra-binomial variation in logistic linear models", Applied Statistics 31(2), 1982,
       144-148, sec. 3 (model II).
    .. [2] D. J. Spiegelhalter, Statistics in Medicine 24(8), 2005, 1185-1202, sec. 4 (over-dispersion from the pool).
    """
    table, control = table.taught, None if control is None else control.taught
    n, S = table.n, len(table.schools)
    pool = table.counts.sum(axis=0) if control is None else control.counts.sum(axis=0)
    middle, high = thresholds(pool, params)
    good, top = row_sums(table.counts[:, middle:]), row_sums(table.counts[:, high:])
    usable = good >= params.smallest_n
    if usable.sum() < params.smallest_pool:
        raise InsufficientData(
            f"школ, где хотя бы {params.smallest_n} работ с баллом от {middle}, меньше {params.smallest_pool}"
        )
    level = (table.mean - np.average(table.mean, weights=n)) / max(float(table.mean[usable].std()), 1e-9)
    design = np.column_stack((level, level**2) if X is None else (level, level**2, estimable(X, usable)))
    weight = np.ones(S)
    for last in (False, True):
        if control is not None:
            rest = np.broadcast_to(pool + 0.1, table.counts.shape)
        else:
            rest = np.maximum(weight @ table.counts - weight[:, None] * table.counts, 0.0) + 0.1
        if control is None and not last:
            tilt = level_of_schools(table)
        else:
            start = tilt.theta if last else None
            tilt = tilt_to_school(table.counts, rest, spread_prior=LEVEL_ONLY, start=start)
        tilted = tilt.probabilities
        q = row_sums(tilted[:, high:]) / np.maximum(row_sums(tilted[:, middle:]), 1e-12)
        total, single, third = (np.empty(S) for _ in range(3))
        for rows in blocks(S):
            contrast = np.zeros_like(tilted[rows])
            contrast[:, middle:] -= q[rows, None]
            contrast[:, high:] += 1.0
            score = cleared(contrast, tilted[rows], tilt.basis, precisions(LEVEL_ONLY), n[rows])
            total[rows], single[rows], third[rows] = moments_of_score(table.counts[rows], tilted[rows], score)
        variance = np.maximum(n * single, 1e-9) * (1 + n / row_sums(rest))
        rate = total / variance
        effects = school_effects(
            np.where(usable, rate, 0.0),
            np.where(usable, 1 / variance, 1e6),
            design,
            fit_on=usable,
            reject=2.5,
        )
        weight = downweight(np.where(usable, effects.z, np.nan))
        if control is not None or last or hardly_changed(weight, n):
            break
    phi = 1 + effects.tau2 * variance
    skewness = n * third / (phi * variance) ** 1.5
    p_value = tails.upper_tail(tails.to_z(student_p(effects.z, effects.degrees)), skewness)
    works = np.maximum(good, 1)
    expected = np.clip(q + effects.fitted * variance / works, 0.0, 1.0)
    half = 1.96 * effects.deviation * variance / works
    return TailResult(
        tails.to_z(p_value),
        p_value,
        middle,
        high,
        good,
        top,
        top / works,
        expected,
        np.clip(expected - half, 0.0, 1.0),
        np.clip(expected + half, 0.0, 1.0),
        phi,
        tilted,
        usable,
        "control" if control is not None else "region",
        params.weight,
    )


def beside_spread(topped: np.ndarray, narrow: np.ndarray, weight: float) -> np.ndarray:
    r"""Normal value of the weighted smaller p of two readings of the same scores: their top, and their spread.

    Parameters
    ----------
    topped, narrow : ndarray, shape (S,)
        Normal values of this detector and of `homogeneity`; NaN where not assessed.
    weight : float
        Of this detector, in (0, 1); the rest is that of the spread.

    Returns
    -------
    ndarray, shape (S,)
        Where both are known, that of :math:`1 - (1 - w m)(1 - (1-w) m)`, :math:`m = \min(p_1/w, p_2/(1-w))`; else of
        the one that is.

    References
    ----------
    .. [1] C. R. Genovese, K. Roeder, L. Wasserman, "False discovery control with p-value weighting", Biometrika 93(3),
       2006, 509-524.
    """
    both = np.isfinite(topped) & np.isfinite(narrow)
    w = weight
    first, second = (special.ndtr(-np.nan_to_num(values)) for values in (topped, narrow))
    smallest = np.minimum(np.minimum(first / w, second / (1 - w)), 1.0)
    joint = -np.expm1(np.log1p(-w * smallest) + np.log1p(-(1 - w) * smallest))
    return np.where(both, tails.to_z(joint), np.fmax(topped, narrow))
