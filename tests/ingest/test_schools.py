"""The context form and the federal list."""

from __future__ import annotations

import pandas as pd
import pytest

from app.ingest import read_file
from tests.ingest.files import context_form, federal_list, workbook


@pytest.fixture
def read(tmp_path):
    def run(sheets):
        reading = read_file(workbook(tmp_path / "a.xlsx", sheets))
        assert reading.rows_read == reading.rows_accepted + reading.rows_rejected + reading.absent
        return reading

    return run


def codes(reading) -> list[tuple[str, int | None, str]]:
    return [(p.sheet, p.row, p.code) for p in reading.problems]


GENERAL, ACTIVITY = context_form()


def test_two_sheets_of_the_context_form_become_one_row_a_school(read):
    reading = read(context_form())
    assert reading.problems == []
    first = reading.schools.iloc[0]
    assert (first["school"], first["name"], first["kind"]) == ("990131", "МБОУ «СОШ №131»", "secondary")
    assert (first["municipality"], first["municipality_name"]) == ("reg99_m037", "Район 37")
    assert (first["settlement"], first["settlement_type"], first["size"]) == ("Город", 2, 6)
    assert (first["pupils"], first["teachers"], first["adapted"], first["indepth"]) == (300, 20, 1, 0)


def test_personal_columns_of_the_context_form_are_dropped_and_said(read):
    sheets = context_form()
    header = sheets[GENERAL][0]
    sheets[GENERAL][1][header.index("3.\tФИО директора (полностью)")] = "Иванова Мария Петровна"
    sheets[GENERAL][1][header.index("6.\tИНН")] = "2200000000"
    reading = read(sheets)
    assert [(p.column, p.value, p.code) for p in reading.problems] == [
        ("3. ФИО директора (полностью)", None, "personal_dropped"),
        ("6. ИНН", None, "personal_dropped"),
    ]
    assert "Иванова" not in reading.schools.to_csv() + str(reading.to_json("a"))


def test_school_only_on_one_sheet_is_named(read):
    sheets = context_form()
    sheets[ACTIVITY][1][0] = "edu990999"
    assert codes(read(sheets)) == [(GENERAL, 2, "side_row_missing"), (ACTIVITY, 2, "side_row_unmatched")]


def test_repeated_school_is_taken_once(read):
    sheets = context_form()
    sheets[GENERAL].append(list(sheets[GENERAL][1]))
    different = list(sheets[GENERAL][2])
    different[-1] = "1) Менее 1 тыс. человек"
    sheets[GENERAL].append(different)
    reading = read(sheets)
    assert codes(reading) == [
        (GENERAL, 3, "duplicate_kept"),
        (GENERAL, 5, "duplicate_row"),
        (GENERAL, 6, "duplicate_conflict"),
    ]
    assert (reading.rows_read, reading.rows_accepted) == (5, 3)


def test_village_in_a_large_city_is_doubtful(read):
    sheets = context_form()
    sheets[GENERAL][1][-2:] = ["4) Населенный пункт сельского типа", "7) 450–680 тыс. человек"]
    assert codes(read(sheets)) == [(GENERAL, 2, "context_contradiction")]


def test_one_number_everywhere_is_a_placeholder_and_left_empty(read):
    sheets = context_form()
    sheets[ACTIVITY][1][-2:] = [1.0, 1.0]
    reading = read(sheets)
    assert codes(reading) == [(GENERAL, 2, "context_placeholder")]
    assert pd.isna(reading.schools.iloc[0]["pupils"])


@pytest.mark.parametrize("value", ["много", "-5", "12,5"])
def test_unreadable_number_is_left_empty(read, value):
    sheets = context_form()
    sheets[ACTIVITY][1][-1] = value
    reading = read(sheets)
    assert codes(reading) == [(ACTIVITY, 2, "number_unreadable")]
    assert pd.isna(reading.schools.iloc[0]["teachers"])


def test_answer_outside_the_list_is_left_empty(read):
    sheets = context_form()
    sheets[GENERAL][1][-2] = "в лесу"
    assert codes(read(sheets)) == [(GENERAL, 2, "answer_unreadable")]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("МБОУ «Гимназия №88»", "gymnasium"),
        ("МБОУ «Лицей №17»", "lyceum"),
        ("МБОУ «Кадетская школа №355»", "cadet"),
        ("МБОУ «Школа-интернат №531»", "boarding"),
        ("МБОУ «ООШ №5»", "basic"),
        ("МБОУ «НОШ №1»", "primary"),
        ("КГБОУ «Вечерняя школа №2»", "evening"),
        ("Коррекционная школа-интернат №1", "correctional"),
        ("МБОУ «Средняя школа №3»", "secondary"),
    ],
)
def test_kind_of_school_is_told_by_its_name(read, name, kind):
    sheets = context_form(1)
    sheets[GENERAL][1][4] = f"edu990131 | {name}"
    sheets[GENERAL][1][7:9] = ["", ""]
    assert read(sheets).schools.iloc[0]["kind"] == kind


def test_federal_list_has_a_line_a_school_with_its_markers(read):
    reading = read(federal_list())
    assert reading.problems == []
    first = reading.frame.iloc[0].to_dict()
    assert {k: first[k] for k in ("year", "school", "ru4", "ma4", "ru5", "ma5", "markers")} == {
        "year": 2021, "school": "990131", "ru4": 1, "ma4": 0, "ru5": 0, "ma5": 1, "markers": 2,
    }  # fmt: skip
    assert reading.schools.iloc[0]["kind"] == "lyceum"


def test_federal_list_that_names_every_school_twice_is_taken_once(read):
    rows = federal_list()
    rows += [list(row) for row in rows[1:]]
    reading = read(rows)
    assert [(p.row, p.code) for p in reading.problems] == [(4, "duplicate_row"), (5, "duplicate_row")]
    assert reading.rows_accepted == 2


def test_federal_line_that_differs_from_its_repetition_is_named_on_both(read):
    rows = federal_list()
    rows.append([2021, "sch990131", "Район 37", "МБОУ «Лицей №131»", 1, 1, "", "", 2])
    assert [(p.row, p.code) for p in read(rows).problems] == [(2, "duplicate_kept"), (4, "duplicate_conflict")]


def test_federal_list_of_several_years_keeps_each_line_s_year(read):
    rows = federal_list()
    rows.append([2022, "edu990131", "Район 37", "МБОУ «Лицей №131»", "", 1, "", "", 1])
    reading = read(rows)
    assert reading.year is None
    assert sorted(reading.frame["year"]) == [2021, 2021, 2022]


@pytest.mark.parametrize(
    ("column", "value", "code", "accepted"),
    [
        (0, "прошлый", "year_unreadable", 1),
        (1, "№131", "login_malformed", 1),
        (4, "два", "marker_unreadable", 2),
        (8, 5, "markers_differ", 2),
    ],
)
def test_faults_of_a_federal_line(read, column, value, code, accepted):
    rows = federal_list()
    rows[1][column] = value
    if column == 4:
        rows[1][8] = 1
    reading = read(rows)
    assert [(p.row, p.code) for p in reading.problems] == [(2, code)]
    assert reading.rows_accepted == accepted


def test_federal_line_without_markers_is_doubtful(read):
    rows = federal_list()
    rows[2][5], rows[2][8] = "", ""
    assert [(p.row, p.code) for p in read(rows).problems] == [(3, "markers_none")]
