"""Why a person may not take a need, or not on a day: the hard rules, each with its sentence."""

from __future__ import annotations

from datetime import date

from app.errors import Reason
from app.planning.problem import Candidate, Need, Problem
from app.terms import Duty


def limit_of(person: Candidate, problem: Problem) -> float:
    """The person's limit of load: the register's, or the rules' for the duty."""
    if person.load_limit is not None:
        return person.load_limit
    is_curator = Duty.CURATOR in person.duties
    return problem.rules.curator_limit if is_curator else problem.rules.inspector_limit


def objection(problem: Problem, person: Candidate, need: Need) -> Reason | None:
    """Why `person` can never take `need`, whatever the day, or None."""
    if need.duty not in person.duties:
        return Reason(
            "other_duty",
            f"{person.name}: не числится как {need.duty.ru}.",
            f"{person.name}: not registered as {need.duty.en}.",
        )
    blocked = problem.blocked.get((person.id, need.id))
    if blocked is not None:
        return blocked
    if person.home_school_id == need.school_id:
        return Reason(
            "own_school",
            f"Конфликт интересов: {person.name} работает в этой школе.",
            f"Conflict of interest: {person.name} works at this school.",
        )
    for what, own, code, ru, en in (
        (need.subject, person.subjects, "subject", "не ведёт этот предмет", "does not have this subject"),
        (need.grade, person.grades, "grade", "не работает с этим классом", "does not take this grade"),
        (need.language, person.languages, "language", "не владеет языком обучения", "lacks the language"),
    ):
        if what is not None and own is not None and what not in own:
            return Reason(code, f"{person.name}: {ru}.", f"{person.name}: {en}.")
    if person.load_now + need.weight > limit_of(person, problem) + 1e-9:
        limit = limit_of(person, problem)
        return Reason(
            "full",
            f"{person.name}: нагрузка исчерпана ({person.load_now:g} из {limit:g}).",
            f"{person.name}: the load is full ({person.load_now:g} of {limit:g}).",
        )
    reasons = [day_objection(problem, person, need, day) for day in need.days]
    if reasons and all(reasons):
        return reasons[0]
    return None


def day_objection(problem: Problem, person: Candidate, need: Need, day: date) -> Reason | None:
    """Why `person` cannot take `need` on `day`, or None."""
    unfit = problem.unfit.get((person.id, need.duty, day))
    if unfit is not None:
        return unfit
    if need.duty is Duty.OBSERVER and (person.trained_until is None or person.trained_until < day):
        until = f"{person.trained_until:%d.%m.%Y}" if person.trained_until else "—"
        return Reason(
            "training_expired",
            f"{person.name}: обучение действует до {until}, а день визита — {day:%d.%m.%Y}.",
            f"{person.name}: training is valid until {until}, the visit is on {day:%Y-%m-%d}.",
        )
    for first, last in person.absences:
        if first <= day <= last:
            return Reason(
                "absent",
                f"{person.name}: отсутствует с {first:%d.%m.%Y} по {last:%d.%m.%Y}.",
                f"{person.name}: absent from {first:%Y-%m-%d} to {last:%Y-%m-%d}.",
            )
    if need.is_dated and day in person.busy_on:
        return Reason(
            "busy",
            f"{person.name}: {day:%d.%m.%Y} уже занят другим визитом.",
            f"{person.name}: has another visit on {day:%Y-%m-%d}.",
        )
    return None
