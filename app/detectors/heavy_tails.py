"""Tails of honest schools, read off the side that nobody has a reason to bend."""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy import special

from app.detectors.over_dispersion import huber_square, median

CANDIDATES = (20.0, 8.0, 5.0, 3.5)
"""Degrees of freedom that honest effects are tried with, beside the normal ones of the scale."""
PRIOR_SMALL, PRIOR_LARGE = (0.7, 0.2, 0.06, 0.03, 0.01), (0.4, 0.25, 0.17, 0.11, 0.07)
"""What is believed of each before the schools are looked at, the scale's own first, in schools with fewer works than
the median and in the others: chance rules in small ones, and means tend to a normal law; a hundred schools alone cannot
rule heavy tails out."""
_BOUND = 1.345
_STEPS = 4000
_SMALLEST_SIDE = 15


@cache
def scale_of(degrees: float, bound: float = _BOUND) -> float:
    r"""Scale at which Student's distribution has the bounded second moment of the standard normal one.

    Parameters
    ----------
    degrees : float
    bound : float
        Squares are held to its square, as where the scale was estimated (`dispersion.school_effects`).

    Returns
    -------
    float
        :math:`\sigma` with :math:`E\min(\sigma^2 T^2, k^2) = E\min(Z^2, k^2)`.

    Examples
    --------
    >>> abs(scale_of(1e6) - 1) < 1e-3
    True
    """
    quantiles = special.stdtrit(degrees, (np.arange(_STEPS) + 0.5) / _STEPS) ** 2
    wanted, low, high = huber_square(bound), 0.1, 1.5
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if np.minimum(middle**2 * quantiles, bound**2).mean() < wanted else (low, middle)
    return (low + high) / 2


def mirrored_p(z: np.ndarray, degrees: float, told: np.ndarray, works: np.ndarray, usable: np.ndarray) -> np.ndarray:
    r"""P(Z ≥ z) where honest schools may differ by more than a normal law, as their lower side tells.

    Parameters
    ----------
    z : ndarray, shape (S,)
        Standardised residuals with a robust scale.
    degrees : float
        Degrees of freedom of the scale.
    told : ndarray, shape (S,)
        Standardised residuals whose lower side tells: `z` itself, or what it mirrors.
    works : ndarray, shape (S,)
        Schools over and under the median of these are judged apart: chance rules in small ones, and chance is normal.
    usable : ndarray of bool, shape (S,)
        Schools that set the scale.

    Returns
    -------
    ndarray, shape (S,)

    Notes
    -----
    Results are bent upwards, so values under zero are those of honest schools. Each number of degrees of freedom
    :math:`\nu` in `CANDIDATES` (at its own scale :math:`\sigma_\nu`, `scale_of`), and that of the scale alone, is
    weighted by its prior :math:`\pi_\nu` (`PRIOR_SMALL`, `PRIOR_LARGE`) and its likelihood over the lower side,

    .. math:: w_\nu \propto \pi_\nu \prod_{z_i < 0} \frac{2}{\sigma_\nu} t_\nu(z_i/\sigma_\nu), \qquad
              p = \sum_\nu w_\nu P(T_\nu \ge z/\sigma_\nu),

    so that a few schools do not decide on a shape. Assumes that honest effects are symmetric.

    References
    ----------
    .. [1] K. L. Lange, R. J. A. Little, J. M. G. Taylor, "Robust statistical modeling using the t distribution",
       Journal of the American Statistical Association 84(408), 1989, 881-896.
    .. [2] J. A. Hoeting, D. Madigan, A. E. Raftery, C. T. Volinsky, "Bayesian model averaging", Statistical Science
       14(4), 1999, 382-401, eq. 1.
    """
    return both_sides(z, degrees, told, works, usable)[0]


def both_sides(
    z: np.ndarray, degrees: float, told: np.ndarray, works: np.ndarray, usable: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """P(Z ≥ z) and P(Z ≤ z), each (S,); arguments as of `mirrored_p`."""
    z = np.asarray(z, dtype=float)
    large = works > median(works[usable]) if usable.any() else np.ones(len(z), dtype=bool)
    side, far = usable & (told < 0), np.abs(z)
    beyond = np.ones(len(z))
    for own, prior in ((large, PRIOR_LARGE), (~large, PRIOR_SMALL)):
        beyond[own] = _averaged(far[own], degrees, told[own & side], prior)
    # Laws are symmetric: the far side is computed, the near one is the rest.
    near, beyond = 1 - beyond, np.maximum(beyond, 1e-300)
    return np.where(z >= 0, beyond, near), np.where(z <= 0, beyond, near)


def _averaged(z: np.ndarray, degrees: float, side: np.ndarray, prior: tuple[float, ...]) -> np.ndarray:
    """Tails averaged over the candidates, each weighted by its prior and its likelihood on `side`."""
    shapes = [(degrees, 1.0)]
    if len(side) >= _SMALLEST_SIDE:
        shapes += [(nu, scale_of(nu)) for nu in CANDIDATES if nu < degrees]
    likelihood = np.array([_log_density(side / scale, nu).sum() - len(side) * np.log(scale) for nu, scale in shapes])
    # Candidates with more degrees of freedom than the scale have fall away.
    likelihood += np.log(np.array(prior[:1] + prior[len(prior) + 1 - len(shapes) :]))
    weight = np.exp(likelihood - likelihood.max())
    weight /= weight.sum()
    return np.stack([special.stdtr(nu, -z / scale) for nu, scale in shapes], axis=-1) @ weight


def _log_density(t: np.ndarray, degrees: float) -> np.ndarray:
    half = degrees / 2
    constant = special.gammaln(half + 0.5) - special.gammaln(half) - 0.5 * np.log(degrees * np.pi)
    return constant - (half + 0.5) * np.log1p(t * t / degrees)
