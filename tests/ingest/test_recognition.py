"""A file is known by what is in it."""

from __future__ import annotations

import shutil

import pytest

from app.errors import WrongFormat
from app.ingest import Paper, read_file
from app.terms import FileKind
from tests.ingest.files import (
    RU4_MAX,
    context_form,
    federal_list,
    raw_2020,
    raw_2021,
    raw_2022,
    workbook,
)


def refusal(path, **options) -> str:
    with pytest.raises(WrongFormat) as caught:
        read_file(path, **options)
    reason = caught.value.reasons[0]
    assert reason.ru.endswith(".")
    assert reason.en
    return reason.code


@pytest.mark.parametrize(
    ("sheets", "kind", "layout", "year", "subject", "grade", "pupil_grade"),
    [
        (raw_2020(), FileKind.WORKS, "raw_2020", 2020, "ma", 4, 5),
        (raw_2021(), FileKind.WORKS, "raw_2021", 2021, "ma", 4, 4),
        (raw_2022(), FileKind.WORKS, "raw_2022", 2022, "ma", 4, 4),
        (context_form(), FileKind.CONTEXT, "context_2022", 2022, None, None, None),
        (federal_list(), FileKind.FEDERAL_LIST, "federal_list", 2021, None, None, None),
    ],
)
def test_kind_layout_and_paper_come_from_the_content(tmp_path, sheets, kind, layout, year, subject, grade, pupil_grade):
    path = workbook(tmp_path / "any.xlsx", sheets)
    reading = read_file(path)
    assert (reading.kind, reading.layout) == (kind, layout)
    assert (reading.year, reading.subject, reading.grade, reading.pupil_grade) == (year, subject, grade, pupil_grade)


def test_file_name_says_nothing(tmp_path):
    path = workbook(tmp_path / "a.xlsx", raw_2021())
    renamed = tmp_path / "русский язык 8 класс 2019.csv"
    shutil.copy(path, renamed)
    assert (read_file(renamed).subject, read_file(renamed).year) == ("ma", 2021)


def test_number_of_items_and_textbooks_tell_the_subject_of_2021(tmp_path):
    rows = raw_2021(maxima=RU4_MAX, textbook="Канакина В.П. Русский язык 4 класс")
    assert read_file(workbook(tmp_path / "a.xlsx", rows)).subject == "ru"


def test_header_may_stand_below_a_title(tmp_path):
    rows = [["Выгрузка результатов", ""], [""], *raw_2021()]
    reading = read_file(workbook(tmp_path / "a.xlsx", rows))
    assert reading.rows_accepted == 20


def test_rows_are_named_by_their_number_in_the_workbook(tmp_path):
    rows = raw_2021()
    rows[5][0] = "школа 131"
    rows.insert(3, [""] * len(rows[0]))
    rows = [["Выгрузка результатов"], [""], *rows]
    reading = read_file(workbook(tmp_path / "a.xlsx", rows))
    assert [(p.row, p.code) for p in reading.problems] == [(9, "login_malformed")]
    assert reading.rows_read == 20


def test_sheets_of_one_layout_are_read_together(tmp_path):
    rows = raw_2021(20)
    sheets = {"Лист 1": rows[:11], "Лист 2": [rows[0], *rows[11:]]}
    reading = read_file(workbook(tmp_path / "a.xlsx", sheets))
    assert (reading.rows_read, reading.rows_accepted) == (20, 20)


def test_a_sheet_nobody_knows_is_mentioned(tmp_path):
    sheets = {"Данные": raw_2021(), "Заметки": [["что", "зачем"], ["проверить", "завтра"]]}
    reading = read_file(workbook(tmp_path / "a.xlsx", sheets))
    assert [(p.sheet, p.code, p.severity) for p in reading.problems] == [("Заметки", "sheet_ignored", "note")]


def test_year_of_2022_layout_comes_from_upload_dates(tmp_path):
    sheets = raw_2022()
    for rows in sheets.values():
        for row in rows[1:]:
            row[5] = "19.09.2023 10:00:00"
    assert read_file(workbook(tmp_path / "a.xlsx", sheets)).year == 2023


def test_protocol_without_classes_is_known_by_its_largest_points(tmp_path):
    path = workbook(tmp_path / "a.xlsx", raw_2022()["Протокол"])
    reading = read_file(path)
    assert (reading.year, reading.subject, reading.grade) == (2022, "ma", 4)


def test_a_paper_that_cannot_be_told_is_asked_for(tmp_path):
    # Eleven items in grade 7: physics has as many, and the counts of biology and history are not known.
    path = workbook(tmp_path / "a.xlsx", raw_2021(maxima=(1,) * 11, grade=7, textbook=""))
    assert refusal(path) == "paper_unknown"
    reading = read_file(path, paper=Paper(2021, "fi", 7))
    assert (reading.subject, reading.grade, reading.rows_accepted) == ("fi", 7, 20)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (Paper(2021, "ru", 4), "учебники по предмету «математика»"),
        (Paper(2021, "ma", 6), "коды участников начинаются с 4"),
        (Paper(2022, "ma", 4), "раскладка файла 2021 года"),
        (Paper(2021, "om", 4), "столбцов заданий 15, а в работе их 22"),
    ],
)
def test_a_named_paper_that_contradicts_the_content_is_refused(tmp_path, given, said):
    path = workbook(tmp_path / "a.xlsx", raw_2021())
    with pytest.raises(WrongFormat, match=said):
        read_file(path, paper=given)


def test_a_declared_paper_cannot_be_renamed(tmp_path):
    assert refusal(workbook(tmp_path / "a.xlsx", raw_2020()), paper=Paper(2020, "ru", 4)) == "paper_contradicts"


def test_two_papers_in_one_file_are_refused(tmp_path):
    rows = raw_2020(20)
    for row in rows[11:]:
        row[0] = str(row[0]).replace("ma4", "ma5")
    assert refusal(workbook(tmp_path / "a.xlsx", rows)) == "mixed_papers"


def test_a_stray_row_of_another_paper_is_rejected(tmp_path):
    rows = raw_2020(20)
    rows[5][0] = str(rows[5][0]).replace("ma4", "ma5")
    reading = read_file(workbook(tmp_path / "a.xlsx", rows))
    assert [(p.row, p.code) for p in reading.problems] == [(6, "other_paper")]
    assert (reading.rows_accepted, reading.rows_rejected) == (19, 1)


def test_missing_item_column_is_refused_with_both_counts(tmp_path):
    rows = [row[:23] + row[24:] for row in raw_2020(20)]
    assert refusal(workbook(tmp_path / "a.xlsx", rows)) == "items_count"


def test_points_of_another_paper_are_refused(tmp_path):
    rows = raw_2020(20)
    for row in rows[1:]:
        row[10] = "4"
    assert refusal(workbook(tmp_path / "a.xlsx", rows)) == "wrong_paper"


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        (
            [["Индивидуальные результаты"], [""], ["ВПР 2026 Русский язык 4 класс"], ["Предмет:", "РУ"]],
            "report_not_supported",
        ),
        ([["Отчёт"], [""], ["ВПР 2026 Математика 4 класс"]], "report_not_supported"),
        (
            [["Год", "Класс", "Предмет", "Муниципалитет", "Логин", "ОО", "Кол-во участников", "2", "3"]],
            "no_rows",
        ),
        (
            [["Код участника", "Вариант", "1 (5б)", "2 (5б)", "Порядковый номер класса", "Итого баллов"]],
            "layout_not_supported",
        ),
        ([["Товар", "Цена", "Количество", "Сумма"], ["мел", 10, 2, 20]], "unknown_layout"),
        ([["логин школы", "код обучающегося", "класс"], ["sch990131", "40001", "а"]], "unknown_layout"),
    ],
)
def test_other_tables_are_refused_by_name(tmp_path, rows, code):
    assert refusal(workbook(tmp_path / "a.xlsx", rows)) == code


def test_header_without_rows_is_refused(tmp_path):
    assert refusal(workbook(tmp_path / "a.xlsx", raw_2021()[:1])) == "no_rows"


def test_works_and_a_federal_list_in_one_book_are_refused(tmp_path):
    sheets = {"Работы": raw_2021(), "Список": federal_list()}
    assert refusal(workbook(tmp_path / "a.xlsx", sheets)) == "mixed_layouts"


@pytest.mark.parametrize(
    "header", ["ФИО", "Фамилия", "Имя", "Отчество", "СНИЛС", "Дата рождения", "Телефон родителя", "E-mail"]
)
def test_file_with_names_of_pupils_is_refused_whole(tmp_path, header):
    rows = raw_2021()
    rows[0][-1] = header
    assert refusal(workbook(tmp_path / "a.xlsx", rows)) == "personal_data"


def test_names_on_another_sheet_are_refused_too(tmp_path):
    sheets = {"Данные": raw_2021(), "Коды": [["Код", "Фамилия, имя"], ["40001", "—"]]}
    assert refusal(workbook(tmp_path / "a.xlsx", sheets)) == "personal_data"


def test_names_among_the_codes_are_refused_and_not_repeated(tmp_path):
    rows = raw_2021()
    rows[4][3] = "Иванова Мария"
    with pytest.raises(WrongFormat) as caught:
        read_file(workbook(tmp_path / "a.xlsx", rows))
    assert caught.value.reasons[0].code == "personal_data"
    assert "Иванова" not in str(caught.value)


def test_refusal_of_a_list_of_names_comes_before_unknown_layout(tmp_path):
    assert refusal(workbook(tmp_path / "a.xlsx", [["ФИО ученика", "Класс", "Балл"], ["—", "4А", 7]])) == "personal_data"
