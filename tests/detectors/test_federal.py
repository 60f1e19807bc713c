import numpy as np
import pandas as pd
import pytest
from scipy import stats

from app.detectors import PaperSpec, load_params
from app.detectors.federal import (
    federal_markers,
    oge_mean,
    overstated_mean,
    region_index,
    school_interval,
    sharp_change,
    spearman,
)
from app.detectors.simulate import RegionOptions, previous_year, simulate_region
from app.detectors.tables import build_tables

PARAMS = load_params().federal


@pytest.fixture(scope="module")
def region():
    return simulate_region(21, RegionOptions(schools=120))


@pytest.fixture(scope="module")
def tables(region):
    return build_tables(region.works, region.papers, with_items=False)


def test_the_interval_of_a_school_is_that_of_scipy():
    scores = np.array([3, 7, 8, 11, 15, 4])

    interval = school_interval(np.array([6.0]), np.array([scores.mean()]), np.array([scores.var(ddof=1)]))

    low, high = stats.t.interval(0.95, 5, scores.mean(), stats.sem(scores))
    assert (interval.low[0], interval.high[0]) == pytest.approx((low, high))


def test_rank_correlation_is_that_of_scipy(region, tables):
    table = tables[0]
    rho = spearman(table.journal)

    for i in np.flatnonzero(table.n > 12)[:8]:
        own = region.works["school"] == table.schools[i]
        own &= (region.works["subject"] == table.spec.subject) & (region.works["grade"] == table.spec.grade)
        expected = stats.spearmanr(region.works.loc[own, "score"], region.works.loc[own, "journal_mark"]).statistic
        assert rho[i] == pytest.approx(expected)


def test_overstated_mean_compares_the_two_bounds(tables):
    table = tables[0]

    marker = overstated_mean(table, PARAMS)

    scores = np.repeat(np.arange(table.counts.shape[1]), table.counts.sum(axis=0).astype(int))
    upper = scores.mean() + 1.96 * scores.std(ddof=1) / np.sqrt(len(scores))
    assert marker.figures["region_high"] == pytest.approx(upper)
    assert np.array_equal(marker.present, marker.assessed & (marker.figures["low"] > upper))
    assert 0.05 < marker.present.mean() < 0.35


def test_sharp_change_uses_quartiles_and_three_ranges():
    spec4, spec5 = PaperSpec(2025, "ma", 4, (10,), None), PaperSpec(2026, "ma", 5, (20,), None)
    rows4, rows5 = [], []
    for school in range(20):
        rows4 += [(2025, "ma", 4, f"{school:02d}", 6)] * 5
        rows5 += [(2026, "ma", 5, f"{school:02d}", (12 + school % 3) if school else 3)] * 5
    columns = ["year", "subject", "grade", "school", "score"]
    before = build_tables(pd.DataFrame(rows4, columns=columns), [spec4])[0]
    after = build_tables(pd.DataFrame(rows5, columns=columns), [spec5])[0]

    rise, fall = sharp_change(after, before, PARAMS)

    assert fall.figures["k"][0] == pytest.approx(0.6 / 0.15)
    assert fall.present.tolist() == [True] + [False] * 19
    assert not rise.present.any()


def test_without_the_year_before_rise_and_fall_say_why_not(tables):
    table = next(t for t in tables if t.spec.grade == 5)

    rise, fall = sharp_change(table, None, PARAMS)

    assert not rise.assessed.any()
    assert not fall.assessed.any()
    assert "прошлый год" in rise.reason


def test_there_are_fourteen_markers(region, tables):
    before = previous_year(21, RegionOptions(schools=120))
    earlier = build_tables(before.works, before.papers, with_items=False)

    markers = federal_markers(tables, earlier, region.exams.assign(sd_mark=0.8), PARAMS)

    assert len(markers) == 14
    names = pd.Series([marker.name for marker in markers]).value_counts().to_dict()
    assert names == {"mean": 4, "journal": 4, "rise": 2, "fall": 2, "oge": 2}
    assert all(marker.assessed.any() for marker in markers)


def test_the_index_is_the_share_of_schools_without_a_marker(tables):
    markers = federal_markers(tables, [], None, PARAMS)

    index = region_index(markers)

    marked = set().union(*(set(m.schools[m.present]) for m in markers))
    everyone = set().union(*(set(m.schools[m.assessed]) for m in markers))
    assert index["index"] == pytest.approx(100 - 100 * len(marked) / len(everyone), abs=0.05)
    assert index["by_marker"]["oge_ru9"] is None
    assert index["caveat"]


def test_exam_means_without_their_spread_are_not_assessed(region):
    marker = oge_mean(region.exams, "ru", PARAMS)

    assert not marker.assessed.any()
    assert "sd_mark" in marker.reason


def test_oge_of_another_year_is_not_this_year_s_marker(region):
    now = region.exams.assign(sd_mark=0.7, year=2026)
    before = now.assign(year=2025, mean_mark=5.0)
    exams = pd.concat([before, now])

    marker = oge_mean(exams, "ru", PARAMS, 2026)

    own = now[now["subject"] == "ru"]
    assert marker.figures["mean"].tolist() == own["mean_mark"].tolist()
    assert oge_mean(before, "ru", PARAMS, 2026).reason == "нет результатов ОГЭ по предмету"


def test_the_rule_of_the_mean_is_that_of_two_intervals_computed_by_scipy(tables):
    from scipy import stats

    table = tables[0]

    marker = overstated_mean(table, PARAMS)

    works = np.repeat(np.arange(table.counts.shape[1]), table.counts.sum(axis=0).astype(int))
    upper = works.mean() + 1.96 * works.std(ddof=1) / np.sqrt(len(works))
    for i in range(0, len(table.schools), 7):
        own = np.repeat(np.arange(table.counts.shape[1]), table.counts[i].astype(int))
        if len(own) >= 2:
            low = stats.t.interval(0.95, len(own) - 1, own.mean(), stats.sem(own))[0]
            assert marker.figures["low"][i] == pytest.approx(low)
            assert marker.present[i] == (low > upper)


def test_a_cohort_is_never_compared_with_the_year_before_the_last():
    region = simulate_region(22, RegionOptions(schools=40, papers=(("ma", 5),)))
    before = simulate_region(22, RegionOptions(schools=40, papers=(("ma", 4),), year=2024))
    tables = build_tables(region.works, region.papers, with_items=False)
    earlier = build_tables(before.works, before.papers, with_items=False)

    rise = next(marker for marker in federal_markers(tables, earlier, None, PARAMS) if marker.name == "rise")

    assert not rise.assessed.any()
