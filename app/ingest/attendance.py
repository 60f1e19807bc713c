"""Who sat the paper: absent pupils, pupils who sat one of two parts, and the variants of the others."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.ingest import cells
from app.ingest.columns import Column, Data, Log
from app.ingest.formats import Words
from app.ingest.scales import Scale


@dataclass
class Attendance:
    """Masks over all rows, and the variant of each («1», or «1/2» for a paper of two parts; None where unknown)."""

    absent: NDArray
    half: NDArray
    variant: list[str | None]


def read_attendance(
    data: Data, words: Words, scale: Scale | None, items: NDArray, total: NDArray, open_rows: NDArray, log: Log
) -> Attendance:
    """Read the variants of the rows in `open_rows` (not rejected so far).

    A paper of two parts (Russian, grade 4) has two variants. Absent from both, or from the one that is filled in:
    absent. Absent from one and present at the other, or a whole part without a single value: half a work, whose score
    the scale does not fit.
    """
    first_column, second_column = data.fields["variant"], data.fields.get("variant_2")
    first = np.array(first_column.values(cells.variant(words)), dtype=object)
    absent = first == cells.ABSENT
    half = np.zeros(len(first), bool)
    second = None
    if second_column is not None:
        second = np.array(second_column.values(cells.variant(words)), dtype=object)
        absent_1, absent_2 = absent, second == cells.ABSENT
        absent = (absent_1 & (absent_2 | (second == ""))) | (absent_2 & (first == ""))
        half = ((absent_1 ^ absent_2) | _one_part_blank(items, scale)) & ~absent
    absent, half = absent & open_rows, half & open_rows
    shown = _both(first_column, second_column)
    log.rows("part_missing", half, first_column, value=shown)
    log.rows("absent_scored", absent & ((items > 0).any(axis=0) | (total > 0)), first_column, value=shown)
    sat = open_rows & ~absent & ~half & ~(items == cells.BLANK).all(axis=0)
    log.rows("variant_unknown", sat & ((first == "") | (first == "?")), first_column)
    if second is not None:
        log.rows("variant_unknown", sat & (second == "?"), second_column)
    pairs = list(zip(first, second if second is not None else itertools.repeat(""), strict=False))
    meaning = {pair: _variant(*pair) for pair in set(pairs)}
    return Attendance(absent, half, [meaning[pair] for pair in pairs])


def _one_part_blank(items: NDArray, scale: Scale | None) -> NDArray:
    """Papers of two parts: no cell of one part is filled in while the other has some."""
    parts = scale.parts if scale else None
    if not parts or sum(parts) != len(items):
        return np.zeros(items.shape[1], bool)
    edges = [0, *itertools.accumulate(parts)]
    empty = np.stack([(items[a:b] == cells.BLANK).all(axis=0) for a, b in itertools.pairwise(edges)])
    return np.asarray(empty.any(axis=0) & ~empty.all(axis=0))


def _variant(first: str, second: str) -> str | None:
    if first in ("", "?", cells.ABSENT):
        return None
    return f"{first}/{second}" if second.isdigit() else first


def _both(first: Column, second: Column | None) -> Callable[[int], str] | None:
    if second is None:
        return None
    return lambda i: f"{cells.text(first.cells[i])} / {cells.text(second.cells[i])}"
