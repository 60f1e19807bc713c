"""Honest schools differ: estimates that let them, and that a few dishonest ones cannot stretch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

_FEW_SCHOOLS = 400
_OMEGA = 1e-5
"""How near ω is found, as a share of the range it is sought in."""


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
        Result of each school.
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
    y = np.asarray(y, dtype=float)
    fit_on = np.ones(len(y), dtype=bool) if fit_on is None else fit_on
    base = np.asarray(sampling, dtype=float) + (0.0 if extra is None else extra)
    design = np.ones((len(y), 1)) if X is None or X.shape[1] == 0 else np.column_stack((np.ones(len(y)), X))
    kept = fit_on
    for _ in range(8):
        effects = _fit(y, base, design, kept, shared, huber, caution)
        fresh = fit_on & (effects.z <= reject)
        if np.array_equal(fresh, kept) or fresh.sum() < 0.6 * fit_on.sum():
            break
        kept = fresh
    return effects


def _fit(
    y: np.ndarray,
    base: np.ndarray,
    design: np.ndarray,
    fit_on: np.ndarray,
    shared: np.ndarray | None,
    huber: float,
    caution: float,
) -> SchoolEffects:
    # Sums by `add.reduce`, and few passes: schools are few, and what counts is how many arrays are looked at.
    add = np.add.reduce
    columns = design.shape[1]
    count = int(np.count_nonzero(fit_on))
    # Where all of them set the fit nothing has to be picked out, and picking out is what takes the time.
    everybody = count == len(y)
    chosen: np.ndarray | slice = slice(None) if everybody else np.flatnonzero(fit_on)
    expected = huber_square(huber)
    if caution:
        expected += caution * np.sqrt((huber_square(huber, power=4) - expected**2) / max(count, 1))
    known_base, known_shared = base[chosen], None if shared is None else shared[chosen]
    middle = _median(known_base)
    known = y[chosen]
    tau2 = max(0.0, _median((known - _median(known)) ** 2) / 0.4549 - middle)
    weight = fit_on.astype(float)
    spread = base
    omega = 0.0
    own: np.ndarray | float
    fitted: np.ndarray | float
    for _ in range(30):
        variance = tau2 + spread
        w = weight / variance
        if columns == 1:
            own = 1 / float(add(w))
            fitted = float(w @ y) * own
        else:
            weighted = (design * w[:, None]).T
            gram = weighted @ design
            # A slight ridge on all but the constant.
            gram.flat[columns + 1 :: columns + 1] += 0.3 * max(gram[0, 0] / max(count, 1), 1e-12)
            inverse = np.linalg.inv(gram)
            fitted = design @ (inverse @ (weighted @ y))
            own = add((design @ inverse) * design, axis=1)
        residual = y - fitted
        room = 1 - np.minimum(own * w, 0.9)
        if not everybody:
            # A school outside the fit is predicted, so its error of prediction comes on top instead.
            room = np.where(fit_on, room, 1 + own / np.maximum(variance, 1e-12))
        squares = residual**2 / room
        new, omega = _dispersion(squares[chosen], known_base, known_shared, huber, expected, tau2, middle, omega)
        spread = base if shared is None or omega == 0 else base + omega * shared
        z = np.abs(residual)
        z /= np.sqrt((new + spread) * room)
        weight = huber / np.maximum(z, huber)
        if not everybody:
            weight *= fit_on
        settled = abs(new - tau2) <= 1e-4 * max(new, 1e-9)
        tau2 = new
        if settled:
            break
    deviation = np.sqrt((tau2 + spread) * room)
    return SchoolEffects(
        residual / deviation,
        residual,
        deviation,
        np.broadcast_to(fitted, y.shape).copy() if columns == 1 else np.asarray(fitted),
        tau2,
        tau2 / np.maximum(tau2 + spread, 1e-12),
        max(3.0, 0.8 * (float(count) - columns)),
    )


def _dispersion(
    squares: np.ndarray,
    base: np.ndarray,
    shared: np.ndarray | None,
    huber: float,
    expected: float,
    near: float,
    first: float,
    near_omega: float,
) -> tuple[float, float]:
    """τ² and ω that bring bounded squares of standardised residuals to their expectation, sought from near ones."""
    add = np.add.reduce
    limit, n = huber**2, max(len(squares), 1)
    awaited = expected * n
    top = 4 * float(np.max(squares, initial=1e-12)) + 1e-12
    total, ratio, bounded = np.empty_like(base), np.empty_like(base), np.empty_like(base)

    def tau2_given(omega: float, start: float, tolerance: float) -> float:
        """Newton's steps inside a shrinking bracket; leaves the bounded squares at the solution in `bounded`."""
        spread = base if shared is None or omega == 0 else base + omega * shared
        low, high, tau2, is_positive = 0.0, top, start, False
        for _ in range(60):
            np.add(spread, tau2, out=total)
            np.divide(squares, total, out=ratio)
            np.minimum(ratio, limit, out=bounded)
            excess = float(add(bounded)) - awaited
            low, high = (tau2, high) if excess > 0 else (low, tau2)
            if not is_positive and excess <= 0:
                np.minimum(squares / spread, limit, out=bounded)
                if add(bounded) <= awaited:
                    return 0.0
            is_positive = True
            # The slope is that of the squares inside their bound.
            np.multiply(ratio, ratio < limit, out=ratio)
            np.divide(ratio, total, out=ratio)
            slope = float(add(ratio))
            step = tau2 + excess / slope if slope > 0 else top
            new = float(step) if low < step < high else (low + high) / 2
            if abs(new - tau2) <= tolerance * new:
                return new
            tau2 = new
        return tau2

    tau2 = tau2_given(0.0, near if 0 < near < top else first, 1e-6)
    if shared is None or np.ptp(shared) < 0.05:
        return tau2, 0.0
    loading = shared - shared.mean()
    below = float(bounded @ loading)
    if below <= 0:
        return tau2, 0.0
    # Regula falsi as in Illinois: the end that stays put twice loses half of its weight.
    low, high, above = 0.0, 4 * (tau2 + first), -below
    tolerance = _OMEGA * high
    omega = near_omega if 0 < near_omega < high else high / 8
    inner, stayed = tau2, 0
    for _ in range(24):
        inner = tau2_given(omega, max(inner, 1e-3 * first), 1e-5)
        excess = float(bounded @ loading)
        if excess > 0:
            low, below = omega, excess
            above, stayed = (above / 2, 1) if stayed == 1 else (above, 1)
        else:
            high, above = omega, excess
            below, stayed = (below / 2, -1) if stayed == -1 else (below, -1)
        step = low + (high - low) * below / (below - above) if above < 0 else low
        settled = abs(step - omega) <= tolerance
        omega = step
        if settled or high - low <= tolerance:
            break
    return tau2_given(omega, max(inner, 1e-3 * first), 1e-6), omega


def huber_square(k: float, *, power: int = 2) -> float:
    """E min(|Z|, k)^power of a standard normal Z, power 2 or 4."""
    density = np.exp(-0.5 * k * k) / np.sqrt(2 * np.pi)
    inside = 2 * special.ndtr(k) - 1
    second = inside - 2 * k * density
    moment = second if power == 2 else 3 * second - 2 * k**3 * density
    return float(moment + 2 * k**power * special.ndtr(-k))


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
    both = np.isfinite(a) & np.isfinite(b)
    if both.sum() < 20:
        return 0.0
    one, other = a[both], b[both]
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
        values = np.array([robust_correlation(z[:, i], z[:, j]) for i, j in zip(a, b, strict=True)])
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
    ordered = np.sort(values, axis=0)
    last = np.maximum(count - 1, 0)
    column = np.arange(len(count))

    def quantile(share: float) -> np.ndarray:
        at = share * last
        low = at.astype(np.int64)
        first, second = ordered[low, column], ordered[np.minimum(low + 1, last), column]
        return first + (at - low) * (second - first)

    return np.nan_to_num(quantile(0.75) - quantile(0.25))


def _median(values: np.ndarray) -> float:
    """Median; for short arrays much faster than `numpy.median`. NaN of nothing."""
    n = len(values)
    if n == 0:
        return float("nan")
    high = n // 2
    if n % 2:
        return float(np.partition(values, high)[high])
    part = np.partition(values, (high - 1, high))
    return float((part[high - 1] + part[high]) / 2)


def quartiles(values: np.ndarray) -> tuple[float, float, float]:
    """First quartile, median and third quartile, interpolated linearly; NaN of nothing."""
    n = len(values)
    if n == 0:
        return float("nan"), float("nan"), float("nan")
    places = [share * (n - 1) for share in (0.25, 0.5, 0.75)]
    at = sorted({min(int(place) + step, n - 1) for place in places for step in (0, 1)})
    part = np.partition(values, at)
    found = []
    for place in places:
        low = int(place)
        first, second = part[low], part[min(low + 1, n - 1)]
        found.append(float(first + (place - low) * (second - first)))
    return found[0], found[1], found[2]


def quartile_range(values: np.ndarray) -> float:
    """Third quartile less the first, interpolated linearly; for short arrays much faster than `numpy.percentile`."""
    n = len(values)
    low, high = 0.25 * (n - 1), 0.75 * (n - 1)
    at = (int(low), min(int(low) + 1, n - 1), int(high), min(int(high) + 1, n - 1))
    part = np.partition(values, sorted(set(at)))
    first = part[at[0]] + (low - at[0]) * (part[at[1]] - part[at[0]])
    third = part[at[2]] + (high - at[2]) * (part[at[3]] - part[at[2]])
    return float(third - first)
