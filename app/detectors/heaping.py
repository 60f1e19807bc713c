"""Gathering at cuts without a school's reference: the whole pool against a smooth curve, and a single cut by itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from app.detectors.params import BoundaryParams
from app.detectors.reference import smooth_from_items, smooth_loglinear
from app.detectors.tails import upper_tail


@dataclass(frozen=True)
class RegionHeaping:
    """Gathering of the whole pool at the cuts.

    Attributes
    ----------
    heaped : bool
        Whether it is large and sure enough for schools to be measured against the smooth curve as well.
    smooth : ndarray, shape (M + 1,)
        Smooth curve of the pool, in works.
    method : str
        ``items`` (Lord–Wingersky) or ``loglinear``.
    cuts : list of dict
        Per cut: ``cut, observed, expected, window, share, z``.
    excess, low, high, p_value, z, works
        Summed over the cuts, in works; p with Šidák's correction for the number of cuts.
    """

    heaped: bool
    smooth: np.ndarray
    method: str
    cuts: list[dict]
    excess: float
    low: float
    high: float
    z: float
    p_value: float
    works: float


def region_heaping(
    pool: np.ndarray, cuts: tuple[int, ...], items: list[np.ndarray] | None, params: BoundaryParams
) -> RegionHeaping:
    r"""Compare the pool itself with a smooth curve at the cuts.

    Parameters
    ----------
    pool : ndarray, shape (M + 1,)
        Works of all schools at each score.
    cuts : tuple of int
    items : list of ndarray or None
        Item tables, see `reference.smooth_from_items`; without them the curve is log-linear.
    params : BoundaryParams

    Returns
    -------
    RegionHeaping

    Notes
    -----
    At each cut :math:`z = (u - Wq)/\sqrt{Wq(1-q) + (W\delta)^2}`, where q comes from the smooth curve and
    :math:`\delta` is the curve's own error, so that a large region is not called heaped for a misfit of one percent.
    Heaped: some cut with z over 3 and a share of the window at least 0.03 above the curve.
    """
    top = len(pool) - 1
    merged = _stretches(tuple(c for c in cuts if 1 <= c <= top), params.below)
    if items is not None:
        smooth = smooth_from_items(pool, items, merged=merged)
    else:
        smooth = smooth_loglinear(pool, merged=merged)
    rows, excess, variance = [], 0.0, 0.0
    for cut in (c for c in cuts if 1 <= c <= top):
        low, high = max(0, cut - params.below), min(top, cut + params.above - 1)
        works = float(pool[low : high + 1].sum())
        observed = float(pool[cut : high + 1].sum())
        q = float(smooth[cut : high + 1].sum() / max(smooth[low : high + 1].sum(), 1e-12))
        error = works * q * (1 - q) + (works * params.model_error) ** 2
        z = (observed - works * q) / np.sqrt(max(error, 1e-9))
        rows.append(
            {
                "cut": int(cut),
                "observed": int(observed),
                "expected": round(works * q, 1),
                "window": int(works),
                "share": round(observed / works - q, 4) if works else 0.0,
                "z": round(float(z), 2),
            }
        )
        excess += observed - works * q
        variance += error
    largest = max((row["z"] for row in rows), default=0.0)
    single = float(upper_tail(np.array([largest]))[0])
    half = 1.96 * float(np.sqrt(variance))
    return RegionHeaping(
        any(row["z"] >= params.region_z and row["share"] >= params.region_share for row in rows),
        smooth,
        "items" if items is not None else "loglinear",
        rows,
        excess,
        excess - half,
        excess + half,
        largest,
        float(-np.expm1(max(len(rows), 1) * np.log1p(-min(single, 1 - 1e-16)))),
        float(pool.sum()),
    )


def _stretches(cuts: tuple[int, ...], below: int) -> tuple[tuple[int, int], ...]:
    """From the lowest score that is lifted up to the cut itself, without overlap."""
    merged: list[tuple[int, int]] = []
    for cut in sorted(cuts):
        low = max(0, cut - below, merged[-1][1] + 1 if merged else 0)
        if low < cut:
            merged.append((low, cut))
    return tuple(merged)


def frandsen_p(below: int, at: int, above: int, k: float = 0.02) -> float:
    r"""Frandsen's test of one cut from three counts: whether that at the cut is too large for its neighbours.

    Parameters
    ----------
    below, at, above : int
        Works one point under the cut, at it, and one point over it.
    k : float
        Bound on the curvature of an honest distribution; larger is more lenient.

    Returns
    -------
    float
        Two-sided p-value: twice the smaller of the tails at the bounds of the interval of honest shares, at most 1.

    Notes
    -----
    Given the sum m of the three counts, the middle one of an honest distribution is binomial with share between
    :math:`(1-k)/(3-k)` and :math:`(1+k)/(3+k)`.

    References
    ----------
    .. [1] B. R. Frandsen, "Party bias in union representation elections: testing for manipulation in the regression
       discontinuity design when the running variable is discrete", Advances in Econometrics 38, 2017, 281-315, eq.
       9-11.

    Examples
    --------
    >>> round(frandsen_p(10, 10, 10), 2)
    1.0
    """
    at, m = int(at), int(below + at + above)
    if m == 0:
        return 1.0
    upper = special.bdtrc(at - 1, m, (1 + k) / (3 + k)) if at > 0 else 1.0
    lower = special.bdtr(at, m, (1 - k) / (3 - k))
    return float(min(1.0, 2 * min(upper, lower)))
