import pandas as pd
import pytest

from app.detectors import screen
from tests.detectors.real_works import PAPERS, read_2021

CLEAREST = "990322"  # 131 works of 5th-grade mathematics: 33 at 7 points, none at 4–6, 39 at 11


@pytest.fixture(scope="module")
def screening(region_files):
    return screen(pd.concat([read_2021(region_files, 4), read_2021(region_files, 5)], ignore_index=True), PAPERS)


@pytest.fixture(scope="module")
def boundary(screening):
    findings = screening.findings
    return findings[(findings["detector"] == "boundary_push") & (findings["school"] != "") & (findings["n"] >= 20)]


def test_the_clearest_school_of_the_region_comes_first(boundary):
    fifth = boundary[boundary["grade"] == 5]

    assert fifth.loc[fifth["statistic"].idxmax(), "school"] == CLEAREST
    assert boundary.loc[boundary["p_value"].idxmin(), "school"] == CLEAREST
    sentence = fifth.set_index("school").loc[CLEAREST, "sentence"]
    assert "111\u00a0работ из\u00a0131" in sentence


def test_its_chart_shows_the_gap_and_the_heaps(screening):
    chart = screening.evidence[CLEAREST, 2021, "ma", 5, "boundary_push"]

    assert chart["observed"][7] == 33
    assert chart["observed"][4:7] == [0, 0, 0]
    assert chart["observed"][11] == 39
    assert chart["at_cuts"] == 111
    assert chart["expected_low"] < chart["expected_at_cuts"] < chart["expected_high"] < 80


def test_one_school_in_grade_four_and_some_forty_in_grade_five_gather_beyond_four_deviations(boundary):
    far = boundary[boundary["statistic"] > 4].groupby("grade").size()

    assert far.get(4, 0) in range(4)
    assert far[5] in range(30, 46)


def test_the_region_itself_is_found_heaped_at_the_first_cut(screening):
    region = screening.findings.query("school == '' and detector == 'boundary_push'").set_index("grade")

    assert (region["p_value"] < 1e-6).all()
    assert "6\u00a0513" in region.loc[5, "sentence"]
    assert all(paper["boundary_push"]["region_heaped"] for paper in screening.reference["papers"])


def test_the_alarm_is_of_a_useful_size(screening):
    tiers = screening.schools["tier"].value_counts()

    assert tiers.get("case", 0) + tiers.get("severe", 0) <= 15
    assert 1 <= tiers.get("watch", 0) + tiers.get("case", 0) + tiers.get("severe", 0) <= 60


def test_the_federal_rule_marks_far_more_schools_than_the_tiers(screening):
    federal = screening.reference["federal"]["2021"]

    assert 60 <= federal["by_marker"]["mean_ma4"] <= 90
    assert federal["by_marker"]["journal_ma4"] <= 2
    assert federal["by_marker"]["rise_ma5"] is None
