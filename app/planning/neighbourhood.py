"""A few needs of one place, with everything else settled: the small problem that a large plan is improved by."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from app.planning import columns as choice
from app.planning.columns import Columns
from app.planning.index import NO_DAY, Index
from app.planning.ledger import Ledger
from app.planning.parts import part_of

_SIZE = 28


def neighbourhoods(index: Index) -> list[list[int]]:
    """Needs in groups of at most a size, area by area and then across the areas of a municipality, so that people and
    days may be exchanged in both ways.
    """
    order = sorted(range(len(index.needs)), key=lambda n: (index.needs[n].municipality, int(index.areas[n]), n))
    across = sorted(range(len(index.needs)), key=lambda n: (index.needs[n].municipality, n))
    found = []
    for sequence, key in ((order, lambda n: (index.needs[n].municipality, int(index.areas[n]))),
                          (across, lambda n: (index.needs[n].municipality, -1))):  # fmt: skip
        group: list[int] = []
        for n in sequence:
            if group and (len(group) == _SIZE or key(n) != key(group[-1])):
                found.append(sorted(group))
                group = []
            group.append(n)
        if group:
            found.append(sorted(group))
    return [group for i, group in enumerate(found) if group not in found[:i]]


def narrowed(
    index: Index, every: Columns, chosen: np.ndarray, ledger: Ledger, group: list[int]
) -> tuple[Index, Columns]:
    """The problem of `group` alone, and its columns, given what the ledger says of all other needs.

    The ledger is used up. Trips that people make anyway cost nothing here.
    """
    here = every.of_needs(group)
    near = every.pick(here)
    used = choice.positions_of(near, {n: ledger.members.get(n, {}) for n in group})
    for n in group:
        for c in ledger.people_of(n):
            ledger.take(n, c)
    own = chosen[here] | used
    own[own] = _stays_open(index, near.pick(own), ledger)
    columns = near.pick(own)
    people = sorted({int(c) for c in columns.person})
    part = part_of(index, group, people)
    number = {c: i for i, c in enumerate(people)}
    need_number = {n: i for i, n in enumerate(group)}
    dated = columns.day != NO_DAY
    is_there = dated & (ledger.area[columns.person, np.maximum(columns.day, 0)] == index.areas[columns.need])
    columns = replace(
        columns,
        need=np.array([need_number[int(n)] for n in columns.need], dtype=int),
        person=np.array([number[int(c)] for c in columns.person], dtype=int),
        travel=np.where(is_there, 0.0, columns.travel),
    )
    past = {
        (index.people[a].id, index.people[b].id): times
        for a, met in ledger.together.items()
        for b, times in met.items()
        if a < b and times > 0
    }
    return (
        replace(
            part,
            problem=replace(part.problem, past_pairs=past),
            load_now=ledger.load[people],
            taken=ledger.visits[people],
        ),
        columns,
    )


def _stays_open(index: Index, columns: Columns, ledger: Ledger) -> np.ndarray:
    """Whether each column fits what is settled: limit, day, area, no mutual pair."""
    c, n, day = columns.person, columns.need, np.maximum(columns.day, 0)
    is_open = ledger.load[c] + index.weight[n] <= index.limit[c] + 1e-9
    dated = columns.day != NO_DAY
    area = ledger.area[c, day]
    is_sitting = np.array([need.is_sitting for need in index.needs])[n]
    fits = (area == -1) | (area == index.areas[n])
    fits &= ledger.visits[c, day] < index.rules.visits_a_day
    fits &= ~(is_sitting & (ledger.sittings[c, day] > 0))
    is_open &= ~dated | fits
    for need in {int(n) for n in columns.need} & index.rivals.keys():
        own = index.staff.get(index.needs[need].school_id, frozenset())
        for rival in index.rivals[need]:
            if own.intersection(ledger.people_of(rival)):
                home = np.array(sorted(index.staff.get(index.needs[rival].school_id, ())), dtype=int)
                is_open &= ~((n == need) & np.isin(c, home))
    return np.asarray(is_open)
