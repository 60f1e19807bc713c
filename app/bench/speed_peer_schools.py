"""The peer, continued: honest differences between schools, tails and evenness school by school, families combined."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import optimize, stats

from app.detectors.over_dispersion import huber_square

_BOUND = 1.345


def plain_effects(
    y: np.ndarray, sampling: np.ndarray, predictors: np.ndarray, reject: float = 2.5
) -> tuple[np.ndarray, float, float]:
    """Robust regression with over-dispersion by a root finder (`dispersion.school_effects` without a second variance).

    Parameters
    ----------
    y, sampling : ndarray, shape (S,)
    predictors : ndarray, shape (S, p)
    reject : float
        Schools with a larger z leave the fit, which is repeated.

    Returns
    -------
    z : ndarray, shape (S,)
    tau2, degrees : float
    """
    design = np.column_stack((np.ones(len(y)), predictors))
    ridge = np.diag([0.0, *np.full(predictors.shape[1], 0.3)])
    expected = huber_square(_BOUND)
    kept = np.ones(len(y), dtype=bool)
    for _ in range(8):
        weight, tau2 = np.ones(len(y)), 0.0
        for step in range(30):
            w = kept * weight / (tau2 + sampling)
            gram = design.T @ (design * w[:, None])
            inverse = np.linalg.inv(gram + ridge * gram[0, 0] / kept.sum())
            residual = y - design @ (inverse @ (design.T @ (w * y)))
            leverage = np.einsum("ij,jk,ik->i", design, inverse, design)
            room = np.where(kept, 1 - np.minimum(leverage * w, 0.9), 1 + leverage / (tau2 + sampling))
            squares, known = (residual**2 / room)[kept], sampling[kept]

            def surplus(t: float, squares: np.ndarray = squares, known: np.ndarray = known) -> float:
                return float(np.minimum(squares / (t + known), _BOUND**2).mean() - expected)

            top = 4 * float(squares.max()) + 1e-12
            new = 0.0 if surplus(0.0) <= 0 else optimize.brentq(surplus, 0.0, top, xtol=1e-12)
            z = residual / np.sqrt((new + sampling) * room)
            weight = _BOUND / np.maximum(np.abs(z), _BOUND)
            settled, tau2 = abs(new - tau2) <= 1e-6 * max(new, 1e-9) and (new > 0 or step > 0), new
            if settled:
                break
        fresh = z <= reject
        if np.array_equal(fresh, kept) or fresh.sum() < 0.6 * len(y):
            break
        kept = fresh
    return z, tau2, max(3.0, 0.8 * (float(kept.sum()) - design.shape[1]))


def judged_p(z: float, degrees: float, skewness: float) -> float:
    """P of one school: the scale is estimated, the statistic skewed (`tails.upper_tail` of `dispersion.student_p`)."""
    normal = stats.norm.isf(max(stats.t.sf(z, degrees), 1e-300))
    return float(stats.norm.sf(normal) if abs(skewness) < 1e-3 else stats.pearson3.sf(normal, skewness))


def oddest_item_p(residual: np.ndarray, variance: np.ndarray, third: np.ndarray, tau2: float) -> float:
    """P of the most odd item of one school, its being the oddest allowed for (`item_profile`, part *item*)."""
    smallest, count = 1.0, 0
    for own, v, cube in zip(residual, variance, third, strict=True):
        if v < 0.5:
            continue
        total = v + tau2 * v * v
        smallest = min(smallest, float(stats.pearson3.sf(own / np.sqrt(total), cube / total**1.5)))
        count += 1
    return float(-np.expm1(max(count, 1) * np.log1p(-min(smallest, 1 - 1e-16))))


def evenness_of_answers(points: np.ndarray, limit: Sequence[int]) -> float:
    """Gini's heterogeneity of one school's points, averaged over items (`homogeneity_parts`, *items*)."""
    n = max(len(points), 2)
    total = 0.0
    for k, most in enumerate(limit):
        share = np.bincount(points[:, k], minlength=most + 1) / max(len(points), 1)
        total += n / (n - 1) * (1 - float((share**2).sum()))
    return total / len(limit)


def evenness_of_marks(counts: np.ndarray, cuts: Sequence[int]) -> float:
    """The same of one school's marks (`homogeneity_parts`, *marks*)."""
    n = max(float(counts.sum()), 2.0)
    share = np.add.reduceat(counts, [0, *cuts]) / max(float(counts.sum()), 1.0)
    return float(n / (n - 1) * (1 - (share**2).sum()))


def summed(z: np.ndarray, weight: np.ndarray, correlation: np.ndarray) -> float:
    """Stouffer's sum of one school over its papers (`combination.stouffer`)."""
    known = np.isfinite(z)
    if not known.any():
        return float("nan")
    w = weight[known]
    return float(w @ z[known] / np.sqrt(w @ correlation[np.ix_(known, known)] @ w))


def combined_p(p: np.ndarray, correlation: np.ndarray) -> float:
    """Brown's combination of one school's families, pair by pair (`combination.brown`)."""
    known = np.flatnonzero(np.isfinite(p))
    if len(known) == 0:
        return float("nan")
    variance = 4.0 * len(known)
    for i in known:
        for j in known:
            if i != j:
                rho = min(max(correlation[i, j], 0.0), 0.99)
                variance += 3.263 * rho + 0.710 * rho**2 + 0.027 * rho**3
    expected = 2.0 * len(known)
    statistic = -2 * sum(float(np.log(max(p[i], 1e-300))) for i in known)
    return float(stats.chi2.sf(2 * statistic * expected / variance, 2 * expected**2 / variance))
