"""Leading running cases over to another version of their workflow: preview, a job for all of them, and the way back.

The state alone changes its name; documents, clock and people stay. A case is led over like any move: guarded UPDATE,
event, journal entry in one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session, selectinload

from app import policy
from app.context import AppContext
from app.errors import NotFound, Reason, Refused
from app.flows import CLOSED
from app.models import Case, CaseEvent, MigratedCase, OutboxJob, WorkflowMigration, WorkflowVersion
from app.policy import SYSTEM, Actor, Permission
from app.terms import MigratedOutcome, MigrationStatus, WorkflowStatus
from app.workflows import journal, outbox, stage_clock
from app.workflows.case import record
from app.workflows.definitions import workflow_named
from app.workflows.engine import LEAST_REASON
from app.workflows.flow_versions import version_of
from app.workflows.machine import Workflow

TRIGGER = "migrate"
"""Trigger of the event by which a case changes its workflow; no definition may use the word."""


@dataclass(frozen=True)
class PreviewRow:
    """One running case and where it would stand; `to_state` is None where the mapping has no place for it."""

    case: Case
    to_state: str | None


def usual_mapping(source: Workflow, target: Workflow) -> dict[str, str]:
    """Open stages of the same code; the others are for a person to place."""
    known = {state.code for state in target.states} - {CLOSED}
    return {state.code: state.code for state in source.states if state.code in known}


def preview(
    session: Session, source: WorkflowVersion, target: WorkflowVersion, mapping: Mapping[str, str]
) -> list[PreviewRow]:
    """Every open case of `source` in sight, with where it would stand in `target`."""
    cases = session.scalars(
        select(Case)
        .where(Case.workflow == source.name, Case.workflow_version == source.version, Case.state != CLOSED)
        .options(selectinload(Case.school))
        .order_by(Case.id)
    )
    return [PreviewRow(case, mapping.get(case.state)) for case in cases]


def request_migration(
    session: Session,
    from_id: int,
    to_id: int,
    mapping: Mapping[str, str],
    *,
    reason: str,
    actor: Actor,
    at: datetime,
) -> WorkflowMigration:
    """Decide that the cases of one version go over to another; a job does it.

    Raises
    ------
    Refused
        The versions do not fit, the mapping names a stage that is not there, no case can go, or no reason is given.
    """
    policy.require(actor, Permission.WORKFLOW_EDIT)
    source, target = version_of(session, from_id), version_of(session, to_id)
    reasons = _of_versions(source, target)
    if reasons:
        raise Refused(*reasons)
    before, after = _flow(session, source), _flow(session, target)
    known = {state.code for state in after.states} - {CLOSED}
    wrong = sorted({dest for dest in mapping.values() if dest not in known})
    strange = sorted(set(mapping) - {state.code for state in before.states if state.code != CLOSED})
    if wrong or strange:
        reasons.append(
            Reason(
                "wrong_mapping",
                f"Таких этапов нет: {', '.join([*wrong, *strange])}. Выберите этапы из списков.",
                f"There are no such stages: {', '.join([*wrong, *strange])}. Choose from the lists.",
            )
        )
    if len(reason.strip()) < LEAST_REASON:
        reasons.append(
            Reason(
                "no_reason",
                "Напишите основание хотя бы одним предложением.",
                "State the reason in at least a sentence.",
            )
        )
    if not any(row.to_state for row in preview(session, source, target, mapping)):
        reasons.append(
            Reason("nobody_goes", "Ни одно открытое дело не переводится.", "No open case would be led over.")
        )
    if reasons:
        raise Refused(*reasons)
    row = WorkflowMigration(
        from_id=source.id,
        to_id=target.id,
        mapping=dict(mapping),
        reason=reason.strip(),
        asked_by_id=actor.user_id,
        asked_by_name=actor.name,
        asked_at=at,
    )
    session.add(row)
    session.flush()
    outbox.add(session, "migrate_cases", row.id, at=at)
    _journal(session, row, "workflow:migrate", reason=row.reason, actor=actor, at=at)
    return row


def request_undo(session: Session, migration_id: int, *, reason: str, actor: Actor, at: datetime) -> WorkflowMigration:
    """Decide that the cases go back; those that have moved since stay, and are listed."""
    policy.require(actor, Permission.WORKFLOW_EDIT)
    row = migration_of(session, migration_id)
    if row.status is not MigrationStatus.DONE:
        raise Refused(
            Reason("not_done", "Отменить можно только выполненный перевод.", "Only a finished migration can be undone.")
        )
    if len(reason.strip()) < LEAST_REASON:
        raise Refused(
            Reason(
                "no_reason",
                "Напишите основание хотя бы одним предложением.",
                "State the reason in at least a sentence.",
            )
        )
    row.status, row.undone_by_name, row.undo_reason = MigrationStatus.UNDOING, actor.name, reason.strip()
    session.flush()
    outbox.add(session, "undo_migration", row.id, at=at)
    _journal(session, row, "workflow:undo_migration", reason=reason.strip(), actor=actor, at=at)
    return row


def migration_of(session: Session, migration_id: int) -> WorkflowMigration:
    """A migration by its id.

    Raises
    ------
    NotFound
    """
    row = session.get(WorkflowMigration, migration_id)
    if row is None:
        raise NotFound("Такого перевода дел нет.")
    return row


def migrate_cases(_context: AppContext, job: OutboxJob) -> Callable[[Session], None]:
    """Job: lead every case over that still stands in the old version; each is kept with what became of it."""

    def keep(session: Session) -> None:
        row = migration_of(session, job.subject_id)
        if row.status is not MigrationStatus.QUEUED:
            return
        for case in _locked(session, select(Case).where(*_of_version(row.source), Case.state != CLOSED)):
            from_state, to_state = case.state, row.mapping.get(case.state)
            kept = MigratedCase(
                migration_id=row.id,
                case_id=case.id,
                from_state=from_state,
                to_state=to_state,
                outcome=MigratedOutcome.UNMAPPED,
                municipality_id=case.municipality_id,
                school_id=case.school_id,
            )
            if to_state is not None:
                _lead(session, case, row.target, to_state, f"migrate-{row.id}", reason=row.reason, at=job.created_at)
                kept.outcome, kept.version_after = MigratedOutcome.MOVED, case.version
            session.add(kept)
        row.status = MigrationStatus.DONE
        session.flush()

    return keep


def undo_migration(_context: AppContext, job: OutboxJob) -> Callable[[Session], None]:
    """Job: lead back every case that has not moved since."""

    def keep(session: Session) -> None:
        row = migration_of(session, job.subject_id)
        if row.status is not MigrationStatus.UNDOING:
            return
        moved = {
            kept.case_id: kept
            for kept in session.scalars(
                select(MigratedCase).where(
                    MigratedCase.migration_id == row.id, MigratedCase.outcome == MigratedOutcome.MOVED
                )
            )
        }
        cases = _locked(session, select(Case).join(MigratedCase, MigratedCase.case_id == Case.id).where(
            MigratedCase.migration_id == row.id, MigratedCase.outcome == MigratedOutcome.MOVED
        ))  # fmt: skip
        for case in cases:
            kept = moved[case.id]
            if case.version != kept.version_after:
                kept.outcome = MigratedOutcome.KEPT
                continue
            reason = row.undo_reason or ""
            _lead(session, case, row.source, kept.from_state, f"unmigrate-{row.id}", reason=reason, at=job.created_at)
            kept.outcome = MigratedOutcome.RETURNED
        row.status = MigrationStatus.UNDONE
        session.flush()

    return keep


def on_dead(session: Session, migration_id: int, error: str) -> None:
    """The job failed for good: no case was touched; say so on the migration."""
    row = session.get(WorkflowMigration, migration_id)
    if row is None:
        return
    # A failed way back leaves the cases where the migration put them, and may be asked for again.
    row.status = MigrationStatus.DONE if row.status is MigrationStatus.UNDOING else MigrationStatus.FAILED
    row.failure = error


def _lead(
    session: Session, case: Case, to: WorkflowVersion, state: str, request: str, *, reason: str, at: datetime
) -> None:
    before = f"{case.workflow} {case.workflow_version}"
    source, version = case.state, case.version
    result: CursorResult[Any] = session.execute(  # type: ignore[assignment]
        update(Case)
        .where(Case.id == case.id, Case.state == source, Case.version == version)
        .values(workflow=to.name, workflow_version=to.version, state=state, version=version + 1)
        .execution_options(synchronize_session=False)
    )
    assert result.rowcount == 1  # the row is locked
    session.refresh(case)
    stage_clock.refresh(session, case)  # the other version may give the stage another budget
    facts = {"from_workflow": before, "to_workflow": str(to), "from": source, "to": state, "version": case.version}
    event = CaseEvent(
        case_id=case.id,
        seq=case.version,
        request_id=f"{request}-{case.id}",
        trigger=TRIGGER,
        from_state=source,
        to_state=state,
        actor_id=None,
        actor_name=SYSTEM.name,
        at=at,
        reason=reason,
        facts=facts,
        municipality_id=case.municipality_id,
        school_id=case.school_id,
    )
    session.add(event)
    session.flush()
    outbox.add(session, "case_moved", case.id, at=at, payload={"event_id": event.id})
    record(session, case, f"case:{TRIGGER}", actor=SYSTEM, at=at, reason=reason, facts=facts)


def _locked(session: Session, statement: Any) -> list[Case]:
    # Locked in one order before the journal is, as every verb does.
    ordered = statement.order_by(Case.id).with_for_update(of=Case).execution_options(populate_existing=True)
    return list(session.scalars(ordered).unique())


def _of_version(version: WorkflowVersion) -> tuple[Any, ...]:
    return Case.workflow == version.name, Case.workflow_version == version.version


def _of_versions(source: WorkflowVersion, target: WorkflowVersion) -> list[Reason]:
    if source.id == target.id or source.kind is not target.kind:
        return [
            Reason(
                "other_kind",
                "Переводят на другую версию того же вида дел. Выберите её из списка.",
                "Cases go over to another version of the same kind. Choose it from the list.",
            )
        ]
    if target.status is not WorkflowStatus.PUBLISHED or source.status is WorkflowStatus.DRAFT:
        return [
            Reason(
                "not_published",
                "Перевести можно только на опубликованную версию.",
                "Cases can go over to a published version only.",
            )
        ]
    return []


def _flow(session: Session, version: WorkflowVersion) -> Workflow:
    return workflow_named(session, version.name, version.version)


def _journal(session: Session, row: WorkflowMigration, action: str, *, reason: str, actor: Actor, at: datetime) -> None:
    journal.append(
        session,
        actor=actor,
        at=at,
        action=action,
        subject="workflow_migration",
        subject_id=row.id,
        reason=reason,
        facts={"from_id": row.from_id, "to_id": row.to_id, "mapping": row.mapping},
    )
