"""The plan as it is shown: found, explained, and honest about what is missing."""

from __future__ import annotations

import time

import numpy as np

from app.planning.explain import explain
from app.planning.ledger import cost, ledger_of
from app.planning.problem import Plan, Problem
from app.planning.shortage import find_shortages
from app.planning.solve import solve


def make_plan(problem: Problem, *, seconds: float | None = None) -> Plan:
    """Assign people to needs.

    Parameters
    ----------
    problem : Problem
        People, needs, pins and rules.
    seconds : float, optional
        Time for the search; the rules' own by default.

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
    found = solve(problem, seconds=seconds)
    index = found.index
    ledger = ledger_of(index, found.visits)
    served = {visit.need_id: len(visit.people) for visit in found.visits}
    unserved = {
        need.id: need.seats - served.get(need.id, 0) for need in index.needs if need.seats > served.get(need.id, 0)
    }
    lack = find_shortages(index, found.visits)
    return Plan(
        visits=found.visits,
        pairs=explain(index, ledger),
        unserved=unserved,
        shortages=lack.shortages,
        cost=cost(index, found.visits),
        lower_bound=found.lower_bound,
        is_pruning_proved=found.is_pruning_proved,
        is_shortage_minimal=lack.is_least,
        max_load=float(np.max(ledger.load, initial=0.0)),
        seconds=time.monotonic() - started,
        n_columns=found.n_columns,
        n_full_columns=found.n_full_columns,
    )
