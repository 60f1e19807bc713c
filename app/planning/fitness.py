"""The hard rules of `app.planning.objections` for everybody at once: answers without words, as tables.

A need's rules depend on few of its properties, and the rules of a day on the duty alone, so that a thousand needs ask
the same few questions. Tests hold both ways of asking against each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np

from app.planning.objections import limit_of
from app.planning.problem import Candidate, Need, Problem
from app.terms import Duty


class Fitness:
    """Who may take which need, and on which days; `people` and `days` give the order of rows and columns."""

    def __init__(self, problem: Problem, people: Sequence[Candidate], days: Sequence[date]) -> None:
        self.problem, self.people, self.days = problem, people, days
        self.day_of = {day: i for i, day in enumerate(days)}
        self.number_of = {person.id: i for i, person in enumerate(people)}
        self.load_now = np.array([person.load_now for person in people], dtype=float)
        self.limit = np.array([limit_of(person, problem) for person in people], dtype=float)
        self._kinds: dict[tuple[object, ...], np.ndarray] = {}
        self._staff: dict[int, list[int]] = {}
        for c, person in enumerate(people):
            if person.home_school_id is not None:
                self._staff.setdefault(person.home_school_id, []).append(c)
        self._blocked: dict[str, list[int]] = {}
        for person_id, need_id in problem.blocked:
            if person_id in self.number_of:
                self._blocked.setdefault(need_id, []).append(self.number_of[person_id])
        self._present = self._absences()
        self._fit = {duty: self._days_of(duty) for duty in Duty}

    def possible(self, need: Need) -> np.ndarray:
        """Whom nothing forbids `need` on every day, shape (people,)."""
        kind = (need.duty, need.subject, need.grade, need.language, need.weight)
        if kind not in self._kinds:
            self._kinds[kind] = self._of_kind(need)
        found = self._kinds[kind].copy()
        found[self._staff.get(need.school_id, [])] = False
        found[self._blocked.get(need.id, [])] = False
        return np.asarray(found & self.on_days(need).any(axis=1))

    def on_days(self, need: Need) -> np.ndarray:
        """Whom nothing forbids to come on each day of the need, shape (people, days of the need)."""
        table = self._fit[need.duty][:, [self.day_of[day] for day in need.days]]
        return np.asarray(table)

    def _of_kind(self, need: Need) -> np.ndarray:
        return np.array(
            [
                need.duty in person.duties
                and (need.subject is None or person.subjects is None or need.subject in person.subjects)
                and (need.grade is None or person.grades is None or need.grade in person.grades)
                and (need.language is None or person.languages is None or need.language in person.languages)
                for person in self.people
            ],
            dtype=bool,
        ) & (self.load_now + need.weight <= self.limit + 1e-9)

    def _absences(self) -> np.ndarray:
        found = np.ones((len(self.people), len(self.days)), dtype=bool)
        for c, person in enumerate(self.people):
            for first, last in person.absences:
                found[c] &= np.array([not first <= day <= last for day in self.days], dtype=bool)
        return found

    def _days_of(self, duty: Duty) -> np.ndarray:
        found = self._present.copy()
        for c, person in enumerate(self.people):
            if duty is Duty.OBSERVER:
                until = person.trained_until or date.min
                found[c] &= np.array([day <= until for day in self.days], dtype=bool)
            if duty is not Duty.CURATOR:
                found[c, [self.day_of[day] for day in person.busy_on if day in self.day_of]] = False
        for person_id, forbidden, day in self.problem.unfit:
            if forbidden is duty and person_id in self.number_of and day in self.day_of:
                found[self.number_of[person_id], self.day_of[day]] = False
        return found
