import numpy as np
import pandas as pd
import pytest

from app.bench.accuracy_measures import auc
from app.bench.peer_density import is_installed, largest_jump
from app.bench.peer_fuzzy import class_figures, fuzzy_c_means, outlier_membership
from app.bench.peer_rules import interval_margin, peak_ratio
from app.bench.peer_zsum import statistics, z_sum
from app.bench.peers import BY_NAME, PEERS, peer_scores
from app.detectors import PaperSpec
from app.detectors.contamination import contaminate
from app.detectors.federal import overstated_mean
from app.detectors.params import load_params
from app.detectors.simulate import RegionOptions, simulate_region
from app.detectors.tables import build_tables

SPEC = PaperSpec(2026, "ma", 4, (1, 1, 2), (1, 2, 4))


@pytest.fixture(scope="module")
def region():
    return simulate_region(31, RegionOptions(schools=90, papers=(("ma", 4),), size=(30, 60)))


@pytest.fixture(scope="module")
def table(region):
    return build_tables(region.works, region.papers)[0]


def works_of(scores: dict[str, list[tuple[int, ...]]], journal: int = 3) -> pd.DataFrame:
    rows = [
        {"year": 2026, "subject": "ma", "grade": 4, "school": school, "class": "4А", "participant": str(i)}
        | {"variant": "1", "journal_mark": journal, "score": int(np.nansum(items))}
        | {f"item_{k + 1}": points for k, points in enumerate(items)}
        for school, works in scores.items()
        for i, items in enumerate(works)
    ]
    return pd.DataFrame(rows)


def test_fuzzy_c_means_agrees_with_scikit_fuzzy_from_the_same_start():
    skfuzzy = pytest.importorskip("skfuzzy.cluster")
    rng = np.random.default_rng(3)
    data = np.concatenate([rng.normal(centre, 0.6, (40, 2)) for centre in ((0, 0), (3, 1), (-1, 4))])
    start = rng.dirichlet(np.ones(3), len(data))

    ours = fuzzy_c_means(data, start, tolerance=1e-10, most=2000)
    centres, membership, *_ = skfuzzy.cmeans(data.T, 3, 2.0, error=1e-10, maxiter=2000, init=start.T)

    np.testing.assert_allclose(ours.centres, centres, atol=1e-6)
    np.testing.assert_allclose(ours.membership, membership.T, atol=1e-6)


def test_fuzzy_c_means_of_two_points_and_two_centres_is_known():
    found = fuzzy_c_means(np.array([[0.0], [1.0]]), np.array([[0.9, 0.1], [0.2, 0.8]]))

    np.testing.assert_allclose(np.sort(found.centres[:, 0]), [0, 1], atol=1e-6)
    np.testing.assert_allclose(found.membership.sum(axis=1), 1)


def test_figures_of_a_class_are_those_counted_by_hand():
    works = works_of({"1": [(1, 0, 2)] * 4 + [(1, np.nan, 0)] * 4})

    figures = class_figures(works, SPEC).iloc[0]

    assert figures["n"] == 8
    assert figures["mean"] == pytest.approx((4 * 3 + 4 * 1) / 8 / 4)
    assert figures["spread"] == pytest.approx(1 / 4)
    assert figures["heterogeneity"] == pytest.approx((0 + 0.5 + 0.5) / 3)
    assert figures["omitted"] == pytest.approx(0.5 / 3)


def test_the_fuzzy_peer_suspects_schools_of_even_and_excellent_works(region):
    rng = np.random.default_rng(5)
    works = region.works.copy()
    guilty = works["school"].unique()[::9]
    mine = works["school"].isin(guilty).to_numpy()
    limit = np.array(region.papers[0].item_max)
    items = [f"item_{k + 1}" for k in range(len(limit))]
    works.loc[mine, items] = np.where(rng.uniform(size=(mine.sum(), len(limit))) < 0.93, limit, 0).astype(np.int8)
    works["score"] = works[items].sum(axis=1)
    table = build_tables(works, region.papers)[0]

    membership = outlier_membership(table, works)

    among = table.rows_of(guilty)
    assert membership[among].min() > 0.5 > membership[~among].max()


def test_the_fuzzy_peer_says_nothing_without_items(region, table):
    assert np.isnan(outlier_membership(table, region.works.drop(columns="item_1"))).all()


def test_the_interval_peer_fires_where_the_federal_marker_does(region, table):
    margin = interval_margin(table, region.works)

    marker = overstated_mean(table, load_params().federal)
    np.testing.assert_array_equal(margin > 0, marker.present)
    assert 0.03 < marker.present.mean() < 0.6


def test_the_peak_is_the_highest_column_at_a_cut_over_the_mean_column():
    works = works_of({"1": [(0, 0, 0)] * 4 + [(1, 1, 0)] * 8 + [(1, 1, 1)] * 3, "2": [(0, 0, 0)] * 9})

    ratio = peak_ratio(build_tables(works, [SPEC])[0], works)

    assert ratio[0] == pytest.approx(8 / (15 / 5))
    assert np.isnan(ratio[1])


def test_the_seven_statistics_are_those_counted_by_hand():
    works = works_of({"1": [(0, 0, 0)] * 2 + [(1, 1, 0)] * 5 + [(1, 1, 2)] * 3, "2": [(1, 0, 0)] * 10})

    found = statistics(build_tables(works, [SPEC])[0], works).loc["1"]

    assert found["mean"] == pytest.approx(2.2)
    assert found["spread"] == pytest.approx(np.std([0] * 2 + [2] * 5 + [4] * 3, ddof=1))
    # At 1 and 2 there are 5 works, below 1 there are 2; at 2 and 3 five against two; at 4 three against five.
    assert found["jump"] == pytest.approx(((5 - 2) + (5 - 2) + (3 - 5)) / 10)
    assert found["twos"] == pytest.approx(0.2)
    assert found["fives"] == pytest.approx(0.3)
    assert found["raised"] == pytest.approx(0.8)  # a "4" or a "5" against a "3" in the journal


def test_the_slope_is_positive_where_hard_items_are_done_too_well(region, table):
    rows = (region.works["school"] == table.schools[0]).to_numpy()
    leaked = contaminate(np.random.default_rng(1), region.works, region.papers[0], "leak_items", 1.0, rows)

    before = statistics(table, region.works)["slope"]
    after = statistics(build_tables(leaked, region.papers)[0], leaked)["slope"]

    assert after.iloc[0] > before.iloc[0] + 0.3
    assert after.idxmax() == table.schools[0]


def test_the_sum_of_z_has_mean_zero_over_large_schools(region, table):
    assert np.nanmean(z_sum(table, region.works)) == pytest.approx(0, abs=1e-9)


def test_rddensity_ranks_schools_that_bump_above_the_others():
    if not is_installed():
        pytest.skip("пакет rddensity не установлен")
    options = RegionOptions(schools=40, papers=(("ma", 4),), size=(90, 90), share=0.25, manipulations=("bump",))
    region = simulate_region(31, options)
    table = build_tables(region.works, region.papers)[0]

    jump = largest_jump(table, region.works)

    bumped = table.rows_of(region.truth["school"].to_numpy())
    assert np.isfinite(jump).all()
    assert auc(jump[bumped], jump[~bumped]) > 0.8


def test_scores_of_all_peers_stand_side_by_side(region):
    names = [peer.name for peer in PEERS if peer.name != "rddensity"]

    scores = peer_scores(region.works, region.papers, names)

    assert list(scores.columns) == names
    assert list(scores.index) == sorted(region.works["school"].unique())
    assert scores.notna().mean().min() > 0.9


def test_a_rule_on_several_papers_takes_the_largest_and_a_ranking_the_mean():
    region = simulate_region(31, RegionOptions(schools=60, papers=(("ma", 4), ("ma", 5)), size=(30, 40)))

    both = peer_scores(region.works, region.papers, ["interval", "zsum"])
    each = [
        peer_scores(region.works[region.works["grade"] == grade], region.papers, ["interval", "zsum"])
        for grade in (4, 5)
    ]

    assert BY_NAME["interval"].pooled == "largest"
    np.testing.assert_allclose(both["interval"], np.fmax(each[0]["interval"], each[1]["interval"]))
    np.testing.assert_allclose(both["zsum"], (each[0]["zsum"] + each[1]["zsum"]) / 2)
