from dataclasses import replace

import numpy as np
import pytest

from app.detectors import load_params
from app.detectors.journal_gap import PARTS, copy_test, drawn_to_journal, given_score, journal_gap, marks_of_scores
from app.detectors.simulate import RegionOptions, simulate_region
from app.detectors.tables import build_tables
from app.errors import InsufficientData
from tests.detectors.test_boundary_push import rate

PARAMS = load_params().journal_gap


def run(region):
    return [
        (table, journal_gap(table, None, np.zeros((len(table.schools), 0)), PARAMS))
        for table in build_tables(region.works, region.papers, with_items=False)
    ]


@pytest.mark.parametrize(("low", "high"), [(10, 19), (20, 49), (50, 99), (100, 9999)])
def test_one_honest_school_in_a_hundred_is_under_one_percent(honest_screenings, low, high):
    share, error = rate(honest_screenings, "journal_gap", low, high)

    assert abs(share - 0.01) < 0.003 + 2 * error


def test_strict_and_lenient_journals_are_equally_innocent():
    region = simulate_region(12, RegionOptions(schools=250, sigma_journal=0.7, papers=(("ma", 4), ("ru", 4))))

    p = np.concatenate([result.p_value[result.assessed] for _, result in run(region)])

    assert (p < 0.01).mean() < 0.03


def test_marks_drawn_to_the_journal_are_found_and_named():
    options = {"schools": 120, "size": (50, 60), "papers": (("ma", 4), ("ru", 4))}
    region = simulate_region(13, RegionOptions(**options, share=0.15, manipulations=("copy_journal",), strength=0.6))
    guilty = set(region.truth["school"])

    results = run(region)

    found = np.concatenate([result.p_value[np.isin(table.schools, list(guilty))] < 0.01 for table, result in results])
    parts = np.concatenate([result.part[np.isin(table.schools, list(guilty))] for table, result in results])
    assert found.mean() > 0.8
    assert (parts[found] == "copied").all()


def test_raised_works_with_honest_journals_are_found_and_named():
    options = {"schools": 120, "size": (60, 60), "papers": (("ma", 4),), "sigma_journal": 0.1}
    region = simulate_region(14, RegionOptions(**options, share=0.1, manipulations=("inflate",), strength=0.9))
    guilty = set(region.truth["school"])

    ((table, result),) = run(region)

    own = np.isin(table.schools, list(guilty))
    assert (result.p_value[own] < 0.01).mean() > 0.5
    assert (result.part[own] == "raised").mean() > 0.8
    assert (result.effect[own] > 0).mean() > 0.8


def test_shares_lowered_confirmed_and_raised_are_those_of_the_marks(honest_regions):
    region = honest_regions[0]
    table, result = run(region)[0]
    works = region.works[(region.works["subject"] == table.spec.subject) & (region.works["grade"] == table.spec.grade)]
    works = works[works["school"] == table.schools[3]]
    mark = 2 + np.searchsorted(table.spec.mark_from, works["score"], side="right")

    assert result.shares[3] == pytest.approx(
        [
            (mark < works["journal_mark"]).mean(),
            (mark == works["journal_mark"]).mean(),
            (mark > works["journal_mark"]).mean(),
        ]
    )
    assert result.far[3] == pytest.approx((abs(mark - works["journal_mark"]) >= 2).mean())
    assert result.expected.sum(axis=1)[result.assessed].max() < 1.5


def test_the_score_statistic_has_the_moments_of_resampled_journals():
    rng = np.random.default_rng(4)
    table = build_tables(
        simulate_region(15, RegionOptions(schools=60, size=(40, 40), papers=(("ma", 4),))).works,
        simulate_region(15, RegionOptions(schools=60, size=(40, 40), papers=(("ma", 4),))).papers,
    )[0]
    joint = table.journal.sum(axis=0)
    weight = np.clip(np.log(drawn_to_journal(joint + 0.05, table.spec.mark_from, 0.5) / (joint + 0.05)), -3, 3)
    conditional = given_score(joint)
    works = table.journal[0].sum(axis=1).astype(int)
    drawn = np.stack(
        [
            np.stack([rng.multinomial(n, p / p.sum()) for n, p in zip(works, conditional, strict=True)])
            for _ in range(3000)
        ]
    ).astype(float)

    test = copy_test(drawn, np.broadcast_to(conditional, drawn.shape), weight)

    z = test.statistic / np.sqrt(test.variance)
    assert z.mean() == pytest.approx(0, abs=0.1)
    assert z.std() == pytest.approx(1, abs=0.07)


def test_drawing_to_the_journal_keeps_every_work():
    joint = np.random.default_rng(2).uniform(1, 50, (21, 4))

    moved = drawn_to_journal(joint, (6, 10, 15), 0.6)

    assert moved.sum(axis=0) == pytest.approx(joint.sum(axis=0))
    marks = marks_of_scores(20, (6, 10, 15))
    agree = marks[:, None] == np.arange(2, 6)
    assert moved[agree].sum() > joint[agree].sum()


def test_without_journal_marks_or_cuts_there_is_no_assessment(honest_regions):
    table = build_tables(honest_regions[0].works, honest_regions[0].papers, with_items=False)[0]

    for case in (replace(table, journal=None), replace(table, spec=replace(table.spec, mark_from=None))):
        with pytest.raises(InsufficientData):
            journal_gap(case, None, np.zeros((len(case.schools), 0)), PARAMS)


def test_parts_are_three_and_weigh_one():
    assert len(PARTS) == 3
    assert PARAMS.weight_raised + PARAMS.weight_copied + PARAMS.weight_lowered == pytest.approx(1)
