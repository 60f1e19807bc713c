"""The peer of the speed bench: the same statistics as one would write them first, school by school and class by class.

Each function takes one group and gives one number, with scipy where scipy has it. They serve twice: as what the fast
forms are compared with in time, and as what their p-values must equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

from app.detectors.params import BoundaryParams


@dataclass(frozen=True)
class Tilting:
    """What the tilt of one school is fitted with: basis (M + 1, 2), precisions and centre of the prior."""

    basis: np.ndarray
    precision: np.ndarray
    typical: np.ndarray


def tilted_to(counts: np.ndarray, shape: np.ndarray, tilting: Tilting) -> np.ndarray:
    """Reference distribution moved to one school, by a root finder on the penalised score equations."""
    n, observed = counts.sum(), counts @ tilting.basis

    def distribution(theta: np.ndarray) -> np.ndarray:
        weight = shape * np.exp(tilting.basis @ theta)
        return weight / weight.sum()

    def equations(theta: np.ndarray) -> np.ndarray:
        gradient = observed - n * (distribution(theta) @ tilting.basis)
        return gradient - tilting.precision * (theta - tilting.typical)

    return distribution(optimize.root(equations, np.zeros(2), tol=1e-12).x)


def push_p(
    counts: np.ndarray,
    shape: np.ndarray,
    tilting: Tilting,
    transitions: Sequence[np.ndarray],
    reference_works: float,
) -> list[float]:
    """P of works moved as each of the transitions has it, one school (`boundary_push.push_test`, `few_lowest`)."""
    f = tilted_to(counts, shape, tilting)
    return [_moved_p(counts, f, tilting, transition, reference_works) for transition in transitions]


def _moved_p(
    counts: np.ndarray, f: np.ndarray, tilting: Tilting, transition: np.ndarray, reference_works: float
) -> float:
    n = counts.sum()
    lifted = f @ transition
    g = np.where(f > 1e-9, np.clip(np.log(np.maximum(lifted, 1e-12) / np.maximum(f, 1e-12)), -3, 3), 0.0)
    t = tilting.basis - f @ tilting.basis
    g = g - f @ g
    covariance = (t * f[:, None]).T @ t + np.diag(tilting.precision / n)
    r = g - t @ np.linalg.solve(covariance, (t * f[:, None]).T @ g)
    variance, third = f @ r**2, f @ r**3
    z = counts @ r / np.sqrt(n * variance * (1 + n / reference_works))
    skewness = third / variance**1.5 / np.sqrt(n)
    return float(stats.norm.sf(z) if abs(skewness) < 1e-3 else stats.pearson3.sf(z, skewness))


def pair_sums(
    rows: np.ndarray, variant: Sequence[int], threshold: float, limit: float
) -> tuple[float, float, float, float]:
    """Pairs of one class, two by two (`pair_sums.class_sums`)."""
    root = np.sqrt(rows.shape[1] - 1)
    pairs = total = far = close = 0.0
    for v in range(len(rows)):
        for w in range(v + 1, len(rows)):
            if variant[v] != variant[w]:
                continue
            alike = root * float(rows[v] @ rows[w])
            pairs, total = pairs + 1, total + alike
            far += max(alike - threshold, 0.0) ** 2
            close += alike >= limit
    return pairs, total, far, close


def item_residuals(points: np.ndarray, score: np.ndarray, own: np.ndarray, top: int) -> np.ndarray:
    """Points of one school beyond those of all other works with the same scores (`item_profile`).

    Parameters
    ----------
    points : ndarray, shape (n, K)
    score : ndarray, shape (n,)
    own : ndarray of bool, shape (n,)
        Works of the school.
    top : int
    """
    scores = np.arange(top + 1)
    mean = np.zeros((top + 1, points.shape[1]))
    works, sums = np.zeros(top + 1), np.zeros_like(mean)
    for s in scores:
        others = ~own & (score == s)
        works[s], sums[s] = others.sum(), points[others].sum(axis=0)
    for s in scores:
        near = np.exp(-0.5 * (s - scores) ** 2) + 1e-9
        smooth = near @ sums / max(near @ works, 1e-9)
        smooth = smooth * s / max(smooth.sum(), 1e-9)
        mean[s] = (sums[s] + 4 * smooth) / (works[s] + 4)
    residual = np.zeros(points.shape[1])
    for work in np.flatnonzero(own):
        residual += points[work] - mean[score[work]]
    return residual


def copied_p(cells: np.ndarray, reference: np.ndarray, weight: np.ndarray) -> float:
    """P of agreement between scores and journal marks of one school (`journal_gap.copy_test`), normal tail."""
    works = cells.sum(axis=1)

    def given(alpha: np.ndarray) -> np.ndarray:
        odds = np.maximum(reference, 1e-9) * np.exp(alpha)
        return odds / odds.sum(axis=1, keepdims=True)

    def equations(alpha: np.ndarray) -> np.ndarray:
        return cells.sum(axis=0) - works @ given(alpha) - alpha

    pi = given(optimize.root(equations, np.zeros(4), tol=1e-12).x)
    information = np.eye(4)
    cross = np.zeros(4)
    for s in range(len(works)):
        spread = np.diag(pi[s]) - np.outer(pi[s], pi[s])
        information += works[s] * spread
        cross += works[s] * spread @ weight[s]
    g = weight - np.linalg.solve(information, cross)
    g = g - (pi * g).sum(axis=1, keepdims=True)
    return float(stats.norm.sf((cells * g).sum() / np.sqrt(works @ (pi * g**2).sum(axis=1))))


def rank_correlation(cells: np.ndarray) -> float:
    """Spearman's correlation of one school's scores and journal marks (`federal.spearman`)."""
    score, mark = np.nonzero(cells)
    times = cells[score, mark].astype(int)
    return float(stats.spearmanr(np.repeat(score, times), np.repeat(mark, times)).statistic)


def welch_p(own: np.ndarray, others: np.ndarray) -> float:
    """P of a school's mean against all others, as the classical comparison has it."""
    return float(stats.ttest_ind(own, others, equal_var=False, alternative="greater").pvalue)


def precisions(params: BoundaryParams) -> np.ndarray:
    return np.array([0.02, 1.0 / params.spread_prior**2])
