"""When there is no full plan: how many people of which kind would make one, and why those at hand cannot.

Imaginary people, with nothing against them but their limit of load and one trip a day, are offered for each kind
(duty, subject, municipality) that has empty seats, and may help in the next municipality too; a program finds the
fewest of them with whom every need is served.
What it used is the statement: it is true because the program's solution shows it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
from scipy import optimize, sparse

from app.planning import columns as choice
from app.planning.greedy import serve
from app.planning.index import Index, make_index
from app.planning.ledger import Ledger, ledger_of
from app.planning.model import build
from app.planning.neighbourhood import narrowed
from app.planning.objections import objection
from app.planning.problem import Candidate, Need, Problem, Shortage, Visit
from app.planning.shortage_words import shortage_reason
from app.terms import Duty

_FULL = 25_000
_FAR = date(9999, 1, 1)

Kind = tuple[Duty, str | None, str]


@dataclass(frozen=True)
class Lack:
    """Shortages of a problem; `is_least` when fewer people cannot do."""

    shortages: tuple[Shortage, ...]
    is_least: bool


def find_shortages(index: Index, visits: tuple[Visit, ...], *, seconds: float = 5.0) -> Lack:
    """The fewest people to add, by kind, so that every need is served; nothing when every need is.

    First with all other needs as they are, which gives a number that surely suffices; needs that nobody at hand may
    take give one that surely is needed. Where the two differ, the whole is planned anew with imaginary people.
    """
    deadline = time.monotonic() + seconds
    served = {visit.need_id: len(visit.people) for visit in visits}
    empty: Counter[Kind] = Counter()
    lacking = []
    for n, need in enumerate(index.needs):
        if need.seats > served.get(need.id, 0):
            empty[kind_of(need)] += need.seats - served.get(need.id, 0)
            lacking.append(n)
    kinds = sorted(empty, key=str)
    if not kinds:
        return Lack((), True)
    problem, imagined = _with_imagined(index.problem, {kind: empty[kind] for kind in kinds})
    wide = make_index(problem)
    every = choice.all_columns(wide)
    found, is_least = _with_the_rest_kept(wide, every, imagined, lacking, visits, seconds / 3)
    helpless = [n for n in lacking if not index.possible[n].any()]
    if found is None:
        found = _by_hand(wide, lacking, visits)
    if helpless != lacking:
        # People at hand may take some of these needs: fewer imagined ones can do only if the others need fewer.
        is_least = False
        if helpless:
            surely, is_proved = _with_the_rest_kept(wide, every, imagined, helpless, visits, seconds / 3)
            is_least = is_proved and _n_imagined(surely or (), imagined) == _n_imagined(found, imagined)
    if not is_least:
        anew, is_proved = _anew(wide, every, imagined, visits, deadline - time.monotonic())
        if anew is not None and _n_imagined(anew, imagined) <= _n_imagined(found, imagined):
            found, is_least = anew, is_proved
    by_kind: dict[Kind, list[Visit]] = {}
    for visit in found:
        for kind in {imagined[person] for person in visit.people if person in imagined}:
            by_kind.setdefault(kind, []).append(visit)
    return Lack(tuple(_told(index, kind, by_kind[kind], imagined) for kind in sorted(by_kind, key=str)), is_least)


def kind_of(need: Need) -> Kind:
    return (need.duty, need.subject if need.duty is Duty.EXPERT else None, need.municipality)


def imagine(kind: Kind, id: int, name: str = "ещё один человек") -> Candidate:
    """Somebody of a kind with nothing against them."""
    duty, subject, municipality = kind
    return Candidate(
        id, name, frozenset({duty}), municipality,
        subjects=None if subject is None else frozenset({subject}), trained_until=_FAR,
    )  # fmt: skip


def _with_imagined(problem: Problem, wanted: dict[Kind, int]) -> tuple[Problem, dict[int, Kind]]:
    least = min((person.id for person in problem.candidates), default=0)
    imagined: dict[int, Kind] = {}
    people: list[Candidate] = []
    for kind, n in wanted.items():
        for _one in range(n):
            id = min(least, 0) - 1 - len(imagined)
            imagined[id] = kind
            people.append(imagine(kind, id))
    return replace(problem, candidates=(*problem.candidates, *people)), imagined


def _n_imagined(visits: Iterable[Visit], imagined: dict[int, Kind]) -> int:
    return len({person for visit in visits for person in visit.people if person in imagined})


def _by_hand(index: Index, lacking: list[int], visits: tuple[Visit, ...]) -> tuple[Visit, ...]:
    """Fill the empty seats one after another; there is an imagined person for each of them."""
    ledger = ledger_of(index, visits)
    for n in lacking:
        for c in ledger.people_of(n):
            ledger.take(n, c)
        serve(ledger, n)
    return ledger.visits_made()


def _with_the_rest_kept(
    index: Index,
    every: choice.Columns,
    imagined: dict[int, Kind],
    needs: list[int],
    visits: tuple[Visit, ...],
    seconds: float,
) -> tuple[tuple[Visit, ...] | None, bool]:
    """Visits that serve `needs` with the fewest imagined people while all other needs keep theirs; whether fewer
    cannot, as long as nobody at hand may take them.
    """
    inside, columns = narrowed(index, every, np.ones(len(every), dtype=bool), ledger_of(index, visits), needs)
    found, is_least = _fewest(inside, columns, imagined, seconds)
    if found is None:
        return None, False
    own = {index.needs[n].id for n in needs}
    return (*(visit for visit in visits if visit.need_id not in own), *found), is_least


def _anew(
    index: Index, every: choice.Columns, imagined: dict[int, Kind], visits: tuple[Visit, ...], seconds: float
) -> tuple[tuple[Visit, ...] | None, bool]:
    """Visits that serve every need with the fewest imagined people, everybody free to move."""
    is_imagined = np.array([person.id in imagined for person in index.people])
    chosen = np.ones(len(every), dtype=bool)
    if len(every) > _FULL:
        chosen = choice.first_choice(index, every, index.rules.nearest) | is_imagined[every.person]
        chosen |= choice.positions_of(every, ledger_of(index, visits).members)
    found, is_least = _fewest(index, every.pick(chosen), imagined, seconds)
    return found, is_least and bool(chosen.all())


def _fewest(
    index: Index, columns: choice.Columns, imagined: dict[int, Kind], seconds: float
) -> tuple[tuple[Visit, ...] | None, bool]:
    """Visits that serve every need of `index` with the fewest imagined people; None when none were found in time."""
    if seconds < 0.05:
        return None, False
    is_imagined = np.array([person.id in imagined for person in index.people], dtype=bool)
    model = build(index, columns, is_elastic=False)
    # A little a seat, and less near home, so that an imagined person serves only what nobody else can.
    own = np.flatnonzero(is_imagined[columns.person])
    price = np.zeros(model.n_variables)
    near = columns.travel[own] / max(float(columns.travel.max(initial=0.0)), 1.0)
    price[own] = 0.2 * (1 + near) / (1 + float(index.seats.sum()))
    model.cost = [price]
    people = np.unique(columns.person[own])
    opened = model.add_variables(np.ones(len(people)), np.ones(len(people)), is_whole=True)
    opened_of = dict(zip(people.tolist(), opened.tolist(), strict=True))
    for column in own:
        switch = opened_of[int(columns.person[column])]
        model.add_row(np.array([column, switch]), np.array([1.0, -1.0]), -np.inf, 0.0, ("open", int(column)))
    for first, second in pairwise(people.tolist()):
        if imagined[index.people[first].id] == imagined[index.people[second].id]:
            # People of a kind are alike: the earlier are used first.
            model.add_row(
                np.array([opened_of[int(second)], opened_of[int(first)]]),
                np.array([1.0, -1.0]),
                -np.inf,
                0.0,
                ("order", int(first)),
            )
    result = optimize.milp(
        np.concatenate(model.cost),
        constraints=optimize.LinearConstraint(
            sparse.csr_matrix(model.matrix), np.array(model.low), np.array(model.high)
        ),
        bounds=optimize.Bounds(np.zeros(model.n_variables), np.concatenate(model.upper)),
        integrality=np.concatenate(model.whole),
        options={"time_limit": seconds, "mip_rel_gap": 0.0},
    )
    if result.x is None:
        return None, False
    ledger = Ledger(index)
    for column in np.flatnonzero(result.x[: len(columns)] > 0.5):
        ledger.put(int(columns.need[column]), int(columns.person[column]), int(columns.day[column]))
    return ledger.visits_made(), result.status == 0


def _told(index: Index, kind: Kind, visits: list[Visit], imagined: dict[int, Kind]) -> Shortage:
    duty, subject, municipality = kind
    n = len({person for visit in visits for person in visit.people if imagined.get(person) == kind})
    weeks = tuple(sorted({visit.day - timedelta(days=visit.day.weekday()) for visit in visits if visit.day}))
    needs = [index.needs[index.need_of[visit.need_id]] for visit in visits]
    against: Counter[str] = Counter()
    possible = 0
    for person in index.people:
        if duty not in person.duties:
            continue
        reasons = [objection(index.problem, person, need) for need in needs]
        if any(reason is None for reason in reasons):
            possible += 1
        else:
            against[next(reason.code for reason in reasons if reason is not None)] += 1
    told = tuple(sorted(against.items(), key=lambda item: (-item[1], item[0])))
    return Shortage(
        duty, subject, municipality, weeks, n, tuple(visit.need_id for visit in visits), possible, told,
        shortage_reason(duty, subject, n, weeks, len(visits), possible, told),
    )  # fmt: skip
