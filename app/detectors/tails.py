"""Tail probabilities that stay right for small schools."""

from __future__ import annotations

import numpy as np
from scipy import special

SMALLEST_P = 1e-300
_ROWS_AT_ONCE = 4_096
_NO_SKEWNESS = 1e-3
"""Under it a distribution is as good as normal."""


def upper_tail(z: np.ndarray, skewness: np.ndarray | float = 0.0, kurtosis: np.ndarray | float = 0.0) -> np.ndarray:
    r"""P(Z ≥ z) of a standardised sum whose skewness is known (Pearson's type III).

    Parameters
    ----------
    z : ndarray
        Standardised statistic.
    skewness : ndarray or float
        Skewness of its null distribution; normal where it is nearly zero.
    kurtosis : ndarray or float
        Excess kurtosis; only light tails (negative values, down to −1) are used.

    Returns
    -------
    ndarray
        One-sided p-values in [1e-300, 1].

    Notes
    -----
    With skewness :math:`\gamma`, :math:`k = 4/\gamma^2`, the variable :math:`k +
    \sqrt{k}\,Z\,\mathrm{sign}(\gamma)` is taken as gamma with shape k: three moments match. A negative skewness
    mirrors the distribution. Light tails first stretch z by the Cornish–Fisher term :math:`-\kappa (z^3 - 3z)/24` (z
    held to 4 inside it).

    References
    ----------
    .. [1] N. L. Johnson, S. Kotz, N. Balakrishnan, "Continuous Univariate Distributions", vol. 1, 2nd ed., 1994, ch.
       17, p. 337.

    Examples
    --------
    >>> bool(np.isclose(upper_tail(np.array([1.6448536]), 0.0)[0], 0.05))
    True
    """
    z = np.asarray(z, dtype=float)
    if np.ndim(kurtosis) or kurtosis < 0:
        light = np.clip(kurtosis, -1.0, 0.0)
        held = np.clip(z, -4.0, 4.0)
        z = z - light * held * (held * held - 3) / 24
    gamma = np.broadcast_to(np.asarray(skewness, dtype=float), z.shape)
    # Each value asks for one distribution only, and as a rule all ask for the same: the functions are slow.
    right = gamma >= _NO_SKEWNESS
    if right.all():
        p = special.gammaincc(*_gamma_point(z, gamma))
    else:
        p = special.ndtr(-z)
        left = gamma <= -_NO_SKEWNESS
        if right.any():
            p[right] = special.gammaincc(*_gamma_point(z[right], gamma[right]))
        if left.any():
            p[left] = special.gammainc(*_gamma_point(-z[left], -gamma[left]))
    return np.minimum(np.maximum(p, SMALLEST_P), 1.0)


def _gamma_point(z: np.ndarray, skewness: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shape of the gamma distribution with that positive skewness, and its value z deviations over its mean."""
    root = 2.0 / skewness
    shape = root * root
    return shape, np.maximum(shape + root * z, 0.0)


def tails_under(limit: float, z: np.ndarray, skewness: np.ndarray) -> np.ndarray:
    """P(Z ≥ z) where it is under `limit`, and one elsewhere.

    Parameters
    ----------
    limit : float
        At most 0.05.
    z, skewness : ndarray
        As for `upper_tail`; skewness in [0, 2].

    Returns
    -------
    ndarray
    """
    # No distribution of Pearson's type III with a skewness from 0 to 2 has a twentieth of its mass over 1.6.
    far = z > 1.6
    p = np.ones(np.shape(z))
    p[far] = upper_tail(z[far], np.broadcast_to(skewness, z.shape)[far])
    return np.where(p < limit, p, 1.0)


def smallest_tail(z: np.ndarray, skewness: np.ndarray, known: np.ndarray) -> np.ndarray:
    r"""Smallest `upper_tail` of each row.

    Parameters
    ----------
    z, skewness : ndarray, shape (S, K)
    known : ndarray of bool, shape (S, K)
        The rest is left out.

    Returns
    -------
    ndarray, shape (S,)
        One where nothing is known.

    Notes
    -----
    Wilson and Hilferty's cube root, :math:`w = (6/\gamma)\{(1 + \gamma z/2)^{1/3} - 1\} + \gamma/6`, tells which
    values can have the smallest tail; only these are computed exactly.
    """
    smallest = np.empty(len(z))
    for first in range(0, len(z), _ROWS_AT_ONCE):
        rows = slice(first, first + _ROWS_AT_ONCE)
        smallest[rows] = _smallest_tail(z[rows], skewness[rows], known[rows])
    return smallest


def _smallest_tail(z: np.ndarray, skewness: np.ndarray, known: np.ndarray) -> np.ndarray:
    """The same of a block of rows."""
    gamma = np.where(np.abs(skewness) < 1e-3, 1e-3, skewness)
    guess = np.where(known, (6 / gamma) * (np.cbrt(np.maximum(1 + gamma * z / 2, 0.0)) - 1) + gamma / 6, -np.inf)
    # Past the end of a distribution that is skewed downwards the tail is empty.
    guess[known & (1 + gamma * z / 2 <= 0) & (gamma < 0)] = np.inf
    best = np.clip(guess.max(axis=1, initial=-np.inf, keepdims=True), -1e6, 1e6)
    near = known & ((guess >= best - 0.25 - 0.1 * np.abs(best)) | (guess > 5.0))
    p = np.ones(z.shape)
    p[near] = upper_tail(z[near], skewness[near])
    return p.min(axis=1, initial=1.0)


def to_z(p: np.ndarray) -> np.ndarray:
    """Standard normal value with upper tail `p`; NaN stays."""
    return -special.ndtri(np.clip(p, SMALLEST_P, 1 - 1e-16))


def larger_of_two(z: np.ndarray, rho: np.ndarray | float) -> np.ndarray:
    r"""P(max(A, B) ≥ z) for two standard normal values with correlation rho.

    Parameters
    ----------
    z : ndarray
        The larger of two standardised statistics.
    rho : ndarray or float
        Their correlation, in (−1, 1).

    Returns
    -------
    ndarray
        p-values; between the single tail (rho = 1) and Šidák's value (rho = 0).

    Notes
    -----
    .. math:: 1 - \Phi_2(z, z; \rho) = 1 - \Phi(z) + 2\,T\!\left(z, \sqrt{(1-\rho)/(1+\rho)}\right)

    with Owen's function T.

    References
    ----------
    .. [1] D. B. Owen, "Tables for computing bivariate normal probabilities", Annals of Mathematical Statistics 27(4),
       1956, 1075-1090, eq. 2.1.

    Examples
    --------
    >>> p = larger_of_two(np.array([1.0]), 0.0)
    >>> bool(np.isclose(p[0], 1 - 0.8413447461**2))
    True
    """
    z = np.asarray(z, dtype=float)
    rho = np.clip(rho, -0.999, 0.9999)
    slope = np.sqrt((1 - rho) / (1 + rho))
    return np.clip(special.ndtr(-z) + 2 * special.owens_t(z, slope), SMALLEST_P, 1.0)


def weighted_of_two(one: np.ndarray, other: np.ndarray, weight: float, rho: float) -> np.ndarray:
    r"""Find p of the more telling of two correlated normal values, of which one counts for more.

    Parameters
    ----------
    one, other : ndarray
        Standardised statistics.
    weight : float
        Of the first, in (0, 1); the other has the rest. One half is `larger_of_two`.
    rho : float
        Their correlation, in (−1, 1).

    Returns
    -------
    ndarray
        p-values.

    Notes
    -----
    With :math:`m = \min(p_1/w, p_2/(1-w))` the two limits are :math:`h = \Phi^{-1}(1 - wm)`, :math:`k = \Phi^{-1}(1 -
    (1-w)m)`, and p is the probability that either is passed, :math:`1 - \Phi_2(h, k; \rho)`, by Owen's reduction of
    :math:`\Phi_2` to his function T.

    References
    ----------
    .. [1] C. R. Genovese, K. Roeder, L. Wasserman, "False discovery control with p-value weighting", Biometrika 93(3),
       2006, 509-524.
    .. [2] D. B. Owen, "Tables for computing bivariate normal probabilities", Annals of Mathematical Statistics 27(4),
       1956, 1075-1090, eq. 2.1.

    Examples
    --------
    >>> z = np.array([1.0, 2.0])
    >>> bool(np.allclose(weighted_of_two(z, z - 1, 0.5, 0.3), larger_of_two(z, 0.3)))
    True
    """
    rho = float(np.clip(rho, -0.999, 0.999))
    share = np.minimum(special.ndtr(-np.asarray(one)) / weight, special.ndtr(-np.asarray(other)) / (1 - weight))
    # A share over one says nothing: either limit would lie under zero probability.
    share = np.clip(share, SMALLEST_P, 1.0)
    h, k = (-special.ndtri(np.minimum(share * w, 1 - 1e-12)) for w in (weight, 1 - weight))
    h, k = (np.where(np.abs(limit) < 1e-9, 1e-9, limit) for limit in (h, k))
    root = np.sqrt(1 - rho * rho)
    both = (
        (special.ndtr(-h) + special.ndtr(-k)) / 2
        - special.owens_t(h, (k / h - rho) / root)
        - special.owens_t(k, (h / k - rho) / root)
        - np.where(h * k > 0, 0.0, 0.5)
    )
    # `both` is the probability that both are passed; of either it is the sum less that.
    either = special.ndtr(-h) + special.ndtr(-k) - both
    return np.clip(either, SMALLEST_P, 1.0)
