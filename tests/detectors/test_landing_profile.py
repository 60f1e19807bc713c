import numpy as np
import pytest

from app.detectors import load_params
from app.detectors.base import PaperSpec
from app.detectors.contamination import contaminate
from app.detectors.landing_profile import landing_profile, landing_zone, lifted_profile
from app.detectors.simulate import RegionOptions, simulate_region
from app.detectors.tables import build_tables
from app.errors import InsufficientData
from tests.detectors.test_boundary_push import rate

PARAMS = load_params().landing_profile


@pytest.mark.parametrize(("low", "high"), [(10, 19), (20, 49), (50, 99), (100, 9999)])
def test_one_honest_school_in_a_hundred_is_under_one_percent(honest_screenings, low, high):
    share, error = rate(honest_screenings, "landing_profile", low, high)

    assert abs(share - 0.01) < 0.003 + 2.5 * error


def test_the_zone_is_each_cut_and_two_points_over_it_without_the_maximum():
    zone = landing_zone(12, (4, 8, 11), 3)

    assert np.flatnonzero(zone).tolist() == [4, 5, 6, 8, 9, 10, 11]


def test_added_points_stand_where_they_were_missing():
    # Two items of one point: at score 1 honest works have the easy one; a work lifted from 0 has either alike.
    mean = np.array([[0.0, 0.0], [0.9, 0.1], [1.0, 1.0]])

    shift = lifted_profile(mean, np.array([1.0, 1.0]), (1,))

    assert shift[1] == pytest.approx([0.5 - 0.9, 0.5 - 0.1])
    assert shift.sum(axis=1) == pytest.approx([0.0, 0.0, 0.0])


@pytest.mark.parametrize(("kind", "power"), [("bump", 0.3), ("lift_twos", 0.25), ("copy_journal", 0.35)])
def test_works_lifted_to_the_cuts_are_found(kind, power):
    region = simulate_region(31, RegionOptions(schools=150, size=(60, 70), papers=(("ma", 5),)))
    guilty = sorted(set(region.works["school"]))[:15]
    rows = region.works["school"].isin(guilty).to_numpy()
    works = contaminate(np.random.default_rng(1), region.works, region.papers[0], kind, 0.6, rows)

    table = build_tables(works, region.papers)[0]
    result = landing_profile(table, None, PARAMS)

    own = table.rows_of(np.array(guilty))
    assert (result.p_value[own] < 0.05).mean() > power
    assert (result.p_value[~own] < 0.05).mean() < 0.1
    assert result.effect[own].mean() > result.effect[~own].mean() + 0.01


def test_a_region_heaped_as_a_whole_accuses_nobody():
    regions = [simulate_region(41 + i, RegionOptions(schools=200, heaping=0.3)) for i in range(3)]

    p = np.concatenate(
        [
            result.p_value[result.assessed]
            for region in regions
            for table in build_tables(region.works, region.papers)
            for result in [landing_profile(table, None, PARAMS)]
        ]
    )

    assert (p < 0.01).mean() < 0.017


def test_what_is_missing_is_named(honest_regions):
    region = honest_regions[0]
    bare = build_tables(region.works, region.papers, with_items=False)[0]
    uncut = [PaperSpec(p.year, p.subject, p.grade, p.item_max, None) for p in region.papers]

    with pytest.raises(InsufficientData, match="баллов за отдельные задания"):
        landing_profile(bare, None, PARAMS)
    with pytest.raises(InsufficientData, match="границ"):
        landing_profile(build_tables(region.works, uncut)[0], None, PARAMS)
