"""The rule of two years: Newcombe's interval, the period without positive dynamics, the day a measure is possible."""

from __future__ import annotations

import doctest
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dynamics import YearSigns, compare, judge, load_rules, period_of, rule
from app.terms import Dynamics

RULES = load_rules()
OPENED = date(2024, 10, 1)


def year(number: int, n_signs: int, n_papers: int = 20) -> YearSigns:
    return YearSigns(number, date(number, 10, 1), n_papers, n_signs)


def test_the_examples_of_the_docstrings_hold() -> None:
    assert doctest.testmod(rule).failed == 0


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    # Newcombe 1998, table II, method 10: differences of 56/70 − 48/80, 9/10 − 3/10 and 10/10 − 0/20.
    [((48, 80), (56, 70), 0.0524, 0.3339), ((3, 10), (9, 10), 0.1705, 0.8090), ((0, 20), (10, 10), 0.6791, 1.0)],
)
def test_the_interval_is_the_published_one(first, second, low, high) -> None:
    step = compare(year(2024, *first), year(2025, *second), replace(RULES, confidence=0.95))

    assert step.low == pytest.approx(low, abs=5e-5)
    assert step.high == pytest.approx(high, abs=5e-5)


@pytest.mark.parametrize(
    ("former", "later", "expected"),
    [
        ((16, 20), (3, 20), Dynamics.POSITIVE),
        ((16, 20), (14, 20), Dynamics.NOT_POSITIVE),  # fewer, but the interval holds nought
        ((2, 6), (0, 6), Dynamics.POSITIVE),  # none is left
        ((0, 6), (0, 6), Dynamics.NOT_POSITIVE),
        ((2, 6), (0, 3), Dynamics.UNKNOWN),
    ],
)
def test_what_counts_as_positive(former, later, expected) -> None:
    assert compare(year(2024, *former), year(2025, *later), RULES).dynamics is expected


def test_two_years_without_improvement_allow_a_measure_from_the_day_two_years_are_over() -> None:
    values = [year(2024, 10), year(2025, 11), year(2026, 10)]

    before = judge(values, OPENED, RULES, date(2026, 9, 30))
    on_the_day = judge(values, OPENED, RULES, date(2026, 10, 1))

    assert (before.is_allowed, before.allowed_from) == (False, date(2026, 10, 1))
    assert on_the_day.is_allowed
    assert on_the_day.n_without == 2


def test_a_year_with_improvement_begins_the_period_anew() -> None:
    found = judge([year(2024, 16), year(2025, 3), year(2026, 4)], OPENED, RULES, date(2026, 12, 1))

    assert not found.is_allowed
    assert found.since == date(2025, 10, 1)
    assert found.allowed_from == date(2027, 10, 1)
    assert [step.former_year for step in found.steps] == [2024, 2025]


def test_a_year_that_cannot_be_assessed_neither_counts_nor_breaks() -> None:
    gap = [year(2024, 10), year(2025, 2, n_papers=2), year(2026, 10)]

    assert judge(gap, OPENED, RULES, date(2027, 1, 1)).n_without == 1
    assert judge([*gap, year(2027, 11)], OPENED, RULES, date(2027, 12, 1)).is_allowed


def test_without_any_screened_year_nothing_is_allowed() -> None:
    found = judge([], OPENED, RULES, date(2030, 1, 1))

    assert (found.is_allowed, found.dynamics) == (False, Dynamics.UNKNOWN)


@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=8),
    st.integers(0, 4000),
)
def test_a_measure_never_comes_before_two_years_and_two_assessed_years(pairs, days) -> None:
    values = [year(2024 + i, min(pair), max(pair)) for i, pair in enumerate(pairs)]
    on = OPENED + timedelta(days=days)

    found = judge(values, OPENED, RULES, on)

    assert not found.is_allowed or (days >= 730 and found.n_without >= 2 and on >= found.allowed_from)
    for step in found.steps:
        if step.dynamics is not Dynamics.UNKNOWN:
            assert -1 <= step.low <= step.change <= step.high <= 1


@pytest.mark.parametrize(
    ("on", "period"),
    [
        (date(2026, 1, 1), date(2026, 1, 1)),
        (date(2026, 6, 30), date(2026, 1, 1)),
        (date(2026, 7, 1), date(2026, 7, 1)),
        (date(2026, 12, 31), date(2026, 7, 1)),
    ],
)
def test_reviews_belong_to_the_last_january_or_july(on, period) -> None:
    assert period_of(on, RULES) == period
