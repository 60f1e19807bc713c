"""Withdrawing a decision over many cases, within the minutes in which its letters wait.

The letters are called off at once; then a job puts back every case that has not moved since, row by row, and says of
the others why they stay. The letters of those go out after all.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import policy
from app.context import AppContext
from app.database import acting
from app.errors import Conflict, Reason, Refused
from app.models import BulkDecision, BulkRow, Case, Document, OutboxJob
from app.policy import SYSTEM, Actor, Permission
from app.terms import BulkRowStatus, BulkStatus
from app.workflows import bulk, bulk_verbs, outbox
from app.workflows.definitions import state_of
from app.workflows.side_rules import load_rules, reason_faults


def until(decision: BulkDecision) -> datetime | None:
    """The moment until which the decision may be withdrawn; None before it is confirmed."""
    if decision.confirmed_at is None:
        return None
    return decision.confirmed_at + timedelta(minutes=load_rules().letters_minutes)


def withdraw(session: Session, decision_id: int, reason: str, *, actor: Actor, at: datetime) -> BulkDecision:
    """Withdraw a confirmed decision: nothing more is carried out, waiting letters are called off, a job puts back.

    Raises
    ------
    Refused
        The minutes have passed, the decision was not confirmed or is withdrawn already, or the reason is missing.
    """
    policy.require(actor, Permission.CASE_BULK)
    decision = bulk.locked(session, decision_id)
    reasons = _faults(decision, at)
    reasons += reason_faults(reason, "Напишите одним предложением, почему решение отзывают.")
    if reasons:
        raise Refused(*reasons)
    decision.status, decision.withdrawn_at = BulkStatus.WITHDRAWN, at
    decision.withdrawn_by_name, decision.withdrawal_reason = actor.name, reason.strip()
    session.flush()
    session.execute(
        update(BulkRow)
        .where(BulkRow.decision_id == decision.id, BulkRow.status == BulkRowStatus.WAITING)
        .values(status=BulkRowStatus.CALLED_OFF)
        .execution_options(synchronize_session=False)
    )
    done = session.scalars(
        select(BulkRow).where(BulkRow.decision_id == decision.id, BulkRow.status == BulkRowStatus.DONE)
    )
    outbox.call_off(session, [job_id for row in done for job_id in row.made.get("jobs", [])])
    outbox.add(session, "bulk_withdraw", decision.id, at=at, payload={"actor_id": actor.user_id})
    bulk.note(session, decision, "bulk:withdraw", actor=actor, at=at, reason=reason.strip())
    return decision


def put_back_all(context: AppContext, job: OutboxJob) -> Callable[[Session], None]:
    """Job: put back what a withdrawn decision has done, row by row."""
    with acting(context.sessions, SYSTEM) as session:
        decision = bulk.locked(session, job.subject_id)
        actor = bulk.person(session, job.payload["actor_id"], job.created_at)
        done = bulk.rows_of(session, decision.id, BulkRowStatus.DONE)
    for row_id in done:
        with acting(context.sessions, actor) as session:
            _put_back_row(session, row_id, actor)

    def finish(session: Session) -> None:
        decision = bulk.locked(session, job.subject_id)
        facts = dict(bulk.counts(session, decision))
        bulk.note(session, decision, "bulk:put_back", actor=SYSTEM, at=job.created_at, facts=facts)

    return finish


def _put_back_row(session: Session, row_id: int, actor: Actor) -> None:
    row = session.get(BulkRow, row_id)
    if row is None:
        return
    decision = bulk.locked(session, row.decision_id)
    if not bulk.claim(session, row, BulkRowStatus.DONE, BulkRowStatus.RESTORED):
        return
    assert decision.withdrawn_at is not None
    jobs = row.made.get("jobs", [])
    try:
        with session.begin_nested():
            case = session.scalars(select(Case).where(Case.id == row.case_id).with_for_update(of=Case)).first()
            if case is None:
                raise Conflict("Дело ушло из вашей территории.")
            session.refresh(case)
            if case.version != row.made["version"]:
                raise Conflict(f"Дело с тех пор двигалось: сейчас оно в состоянии «{state_of(case).ru}».")
            verb = bulk_verbs.VERBS[decision.kind]
            verb.undo(session, decision, row, case, actor, decision.withdrawn_at)
            _drop_documents(session, jobs)
    except (Conflict, Refused, IntegrityError) as error:
        row.status = BulkRowStatus.KEPT
        row.reasons = [reason.as_plain() for reason in _reasons(error)]
        outbox.set_going(session, jobs, at=decision.withdrawn_at)
    session.flush()


def _drop_documents(session: Session, job_ids: list[int]) -> None:
    """Documents asked for by the decision and never made: nothing has been issued, so nothing is lost."""
    asked = session.scalars(
        select(OutboxJob.subject_id).where(OutboxJob.id.in_(job_ids), OutboxJob.kind == "issue_document")
    ).all()
    session.execute(
        delete(Document)
        .where(Document.id.in_(asked), Document.sha256.is_(None))
        .execution_options(synchronize_session=False)
    )


def _reasons(error: Exception) -> tuple[Reason, ...]:
    if isinstance(error, Refused):
        return error.reasons
    if isinstance(error, Conflict):
        return (Reason("moved_on", str(error)),)
    return (Reason("raced", "Дело изменили в то же мгновение.", "The case was changed at the same moment."),)


def _faults(decision: BulkDecision, at: datetime) -> list[Reason]:
    end = until(decision)
    if end is None:
        return [Reason("not_confirmed", "Решение ещё не подтверждено.", "The decision has not been confirmed.")]
    if decision.status is BulkStatus.WITHDRAWN:
        return [Reason("withdrawn", "Решение уже отозвано.", "The decision has been withdrawn already.")]
    if at >= end:
        return [
            Reason(
                "too_late",
                f"Прошло больше {load_rules().letters_minutes} минут: письма ушли. Каждое дело можно вернуть отдельно.",
                f"More than {load_rules().letters_minutes} minutes have passed: the letters are out. Return each case "
                "on its own.",
            )
        ]
    return []
