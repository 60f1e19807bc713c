"""Seeded regions for the bench and for tests: schools in places, methodists, inspectors, and what their cases lack.

Nothing is arranged for or against a way of planning; the shares are plain guesses and stand here in the open.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import combinations

import numpy as np

from app.errors import Reason
from app.planning.problem import Candidate, Need, Problem
from app.planning.rules import PlanningRules, load_rules
from app.terms import ConflictKind, Duty, Subject

PEOPLE_A_MUNICIPALITY = 15
SCHOOLS_A_CASE = 2
AREAS = 4
"""Settlements of a municipality that have schools."""
GRADES = (4, 5, 6, 7, 8)
PRIMARY = (Subject.RU, Subject.MA, Subject.OM)
SENIOR = (Subject.RU, Subject.MA, Subject.BI, Subject.IS, Subject.OB, Subject.GG, Subject.FI, Subject.HI, Subject.AN)
TEACHERS = np.array([20, 18, 9, 9, 7, 8, 7, 6, 16]) / 100
"""Shares of the subjects among teachers, in the order of SENIOR: few teach physics or chemistry."""
_START = date(2027, 4, 5)
_DAYS = 20
_CHECKED = 0.3
_SEVERE = 0.3


@dataclass(frozen=True)
class _Place:
    municipality: str
    area: str
    place: tuple[float, float]


def simulate(
    n_cases: int, n_people: int, *, seed: int, share_visited: float = 0.4, share_rechecked: float = _CHECKED
) -> Problem:
    """A region: each case needs a curator, a part of them a visit on its sitting's day, a part a recheck.

    Parameters
    ----------
    n_cases, n_people : int
        People are half methodists (curators), half inspectors, over municipalities of unequal size, about fifteen
        people each.
    share_visited, share_rechecked : float
        Shares of the cases, in 0..1.
    """
    rng = np.random.default_rng(seed)
    schools = _schools(rng, SCHOOLS_A_CASE * n_cases, max(1, n_people // PEOPLE_A_MUNICIPALITY))
    days = _workdays(_START, _DAYS)
    rules = _roomy(load_rules(), n_cases, n_people, share_visited, share_rechecked)
    people = tuple(_person(rng, id, schools, n_cases, days) for id in range(1, n_people + 1))
    needs = _needs(rng, schools[:n_cases], days, share_visited, share_rechecked, rules)
    return Problem(people, needs, rules, blocked=_blocked(rng, people, needs), past_pairs=_met(rng, people))


def _schools(rng: np.random.Generator, n_schools: int, n_municipalities: int) -> list[_Place]:
    """Schools in settlements; the first municipalities are the largest."""
    centres = rng.uniform([54.0, 44.0], [56.0, 48.0], size=(n_municipalities, 2))
    spots = centres[:, None, :] + rng.normal(0, 0.09, (n_municipalities, AREAS, 2))
    size = 1 / (1 + np.arange(n_municipalities)) ** 0.6
    found = []
    for _school in range(n_schools):
        m, a = int(rng.choice(n_municipalities, p=size / size.sum())), int(rng.choice(AREAS, p=[0.4, 0.3, 0.2, 0.1]))
        found.append(_Place(f"m{m:02d}", f"m{m:02d}-a{a}", (float(spots[m, a, 0]), float(spots[m, a, 1]))))
    return found


def _person(rng: np.random.Generator, id: int, schools: list[_Place], n_cases: int, days: Sequence[date]) -> Candidate:
    """A methodist, at times from a school without a case, or a teacher who inspects."""
    is_curator = id % 2 == 0
    school = int(rng.integers(n_cases, len(schools))) if is_curator else int(rng.integers(len(schools)))
    home = schools[school]
    away = days[int(rng.integers(len(days)))]
    plain = Candidate(
        id,
        f"Человек {id}",
        frozenset({Duty.CURATOR}),
        home.municipality,
        home_school_id=school if not is_curator or rng.random() < 0.3 else None,
        area=home.area,
        place=home.place,
        absences=((away, away + timedelta(days=int(rng.integers(1, 11)))),) if rng.random() < 0.2 else (),
        load_now=float(rng.integers(0, 3)),
    )
    if is_curator:
        return plain
    duties = ((Duty.OBSERVER, Duty.EXPERT), (Duty.OBSERVER,), (Duty.EXPERT,))[int(rng.choice(3, p=[0.5, 0.3, 0.2]))]
    is_primary = rng.random() < 0.2
    chosen = PRIMARY if is_primary else rng.choice(SENIOR, int(rng.integers(1, 3)), replace=False, p=TEACHERS)
    return replace(
        plain,
        duties=frozenset(duties),
        subjects=frozenset(str(subject) for subject in chosen) if Duty.EXPERT in duties else None,
        trained_until=_START + timedelta(days=int(rng.integers(-60, 700))),
        busy_on=frozenset(day for day in days if rng.random() < 0.05),
    )


def _needs(
    rng: np.random.Generator,
    schools: list[_Place],
    days: Sequence[date],
    share_visited: float,
    share_rechecked: float,
    rules: PlanningRules,
) -> tuple[Need, ...]:
    """A paper is sat on one of three days of the region's timetable; a visit knows its day, or a day in reserve too."""
    timetable = {(grade, subject): int(rng.integers(0, 14)) for grade in GRADES for subject in Subject}
    needs: list[Need] = []
    for case, at in enumerate(schools):
        grade = int(rng.choice(GRADES))
        subject = str(rng.choice(PRIMARY) if grade == GRADES[0] else rng.choice(SENIOR))
        plain = Need(
            f"curator-{case:05d}", Duty.CURATOR, case, f"СОШ № {case}", at.municipality, tuple(days[:5]),
            area=at.area, place=at.place,
        )  # fmt: skip
        needs.append(plain)
        if rng.random() < share_visited:
            first = timetable[grade, Subject(subject)] + int(rng.integers(3))
            is_severe = rng.random() < _SEVERE
            needs.append(
                replace(
                    plain,
                    id=f"observer-{case:05d}",
                    duty=Duty.OBSERVER,
                    days=tuple(days[first : first + int(rng.integers(1, 3))]),
                    seats=rules.observers["severe" if is_severe else "case"],
                    subject=None,
                    grade=grade,
                )
            )
        if rng.random() < share_rechecked:
            first = int(rng.integers(2, 10))
            needs.append(
                replace(
                    plain,
                    id=f"expert-{case:05d}",
                    duty=Duty.EXPERT,
                    days=tuple(days[first : first + int(rng.integers(5, 11))]),
                    subject=subject,
                    grade=grade,
                )
            )
    return tuple(needs)


def _blocked(
    rng: np.random.Generator, people: Sequence[Candidate], needs: Sequence[Need]
) -> dict[tuple[int, str], Reason]:
    """Conflicts of interest: a former workplace (one in five), a relative at a school (one in ten), both nearby."""
    near: dict[str, list[int]] = {}
    for need in needs:
        near.setdefault(need.municipality, []).append(need.school_id)
    found: dict[tuple[int, str], Reason] = {}
    by_school: dict[int, list[Need]] = {}
    for need in needs:
        by_school.setdefault(need.school_id, []).append(need)
    kinds = (
        (0.2, Reason(ConflictKind.FORMER_SCHOOL.value, "Работал здесь раньше.", "Worked here before.")),
        (
            0.1,
            Reason(
                ConflictKind.RELATIVE.value,
                "Здесь работает или учится родственник.",
                "A relative works or learns here.",
            ),
        ),
    )
    for person in people:
        for share, reason in kinds:
            if rng.random() < share and person.municipality in near:
                school = int(rng.choice(near[person.municipality]))
                found |= {(person.id, need.id): reason for need in by_school[school]}
    return found


def _met(rng: np.random.Generator, people: Sequence[Candidate]) -> dict[tuple[int, int], int]:
    """Observers of a municipality who have been together before: one pair in ten."""
    groups: dict[str, list[int]] = {}
    for person in people:
        if Duty.OBSERVER in person.duties:
            groups.setdefault(person.municipality, []).append(person.id)
    return {pair: 1 for ids in groups.values() for pair in combinations(sorted(ids), 2) if rng.random() < 0.1}


def _roomy(
    rules: PlanningRules, n_cases: int, n_people: int, share_visited: float, share_rechecked: float
) -> PlanningRules:
    """The shipped limits, or a quarter above the mean load where a region has more work than they allow."""
    curators, inspectors = max(n_people // 2, 1), max(n_people - n_people // 2, 1)
    work = n_cases * ((1 + _SEVERE) * share_visited + share_rechecked)
    return replace(
        rules,
        curator_limit=max(rules.curator_limit, float(np.ceil(1.25 * n_cases / curators) + 1)),
        inspector_limit=max(rules.inspector_limit, float(np.ceil(1.25 * work / inspectors) + 1)),
    )


def _workdays(start: date, n: int) -> tuple[date, ...]:
    found = [start + timedelta(days=i) for i in range(2 * n + 7)]
    return tuple(day for day in found if day.weekday() < 5)[:n]
