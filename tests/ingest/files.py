"""Files the ingest tests read: small, made on the spot, right unless a test spoils them."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterable, Sequence
from pathlib import Path

import openpyxl

MA4_MAX = (1, 1, 2, 1, 1, 1, 1, 1, 1, 2, 1, 1, 2, 2, 2)
MA4_ITEMS = ("1", "2", "3", "4", "5(1)", "5(2)", "6(1)", "6(2)", "7", "8", "9(1)", "9(2)", "10", "11", "12")
RU4_MAX = (4, 3, 3, 1, 3, 2, 1, 2, 3, 2, 1, 1, 2, 1, 2, 1, 2, 1, 2, 1)
TEXTBOOK = "Моро М.И., Бантова М.А. Математика (в 2 частях) 4 класс"
MARK_HEADER = "Отметка за предыдущий триместр/ четверть/полугодие"

Row = list[object]


def raw_2021(
    works: int = 20, *, maxima: Sequence[int] = MA4_MAX, grade: int = 4, textbook: str = TEXTBOOK
) -> list[Row]:
    """An export of 2021: header and `works` rows of two schools, every value right."""
    dice = random.Random(2021)
    header: Row = ["логин школы", "регион", "номер обучающегося", "код обучающегося"]
    header += ["отметка за предыдущую четверть/триместр", "пол", "класс", "вариант", "всего баллов"]
    header += [f"балл за {i}" for i in range(1, len(maxima) + 1)] + ["Учебник", "Др.уч. автор", "Др.уч. название"]
    rows: list[Row] = [header]
    for i in range(works):
        points = [dice.randint(0, m) for m in maxima]
        school, number = (131, i + 1) if i % 2 else (204, i + 1)
        row: Row = [
            f"sch990{school}",
            f"Район {school % 7}",
            str(number),
            str(grade * 10000 + number),
            "4",
            "",
            "а",
            "1",
        ]
        rows.append([*row, str(sum(points)), *map(str, points), textbook, "", ""])
    return rows


def column(rows: Sequence[Row], header: str) -> int:
    return rows[0].index(header)


def with_cell(rows: list[Row], row: int, header: str, value: object) -> list[Row]:
    """The same rows with one cell changed; `row` is Excel's number."""
    rows[row - 1][column(rows, header)] = value
    return rows


def raw_2020(works: int = 20, *, paper: str = "ma4", maxima: Sequence[int] = MA4_MAX) -> list[Row]:
    """An export of autumn 2020: machine names, pupils one grade ahead of the paper."""
    dice = random.Random(2020)
    header: Row = ["groups", "user", "id", "code", "otc", "gender", "klass", "var-1", "var-2", "sum"]
    header += [f"a-{i}-grade" if i != len(maxima) + 1 else "Учебник" for i in range(1, 41)]
    rows: list[Row] = [header]
    for i in range(works):
        points = [dice.randint(0, m) for m in maxima]
        groups = f"99-REG,VPR_99,tcs_schools,reg99_vpr_m05{i % 2},active_reg99,vpr2020.{paper}"
        variants = ["1", "2"] if paper == "ru4" else ["1", ""]
        row: Row = [
            groups,
            f"sch990{131 + i % 2}",
            float(i + 1),
            float(50001 + i),
            "4",
            "",
            "а",
            *variants,
            float(sum(points)),
        ]
        rows.append([*row, *map(str, points), *[""] * (40 - len(maxima))])
    return rows


def raw_2022(works: int = 20) -> dict[str, list[Row]]:
    """An export of 2022: «Классы» and «Протокол»."""
    dice = random.Random(2022)
    head: Row = ["Пользователь", "Код региона", "Регион", "Муниципалитет", "Школа", "Дата загрузки"]
    place: Row = ["edu990131", 99.0, "reg990000 | Регион", "reg99_m037 | Район 37", "edu990131 | МБОУ «Лицей №131»"]
    place += ["17.03.2022 05:33:20"]
    classes: list[Row] = [
        [*head, 'Буква (цифра) класса. Введите "нет" - если отсутствует', "Основной учебник по предмету"]
    ]
    classes.append([*place, "А", f"ma4.8 | 1.1.3.1.8.4 | {TEXTBOOK}"])
    items = [f"{name} ({m}б)" for name, m in zip(MA4_ITEMS, MA4_MAX, strict=True)]
    protocol: list[Row] = [[*head, "Код", "Вариант", *items, "Наименование класса", "Пол", MARK_HEADER, "Итого баллов"]]
    for i in range(works):
        points = [dice.randint(0, m) for m in MA4_MAX]
        protocol.append([*place, 40001.0 + i, 1.0, *points, "4А", "", "4", float(sum(points))])
    return {"Классы": classes, "Протокол": protocol}


def federal_list() -> list[Row]:
    return [
        ["Год", "Логин", "Муниципалитет", "ОО", "4 РУ", "4 МА", "5 РУ", "5 МА", "Количество маркеров"],
        [2021, "edu990131", "Район 37", "МБОУ «Лицей №131»", 1, "", "", 1, 2],
        [2021, "edu990204", "Район 1", "МБОУ «СОШ №204»", "", 1, "", "", 1],
    ]


def context_form(schools: int = 3) -> dict[str, list[Row]]:
    """The context form of 2022 on two sheets."""
    head: Row = ["Пользователь", "Код региона", "Регион", "Муниципалитет", "Школа", "Дата загрузки", "№"]
    general: list[Row] = [
        [
            *head,
            "1. ПОЛНОЕ наименование ОО (по уставу)",
            "2.\tСОКРАЩЕННОЕ наименование ОО (при наличии) (по уставу)",
            "3.\tФИО директора (полностью)",
            "4.\tТелефон ОО (с указанием кода города)",
            "6.\tИНН",
            "14. Где расположена образовательная организация?",
            "15. Каков размер населенного пункта, в котором расположена ОО?",
        ]
    ]
    activity: list[Row] = [
        [
            *head,
            "17.1. Организация осуществляет образовательную деятельность по адаптированным образовательным "
            "программам (АОП)?",
            "19.1. Ведется ли в ОО углубленное изучение отдельных предметов?",
            "20. Укажите количество обучающихся в ОО в 2021/2022 учебном году (в сумме по всем классам/курсам)",
            "25. Сколько всего в ОО учителей/преподавателей?",
        ]
    ]
    for i in range(schools):
        login = f"edu990{131 + i}"
        place: Row = [login, 99.0, "reg990000 | Регион", "reg99_m037 | Район 37", f"{login} | МБОУ «СОШ №{131 + i}»"]
        place += ["04.02.2022 10:22:51", "1"]
        names = [f"Муниципальное учреждение «СОШ №{131 + i}»", f"МБОУ «СОШ №{131 + i}»", "", "", ""]
        general.append([*place, *names, "2) Город", "6) 100–450 тыс. человек"])
        activity.append([*place, "Да", "Нет", 300.0 + i, 20.0 + i])
    return {"Общая информация об ОО": general, "ОБРАЗОВАТЕЛЬНАЯ ДЕЯТЕЛЬНОСТЬ ОО": activity}


REPORT_TITLES = {
    "individual": "Индивидуальные результаты",
    "marks": "Статистика по отметкам",
    "journal": "Сравнение отметок с отметками по журналу",
    "scores": "Распределение первичных баллов",
    "items": "Выполнение заданий",
    "planned": "Достижение планируемых результатов",
    "groups": "Выполнение заданий группами участников",
}
_PLACES = (
    ("Вся выборка", 35_589, 1_722_202),
    ("Новая область", 560, 30_216),
    ("Горский район(reg99_m012)", 2, 162),
    ("МБОУ «СОШ № 131»(edu990131)", "", 89),
    ("МБОУ «Лицей № 204»(edu990204)", "", 73),
)
"""Rows of a ready report: group of participants, schools, participants."""


def report_head(kind: str, *, paper: str = "ВПР 2021 Математика 4 класс", largest: int = 20) -> list[Row]:
    """Rows above the table: title in A1, procedure in A3, largest score in B5."""
    subject = paper.split(maxsplit=2)[2].rsplit(" ", 2)[0]
    return [
        [REPORT_TITLES[kind]],
        [""],
        [paper],
        ["Предмет:", subject],
        ["Максимальный первичный балл:", largest],
        ["Дата:", "20.04.2021"],
        [""],
    ]


def marks_report(**head: object) -> list[Row]:
    """Mark statistics as the federal cabinet exports them: levels down, per cent across."""
    shares = ([5.06, 32.92, 44.33, 17.69], [13.44, 44.15, 36.28, 6.13], [9.88, 45.06, 33.33, 11.73])
    shares += ([12.36, 52.81, 26.97, 7.87], ["6,85", "35,62", "41,1", "16,44"])
    rows = report_head("marks", **head)  # type: ignore[arg-type]
    rows.append(["Группы участников", "Кол-во ОО", "Кол-во участников", 2, 3, 4, 5])
    return [*rows, *([*place, *share] for place, share in zip(_PLACES, shares, strict=True))]


def journal_report() -> list[Row]:
    """The comparison with the journal in columns, per cent and participants side by side."""
    sides = ("Понизили (Отметка < Отметка по журналу)", "Подтвердили (Отметка = Отметке по журналу)")
    sides += ("Повысили (Отметка > Отметка по журналу)",)
    head: Row = ["Группы участников", "Кол-во участников(всего)"]
    for side in sides:
        head += [f"{side} %", f"{side} Кол-во участников"]
    return [
        *report_head("journal"),
        head,
        ["Новая область", 29_586, 37.22, 11_011, 60.67, 17_951, 2.11, 624],
        ["Горский район(reg99_m012)", 166, 42.17, 70, 54.22, 90, 3.61, 6],
        ["МБОУ «СОШ № 131»(edu990131)", 93, 55.91, 52, 39.78, 37, 4.3, 4],
        ["МБОУ «Лицей № 204»(edu990204)", 73, 24.66, 18, 72.6, 53, 2.74, 2],
    ]


def journal_rows_report() -> list[Row]:
    """The same in the older form: three rows and a total below every group."""
    rows = [*report_head("journal"), ["Группы участников", "Кол-во участников", "%"]]
    groups = (("МБОУ «СОШ № 131»(edu990131)", (52, 37, 4)), ("МБОУ «Лицей № 204»(edu990204)", (18, 53, 2)))
    for name, counts in groups:
        rows.append([name, "", ""])
        sides = ("Понизили (Отметка < Отметка по журналу) %", "Подтвердили (Отметка = Отметке по журналу) %")
        sides += ("Повысили (Отметка > Отметка по журналу) %",)
        n = sum(counts)
        rows += [[side, count, round(100 * count / n, 2)] for side, count in zip(sides, counts, strict=True)]
        rows.append(["Всего", n, 100])
    return rows


def scores_report(works: Sequence[Sequence[int]] | None = None, *, largest: int = 20) -> list[Row]:
    """The distribution of primary scores; `works` are the counts of the two schools."""
    dice = random.Random(4)
    works = works or [[dice.randint(1, 9) for _ in range(largest + 1)] for _ in range(2)]
    rows = [*report_head("scores", largest=largest)]
    rows.append(["Группы участников", "Кол-во ОО", "Кол-во участников", *range(largest + 1)])
    for (name, _, _), counts in zip(_PLACES[3:], works, strict=True):
        n = sum(counts)
        rows.append([name, "", n, *(round(100 * count / n, 2) for count in counts)])
    return rows


def items_report() -> list[Row]:
    """Completion of items with the row of largest points below the header."""
    dice = random.Random(5)
    numbers: Row = ["1", "2", "3", "4", 5.1, 5.2, 6.1, 6.2, "7", "8", 9.1, 9.2, "10", "11", "12"]
    rows = [*report_head("items"), ["Группы участников", "Кол-во ОО", "Кол-во участников", *numbers]]
    rows.append(["", "", "Макс. балл", *MA4_MAX])
    return [*rows, *([*place, *(round(dice.uniform(20, 95), 2) for _ in MA4_MAX)] for place in _PLACES)]


def planned_report() -> list[Row]:
    head: Row = ["№", "Блоки ПООП обучающийся научится / умения", "Макс балл", "Новая область", "РФ"]
    head[3] = "Регион"
    return [
        *report_head("planned"),
        head,
        [1, "Умение выполнять арифметические действия с числами", 1, 91.2, 93.4],
        [2, "Имя числительное: вычислять значение числового выражения", 1, "78,5", "81,0"],
    ]


def groups_report() -> list[Row]:
    return [
        *report_head("groups"),
        ["Группы участников", "Задание", "Макс балл", "«2»", "«3»", "«4»", "«5»"],
        ["МБОУ «СОШ № 131»(edu990131)", 1, 1, 41.2, 77.0, 92.1, 99.0],
        ["", 2, 1, 11.5, 48.2, 79.9, 95.5],
    ]


def individual_report(works: int = 12) -> list[Row]:
    """Individual results: levels of the items in row 7, a line above each school's works."""
    dice = random.Random(6)
    items = [f"{name} ({m}б)" for name, m in zip(MA4_ITEMS, MA4_MAX, strict=True)]
    rows = report_head("individual")
    rows[6] = ["", "", "Уровень сложности задания", "", "", "", *["Б"] * 12, *["П"] * 3]
    rows.append(
        ["ОО", "Муниципалитет", "Название ОО", "Код участника", "Класс", "Вариант", *items, "Первичный балл", "Отметка",
         "Отметка по журналу"]
    )  # fmt: skip
    for school in ("990131", "990204"):
        name = f"МБОУ «СОШ № {school[-3:]}»(edu{school})"
        rows.append([name, f"Кол-во участников: {works}"])
        for i in range(works):
            points = [dice.randint(0, m) for m in MA4_MAX]
            place: Row = [f"edu{school}", "Горский район", name, 40001 + i, 1, 1 + i % 2]
            rows.append([*place, *points, sum(points), 3, 4])
    return rows


def recut(kind: str = "scores", *, subjects: Sequence[str] = ("Математика",)) -> list[Row]:
    """A regional table: a school a row, per cent as text with a decimal comma, blank beyond the maximum."""
    columns: Row = [2, 3, 4, 5] if kind == "marks" else list(range(39))
    rows: list[Row] = [["Год", "Класс", "Предмет", "Муниципалитет", "Логин", "ОО", "Кол-во участников", *columns]]
    for subject in subjects:
        for login in ("edu990131", "edu990204"):
            filled = 4 if kind == "marks" else 21
            shares = ["25,00"] * 4 if kind == "marks" else ["4,76"] * filled
            rows.append(
                [
                    2021,
                    4,
                    subject,
                    "Горский район",
                    login,
                    f"СОШ {login[-3:]}",
                    84,
                    *shares,
                    *[""] * (len(columns) - filled),
                ]
            )
    return rows


def workbook(path: Path, sheets: dict[str, list[Row]] | list[Row]) -> Path:
    """Write sheets (or one sheet) as .xlsx."""
    book = openpyxl.Workbook()
    assert book.active is not None
    book.remove(book.active)
    for name, rows in (sheets if isinstance(sheets, dict) else {"Sheet": sheets}).items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append([None if value == "" else value for value in row])
    book.save(path)
    return path


def as_text(rows: Iterable[Row], delimiter: str = ";") -> str:
    """Rows as separated text."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    return out.getvalue()


EXAM_HEADER: Row = [
    "Год", "Логин", "Код ОО", "Экзамен", "Предмет", "Количество участников", "Средняя отметка", "Средний балл",
    "Стандартное отклонение",
]  # fmt: skip


def exam_results() -> list[Row]:
    """Results of one year: both examinations, subjects by name and by code, schools by login and by code."""
    return [
        [*EXAM_HEADER],
        [2025, "edu990131", "", "ОГЭ", "Математика", 54, "3,85", "", "0,7"],
        [2025, "edu990204", "", "огэ", "02", 30, 3.4, "", ""],
        [2025, "", "0131", "ЕГЭ", 1, 23, "", "68,4", ""],
        [2025, "edu990204", "", "ЕГЭ", "Математика профильная", 11, "", 55, 16.2],
    ]
