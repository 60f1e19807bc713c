"""Schools on one scale: each school's two results with intervals, and who differs by more than schools usually do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import false_discovery_control, norm

from app.comparison.linking import Link

SMALLEST_N = 10
SMALLEST_NULL, SMALLEST_RATIO = 20, 0.1
"""Schools that can tell how much too large a variance is, and the least part of it that is kept."""

ALPHA = 0.05
_MEDIAN_CHI2 = 0.45493642311957283
"""Median of the chi-squared distribution with one degree of freedom."""


@dataclass(frozen=True)
class SchoolShift:
    """One school in both procedures, in points of the second.

    `first` is the mean of the first procedure on the scale of the second, `second` the mean of the second itself;
    `difference` is second less first. Intervals are 95 %; that of the difference covers sampling and the link, not how
    schools usually vary. `z` and `q` allow for that too; both are None under 10 works in either procedure.
    """

    school: str
    n_first: int
    n_second: int
    first: float
    first_low: float
    first_high: float
    second: float
    second_low: float
    second_high: float
    difference: float
    difference_low: float
    difference_high: float
    z: float | None
    q: float | None

    @property
    def differs(self) -> bool:
        return self.q is not None and self.q <= ALPHA


def school_shifts(names: Sequence[str], first: np.ndarray, second: np.ndarray, link: Link) -> list[SchoolShift]:
    r"""Compare the two results of every school.

    Parameters
    ----------
    names : sequence of str, length S
    first, second : ndarrays, shapes (S, M₁ + 1) and (S, M₂ + 1)
        Works by score; a school with works in one procedure only is left out.
    link : Link

    Returns
    -------
    list of SchoolShift
        In the order of `names`.

    Notes
    -----
    :math:`d_s = \bar y_s - \overline{e(x)}_s` with variance
    :math:`v_s = s_y^2/n_y + s_{e(x)}^2/n_x + v_{\mathrm{link}}`; the variance
    inside a school is shrunk to that of all schools by ten works. Schools also differ between procedures
    for honest reasons; their variance :math:`\tau^2` is the one at which the median of :math:`d_s^2/(v_s + \tau^2)` is
    that of :math:`\chi^2_1`, an estimate that up to half of deviating schools do not move far. Where the same pupils
    wrote both, who cannot be matched, v is too large: if the median of :math:`d_s^2/v_s` is smaller than that of
    :math:`\chi^2_1`, v is reduced by their ratio for z (the intervals stay wide). Then
    :math:`z_s = d_s/\sqrt{v_s + \tau^2}` and q by Benjamini and Hochberg, both-sided.
    """
    n_first, n_second = first.sum(axis=1), second.sum(axis=1)
    rows = np.flatnonzero((n_first > 0) & (n_second > 0))
    if len(rows) == 0:
        return []
    a, b, n_a, n_b = first[rows], second[rows], n_first[rows], n_second[rows]
    mean_a, var_a = _moments(a, link.equivalent)
    mean_b, var_b = _moments(b, np.arange(b.shape[1], dtype=float))
    var_a, var_b = _shrunk(var_a, n_a) / n_a, _shrunk(var_b, n_b) / n_b
    var_link = ((a / n_a[:, None]) @ link.replicates.T).var(axis=1, ddof=1)
    var_a = var_a + var_link
    difference, variance = mean_b - mean_a, var_a + var_b
    enough = (n_a >= SMALLEST_N) & (n_b >= SMALLEST_N)
    z = np.full(len(rows), np.nan)
    q = np.full(len(rows), np.nan)
    if enough.any():
        null = _null_variance(difference[enough], variance[enough], is_matched=link.design == "single_group")
        z[enough] = difference[enough] / np.sqrt(null)
        q[enough] = false_discovery_control(2 * norm.sf(np.abs(z[enough])))
    half_a, half_b, half = (1.96 * np.sqrt(v) for v in (var_a, var_b, variance))
    return [
        SchoolShift(
            str(names[int(row)]),
            int(n_a[i]),
            int(n_b[i]),
            *_around(mean_a[i], half_a[i]),
            *_around(mean_b[i], half_b[i]),
            *_around(difference[i], half[i]),
            float(z[i]) if enough[i] else None,
            float(q[i]) if enough[i] else None,
        )
        for i, row in enumerate(rows)
    ]


def between_variance(difference: np.ndarray, variance: np.ndarray) -> float:
    """Variance between schools at which the median of d²/(v + τ²) is that of χ² with one degree; 0 at least.

    Parameters
    ----------
    difference, variance : ndarray, shape (S,)
        Differences in points and their sampling variances.

    Returns
    -------
    float
        In squared points.

    Examples
    --------
    >>> round(between_variance(np.array([1.0, 2.0, 3.0]), np.zeros(3)), 3)
    8.792
    """

    def excess(tau2: float) -> float:
        return float(np.median(difference**2 / np.maximum(variance + tau2, 1e-300))) - _MEDIAN_CHI2

    if excess(0.0) <= 0:
        return 0.0
    low, high = 0.0, float(np.max(difference**2)) / _MEDIAN_CHI2 + 1e-12
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    return (low + high) / 2


def mean_marks(first: np.ndarray, link: Link, mark_from: Sequence[int]) -> np.ndarray:
    """Mean mark of each school in the first procedure, by the cuts of the second.

    Parameters
    ----------
    first : ndarray, shape (S, M₁ + 1)
        Works by score.
    link : Link
    mark_from : sequence of int
        Lowest scores of the marks 3, 4 and 5 in the second procedure.

    Returns
    -------
    ndarray, shape (S,)
        In 2 … 5; NaN without works. On the continuous scale a mark begins half a point below its lowest score.
    """
    marks = 2.0 + np.searchsorted(np.asarray(mark_from) - 0.5, link.equivalent, side="right")
    n = first.sum(axis=1)
    return np.divide(first @ marks, n, out=np.full(len(n), np.nan), where=n > 0)


def _null_variance(difference: np.ndarray, variance: np.ndarray, *, is_matched: bool) -> np.ndarray:
    tau2 = between_variance(difference, variance)
    if tau2 > 0 or not is_matched or len(difference) < SMALLEST_NULL:
        return variance + tau2
    ratio = float(np.median(difference**2 / variance)) / _MEDIAN_CHI2
    return variance * max(ratio, SMALLEST_RATIO)


def _moments(counts: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    n = counts.sum(axis=1)
    mean = counts @ values / n
    squares = (counts * (values[None, :] - mean[:, None]) ** 2).sum(axis=1)
    return mean, squares / np.maximum(n - 1, 1)


def _shrunk(variance: np.ndarray, n: np.ndarray) -> np.ndarray:
    pooled = float(((n - 1) * variance).sum() / max((n - 1).sum(), 1))
    return ((n - 1) * variance + 10 * pooled) / (n + 9)


def _around(middle: float, half: float) -> tuple[float, float, float]:
    return float(middle), float(middle - half), float(middle + half)
