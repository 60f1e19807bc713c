"""The peer, continued: evenness, tops, works at the cuts and likeness to mechanisms, school by school."""

from __future__ import annotations

import numpy as np
from scipy import stats

from app.bench.speed_peer import Tilting, tilted_to
from app.detectors.mechanisms import Profiles
from app.detectors.params import MechanismParams


def evenness_p(counts: np.ndarray, shape: np.ndarray, tilting: Tilting) -> float:
    """P of so little spread by sampling alone, from the cube root of the variance (`homogeneity`)."""
    f = tilted_to(counts, shape, tilting)
    s = np.arange(len(counts))
    n, mean = counts.sum(), f @ s
    variance, fourth = f @ (s - mean) ** 2, f @ (s - mean) ** 4
    own = (counts @ s**2 - n * (counts @ s / n) ** 2) / (n - 1)
    c = (fourth / variance**2 - 1) / n + 2 / (n * (n - 1))
    return float(stats.norm.cdf(3 * (np.cbrt(own / variance) - 1 + c / 9) / np.sqrt(c)))


def top_p(counts: np.ndarray, shape: np.ndarray, tilting: Tilting, middle: int, high: int) -> float:
    """P of so many top scores among the good ones by sampling alone (`upper_tail`)."""
    f = tilted_to(counts, shape, tilting)
    n = counts.sum()
    q = f[high:].sum() / f[middle:].sum()
    contrast = np.zeros(len(counts))
    contrast[middle:] -= q
    contrast[high:] += 1
    t = tilting.basis - f @ tilting.basis
    covariance = (t * f[:, None]).T @ t + np.diag(tilting.precision / n)
    contrast -= f @ contrast
    r = contrast - t @ np.linalg.solve(covariance, (t * f[:, None]).T @ contrast)
    return float(stats.norm.sf(counts @ r / np.sqrt(n * (f @ r**2) * (1 + n / shape.sum()))))


def landed_p(
    points: np.ndarray, score: np.ndarray, weight: np.ndarray, mean: np.ndarray, covariance: np.ndarray
) -> float:
    """P of the works of one school at the cuts, work by work, before honest differences (`landing_profile`)."""
    total = variance = 0.0
    for x, t in zip(points, score, strict=True):
        total += weight[t] @ (x - mean[t])
        variance += weight[t] @ covariance[t] @ weight[t]
    return float(stats.norm.sf(total / np.sqrt(variance))) if variance > 0 else 0.5


def mechanism_shares(
    z: list[np.ndarray],
    awaited: list[np.ndarray],
    correlations: list[np.ndarray],
    single: list[bool],
    profiles: Profiles,
    names: list[str],
    params: MechanismParams,
) -> np.ndarray:
    """Share of each mechanism in the likelihood of one school (`mechanisms.mechanism_ratios`), density by density.

    Parameters
    ----------
    z, awaited, correlations : list of ndarray
        Signals, (k,), their shifts by a shift of one, mechanism by mechanism, and the correlation of all signals: of
        the whole school, then of each paper.
    single : list of bool
        Whether each of these counts; the whole school does.
    profiles : Profiles
    names : list of str
        Signals.
    params : MechanismParams
    """
    papers = max(sum(single[1:]), 1)
    prior = np.array(params.amplitude_shares) / sum(params.amplitude_shares)
    ratios = []
    for row, shift in enumerate(profiles.shift.values()):
        mu = np.array([shift.get(name, 0.0) for name in names])
        total = 0.0
        for number, (own, expected, correlation) in enumerate(zip(z, awaited, correlations, strict=True)):
            if number and not single[number]:
                continue
            known = np.isfinite(own)
            share = params.paper_share / papers if number else 1 - params.paper_share
            if not known.any():
                total += share
                continue
            honest = stats.multivariate_t(np.zeros(known.sum()), correlation[np.ix_(known, known)], df=params.degrees)
            base = honest.logpdf(own[known])
            for amplitude, weight in zip(params.amplitudes, prior, strict=True):
                moved = own[known] - amplitude * (mu * expected[row])[known]
                total += share * weight * np.exp(honest.logpdf(moved) - base)
        ratios.append(total)
    return np.array(ratios) / sum(ratios)
