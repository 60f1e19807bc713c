import numpy as np
import pytest
from scipy import stats

from app.detectors import screen
from app.detectors.combination import benjamini_hochberg
from app.detectors.item_intervals import _by_rows, item_intervals
from app.detectors.simulate import RegionOptions, simulate_region
from app.detectors.tables import build_tables
from app.errors import InsufficientData


@pytest.fixture(scope="module")
def region():
    return simulate_region(41, RegionOptions(schools=80, size=(30, 50), papers=(("ma", 4),)))


@pytest.fixture(scope="module")
def table(region):
    return build_tables(region.works, region.papers)[0]


def test_the_interval_of_an_item_of_one_point_is_wilsons(region, table):
    view = item_intervals(table, None)

    own = region.works[region.works["school"] == table.schools[5]]["item_1"]
    expected = stats.binomtest(int(own.sum()), len(own)).proportion_ci(0.95, method="wilson")
    assert region.papers[0].item_max[0] == 1
    assert view.completion[5, 0] == pytest.approx(own.mean())
    assert (view.low[5, 0], view.high[5, 0]) == pytest.approx((expected.low, expected.high), abs=0.002)


def test_the_usual_completion_is_that_of_the_other_schools(region, table):
    view = item_intervals(table, None)

    others = region.works[region.works["school"] != table.schools[5]]
    for k, top in enumerate(region.papers[0].item_max):
        assert view.usual[5, k] == pytest.approx(others[f"item_{k + 1}"].mean() / top, abs=1e-3)


def test_q_over_the_items_is_that_of_scipy(table):
    view = item_intervals(table, None)

    # q is a monotone function of p: the p that it came from gives it back.
    i = int(np.argmin(view.q.min(axis=1)))
    pool = table.answers.points.astype(float)
    limit = np.array(table.spec.item_max)
    p0 = view.usual[i]
    variance = pool.var(axis=0) / (limit**2 * (pool.mean(axis=0) / limit) * (1 - pool.mean(axis=0) / limit))
    n, N = table.n[i], table.n.sum() - table.n[i]
    z = (view.completion[i] - p0) / np.sqrt(np.clip(variance, 0.02, 1) * p0 * (1 - p0) * (1 / n + 1 / N))
    assert view.q[i] == pytest.approx(stats.false_discovery_control(2 * stats.norm.sf(np.abs(z))), rel=1e-3)


def test_leaked_items_stand_above_the_pool_and_the_degree_counts_them(region):
    works = region.works.copy()
    told = (works["school"] == works["school"].iloc[0]).to_numpy()
    for k in (4, 5, 6, 7, 8, 9, 10):
        works.loc[told, f"item_{k}"] = region.papers[0].item_max[k - 1]
    works["score"] = works[[f"item_{k + 1}" for k in range(15)]].sum(axis=1).astype(int)
    (table,) = build_tables(works, region.papers)

    view = item_intervals(table, None)

    i = int(np.flatnonzero(table.schools == works["school"].iloc[0])[0])
    assert view.above[i, 3:10].sum() >= 6
    assert view.degree[i] == "strong"


def test_a_control_sample_is_what_items_are_compared_with(table, honest_regions):
    control = build_tables(honest_regions[0].works, honest_regions[0].papers)[0]
    assert control.key[1:] == table.key[1:]

    view = item_intervals(table, control)

    limit = np.array(table.spec.item_max)
    assert view.usual[0] == pytest.approx(control.answers.points.mean(axis=0) / limit, abs=1e-3)
    assert (view.usual == view.usual[0]).all()


def test_the_view_stands_in_the_chart_of_the_profile(region):
    screening = screen(region.works, region.papers)

    charts = [value for key, value in screening.evidence.items() if key[4] == "item_profile"]
    assert charts
    for chart in charts:
        assert chart["degree"] in ("none", "weak", "strong")
        assert all(item["view"]["low"] <= item["own"] <= item["view"]["high"] for item in chart["items"])


def test_without_items_there_is_no_view(region):
    (table,) = build_tables(region.works, region.papers, with_items=False)

    with pytest.raises(InsufficientData):
        item_intervals(table, None)


def test_q_values_of_all_schools_at_once_are_those_of_each():
    p = np.random.default_rng(4).uniform(size=(50, 12)).round(1)
    missing = p.copy()
    missing[3, 2] = np.nan

    for given in (p, missing, p[:1], p[:, :1]):
        assert np.array_equal(_by_rows(given), np.vstack(list(map(benjamini_hochberg, given))), equal_nan=True)
