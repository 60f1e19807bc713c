"""Findings of a screening as rows of the database: made column by column before the transaction, written in it in bulk.

A region of a million works has some 230 thousand findings. Rows of plain values, with the charts already as JSON text,
go to the driver as they are: the transaction, which holds SQLite's only writing lock, stays short.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import orjson
import pandas as pd
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from app.database import json_text
from app.models import Finding
from app.terms import Family, FindingLevel, FindingOutcome
from app.workflows.freezing import plain

_KEY = ("school", "year", "subject", "grade", "detector")
_WHOLE = ("year", "grade", "n")
_NUMBERS = ("statistic", "effect", "effect_low", "effect_high", "p_value", "q_value")
_TEXTS = ("subject", "detector", "family", "effect_unit", "level", "outcome", "reason", "sentence")
_WRITTEN = ("run_id", *_WHOLE, *_NUMBERS, *_TEXTS, "evidence", "municipality_id", "school_id")
_ROWS_AT_ONCE = 200
_LONG = 200
_INTO = f"{Finding.__tablename__} ({', '.join(_WRITTEN)})"


class FindingRows:
    """Columns of plain values, one entry a finding.

    Parameters
    ----------
    findings : DataFrame
        Columns of `app.frames.FINDINGS`.
    evidence : mapping
        (school, year, subject, grade, detector) → figures of the chart.
    schools : mapping
        Code of a school → its id and that of its municipality. Findings of other schools are left out: works of a
        school that was never registered cannot come out of accepted data.
    """

    def __init__(
        self,
        findings: pd.DataFrame,
        evidence: Mapping[tuple[str, int, str, int, str], dict[str, Any]],
        schools: Mapping[str, tuple[int, int]],
    ) -> None:
        codes = [code or "" for code in _words(findings["school"].to_numpy(dtype=object).tolist())]
        nowhere = (None, None)
        owners = {code: schools[code] if code else nowhere for code in set(codes) if not code or code in schools}
        # School by school: rows of a page, and its index, then grow at one end.
        ids = np.array([owners[code][0] or 0 if code in owners else -1 for code in codes], dtype=np.int64)
        order = np.argsort(ids, kind="stable")
        order = order[np.searchsorted(ids[order], 0) :]
        self._ids = ids[order]
        codes = [codes[i] for i in order.tolist()]
        self.columns: dict[str, list[Any]] = {
            name: findings[name].to_numpy(dtype=np.int64)[order].tolist() for name in _WHOLE
        }
        for name in _NUMBERS:
            values = findings[name].to_numpy(dtype=float)[order]
            boxed = values.astype(object)
            boxed[~np.isfinite(values)] = None
            self.columns[name] = boxed.tolist()
        for name in _TEXTS:
            values = findings[name].to_numpy(dtype=object)[order].tolist()
            self.columns[name] = _texts(values) if name == "sentence" else _words(values)
        # A finding about all papers of a school has no subject, which is a text of no letters and not a missing one.
        if None in self.columns["subject"]:
            self.columns["subject"] = [subject or "" for subject in self.columns["subject"]]
        for name, words in (("family", Family), ("level", FindingLevel), ("outcome", FindingOutcome)):
            for value in set(self.columns[name]):
                words(value)
        keys = zip(codes, *(self.columns[name] for name in _KEY[1:]), strict=True)
        writer = _ChartWriter()
        self.columns["evidence"] = [None if chart is None else writer.text(chart) for chart in map(evidence.get, keys)]
        self.columns["school_id"] = [owners[code][0] for code in codes]
        self.columns["municipality_id"] = [owners[code][1] for code in codes]

    def __len__(self) -> int:
        return len(self.columns["year"])

    def write(self, session: Session, run_id: int) -> None:
        """Insert all rows of the run through the session's own connection."""
        if not len(self):
            return
        # Through the driver: the unit of work would walk every row twice, and it is the system that writes.
        connection = session.connection()
        columns = [[run_id] * len(self), *(self.columns[name] for name in _WRITTEN[1:])]
        if connection.dialect.name == "postgresql":
            _copy(connection, columns)
        else:
            _insert(connection, columns)

    def of_schools(self, ids: Iterable[int]) -> dict[int, list[dict[str, Any]]]:
        """Rows of the given schools as dicts, with members in place of words and charts as plain values."""
        found: dict[int, list[dict[str, Any]]] = {}
        names = [name for name in _WRITTEN if name not in ("run_id", "evidence")]
        for school_id in ids:
            first, last = np.searchsorted(self._ids, [school_id, school_id + 1]).tolist()
            found[school_id] = [
                {name: self.columns[name][i] for name in names}
                | {
                    "family": Family(self.columns["family"][i]),
                    "level": FindingLevel(self.columns["level"][i]),
                    "outcome": FindingOutcome(self.columns["outcome"][i]),
                    "evidence": _read(self.columns["evidence"][i]),
                }
                for i in range(first, last)
            ]
        return found


def _insert(connection: Connection, columns: list[list[Any]]) -> None:
    """Many rows a statement: SQLite opens a journal of its own for every statement on a table with triggers."""
    width, total = len(columns), len(columns[0])
    row = f"({', '.join(['?'] * width)})"
    for first in range(0, total, _ROWS_AT_ONCE):
        rows = min(_ROWS_AT_ONCE, total - first)
        values: list[Any] = [None] * (rows * width)
        for k, column in enumerate(columns):
            values[k::width] = column[first : first + rows]
        statement = f"INSERT INTO {_INTO} VALUES {', '.join([row] * rows)}"  # noqa: S608 - own names
        connection.exec_driver_sql(statement, tuple(values))


def _copy(connection: Connection, columns: list[list[Any]]) -> None:
    driver: Any = connection.connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {_INTO} FROM STDIN") as copy:
        for row in zip(*columns, strict=True):
            copy.write_row(row)


class _ChartWriter:
    """JSON of charts; long lists that many charts share (the cloud of a funnel) are written out once."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Any, str]] = {}

    def text(self, chart: Mapping[str, Any]) -> str:
        if not any(_is_long(value) for value in chart.values()):
            return _json(chart)
        parts = [f"{_json(str(key))}:{self._value(value)}" for key, value in chart.items()]
        return "{" + ",".join(parts) + "}"

    def _value(self, value: Any) -> str:
        if not _is_long(value):
            return _json(value)
        known = self._known.get(id(value))
        if known is None:
            # The list is kept beside its text, so that no other list can get its number.
            known = self._known[id(value)] = (value, _json(value))
        return known[1]


def _is_long(value: Any) -> bool:
    return isinstance(value, list) and len(value) > _LONG


def _json(value: Any) -> str:
    """JSON, with null for what is no number, as `plain` has it."""
    try:
        return json_text(value)
    except TypeError:
        return json_text(plain(value))


def _read(text: str | None) -> Any:
    """What `freezing.plain` makes of a chart, from its text: it is parsed faster than it is walked."""
    return None if text is None else orjson.loads(text)


def _texts(values: list[Any]) -> list[str | None]:
    # Nearly always all are texts; NaN and None come where a frame was put together of others.
    return [value or None for value in values] if set(map(type, values)) == {str} else list(map(_text, values))


def _words(values: list[Any]) -> list[str | None]:
    """The same for columns of a few texts that come again and again."""
    known = {value: _text(value) for value in set(values)}
    return values if all(value is text for value, text in known.items()) else [known[value] for value in values]


def _text(value: Any) -> str | None:
    return None if value is None or value != value or value == "" else str(value)
