"""The register of people: cards, posts, duties, trainings; see `absences` and `ties` for the rest.

`Person.school_id` follows the posts held today, and every row about a person stands where the person stands: each verb
brings both up to date, and the scheduler for posts that begin or end by date.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app import policy
from app.days import day_of
from app.errors import Conflict, NotFound, Reason, Refused
from app.models import (
    Absence,
    Person,
    PersonDuty,
    PersonPost,
    PersonRelation,
    School,
    Training,
    User,
)
from app.policy import SYSTEM, Actor, Permission
from app.terms import Duty, PostKind, Role
from app.workflows import journal
from app.workflows.independence import DUTIES_OF_ROLE
from app.workflows.people_checks import Card, faults, period_faults, post_faults, training_faults
from app.workflows.sight import as_system

_ABOUT = (PersonPost, PersonDuty, Training, Absence, PersonRelation)


def add_person(session: Session, card: Card, *, actor: Actor, at: datetime) -> Person:
    """Enter a person, with or without an account."""
    policy.require(actor, Permission.PEOPLE_KEEP)
    person = Person(**_checked(card))
    if not actor.is_regional:
        person.municipality_id = actor.municipality_id
    session.add(person)
    session.flush()
    note(session, person, "person:create", actor=actor, at=at)
    return person


def change_person(
    session: Session, person_id: int, card: Card, *, actor: Actor, at: datetime, expected_version: int
) -> Person:
    """Change a card; the account that belongs to it goes by the same name."""
    person = one(session, person_id, actor)
    if person.version != expected_version:
        raise Conflict(f"Карточку «{person.name}» уже изменил другой человек. Обновите страницу.")
    values = _checked(card)
    if not actor.is_regional:
        values["municipality_id"] = person.municipality_id
    changed = sorted(key for key, value in values.items() if getattr(person, key) != value)
    for key in changed:
        setattr(person, key, values[key])
    session.flush()
    if "name" in changed and person.user_id is not None:
        with as_system(session):
            session.execute(update(User).where(User.id == person.user_id).values(name=person.name))
    _replace(session, person, day_of(at))
    note(session, person, "person:change", actor=actor, at=at, facts={"changed": changed})
    return person


def follow_account(
    session: Session, user: User, person_id: int | None, post: str, *, actor: Actor, at: datetime
) -> Person | None:
    """Tie an account to its card, or make a card for one of the staff that has none; names stay the same."""
    person = session.scalars(select(Person).where(Person.user_id == user.id)).first()
    if person is None and person_id is not None:
        person = session.get(Person, person_id)
        if person is None or person.user_id is not None:
            raise Refused(
                Reason(
                    "card_taken",
                    "У этой карточки реестра уже есть учётная запись. Выберите другую.",
                    "This card of the register has an account already. Choose another.",
                )
            )
        person.user_id = user.id
    if person is None:
        if user.role not in STAFF:
            return None
        person = card_for(session, user, post, actor=actor, at=at)
    if person.name != user.name:
        person.name = user.name
    session.flush()
    return person


STAFF = frozenset(Role) - {Role.SCHOOL, Role.ADMIN}
"""Roles whose people stand in the register; the account of a school may be its office, an administrator a machine's."""


def card_for(session: Session, user: User, post: str = "", *, actor: Actor, at: datetime) -> Person:
    """Make the card of an account that has none, entered for the duties of its role."""
    person = Person(name=user.name, user_id=user.id, municipality_id=user.municipality_id)
    session.add(person)
    session.flush()
    where = {"title": post.strip()[:200], **place_of(person)}
    if user.role is Role.DEPARTMENT:
        kind, organisation = PostKind.DEPARTMENT, "отдел образования"
        session.add(PersonPost(person_id=person.id, kind=kind, organisation=organisation, **where))
    elif post.strip():
        session.add(PersonPost(person_id=person.id, kind=PostKind.OTHER, **where))
    session.add_all(
        PersonDuty(person_id=person.id, duty=duty, since=day_of(at), **place_of(person))
        for duty in sorted(DUTIES_OF_ROLE.get(user.role, ()))
    )
    note(session, person, "person:create", actor=actor, at=at)
    return person


# ---- posts, duties, trainings ----


def own_trainings(session: Session, person: Person) -> list[Training]:
    """The person's own trainings, what ends last first."""
    with as_system(session):
        rows = session.scalars(
            select(Training).where(Training.person_id == person.id).order_by(Training.id.desc())
        ).all()
        return sorted(rows, key=lambda row: row.valid_until or date.max, reverse=True)


def add_post(
    session: Session,
    person_id: int,
    kind: PostKind,
    *,
    title: str = "",
    workplace_id: int | None = None,
    organisation: str = "",
    since: date | None = None,
    until: date | None = None,
    actor: Actor,
    at: datetime,
) -> PersonPost:
    """Enter a post, held now or before: the rules look at both."""
    person = one(session, person_id, actor)
    if workplace_id is not None and session.get(School, workplace_id) is None:
        raise NotFound("Такой школы нет, или она относится к другой территории.")
    if reasons := [*period_faults(since, until), *post_faults(kind, title, workplace_id, organisation)]:
        raise Refused(*reasons)
    post = PersonPost(
        person_id=person.id,
        kind=kind,
        title=title.strip()[:200],
        workplace_id=workplace_id,
        organisation=organisation.strip()[:400],
        since=since,
        until=until,
        **place_of(person),
    )
    session.add(post)
    session.flush()
    _replace(session, person, day_of(at))
    note(session, person, "person:post", actor=actor, at=at, facts={"post": kind.value, "school_id": workplace_id})
    return post


def end_post(session: Session, post_id: int, until: date, *, actor: Actor, at: datetime) -> PersonPost:
    """Say the last day of a post; it stays as history."""
    post = row_of(session, PersonPost, post_id)
    person = one(session, post.person_id, actor)
    if reasons := period_faults(post.since, until):
        raise Refused(*reasons)
    post.until = until
    session.flush()
    _replace(session, person, day_of(at))
    note(session, person, "person:post_end", actor=actor, at=at, facts={"post_id": post.id, "until": str(until)})
    return post


def enter_duty(
    session: Session, person_id: int, duty: Duty, *, since: date, until: date | None = None, actor: Actor, at: datetime
) -> PersonDuty:
    """Enter a person as curator, observer or expert."""
    person = one(session, person_id, actor)
    reasons = period_faults(since, until)
    standing = [
        row
        for row in session.scalars(select(PersonDuty).where(PersonDuty.person_id == person.id, PersonDuty.duty == duty))
        if (row.until is None or row.until >= since) and (until is None or row.since <= until)
    ]
    if standing:
        reasons.append(
            Reason(
                "duty_entered",
                f"{person.name}: запись «{duty.ru}» на эти дни уже есть.",
                f"{person.name}: there is an entry “{duty.en}” for these days already.",
            )
        )
    if reasons:
        raise Refused(*reasons)
    row = PersonDuty(person_id=person.id, duty=duty, since=since, until=until, **place_of(person))
    session.add(row)
    session.flush()
    note(session, person, "person:duty", actor=actor, at=at, facts={"duty": duty.value, "since": str(since)})
    return row


def end_duty(session: Session, duty_id: int, until: date, *, actor: Actor, at: datetime) -> PersonDuty:
    """Say the last day of an entry as curator, observer or expert."""
    row = row_of(session, PersonDuty, duty_id)
    person = one(session, row.person_id, actor)
    if reasons := period_faults(row.since, until):
        raise Refused(*reasons)
    row.until = until
    session.flush()
    note(session, person, "person:duty_end", actor=actor, at=at, facts={"duty": row.duty.value, "until": str(until)})
    return row


def add_training(
    session: Session,
    person_id: int,
    programme: str,
    *,
    issued_on: date,
    valid_until: date | None = None,
    duty: Duty | None = None,
    hours: int | None = None,
    certificate: str = "",
    actor: Actor,
    at: datetime,
) -> Training:
    """Enter a training that a person has passed."""
    person = one(session, person_id, actor)
    if reasons := training_faults(programme, issued_on, valid_until, hours, day_of(at)):
        raise Refused(*reasons)
    training = Training(
        person_id=person.id,
        programme=programme.strip()[:300],
        duty=duty,
        hours=hours,
        certificate=certificate.strip()[:80],
        issued_on=issued_on,
        valid_until=valid_until,
        **place_of(person),
    )
    session.add(training)
    session.flush()
    facts = {"certificate": training.certificate, "valid_until": str(valid_until or "")}
    note(session, person, "person:training", actor=actor, at=at, facts=facts)
    return training


# ---- places ----


def refresh(session: Session, *, at: datetime) -> int:
    """Bring everybody's place up to date with the posts that began or ended by date; returns how many moved."""
    moved = 0
    changing = select(PersonPost.person_id).where(PersonPost.since.is_not(None) | PersonPost.until.is_not(None))
    for person in session.scalars(select(Person).where(Person.id.in_(changing)).order_by(Person.id)):
        before = (person.school_id, person.municipality_id)
        _replace(session, person, day_of(at))
        if (person.school_id, person.municipality_id) != before:
            moved += 1
            note(session, person, "person:moved", actor=SYSTEM, at=at)
    return moved


def one(session: Session, person_id: int, actor: Actor) -> Person:
    """A card in sight of one who keeps the register."""
    policy.require(actor, Permission.PEOPLE_KEEP)
    person = session.get(Person, person_id)
    if person is None:
        raise NotFound("Такого человека в реестре нет, или он относится к другой территории.")
    return person


def note(
    session: Session,
    person: Person,
    action: str,
    *,
    actor: Actor,
    at: datetime,
    reason: str = "",
    facts: dict[str, Any] | None = None,
) -> None:
    """Journal what was done to a card; the journal keeps no personal detail beyond it."""
    journal.append(
        session,
        actor=actor,
        at=at,
        action=action,
        subject="person",
        subject_id=person.id,
        reason=reason,
        facts=facts,
        municipality_id=person.municipality_id,
    )


def _replace(session: Session, person: Person, on: date) -> None:
    """Let the person's place follow the posts held on a day, and the rows about the person follow it."""
    posts: Sequence[PersonPost] = session.scalars(
        select(PersonPost).where(PersonPost.person_id == person.id).order_by(PersonPost.id)
    ).all()
    held = [p for p in posts if (p.since is None or p.since <= on) and (p.until is None or on <= p.until)]
    school_id = next((p.workplace_id for p in reversed(held) if p.workplace_id is not None), None)
    with as_system(session):
        if school_id is not None:
            school = session.get(School, school_id)
            assert school is not None  # a foreign key
            person.municipality_id = school.municipality_id
        person.school_id = school_id
        session.flush()
        for model in _ABOUT:
            session.execute(
                update(model)
                .where(model.person_id == person.id)
                .values(**place_of(person))
                .execution_options(synchronize_session="fetch")
            )


def place_of(person: Person) -> dict[str, int | None]:
    return {"municipality_id": person.municipality_id, "school_id": person.school_id}


def row_of(session: Session, model: Any, row_id: int) -> Any:
    row = session.get(model, row_id)
    if row is None:
        raise NotFound("Такой записи нет, или она относится к другой территории.")
    return row


def _checked(card: Card) -> dict[str, Any]:
    if reasons := faults(card):
        raise Refused(*reasons)
    return {
        "name": " ".join(card.name.split())[:200],
        "municipality_id": card.municipality_id,
        "email": card.email.strip()[:200],
        "subjects": list(card.subjects),
        "grades": sorted(set(card.grades)),
        "languages": [word for language in card.languages if (word := " ".join(language.split()).casefold()[:40])],
        "load_limit": card.load_limit,
        "is_active": card.is_active,
    }
