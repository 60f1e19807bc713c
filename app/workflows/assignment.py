"""Appointing a curator by order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import policy
from app.errors import Reason, Refused
from app.models import Case, CuratorOrder, User
from app.policy import Actor, Permission
from app.terms import CaseState, Role
from app.workflows import hand_overs, independence
from app.workflows.case import open_case_of, record


@dataclass(frozen=True)
class Candidate:
    """A person for a picker: with the reason when the rules object, and the present load in open cases."""

    user: User
    reason: Reason | None
    load: int


def eligible_curators(session: Session, case: Case) -> list[Candidate]:
    """All curators in sight, the possible ones first, the least loaded first among them."""
    load = dict(
        session.execute(
            select(Case.curator_id, func.count())
            .where(Case.curator_id.is_not(None), Case.state != CaseState.CLOSED)
            .group_by(Case.curator_id)
        ).all()
    )
    people = session.scalars(select(User).where(User.role == Role.CURATOR, User.is_active).order_by(User.name))
    found = [
        Candidate(user, independence.curator_objection(session, case, user.id, is_declared=True), load.get(user.id, 0))
        for user in people
    ]
    return sorted(found, key=lambda candidate: (candidate.reason is not None, candidate.load, candidate.user.name))


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
    if issued_on > at.date():
        reasons.append(Reason("future", "Дата приказа ещё не наступила.", "The day of the order is still ahead."))
    if until <= issued_on:
        reasons.append(
            Reason(
                "period",
                "Срок кураторства должен заканчиваться позже даты приказа.",
                "The term of the curator must end after the day of the order.",
            )
        )
    objection = independence.curator_objection(session, case, curator_id, no_conflict_declared)
    if objection is not None:
        reasons.append(objection)
    taken = hand_overs.order_objection(session, case, curator_id)
    if taken is not None:
        reasons.append(taken)
    if reasons:
        raise Refused(*reasons)
    person = independence.person_facts(session, curator_id)
    assert person is not None  # no objection was raised
    order = CuratorOrder(
        case_id=case.id,
        number=number.strip(),
        issued_on=issued_on,
        curator_id=curator_id,
        curator_name=person.name,
        workplace=person.workplace,
        until=until,
        no_conflict_declared=no_conflict_declared,
        issued_by_id=actor.user_id,
        issued_by_name=actor.name,
        recorded_at=at,
        municipality_id=case.municipality_id,
        school_id=case.school_id,
    )
    hand_overs.complete_by_order(session, case, curator_id, actor=actor, at=at)
    session.add(order)
    case.curator_id, case.curator_name = curator_id, person.name
    session.flush()
    record(session, case, "curator:order", actor=actor, at=at, facts={"order": order.number, "curator_id": curator_id})
    return order
