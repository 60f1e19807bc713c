"""Score test for works moved along the scale, given the level and the spread of a school's own scores."""

from __future__ import annotations

import numpy as np

from app.detectors.reference import Tilt
from app.detectors.row_sums import row_sums

_SCHOOLS_AT_ONCE = 512


def precisions(spread_prior: float) -> np.ndarray:
    """Prior precision of the two tilts of `reference.tilt_to_school`."""
    return np.array([0.02, 1.0 / spread_prior**2])


def moving_score(
    counts: np.ndarray,
    tilt: Tilt,
    transition: np.ndarray,
    spread_prior: float,
    *,
    reference_works: float,
) -> tuple[np.ndarray, np.ndarray]:
    r"""Efficient score statistic of an alternative that moves works, and the skewness of its null distribution.

    Parameters
    ----------
    counts : ndarray, shape (S, M + 1)
        Works at each score.
    tilt : Tilt
        The reference tilted to each school.
    transition : ndarray, shape (M + 1, M + 1)
        Where a work of each score ends under the alternative; rows sum to one.
    spread_prior : float
        As given to `reference.tilt_to_school`.
    reference_works : float
        Works behind the reference.

    Returns
    -------
    z, skewness : ndarray, shape (S,)

    Notes
    -----
    :math:`g_i(s) = \log (f_i A)(s)/f_i(s)`, cleared of its regression on the tilting functions, summed over
    works and divided by its standard deviation; see `boundary_push.push_test`.
    """
    n = np.maximum(row_sums(counts), 1)
    total, variance, third = (np.empty(len(n)) for _ in range(3))
    for rows in blocks(len(n)):
        tilted = tilt.probabilities[rows]
        weight = np.log(np.maximum(tilted @ transition, 1e-12) / np.maximum(tilted, 1e-12))
        weight = np.where(tilted > 1e-9, np.minimum(np.maximum(weight, -3.0), 3.0), 0.0)
        score = cleared(weight, tilted, tilt.basis, precisions(spread_prior), n[rows])
        total[rows], variance[rows], third[rows] = moments_of_score(counts[rows], tilted, score)
    z = total / np.sqrt(n * variance * (1 + n / reference_works))
    return z, third / variance**1.5 / np.sqrt(n)


def blocks(schools: int) -> list[slice]:
    """Schools in blocks that a cache holds with all that is made of them on the way."""
    return [slice(first, first + _SCHOOLS_AT_ONCE) for first in range(0, schools, _SCHOOLS_AT_ONCE)]


def moments_of_score(
    counts: np.ndarray, tilted: np.ndarray, score: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sum of a score over the works, and its variance and third moment in one work of the reference, each (S,)."""
    weighted = tilted * score
    variance = np.maximum(np.vecdot(weighted, score), 1e-9)
    return np.vecdot(counts, score), variance, np.vecdot(weighted, score * score)


def cleared(
    weight: np.ndarray, tilted: np.ndarray, basis: np.ndarray, precision: np.ndarray, n: np.ndarray
) -> np.ndarray:
    """Weights less their mean and their regression on the tilting functions.

    Parameters
    ----------
    weight, tilted : ndarray, shape (S, M + 1)
    basis : ndarray, shape (M + 1, 2)
    precision : ndarray, shape (2,)
        Precision of the prior of the two tilts.
    n : ndarray, shape (S,)

    Returns
    -------
    ndarray, shape (S, M + 1)
    """
    centred = weight - np.vecdot(tilted, weight)[:, None]
    mean = tilted @ basis
    second = tilted @ np.column_stack((basis[:, 0] ** 2, basis[:, 0] * basis[:, 1], basis[:, 1] ** 2))
    works = np.maximum(n, 1)
    c11 = second[:, 0] - mean[:, 0] ** 2 + precision[0] / works
    c12 = second[:, 1] - mean[:, 0] * mean[:, 1]
    c22 = second[:, 2] - mean[:, 1] ** 2 + precision[1] / works
    g1, g2 = ((tilted * centred) @ basis).T
    det = np.maximum(c11 * c22 - c12**2, 1e-12)
    b1, b2 = (c22 * g1 - c12 * g2) / det, (c11 * g2 - c12 * g1) / det
    return centred - b1[:, None] * (basis[:, 0] - mean[:, [0]]) - b2[:, None] * (basis[:, 1] - mean[:, [1]])
