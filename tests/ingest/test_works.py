"""Works: every fault of a row or a cell, one at a time."""

from __future__ import annotations

import pandas as pd
import pytest

from app.ingest import read_file
from app.ingest.uploads import UPLOAD_COLUMNS
from tests.ingest.files import (
    RU4_MAX,
    column,
    raw_2020,
    raw_2021,
    raw_2022,
    with_cell,
    workbook,
)


@pytest.fixture
def read(tmp_path):
    def run(sheets):
        reading = read_file(workbook(tmp_path / "a.xlsx", sheets))
        assert reading.rows_read == reading.rows_accepted + reading.rows_rejected + reading.absent
        assert len(reading.frame) == reading.rows_accepted
        return reading

    return run


def codes(reading) -> list[tuple[int | None, str | None, str]]:
    return [(p.row, p.column, p.code) for p in reading.problems]


def work(reading, code: str) -> dict:
    frame = reading.frame
    return frame[frame["participant"] == code].iloc[0].to_dict()


def items(record: dict) -> list:
    return [record[f"item_{k}"] for k in range(1, 16)]


def points(rows, row: int) -> list[int]:
    first = column(rows, "балл за 1")
    return [int(v) if str(v).isdigit() else 0 for v in rows[row - 1][first : first + 15]]


def test_clean_export_gives_no_problems(read):
    reading = read(raw_2021())
    assert reading.problems == []
    assert (reading.rows_accepted, reading.scale_version, reading.format_version) == (20, "2021.1", "raw_2021@1")


def test_frame_is_sorted_and_typed_for_screening(read):
    frame = read(raw_2021()).frame
    assert frame["municipality"].is_monotonic_increasing
    assert str(frame["item_1"].dtype) == "Int8"
    assert str(frame["mark"].dtype) == "Int8"
    assert {"year", "subject", "grade", "school", "class", "participant", "variant", "journal_mark"} <= set(
        frame.columns
    )


@pytest.mark.parametrize("value", ["X", "x", "Х", "х", " X ", "Не пройд.", "не пройд.", "НЕ ПРОЙДЕНО"])
def test_not_attempted_and_not_taught_are_null_and_count_nothing(read, value):
    rows = with_cell(raw_2021(), 2, "балл за 3", value)
    with_cell(rows, 2, "всего баллов", sum(points(rows, 2)))
    reading = read(rows)
    assert reading.problems == []
    assert pd.isna(work(reading, "40001")["item_3"])
    assert work(reading, "40001")["score"] == sum(points(rows, 2))


@pytest.mark.parametrize("value", ["H", "?", "*", "Ч", "-", "-1", "-2", "1.5", "1,5", "нет"])
def test_an_unreadable_cell_is_null_and_named_and_the_row_is_kept(read, value):
    rows = with_cell(raw_2021(), 2, "балл за 3", value)
    with_cell(rows, 2, "всего баллов", sum(points(rows, 2)))
    reading = read(rows)
    assert [(p.row, p.column, p.value, p.code, p.severity) for p in reading.problems] == [
        (2, "балл за 3", value, "item_unreadable", "doubtful")
    ]
    assert reading.rows_accepted == 20
    assert pd.isna(work(reading, "40001")["item_3"])


def test_a_blank_cell_is_null_and_named(read):
    rows = with_cell(raw_2021(), 2, "балл за 3", "")
    with_cell(rows, 2, "всего баллов", sum(points(rows, 2)))
    assert codes(read(rows)) == [(2, "балл за 3", "item_blank")]


@pytest.mark.parametrize("value", ["1,0", "1.0", 1.0, 1, " 1 ", True])
def test_whole_numbers_are_points_however_written(read, value):
    rows = with_cell(raw_2021(), 2, "балл за 1", "1")
    with_cell(rows, 2, "всего баллов", sum(points(rows, 2)))
    with_cell(rows, 2, "балл за 1", value)
    reading = read(rows)
    assert reading.rows_accepted == 20
    if value is True:
        assert codes(reading)[0] == (2, "балл за 1", "item_unreadable")
    else:
        assert reading.problems == []
        assert work(reading, "40001")["item_1"] == 1


@pytest.mark.parametrize("value", ["3", "30", 99.0])
def test_a_point_above_the_maximum_rejects_the_work(read, value):
    reading = read(with_cell(raw_2021(), 2, "балл за 1", value))
    assert codes(reading) == [(2, "балл за 1", "item_above_max")]
    assert "наибольшего за задание (1)" in reading.problems[0].message
    assert (reading.rows_accepted, reading.rows_rejected) == (19, 1)


def test_total_that_differs_is_doubtful_and_the_sum_is_the_score(read):
    rows = raw_2021()
    total = sum(points(rows, 2))
    reading = read(with_cell(rows, 2, "всего баллов", str(total + 5)))
    assert codes(reading) == [(2, "всего баллов", "total_differs")]
    assert (work(reading, "40001")["score"], work(reading, "40001")["file_total"]) == (total, total + 5)


@pytest.mark.parametrize(("value", "code"), [("", "total_missing"), ("много", "total_unreadable")])
def test_total_that_is_missing_or_unreadable_is_replaced_by_the_sum(read, value, code):
    rows = raw_2021()
    total = sum(points(rows, 2))
    reading = read(with_cell(rows, 2, "всего баллов", value))
    assert codes(reading) == [(2, "всего баллов", code)]
    assert work(reading, "40001")["score"] == total


def test_a_work_with_a_total_only_keeps_the_total(read):
    rows = raw_2021()
    for k in range(1, 16):
        with_cell(rows, 2, f"балл за {k}", "")
    reading = read(with_cell(rows, 2, "всего баллов", "12"))
    assert codes(reading) == [(2, "всего баллов", "items_missing")]
    assert work(reading, "40001")["score"] == 12
    assert all(pd.isna(value) for value in items(work(reading, "40001")))


def test_a_total_above_the_maximum_without_items_rejects_the_work(read):
    rows = raw_2021()
    for k in range(1, 16):
        with_cell(rows, 2, f"балл за {k}", "")
    reading = read(with_cell(rows, 2, "всего баллов", "21"))
    assert codes(reading) == [(2, "всего баллов", "total_above_max")]
    assert reading.rows_rejected == 1


def test_an_item_blank_in_every_work_leaves_the_score_to_the_totals(read):
    rows = raw_2021()
    totals = [int(row[column(rows, "всего баллов")]) for row in rows[1:]]
    for row in range(2, 22):
        with_cell(rows, row, "балл за 15", "")
    reading = read(rows)
    assert codes(reading) == [(None, "балл за 15", "item_column_blank")]
    assert sorted(reading.frame["score"]) == sorted(totals)


def test_an_empty_work_is_rejected(read):
    rows = raw_2021()
    for k in range(1, 16):
        with_cell(rows, 2, f"балл за {k}", "")
    reading = read(with_cell(rows, 2, "всего баллов", ""))
    assert codes(reading) == [(2, "код обучающегося", "work_empty")]


@pytest.mark.parametrize("word", ["отсутствовал", "Отсутствовала", "ОТСУТСТВОВАЛ "])
def test_absent_pupils_are_counted_apart(read, word):
    rows = with_cell(raw_2021(), 2, "вариант", word)
    for header in ("всего баллов", "класс", *(f"балл за {k}" for k in range(1, 16))):
        with_cell(rows, 2, header, "")
    reading = read(rows)
    assert (reading.rows_accepted, reading.absent, reading.problems) == (19, 1, [])


def test_absent_pupil_with_points_is_doubtful(read):
    reading = read(with_cell(raw_2021(), 2, "вариант", "отсутствовал"))
    assert codes(reading) == [(2, "вариант", "absent_scored")]
    assert reading.absent == 1


@pytest.mark.parametrize("value", ["0", 0.0, "", "вариант", "12"])
def test_unknown_variant_is_doubtful_and_null(read, value):
    reading = read(with_cell(raw_2021(), 2, "вариант", value))
    assert codes(reading) == [(2, "вариант", "variant_unknown")]
    assert pd.isna(work(reading, "40001")["variant"])


@pytest.mark.parametrize("value", ["нет отметки", "Нет отметки", "", "н/а"])
def test_missing_journal_mark_is_a_note(read, value):
    reading = read(with_cell(raw_2021(), 2, "отметка за предыдущую четверть/триместр", value))
    assert [(p.code, p.severity) for p in reading.problems] == [("journal_mark_none", "note")]
    assert pd.isna(work(reading, "40001")["journal_mark"])


@pytest.mark.parametrize("value", ["1", "6", "зачёт", "4+"])
def test_impossible_journal_mark_is_doubtful(read, value):
    reading = read(with_cell(raw_2021(), 2, "отметка за предыдущую четверть/триместр", value))
    assert [p.code for p in reading.problems] == ["journal_mark_unreadable"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("нет", None), ("НЕТ", None), ("-", None), ("", None), ('"А"', "А"), ("«б»", "Б"), ("a", "А"), ("4 а", "4А"),
        ("4-Б", "4Б"), ("4А", "4А"), (4.0, "4"), ("Берёзовка", "БЕРЁЗОВКА"), ("наименование класса", None), ("o", "О"),
    ],
)  # fmt: skip
def test_class_is_cleaned_not_corrected(read, value, expected):
    found = work(read(with_cell(raw_2021(), 2, "класс", value)), "40001")["class"]
    assert pd.isna(found) if expected is None else found == expected


@pytest.mark.parametrize("login", ["", "sch12", "школа 131", "sch990131a", "edu 990131", "abc990131"])
def test_malformed_login_rejects_the_row(read, login):
    reading = read(with_cell(raw_2021(), 2, "логин школы", login))
    assert codes(reading) == [(2, "логин школы", "login_malformed")]
    assert reading.rows_rejected == 1


@pytest.mark.parametrize("login", ["sch990204", "edu990204", "EDU990204", "990204", 990204.0])
def test_school_is_known_by_its_digits_whatever_the_prefix(read, login):
    reading = read(with_cell(raw_2021(), 2, "логин школы", login))
    assert work(reading, "40001")["school"] == "990204"
    assert sorted(reading.schools["school"]) == ["990131", "990204"]


def test_logins_with_their_own_numbering_keep_the_prefix(read):
    reading = read(with_cell(raw_2021(), 2, "логин школы", "ksh990204"))
    assert sorted(reading.schools["school"]) == ["990131", "990204", "ksh990204"]


@pytest.mark.parametrize(("value", "code"), [("", "participant_missing"), ("4000А", "participant_malformed")])
def test_row_without_a_usable_code_is_rejected(read, value, code):
    reading = read(with_cell(raw_2021(), 2, "код обучающегося", value))
    assert codes(reading) == [(2, "код обучающегося", code)]


def test_malformed_code_is_not_repeated_since_it_may_be_a_name(read):
    reading = read(with_cell(raw_2021(), 2, "код обучающегося", "петров"))
    assert reading.problems[0].value == "(не показано)"


def test_identical_rows_are_taken_once(read):
    rows = raw_2021()
    rows.append(list(rows[1]))
    reading = read(rows)
    assert [(p.row, p.code, p.message) for p in reading.problems] == [
        (22, "duplicate_row", "Строка повторяет строку 2: учтена один раз")
    ]
    assert (reading.rows_read, reading.rows_accepted, reading.rows_rejected) == (21, 20, 1)


def test_rows_of_one_participant_that_differ_are_both_named_and_the_first_is_taken(read):
    rows = raw_2021()
    rows.append(list(rows[1]))
    with_cell(rows, 22, "вариант", "2")
    reading = read(rows)
    assert [(p.row, p.code) for p in reading.problems] == [(2, "duplicate_kept"), (22, "duplicate_conflict")]
    assert work(reading, "40001")["variant"] == "1"


def test_same_code_in_another_school_is_another_participant(read):
    rows = with_cell(raw_2021(), 3, "код обучающегося", "40001")
    assert read(rows).rows_accepted == 20


def test_school_in_two_municipalities_is_a_note(read):
    reading = read(with_cell(raw_2021(), 2, "регион", "Район 70"))
    assert [(p.value, p.code, p.severity) for p in reading.problems] == [("990204", "municipality_differs", "note")]
    assert reading.rows_accepted == 20


def test_row_without_a_municipality_is_doubtful(read):
    assert codes(read(with_cell(raw_2021(), 2, "регион", ""))) == [(2, "регион", "municipality_missing")]


def test_code_of_another_grade_is_doubtful(read):
    reading = read(with_cell(raw_2021(), 2, "код обучающегося", "70001"))
    assert codes(reading) == [(2, "код обучающегося", "grade_doubtful")]
    assert set(reading.frame["pupil_grade"]) == {4}


def test_points_right_of_the_last_item_make_the_row_doubtful(read):
    reading = read(with_cell(raw_2021(), 2, "Учебник", "1"))
    assert codes(reading) == [(2, "Учебник", "extra_values")]
    assert reading.rows_accepted == 20


def test_a_textbook_moved_right_is_one_note(read):
    rows = [[*row, ""] for row in raw_2021()]
    for row in (2, 3):
        rows[row - 1][-1], rows[row - 1][-4] = rows[row - 1][-4], ""
    reading = read(rows)
    assert codes(reading) == [(None, None, "textbook_shifted")]
    assert "строк: 2" in reading.problems[0].message


def test_marks_follow_the_official_scale_not_the_file(read):
    frame = read(raw_2021(200)).frame
    for score, mark in zip(frame["score"], frame["mark"], strict=True):
        assert mark == (2 if score <= 5 else 3 if score <= 9 else 4 if score <= 14 else 5)


def test_autumn_papers_keep_the_pupils_grade_apart(read):
    reading = read(raw_2020())
    assert (reading.grade, reading.pupil_grade) == (4, 5)
    assert set(reading.frame["pupil_grade"]) == {5}
    assert set(reading.frame["municipality"]) == {"reg99_m050", "reg99_m051"}


def test_values_beyond_the_textbook_of_2020_are_extra(read):
    rows = with_cell(raw_2020(), 2, "a-17-grade", "1")
    assert [(p.row, p.code) for p in read(rows).problems] == [(2, "extra_values")]


@pytest.mark.parametrize(("first", "second"), [("1", "отсутствовал"), ("отсутствовал", "2")])
def test_half_a_two_part_work_is_rejected(read, first, second):
    rows = raw_2020(paper="ru4", maxima=RU4_MAX)
    with_cell(with_cell(rows, 2, "var-1", first), 2, "var-2", second)
    for k in range(6, 21) if second == "отсутствовал" else range(1, 6):
        with_cell(rows, 2, f"a-{k}-grade", "")
    reading = read(rows)
    assert [(p.row, p.value, p.code) for p in reading.problems] == [(2, f"{first} / {second}", "part_missing")]


@pytest.mark.parametrize(
    ("first", "second"), [("отсутствовал", "отсутствовал"), ("отсутствовал", ""), ("", "отсутствовал")]
)
def test_absence_from_a_two_part_work_is_absence(read, first, second):
    rows = raw_2020(paper="ru4", maxima=RU4_MAX)
    with_cell(with_cell(rows, 2, "var-1", first), 2, "var-2", second)
    for header in ("sum", *(f"a-{k}-grade" for k in range(1, 21))):
        with_cell(rows, 2, header, "")
    reading = read(rows)
    assert (reading.absent, reading.problems) == (1, [])


def test_two_part_work_keeps_both_variants(read):
    reading = read(raw_2020(paper="ru4", maxima=RU4_MAX))
    assert set(reading.frame["variant"]) == {"1/2"}


def test_names_and_codes_of_2022_are_told_apart(read):
    schools = read(raw_2022()).schools.drop(columns=list(UPLOAD_COLUMNS))
    assert schools.iloc[0].to_dict() == {
        "school": "990131",
        "name": "МБОУ «Лицей №131»",
        "municipality": "reg99_m037",
        "municipality_name": "Район 37",
        "kind": "lyceum",
    }


def test_headers_whose_maxima_disagree_with_the_scale_leave_marks_empty(read):
    sheets = raw_2022()
    header = sheets["Протокол"][0]
    header[header.index("12 (2б)")] = "12 (3б)"
    reading = read(sheets)
    assert "max_differs" in [p.code for p in reading.problems]
    assert reading.frame["mark"].isna().all()


def test_paper_without_a_scale_is_read_without_marks(read):
    sheets = raw_2022()
    for rows in sheets.values():
        for row in rows[1:]:
            row[5] = "17.03.2023 05:33:20"
    reading = read(sheets)
    assert [p.code for p in reading.problems] == ["scale_unknown"]
    assert reading.frame["mark"].isna().all()
    assert reading.scale_version is None


def test_missing_optional_columns_are_noted_and_left_empty(read):
    rows = raw_2021()
    dropped = {column(rows, h) for h in ("класс", "отметка за предыдущую четверть/триместр", "регион", "всего баллов")}
    rows = [[value for i, value in enumerate(row) if i not in dropped] for row in rows]
    reading = read(rows)
    assert reading.rows_accepted == 20
    assert [p.code for p in reading.problems] == ["column_missing"] * 3
    assert reading.frame["class"].isna().all()


def test_counts_and_problems_are_what_the_command_line_prints(read):
    answer = read(with_cell(raw_2021(), 2, "логин школы", "?")).to_json("работы.xlsx")
    assert list(answer) == [
        *(
            "file",
            "kind",
            "year",
            "subject",
            "grade",
            "rows_read",
            "rows_accepted",
            "rows_rejected",
            "absent",
            "problems",
        )
    ]
    assert (answer["kind"], answer["rows_read"], answer["rows_accepted"], answer["rows_rejected"]) == (
        "works",
        20,
        19,
        1,
    )
    problem = answer["problems"][0]
    assert {"sheet", "row", "column", "value", "code", "message"} <= set(problem)
    assert (problem["sheet"], problem["row"], problem["column"]) == ("Sheet", 2, "логин школы")


def test_largest_points_are_observed_where_no_source_gives_them(read):
    maxima = (4, 3, 3, 3, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1)
    assert sum(maxima) == 45
    rows = raw_2021(300, maxima=maxima, grade=5, textbook="Ладыженская Т.А. Русский язык 5 класс")
    rows[1][column(rows, "балл за 21")] = "9"
    reading = read(rows)
    assert (reading.subject, reading.grade) == ("ru", 5)
    assert [p.code for p in reading.problems] == ["item_above_max"]


def test_what_a_file_tells_about_each_schools_upload_is_kept_with_the_school(read):
    sheets = raw_2022()
    rows = sheets["Протокол"]
    with_cell(rows, 2, "Вариант", "отсутствовал")
    for place in range(8, len(rows[1]) - 4):
        rows[1][place] = ""
    rows[1][-1] = ""
    rows[4][-1] = float(rows[4][-1]) + 1
    rows[6][8] = 9
    rows.append(list(rows[8]))
    rows[9][5] = "18.03.2022 07:00:00"

    told = read(sheets).schools.iloc[0]

    assert (told["present"], told["absent"]) == (18, 1)
    assert (told["n_total_mismatch"], told["n_out_of_range"], told["n_duplicates"]) == (1, 1, 1)
    assert told["uploaded_at"] == "2022-03-18 07:00:00"


def test_a_file_without_a_time_of_upload_keeps_none(read):
    told = read(raw_2021()).schools.iloc[0]

    assert told["present"] > 0
    assert pd.isna(told["uploaded_at"])
