from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from app.detectors import load_params, screen
from app.detectors.protocol import Sheet, moments, protocol, wilson
from app.detectors.simulate import RegionOptions, simulate_region

PARAMS = load_params().protocol


@pytest.fixture(scope="module")
def region():
    return simulate_region(51, RegionOptions(schools=120, papers=(("ma", 4), ("ru", 4))))


def own_findings(screening, school: str) -> pd.DataFrame:
    findings = screening.findings
    return findings[(findings["detector"] == "protocol") & (findings["school"] == school)].set_index("subject")


def facts(screening, school: str, subject: str) -> dict:
    figures = screening.evidence[school, 2026, subject, 4, "protocol"]
    return {row["fact"]: row for row in figures["facts"]}


@pytest.mark.parametrize(("k", "n"), [(0, 10), (3, 25), (40, 40), (7, 61)])
def test_the_interval_is_wilsons(k, n):
    low, high = wilson(np.array([float(k)]), np.array([float(n)]))

    expected = stats.binomtest(k, n).proportion_ci(0.95, method="wilson")
    assert (low[0], high[0]) == pytest.approx((expected.low, expected.high))


def test_absent_pupils_are_counted_by_hand():
    present = np.array([20.0, 38.0, 95.0])
    absent = np.array([20.0, 2.0, 5.0])

    result = protocol(Sheet(present, {"absent": absent}), PARAMS)

    # The first school: 20 of 40; the others 7.5 of 141 with the half added.
    assert result.share.tolist() == [0.5, 0.05, 0.05]
    assert result.usual_share[0] == pytest.approx(7.5 / 141)
    assert result.odd["absent"].tolist() == [True, False, False]
    assert result.number.tolist() == [1, 0, 0]
    assert result.low[0] == pytest.approx(stats.binomtest(20, 40).proportion_ci(method="wilson").low)


def test_two_absent_pupils_are_no_oddity_in_a_tiny_school():
    result = protocol(Sheet(np.array([1.0, 400.0]), {"absent": np.array([2.0, 8.0])}), PARAMS)

    assert not result.odd["absent"].any()


def test_a_form_is_late_after_its_due_day_or_long_after_the_others():
    days = np.array([0.5, 1.0, 1.5, 2.0, 1.0, 30.0])

    by_others = protocol(Sheet(np.full(6, 30.0), {"late": days}), PARAMS)
    by_due_day = protocol(Sheet(np.full(6, 30.0), {"late": np.array([0, 0, 2.0, 0, 0, 0])}, due=True), PARAMS)

    assert by_others.odd["late"].tolist() == [False] * 5 + [True]
    assert by_due_day.odd["late"].tolist() == [False, False, True, False, False, False]


def test_a_few_totals_that_do_not_add_up_are_usual_and_many_are_not():
    result = protocol(Sheet(np.array([100.0, 100.0]), {"total_mismatch": np.array([1.0, 12.0])}), PARAMS)

    assert result.odd["total_mismatch"].tolist() == [False, True]


def test_honest_regions_are_quiet():
    odd, n = 0.0, 0
    for seed in range(5):
        region = simulate_region(560 + seed, RegionOptions(schools=200))
        findings = screen(region.works, region.papers).findings
        own = findings[(findings["detector"] == "protocol") & (findings["outcome"] == "assessed")]
        odd += float((own["statistic"] > 0).sum())
        n += len(own)

    assert odd / n < 0.03


def test_weak_pupils_kept_away_from_one_paper_are_seen_against_the_other(region):
    works = region.works
    school = works["school"].value_counts().index[2]
    own = works[(works["school"] == school) & (works["subject"] == "ma")]
    away = own.sort_values("score").index[: int(0.4 * len(own))]

    screening = screen(works.drop(away), region.papers)

    row = facts(screening, school, "ma")["fewer_works"]
    assert row["odd"]
    assert row["count"] == pytest.approx(len(away), abs=4)
    assert "нет работ, которые есть по другому предмету" in own_findings(screening, school).loc["ma", "sentence"]
    assert own_findings(screening, school).loc["ru", "statistic"] == 0


def test_one_variant_repeated_codes_and_wrong_totals_are_seen_in_the_works(region):
    works = region.works.copy()
    school = works["school"].value_counts().index[3]
    rows = works.index[(works["school"] == school) & (works["subject"] == "ma")]
    works.loc[rows, "variant"] = "1"
    works.loc[rows[:3], "participant"] = works.loc[rows[5], "participant"]
    works.loc[rows[:6], "score"] = np.maximum(works.loc[rows[:6], "score"] - 3, 0)

    told = facts(screen(works, region.papers), school, "ma")

    assert told["one_variant"]["odd"]
    assert told["one_variant"]["count"] == len(rows)
    assert told["duplicates"]["count"] == 3
    assert told["duplicates"]["odd"]
    assert told["total_mismatch"]["count"] >= 5
    assert told["total_mismatch"]["odd"]


def test_the_protocol_of_the_upload_is_read_with_its_times(region):
    names = sorted(region.works["school"].unique())
    frame = pd.DataFrame(
        {
            "school": names,
            "year": 2026,
            "subject": "ma",
            "grade": 4,
            "present": 30,
            "absent": [25] + [1] * (len(names) - 1),
            "n_out_of_range": [0, 9] + [0] * (len(names) - 2),
            "uploaded_at": ["17.04.2026 10:00:00"] * (len(names) - 1) + ["28.05.2026 09:30:00"],
        }
    )

    screening = screen(region.works, region.papers, protocol=frame)

    assert facts(screening, names[0], "ma")["absent"]["odd"]
    assert facts(screening, names[1], "ma")["out_of_range"]["odd"]
    late = facts(screening, names[-1], "ma")["late"]
    assert late["odd"]
    assert late["count"] == pytest.approx(41, abs=0.1)
    sentence = own_findings(screening, names[0]).loc["ma", "sentence"]
    assert "не писали работу — 25 из" in sentence
    assert "обычно" in sentence


def test_moments_are_read_from_both_kinds_of_text():
    read = moments(pd.Series(["17.03.2022 05:33:20", "2022-03-17 05:33:20", "вчера", None, "04.05.2022"]))

    assert read[0] == read[1] == pd.Timestamp("2022-03-17 05:33:20", tz="UTC")
    assert read[2:4].isna().all()
    assert read[4] == pd.Timestamp("2022-05-04", tz="UTC")


def test_oddities_are_shown_and_never_count(region):
    names = sorted(region.works["school"].unique())
    frame = pd.DataFrame({"school": names, "year": 2026, "subject": "ma", "grade": 4, "absent": [40] * 20 + [1] * 100})

    with_oddities = screen(region.works, region.papers, protocol=frame)

    own = with_oddities.findings[with_oddities.findings["detector"] == "protocol"]
    assert (own["statistic"] > 0).sum() >= 10
    assert own["p_value"].isna().all()
    pd.testing.assert_frame_equal(with_oddities.schools, screen(region.works, region.papers).schools)


def test_scores_alone_tell_nothing_of_an_upload():
    region = simulate_region(52, RegionOptions(schools=15, papers=(("ma", 4),)))
    works = region.works[["year", "subject", "grade", "school", "score"]].assign(participant=None)

    findings = screen(works, [replace(region.papers[0])]).findings

    own = findings[findings["detector"] == "protocol"]
    assert (own["outcome"] == "not_assessed").all()
    assert own["reason"].str.contains("протокол загрузки неизвестен").all()
