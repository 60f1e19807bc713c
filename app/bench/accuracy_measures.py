"""What is counted in every accuracy trial: areas under the ROC curve, rates with intervals, verdicts."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from scipy import stats


def auc(positive: Iterable[float], negative: Iterable[float]) -> float:
    """Area under the ROC curve: probability that a positive ranks above a negative; NaN if either is empty."""
    a, b = np.asarray(list(positive), dtype=float), np.asarray(list(negative), dtype=float)
    if len(a) == 0 or len(b) == 0:
        return float("nan")
    ranks = stats.rankdata(np.concatenate((a, b)))
    return float((ranks[: len(a)].sum() - len(a) * (len(a) + 1) / 2) / (len(a) * len(b)))
