"""The crude composite: seven statistics of a school, each a z-score among the schools, added up."""

from __future__ import annotations

import numpy as np
import pandas as pd

from app.detectors.tables import PaperTable

SMALLEST_N = 10
STATISTICS = ("mean", "jump", "twos", "spread", "raised", "fives", "slope")
_SIGN = {"twos": -1.0, "spread": -1.0}


def statistics(table: PaperTable, works: pd.DataFrame) -> pd.DataFrame:
    """The seven statistics of each school, NaN where the inputs do not show one.

    Returns
    -------
    DataFrame, shape (S, 7)
        ``mean`` score; ``jump``: works at the cuts and a point above less those two points below, a work; shares of
        ``twos`` and ``fives``; ``spread``: standard deviation; ``raised``: share of marks above the journal's;
        ``slope`` of the items' completion, less the region's, on their difficulty.
    """
    counts, n = table.counts, np.maximum(table.n, 1)
    schools, width = counts.shape
    found = pd.DataFrame(np.nan, index=table.schools, columns=list(STATISTICS))
    found["mean"], found["spread"] = table.mean, np.sqrt(table.variance)
    cuts = table.spec.mark_from
    if cuts is not None:
        found["jump"] = sum(counts[:, c : c + 2].sum(1) - counts[:, max(0, c - 2) : c].sum(1) for c in cuts) / n
        found["twos"] = counts[:, : cuts[0]].sum(axis=1) / n
        found["fives"] = counts[:, cuts[2] :].sum(axis=1) / n
        if table.journal is not None:
            mark = np.searchsorted(np.array(cuts), np.arange(width), side="right")
            raised = table.journal * (mark[:, None] > np.arange(4))
            known = table.journal.sum(axis=(1, 2))
            found["raised"] = np.where(known > 0, raised.sum(axis=(1, 2)) / np.maximum(known, 1), np.nan)
    if table.answers is not None:
        limit = np.array(table.spec.item_max)
        total = np.zeros((schools, len(limit)))
        np.add.at(total, table.answers.school, table.answers.points)
        share = total / n[:, None] / limit
        region = table.answers.points.mean(axis=0) / limit
        difficulty = region.mean() - region
        found["slope"] = (share - region) @ difficulty / (difficulty @ difficulty)
    return found


def z_sum(table: PaperTable, works: pd.DataFrame) -> np.ndarray:
    """Sum of the z-scores of `statistics` among schools with `SMALLEST_N` works, signed towards suspicion.

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
    found = statistics(table, works)
    large = table.n >= SMALLEST_N
    centre, scale = found[large].mean(), found[large].std()
    z = (found - centre) / scale.where(scale > 1e-12)
    total = z.mul(pd.Series(_SIGN).reindex(z.columns, fill_value=1.0)).sum(axis=1, min_count=1).to_numpy()
    return np.where(large, total, np.nan)
