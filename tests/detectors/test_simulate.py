import numpy as np
import pandas as pd
import pytest

from app import frames
from app.detectors.contamination import BY_SCORE, MANIPULATIONS, contaminate
from app.detectors.simulate import RegionOptions, previous_year, simulate_region


def test_the_same_seed_gives_the_same_region_to_the_last_work():
    first, second = (simulate_region(5, RegionOptions(schools=40, share=0.2)) for _ in range(2))

    pd.testing.assert_frame_equal(first.works, second.works)
    pd.testing.assert_frame_equal(first.schools, second.schools)
    pd.testing.assert_frame_equal(first.truth, second.truth)


def test_another_seed_gives_another_region():
    assert not simulate_region(5).works["score"].equals(simulate_region(6).works["score"])


def test_works_have_the_columns_of_the_contract_and_scores_are_sums_of_items():
    region = simulate_region(5, RegionOptions(schools=30, share=0.5, strength=0.9, heaping=0.3))

    assert set(frames.names(frames.WORKS, required_only=True)) <= set(region.works.columns)
    items = region.works[frames.item_columns(region.works.columns)]
    assert (items.fillna(0).sum(axis=1) == region.works["score"]).all()
    for spec in region.papers:
        own = region.works[(region.works["subject"] == spec.subject) & (region.works["grade"] == spec.grade)]
        tops = own[[f"item_{k + 1}" for k in range(len(spec.item_max))]].max()
        assert (tops.to_numpy() <= spec.item_max).all()


def test_papers_are_as_hard_and_schools_as_different_as_the_real_ones():
    region = simulate_region(5, RegionOptions(schools=400, papers=(("ma", 4), ("ma", 5))))

    for _, own in region.works.groupby("grade"):
        large = own.groupby("school")["score"].agg(["mean", "size"]).query("size >= 20")["mean"]
        assert 9 < own["score"].mean() < 13
        assert 3.3 < own["score"].std() < 4.7
        assert 0.9 < large.std() < 1.8
        assert 0.6 < np.corrcoef(own["score"], own["journal_mark"])[0, 1] < 0.75


def test_two_years_share_their_schools():
    options = RegionOptions(schools=200)
    now, before = simulate_region(8, options), previous_year(8, options)

    means = [r.works[r.works["grade"] == 4].groupby("school")["score"].agg(["mean", "size"]) for r in (now, before)]
    both = means[0].join(means[1].add_suffix("_before"), how="inner").query("size >= 40 and size_before >= 40")
    assert before.works["year"].unique().tolist() == [2025]
    assert both["mean"].corr(both["mean_before"]) > 0.2


@pytest.mark.parametrize("kind", [kind for kind in MANIPULATIONS if kind != "absent_weak"])
def test_each_manipulation_changes_the_chosen_rows_only(kind):
    region = simulate_region(9, RegionOptions(schools=30, papers=(("ma", 4),)))
    rows = (region.works["school"] == region.works["school"].value_counts().index[0]).to_numpy()

    changed = contaminate(np.random.default_rng(1), region.works, region.papers[0], kind, 0.8, rows)

    difference = changed["score"] - region.works["score"]
    assert (difference[~rows] == 0).all()
    assert (difference[rows] != 0).any()
    if kind not in ("copy_journal", "copy_class"):
        assert (difference >= 0).all()


def test_weak_pupils_kept_absent_leave_no_works_and_the_others_unchanged():
    region = simulate_region(9, RegionOptions(schools=30, papers=(("ma", 4),)))
    rows = (region.works["school"] == region.works["school"].value_counts().index[0]).to_numpy()

    left = contaminate(np.random.default_rng(1), region.works, region.papers[0], "absent_weak", 1.0, rows)

    own = left["school"] == region.works["school"][rows].iloc[0]
    assert left.loc[own, "score"].min() >= region.papers[0].mark_from[0]
    assert (~own).sum() == (~rows).sum()
    assert own.sum() < rows.sum()


def test_lifted_works_stand_on_the_cut():
    region = simulate_region(10, RegionOptions(schools=60, papers=(("ma", 4),)))
    everyone = np.ones(len(region.works), dtype=bool)

    changed = contaminate(np.random.default_rng(1), region.works, region.papers[0], "bump", 1.0, everyone)

    counts = np.bincount(changed["score"], minlength=21)
    assert counts[[3, 4, 5, 12, 13, 14]].sum() == 0


def test_truth_names_who_did_what():
    region = simulate_region(11, RegionOptions(schools=60, share=0.2))

    assert region.truth["school"].nunique() == 12
    assert set(region.truth["manipulation"]) == set(BY_SCORE)
