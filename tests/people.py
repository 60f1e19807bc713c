"""The fixed cast. Two municipalities; what belongs to the second must never reach anybody of the first.

Anna     analyst of the region            Marat   department of Район 1      Mira   another person of that department
Kira     curator, methodist of Район 1    Sveta   school 1                   Ivan   inspector of Район 1
Oleg     school 2 (sees nothing of 1)     Dina    department of Район 2      Rita   regional manager
Root     administrator
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from app.models import Municipality, School, User
from app.policy import Actor
from app.terms import Role


@dataclass(frozen=True)
class Cast:
    municipality: Municipality
    other_municipality: Municipality
    school: School
    neighbour: School
    objective: School
    foreign: School
    users: dict[str, User]

    def __getitem__(self, name: str) -> User:
        return self.users[name]

    def actor(self, name: str, *schools: School) -> Actor:
        return Actor.for_user(self.users[name], [school.id for school in schools])


def make_cast(session: Session) -> Cast:
    """Add the cast through a session of the system."""
    first, second = Municipality(code="m001", name="Район 1"), Municipality(code="m002", name="Район 2")
    session.add_all([first, second])
    session.flush()
    schools = [
        School(code="990001", name="СОШ № 1", municipality_id=first.id),
        School(code="990002", name="СОШ № 2", municipality_id=first.id),
        School(code="990003", name="Гимназия № 3", municipality_id=first.id, is_objective=True),
        School(code="990900", name="СОШ № 900 КАНАРЕЙКА", municipality_id=second.id),
    ]
    session.add_all(schools)
    session.flush()
    school, neighbour, objective, foreign = schools
    valid = date(2028, 1, 1)
    rows = [
        ("anna", Role.ANALYST, None, {}),
        ("marat", Role.DEPARTMENT, first, {}),
        ("mira", Role.DEPARTMENT, first, {}),
        ("kira", Role.CURATOR, first, {"is_methodist": True}),
        ("ivan", Role.INSPECTOR, first, {"home_school_id": objective.id, "trained_until": valid}),
        ("sveta", Role.SCHOOL, first, {"school_id": school.id}),
        ("oleg", Role.SCHOOL, first, {"school_id": neighbour.id}),
        ("dina", Role.DEPARTMENT, second, {}),
        ("rita", Role.REGION_MANAGER, None, {}),
        ("root", Role.ADMIN, None, {}),
    ]
    users = {
        login: User(
            login=login,
            name=login.capitalize(),
            role=role,
            password_hash="!",
            municipality_id=place.id if place else None,
            **extra,
        )
        for login, role, place, extra in rows
    }
    session.add_all(users.values())
    session.flush()
    return Cast(first, second, school, neighbour, objective, foreign, users)
