"""Find the plan: parts that do not touch each other one by one, each by a program over columns that pay.

1. Who cannot meet is solved apart. 2. The greedy plan gives a first bound; where it leaves a seat empty, an elastic
program finds how few must stay empty. 3. The relaxed program prices every column left out, those that pay join. 4.
A small program is solved whole, and columns that the proof of step 3 cannot rule out join; a large one is improved
neighbourhood by neighbourhood, everything else kept. Repeated pairs of observers are priced as they appear.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy import optimize

from app.planning import columns as choice
from app.planning.greedy import greedy
from app.planning.index import Index, make_index
from app.planning.ledger import Ledger, cost, ledger_of
from app.planning.model import Model, build
from app.planning.neighbourhood import narrowed, neighbourhoods
from app.planning.parts import part_of, parts
from app.planning.pricing import Relaxed, relax
from app.planning.problem import Problem, Visit

_ROUNDS = 8
_MOST_NEW = 5_000
_WHOLE = 1_500
_TURNS = 4
_AREA_SECONDS = 1.0
_CLOSE = 0.002
_LEAST = 0.5
_ELASTIC = 20_000


@dataclass(frozen=True)
class Solution:
    """Visits with what is proved of them: no plan serving as many seats costs less than `lower_bound`.

    `missing` seats stay empty, and `is_missing_least` says that fewer cannot.
    """

    index: Index
    visits: tuple[Visit, ...]
    lower_bound: float
    is_pruning_proved: bool
    is_missing_least: bool
    missing: int
    n_columns: int
    n_full_columns: int


def solve(problem: Problem, *, seconds: float | None = None) -> Solution:
    """Serve as many seats as the hard rules allow, at the least cost.

    Parameters
    ----------
    seconds : float, optional
        Time for the whole search; the rules' own by default. A search that ran out of time depends on the machine, any
        other gives the same plan for the same problem.

    Raises
    ------
    Refused
        The problem contradicts itself (a pin that a hard rule forbids, an id given twice, an empty window).
    """
    started = time.monotonic()
    index = make_index(problem)
    limit = problem.rules.seconds if seconds is None else seconds
    return solve_index(index, greedy(index), deadline=started + limit)


def solve_index(index: Index, whole: Ledger, *, deadline: float) -> Solution:
    """As `solve`, of a problem that is ready as arrays, from a first plan, until a moment of the monotonic clock."""
    found: list[Solution] = []
    groups = parts(index)
    sizes = [sum(int(index.possible[n].sum()) * len(index.need_days[n]) for n in needs) for needs, _people in groups]
    for position, (needs, people) in enumerate(groups):
        left = max(deadline - time.monotonic(), _LEAST)
        share = left * max(sizes[position], 1) / max(sum(sizes[position:]), 1)
        sub = part_of(index, needs, people)
        own = {index.needs[n].id for n in needs}
        first = ledger_of(sub, (visit for visit in whole.visits_made() if visit.need_id in own))
        found.append(_solve_part(sub, first, time.monotonic() + share))
    return Solution(
        index,
        tuple(sorted((visit for part in found for visit in part.visits), key=lambda visit: visit.need_id)),
        sum(part.lower_bound for part in found),
        all(part.is_pruning_proved for part in found),
        all(part.is_missing_least for part in found),
        int(index.seats.sum()) - sum(len(visit.people) for part in found for visit in part.visits),
        sum(part.n_columns for part in found),
        sum(part.n_full_columns for part in found),
    )


def _solve_part(index: Index, first: Ledger, deadline: float) -> Solution:
    every = choice.all_columns(index)
    visits = first.visits_made()
    missing = int(index.seats.sum()) - sum(len(visit.people) for visit in visits)
    is_least = missing == 0
    if missing:
        visits, missing, is_least = _most_seats(index, every, visits, missing, deadline)
    is_dated = any(need.is_dated for need in index.needs)
    shared = choice.shareable(index, every)
    chosen = choice.first_choice(index, every, index.rules.nearest)
    chosen |= choice.positions_of(every, ledger_of(index, visits).members)
    chosen = choice.with_trips(index, every, chosen, shared)
    chosen, relaxed, bound = _price(index, every, chosen, shared, missing, deadline)
    search = _Search(index, every, shared, relaxed, bound, missing, deadline)
    search.offer(visits)
    is_small = chosen.sum() <= _WHOLE or not is_dated
    chosen = search.whole(chosen) if is_small else search.by_neighbourhood(chosen)
    return Solution(
        index,
        search.best,
        min(max(search.bound, 0.0), search.best_cost),
        search.is_proved,
        is_least,
        missing,
        int(chosen.sum()),
        len(every),
    )


def _most_seats(
    index: Index, every: choice.Columns, visits: tuple[Visit, ...], missing: int, deadline: float
) -> tuple[tuple[Visit, ...], int, bool]:
    """Visits that leave fewer seats empty if there are any; how many stay so, and whether fewer cannot.

    Seats for which there are not enough people on any day stay empty whatever the plan, which is proof at once.
    """
    surely = sum(max(0, need.seats - int(index.free[n].sum(axis=0).max())) for n, need in enumerate(index.needs))
    if missing == surely:
        return visits, missing, True
    chosen = np.ones(len(every), dtype=bool)
    if len(every) > _ELASTIC:
        ledger = ledger_of(index, visits)
        lacking = [n for n, need in enumerate(index.needs) if len(ledger.people_of(n)) < need.seats]
        chosen = choice.first_choice(index, every, index.rules.nearest)
        chosen |= choice.positions_of(every, ledger.members)
        chosen[every.of_needs(lacking)] = True
    seconds = (deadline - time.monotonic()) / 3
    found = _search(build(index, every.pick(chosen), is_elastic=True), seconds, 0.0)
    if found is None or round(found.objective) > missing:
        return visits, missing, False
    missing = round(found.objective)
    is_whole = bool(chosen.all())
    return found.visits, missing, missing == surely or (is_whole and found.bound > missing - 1 + 1e-6)


class _Search:
    """The best plan so far, the bound, and the two ways of getting on."""

    def __init__(
        self,
        index: Index,
        every: choice.Columns,
        shared: np.ndarray,
        relaxed: Relaxed | None,
        bound: float,
        missing: int,
        deadline: float,
    ) -> None:
        self.index, self.every, self.shared, self.relaxed = index, every, shared, relaxed
        self.missing, self.deadline = missing, deadline
        self.best: tuple[Visit, ...] = ()
        self.best_cost = np.inf
        self.bound = bound
        self.is_proved = relaxed is not None and not (relaxed.reduced[~relaxed.inside] < -1e-7).any()
        self.pairs: set[tuple[int, int]] = set()

    def offer(self, visits: tuple[Visit, ...]) -> bool:
        """Keep the visits if they are cheaper than the best; note pairs of observers that repeat in them."""
        total = cost(self.index, visits).total
        self.pairs |= _repeated(self.index, visits)
        if total > self.best_cost - 1e-6:
            return False
        self.best, self.best_cost = visits, total
        return True

    def left(self) -> float:
        return self.deadline - time.monotonic()

    def whole(self, chosen: np.ndarray) -> np.ndarray:
        """Solve the program over all chosen columns, with those that may still gain, until the proof closes."""
        for _turn in range(_TURNS):
            priced = set(self.pairs)
            program = build(
                self.index, self.every.pick(chosen), is_elastic=False, pairs=sorted(priced), missing=self.missing
            )
            result = _search(program, self.left(), self.index.rules.gap)
            if result is None:
                break
            self.offer(result.visits)
            more = self._may_gain(chosen)
            self.is_proved = self.relaxed is not None and not more.any()
            if self.is_proved:
                self.bound = max(self.bound, min(result.bound, self.best_cost))
            if self.pairs == priced and not 0 < more.sum() <= _MOST_NEW:
                break
            chosen = choice.with_trips(self.index, self.every, chosen | more, self.shared)
            if chosen.sum() > 2 * _WHOLE and any(need.is_dated for need in self.index.needs):
                return self.by_neighbourhood(chosen)
        return chosen

    def by_neighbourhood(self, chosen: np.ndarray) -> np.ndarray:
        """Solve one neighbourhood's needs anew while all others keep their people, round after round.

        The start is the best plan of the columns that the relaxed program uses.
        """
        if self.relaxed is not None:
            used = choice.positions_of(self.every, ledger_of(self.index, self.best).members)
            start = build(
                self.index, self.every.pick(used | self.relaxed.support), is_elastic=False, missing=self.missing
            )
            result = _search(start, self.left() / 3, self.index.rules.gap)
            if result is not None:
                self.offer(result.visits)
        groups = neighbourhoods(self.index)
        tried_at: dict[int, float] = {}
        while self.left() > 0.2:
            before = self.best_cost
            for number, group in enumerate(groups):
                if self.left() < 0.2:
                    break
                if tried_at.get(number) != self.best_cost:
                    self._again(chosen, group)
                    tried_at[number] = self.best_cost
            if self.best_cost > before - 1e-6 or self.best_cost - self.bound < self.index.rules.gap * self.best_cost:
                break
        return chosen

    def _again(self, chosen: np.ndarray, group: list[int]) -> None:
        ledger = ledger_of(self.index, self.best)
        filled = sum(len(ledger.people_of(n)) for n in group)
        inside, columns = narrowed(self.index, self.every, chosen, ledger, group)
        if not len(columns):
            return
        missing = int(inside.seats.sum()) - filled
        pairs: set[tuple[int, int]] = set()
        for _turn in range(_TURNS):
            program = build(inside, columns, is_elastic=False, pairs=sorted(pairs), missing=missing)
            result = _search(program, min(self.left(), _AREA_SECONDS), 1e-4)
            if result is None:
                return
            kept = tuple(visit for visit in self.best if visit.need_id not in inside.need_of)
            self.offer(tuple(sorted((*kept, *result.visits), key=lambda visit: visit.need_id)))
            repeated = _repeated(inside, result.visits) - pairs
            if not repeated:
                return
            pairs |= repeated

    def _may_gain(self, chosen: np.ndarray) -> np.ndarray:
        """Columns outside the search that a better plan might use."""
        if self.relaxed is None:
            return np.zeros(len(self.every), dtype=bool)
        room = self.best_cost - self.relaxed.bound(self.index, self.every)
        return ~chosen & (self.relaxed.reduced < room - 1e-7)


@dataclass(frozen=True)
class _Found:
    visits: tuple[Visit, ...]
    objective: float
    bound: float


def _search(model: Model, seconds: float, gap: float) -> _Found | None:
    """Run the solver; None when it found nothing in time."""
    if seconds < 0.05:
        return None
    if not model.n_variables:
        return _Found((), 0.0, 0.0)
    result = optimize.milp(
        np.concatenate(model.cost),
        constraints=optimize.LinearConstraint(model.matrix, np.array(model.low), np.array(model.high)),
        bounds=optimize.Bounds(np.zeros(model.n_variables), np.concatenate(model.upper)),
        integrality=np.concatenate(model.whole),
        options={"time_limit": seconds, "mip_rel_gap": gap},
    )
    if result.x is None:
        return None
    bound = result.fun if result.mip_dual_bound is None else result.mip_dual_bound
    used = np.flatnonzero(result.x[: len(model.columns)] > 0.5)
    return _Found(_visits(model, used), float(result.fun), float(bound))


def _visits(model: Model, used: np.ndarray) -> tuple[Visit, ...]:
    ledger = Ledger(model.index)
    for column in used:
        ledger.put(*(int(part[column]) for part in (model.columns.need, model.columns.person, model.columns.day)))
    return ledger.visits_made()


def _price(
    index: Index, every: choice.Columns, chosen: np.ndarray, shared: np.ndarray, missing: int, deadline: float
) -> tuple[np.ndarray, Relaxed | None, float]:
    """Let columns that pay join, until none does or half of the time is spent; the best bound of all rounds."""
    stop = time.monotonic() + (deadline - time.monotonic()) / 2
    relaxed: Relaxed | None = None
    bound = 0.0
    for _round in range(_ROUNDS):
        model = build(index, every.pick(chosen), is_elastic=False, missing=missing)
        found = relax(model, every, chosen, shared, seconds=stop - time.monotonic())
        if found is None:
            break
        relaxed, bound = found, max(bound, found.bound(index, every))
        paying = ~chosen & (relaxed.reduced < -1e-7)
        if not paying.any() or relaxed.value - bound < _CLOSE * abs(relaxed.value):
            break
        if paying.sum() > _MOST_NEW:
            worst = np.partition(relaxed.reduced[paying], _MOST_NEW)[_MOST_NEW]
            paying &= relaxed.reduced < worst
        chosen = choice.with_trips(index, every, chosen | paying, shared)
    return chosen, relaxed, bound


def _repeated(index: Index, visits: Iterable[Visit]) -> set[tuple[int, int]]:
    """Pairs of observers who are together more than once in these visits, or once more after earlier times."""
    ledger = ledger_of(index, visits)
    return {
        (person, other)
        for person, met in ledger.together.items()
        for other, times in met.items()
        if person < other and times > 1
    }
