import numpy as np
import pandas as pd
import pytest

from app.detectors import PaperSpec
from app.detectors.checks import check_works
from app.errors import WrongFormat

SPEC = PaperSpec(None, "ma", 4, (1, 2, 2), (2, 3, 4))


def works(**changes):
    table = {
        "year": [2026, 2026, 2026],
        "subject": ["ma", "ma", "ma"],
        "grade": [4, 4, 4],
        "school": ["001", "001", "002"],
        "participant": ["40001", "40002", "40001"],
        "score": [3, 5, 0],
    }
    return pd.DataFrame(table | changes)


def test_good_works_pass_unchanged():
    checked = check_works(works(), [SPEC])

    assert checked.works["score"].tolist() == [3, 5, 0]
    assert checked.warnings == ()


def test_scores_above_the_maximum_are_refused_with_their_rows():
    with pytest.raises(WrongFormat, match="строки 3") as refusal:
        check_works(works(score=[3, 6, 0]), [SPEC], first_row=2)

    assert refusal.value.reasons[0].code == "score_outside"


def test_all_problems_are_told_at_once():
    with pytest.raises(WrongFormat) as refusal:
        check_works(works(score=[3.5, 6, 0], year=["?", 2026, 2026]), [SPEC])

    assert {reason.code for reason in refusal.value.reasons} >= {"bad_year", "fraction", "score_outside"}


def test_missing_columns_are_named():
    with pytest.raises(WrongFormat, match="school"):
        check_works(works().drop(columns=["school", "score"]), [SPEC])


def test_unknown_papers_are_refused_or_left_out():
    table = works(subject=["ma", "ru", "ma"])

    with pytest.raises(WrongFormat, match="ru 4 класс, 2026 год"):
        check_works(table, [SPEC], strict_papers=True)
    assert any("ru 4 класс" in text for text in check_works(table, [SPEC]).warnings)


def test_blank_scores_are_summed_from_items_and_works_with_neither_are_left_out():
    table = works(score=[np.nan, 5, np.nan], item_1=[1, 1, np.nan], item_2=[2, 2, np.nan], item_3=[np.nan, 2, np.nan])

    checked = check_works(table, [SPEC])

    assert checked.works["score"].tolist() == [3, 5]
    assert len(checked.warnings) == 2


def test_floats_commas_and_numeric_codes_are_understood():
    table = works(score=["3,0", "5", "0.0"], year=[2026.0] * 3, school=[1001.0, 1001.0, 1002.0])

    checked = check_works(table, [SPEC])

    assert checked.works["score"].tolist() == [3, 5, 0]
    assert checked.works["school"].tolist() == ["1001", "1001", "1002"]


def test_repeated_participants_are_reported_and_counted():
    checked = check_works(works(participant=["1", "1", "1"]), [SPEC])

    assert len(checked.works) == 3
    assert "повторяется" in checked.warnings[0]


def test_odd_journal_marks_are_dropped_with_a_warning():
    checked = check_works(works(journal_mark=[4, 9, np.nan]), [SPEC])

    assert checked.works["journal_mark"].isna().tolist() == [False, True, True]
    assert "по журналу" in checked.warnings[0]
