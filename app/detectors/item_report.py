"""Items done too well for the school's overall result, where only the completion of items is known."""

from __future__ import annotations

import numpy as np
from scipy import special

from app.detectors.aggregates import Known
from app.detectors.combination import benjamini_hochberg
from app.detectors.dispersion import school_effects, student_p
from app.detectors.item_profile import PARTS, ProfileResult
from app.detectors.params import ProfileParams
from app.detectors.reference import downweight
from app.detectors.tails import SMALLEST_P, to_z, upper_tail
from app.errors import InsufficientData

_STEPS = 25


def item_report(
    known: Known, item_max: tuple[int, ...], control: np.ndarray | None, params: ProfileParams
) -> ProfileResult:
    r"""Item test of all schools of one paper from the completion of each item.

    Parameters
    ----------
    known : Known
        ``values``: completion as shares, shape (S, K).
    item_max : tuple of int
        Maximum of each item, in points.
    control : ndarray of bool, shape (S,), or None
        Schools of the control sample, which then set what is usual.
    params : ProfileParams

    Returns
    -------
    ProfileResult

    Raises
    ------
    InsufficientData
        Too few items or schools.

    Notes
    -----
    With :math:`c_{ik}` the completion, :math:`T_i = \sum_k m_k c_{ik}/\sum_k m_k` and :math:`\theta_i` its logit, the
    reference gives :math:`f_k(\theta) = 1/(1 + e^{-(a_k + b_k\theta + d_k\theta^2)})`, fitted by weighted logistic
    regression over schools, robustly. An item's departure is :math:`r_{ik} = (c_{ik} - f_{ik})/(f_{ik}(1-f_{ik}))`, a
    shift of its location to first order,

    .. math:: z_{ik} = r_{ik}/\sqrt{\tau_k^2 + \omega_k/(n_i f_{ik}(1-f_{ik}))},

    where :math:`\tau_k` is how much honest schools differ (topics taught or not) and :math:`\omega_k` how much of the
    binomial variance is left given the overall result; both from `dispersion.school_effects`. Parts as in
    `item_profile`: *hard* and *open* are the linear combinations of :math:`z` best against dictated hard items (the
    slope on difficulty) and leniently marked open ones; *item* is Simes' p over items, the smallest p-value that
    Benjamini–Hochberg would give; *profile* is :math:`\sum_k z_{ik}^2`. Each has over-dispersion of its own.

    References
    ----------
    .. [1] R. J. Simes, "An improved Bonferroni procedure for multiple tests of significance", Biometrika 73(3), 1986,
       751-754.
    .. [2] D. J. Spiegelhalter, Statistics in Medicine 24(8), 2005, 1185-1202, sec. 4.
    """
    n, limit = known.n, np.array(item_max, dtype=float)
    K = len(limit)
    if params.smallest_items > K:
        raise InsufficientData(f"в работе меньше {params.smallest_items} заданий")
    usable = n >= params.smallest_n
    pool = usable if control is None else usable & control
    if pool.sum() < max(params.smallest_pool, K + 3):
        raise InsufficientData(f"школ с выполнением заданий меньше {max(params.smallest_pool, K + 3)}")
    share = np.clip(known.values, 0.0, 1.0)
    overall = (n * (share @ limit / limit.sum()) + 0.5) / (n + 1)
    theta = np.log(overall / (1 - overall))
    theta = (theta - np.average(theta[pool], weights=n[pool])) / max(float(theta[pool].std()), 1e-9)
    design = np.column_stack((np.ones(len(n)), theta, theta**2))
    level = np.clip(design[:, 1:], -3.0, 9.0)
    weight = np.ones(len(n))
    for last in (False, False, True):
        fitted = curves(share, n, design, np.where(pool, weight, 0.0))
        z, deviation = _items(share, fitted, n, usable, pool)
        shifts = _shifts(fitted, np.average(fitted[pool], axis=0, weights=n[pool]), design, pool, limit)
        linear = [_linear(z, n, level, shift, usable, pool, weight) for shift in shifts]
        parts = np.column_stack((*linear, *_single(z, n, level, usable, pool)))
        parts = np.clip(np.where(usable[:, None], parts, 0.0), -8.0, 37.0)
        if last or control is not None:
            break
        weight = downweight(np.where(usable, parts[:, :3].max(axis=1), np.nan))
    p = special.ndtr(-parts)
    weights = np.array([params.weight_hard, params.weight_open, params.weight_item, params.weight_profile])
    weights = weights / weights.sum()
    # As in `item_profile`: a part with a direction, where it shows, also says what.
    directed = p[:, :3] / weights[:3]
    decided = np.where(directed.min(axis=1) <= 0.02, np.argmin(directed, axis=1), np.argmin(p / weights, axis=1))
    smallest = np.minimum((p / weights).min(axis=1), 1.0)
    p_value = -np.expm1(np.log1p(-np.minimum(weights * smallest[:, None], 1 - 1e-16)).sum(axis=1))
    p_value = np.clip(p_value, SMALLEST_P, 1.0)
    shown = _shown(decided, z, np.average(share[pool], axis=0, weights=n[pool]), limit)
    scale = np.maximum(shown @ limit, 1e-9)
    effect = ((share - fitted) * shown) @ limit / scale
    half = 1.96 * np.sqrt((deviation**2 * shown) @ limit**2) / scale
    return ProfileResult(
        p_value,
        to_z(p_value),
        np.array(PARTS)[decided],
        parts,
        share,
        fitted,
        deviation,
        z,
        shown,
        effect,
        effect - half,
        effect + half,
        usable,
        "control" if control is not None else "region",
    )


def curves(share: np.ndarray, n: np.ndarray, design: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Completion of each item expected at each school's overall result, by logistic regression on fractions.

    Parameters
    ----------
    share : ndarray, shape (S, K)
    n : ndarray, shape (S,)
        Works.
    design : ndarray, shape (S, p)
    weight : ndarray, shape (S,)
        Weight of each school in the fit; zero leaves it out.

    Returns
    -------
    ndarray, shape (S, K)
        Inside (0, 1).

    References
    ----------
    .. [1] L. E. Papke, J. M. Wooldridge, "Econometric methods for fractional response variables", Journal of Applied
       Econometrics 11(6), 1996, 619-632.
    """
    p = design.shape[1]
    # Schools differ for reasons of their own too, so a large one does not count for all of its works.
    w = weight * n / (1 + n / 50)
    ridge = 1e-3 * np.eye(p)
    fitted = np.empty_like(share)
    for k in range(share.shape[1]):
        y = share[:, k]
        centre = np.clip(np.average(y, weights=w), 1e-3, 1 - 1e-3)
        beta = np.zeros(p)
        beta[0] = np.log(centre / (1 - centre))
        for _ in range(_STEPS):
            mean = special.expit(design @ beta)
            information = design.T @ (design * (w * mean * (1 - mean))[:, None]) + ridge
            step = np.linalg.solve(information, design.T @ (w * (y - mean)))
            beta = beta + np.clip(step, -1.0, 1.0)
            if np.max(np.abs(step)) < 1e-8:
                break
        fitted[:, k] = special.expit(np.clip(design @ beta, -8.0, 8.0))
    return fitted


def _items(
    share: np.ndarray, fitted: np.ndarray, n: np.ndarray, usable: np.ndarray, pool: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Normal values of each item (S, K), and the standard deviation of its completion among honest schools."""
    room = fitted * (1 - fitted)
    z, deviation = np.zeros_like(share), np.zeros_like(share)
    for k in range(share.shape[1]):
        judged = usable & (n * room[:, k] >= 1.0)
        fit_on = judged & pool
        rate = (share[:, k] - fitted[:, k]) / room[:, k]
        sampling = 1 / np.maximum(n * room[:, k], 1e-9)
        deviation[:, k] = np.sqrt(sampling) * room[:, k]
        if fit_on.sum() < 10:
            continue
        # A fifth of the binomial variance is the least that knowing the overall result leaves; the rest is estimated.
        unit = float(np.median(sampling[fit_on]))
        effects = school_effects(
            np.where(judged, rate, 0.0),
            np.where(judged, 0.2 * sampling, 1e6),
            fit_on=fit_on,
            shared=np.where(judged, sampling / unit, 0.0),
            reject=2.5,
        )
        skewness = (1 - 2 * fitted[:, k]) / np.sqrt(np.maximum(n * room[:, k], 1e-9))
        skewness = skewness * np.minimum(1.0, sampling / np.maximum(effects.deviation**2, 1e-12)) ** 1.5
        p = upper_tail(to_z(student_p(effects.z, effects.degrees)), np.clip(skewness, -2.0, 2.0))
        z[:, k] = np.where(judged, np.clip(to_z(p), -8.0, 37.0), 0.0)
        deviation[:, k] = np.where(judged, effects.deviation * room[:, k], deviation[:, k])
    return z, deviation


def _shifts(
    fitted: np.ndarray, centre: np.ndarray, design: np.ndarray, pool: np.ndarray, limit: np.ndarray
) -> np.ndarray:
    """Shift of the items' departures under dictated hard items and under leniently marked open ones, (2, K).

    Points given back raise the overall result too, and with it what is expected of every item.
    """
    share = limit / limit.sum()
    slope = np.array([np.polyfit(design[pool, 1], column[pool], 1)[0] for column in fitted.T])
    slope = slope / max(float(slope @ share), 1e-9)
    lost = 1 - centre
    rank = np.argsort(np.argsort(-centre, kind="stable"), kind="stable") / max(len(limit) - 1, 1)
    given = np.stack((lost * rank**3, lost * (limit >= 2)))
    moved = given - (given @ share)[:, None] * slope
    return moved / np.maximum(centre * (1 - centre), 1e-3)


def _linear(
    z: np.ndarray,
    n: np.ndarray,
    level: np.ndarray,
    shift: np.ndarray,
    usable: np.ndarray,
    pool: np.ndarray,
    weight: np.ndarray,
) -> np.ndarray:
    """Normal values of the linear combination of items that is best against a shift."""
    if np.ptp(shift) < 1e-9:
        return np.full(len(z), -8.0)
    w = np.where(pool, weight, 0.0)
    held = np.clip(z, -3.0, 3.0)
    covariance = (held * w[:, None]).T @ held / w.sum()
    K = len(shift)
    share = K / (K + float(pool.sum()))
    covariance = (1 - share) * covariance + share * np.trace(covariance) / K * np.eye(K)
    d = np.linalg.solve(covariance + 0.1 * np.trace(covariance) / K * np.eye(K), shift)
    total = z @ d / np.sqrt(max(float(d @ covariance @ d), 1e-12))
    # What schools differ in besides their level (spread, classes) shows the more, the more works there are.
    return _standardised(total, level, n / (n + 50), usable, pool)


def _standardised(
    total: np.ndarray, level: np.ndarray, loading: np.ndarray, usable: np.ndarray, pool: np.ndarray
) -> np.ndarray:
    """Normal values of a sum of items, its scale between schools estimated as a constant and a part that follows n."""
    effects = school_effects(
        np.where(usable, total, 0.0),
        np.where(usable, 0.3, 1e6),
        level,
        fit_on=pool,
        shared=np.where(usable, loading, 0.0),
        reject=2.75,
    )
    return to_z(student_p(effects.z, effects.degrees))


def _single(
    z: np.ndarray, n: np.ndarray, level: np.ndarray, usable: np.ndarray, pool: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Normal values of the items taken one by one (Simes), and of the whole profile."""
    K = z.shape[1]
    ordered = np.sort(special.ndtr(-z), axis=1)
    simes = to_z(np.clip((ordered * K / np.arange(1, K + 1)).min(axis=1), SMALLEST_P, 1 - 1e-12))
    chi = to_z(special.chdtrc(K, (z**2).sum(axis=1)))
    return simes, _standardised(chi, level, 50 / (n + 50), usable, pool)


def _shown(decided: np.ndarray, z: np.ndarray, completion: np.ndarray, limit: np.ndarray) -> np.ndarray:
    """Items that the deciding part speaks of; chosen by what the school did, so their interval describes only."""
    K = len(limit)
    hard = np.zeros(K, dtype=bool)
    hard[np.argsort(completion, kind="stable")[: max(1, K // 2)]] = True
    kinds = np.stack((hard, limit >= 2, np.ones(K, dtype=bool), np.ones(K, dtype=bool)))[decided]
    own = np.where(kinds, np.where((decided == 3)[:, None], np.abs(z), z), -np.inf)
    farthest = np.arange(K) == np.argmax(own, axis=1)[:, None]
    q = np.stack([benjamini_hochberg(row) for row in special.ndtr(-z)])
    standing_out = np.where((decided == 2)[:, None], q <= 0.05, own >= 1.0)
    return farthest | ((decided < 3)[:, None] & standing_out & kinds)
