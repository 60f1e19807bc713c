"""Absence and substitution: while a person is away, another acts in its place; by date, so it ends by itself."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.conflicts import PersonFacts, conflicts, load_rules
from app.errors import Conflict, Reason, Refused
from app.models import Absence, Person, School
from app.policy import Actor
from app.terms import AbsenceReason
from app.workflows import independence
from app.workflows.people_register import note, one, place_of, row_of
from app.workflows.sight import as_system, schools_of


def record_absence(
    session: Session,
    person_id: int,
    reason: AbsenceReason,
    *,
    from_on: date,
    until_on: date,
    substitute_id: int | None = None,
    actor: Actor,
    at: datetime,
) -> Absence:
    """Say when a person is away and who acts in its place.

    Raises
    ------
    Refused
        The days do not fit, or the substitute may not act at one of the schools: with every reason.
    """
    person = one(session, person_id, actor)
    reasons = []
    if until_on < from_on:
        reasons.append(Reason("period", "Последний день раньше первого.", "The last day is before the first."))
    if until_on < at.date():
        reasons.append(
            Reason("past", "Эти дни уже прошли; вносить их незачем.", "These days are past; there is no need for them.")
        )
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
    if substitute_id is not None:
        substitute = one(session, substitute_id, actor)
        reasons += substitute_objections(session, person, substitute, from_on, until_on)
    if reasons:
        raise Refused(*reasons)
    absence = Absence(
        person_id=person.id,
        from_on=from_on,
        until_on=until_on,
        reason=reason,
        substitute_id=substitute_id,
        **place_of(person),
    )
    session.add(absence)
    session.flush()
    facts = {"from": str(from_on), "until": str(until_on), "substitute_id": substitute_id}
    note(session, person, "person:absence", actor=actor, at=at, facts=facts)
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
