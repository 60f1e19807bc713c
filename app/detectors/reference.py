"""The reference: score distributions of schools that are compared with one school.

Three steps. A robust pool gives the shape of an honest score distribution; a tilt moves that shape to the level and
spread of the school in question; a smooth curve, which cannot hold a heap, shows what a paper would look like if
nobody cared for cuts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.detectors.dispersion import quartiles
from app.detectors.row_sums import row_sums
from app.detectors.tables import PaperTable
from app.errors import InsufficientData

MANY_SCHOOLS = 20
HELD_SPREAD = 0.02
"""A prior of the spread as tight as this holds it: that of the typical school stays the reference's own, too."""
LEVEL_ONLY = 0.01
"""Prior of the spread where the reference is moved to a school's level and no further."""
_FAR_OUT, _FEW_WORKS = 0.5, 0.05
_SCHOOLS_AT_ONCE = 512
_LARGEST = np.array([[6.0], [1.0]])
"""Tilts beyond which no school is sought."""


@dataclass(frozen=True)
class Tilt:
    """Reference distributions moved to schools.

    Attributes
    ----------
    probabilities : ndarray, shape (S, M + 1)
        Rows sum to one.
    basis : ndarray, shape (M + 1, 2)
        Values of the two tilting functions at each score, for projections.
    theta : ndarray, shape (S, 2)
        Tilts.
    """

    probabilities: np.ndarray
    basis: np.ndarray
    theta: np.ndarray


def tilt_to_school(
    counts: np.ndarray,
    shapes: np.ndarray,
    *,
    spread_prior: float = 0.12,
    iterations: int = 25,
    start: np.ndarray | None = None,
) -> Tilt:
    r"""Tilt reference shapes to the level and spread of each school.

    Parameters
    ----------
    counts : ndarray, shape (S, M + 1)
        Works of each school at each score.
    shapes : ndarray, shape (S, M + 1) or (M + 1,)
        Reference distribution (need not sum to one), positive wherever a work may stand.
    spread_prior : float
        Standard deviation, between honest schools, of the logarithm of the spread of scores; shrinks the second tilt of
        small schools to none.
    iterations : int
        Newton steps at most.
    start : ndarray, shape (S, 2), optional
        Tilts to start from, those of a similar reference.

    Returns
    -------
    Tilt

    Raises
    ------
    InsufficientData
        A reference without works.

    Notes
    -----
    .. math:: f_i(s) \propto f(s) \exp(\theta_{i1} x_s + \theta_{i2} (x_s^2 - 1)), \qquad x_s = (s - \mu)/\sigma,

    fitted by penalised maximum likelihood with :math:`\theta_{i2} \sim N(\bar\theta_2, \tau^2)`, the mean over schools
    weighted by works (zero with fewer than 20 schools, and where the prior is so tight that the spread is held,
    :math:`\tau \le 0.02`). The first term alone is the
    exponential tilt of the reference to the school's mean; in a normal shape :math:`\theta_2` is the change of the
    logarithm of the standard deviation to first order. Scores need not be normal: the family only has to hold what
    honest schools differ in.

    References
    ----------
    .. [1] B. Efron, R. Tibshirani, "Using specially designed exponential families for density estimation", The Annals
       of Statistics 24(6), 1996, sec. 2.

    Examples
    --------
    >>> tilt = tilt_to_school(np.array([[0, 30, 70]]), np.array([1.0, 1.0, 1.0]), spread_prior=1e-6)
    >>> round(float(tilt.probabilities[0] @ np.arange(3)), 3)
    1.7
    """
    counts = np.asarray(counts, dtype=float)
    shapes = np.broadcast_to(np.asarray(shapes, dtype=float), counts.shape)
    if np.any(row_sums(shapes) <= 0):
        raise InsufficientData("в эталоне нет работ")
    base = shapes.sum(axis=0)
    base = base / base.sum()
    score = np.arange(counts.shape[1], dtype=float)
    centre = base @ score
    scale = max(float(np.sqrt(base @ (score - centre) ** 2)), 0.5)
    x = (score - centre) / scale
    basis = np.column_stack((x, x**2 - 1))
    n = row_sums(counts)
    works = max(float(n.sum()), 1e-12)
    prior, spread = 0.02, 1.0 / spread_prior**2
    # A pool of schools is wider than any of them: with enough schools the typical one sets where small ones are drawn.
    typical = 0.0
    is_pooled = len(n) >= MANY_SCHOOLS and spread_prior > HELD_SPREAD
    # Tilt by tilt, schools along the rows: every step is a few operations on whole rows.
    observed = (counts @ basis).T
    theta = np.zeros((2, len(n))) if start is None else start.T
    columns = np.stack((np.ones(len(x)), *basis.T, basis[:, 0] ** 2, basis[:, 0] * basis[:, 1], basis[:, 1] ** 2))
    for _ in range(iterations):
        m1, m2, m11, m12, m22 = _moments(shapes, basis, theta, columns)
        g1 = observed[0] - n * m1 - prior * theta[0]
        g2 = observed[1] - n * m2 - spread * (theta[1] - typical)
        h11, h12, h22 = n * (m11 - m1 * m1) + prior, n * (m12 - m1 * m2), n * (m22 - m2 * m2) + spread
        det = np.maximum(h11 * h22 - h12 * h12, 1e-12)
        step = np.stack((h22 * g1 - h12 * g2, h11 * g2 - h12 * g1)) / det
        if is_pooled:
            # How far the tilts follow the typical one; solved together with it, unless the prior all but ties them.
            follow = spread * float(n @ (h11 / det)) / works
            if follow < 0.9:
                ahead = spread * (float(n @ (theta[1] + step[1])) / works - typical) / (1 - follow)
                step += np.stack((-ahead * h12, ahead * h11)) / det
        step = np.minimum(np.maximum(step, -0.6), 0.6)
        theta = np.minimum(np.maximum(theta + step, -_LARGEST), _LARGEST)
        if is_pooled:
            typical = min(max(float(n @ theta[1]) / works, -0.5), 0.5)
        # Newton's error squares from step to step: below 1e-5 the next one would change nothing.
        if np.abs(step).max(initial=0.0) < 1e-5:
            break
    p = np.exp(theta.T @ basis.T)
    p *= shapes
    p /= row_sums(p)[:, None]
    return Tilt(p, basis, np.ascontiguousarray(theta.T))


def level_of_schools(table: PaperTable) -> Tilt:
    """Each school's reference of all other schools alike, tilted to its level alone; made once for those who ask."""
    known: Tilt | None = table.__dict__.get("_level_of_schools")
    if known is None:
        rest = table.counts.sum(axis=0) - table.counts + 0.1
        known = table.__dict__["_level_of_schools"] = tilt_to_school(table.counts, rest, spread_prior=LEVEL_ONLY)
    return known


def _moments(shapes: np.ndarray, basis: np.ndarray, theta: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Means of `columns` (the first of them ones) under the tilted shapes, block by block of what a cache holds."""
    moments = np.empty((len(columns) - 1, len(shapes)))
    for first in range(0, len(shapes), _SCHOOLS_AT_ONCE):
        rows = slice(first, first + _SCHOOLS_AT_ONCE)
        weight = theta[:, rows].T @ basis.T
        np.exp(weight, out=weight)
        weight *= shapes[rows]
        sums = columns @ weight.T
        np.divide(sums[1:], sums[0], out=moments[:, rows])
    return moments


def second_and_fourth_moment(tilted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Central moments of score distributions.

    Parameters
    ----------
    tilted : ndarray, shape (S, M + 1)
        Rows sum to one.

    Returns
    -------
    second, fourth : ndarray, shape (S,)
        In points² and points⁴.
    """
    middle = tilted.shape[1] // 2
    x = np.arange(tilted.shape[1], dtype=float) - middle
    first, second, third, fourth = (tilted @ np.column_stack((x, x**2, x**3, x**4))).T
    square = first * first
    return second - square, fourth - 4 * first * third + 6 * square * second - 3 * square * square


def lord_wingersky(items: list[np.ndarray]) -> np.ndarray:
    r"""Distribution of the sum of independent items, level by level of ability.

    Parameters
    ----------
    items : list of ndarray, each shape (Q, m_s + 1)
        Probability of each score of an item at each of Q levels.

    Returns
    -------
    ndarray, shape (Q, M + 1)
        Probability of each total, M being the sum of the maxima.

    Notes
    -----
    .. math:: f_s(t \mid q) = \sum_v P(x_s = v \mid q)\, f_{s-1}(t - v \mid q).

    References
    ----------
    .. [1] F. M. Lord, M. S. Wingersky, "Comparison of IRT true-score and equipercentile observed-score equatings",
       Applied Psychological Measurement 8(4), 1984, 453-461; the polytomous form in B. A. Hanson, "An extension of the
       Lord-Wingersky algorithm to polytomous items", 1994.

    Examples
    --------
    >>> lord_wingersky([np.array([[0.5, 0.5]]), np.array([[0.5, 0.5]])]).tolist()
    [[0.25, 0.5, 0.25]]
    """
    total = np.ones((items[0].shape[0], 1))
    for item in items:
        wider = np.zeros((total.shape[0], total.shape[1] + item.shape[1] - 1))
        for points in range(item.shape[1]):
            wider[:, points : points + total.shape[1]] += item[:, points : points + 1] * total
        total = wider
    return total


def complete(pool: np.ndarray, fitted: np.ndarray, merged: tuple[tuple[int, int], ...]) -> np.ndarray:
    """Works of each merged stretch of scores, shared out as the fitted curve has them (the E step for grouped counts).

    Parameters
    ----------
    pool, fitted : ndarray, shape (M + 1,)
    merged : tuple of (low, high)
        Stretches, both ends included, inside which only the total is trusted.

    Returns
    -------
    ndarray, shape (M + 1,)
    """
    completed = pool.copy()
    for low, high in merged:
        part = fitted[low : high + 1]
        completed[low : high + 1] = pool[low : high + 1].sum() * part / max(part.sum(), 1e-300)
    return completed


def smooth_from_items(
    pool: np.ndarray,
    item_tables: list[np.ndarray],
    *,
    merged: tuple[tuple[int, int], ...] = (),
    rounds: int = 60,
) -> np.ndarray:
    r"""Score distribution implied by item difficulties: fits the pool's level and shape, cannot hold a heap.

    Parameters
    ----------
    pool : ndarray, shape (M + 1,)
        Works of the pool at each score.
    item_tables : list of ndarray, each shape (m_s + 1, M + 1)
        Works by score of the item and total score.
    merged : tuple of (low, high)
        Stretches in which only the total is trusted (around the cuts: lifting a work moves it inside its stretch).
    rounds : int
        Steps of the EM algorithm for the distribution of ability.

    Returns
    -------
    ndarray, shape (M + 1,)
        Expected works; sums to the pool.

    Notes
    -----
    Levels of ability are the totals themselves: :math:`P(x_s = v \mid t)` from the pool, smoothed over
    neighbouring totals; the recursion of `lord_wingersky` gives :math:`f(T \mid t)`; weights :math:`g(t)` of the
    mixture :math:`\sum_t g(t) f(T \mid t)` come from EM. Every component is about as wide as the error of
    measurement, so narrow gatherings at a cut cannot be followed. Local dependence of items makes true components
    wider still.
    """
    pool = np.asarray(pool, dtype=float)
    top = len(pool) - 1
    score = np.arange(top + 1)
    kernel = np.exp(-0.5 * ((score[:, None] - score) / max(0.06 * top, 1.0)) ** 2)
    share = (score + 0.5) / (top + 1)
    # A guess from the total alone keeps levels with hardly any works in place; one for all items of a maximum.
    guess = {m: np.vstack([share**v * (1 - share) ** (m - v) for v in range(m + 1)]) for m in _maxima(item_tables)}
    guess = {m: 0.5 * prior / prior.sum(axis=0) for m, prior in guess.items()}
    curves = []
    for table in item_tables:
        smoothed = table @ kernel
        smoothed += guess[len(table) - 1]
        curves.append((smoothed / smoothed.sum(axis=0)).T)
    kernels = lord_wingersky(curves)[:, : top + 1]
    # Of a merged stretch only the total counts: to the EM it is one score.
    group = np.arange(top + 1)
    for low, high in merged:
        group[low : high + 1] = low
    grouped = np.zeros((len(kernels), top + 1))
    np.add.at(grouped.T, group, kernels.T)
    known, share = grouped.sum(axis=0) > 0, np.bincount(group, weights=pool, minlength=top + 1) / pool.sum()
    grouped, share = np.ascontiguousarray(grouped[:, known]), share[known]
    weight = np.full(top + 1, 1.0 / (top + 1))
    for _ in range(rounds):
        weight = weight * (grouped @ (share / np.maximum(weight @ grouped, 1e-300)))
    return (weight @ kernels) * pool.sum()


def _maxima(item_tables: list[np.ndarray]) -> set[int]:
    return {len(table) - 1 for table in item_tables}


def smooth_loglinear(
    pool: np.ndarray, *, merged: tuple[tuple[int, int], ...] = (), degree: int = 6, sweeps: int = 100
) -> np.ndarray:
    r"""Polynomial log-linear smoothing of a score distribution, for papers whose items are not known.

    Parameters
    ----------
    pool : ndarray, shape (M + 1,)
        Works of the pool at each score.
    merged : tuple of (low, high)
        Stretches in which only the total is trusted.
    degree : int
        Moments kept.

    Returns
    -------
    ndarray, shape (M + 1,)
        Smoothed works; without `merged` their first `degree` moments are the pool's.

    References
    ----------
    .. [1] P. W. Holland, D. T. Thayer, "Univariate and bivariate loglinear models for discrete test score
       distributions", Journal of Educational and Behavioral Statistics 25(2), 2000, 133-183, sec. 2.
    """
    pool = np.asarray(pool, dtype=float)
    degree = min(degree, max(1, int(np.count_nonzero(pool)) - 2))
    x = np.linspace(-1, 1, len(pool))
    basis = np.polynomial.legendre.legvander(x, degree)
    beta = np.linalg.lstsq(basis, np.log(pool + 0.5), rcond=None)[0]
    fitted = np.exp(basis @ beta)
    for _ in range(sweeps):
        hessian = basis.T @ (basis * fitted[:, None]) + 1e-8 * np.eye(degree + 1)
        step = np.linalg.solve(hessian, basis.T @ (complete(pool, fitted, merged) - fitted))
        step *= min(1.0, 1.0 / max(np.max(np.abs(basis @ step)), 1e-12))
        beta = beta + step
        fitted = np.exp(basis @ beta)
        if np.max(np.abs(step)) < 1e-10:
            break
    return fitted


def hardly_changed(weight: np.ndarray, works: np.ndarray) -> bool:
    """Whether schools at these weights make about the pool that all of them make.

    Parameters
    ----------
    weight : ndarray, shape (S,)
        Of `downweight`.
    works : ndarray, shape (S,)

    Returns
    -------
    bool
        True where schools far out, at under half of their weight (two and a half deviations and more), hold less than
        a twentieth of the works: then a pool weighted anew moves by less than what it is uncertain by.
    """
    return float(works[weight < _FAR_OUT].sum()) < _FEW_WORKS * float(works.sum())


def downweight(z: np.ndarray, *, tuning: float = 4.685) -> np.ndarray:
    """Tukey's bisquare weights of standardised values about their median, with a robust scale never under one.

    Parameters
    ----------
    z : ndarray, shape (S,)
        Standardised departures of schools; NaN where none is known (weight one).
    tuning : float
        4.685 keeps 95 % efficiency on normal data.

    Returns
    -------
    ndarray, shape (S,)
        Weights in [0, 1].
    """
    known = np.isfinite(z)
    if known.sum() < 5:
        return np.ones(len(z))
    low, centre, high = quartiles(z[known])
    scale = max(1.0, (high - low) / 1.349)
    u = np.where(known, (z - centre) / (tuning * scale), 0.0)
    return np.where(np.abs(u) < 1, (1 - u**2) ** 2, 0.0)
