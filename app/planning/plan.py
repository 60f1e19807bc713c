"""The plan as it is shown: found, explained, and honest about what is missing."""

from __future__ import annotations

import time

import numpy as np

from app.planning.explain import explain, settle
from app.planning.greedy import greedy
from app.planning.index import make_index
from app.planning.ledger import cost, ledger_of
from app.planning.problem import Plan, Problem, Times
from app.planning.shortage import find_shortages
from app.planning.solve import solve_index

_ASIDE = 4.0
"""Explaining asks for the price of each seat as the greedy plan does, on more days: times the seconds that one took."""
_FOR_SHORTAGES = 0.2


def make_plan(problem: Problem, *, seconds: float | None = None) -> Plan:
    """Assign people to needs.

    Parameters
    ----------
    problem : Problem
        People, needs, pins and rules.
    seconds : float, optional
        Time for the whole answer, its reasons and shortages included; the rules' own by default. The search ends early
        enough to leave them theirs.

    Returns
    -------
    Plan
        Keeps every hard rule and every pin; serves as many seats as can be; costs at least `lower_bound`, which also
        bounds every other plan that serves as many.

    Raises
    ------
    Refused
        A pin that a hard rule forbids, an id given twice, a window without days.
    """
    started = time.monotonic()
    whole = problem.rules.seconds if seconds is None else seconds
    index = make_index(problem)
    built = time.monotonic()
    first = greedy(index)
    aside = _ASIDE * (time.monotonic() - built)
    if first.n_empty():
        aside += _FOR_SHORTAGES * whole
    found = solve_index(index, first, deadline=started + max(whole - aside, whole / 4))
    solved = time.monotonic()
    served = {visit.need_id: len(visit.people) for visit in found.visits}
    unserved = {
        need.id: need.seats - served.get(need.id, 0) for need in index.needs if need.seats > served.get(need.id, 0)
    }
    ledger = ledger_of(index, found.visits)
    settle(ledger)
    pairs = explain(index, ledger)
    visits = ledger.visits_made()
    explained = time.monotonic()
    lack = find_shortages(index, visits, seconds=max(started + whole - explained, _FOR_SHORTAGES * whole))
    ended = time.monotonic()
    return Plan(
        visits=visits,
        pairs=pairs,
        unserved=unserved,
        shortages=lack.shortages,
        cost=cost(index, visits),
        lower_bound=found.lower_bound,
        is_pruning_proved=found.is_pruning_proved,
        is_shortage_minimal=lack.is_least,
        max_load=float(np.max(ledger.load, initial=0.0)),
        times=Times(built - started, solved - built, explained - solved, ended - explained),
        n_columns=found.n_columns,
        n_full_columns=found.n_full_columns,
    )
