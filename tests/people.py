"""The fixed cast. Two municipalities; what belongs to the second must never reach anybody of the first.

Anna     analyst of the region            Marat   department of Район 1      Mira   another person of that department
Kira     curator, methodist of Район 1    Sveta   school 1                   Ivan   inspector of Район 1
Oleg     school 2 (sees nothing of 1)     Dina    department of Район 2      Rita   regional manager
Root     administrator
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.models import Municipality, Person, PersonDuty, PersonPost, School, Training, User
from app.policy import Actor
from app.terms import PostKind, Role
from app.workflows.independence import DUTIES_OF_ROLE


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


def enter(
    session: Session,
    user: User,
    *,
    works_at: School | None = None,
    kind: PostKind | None = None,
    trained_until: date | None = None,
) -> Person:
    """Enter an account in the register: its post, the duties of its role, its training."""
    place = {"municipality_id": user.municipality_id, "school_id": works_at.id if works_at else None}
    person = Person(name=user.name, user_id=user.id, **place)
    session.add(person)
    session.flush()
    if works_at is not None or kind is not None:
        workplace_id = works_at.id if works_at else None
        session.add(PersonPost(person_id=person.id, kind=kind or PostKind.TEACHER, workplace_id=workplace_id, **place))
    for duty in DUTIES_OF_ROLE.get(user.role, ()):
        session.add(PersonDuty(person_id=person.id, duty=duty, since=date(2020, 1, 1), **place))
    if trained_until is not None:
        session.add(
            Training(
                person_id=person.id,
                programme="Независимое наблюдение",
                issued_on=date(2020, 1, 1),
                valid_until=trained_until,
                **place,
            )
        )
    session.flush()
    return person


def person_of(session: Session, user: User) -> Person:
    """The card of an account."""
    return session.scalars(select(Person).where(Person.user_id == user.id)).one()


def employ(
    session: Session, user: User, school: School, *, since: date | None = None, until: date | None = None
) -> None:
    """Give an account a post at a school instead of those it has now."""
    person = person_of(session, user)
    session.execute(delete(PersonPost).where(PersonPost.person_id == person.id, PersonPost.until.is_(None)))
    session.add(
        PersonPost(
            person_id=person.id,
            kind=PostKind.TEACHER,
            workplace_id=school.id,
            since=since,
            until=until,
            municipality_id=person.municipality_id,
            school_id=person.school_id,
        )
    )
    session.flush()


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
    rows = [
        ("anna", Role.ANALYST, None, {}),
        ("marat", Role.DEPARTMENT, first, {}),
        ("mira", Role.DEPARTMENT, first, {}),
        ("kira", Role.CURATOR, first, {}),
        ("ivan", Role.INSPECTOR, first, {}),
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
    enter(session, users["kira"], kind=PostKind.METHODIST)
    enter(session, users["ivan"], works_at=objective, trained_until=date(2028, 1, 1))
    return Cast(first, second, school, neighbour, objective, foreign, users)
