"""One job: claim its row, do the slow part, then keep effect and proof in one transaction under the fence."""

from __future__ import annotations

import logging
import os
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import TracebackType

from sqlalchemy import update

from app.context import AppContext
from app.database import acting
from app.errors import Refused
from app.jobs import wake
from app.models import OutboxJob
from app.policy import SYSTEM
from app.settings import Settings
from app.terms import JobStatus
from app.workflows import outbox
from app.workflows.handlers import HANDLERS, ON_DEAD

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=30)
RENEW_EVERY = 10.0
"""A worker that dies stops renewing, so its job is free again after `LEASE`, however long the job itself may take."""


class Outcome(StrEnum):
    DONE = "done"
    RETRY = "retry"  # failed, waits for its next try
    DEAD = "dead"  # failed for good
    TAKEN = "taken"  # another worker has it, or it is done
    LOST = "lost"  # worked on, but the lease ran out and another worker took it over


@dataclass
class Tally:
    """What `run_pending` did: job ids by outcome."""

    jobs: dict[Outcome, list[int]] = field(default_factory=dict)

    def add(self, outcome: Outcome, job_id: int) -> None:
        self.jobs.setdefault(outcome, []).append(job_id)

    def count(self, outcome: Outcome) -> int:
        return len(self.jobs.get(outcome, []))


def run(job_id: int) -> None:
    """What an RQ worker's child process calls."""
    context = AppContext.from_settings(Settings.from_env())
    try:
        perform(context, job_id)
    finally:
        context.engine.dispose()  # the child leaves by os._exit, which closes nothing


def perform(context: AppContext, job_id: int, *, is_waking: bool = True) -> Outcome:
    """Do one job now, if it is free.

    1. claim: a guarded UPDATE raises the fence;
    2. the handler works, without a transaction, while a thread renews the lease;
    3. `finish` and the effect are one transaction; without the fence nothing is kept.
    """
    with acting(context.sessions, SYSTEM) as session:
        job = outbox.claim(session, job_id, at=_now())
        if job is not None:
            job.lease_until = _now() + LEASE
            session.flush()
    if job is None:
        return Outcome.TAKEN
    if job.attempts > outbox.MAX_ATTEMPTS:
        # Each try ended with the death of its worker (memory, for instance): nobody was left to count it as failed.
        return _give_up(context, job, "рабочий процесс завершался при каждой попытке", is_final=True)
    try:
        with _Renewal(context, job.id, job.fence):
            effect = HANDLERS[job.kind](context, job)
            with acting(context.sessions, SYSTEM) as session:
                if not outbox.finish(session, job.id, job.fence, at=_now()):
                    session.rollback()
                    return Outcome.LOST
                effect(session)
                woken = outbox.take_woken(session)
    except Refused as refusal:
        return _give_up(context, job, str(refusal), is_final=True)
    except Exception as error:
        log.exception("job %s (%s) failed, attempt %s", job.id, job.kind, job.attempts)
        return _give_up(context, job, f"{type(error).__name__}: {error}", is_final=False)
    if is_waking:
        wake(context, woken)
    return Outcome.DONE


def run_pending(context: AppContext) -> Tally:
    """Do due jobs one after another until none is left, those added meanwhile included."""
    tally = Tally()
    tried: set[int] = set()
    while True:
        with acting(context.sessions, SYSTEM) as session:
            ids = [job_id for job_id in outbox.due(session, at=_now()) if job_id not in tried]
        if not ids:
            return tally
        for job_id in ids:
            tried.add(job_id)
            tally.add(perform(context, job_id, is_waking=False), job_id)


def complete(context: AppContext, job_id: int, *, patience: float = 3600.0) -> JobStatus:
    """Do one job here, or wait for the worker that has it; return its last status."""
    deadline = time.monotonic() + patience
    while True:
        perform(context, job_id, is_waking=False)
        with context.engine.execution_options(readonly=True).connect() as connection:
            status = connection.execute(OutboxJob.__table__.select().where(OutboxJob.id == job_id)).one().status
        if status in (JobStatus.DONE, JobStatus.DEAD) or time.monotonic() > deadline:
            return status
        time.sleep(0.5)


def _give_up(context: AppContext, job: OutboxJob, error: str, *, is_final: bool) -> Outcome:
    with acting(context.sessions, SYSTEM) as session:
        is_dead = outbox.fail(session, job.id, job.fence, error, at=_now(), is_final=is_final)
        if is_dead and job.kind in ON_DEAD:
            ON_DEAD[job.kind](session, job.subject_id, error)
    return Outcome.DEAD if is_dead else Outcome.RETRY


class _Renewal:
    """Keeps a claim alive while the handler works."""

    def __init__(self, context: AppContext, job_id: int, fence: int) -> None:
        self._context, self._job_id, self._fence = context, job_id, fence
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._renew, name=f"lease-{job_id}", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join(timeout=35)

    def _renew(self) -> None:
        while not self._stopped.wait(RENEW_EVERY):
            try:
                with self._context.engine.begin() as connection:
                    kept = connection.execute(
                        update(OutboxJob)
                        .where(
                            OutboxJob.id == self._job_id,
                            OutboxJob.fence == self._fence,
                            OutboxJob.status == JobStatus.RUNNING,
                        )
                        .values(lease_until=_now() + LEASE)
                    ).rowcount
                if not kept:
                    return
            except Exception:
                log.warning("lease of job %s not renewed (process %s)", self._job_id, os.getpid(), exc_info=True)


def _now() -> datetime:
    return datetime.now(UTC)
