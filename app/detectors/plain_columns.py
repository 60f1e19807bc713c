"""Works of one paper straight from a file's columns, where nothing in them asks to be cleaned or told.

Files that the import wrote are of this kind. What is not so goes through `checks.check_works`, which says what is
wrong; both give the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from app.detectors.base import PaperSpec
from app.detectors.tables import PaperColumns
from app.frames import item_columns


@dataclass(frozen=True)
class PlainWorks:
    """Works of one paper, n works.

    Attributes
    ----------
    columns : PaperColumns
    participant : ndarray of int, shape (n,), or None
        Place of the participant's code among `participant_names`, −1 for none; None where nobody has one.
    participant_names : ndarray of str
    municipality : (ndarray of int, ndarray of str), or None
        Place of each work's municipality among the names; −1 for none.
    pupil_grade, file_total : ndarray, shape (n,), or None
        As in the file; NaN for none.
    blank : ndarray of int, shape (n,)
        Blank items of each work.
    """

    columns: PaperColumns
    participant: np.ndarray | None
    participant_names: np.ndarray
    municipality: tuple[np.ndarray, np.ndarray] | None
    pupil_grade: np.ndarray | None
    file_total: np.ndarray | None
    blank: np.ndarray

    def repeated(self) -> np.ndarray:
        """Works whose participant's code was already met in the school, (n,)."""
        n = len(self.columns.score)
        if self.participant is None:
            return np.zeros(n, dtype=bool)
        code = self.columns.school.astype(np.int64) * (int(self.participant.max(initial=0)) + 1) + self.participant
        known = self.participant >= 0
        if known.all() and np.all(np.diff(code) > 0):
            return np.zeros(n, dtype=bool)
        return known & pd.Series(np.where(known, code, -1 - np.arange(n))).duplicated().to_numpy()

    def of_school(self, chosen: np.ndarray, weight: np.ndarray | None = None) -> dict[str, int]:
        """Number (or sum of `weight`) of the chosen works by school; nothing where there is none."""
        names = self.columns.names
        own = None if weight is None else weight[chosen]
        total = np.bincount(self.columns.school[chosen], weights=own, minlength=len(names)).astype(np.int64)
        return {str(names[i]): int(total[i]) for i in np.flatnonzero(total)}


def plain_works(
    read: Callable[[], pa.Table],
    read_items: Callable[[], Iterable[pa.Table]] | None,
    spec: PaperSpec | None,
    *,
    with_items: bool,
) -> PlainWorks | None:
    """Columns as they are, or None where something in them is to be cleaned, left out or said.

    Parameters
    ----------
    read, read_items : callable
        Read the columns of the works of one paper: all but the items, and the items, in parts. Each is asked once, and
        what it read is given up before the next is asked. None where nobody asks for the items.
    spec : PaperSpec or None
    with_items : bool

    Returns
    -------
    PlainWorks or None
    """
    if spec is None:
        return None
    table = read()
    present = set(table.column_names)
    if table.num_rows == 0 or not {"school", "score", "participant"} <= present:
        return None
    school = _words(table["school"], is_clean=True)
    score = _whole(table["score"], kind=np.int32)
    journal = _whole(table["journal_mark"], none=0, kind=np.int16) if "journal_mark" in present else None
    if school is None or score is None or school[0].min() < 0:
        return None
    if score.min() < 0 or score.max() > spec.max_score:
        return None
    if "journal_mark" in present and (journal is None or journal.max() > 5 or np.any((journal < 2) & (journal != 0))):
        return None
    words = {name: _words(table[name]) if name in present else None for name in ("class", "variant", "participant")}
    if any(words[name] is None for name in words if name in present):
        return None
    unit, class_names = words["class"] or (None, np.array([""]))
    if unit is not None and unit.max() < 0:
        unit, class_names = None, np.array([""])
    participant, codes = words["participant"] or (None, np.array([""]))
    if participant is not None and participant.max() < 0:
        participant = None
    place = _words(table["municipality"]) if "municipality" in present else None
    grade, total = (_numbers(table[name]) if name in present else None for name in ("pupil_grade", "file_total"))
    works = table.num_rows
    del table
    found = (None, np.zeros(works, dtype=np.int16)) if read_items is None else _items(read_items(), works, spec)
    if found is None:
        return None
    points, blank = found
    columns = PaperColumns(
        school[1],
        school[0],
        score,
        points if with_items else None,
        journal,
        unit,
        class_names,
        None if words["variant"] is None else words["variant"][0],
    )
    return PlainWorks(columns, participant, codes, place, grade, total, blank)


def _words(column: pa.ChunkedArray, *, is_clean: bool = False) -> tuple[np.ndarray, np.ndarray] | None:
    """Codes of words in their alphabetic order and the words, see `work_codes.coded`; None where they are no words."""
    whole = column.combine_chunks()
    if not pa.types.is_dictionary(whole.type) or not _is_text(whole.type.value_type):
        return None
    words = whole.dictionary.to_pylist()
    if is_clean and not all(word and word == word.strip() for word in words):
        return None
    names = sorted(set(words))
    place = {word: number for number, word in enumerate(names)}
    # In as few bytes as hold them, for there is one a work.
    kind = np.min_scalar_type(-max(len(names), 2))
    codes = np.array([*(place[word] for word in words), -1], dtype=kind)
    indices = whole.indices
    if indices.null_count:
        indices = pc.fill_null(indices, len(words))
    return codes[indices.to_numpy(zero_copy_only=False)], np.array(names, dtype=str)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _whole(column: pa.ChunkedArray, none: int | None = None, *, kind: type[np.integer]) -> np.ndarray | None:
    """Whole numbers, `none` in place of nulls; None where there are nulls, or no whole numbers of that kind."""
    if not pa.types.is_integer(column.type) or (column.null_count and none is None):
        return None
    if column.null_count:
        column = pc.fill_null(column, none)
    values = column.to_numpy()
    limits = np.iinfo(kind)
    return values.astype(kind) if values.min() >= limits.min and values.max() <= limits.max else None


def _numbers(column: pa.ChunkedArray) -> np.ndarray:
    return column.cast(pa.float64()).to_numpy()


def _items(parts: Iterable[pa.Table], works: int, spec: PaperSpec) -> tuple[np.ndarray | None, np.ndarray] | None:
    """Points item by item, held to each item's range, and blank items of each work; None where they are no numbers."""
    blank = np.zeros(works, dtype=np.int16)
    names = [f"item_{k + 1}" for k in range(len(spec.item_max))]
    points: np.ndarray | None = None
    first = 0
    for table in parts:
        rows = slice(first, first + table.num_rows)
        first = rows.stop
        given = [name for name in item_columns(table.column_names) if name in names]
        if any(not pa.types.is_integer(table[name].type) for name in given):
            return None
        is_whole = len(given) == len(names)
        if points is None and is_whole:
            points = np.zeros((len(names), works), np.int8)
        for k, name in enumerate(names):
            if name not in given:
                continue
            column = table[name]
            if column.null_count:
                blank[rows] += column.is_null().to_numpy()
                column = pc.fill_null(column, 0)
            if points is not None and is_whole:
                own = column.to_numpy()
                if own.min(initial=0) < 0 or own.max(initial=0) > spec.item_max[k]:
                    own = np.clip(own, 0, spec.item_max[k])
                points[k, rows] = own
        if points is not None and not is_whole:
            return None
    return (points if points is not None and points.any() else None), blank
