"""The product's own index of a region, to stand beside the federal one."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd

from app.detectors.protocol import wilson
from app.terms import Tier


def own_index(schools: pd.DataFrame) -> dict:
    r"""Index of objectivity of a region by the product's tiers.

    Parameters
    ----------
    schools : DataFrame
        Columns of `app.frames.SCHOOL_SUMMARY`, one year.

    Returns
    -------
    dict
        ``index`` (0–100, or None without schools), ``low, high`` (95 %), ``schools`` (judged ones), ``marked``,
        ``by_tier`` (tier → schools). Plain values.

    Notes
    -----
    .. math:: I = 100 - 100 \cdot (n_{case} + n_{severe}) / n_{judged},

    of the schools large enough to be judged. The federal index (`federal.region_index`) counts every school with one
    of fourteen markers, most of them strong schools; here a school counts that several families of signs, or one in two
    papers, speak of. The interval is Wilson's for the share, as if the schools were a sample of such regions.

    References
    ----------
    .. [1] E. B. Wilson, Journal of the American Statistical Association 22(158), 1927, 209-212.

    Examples
    --------
    >>> index = own_index(pd.DataFrame({"tier": ["none"] * 18 + ["case", "severe", "too_small"]}))
    >>> index["index"], index["schools"], index["marked"]
    (90.0, 20, 2)
    """
    counted = Counter(map(str, schools["tier"].tolist()))
    by_tier = {tier.value: counted[tier.value] for tier in Tier}
    judged = len(schools) - by_tier[Tier.TOO_SMALL.value]
    marked = by_tier[Tier.CASE.value] + by_tier[Tier.SEVERE.value]
    if judged == 0:
        return {"index": None, "low": None, "high": None, "schools": 0, "marked": 0, "by_tier": by_tier}
    low, high = wilson(np.array([float(marked)]), np.array([float(judged)]))
    return {
        "index": round(100 - 100 * marked / judged, 1),
        "low": round(100 - 100 * float(high[0]), 1),
        "high": round(100 - 100 * float(low[0]), 1),
        "schools": judged,
        "marked": marked,
        "by_tier": by_tier,
    }
