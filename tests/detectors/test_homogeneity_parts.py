import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from app.detectors import load_params, screen
from app.detectors.homogeneity import homogeneity
from app.detectors.homogeneity_parts import PARTS, HomogeneityParts, heterogeneity, homogeneity_parts, with_parts
from app.detectors.simulate import RegionOptions, simulate_region
from app.detectors.tables import build_tables

PARAMS = load_params().homogeneity


@pytest.fixture(scope="module")
def honest_parts(honest_regions):
    rows = []
    for region in honest_regions:
        for table in build_tables(region.works, region.papers):
            plain = homogeneity(table, None, PARAMS)
            parts = homogeneity_parts(table, plain, None, PARAMS)
            joint = with_parts(plain, parts, PARAMS)
            rows.append(np.column_stack((parts.z[:, 1:3], joint.z, table.n))[plain.assessed])
    return np.concatenate(rows)


@pytest.mark.parametrize(("column", "name"), [(0, "marks"), (1, "items"), (2, "joint")])
@pytest.mark.parametrize(("low", "high"), [(10, 19), (20, 49), (50, 9999)])
def test_one_honest_school_in_a_hundred_is_under_one_percent(honest_parts, column, name, low, high):
    n = honest_parts[:, 3]
    z = honest_parts[(n >= low) & (n <= high), column]

    share = (z > stats.norm.isf(0.01)).mean()
    assert abs(share - 0.01) < 0.005 + 2 * np.sqrt(0.01 * 0.99 / len(z)), name


def test_heterogeneity_is_the_chance_that_two_works_differ():
    marks = np.array([3, 3, 4, 4, 4, 5, 2, 3])
    shares = np.bincount(marks - 2, minlength=4) / len(marks)

    pairs = list(itertools.combinations(marks, 2))
    assert heterogeneity(shares, np.array(8.0)) == pytest.approx(np.mean([a != b for a, b in pairs]))


def test_works_that_answer_alike_are_found_at_an_honest_spread():
    region = simulate_region(63, RegionOptions(schools=120, size=(50, 60), papers=(("ru", 4),)))
    (table,) = build_tables(region.works, region.papers)
    rng = np.random.default_rng(1)
    points = table.answers.points.copy()
    guilty = np.arange(0, 10)
    # Most answers of a school are those of one work in its middle; the scores are left as they were.
    for i in guilty:
        rows = np.flatnonzero(table.answers.school == i)
        middle = rows[np.argsort(table.answers.score[rows], kind="stable")[len(rows) // 2]]
        taken = rng.uniform(size=(len(rows), points.shape[1])) < 0.4
        points[rows] = np.where(taken, points[middle], points[rows])
    answers = replace(table.answers, points=points)

    plain = homogeneity(table, None, PARAMS)
    parts = homogeneity_parts(replace(table, answers=answers), plain, None, PARAMS)

    assert (parts.z[guilty, PARTS.index("items")] > 2.326).mean() >= 0.6
    assert (parts.z[10:, PARTS.index("items")] > 2.326).mean() < 0.04


def test_schools_that_leave_nothing_out_are_found_where_others_do():
    region = simulate_region(64, RegionOptions(schools=120, size=(40, 60), papers=(("ma", 4),)))
    (table,) = build_tables(region.works, region.papers)
    rng = np.random.default_rng(2)
    share = 0.05 * np.exp(0.4 * rng.normal(size=120))
    missing = rng.binomial((table.n * 15).astype(int), share).astype(float)
    missing[:8] = 0.0

    parts = homogeneity_parts(table, homogeneity(table, None, PARAMS), missing, PARAMS)

    own = parts.z[:, PARTS.index("missing")]
    assert np.median(own[:8]) > 2
    assert (own[8:] > 2.326).mean() < 0.03
    assert parts.observed[:8, 3] == pytest.approx(np.zeros(8))


def test_a_part_that_is_not_there_is_left_out(honest_regions):
    table = build_tables(honest_regions[0].works, honest_regions[0].papers, with_items=False)[0]
    bare = replace(table, spec=replace(table.spec, mark_from=None))

    plain = homogeneity(bare, None, PARAMS)
    parts = homogeneity_parts(bare, plain, None, PARAMS)

    assert np.isnan(parts.z[:, 1:]).all()
    assert with_parts(plain, parts, PARAMS).p_value[plain.assessed] == pytest.approx(plain.p_value[plain.assessed])


def test_the_weighted_smallest_p_is_exact_for_independent_parts():
    rng = np.random.default_rng(3)
    z = rng.normal(size=(100_000, 4))
    nothing = np.zeros(len(z))
    plain = homogeneity(build_tables(*_region(), with_items=False)[0], None, PARAMS)
    wide = replace(plain, z=nothing, p_value=nothing + 0.5, assessed=np.ones(len(z), dtype=bool))

    joint = with_parts(wide, HomogeneityParts(z, z, z), PARAMS)

    for level in (0.05, 0.01):
        assert (joint.p_value < level).mean() == pytest.approx(level, rel=0.1)


def _region():
    region = simulate_region(65, RegionOptions(schools=40, papers=(("ma", 4),)))
    return region.works, region.papers


def test_blank_items_of_the_works_reach_the_part_of_gaps():
    region = simulate_region(66, RegionOptions(schools=60, size=(20, 40), papers=(("ma", 4), ("ru", 4))))
    works = region.works.copy()
    rng = np.random.default_rng(4)
    for k in (13, 14, 15):
        name = f"item_{k}"
        zero = (works[name] == 0).to_numpy() & (rng.uniform(size=len(works)) < 0.4)
        works[name] = works[name].astype("Float64").mask(zero)

    screening = screen(works, region.papers)

    charts = [value for key, value in screening.evidence.items() if key[4] == "homogeneity"]
    assert any("missing" in {row["part"] for row in chart["parts"]} for chart in charts)
