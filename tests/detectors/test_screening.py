import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from app import frames
from app.bench.accuracy_measures import auc
from app.detectors import DETECTORS, PaperSpec, screen
from app.detectors.simulate import RegionOptions, simulate_region
from app.errors import WrongFormat

VERDICTS = ("завышен результат", "необъективн", "накрут", "обман", "подделк", "фальсиф")


def test_results_have_exactly_the_columns_of_the_contract(manipulated_screening):
    assert list(manipulated_screening.findings.columns) == frames.names(frames.FINDINGS)
    assert list(manipulated_screening.papers.columns) == frames.names(frames.PAPER_SUMMARY)
    assert list(manipulated_screening.schools.columns) == frames.names(frames.SCHOOL_SUMMARY)


def test_every_school_paper_has_an_answer_of_every_detector(manipulated, manipulated_screening):
    own = manipulated_screening.findings
    own = own[(own["school"] != "") & (own["grade"] < 9)]
    whole = own[own["detector"] == "recurrence"]
    own = own[own["detector"] != "recurrence"]
    counts = own.groupby(["school", "subject", "grade"])["detector"].agg(["size", "nunique"])

    assert (counts["size"] == len(DETECTORS) - 1).all()
    assert (counts["nunique"] == len(DETECTORS) - 1).all()
    # What earlier years say is said once a school, of all its papers.
    assert sorted(whole["school"]) == sorted(set(manipulated.works["school"]))
    assert (whole["subject"] == "").all()
    assert (whole["grade"] == 0).all()
    assert len(counts) == len(manipulated.works.drop_duplicates(["school", "subject", "grade"]))


def test_what_was_assessed_has_numbers_and_what_was_not_has_a_reason(manipulated_screening):
    findings = manipulated_screening.findings
    assessed = findings[(findings["outcome"] == "assessed") & ~findings["detector"].isin(["federal", "protocol"])]
    rest = findings[findings["outcome"] == "not_assessed"]

    numbers = assessed[["statistic", "effect", "effect_low", "effect_high", "p_value", "q_value"]]
    assert np.isfinite(numbers.to_numpy(dtype=float)).all()
    assert assessed["p_value"].between(0, 1).all()
    assert (assessed["effect_low"] <= assessed["effect_high"]).all()
    assert rest["p_value"].isna().all()
    assert (rest["reason"].str.len() > 5).all()
    assert (findings["sentence"].str.len() > 15).all()


def test_sentences_carry_numbers_and_no_verdict(manipulated_screening):
    findings = manipulated_screening.findings
    assessed = findings[(findings["outcome"] == "assessed") & ~findings["detector"].isin(["federal", "protocol"])]

    assert assessed["sentence"].str.contains("95\u00a0%\u00a0ДИ", regex=False).all()
    assert assessed["sentence"].str.endswith(".").all()
    assert not findings["sentence"].str.lower().str.contains("|".join(VERDICTS)).any()
    assert not findings["sentence"].str.contains("nan|inf|None", regex=True).any()


def test_the_same_input_gives_the_same_numbers_in_any_order_of_rows(manipulated, manipulated_screening):
    shuffled = manipulated.works.sample(frac=1, random_state=3)

    again = screen(shuffled, manipulated.papers, schools=manipulated.schools, exams=manipulated.exams)

    pd.testing.assert_frame_equal(again.schools, manipulated_screening.schools)
    pd.testing.assert_frame_equal(again.findings, manipulated_screening.findings)


def test_schools_that_manipulate_rank_above_the_others(manipulated, manipulated_screening):
    schools = manipulated_screening.schools
    works = manipulated.works.groupby("school").size() / len(manipulated.papers)
    kind = schools["school"].map(manipulated.truth.drop_duplicates("school").set_index("school")["manipulation"])
    large = schools["school"].map(works) >= 10

    area = auc(schools["evidence"][large & kind.notna()], schools["evidence"][large & kind.isna()])

    assert area > 0.95


def test_bumping_and_copying_open_cases_and_honest_schools_do_not(manipulated, manipulated_screening):
    schools = manipulated_screening.schools.set_index("school")
    works = manipulated.works.groupby("school").size() / len(manipulated.papers)
    truth = manipulated.truth.drop_duplicates("school").set_index("school")["manipulation"]
    plain = truth[truth.isin(["bump", "copy_journal"])].index
    flagged = schools["tier"].isin(["case", "severe"])

    assert flagged[plain[works[plain] >= 30]].mean() > 0.9
    honest = ~schools.index.isin(truth.index)
    assert flagged[honest].sum() <= 0.1 * flagged.sum()


def test_honest_regions_are_left_alone(honest_screenings):
    tier = pd.concat([s.schools["tier"] for s in honest_screenings])

    assert tier.isin(["case", "severe"]).mean() <= 0.005
    assert tier.isin(["watch", "case", "severe"]).mean() <= 0.05


def test_federal_markers_never_count_towards_a_tier(manipulated_screening):
    assert not manipulated_screening.schools["families"].str.contains("federal").any()


def test_evidence_is_ready_for_json_and_covers_the_flagged(manipulated_screening):
    text = json.dumps({"|".join(map(str, key)): value for key, value in manipulated_screening.evidence.items()})
    json.dumps([manipulated_screening.reference, manipulated_screening.params, manipulated_screening.versions])
    findings = manipulated_screening.findings
    flagged = manipulated_screening.schools.query("tier in ['watch', 'case', 'severe']")["school"]
    own = findings[findings["school"].isin(flagged) & (findings["outcome"] == "assessed")]

    missing = [
        row
        for row in own.itertuples()
        if (row.school, row.year, row.subject, row.grade, row.detector) not in manipulated_screening.evidence
    ]

    assert "NaN" not in text
    assert "Infinity" not in text
    assert len(flagged) > 0
    assert missing == []
    assert {value["kind"] for value in manipulated_screening.evidence.values()} == {
        "absence",
        "class_similarity",
        "distribution",
        "funnel",
        "item_profile",
        "journal_table",
        "federal",
        "external_scatter",
        "protocol",
    }


def test_the_distribution_of_a_finding_is_that_of_the_school(manipulated, manipulated_screening):
    key = next(k for k in manipulated_screening.evidence if k[0] and k[4] == "boundary_push")
    chart = manipulated_screening.evidence[key]
    works = manipulated.works.set_index(["school", "subject", "grade"]).loc[[(key[0], key[2], key[3])]]
    spec = next(p for p in manipulated.papers if (p.subject, p.grade) == key[2:4])

    assert chart["observed"] == np.bincount(works["score"], minlength=spec.max_score + 1).tolist()
    assert sum(chart["expected"]) == pytest.approx(len(works), abs=0.5)
    assert chart["cuts"] == list(spec.mark_from)
    assert chart["at_cuts"] == sum(works["score"].isin([c + step for c in spec.mark_from for step in (0, 1)]))


def test_a_paper_without_cuts_still_gets_its_mean_and_says_what_else_is_missing(manipulated):
    uncut = [replace(spec, mark_from=None) for spec in manipulated.papers]

    findings = screen(manipulated.works, uncut, schools=manipulated.schools).findings

    outcome = findings[findings["n"] >= 10].groupby("detector")["outcome"].agg(set)
    assert outcome["boundary_push"] == outcome["few_lowest"] == outcome["journal_gap"] == {"not_assessed"}
    assert outcome["contextual_mean"] == outcome["item_profile"] == {"assessed"}
    assert findings.query("detector == 'boundary_push'")["reason"].str.contains("границ").any()


def test_the_least_columns_are_enough(manipulated):
    least = manipulated.works[["year", "subject", "grade", "school", "participant", "score"]]

    result = screen(least, manipulated.papers)

    outcome = result.findings[result.findings["n"] >= 40].groupby("detector")["outcome"].agg(set)
    assert outcome["boundary_push"] == outcome["contextual_mean"] == {"assessed"}
    assert outcome["journal_gap"] == outcome["item_profile"] == outcome["class_similarity"] == {"not_assessed"}


def test_a_control_sample_becomes_the_reference(manipulated):
    honest = sorted(set(manipulated.works["school"]) - set(manipulated.truth["school"]))
    works = manipulated.works[manipulated.works["school"].isin(honest[:80])]

    by_works = screen(manipulated.works, manipulated.papers, schools=manipulated.schools, control=works)
    by_list = screen(manipulated.works, manipulated.papers, schools=manipulated.schools, control=honest[:80])

    for result in (by_works, by_list):
        assert result.reference["control"]
        assert all(paper["boundary_push"]["pool"] == "control" for paper in result.reference["papers"])
        truth = manipulated.truth.query("manipulation == 'bump'")["school"].unique()
        own = result.findings.query("detector == 'boundary_push' and n >= 30")
        assert (own[own["school"].isin(truth)]["p_value"] < 0.01).mean() > 0.8


def test_a_control_sample_that_is_too_small_is_left_aside_and_said_so(manipulated):
    few = sorted(set(manipulated.works["school"]))[:1]

    result = screen(manipulated.works, manipulated.papers, control=few)

    assert any("контрольная выборка" in text for text in result.reference["warnings"])


def test_years_are_screened_one_by_one_in_one_call():
    options = RegionOptions(schools=60, papers=(("ma", 4),))
    first, second = simulate_region(4, options), simulate_region(4, replace(options, year=2027))
    works = pd.concat([first.works, second.works], ignore_index=True)

    result = screen(works, [replace(first.papers[0], year=None)])

    assert sorted(result.schools["year"].unique()) == [2026, 2027]
    assert result.schools.groupby("year").size().tolist() == [60, 60]


def test_works_of_the_same_year_do_not_serve_as_the_year_before(manipulated, manipulated_screening):
    result = screen(
        manipulated.works,
        manipulated.papers,
        schools=manipulated.schools,
        exams=manipulated.exams,
        previous=manipulated.works,
    )

    pd.testing.assert_frame_equal(result.schools, manipulated_screening.schools)
    assert any("прошлого года" in text for text in result.reference["warnings"])


def test_a_tiny_region_is_answered_without_a_verdict():
    works = pd.DataFrame(
        {"year": 2026, "subject": "ma", "grade": 4, "school": "1", "participant": range(12), "score": [3] * 12}
    )

    result = screen(works, [PaperSpec(None, "ma", 4, (1,) * 10, (2, 4, 6))])

    assert result.schools["tier"].tolist() == ["none"]
    assert set(result.findings.query("detector not in ('federal', 'protocol')")["outcome"]) == {"not_assessed"}


def test_no_works_give_empty_results(manipulated):
    result = screen(manipulated.works.iloc[:0], manipulated.papers)

    assert len(result.findings) == len(result.schools) == len(result.papers) == 0


def test_works_that_are_none_are_refused(manipulated):
    with pytest.raises(WrongFormat):
        screen(manipulated.works.drop(columns="school"), manipulated.papers)


def test_progress_goes_from_nothing_to_all(manipulated):
    seen = []

    screen(manipulated.works, manipulated.papers, progress=lambda step, share: seen.append(share))

    assert seen[0] == 0
    assert seen[-1] == 1
    assert seen == sorted(seen)
