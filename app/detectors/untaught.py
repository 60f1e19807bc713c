"""Items that a whole class was not taught: no class is alike, and no item odd, for what nobody there could answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.detectors.work_codes import distinct, item_tables, order_of_works

_SMALLEST_CLASS = 8
_SMALLEST_EXPECTED = 4.0
_SMALLEST_NORM = 200
_STRAY = 0.1
"""Of the points expected on an item: so few that somebody put them there afterwards."""


@dataclass(frozen=True)
class Completed:
    """Works of one paper, K items and n works.

    Attributes
    ----------
    points : ndarray of int8, shape (K, n)
    score : ndarray of int, shape (n,)
        Totals of `points`.
    untaught : ndarray of bool, shape (S, K), or None
        Items that no class of the school was taught; None where every item was taught everywhere.
    cells : list of ndarray
        `item_tables` of `points`.
    """

    points: np.ndarray
    score: np.ndarray
    untaught: np.ndarray | None
    cells: list[np.ndarray]


def completed(
    points: np.ndarray,
    score: np.ndarray,
    school: np.ndarray,
    within: np.ndarray,
    variant: np.ndarray,
    limit: tuple[int, ...],
    *,
    seed: int,
    is_own: bool = False,
) -> Completed:
    r"""Fill in items that a whole class left without a point.

    Parameters
    ----------
    points : ndarray of int8, shape (K, n)
    score, school, within, variant : ndarray of int, shape (n,)
        `within` is the class, or the school where classes are not known.
    limit : tuple of K int
        Maximum of each item.
    seed : int
    is_own : bool
        Whether `points` may be changed: nobody else looks at them.

    Returns
    -------
    Completed

    Notes
    -----
    An item without any point in a class of eight works and more, where four points or more were to be expected from
    their scores (under independence such a class comes once in fifty), or with less than a tenth of ten and more, is
    taken as not taught there. A work's points on the other items, r, stand for the total :math:`t^*` at which the other
    items alone give as much,
    :math:`t - \sum_{k \in K_0} m_k(t) = r`; the missing items are drawn from what works of that total earn elsewhere,
    one independent draw a work, so that they speak neither for nor against anybody. The draws depend on the works
    alone, not on the order of the rows.
    """
    K, _n = points.shape
    top = int(sum(limit))
    kinds, group, size = distinct(within.astype(np.int64))
    earned = _earned(points, group)
    # No class earns more points than its works could: what lies over a tenth of that needs no closer look.
    skipped = (earned <= _STRAY * np.outer(size, limit)) & (size >= _SMALLEST_CLASS)[:, None]
    cells = item_tables(points, score, limit, top)
    if skipped.any():
        works = np.maximum(cells[0].sum(axis=0), 1)
        rows = np.flatnonzero(skipped.any(axis=1))
        place = np.full(len(kinds), -1)
        place[rows] = np.arange(len(rows))
        own = place[group]
        at = own[own >= 0] * (top + 1) + score[own >= 0]
        counts = np.bincount(at, minlength=len(rows) * (top + 1)).reshape(len(rows), top + 1)
        usual = np.column_stack([np.arange(len(table)) @ table / works for table in cells])
        expected = counts @ usual
        skipped[rows] &= (expected >= _SMALLEST_EXPECTED) & (earned[rows] <= np.floor(_STRAY * expected))
    concerned = np.asarray(skipped.any(axis=1))
    rows = np.flatnonzero(concerned[group])
    if len(rows) == 0 or len(score) - len(rows) < _SMALLEST_NORM:
        return Completed(points, score, None, cells)
    elsewhere = _changed(cells, item_tables(points[:, rows], score[rows], limit, top), -1)
    tables = _norms(elsewhere)
    mean = np.column_stack([np.arange(len(share)) @ share for share in tables])
    points, score = points if is_own else points.copy(), score.copy()
    rows = rows[order_of_works(points[:, rows], score[rows], variant[rows], within[rows])]
    chance = np.random.default_rng(seed).uniform(size=(len(rows), K))
    patterns, which = _patterns(skipped[group[rows]])
    for number, pattern in enumerate(patterns):
        own, missing = np.flatnonzero(which == number), np.flatnonzero(pattern)
        rest = np.maximum.accumulate(np.arange(top + 1) - mean[:, missing].sum(axis=1))
        taught_points = score[rows[own]] - points[np.ix_(missing, rows[own])].sum(axis=0)
        level = np.clip(np.searchsorted(rest, taught_points - 0.5), 0, top)
        for k in missing:
            below = np.cumsum(tables[k], axis=0)[:, level]
            drawn = (chance[own, k] > below[:-1]).sum(axis=0)
            points[k, rows[own]] = drawn
    score[rows] = points[:, rows].sum(axis=0)
    owner = np.zeros(len(kinds), dtype=np.int64)
    owner[group] = school
    taught = np.zeros((int(owner.max()) + 1, K), dtype=bool)
    np.logical_or.at(taught, owner, ~skipped)
    filled = _changed(elsewhere, item_tables(points[:, rows], score[rows], limit, top), 1)
    return Completed(points, score, ~taught, filled)


def _changed(cells: list[np.ndarray], others: list[np.ndarray], sign: int) -> list[np.ndarray]:
    return [own + sign * other for own, other in zip(cells, others, strict=True)]


def _earned(points: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Points of each group on each item, (groups, K)."""
    if np.any(np.diff(group) < 0):
        order = np.argsort(group, kind="stable")
        points, group = points.take(order, axis=1), group.take(order)
    starts = np.flatnonzero(np.concatenate(([True], np.diff(group) > 0)))
    # Item by item: another type would be given to a copy of all points at once.
    return np.stack([np.add.reduceat(own, starts, dtype=np.int32) for own in points], axis=1)


def _norms(cells: list[np.ndarray]) -> list[np.ndarray]:
    """Share of works with each number of points at each total, smoothed over totals; columns sum to one."""
    scores = np.arange(cells[0].shape[1])
    kernel = np.exp(-0.5 * (scores[:, None] - scores) ** 2)
    found = []
    for table in cells:
        smooth = table @ kernel + 1e-3 * (table.sum(axis=1, keepdims=True) + 1) / (table.sum() + len(table))
        found.append(smooth / smooth.sum(axis=0))
    return found


def _patterns(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Different rows, and which of them each row is."""
    packed = np.ascontiguousarray(np.packbits(rows, axis=1))
    # Bytes of one row as one value: compared at once, and in the order of the rows.
    _, first, which = np.unique(
        packed.view(np.dtype((np.void, packed.shape[1]))).ravel(), return_index=True, return_inverse=True
    )
    return rows[first], which.ravel()
