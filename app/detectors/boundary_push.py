"""Works gathered at or just above an official cut."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.detectors.heaping import RegionHeaping, region_heaping
from app.detectors.params import BoundaryParams
from app.detectors.reference import Tilt, downweight, tilt_to_school
from app.detectors.row_sums import row_sums
from app.detectors.score_statistic import cleared, moving_score, precisions
from app.detectors.tables import PaperTable
from app.detectors.tails import to_z, upper_tail
from app.errors import InsufficientData

NAME, VERSION = "boundary_push", "1.1"


@dataclass(frozen=True)
class PushTest:
    """Result of `push_test`, arrays of length S unless said otherwise.

    Attributes
    ----------
    z, skewness, p_value : ndarray
        Standardised score statistic, skewness of its null distribution, one-sided p.
    count_z : ndarray
        Excess works over their binomial standard deviation given the windows: the plain count, for the eye.
    effect, effect_low, effect_high : ndarray
        Excess works in the upper parts of the windows, with a 95 % interval.
    at_cuts, expected : ndarray
        Works in the upper parts, observed and expected given the works in the windows.
    expected_deviation : ndarray
        Standard deviation of `at_cuts` under the reference.
    window : ndarray
        Works in the windows.
    tilt : Tilt
        The reference moved to each school.
    """

    z: np.ndarray
    skewness: np.ndarray
    p_value: np.ndarray
    count_z: np.ndarray
    effect: np.ndarray
    effect_low: np.ndarray
    effect_high: np.ndarray
    at_cuts: np.ndarray
    expected: np.ndarray
    expected_deviation: np.ndarray
    window: np.ndarray
    tilt: Tilt


def lifting(max_score: int, cuts: tuple[int, ...], params: BoundaryParams) -> np.ndarray:
    """Transition matrix of the alternative: where a work of each score ends when works under a cut are lifted over it.

    Parameters
    ----------
    max_score : int
    cuts : tuple of int
        Lowest scores of the marks.
    params : BoundaryParams

    Returns
    -------
    ndarray, shape (M + 1, M + 1)
        Rows sum to one.
    """
    matrix = np.eye(max_score + 1)
    landing = np.array(params.landing) / sum(params.landing)
    for cut in cuts:
        for score in range(max(0, cut - params.below), cut):
            matrix[score] *= 1 - params.lifted
            for step, share in enumerate(landing):
                matrix[score, min(cut + step, max_score)] += params.lifted * share
    return matrix


def push_test(
    counts: np.ndarray,
    shapes: np.ndarray,
    cuts: tuple[int, ...],
    params: BoundaryParams,
    *,
    reference_works: float,
    start: np.ndarray | None = None,
    shown: bool = True,
) -> PushTest:
    r"""Test each school for works gathered at the cuts, given the level and the spread of its own scores.

    Parameters
    ----------
    counts : ndarray, shape (S, M + 1)
        Works of each school at each score.
    shapes : ndarray, shape (S, M + 1) or (M + 1,)
        Reference score distribution, for each school or for all.
    cuts : tuple of int
        Lowest scores of the marks, in points.
    params : BoundaryParams
    reference_works : float
        Works behind the reference; infinite for a smooth curve taken as known.
    start : ndarray, shape (S, 2), optional
        Tilts to start from.
    shown : bool
        False leaves what is only shown empty.

    Returns
    -------
    PushTest

    Raises
    ------
    InsufficientData
        No cut leaves room for a window inside the paper's range.

    Notes
    -----
    Let :math:`f_i` be the reference tilted to the school (`reference.tilt_to_school`) and :math:`a_i = f_i A`
    the same distribution after 60 % of the works one to three points under a cut were lifted to it or just above
    (`lifting`). The statistic is the efficient score of that alternative: the logarithm of the likelihood ratio
    :math:`g_i(s) = \log a_i(s)/f_i(s)`, cleared of the two tilting functions :math:`t(s)`,

    .. math:: r_i = g_i - E g_i - c_i^T C_i^{-1}(t - E t), \quad T_i = \sum_s n_{is} r_i(s), \quad
              z_i = T_i / \sqrt{n_i E r_i^2 (1 + n_i/N)},

    with :math:`C_i` the covariance of t (plus the prior's precision over n) and N the works of the reference.
    Clearing makes the null distribution free of the school's mean and spread to first order: without it the false
    alarms grow with n. The tail is Pearson's type III with the skewness of :math:`T_i`. The *effect* is the plain
    count: with :math:`u_c = n[c, c+w-1]`, :math:`W_c = n[c-L, c+w-1]`, L = 3, w = 2,

    .. math:: \Delta = \sum_c (u_c - W_c q_c), \qquad q_c = f_i[c, c+w-1] / f_i[c-L, c+w-1],

    shown with :math:`\Delta / \sqrt{\sum_c W_c q_c (1-q_c)}` (Poisson-binomial, overlap of windows ignored); its
    interval uses the variance of the cleared contrast, which knows the overlap and the school's level. Assumes works
    independent given the school's level and spread; works copied inside a class make p too small. A small p shows
    gathering, not its cause.

    References
    ----------
    .. [1] C. R. Rao, "Large sample tests of statistical hypotheses concerning several parameters", Proceedings of the
       Cambridge Philosophical Society 44, 1948, 50-57 (score test); efficient score: D. R. Cox, D. V. Hinkley,
       "Theoretical Statistics", 1974, sec. 9.3.
    .. [2] T. S. Dee, W. Dobbie, B. A. Jacob, J. Rockoff, "The causes and consequences of test score manipulation",
       American Economic Journal: Applied Economics 11(3), 2019, sec. II (excess works against a smooth
       counterfactual).
    .. [3] R. Diamond, P. Persson, NBER working paper 22207, 2016, sec. 4 (bunching at grade cuts).

    Examples
    --------
    >>> from app.detectors.params import load_params
    >>> flat = np.full((1, 21), 5.0)
    >>> pushed = flat.copy(); pushed[0, 7:10] = 0; pushed[0, 10] = 20
    >>> params = load_params().boundary_push
    >>> test = push_test(np.vstack((flat, pushed)), np.ones(21), (10,), params, reference_works=np.inf)
    >>> (test.p_value > 0.2).tolist(), (test.p_value < 1e-6).tolist()
    ([True, False], [False, True])
    """
    counts = np.asarray(counts, dtype=float)
    top = counts.shape[1] - 1
    fitting = tuple(c for c in cuts if 1 <= c <= top)
    if not fitting:
        raise InsufficientData("границы отметок вне шкалы работы")
    n = row_sums(counts)
    tilt = tilt_to_school(counts, shapes, spread_prior=params.spread_prior, start=start)
    tilted, basis = tilt.probabilities, tilt.basis
    z, skewness = moving_score(
        counts, tilt, lifting(top, fitting, params), params.spread_prior, reference_works=reference_works
    )
    windows = [(max(0, cut - params.below), cut, min(top, cut + params.above - 1)) for cut in fitting]
    window = np.zeros(len(n))
    for low, _, high in windows:
        window += row_sums(counts[:, low : high + 1])
    if not shown:
        no = np.zeros(0)
        return PushTest(z, skewness, upper_tail(z, skewness), no, no, no, no, no, no, no, window, tilt)
    precision = precisions(params.spread_prior)
    inflation = 1 + n / reference_works
    at_cuts = np.zeros(len(n))
    expected = np.zeros(len(n))
    binomial = np.zeros(len(n))
    contrast = np.zeros_like(tilted)
    for low, cut, high in windows:
        inside = tilted[:, low : high + 1].sum(axis=1)
        q = tilted[:, cut : high + 1].sum(axis=1) / np.maximum(inside, 1e-12)
        works = counts[:, low : high + 1].sum(axis=1)
        upper = counts[:, cut : high + 1].sum(axis=1)
        at_cuts += upper
        expected += works * q
        binomial += works * q * (1 - q)
        contrast[:, low : high + 1] -= q[:, None]
        contrast[:, cut : high + 1] += 1.0
    spread = cleared(contrast, tilted, basis, precision, n)
    deviation = np.sqrt(np.maximum(n * (tilted * spread**2).sum(axis=1) * inflation, 1e-9))
    effect = at_cuts - expected
    return PushTest(
        z,
        skewness,
        upper_tail(z, skewness),
        effect / np.sqrt(np.maximum(binomial, 1e-9)) * (binomial > 1e-9),
        effect,
        effect - 1.96 * deviation,
        effect + 1.96 * deviation,
        at_cuts,
        expected,
        deviation,
        window,
        tilt,
    )


@dataclass(frozen=True)
class BoundaryResult:
    """Schools of one paper.

    Attributes
    ----------
    test : PushTest
        What is shown: against the smooth curve where the region is heaped, else against the pool.
    z, p_value : ndarray, shape (S,)
        What is judged: the excess over both references.
    assessed : ndarray of bool, shape (S,)
    region : RegionHeaping
    against_pool : PushTest
    reference : str
        ``region`` or ``control``.
    reference_works : float
    """

    test: PushTest
    z: np.ndarray
    p_value: np.ndarray
    assessed: np.ndarray
    region: RegionHeaping
    against_pool: PushTest
    reference: str
    reference_works: float


def boundary_push(
    table: PaperTable, control: PaperTable | None, params: BoundaryParams, *, shown: bool = True
) -> BoundaryResult:
    r"""Boundary test of all schools of one paper, with its reference.

    Parameters
    ----------
    table : PaperTable
        A paper with official cuts.
    control : PaperTable or None
        Works of a designated control sample; it then is the reference.
    params : BoundaryParams
    shown : bool
        False leaves what is only shown empty.

    Returns
    -------
    BoundaryResult

    Raises
    ------
    InsufficientData
        The paper has no official cuts, or nobody to compare with.

    Notes
    -----
    Without a control sample the reference is the pool of all other schools (leave-one-out), each weighted by
    Tukey's bisquare of its own z, so that schools that gather at cuts do not set the norm. A pool may gather as a
    whole. Then two questions differ: does the school gather more than a distribution without cuts would (smooth
    curve), and more than is usual here (pool)? The figures shown answer the first, p the second and the first
    together, :math:`p = \max(p_{smooth}, p_{pool})` (intersection–union): a school is not accused of a habit that all
    share, that habit being a finding about the region.

    References
    ----------
    .. [1] R. L. Berger, "Multiparameter hypothesis testing and acceptance sampling", Technometrics 24(4), 1982,
       295-300.
    """
    cuts = table.spec.mark_from
    if cuts is None:
        raise InsufficientData("у работы нет официальных границ отметок")
    pool = table.counts.sum(axis=0)
    region = region_heaping(pool, cuts, table.items, params)
    n = table.n
    if control is not None:
        shape = control.counts.sum(axis=0)
        shape = shape + 0.5 * region.smooth / region.smooth.sum()
        works = float(shape.sum())
        against_pool = push_test(table.counts, shape, cuts, params, reference_works=works, shown=shown)
        reference = "control"
    else:
        if len(n) < 2 or pool.sum() <= n.max():
            raise InsufficientData("в регионе нет других школ с этой работой")
        weight, start = np.ones(len(n)), None
        transition = lifting(table.spec.max_score, tuple(c for c in cuts if 1 <= c <= table.spec.max_score), params)
        floor = 0.5 * region.smooth / region.smooth.sum()
        for _ in range(3):
            total = weight @ table.counts
            rest = np.maximum(total - weight[:, None] * table.counts, 0.0) + floor
            tilt = tilt_to_school(table.counts, rest, spread_prior=params.spread_prior, start=start)
            z, _ = moving_score(table.counts, tilt, transition, params.spread_prior, reference_works=float(total.sum()))
            start = tilt.theta
            fresh = downweight(np.where(n >= 5, z, np.nan))
            moved = float(n @ np.abs(fresh - weight)) / float(n.sum())
            weight = fresh
            # Each round moves about a twentieth of what the one before did: after one that moves less than a tenth of
            # the works the next would move less than one work in a hundred.
            if moved < 0.1:
                break
        total = weight @ table.counts
        rest = np.maximum(total - weight[:, None] * table.counts, 0.0) + floor
        works = float(total.sum())
        against_pool = push_test(table.counts, rest, cuts, params, reference_works=works, start=start, shown=shown)
        reference = "region"
    p_value, test = against_pool.p_value, against_pool
    if region.heaped and control is None:
        test = push_test(table.counts, region.smooth, cuts, params, reference_works=np.inf, shown=shown)
        p_value = np.maximum(test.p_value, against_pool.p_value)
    assessed = (n >= params.smallest_n) & (test.window >= params.smallest_window)
    return BoundaryResult(test, to_z(p_value), p_value, assessed, region, against_pool, reference, works)
