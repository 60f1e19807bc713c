import numpy as np
import pytest

from app.detectors import load_params
from app.detectors.few_lowest import few_lowest
from app.detectors.reference import tilt_to_school
from app.detectors.simulate import RegionOptions, simulate_region
from app.detectors.tables import build_tables
from tests.detectors.test_boundary_push import rate

PARAMS = load_params().few_lowest


@pytest.mark.parametrize(("low", "high"), [(20, 49), (50, 99)])
def test_one_honest_school_in_a_hundred_has_too_few_twos(honest_screenings, low, high):
    share, error = rate(honest_screenings, "few_lowest", low, high)

    assert abs(share - 0.01) < 0.003 + 2 * error


def test_expected_twos_are_those_of_the_reference_at_the_level_of_the_school(honest_regions):
    table = build_tables(honest_regions[0].works, honest_regions[0].papers)[0]
    pool = table.counts.sum(axis=0)

    result = few_lowest(
        table, tilt_to_school(table.counts, pool), PARAMS, 0.12, reference="region", reference_works=1e9
    )

    assert result.expected.sum() == pytest.approx(result.observed.sum(), rel=0.03)


def test_lifted_twos_are_found():
    options = {"schools": 150, "size": (60, 100), "papers": (("ma", 5), ("ru", 5))}
    honest = simulate_region(41, RegionOptions(**options))
    lifted = simulate_region(41, RegionOptions(**options, share=1.0, manipulations=("lift_twos",), strength=0.8))
    found = []
    for before, after in zip(
        build_tables(honest.works, honest.papers), build_tables(lifted.works, lifted.papers), strict=True
    ):
        tilt = tilt_to_school(after.counts, before.counts.sum(axis=0))
        result = few_lowest(after, tilt, PARAMS, 0.12, reference="control", reference_works=before.counts.sum())
        found.append(result.p_value[result.assessed] < 0.01)

    assert np.concatenate(found).mean() > 0.6


def test_works_that_are_kept_away_leave_a_gap_under_the_cut():
    options = {"schools": 150, "size": (60, 100), "papers": (("ma", 5),)}
    region = simulate_region(42, RegionOptions(**options))
    (before,) = build_tables(region.works, region.papers)
    cut = region.papers[0].mark_from[0]
    rng = np.random.default_rng(3)
    gone = (region.works["score"] < cut) & (rng.uniform(size=len(region.works)) < 0.6)
    (after,) = build_tables(region.works[~gone].reset_index(drop=True), region.papers)
    pool = before.counts.sum(axis=0)
    honest, thinned = (
        few_lowest(table, tilt_to_school(table.counts, pool), PARAMS, 0.12, reference="region", reference_works=1e9)
        for table in (before, after)
    )

    assert np.mean(thinned.thinned_z) > np.mean(honest.thinned_z) + 0.5
    assert abs(np.mean(honest.thinned_z)) < 0.2
