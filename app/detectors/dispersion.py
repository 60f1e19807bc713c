"""Honest schools differ: estimates that let them, and that a few dishonest ones cannot stretch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from app.detectors.over_dispersion import OverDispersion, median

_FEW_SCHOOLS = 400
_REJECTIONS = 8
"""How often the schools that set a fit may change: two schools that push each other out would go on for ever."""
_NOBODY = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class SchoolEffects:
    r"""Standardised residuals of schools.

    Attributes
    ----------
    z : ndarray, shape (S,)
        Residual over its standard deviation, sampling and honest differences included.
    residual, deviation : ndarray, shape (S,)
        In the unit of the data.
    fitted : ndarray, shape (S,)
    tau2 : float
        Variance between honest schools beyond sampling error.
    shrinkage : ndarray, shape (S,)
        :math:`B = \tau^2/(\tau^2 + v)`, the share of a residual that empirical Bayes keeps.
    degrees : float
        Degrees of freedom left for the scale.
    """

    z: np.ndarray
    residual: np.ndarray
    deviation: np.ndarray
    fitted: np.ndarray
    tau2: float
    shrinkage: np.ndarray
    degrees: float


def school_effects(
    y: np.ndarray,
    sampling: np.ndarray,
    X: np.ndarray | None = None,
    *,
    fit_on: np.ndarray | None = None,
    extra: np.ndarray | None = None,
    shared: np.ndarray | None = None,
    huber: float = 1.345,
    caution: float = 0.0,
    reject: float = np.inf,
) -> SchoolEffects:
    r"""Robust regression of school results with additive over-dispersion.

    Parameters
    ----------
    y : ndarray, shape (S,)
        Result of each school; what is given in single precision is fitted in it.
    sampling : ndarray, shape (S,)
        Its sampling variance.
    X : ndarray, shape (S, p), optional
        Predictors, without a constant.
    fit_on : ndarray of bool, shape (S,), optional
        Schools that set the coefficients and the dispersion (a control sample); all by default.
    extra : ndarray, shape (S,), optional
        Known variance beyond sampling (class effects, an uncertain group mean).
    shared : ndarray, shape (S,), optional
        Loading of a second variance of unknown size: :math:`\\sum_c (n_c/n)^2` for what teachers or classes have in
        common.
    huber : float
        Standardised residuals beyond it lose weight.
    caution : float
        How many standard errors of the estimating equation over-dispersion has to exceed before it counts; zero takes
        the estimate itself, which is never negative and so too large on average where there is none.
    reject : float
        Schools whose z exceeds it leave the fit, which is repeated until none does: manipulation only raises, and ten
        or twenty raised schools in a hundred would otherwise stretch even a bounded scale. At 2.5 an honest region
        loses 0.6 % of its schools.

    Returns
    -------
    SchoolEffects

    Notes
    -----
    :math:`y_i = \beta_0 + x_i\beta + e_i`, :math:`\mathrm{Var}(e_i) = V_i = \tau^2 + \omega d_i + v_i + w_i`.
    Coefficients by Huber's weighted least squares with a slight ridge; :math:`\tau^2` from Huber's second proposal,

    .. math:: \sum_i \psi_k(e_i/\sqrt{V_i (1 - h_i)})^2 = S\,E\,\psi_k(Z)^2,

    which is exact for normal effects and bounded in any single school; :math:`\omega` of a loading d from the same
    equation multiplied by :math:`d_i - \bar d`. With :math:`k \to \infty` it is the Paule–Mandel estimate of
    meta-analysis. :math:`z_i = e_i/\sqrt{V_i(1 - h_i)}`.

    References
    ----------
    .. [1] D. J. Spiegelhalter, "Funnel plots for comparing institutional performance", Statistics in Medicine 24(8),
       2005, 1185-1202, sec. 4 and appendix A.
    .. [2] P. J. Huber, "Robust Statistics", 1981, sec. 6.4 (proposal 2) and 7.8 (regression).
    .. [3] R. C. Paule, J. Mandel, Journal of Research of the National Bureau of Standards 87(5), 1982, 377-385.

    Examples
    --------
    >>> effects = school_effects(np.array([0.0, 1.0, -1.0, 0.5, -0.5]), np.full(5, 10.0))
    >>> effects.tau2
    0.0
    """
    kind: type[Any] = np.float32 if np.asarray(y).dtype == np.float32 else np.float64
    y, base = np.asarray(y, dtype=kind), np.asarray(sampling, dtype=kind)
    base = base if extra is None else base + extra
    design = np.ones((1 if X is None else 1 + X.shape[1], len(y)), dtype=kind)
    if X is not None:
        design[1:] = X.T
    rows = None if fit_on is None or fit_on.all() else np.flatnonzero(fit_on)
    if rows is None:
        fit = _fit(y, base, design, shared, huber, caution, reject)
        room = fit.room
    else:
        own_shared = None if shared is None else shared[rows]
        fit = _fit(y[rows], base[rows], design[:, rows], own_shared, huber, caution, reject)
    fitted = fit.coefficients @ design
    variance = (base if shared is None or fit.omega == 0 else base + fit.omega * shared) + fit.tau2
    known = np.maximum(variance, 1e-12)
    if rows is not None:
        # A school outside the fit is predicted, so its error of prediction comes on top.
        room = 1 + _leverage(design, fit.inverse) / known
        room[rows] = fit.room
    deviation = np.sqrt(variance * room)
    residual = y - fitted
    return SchoolEffects(
        residual / deviation,
        residual,
        deviation,
        fitted,
        fit.tau2,
        fit.tau2 / known,
        max(3.0, 0.8 * (float(fit.kept) - len(design))),
    )


@dataclass(frozen=True)
class _Fit:
    """What a fit comes to: variances, coefficients (p,), inverse of their information (p, p), 1 − leverage (S,)."""

    tau2: float
    omega: float
    coefficients: np.ndarray
    inverse: np.ndarray
    room: np.ndarray
    kept: int


def _leverage(rows: np.ndarray, inverse: np.ndarray) -> np.ndarray | float:
    return float(inverse[0, 0]) if len(inverse) == 1 else np.add.reduce(inverse.dot(rows) * rows, axis=0)


def _inverse(gram: np.ndarray, ridge: float) -> np.ndarray:
    """Inverse of the information about coefficients, with a slight ridge on all but the constant."""
    if len(gram) == 2:
        # By hand: two or three coefficients are the usual case, and small.
        (a, b), (_, c) = gram.tolist()
        c += ridge
        return np.array(((c, -b), (-b, a))) / (a * c - b * b)
    if len(gram) == 3:
        (a, b, c), (_, d, e), (_, _, f) = gram.tolist()
        d, f = d + ridge, f + ridge
        first, second, third = d * f - e * e, c * e - b * f, b * e - c * d
        other, lower, last = a * f - c * c, b * c - a * e, a * d - b * b
        determinant = a * first + b * second + c * third
        return np.array(((first, second, third), (second, other, lower), (third, lower, last))) / determinant
    gram.flat[len(gram) + 1 :: len(gram) + 1] += ridge
    return np.linalg.inv(gram)


def _fit(
    y: np.ndarray,
    base: np.ndarray,
    design: np.ndarray,
    shared: np.ndarray | None,
    huber: float,
    caution: float,
    reject: float,
) -> _Fit:
    """Weights, coefficients and variances in turns, until they settle; schools leave on the way, and may come back.

    `design` lies predictor by predictor, (p, S).
    """
    # Sums by `add.reduce`, and few passes: schools are few, and what counts is how many arrays are looked at.
    everybody = OverDispersion(base, shared, huber, caution)
    equation, out, rows = everybody, _NOBODY, None
    tau2, omega, left = max(0.0, median((y - median(y)) ** 2) / 0.4549 - everybody.middle), 0.0, 0
    weight, spread, limit = None, base, reject**2
    # The method of arrays takes half the time of the operator where schools are few.
    transposed = design.T
    for step in range(60):
        variance = spread + tau2
        w = 1 / variance if weight is None else np.divide(weight, variance, out=weight)
        if len(design) == 1:
            inverse = np.array([[1 / float(np.add.reduce(w))]])
            coefficients = inverse[0] * float(w.dot(y))
            residual = y - float(coefficients[0])
        else:
            weighted = design * w
            gram = weighted.dot(transposed)
            inverse = _inverse(gram, 0.3 * max(float(gram[0, 0]) / equation.schools, 1e-12))
            coefficients = inverse.dot(weighted.dot(y))
            residual = y - coefficients.dot(design)
        leverage = _leverage(design, inverse)
        w *= leverage
        np.minimum(w, 0.9, out=w)
        room = np.subtract(1, w, out=w)
        if len(out):
            # As of those who were never in the fit.
            own = leverage if isinstance(leverage, float) else leverage[out]
            room[out] = 1 + own / np.maximum(variance[out], 1e-12)
        squares = residual * residual
        squares /= room
        new, omega = equation.solved(squares if rows is None else squares[rows], tau2, omega)
        spread = base if shared is None or omega == 0 else base + omega * shared
        ratio = squares / (spread + new)
        # Where there is no over-dispersion to settle, the weights take a step of their own.
        change = abs(new - tau2)
        settled = change <= 1e-4 * max(new, 1e-9) and (new > 0 or step > 0)
        is_near = settled or change <= 0.1 * new
        tau2 = new
        if is_near and limit < np.inf and left < _REJECTIONS:
            far = ((ratio > limit) & (residual > 0)).nonzero()[0]
            if len(far) <= 0.4 * len(y) and not (len(far) == len(out) and (far == out).all()):
                kept = np.ones(len(y), dtype=bool)
                kept[far] = False
                rows, out = np.flatnonzero(kept), far
                equation = OverDispersion(base[rows], None if shared is None else shared[rows], huber, caution)
                settled, left = False, left + 1
        if settled:
            break
        np.sqrt(ratio, out=ratio)
        weight = np.divide(huber, np.maximum(ratio, huber, out=ratio), out=ratio)
        if len(out):
            weight[out] = 0.0
    return _Fit(tau2, omega, coefficients, inverse, room, equation.schools)


def student_p(z: np.ndarray, degrees: float) -> np.ndarray:
    """P(T ≥ z) with `degrees` degrees of freedom: the scale of z was estimated from that many schools."""
    return np.clip(special.stdtr(degrees, -np.asarray(z, dtype=float)), 1e-300, 1.0)


def robust_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Correlation of two standardised columns from quartile ranges of their sum and difference.

    References
    ----------
    .. [1] R. Gnanadesikan, J. R. Kettenring, "Robust estimates, residuals, and outlier detection with multiresponse
       data", Biometrics 28(1), 1972, 81-124, sec. 2.2.
    """
    one, other = a, b
    if not np.isfinite(a @ b):
        both = np.isfinite(a) & np.isfinite(b)
        one, other = a[both], b[both]
    if len(one) < 20:
        return 0.0
    plus, minus = (quartile_range(v) ** 2 for v in (one + other, one - other))
    if plus + minus <= 0:
        return 0.0
    return float(np.clip((plus - minus) / (plus + minus), -0.95, 0.95))


def robust_correlations(z: np.ndarray) -> np.ndarray:
    """`robust_correlation` of all pairs of columns, (P, P), ones on the diagonal."""
    S, P = z.shape
    matrix = np.eye(P)
    if P < 2:
        return matrix
    a, b = np.tril_indices(P, -1)
    if S > _FEW_SCHOOLS:
        columns = np.ascontiguousarray(z.T)
        values = np.array([robust_correlation(columns[i], columns[j]) for i, j in zip(a, b, strict=True)])
    else:
        count = np.isfinite(z).astype(float)
        both = (count.T @ count)[a, b].astype(np.int64)
        plus, minus = (_quartile_ranges(v, both) ** 2 for v in (z[:, a] + z[:, b], z[:, a] - z[:, b]))
        total = np.where(plus + minus > 0, plus + minus, np.inf)
        values = np.where(both >= 20, np.clip((plus - minus) / total, -0.95, 0.95), 0.0)
    matrix[a, b] = matrix[b, a] = values
    return matrix


def _quartile_ranges(values: np.ndarray, count: np.ndarray) -> np.ndarray:
    """`quartile_range` of each column's `count` numbers; the rest are NaN. Zero for columns without any."""
    low, _, high = column_quartiles(values, count)
    return np.nan_to_num(high - low)


def column_quartiles(values: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`quartiles` of each column's `count` numbers, the rest of which are NaN, all columns at once."""
    ordered = np.sort(values, axis=0)
    last = np.maximum(count - 1, 0)
    column = np.arange(len(count))

    def quantile(share: float) -> np.ndarray:
        at = share * last
        low = at.astype(np.int64)
        first, second = ordered[low, column], ordered[np.minimum(low + 1, last), column]
        return first + (at - low) * (second - first)

    return quantile(0.25), quantile(0.5), quantile(0.75)


def quartiles(values: np.ndarray) -> tuple[float, float, float]:
    """First quartile, median and third quartile, interpolated linearly; NaN of nothing."""
    low, middle, high = quantiles(values, (0.25, 0.5, 0.75))
    return low, middle, high


def quantiles(values: np.ndarray, shares: Sequence[float]) -> list[float]:
    """Quantiles, interpolated linearly; for short arrays much faster than `numpy.quantile`. NaN of nothing."""
    n = len(values)
    if n == 0:
        return [float("nan")] * len(shares)
    places = [share * (n - 1) for share in shares]
    at = sorted({min(int(place) + step, n - 1) for place in places for step in (0, 1)})
    part = np.partition(values, at)
    found = []
    for place in places:
        low = int(place)
        first, second = part[low], part[min(low + 1, n - 1)]
        found.append(float(first + (place - low) * (second - first)))
    return found


def quartile_range(values: np.ndarray) -> float:
    """Third quartile less the first, interpolated linearly; for short arrays much faster than `numpy.percentile`."""
    n = len(values)
    low, high = 0.25 * (n - 1), 0.75 * (n - 1)
    at = (int(low), min(int(low) + 1, n - 1), int(high), min(int(high) + 1, n - 1))
    part = np.partition(values, sorted(set(at)))
    first = part[at[0]] + (low - at[0]) * (part[at[1]] - part[at[0]])
    third = part[at[2]] + (high - at[2]) * (part[at[3]] - part[at[2]])
    return float(third - first)
