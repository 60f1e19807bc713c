"""One scale for two procedures: the textbook's example, symmetry, monotony, identity, errors, schools that differ."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from app.comparison.linking import equipercentile, link_scores, percentile_rank, score_at
from app.comparison.school_shifts import mean_marks, school_shifts
from app.comparison.score_counts import score_counts
from app.errors import InsufficientData

FORM_X, FORM_Y = np.array([0.2, 0.3, 0.2, 0.2, 0.1]), np.array([0.1, 0.2, 0.2, 0.3, 0.2])
"""Kolen and Brennan, Test Equating, Scaling, and Linking, 3rd ed., 2014, Tables 2.2 and 2.3."""

distributions = st.lists(st.integers(1, 50), min_size=3, max_size=30).map(lambda row: np.array(row) / sum(row))
gappy = st.lists(st.integers(0, 50), min_size=4, max_size=30).filter(sum).map(lambda row: np.array(row) / sum(row))


def region(seed: int = 2, schools: int = 80, works: int = 40, shift: float = 0.5, spread: float = 0.0):
    """Counts of two procedures of the same schools; the second is easier by `shift` logits."""
    rng = np.random.default_rng(seed)
    level = rng.normal(0, 0.5, schools)
    first, second = np.zeros((schools, 21)), np.zeros((schools, 26))
    for s in range(schools):
        ability = level[s] + rng.normal(size=works)
        later = ability + rng.normal(0, spread)
        np.add.at(first[s], rng.binomial(20, 1 / (1 + np.exp(-ability))), 1)
        np.add.at(second[s], rng.binomial(25, 1 / (1 + np.exp(-later - shift))), 1)
    return first, second


def test_the_example_of_the_textbook_comes_out() -> None:
    assert percentile_rank(FORM_X, np.arange(5)).tolist() == pytest.approx([0.10, 0.35, 0.60, 0.80, 0.95])
    assert equipercentile(FORM_X, FORM_Y).tolist() == pytest.approx([0.50, 1.75, 2 + 5 / 6, 3.50, 4.25])


@given(distributions, distributions)
@settings(max_examples=100, deadline=None)
def test_the_inverse_link_undoes_the_link(first, second) -> None:
    x = np.linspace(0, len(first) - 1, 17)

    there = equipercentile(first, second, x)

    np.testing.assert_allclose(equipercentile(second, first, there), x, atol=1e-8)


@given(gappy, gappy)
@settings(max_examples=100, deadline=None)
def test_the_link_never_falls_and_stays_on_the_scale(first, second) -> None:
    found = equipercentile(first, second)

    assert (np.diff(found) >= -1e-9).all()
    assert found.min() >= -0.5
    assert found.max() <= len(second) - 0.5


@given(distributions)
@settings(max_examples=50, deadline=None)
def test_equal_distributions_give_the_identity(shares) -> None:
    np.testing.assert_allclose(equipercentile(shares, shares), np.arange(len(shares)), atol=1e-9)


def test_a_score_that_nobody_has_lies_in_the_middle_of_the_gap() -> None:
    assert score_at(np.array([0.5, 0.0, 0.0, 0.5]), np.array([0.5])).tolist() == [1.5]
    assert score_at(np.array([0.0, 0.5, 0.5, 0.0]), np.array([0.0, 1.0])).tolist() == [0.5, 2.5]


def test_one_scale_stretched_to_twice_the_points_is_found() -> None:
    """The second procedure is a linear stretch: e(x) = 2x + 1/2 on the continuous scale."""
    shares = binom.pmf(np.arange(21), 20, 0.55)
    twice = np.repeat(shares / 2, 2)

    np.testing.assert_allclose(equipercentile(shares, twice), 2 * np.arange(21) + 0.5, atol=1e-9)


def test_the_link_of_a_simulated_region_is_near_the_true_one() -> None:
    first, second = region(schools=300)

    link = link_scores(first, second)

    truth = _true_link()
    inside = slice(2, 19)
    assert link.design == "single_group"
    assert np.abs(link.equivalent - truth)[inside].max() < 0.25
    assert (np.abs(link.equivalent - truth)[inside] < 4 * link.error[inside]).all()


def test_the_bootstrap_error_is_the_spread_over_regions() -> None:
    """Sixty regions drawn anew: their links spread as one region's bootstrap says, within a third."""
    links = [link_scores(*region(seed=100 + i, schools=60), degree=4, replicates=2) for i in range(60)]
    spread = np.array([link.equivalent for link in links]).std(axis=0, ddof=1)

    error = np.mean([link_scores(*region(seed=200 + i, schools=60), degree=4).error for i in range(5)], axis=0)

    ratio = (error / spread)[3:18]
    assert ratio.mean() == pytest.approx(1, abs=0.2)
    assert ((ratio > 0.6) & (ratio < 1.6)).all()


def test_the_error_of_independent_pupils_is_that_of_the_closed_form() -> None:
    """Kolen and Brennan (2014), eq. 7.12, random groups without smoothing; here with a degree that follows the data."""
    rng = np.random.default_rng(5)
    n = 4000
    x, y = rng.binomial(20, 0.5, n), rng.binomial(20, 0.55, n)
    names = [str(i) for i in range(n)]
    first, second = (score_counts(names, names, scores.tolist(), 20) for scores in (x, y))

    link = link_scores(first, second, degree=6, replicates=150)

    f, g = binom.pmf(np.arange(21), 20, 0.5), binom.pmf(np.arange(21), 20, 0.55)
    rank = percentile_rank(f, np.arange(21.0))
    upper = np.searchsorted(np.cumsum(g), rank)
    above, density = np.cumsum(g)[upper], g[upper]
    variance = (2 / n * rank * (1 - rank) - (above - rank) * (rank - above + density) / (n * density)) / density**2
    ratio = link.error[5:16] / np.sqrt(variance[5:16])
    # Smoothing borrows from neighbouring scores, so the error must be smaller, but of the same size.
    assert (ratio < 1.1).all()
    assert (ratio > 0.4).all()


def test_cohorts_of_other_sizes_are_linked_through_common_schools_with_one_mix() -> None:
    """Strong schools bring three times their works to the second procedure: only weighting keeps the link."""
    first, second = region(schools=200, shift=0.0)
    strong = first @ np.arange(21) / first.sum(axis=1) > 10.5
    inflated = np.where(strong[:, None], 3 * second, second)

    link = link_scores(first, inflated)
    plain = link_scores(first, second)
    naive = equipercentile(first.sum(axis=0), inflated.sum(axis=0))

    assert link.design == "common_schools"
    assert np.abs(link.equivalent - plain.equivalent)[3:18].max() < 0.15
    assert np.abs(naive - plain.equivalent)[3:18].max() > 0.8


def test_schools_of_one_procedure_only_do_not_move_the_link() -> None:
    first, second = region()
    lone = np.zeros((20, 21))
    lone[:, 20] = 50

    with_lone = link_scores(np.vstack([first, lone]), np.vstack([second, np.zeros((20, 26))]))

    np.testing.assert_allclose(with_lone.equivalent, link_scores(first, second).equivalent)
    assert with_lone.schools == 80


def test_the_order_of_schools_moves_only_the_random_error() -> None:
    first, second = region()

    one, other = link_scores(first, second), link_scores(first[::-1], second[::-1])

    np.testing.assert_allclose(one.equivalent, other.equivalent)
    np.testing.assert_allclose(one.error[2:19], other.error[2:19], rtol=0.4)


@pytest.mark.parametrize(("schools", "works"), [(4, 100), (10, 5)])
def test_too_few_common_schools_or_works_are_told(schools: int, works: int) -> None:
    with pytest.raises(InsufficientData, match="общих школ"):
        link_scores(*region(schools=schools, works=works))


def test_schools_alike_are_left_alone_and_the_lifted_one_is_found() -> None:
    first, second = region(spread=0.25)
    lifted = second.copy()
    lifted[7] = 0
    np.add.at(lifted[7], np.minimum(np.arange(26) + 8, 25), second[7])
    names = [f"s{i}" for i in range(80)]

    link = link_scores(first, lifted)
    shifts = school_shifts(names, first, lifted, link)
    clean = school_shifts(names, first, second, link_scores(first, second))

    assert [shift.school for shift in shifts if shift.differs] == ["s7"]
    assert shifts[7].difference_low > 0
    assert sum(shift.differs for shift in clean) == 0
    z = np.array([shift.z for shift in clean])
    assert z.std() == pytest.approx(1, abs=0.3)


def test_intervals_of_a_schools_mean_cover_it_as_they_say() -> None:
    first, second = region(schools=300, works=30)
    shifts = school_shifts([str(i) for i in range(300)], first, second, link_scores(first, second))

    covered = np.mean([s.difference_low <= 0 <= s.difference_high for s in shifts])

    assert covered >= 0.95


def test_a_school_with_few_works_gets_its_numbers_but_no_verdict() -> None:
    first, second = region()
    first[3] *= 0
    first[3, 10] = 9

    shift = school_shifts([str(i) for i in range(80)], first, second, link_scores(first, second))[3]

    assert (shift.n_first, shift.z, shift.q, shift.differs) == (9, None, None, False)


def test_mean_marks_follow_the_cuts_of_the_second_procedure() -> None:
    first, second = region()
    link = link_scores(first, second)

    found = mean_marks(first, link, (8, 13, 19))

    marks = 2 + sum((link.equivalent >= cut - 0.5).astype(float) for cut in (8, 13, 19))
    np.testing.assert_allclose(found, first @ marks / first.sum(axis=1))
    assert np.isnan(mean_marks(np.zeros((1, 21)), link, (8, 13, 19))[0])


def _true_link() -> np.ndarray:
    """Link of the two procedures in the population, by integrating over abilities."""
    ability = np.linspace(-6, 6, 2001)
    weight = np.exp(-(ability**2) / (2 * 1.25))
    weight /= weight.sum()
    first = binom.pmf(np.arange(21)[:, None], 20, 1 / (1 + np.exp(-ability))) @ weight
    second = binom.pmf(np.arange(26)[:, None], 25, 1 / (1 + np.exp(-ability - 0.5))) @ weight
    return equipercentile(first, second)
