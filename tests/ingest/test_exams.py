"""Results of ОГЭ and ЕГЭ: schools by login or code, means inside their scale, every refused row named."""

from __future__ import annotations

import math

import pytest

from app.errors import WrongFormat
from app.ingest import read_file, read_guarded, read_parquet, write_parquet
from app.ingest.cells import exam_code
from app.terms import FileKind
from tests.ingest.files import EXAM_HEADER, as_text, context_form, exam_results, with_cell, workbook

CODES = {"oge": {"77": "990300"}, "ege": {"131": "990131", "500": ""}}


@pytest.fixture
def read(tmp_path):
    def read(rows, **options):
        return read_file(workbook(tmp_path / "results.xlsx", rows), exam_codes=CODES, **options)

    return read


def problems(reading):
    return [(p.row, p.code) for p in reading.problems]


def refused(read, rows):
    with pytest.raises(WrongFormat) as caught:
        read(rows)
    return caught.value.reasons[0].code


def test_a_table_of_results_is_known_by_its_columns_and_read(read):
    reading = read(exam_results())

    assert (reading.kind, reading.layout, reading.year, reading.subject) == (FileKind.EXAMS, "exams", 2025, None)
    assert problems(reading) == []
    columns = ["school", "exam", "subject", "n", "mean_mark"]
    assert reading.frame[columns].to_numpy().tolist() == [
        ["990131", "ege", "ru", 23, 68.4],
        ["990131", "oge", "ma", 54, 3.85],
        ["990204", "ege", "ma", 11, 55.0],
        ["990204", "oge", "ma", 30, 3.4],
    ]
    assert [None if math.isnan(sd) else sd for sd in reading.frame["sd_mark"]] == [None, 0.7, 16.2, None]
    assert reading.schools["school"].tolist() == ["990131", "990204"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1251"])
def test_text_is_read_as_a_workbook_is(tmp_path, read, encoding):
    path = tmp_path / "results.csv"
    path.write_bytes(as_text(exam_results()).encode(encoding))

    text = read_file(path, exam_codes=CODES)

    assert text.frame.equals(read(exam_results()).frame)


def test_other_headers_mean_the_same(read):
    rows = exam_results()
    rows[0] = ["Год экзамена", "Логин школы", "Код ОГЭ/ЕГЭ", "Вид экзамена", "Код предмета", "Сдавало",
               "Средняя оценка", "Средний тестовый балл", "Ст. отклонение"]  # fmt: skip

    assert read(rows).rows_accepted == 4


def test_the_guarded_child_is_told_the_codes_and_the_frame_survives_parquet(tmp_path):
    path = workbook(tmp_path / "results.xlsx", exam_results())

    reading = read_guarded(path, exam_codes=CODES)
    write_parquet(reading, tmp_path / "results.parquet")

    assert reading.frame["school"].tolist()[0] == "990131"
    assert read_parquet(tmp_path / "results.parquet").equals(reading.frame)


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("Год", "прошлый", "exam_year"),
        ("Год", 25, "exam_year"),
        ("Логин", "школа 131", "login_malformed"),
        ("Логин", "", "exam_school_missing"),
        ("Экзамен", "ГВЭ", "exam_unknown"),
        ("Предмет", "труд", "exam_subject_unknown"),
        ("Предмет", "Литература", "exam_subject_other"),
        ("Предмет", "22", "exam_basic_level"),
        ("Количество участников", 0, "exam_participants"),
        ("Количество участников", "12,5", "exam_participants"),
        ("Количество участников", "", "exam_participants"),
        ("Средняя отметка", "хорошо", "exam_mean"),
        ("Средняя отметка", "", "exam_mean"),
        ("Средняя отметка", 17.2, "exam_mark_outside"),
        ("Средняя отметка", 1.9, "exam_mark_outside"),
    ],
)
def test_a_row_that_cannot_be_right_is_refused_by_its_number_and_the_others_stay(read, column, value, code):
    reading = read(with_cell(exam_results(), 2, column, value))

    assert problems(reading) == [(2, code)]
    assert (reading.rows_read, reading.rows_accepted, reading.rows_rejected) == (4, 3, 1)


@pytest.mark.parametrize(("score", "code"), [(100.1, "exam_score_outside"), (-1, "exam_score_outside")])
def test_a_score_of_ege_lies_between_0_and_100(read, score, code):
    assert problems(read(with_cell(exam_results(), 5, "Средний балл", score))) == [(5, code)]


def test_a_mark_in_the_place_of_a_score_is_taken_with_doubt(read):
    reading = read(with_cell(exam_results(), 5, "Средний балл", 4.1))

    assert problems(reading) == [(5, "exam_score_low")]
    assert reading.rows_accepted == 4


def test_a_spread_that_is_no_number_is_left_out(read):
    reading = read(with_cell(exam_results(), 2, "Стандартное отклонение", "-0,7"))

    assert problems(reading) == [(2, "exam_spread")]
    assert reading.frame["sd_mark"].isna().sum() == 3


@pytest.mark.parametrize(
    ("header", "told", "below"),
    [
        ("Не набрали минимум", "7", 7),
        ("получили «2»", 0, 0),
        ("% не набравших минимум", "12,5 %", 7),  # of 54
        ("% не преодолевших порог", "100", 54),
        ("Не набрали минимум", "—", None),
    ],
)
def test_who_stays_below_the_minimum_is_told_by_number_or_by_per_cent(read, header, told, below):
    head, first, *others = exam_results()

    reading = read([[*head, header], [*first, told], *[[*row, ""] for row in others]])

    assert problems(reading) == []
    found = dict(zip(zip(reading.frame["exam"], reading.frame["n"], strict=True), reading.frame["below"], strict=True))
    mine = found.pop(("oge", 54))
    assert (None if math.isnan(mine) else mine) == below
    assert all(math.isnan(value) for value in found.values())


@pytest.mark.parametrize(
    ("header", "told"), [("Не набрали минимум", 55), ("Не набрали минимум", "много"), ("% не преодолевших порог", 101)]
)
def test_a_number_below_the_minimum_that_cannot_be_is_left_out(read, header, told):
    head, first, *others = exam_results()

    reading = read([[*head, header], [*first, told], *[[*row, ""] for row in others]])

    assert problems(reading) == [(2, "exam_below")]
    assert reading.rows_accepted == 4
    assert reading.frame["below"].isna().all()


def test_a_school_twice_in_one_subject_is_taken_once_and_both_rows_are_named(read):
    rows = exam_results()
    rows.append([*rows[1]])
    rows.append([*rows[1][:6], "4,9", "", ""])

    reading = read(rows)

    assert problems(reading) == [(2, "duplicate_kept"), (6, "duplicate_row"), (7, "duplicate_conflict")]
    assert reading.frame.query("school == '990131' and exam == 'oge'")["mean_mark"].tolist() == [3.85]


def test_another_year_or_language_is_no_repetition(read):
    rows = exam_results()[:2]
    rows += [[2024, *rows[1][1:]], [2025, "edu990131", "", "ЕГЭ", "9", 5, "", 70, ""]]
    rows += [[2025, "edu990131", "", "ЕГЭ", "10", 4, "", 60, ""]]

    reading = read(rows)

    assert problems(reading) == []
    assert (reading.rows_accepted, reading.year) == (4, None)
    assert reading.frame["subject"].tolist() == ["an", "an", "ma", "ma"]


@pytest.mark.parametrize(
    ("exam", "code", "expected"),
    [
        ("ЕГЭ", "131", "990131"),
        ("ЕГЭ", 131.0, "990131"),
        ("ОГЭ", "0077", "990300"),
        ("ОГЭ", "edu990131", "990131"),
        ("ЕГЭ", "77", "exam_code_unknown"),
        ("ЕГЭ", "500", "exam_code_shared"),
        ("ОГЭ", "990131", "exam_code_unknown"),
    ],
)
def test_a_code_is_looked_up_in_its_own_examination(read, exam, code, expected):
    rows = [[*EXAM_HEADER], [2025, "", code, exam, "ru", 20, "4,0", "60", ""]]

    reading = read(rows)

    assert [*reading.frame["school"], *(p.code for p in reading.problems)] == [expected]


def test_each_examination_may_have_a_column_of_codes_of_its_own(read):
    rows = [["Год", "Код ОГЭ", "Код ЕГЭ", "Экзамен", "Предмет", "Сдавало", "Средний балл"]]
    rows += [[2025, "77", "131", exam, "ru", 20, mean] for exam, mean in (("ОГЭ", 4.0), ("ЕГЭ", 61))]

    assert read(rows).frame[["school", "exam"]].to_numpy().tolist() == [["990131", "ege"], ["990300", "oge"]]


def test_a_login_wins_over_a_code_of_another_school_with_doubt(read):
    reading = read(with_cell(exam_results(), 5, "Код ОО", "131"))

    assert problems(reading) == [(5, "exam_school_differs")]
    assert "990131" in reading.problems[0].message
    assert set(reading.frame["school"]) == {"990131", "990204"}


def test_names_of_pupils_are_refused(read):
    named = exam_results()
    named[0][2] = "ФИО участника"
    people = with_cell(exam_results(), 3, "Код ОО", "Иванова Мария")

    assert refused(read, named) == refused(read, people) == "personal_data"


def test_a_table_without_schools_or_means_says_which_column_is_missing(read):
    no_school = [[*row[:1], *row[3:]] for row in exam_results()]
    no_mean = [row[:6] for row in exam_results()]

    assert refused(read, no_school) == "exam_no_school"
    assert refused(read, no_mean) == "exam_no_mean"


def test_the_context_form_tells_the_codes_of_the_examinations(tmp_path):
    sheets = context_form()
    for i, row in enumerate(sheets["Общая информация об ОО"]):
        row += ["7.\tКод ОГЭ", "8.\tКод ЕГЭ"] if i == 0 else [f"01{i}", "нет"]

    frame = read_file(workbook(tmp_path / "context.xlsx", sheets)).frame

    assert frame["code_oge"].tolist() == ["11", "12", "13"]
    assert "code_ege" not in frame


def test_a_code_is_the_same_with_and_without_leading_zeros():
    assert exam_code("0131") == exam_code("131") == exam_code("131.0") == "131"
    assert exam_code("нет") is exam_code("") is exam_code("0") is None
