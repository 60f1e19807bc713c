from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from app.detectors import load_params
from app.detectors.base import PaperSpec
from app.detectors.class_similarity import class_name, class_similarity, class_sums, close_pairs, exchanged
from app.detectors.simulate import RegionOptions, simulate_region
from app.detectors.tables import build_tables
from app.errors import InsufficientData
from tests.detectors.test_boundary_push import rate

PARAMS = load_params().class_similarity


@pytest.fixture(scope="module")
def copying():
    options = RegionOptions(
        schools=150, size=(50, 56), papers=(("ma", 4),), share=0.1, manipulations=("copy_class",), strength=0.4,
        scope="class",
    )  # fmt: skip
    region = simulate_region(51, options)
    (table,) = build_tables(region.works, region.papers)
    guilty = np.isin(table.schools, region.truth["school"])
    return region, table, class_similarity(table, PARAMS), guilty


@pytest.mark.parametrize(("low", "high"), [(10, 19), (20, 49), (50, 99), (100, 9999)])
def test_one_honest_school_in_a_hundred_is_under_one_percent(honest_screenings, low, high):
    share, error = rate(honest_screenings, "class_similarity", low, high)

    assert abs(share - 0.01) < 0.003 + 2 * error


def _taught_apart(seed: int, lessons: float) -> tuple:
    """Honest works of 160 classes, each better at some items and worse at others, as lessons have it."""
    rng = np.random.default_rng(seed)
    unit = np.repeat(np.arange(160), 26)
    ability = 0.3 * rng.standard_normal(160)[unit] + 0.8 * rng.standard_normal(len(unit))
    ease = np.linspace(-1.2, 1.8, 16) + lessons * rng.standard_normal((160, 16))
    right = rng.uniform(size=(len(unit), 16)) < 1 / (1 + np.exp(-1.3 * (ability[:, None] + ease[unit])))
    works = pd.DataFrame(right.astype(int), columns=[f"item_{k + 1}" for k in range(16)]).assign(
        year=2026, subject="ma", grade=4, school=[f"s{u // 2:03d}" for u in unit],
        participant=[str(i) for i in range(len(unit))], variant="1", score=right.sum(axis=1),
    )  # fmt: skip
    works["class"] = np.where(unit % 2, "4А", "4Б")
    return build_tables(works, [PaperSpec(2026, "ma", 4, (1,) * 16, (5, 9, 13))])


def test_honest_classes_that_lessons_make_alike_are_hardly_called():
    called, judged = 0, 0
    for seed in range(61, 67):
        (table,) = _taught_apart(seed, lessons=0.5)
        result = class_similarity(table, PARAMS)
        called += int((result.p_value[result.assessed] < 0.01).sum())
        judged += int(result.assessed.sum())

    assert judged == 480
    # Lessons as unlike as that: without over-dispersion one school in fifteen was called.
    assert called / judged < 0.045


def test_sums_over_pairs_are_those_of_plain_loops():
    rng = np.random.default_rng(1)
    rows = rng.standard_normal((23, 9)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    variant = rng.integers(0, 2, 23)
    starts, sizes = np.array([0, 8, 15]), np.array([8, 7, 8])

    sums = class_sums(rows, variant, starts, sizes, 0.5, 1.0)

    for c, (start, size) in enumerate(zip(starts, sizes, strict=True)):
        alike = [
            np.sqrt(8) * float(rows[v] @ rows[w])
            for v in range(start, start + size)
            for w in range(v + 1, start + size)
            if variant[v] == variant[w]
        ]
        expected = [len(alike), sum(alike), sum(max(s - 0.5, 0) ** 2 for s in alike), sum(s >= 1 for s in alike)]
        assert sums[c] == pytest.approx(expected, rel=1e-4, abs=1e-4)


def test_two_equal_works_have_the_largest_similarity_there_is():
    rows = np.zeros((2, 5), np.float32)
    rows[:, 2] = 1

    sums = class_sums(rows, np.zeros(2, int), np.array([0]), np.array([2]), 1.5, 2.0)

    assert sums[0].tolist() == [1, 2, 0.25, 1]


def test_exchange_keeps_variants_and_scores_close(honest_regions):
    table = build_tables(honest_regions[0].works, honest_regions[0].papers)[0]
    answers = table.answers

    order = exchanged(answers, np.random.default_rng(2), 40)

    assert np.array_equal(np.sort(order), np.arange(len(order)))
    assert (answers.variant[order] == answers.variant).mean() > 0.95
    assert np.abs(answers.score[order] - answers.score).mean() < 1.0
    assert (answers.unit[order] == answers.unit).mean() < 0.2


def test_copying_in_one_class_is_found_and_the_class_is_named(copying):
    _, table, result, guilty = copying

    found = result.p_value[guilty] < 0.01
    names = [class_name(table, result, int(i)) for i in np.flatnonzero(guilty)[found]]

    assert found.mean() >= 0.8
    assert set(names) == {"4А"}
    assert (result.effect_low[guilty][found] > 0).mean() > 0.9
    assert (result.p_value[~guilty] < 0.01).mean() < 0.03


def test_the_heat_map_is_symmetric_and_shows_the_close_pairs(copying):
    _, table, result, guilty = copying
    i = int(np.flatnonzero(guilty)[np.argmin(result.p_value[guilty])])

    alike, same = close_pairs(table, result, i)

    assert alike == pytest.approx(alike.T, abs=1e-5)
    assert not same.diagonal().any()
    assert np.triu(same, 1).sum() == result.pairs[i]
    assert np.triu(same & (alike >= PARAMS.close), 1).sum() == round(result.close[i] * result.pairs[i])


def test_other_manipulations_hardly_look_like_copying():
    options = RegionOptions(schools=150, size=(50, 56), papers=(("ma", 4), ("ru", 4)), share=0.15, strength=0.6)
    region = simulate_region(52, options)

    p = np.concatenate([class_similarity(table, PARAMS).p_value for table in build_tables(region.works, region.papers)])

    assert (p < 0.01).mean() < 0.03


def test_the_order_of_the_rows_does_not_matter(copying):
    region, _, result, _ = copying

    (again,) = build_tables(region.works.sample(frac=1, random_state=1), region.papers)

    assert class_similarity(again, PARAMS).p_value == pytest.approx(result.p_value, rel=1e-6)


def test_without_classes_or_items_there_is_no_assessment(copying):
    region, table, _, _ = copying
    (unclassed,) = build_tables(region.works.drop(columns="class"), region.papers)

    for case, word in ((replace(table, answers=None), "задания"), (unclassed, "классы")):
        with pytest.raises(InsufficientData, match=word):
            class_similarity(case, PARAMS)


def test_works_without_a_class_belong_to_none(copying):
    region, table, _, _ = copying
    works = region.works.copy()
    works.loc[works["school"] == table.schools[0], "class"] = None

    (partly,) = build_tables(works, region.papers)

    assert not class_similarity(partly, PARAMS).assessed[0]
