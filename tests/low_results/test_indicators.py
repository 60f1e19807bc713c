"""Indicators of low results: against published intervals, by hand on tiny regions, silent on an even one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from app.low_results import find, load_rules
from app.low_results.indicators import wilson

RULES = load_rules()


def paper(*schools: tuple[str, int, float, float, float], year: int = 2026, subject: str = "ma") -> pd.DataFrame:
    """Rows of one paper: school, works, twos, mean and spread in shares of the maximum."""
    rows = pd.DataFrame(schools, columns=["school", "n", "twos", "mean", "sd"])
    return rows.assign(year=year, subject=subject, grade=5)


def even(n: int = 8, mean: float = 0.6) -> list[tuple[str, int, float, float, float]]:
    return [(f"s{i}", 40, 3, mean, 0.2) for i in range(n)]


@pytest.mark.parametrize(("k", "n"), [(0, 10), (3, 10), (12, 40), (40, 40)])
def test_wilson_is_the_interval_of_another_package(k: int, n: int) -> None:
    reference = binomtest(k, n).proportion_ci(0.95, method="wilson")

    assert wilson(k, n) == pytest.approx((reference.low, reference.high))


def test_twos_count_only_when_the_whole_interval_is_beyond_the_limit() -> None:
    rows = pd.concat(
        [paper(*even(), ("surely", 50, 25, 0.6, 0.2), ("maybe", 50, 17, 0.6, 0.2), subject=s) for s in ("ma", "ru")]
    )

    found = find(rows, RULES, year=2026)

    assert [low.school for low in found] == ["surely"]
    sign = found[0].signs[0]
    assert (sign.indicator, sign.n, sign.value, sign.limit) == ("many_twos", 50, 0.5, 0.30)
    assert sign.low == pytest.approx(binomtest(25, 50).proportion_ci(0.95, method="wilson").low)


def test_a_mean_is_held_against_the_other_schools_of_its_own_cluster() -> None:
    weak = [(f"w{i}", 40, 3, 0.35, 0.2) for i in range(8)]
    rows = pd.concat([paper(*even(), *weak, subject=s) for s in ("ma", "ru")])
    clusters = {name: "strong" if name.startswith("s") else "weak" for name in rows["school"]}

    assert {low.school for low in find(rows, RULES, year=2026)} == {f"w{i}" for i in range(8)}
    assert find(rows, RULES, year=2026, groups=clusters) == []


def test_the_limit_of_a_mean_is_the_mean_of_the_others_less_the_gap() -> None:
    rows = pd.concat([paper(*even(), ("low", 64, 3, 0.3, 0.16), subject=s) for s in ("ma", "ru")])

    (low,) = find(rows, RULES, year=2026)

    sign = low.signs[0]
    assert (sign.indicator, sign.limit) == ("low_mean", pytest.approx(0.6 - RULES.mean_gap))
    assert sign.high == pytest.approx(0.3 + 1.9983405 * 0.16 / 8)  # t with 63 degrees of freedom


def test_one_sign_is_enough_when_it_stood_a_year_ago_too() -> None:
    now = paper(*even(), ("low", 50, 25, 0.6, 0.2))
    before = paper(*even(), ("low", 50, 26, 0.6, 0.2), year=2025)

    assert find(now, RULES, year=2026) == []
    (low,) = find(pd.concat([now, before]), RULES, year=2026)
    assert (low.school, low.again, low.strength) == ("low", (("ma", 5),), 2.0)


def test_few_works_give_no_sign() -> None:
    rows = pd.concat([paper(*even(), ("tiny", 9, 9, 0.1, 0.1), subject=s) for s in ("ma", "ru")])

    assert find(rows, RULES, year=2026) == []


def test_a_weak_exam_adds_its_sign() -> None:
    rows = paper(*even(), ("low", 50, 25, 0.6, 0.2))
    exams = pd.DataFrame(
        [("s1", "oge", "ma", 40, 3.9, 2025), ("low", "oge", "ma", 40, 2.6, 2025), ("s2", "ege", "ma", 40, 2.0, 2025)],
        columns=["school", "exam", "subject", "n", "mean_mark", "year"],
    )

    (low,) = find(rows, RULES, year=2026, exams=exams)

    assert [sign.indicator for sign in low.signs] == ["many_twos", "weak_exam"]


def test_the_spread_that_the_file_tells_widens_the_interval() -> None:
    rows = paper(*even(), ("low", 50, 25, 0.6, 0.2))
    columns = ["school", "exam", "subject", "n", "mean_mark", "year", "sd_mark"]
    exams = pd.DataFrame(
        [("s1", "oge", "ma", 40, 3.9, 2025, 0.5), ("low", "oge", "ma", 12, 2.6, 2025, None)], columns=columns
    )

    def signs(spread: float) -> list[str]:
        found = find(rows, RULES, year=2026, exams=exams.assign(sd_mark=[0.5, spread]))
        return [sign.indicator for low in found for sign in low.signs]

    assert signs(0.3) == ["many_twos", "weak_exam"]
    assert signs(1.9) == []


def test_many_below_the_minimum_of_either_examination_are_a_sign_each_of_its_newest_year() -> None:
    rows = paper(*even())
    exams = pd.DataFrame(
        [
            ("low", "ege", "ma", 40, 41.0, 2025, 20), ("low", "ege", "ru", 40, 60.0, 2025, 14),
            ("low", "oge", "ma", 40, 3.2, 2024, 22), ("old", "ege", "ma", 40, 41.0, 2024, 30),
            ("few", "ege", "ma", 9, 30.0, 2025, 9), ("even", "ege", "ma", 40, 55.0, 2025, None),
        ],
        columns=["school", "exam", "subject", "n", "mean_mark", "year", "below"],
    )  # fmt: skip

    (low,) = find(rows, RULES, year=2026, exams=exams)

    assert low.school == "low"
    shown = [(s.indicator, s.subject, s.grade, s.year, s.value) for s in low.signs]
    assert shown == [("below_minimum", "ma", 11, 2025, 0.5), ("below_minimum", "ma", 9, 2024, 0.55)]
    assert low.signs[0].low == pytest.approx(0.3519953)  # statsmodels 0.14, proportion_confint(20, 40, method="wilson")


@given(st.integers(0, 10**6))
def test_an_even_region_is_left_alone_and_order_does_not_matter(seed: int) -> None:
    random = np.random.default_rng(seed)
    frames = []
    for subject in ("ma", "ru"):
        n = random.integers(10, 80, 12)
        frames.append(
            paper(
                *[
                    (f"s{i}", int(n[i]), int(random.binomial(n[i], 0.08)), float(random.normal(0.6, 0.01)), 0.2)
                    for i in range(12)
                ],
                subject=subject,
            )
        )
    rows = pd.concat(frames)

    assert find(rows, RULES, year=2026) == find(rows.sample(frac=1, random_state=seed % 1000), RULES, year=2026) == []


def test_no_table_gives_no_school() -> None:
    assert find(paper().astype({"n": int}), RULES, year=2026) == []
