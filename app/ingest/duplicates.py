"""The same participant of the same school twice: one is kept, and both rows are named."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.ingest.cells import text
from app.ingest.columns import Data, Log


def reject_duplicates(
    data: Data,
    log: Log,
    school: Sequence[str | None],
    participant: Sequence[str | None],
    work: NDArray,
    absent: NDArray,
) -> NDArray:
    """Mask of the rows to reject as repetitions.

    Works come before absences and earlier rows before later ones: the first of them is kept. A repetition with the same
    content is `duplicate_row`; one with other content is `duplicate_conflict`, and the kept row is `duplicate_kept`.
    """
    if len(set(zip(school, participant, strict=True))) == len(data):
        return np.zeros(len(data), bool)
    order = np.concatenate([np.flatnonzero(work), np.flatnonzero(absent)])
    rejected = np.zeros(len(data), bool)
    first: dict[tuple[str | None, str | None], int] = {}
    pairs = []
    for i in order.tolist():
        kept = first.setdefault((school[i], participant[i]), i)
        if kept != i:
            pairs.append((kept, i))
    if not pairs:
        return rejected
    same = {i: _content(data, i) == _content(data, kept) for kept, i in pairs}
    first_of = {i: kept for kept, i in pairs}
    other_of = {kept: i for kept, i in pairs if not same[i]}
    column = data.fields["participant"]

    def mask(rows: Sequence[int]) -> NDArray:
        result = np.zeros(len(data), bool)
        result[list(rows)] = True
        return result

    numbers = data.row_of.tolist()
    first_rows = [numbers[first_of[i]] if i in first_of else 0 for i in range(len(data))]
    other_rows = [numbers[other_of[i]] if i in other_of else 0 for i in range(len(data))]
    log.rows("duplicate_row", mask([i for i in same if same[i]]), column, first=first_rows)
    log.rows("duplicate_conflict", mask([i for i in same if not same[i]]), column, first=first_rows)
    log.rows("duplicate_kept", mask(list(other_of)), column, other=other_rows)
    rejected[list(same)] = True
    return rejected


def _content(data: Data, i: int) -> list[str]:
    columns = [c for name, c in data.fields.items() if name not in {"ignore", "uploaded", "textbook", "textbook_other"}]
    return [text(c.cells[i]) for c in (*columns, *data.items)]
