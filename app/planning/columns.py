"""Every (need, person, day) that no hard rule forbids, as arrays; and the part of them a search starts with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from app.planning.index import NO_DAY, Index

_FIRST_DAYS = 2


@dataclass(frozen=True)
class Columns:
    """One entry per column: numbers of need, person and day, position in the window, the minutes it costs by itself.

    The columns of a need stand together, the needs in their order.
    """

    need: np.ndarray
    person: np.ndarray
    day: np.ndarray
    position: np.ndarray
    late: np.ndarray
    travel: np.ndarray

    def __len__(self) -> int:
        return len(self.need)

    def pick(self, chosen: np.ndarray) -> Columns:
        return Columns(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))

    def of_needs(self, needs: Iterable[int]) -> np.ndarray:
        """Where the columns of some needs stand."""
        wanted = np.unique(np.fromiter(needs, dtype=int))
        first, last = np.searchsorted(self.need, wanted), np.searchsorted(self.need, wanted, side="right")
        return np.concatenate([np.arange(a, b) for a, b in zip(first, last, strict=True)] or [np.zeros(0, dtype=int)])


def all_columns(index: Index) -> Columns:
    """Every column; a need pinned to a day has that day only."""
    parts: list[np.ndarray] = []
    for n, need in enumerate(index.needs):
        table = index.free[n]
        pinned = {pin.day for pin in index.pins.get(n, ()) if pin.day is not None}
        if pinned and need.is_dated:
            table = table & np.array([day in pinned for day in need.days])
        c, position = np.nonzero(table)
        parts.append(np.column_stack([np.full(len(c), n), c, index.need_days[n][position], position]))
    table = np.concatenate(parts) if parts else np.zeros((0, 4), dtype=int)
    of_need, person, day, place = (np.ascontiguousarray(column) for column in table.T)
    rules = index.rules
    late = np.where(day == NO_DAY, 0.0, rules.late_weight * place / index.seats[of_need])
    travel = rules.travel_weight * index.travel[person, index.areas[of_need]]
    return Columns(of_need, person, day, place, late, travel)


def first_choice(index: Index, columns: Columns, nearest: int) -> np.ndarray:
    """Which columns a search starts with: the cheapest people of each need by travel and present load, on their first
    free days; and every column of a pinned pair.
    """
    rise = index.load_cost(index.load_now + 1) - index.load_cost(index.load_now)
    rough = columns.travel + rise[columns.person]
    order = np.lexsort((columns.position, columns.person, rough, columns.need))
    need, person = columns.need[order], columns.person[order]
    is_new_need = np.r_[True, need[1:] != need[:-1]] if len(need) else np.zeros(0, dtype=bool)
    is_new_person = is_new_need | np.r_[True, person[1:] != person[:-1]] if len(need) else is_new_need
    rank = np.cumsum(is_new_person)
    rank = rank - np.maximum.accumulate(np.where(is_new_need, rank, 0))
    starts = np.flatnonzero(is_new_person)
    place = np.arange(len(need)) - np.repeat(starts, np.diff(np.r_[starts, len(need)]))
    chosen = np.zeros(len(columns), dtype=bool)
    chosen[order] = (rank < nearest) & (place < _FIRST_DAYS)
    for n, pins in index.pins.items():
        for pin in pins:
            chosen |= (columns.need == n) & (columns.person == index.person_of[pin.person_id])
    return chosen


def shareable(index: Index, columns: Columns) -> np.ndarray:
    """Columns whose trip may serve other needs too: there is a recheck in the area on that day."""
    if not len(columns):
        return np.zeros(0, dtype=bool)
    n_days = max(len(index.days), 1)
    place = index.areas[columns.need] * n_days + columns.day
    is_dated = columns.day != NO_DAY
    is_recheck = is_dated & ~np.array([need.is_sitting for need in index.needs])[columns.need]
    return is_dated & np.isin(place, np.unique(place[is_recheck]))


def with_trips(index: Index, columns: Columns, chosen: np.ndarray, is_shareable: np.ndarray) -> np.ndarray:
    """`chosen` and every other column of the same trips: nothing left out could then ride along for nothing."""
    n_days, n_areas = max(len(index.days), 1), index.travel.shape[1]
    trip = (columns.person * n_days + columns.day) * n_areas + index.areas[columns.need]
    return chosen | (is_shareable & np.isin(trip, np.unique(trip[chosen & is_shareable])))


def positions_of(columns: Columns, members: dict[int, dict[int, int]]) -> np.ndarray:
    """Mark the columns that a ledger's members use."""
    used = np.zeros(len(columns), dtype=bool)
    for n, people in members.items():
        here = columns.of_needs((n,))
        for c, day in people.items():
            used[here] |= (columns.person[here] == c) & (columns.day[here] == day)
    return used
