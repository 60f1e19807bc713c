"""The best plan of a tiny problem by trying every one: the oracle of the planner."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, product

from app.planning.index import make_index
from app.planning.ledger import breaches, cost
from app.planning.problem import Need, Problem, Visit


def best(problem: Problem) -> tuple[int, float]:
    """Most seats that can be served, and the least cost of serving so many."""
    index = make_index(problem)
    ids = [person.id for person in problem.candidates]
    found = (-1, float("inf"))
    for choice in product(*(list(_options(need, ids)) for need in problem.needs)):
        visits = tuple(visit for visit in choice if visit.people)
        served = sum(len(visit.people) for visit in visits)
        if served < found[0] or breaches(index, visits):
            continue
        total = cost(index, visits).total
        if served > found[0] or total < found[1]:
            found = (served, total)
    return found


def _options(need: Need, ids: list[int]) -> Iterator[Visit]:
    for day in need.days if need.is_dated else (None,):
        for size in range(need.seats + 1):
            for people in combinations(ids, size):
                yield Visit(need.id, people, day)
