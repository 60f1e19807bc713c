"""The context form of schools: the first sheet is the record, the second («Образовательная деятельность») joins by
login.

Answers of the form «N) text» are kept as the number N and the text; «Да»/«Нет» as 1/0. Names, telephones, addresses and
tax numbers of schools and their heads never reach the frame.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pandas as pd

from app.ingest import cells
from app.ingest.columns import Column, Data, Log, gather
from app.ingest.formats import Formats, plain
from app.ingest.reading import Reading
from app.ingest.recognise import Recognised
from app.terms import FileKind

_ANSWER = re.compile(r"^(\d{1,2})\)\s*(.*)$", re.DOTALL)
_ENUMERATIONS = {
    "settlement": "settlement_type",
    "size": "size",
    "transport": "transport",
    "legal_form": "legal_form",
    "status": "status",
    "languages": "languages",
}
"""Field of the layout → column of the frame that holds the answer's number."""

_YES_NO = (
    *("branches", "adapted", "adapted_only", "adapted_classes", "adapted_together"),
    *("indepth", "indepth_primary", "indepth_basic", "indepth_upper"),
)
_NUMBERS = (
    *("pupils", "pupils_born_2006", "adapted_born_2006", "pupils_born_2007", "adapted_born_2007"),
    *("teachers", "teachers_basic", "teachers_qualified"),
)
_EXAM_CODES = ("code_oge", "code_ege")
_TITLED = {"settlement": "settlement", "size": "size_title"}
"""Field → column of the frame that holds the answer's text."""
_RURAL, _OVER_100_THOUSAND = 4, 6
_PLACEHOLDER_FIELDS = ("pupils", "teachers")


def read_context(recognised: Recognised, formats: Formats) -> Reading:
    """Read the context form.

    `rows_read` counts the rows of the first sheet; a row of the second sheet without a school on the first is a
    problem.

    Raises
    ------
    WrongFormat
        There are no rows.
    """
    data = gather(recognised.main)
    log = Log(data)
    records, kept_rows, rejected = _records(data, log, formats)
    _dropped(recognised, log, formats)
    joined: set[str] = set()
    for match in recognised.side:
        if not match.layout.id.startswith("context"):
            continue
        side = gather([match])
        side_log = Log(side)
        joined |= _join(side, side_log, records, formats)
        log.extend(side_log.sorted())
        for school in sorted(records.keys() - joined):
            log.at("side_row_missing", kept_rows[school], data.fields["login"])
    _check(records, kept_rows, data, log)
    frame = _frame(records, formats)
    return Reading(
        kind=FileKind.CONTEXT,
        layout=recognised.main[0].layout.id,
        year=_year(data),
        subject=None,
        grade=None,
        pupil_grade=None,
        rows_read=len(data),
        rows_accepted=len(frame),
        rows_rejected=rejected,
        absent=0,
        problems=log.sorted(),
        frame=frame,
        schools=frame,
        scale_version=None,
        format_version=recognised.main[0].layout.version,
    )


def _records(data: Data, log: Log, formats: Formats) -> tuple[dict[str, dict[str, object]], dict[str, int], int]:
    logins = data.fields["login"].values(cells.school_login(formats.words))
    answers = _answers(data, log)
    records: dict[str, dict[str, object]] = {}
    rows: dict[str, int] = {}
    rejected = 0
    for i, login in enumerate(logins):
        if login is None:
            log.at("login_malformed", i, data.fields["login"])
            rejected += 1
        elif login in records:
            same = all(cells.text(c.cells[i]) == cells.text(c.cells[rows[login]]) for c in data.fields.values())
            column, kept = data.fields["login"], rows[login]
            log.at("duplicate_row" if same else "duplicate_conflict", i, column, first=int(data.row_of[kept]))
            if not same:
                log.at("duplicate_kept", kept, column, other=int(data.row_of[i]))
            rejected += 1
        else:
            records[login] = {"school": login, **{name: values[i] for name, values in answers.items()}}
            rows[login] = i
    return records, rows, rejected


def _join(side: Data, log: Log, records: dict[str, dict[str, object]], formats: Formats) -> set[str]:
    """Add the answers of the second sheet to the records; return the schools met."""
    answers = _answers(side, log)
    met: set[str] = set()
    for i, login in enumerate(side.fields["login"].values(cells.school_login(formats.words))):
        if login is None or login not in records:
            log.at("side_row_unmatched", i, side.fields["login"])
        elif login in met:
            log.at("side_row_repeated", i, side.fields["login"])
        else:
            records[login].update({name: values[i] for name, values in answers.items()})
            met.add(login)
    return met


def _answers(data: Data, log: Log) -> dict[str, list]:
    """Every known column of a sheet as values; unreadable answers become None with a problem."""
    result: dict[str, list] = {}
    for name, column in data.fields.items():
        if name in _ENUMERATIONS:
            result[_ENUMERATIONS[name]] = _read(column, _enumerated, "answer_unreadable", log)
            if name in _TITLED:
                result[_TITLED[name]] = column.values(_answer_title)
        elif name in _YES_NO:
            result[name] = _read(column, _yes_no, "answer_unreadable", log)
        elif name in _NUMBERS:
            result[name] = _read(column, cells.whole_number, "number_unreadable", log)
        elif name in _EXAM_CODES:
            result[name] = column.values(cells.exam_code)
        elif name == "municipality":
            pairs = column.values(cells.municipality)
            result["municipality"] = [code for code, _ in pairs]
            result["municipality_name"] = [name for _, name in pairs]
        elif name in ("school_title", "full_name", "short_name"):
            result[name] = column.values(cells.school_title)
    return result


def _read(column: Column, read: Callable[[str], int | None], code: str, log: Log) -> list[int | None]:
    meaning = column.table(read)
    unreadable = {cell for cell, value in meaning.items() if value is None and cells.text(cell)}
    if unreadable:
        for i, cell in enumerate(column.cells):
            if cell in unreadable:
                log.at(code, i, column)
    return [meaning[cell] for cell in column.cells]


def _enumerated(value: str) -> int | None:
    found = _ANSWER.match(value)
    return int(found[1]) if found else None


def _answer_title(value: str) -> str | None:
    found = _ANSWER.match(value)
    return found[2].strip()[:200] if found else None


def _yes_no(value: str) -> int | None:
    return {"да": 1, "нет": 0}.get(value.lower())


def _year(data: Data) -> int | None:
    """Year the forms were filled in, where most dates agree."""
    column = data.fields.get("uploaded")
    years = [y for y in column.values(cells.year_of) if y] if column else []
    return max(set(years), key=years.count) if years else None


def _dropped(recognised: Recognised, log: Log, formats: Formats) -> None:
    """Say which columns with personal data held something and were left behind."""
    for match in (*recognised.main, *recognised.side):
        for index, header in enumerate(match.headers()):
            if not header or not formats.words.is_dropped(plain(header)):
                continue
            rows = match.sheet.rows[match.header_index + 1 :]
            if any(index < len(row) and cells.text(row[index]) for row in rows):
                log.file("personal_dropped", sheet=match.sheet.name, column=header)


def _frame(records: dict[str, dict[str, object]], formats: Formats) -> pd.DataFrame:
    """One row a school: identity first, then every number the sheets told."""
    rows = [records[key] for key in sorted(records)]

    def strings(name: str) -> pd.Series:
        return pd.Series([row.get(name) for row in rows], dtype="str")

    names = [row.get("short_name") or row.get("school_title") or row.get("full_name") for row in rows]
    kinds = [
        formats.words.school_kind(f"{row.get('school_title') or ''} {row.get('full_name') or ''}")
        if row.get("adapted_only") != 1
        else "correctional"
        for row in rows
    ]
    columns: dict[str, pd.Series] = {
        "school": strings("school"),
        "name": pd.Series(names, dtype="str"),
        "municipality": strings("municipality"),
        "municipality_name": strings("municipality_name"),
        "kind": pd.Series(kinds, dtype="str"),
    }
    for name in _TITLED.values():
        columns[name] = strings(name)
    for name in _EXAM_CODES:
        if any(row.get(name) for row in rows):
            columns[name] = strings(name)
    for name in (*_ENUMERATIONS.values(), *_NUMBERS, *_YES_NO):
        if any(name in row for row in rows):
            columns[name] = pd.Series([row.get(name) for row in rows], dtype="Int32")
    return pd.DataFrame(columns)


def _check(records: dict[str, dict[str, object]], rows: dict[str, int], data: Data, log: Log) -> None:
    """Answers that cannot all be true: a village in a large city (kept), one number everywhere (set to null)."""
    for school, record in records.items():
        settlement, size = record.get("settlement_type"), record.get("size")
        if settlement == _RURAL and isinstance(size, int) and size >= _OVER_100_THOUSAND:
            log.at("context_contradiction", rows[school], data.fields["size"])
        numbers = {name: record[name] for name in _NUMBERS if record.get(name) is not None}
        if all(name in numbers for name in _PLACEHOLDER_FIELDS) and len(set(numbers.values())) == 1:
            log.at("context_placeholder", rows[school], data.fields["login"], number=next(iter(numbers.values())))
            record.update(dict.fromkeys(numbers, None))
