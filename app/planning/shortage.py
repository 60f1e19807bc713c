"""When there is no full plan: how many people of which kind would make one, and why those at hand cannot.

Imaginary people, with nothing against them but their limit of load and one trip a day, are offered for each kind
(duty, subject, municipality) that has empty seats, and may help in the next municipality too; a program finds the
fewest of them with whom every need is served.
What it used is the statement: it is true because the program's solution shows it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
from scipy import optimize, sparse

from app.errors import Reason
from app.planning import columns as choice
from app.planning.greedy import greedy
from app.planning.index import Index, make_index
from app.planning.ledger import ledger_of
from app.planning.model import build
from app.planning.objections import objection
from app.planning.problem import Candidate, Need, Problem, Shortage, Visit
from app.terms import ConflictKind, Duty, Subject

_FULL = 25_000
_FAR = date(9999, 1, 1)
_PEOPLE_RU = {
    Duty.CURATOR: ("куратора", "кураторов"),
    Duty.OBSERVER: ("наблюдателя", "наблюдателей"),
    Duty.EXPERT: ("эксперта", "экспертов"),
}
_AGAINST = {
    **{kind.value: ("конфликт интересов", "conflict of interest") for kind in ConflictKind},
    "load_full": ("нагрузка исчерпана", "load is full"),
    "school_not_objective": ("место работы", "workplace"),
    "training_expired": ("обучение истекло", "training expired"),
    "absent": ("отсутствие", "absence"),
    "busy": ("день занят", "day taken"),
    "full": ("нагрузка исчерпана", "load is full"),
    "subject": ("другой предмет", "another subject"),
    "grade": ("другой класс", "another grade"),
    "language": ("другой язык", "another language"),
}

Kind = tuple[Duty, str | None, str]


@dataclass(frozen=True)
class Lack:
    """Shortages of a problem; `is_least` when fewer people cannot do."""

    shortages: tuple[Shortage, ...]
    is_least: bool


def find_shortages(index: Index, visits: tuple[Visit, ...], *, seconds: float = 5.0) -> Lack:
    """The fewest people to add, by kind, so that every need is served; nothing when every need is."""
    served = {visit.need_id: len(visit.people) for visit in visits}
    empty: Counter[Kind] = Counter()
    for need in index.needs:
        empty[kind_of(need)] += need.seats - served.get(need.id, 0)
    kinds = sorted((kind for kind, n in empty.items() if n > 0), key=str)
    if not kinds:
        return Lack((), True)
    problem, imagined = _with_imagined(index.problem, {kind: empty[kind] for kind in kinds})
    wide = make_index(problem)
    found, is_least = _fewest(wide, imagined, visits, seconds)
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


def _fewest(
    index: Index, imagined: dict[int, Kind], visits: tuple[Visit, ...], seconds: float
) -> tuple[tuple[Visit, ...], bool]:
    """Visits that serve every need with the fewest imagined people."""
    every = choice.all_columns(index)
    is_imagined = np.array([person.id in imagined for person in index.people])
    last_resort = greedy(index)
    chosen = np.ones(len(every), dtype=bool)
    if len(every) > _FULL:
        chosen = choice.first_choice(index, every, index.rules.nearest) | is_imagined[every.person]
        chosen |= choice.positions_of(every, last_resort.members)
        chosen |= choice.positions_of(every, ledger_of(index, visits).members)
    columns = every.pick(chosen)
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
        return last_resort.visits_made(), False
    ledger = type(last_resort)(index)
    for column in np.flatnonzero(result.x[: len(columns)] > 0.5):
        ledger.put(int(columns.need[column]), int(columns.person[column]), int(columns.day[column]))
    return ledger.visits_made(), bool(chosen.all()) and result.status == 0


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
        _reason(kind, n, weeks, len(visits), possible, told),
    )  # fmt: skip


def _reason(
    kind: Kind, n: int, weeks: tuple[date, ...], n_needs: int, possible: int, against: tuple[tuple[str, int], ...]
) -> Reason:
    duty, subject, _municipality = kind
    one, many = _PEOPLE_RU[duty]
    people_ru = one if n % 10 == 1 and n % 100 != 11 else many
    term = Subject(subject) if subject in set(Subject) else None
    ru = f"Не хватает: {n} {people_ru}"
    en = f"Missing: {n} × {duty.en}"
    if subject is not None:
        ru, en = f"{ru}, предмет «{term.ru if term else subject}»", f"{en}, subject “{term.en if term else subject}”"
    if weeks:
        ru = f"{ru}, {'неделя' if len(weeks) == 1 else 'недели'} с {', с '.join(f'{w:%d.%m.%Y}' for w in weeks)}"
        en = f"{en}, {'week' if len(weeks) == 1 else 'weeks'} of {', '.join(f'{w:%Y-%m-%d}' for w in weeks)}"
    ru, en = f"{ru}. Без них не обеспечены: {n_needs}.", f"{en}. Not served without them: {n_needs}."
    if possible:
        ru = f"{ru} Правила разрешают это ещё {possible} чел., но их нагрузка или дни заняты."
        en = f"{en} The rules allow {possible} more, but their load or days are taken."
    if against:
        ru += " Остальным мешает: " + ", ".join(f"{_AGAINST.get(c, ('запрет', ''))[0]} — {k}" for c, k in against) + "."
        en += " Against the others: " + ", ".join(f"{_AGAINST.get(c, ('', c))[1]} — {k}" for c, k in against) + "."
    return Reason(
        "shortage",
        f"{ru} Добавьте людей, поднимите предел нагрузки или расширьте срок.",
        f"{en} Add people, raise the limit of load or widen the window.",
    )
