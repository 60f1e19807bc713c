"""Conflict of interest: who may not curate, observe or recheck a school, and why.

People and schools are read as plain columns, whatever the actor's territory: whether a colleague is independent does
not depend on who looks, and nothing read here reaches a page but the reason itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import Reason
from app.models import Case, CuratorOrder, School, User
from app.terms import Role


@dataclass(frozen=True)
class PersonFacts:
    """What the rules ask about a person."""

    id: int
    name: str
    role: Role
    is_active: bool
    is_methodist: bool
    school_id: int | None
    home_school_id: int | None
    home_school_name: str | None
    home_school_is_objective: bool
    trained_until: date | None

    @property
    def workplace(self) -> str:
        return self.home_school_name or ("методическая служба" if self.is_methodist else "")


def person_facts(session: Session, user_id: int) -> PersonFacts | None:
    users, schools = User.__table__, School.__table__
    row = (
        session.connection()
        .execute(
            select(
                *(
                    users.c[name]
                    for name in ("id", "name", "role", "is_active", "is_methodist", "school_id", "home_school_id")
                ),
                schools.c.name.label("home_school_name"),
                schools.c.is_objective.label("home_school_is_objective"),
                users.c.trained_until,
            )
            .select_from(users.outerjoin(schools, schools.c.id == users.c.home_school_id))
            .where(users.c.id == user_id)
        )
        .first()
    )
    if row is None:
        return None
    return PersonFacts(**{**row._mapping, "home_school_is_objective": bool(row.home_school_is_objective)})


def curator_objection(session: Session, case: Case, curator_id: int, is_declared: bool) -> Reason | None:
    """Why this person may not be the case's curator, or None.

    A curator comes from a methodical service or from an objective school, never from the school of the case, and not
    from a school whose own case a colleague from the school of the case curates (mutual curation).
    """
    person = person_facts(session, curator_id)
    if person is None or person.role is not Role.CURATOR or not person.is_active:
        return Reason(
            "not_a_curator",
            "Человек не числится действующим куратором.",
            "The person is not registered as an active curator.",
            "#assignment",
        )
    conflict = _school_conflict(case, person)
    if conflict is not None:
        return conflict
    if not person.is_methodist and not person.home_school_is_objective:
        return Reason(
            "school_not_objective",
            f"{person.name}: место работы не методическая служба и не школа из реестра объективных.",
            f"{person.name}: works neither in a methodical service nor in a school of the register of objective ones.",
            "#assignment",
        )
    if person.home_school_id is not None and _curates_back(session, case, person.home_school_id):
        return Reason(
            "mutual_curation",
            f"Взаимное кураторство: работник этой школы курирует школу, где работает {person.name}.",
            f"Mutual curation: a colleague of this school curates the school where {person.name} works.",
            "#assignment",
        )
    if not is_declared:
        return Reason(
            "conflict_not_declared",
            "Куратор не подтвердил отсутствие конфликта интересов.",
            "The curator has not declared the absence of a conflict of interest.",
            "#assignment",
        )
    return None


def observer_objection(session: Session, case: Case, observer_id: int, on: date) -> Reason | None:
    """Why this person may not observe at the school of the case on that day, or None."""
    person = person_facts(session, observer_id)
    if person is None or person.role is not Role.INSPECTOR or not person.is_active:
        return Reason(
            "not_an_observer",
            "Человек не числится действующим наблюдателем.",
            "The person is not registered as an active observer.",
        )
    conflict = _school_conflict(case, person)
    if conflict is not None:
        return conflict
    if person.trained_until is None or person.trained_until < on:
        until = f"{person.trained_until:%d.%m.%Y}" if person.trained_until else "—"
        return Reason(
            "training_expired",
            f"{person.name}: обучение действует до {until}, а визит назначен на {on:%d.%m.%Y}.",
            f"{person.name}: training is valid until {until}, the visit is on {on:%Y-%m-%d}.",
        )
    return None


def expert_objection(session: Session, case: Case, inspector_id: int) -> Reason | None:
    """Why this person may not recheck works of the school of the case, or None."""
    person = person_facts(session, inspector_id)
    if person is None or person.role is not Role.INSPECTOR or not person.is_active:
        return Reason(
            "not_an_expert",
            "Человек не числится действующим экспертом.",
            "The person is not registered as an active expert.",
        )
    return _school_conflict(case, person)


def _school_conflict(case: Case, person: PersonFacts) -> Reason | None:
    if case.school_id in (person.home_school_id, person.school_id):
        return Reason(
            "own_school",
            f"Конфликт интересов: {person.name} работает в этой школе.",
            f"Conflict of interest: {person.name} works at this school.",
        )
    return None


def _curates_back(session: Session, case: Case, home_school_id: int) -> bool:
    orders, users = CuratorOrder.__table__, User.__table__
    back = session.connection().execute(
        select(orders.c.id)
        .join(users, users.c.id == orders.c.curator_id)
        .where(orders.c.school_id == home_school_id, users.c.home_school_id == case.school_id)
        .limit(1)
    )
    return back.first() is not None
