"""Agreement of a run with a list: counts by hand, kappa and odds against published and other packages' values."""

from __future__ import annotations

import pytest
from scipy.stats import contingency

from app.statistics.list_agreement import TwoByTwo, cohen_kappa, list_agreement, odds_ratio
from app.terms import Tier

TIERS = {
    "1": Tier.SEVERE, "2": Tier.CASE, "3": Tier.WATCH, "4": Tier.NONE, "5": Tier.NONE, "6": Tier.TOO_SMALL,
    "7": Tier.CASE, "8": Tier.NONE,
}  # fmt: skip


def test_listed_schools_are_counted_by_what_the_run_says_of_them():
    found = list_agreement(TIERS, ["1", "3", "4", "6", "99"])

    assert found.by_tier == {
        Tier.SEVERE: (1, 0),
        Tier.CASE: (0, 2),
        Tier.WATCH: (1, 0),
        Tier.NONE: (1, 2),
        Tier.TOO_SMALL: (1, 0),
    }
    assert found.absent == 1
    assert found.n_listed == 5
    assert found.silent == ("4",)


def test_agreement_is_over_assessed_schools_alone():
    found = list_agreement(TIERS, ["1", "3", "4", "6", "99"])

    assert found.table == TwoByTwo(both=1, listed_only=2, strong_only=2, neither=2)


def test_kappa_of_a_table_worked_by_hand():
    # Agreement 0.7; by chance 0.5 × 0.6 + 0.5 × 0.4 = 0.5.
    kappa, _low, _high = cohen_kappa(TwoByTwo(20, 5, 10, 15))

    assert kappa == pytest.approx((0.7 - 0.5) / (1 - 0.5))


@pytest.mark.parametrize(
    ("table", "by_statsmodels"),
    [  # made by reference/kappa.py
        (TwoByTwo(20, 5, 10, 15), (0.3999999999999999, 0.151092290476661, 0.6489077095233389)),
        (TwoByTwo(12, 5, 9, 80), (0.552202776101388, 0.34527944391665244, 0.7591261082861236)),
    ],
)
def test_kappa_and_its_interval_are_those_of_statsmodels(table: TwoByTwo, by_statsmodels: tuple[float, float, float]):
    assert cohen_kappa(table) == pytest.approx(by_statsmodels, rel=1e-9)


def test_the_odds_ratio_is_that_of_scipy():
    table = TwoByTwo(12, 5, 9, 80)

    value, low, high = odds_ratio(table)

    other = contingency.odds_ratio([[12, 5], [9, 80]], kind="sample")
    interval = other.confidence_interval(0.95)
    assert (value, low, high) == pytest.approx((other.statistic, interval.low, interval.high), rel=1e-9)


def test_an_empty_cell_is_filled_with_half():
    value, low, high = odds_ratio(TwoByTwo(3, 0, 2, 10))

    assert value == pytest.approx(3.5 * 10.5 / (0.5 * 2.5))
    assert 0 < low < value < high


@pytest.mark.parametrize(
    "table", [TwoByTwo(0, 0, 3, 10), TwoByTwo(0, 4, 0, 10), TwoByTwo(3, 0, 4, 0), TwoByTwo(0, 0, 0, 0)]
)
def test_where_one_side_names_all_or_none_nothing_is_said(table: TwoByTwo):
    assert cohen_kappa(table) is None
    assert odds_ratio(table) is None
