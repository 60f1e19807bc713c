from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from app.detectors import load_params
from app.detectors.base import PaperSpec
from app.detectors.simulate import RegionOptions, simulate_region
from app.detectors.tables import PaperTable, build_tables
from app.detectors.upper_tail import beside_spread, thresholds, upper_tail
from app.errors import InsufficientData
from tests.detectors.test_boundary_push import rate

PARAMS = load_params().upper_tail


def table_of(counts: np.ndarray) -> PaperTable:
    S, width = counts.shape
    spec = PaperSpec(2026, "ma", 4, (width - 1,), None)
    return PaperTable(
        spec, 2026, np.array([f"{i:03d}" for i in range(S)]), counts.astype(float), np.ones(S), None, None, None
    )


def topped(rng: np.random.Generator, table: PaperTable, rows: np.ndarray, middle: int, share: float) -> PaperTable:
    """A share of the good works gets the maximum, and as many points are taken from works under the middle."""
    counts = table.counts.copy()
    top = counts.shape[1] - 1
    for i in rows:
        scores = np.repeat(np.arange(top + 1), counts[i].astype(int))
        good = np.flatnonzero((scores >= middle) & (scores < top))
        lifted = good[rng.uniform(size=len(good)) < share]
        given = int((top - scores[lifted]).sum())
        scores[lifted] = top
        weak = np.flatnonzero((scores < middle) & (scores > 0))
        for _ in range(given):
            weak = weak[scores[weak] > 0]
            scores[rng.choice(weak)] -= 1
        counts[i] = np.bincount(scores, minlength=top + 1)
    return replace(table, counts=counts)


@pytest.mark.parametrize(("low", "high"), [(20, 49), (50, 99), (100, 9999)])
def test_one_honest_school_in_a_hundred_is_under_one_percent(honest_screenings, low, high):
    share, error = rate(honest_screenings, "upper_tail", low, high)

    assert abs(share - 0.01) < 0.003 + 2 * error


def test_small_schools_with_ten_good_works_are_not_accused_more_often(honest_screenings):
    share, error = rate(honest_screenings, "upper_tail", 10, 19)

    # Ten good works of at most nineteen: strong small schools, whose tail is light; the test stays on the strict side.
    assert share < 0.01 + 2 * error


def test_the_thresholds_are_those_counted_by_hand():
    # From the top: 2, 5, 9, 20, 50, 100 of a hundred works reach scores 5, 4, 3, 2, 1, 0.
    reference = np.array([50.0, 30.0, 11.0, 4.0, 3.0, 2.0])

    assert thresholds(reference, replace(PARAMS, share_mid=0.45, share_high=0.3)) == (1, 2)
    assert thresholds(reference, replace(PARAMS, share_mid=0.20, share_high=0.3)) == (2, 4)


def test_a_reference_at_the_maximum_has_no_tail():
    with pytest.raises(InsufficientData, match="выше середины"):
        thresholds(np.array([1.0, 1.0, 8.0]), PARAMS)


def test_a_copy_of_the_reference_shows_nothing_and_its_share_is_the_plain_one():
    shape = np.round(60 * np.exp(-0.5 * ((np.arange(21) - 12) / 4) ** 2))

    result = upper_tail(table_of(np.tile(shape, (40, 1))), None, PARAMS)

    good, top = shape[result.middle :].sum(), shape[result.high :].sum()
    assert result.share[0] == pytest.approx(top / good)
    assert result.expected[0] == pytest.approx(top / good, abs=0.004)
    assert abs(result.z[0]) < 0.2


def test_binomial_schools_have_no_over_dispersion_and_binomial_tails():
    # Equal schools of one distribution: the count of top scores given the good works is binomial with the level known.
    rng = np.random.default_rng(3)
    p = np.exp(-0.5 * ((np.arange(21) - 12) / 4) ** 2)
    counts = rng.multinomial(80, p / p.sum(), 3000)

    result = upper_tail(table_of(counts), None, PARAMS)

    assert np.median(result.phi) < 1.1
    assert (result.p_value < 0.01).mean() == pytest.approx(0.01, abs=0.005)
    assert stats.kstest(result.p_value, "uniform").statistic < 0.05


def test_over_dispersion_planted_in_the_pool_is_measured():
    rng = np.random.default_rng(4)
    score = np.arange(21)
    counts = []
    for _ in range(1500):
        p = np.exp(-0.5 * ((score - 12) / 4) ** 2) * np.exp(rng.normal(0, 0.5) * (score >= 17))
        counts.append(rng.multinomial(150, p / p.sum()))

    result = upper_tail(table_of(np.array(counts)), None, PARAMS)

    assert np.median(result.phi) > 1.25
    assert (result.p_value < 0.01).mean() < 0.015


def test_near_perfect_works_among_the_good_are_found():
    region = simulate_region(71, RegionOptions(schools=150, size=(60, 90), papers=(("ma", 4), ("ru", 4))))
    rng = np.random.default_rng(9)
    found, honest = [], []
    for table in build_tables(region.works, region.papers, with_items=False):
        plain = upper_tail(table, None, PARAMS)
        guilty = np.flatnonzero(plain.assessed)[::12][:10]

        result = upper_tail(topped(rng, table, guilty, plain.middle, 0.5), None, PARAMS)

        found.append(result.p_value[guilty] < 0.01)
        honest.append(result.p_value[np.setdiff1d(np.flatnonzero(plain.assessed), guilty)] < 0.01)
    assert np.mean(np.concatenate(found)) > 0.8
    assert np.mean(np.concatenate(honest)) < 0.03


def test_a_strong_school_of_the_same_shape_is_not_accused():
    score = np.arange(21)
    rng = np.random.default_rng(5)
    p = np.exp(-0.5 * ((score - 11) / 4) ** 2)
    strong = p * np.exp(0.15 * score)
    counts = np.vstack([rng.multinomial(80, p / p.sum(), 200), rng.multinomial(80, strong / strong.sum(), 20)])

    result = upper_tail(table_of(counts), None, PARAMS)

    assert (result.p_value[200:] < 0.01).mean() <= 0.05


def test_a_control_sample_is_the_reference(honest_regions):
    first, second = (build_tables(r.works, r.papers, with_items=False)[0] for r in honest_regions[:2])

    result = upper_tail(first, second, PARAMS)

    assert result.reference == "control"
    assert (result.middle, result.high) == thresholds(second.counts.sum(axis=0), PARAMS)


def test_few_good_works_are_not_assessed():
    region = simulate_region(62, RegionOptions(schools=10, papers=(("ma", 4),)))
    (table,) = build_tables(region.works, region.papers, with_items=False)

    with pytest.raises(InsufficientData, match="меньше"):
        upper_tail(table, None, PARAMS)


def test_beside_the_spread_the_weighted_smaller_p_keeps_its_size():
    rng = np.random.default_rng(6)
    z = rng.normal(size=(200_000, 2))

    joint = beside_spread(z[:, 0], z[:, 1], PARAMS.weight)

    assert (joint > stats.norm.isf(0.01)).mean() == pytest.approx(0.01, abs=0.001)
    assert beside_spread(np.array([np.nan]), np.array([1.5]), PARAMS.weight)[0] == pytest.approx(1.5)
