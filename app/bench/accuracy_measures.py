"""What is counted in every accuracy trial: areas under the ROC curve, rates with intervals, verdicts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from scipy import special, stats

SIZE_BAR = (0.007, 0.013)
"""Between which false-positive rates at nominal 1 % a detector is as it should be."""
CONFIDENCE = 0.99
"""Of the intervals and of the verdicts: there are hundreds of cells, 95 % would call twenty by chance."""
DECISIVE_TESTS = 7_300
"""From so many tests on a rate of exactly 1 % is seen inside `SIZE_BAR` with that confidence: 2.576² 0.99/0.3²."""


def auc(positive: Iterable[float], negative: Iterable[float]) -> float:
    """Area under the ROC curve: probability that a positive ranks above a negative; NaN if either is empty."""
    a, b = np.asarray(list(positive), dtype=float), np.asarray(list(negative), dtype=float)
    if len(a) == 0 or len(b) == 0:
        return float("nan")
    ranks = stats.rankdata(np.concatenate((a, b)))
    return float((ranks[: len(a)].sum() - len(a) * (len(a) + 1) / 2) / (len(a) * len(b)))


def tpr_at(positive: Iterable[float], negative: Iterable[float], fpr: float) -> float:
    """True-positive rate where the share of negatives above the threshold is `fpr`.

    The threshold is interpolated between ranks of negatives; where it falls on tied scores, the tie is split at random
    in expectation, so that a rule of few values is neither helped nor hurt.
    """
    curve = _curve(positive, negative)
    return float(np.interp(fpr, *curve)) if curve is not None else float("nan")


def partial_auc(positive: Iterable[float], negative: Iterable[float], fpr: float = 0.05) -> float:
    r"""Area under the ROC curve up to `fpr`, standardised: 0.5 for chance, 1 for perfect.

    References
    ----------
    .. [1] D. K. McClish, "Analyzing a portion of the ROC curve", Medical Decision Making 9, 1989, p. 190–195.
    """
    curve = _curve(positive, negative)
    if curve is None:
        return float("nan")
    x, y = curve
    inside = x < fpr
    x, y = np.append(x[inside], fpr), np.append(y[inside], np.interp(fpr, x, y))
    area, chance = float(np.trapezoid(y, x)), fpr**2 / 2
    return 0.5 * (1 + (area - chance) / (fpr - chance))


def _curve(positive: Iterable[float], negative: Iterable[float]) -> tuple[np.ndarray, np.ndarray] | None:
    """False- and true-positive rates at every threshold, one point a distinct score."""
    a, b = np.asarray(list(positive), dtype=float), np.asarray(list(negative), dtype=float)
    if len(a) == 0 or len(b) == 0:
        return None
    values, code = np.unique(np.concatenate((a, b)), return_inverse=True)
    hits = np.bincount(code[: len(a)], minlength=len(values))[::-1].cumsum() / len(a)
    alarms = np.bincount(code[len(a) :], minlength=len(values))[::-1].cumsum() / len(b)
    # Where several hits share one false-positive rate, the curve goes straight up: keep its foot and its top.
    return np.concatenate(([0.0], alarms)), np.concatenate(([0.0], hits))


def wilson(hits: int, tests: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Wilson's score interval of a share; (0, 1) without tests.

    References
    ----------
    .. [1] E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the American
       Statistical Association 22, 1927, p. 209–212.
    """
    if tests == 0:
        return 0.0, 1.0
    z = float(special.ndtri(0.5 + confidence / 2))
    share, grown = hits / tests, 1 + z**2 / tests
    centre = (share + z**2 / (2 * tests)) / grown
    half = z / grown * np.sqrt(share * (1 - share) / tests + z**2 / (4 * tests**2))
    return max(0.0, centre - half), min(1.0, centre + half)


def rate(hits: int, tests: int) -> dict[str, Any]:
    """A false-positive rate as the report has it: with interval and verdict.

    The verdict is ``inside`` where the rate lies within `SIZE_BAR`, ``outside`` where so many or so few hits would be
    rare (exact binomial tail, (1 - `CONFIDENCE`)/2) with a rate at the nearer edge, ``open`` where there are too few
    tests to tell. The exact tail, because one hit in five tests makes Wilson's interval leave out 1.3 %.
    """
    low, high = wilson(hits, tests)
    share = hits / tests if tests else float("nan")
    if tests and SIZE_BAR[0] <= share <= SIZE_BAR[1]:
        verdict = "inside"
    else:
        many = stats.binom.sf(hits - 1, tests, SIZE_BAR[1])
        few = stats.binom.cdf(hits, tests, SIZE_BAR[0])
        verdict = "outside" if min(many, few) < (1 - CONFIDENCE) / 2 else "open"
    return {"rate": share, "low": low, "high": high, "tests": tests, "hits": hits, "verdict": verdict}


def is_off(cell: dict[str, Any]) -> bool:
    """Whether a `rate` is not as it should be: surely outside, or seen outside by so many tests that chance is none."""
    return cell["verdict"] == "outside" or (cell["tests"] >= DECISIVE_TESTS and cell["verdict"] != "inside")


def area(positive: Iterable[float], negative: Iterable[float]) -> dict[str, Any]:
    """Area under the ROC curve with its 95 % interval and the number of positives.

    References
    ----------
    .. [1] E. R. DeLong, D. M. DeLong, D. L. Clarke-Pearson, "Comparing the areas under two or more correlated receiver
       operating characteristic curves", Biometrics 44, 1988, p. 837–845.
    """
    a, b = np.asarray(list(positive), dtype=float), np.asarray(list(negative), dtype=float)
    value = auc(a, b)
    low = high = float("nan")
    if len(a) > 1 and len(b) > 1:
        own_a, own_b = np.sort(a), np.sort(b)
        over = (np.searchsorted(own_b, a, "left") + np.searchsorted(own_b, a, "right")) / (2 * len(b))
        under = 1 - (np.searchsorted(own_a, b, "left") + np.searchsorted(own_a, b, "right")) / (2 * len(a))
        error = 1.96 * float(np.sqrt(over.var(ddof=1) / len(a) + under.var(ddof=1) / len(b)))
        low, high = max(0.0, value - error), min(1.0, value + error)
    return {"auc": value, "low": low, "high": high, "planted": len(a)}
