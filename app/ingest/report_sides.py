"""Reports that are kept to be read, not screened: planned results, and items by mark groups."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from app.ingest import cells
from app.ingest.columns import Log, gather
from app.ingest.formats import Formats, plain
from app.ingest.reading import Paper, Reading
from app.ingest.recognise import Recognised
from app.ingest.report_head import place
from app.ingest.report_rows import figure
from app.terms import FileKind


def read_skills(recognised: Recognised, formats: Formats, paper: Paper) -> Reading:
    """Read planned results (a row a skill) or items by mark groups (a row an item).

    Parameters
    ----------
    recognised : Recognised
    formats : Formats
    paper : Paper

    Returns
    -------
    Reading
        ``year, subject, grade, level, school, name, task, skill, max_points`` and one column of per cent for each
        column of the report, named as there.

    Raises
    ------
    WrongFormat
        There are no rows.
    """
    data = gather(recognised.main)
    log = Log(data)
    layout = recognised.main[0].layout
    names = _unique([column.header for column in data.items])
    rows: list[dict[str, object]] = []
    rejected = 0
    where: tuple[str, str | None, str | None] = ("", None, None)
    for i in range(len(data)):

        def text(name: str, i: int = i) -> str:
            column = data.fields.get(name)
            return cells.text(column.cells[i]) if column is not None else ""

        if text("group"):
            where = place(text("group"), formats.words)
        values = [figure(cells.text(column.cells[i])) for column in data.items]
        wrong = next((k for k, value in enumerate(values) if value is None), None)
        numbers = [math.nan if value is None else value for value in values]
        if wrong is not None or any(not (math.isnan(v) or 0 <= v <= 100) for v in numbers):
            column = data.items[wrong if wrong is not None else 0]
            log.at("report_number" if wrong is not None else "report_outside", i, column)
            rejected += 1
            continue
        points = cells.whole_number(text("max_points"))
        rows.append(
            {
                "level": where[0],
                "school": where[1] if where[0] == "school" else None,
                "name": where[2],
                "task": text("task"),
                "skill": text("skill"),
                "max_points": points,
                **dict(zip(names, numbers, strict=True)),
            }
        )
    frame = pd.DataFrame(rows)
    if len(frame):
        frame.insert(0, "grade", np.full(len(frame), paper.grade, np.int8))
        frame.insert(0, "subject", pd.Series([paper.subject] * len(frame), dtype="str"))
        frame.insert(0, "year", np.full(len(frame), paper.year, np.int16))
        for name in ("level", "school", "name", "task", "skill"):
            frame[name] = frame[name].astype("str")
        frame["max_points"] = frame["max_points"].astype("Int16")
    schools = sorted({str(row["school"]) for row in rows if row["school"]})
    empty = pd.Series([None] * len(schools), dtype="str")
    titles = {str(row["school"]): row["name"] for row in reversed(rows) if row["school"]}
    return Reading(
        kind=FileKind.REPORT_PLANNED if layout.report == "planned" else FileKind.REPORT_GROUPS,
        layout=layout.id,
        year=paper.year,
        subject=paper.subject,
        grade=paper.grade,
        pupil_grade=None,
        rows_read=len(data),
        rows_accepted=len(rows),
        rows_rejected=rejected,
        absent=0,
        problems=log.sorted(),
        frame=frame,
        schools=pd.DataFrame(
            {
                "school": pd.Series(schools, dtype="str"),
                "name": pd.Series([titles[code] for code in schools], dtype="str"),
                "municipality": empty,
                "municipality_name": empty,
                "kind": pd.Series([formats.words.school_kind(str(titles[code])) for code in schools], dtype="str"),
            }
        ),
        scale_version=None,
        format_version=layout.version,
    )


def _unique(headers: list[str]) -> list[str]:
    """Headers as columns; a repeated one gets its number."""
    seen: dict[str, int] = {}
    names = []
    for header in headers:
        key = plain(header)
        seen[key] = seen.get(key, 0) + 1
        names.append(header if seen[key] == 1 else f"{header} ({seen[key]})")
    return names
