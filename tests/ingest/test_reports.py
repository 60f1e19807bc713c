"""Ready reports of the federal cabinet are known by what stands in A1 and A3, and their numbers are counted."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import WrongFormat
from app.ingest import Paper, read_file, read_guarded, read_parquet, write_parquet
from app.ingest.formats import load_formats
from app.ingest.report_head import place
from app.ingest.report_rows import adds_up, figure
from app.terms import FileKind
from tests.ingest.files import (
    MA4_MAX,
    as_text,
    groups_report,
    individual_report,
    items_report,
    journal_report,
    journal_rows_report,
    marks_report,
    planned_report,
    recut,
    report_head,
    scores_report,
    workbook,
)


def read(tmp_path, rows, name="2849657.xlsx", **options):
    sheets = rows if isinstance(rows, dict) else {"МА 4 Сравнение отметок с отметк": rows}
    return read_file(workbook(tmp_path / name, sheets), **options)


def codes(reading):
    return [(p.row, p.code) for p in reading.problems]


@pytest.mark.parametrize(
    ("rows", "kind", "layout"),
    [
        (individual_report(), FileKind.WORKS, "report_individual"),
        (marks_report(), FileKind.REPORT_MARKS, "report_marks"),
        (journal_report(), FileKind.REPORT_JOURNAL, "report_journal"),
        (journal_rows_report(), FileKind.REPORT_JOURNAL, "report_journal_rows"),
        (scores_report(), FileKind.REPORT_SCORES, "report_scores"),
        (items_report(), FileKind.REPORT_ITEMS, "report_items"),
        (planned_report(), FileKind.REPORT_PLANNED, "report_planned"),
        (groups_report(), FileKind.REPORT_GROUPS, "report_groups"),
    ],
)
def test_every_report_is_known_by_its_title_and_paper_under_any_name(tmp_path, rows, kind, layout):
    reading = read(tmp_path, rows)

    assert (reading.kind, reading.layout) == (kind, layout)
    assert (reading.year, reading.subject, reading.grade) == (2021, "ma", 4)
    assert reading.rows_read == reading.rows_accepted + reading.rows_rejected + reading.absent > 0
    assert reading.rows_rejected == 0
    assert codes(reading) == []


@pytest.mark.parametrize(
    "rows",
    [marks_report(), journal_report(), scores_report(), items_report(), planned_report(), groups_report(), recut()],
)
def test_a_report_comes_through_the_guarded_child_and_parquet_unchanged(tmp_path, rows):
    path = workbook(tmp_path / "a.xlsx", rows)

    reading = read_guarded(path)
    write_parquet(reading, tmp_path / "rows.parquet")

    assert read_parquet(tmp_path / "rows.parquet").equals(reading.frame)
    assert reading.summary() == read_file(path).summary()


def test_all_levels_of_mark_statistics_are_kept_and_schools_know_their_municipality(tmp_path):
    reading = read(tmp_path, marks_report())

    frame = reading.frame
    assert frame["level"].tolist() == ["all", "region", "municipality", "school", "school"]
    assert frame["n"].tolist() == [1_722_202, 30_216, 162, 89, 73]
    assert frame["school"].tolist()[3:] == ["990131", "990204"]
    assert frame.loc[3, ["2", "3", "4", "5"]].tolist() == [12.36, 52.81, 26.97, 7.87]
    assert frame.loc[4, ["2", "3", "4", "5"]].tolist() == [6.85, 35.62, 41.1, 16.44]
    schools = reading.schools
    assert schools["municipality"].tolist() == ["reg99_m012", "reg99_m012"]
    assert schools["municipality_name"].tolist() == ["Горский район", "Горский район"]
    assert schools["kind"].tolist() == ["secondary", "lyceum"]


def test_both_forms_of_the_comparison_with_the_journal_say_the_same(tmp_path):
    columns = read(tmp_path, journal_report(), "a.xlsx").frame
    rows = read(tmp_path, journal_rows_report(), "b.xlsx").frame

    sides = ["school", "n", "lowered", "confirmed", "raised"]
    own = columns[columns["level"] == "school"][sides].reset_index(drop=True)
    assert own.equals(rows[sides])
    assert own["lowered"].tolist() == [52, 18]


def test_bare_columns_of_participants_belong_to_the_side_before_them(tmp_path):
    rows = journal_report()
    rows[7] = [cell if "%" in str(cell) or k < 2 else "Кол-во участников" for k, cell in enumerate(rows[7])]

    frame = read(tmp_path, rows).frame

    assert frame.loc[2, ["lowered", "confirmed", "raised"]].tolist() == [52, 37, 4]


def test_a_comparison_without_participants_by_side_gives_per_cent(tmp_path):
    rows = [row if k < 7 else [cell for j, cell in enumerate(row) if j in (0, 1, 2, 4, 6)]
            for k, row in enumerate(journal_report())]  # fmt: skip

    frame = read(tmp_path, rows).frame

    assert frame.loc[2, ["lowered", "confirmed", "raised"]].tolist() == [55.91, 39.78, 4.3]


def test_an_older_comparison_that_lacks_a_side_is_rejected_with_its_row(tmp_path):
    rows = journal_rows_report()
    del rows[10]

    reading = read(tmp_path, rows)

    assert codes(reading) == [(9, "report_parts")]
    assert reading.frame["school"].tolist() == ["990204"]
    assert (reading.rows_read, reading.rows_accepted, reading.rows_rejected) == (9, 5, 4)


def test_the_row_of_largest_points_is_kept_apart_and_not_counted(tmp_path):
    reading = read(tmp_path, items_report())

    first = reading.frame.iloc[0]
    assert reading.rows_read == 5
    assert first["level"] == "max"
    assert [int(first[f"item_{k}"]) for k in range(1, 16)] == list(MA4_MAX)


def test_individual_results_are_works_like_any_other(tmp_path):
    reading = read(tmp_path, individual_report(works=12))

    assert (reading.rows_read, reading.rows_accepted) == (24, 24)
    assert sorted(reading.frame["school"].unique()) == ["990131", "990204"]
    assert reading.frame["journal_mark"].eq(4).all()
    assert reading.frame["mark"].between(2, 5).all()
    assert [c for c in reading.frame.columns if c.startswith("item_")] == [f"item_{k}" for k in range(1, 16)]


def test_names_among_individual_results_are_refused(tmp_path):
    rows = individual_report()
    rows[7][2] = "ФИО участника"

    with pytest.raises(WrongFormat) as caught:
        read(tmp_path, rows)

    assert caught.value.reasons[0].code == "personal_data"


@pytest.mark.parametrize("kind", ["marks", "scores"])
def test_a_regional_table_with_comma_text_and_blanks_is_read(tmp_path, kind):
    reading = read(tmp_path, recut(kind))

    assert reading.kind is (FileKind.REPORT_MARKS if kind == "marks" else FileKind.REPORT_SCORES)
    assert (reading.year, reading.subject, reading.grade, reading.rows_accepted) == (2021, "ma", 4, 2)
    values = reading.frame.iloc[0]
    assert values["2"] == (25.0 if kind == "marks" else 4.76)
    if kind == "scores":
        assert math.isnan(values["21"])


def test_a_regional_table_may_hold_several_papers_of_a_year(tmp_path):
    reading = read(tmp_path, recut("marks", subjects=("Математика", "РУ")))

    assert (reading.year, reading.subject, reading.grade) == (2021, None, None)
    assert reading.frame["subject"].tolist() == ["ma", "ma", "ru", "ru"]


def test_a_regional_table_of_several_years_is_refused(tmp_path):
    rows = recut("marks")
    rows[2][0] = 2022

    with pytest.raises(WrongFormat, match="2021, 2022"):
        read(tmp_path, rows)


def test_schools_listed_twice_are_taken_once_and_both_rows_are_named(tmp_path):
    rows = recut("marks")
    conflict = [*rows[2]]
    conflict[7:] = ["10,00", "40,00", "40,00", "10,00"]

    reading = read(tmp_path, [*rows, rows[1], conflict])

    assert [(p.row, p.code) for p in reading.problems] == [
        (3, "duplicate_kept"), (4, "duplicate_row"), (5, "duplicate_conflict"),
    ]  # fmt: skip
    assert (reading.rows_read, reading.rows_accepted, reading.rows_rejected) == (4, 2, 2)


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        (0, "МБОУ «СОШ № 131»(edu99)", "login_malformed"),
        (2, "много", "report_participants"),
        (2, 0, "report_participants"),
        (3, "нет", "report_number"),
        (3, 52.36, "report_sum"),
        (3, -12.36, "report_sum"),
    ],
)
def test_a_row_that_cannot_be_right_is_rejected_by_sheet_row_and_column(tmp_path, column, value, code):
    rows = marks_report()
    rows[11][column] = value

    reading = read(tmp_path, rows)

    (problem,) = reading.problems
    assert (problem.row, problem.code, problem.severity) == (12, code, "rejected")
    assert problem.column
    assert problem.sheet == "МА 4 Сравнение отметок с отметк"
    assert (reading.rows_accepted, reading.rows_rejected) == (4, 1)


def test_a_row_without_values_is_rejected(tmp_path):
    rows = marks_report()
    rows[11][3:] = ["-", "", "–", ""]

    assert codes(read(tmp_path, rows)) == [(12, "report_empty")]


def test_scores_above_the_paper_are_rejected(tmp_path):
    rows = scores_report(largest=21)
    rows[4][1] = 20

    reading = read(tmp_path, rows)

    assert {code for _, code in codes(reading)} == {"report_above_max"}
    assert reading.rows_accepted == 0


def test_completion_beyond_a_hundred_per_cent_is_rejected(tmp_path):
    rows = items_report()
    rows[-1][4] = 101

    assert codes(read(tmp_path, rows)) == [(14, "report_outside")]


def test_a_largest_score_that_differs_from_the_scale_is_said(tmp_path):
    assert codes(read(tmp_path, marks_report(largest=19))) == [(None, "report_max_differs")]


def test_a_paper_without_a_scale_is_taken_and_said(tmp_path):
    reading = read(tmp_path, marks_report(paper="ВПР 2026 Английский язык 8 класс", largest=30))

    assert (reading.year, reading.subject, reading.grade) == (2026, "an", 8)
    assert codes(reading) == [(None, "scale_unknown")]


def test_a_report_that_names_no_paper_is_asked_for_it(tmp_path):
    rows = marks_report()
    rows[2] = [""]

    with pytest.raises(WrongFormat) as caught:
        read(tmp_path, rows)
    reading = read(tmp_path, rows, paper=Paper(2021, "ma", 4))

    assert caught.value.reasons[0].code == "report_no_paper"
    assert reading.grade == 4


def test_a_named_paper_must_be_the_reports_own(tmp_path):
    with pytest.raises(WrongFormat, match="математика"):
        read(tmp_path, marks_report(), paper=Paper(2021, "ru", 4))


def test_a_known_title_over_an_unknown_table_is_refused_by_name(tmp_path):
    rows = [*report_head("marks"), ["Показатель", "Значение", "Примечание"], ["доля", 1, ""]]

    with pytest.raises(WrongFormat, match="статистика по отметкам"):
        read(tmp_path, rows)


def test_a_report_saved_as_text_in_cp1251_is_read(tmp_path):
    path = tmp_path / "отчёт.csv"
    path.write_bytes(as_text(marks_report()).encode("cp1251"))

    reading = read_file(path)

    assert (reading.kind, reading.rows_accepted) == (FileKind.REPORT_MARKS, 5)


def test_several_sheets_of_one_report_are_read_together_and_of_two_papers_refused(tmp_path):
    rows = marks_report()
    second = [*rows[:8], ["МБОУ «СОШ № 7»(edu990007)", "", 20, 10, 40, 40, 10]]

    reading = read(tmp_path, {"1": rows, "2": second}, "a.xlsx")

    assert reading.rows_accepted == 6
    other = [[*row] for row in second]
    other[2] = ["ВПР 2021 Русский язык 4 класс"]
    with pytest.raises(WrongFormat) as caught:
        read(tmp_path, {"1": rows, "2": other}, "b.xlsx")
    assert caught.value.reasons[0].code == "mixed_papers"


@given(st.floats(0, 100), st.integers(0, 3), st.booleans(), st.sampled_from(["", " ", "\u00a0", " %", "%"]))
def test_a_percentage_is_the_same_with_point_or_comma(value, digits, comma, tail):
    text = f"{value:.{digits}f}"

    assert figure((text.replace(".", ",") if comma else text) + tail.replace("\u00a0", " ")) == float(text)


@given(st.lists(st.integers(0, 400), min_size=2, max_size=45).filter(any), st.integers(1, 3))
def test_percentages_of_any_counts_add_up_and_half_of_them_never_do(counts, digits):
    n = sum(counts)
    shares = [round(100 * count / n, digits) for count in counts]

    assert adds_up(shares, n) or digits == 1
    assert adds_up([float(count) for count in counts], n)
    assert not adds_up([share / 2 for share in shares], n) or abs(sum(shares) / 2 - n) < 1e-9


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Вся выборка", ("all", None, "Вся выборка")),
        ("Новая область", ("region", None, "Новая область")),
        ("Горский район(reg99_m012)", ("municipality", "reg99_m012", "Горский район")),
        ("МБОУ «СОШ № 1»(edu990131)", ("school", "990131", "МБОУ «СОШ № 1»")),
        ("Школа (с углублённым изучением)(sch990131)", ("school", "990131", "Школа (с углублённым изучением)")),
        ("Школа(edu12)", ("school", None, "Школа")),
    ],
)
def test_the_level_of_a_row_is_told_by_its_code(text, expected):
    assert place(text, load_formats().words) == expected
