"""The control sample: redrawn alike, within its limits, better balanced than chance."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.comparison.control_sample import (
    FrameSchool,
    SampleRule,
    draw_control,
    imbalance,
    members_digest,
    standardised_differences,
)
from app.errors import InsufficientData


def region(n: int = 200, *, seed: int = 7, missing: float = 0.0) -> list[FrameSchool]:
    rng = np.random.default_rng(seed)
    context = rng.normal(size=(n, 5)) @ np.diag([1, 3, 1, 10, 1])
    context[rng.random(context.shape) < missing] = np.nan
    return [
        FrameSchool(f"99{i:04d}", f"m{i % 40:02d}", "город" if i % 3 else "село", tuple(context[i]), i % 10 != 0)
        for i in range(n)
    ]


def context_of(schools: list[FrameSchool], codes=None) -> np.ndarray:
    return np.array([school.context for school in schools if codes is None or school.code in codes])


def test_the_same_seed_gives_the_same_schools_in_any_order_of_rows() -> None:
    schools, rule = region(), SampleRule(20, 2, 50)

    first = draw_control(schools, rule, "ключ")

    assert draw_control(schools[::-1], rule, "ключ") == first
    assert draw_control(schools, rule, "другой").codes != first.codes


@given(st.integers(5, 36), st.integers(1, 4), st.text(min_size=1, max_size=8))
@settings(max_examples=25, deadline=None)
def test_size_limits_and_exclusions_hold_for_any_rule_and_seed(size: int, limit: int, seed: str) -> None:
    schools = region(120)
    by_code = {school.code: school for school in schools}

    sample = draw_control(schools, SampleRule(size, limit, 3), seed)

    assert len(sample.codes) == len(set(sample.codes)) == size
    assert all(by_code[code].is_eligible for code in sample.codes)
    assert max(Counter(by_code[code].municipality for code in sample.codes).values()) <= limit


def test_strata_get_places_by_their_share_of_the_population() -> None:
    schools = [replace(school, municipality=school.code) for school in region(300)]
    by_code = {school.code: school.stratum for school in schools}

    sample = draw_control(schools, SampleRule(30, 1, 5), "s")

    assert Counter(by_code[code] for code in sample.codes) == {"село": 10, "город": 20}


def test_balance_is_better_than_that_of_a_random_draw_on_average() -> None:
    """Over 40 seeds the winner of 60 draws has at most a quarter of the imbalance of the first draw."""
    schools = region(150)
    rule = SampleRule(25, 3, 60)

    found = [draw_control(schools, rule, f"seed {i}") for i in range(40)]

    chosen, chance = (np.mean([getattr(s, name) for s in found]) for name in ("distance", "first_distance"))
    assert all(sample.distance <= sample.first_distance for sample in found)
    assert chosen < 0.25 * chance


def test_every_eligible_school_keeps_a_chance() -> None:
    schools = region(60)

    seen = {code for i in range(150) for code in draw_control(schools, SampleRule(12, 3, 5), str(i)).codes}

    assert seen == {school.code for school in schools if school.is_eligible}


def test_the_first_draw_is_the_lottery_written_in_the_docstring() -> None:
    """One stratum, no limit: the smallest hashes of «seed:1:code» win."""
    schools = [replace(s, stratum="один", municipality=s.code) for s in region(50) if s.is_eligible]
    lottery = sorted(schools, key=lambda s: hashlib.sha256(f"abc:1:{s.code}".encode()).hexdigest())

    sample = draw_control(schools, SampleRule(10, 1, 1), "abc")

    assert sample.codes == sample.first == tuple(sorted(s.code for s in lottery[:10]))


def test_limits_that_leave_too_few_schools_are_told() -> None:
    schools = [replace(school, municipality="m01") for school in region(30)]

    with pytest.raises(InsufficientData, match="с пределом 3 на муниципалитет — 3"):
        draw_control(schools, SampleRule(10, 3), "s")


@pytest.mark.parametrize("rule", [SampleRule(0, 1), SampleRule(1, 0), SampleRule(1, 1, 0)])
def test_an_empty_rule_is_refused(rule) -> None:
    with pytest.raises(ValueError, match="не меньше 1"):
        draw_control(region(20), rule, "s")


def test_repeated_codes_are_refused() -> None:
    with pytest.raises(ValueError, match="повторяются"):
        draw_control([region(1)[0]] * 2, SampleRule(1, 1), "s")


def test_differences_equal_those_counted_by_hand() -> None:
    population = np.array([[1.0, 5.0], [2.0, 5.0], [3.0, np.nan], [4.0, 5.0]])
    sample = np.array([[3.0, np.nan], [4.0, np.nan]])

    found = standardised_differences(population, sample)

    assert found[0] == pytest.approx((3.5 - 2.5) / np.sqrt(1.25))
    assert np.isnan(found[1])
    assert imbalance(population, sample) == pytest.approx((found[0] ** 2 + 1) / 2)


def test_missing_context_takes_part_as_far_as_it_is_known() -> None:
    schools = region(150, missing=0.3)

    sample = draw_control(schools, SampleRule(25, 3, 40), "s")

    assert np.isfinite(sample.distance)
    assert sample.distance == pytest.approx(imbalance(context_of(schools), context_of(schools, sample.codes)))


def test_a_population_without_context_is_drawn_by_strata_alone() -> None:
    schools = [replace(school, context=()) for school in region(50)]

    assert len(draw_control(schools, SampleRule(10, 2, 5), "s").codes) == 10


def test_the_digest_of_a_list_is_that_of_its_lines() -> None:
    expected = hashlib.sha256(b"2026\n1\n2").hexdigest()

    assert members_digest(2026, ["2", "1"]) == expected
