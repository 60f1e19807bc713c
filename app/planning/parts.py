"""Parts of a problem that do not touch each other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from app.planning.index import Index


def parts(index: Index) -> list[tuple[list[int], list[int]]]:
    """Needs and people in groups: two needs belong together when somebody may take both, or when they are rivals.

    Needs that nobody may take, and people whom nobody needs, are in no group.
    """
    n_needs = len(index.needs)
    root = list(range(n_needs + len(index.people)))

    def find(item: int) -> int:
        while root[item] != item:
            root[item] = root[root[item]]
            item = root[item]
        return item

    for n in range(n_needs):
        for c in np.flatnonzero(index.possible[n]).tolist():
            root[find(n_needs + c)] = find(n)
        if index.possible[n].any():
            for rival in index.rivals.get(n, ()):
                if index.possible[rival].any():
                    root[find(rival)] = find(n)
    groups: dict[int, tuple[list[int], list[int]]] = {}
    for n in range(n_needs):
        if index.possible[n].any():
            groups.setdefault(find(n), ([], []))[0].append(n)
    for position in range(len(index.people)):
        group = groups.get(find(n_needs + position))
        if group is not None:
            group[1].append(position)
    return [groups[key] for key in sorted(groups, key=lambda key: groups[key][0][0])]


def part_of(index: Index, needs: list[int], people: list[int]) -> Index:
    """The index narrowed to some needs and people; days and areas keep their numbers."""
    own_needs, own_people = tuple(index.needs[n] for n in needs), tuple(index.people[c] for c in people)
    number = {n: i for i, n in enumerate(needs)}
    person_number = {c: i for i, c in enumerate(people)}
    ids = {need.id for need in own_needs}
    problem = replace(
        index.problem,
        candidates=own_people,
        needs=own_needs,
        pins=tuple(pin for pin in index.problem.pins if pin.need_id in ids),
    )
    return replace(
        index,
        problem=problem,
        people=own_people,
        needs=own_needs,
        person_of={person.id: i for i, person in enumerate(own_people)},
        need_of={need.id: i for i, need in enumerate(own_needs)},
        possible=index.possible[np.ix_(needs, people)],
        free=tuple(index.free[n][people] for n in needs),
        need_days=tuple(index.need_days[n] for n in needs),
        areas=index.areas[needs],
        travel=index.travel[people],
        load_now=index.load_now[people],
        limit=index.limit[people],
        weight=index.weight[needs],
        seats=index.seats[needs],
        rivals={
            number[n]: tuple(number[m] for m in others if m in number)
            for n, others in index.rivals.items()
            if n in number
        },
        staff={
            school: frozenset(person_number[c] for c in members if c in person_number)
            for school, members in index.staff.items()
        },
        pins={number[n]: pins for n, pins in index.pins.items() if n in number},
        taken=index.taken[people],
    )
