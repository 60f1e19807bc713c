"""People of the register for a pair of teachers: who might help, who might be helped, and what speaks against each.

People are read as plain columns, because a curator sees no register: a picker shows name, post and load alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select, true
from sqlalchemy.orm import Session

from app.conflicts import PersonFacts, load_rules, mentor_conflicts, teaches
from app.days import day_of
from app.errors import Reason, Refused
from app.flows import CLOSED
from app.models import Case, MentoringPair, Person, PersonPost, School
from app.policy import Actor
from app.terms import Duty, PostKind, Subject
from app.workflows import independence, people_register
from app.workflows.people_checks import Card

_TEACHING = frozenset({PostKind.TEACHER, PostKind.METHODIST})


@dataclass(frozen=True)
class Offer:
    """A person for one side of a pair: possible without `reasons`, to be thought over with `warnings`.

    `post` and `place` are words as they stand on that day, `n_pairs` the pairs under way on the same side.
    """

    person: PersonFacts
    post: str
    place: str
    school_id: int | None
    n_pairs: int
    reasons: tuple[Reason, ...] = ()
    warnings: tuple[Reason, ...] = ()

    @property
    def is_of_subject(self) -> bool:
        return not any(reason.code == "stranger" for reason in self.warnings)


def mentors(session: Session, school: School, subject: str, on: date, actor: Actor) -> list[Offer]:
    """Who might help a teacher of `subject` at `school`: the possible ones first, then those of the subject.

    Offered are teachers, experts and methodists of the register's objective schools and of methodical services, of the
    school's municipality and of the region; somebody else of these places only with the subject in the card.
    """
    persons, posts, schools = Person.__table__, PersonPost.__table__, School.__table__
    place = or_(posts.c.kind == PostKind.METHODIST, schools.c.is_objective)
    statement = (
        select(persons.c.id)
        .select_from(
            persons.join(posts, posts.c.person_id == persons.c.id).outerjoin(
                schools, schools.c.id == posts.c.workplace_id
            )
        )
        .where(persons.c.is_active, place, _is_held(on), _is_near(school, actor))
        .distinct()
    )
    busy = set(session.scalars(select(Case.school_id).where(Case.state != CLOSED)))
    found = [
        _mentor(person, school, subject, on, busy)
        for person in _facts(session, statement, on)
        if _might_teach(person, subject, on)
    ]
    return sorted(found, key=_order)


def mentees(session: Session, school: School, subject: str, on: date) -> list[Offer]:
    """Who works at `school` on a day and might be helped with `subject`; those of the subject first."""
    persons, posts = Person.__table__, PersonPost.__table__
    statement = (
        select(persons.c.id)
        .select_from(persons.join(posts, posts.c.person_id == persons.c.id))
        .where(persons.c.is_active, posts.c.workplace_id == school.id, _is_held(on))
        .distinct()
    )
    found = []
    for person in _facts(session, statement, on):
        # A card without subjects says nothing against the person; one with other subjects does.
        told = _stranger(person, subject) if person.subjects and not teaches(person, subject) else ()
        post = person.post_at(school.id, on)
        found.append(Offer(person, post, school.name, school.id, person.is_helped, warnings=told))
    return sorted(found, key=_order)


def chosen(offers: Sequence[Offer], person_id: int | None) -> Offer | None:
    return next((offer for offer in offers if offer.person.person_id == person_id), None)


def standing(session: Session, pair: MentoringPair, on: date) -> list[Reason]:
    """What has come up against the people of a pair since it was made: a conflict, a post that ended, an absence."""
    if pair.mentor_person_id is None or pair.mentee_person_id is None or pair.school_id is None:
        return []
    facts = independence.facts_of(session, on, person_ids=[pair.mentor_person_id, pair.mentee_person_id])
    mentor, mentee = facts[pair.mentor_person_id], facts[pair.mentee_person_id]
    told = mentor_conflicts(mentor, pair.school_id, on, load_rules())
    if not mentee.is_active or all(post.school_id != pair.school_id for post in mentee.posts_on(on)):
        told.append(
            Reason(
                "mentee_left",
                f"{mentee.name}: больше не работает в школе, которой помогают.",
                f"{mentee.name}: no longer works at the school that is helped.",
            )
        )
    return [*told, *_away(mentor, on), *_away(mentee, on)]


def enter_colleague(
    session: Session, name: str, title: str, school: School | None, subject: str, *, actor: Actor, at: datetime
) -> Person:
    """Enter a teacher of a school, or a methodist without one, whom a pair needs; the card can be completed later.

    Raises
    ------
    NotPermitted, Refused
        Refused: no name, or the place has a person of that name already.
    """
    words = " ".join(name.split())
    persons, posts = Person.__table__, PersonPost.__table__
    place = posts.c.workplace_id == school.id if school is not None else posts.c.kind == PostKind.METHODIST
    namesakes = session.connection().execute(
        select(persons.c.name)
        .select_from(persons.join(posts, posts.c.person_id == persons.c.id))
        .where(persons.c.is_active, place, _is_held(day_of(at)))
    )
    if words and any(row.name.casefold() == words.casefold() for row in namesakes):
        raise Refused(
            Reason(
                "entered_already",
                f"{words}: такой человек в реестре уже есть. Выберите его в списке.",
                f"{words}: is in the register already. Choose the person in the list.",
            )
        )
    home = school.municipality_id if school is not None else actor.municipality_id
    card = Card(words, home, subjects=(subject,) if subject else ())
    person = people_register.add_person(session, card, actor=actor, at=at)
    people_register.add_post(
        session,
        person.id,
        PostKind.TEACHER if school is not None else PostKind.METHODIST,
        title=title,
        workplace_id=school.id if school is not None else None,
        organisation="" if school is not None else "методическая служба",
        actor=actor,
        at=at,
    )
    return person


def _mentor(person: PersonFacts, school: School, subject: str, on: date, busy: set[int | None]) -> Offer:
    told = mentor_conflicts(person, school.id, on, load_rules())
    home = person.home_school_id(on)
    place = person.workplace(on)
    if home is not None and home != school.id and home in busy:
        told.append(mentor_has_case(place))
    warnings = () if teaches(person, subject) else _stranger(person, subject)
    return Offer(
        person, person.post_at(home, on), place, home, person.helps, tuple(told), (*warnings, *_away(person, on))
    )


def mentor_has_case(name: str) -> Reason:
    return Reason(
        "mentor_has_case",
        f"У школы-наставника открыто дело: «{name}». Выберите школу без дела.",
        f"The mentor school has an open case: {name}. Choose one without.",
    )


def _might_teach(person: PersonFacts, subject: str, on: date) -> bool:
    is_expert = any(entry.duty is Duty.EXPERT and entry.covers(on) for entry in person.entries)
    return is_expert or teaches(person, subject) or any(post.kind in _TEACHING for post in person.posts_on(on))


def _stranger(person: PersonFacts, subject: str) -> tuple[Reason, ...]:
    named = Subject(subject)
    return (
        Reason(
            "stranger",
            f"{person.name}: в карточке нет предмета «{named.ru}». Выберите другого или подтвердите, что так и нужно.",
            f"{person.name}: the card does not name the subject “{named.en}”. Choose another person or confirm.",
        ),
    )


def _away(person: PersonFacts, on: date) -> tuple[Reason, ...]:
    absence = person.absence_on(on)
    if absence is None:
        return ()
    return (
        Reason(
            "away",
            f"{person.name}: отсутствует до {absence.until:%d.%m.%Y}.",
            f"{person.name}: away until {absence.until:%Y-%m-%d}.",
        ),
    )


def _facts(session: Session, statement: Select[Any], on: date) -> list[PersonFacts]:
    session.flush()
    ids = session.connection().execute(statement).scalars().all()
    return list(independence.facts_of(session, on, person_ids=ids).values()) if ids else []


def _is_held(on: date) -> ColumnElement[bool]:
    posts = PersonPost.__table__
    return and_(or_(posts.c.since.is_(None), posts.c.since <= on), or_(posts.c.until.is_(None), posts.c.until >= on))


def _is_near(school: School, actor: Actor) -> ColumnElement[bool]:
    home = Person.__table__.c.municipality_id
    return true() if actor.is_regional else or_(home == school.municipality_id, home.is_(None))


def _order(offer: Offer) -> tuple[bool, bool, int, str]:
    return bool(offer.reasons), not offer.is_of_subject, offer.n_pairs, offer.person.name
