"""The problem as arrays: who could take what, what it costs, on which days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from app.errors import Reason, Refused
from app.planning.fitness import Fitness
from app.planning.objections import day_objection, objection
from app.planning.problem import Candidate, Need, Pin, PlanningRules, Problem

NO_DAY = -1
_EARTH_KM = 6371.0


@dataclass(frozen=True)
class Index:
    """People and needs in the order of their ids, so that the order of the input decides nothing.

    `possible` (needs × people) says who may take a need on some day; `free` (needs × people × days of the need) on
    which; `travel` (people × areas) in minutes one way; `areas` (needs) numbers the neighbourhood of each need; `taken`
    (people × days) counts visits that are settled outside this problem.
    """

    problem: Problem
    people: tuple[Candidate, ...]
    needs: tuple[Need, ...]
    days: tuple[date, ...]
    person_of: dict[int, int]
    need_of: dict[str, int]
    possible: np.ndarray
    free: tuple[np.ndarray, ...]
    need_days: tuple[np.ndarray, ...]
    areas: np.ndarray
    travel: np.ndarray
    load_now: np.ndarray
    limit: np.ndarray
    weight: np.ndarray
    seats: np.ndarray
    rivals: dict[int, tuple[int, ...]]
    staff: dict[int, frozenset[int]]
    pins: dict[int, tuple[Pin, ...]]
    taken: np.ndarray

    @property
    def rules(self) -> PlanningRules:
        return self.problem.rules

    def load_cost(self, load: np.ndarray | float) -> np.ndarray:
        """Cost of a load: its square at whole numbers, straight between them, times the rules' weight."""
        whole = np.floor(np.asarray(load, dtype=float) + 1e-12)
        rest = np.asarray(load, dtype=float) - whole
        return np.asarray(self.rules.load_weight * (whole**2 + rest * (2 * whole + 1)))

    def is_rival(self, need: int, person: int, other: int, other_person: int) -> bool:
        """Whether the two would watch (or curate) each other's schools."""
        return (
            other in self.rivals.get(need, ())
            and self.people[person].home_school_id == self.needs[other].school_id
            and self.people[other_person].home_school_id == self.needs[need].school_id
        )


def make_index(problem: Problem) -> Index:
    """Order, number and check a problem.

    Raises
    ------
    Refused
        Two people or needs with one id, a need without seats or days, or a pin that a hard rule forbids.
    """
    people = tuple(sorted(problem.candidates, key=lambda person: person.id))
    needs = tuple(sorted(problem.needs, key=lambda need: need.id))
    person_of = {person.id: i for i, person in enumerate(people)}
    need_of = {need.id: i for i, need in enumerate(needs)}
    if len(person_of) < len(people) or len(need_of) < len(needs):
        raise Refused(Reason("twice", "Человек или потребность указаны дважды.", "A person or a need is given twice."))
    for need in needs:
        if need.seats < 1 or not need.days:
            raise Refused(
                Reason(
                    "no_days",
                    f"{need.school}: в сроке нет ни одного рабочего дня. Расширьте срок.",
                    f"{need.school}: the window has no working day. Widen it.",
                )
            )
    days = tuple(sorted({day for need in needs if need.is_dated for day in need.days}))
    day_of = {day: i for i, day in enumerate(days)}
    fitness = Fitness(problem, people, sorted({day for need in needs for day in need.days}))
    possible = np.array([fitness.possible(need) for need in needs], dtype=bool).reshape(len(needs), len(people))
    free, need_days = [], []
    for n, need in enumerate(needs):
        if need.is_dated:
            free.append(fitness.on_days(need) & possible[n][:, None])
            need_days.append(np.array([day_of[day] for day in need.days]))
        else:
            free.append(possible[n][:, None])
            need_days.append(np.array([NO_DAY]))
    names = sorted({area_of(need) for need in needs})
    area_number = {name: i for i, name in enumerate(names)}
    index = Index(
        problem,
        people,
        needs,
        days,
        person_of,
        need_of,
        possible,
        tuple(free),
        tuple(need_days),
        np.array([area_number[area_of(need)] for need in needs], dtype=int),
        _travel(problem, people, needs, names),
        fitness.load_now,
        fitness.limit,
        np.array([need.weight for need in needs], dtype=float),
        np.array([need.seats for need in needs], dtype=int),
        _rivals(people, needs, problem.rules),
        _staff(people),
        {},
        np.zeros((len(people), max(len(days), 1)), dtype=int),
    )
    for pin in problem.pins:
        _keep(index, pin)
    return index


def area_of(need: Need) -> str:
    return need.area or f"{need.municipality}"


def _keep(index: Index, pin: Pin) -> None:
    """Check a pin against the hard rules and note it."""
    n, c = index.need_of.get(pin.need_id), index.person_of.get(pin.person_id)
    if n is None or c is None:
        raise Refused(Reason("pin", "Закреплённой пары нет в плане.", "The pinned pair is not in the plan."))
    need, person = index.needs[n], index.people[c]
    reason = objection(index.problem, person, need)
    if reason is None and pin.day is not None and need.is_dated:
        if pin.day not in need.days:
            reason = Reason(
                "day",
                f"{pin.day:%d.%m.%Y} не входит в срок: можно с {need.days[0]:%d.%m.%Y} по {need.days[-1]:%d.%m.%Y}.",
                f"{pin.day:%Y-%m-%d} is outside the window {need.days[0]:%Y-%m-%d} – {need.days[-1]:%Y-%m-%d}.",
            )
        else:
            reason = day_objection(index.problem, person, need, pin.day)
    if reason is not None:
        raise Refused(reason)
    kept = index.pins.setdefault(n, ())
    if len(kept) >= need.seats or pin.person_id in {other.person_id for other in kept}:
        raise Refused(
            Reason("pins", f"{need.school}: закреплено больше людей, чем мест.", "More people are pinned than seats.")
        )
    index.pins[n] = (*kept, pin)


def _staff(people: tuple[Candidate, ...]) -> dict[int, frozenset[int]]:
    found: dict[int, set[int]] = {}
    for c, person in enumerate(people):
        if person.home_school_id is not None:
            found.setdefault(person.home_school_id, set()).add(c)
    return {school: frozenset(members) for school, members in found.items()}


def _rivals(people: tuple[Candidate, ...], needs: tuple[Need, ...], rules: PlanningRules) -> dict[int, tuple[int, ...]]:
    """Needs whose people must not come from each other's schools: curators, and observers of one sitting of a cross
    grade.
    """
    homes = {person.home_school_id for person in people}
    groups: dict[object, list[int]] = {}
    for n, need in enumerate(needs):
        if need.school_id not in homes:
            continue
        if not need.is_dated:
            groups.setdefault("curators", []).append(n)
        elif need.is_sitting and need.grade in rules.cross_grades:
            groups.setdefault((need.subject, need.grade), []).append(n)
    return {
        n: tuple(m for m in group if needs[m].school_id != needs[n].school_id)
        for group in groups.values()
        for n in group
    }


def _travel(problem: Problem, people: tuple[Candidate, ...], needs: tuple[Need, ...], names: list[str]) -> np.ndarray:
    """Minutes from each person to each area: as given, else by coordinates, else by the steps of the rules."""
    rules = problem.rules
    members: dict[str, list[Need]] = {}
    for need in needs:
        members.setdefault(area_of(need), []).append(need)
    located = np.flatnonzero([person.place is not None for person in people])
    places = np.array([person.place for person in people if person.place is not None], dtype=float).reshape(-1, 2)
    own = np.array([person.municipality for person in people])
    starts = np.array([person.area for person in people])
    table = np.zeros((len(people), len(names)))
    for a, name in enumerate(names):
        table[:, a] = np.where(own == members[name][0].municipality, rules.same_municipality, rules.other_municipality)
        table[starts == name, a] = rules.same_area
        known = [need.place for need in members[name] if need.place is not None]
        if known and len(located):
            minutes = kilometres(places, np.mean(known, axis=0)) * rules.detour / rules.speed_kmh * 60
            table[located, a] = np.maximum(rules.same_area, minutes)
    area_number = {name: a for a, name in enumerate(names)}
    person_number = {person.id: c for c, person in enumerate(people)}
    for (id, name), given in problem.travel.items():
        if id in person_number and name in area_number:
            table[person_number[id], area_number[name]] = given
    return table


def kilometres(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Great-circle distances between places (latitude, longitude in degrees on the last axis), in km; haversine."""
    one, two = np.radians(first), np.radians(second)
    half = (
        np.sin((two[..., 0] - one[..., 0]) / 2) ** 2
        + np.cos(one[..., 0]) * np.cos(two[..., 0]) * np.sin((two[..., 1] - one[..., 1]) / 2) ** 2
    )
    return np.asarray(2 * _EARTH_KM * np.arcsin(np.sqrt(half)))
