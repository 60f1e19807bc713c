"""The rule of two years: what counts as positive dynamics, and from which day a measure may be recorded."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

from app import datafiles
from app.errors import Misconfigured
from app.rechecks.agreement import wilson
from app.terms import Dynamics


@dataclass(frozen=True)
class DynamicsRules:
    """Years, confidence and months, from ``app/data/dynamics.toml``."""

    version: str
    source: str
    years: int
    confidence: float
    smallest_papers: int
    none_left_is_positive: bool
    review_months: tuple[int, ...]


@cache
def load_rules() -> DynamicsRules:
    path = datafiles.DATA_DIR / "dynamics.toml"
    file = datafiles.load(path, keys={"rule", "reviews"})
    rule, reviews = file.body["rule"], file.body["reviews"]
    keys = {"years", "confidence", "smallest_papers", "none_left_is_positive"}
    datafiles.require_keys(rule, keys, where=f"{path.name} [rule]")
    datafiles.require_keys(reviews, {"months"}, where=f"{path.name} [reviews]")
    months = tuple(sorted(reviews["months"]))
    if not months or not all(isinstance(month, int) and 1 <= month <= 12 for month in months):
        raise Misconfigured(f"{path.name} [reviews] months: нужны номера месяцев от 1 до 12")
    return DynamicsRules(file.version, file.source, **rule, review_months=months)


@dataclass(frozen=True)
class YearSigns:
    """A school in one screened year: of `n_papers` assessed papers (subject and grade) `n_signs` showed signs.

    `on` is the day the year's signs were raised.
    """

    year: int
    on: date
    n_papers: int
    n_signs: int


@dataclass(frozen=True)
class Step:
    """A year against a former one: the change of the share of papers with signs, in −1..1, with its interval."""

    year: int
    former_year: int
    dynamics: Dynamics
    change: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Judgement:
    """What the years show.

    `since` begins the period without positive dynamics, `allowed_from` is the day it lasts long enough; `n_without`
    counts the assessed years without positive dynamics since then. A measure is allowed from that day on, when enough
    years have been assessed.
    """

    steps: tuple[Step, ...]
    since: date
    allowed_from: date
    n_without: int
    years: int
    is_allowed: bool

    @property
    def dynamics(self) -> Dynamics:
        """What the last compared year says."""
        return self.steps[-1].dynamics if self.steps else Dynamics.UNKNOWN


def compare(former: YearSigns, later: YearSigns, rules: DynamicsRules) -> Step:
    """Compare the shares of papers with signs in two years.

    The change has Newcombe's hybrid score interval ([1]_, method 10). Dynamics are positive when the whole interval
    lies below nought, or when no sign is left (if the rules say so); with too few papers in either year nothing is
    said.

    References
    ----------
    .. [1] R. G. Newcombe, "Interval estimation for the difference between independent proportions: comparison of eleven
       methods", Statistics in Medicine 17, 1998, 873-890.

    Examples
    --------
    >>> rules = DynamicsRules("1", "", 2, 0.95, 4, True, (1, 7))
    >>> step = compare(YearSigns(2024, date(2024, 6, 1), 80, 48), YearSigns(2025, date(2025, 6, 1), 70, 56), rules)
    >>> round(step.change, 4), round(step.low, 4), round(step.high, 4), step.dynamics.value
    (0.2, 0.0524, 0.3339, 'not_positive')
    """
    if min(former.n_papers, later.n_papers) < rules.smallest_papers:
        return Step(later.year, former.year, Dynamics.UNKNOWN)
    p1, p2 = former.n_signs / former.n_papers, later.n_signs / later.n_papers
    low1, high1 = wilson(former.n_signs, former.n_papers, rules.confidence)
    low2, high2 = wilson(later.n_signs, later.n_papers, rules.confidence)
    change = p2 - p1
    low = change - math.hypot(p2 - low2, high1 - p1)
    high = change + math.hypot(high2 - p2, p1 - low1)
    none_left = rules.none_left_is_positive and later.n_signs == 0 and former.n_signs > 0
    is_positive = high < 0 or none_left
    return Step(later.year, former.year, Dynamics.POSITIVE if is_positive else Dynamics.NOT_POSITIVE, change, low, high)


def judge(values: Sequence[YearSigns], opened_on: date, rules: DynamicsRules, on: date) -> Judgement:
    """Judge the years since a case was opened.

    Parameters
    ----------
    values : sequence of YearSigns
        One a year, in the order of the years; the first is the year of the first signs.
    opened_on : date
        The day the (first) case was opened: the two years of help begin here.
    on : date
        The day of the judgement.

    Notes
    -----
    Each year is compared with the base: the first year, or the last one with positive dynamics, from whose day the
    period begins anew. A year that cannot be assessed neither counts nor breaks the period.
    """
    steps: list[Step] = []
    since, n_without = opened_on, 0
    base = values[0] if values else None
    for later in values[1:]:
        assert base is not None
        step = compare(base, later, rules)
        steps.append(step)
        if step.dynamics is Dynamics.POSITIVE:
            base, since, n_without = later, max(later.on, opened_on), 0
        elif step.dynamics is Dynamics.NOT_POSITIVE:
            n_without += 1
    allowed_from = years_later(since, rules.years)
    is_allowed = n_without >= rules.years and on >= allowed_from
    return Judgement(tuple(steps), since, allowed_from, n_without, rules.years, is_allowed)


def period_of(on: date, rules: DynamicsRules) -> date:
    """First day of the month of review that `on` belongs to: the newest one that has begun."""
    starts = [date(year, month, 1) for year in (on.year - 1, on.year) for month in rules.review_months]
    return max(start for start in starts if start <= on)


def years_later(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return day.replace(year=day.year + years, day=28)
