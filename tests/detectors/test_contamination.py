import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.detectors import PaperSpec
from app.detectors.contamination import BY_SCORE, MANIPULATIONS, MANNERS, contaminate, contaminate_by_all, heap_region
from app.detectors.simulate import Confounders, RegionOptions, simulate_region

REGION = simulate_region(
    9, RegionOptions(schools=24, papers=(("ma", 4),), confounders=Confounders(skipping=0.3, odd_journals=0.3))
)
SPEC = REGION.papers[0]
ITEMS = [f"item_{k + 1}" for k in range(len(SPEC.item_max))]
WORKS = REGION.works.assign(place=np.arange(len(REGION.works)))
CHOSEN = set(WORKS["school"].value_counts().index[:3])
ROWS = WORKS["school"].isin(CHOSEN).to_numpy()


def changed_by(kind: str, strength: float = 0.6, seed: int = 1, manner: str = "own") -> pd.DataFrame:
    return contaminate(np.random.default_rng(seed), WORKS, SPEC, kind, strength, ROWS, manner=manner)


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(MANIPULATIONS),
    manner=st.sampled_from(MANNERS),
    strength=st.floats(0.0, 1.0),
    seed=st.integers(0, 10_000),
    rows=st.integers(0, 2**12 - 1),
)
def test_only_the_rows_asked_are_touched_and_scores_stay_sums_of_items(kind, manner, strength, seed, rows):
    asked = (rows >> (np.arange(len(WORKS)) % 12)) & 1 == 1

    after = contaminate(np.random.default_rng(seed), WORKS, SPEC, kind, strength, asked, manner=manner)

    untouched = after[~asked[after["place"]]]
    pd.testing.assert_frame_equal(
        untouched.reset_index(drop=True), WORKS[~asked].reset_index(drop=True), check_dtype=False
    )
    points = after[ITEMS].astype(float)
    assert (points.fillna(0).sum(axis=1) == after["score"]).all()
    assert (points.fillna(0) >= 0).all(axis=None)
    assert (points.fillna(0) <= np.array(SPEC.item_max)).all(axis=None)


@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize("kind", MANIPULATIONS)
def test_strength_zero_changes_nothing(kind, manner):
    pd.testing.assert_frame_equal(changed_by(kind, 0.0, manner=manner), WORKS, check_dtype=False)


@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize("kind", MANIPULATIONS)
def test_a_stronger_manipulation_changes_more_works(kind, manner):
    def share(strength: float) -> float:
        after = changed_by(kind, strength, manner=manner).set_index("place")["score"]
        before = WORKS.set_index("place")["score"][ROWS]
        return float((after.reindex(before.index) != before).mean())

    weak, strong = share(0.2), share(0.9)

    assert 0 < weak < strong


@pytest.mark.parametrize("manner", MANNERS)
def test_several_at_once_do_what_each_does_and_keep_to_the_rows(manner):
    kinds = ("bump", "absent_weak", "leak_items")

    after, _ = contaminate_by_all(np.random.default_rng(1), WORKS, SPEC, kinds, 0.8, ROWS, manner=manner)

    assert list(after.columns) == list(WORKS.columns)
    others = after[~ROWS[after["place"]]].reset_index(drop=True)
    pd.testing.assert_frame_equal(others, WORKS[~ROWS].reset_index(drop=True), check_dtype=False)
    mine = after[ROWS[after["place"]]]
    assert len(mine) < ROWS.sum()
    assert (mine[ITEMS].astype(float).fillna(0).sum(axis=1) == mine["score"]).all()
    assert mine["score"].mean() > WORKS.loc[ROWS, "score"].mean() + 1


def test_the_order_in_which_several_are_named_does_not_matter():
    first, second = (
        contaminate_by_all(np.random.default_rng(1), WORKS, SPEC, kinds, 0.8, ROWS)[0]
        for kinds in (("bump", "leak_items"), ("leak_items", "bump"))
    )

    pd.testing.assert_frame_equal(first, second)


def test_an_item_that_was_not_taught_stays_so_unless_points_were_put_there():
    before = WORKS[ITEMS].isna()
    assert before.to_numpy().any()

    after = changed_by("bump", 1.0)

    filled = before & after[ITEMS].notna()
    assert not (before & after[ITEMS].notna() & ~filled).to_numpy().any()
    assert (after[ITEMS].where(filled).fillna(1).astype(float) > 0).all(axis=None)
    assert (after[ITEMS].isna() & ~before).to_numpy().sum() == 0


def test_marks_of_changed_works_follow_their_scores():
    marked = WORKS.assign(mark=2 + np.searchsorted(np.array(SPEC.mark_from), WORKS["score"], side="right"))

    after = contaminate(np.random.default_rng(1), marked, SPEC, "lift_twos", 1.0, ROWS)

    assert (after["mark"] == 2 + np.searchsorted(np.array(SPEC.mark_from), after["score"], side="right")).all()
    assert not (after.loc[ROWS, "mark"] == 2).any()


def test_works_without_a_journal_mark_are_not_drawn_to_the_journal():
    unknown = WORKS.assign(journal_mark=WORKS["journal_mark"].astype("Int8").mask(WORKS["place"] % 2 == 0))

    after = contaminate(np.random.default_rng(1), unknown, SPEC, "copy_journal", 1.0, ROWS)

    moved = after["score"] != WORKS["score"]
    assert moved.any()
    assert (after.loc[moved, "place"] % 2 == 1).all()


def test_the_two_manners_differ():
    for kind in MANIPULATIONS:
        own, other = changed_by(kind), changed_by(kind, manner="other")
        assert len(own) != len(other) or not own["score"].equals(other["score"])


@pytest.mark.parametrize("manner", MANNERS)
def test_what_aims_at_cuts_refuses_a_paper_without_them(manner):
    without = PaperSpec(None, SPEC.subject, SPEC.grade, SPEC.item_max, None)

    for kind in BY_SCORE:
        if (kind, manner) == ("inflate", "other"):
            continue
        with pytest.raises(ValueError, match="no official cuts"):
            contaminate(np.random.default_rng(1), WORKS, without, kind, 0.5, ROWS, manner=manner)


@pytest.mark.parametrize(("kind", "manner"), [("bribe", "own"), ("bump", "third")])
def test_an_unknown_kind_or_manner_is_refused(kind, manner):
    with pytest.raises(ValueError, match="unknown"):
        contaminate(np.random.default_rng(1), WORKS, SPEC, kind, 0.5, ROWS, manner=manner)


def test_a_heaped_region_lacks_works_just_under_its_first_cut():
    after = heap_region(np.random.default_rng(1), WORKS, SPEC, 1.0)

    counts = np.bincount(after["score"], minlength=SPEC.max_score + 1)
    assert counts[SPEC.mark_from[0] - 2 : SPEC.mark_from[0]].sum() == 0
    assert counts[SPEC.mark_from[0]] > np.bincount(WORKS["score"])[SPEC.mark_from[0]]
