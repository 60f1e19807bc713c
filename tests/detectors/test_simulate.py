import numpy as np
import pandas as pd
import pytest

from app import frames
from app.detectors import screen
from app.detectors.contamination import BY_SCORE, MANIPULATIONS, contaminate
from app.detectors.simulate import ORDINARY, Confounders, RegionOptions, previous_year, simulate_region
from app.detectors.simulate_other import PAPERS, simulate_other

GENERATORS = {"own": simulate_region, "other": simulate_other}


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


@pytest.mark.parametrize("generator", GENERATORS)
def test_both_generators_are_repeatable_and_keep_the_contract(generator):
    options = RegionOptions(schools=30, share=0.3, manipulations=MANIPULATIONS, confounders=ORDINARY, heaping=0.2)

    first, second = (GENERATORS[generator](3, options) for _ in range(2))

    pd.testing.assert_frame_equal(first.works, second.works)
    pd.testing.assert_frame_equal(first.truth, second.truth)
    assert set(frames.names(frames.WORKS, required_only=True)) <= set(first.works.columns)
    items = first.works[frames.item_columns(first.works.columns)].astype(float)
    assert (items.fillna(0).sum(axis=1) == first.works["score"]).all()
    for spec in first.papers:
        own = first.works[(first.works["subject"] == spec.subject) & (first.works["grade"] == spec.grade)]
        assert own["score"].max() <= spec.max_score
        assert not own.duplicated(["school", "participant"]).any()
    assert set(screen(first.works, first.papers, schools=first.schools).schools["school"]) <= set(
        first.schools["school"]
    )


def test_the_other_generator_sits_other_papers_as_hard_and_as_reliable_as_real_ones():
    region = simulate_other(4, RegionOptions(schools=400))

    ours = {(subject, grade) for subject, grade, _, _ in PAPERS}
    assert ours.isdisjoint({("ma", 4), ("ru", 4), ("ma", 5), ("ru", 5)})
    for spec in region.papers:
        own = region.works[(region.works["subject"] == spec.subject) & (region.works["grade"] == spec.grade)]
        items = own[[f"item_{k + 1}" for k in range(len(spec.item_max))]].astype(float).fillna(0)
        alpha = len(spec.item_max) / (len(spec.item_max) - 1) * (1 - items.var().sum() / own["score"].var())
        large = own.groupby("school")["score"].agg(["mean", "size"]).query("size >= 20")["mean"]
        assert 0.45 < own["score"].mean() / spec.max_score < 0.7
        assert 0.65 < alpha < 0.92
        assert 0.05 < large.std() / spec.max_score < 0.13
        assert 0.5 < np.corrcoef(own["score"], own["journal_mark"])[0, 1] < 0.75


def test_ordinary_schools_of_the_other_generator_are_skewed_to_the_strong_side():
    def skew(region):
        ordinary = region.works["school"].isin(region.schools.loc[region.schools["type"] == "СОШ", "school"])
        mean = region.works[ordinary].groupby("school")["score"].mean()
        return float(((mean - mean.mean()) ** 3).mean() / mean.std() ** 3)

    options = RegionOptions(schools=1500, size=(40, 40))

    assert abs(skew(simulate_region(4, options))) < 0.12
    assert skew(simulate_other(4, options)) > 0.2


def test_elite_schools_lie_higher():
    plain, elite = (
        simulate_region(5, RegionOptions(schools=300, confounders=Confounders(elite=extra))) for extra in (0.0, 0.4)
    )
    chosen = set(plain.schools.loc[plain.schools["type"].isin(["гимназия", "лицей"]), "school"])

    means = [r.works.loc[r.works["school"].isin(chosen), "score"].mean() for r in (plain, elite)]
    others = [r.works.loc[~r.works["school"].isin(chosen), "score"].mean() for r in (plain, elite)]
    assert means[1] > means[0] + 0.5
    assert others[1] == pytest.approx(others[0])


@pytest.mark.parametrize("generator", GENERATORS)
def test_classes_made_by_attainment_differ_more_than_others(generator):
    region = GENERATORS[generator](6, RegionOptions(schools=60, size=(60, 80), confounders=Confounders(streaming=0.5)))
    streamed = set(region.traits.query("trait == 'streaming'")["school"])

    classes = region.works.groupby(["school", "subject", "grade", "class"])["score"].mean()
    spread = classes.groupby(level=[0, 1, 2]).std().reset_index().groupby("school")["score"].mean()
    assert 15 < len(streamed) < 45
    assert spread[list(streamed)].mean() > 2 * spread.drop(list(streamed)).mean()


@pytest.mark.parametrize("generator", GENERATORS)
def test_odd_journals_are_stricter_or_more_lenient_than_others(generator):
    region = GENERATORS[generator](
        6, RegionOptions(schools=200, size=(40, 50), confounders=Confounders(odd_journals=0.4, journal_shift=1.0))
    )
    odd = region.schools["school"].isin(region.traits.query("trait == 'odd_journals'")["school"]).to_numpy()

    works = region.works
    slope = np.polyfit(works["score"], works["journal_mark"], 1)
    gap = (works["journal_mark"] - np.polyval(slope, works["score"])).groupby(works["school"]).mean().to_numpy()
    assert gap[odd].std() > 1.5 * gap[~odd].std()


def test_odd_teachers_mark_single_classes_strictly_or_leniently():
    def spread(extra: Confounders) -> float:
        works = simulate_region(6, RegionOptions(schools=150, size=(60, 70), confounders=extra)).works
        marks = works.groupby(["school", "subject", "grade", "class"])["journal_mark"].mean()
        return float(marks.groupby(level=[0, 1, 2]).std().mean())

    assert spread(Confounders(odd_teachers=0.5, journal_shift=1.0)) > 1.4 * spread(Confounders())


@pytest.mark.parametrize("generator", GENERATORS)
def test_an_unusual_cohort_lies_off_in_its_grade_alone(generator):
    extra = Confounders(swings=0.3, swing_size=1.0)
    region = GENERATORS[generator](6, RegionOptions(schools=200, size=(40, 50), confounders=extra))
    unusual = set(region.traits.query("trait == 'swings'")["school"])

    share = region.works["score"] / region.works.groupby(["subject", "grade"])["score"].transform("mean")
    means = share.groupby([region.works["school"], region.works["grade"]]).mean().unstack()
    gap = (means.iloc[:, 0] - means.iloc[:, 1]).abs()
    assert gap[list(unusual)].mean() > 1.5 * gap.drop(list(unusual)).mean()


def test_schools_that_skip_topics_leave_the_same_items_empty_in_every_work():
    region = simulate_region(6, RegionOptions(schools=100, confounders=Confounders(skipping=0.3)))
    skips = set(region.traits.query("trait == 'skipping'")["school"])

    works = region.works
    assert 20 < len(skips) < 90
    for spec in region.papers:
        own = works[(works["subject"] == spec.subject) & (works["grade"] == spec.grade)]
        share = own[[f"item_{k + 1}" for k in range(len(spec.item_max))]].isna().groupby(own["school"]).mean()
        assert set(np.unique(share)) <= {0.0, 1.0}
        assert set(share.index[(share == 1).any(axis=1)]) <= skips
        assert ((share == 1).sum(axis=1) <= 2).all()


@pytest.mark.parametrize("generator", GENERATORS)
def test_where_absence_goes_with_ability_the_absent_were_weaker_on_the_other_paper(generator):
    extra = Confounders(absence_slope=0.8)
    grade = {"own": 4, "other": 7}[generator]

    works = GENERATORS[generator](6, RegionOptions(schools=300, confounders=extra)).works

    sat = works[works["grade"] == grade].pivot_table(index=["school", "participant"], columns="subject", values="score")
    ma, ru = sat["ma"], sat["ru"]
    assert ru[ma.isna()].mean() < ru[ma.notna()].mean() - 0.15 * ru.std()
    assert 0.04 < ma.isna().mean() < 0.12


@pytest.mark.parametrize("generator", GENERATORS)
def test_schools_differ_in_attendance_where_asked(generator):
    def spread(extra: Confounders) -> float:
        works = GENERATORS[generator](6, RegionOptions(schools=300, confounders=extra)).works
        counted = works.groupby(["school", "subject", "grade"]).size().unstack(["subject", "grade"])
        large = counted[(counted > 50).all(axis=1)]
        return float((large.std(axis=1) / large.mean(axis=1)).mean())

    assert spread(Confounders(absence_spread=0.8)) > spread(Confounders()) + 0.01


@pytest.mark.parametrize("generator", GENERATORS)
def test_in_an_autumn_sitting_pupils_are_a_grade_above_their_paper(generator):
    region = GENERATORS[generator](6, RegionOptions(schools=30, confounders=Confounders(autumn=True)))

    assert (region.works["pupil_grade"] == region.works["grade"] + 1).all()
    assert (region.works["participant"].str[0].astype(int) == region.works["pupil_grade"]).all()


def test_autumn_marks_follow_another_quarter_less_closely():
    def correlation(autumn: bool) -> float:
        works = simulate_region(6, RegionOptions(schools=200, confounders=Confounders(autumn=autumn))).works
        own = works[(works["subject"] == "ma") & (works["grade"] == 4)]
        return float(own["score"].corr(own["journal_mark"]))

    assert correlation(True) < correlation(False) - 0.03


@pytest.mark.parametrize("generator", GENERATORS)
@pytest.mark.parametrize(("scope", "papers", "classes"), [("school", 4, None), ("paper", 1, None), ("class", 4, "А")])
def test_a_scope_limits_the_manipulation(generator, scope, papers, classes):
    options = RegionOptions(schools=40, size=(50, 60), share=0.3, strength=1.0, scope=scope, confounders=ORDINARY)

    clean = GENERATORS[generator](7, RegionOptions(schools=40, size=(50, 60), confounders=ORDINARY))
    dirty = GENERATORS[generator](7, options)

    moved = clean.works["score"] != dirty.works["score"]
    assert set(dirty.works.loc[moved, "school"]) <= set(dirty.truth["school"])
    assert (dirty.truth.groupby("school").size() == papers).all()
    if classes is not None:
        assert dirty.works.loc[moved, "class"].str.endswith(classes).all()


def test_schools_that_do_several_things_at_once_are_recorded_with_all_of_them():
    region = simulate_region(8, RegionOptions(schools=60, share=0.5, together=(2, 3), manipulations=MANIPULATIONS))

    used = region.truth["manipulation"].str.split("+")
    assert used.map(len).isin([2, 3]).all()
    assert used.map(lambda kinds: len(set(kinds)) == len(kinds) and set(kinds) <= set(MANIPULATIONS)).all()


@pytest.mark.parametrize("generator", GENERATORS)
def test_the_truth_counts_the_works_that_were_changed(generator):
    options = RegionOptions(
        schools=40, size=(3, 60), share=0.5, strength=0.6, manipulations=("lift_twos", "absent_weak")
    )

    clean = GENERATORS[generator](7, RegionOptions(schools=40, size=(3, 60))).works
    dirty = GENERATORS[generator](7, options)

    key = ["school", "subject", "grade", "participant"]
    both = clean.merge(dirty.works, on=key, how="left", suffixes=("", "_after"))
    moved = (both["score"] != both["score_after"]).groupby([both[name] for name in key[:3]]).sum()
    counted = dirty.truth.set_index(key[:3])["changed"]
    assert (counted == moved.reindex(counted.index)).all()
    # Where nobody stood under the cut there was nothing to bend.
    assert (counted == 0).any()
    assert (counted > 0).any()
