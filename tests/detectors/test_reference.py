import itertools

import numpy as np
import pytest

from app.detectors.reference import (
    downweight,
    hardly_changed,
    lord_wingersky,
    smooth_from_items,
    smooth_loglinear,
    tilt_to_school,
)
from app.detectors.tables import build_tables
from app.errors import InsufficientData


def test_lord_wingersky_equals_the_enumeration_of_all_answer_patterns():
    rng = np.random.default_rng(3)
    items = [rng.dirichlet(np.ones(m + 1), size=2) for m in (1, 2, 1, 3)]
    expected = np.zeros((2, 8))
    for pattern in itertools.product(*(range(item.shape[1]) for item in items)):
        for level in (0, 1):
            expected[level, sum(pattern)] += np.prod([item[level, v] for item, v in zip(items, pattern, strict=True)])

    assert lord_wingersky(items) == pytest.approx(expected)


def test_lord_wingersky_of_equal_items_is_binomial():
    items = [np.array([[0.7, 0.3]])] * 5

    assert lord_wingersky(items)[0] == pytest.approx([0.16807, 0.36015, 0.3087, 0.1323, 0.02835, 0.00243])


def test_a_tilted_reference_has_the_mean_of_the_school():
    rng = np.random.default_rng(1)
    counts = rng.multinomial(80, np.ones(21) / 21, size=4).astype(float)

    tilt = tilt_to_school(counts, np.exp(-0.5 * ((np.arange(21) - 9) / 4) ** 2))

    score = np.arange(21)
    assert tilt.probabilities @ score == pytest.approx(counts @ score / 80, abs=0.02)


def test_the_spread_of_a_large_school_is_followed_and_that_of_a_small_one_is_not():
    score = np.arange(41)
    shape = np.exp(-0.5 * ((score - 20) / 5) ** 2)
    narrow = np.exp(-0.5 * ((score - 20) / 4) ** 2)
    narrow = narrow / narrow.sum()
    counts = np.vstack((narrow * 8, narrow * 2000))

    tilt = tilt_to_school(counts, shape)

    spread = np.sqrt(tilt.probabilities @ (score - 20) ** 2)
    assert spread[0] == pytest.approx(4.75, abs=0.25)
    assert spread[1] == pytest.approx(4.0, abs=0.1)


def test_a_reference_without_works_is_refused():
    with pytest.raises(InsufficientData):
        tilt_to_school(np.ones((1, 5)), np.zeros(5))


def test_loglinear_smoothing_keeps_the_moments_of_the_pool():
    rng = np.random.default_rng(5)
    pool = rng.multinomial(20_000, np.exp(-0.5 * ((np.arange(21) - 11) / 4) ** 2) / 10.02).astype(float)
    score = np.arange(21)

    smooth = smooth_loglinear(pool, degree=4)

    for power in (0, 1, 2, 3, 4):
        assert smooth @ score**power == pytest.approx(pool @ score**power, rel=1e-6)


def test_the_curve_from_items_cannot_hold_a_heap(honest_regions):
    table = build_tables(honest_regions[0].works, honest_regions[0].papers)[0]
    pool = table.counts.sum(axis=0)
    heaped = pool.copy()
    moved = 0.8 * heaped[3:6]
    heaped[3:6] -= moved
    heaped[6] += moved.sum()

    honest = smooth_from_items(pool, table.items)
    smooth = smooth_from_items(heaped, table.items, merged=((3, 6),))

    assert smooth.sum() == pytest.approx(pool.sum())
    assert smooth[3:7] == pytest.approx(honest[3:7], rel=0.1)


def test_schools_far_out_lose_their_weight_and_others_keep_it():
    z = np.concatenate((np.linspace(-2, 2, 41), [9.0]))

    weight = downweight(z)

    assert weight[-1] == 0
    assert weight[20] == pytest.approx(1, abs=0.01)
    assert weight[:-1].min() > 0.6


def test_a_pool_hardly_changes_while_schools_far_out_hold_few_works():
    works = np.array([4.0, 96.0])

    assert hardly_changed(np.array([0.1, 0.9]), works)
    assert not hardly_changed(np.array([0.1, 0.9]), np.array([6.0, 94.0]))
    assert hardly_changed(np.array([0.6, 0.6]), works)
