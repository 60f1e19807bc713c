"""Equations of over-dispersion: what variance between schools brings bounded squares to their expectation."""

from __future__ import annotations

from functools import cached_property, lru_cache

import numpy as np
from scipy import special

_OMEGA = 1e-5
"""How near ω is found, as a share of the range it is sought in."""
_NEAR = 3e-4
"""Newton's error squares from step to step: after a step as short as this it is under a millionth."""


class OverDispersion:
    """The equations of τ² and ω: bounded squares of standardised residuals are what is expected of normal ones.

    Parameters
    ----------
    base : ndarray, shape (S,)
        Known variance.
    shared : ndarray, shape (S,), or None
        Loading of ω.
    huber, caution : float
        As for `school_effects`.
    """

    def __init__(self, base: np.ndarray, shared: np.ndarray | None, huber: float, caution: float) -> None:
        self.schools = max(len(base), 1)
        expected = huber_square(huber)
        if caution:
            expected += caution * np.sqrt((huber_square(huber, power=4) - expected**2) / self.schools)
        self._base, self._shared = base, shared
        self._limit, self._awaited = huber**2, expected * self.schools
        self._loading = None if shared is None or shared.max() - shared.min() < 0.05 else shared - shared.mean()
        self._crossed = base if self._loading is None else shared * self._loading
        self._total, self._ratio, self._bounded, self._slope = (np.empty_like(base) for _ in range(4))
        self._inside = np.empty(len(base), dtype=bool)
        # Products with ones add up short arrays in half the time; single precision is left to pairwise sums.
        self._ones = np.ones(len(base)) if base.dtype == np.float64 else None

    @cached_property
    def middle(self) -> float:
        """Median of the known variances."""
        return median(self._base)

    def solved(self, squares: np.ndarray, near: float, near_omega: float) -> tuple[float, float]:
        """τ² and ω, sought from near ones."""
        top = 4 * max(float(squares[squares.argmax()]) if len(squares) else 0.0, 1e-12) + 1e-12
        if self._loading is not None and near_omega > 0:
            found = self._both(squares, near, near_omega, top)
            if found is not None:
                return found
        tau2 = self._tau2(squares, 0.0, near if near < top else self.middle, top)
        if self._loading is None:
            return tau2, 0.0
        below = float(self._bounded.dot(self._loading))
        if below <= 0:
            return tau2, 0.0
        return self._searched(squares, tau2, below, near_omega, top)

    def _evaluated(self, squares: np.ndarray, spread: np.ndarray, tau2: float) -> float:
        """Excess of the bounded squares, which it leaves in `_bounded`."""
        np.add(spread, tau2, out=self._total)
        np.divide(squares, self._total, out=self._ratio)
        np.minimum(self._ratio, self._limit, out=self._bounded)
        return self._sum(self._bounded) - self._awaited

    def _sum(self, values: np.ndarray) -> float:
        return float(np.add.reduce(values) if self._ones is None else values.dot(self._ones))

    def _slopes(self) -> np.ndarray:
        """Minus the slopes of the bounded squares where they were evaluated last; beyond the bound there is none."""
        np.less(self._ratio, self._limit, out=self._inside)
        np.divide(self._ratio, self._total, out=self._slope)
        self._slope *= self._inside
        return self._slope

    def _spread(self, omega: float) -> np.ndarray:
        return self._base if self._shared is None or omega == 0 else self._base + omega * self._shared

    def _tau2(self, squares: np.ndarray, omega: float, start: float, top: float) -> float:
        """Newton's steps inside a shrinking bracket."""
        spread = self._spread(omega)
        low, high, tau2, is_positive = 0.0, top, start, False
        for _ in range(60):
            excess = self._evaluated(squares, spread, tau2)
            if excess <= 0 and tau2 == 0:
                return 0.0
            low, high = (tau2, high) if excess > 0 else (low, tau2)
            is_positive |= excess > 0
            slope = self._sum(self._slopes())
            step = tau2 + excess / slope if slope > 0 else (top if excess > 0 else 0.0)
            if step <= 0 and not is_positive:
                if self._evaluated(squares, spread, 0.0) <= 0:
                    return 0.0
                is_positive = True
            new = float(step) if low < step < high else (low + high) / 2
            if abs(new - tau2) <= _NEAR * new:
                return new
            tau2 = new
        return tau2

    def _both(self, squares: np.ndarray, near: float, near_omega: float, top: float) -> tuple[float, float] | None:
        """Newton's steps in both; None where they lead out of what is possible or do not settle."""
        assert self._shared is not None
        assert self._loading is not None
        shared, loading = self._shared, self._loading
        tau2, omega = near, near_omega
        for _ in range(10):
            excess = self._evaluated(squares, self._base + omega * shared, tau2)
            tilt = float(self._bounded.dot(loading))
            slope = self._slopes()
            d = float(slope.dot(self._crossed))
            if tau2 > 0:
                a, b, c = self._sum(slope), float(slope.dot(shared)), float(slope.dot(loading))
                determinant = a * d - b * c
                if determinant <= 1e-9 * a * abs(d):
                    return None
                step, turn = (d * excess - b * tilt) / determinant, (a * tilt - c * excess) / determinant
                if tau2 + step <= 0:
                    step, turn = -tau2, 0.0
            elif d > 0:
                step, turn = 0.0, tilt / d
            else:
                return None
            tau2, omega = tau2 + step, omega + turn
            if not (tau2 < top and 0 < omega < 4 * (tau2 + self.middle)):
                return None
            if abs(step) <= _NEAR * tau2 and abs(turn) <= _NEAR * omega:
                # Nothing beside ω only where the squares ask for nothing.
                return (tau2, omega) if tau2 > 0 or excess <= 0 else None
        return None

    def _searched(
        self, squares: np.ndarray, tau2: float, below: float, near_omega: float, top: float
    ) -> tuple[float, float]:
        """ω by regula falsi as in Illinois: the end that stays put twice loses half of its weight."""
        assert self._loading is not None
        low, high, above, stayed = 0.0, 4 * (tau2 + self.middle), -below, 0
        tolerance = _OMEGA * high
        omega = near_omega if 0 < near_omega < high else high / 8
        inner = tau2
        for _ in range(24):
            inner = self._tau2(squares, omega, max(inner, 1e-3 * self.middle), top)
            excess = float(self._bounded.dot(self._loading))
            if stayed == 0:
                found = self._both(squares, inner, omega, top)
                if found is not None:
                    return found
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
        return self._tau2(squares, omega, max(inner, 1e-3 * self.middle), top), omega


@lru_cache
def huber_square(k: float, *, power: int = 2) -> float:
    """E min(|Z|, k)^power of a standard normal Z, power 2 or 4."""
    density = np.exp(-0.5 * k * k) / np.sqrt(2 * np.pi)
    inside = 2 * special.ndtr(k) - 1
    second = inside - 2 * k * density
    moment = second if power == 2 else 3 * second - 2 * k**3 * density
    return float(moment + 2 * k**power * special.ndtr(-k))


def median(values: np.ndarray) -> float:
    """Median; for short arrays much faster than `numpy.median`. NaN of nothing."""
    n = len(values)
    if n == 0:
        return float("nan")
    high = n // 2
    if n % 2:
        return float(np.partition(values, high)[high])
    part = np.partition(values, (high - 1, high))
    return float((part[high - 1] + part[high]) / 2)
