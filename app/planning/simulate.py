"""Seeded regions for the bench and for tests: schools in places, methodists, inspectors, needs."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np

from app.planning.problem import Candidate, Need, Problem
from app.planning.rules import PlanningRules, load_rules
from app.terms import Duty

SUBJECTS = ("ma", "ru", "en", "hi", "bi")
_START = date(2026, 11, 23)


def simulate(
    n_cases: int, n_people: int, *, seed: int, share_visited: float = 0.4, share_rechecked: float = 0.3
) -> Problem:
    """A region: each case needs a curator, a part of them a visit, a part a recheck.

    Parameters
    ----------
    n_cases, n_people : int
        People are half curators, half inspectors, spread over municipalities of about fifteen people.
    share_visited, share_rechecked : float
        Shares of the cases, in 0..1.
    """
    rng = np.random.default_rng(seed)
    n_municipalities = max(1, n_people // 15)
    centres = rng.uniform([54.0, 44.0], [57.0, 50.0], size=(n_municipalities, 2))
    days = _workdays(_START, 20)
    rules = _roomy(load_rules(), n_cases, n_people, share_visited, share_rechecked)
    people = []
    for id in range(1, n_people + 1):
        m = int(rng.integers(n_municipalities))
        is_curator = id % 2 == 0
        away = days[int(rng.integers(15))]
        people.append(
            Candidate(
                id,
                f"Человек {id}",
                frozenset({Duty.CURATOR} if is_curator else {Duty.OBSERVER, Duty.EXPERT}),
                f"m{m}",
                home_school_id=int(rng.integers(n_cases * 2)) if rng.random() < 0.6 else None,
                area=f"m{m}-a{int(rng.integers(4))}",
                place=tuple(centres[m] + rng.normal(0, 0.08, 2)),
                subjects=None if is_curator else frozenset(rng.choice(SUBJECTS, 2, replace=False).tolist()),
                trained_until=_START + timedelta(days=int(rng.integers(5, 400))),
                absences=((away, away + timedelta(days=4)),) if rng.random() < 0.2 else (),
                load_now=float(rng.integers(0, 3)),
            )
        )
    needs: list[Need] = []
    for case in range(n_cases):
        m = int(rng.integers(n_municipalities))
        area = int(rng.integers(4))
        place = tuple(centres[m] + [(area % 2) * 0.15 - 0.07, (area // 2) * 0.15 - 0.07])
        plain = Need("", Duty.CURATOR, case, f"СОШ № {case}", f"m{m}", days[:5], area=f"m{m}-a{area}", place=place)
        subject, grade = str(rng.choice(SUBJECTS)), int(rng.integers(4, 9))
        needs.append(replace(plain, id=f"curator-{case:05d}"))
        if rng.random() < share_visited:
            first = int(rng.integers(0, 12))
            needs.append(
                replace(
                    plain,
                    id=f"observer-{case:05d}",
                    duty=Duty.OBSERVER,
                    days=days[first : first + int(rng.integers(1, 4))],
                    seats=2 if rng.random() < 0.3 else 1,
                    grade=grade,
                )
            )
        if rng.random() < share_rechecked:
            first = int(rng.integers(0, 8))
            days_of = days[first : first + 10]
            needs.append(
                replace(plain, id=f"expert-{case:05d}", duty=Duty.EXPERT, days=days_of, subject=subject, grade=grade)
            )
    return Problem(tuple(people), tuple(needs), rules)


def _roomy(
    rules: PlanningRules, n_cases: int, n_people: int, share_visited: float, share_rechecked: float
) -> PlanningRules:
    """Limits a half above the mean load, so that the region can just about do its work."""
    curators, inspectors = max(n_people // 2, 1), max(n_people - n_people // 2, 1)
    work = n_cases * (1.3 * share_visited + share_rechecked)
    return replace(
        rules,
        curator_limit=float(np.ceil(1.5 * n_cases / curators) + 3),
        inspector_limit=float(np.ceil(1.8 * work / inspectors) + 3),
    )


def _workdays(start: date, n: int) -> tuple[date, ...]:
    found = [start + timedelta(days=i) for i in range(2 * n + 7)]
    return tuple(day for day in found if day.weekday() < 5)[:n]
