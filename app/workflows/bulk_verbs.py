"""What a decision over many cases does to one: the objections of the dry run, the deed, and how it is undone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from app.days import day_of
from app.errors import Conflict, Reason
from app.flows import ReasonCode
from app.models import BulkDecision, BulkRow, Case, CasePause, HandOver
from app.policy import Actor, Permission
from app.terms import BulkKind, HandOverStatus
from app.workflows import definitions, engine, hand_overs, pauses, putting_back
from app.workflows.case import hand_interview, record
from app.workflows.machine import Transition

Objections = Callable[[Session, BulkDecision, Case, Actor, datetime], list[Reason]]
Do = Callable[[Session, BulkDecision, Case, Actor, datetime], dict[str, Any]]
Undo = Callable[[Session, BulkDecision, BulkRow, Case, Actor, datetime], None]


@dataclass(frozen=True)
class BulkVerb:
    """`do` returns what it made, as plain values; `undo` raises when that cannot be put back."""

    objections: Objections
    do: Do
    undo: Undo


def triggers(session: Session) -> dict[str, tuple[str, str]]:
    """Every trigger of every workflow in use, with its titles; but a return, which asks one case a question."""
    return {row.trigger: (row.title("ru"), row.title("en")) for row in _rows(session)}


def reason_codes(session: Session, trigger: str) -> dict[str, ReasonCode]:
    """The reasons that rows of a trigger list, by their code, over every workflow in use."""
    return {reason.code: reason for row in _rows(session) if row.trigger == trigger for reason in row.reasons}


def goes_without_code(session: Session, trigger: str) -> bool:
    """Whether some row of a trigger lists no reasons."""
    return any(not row.reasons for row in _rows(session) if row.trigger == trigger)


def _rows(session: Session) -> list[Transition]:
    rows = [row for workflow in definitions.running(session) for row in workflow.transitions]
    return [row for row in rows if row.permission is not Permission.CASE_RETURN]


def _closed(case: Case) -> list[Reason]:
    if case.closed_at is None:
        return []
    return [Reason("case_closed", "Дело закрыто.", "The case is closed.")]


def _right(is_permitted: bool, bar: Reason | None = None) -> list[Reason]:
    if is_permitted:
        return [] if bar is None else [bar]
    return [
        Reason(
            "not_permitted",
            "У вашей роли нет права на этот шаг: его делает другой человек.",
            "Your role does not grant this step: another person makes it.",
        )
    ]


# ---- a move ----


def _move_objections(session: Session, decision: BulkDecision, case: Case, actor: Actor, at: datetime) -> list[Reason]:
    closed = _closed(case)
    if closed:
        return closed
    moves = engine.available(session, case, actor=actor, at=at)
    move = next((move for move in moves if move.transition.trigger == decision.trigger), None)
    if move is None:
        ru, en = triggers(session)[decision.trigger]
        return [
            Reason(
                "no_such_move",
                f"Оттуда, где дело стоит, хода «{ru}» нет.",
                f"There is no move “{en}” from where the case stands.",
            )
        ]
    unsaid = engine.reason_missing(move.transition, decision.reason, _code(decision, move.transition))
    return [*_right(move.is_permitted), *move.reasons, *unsaid]


def _code(decision: BulkDecision, row: Transition) -> str:
    """The chosen reason, for a row that lists reasons: others of the same trigger ask for none."""
    return str(decision.params.get("reason_code", "")) if row.reasons else ""


def _move(session: Session, decision: BulkDecision, case: Case, actor: Actor, at: datetime) -> dict[str, Any]:
    row = engine.workflow_of(case).find(case.state, decision.trigger)
    event = engine.fire(
        session,
        case.id,
        decision.trigger,
        actor=actor,
        at=at,
        expected_version=case.version,
        request_id=f"bulk-{decision.id}-{case.id}",
        reason=decision.reason,
        reason_code=_code(decision, row) if row is not None else "",
    )
    return {"event_id": event.id, "version": event.seq}


def _move_back(session: Session, decision: BulkDecision, row: BulkRow, case: Case, actor: Actor, at: datetime) -> None:
    putting_back.put_back(
        session,
        case,
        row.made["event_id"],
        datetime.fromisoformat(row.before["entered_at"]),
        request_id=f"bulk-{decision.id}-{case.id}-back",
        reason=decision.withdrawal_reason,
        actor=actor,
        at=at,
    )


# ---- a hold ----


def _hold_objections(session: Session, decision: BulkDecision, case: Case, actor: Actor, at: datetime) -> list[Reason]:
    return [
        *_closed(case),
        *_right(actor.may(Permission.CASE_HOLD), actor.barred(case.school_id)),
        *pauses.hold_objections(session, case),
    ]


def _hold(session: Session, decision: BulkDecision, case: Case, actor: Actor, at: datetime) -> dict[str, Any]:
    day = date.fromisoformat(decision.params["until_on"])
    pause = pauses.hold(session, case.id, day, decision.reason, actor=actor, at=at, expected_version=case.version)
    return {"pause_id": pause.id, "version": case.version}


def _resume(session: Session, decision: BulkDecision, row: BulkRow, case: Case, actor: Actor, at: datetime) -> None:
    pause = session.get(CasePause, row.made["pause_id"], populate_existing=True)
    if pause is None or pause.ended_at is not None:
        raise Conflict("Дело уже возобновлено.")
    pauses.stop(session, pause, decision.withdrawal_reason, actor=actor, at=at)
    record(session, case, "case:resume", actor=actor, at=at, reason=decision.withdrawal_reason)


# ---- proposals to hand over ----


def _hand_over_objections(
    session: Session, decision: BulkDecision, case: Case, actor: Actor, at: datetime
) -> list[Reason]:
    right = [*_closed(case), *_right(actor.may(Permission.CASE_HANDOVER), actor.barred(case.school_id))]
    return right or hand_overs.objections(session, case, decision.params["person_id"], day_of(at))


def _hand_over(session: Session, decision: BulkDecision, case: Case, actor: Actor, at: datetime) -> dict[str, Any]:
    made = hand_overs.propose(session, case.id, decision.params["person_id"], decision.reason, actor=actor, at=at)
    return {"hand_over_id": made.id, "version": case.version}


def _take_proposal_back(
    session: Session, decision: BulkDecision, row: BulkRow, case: Case, actor: Actor, at: datetime
) -> None:
    made = session.get(HandOver, row.made["hand_over_id"], populate_existing=True)
    if made is None or made.status is not HandOverStatus.PROPOSED:
        raise Conflict("На предложение уже ответили.")
    hand_overs.withdraw(session, case.id, decision.withdrawal_reason, actor=actor, at=at)


# ---- interviews ----


def _interview_objections(
    session: Session, decision: BulkDecision, case: Case, actor: Actor, at: datetime
) -> list[Reason]:
    found = [*_closed(case), *_right(actor.may(Permission.CASE_ASSIGN), actor.barred(case.school_id))]
    if found:
        return found
    if case.state != engine.workflow_of(case).definition.initial:
        found.append(
            Reason(
                "interview_over",
                "Собеседование поручают в начале дела, а это дело уже продвинулось.",
                "Interviews are assigned at the beginning; this case has moved on.",
            )
        )
    if case.curator_id == decision.params["person_id"]:
        found.append(Reason("same_curator", "Дело уже у этого куратора.", "This curator has the case already."))
    return [*found, *hand_overs.curator_objections(session, case, decision.params["person_id"], day_of(at))]


def _assign_interview(
    session: Session, decision: BulkDecision, case: Case, actor: Actor, at: datetime
) -> dict[str, Any]:
    hand_interview(session, case.id, decision.params["person_id"], actor=actor, at=at)
    return {"curator_id": case.curator_id, "version": case.version}


def _take_interview_back(
    session: Session, decision: BulkDecision, row: BulkRow, case: Case, actor: Actor, at: datetime
) -> None:
    if case.curator_id != row.made["curator_id"]:
        raise Conflict("У дела уже другой куратор.")
    case.curator_id, case.curator_name = row.before["curator_id"], row.before["curator_name"]
    session.flush()
    facts = {"curator_id": case.curator_id}
    record(session, case, "case:interview_back", actor=actor, at=at, reason=decision.withdrawal_reason, facts=facts)


VERBS: dict[BulkKind, BulkVerb] = {
    BulkKind.MOVE: BulkVerb(_move_objections, _move, _move_back),
    BulkKind.HOLD: BulkVerb(_hold_objections, _hold, _resume),
    BulkKind.HANDOVER: BulkVerb(_hand_over_objections, _hand_over, _take_proposal_back),
    BulkKind.INTERVIEW: BulkVerb(_interview_objections, _assign_interview, _take_interview_back),
}
"""A further kind of decision is a row here and a member of `BulkKind`."""
