import numpy as np
import pytest
from scipy import stats

from app.detectors import load_params
from app.detectors.homogeneity import homogeneity, normalised_variance
from app.detectors.simulate import RegionOptions, simulate_region
from app.detectors.tables import build_tables
from app.errors import InsufficientData
from tests.detectors.test_boundary_push import rate

PARAMS = load_params().homogeneity


@pytest.mark.parametrize(("low", "high"), [(10, 19), (20, 49), (50, 99), (100, 9999)])
def test_one_honest_school_in_a_hundred_is_under_one_percent(honest_screenings, low, high):
    share, error = rate(honest_screenings, "homogeneity", low, high)

    assert abs(share - 0.01) < 0.003 + 2 * error


@pytest.mark.parametrize("n", [12.0, 40.0])
def test_tails_for_normal_scores_are_those_of_chi_square(n):
    ratio = stats.chi2.ppf([0.01, 0.05, 0.5], n - 1) / (n - 1)

    value, variance = normalised_variance(ratio, np.full(3, 3.0), np.full(3, n))

    assert stats.norm.cdf(value / np.sqrt(variance)) == pytest.approx([0.01, 0.05, 0.5], rel=0.12)


def test_the_spread_shown_is_that_of_the_works(honest_regions):
    table = build_tables(honest_regions[0].works, honest_regions[0].papers, with_items=False)[1]

    result = homogeneity(table, None, PARAMS)

    works = honest_regions[0].works
    own = works[
        (works["school"] == table.schools[3])
        & (works["subject"] == table.spec.subject)
        & (works["grade"] == table.spec.grade)
    ]
    assert result.observed[3] == pytest.approx(own["score"].std())
    big = result.assessed
    inside = (result.observed >= result.low) & (result.observed <= result.high)
    assert inside[big].mean() == pytest.approx(0.95, abs=0.025)
    assert np.median(result.expected[big]) == pytest.approx(np.median(result.observed[big]), rel=0.04)


def test_schools_without_weak_and_strong_works_are_found():
    region = simulate_region(61, RegionOptions(schools=150, size=(50, 60), papers=(("ma", 4), ("ru", 4))))
    works = region.works.copy()
    guilty = works["school"].isin(sorted(set(works["school"]))[:12])
    centre = works.groupby(["school", "subject"])["score"].transform("mean")
    works.loc[guilty, "score"] = (centre + 0.6 * (works["score"] - centre)).round().astype(int)[guilty]

    found, honest = [], []
    for table in build_tables(works, region.papers, with_items=False):
        result = homogeneity(table, None, PARAMS)
        own = np.isin(table.schools, works.loc[guilty, "school"].unique())
        found.append(result.p_value[own] < 0.01)
        honest.append(result.p_value[~own] < 0.01)

    assert np.mean(found) > 0.8
    assert np.mean(honest) < 0.03


def test_wide_spread_is_no_sign(honest_regions):
    table = build_tables(honest_regions[0].works, honest_regions[0].papers, with_items=False)[0]

    result = homogeneity(table, None, PARAMS)

    assert (result.p_value[result.observed > result.high] > 0.9).all()


def test_a_few_schools_are_not_compared():
    region = simulate_region(62, RegionOptions(schools=10, papers=(("ma", 4),)))
    (table,) = build_tables(region.works, region.papers, with_items=False)

    with pytest.raises(InsufficientData, match="разброс"):
        homogeneity(table, None, PARAMS)


def test_a_kind_of_school_that_selects_its_pupils_is_compared_with_its_own_kind():
    region = simulate_region(62, RegionOptions(schools=200, size=(50, 60), papers=(("ma", 4), ("ru", 4))))
    works = region.works.copy()
    selecting = works["school"].isin(sorted(set(works["school"]))[::8])
    centre = works.groupby(["school", "subject"])["score"].transform("mean")
    works.loc[selecting, "score"] = (centre + 0.8 * (works["score"] - centre)).round().astype(int)[selecting]

    alone, among = [], []
    for table in build_tables(works, region.papers, with_items=False):
        own = table.rows_of(works.loc[selecting, "school"].unique())
        alone.append((homogeneity(table, None, PARAMS).p_value[own] < 0.05).mean())
        among.append((homogeneity(table, None, PARAMS, own[:, None].astype(float)).p_value[own] < 0.05).mean())

    assert np.mean(alone) > 0.2
    assert np.mean(among) < 0.08
