import numpy as np
import pandas as pd
import pytest

from app.detectors import screen
from app.detectors.simulate import RegionOptions, simulate_region
from app.detectors.tables import build_tables
from app.detectors.untaught import completed


def drawn(n=600, K=8, seed=1):
    rng = np.random.default_rng(seed)
    ability = rng.standard_normal(n)
    points = (ability[None, :] + rng.standard_normal((K, n)) > np.linspace(-1, 1, K)[:, None]).astype(np.int8)
    return points, np.repeat(np.arange(n // 30), 30), np.zeros(n, dtype=np.int64)


def fill(points, school, variant, order=slice(None)):
    points, school, variant = points[:, order], school[order], variant[order]
    return completed(points, points.sum(axis=0, dtype=np.int64), school, school, variant, (1,) * len(points), seed=3)


def test_works_stay_as_they_are_where_everything_was_taught():
    points, school, variant = drawn()

    found = fill(points, school, variant)

    assert found.untaught is None
    assert found.points is points or (found.points == points).all()


def test_an_item_that_a_class_was_not_taught_is_filled_in_as_elsewhere():
    points, school, variant = drawn()
    whole = points.copy()
    points[2, school == 4] = 0

    found = fill(points, school, variant)

    assert found.untaught is not None
    assert np.argwhere(found.untaught).tolist() == [[4, 2]]
    assert found.points[2, school == 4].mean() == pytest.approx(whole[2, school == 4].mean(), abs=0.25)
    assert (found.points[:, school != 4] == points[:, school != 4]).all()
    assert (found.score == found.points.sum(axis=0)).all()


def test_a_stray_point_does_not_hide_that_an_item_was_not_taught():
    points, school, variant = drawn()
    points[2, school == 4] = 0
    points[2, np.flatnonzero(school == 4)[:1]] = 1

    found = fill(points, school, variant)

    assert found.untaught is not None
    assert np.argwhere(found.untaught).tolist() == [[4, 2]]
    assert found.points[2, school == 4].sum() > 5


def test_a_hard_item_with_a_tenth_of_few_points_is_taken_as_it_is():
    points, school, variant = drawn()
    # The last item is hard: fewer than ten points are to be expected, so one point is a point.
    points[7, school == 4] = 0
    points[7, np.flatnonzero(school == 4)[:1]] = 1

    assert fill(points, school, variant).untaught is None


def test_the_filling_does_not_depend_on_the_order_of_the_rows():
    points, school, variant = drawn()
    points[5, school == 7] = 0
    order = np.random.default_rng(8).permutation(len(school))

    one, other = fill(points, school, variant), fill(points, school, variant, order)

    def sorted_works(found, own):
        return np.array(sorted(map(tuple, np.vstack((own[None], found.points)).T.tolist())))

    assert (sorted_works(one, school) == sorted_works(other, school[order])).all()


def test_schools_that_skip_topics_are_neither_odd_nor_alike():
    rates = []
    for seed in (11, 12, 13):
        region = simulate_region(seed, RegionOptions(schools=200, size=(30, 70), papers=(("ma", 5), ("ru", 5))))
        works = region.works.copy()
        skipping = sorted(set(works["school"]))[::6]
        rows = works["school"].isin(skipping)
        lost = works.loc[rows, ["item_4", "item_9"]].to_numpy().sum(axis=1)
        works[["item_4", "item_9"]] = works[["item_4", "item_9"]].astype(float)
        works.loc[rows, ["item_4", "item_9"]] = np.nan
        works.loc[rows, "score"] -= lost
        findings = screen(works, region.papers).findings
        own = findings[findings["school"].isin(skipping)]
        rates.append(own.groupby("detector")["p_value"].apply(lambda p: (p < 0.01).mean()))

    share = pd.concat(rates, axis=1).mean(axis=1)

    assert share[["item_profile", "class_similarity", "landing_profile"]].max() < 0.03


def test_a_school_that_skips_topics_is_not_narrow_for_that():
    region = simulate_region(14, RegionOptions(schools=200, size=(60, 90), papers=(("ma", 5),)))
    works = region.works.copy()
    skipping = works["school"].isin(sorted(set(works["school"]))[::6])
    hardly = ["item_4", "item_9", "item_12"]
    works[hardly] = works[hardly].astype(float)
    works.loc[skipping, "score"] -= works.loc[skipping, hardly].to_numpy().sum(axis=1).astype(int)
    works.loc[skipping, hardly] = np.nan

    table = build_tables(works, region.papers)[0]

    own = table.rows_of(works.loc[skipping, "school"].unique())
    ratio = np.sqrt(table.taught.variance / build_tables(region.works, region.papers)[0].variance)
    assert np.sqrt(table.variance[own]).mean() < np.sqrt(table.taught.variance[own]).mean()
    assert ratio[own].mean() == pytest.approx(1.0, abs=0.04)
    # A class without a point where four were to be expected comes by chance, too.
    assert (table.taught.counts[~own] != table.counts[~own]).any(axis=1).mean() < 0.15
    assert (table.taught.n == table.n).all()


def test_a_skipped_item_is_shown_as_nothing_of_nothing():
    region = simulate_region(5, RegionOptions(schools=60, size=(30, 40), papers=(("ma", 5),)))
    works = region.works.copy()
    first = sorted(set(works["school"]))[0]
    works.loc[works["school"] == first, "score"] -= works.loc[works["school"] == first, "item_2"]
    works.loc[works["school"] == first, "item_2"] = 0
    table = build_tables(works, region.papers)[0]

    assert table.answers is not None
    assert table.answers.untaught is not None
    assert table.answers.untaught[0].tolist() == [k == 1 for k in range(16)]
    assert table.counts.sum() == len(works)
