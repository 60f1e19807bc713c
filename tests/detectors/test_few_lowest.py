import numpy as np
import pytest

from app.detectors import load_params
from app.detectors.few_lowest import _in_context, few_lowest
from app.detectors.reference import tilt_to_school
from app.detectors.simulate import ORDINARY, RegionOptions, simulate_region
from app.detectors.simulate_other import simulate_other
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


def test_a_kind_of_school_that_selects_is_compared_with_its_kind():
    found = {"alone": [], "in context": []}
    for seed in (61, 62):
        region = simulate_other(seed, RegionOptions(schools=300, size=(60, 100), confounders=ORDINARY))
        selects = region.schools.set_index("school")["type"].isin(["гимназия", "лицей"])
        for table in build_tables(region.works, region.papers):
            tilt = tilt_to_school(table.counts, table.counts.sum(axis=0))
            of_kind = selects.reindex(table.schools).to_numpy(dtype=float)
            for name, X in (("alone", None), ("in context", of_kind[:, None])):
                result = few_lowest(
                    table, tilt, PARAMS, 0.12, reference="region", reference_works=table.counts.sum(), X=X
                )
                found[name].append(result.z[result.assessed & (of_kind > 0)])

    alone, compared = (np.concatenate(parts) for parts in found.values())
    assert len(alone) > 200
    assert alone.mean() > 0.15
    assert abs(compared.mean()) < 0.12


def test_a_region_that_lifts_twos_everywhere_stays_lifted_in_context():
    rng = np.random.default_rng(5)
    z, kind = rng.standard_normal(200) + 1.5, (np.arange(200) % 4 == 0).astype(float)

    found = _in_context(z + 0.8 * kind, kind[:, None], np.ones(200, dtype=bool))

    assert np.mean(found) == pytest.approx(1.5, abs=0.2)
    assert np.mean(found[kind > 0]) == pytest.approx(np.mean(found[kind == 0]), abs=0.2)


def test_a_context_that_is_the_same_for_all_changes_nothing():
    z = np.array([0.5, -1.0, 2.0] * 10)

    assert np.array_equal(_in_context(z, np.ones((30, 2)), np.ones(30, dtype=bool)), z)
