"""Works at the cuts and just over them that look as if their points had been added."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from app.detectors.dispersion import school_effects, student_p
from app.detectors.item_profile import covariance_by_score, given_total
from app.detectors.params import LandingParams
from app.detectors.reference import downweight, hardly_changed
from app.detectors.tables import Answers, PaperTable
from app.detectors.tails import to_z, upper_tail
from app.errors import InsufficientData

NAME, VERSION = "landing_profile", "1.1"
_SKEWNESS = 1.3
_A = np.ndarray
_Eight = tuple[_A, _A, _A, _A, _A, _A, _A, _A]


@dataclass(frozen=True)
class LandingResult:
    """Schools of one paper, arrays of length S unless said otherwise; K items.

    Attributes
    ----------
    p_value, z : ndarray
        Score test, one-sided: points stand where weaker works lack them.
    landed : ndarray
        Works at a cut or up to two points over it.
    completion, expected, deviation : ndarray, shape (S, K)
        Share of the item's points earned by those works; the same given their scores; its standard deviation.
    hard : ndarray of bool, shape (K,)
        The harder half of the items.
    share, effect, effect_low, effect_high : ndarray
        Completion of the harder half by those works, and by how much it exceeds what their scores imply, with a 95 %
        interval.
    assessed : ndarray of bool
    reference : str
    """

    p_value: np.ndarray
    z: np.ndarray
    landed: np.ndarray
    completion: np.ndarray
    expected: np.ndarray
    deviation: np.ndarray
    hard: np.ndarray
    share: np.ndarray
    effect: np.ndarray
    effect_low: np.ndarray
    effect_high: np.ndarray
    assessed: np.ndarray
    reference: str


def landing_zone(max_score: int, cuts: tuple[int, ...], width: int) -> np.ndarray:
    """Scores at which lifted works end: each cut and the `width` − 1 points over it, the maximum left out."""
    zone = np.zeros(max_score + 1, dtype=bool)
    for cut in cuts:
        zone[max(cut, 1) : min(cut + width, max_score)] = True
    return zone


def lifted_profile(mean: np.ndarray, limit: np.ndarray, steps: tuple[int, ...]) -> np.ndarray:
    r"""Shift of the items' expected points when a work came to its score by added points.

    Parameters
    ----------
    mean : ndarray, shape (M + 1, K)
        Points given the score, of honest works.
    limit : ndarray, shape (K,)
        Maximum of each item.
    steps : tuple of int
        How many points were added; averaged over.

    Returns
    -------
    ndarray, shape (M + 1, K)
        Rows sum to zero; zero where no work can have come from.

    Notes
    -----
    :math:`\delta_k(t) = \overline{m_k(t-j) + j\,r_k/\sum_l r_l} - m_k(t)` with the room
    :math:`r_k = l_k - m_k(t-j)`: who adds points adds them where they are missing, which is on hard items, while a work
    that earned its score has them on easy ones.
    """
    total, ways = np.zeros_like(mean), np.zeros((len(mean), 1))
    for step in steps:
        before = mean[: max(len(mean) - step, 0)]
        room = np.maximum(limit - before, 1e-9)
        total[step:] += before + step * room / room.sum(axis=1, keepdims=True)
        ways[step:] += 1
    return np.where(ways > 0, total / np.maximum(ways, 1) - mean, 0.0)


def landing_profile(
    table: PaperTable, control: PaperTable | None, params: LandingParams, *, shown: bool = True
) -> LandingResult:
    r"""Test of the works at the cuts of all schools of one paper.

    Parameters
    ----------
    table : PaperTable
        A paper with items and official cuts.
    control : PaperTable or None
        Works of the control sample, as the norm of items given the score.
    params : LandingParams
    shown : bool
        False leaves what is only shown empty.

    Returns
    -------
    LandingResult

    Raises
    ------
    InsufficientData
        No items, no official cuts, or too few schools.

    Notes
    -----
    Over the works of the landing zone Z (`landing_zone`),

    .. math:: T_i = \sum_{w: t_w \in Z} d_{t_w}^T (x_w - m_{t_w}), \qquad d_t = (C_t + \lambda I)^{-1} \delta_t,

    with m and C the mean and covariance of items given the score among the schools compared with and :math:`\delta`
    the shift of `lifted_profile`: the score test of works lifted by one to three points against works that earned
    their score. Honest schools differ in what they teach, so :math:`T_i/V_i` is regressed on the school's level with
    additive over-dispersion (`dispersion.school_effects`); the tail is Pearson's type III. Assumes works independent
    given the score; a school whose pupils do hard items instead of easy ones looks alike in all its works, and then
    `item_profile` says so too. The score is given: strong and weak schools, and regions heaped as a whole, are equally
    innocent.

    References
    ----------
    .. [1] C. R. Rao, "Large sample tests of statistical hypotheses concerning several parameters", Proceedings of the
       Cambridge Philosophical Society 44, 1948, 50-57.
    .. [2] B. A. Jacob, S. D. Levitt, "Rotten apples", Quarterly Journal of Economics 118(3), 2003, 843-877, sec. III
       (right answers on hard items beside wrong ones on easy items).
    """
    cuts, answers, limit = table.spec.mark_from, table.answers, np.array(table.spec.item_max, dtype=float)
    if cuts is None:
        raise InsufficientData("у работы нет официальных границ отметок")
    if answers is None:
        raise InsufficientData("нет баллов за отдельные задания")
    if len(limit) < params.smallest_items:
        raise InsufficientData(f"в работе меньше {params.smallest_items} заданий")
    n, top, S = table.n, table.spec.max_score, len(table.schools)
    zone = landing_zone(top, cuts, params.width)
    # A work stands where its own points brought it; what it is compared with knows the items it could not do.
    inside = np.flatnonzero(zone[answers.score if answers.raw is None else answers.raw])
    school, score = answers.school.take(inside), answers.score.take(inside)
    points = answers.points.take(inside, axis=0)
    order = np.argsort(score.astype(np.int16), kind="stable")
    edges = np.concatenate(([0], np.cumsum(np.bincount(score, minlength=top + 1))))
    landed = np.bincount(school, minlength=S).astype(float)
    covariance = covariance_by_score(answers, top)
    inverse = ridged_inverse(covariance)
    level = (table.mean - table.mean.mean()) / max(float(table.mean.std()), 1e-9)
    outside = control.answers if control is not None else None
    weight = np.ones(S)
    for last in (False, True):
        mean = _norm(answers, weight if last else None, top) if outside is None else _norm(outside, None, top)
        d = landing_weights(mean, inverse, limit, params)
        own, variance_at = _bounded(
            _products(points, order, edges, d) - np.einsum("sk,sk->s", d, mean)[score],
            np.sqrt(np.einsum("sk,skl,sl->s", d, covariance, d)),
            score,
            weight[school] if outside is None else np.ones(len(score)),
            params.bound,
        )
        total = np.bincount(school, weights=own, minlength=S)
        variance = np.bincount(school, weights=variance_at[score], minlength=S)
        usable = (n >= params.smallest_pooled) & (variance >= params.smallest_information)
        if usable.sum() < params.smallest_pool:
            raise InsufficientData(f"школ с работами у границ меньше {params.smallest_pool}")
        information = np.where(usable, variance, 1e-6)
        effects = school_effects(
            np.where(usable, total / information, 0.0),
            1 / information,
            level[:, None],
            fit_on=usable,
            caution=0.0,
            reject=3.0,
        )
        weight = downweight(np.where(usable, effects.z, np.nan))
        if outside is not None or last or hardly_changed(weight, n):
            break
    spread = variance + effects.tau2 * variance**2
    cube = np.bincount(score, weights=own * own * own, minlength=top + 1) / np.maximum(
        np.bincount(score, minlength=top + 1), 1
    )
    # Where few works stand at the cuts the pooled cubes tell less than the whole skewness.
    skewness = _SKEWNESS * np.bincount(school, weights=cube[score], minlength=S) / np.maximum(spread, 1e-9) ** 1.5
    z = to_z(upper_tail(to_z(student_p(effects.z, effects.degrees)), np.where(usable, skewness, 0.0)))
    z = np.clip(np.where(usable, z, np.nan), -8.0, 37.0)
    what = _nothing(len(limit))
    if shown:
        what = _completion(points, school, score, mean, covariance, limit, S)
    return LandingResult(
        np.where(usable, special.ndtr(-np.nan_to_num(z)), 1.0),
        z,
        landed,
        *what,
        assessed=usable & (n >= params.smallest_n) & (landed >= params.smallest_landed),
        reference="control" if outside is not None else "region",
    )


def _products(points: np.ndarray, order: np.ndarray, edges: np.ndarray, d: np.ndarray) -> np.ndarray:
    """Each work's points (n, K) times the weights of its score; `order` sorts works by score, `edges` are its ends."""
    own = np.empty(len(points))
    for score in np.flatnonzero(np.diff(edges)):
        rows = order[edges[score] : edges[score + 1]]
        own[rows] = points[rows].astype(np.float32) @ d[score]
    return own


def _norm(answers: Answers, weight: np.ndarray | None, top: int) -> np.ndarray:
    """Mean points of each item given the score; schools weighted."""
    order = answers.by_score(top)
    if weight is None:
        return given_total(order.sums, order.works)
    works = np.bincount(answers.score, weights=weight[answers.school], minlength=top + 1)
    return given_total(order.weighted(weight), works)


def _bounded(
    own: np.ndarray, deviation: np.ndarray, score: np.ndarray, weight: np.ndarray, bound: float
) -> tuple[np.ndarray, np.ndarray]:
    """Works' statistics held to `bound` deviations, centred anew at each score; their variance at each score."""
    held = np.clip(own, -bound * deviation[score], bound * deviation[score])
    width = len(deviation)
    works = np.bincount(score, weights=weight, minlength=width)
    centre = np.bincount(score, weights=weight * held, minlength=width) / np.maximum(works, 1e-9)
    # A score that few works have takes the value of the formula.
    centre *= works / (works + 20)
    held = held - centre[score]
    squares = np.bincount(score, weights=weight * held * held, minlength=width)
    return held, (squares + 20 * deviation**2) / (works + 20)


def landing_weights(mean: np.ndarray, inverse: np.ndarray, limit: np.ndarray, params: LandingParams) -> np.ndarray:
    """Weights :math:`d_t` of the items at each score, (M + 1, K)."""
    return (inverse @ lifted_profile(mean, limit, params.steps)[..., None])[..., 0]


def ridged_inverse(covariance: np.ndarray) -> np.ndarray:
    """Inverses of the covariances at each score, with a ridge: the items sum to the score."""
    K = covariance.shape[1]
    trace = np.trace(covariance, axis1=1, axis2=2)
    return np.linalg.inv(covariance + (0.05 * trace / K + 1e-6)[:, None, None] * np.eye(K))


def _nothing(items: int) -> _Eight:
    """`_completion` of no school."""
    wide, flat = np.zeros((0, items)), np.zeros(0)
    return wide, wide, wide, np.zeros(items, dtype=bool), flat, flat, flat, flat


def _completion(
    points: np.ndarray,
    school: np.ndarray,
    score: np.ndarray,
    mean: np.ndarray,
    covariance: np.ndarray,
    limit: np.ndarray,
    S: int,
) -> _Eight:
    """What the works at the cuts did on each item, and together on the harder half, against what their scores imply."""
    width = len(mean)
    at_scores = np.bincount(school * width + score.astype(np.int64), minlength=S * width).reshape(S, width)
    at_scores = at_scores.astype(float)
    works = np.maximum(at_scores.sum(axis=1), 1)[:, None]
    # Works stand school by school.
    first = np.flatnonzero(np.concatenate(([True], np.diff(school) != 0)))
    earned = np.zeros((S, len(limit)))
    np.add.at(earned, school[first], np.add.reduceat(points.astype(np.float32), first, axis=0))
    earned /= works
    awaited = at_scores @ mean / works
    noise = at_scores @ np.einsum("skk->sk", covariance) / works**2
    usual = at_scores.sum(axis=0) @ mean / max(len(score), 1)
    hard = np.zeros(len(limit), dtype=bool)
    hard[np.argsort(usual / limit, kind="stable")[: max(1, len(limit) // 2)]] = True
    full = limit[hard].sum()
    effect = (earned - awaited)[:, hard].sum(axis=1) / full
    joint = covariance[:, hard][:, :, hard].sum(axis=(1, 2))
    half = 1.96 * np.sqrt(at_scores @ joint) / works[:, 0] / full
    share = earned[:, hard].sum(axis=1) / full
    return earned / limit, awaited / limit, np.sqrt(noise) / limit, hard, share, effect, effect - half, effect + half
