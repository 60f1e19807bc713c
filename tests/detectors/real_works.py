"""Reads the real region's raw exports just far enough for the detectors."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import python_calamine

from app.detectors import PaperSpec

MA4 = (1, 1, 2, 1, 1, 1, 1, 1, 1, 2, 1, 1, 2, 2, 2)
MA5 = (1, 1, 1, 1, 1, 2, 1, 1, 2, 2, 1, 1, 1, 1, 1, 2)
PAPERS = [PaperSpec(2021, "ma", 4, MA4, (6, 10, 15)), PaperSpec(2021, "ma", 5, MA5, (7, 11, 15))]


def read_2021(folder: Path, grade: int) -> pd.DataFrame:
    """Works of the mathematics paper of 2021 of `grade`."""
    sheet = python_calamine.CalamineWorkbook.from_path(str(folder / f"vpr2021_ma{grade}.xlsx")).get_sheet_by_index(0)
    head, *rows = sheet.to_python()
    raw = pd.DataFrame([row[: len(head)] for row in rows], columns=[f"{i} {name}" for i, name in enumerate(head)])

    def column(title: str) -> pd.Series:
        return raw[next(name for name in raw.columns if name.split(" ", 1)[1] == title)]

    def number(title: str) -> pd.Series:
        return pd.to_numeric(column(title), errors="coerce")

    spec = next(paper for paper in PAPERS if paper.grade == grade)
    works = pd.DataFrame(
        {
            "year": 2021,
            "subject": "ma",
            "grade": grade,
            "school": column("логин школы").astype(str).str.replace(r"\D", "", regex=True),
            "municipality": column("регион").astype(str),
            "participant": column("код обучающегося").astype(str),
            "journal_mark": number("отметка за предыдущую четверть/триместр"),
            "score": number("всего баллов"),
        }
    )
    items = pd.DataFrame({f"item_{k + 1}": number(f"балл за {k + 1}") for k in range(len(spec.item_max))})
    works = pd.concat([works, items], axis=1)
    return works[works["score"].between(0, spec.max_score)].reset_index(drop=True)
