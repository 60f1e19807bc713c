"""Handing a case over to another curator: proposed, accepted or declined, and only then carried out.

Until the hand-over is done the former curator stays responsible. Where the case has an order that names its curator,
the successor's acceptance waits for a new order, and the order completes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app import policy
from app.days import day_of
from app.errors import Conflict, Reason, Refused
from app.models import Case, CuratorOrder, HandOver, User
from app.policy import SYSTEM, Actor, Permission
from app.terms import HAND_OVERS_OPEN, Duty, HandOverStatus, Role
from app.workflows import independence
from app.workflows.case import open_case_of, record
from app.workflows.declarations import NOT_DECLARED, is_declared
from app.workflows.guards import latest
from app.workflows.pauses import check_version
from app.workflows.side_rules import load_rules, reason_faults


@dataclass(frozen=True)
class Successor:
    """A curator who might take over: the reason when the rules object, and the present load in open cases."""

    id: int
    name: str
    reason: Reason | None
    load: int


def successors(session: Session, case: Case, on: date) -> list[Successor]:
    """Curators of the municipality and of the region, the possible ones first, the least loaded first among them.

    A curator sees no other people; who may take over is read as plain columns, name and load alone.
    """
    users, cases = User.__table__, Case.__table__
    connection = session.connection()
    load: dict[int | None, int] = dict(
        connection.execute(
            select(cases.c.curator_id, func.count())
            .where(cases.c.curator_id.is_not(None), cases.c.closed_at.is_(None))
            .group_by(cases.c.curator_id)
        ).all()
    )
    people = connection.execute(
        select(users.c.id, users.c.name)
        .where(
            users.c.role == Role.CURATOR,
            users.c.is_active,
            or_(users.c.municipality_id == case.municipality_id, users.c.municipality_id.is_(None)),
            users.c.id != (case.curator_id or 0),
        )
        .order_by(users.c.name)
    ).all()
    found = []
    for row in people:
        told = curator_objections(session, case, row.id, on)
        found.append(Successor(row.id, row.name, told[0] if told else None, load.get(row.id, 0)))
    return sorted(found, key=lambda person: (person.reason is not None, person.load, person.name))


def curator_objections(session: Session, case: Case, user_id: int, on: date) -> list[Reason]:
    """What the rules have against this person as the curator of the case's school."""
    assert case.school_id is not None  # a case is always a school's
    return list(independence.objections_to_user(session, user_id, case.school_id, Duty.CURATOR, on))


def has_declared(session: Session, case: Case, user_id: int, on: date) -> bool:
    """Whether the person has already declared to be free of conflict with the case's school."""
    assert case.school_id is not None  # a case is always a school's
    return is_declared(session, user_id, case.school_id, on)


def open_hand_over(session: Session, case_id: int) -> HandOver | None:
    """The proposal that waits for an answer or for its order."""
    return session.scalars(
        select(HandOver).where(HandOver.case_id == case_id, HandOver.status.in_(HAND_OVERS_OPEN))
    ).first()


def objections(session: Session, case: Case, to_id: int, on: date) -> list[Reason]:
    """Why the case cannot be proposed to this person now; empty when it can."""
    if case.curator_id is None:
        return [
            Reason(
                "no_curator",
                "У дела ещё нет куратора: передавать нечего. Поручите собеседование или издайте приказ.",
                "The case has no curator yet: assign the interview or issue an order.",
                "#assignment",
            )
        ]
    standing = open_hand_over(session, case.id)
    if standing is not None:
        return [
            Reason(
                "hand_over_open",
                f"Дело уже предложено: {standing.to_name} ({standing.status.ru}).",
                f"The case has been proposed already: {standing.to_name} ({standing.status.en}).",
                "#transfer",
            )
        ]
    if to_id == case.curator_id:
        return [Reason("same_curator", "Этот человек уже куратор дела.", "This person curates the case already.")]
    return curator_objections(session, case, to_id, on)


def propose(
    session: Session,
    case_id: int,
    to_id: int,
    reason: str,
    *,
    actor: Actor,
    at: datetime,
    expected_version: int | None = None,
) -> HandOver:
    """Propose that another curator take the case over; a curator may give away only its own case.

    Raises
    ------
    Refused, Conflict
    """
    policy.require(actor, Permission.CASE_HANDOVER)
    case = open_case_of(session, case_id)
    check_version(case, expected_version)
    reasons = objections(session, case, to_id, day_of(at))
    if actor.role is Role.CURATOR and case.curator_id not in (None, actor.user_id):
        reasons.append(
            Reason(
                "not_yours",
                f"Дело ведёт {case.curator_name}: предложить передачу может куратор дела или отдел.",
                f"{case.curator_name} curates the case: its curator or the department may propose a hand-over.",
            )
        )
    reasons += reason_faults(reason, "Напишите одним предложением, почему дело передают.")
    if reasons:
        raise Refused(*reasons)
    person = independence.facts_of_user(session, to_id, day_of(at))
    assert person is not None  # no objection was raised
    hand_over = HandOver(
        case_id=case.id,
        from_id=case.curator_id,
        from_name=case.curator_name,
        to_id=to_id,
        to_name=person.name,
        reason=reason.strip(),
        needs_order=needs_order(session, case),
        expires_on=day_of(at) + timedelta(days=load_rules().answer_days),
        proposed_by_id=actor.user_id,
        proposed_by_name=actor.name,
        proposed_at=at,
        municipality_id=case.municipality_id,
        school_id=case.school_id,
    )
    session.add(hand_over)
    session.flush()
    facts = {"from": case.curator_name, "to": person.name, "expires": hand_over.expires_on.isoformat()}
    record(session, case, "handover:propose", actor=actor, at=at, reason=reason.strip(), facts=facts)
    return hand_over


def answer(
    session: Session,
    case_id: int,
    is_accepted: bool,
    text: str,
    *,
    no_conflict_declared: bool = False,
    actor: Actor,
    at: datetime,
) -> HandOver:
    """Accept or decline; only the person asked may. An acceptance declares the absence of a conflict of interest.

    Raises
    ------
    Refused
        Not the person asked, a conflict of interest, or a refusal without a reason.
    Conflict
        The proposal is not open any more.
    """
    policy.require(actor, Permission.CASE_HANDOVER)
    case = open_case_of(session, case_id)
    hand_over = open_hand_over(session, case.id)
    if hand_over is None or hand_over.status is not HandOverStatus.PROPOSED:
        raise Conflict("Предложение уже не ждёт ответа: посмотрите, чем оно кончилось.", version=case.version)
    reasons: list[Reason] = []
    if actor.user_id != hand_over.to_id:
        reasons.append(
            Reason(
                "not_asked",
                f"Отвечает тот, кому предложено дело: {hand_over.to_name}.",
                f"Only the person asked may answer: {hand_over.to_name}.",
            )
        )
    elif hand_over.expires_on < day_of(at):
        reasons.append(
            Reason(
                "expired",
                f"Срок ответа истёк {hand_over.expires_on:%d.%m.%Y}. Попросите предложить дело снова.",
                f"The answer was due on {hand_over.expires_on:%Y-%m-%d}. Ask for a new proposal.",
            )
        )
    elif is_accepted:
        reasons += curator_objections(session, case, hand_over.to_id, day_of(at))
        if not (reasons or no_conflict_declared or has_declared(session, case, hand_over.to_id, day_of(at))):
            reasons.append(NOT_DECLARED)
    else:
        reasons += reason_faults(text, "Напишите одним предложением, почему вы не берёте дело.")
    if reasons:
        raise Refused(*reasons)
    hand_over.answered_at, hand_over.answer = at, text.strip()
    if not is_accepted:
        hand_over.status, hand_over.ended_at = HandOverStatus.DECLINED, at
        session.flush()
        record(session, case, "handover:decline", actor=actor, at=at, reason=text.strip())
        return hand_over
    hand_over.no_conflict_declared = no_conflict_declared
    hand_over.needs_order = needs_order(session, case)
    hand_over.status = HandOverStatus.ACCEPTED
    session.flush()
    record(session, case, "handover:accept", actor=actor, at=at, reason=text.strip())
    if not hand_over.needs_order:
        _carry_out(session, case, hand_over, actor=actor, at=at)
    return hand_over


def withdraw(session: Session, case_id: int, reason: str, *, actor: Actor, at: datetime) -> HandOver:
    """Take an open proposal back: whoever made it, or the department."""
    policy.require(actor, Permission.CASE_HANDOVER)
    case = open_case_of(session, case_id)
    hand_over = open_hand_over(session, case.id)
    if hand_over is None:
        raise Conflict("Предложение уже закончилось: посмотрите, чем.", version=case.version)
    reasons = reason_faults(reason, "Напишите одним предложением, почему предложение отзывают.")
    if actor.role is Role.CURATOR and actor.user_id != hand_over.proposed_by_id:
        reasons.append(
            Reason("not_yours", "Отзывает тот, кто предложил, или отдел.", "Whoever proposed it or the department may.")
        )
    if reasons:
        raise Refused(*reasons)
    hand_over.status, hand_over.ended_at = HandOverStatus.WITHDRAWN, at
    session.flush()
    record(session, case, "handover:withdraw", actor=actor, at=at, reason=reason.strip())
    return hand_over


def expire_due(session: Session, *, at: datetime) -> int:
    """End the proposals that nobody answered in time; return how many."""
    ids = overdue(session, day_of(at))
    ended = 0
    for case_id in ids:
        case = session.scalars(select(Case).where(Case.id == case_id).with_for_update(of=Case)).first()
        hand_over = open_hand_over(session, case_id)
        if case is None or hand_over is None or hand_over.status is not HandOverStatus.PROPOSED:
            continue
        hand_over.status, hand_over.ended_at = HandOverStatus.EXPIRED, at
        session.flush()
        record(session, case, "handover:expire", actor=SYSTEM, at=at, facts={"to": hand_over.to_name})
        ended += 1
    return ended


def overdue(session: Session, today: date) -> list[int]:
    """Cases with a proposal whose day of answer has passed."""
    return list(
        session.scalars(
            select(HandOver.case_id)
            .where(HandOver.status == HandOverStatus.PROPOSED, HandOver.expires_on < today)
            .order_by(HandOver.case_id)
            .limit(500)
        )
    )


def needs_order(session: Session, case: Case) -> bool:
    """Whether an order names the case's curator, so that a successor needs one too."""
    return latest(session, CuratorOrder, case.id) is not None


def order_objection(session: Session, case: Case, curator_id: int) -> Reason | None:
    """Why an order may not yet name this person: the case has a curator by order, and nobody has taken over."""
    order = latest(session, CuratorOrder, case.id)
    if order is None or case.curator_id in (None, curator_id):
        return None
    hand_over = open_hand_over(session, case.id)
    if hand_over is not None and hand_over.to_id == curator_id and hand_over.status is HandOverStatus.ACCEPTED:
        return None
    return Reason(
        "hand_over_needed",
        f"Куратор дела по приказу № {order.number} — {case.curator_name}. Сначала предложите передачу и дождитесь "
        "согласия нового куратора.",
        f"By order {order.number} the curator is {case.curator_name}. First propose a hand-over and wait until the new "
        "curator accepts.",
        "#transfer",
    )


def settle_by_order(session: Session, case: Case, order: CuratorOrder, *, actor: Actor, at: datetime) -> None:
    """What an order means for an open proposal: the one that waited for it is carried out, another is overtaken."""
    hand_over = open_hand_over(session, case.id)
    if hand_over is None:
        return
    if hand_over.to_id == order.curator_id and hand_over.status is HandOverStatus.ACCEPTED:
        _carry_out(session, case, hand_over, actor=actor, at=at)
    elif order.curator_id != case.curator_id:
        hand_over.status, hand_over.ended_at = HandOverStatus.WITHDRAWN, at
        session.flush()
        reason = f"Куратор назначен приказом № {order.number}: {order.curator_name}."
        record(session, case, "handover:withdraw", actor=actor, at=at, reason=reason, facts={"to": hand_over.to_name})


def _carry_out(session: Session, case: Case, hand_over: HandOver, *, actor: Actor, at: datetime) -> None:
    hand_over.status, hand_over.ended_at = HandOverStatus.DONE, at
    case.curator_id, case.curator_name = hand_over.to_id, hand_over.to_name
    session.flush()
    facts = {"from": hand_over.from_name, "to": hand_over.to_name}
    record(session, case, "handover:done", actor=actor, at=at, facts=facts)


def of_case(session: Session, case_id: int) -> list[HandOver]:
    """All proposals of a case, the newest first."""
    return list(session.scalars(select(HandOver).where(HandOver.case_id == case_id).order_by(HandOver.id.desc())))


def waiting_for(session: Session, user_id: int) -> list[HandOver]:
    """Proposals that this person has to answer."""
    return list(
        session.scalars(
            select(HandOver)
            .where(HandOver.to_id == user_id, HandOver.status == HandOverStatus.PROPOSED)
            .order_by(HandOver.expires_on)
        )
    )
