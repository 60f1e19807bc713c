from dataclasses import replace

import numpy as np
import pytest

from app.detectors import load_params
from app.detectors.boundary_push import boundary_push, push_test
from app.detectors.contamination import contaminate
from app.detectors.heaping import frandsen_p, region_heaping
from app.detectors.simulate import RegionOptions, simulate_region
from app.detectors.tables import build_tables
from app.errors import InsufficientData

PARAMS = load_params().boundary_push


def rate(screenings, detector, low, high, alpha=0.01):
    """Share of p-values under alpha, its standard error, over assessed schools of a size."""
    p = np.concatenate(
        [
            s.findings.loc[
                (s.findings["detector"] == detector)
                & (s.findings["school"] != "")
                & s.findings["n"].between(low, high),
                "p_value",
            ].dropna()
            for s in screenings
        ]
    )
    return (p < alpha).mean(), np.sqrt(alpha * (1 - alpha) / len(p))


def test_excess_on_a_flat_distribution_is_counted_by_hand():
    counts = np.full((1, 21), 4.0)
    counts[0, 7:10] = 1.0  # three scores under the cut lost nine works …
    counts[0, 10] = 13.0  # … to the cut

    test = push_test(counts, np.ones(21), (10,), replace(PARAMS, spread_prior=1e-4), reference_works=np.inf)

    # Window 7 … 11 holds 20 works; the tilt to the mean (a little over 10) is nearly none, so q = 2/5.
    assert test.window[0] == 20
    assert test.at_cuts[0] == 17
    assert test.expected[0] == pytest.approx(8.0, abs=0.15)
    assert test.count_z[0] == pytest.approx(9 / np.sqrt(20 * 0.4 * 0.6), abs=0.1)
    assert test.effect_low[0] < test.effect[0] < test.effect_high[0]


def test_an_exact_copy_of_the_reference_shows_nothing():
    shape = np.exp(-0.5 * ((np.arange(21) - 11) / 4) ** 2)

    test = push_test(100 * shape[None] / shape.sum(), shape, (6, 10, 15), PARAMS, reference_works=np.inf)

    assert test.effect[0] == pytest.approx(0, abs=1e-6)
    assert test.z[0] == pytest.approx(0, abs=1e-6)


def test_the_level_of_a_school_does_not_matter():
    shape = np.exp(-0.5 * ((np.arange(21) - 11) / 4) ** 2)
    shape /= shape.sum()
    tilted = shape * np.exp(0.25 * np.arange(21))

    test = push_test(300 * tilted[None] / tilted.sum(), shape, (6, 10, 15), PARAMS, reference_works=np.inf)

    assert abs(test.z[0]) < 0.05


@pytest.mark.parametrize(("low", "high"), [(10, 19), (20, 49), (50, 99), (100, 9999)])
def test_one_honest_school_in_a_hundred_is_under_one_percent(honest_screenings, low, high):
    share, error = rate(honest_screenings, "boundary_push", low, high)

    assert abs(share - 0.01) < 0.003 + 2 * error


@pytest.mark.parametrize(("n", "least"), [(25, 0.40), (50, 0.75), (100, 0.95)])
def test_lifted_works_are_found_with_the_power_promised(n, least):
    region = simulate_region(900 + n, RegionOptions(schools=120, size=(n, n), papers=(("ma", 4), ("ru", 4))))
    rng = np.random.default_rng(n)
    found = []
    for spec, table in zip(region.papers, build_tables(region.works, region.papers), strict=True):
        works = region.works[region.works["subject"] == spec.subject]
        lifted = contaminate(rng, works, spec, "bump", 0.6, np.ones(len(works), bool))
        changed = build_tables(lifted, [spec])[0]
        found.append(boundary_push(changed, table, PARAMS).p_value < 0.01)

    assert np.mean(found) >= least


def test_a_region_heaped_as_a_whole_is_said_to_be_and_its_schools_are_not_accused():
    region = simulate_region(31, RegionOptions(schools=300, heaping=0.4, papers=(("ma", 5), ("ru", 5))))

    results = [boundary_push(table, None, PARAMS) for table in build_tables(region.works, region.papers)]

    assert all(result.region.heaped for result in results)
    assert all(result.region.p_value < 1e-3 for result in results)
    p = np.concatenate([result.p_value[result.assessed] for result in results])
    assert (p < 0.01).mean() < 0.02
    smooth = np.concatenate([result.test.z[result.assessed] for result in results])
    assert np.median(smooth) > 0.4


def test_a_school_that_lifts_more_than_its_heaped_region_stays_visible():
    region = simulate_region(32, RegionOptions(schools=200, heaping=0.4, papers=(("ma", 5),)))
    spec = region.papers[0]
    big = region.works["school"].value_counts().index[0]
    works = contaminate(
        np.random.default_rng(1), region.works, spec, "bump", 0.8, (region.works["school"] == big).to_numpy()
    )
    table = build_tables(works, [spec])[0]

    result = boundary_push(table, None, PARAMS)

    assert result.region.heaped
    assert result.p_value[table.schools == big][0] < 1e-4


def test_a_clean_region_is_not_said_to_be_heaped(honest_regions):
    tables = [table for region in honest_regions for table in build_tables(region.works, region.papers)]

    heaped = [region_heaping(t.counts.sum(axis=0), t.spec.mark_from, t.items, PARAMS).heaped for t in tables]

    assert not any(heaped)


def test_a_paper_without_cuts_or_without_other_schools_cannot_be_assessed(honest_regions):
    table = build_tables(honest_regions[0].works, honest_regions[0].papers)[0]
    uncut = replace(table, spec=replace(table.spec, mark_from=None))
    lonely = replace(table, schools=table.schools[:1], counts=table.counts[:1])

    for case in (uncut, lonely):
        with pytest.raises(InsufficientData):
            boundary_push(case, None, PARAMS)


def test_frandsen_interval_is_that_of_the_binomial_bounds():
    from scipy import stats

    low, high = (1 - 0.02) / (3 - 0.02), (1 + 0.02) / (3 + 0.02)

    assert frandsen_p(5, 30, 8) == pytest.approx(2 * stats.binom.sf(29, 43, high))
    assert frandsen_p(20, 2, 20) == pytest.approx(2 * stats.binom.cdf(2, 42, low))
    assert frandsen_p(0, 0, 0) == 1.0
