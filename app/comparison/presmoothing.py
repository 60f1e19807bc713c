"""Log-linear presmoothing of a distribution of whole scores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.errors import InsufficientData

DEGREES = (2, 3, 4, 5, 6)
_STEPS = 60


@dataclass(frozen=True)
class Smoothed:
    """A smoothed distribution: shares by score (sum 1, above 0), its degree, deviance and Akaike's criterion."""

    shares: np.ndarray
    degree: int
    deviance: float
    aic: float


def smooth(counts: np.ndarray, degree: int | None = None) -> Smoothed:
    r"""Fit a log-linear model to the counts of scores 0 … M.

    Parameters
    ----------
    counts : ndarray, shape (M + 1,)
        Works by score, not negative; weights need not be whole.
    degree : int, optional
        C, number of moments to keep; by default that of 2 … 6 with the least :math:`\mathrm{deviance} + 2(C + 1)`.

    Returns
    -------
    Smoothed

    Raises
    ------
    InsufficientData
        Fewer than three different scores.

    Notes
    -----
    :math:`\log \hat m_j = \beta_0 + \sum_{i=1}^{C} \beta_i\, j^i`, fitted by maximum likelihood for Poisson counts, so
    that the first C moments of the smoothed distribution are those of the observed one [1]_. Powers are made orthogonal
    first, which changes nothing but the condition of Newton's steps. Choosing C by Akaike's criterion follows [2]_.

    References
    ----------
    .. [1] P. W. Holland and D. T. Thayer, "Univariate and bivariate loglinear models for discrete test score
       distributions", Journal of Educational and Behavioral Statistics 25(2), 2000, 133-183, sec. 2.
    .. [2] T. Moses and P. W. Holland, "Selection strategies for univariate loglinear smoothing models and their effect
       on equating function accuracy", Journal of Educational Measurement 46(2), 2009, 159-176.

    Examples
    --------
    >>> smoothed = smooth(np.array([1.0, 4.0, 6.0, 4.0, 1.0]), 2)
    >>> round(float(smoothed.shares @ np.arange(5)), 6)
    2.0
    """
    counts = np.asarray(counts, dtype=float)
    if (counts > 0).sum() < 3:
        raise InsufficientData("в работах меньше трёх разных баллов: распределение не сгладить")
    most = int((counts > 0).sum()) - 1
    tried = [_fit(counts, c) for c in ((degree,) if degree is not None else DEGREES) if c <= most]
    found = [fitted for fitted in tried if fitted is not None]
    if not found:
        fitted = _fit(counts, min(2, most))
        if fitted is None:
            raise InsufficientData("распределение баллов не сглаживается")
        return fitted
    return min(found, key=lambda fitted: (fitted.aic, fitted.degree))


def _fit(counts: np.ndarray, degree: int) -> Smoothed | None:
    """Newton's method with halved steps; None where it does not settle."""
    total = counts.sum()
    scores = np.linspace(-1.0, 1.0, len(counts))
    design = np.linalg.qr(np.vander(scores, degree + 1, increasing=True))[0] * np.sqrt(len(counts))
    beta = np.linalg.lstsq(design, np.log(counts + 0.5), rcond=None)[0]
    value = _likelihood(counts, design, beta)
    for _ in range(_STEPS):
        mean = np.exp(design @ beta)
        gradient = design.T @ (counts - mean)
        if np.abs(gradient).max() < 1e-9 * total:
            shares = mean / mean.sum()
            deviance = _deviance(counts, mean)
            return Smoothed(shares, degree, deviance, deviance + 2 * (degree + 1))
        try:
            step = np.linalg.solve(design.T @ (design * mean[:, None]), gradient)
        except np.linalg.LinAlgError:
            return None
        scale = 1.0
        while scale > 1e-6:
            ahead = _likelihood(counts, design, beta + scale * step)
            if ahead >= value - 1e-12 * abs(value):
                break
            scale /= 2
        beta, value = beta + scale * step, ahead
    return None


def _likelihood(counts: np.ndarray, design: np.ndarray, beta: np.ndarray) -> float:
    eta = design @ beta
    return float(counts @ eta - np.exp(np.minimum(eta, 50)).sum())


def _deviance(counts: np.ndarray, mean: np.ndarray) -> float:
    ratio = np.where(counts > 0, counts / mean, 1.0)
    return float(2 * (counts * np.log(ratio) - (counts - mean)).sum())
