"""A part of `obektiv bench time`: leading many running cases over to another version of their workflow, and back.

Besides the whole, what a person feels is measured: the longest transaction, for which a move of a case may have to
wait, and the messages to the people of the cases, which go out between the batches on the same queue.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event, func, select, update
from sqlalchemy.orm import Session

from app.bench.clock_measure import Measured
from app.bench.fault_stage import AT, Stage
from app.context import AppContext
from app.database import acting, checkpoint
from app.models import Case, MigratedCase, OutboxJob, WorkflowMigration, WorkflowVersion
from app.policy import SYSTEM
from app.terms import JobStatus, MigratedOutcome, MigrationStatus
from app.workflows import flow_migration
from app.workflows.flow_migration_batches import BATCH

SOURCE, TARGET = "objectivity_curator_first", "objectivity_amur"
REASON = "измерение перевода дел"
TRANSACTION_BAR = 2.0
"""Seconds that a move of a case may have to wait for one batch."""


def measure_migration(stage: Stage, engine: str, ids: Sequence[int]) -> list[Measured]:
    """Lead the cases `ids` over and back again, and tell the people of some of them."""
    context = stage.context
    with acting(context.sessions, SYSTEM) as session:
        for first in range(0, len(ids), 5_000):
            session.execute(
                update(Case)
                .where(Case.id.in_(ids[first : first + 5_000]))
                .values(workflow=SOURCE)
                .execution_options(synchronize_session=False)
            )
    checkpoint(context.engine)
    with _watched(context) as asking:
        migration_id = _ask(context)
    over, forth = _carry_out(context, "migrate_cases", migration_id)
    _expect(context, migration_id, MigrationStatus.DONE, MigratedOutcome.MOVED, len(ids))
    each = _tell(context)
    with acting(context.sessions, SYSTEM) as session:
        flow_migration.request_undo(session, migration_id, reason=REASON, actor=SYSTEM, at=AT)
    back, home = _carry_out(context, "undo_migration", migration_id)
    _expect(context, migration_id, MigrationStatus.UNDONE, MigratedOutcome.RETURNED, len(ids))
    longest = max(*forth, *home, *asking)
    asked = f"решение с предпросмотром {max(asking) * 1000:.0f} мс одной транзакцией"
    return [
        Measured(
            f"Перевод {len(ids)} дел на другую версию",
            engine,
            over,
            None,
            f"{over / len(ids) * 1000:.2f} мс на дело, порциями по {BATCH}; {asked}; сообщение людям о порции — "
            f"{each * 1000:.0f} мс отдельным заданием",
        ),
        Measured(
            "Возврат этих дел", engine, back, None, f"{back / len(ids) * 1000:.2f} мс на дело, порциями по {BATCH}"
        ),
        Measured(
            "Самая долгая транзакция перевода и возврата",
            engine,
            longest,
            TRANSACTION_BAR,
            "столько ход дела, сделанный человеком, ждёт самое большее",
        ),
    ]


def _ask(context: AppContext) -> int:
    with acting(context.sessions, SYSTEM) as session:
        ids = {row.name: row.id for row in session.scalars(select(WorkflowVersion))}
        mapping = {"flagged": "flagged", "interview": "interview"}
        row = flow_migration.request_migration(
            session, ids[SOURCE], ids[TARGET], mapping, reason=REASON, actor=SYSTEM, at=AT
        )
        return row.id


def _carry_out(context: AppContext, kind: str, migration_id: int) -> tuple[float, list[float]]:
    """Do one batch after another, as a worker does; the scheduler's checkpoints between them are not counted."""
    from app.jobs.work import Outcome, perform

    spent = 0.0
    with _watched(context) as found:
        while (job_id := _waiting(context, kind, migration_id)) is not None:
            started = time.perf_counter()
            if perform(context, job_id, is_waking=False) is not Outcome.DONE:
                raise RuntimeError(f"batch {job_id} of the migration was not carried out")
            spent += time.perf_counter() - started
            checkpoint(context.engine)
    return spent, found


def _waiting(context: AppContext, kind: str, migration_id: int) -> int | None:
    with context.sessions(bind=context.engine.execution_options(readonly=True)) as session:
        session.info["actor"] = SYSTEM
        return session.scalar(
            select(OutboxJob.id).where(
                OutboxJob.kind == kind, OutboxJob.subject_id == migration_id, OutboxJob.status == JobStatus.PENDING
            )
        )


def _tell(context: AppContext) -> float:
    """Seconds of telling the people of one batch that was led over."""
    from app.jobs.work import perform

    with acting(context.sessions, SYSTEM) as session:
        query = select(OutboxJob.id).where(OutboxJob.kind == "cases_led", OutboxJob.status == JobStatus.PENDING)
        ids = session.scalars(query.order_by(OutboxJob.id)).all()
    started = time.perf_counter()
    for job_id in ids:
        perform(context, job_id, is_waking=False)
    return (time.perf_counter() - started) / len(ids)


@contextmanager
def _watched(context: AppContext) -> Iterator[list[float]]:
    """Seconds of each transaction that was committed, from its begin to the end of its commit."""
    found: list[float] = []

    def begin(session: Session, *_: Any) -> None:
        session.info["bench_begun"] = time.perf_counter()

    def commit(session: Session) -> None:
        if "bench_begun" in session.info:
            found.append(time.perf_counter() - session.info.pop("bench_begun"))

    event.listen(context.sessions, "after_begin", begin)
    event.listen(context.sessions, "after_commit", commit)
    try:
        yield found
    finally:
        event.remove(context.sessions, "after_begin", begin)
        event.remove(context.sessions, "after_commit", commit)


def _expect(
    context: AppContext, migration_id: int, status: MigrationStatus, outcome: MigratedOutcome, number: int
) -> None:
    """A figure counts only when every case is where it should be."""
    with acting(context.sessions, SYSTEM) as session:
        reached = session.get_one(WorkflowMigration, migration_id).status
        query = select(func.count(MigratedCase.id))
        done = session.scalar(query.where(MigratedCase.migration_id == migration_id, MigratedCase.outcome == outcome))
    if reached is not status or done != number:
        raise RuntimeError(f"the migration is {reached}, {done} of {number} cases are {outcome}")
