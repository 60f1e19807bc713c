"""The federal list of schools with markers: a line a school and year."""

from __future__ import annotations

import pandas as pd

from app.ingest import cells
from app.ingest.columns import Data, Log, gather
from app.ingest.formats import Formats
from app.ingest.reading import Reading
from app.ingest.recognise import Recognised
from app.terms import FileKind

_SUBJECTS = {"ру": "ru", "ма": "ma"}
_YES, _NO = {"1", "+", "да", "x", "х", "v"}, {"", "0", "-", "нет"}
_BAD = -1


def read_federal_list(recognised: Recognised, formats: Formats) -> Reading:
    """Read the list: every sheet with its header, one year or several.

    The frame has ``year, school, name, municipality, municipality_name``, one column of 0/1 a marker (``ru4, ma4, …``)
    and ``markers``, their sum.

    Raises
    ------
    WrongFormat
        There are no rows.
    """
    data = gather(recognised.main)
    log = Log(data)
    schools = data.fields["login"].values(cells.school_login(formats.words))
    years = data.fields["year"].values(cells.whole_number)
    titles = data.fields["school_title"].values(cells.school_title) if "school_title" in data else [None] * len(data)
    pairs = (
        data.fields["municipality"].values(cells.municipality) if "municipality" in data else [(None, None)] * len(data)
    )
    markers = _markers(data, recognised, log)
    rows: list[dict[str, object]] = []
    first: dict[tuple[object, object], int] = {}
    rejected = 0
    for i, (school, year) in enumerate(zip(schools, years, strict=True)):
        if school is None:
            log.at("login_malformed", i, data.fields["login"])
            rejected += 1
            continue
        if year is None or not 2015 <= year <= 2100:
            log.at("year_unreadable", i, data.fields["year"])
            rejected += 1
            continue
        values = {name: max(column[i], 0) for name, column in markers.items()}
        kept = first.setdefault((school, year), i)
        if kept != i:
            same = all(max(column[kept], 0) == values[name] for name, column in markers.items())
            column = data.fields["login"]
            log.at("duplicate_row" if same else "duplicate_conflict", i, column, first=int(data.row_of[kept]))
            if not same:
                log.at("duplicate_kept", kept, column, other=int(data.row_of[i]))
            rejected += 1
            continue
        _check(data, log, i, sum(values.values()))
        code, name = pairs[i]
        rows.append(
            {
                "year": year,
                "school": school,
                "name": titles[i],
                "municipality": code,
                "municipality_name": name,
                **values,
                "markers": sum(values.values()),
            }
        )
    frame = _frame(rows, list(markers))
    known = sorted(set(frame["year"]))
    return Reading(
        kind=FileKind.FEDERAL_LIST,
        layout=data.matches[0].layout.id,
        year=int(known[0]) if len(known) == 1 else None,
        subject=None,
        grade=None,
        pupil_grade=None,
        rows_read=len(data),
        rows_accepted=len(frame),
        rows_rejected=rejected,
        absent=0,
        problems=log.sorted(),
        frame=frame,
        schools=_schools(frame, formats),
        scale_version=None,
        format_version=data.matches[0].layout.version,
    )


def _markers(data: Data, recognised: Recognised, log: Log) -> dict[str, list[int]]:
    """Columns «4 РУ», «5 МА», … as 0 and 1; what is neither is reported and counts as 0."""
    result: dict[str, list[int]] = {}
    for number, column in enumerate(data.markers):
        name = f"{_SUBJECTS[column.groups['subject']]}{column.groups['grade']}"
        values = column.values(_marker)
        for i in [i for i, value in enumerate(values) if value == _BAD]:
            log.at("marker_unreadable", i, data.markers[number])
        result[name] = values
    return result


def _marker(value: str) -> int:
    lowered = value.lower()
    return 1 if lowered in _YES else 0 if lowered in _NO else _BAD


def _check(data: Data, log: Log, i: int, markers: int) -> None:
    column = data.fields.get("total")
    told = cells.text(column.cells[i]) if column else ""
    if column and told and cells.whole_number(told) != markers:
        log.at("markers_differ", i, column, sum=markers)
    elif not markers:
        log.at("markers_none", i, data.fields["login"])


def _frame(rows: list[dict[str, object]], markers: list[str]) -> pd.DataFrame:
    def column(name: str, dtype: str) -> pd.Series:
        return pd.Series([row[name] for row in rows], dtype=dtype)

    frame = {"year": column("year", "int16"), "school": column("school", "str"), "name": column("name", "str")}
    frame |= {name: column(name, "str") for name in ("municipality", "municipality_name")}
    frame |= {name: column(name, "int8") for name in (*markers, "markers")}
    return pd.DataFrame(frame)


def _schools(frame: pd.DataFrame, formats: Formats) -> pd.DataFrame:
    schools = frame[["school", "name", "municipality", "municipality_name"]].drop_duplicates(
        "school", ignore_index=True
    )
    kinds = [formats.words.school_kind(None if pd.isna(name) else name) for name in schools["name"]]
    return schools.assign(kind=pd.Series(kinds, dtype="str"))
