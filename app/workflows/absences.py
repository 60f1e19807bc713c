"""Absence and substitution: while a person is away, another acts in its place; by date, so it ends by itself.

Who keeps the register records anybody's absence and appoints the substitute. A person states its own absence and may
say whom it wishes; the department is told and decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, selectinload

from app.conflicts import PersonFacts, conflicts, load_rules
from app.days import day_of
from app.errors import Conflict, NotFound, Reason, Refused
from app.flows import CLOSED
from app.models import Absence, Case, Observation, Person, Recheck, School, User
from app.policy import Actor
from app.terms import AbsenceReason, RecheckStatus, Role, VisitStatus
from app.workflows import independence, journal, outbox
from app.workflows.people_register import STAFF, card_for, note, one, place_of, row_of
from app.workflows.sight import as_system, schools_of

UNFINISHED = (RecheckStatus.REQUESTED, RecheckStatus.DRAWN)


def record_absence(
    session: Session,
    person_id: int,
    reason: AbsenceReason,
    *,
    from_on: date,
    until_on: date,
    substitute_id: int | None = None,
    wished_id: int | None = None,
    actor: Actor,
    at: datetime,
) -> Absence:
    """Say when a person is away and who acts in its place; of oneself anybody may, without the substitute.

    Raises
    ------
    NotPermitted, Refused
        Refused: the days do not fit, or the substitute may not act at one of the schools, with every reason.
    """
    journal.take_turn(session)  # a form sent twice: the second sees the days of the first
    own = own_card(session, actor)
    is_own = own is not None and own.id == person_id
    person = own if own is not None and is_own else one(session, person_id, actor)
    reasons = day_faults(session, person, from_on, until_on, day_of(at))
    if substitute_id is not None:
        substitute = one(session, substitute_id, actor)
        reasons += substitute_objections(session, person, substitute, from_on, until_on)
    if wished_id is not None and all(colleague.id != wished_id for colleague in colleagues(session, person)):
        reasons.append(
            Reason(
                "wished_role",
                "Заместить может только коллега с той же ролью и учётной записью. Выберите другого.",
                "Only a colleague with the same role and an account can substitute. Choose another person.",
            )
        )
    if reasons:
        raise Refused(*reasons)
    # A curator's own absence lies outside what its role may read or write; that it is its own was looked at above.
    with as_system(session):
        absence = Absence(
            person_id=person.id,
            from_on=from_on,
            until_on=until_on,
            reason=reason,
            substitute_id=substitute_id,
            wished_id=wished_id,
            stated_by_id=actor.user_id,
            **place_of(person),
        )
        session.add(absence)
        session.flush()
        facts = {"from": str(from_on), "until": str(until_on), "substitute_id": substitute_id, "is_own": is_own}
        note(session, person, "person:absence", actor=actor, at=at, facts=facts)
    if is_own:
        _tell(session, absence, "stated", actor, at)
    return absence


def state_absence(
    session: Session,
    reason: AbsenceReason,
    *,
    from_on: date,
    until_on: date,
    wished_id: int | None = None,
    actor: Actor,
    at: datetime,
) -> Absence:
    """State one's own absence, from today on; what is past is for the department to enter.

    One of the staff who has no card yet is given one.

    Raises
    ------
    Refused
        No card in the register and none to give, or the days do not fit: with every reason and whom to ask.
    """
    person = own_card(session, actor)
    if person is None and actor.role in STAFF:
        with as_system(session):
            person = card_for(session, session.get_one(User, actor.user_id), actor=actor, at=at)
    if person is None or not person.is_active:
        raise Refused(no_card(actor))
    if from_on < day_of(at):
        late = Reason(
            "begins_in_the_past",
            "Первый день уже прошёл. Внесите отсутствие с сегодняшнего дня или попросите отдел образования.",
            "The first day is past. State the absence from today on, or ask the department.",
        )
        raise Refused(late, *day_faults(session, person, from_on, until_on, day_of(at)))
    return record_absence(
        session, person.id, reason, from_on=from_on, until_on=until_on, wished_id=wished_id, actor=actor, at=at
    )


def no_card(actor: Actor) -> Reason:
    """Whom to ask when the account has no card of the register."""
    ru, en = "отдел образования вашего муниципалитета", "the department of your municipality"
    if actor.municipality_id is None:
        ru, en = "руководителя регионального уровня или администратора", "the regional manager or the administrator"
    return Reason(
        "no_card",
        f"Вас нет в реестре людей, поэтому внести отсутствие некуда. Попросите {ru}: раздел «Люди», кнопка «Внести», "
        "потом учётную запись связывают с карточкой.",
        f"You are not in the register of people, so there is nowhere to enter an absence. Ask {en} to enter you in "
        "“People” and to tie your account to the card.",
    )


def withdraw_absence(session: Session, absence_id: int, *, actor: Actor, at: datetime) -> Absence:
    """Take back an absence that one has stated oneself and that has not begun."""
    person = own_card(session, actor)
    with as_system(session):
        absence = session.get(Absence, absence_id)
    if person is None or absence is None or absence.person_id != person.id:
        raise NotFound("Такого отсутствия у вас нет.")
    if absence.cancelled_at is not None:
        raise Conflict("Отсутствие уже отменено. Обновите страницу.")
    reasons = []
    if absence.stated_by_id != actor.user_id:
        reasons.append(
            Reason(
                "stated_by_other",
                "Это отсутствие внёс отдел образования: попросите отменить его.",
                "The department has entered this absence: ask it to cancel.",
            )
        )
    if absence.from_on <= day_of(at):
        reasons.append(
            Reason(
                "begun",
                "Отсутствие уже началось: отменит его отдел образования, если вы вернулись.",
                "The absence has begun: the department cancels it when you are back.",
            )
        )
    if reasons:
        raise Refused(*reasons)
    with as_system(session):
        absence.cancelled_at = at
        note(session, person, "person:absence_withdrawn", actor=actor, at=at, facts={"absence_id": absence.id})
    _tell(session, absence, "withdrawn", actor, at)
    return absence


def cancel_absence(session: Session, absence_id: int, *, actor: Actor, at: datetime) -> Absence:
    """The person is back, or never left: the substitute's door closes with the next request."""
    absence: Absence = row_of(session, Absence, absence_id)
    person = one(session, absence.person_id, actor)
    if absence.cancelled_at is not None:
        raise Conflict("Отсутствие уже отменено. Обновите страницу.")
    absence.cancelled_at = at
    session.flush()
    note(session, person, "person:absence_cancelled", actor=actor, at=at, facts={"absence_id": absence.id})
    return absence


def appoint_substitute(
    session: Session, absence_id: int, substitute_id: int | None, *, actor: Actor, at: datetime
) -> Absence:
    """Say who acts in the place of the absent person, or that nobody does any more; the substitute is told.

    Raises
    ------
    Conflict, NotFound, Refused
        Refused: the days are over, or the substitute may not act at one of the schools.
    """
    absence: Absence = row_of(session, Absence, absence_id)
    person = one(session, absence.person_id, actor)
    if absence.cancelled_at is not None:
        raise Conflict("Отсутствие отменено: замещать некого. Обновите страницу.")
    reasons = []
    if absence.until_on < day_of(at):
        reasons.append(Reason("over", "Отсутствие закончилось: замещать некого.", "The absence is over."))
    elif substitute_id is not None:
        substitute = one(session, substitute_id, actor)
        begin = max(absence.from_on, day_of(at))
        reasons += substitute_objections(session, person, substitute, begin, absence.until_on)
    if reasons:
        raise Refused(*reasons)
    if absence.substitute_id == substitute_id:
        return absence
    absence.substitute_id = substitute_id
    session.flush()
    facts = {"absence_id": absence.id, "substitute_id": substitute_id}
    note(session, person, "person:substitute", actor=actor, at=at, facts=facts)
    if substitute_id is not None:
        _tell(session, absence, "substitute", actor, at)
    return absence


def own_card(session: Session, actor: Actor) -> Person | None:
    """The actor's own card of the register, whatever its role may read there."""
    if actor.user_id is None:
        return None
    with as_system(session):
        return session.scalars(select(Person).where(Person.user_id == actor.user_id)).first()


def own_absences(session: Session, person: Person, today: date) -> list[Absence]:
    """The person's own absences that are not over, with who stands in."""
    with as_system(session):
        rows = session.scalars(
            select(Absence)
            .where(Absence.person_id == person.id, Absence.cancelled_at.is_(None), Absence.until_on >= today)
            .options(selectinload(Absence.substitute), selectinload(Absence.wished))
            .order_by(Absence.from_on, Absence.id)
        )
        return list(rows)


@dataclass(frozen=True)
class Colleague:
    """Somebody whom an absent person may wish as substitute: no more of it than the name."""

    id: int
    name: str


def colleagues(session: Session, person: Person) -> list[Colleague]:
    """Others of the same role in the municipality and in the region; nobody for a role that nobody can stand in for.

    Plain columns, because a curator sees no register. Whether the rules object is told to the department alone: a
    personal tie is not another curator's business.
    """
    persons, users = Person.__table__, User.__table__
    connection = session.connection()
    role = connection.scalar(select(users.c.role).where(users.c.id == person.user_id))
    if role is None or Role(role) not in independence.DUTIES_OF_ROLE:
        return []
    rows = connection.execute(
        select(persons.c.id, persons.c.name)
        .select_from(persons.join(users, users.c.id == persons.c.user_id))
        .where(
            users.c.role == role,
            users.c.is_active,
            persons.c.is_active,
            persons.c.id != person.id,
            or_(persons.c.municipality_id == person.municipality_id, persons.c.municipality_id.is_(None)),
        )
        .order_by(persons.c.name, persons.c.id)
    )
    return [Colleague(row.id, row.name) for row in rows]


@dataclass(frozen=True)
class Touched:
    """What of an account's work falls into days: its open cases, and the visits and rechecks set for those days."""

    cases: Sequence[Case] = ()
    visits: Sequence[Observation] = ()
    rechecks: Sequence[Recheck] = ()

    def __bool__(self) -> bool:
        return bool(self.cases or self.visits or self.rechecks)


def touched(session: Session, user_id: int | None, days: tuple[date, date] | None = None) -> Touched:
    """The work at hand of an account, as far as it is in sight; with `days` only the visits and rechecks in them."""
    if user_id is None:
        return Touched()
    first, last = days or (date.min, date.max)
    cases = select(Case).where(Case.curator_id == user_id, Case.state != CLOSED).options(selectinload(Case.school))
    visits = select(Observation).where(
        Observation.observer_id == user_id,
        Observation.status == VisitStatus.SCHEDULED,
        Observation.scheduled_on.between(first, last),
    )
    rechecks = select(Recheck).where(
        Recheck.inspector_id == user_id, Recheck.status.in_(UNFINISHED), Recheck.scheduled_on.between(first, last)
    )
    return Touched(
        session.scalars(cases.order_by(Case.id)).all(),
        session.scalars(visits.order_by(Observation.scheduled_on)).all(),
        session.scalars(rechecks.order_by(Recheck.scheduled_on)).all(),
    )


def day_faults(session: Session, person: Person, from_on: date, until_on: date, today: date) -> list[Reason]:
    """What is wrong with the days of an absence."""
    reasons = []
    if until_on < from_on:
        reasons.append(Reason("period", "Последний день раньше первого.", "The last day is before the first."))
    if until_on < today:
        reasons.append(
            Reason("past", "Эти дни уже прошли; вносить их незачем.", "These days are past; there is no need for them.")
        )
    with as_system(session):
        overlapping = session.scalars(
            select(Absence).where(
                Absence.person_id == person.id,
                Absence.cancelled_at.is_(None),
                Absence.from_on <= until_on,
                Absence.until_on >= from_on,
            )
        ).first()
    if overlapping is not None:
        reasons.append(
            Reason(
                "overlap",
                f"На часть этих дней отсутствие уже внесено: с {overlapping.from_on:%d.%m.%Y} по "
                f"{overlapping.until_on:%d.%m.%Y}.",
                f"An absence from {overlapping.from_on:%Y-%m-%d} to {overlapping.until_on:%Y-%m-%d} covers some of "
                "these days.",
            )
        )
    return reasons


def substitute_objections(
    session: Session, person: Person, substitute: Person, from_on: date, until_on: date
) -> list[Reason]:
    """Why `substitute` may not act in the place of `person` on those days; empty when nothing speaks against it."""
    facts = independence.facts_of(session, from_on, person_ids=[person.id, substitute.id])
    absent, other = facts[person.id], facts[substitute.id]
    if person.id == substitute.id or not absent.account_duties or absent.account_duties != other.account_duties:
        return [
            Reason(
                "substitute_role",
                f"Заместить может другой человек с той же ролью и учётной записью. {other.name} не подходит.",
                f"Only another person with the same role and an account can substitute. {other.name} does not fit.",
            )
        ]
    away = next((a for a in other.absences if a.since <= until_on and a.until >= from_on), None)
    if away is not None:
        return [
            Reason(
                "substitute_absent",
                f"{other.name}: отсутствует с {away.since:%d.%m.%Y} по {away.until:%d.%m.%Y}.",
                f"{other.name}: away from {away.since:%Y-%m-%d} to {away.until:%Y-%m-%d}.",
            )
        ]
    return _conflicts_at_schools(session, absent, other, from_on)


def _conflicts_at_schools(session: Session, absent: PersonFacts, other: PersonFacts, on: date) -> list[Reason]:
    """Conflicts of the substitute at the schools of the absent person; another duty may still be free of them."""
    with as_system(session):
        account = session.get_one(Person, absent.person_id).user
        assert account is not None  # it has duties
        schools = {
            school.id: school.name
            for school in session.scalars(
                select(School).where(School.id.in_(schools_of(session, account.id, account.role, on)))
            )
        }
    reasons = []
    for school_id, name in sorted(schools.items()):
        told = [conflicts(other, school_id, duty, on, load_rules()) for duty in sorted(other.account_duties)]
        if all(told):
            first = told[0][0]
            reasons.append(Reason(first.code, f"{name}: {first.ru}", f"{name}: {first.en}"))
    return reasons


def _tell(session: Session, absence: Absence, what: str, actor: Actor, at: datetime) -> None:
    outbox.add(session, "tell_of_absence", absence.id, at=at, payload={"what": what, "actor_id": actor.user_id})
