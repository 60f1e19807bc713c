"""The fast forms equal the plain ones."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from app.detectors import WorkFiles, screen
from app.detectors.class_similarity import residuals_of
from app.detectors.dispersion import quartile_range
from app.detectors.item_profile import covariance_by_score, given_total
from app.detectors.item_sums import by_school, leave_one_out_residuals
from app.detectors.journal_gap import copy_test
from app.detectors.pair_sums import PairRuns, exchanged
from app.detectors.planted_files import planted_copy
from app.detectors.reference import second_and_fourth_moment, tilt_to_school
from app.detectors.simulate import RegionOptions, simulate_region
from app.detectors.tables import build_tables
from app.detectors.tails import smallest_tail, tails_under, upper_tail
from app.detectors.work_codes import coded, distinct, order_of_works
from tests.detectors import plain_forms


@pytest.fixture(scope="module")
def region():
    return simulate_region(61, RegionOptions(schools=60, share=0.1, papers=(("ma", 4), ("ru", 5))))


@pytest.fixture(scope="module")
def table(region):
    return build_tables(region.works, region.papers)[0]


@pytest.fixture(scope="module")
def answers(table):
    return table.answers


def test_tilts_solved_together_with_the_typical_one_are_those_of_plain_steps():
    rng = np.random.default_rng(3)
    shape = np.exp(-0.5 * ((np.arange(21) - 10) / 4.5) ** 2)
    counts = np.stack([rng.multinomial(n, shape / shape.sum()) for n in rng.integers(8, 90, 40)]).astype(float)

    fast = tilt_to_school(counts, shape, spread_prior=0.12)
    plain, theta = plain_forms.tilted(counts, shape, 0.12)

    assert fast.probabilities == pytest.approx(plain, abs=1e-8)
    assert fast.theta == pytest.approx(theta, abs=1e-7)


def test_residuals_against_the_others_need_no_table_school_by_score_by_item(table, answers):
    rng = np.random.default_rng(1)
    weight = rng.uniform(0, 1, len(table.schools))
    top = table.spec.max_score
    own = plain_forms.points_by_score(answers, len(table.schools), top)
    rest = np.einsum("i,isk->sk", weight, own) - weight[:, None, None] * own
    works = np.maximum(weight @ table.counts - weight[:, None] * table.counts, 0)
    plain = own.sum(axis=1) - np.einsum("is,isk->ik", table.counts, given_total(rest, works))

    residual, rest_works, first = leave_one_out_residuals(answers, table.counts, weight, answers.by_score(top))

    assert residual == pytest.approx(plain, abs=1e-9)
    assert rest_works == pytest.approx(works, abs=1e-9)
    assert first == pytest.approx(rest[0], abs=1e-9)


def test_sums_by_school_do_not_ask_for_sorted_schools(answers, table):
    order = np.random.default_rng(2).permutation(len(answers.score))
    mixed = replace(
        answers, points=answers.points[order], score=answers.score[order], school=answers.school[order], unit=None
    )
    weight = np.random.default_rng(3).uniform(size=table.counts.shape)

    assert by_school(mixed, len(table.schools), weight) == pytest.approx(
        by_school(answers, len(table.schools), weight), abs=1e-9
    )


def test_moments_of_items_by_score_are_those_of_numpy(answers, table):
    order = answers.by_score(table.spec.max_score)
    direction = np.random.default_rng(4).standard_normal((answers.points.shape[1], 2))
    third = order.third(direction)
    scatter = order.scatter()

    for score in range(table.spec.max_score + 1):
        own = answers.points[answers.score == score].astype(float)
        if len(own) < 2:
            continue
        assert scatter[score] == pytest.approx(np.cov(own.T, bias=True) * len(own), abs=1e-8)
        gap = own @ direction - (own @ direction).mean(axis=0)
        assert third[score] == pytest.approx((gap**3).mean(axis=0), abs=1e-5)


def test_works_change_places_as_if_three_columns_had_been_sorted(answers):
    fast = exchanged(answers, np.random.default_rng(5), 40)

    assert np.array_equal(fast, plain_forms.exchanged(answers, np.random.default_rng(5), 40))


def test_residuals_looked_up_in_a_table_are_those_of_each_work(answers, table):
    top = table.spec.max_score
    mean = given_total(answers.by_score(top).sums, table.counts.sum(axis=0))
    covariance = covariance_by_score(answers, top)

    fast = residuals_of(answers.points, answers.score, mean, covariance)

    assert fast == pytest.approx(plain_forms.residuals(answers, mean, covariance), abs=1e-6)


def test_an_exchange_given_as_an_order_is_that_of_moved_rows(answers):
    rows = np.random.default_rng(6).standard_normal(answers.points.shape).astype(np.float32)
    order = exchanged(answers, np.random.default_rng(7), 40)
    _, starts, sizes = np.unique(answers.unit, return_index=True, return_counts=True)
    runs = PairRuns(answers.variant, starts, sizes)

    assert runs.sums(rows, 1.5, 2.5, order) == pytest.approx(runs.sums(rows[order], 1.5, 2.5))


def test_blocks_of_schools_give_the_journals_test_of_all_at_once(table, monkeypatch):
    reference = np.full(table.journal.shape, 0.25)
    weight = np.random.default_rng(8).standard_normal(table.journal.shape[1:])
    whole = copy_test(table.journal, reference, weight)
    monkeypatch.setattr("app.detectors.journal_copying.SCHOOLS_AT_ONCE", 7)

    parts = copy_test(table.journal, reference, weight)

    assert parts.statistic == pytest.approx(whole.statistic, rel=1e-6)
    assert parts.variance == pytest.approx(whole.variance, rel=1e-6)
    assert parts.fourth == pytest.approx(whole.fourth, rel=1e-5)


def test_the_smallest_tail_of_a_row_is_found_without_computing_all():
    rng = np.random.default_rng(9)
    z = rng.normal(0, 2.5, (4000, 15))
    skewness = rng.normal(0, 0.6, z.shape)
    known = rng.uniform(size=z.shape) < 0.9

    plain = np.where(known, upper_tail(z, skewness), 1.0).min(axis=1)

    assert smallest_tail(z, skewness, known) == pytest.approx(plain, rel=1e-12)


def test_tails_under_a_limit_are_exact_and_the_rest_is_one():
    z, skewness = np.meshgrid(np.linspace(-4, 8, 1201), np.linspace(0, 2, 81))

    plain = upper_tail(z, skewness)

    assert np.array_equal(tails_under(0.05, z, skewness), np.where(plain < 0.05, plain, 1.0))


def test_central_moments_of_a_distribution_are_those_about_its_mean():
    p = np.random.default_rng(10).dirichlet(np.ones(46), 30)
    gap = np.arange(46) - (p @ np.arange(46))[:, None]

    second, fourth = second_and_fourth_moment(p)

    assert second == pytest.approx((p * gap**2).sum(axis=1), rel=1e-10)
    assert fourth == pytest.approx((p * gap**4).sum(axis=1), rel=1e-10)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 20, 101])
def test_quartiles_are_those_of_numpy(n):
    values = np.random.default_rng(n).standard_normal(n)

    assert quartile_range(values) == pytest.approx(np.subtract(*np.percentile(values, [75, 25])), abs=1e-12)


@pytest.mark.parametrize("values", [[3, -1, 3, 7], [5], [0, 10**12, 0]])
def test_distinct_numbers_are_those_of_unique(values):
    values = np.array(values)

    present, place, times = distinct(values)

    expected = np.unique(values, return_inverse=True, return_counts=True)
    assert present.tolist() == expected[0].tolist()
    assert place.tolist() == expected[1].tolist()
    assert times.tolist() == expected[2].tolist()


def test_codes_of_a_categorical_column_are_those_of_its_words():
    words = pd.Series(["б", None, "а", "б"])

    codes, names = coded(words.astype("category"))

    assert codes.tolist() == [1, -1, 0, 1]
    assert names.tolist() == ["а", "б"]
    assert coded(words)[0].tolist() == [1, -1, 0, 1]


@pytest.mark.parametrize("large", [1, 2**40])
def test_the_order_of_works_is_that_of_sorting_every_column(large):
    rng = np.random.default_rng(11)
    points = rng.integers(0, 3, (6, 500)).astype(np.int8)
    score, variant, within = points.sum(axis=0), rng.integers(0, 2, 500), rng.integers(-1, 9, 500) * large

    order = order_of_works(points, score, variant, within)

    columns = np.column_stack((within, variant, score, points[::-1].T))
    assert np.array_equal(columns[order], columns[np.lexsort((*points, score, variant, within))])


@pytest.mark.parametrize("rows_in_a_group", [200, 10_000])
@pytest.mark.parametrize("held", [0, 10**9])
def test_works_in_files_are_screened_as_works_in_memory(region, tmp_path, monkeypatch, rows_in_a_group, held):
    path = tmp_path / "works.parquet"
    region.works.to_parquet(path, row_group_size=rows_in_a_group)
    monkeypatch.setattr("app.detectors.work_files.HELD_WORKS", held)

    from_file = screen(WorkFiles((path,)), region.papers, schools=region.schools)
    in_memory = screen(region.works, region.papers, schools=region.schools)

    pd.testing.assert_frame_equal(from_file.findings, in_memory.findings)
    pd.testing.assert_frame_equal(from_file.schools, in_memory.schools)
    assert from_file.evidence == in_memory.evidence


def test_a_paper_may_stand_in_a_file_of_its_own_and_beside_another_in_a_second(region, tmp_path):
    works = region.works
    own = (works["subject"] == "ma") & (works.index % 2 == 0)
    paths = tmp_path / "own.parquet", tmp_path / "both.parquet"
    works[own].to_parquet(paths[0])
    works[~own].to_parquet(paths[1])
    key = (int(works["year"].iloc[0]), "ma", 4)

    _, tables = WorkFiles(paths).read(region.papers)

    expected = build_tables(works, region.papers)
    for one, other in zip(tables, expected, strict=True):
        assert one.key == other.key
        assert (one.counts == other.counts).all()
    most = works.loc[works["subject"] == "ma", [f"item_{k + 1}" for k in range(len(region.papers[0].item_max))]].max()
    assert WorkFiles(paths).largest_points(key) == most.astype(int).tolist()


def test_a_screening_without_a_presentation_has_the_same_tiers(region):
    bare = screen(region.works, region.papers, schools=region.schools, presented=False)
    whole = screen(region.works, region.papers, schools=region.schools)

    pd.testing.assert_frame_equal(bare.schools, whole.schools)
    assert len(bare.findings) == 0
    assert bare.evidence == {}
    assert bare.reference == whole.reference


def test_mechanisms_are_learned_from_works_in_files_as_from_works_in_memory(tmp_path):
    large = simulate_region(62, RegionOptions(schools=220, papers=(("ma", 4), ("ru", 4))))
    path = tmp_path / "works.parquet"
    large.works.to_parquet(path)

    from_file = screen(WorkFiles((path,)), large.papers, charts=False)
    in_memory = screen(large.works, large.papers, charts=False)

    assert from_file.reference["mechanisms"] == in_memory.reference["mechanisms"]
    assert from_file.reference["mechanisms"]["2026"]["source"] == "region"
    pd.testing.assert_frame_equal(from_file.schools, in_memory.schools)


def test_a_copy_of_plain_columns_is_that_of_a_frame(tmp_path, monkeypatch):
    large = simulate_region(63, RegionOptions(schools=120, papers=(("ma", 4), ("ru", 4))))
    path = tmp_path / "works.parquet"
    large.works.to_parquet(path, row_group_size=2_000)
    year = int(large.works["year"].iloc[0])
    specs = [replace(spec, year=year) for spec in large.papers]
    names = np.array(sorted(set(large.works["school"])))[::2]
    kind = np.arange(len(names)) % 12 - 4
    asked = WorkFiles((path,)), specs, year, names, kind, 0.6

    said, columns = planted_copy(*asked)
    monkeypatch.setattr(WorkFiles, "plain_of_schools", lambda *_: iter(()))
    _, framed = planted_copy(*asked)

    for one, other in zip(columns, framed, strict=True):
        assert one.answers.raw is None or (one.answers.raw == other.answers.raw).all()
        assert (one.schools == other.schools).all()
        assert (one.counts == other.counts).all()
        assert (one.journal == other.journal).all()
        assert (one.answers.points == other.answers.points).all()
    untouched = {table.key: table.counts.sum() for table in build_tables(large.works, large.papers)}
    assert all(table.counts.sum() < untouched[table.key] for table in columns)
    assert said.pupils(columns) is not None
