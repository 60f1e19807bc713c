"""Works in Parquet files, a paper at a time: what a region needs in memory is its counts and the works of one paper.

A table of counts is made of every paper once. Its works are read again when a detector asks for single answers, and
given up when the next paper's are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq
from pandas.api.types import union_categoricals

from app import frames
from app.detectors.base import PaperSpec
from app.detectors.checks import CheckedWorks, check_works, cleaned
from app.detectors.tables import Answers, PaperTable, build_tables, find_spec
from app.detectors.work_codes import BLANK_ITEMS, blank_items, numbers

_WORDS = ("subject", "school", "class", "participant", "variant", "municipality")
_KEY = ("year", "subject", "grade")
_SMALL, _SMALL_OR_NULL = ("year", "grade", "score"), ("pupil_grade", "file_total")
_PUPIL = (*_KEY, "school", "municipality", "participant", "score", *_SMALL_OR_NULL)
HELD_WORKS = 1_500_000
"""As many works keep their answers in memory (about 30 bytes each); those of more papers are read again."""
_NULLABLE = {pa.int8(): pd.Int8Dtype()}
_SHELF: list[tuple[Callable[[], Answers], Answers]] = []


@dataclass(frozen=True)
class WorkFiles:
    """Parquet files of works, as `screening.screen` takes them in place of a frame.

    Attributes
    ----------
    paths : tuple of Path
        Files with the columns of `app.frames.WORKS` and items; fastest and smallest where each paper has files or row
        groups of its own.
    strict_papers : bool
        As for `checks.check_works`.
    """

    paths: tuple[Path, ...]
    strict_papers: bool = False

    def papers(self) -> dict[tuple[int, str, int], list[tuple[Path, list[int]]]]:
        """Row groups in which works of each paper may stand, paper by paper in order."""
        found: dict[tuple[int, str, int], list[tuple[Path, list[int]]]] = {}
        for path in self.paths:
            with pq.ParquetFile(path) as file:
                if not set(_KEY) <= set(file.schema_arrow.names):
                    # Whoever checks the columns says what is missing.
                    found.setdefault((0, "", 0), []).append((path, list(range(file.num_row_groups))))
                    continue
                for group in range(file.num_row_groups):
                    for key in _keys(file.read_row_group(group, columns=list(_KEY), use_threads=False)):
                        places = found.setdefault(key, [])
                        if not places or places[-1][0] != path:
                            places.append((path, []))
                        places[-1][1].append(group)
        return dict(sorted(found.items()))

    def read(self, papers: Sequence[PaperSpec], *, with_items: bool = True) -> tuple[CheckedWorks, list[PaperTable]]:
        """Check and count all works, a paper at a time.

        Returns
        -------
        CheckedWorks
            Of the works only the columns that tell who wrote what, and where.
        list of PaperTable
            Tables whose answers are read again when asked for.

        Raises
        ------
        WrongFormat
            As `checks.check_works` does, at the first paper that has a fault.
        """
        tables: list[PaperTable] = []
        warnings: list[str] = []
        kept: list[pd.DataFrame] = []
        held = repeated = 0
        for key, groups in self.papers().items():
            checked = check_works(_frame(groups, key), papers, strict_papers=self.strict_papers)
            warnings += checked.warnings
            kept.append(_narrow(checked.works, find_spec(papers, *key)))
            repeated += checked.repeated
            for table in build_tables(checked.works, papers, with_items=with_items):
                if table.answers is not None:
                    held += len(table.answers.score)
                    if held > HELD_WORKS:
                        table = replace(table, answers=StoredAnswers(_Again(groups, key, tuple(papers))))
                tables.append(table)
            pa.default_memory_pool().release_unused()
        tables.sort(key=lambda table: table.key)
        return CheckedWorks(_together(kept), tuple(dict.fromkeys(warnings)), repeated), tables

    def of_schools(self, names: np.ndarray, year: int, papers: Sequence[PaperSpec]) -> pd.DataFrame:
        """Works of the schools named on these papers of one year, as a frame of them would have been checked."""
        parts = []
        for key, groups in self.papers().items():
            if key[0] == year and find_spec(papers, *key) is not None:
                table = _paper(groups, key)
                # Only they are checked again: whatever is said of the others has been said.
                own = cleaned(table["school"].to_pandas()).isin(names).to_numpy()
                parts.append(_narrowly_coded(table.filter(pa.array(own))))
                del table
                pa.default_memory_pool().release_unused()
        together = pa.concat_tables(parts, promote_options="permissive").unify_dictionaries()
        parts.clear()
        # Points with nulls among them, for a paper has fewer items than another, would take eight bytes each.
        frame = together.to_pandas(use_threads=False, self_destruct=True, types_mapper=_NULLABLE.get)
        pa.default_memory_pool().release_unused()
        return check_works(frame, papers).works


def read_works(works: pd.DataFrame | WorkFiles, papers: Sequence[PaperSpec]) -> tuple[CheckedWorks, list[PaperTable]]:
    """Works, checked, and their tables, from a frame or from files."""
    if isinstance(works, WorkFiles):
        return works.read(papers)
    checked = check_works(works, papers)
    return checked, build_tables(checked.works, papers)


def read_frame(paths: Sequence[Path]) -> pd.DataFrame:
    """Works of several files in one frame, with the columns that detectors read; words are categorical."""
    groups: list[tuple[Path, list[int]]] = []
    for path in paths:
        with pq.ParquetFile(path) as file:
            groups.append((path, list(range(file.num_row_groups))))
    return _table(groups).to_pandas(use_threads=False, self_destruct=True)


class StoredAnswers(Answers):
    """Answers that are read from their file when looked at; only the paper looked at last stays in memory."""

    def __init__(self, load: Callable[[], Answers]) -> None:
        object.__setattr__(self, "_load", load)

    def __getattr__(self, name: str) -> Any:
        if name not in _FIELDS:
            raise AttributeError(name)
        return getattr(self._taken(), name)

    def by_score(self, top: int) -> Any:
        return self._taken().by_score(top)

    def works_at(self, table: PaperTable) -> np.ndarray:
        return self._taken().works_at(table)

    def of_schools(self, rows: np.ndarray) -> Answers:
        return self._taken().of_schools(rows)

    def _taken(self) -> Answers:
        load = self.__dict__["_load"]
        if not _SHELF or _SHELF[0][0] is not load:
            _SHELF.clear()
            _SHELF.append((load, load()))
        return _SHELF[0][1]


_FIELDS = {field.name for field in fields(Answers)}


@dataclass(frozen=True)
class _Again:
    """Reads one paper's answers once more."""

    groups: list[tuple[Path, list[int]]]
    key: tuple[int, str, int]
    papers: tuple[PaperSpec, ...]

    def __call__(self) -> Answers:
        checked = check_works(_frame(self.groups, self.key), self.papers)
        (table,) = build_tables(checked.works, self.papers)
        assert table.answers is not None
        return table.answers


def _frame(groups: list[tuple[Path, list[int]]], key: tuple[int, str, int]) -> pd.DataFrame:
    """Works of one paper."""
    return _paper(groups, key).to_pandas(use_threads=False, self_destruct=True)


def _narrowly_coded(table: pa.Table) -> pa.Table:
    """The same words, in dictionaries that hold no others."""
    for place, name in enumerate(table.column_names):
        if pa.types.is_dictionary(table.schema.field(place).type):
            words = table.column(place).cast(pa.string())
            table = table.set_column(place, name, words.dictionary_encode())
    return table


def _paper(groups: list[tuple[Path, list[int]]], key: tuple[int, str, int]) -> pa.Table:
    table = _table(groups)
    if set(_KEY) <= set(table.column_names) and len(_keys(table)) > 1:
        own = [pa.compute.equal(table[n].cast(pa.string()), pa.scalar(str(v))) for n, v in zip(_KEY, key, strict=True)]
        table = table.filter(pa.compute.and_(pa.compute.and_(own[0], own[1]), own[2]))
    return table


def _table(groups: list[tuple[Path, list[int]]]) -> pa.Table:
    """Row groups one under another; words stay codes of one dictionary a column."""
    parts = []
    known = {column.name for column in frames.WORKS} | {"file_total"}
    for path, chosen in groups:
        names = [n for n in pq.read_schema(path).names if n in known or frames.item_columns([n])]
        with pq.ParquetFile(path, read_dictionary=[n for n in _WORDS if n in names]) as file:
            parts.append(file.read_row_groups(chosen, columns=names, use_threads=False))
    return pa.concat_tables(parts, promote_options="permissive").unify_dictionaries()


def _narrow(works: pd.DataFrame, spec: PaperSpec | None) -> pd.DataFrame:
    """Only who wrote what and where, a few bytes a work; nothing of the frame itself is kept alive."""
    columns: dict[str, Any] = {}
    for name in (name for name in _PUPIL if name in works):
        if name in _SMALL:
            columns[name] = works[name].to_numpy().astype(np.int16)
        elif name in _SMALL_OR_NULL:
            values = numbers(works[name])
            unknown = ~np.isfinite(values)
            columns[name] = pd.arrays.IntegerArray(np.where(unknown, 0, values).astype(np.int16), unknown)
        else:
            columns[name] = works[name].astype("category").array.copy()
    columns[BLANK_ITEMS] = blank_items(works, 0 if spec is None else len(spec.item_max)).astype(np.int16)
    return pd.DataFrame(columns)


def _together(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Frames one under another, words as one set of categories and numbers as narrow as they may be."""
    if not parts:
        return pd.DataFrame({name: pd.Series(dtype="object") for name in _PUPIL})
    columns = {}
    for name in dict.fromkeys(name for part in parts for name in part.columns):
        kind = "Int16" if name in _SMALL_OR_NULL else "category"
        own = [part[name] if name in part else pd.Series([None] * len(part), dtype=kind) for part in parts]
        if name in _SMALL or name == BLANK_ITEMS:
            columns[name] = np.concatenate([column.to_numpy() for column in own])
        else:
            columns[name] = pd.concat(own, ignore_index=True) if name in _SMALL_OR_NULL else union_categoricals(own)
    return pd.DataFrame(columns)


def _keys(table: pa.Table) -> list[tuple[int, str, int]]:
    """Distinct papers of a table."""
    keys = table.select(list(_KEY)).unify_dictionaries().combine_chunks()
    seen = keys.group_by(list(_KEY)).aggregate([]).to_pylist()
    return [(row["year"], row["subject"], row["grade"]) for row in seen]
