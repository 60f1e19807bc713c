"""The plan as a sparse mixed-integer program over a choice of columns.

Variables: x for each column (need, person, day); y for the day of a need with several seats; z for a trip of a person
on a day to an area where several visits may be bundled; steps of each person's convex load cost; b for each pair of
needs whose people must not come from each other's schools; w and r for joint visits of a pair of observers; missing
seats where the search is elastic.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import sparse

from app.planning.columns import Columns
from app.planning.index import NO_DAY, Index


@dataclass
class Model:
    """A program as arrays. `rows` maps a family of rows to its numbers by key, for reading dual values."""

    index: Index
    columns: Columns
    cost: list[np.ndarray] = field(default_factory=list)
    upper: list[np.ndarray] = field(default_factory=list)
    whole: list[np.ndarray] = field(default_factory=list)
    n_variables: int = 0
    row_of: list[np.ndarray] = field(default_factory=list)
    column_of: list[np.ndarray] = field(default_factory=list)
    value: list[np.ndarray] = field(default_factory=list)
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    rows: dict[str, dict[Any, int]] = field(default_factory=dict)
    missing: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=int))

    def add_variables(self, cost: np.ndarray, upper: np.ndarray, *, is_whole: bool) -> np.ndarray:
        numbers = np.arange(self.n_variables, self.n_variables + len(cost))
        self.cost.append(np.asarray(cost, dtype=float))
        self.upper.append(np.asarray(upper, dtype=float))
        self.whole.append(np.full(len(cost), int(is_whole)))
        self.n_variables += len(cost)
        return numbers

    def add_row(
        self, variables: np.ndarray, values: np.ndarray | float, low: float, high: float, key: tuple[str, Any]
    ) -> int:
        number = len(self.low)
        self.row_of.append(np.full(len(variables), number))
        self.column_of.append(np.asarray(variables))
        self.value.append(np.broadcast_to(np.asarray(values, dtype=float), (len(variables),)))
        self.low.append(low)
        self.high.append(high)
        self.rows.setdefault(key[0], {})[key[1]] = number
        return number

    @property
    def matrix(self) -> sparse.csr_matrix:
        return sparse.csr_matrix(
            (np.concatenate(self.value), (np.concatenate(self.row_of), np.concatenate(self.column_of))),
            shape=(len(self.low), self.n_variables),
        )


def build(
    index: Index, columns: Columns, *, is_elastic: bool, pairs: Iterable[tuple[int, int]] = (), missing: int = 0
) -> Model:
    """The program over `columns`.

    Parameters
    ----------
    is_elastic : bool
        Seats may stay empty and only their number is minimised; otherwise exactly `missing` of them stay empty and the
        cost is minimised.
    pairs : iterable of (int, int)
        Pairs of observers whose repeated visits are priced; without a pair its price is left out, so that the program
        bounds the cost from below.
    """
    model = Model(index, columns)
    groups = _Groups(columns, index)
    x = model.add_variables(
        columns.late + np.where(groups.has_trip, 0.0, columns.travel), np.ones(len(columns)), is_whole=True
    )
    _cover(model, x, has_missing=is_elastic or missing > 0)
    _loads(model, x)
    _days(model, x, groups)
    _rivals(model, x)
    _pins(model, x)
    if not is_elastic:
        for pair in pairs:
            _pair(model, x, pair)
    if is_elastic:
        model.cost = [np.zeros(len(part)) for part in model.cost]
        every = np.concatenate(model.cost)
        every[model.missing] = 1.0
        model.cost = [every]
    elif missing:
        model.add_row(model.missing, 1.0, missing, missing, ("missing", None))
    return model


class _Groups:
    """Columns by person and day, and by person, day and area."""

    def __init__(self, columns: Columns, index: Index) -> None:
        self.index, self.columns = index, columns
        n_areas = index.travel.shape[1]
        n_days = max(len(index.days), 1)
        self.is_dated = columns.day != NO_DAY
        self.is_sitting = np.array([need.is_sitting for need in index.needs])[columns.need] & self.is_dated
        self.day_key = columns.person * n_days + columns.day
        self.area_key = self.day_key * n_areas + index.areas[columns.need]
        dated = np.flatnonzero(self.is_dated)
        self.areas = _grouped(dated, self.area_key[dated])
        self.days = _grouped(dated, self.day_key[dated])
        # A trip has a variable of its own only where it may be shared: several columns, not all of them sittings.
        self.trips = [members for members in self.areas if len(members) > 1 and not self.is_sitting[members].all()]
        self.has_trip = np.zeros(len(columns), dtype=bool)
        for members in self.trips:
            self.has_trip[members] = True


def _grouped(numbers: np.ndarray, keys: np.ndarray) -> list[np.ndarray]:
    if not len(numbers):
        return []
    order = np.argsort(keys, kind="stable")
    cuts = np.flatnonzero(np.diff(keys[order])) + 1
    return list(np.split(numbers[order], cuts))


def _cover(model: Model, x: np.ndarray, *, has_missing: bool) -> None:
    """Each need gets its people; one with several seats on one day of its window."""
    index, columns = model.index, model.columns
    gaps: list[np.ndarray] = []
    by_need = {int(columns.need[members[0]]): members for members in _grouped(x, columns.need)}
    for n, need in enumerate(index.needs):
        members = by_need.get(n, np.zeros(0, dtype=int))
        seats = float(need.seats)
        positions = np.unique(columns.position[members])
        if need.seats == 1 or len(positions) < 2:
            gap = model.add_variables(np.zeros(1), np.full(1, seats), is_whole=False) if has_missing else x[:0]
            gaps.append(gap)
            model.add_row(np.r_[members, gap], 1.0, seats, seats, ("need", n))
            continue
        y = model.add_variables(np.zeros(len(positions)), np.ones(len(positions)), is_whole=True)
        for position, on_day in zip(positions, y, strict=True):
            here = members[columns.position[members] == position]
            gap = model.add_variables(np.zeros(1), np.full(1, seats), is_whole=False) if has_missing else x[:0]
            gaps.append(gap)
            values = np.r_[np.ones(len(here) + len(gap)), -seats]
            model.add_row(np.r_[here, gap, on_day], values, 0.0, 0.0, ("need_day", (n, int(position))))
        model.add_row(y, 1.0, 1.0, 1.0, ("pick", n))
    model.missing = np.concatenate(gaps) if gaps else x[:0]


def _loads(model: Model, x: np.ndarray) -> None:
    """Load in steps of one, each dearer than the one before, up to the person's limit."""
    index, columns = model.index, model.columns
    for members in _grouped(x, columns.person):
        c = int(columns.person[members[0]])
        now, most = index.load_now[c], index.limit[c]
        cuts = np.unique(np.r_[now, np.arange(np.floor(now) + 1, most), most])
        lengths = np.diff(cuts)
        slopes = (index.load_cost(cuts[1:]) - index.load_cost(cuts[:-1])) / np.maximum(lengths, 1e-12)
        steps = model.add_variables(slopes, lengths, is_whole=False)
        values = np.r_[index.weight[columns.need[members]], -np.ones(len(steps))]
        model.add_row(np.r_[members, steps], values, 0.0, 0.0, ("load", c))


def _days(model: Model, x: np.ndarray, groups: _Groups) -> None:
    """One sitting a person and day, a few visits, one area; a trip is paid once."""
    index = model.index
    trip_of: dict[int, int] = {}
    if groups.trips:
        travel = np.array([model.columns.travel[members[0]] for members in groups.trips])
        trips = model.add_variables(travel, np.ones(len(travel)), is_whole=False)
        for members, trip in zip(groups.trips, trips, strict=True):
            trip_of[int(groups.area_key[members[0]])] = int(trip)
            for column in members:
                model.add_row(np.array([x[column], trip]), np.array([1.0, -1.0]), -np.inf, 0.0, ("trip", int(column)))
    for members in groups.days:
        key = int(groups.day_key[members[0]])
        sittings = members[groups.is_sitting[members]]
        if len(sittings) > 1:
            model.add_row(x[sittings], 1.0, -np.inf, 1.0, ("sittings", key))
        room = index.rules.visits_a_day - int(index.taken.flat[key])
        if len(members) > room:
            model.add_row(x[members], 1.0, -np.inf, float(room), ("visits", key))
        areas = np.unique(groups.area_key[members])
        if len(areas) > 1:
            own = [x[column] for column in members if int(groups.area_key[column]) not in trip_of]
            shared = [trip_of[int(area)] for area in areas if int(area) in trip_of]
            model.add_row(np.array([*own, *shared]), 1.0, -np.inf, 1.0, ("one_area", key))


def _rivals(model: Model, x: np.ndarray) -> None:
    """Of two needs at most one is served from the other's school."""
    index, columns = model.index, model.columns
    homes = np.array([-1 if person.home_school_id is None else person.home_school_id for person in index.people])
    for n, others in index.rivals.items():
        for m in others:
            if m <= n:
                continue
            there = x[(columns.need == n) & (homes[columns.person] == index.needs[m].school_id)]
            back = x[(columns.need == m) & (homes[columns.person] == index.needs[n].school_id)]
            if not len(there) or not len(back):
                continue
            side = model.add_variables(np.zeros(1), np.ones(1), is_whole=True)
            first, second = float(index.seats[n]), float(index.seats[m])
            model.add_row(np.r_[there, side], np.r_[np.ones(len(there)), -first], -np.inf, 0.0, ("rivals", (n, m)))
            model.add_row(np.r_[back, side], np.r_[np.ones(len(back)), second], -np.inf, second, ("rivals", (m, n)))


def _pins(model: Model, x: np.ndarray) -> None:
    columns = model.columns
    for n, pins in model.index.pins.items():
        for pin in pins:
            c = model.index.person_of[pin.person_id]
            members = x[(columns.need == n) & (columns.person == c)]
            model.add_row(members, 1.0, 1.0, 1.0, ("pin", (n, c)))


def _pair(model: Model, x: np.ndarray, pair: tuple[int, int]) -> None:
    """Price the joint visits of two observers past their first ever."""
    index, columns = model.index, model.columns
    a, b = pair
    first, second = columns.person == a, columns.person == b
    common = [
        n
        for n in np.intersect1d(columns.need[first], columns.need[second])
        if index.needs[n].is_sitting and index.needs[n].seats > 1
    ]
    ids = tuple(sorted((index.people[a].id, index.people[b].id)))
    past = {tuple(sorted(key)): times for key, times in index.problem.past_pairs.items()}
    joint = model.add_variables(np.zeros(len(common)), np.ones(len(common)), is_whole=False)
    repeats = model.add_variables(np.full(1, index.rules.repeat_weight), np.full(1, np.inf), is_whole=False)
    for n, both in zip(common, joint, strict=True):
        here = x[(columns.need == n) & (first | second)]
        model.add_row(np.r_[here, both], np.r_[np.ones(len(here)), -1.0], -np.inf, 1.0, ("both", (n, pair)))
    free_of_charge = 0.0 if past.get(ids, 0) else 1.0
    model.add_row(np.r_[joint, repeats], np.r_[np.ones(len(joint)), -1.0], -np.inf, free_of_charge, ("repeat", pair))
