"""The jobs that lead cases over to another version and back, a batch at a time.

Each batch is one transaction, the effect of a job of its own: it locks the migration, then its cases in one order,
leads over those that stand as they stood at the decision, keeps with every case what became of it and asks for the next
batch. So a worker that dies loses one batch that never was, a job that is delivered twice finds nothing waiting, and
people who move cases wait for one batch at the most.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import CursorResult, func, select, update
from sqlalchemy.orm import Session

from app.context import AppContext
from app.days import day_of
from app.errors import NotFound, Reason
from app.flows import CLOSED
from app.models import Case, CaseEvent, CasePause, MigratedCase, OutboxJob, WorkflowMigration, WorkflowVersion
from app.policy import SYSTEM
from app.terms import MigratedOutcome, MigrationStatus, PauseCause
from app.workflows import brakes, journal, outbox, stage_clock
from app.workflows.calendar_world import calendar_of
from app.workflows.definitions import state_named, workflow_named

BATCH = 200
"""Cases of one transaction: everybody who moves a case waits for the journal meanwhile."""

TRIGGER = "migrate"
"""Trigger of the event by which a case changes its workflow; no definition may use the word."""


def migrate_cases(_context: AppContext, job: OutboxJob) -> Callable[[Session], None]:
    """Job: lead the next batch over; the last one ends the migration."""

    def keep(session: Session) -> None:
        row = locked(session, job.subject_id)
        # A job that died for good and is set going again by an administrator goes on where it stopped.
        if row.status not in (MigrationStatus.QUEUED, MigrationStatus.FAILED):
            return
        row.status, row.failure = MigrationStatus.QUEUED, None
        batch = _next(session, row.id, MigratedOutcome.WAITING)
        cases = _locked_cases(session, batch)
        held = _held_since(session, list(cases), row.asked_at)
        going: list[tuple[MigratedCase, str]] = []
        for kept in batch:
            case = cases[kept.case_id]
            reason = _moved(session, case, kept.expected_version) or held.get(kept.case_id)
            if reason is None:
                assert kept.to_state is not None  # only mapped cases wait
                going.append((kept, kept.to_state))
            else:
                kept.outcome, kept.reasons = MigratedOutcome.CHANGED, [reason.as_plain()]
        _lead(session, going, cases, row.target, row, reason=row.reason, at=job.created_at)
        for kept, _to in going:
            kept.outcome, kept.version_after = MigratedOutcome.MOVED, cases[kept.case_id].version + 1
        session.flush()
        _go_on(session, row, job, MigratedOutcome.WAITING, MigrationStatus.DONE)

    return keep


def undo_migration(_context: AppContext, job: OutboxJob) -> Callable[[Session], None]:
    """Job: lead the next batch of those that have not moved since back; the last one ends the way back."""

    def keep(session: Session) -> None:
        row = locked(session, job.subject_id)
        if row.status is not MigrationStatus.UNDOING:
            return
        batch = _next(session, row.id, MigratedOutcome.MOVED)
        cases = _locked_cases(session, batch)
        going: list[tuple[MigratedCase, str]] = []
        for kept in batch:
            assert kept.version_after is not None  # every case that was led over has one
            reason = _moved(session, cases[kept.case_id], kept.version_after)
            if reason is None:
                # A hold says nothing of the stage's name: the case goes back with its pause.
                kept.outcome = MigratedOutcome.RETURNED
                going.append((kept, kept.from_state))
            else:
                kept.outcome, kept.reasons = MigratedOutcome.KEPT, [reason.as_plain()]
        reason_text = row.undo_reason or ""
        _lead(session, going, cases, row.source, row, reason=reason_text, at=job.created_at)
        session.flush()
        _go_on(session, row, job, MigratedOutcome.MOVED, MigrationStatus.UNDONE)

    return keep


def on_dead(session: Session, migration_id: int, error: str) -> None:
    """A batch failed for good: those before it stay as they are; say so on the migration."""
    row = session.get(WorkflowMigration, migration_id)
    if row is None:
        return
    # A failed way back leaves the rest where the migration put it, and may be asked for again.
    row.status = MigrationStatus.DONE if row.status is MigrationStatus.UNDOING else MigrationStatus.FAILED
    row.failure = error


def locked(session: Session, migration_id: int) -> WorkflowMigration:
    """The migration, read anew and locked before any case of it.

    Raises
    ------
    NotFound
    """
    row = session.scalars(
        select(WorkflowMigration)
        .where(WorkflowMigration.id == migration_id)
        .with_for_update(of=WorkflowMigration)
        .execution_options(populate_existing=True)
    ).first()
    if row is None:
        raise NotFound("Такого перевода дел нет.")
    return row


def counts(session: Session, migration_id: int) -> Counter[MigratedOutcome]:
    """Cases of a migration by what became of them."""
    found = session.execute(
        select(MigratedCase.outcome, func.count())
        .where(MigratedCase.migration_id == migration_id)
        .group_by(MigratedCase.outcome)
    )
    return Counter(dict(found.all()))


def _next(session: Session, migration_id: int, outcome: MigratedOutcome) -> Sequence[MigratedCase]:
    return session.scalars(
        select(MigratedCase)
        .where(MigratedCase.migration_id == migration_id, MigratedCase.outcome == outcome)
        .order_by(MigratedCase.case_id)
        .limit(BATCH)
        .execution_options(populate_existing=True)
    ).all()


def _go_on(
    session: Session, row: WorkflowMigration, job: OutboxJob, left: MigratedOutcome, end: MigrationStatus
) -> None:
    """Ask for the next batch; without one the migration has reached its `end`."""
    waits = select(MigratedCase.id).where(MigratedCase.migration_id == row.id, MigratedCase.outcome == left)
    if session.scalar(waits.limit(1)) is not None:
        outbox.add(session, job.kind, row.id, at=job.created_at)
        return
    row.status, row.failure = end, None
    journal.append(
        session,
        actor=SYSTEM,
        at=job.created_at,
        action=f"workflow:{job.kind}",
        subject="workflow_migration",
        subject_id=row.id,
        facts={outcome.value: n for outcome, n in counts(session, row.id).items()},
    )


def _locked_cases(session: Session, batch: Sequence[MigratedCase]) -> dict[int, Any]:
    """The batch's cases as they stand, locked in one order before the journal is, as every verb does."""
    rows = session.execute(
        select(
            Case.id,
            Case.workflow,
            Case.workflow_version,
            Case.state,
            Case.version,
            Case.entered_at,
            Case.municipality_id,
            Case.school_id,
        )
        .where(Case.id.in_([kept.case_id for kept in batch]))
        .order_by(Case.id)
        .with_for_update(of=Case)
    )
    return {row.id: row for row in rows}


def _moved(session: Session, case: Any, expected_version: int) -> Reason | None:
    """Why a case does not stand as it did; the version of a case rises with each of its moves."""
    if case.version == expected_version:
        return None
    if case.state == CLOSED:
        return Reason("closed", "Дело успели закрыть.", "The case has been closed meanwhile.")
    stage = state_named(session, case.workflow, case.workflow_version, case.state)
    return Reason(
        "moved",
        f"Дело успело продвинуться: сейчас оно в состоянии «{stage.ru}».",
        f"The case has moved on: it now stands in “{stage.en}”.",
    )


def _held_since(session: Session, case_ids: Sequence[int], asked_at: datetime) -> dict[int, Reason]:
    """Cases that somebody put on hold after the decision: whoever holds a case wants it untouched until the day.

    One that was on hold at the preview goes over with its pause, as the preview said.
    """
    pauses = session.scalars(
        select(CasePause).where(
            CasePause.case_id.in_(case_ids),
            CasePause.ended_at.is_(None),
            CasePause.cause == PauseCause.HOLD,
            CasePause.started_at > asked_at,
        )
    )
    return {pause.case_id: brakes.held_reason(pause) for pause in pauses}


def _lead(
    session: Session,
    going: Sequence[tuple[MigratedCase, str]],
    cases: Mapping[int, Any],
    to: WorkflowVersion,
    row: WorkflowMigration,
    *,
    reason: str,
    at: datetime,
) -> None:
    """Move locked cases to stages of `to`, each with its event and its journal entry; one job tells of them all."""
    if not going:
        return
    is_back = to.id == row.from_id
    request = f"{'unmigrate' if is_back else 'migrate'}-{row.id}"
    _write(session, {kept.case_id: state for kept, state in going}, cases, to)
    events = [
        CaseEvent(
            case_id=case.id,
            seq=case.version + 1,
            request_id=f"{request}-{case.id}",
            trigger=TRIGGER,
            from_state=case.state,
            to_state=state,
            actor_id=None,
            actor_name=SYSTEM.name,
            at=at,
            reason=reason,
            facts={
                "from_workflow": f"{case.workflow} {case.workflow_version}",
                "to_workflow": str(to),
                "from": case.state,
                "to": state,
                "version": case.version + 1,
            },
            municipality_id=case.municipality_id,
            school_id=case.school_id,
        )
        for case, state in ((cases[kept.case_id], state) for kept, state in going)
    ]
    session.add_all(events)
    session.flush()
    payload = {"migration_id": row.id, "is_back": is_back, "event_ids": [event.id for event in events]}
    outbox.add(session, "cases_led", row.id, at=at, payload=payload)
    lines = [
        journal.Line(
            f"case:{TRIGGER}",
            "case",
            event.case_id,
            reason,
            event.facts,
            event.request_id,
            event.municipality_id,
            event.school_id,
        )
        for event in events
    ]
    journal.append_all(session, lines, actor=SYSTEM, at=at)


def _write(session: Session, states: Mapping[int, str], cases: Mapping[int, Any], to: WorkflowVersion) -> None:
    """The cases themselves: workflow, stage, version and the stage's day, for the other version may budget it anew."""
    flow = workflow_named(session, to.name, to.version)
    ledger = stage_clock.Ledger(session, list(states))
    calendars = {place: calendar_of(session, place) for place in {case.municipality_id for case in cases.values()}}
    alike: dict[tuple[str, date | None], list[int]] = defaultdict(list)
    for case_id, state in states.items():
        case, stage = cases[case_id], flow.state(state)
        pauses = ledger.of(case_id, flow.definition, stage)
        due_on = stage_clock.due_day(stage, day_of(case.entered_at), calendars[case.municipality_id], pauses)
        alike[state, due_on].append(case_id)
    for (state, due_on), ids in alike.items():
        result: CursorResult[Any] = session.execute(  # type: ignore[assignment]
            update(Case)
            .where(Case.id.in_(ids))
            .values(workflow=to.name, workflow_version=to.version, state=state, version=Case.version + 1, due_on=due_on)
            .execution_options(synchronize_session=False)
        )
        assert result.rowcount == len(ids)  # the rows are locked
