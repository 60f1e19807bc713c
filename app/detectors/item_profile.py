"""Items done too well for the scores of the works they stand in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from app.detectors.dispersion import school_effects, student_p
from app.detectors.item_shown import described, nothing_described
from app.detectors.item_sums import by_school, leave_one_out_residuals, points_at_scores
from app.detectors.params import ProfileParams
from app.detectors.reference import downweight, hardly_changed
from app.detectors.row_sums import row_sums
from app.detectors.tables import TYPICAL_CLASS, Answers, PaperTable
from app.detectors.tails import smallest_tail, to_z, upper_tail
from app.errors import InsufficientData

NAME, VERSION = "item_profile", "1.3"
PARTS = ("hard", "open", "item", "profile")


_ITEMS_OF_SCHOOLS = 100_000
"""As many residuals of items tell how much items differ between honest schools."""


@dataclass(frozen=True)
class ProfileResult:
    """Schools of one paper, arrays of length S unless said otherwise; K items.

    Attributes
    ----------
    p_value, z : ndarray
        Weighted smallest p of the parts, and its normal value.
    part : ndarray of str
        Part that decided, one of `PARTS`.
    part_z : ndarray, shape (S, 4)
        Normal value of each part, in the order of `PARTS`; also where works are too few to judge but enough to add to
        a sum over papers, NaN under that.
    completion, expected, deviation : ndarray, shape (S, K)
        Share of the item's points earned; the same given the total scores; its standard deviation with honest
        differences between schools.
    item_z : ndarray, shape (S, K)
    shown : ndarray of bool, shape (S, K)
        Items that the deciding part speaks of.
    effect, effect_low, effect_high : ndarray
        Observed less expected completion of the items shown, with a 95 % interval.
    assessed : ndarray of bool
    reference : str
    """

    p_value: np.ndarray
    z: np.ndarray
    part: np.ndarray
    part_z: np.ndarray
    completion: np.ndarray
    expected: np.ndarray
    deviation: np.ndarray
    item_z: np.ndarray
    shown: np.ndarray
    effect: np.ndarray
    effect_low: np.ndarray
    effect_high: np.ndarray
    assessed: np.ndarray
    reference: str


def covariance_by_score(answers: Answers, top: int) -> np.ndarray:
    """Covariance of the items' points among works of the same score, borrowing from neighbouring scores.

    Parameters
    ----------
    answers : Answers
    top : int

    Returns
    -------
    ndarray, shape (M + 1, K, K)
        In points²; rows sum to zero where scores are sums of items.
    """
    return answers.by_score(top).covariance


def given_total(sums: np.ndarray, works: np.ndarray) -> np.ndarray:
    """Mean points of each item given the score; rare scores borrow from their neighbours, each row sums to its score.

    Parameters
    ----------
    sums : ndarray, shape (…, M + 1, K)
        Points earned at each score.
    works : ndarray, shape (…, M + 1)

    Returns
    -------
    ndarray, shape (…, M + 1, K)
    """
    scores = np.arange(works.shape[-1], dtype=float)
    kernel = np.exp(-0.5 * (scores[:, None] - scores) ** 2) + 1e-9
    smooth = (kernel @ sums) / np.maximum(works @ kernel, 1e-9)[..., None]
    smooth = smooth * (scores / np.maximum(row_sums(smooth), 1e-9))[..., None]
    return (sums + 4 * smooth) / (works + 4)[..., None]


def alternatives(mean: np.ndarray, works: np.ndarray, limit: np.ndarray) -> np.ndarray:
    r"""Shift of the items' residuals under the two alternatives: dictated hard items, leniently marked open ones.

    Parameters
    ----------
    mean : ndarray, shape (M + 1, K)
        Points given the score.
    works : ndarray, shape (M + 1,)
        Works of the reference at each score.
    limit : ndarray, shape (K,)
        Maximum of each item.

    Returns
    -------
    ndarray, shape (2, K)

    Notes
    -----
    Points given back :math:`g_k` also raise the score, and with it what is expected of all items:
    :math:`\mu_k = g_k - b_k \sum_l g_l` with :math:`b_k` the slope of :math:`E[x_k|T]` on T. Dictated: :math:`g_k`
    is the points lost on the item times the cube of its rank in hardness. Open: the points lost on items of two points
    and more; none where the paper has one kind of items only.
    """
    share = works / works.sum()
    centre = share @ mean
    scores = np.arange(len(works))
    spread = share @ (scores - share @ scores) ** 2
    slope = (share * (scores - share @ scores)) @ mean / max(float(spread), 1e-9)
    lost = limit - centre
    rank = np.argsort(np.argsort(-centre / limit, kind="stable"), kind="stable") / max(len(limit) - 1, 1)
    given = np.stack((lost * rank**3, lost * (limit >= 2)))
    return given - given.sum(axis=1, keepdims=True) * slope


def item_profile(
    table: PaperTable, control: PaperTable | None, params: ProfileParams, *, shown: bool = True
) -> ProfileResult:
    r"""Item test of all schools of one paper.

    Parameters
    ----------
    table : PaperTable
        A paper with items.
    control : PaperTable or None
        Works of the control sample, as the norm of items given the score.
    params : ProfileParams
    shown : bool
        False leaves what is only shown empty.

    Returns
    -------
    ProfileResult

    Raises
    ------
    InsufficientData
        No items, too few of them, or too few schools.

    Notes
    -----
    With :math:`R_{ik} = \sum_w (x_{wk} - E_C[x_k|T_w])` and :math:`C_T` the covariance of items given the score,

    .. math:: z_{ik} = R_{ik} / \sqrt{V_{ik} + \tau^2 V_{ik}^2}, \qquad V_{ik} = \sum_w C_{T_w,kk},

    where :math:`\tau` is how much items differ between honest schools (topics taught or not), in units of the
    logit: a shift :math:`\delta` of an item's location moves :math:`R_{ik}` by :math:`\delta V_{ik}` to first order.
    Four parts are judged: *hard* and *open*, the linear statistics :math:`d^T R_i`, :math:`d = C^{-}\mu`, that are best
    against the shift :math:`\mu` of `alternatives`, with over-dispersion of their own (`school_effects`); *item*, the
    largest :math:`z_{ik}` (Pearson III tail, Šidák over items); *profile*, :math:`\sum_k z_{ik}^2` as
    :math:`c\chi^2_f` with moments matched to the items' correlation. The p-value is the weighted smallest. The
    reference is the control sample, else all other schools, each weighted by Tukey's bisquare of its own z where
    schools far out hold so many works that it matters (`reference.hardly_changed`). Assumes works independent given the
    score and the school's habits; a class copying makes p too small. The score is given, so strong and weak schools are
    equally innocent; what raises all items alike is not seen.

    References
    ----------
    .. [1] P. W. Holland, D. T. Thayer, "Differential item performance and the Mantel-Haenszel procedure", in H. Wainer,
       H. Braun (eds.), "Test Validity", 1988, 129-145 (items given the total score).
    .. [2] D. J. Spiegelhalter, Statistics in Medicine 24(8), 2005, 1185-1202, sec. 4 (over-dispersion).
    """
    answers = table.answers
    if answers is None:
        raise InsufficientData("нет баллов за отдельные задания")
    limit = np.array(table.spec.item_max, dtype=float)
    if len(limit) < params.smallest_items:
        raise InsufficientData(f"в работе меньше {params.smallest_items} заданий")
    n, top, S = table.n, table.spec.max_score, len(table.schools)
    usable, pooled_over = n >= params.smallest_n, n >= params.smallest_pooled
    if usable.sum() < params.smallest_pool:
        raise InsufficientData(f"школ с баллами за задания меньше {params.smallest_pool}")
    order, at_scores = answers.by_score(top), answers.works_at(table)
    own = by_school(answers, S)
    earned = (own, points_at_scores(answers, S, top))
    covariance = covariance_by_score(answers, top)
    third = _third_moments(table)
    outside = control.answers if control is not None else None
    weight = np.ones(S)
    for last in (False, True):
        if outside is not None and control is not None:
            rest_works = outside.works_at(control).sum(axis=0)[None]
            mean = given_total(outside.by_score(top).sums, rest_works[0])
            residual = own - at_scores @ mean
        else:
            residual, rest_works, rest = leave_one_out_residuals(answers, at_scores, weight, order, earned)
            mean = given_total(rest, rest_works[0])
        # The error of the reference comes on top, score by score.
        works = at_scores * (1 + at_scores / (rest_works + 4))
        shifts = alternatives(mean, rest_works[0], limit)
        pooled = np.tensordot(rest_works[0] / rest_works[0].sum(), covariance, axes=1)
        parts = np.zeros((S, len(PARTS)))
        parts[:, :2] = _linear(residual, works, covariance, pooled, shifts, usable, pooled_over, table)
        parts[:, 2], item_z, tau2 = _single(residual, works, covariance, third, usable)
        parts = np.clip(np.where(pooled_over[:, None], parts, 0.0), -8.0, 37.0)
        weight = downweight(np.where(usable, parts[:, :3].max(axis=1), np.nan))
        if last or outside is not None or hardly_changed(weight, n):
            whole = _whole(item_z, works, covariance, pooled, usable)
            parts[:, 3] = np.clip(np.where(pooled_over, whole, 0.0), -8.0, 37.0)
            break
    p = np.column_stack([special.ndtr(-parts[:, k]) for k in range(4)])
    weights = np.array([params.weight_hard, params.weight_open, params.weight_item, params.weight_profile])
    weights = weights / weights.sum()
    # The whole profile says that something is odd; a part with a direction, where it shows, also says what.
    directed = p[:, :3] / weights[:3]
    decided = np.where(directed.min(axis=1) <= 0.02, np.argmin(directed, axis=1), np.argmin(p / weights, axis=1))
    smallest = np.minimum((p / weights).min(axis=1), 1.0)
    p_value = np.clip(-np.expm1(row_sums(np.log1p(-np.minimum(weights * smallest[:, None], 1 - 1e-16)))), 1e-300, 1.0)
    what = nothing_described(len(limit))
    if shown:
        filled = np.zeros(item_z.shape, dtype=bool) if answers.untaught is None else answers.untaught
        what = described(decided, item_z, filled, n, own, residual, works, covariance, tau2, limit)
    return ProfileResult(
        p_value,
        to_z(p_value),
        np.array(PARTS)[decided],
        np.where(pooled_over[:, None], parts, np.nan),
        *what,
        usable,
        "control" if outside is not None else "region",
    )


def _third_moments(table: PaperTable) -> np.ndarray:
    """Third central moment of each item's points given the score, (M + 1, K)."""
    assert table.items is not None
    third = np.empty((table.spec.max_score + 1, len(table.items)))
    widths = np.array([len(cells) for cells in table.items])
    for width in set(widths.tolist()):
        own = np.flatnonzero(widths == width)
        share = np.stack([table.items[k] for k in own])
        share /= np.maximum(share.sum(axis=1, keepdims=True), 1)
        points = np.arange(width, dtype=float)
        centred = points[:, None] - (points @ share)[:, None]
        third[:, own] = (share * centred * centred * centred).sum(axis=1).T
    return third


def _linear(
    residual: np.ndarray,
    works: np.ndarray,
    covariance: np.ndarray,
    pooled: np.ndarray,
    shifts: np.ndarray,
    usable: np.ndarray,
    summed: np.ndarray,
    table: PaperTable,
) -> np.ndarray:
    """Normal values of the linear statistics that are best against the `shifts`, (S, 2)."""
    assert table.answers is not None
    K = len(pooled)
    ridge = pooled + 0.05 * np.trace(pooled) / K * np.eye(K)
    # Scores far from the middle shift the balance of items a little; honest schools must not pay for their level.
    level = (table.mean - table.mean.mean()) / max(float(table.mean.std()), 1e-9)
    z = np.full((len(residual), len(shifts)), -8.0)
    directions = np.linalg.solve(ridge, shifts.T)
    thirds = table.answers.by_score(works.shape[1] - 1).third(directions)
    for column, shift in enumerate(shifts):
        if np.abs(shift).max() < 1e-9:
            continue
        d = directions[:, column]
        variance = np.maximum(works @ (covariance @ d @ d), 1e-9)
        rate = np.where(summed, residual @ d / variance, 0.0)
        sampling = np.where(summed, 1 / variance, 1e6)
        effects = school_effects(rate, sampling, level[:, None], fit_on=usable, caution=0.0, reject=2.5)
        total = variance + effects.tau2 * variance**2
        skewness = works @ thirds[:, column] / total**1.5
        z[:, column] = to_z(upper_tail(to_z(student_p(effects.z, effects.degrees)), skewness))
    return z


def _single(
    residual: np.ndarray,
    works: np.ndarray,
    covariance: np.ndarray,
    third: np.ndarray,
    usable: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, float]:
    """Normal values of the largest item (S,) and of all items (S, K), and the variance τ² of the latter."""
    variance, judged = _judged(works, covariance, usable)
    chosen = np.flatnonzero(judged)
    # One number is asked for: of a country's items every so many-th says it to half a percent.
    chosen = chosen[:: max(1, len(chosen) // _ITEMS_OF_SCHOOLS)]
    rate, known = residual.ravel()[chosen] / variance.ravel()[chosen], variance.ravel()[chosen]
    # … and in single precision: it settles to a ten-thousandth.
    rate, sampling = rate.astype(np.float32), (1 / known).astype(np.float32)
    tau2 = school_effects(rate, sampling, caution=0.0, reject=3.0).tau2 if len(chosen) > 3 else 0.0
    total = variance + tau2 * variance**2
    item_z = np.where(judged, residual / np.sqrt(total), 0.0)
    smallest = smallest_tail(item_z, (works @ third) / (total * np.sqrt(total)), judged)
    count = np.maximum(row_sums(judged.astype(float)), 1)
    return to_z(-np.expm1(count * np.log1p(-np.minimum(smallest, 1 - 1e-16)))), item_z, tau2


def _judged(works: np.ndarray, covariance: np.ndarray, usable: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Variance of each school's residual on each item, and where it is judged, both (S, K)."""
    variance = np.maximum(works @ np.einsum("skk->sk", covariance), 1e-9)
    # Hardly anybody differs on an item: its residual is a count of rare events that no tail describes.
    return variance, (variance >= 0.5) & usable[:, None]


def _whole(
    item_z: np.ndarray,
    works: np.ndarray,
    covariance: np.ndarray,
    pooled: np.ndarray,
    usable: np.ndarray,
) -> np.ndarray:
    """Normal values of the whole profile, (S,)."""
    count = np.maximum(row_sums(_judged(works, covariance, usable)[1].astype(float)), 1)
    root = np.sqrt(np.maximum(np.diag(pooled), 1e-9))
    # E Q = K and Var Q = 2 Σ ρ²: matched by c·χ²_f.
    ratio = float(((pooled / np.outer(root, root)) ** 2).sum()) / len(root)
    chi = special.chdtrc(count / ratio, np.vecdot(item_z, item_z) / ratio)
    # What a school teaches moves several items at once: the more works, the more of it shows.
    n = row_sums(works)
    effects = school_effects(to_z(chi), np.ones(len(item_z)), fit_on=usable, shared=n / (n + TYPICAL_CLASS), reject=2.5)
    return to_z(student_p(effects.z, effects.degrees))
