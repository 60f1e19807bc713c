"""Findings of a screening as rows of the database: made column by column before the transaction, written in it in bulk.

A region of a million works has some 160 thousand findings. Rows of plain values, with the charts already as JSON text,
go to the driver as they are: the transaction, which holds SQLite's only writing lock, stays short.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy.orm import Session

from app.models import Finding
from app.terms import Family, FindingLevel, FindingOutcome
from app.workflows.freezing import plain

_KEY = ("school", "year", "subject", "grade", "detector")
_WHOLE = ("year", "grade", "n")
_NUMBERS = ("statistic", "effect", "effect_low", "effect_high", "p_value", "q_value")
_TEXTS = ("subject", "detector", "family", "effect_unit", "level", "outcome", "reason", "sentence")
_WRITTEN = ("run_id", *_WHOLE, *_NUMBERS, *_TEXTS, "evidence", "municipality_id", "school_id")
_ROWS_AT_ONCE = 5_000
_LONG = 200


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
        codes = [_text(code) or "" for code in _objects(findings["school"])]
        kept = np.flatnonzero(np.array([not code or code in schools for code in codes], dtype=bool))
        findings = findings.iloc[kept]
        codes = [codes[i] for i in kept.tolist()]
        self.columns: dict[str, list[Any]] = {name: _objects(findings[name].astype(np.int64)) for name in _WHOLE}
        for name in _NUMBERS:
            values = findings[name].to_numpy(dtype=float)
            boxed = values.astype(object)
            boxed[~np.isfinite(values)] = None
            self.columns[name] = boxed.tolist()
        for name in _TEXTS:
            self.columns[name] = [_text(value) for value in _objects(findings[name])]
        # A finding about all papers of a school has no subject, which is a text of no letters and not a missing one.
        self.columns["subject"] = [subject or "" for subject in self.columns["subject"]]
        for name, words in (("family", Family), ("level", FindingLevel), ("outcome", FindingOutcome)):
            for value in set(self.columns[name]):
                words(value)
        keys = zip(codes, *(self.columns[name] for name in _KEY[1:]), strict=True)
        writer = _ChartWriter()
        self.charts = [evidence.get(key) for key in keys]
        self.columns["evidence"] = [None if chart is None else writer.text(chart) for chart in self.charts]
        nowhere = (None, None)
        owners = [schools[code] if code else nowhere for code in codes]
        self.columns["school_id"] = [owner[0] for owner in owners]
        self.columns["municipality_id"] = [owner[1] for owner in owners]

    def __len__(self) -> int:
        return len(self.columns["year"])

    def write(self, session: Session, run_id: int) -> None:
        """Insert all rows of the run through the session's own connection."""
        if not len(self):
            return
        # Through the driver: the unit of work would walk every row twice, and it is the system that writes.
        connection = session.connection()
        mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
        names, marks = ", ".join(_WRITTEN), ", ".join([mark] * len(_WRITTEN))
        statement = f"INSERT INTO {Finding.__tablename__} ({names}) VALUES ({marks})"  # noqa: S608 - own names
        own = self.columns | {"run_id": [run_id] * len(self)}
        # School by school: rows of a page, and its index, then grow at one end.
        order = sorted(range(len(self)), key=lambda i: own["school_id"][i] or 0)
        columns = [own[name] for name in _WRITTEN]
        for first in range(0, len(self), _ROWS_AT_ONCE):
            chosen = order[first : first + _ROWS_AT_ONCE]
            rows = list(zip(*([column[i] for i in chosen] for column in columns), strict=True))
            connection.exec_driver_sql(statement, rows)

    def of_schools(self, ids: Iterable[int]) -> dict[int, list[dict[str, Any]]]:
        """Rows of the given schools as dicts, with members in place of words and charts as they are."""
        found: dict[int, list[dict[str, Any]]] = {school_id: [] for school_id in ids}
        names = [name for name in _WRITTEN if name not in ("run_id", "evidence")]
        for i, school_id in enumerate(self.columns["school_id"]):
            if school_id not in found:
                continue
            row = {name: self.columns[name][i] for name in names}
            row |= {
                "family": Family(row["family"]),
                "level": FindingLevel(row["level"]),
                "outcome": FindingOutcome(row["outcome"]),
                "evidence": plain(self.charts[i]),
            }
            found[school_id].append(row)
        return found


class _ChartWriter:
    """JSON of charts; long lists that many charts share (the cloud of a funnel) are written out once."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Any, str]] = {}

    def text(self, chart: Mapping[str, Any]) -> str:
        parts = []
        for key, value in chart.items():
            parts.append(f"{json.dumps(str(key), ensure_ascii=False)}: {self._value(value)}")
        return "{" + ", ".join(parts) + "}"

    def _value(self, value: Any) -> str:
        if isinstance(value, list) and len(value) > _LONG:
            known = self._known.get(id(value))
            if known is None:
                # The list is kept beside its text, so that no other list can get its number.
                known = self._known[id(value)] = (value, _json(value))
            return known[1]
        return _json(value)


def _json(value: Any) -> str:
    try:
        return json.dumps(value, allow_nan=False, ensure_ascii=False)
    except (ValueError, TypeError):
        return json.dumps(plain(value), allow_nan=False, ensure_ascii=False)


def _objects(column: pd.Series) -> list[Any]:
    return column.to_numpy(dtype=object).tolist()


def _text(value: Any) -> str | None:
    return None if value is None or value != value or value == "" else str(value)
