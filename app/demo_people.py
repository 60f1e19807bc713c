"""The demo's register of people: who works where, is trained until when, and stands in for whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from app.days import day_of
from app.models import Case, Person, School, User
from app.policy import SYSTEM
from app.terms import AbsenceReason, ConflictKind, Duty, PostKind
from app.workflows import absences, declarations, people, people_register, ties
from app.workflows.people_checks import Card

BEGIN = date(2019, 9, 1)
PROGRAMME = "Независимое наблюдение при проведении оценочных процедур"

STAFF = (
    ("Ершова Галина Павловна", PostKind.HEAD, "директор", ()),
    ("Титов Руслан Маратович", PostKind.COORDINATOR, "заместитель директора по учебной работе", ("ma",)),
    ("Лыкова Вера Степановна", PostKind.TEACHER, "учитель русского языка", ("ru",)),
    ("Гусева Нина Аркадьевна", PostKind.TEACHER, "учитель математики", ("ma",)),
)
"""People of schools who have no account: name, kind of post, title, subjects."""


def enter_people(session: Session, users: Mapping[str, User], schools: Sequence[School], at: datetime) -> None:
    """Enter the demo's curators and inspector, and staff of schools without signs."""
    begin = at - timedelta(days=200)
    home = users["curator"].municipality_id
    cards = {}
    curators: tuple[tuple[User, tuple[str, ...], int], ...] = (
        (users["curator"], ("ru", "ma"), 12),
        (users["curator2"], ("ma",), 6),
    )
    for user, known, limit in curators:
        cards[user.login] = _card(session, user, known, limit, begin)
        _post(session, cards[user.login], PostKind.METHODIST, begin, title=user.post)
        _train(session, cards[user.login], Duty.CURATOR, begin, at + timedelta(days=250))
    inspector = _card(session, users["inspector"], ("ma", "ru", "an"), 20, begin)
    if schools:
        _post(session, inspector, PostKind.TEACHER, begin, title="учитель математики", school=schools[0])
    _train(session, inspector, Duty.OBSERVER, begin, at + timedelta(days=400))
    for index, (name, kind, title, subjects) in enumerate(STAFF):
        if not schools:
            break
        card = Card(name, home, subjects=subjects, languages=("русский",))
        person = people_register.add_person(session, card, actor=SYSTEM, at=begin)
        school = schools[index % len(schools)]
        _post(session, person, kind, begin, title=title, school=school)
        if kind is PostKind.TEACHER:
            for duty in (Duty.OBSERVER, Duty.EXPERT):
                people_register.enter_duty(session, person.id, duty, since=day_of(begin), actor=SYSTEM, at=begin)
            # One training runs out soon, another has run out: the page of training needs has something to tell.
            days = (30, -20)[index % 2]
            _train(session, person, Duty.OBSERVER, begin, at + timedelta(days=days))
    for user in users.values():
        people_register.follow_account(session, user, None, "", actor=SYSTEM, at=begin)
    if len(schools) > 1:
        ties.state_tie(session, inspector.id, ConflictKind.OWN_CHILD, schools[1].id, text="", actor=SYSTEM, at=begin)
    absences.record_absence(
        session,
        cards["curator"].id,
        AbsenceReason.VACATION,
        from_on=day_of(at + timedelta(days=10)),
        until_on=day_of(at + timedelta(days=23)),
        substitute_id=cards["curator2"].id,
        actor=SYSTEM,
        at=at,
    )


def declare_free(session: Session, user: User, case: Case, at: datetime) -> None:
    """The person of an account declares about the school of a case, if it has not done so."""
    actor = people.actor_for(session, user, at)
    if case.school_id is not None and case.school_id in actor.undeclared:
        declarations.declare(session, case.school_id, has_conflict=False, actor=actor, at=at)


def _card(session: Session, user: User, subjects: tuple[str, ...], limit: int, at: datetime) -> Person:
    person = people_register.follow_account(session, user, None, "", actor=SYSTEM, at=at)
    assert person is not None  # curators and inspectors always get a card
    person.subjects, person.load_limit, person.languages = list(subjects), limit, ["русский"]
    person.email = f"{user.login}@example.org"
    session.flush()
    return person


def _post(
    session: Session, person: Person, kind: PostKind, at: datetime, *, title: str, school: School | None = None
) -> None:
    people_register.add_post(
        session,
        person.id,
        kind,
        title=title,
        workplace_id=school.id if school is not None else None,
        organisation="" if school is not None else "информационно-методический центр",
        since=BEGIN,
        actor=SYSTEM,
        at=at,
    )


def _train(session: Session, person: Person, duty: Duty, issued: datetime, until: datetime) -> None:
    people_register.add_training(
        session,
        person.id,
        PROGRAMME if duty is Duty.OBSERVER else "Кураторство школ с признаками необъективности",
        duty=duty,
        hours=36,
        certificate=f"{issued.year}/{person.id:03d}",
        issued_on=day_of(issued),
        valid_until=day_of(until),
        actor=SYSTEM,
        at=issued,
    )
