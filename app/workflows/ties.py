"""Personal ties to schools that nobody can compute: stated by the register's keeper or by a declaration, withdrawn."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.days import day_of
from app.errors import Conflict, NotFound, Reason, Refused
from app.models import Declaration, Person, PersonRelation, School
from app.policy import Actor
from app.terms import DECLARED_KINDS, ConflictKind
from app.workflows.people_register import note, one, place_of, row_of
from app.workflows.sight import as_system

SHORTEST_REASON = 10


def state_tie(
    session: Session,
    person_id: int,
    kind: ConflictKind,
    school_id: int,
    *,
    text: str = "",
    until: date | None = None,
    paper: tuple[int, str, int] | None = None,
    actor: Actor,
    at: datetime,
) -> PersonRelation:
    """Enter a personal tie that stops a person from acting at a school."""
    person = one(session, person_id, actor)
    if kind not in DECLARED_KINDS:
        raise Refused(
            Reason(
                "kind_computed",
                "Этот вид конфликта программа находит сама: внесите место работы.",
                "The program finds this kind by itself: enter the post.",
            )
        )
    if session.get(School, school_id) is None:
        raise NotFound("Такой школы нет, или она относится к другой территории.")
    if kind is ConflictKind.MANUAL and len(text.strip()) < SHORTEST_REASON:
        raise Refused(
            Reason("no_reason", "Опишите связь хотя бы одним предложением.", "Describe the tie in a sentence.")
        )
    return keep_tie(session, person, kind, school_id, text=text, until=until, paper=paper, actor=actor, at=at)


def keep_tie(
    session: Session,
    person: Person,
    kind: ConflictKind,
    school_id: int,
    *,
    text: str,
    until: date | None = None,
    paper: tuple[int, str, int] | None = None,
    actor: Actor,
    at: datetime,
) -> PersonRelation:
    """Add the row of a tie that was checked; a declaration ends here as well."""
    year, subject, grade = paper or (None, None, None)
    tie = PersonRelation(
        person_id=person.id,
        kind=kind,
        related_school_id=school_id,
        year=year,
        subject=subject,
        grade=grade,
        note=text.strip()[:1000],
        until=until,
        stated_by_id=actor.user_id,
        stated_by_name=actor.name,
        stated_at=at,
        **place_of(person),
    )
    session.add(tie)
    session.flush()
    facts = {"kind": kind.value, "school_id": school_id}
    note(session, person, "person:tie", actor=actor, at=at, facts=facts)
    return tie


def withdraw_tie(session: Session, tie_id: int, reason: str, *, actor: Actor, at: datetime) -> PersonRelation:
    """Take a tie back, with a reason; when none is left, the person may declare anew about the school."""
    tie = row_of(session, PersonRelation, tie_id)
    person = one(session, tie.person_id, actor)
    if tie.withdrawn_at is not None:
        raise Conflict("Связь уже снята. Обновите страницу.")
    if person.user_id is not None and person.user_id == actor.user_id:
        raise Refused(
            Reason(
                "own_tie",
                "Свою связь со школой снимает другой человек: попросите коллегу или администратора.",
                "Another person takes back one's own tie to a school: ask a colleague or the administrator.",
            )
        )
    if len(reason.strip()) < SHORTEST_REASON:
        raise Refused(
            Reason("no_reason", "Опишите причину хотя бы одним предложением.", "Give the reason in a sentence.")
        )
    tie.withdrawn_at, tie.withdrawal_reason = at, reason.strip()[:1000]
    session.flush()
    left = session.scalars(
        select(PersonRelation.id).where(
            PersonRelation.person_id == person.id,
            PersonRelation.related_school_id == tie.related_school_id,
            PersonRelation.withdrawn_at.is_(None),
        )
    ).first()
    if left is None:
        with as_system(session):
            for declaration in session.scalars(
                select(Declaration).where(
                    Declaration.person_id == person.id,
                    Declaration.school_id == tie.related_school_id,
                    Declaration.has_conflict,
                    Declaration.valid_until >= day_of(at),
                )
            ):
                declaration.valid_until = day_of(at) - timedelta(days=1)
    facts = {"kind": tie.kind.value, "school_id": tie.related_school_id}
    note(session, person, "person:tie_withdrawn", actor=actor, at=at, reason=reason, facts=facts)
    return tie
