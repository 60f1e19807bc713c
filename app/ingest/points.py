"""Points of the items: which columns they are, what they may be, and the score they give."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.ingest import cells
from app.ingest.columns import Column, Data, Log
from app.ingest.reading import Paper
from app.ingest.refusals import refuse
from app.ingest.scales import Scale

_WRONG_PAPER_SHARE = 0.5
_WRONG_PAPER_WORKS = 10
_OBSERVED_SHARE = 0.0005


def item_columns(data: Data, paper: Paper, scale: Scale | None) -> Sequence[Column]:
    """Item columns of this paper; blank columns beyond its last item are not its own.

    Raises
    ------
    WrongFormat
        The paper's structure is known and the file has another number of items.
    """
    columns = data.items
    if scale is None or scale.n_items is None or len(columns) == scale.n_items:
        return columns
    surplus = columns[scale.n_items :]
    if surplus and all({cells.text(cell) for cell in set(c.cells)} <= {""} for c in surplus):
        return columns[: scale.n_items]
    if scale.item_max:
        raise refuse("items_count", paper=paper.title(), count=len(columns), expected=scale.n_items)
    return columns


def valid(items: NDArray) -> NDArray:
    """Points of each cell; 0 where the cell holds none."""
    return np.where((items >= 0) & (items <= cells.MAX_ITEM_POINTS), items, 0)


def item_maxima(
    columns: Sequence[Column], items: NDArray, paper: Paper, scale: Scale | None, log: Log
) -> tuple[int, ...] | None:
    """Largest points of each item: from the headers, else the catalogue, else observed where they sum to the official
    maximum.

    Parameters
    ----------
    items : ndarray, shape (k, works)
        Cells of the works only.
    """
    if scale is None:
        log.file("scale_unknown", paper=paper.title())
    elif not scale.verified:
        log.file("scale_unverified", paper=paper.title())
    headers = [c.groups.get("max") for c in columns]
    if all(headers):
        maxima = tuple(int(h) for h in headers if h)
        if scale and scale.max_score and sum(maxima) != scale.max_score:
            log.file("max_differs", sum=sum(maxima), max=scale.max_score)
        return maxima
    if scale and scale.item_max and len(scale.item_max) == len(items):
        return scale.item_max
    observed = _observed(items)
    if scale and scale.max_score and observed and sum(observed) == scale.max_score:
        return observed
    log.file("items_unknown", paper=paper.title())
    return None


def _observed(items: NDArray) -> tuple[int, ...] | None:
    """Largest points met in at least one work of two thousand (and in three works): rarer ones are slips."""
    least = max(3, int(_OBSERVED_SHARE * items.shape[1]))
    result = []
    for row in items:
        counts = np.bincount(row[(row >= 0) & (row <= cells.MAX_ITEM_POINTS)], minlength=1)
        often = np.flatnonzero(counts >= least)
        if not len(often) or often[-1] == 0:
            return None
        result.append(int(often[-1]))
    return tuple(result)


def above_maximum(
    columns: Sequence[Column],
    items: NDArray,
    maxima: tuple[int, ...] | None,
    work: NDArray,
    paper: Paper,
    scale: Scale | None,
    log: Log,
) -> NDArray:
    """Works with impossible points: an item above its maximum, or a sum above the paper's where the items' are unknown.

    Raises
    ------
    WrongFormat
        More than half of the works are such: the paper is another one.
    """
    if maxima:
        above = (items > np.asarray(maxima, np.int16)[:, None]) & work
        rejected = np.asarray(above.any(axis=0))
        count, total = int(rejected.sum()), int(work.sum())
        if total >= _WRONG_PAPER_WORKS and count > _WRONG_PAPER_SHARE * total:
            raise refuse("wrong_paper", paper=paper.title(), count=count, total=total)
        for k, column in enumerate(columns):
            log.rows("item_above_max", above[k], column, max=maxima[k])
        return rejected
    if scale is None or not scale.max_score:
        return np.zeros(len(work), bool)
    sums = valid(items).sum(axis=0)
    rejected = work & (sums > scale.max_score)
    log.rows("score_above_max", rejected, value=lambda i: str(sums[i]), max=scale.max_score)
    return rejected


class Score:
    """Scores of the works, and where each comes from.

    The sum of the items is the score: totals of the files are sometimes 0 for a whole school, sometimes include values
    of other columns. Only a work without any item point takes the total, and so do all works where an item is blank in
    every one.

    Attributes
    ----------
    value : ndarray of int, shape (n,)
    too_high : ndarray of bool
        Works with nothing but a total, which is above the paper's maximum.
    """

    def __init__(
        self, columns: Sequence[Column], items: NDArray, total: NDArray, work: NDArray, scale: Scale | None, log: Log
    ) -> None:
        self._columns, self._items, self._total, self._log = columns, items, total, log
        self.points = valid(items).sum(axis=0)
        limit = scale.max_score if scale and scale.max_score else len(items) * cells.MAX_ITEM_POINTS
        self.blank = (items == cells.BLANK).all(axis=0)
        self.by_total = work & self.blank
        self.too_high = self.by_total & (total > limit)
        filled = work & ~self.blank
        self._known = ~(items[:, filled] == cells.BLANK).all(axis=1) if filled.any() else np.ones(len(items), bool)
        if not self._known.all():
            self.by_total |= filled & (total >= self.points) & (total <= limit)
            for k in np.flatnonzero(~self._known).tolist():
                log.file("item_column_blank", column=columns[k].header)
        log.rows("total_above_max", self.too_high, log.data.fields.get("total"), max=limit)
        self.value = np.where(self.by_total, np.maximum(total, 0), self.points).astype(np.int16)

    def report(self, work: NDArray) -> None:
        """Name the doubtful cells of the works that are taken."""
        log, items, total = self._log, self._items, self._total
        unreadable = (items == cells.UNREADABLE) | (items > cells.MAX_ITEM_POINTS)
        for k, column in enumerate(self._columns):
            log.rows("item_unreadable", unreadable[k] & work, column)
            if self._known[k]:
                log.rows("item_blank", (items[k] == cells.BLANK) & work & ~self.blank, column)
        if "total" not in log.data:
            log.file("column_missing", what="итог")
            return
        column = log.data.fields["total"]
        log.rows("items_missing", work & self.blank, column)
        summed = work & ~self.by_total
        log.rows("total_differs", summed & (total >= 0) & (total != self.value), column, sum=self.points)
        log.rows("total_missing", summed & (total == cells.NO_NUMBER), column, sum=self.points)
        log.rows("total_unreadable", summed & (total == cells.BAD_NUMBER), column, sum=self.points)


def report_extras(data: Data, n_items: int, read, work: NDArray, log: Log) -> None:
    """Values right of the last item: points of another form make a row doubtful, a textbook moved right does not."""
    columns = [*data.items[n_items:], *data.extras]
    if "textbook" in data:
        columns.append(data.fields["textbook"])
    found, shifted = np.zeros(len(work), bool), np.zeros(len(work), bool)

    def shown(i: int) -> str:
        return " ".join(filter(None, (cells.text(c.cells[i])[:20] for c in columns)))

    for column in columns:
        codes = column.codes(read)
        scored = (codes != cells.BLANK) & (codes != cells.UNREADABLE) & work
        log.rows("extra_values", scored & ~found, column, value=shown)
        found |= scored
        if column in data.extras and not column.groups:
            shifted |= (codes == cells.UNREADABLE) & work
    count = int((shifted & ~found).sum())
    if count:
        log.file("textbook_shifted", count=count)
