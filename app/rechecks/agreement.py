"""What re-marking showed: the share of objectively marked works with its interval, and what may be concluded."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean, stdev

from app.rechecks.rules import RecheckRules
from app.terms import RecheckOutcome


@dataclass(frozen=True)
class MarkedWork:
    """One work: the school's and the experts' primary score (points) and mark."""

    school_score: int
    school_mark: int
    expert_score: int
    expert_mark: int


@dataclass(frozen=True)
class Agreement:
    """Result of a recheck.

    `share` is the share of objectively marked works in 0..1 with Wilson's interval [`low`, `high`]; `mean_shift` the
    mean of school minus expert in points, with a normal interval at the same confidence; `more_needed` how many more
    works, all marked objectively, would let the interval clear the norm (0 when no number is missing).
    """

    n: int
    n_objective: int
    share: float
    low: float
    high: float
    mean_shift: float
    shift_low: float
    shift_high: float
    outcome: RecheckOutcome
    more_needed: int


def is_objective(work: MarkedWork, max_score: int, rules: RecheckRules) -> bool:
    """Whether the school's marking stands: the points differ by no more than the tolerance and the mark is the same."""
    tolerance = max(rules.tolerance_points, math.floor(rules.tolerance_share * max_score))
    return abs(work.school_score - work.expert_score) <= tolerance and work.school_mark == work.expert_mark


def wilson(k: int, n: int, confidence: float) -> tuple[float, float]:
    """Wilson's score interval of a share ([1]_, eq. 4).

    Parameters
    ----------
    k, n : int
        Successes and trials, 0 ≤ k ≤ n, n ≥ 1.
    confidence : float
        Two-sided, e.g. 0.90.

    References
    ----------
    .. [1] L. D. Brown, T. T. Cai, A. DasGupta, "Interval estimation for a binomial proportion", Statistical Science
       16(2), 2001, 101-133.

    Examples
    --------
    >>> [round(bound, 3) for bound in wilson(10, 10, 0.90)]
    [0.787, 1.0]
    """
    if not 0 <= k <= n or n < 1:
        raise ValueError(f"k={k}, n={n}: нужно 0 ≤ k ≤ n и n ≥ 1")
    z2 = NormalDist().inv_cdf(0.5 + confidence / 2) ** 2
    share = k / n
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = math.sqrt(z2 * (share * (1 - share) + z2 / (4 * n)) / n) / (1 + z2 / n)
    # At the ends the formula gives exactly 0 and 1; floating point only nearly.
    return 0.0 if k == 0 else centre - half, 1.0 if k == n else centre + half


def works_needed(n: int, k: int, rules: RecheckRules, limit: int = 100_000) -> int:
    """How many more objectively marked works lift the interval's lower end to the norm."""
    for more in range(limit):
        if wilson(k + more, n + more, rules.confidence)[0] >= rules.norm:
            return more
    return limit


def assess(works: Sequence[MarkedWork], *, n_population: int, max_score: int, rules: RecheckRules) -> Agreement:
    """Judge a completely re-marked sample.

    Parameters
    ----------
    works : sequence of MarkedWork, length n ≥ 1
    n_population : int
        Works of the school in the paper; with all of them taken there is no sampling error, and the share itself
        decides.
    max_score : int
        Largest primary score of the paper, in points.
    rules : RecheckRules

    Returns
    -------
    Agreement
        *not_confirmed*: the lower bound reaches the norm (or the share itself, all works taken). *confirmed*: the upper
        bound lies below the norm and the school marked higher on average. Else *insufficient*: take a larger sample.
    """
    n = len(works)
    if n < 1 or n_population < n:
        raise ValueError(f"n={n}, всего работ {n_population}: нужна хотя бы одна работа и не больше, чем есть")
    k = sum(is_objective(work, max_score, rules) for work in works)
    low, high = wilson(k, n, rules.confidence)
    shifts = [work.school_score - work.expert_score for work in works]
    shift = fmean(shifts)
    half = NormalDist().inv_cdf(0.5 + rules.confidence / 2) * stdev(shifts) / math.sqrt(n) if n > 1 else math.inf
    share = k / n
    is_census = n == n_population
    if (share >= rules.norm) if is_census else (low >= rules.norm):
        outcome = RecheckOutcome.NOT_CONFIRMED
    elif shift > 0 and ((share < rules.norm) if is_census else (high < rules.norm)):
        outcome = RecheckOutcome.CONFIRMED
    else:
        outcome = RecheckOutcome.INSUFFICIENT
    more = works_needed(n, k, rules) if outcome is RecheckOutcome.INSUFFICIENT else 0
    return Agreement(n, k, share, low, high, shift, shift - half, shift + half, outcome, more)
