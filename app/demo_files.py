"""The files of the demo region, in the layouts of real exports: works as of 2021, context of schools as of 2022."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from app.detectors import PaperSpec

YEAR = 2021
"""The last year whose official scales are known for all four papers of the demo."""

MARK = "Демо. "
"""How the names of the demo's files begin: nobody takes them for a region's, and a demo cut short is known again."""


def file_name(paper: PaperSpec) -> str:
    """Name of the export of a paper's works."""
    subject = {"ma": "математике", "ru": "русскому языку"}[paper.subject]
    return f"{MARK}Проведение работы по {subject}, {paper.grade} класс. ВПР {YEAR}.csv"


def context_file(schools: pd.DataFrame) -> bytes:
    """The first sheet of the context form of 2022."""
    head = [
        "Пользователь", "Код региона", "Регион", "Муниципалитет", "Школа", "Дата загрузки", "№",
        "1. ПОЛНОЕ наименование ОО (по уставу)",
        "14. Где расположена образовательная организация?",
        "15. Каков размер населенного пункта, в котором расположена ОО?",
    ]  # fmt: skip
    rows = [head]
    for number, school in enumerate(schools.itertuples(), start=1):
        is_town = str(school.settlement).startswith("г.")
        login = f"edu{school.school}"
        rows.append(
            [
                login, "99", "reg990000 | Регион", f"{school.municipality} | {school.municipality_name}",
                f"{login} | {school.name}", f"04.02.{YEAR + 1} 10:22:51", str(number), str(school.name),
                "2) Город" if is_town else "4) Населенный пункт сельского типа",
                "6) 100–450 тыс. человек" if is_town else "2) 1–3 тыс. человек",
            ]
        )  # fmt: skip
    return _csv(rows)


def works_file(works: pd.DataFrame, paper: PaperSpec, municipality_names: pd.Series) -> bytes:
    """A regional export of 2021."""
    own = works[(works["subject"] == paper.subject) & (works["grade"] == paper.grade)]
    own = own.rename(columns={"class": "class_group"})
    items = [f"item_{i}" for i in range(1, len(paper.item_max) + 1)]
    title = {"ma": "Математика", "ru": "Русский язык"}[paper.subject]
    head = [
        *("логин школы", "регион", "номер обучающегося", "код обучающегося"),
        *("отметка за предыдущую четверть/триместр", "пол", "класс", "вариант", "всего баллов"),
        *(f"балл за {i}" for i in range(1, len(items) + 1)),
        "Учебник",
    ]
    points = own[items].astype("Int64").astype("string").fillna("X")
    rows = [head]
    for work, answers in zip(own.itertuples(), points.itertuples(index=False), strict=True):
        mark = work.journal_mark
        rows.append(
            [
                f"sch{work.school}", str(municipality_names[work.school]), str(work.participant)[1:].lstrip("0"),
                str(work.participant), "" if mark != mark else str(int(mark)), "", str(work.class_group),
                str(work.variant), str(int(work.score)), *answers, f"{title} {paper.grade} класс",
            ]
        )  # fmt: skip
    return _csv(rows)


def _csv(rows: list[list[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerows(rows)
    return text.getvalue().encode("utf-8-sig")
