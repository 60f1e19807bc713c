"""Carrying out a programme: its tasks are done with evidence, waived, moved with a reason, taken up again."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import policy
from app.errors import NotFound, Reason, Refused
from app.models import ProgrammeTask
from app.policy import Actor, Permission
from app.storage import ObjectStore
from app.workflows import execution, programme_dates, programmes
from app.workflows.execution import Report


def complete(
    session: Session,
    store: ObjectStore,
    task_id: int,
    report: Report,
    *,
    actor: Actor,
    at: datetime,
    expected_version: int,
) -> ProgrammeTask:
    """Mark a task as done with its evidence."""
    task = _task(session, task_id, actor, expected_version)
    execution.done(session, task, task.measure.kind, report, store, actor=actor, at=at)
    _note(session, task, "programme:done", actor=actor, at=at, facts={"file": task.file_sha256, "link": task.link})
    return task


def waive(
    session: Session, task_id: int, reason: str, *, actor: Actor, at: datetime, expected_version: int
) -> ProgrammeTask:
    task = _task(session, task_id, actor, expected_version)
    execution.waive(session, task, reason, actor=actor, at=at)
    _note(session, task, "programme:waive", actor=actor, at=at, reason=reason)
    return task


def move(
    session: Session, task_id: int, due_on: date, reason: str, *, actor: Actor, at: datetime, expected_version: int
) -> ProgrammeTask:
    """Pin another day for a task, with a reason."""
    task = _task(session, task_id, actor, expected_version)
    before = execution.move(session, task, due_on, reason)
    facts = {"from": before.isoformat() if before else None, "to": due_on.isoformat()}
    _note(session, task, "programme:move", actor=actor, at=at, reason=reason, facts=facts)
    return task


def unpin(session: Session, task_id: int, *, actor: Actor, at: datetime, expected_version: int) -> ProgrammeTask:
    """Let a moved task follow its rule again."""
    task = _task(session, task_id, actor, expected_version)
    due = programme_dates.due_of(session, task)
    if due is None:
        raise Refused(
            Reason(
                "no_event",
                "Правило сейчас не даёт дня: событие, от которого он считается, не известно.",
                "The rule gives no day now: the event it counts from is not known.",
            )
        )
    execution.unpin(session, task, due)
    _note(session, task, "programme:unpin", actor=actor, at=at)
    return task


def reopen(session: Session, task_id: int, reason: str, *, actor: Actor, at: datetime, expected_version: int) -> None:
    task = _task(session, task_id, actor, expected_version)
    facts = {"status": task.status.value, "note": task.note, "file": task.file_sha256}
    why = execution.said(reason)
    execution.reopen(session, task)
    _note(session, task, "programme:reopen", actor=actor, at=at, reason=why, facts=facts)


def _task(session: Session, task_id: int, actor: Actor, expected_version: int) -> ProgrammeTask:
    policy.require(actor, Permission.PROGRAMME_KEEP)
    task = session.scalars(select(ProgrammeTask).where(ProgrammeTask.id == task_id).with_for_update()).first()
    if task is None:
        raise NotFound("Задачи нет, или она относится к другой территории.")
    programmes.own(task.measure.programme, actor)
    execution.fresh(task, expected_version)
    return task


def _note(
    session: Session,
    task: ProgrammeTask,
    action: str,
    *,
    actor: Actor,
    at: datetime,
    reason: str = "",
    facts: dict[str, Any] | None = None,
) -> None:
    facts = {"measure": task.measure.number, "task_id": task.id, **(facts or {})}
    programmes.record(session, task.measure.programme, action, actor=actor, at=at, reason=reason, facts=facts)
