"""Appointing a curator by order, and the people of a picker with what speaks against each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import policy
from app.days import day_of
from app.errors import Reason, Refused
from app.models import Case, CuratorOrder, User
from app.policy import Actor, Permission
from app.terms import Duty
from app.workflows import hand_overs, independence
from app.workflows.case import open_case_of, record
from app.workflows.declarations import NOT_DECLARED, is_declared


@dataclass(frozen=True)
class Candidate:
    """A person for a picker: with the first reason when the rules object, what is at hand now, and mentoring pairs."""

    user: User
    reason: Reason | None
    load: int
    pairs: int = 0


def eligible_people(
    session: Session, case: Case, duty: Duty, on: date, *, appointed: int | None = None
) -> list[Candidate]:
    """All accounts in sight that can do `duty`, the possible ones first, the least loaded first among them.

    `appointed` already has the case at hand, so it is not counted again.
    """
    assert case.school_id is not None  # a case is always a school's
    roles = [role for role, duties in independence.DUTIES_OF_ROLE.items() if duty in duties]
    people = session.scalars(select(User).where(User.role.in_(roles), User.is_active).order_by(User.name)).all()
    facts = {f.user_id: f for f in independence.facts_of(session, on, user_ids=[user.id for user in people]).values()}
    found = []
    for user in people:
        person = facts.get(user.id)
        told = independence.objections_to(person, case.school_id, duty, on, is_counted=user.id != appointed)
        load, pairs = (person.load, person.helps) if person is not None else (0, 0)
        found.append(Candidate(user, told[0] if told else None, load, pairs))
    return sorted(found, key=lambda candidate: (candidate.reason is not None, candidate.load, candidate.user.name))


def eligible_curators(session: Session, case: Case, on: date) -> list[Candidate]:
    """Curators for the case; see `eligible_people`."""
    return eligible_people(session, case, Duty.CURATOR, on, appointed=case.curator_id)


def issue_order(
    session: Session,
    case_id: int,
    curator_id: int,
    *,
    number: str,
    issued_on: date,
    until: date,
    no_conflict_declared: bool,
    actor: Actor,
    at: datetime,
) -> CuratorOrder:
    """Issue the order; the curator sees the case from then on, and the move ``assign`` becomes possible."""
    policy.require(actor, Permission.CASE_ASSIGN)
    case = open_case_of(session, case_id)
    reasons = []
    if not number.strip():
        reasons.append(Reason("no_number", "Укажите номер приказа.", "Give the order's number."))
    if issued_on > day_of(at):
        reasons.append(Reason("future", "Дата приказа ещё не наступила.", "The day of the order is still ahead."))
    if until <= issued_on:
        reasons.append(
            Reason(
                "period",
                "Срок кураторства должен заканчиваться позже даты приказа.",
                "The term of the curator must end after the day of the order.",
            )
        )
    assert case.school_id is not None  # a case is always a school's
    person = independence.facts_of_user(session, curator_id, day_of(at))
    objections = independence.objections_to(
        person, case.school_id, Duty.CURATOR, day_of(at), is_counted=case.curator_id != curator_id
    )
    reasons += objections
    if not (objections or no_conflict_declared or is_declared(session, curator_id, case.school_id, day_of(at))):
        reasons.append(NOT_DECLARED)
    taken = hand_overs.order_objection(session, case, curator_id)
    if taken is not None:
        reasons.append(taken)
    if reasons:
        raise Refused(*reasons)
    assert person is not None  # no objection was raised
    order = CuratorOrder(
        case_id=case.id,
        number=number.strip(),
        issued_on=issued_on,
        curator_id=curator_id,
        curator_name=person.name,
        workplace=person.workplace(day_of(at)),
        until=until,
        no_conflict_declared=no_conflict_declared,
        issued_by_id=actor.user_id,
        issued_by_name=actor.name,
        recorded_at=at,
        municipality_id=case.municipality_id,
        school_id=case.school_id,
    )
    hand_overs.settle_by_order(session, case, order, actor=actor, at=at)
    session.add(order)
    case.curator_id, case.curator_name = curator_id, person.name
    session.flush()
    record(session, case, "curator:order", actor=actor, at=at, facts={"order": order.number, "curator_id": curator_id})
    return order
