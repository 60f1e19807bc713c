"""Where the signals of a region's schools lie and how far they spread, small and large schools apart."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from app.detectors.dispersion import column_quartiles, quartiles
from app.detectors.over_dispersion import median
from app.detectors.params import MechanismParams


def region_scale(signal: np.ndarray, works: np.ndarray, params: MechanismParams) -> tuple[np.ndarray, np.ndarray]:
    r"""Centre and scale of a signal for each school, as schools with about as many works have it.

    Parameters
    ----------
    signal : ndarray, shape (S,)
        NaN where not known.
    works : ndarray, shape (S,)
    params : MechanismParams

    Returns
    -------
    centre, scale : ndarray, shape (S,)
        Zero and one where too few are known; the scale is never under one.

    Notes
    -----
    Schools in order of their works are cut into up to `scale_bands` bands of `scale_schools` and more. Median and
    quartile range over 1.349 of a band stand at the median logarithm of its works; schools in between are interpolated
    linearly. Chance rules in small schools, honest differences in large ones, and some signals lie higher in large
    schools for reasons of their own (town and selection among them): one centre for all would hold the size of a school
    against it.

    References
    ----------
    .. [1] D. J. Spiegelhalter, "Funnel plots for comparing institutional performance", Statistics in Medicine 24(8),
       2005, 1185-1202, sec. 4 (what is usual depends on the size).
    """
    known = (np.isfinite(signal) & (works > 0)).nonzero()[0]
    if len(known) < params.smallest_schools:
        return np.zeros(len(signal)), np.ones(len(signal))
    bands = int(np.clip(len(known) // params.scale_schools, 1, params.scale_bands))
    size = np.log(np.maximum(works, 1.0))
    ordered = known[np.argsort(size[known], kind="stable")]
    # The first bands are larger by one where schools do not divide evenly.
    each, more = divmod(len(ordered), bands)
    edges = [number * each + min(number, more) for number in range(bands + 1)]
    parts = [ordered[low:high] for low, high in pairwise(edges)]
    place = [median(size[own]) for own in parts]
    found = np.array([quartiles(signal[own]) for own in parts])
    scale = np.interp(size, place, (found[:, 2] - found[:, 0]) / 1.349)
    return np.interp(size, place, found[:, 1]), np.maximum(scale, 1.0)


def region_scales(signals: np.ndarray, works: np.ndarray, params: MechanismParams) -> tuple[np.ndarray, np.ndarray]:
    """`region_scale` of each column of signals (S, K) and works (S, K): a centre and a scale for each, (S, K)."""
    known = np.isfinite(signals) & (works > 0)
    count = known.sum(axis=0)
    centre, scale = np.zeros(signals.shape), np.ones(signals.shape)
    # Where schools make a single band, one centre and one scale hold for all: those of small regions at once.
    banded = count >= 2 * params.scale_schools
    single = (~banded & (count >= params.smallest_schools)).nonzero()[0]
    if len(single):
        values = np.where(known[:, single], signals[:, single], np.nan)
        low, centre[:, single], high = column_quartiles(values, count[single])
        scale[:, single] = np.maximum((high - low) / 1.349, 1.0)
    for column in banded.nonzero()[0]:
        centre[:, column], scale[:, column] = region_scale(signals[:, column], works[:, column], params)
    return centre, scale
