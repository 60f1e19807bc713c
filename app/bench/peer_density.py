"""The test for a jump of the density at each cut, by rddensity: a tool of the bench, not of the program."""

from __future__ import annotations

import importlib.util
import warnings

import numpy as np
import pandas as pd

from app.detectors.tables import PaperTable

SMALLEST_N = 20


def is_installed() -> bool:
    return importlib.util.find_spec("rddensity") is not None


def largest_jump(table: PaperTable, works: pd.DataFrame) -> np.ndarray:
    """Largest signed statistic over the cuts of a paper; positive where the density is higher at and above the cut.

    Parameters
    ----------
    table : PaperTable
    works : DataFrame
        Not needed.

    Returns
    -------
    ndarray, shape (S,)
        NaN under `SMALLEST_N` works, without cuts, and where the package finds too few different scores.
    """
    found = np.full(len(table.n), np.nan)
    if table.spec.mark_from is None:
        return found
    score = np.arange(table.counts.shape[1])
    for i in np.flatnonzero(table.n >= SMALLEST_N):
        works_of_school = np.repeat(score, table.counts[i].astype(np.int64)).astype(float)
        jumps = [_jump(works_of_school, cut) for cut in table.spec.mark_from]
        if np.isfinite(jumps).any():
            found[i] = np.nanmax(jumps)
    return found


def _jump(scores: np.ndarray, cut: int) -> float:
    import rddensity

    # Repeated scores taken as they are: with the package's adjustment for them schools are ranked a little worse.
    # Both sides need some different scores for a local polynomial; beyond that the package speaks for itself.
    if min(len(np.unique(scores[scores < cut])), len(np.unique(scores[scores >= cut]))) < 3:
        return float("nan")
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return float(rddensity.rddensity(scores, c=cut, bino_flag=False, massPoints=False).test["t_jk"])
        except Exception:  # whatever the package trips over, it has nothing to say of this school
            return float("nan")
