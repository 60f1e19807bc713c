from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from app.detectors import PaperSpec, load_params
from app.detectors.contamination import contaminate
from app.detectors.item_profile import (
    PARTS,
    alternatives,
    covariance_by_score,
    given_total,
    item_profile,
)
from app.detectors.simulate import RegionOptions, simulate_region
from app.detectors.tables import build_tables
from app.errors import InsufficientData
from tests.detectors.plain_forms import points_by_score
from tests.detectors.test_boundary_push import rate

PARAMS = load_params().item_profile


def works_of(rows):
    """Works of one school from rows of points."""
    frame = pd.DataFrame(rows, columns=[f"item_{k + 1}" for k in range(len(rows[0]))])
    return frame.assign(year=2026, subject="ma", grade=4, school="1", score=frame.sum(axis=1))


def found(kind, strength=0.6, n=50, seed=21):
    options = RegionOptions(
        schools=120, size=(n, n), papers=(("ma", 4), ("ru", 4)), share=0.15, manipulations=(kind,), strength=strength
    )
    region = simulate_region(seed, options)
    guilty = set(region.truth["school"])
    results = [(t, item_profile(t, None, PARAMS)) for t in build_tables(region.works, region.papers)]
    p = np.concatenate([r.p_value[np.isin(t.schools, list(guilty))] for t, r in results])
    part = np.concatenate([r.part[np.isin(t.schools, list(guilty))] for t, r in results])
    return p, part


@pytest.mark.parametrize(("low", "high"), [(10, 19), (20, 49), (50, 99), (100, 9999)])
def test_one_honest_school_in_a_hundred_is_under_one_percent(honest_screenings, low, high):
    share, error = rate(honest_screenings, "item_profile", low, high)

    assert abs(share - 0.01) < 0.003 + 2 * error


def test_points_are_counted_by_school_and_score_by_hand():
    spec = PaperSpec(2026, "ma", 4, (1, 1, 2), None)
    (table,) = build_tables(works_of([[1, 0, 1], [0, 1, 1], [0, 0, 2], [1, 1, 2]]), [spec])

    points = points_by_score(table.answers, 1, 4)

    assert points[0, 2].tolist() == [1, 1, 4]
    assert points[0, 4].tolist() == [1, 1, 2]
    assert points.sum() == 10


def test_the_covariance_given_the_score_is_that_of_its_works():
    region = simulate_region(3, RegionOptions(schools=150, papers=(("ma", 4),)))
    (table,) = build_tables(region.works, region.papers)
    own = region.works.loc[region.works["score"] == 10, [f"item_{k + 1}" for k in range(15)]].to_numpy(dtype=float)

    covariance = covariance_by_score(table.answers, 20)

    assert covariance[10] == pytest.approx(np.cov(own.T), abs=0.03)
    assert np.abs(covariance.sum(axis=2)).max() < 1e-9


def test_expected_points_sum_to_the_score():
    rng = np.random.default_rng(1)
    works = np.array([2.0, 30, 0, 50, 8, 40, 3])
    sums = rng.dirichlet(np.ones(4), 7) * (works * np.arange(7))[:, None]

    mean = given_total(sums, works)

    assert mean.sum(axis=1) == pytest.approx(np.arange(7), abs=1e-6)


def test_a_shift_of_items_leaves_the_score_where_it_is():
    mean = np.outer(np.arange(9), [0.4, 0.3, 0.2, 0.1]) * np.array([1, 1, 1, 1])

    shifts = alternatives(mean, np.ones(9), np.array([3.2, 2.4, 1.6, 0.8]))

    assert shifts.sum(axis=1) == pytest.approx(0, abs=1e-9)


def test_residuals_of_a_school_are_those_of_plain_loops(honest_regions):
    region = honest_regions[0]
    table = build_tables(region.works, region.papers)[0]
    control = table
    result = item_profile(table, control, PARAMS)
    works = region.works[(region.works["subject"] == table.spec.subject) & (region.works["grade"] == table.spec.grade)]
    items = [f"item_{k + 1}" for k in range(len(table.spec.item_max))]
    usual = works.groupby("score")[items].mean()
    i = int(np.argmax(table.n))
    own = works[works["school"] == table.schools[i]]

    expected = np.mean([usual.loc[score].to_numpy() for score in own["score"]], axis=0) / table.spec.item_max

    assert result.reference == "control"
    assert result.expected[i] == pytest.approx(expected, abs=0.02)
    assert result.completion[i] == pytest.approx(own[items].mean().to_numpy() / table.spec.item_max)


def test_dictated_hard_items_are_found_even_in_small_schools():
    p, part = found("leak_items", n=25)

    assert (p < 0.01).mean() > 0.9
    assert (part[p < 0.01] == "hard").mean() > 0.8


def test_lenient_marking_of_open_items_is_found_and_named():
    p, part = found("lenient_open", strength=0.85, n=100)

    assert (p < 0.01).mean() > 0.7
    assert (part[p < 0.01] == "open").mean() > 0.5


def test_a_single_item_that_leaked_is_named():
    region = simulate_region(31, RegionOptions(schools=80, size=(40, 40), papers=(("ma", 4),)))
    works = region.works.copy()
    told = (works["school"] == "990005").to_numpy()
    works.loc[told, "score"] += 1 - works.loc[told, "item_8"]
    works.loc[told, "item_8"] = 1
    (table,) = build_tables(works, region.papers)

    result = item_profile(table, None, PARAMS)

    i = int(np.flatnonzero(table.schools == "990005")[0])
    assert result.p_value[i] < 0.01
    assert np.flatnonzero(result.shown[i]).tolist() == [7] or result.part[i] == "hard"
    assert result.effect_low[i] > 0


def test_schools_that_differ_honestly_in_the_topics_taught_keep_their_size():
    region = simulate_region(32, RegionOptions(schools=250, size=(40, 60), papers=(("ma", 4), ("ru", 4))))
    rng = np.random.default_rng(5)
    works = region.works.copy()
    school = pd.factorize(works["school"])[0]
    # Every school has taught each topic better or worse than others: points appear and vanish by school and item.
    for k in range(20):
        name = f"item_{k + 1}"
        known = works[name].notna()
        top = works.loc[known].groupby("subject")[name].transform("max").to_numpy()
        lean = rng.normal(0, 0.08, school.max() + 1)[school[known]]
        points = works.loc[known, name].to_numpy()
        draw = rng.uniform(size=len(points))
        points = np.where((lean > 0) & (draw < lean), top, np.where((lean < 0) & (draw < -lean), 0, points))
        works.loc[known, name] = points
    works["score"] = works[[f"item_{k + 1}" for k in range(20)]].sum(axis=1).astype(int)

    p = [item_profile(table, None, PARAMS).p_value for table in build_tables(works, region.papers)]

    assert (np.concatenate(p) < 0.01).mean() < 0.025


def test_without_items_there_is_no_assessment(honest_regions):
    table = build_tables(honest_regions[0].works, honest_regions[0].papers, with_items=False)[0]

    with pytest.raises(InsufficientData, match="задания"):
        item_profile(table, None, PARAMS)


def test_a_paper_of_few_items_or_schools_is_not_assessed(honest_regions):
    table = build_tables(honest_regions[0].works, honest_regions[0].papers)[0]

    for stricter in (replace(PARAMS, smallest_items=99), replace(PARAMS, smallest_pool=9999)):
        with pytest.raises(InsufficientData):
            item_profile(table, None, stricter)


def test_a_manipulation_of_items_needs_no_cuts():
    region = simulate_region(9, RegionOptions(schools=20, papers=(("ma", 4),)))
    spec = replace(region.papers[0], mark_from=None)

    changed = contaminate(
        np.random.default_rng(1), region.works, spec, "leak_items", 1.0, np.ones(len(region.works), bool)
    )

    assert changed["score"].min() >= 3
    assert len(PARTS) == 4
