"""The engine: one declared row a transition, one service that fires it.

`transitions` computes the state a trigger leads to; the guarded UPDATE on (id, state, version) decides who was first.
The move, its event, its outbox row and its journal entry stand in one transaction, under the request id that the form
carried, so a repeated request finds its own event instead of moving twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from app import policy
from app.errors import Conflict, NotFound, NotPermitted, Reason, Refused
from app.models import Case, CaseEvent
from app.policy import Actor
from app.terms import Role
from app.workflows import brakes, journal, outbox, stage_clock
from app.workflows.definitions import state_of, workflow_of
from app.workflows.machine import CheckedGuard, Guard, Question, Transition, Workflow

__all__ = ["CheckedGuard", "Guard", "Move", "Question", "Transition", "Workflow", "available", "fire", "workflow_of"]


LEAST_REASON = 10
"""Letters that a reason in one's own words has at least."""


@dataclass(frozen=True)
class Move:
    """A move from where the case stands: possible, or refused with its reasons."""

    transition: Transition
    checks: tuple[CheckedGuard, ...]
    is_permitted: bool

    @property
    def reasons(self) -> tuple[Reason, ...]:
        return tuple(check.reason for check in self.checks if check.reason is not None)

    @property
    def is_possible(self) -> bool:
        return self.is_permitted and not self.reasons


def available(session: Session, case: Case, *, actor: Actor, at: datetime) -> list[Move]:
    """Every row that leads out of the case's state, with what is met and what is missing; the main one first."""
    question = Question(session, case, actor, at)
    rows = [row for row in workflow_of(case).transitions if row.source == case.state]
    return [
        Move(
            row,
            (*(CheckedGuard(guard, guard.check(question)) for guard in row.guards), *brakes.objections(question, row)),
            row.permits(actor),
        )
        for row in sorted(rows, key=lambda row: row.is_side)
    ]


def fire(
    session: Session,
    case_id: int,
    trigger: str,
    *,
    actor: Actor,
    at: datetime,
    expected_version: int,
    request_id: str,
    reason: str = "",
    reason_code: str = "",
) -> CaseEvent:
    """Move a case.

    1. A request id seen before returns its own event. 2. The policy and 3. the guards are asked. 4. The guarded UPDATE
    on (id, state, version) makes the move or finds that somebody was first. 5. Event, outbox row and journal entry
    follow in the same transaction.

    Raises
    ------
    NotFound
        No such case in the actor's territory.
    Refused
        The state has no such move, or guards object: with every reason.
    Conflict
        The page was stale, or another person moved the case first; carries the fresh state and version.
    """
    earlier = _event_of(session, request_id, case_id)
    if earlier is not None:
        return earlier
    # FOR UPDATE keeps the guards' facts still on PostgreSQL; on SQLite BEGIN IMMEDIATE has done so already.
    case = session.scalars(select(Case).where(Case.id == case_id).with_for_update(of=Case)).first()
    if case is None:
        raise NotFound("Дело не найдено или относится к другой территории.")
    session.refresh(case)
    earlier = _event_of(session, request_id, case_id)
    if earlier is not None:
        return earlier
    if case.version != expected_version:
        raise _stale(case)
    workflow = workflow_of(case)
    stage = workflow.state(case.state)
    row = workflow.find(case.state, trigger)
    if row is None:
        raise Refused(
            Reason(
                "no_such_move",
                f"Из состояния «{stage.ru}» такого хода нет. Обновите страницу: дело могло продвинуться.",
                f"There is no such move from “{stage.en}”. Reload the page: the case may have moved on.",
            )
        )
    policy.require(actor, row.permission)
    if not row.permits(actor):
        raise NotPermitted(_not_this_role(row))
    question = Question(session, case, actor, at)
    reasons = [found for guard in row.guards if (found := guard.check(question)) is not None]
    reasons += reason_missing(row, reason, reason_code)
    reasons += [check.reason for check in brakes.objections(question, row) if check.reason is not None]
    if reasons:
        raise Refused(*reasons)
    source, target = case.state, workflow.target(case.state, trigger)
    further = row.sets(question) if row.sets else {}
    clock = stage_clock.columns(session, case, workflow.state(target), at)
    result: CursorResult[Any] = session.execute(  # type: ignore[assignment]
        update(Case)
        .where(Case.id == case.id, Case.state == source, Case.version == expected_version)
        .values(state=target, version=expected_version + 1, entered_at=at, **clock, **further)
        .execution_options(synchronize_session=False)
    )
    session.refresh(case)
    if result.rowcount != 1:
        raise _stale(case)
    event = CaseEvent(
        case_id=case.id,
        seq=case.version,
        request_id=request_id,
        trigger=trigger,
        from_state=source,
        to_state=target,
        actor_id=actor.user_id,
        actor_name=actor.signature(case.school_id),
        at=at,
        reason=reason,
        reason_code=reason_code or None,
        facts={key: str(value) for key, value in further.items()},
        municipality_id=case.municipality_id,
        school_id=case.school_id,
    )
    session.add(event)
    session.flush()
    outbox.add(session, "case_moved", case.id, at=at, payload={"event_id": event.id})
    journal.append(
        session,
        actor=actor,
        at=at,
        action=f"case:{trigger}",
        subject="case",
        subject_id=case.id,
        reason=reason,
        facts={
            "from": source,
            "to": target,
            "version": case.version,
            **event.facts,
            **({"reason_code": reason_code} if reason_code else {}),
        },
        request_id=request_id,
        municipality_id=case.municipality_id,
        school_id=case.school_id,
    )
    return event


def reason_missing(row: Transition, reason: str, reason_code: str) -> list[Reason]:
    """What the mover has not said although the row asks for it."""
    chosen = next((code for code in row.reasons if code.code == reason_code), None)
    found = []
    if (row.reasons or reason_code) and chosen is None:
        listed_ru = "; ".join(code.ru for code in row.reasons) or "не требуется"
        listed_en = "; ".join(code.en for code in row.reasons) or "none is asked for"
        found.append(
            Reason(
                "reason_not_chosen",
                f"Выберите основание из списка: {listed_ru}.",
                f"Choose a reason from the list: {listed_en}.",
            )
        )
    needs_text = row.reason == "required" or (chosen is not None and chosen.needs_text)
    if needs_text and len(reason.strip()) < LEAST_REASON:
        found.append(
            Reason(
                "no_reason_text",
                "Напишите основание хотя бы одним предложением.",
                "State the reason in at least one sentence.",
            )
        )
    return found


def _not_this_role(row: Transition) -> Reason:
    return Reason(
        "not_this_role",
        f"Ход «{row.ru}» делает другая роль: {', '.join(Role(code).ru for code in row.roles)}.",
        f"“{row.en}” is another role's move: {', '.join(Role(code).en for code in row.roles)}.",
    )


def _event_of(session: Session, request_id: str, case_id: int) -> CaseEvent | None:
    event = session.scalars(select(CaseEvent).where(CaseEvent.request_id == request_id)).first()
    if event is not None and event.case_id != case_id:
        raise Refused(
            Reason(
                "request_id_reused",
                "Запрос уже выполнен для другого дела. Обновите страницу.",
                "This request was carried out for another case. Reload the page.",
            )
        )
    return event


def _stale(case: Case) -> Conflict:
    return Conflict(
        f"Дело {case.number} уже изменил другой человек: сейчас оно в состоянии «{state_of(case).ru}». "
        "Обновите страницу.",
        state=case.state,
        version=case.version,
    )
