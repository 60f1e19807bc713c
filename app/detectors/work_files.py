"""Works in Parquet files, a paper at a time: what a region needs in memory is its counts and the works of one paper.

A table of counts is made of every paper once. Its works are read again when a detector asks for single answers, and
given up when the next paper's are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from app import frames
from app.detectors.base import PaperSpec
from app.detectors.checks import NO_WORKS, CheckedWorks, check_works, repeated_codes
from app.detectors.memory import give_back, keep_ready
from app.detectors.plain_columns import PlainWorks, plain_works
from app.detectors.row_groups import KEY_COLUMNS, Groups, columns_of, is_item, item_parts, papers_of
from app.detectors.selective_absence import GradePupils
from app.detectors.tables import Answers, PaperTable, build_tables, find_spec, table_of
from app.detectors.work_codes import coded, numbers
from app.detectors.works_read import (
    ByPaper,
    Gathering,
    Key,
    Sitters,
    WorksRead,
    no_pupils,
    places_of_plain,
    pupils_of_sitters,
    read_of_frame,
    sitters_of_plain,
)

HELD_WORKS = 1_500_000
"""As many works keep their answers in memory (about 30 bytes each); those of more papers are read again."""
_READ_IN_PARTS = 2_000_000
"""Bytes of the files of a paper beyond which its items are read apart from the rest."""
_WHO_SAT = frozenset({"school", "participant", "journal_mark", "score"})
_OF_WORKS = _WHO_SAT | {"class", "variant", "municipality"}
Anything = TypeVar("Anything")
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

    def papers(self) -> dict[Key, list[tuple[Path, list[int]]]]:
        """Row groups in which works of each paper may stand, paper by paper in order."""
        return papers_of(self.paths)

    def read(
        self,
        papers: Sequence[PaperSpec],
        *,
        with_items: bool = True,
        at_once: Callable[[PaperTable, WorksRead], None] | None = None,
        held_works: int | None = None,
    ) -> tuple[WorksRead, list[PaperTable]]:
        """Check and count all works, a paper at a time.

        Parameters
        ----------
        papers : sequence of PaperSpec
        with_items : bool
        at_once : callable, optional
            Called with each table, and what else its works say, while their answers are in memory.
        held_works : int, optional
            As many works keep their answers afterwards; `HELD_WORKS` by default.

        Returns
        -------
        WorksRead
        list of PaperTable
            Tables; of many works the answers are read again when asked for.

        Raises
        ------
        WrongFormat
            As `checks.check_works` does, at the first paper read that has a fault: large ones come first.
        """
        tables: list[PaperTable] = []
        gathering = Gathering()
        sat: dict[Key, Callable[[], Sitters | None]] = {}
        held = largest = 0
        for key, groups in sorted(self.papers().items(), key=_large_first):
            read, found, sitters = _read_paper(groups, key, papers, self.strict_papers, with_items=with_items)
            gathering.add(key, read)
            again = _Again(tuple(groups), key, tuple(papers), sitters is not None and sitters.is_plain)
            works = 0 if sitters is None else len(sitters.score)
            held, largest = held + works, max(largest, works)
            keep_ready(largest)
            is_held = held <= HELD_WORKS
            keeps_answers = held <= (HELD_WORKS if held_works is None else held_works)
            sat[key] = partial(_same, sitters) if is_held else again.sitters
            del sitters
            give_back(held_by=works)
            for table in found:
                if at_once is not None:
                    at_once(table, read)
                if table.answers is not None:
                    answers = table.answers.bare() if keeps_answers else StoredAnswers(again.answers)
                    table = replace(table, answers=answers)
                if at_once is not None and not keeps_answers:
                    table = table.with_small_numbers()
                tables.append(table)
            del found, read
            give_back(held_by=works)
        tables.sort(key=lambda table: table.key)

        def pupils(own: Sequence[PaperTable]) -> GradePupils | None:
            return pupils_of_sitters([sat[table.key]() if table.key in sat else None for table in own])

        return gathering.whole(pupils), tables

    def frame(self) -> pd.DataFrame:
        """All works in one frame, see `read_frame`."""
        return read_frame(self.paths)

    def largest_points(self, key: Key) -> list[int]:
        """Most points that anybody has on each item of a paper, items without any points left out."""
        columns = columns_of(self.papers().get(key, []), key, is_item)
        most = [pa.compute.max(columns[name]).as_py() for name in frames.item_columns(columns.column_names)]
        return [int(points) for points in most if points is not None]

    def of_schools(self, names: np.ndarray, year: int, papers: Sequence[PaperSpec]) -> pd.DataFrame:
        """Works of the schools named on these papers of one year, as a frame of them would have been checked."""
        parts = []
        for key, groups in self.papers().items():
            if key[0] == year and find_spec(papers, *key) is not None:
                parts += _parts_of(groups, key, names)
        if not parts:
            return check_works(NO_WORKS, papers).works
        together = pa.concat_tables(parts, promote_options="permissive").unify_dictionaries()
        parts.clear()
        # Points with nulls among them, for a paper has fewer items than another, would take eight bytes each.
        frame = together.to_pandas(use_threads=False, self_destruct=True, types_mapper=_NULLABLE.get)
        pa.default_memory_pool().release_unused()
        return check_works(frame, papers).works

    def plain_of_schools(self, names: np.ndarray, year: int, papers: Sequence[PaperSpec]) -> Iterator[PlainWorks]:
        """The same, paper by paper in the order given, as columns; it ends at a paper whose works are not plain."""
        places = self.papers()
        for spec in papers:
            key = (year, spec.subject, spec.grade)
            parts = _parts_of(places.get(key, []), key, names, _is_of_works)
            if not parts:
                return
            together = pa.concat_tables(parts, promote_options="permissive").unify_dictionaries()
            del parts
            plain = plain_works(partial(_same, together), partial(_same, [together]), spec, with_items=True)
            del together
            give_back()
            if plain is None:
                return
            yield plain


def _parts_of(
    groups: Groups, key: Key, names: np.ndarray, wanted: Callable[[str], bool] | None = None
) -> list[pa.Table]:
    """Works of the schools named on one paper, row group by row group."""
    parts, schools = [], set(names.tolist())
    for path, group in ((path, group) for path, chosen in groups for group in chosen):
        table = columns_of([(path, [group])], key, wanted)
        # Only they are checked again: whatever is said of the others has been said.
        table = table.filter(pa.array(_named(table["school"], schools)))
        if table.num_rows:
            parts.append(_narrowly_coded(table))
        del table
    give_back()
    return parts


def read_works(
    works: CheckedWorks | WorkFiles,
    papers: Sequence[PaperSpec],
    *,
    at_once: Callable[[PaperTable, WorksRead], None] | None = None,
    held_works: int | None = None,
) -> tuple[WorksRead, list[PaperTable]]:
    """Tables of works, and what else they say, from a frame that was checked or from files."""
    if isinstance(works, WorkFiles):
        return works.read(papers, at_once=at_once, held_works=held_works)
    return read_of_frame(works, papers), build_tables(works.works, papers)


def read_frame(paths: Sequence[Path]) -> pd.DataFrame:
    """Works of several files in one frame, with the columns that detectors read; words are categorical."""
    groups: list[tuple[Path, list[int]]] = []
    for path in paths:
        with pq.ParquetFile(path) as file:
            groups.append((path, list(range(file.num_row_groups))))
    return columns_of(groups).to_pandas(use_threads=False, self_destruct=True)


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
    """Reads one paper once more."""

    groups: tuple[tuple[Path, list[int]], ...]
    key: Key
    papers: tuple[PaperSpec, ...]
    is_plain: bool = False

    def answers(self) -> Answers:
        _, (table,), _ = _read_paper(self.groups, self.key, self.papers, is_strict=False, with_items=True)
        assert table.answers is not None
        return table.answers

    def sitters(self) -> Sitters | None:
        return _read_paper(
            self.groups, self.key, self.papers, is_strict=False, with_items=False, is_checked=self.is_plain
        )[2]


def _large_first(paper: tuple[Key, Groups]) -> int:
    """Order of reading: the works of a large paper fill memory while the results of few others are kept beside them."""
    size = _bytes_of(paper[1])
    return -size if size > _READ_IN_PARTS else 0


def _bytes_of(groups: Groups) -> int:
    return sum(path.stat().st_size for path, _ in groups)


def _same(value: Anything) -> Anything:
    return value


def _is_of_works(name: str) -> bool:
    return name in _OF_WORKS or is_item(name)


def _is_no_key(name: str) -> bool:
    return name not in KEY_COLUMNS


def _is_neither(name: str) -> bool:
    return _is_no_key(name) and not is_item(name)


def _read_paper(
    groups: Groups,
    key: Key,
    papers: Sequence[PaperSpec],
    is_strict: bool,
    *,
    with_items: bool,
    is_checked: bool = False,
) -> tuple[WorksRead, list[PaperTable], Sitters | None]:
    """One paper: what its works say besides, its table (or none), and who sat it — of what was checked, this alone."""
    spec = find_spec(papers, *key)
    if is_checked:
        plain = plain_works(partial(columns_of, groups, key, _WHO_SAT.__contains__), None, spec, with_items=False)
    elif _bytes_of(groups) <= _READ_IN_PARTS:
        together = partial(_same, columns_of(groups, key, _is_no_key))
        plain = plain_works(together, lambda: [together()], spec, with_items=with_items)
        del together
    else:
        rest, items = partial(columns_of, groups, key, _is_neither), partial(item_parts, groups, key)
        plain = plain_works(rest, items, spec, with_items=with_items)
    give_back()
    if plain is None or spec is None:
        frame = columns_of(groups, key).to_pandas(use_threads=False, self_destruct=True)
        checked = check_works(frame, papers, strict_papers=is_strict)
        tables = build_tables(checked.works, papers, with_items=with_items)
        return read_of_frame(checked, papers), tables, _sitters_of_frame(checked.works)
    own = plain.columns
    sitters = sitters_of_plain(plain, spec)
    if is_checked:
        return WorksRead(no_pupils, {}), [], sitters
    again = plain.repeated()
    read = WorksRead(
        no_pupils,
        places_of_plain(plain),
        (repeated_codes(int(again.sum())),) if again.any() else (),
        None if plain.participant is None else {key: plain.of_school(again)} if again.any() else {},
        _known(key, plain, plain.file_total),
        {key: plain.of_school(plain.blank > 0, plain.blank)} if plain.blank.any() else {},
        _pupil_grade(key, plain.pupil_grade),
    )
    del plain, again
    return read, [table_of(own, spec, key[0])], sitters


def _sitters_of_frame(works: pd.DataFrame) -> Sitters | None:
    if "participant" not in works or not works["participant"].notna().any():
        return None
    school, school_names = coded(works["school"])
    participant, names = coded(works["participant"])
    participant = np.where(works["participant"].notna(), participant, -1)
    journal = numbers(works["journal_mark"]) if "journal_mark" in works else None
    return Sitters(school_names, school, names, participant, works["score"].to_numpy(dtype=np.int64), journal)


def _known(key: Key, plain: PlainWorks, values: np.ndarray | None) -> ByPaper:
    known = np.zeros(0, dtype=bool) if values is None else np.isfinite(values)
    return {key: plain.of_school(known)} if known.any() else {}


def _pupil_grade(key: Key, values: np.ndarray | None) -> dict[Key, int]:
    known = np.zeros(0) if values is None else values[np.isfinite(values)]
    if len(known) == 0:
        return {}
    grades, counts = np.unique(known, return_counts=True)
    return {key: int(grades[np.argmax(counts)])}


def _named(column: pa.ChunkedArray, wanted: set[str]) -> np.ndarray:
    """Works of the schools wanted."""
    whole = column.combine_chunks().dictionary_encode()
    there = np.array([str(word).strip() in wanted for word in whole.dictionary.to_pylist()] + [False])
    return there[pa.compute.fill_null(whole.indices, len(there) - 1).to_numpy()]


def _narrowly_coded(table: pa.Table) -> pa.Table:
    """The same words, in dictionaries that hold no others."""
    for place, name in enumerate(table.column_names):
        if pa.types.is_dictionary(table.schema.field(place).type):
            words = table.column(place).cast(pa.string())
            table = table.set_column(place, name, words.dictionary_encode())
    return table
