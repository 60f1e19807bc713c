"""What columns left out of the search could still gain: reduced costs against duals of the relaxed program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import optimize

from app.planning.columns import Columns
from app.planning.index import NO_DAY, Index
from app.planning.model import Model


@dataclass(frozen=True)
class Relaxed:
    """The relaxed program's value, and for every column of the full problem how much less than that it may lead to.

    `reduced` never exceeds the true reduced cost, so that ``value + Σ seats · min(0, reduced)`` bounds every plan from
    below (over the columns outside the program, `inside` being those within, `support` those its solution
    uses), and a column whose reduced cost is above
    the distance between a plan and that bound is in no better plan.
    """

    value: float
    reduced: np.ndarray
    inside: np.ndarray
    support: np.ndarray

    def bound(self, index: Index, columns: Columns) -> float:
        """Least that any plan costs, whatever columns it uses."""
        least = np.zeros(len(index.needs))
        np.minimum.at(least, columns.need[~self.inside], self.reduced[~self.inside])
        return self.value + float((least * index.seats).sum())


def relax(
    model: Model, columns: Columns, inside: np.ndarray, shareable: np.ndarray, *, seconds: float
) -> Relaxed | None:
    """Solve the relaxation of `model` and price all `columns`; None when there was no time or no solution.

    Parameters
    ----------
    columns : Columns
        Every column of the full problem.
    inside : ndarray of bool, shape (len(columns),)
        The columns that `model` was built over.
    shareable : ndarray of bool, shape (len(columns),)
        Whether the column's trip may be shared with others, so that only a part of it is surely paid.
    """
    low, high = np.array(model.low), np.array(model.high)
    is_equal = low == high
    matrix = model.matrix
    result = optimize.linprog(
        np.concatenate(model.cost),
        A_ub=matrix[~is_equal] if (~is_equal).any() else None,
        b_ub=high[~is_equal] if (~is_equal).any() else None,
        A_eq=matrix[is_equal] if is_equal.any() else None,
        b_eq=high[is_equal] if is_equal.any() else None,
        bounds=np.column_stack([np.zeros(model.n_variables), np.concatenate(model.upper)]),
        method="highs",
        options={"time_limit": max(seconds, 0.1)},
    )
    if result.status != 0:
        return None
    duals = np.zeros(len(low))
    if is_equal.any():
        duals[is_equal] = result.eqlin.marginals
    if (~is_equal).any():
        duals[~is_equal] = result.ineqlin.marginals
    support = np.zeros(len(columns), dtype=bool)
    support[np.flatnonzero(inside)[result.x[: inside.sum()] > 1e-6]] = True
    return Relaxed(float(result.fun), _reduced(model, columns, shareable, duals), inside.copy(), support)


def _reduced(model: Model, columns: Columns, shareable: np.ndarray, duals: np.ndarray) -> np.ndarray:
    index = model.index
    n_days = max(len(index.days), 1)
    need_dual = np.zeros(len(columns))
    rows = model.rows
    by_need = _values(rows.get("need", {}), duals, len(index.needs))
    need_dual += by_need[columns.need]
    if "need_day" in rows:
        width = 1 + int(columns.position.max(initial=0))
        table = np.full((len(index.needs), width), np.nan)
        for (n, position), row in rows["need_day"].items():
            table[n, position] = duals[row]
        for n, row in rows["pick"].items():
            # A day that the search has not opened yet would open with its own y: seats · dual of the day ≥ dual of the
            # choice keeps y's reduced cost at nought, so the day's dual is that of the choice, a seat's share of it.
            missing = np.isnan(table[n])
            table[n, missing] = duals[row] / index.seats[n]
            at = columns.need == n
            need_dual[at] = table[n, columns.position[at]]
    load_dual = _load_duals(index, rows.get("load", {}), duals)
    dated = columns.day != NO_DAY
    key = np.where(dated, columns.person * n_days + columns.day, 0)
    size = len(index.people) * n_days
    day_dual = _values(rows.get("visits", {}), duals, size)[key]
    day_dual = day_dual + np.where(
        np.array([need.is_sitting for need in index.needs])[columns.need],
        _values(rows.get("sittings", {}), duals, size)[key],
        0.0,
    )
    rest = np.where(dated, day_dual, 0.0) + need_dual + load_dual[columns.person] * index.weight[columns.need]
    trip = columns.travel - np.where(dated, _values(rows.get("one_area", {}), duals, size)[key], 0.0)
    own = columns.late - rest
    shared = np.flatnonzero(dated & shareable)
    found = own + trip
    if len(shared):
        trip_key = key[shared] * index.travel.shape[1] + index.areas[columns.need[shared]]
        found[shared] = own[shared] + _shares(own[shared], trip[shared], trip_key, index.rules.visits_a_day)
    return np.asarray(found)


def _shares(own: np.ndarray, trip: np.ndarray, key: np.ndarray, visits_a_day: int) -> np.ndarray:
    """Share of its trip that each column pays: any shares that add up to the trip's cost keep the bound true.

    A column pays what it gains, so that none is left with a gain where the trip costs more than all gain together, and
    the remainder is split evenly. Elsewhere each pays as one of the most that fit in a day.
    """
    _keys, group = np.unique(key, return_inverse=True)
    gain = np.maximum(-own, 0.0)
    together = np.bincount(group, gain)[group]
    members = np.bincount(group)[group]
    return np.where(together <= trip, gain + (trip - together) / members, trip / np.minimum(members, visits_a_day))


def _load_duals(index: Index, rows: dict[Any, int], duals: np.ndarray) -> np.ndarray:
    """Dual of each person's load; one whom the search left out would pay the first step."""
    found = -(index.load_cost(np.floor(index.load_now) + 1) - index.load_cost(np.floor(index.load_now)))
    for person, row in rows.items():
        found[person] = duals[row]
    return np.asarray(found)


def _values(rows: dict[Any, int], duals: np.ndarray, size: int) -> np.ndarray:
    found = np.zeros(size)
    if rows:
        found[np.fromiter(rows, dtype=int)] = duals[np.fromiter(rows.values(), dtype=int)]
    return found
