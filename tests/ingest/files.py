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
