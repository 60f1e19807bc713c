"""Two rules of thumb in use: the federal interval of the mean, and the high column at a cut."""

from __future__ import annotations

import numpy as np
import pandas as pd

from app.detectors import load_params
from app.detectors.federal import overstated_mean
from app.detectors.tables import PaperTable

SMALLEST_N = 10


def interval_margin(table: PaperTable, works: pd.DataFrame) -> np.ndarray:
    """How far the lower bound of the school's mean lies beyond the region's upper bound, in points; above 0 it fires.

    Parameters
    ----------
    table : PaperTable
    works : DataFrame
        Not needed.

    Returns
    -------
    ndarray, shape (S,)
        NaN under `SMALLEST_N` works.
    """
    figures = overstated_mean(table, load_params().federal).figures
    return np.where(table.n >= SMALLEST_N, figures["low"] - figures["region_high"], np.nan)


def peak_ratio(table: PaperTable, works: pd.DataFrame) -> np.ndarray:
    """Highest column of the school's distribution that stands on a cut, over its mean column; above 1.5 it fires.

    Parameters
    ----------
    table : PaperTable
    works : DataFrame
        Not needed.

    Returns
    -------
    ndarray, shape (S,)
        NaN under `SMALLEST_N` works or without cuts.
    """
    if table.spec.mark_from is None:
        return np.full(len(table.n), np.nan)
    at_cuts = table.counts[:, list(table.spec.mark_from)].max(axis=1)
    ratio = at_cuts / np.maximum(table.counts.mean(axis=1), 1e-12)
    return np.where(table.n >= SMALLEST_N, ratio, np.nan)
