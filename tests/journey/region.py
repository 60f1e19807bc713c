"""A small region whose works are known to the last point: one school lifts works over the cuts, the others do not.

The files have the layouts of real exports: works of 2021 as xlsx, the context form of 2022.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import openpyxl
import pandas as pd

from app.detectors import PaperSpec
from app.detectors.contamination import contaminate
from app.detectors.simulate import RegionOptions, simulate_region

SEED = 1
YEAR = 2021
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TEXTBOOK = {4: "Моро М. И. Математика 4 класс", 5: "Виленкин Н. Я. Математика 5 класс"}

Row = list[object]


@dataclass(frozen=True)
class SmallRegion:
    """Files by name, the register, and the school that manipulates."""

    files: dict[str, bytes]
    schools: pd.DataFrame
    works: pd.DataFrame
    papers: tuple[PaperSpec, ...]
    guilty: str

    @property
    def guilty_school(self) -> str:
        return str(self._guilty_row["name"])

    @property
    def guilty_municipality(self) -> str:
        return str(self._guilty_row["municipality_name"])

    @property
    def _guilty_row(self) -> pd.Series:
        return self.schools.set_index("school").loc[self.guilty]

    def score(self, grade: int, participant: str) -> int:
        """Points the guilty school gave to one of its works."""
        works = self.works
        row = works[(works.school == self.guilty) & (works.grade == grade) & (works.participant == participant)]
        return int(row["score"].iloc[0])


def small_region() -> SmallRegion:
    """Forty schools, mathematics of grades 4 and 5; the largest school lifts every work that lies under a cut."""
    options = RegionOptions(schools=40, year=YEAR, papers=(("ma", 4), ("ma", 5)), size=(24, 60))
    region = simulate_region(SEED, options)
    guilty = str(region.works.groupby("school").size().idxmax())
    rng = np.random.default_rng(SEED)
    parts = []
    for paper in region.papers:
        own = region.works[region.works["grade"] == paper.grade].reset_index(drop=True)
        parts.append(contaminate(rng, own, paper, "bump", 1.0, (own["school"] == guilty).to_numpy()))
    works = pd.concat(parts, ignore_index=True)
    files = {"Контекстные данные школ 2022.xlsx": workbook(context_rows(region.schools))}
    for paper in region.papers:
        rows = works_rows(works, paper, region.schools)
        if paper.grade == 5:
            spoil(rows)
        files[f"Проведение работы по математике, {paper.grade} класс. ВПР {YEAR}.xlsx"] = workbook(rows)
    return SmallRegion(files, region.schools, works, region.papers, guilty)


def spoil(rows: list[Row]) -> None:
    """What operators leave in a file; rows and columns as in the message a person will read."""
    at = {str(title): index for index, title in enumerate(rows[0])}
    rows[4][at["балл за 3"]] = "9"  # a point above the item's maximum
    rows[7][at["код обучающегося"]] = ""  # nobody's work
    rows[11][at["логин школы"]] = "школа 5"
    rows[20][at["балл за 6"]] = "?"
    rows[31][at["всего баллов"]] = "1"  # the total is not the sum
    rows[40][at["отметка за предыдущую четверть/триместр"]] = "н/а"
    rows.insert(60, list(rows[59]))  # the same row twice


def works_rows(works: pd.DataFrame, paper: PaperSpec, schools: pd.DataFrame) -> list[Row]:
    """A regional export of 2021, header first."""
    places = schools.set_index("school")["municipality_name"]
    own = works[(works["subject"] == paper.subject) & (works["grade"] == paper.grade)]
    items = [f"item_{i}" for i in range(1, len(paper.item_max) + 1)]
    head: Row = [
        *("логин школы", "регион", "номер обучающегося", "код обучающегося"),
        *("отметка за предыдущую четверть/триместр", "пол", "класс", "вариант", "всего баллов"),
        *(f"балл за {i}" for i in range(1, len(items) + 1)),
        *("Учебник", "Др.уч. автор", "Др.уч. название"),
    ]
    rows = [head]
    for work, points in zip(own.to_dict("records"), own[items].itertuples(index=False), strict=True):
        participant = str(work["participant"])
        rows.append(
            [
                f"sch{work['school']}", places[work["school"]], participant[1:].lstrip("0"), participant,
                str(work["journal_mark"]), "", work["class"], work["variant"], str(work["score"]),
                *(str(int(point)) for point in points), TEXTBOOK[paper.grade], "", "",
            ]
        )  # fmt: skip
    return rows


def context_rows(schools: pd.DataFrame) -> list[Row]:
    """The first sheet of the context form of 2022."""
    rows: list[Row] = [
        [
            "Пользователь", "Код региона", "Регион", "Муниципалитет", "Школа", "Дата загрузки", "№",
            "1. ПОЛНОЕ наименование ОО (по уставу)",
            "14. Где расположена образовательная организация?",
            "15. Каков размер населенного пункта, в котором расположена ОО?",
        ]
    ]  # fmt: skip
    for number, school in enumerate(schools.to_dict("records"), start=1):
        is_town = str(school["settlement"]).startswith("г.")
        login = f"edu{school['school']}"
        rows.append(
            [
                login, "99", "reg990000 | Регион", f"{school['municipality']} | {school['municipality_name']}",
                f"{login} | {school['name']}", f"04.02.{YEAR + 1} 10:22:51", str(number), school["name"],
                "2) Город" if is_town else "4) Населенный пункт сельского типа",
                "6) 100–450 тыс. человек" if is_town else "2) 1–3 тыс. человек",
            ]
        )  # fmt: skip
    return rows


def workbook(rows: list[Row], *, sheets: int = 1) -> bytes:
    """An xlsx file of the rows; further sheets repeat the header alone."""
    book = openpyxl.Workbook(write_only=True)
    for number in range(sheets):
        sheet = book.create_sheet(f"Лист{number + 1}")
        for row in rows if number == 0 else rows[:1]:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
