"""Parsed works as the canonical frame, and the schools they name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from app.ingest.cells import lookup
from app.ingest.formats import Words
from app.ingest.reading import Paper
from app.ingest.uploads import upload_table


@dataclass
class Parsed:
    """Arrays over all rows read, shape (n,); `items` has shape (k, n) with -1 for no points; -1 in the others is
    null.
    """

    accepted: NDArray
    rejected: NDArray
    absent: NDArray
    school: list[str | None]
    participant: list[str | None]
    class_name: list[str | None]
    variant: list[str | None]
    journal_mark: NDArray
    items: NDArray
    score: NDArray
    mark: NDArray | None
    file_total: NDArray
    pupil_grade: NDArray
    municipality: list[tuple[str | None, str | None]]
    title: list[str | None]
    out_of_range: NDArray
    repeated: NDArray
    uploaded: list[str | None]


def work_frame(parsed: Parsed, paper: Paper) -> pd.DataFrame:
    """Accepted works sorted by municipality, school, class and participant (columns: `app.frames.WORKS`)."""
    rows = np.flatnonzero(parsed.accepted)
    keys = {pair: pair[0] or pair[1] for pair in set(parsed.municipality)}
    municipality = [keys[pair] for pair in _take(parsed.municipality, rows)]
    school, class_name = _take(parsed.school, rows), _take(parsed.class_name, rows)
    participant = _take(parsed.participant, rows)
    number = lookup(participant, {code: int(code or 0) for code in set(participant)}, np.int64)
    order = np.lexsort((number, _rank(class_name), _rank(school), _rank(municipality)))
    rows = rows[order]
    index = order.tolist()
    columns: dict[str, object] = {
        "year": np.full(len(rows), paper.year, np.int16),
        "subject": _strings([paper.subject] * len(rows)),
        "grade": np.full(len(rows), paper.grade, np.int8),
        "school": _strings([school[i] for i in index]),
        "class": _strings([class_name[i] for i in index]),
        "participant": _strings([participant[i] for i in index]),
        "variant": _strings(_take(parsed.variant, rows)),
        "journal_mark": _nullable(parsed.journal_mark[rows]),
        "score": parsed.score[rows],
        "mark": _nullable(parsed.mark[rows] if parsed.mark is not None else np.full(len(rows), -1, np.int8)),
        "pupil_grade": _nullable(parsed.pupil_grade[rows]),
        "municipality": _strings([municipality[i] for i in index]),
        "file_total": _nullable(parsed.file_total[rows]),
    }
    for k, item in enumerate(parsed.items, 1):
        columns[f"item_{k}"] = _nullable(item[rows])
    return pd.DataFrame(columns)


def school_table(parsed: Parsed, words: Words) -> pd.DataFrame:
    """One row a school met in the file, absent pupils included, in the order of their digits; with what the file tells
    about the school's own upload (`app.ingest.uploads`).
    """
    met: dict[str, tuple[str | None, str | None, str | None]] = {}
    for i in np.flatnonzero(parsed.accepted | parsed.absent).tolist():
        school = parsed.school[i]
        if school is not None and school not in met:
            met[school] = (parsed.title[i], *parsed.municipality[i])
    keys = sorted(met)
    table = pd.DataFrame(
        {
            "school": _strings(keys),
            "name": _strings([met[k][0] for k in keys]),
            "municipality": _strings([met[k][1] for k in keys]),
            "municipality_name": _strings([met[k][2] for k in keys]),
            "kind": _strings([words.school_kind(met[k][0]) for k in keys]),
        }
    )
    upload = upload_table(
        keys,
        parsed.school,
        present=parsed.accepted,
        absent=parsed.absent,
        total_mismatch=parsed.accepted & (parsed.file_total >= 0),
        out_of_range=parsed.out_of_range,
        duplicates=parsed.repeated,
        uploaded=parsed.uploaded,
    )
    return pd.concat([table, upload], axis=1)


def _take(values: Sequence, rows: NDArray) -> list:
    return [values[i] for i in rows.tolist()]


def _rank(values: Sequence[str | None]) -> NDArray:
    """Place of each value among the distinct ones; null last."""
    places: dict[object, int] = {value: place for place, value in enumerate(sorted({*values} - {None}))}  # type: ignore[type-var]
    places[None] = len(places)
    return lookup(values, places, np.int32)


def _strings(values: Sequence[str | None]) -> pd.Series:
    return pd.Series(values, dtype="str")


def _nullable(values: NDArray) -> pd.arrays.IntegerArray:
    """Integers with null for -1, of the same width."""
    return pd.arrays.IntegerArray(values.copy(), values < 0)
