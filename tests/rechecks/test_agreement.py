from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from app.rechecks import MarkedWork, assess, is_objective, load_rules
from app.rechecks.agreement import wilson
from app.terms import RecheckOutcome

RULES = load_rules()
CLEAN = MarkedWork(10, 3, 10, 3)
LIFTED = MarkedWork(11, 4, 8, 3)


@pytest.mark.parametrize(("k", "n"), [(0, 7), (3, 10), (10, 10), (28, 30), (99, 131)])
def test_wilson_equals_scipy(k: int, n: int) -> None:
    reference = binomtest(k, n).proportion_ci(0.90, method="wilson")

    low, high = wilson(k, n, 0.90)

    assert low == pytest.approx(reference.low, abs=1e-12)
    assert high == pytest.approx(reference.high, abs=1e-12)


def test_ten_clean_works_of_a_hundred_decide_nothing() -> None:
    result = assess([CLEAN] * 10, n_population=100, max_score=20, rules=RULES)

    assert result.outcome is RecheckOutcome.INSUFFICIENT
    assert round(result.low, 2) == 0.79
    assert result.more_needed == 15


def test_ten_clean_works_decide_when_they_are_all() -> None:
    assert assess([CLEAN] * 10, n_population=10, max_score=20, rules=RULES).outcome is RecheckOutcome.NOT_CONFIRMED


def test_twenty_five_clean_works_reach_the_norm() -> None:
    assert assess([CLEAN] * 25, n_population=100, max_score=20, rules=RULES).outcome is RecheckOutcome.NOT_CONFIRMED
    assert assess([CLEAN] * 24, n_population=100, max_score=20, rules=RULES).outcome is RecheckOutcome.INSUFFICIENT


def test_lifted_works_confirm_the_signs_and_strict_marking_does_not() -> None:
    lifted = assess([LIFTED] * 12 + [CLEAN] * 8, n_population=100, max_score=20, rules=RULES)
    strict = assess([MarkedWork(8, 3, 11, 4)] * 12 + [CLEAN] * 8, n_population=100, max_score=20, rules=RULES)

    assert lifted.outcome is RecheckOutcome.CONFIRMED
    assert lifted.shift_low > 0
    assert strict.outcome is RecheckOutcome.INSUFFICIENT


def test_a_point_of_difference_is_tolerated_unless_the_mark_moves() -> None:
    assert is_objective(MarkedWork(9, 3, 8, 3), 20, RULES)
    assert not is_objective(MarkedWork(10, 3, 9, 2), 20, RULES)
    assert not is_objective(MarkedWork(10, 3, 8, 3), 20, RULES)
    assert is_objective(MarkedWork(30, 4, 28, 4), 45, RULES)


@given(st.integers(1, 60), st.integers(0, 60), st.integers(0, 200))
def test_the_share_lies_in_its_interval(clean: int, lifted: int, rest: int) -> None:
    result = assess([CLEAN] * clean + [LIFTED] * lifted, n_population=clean + lifted + rest, max_score=20, rules=RULES)

    assert 0 <= result.low <= result.share <= result.high <= 1
    assert result.n_objective == clean
