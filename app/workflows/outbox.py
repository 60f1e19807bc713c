"""The outbox: what is to be done after a commit, claimed with a fence, finished in one transaction with its effect.

Redis may be lost at any moment. A row waits here until a worker's claim, a guarded UPDATE that raises `fence`,
succeeds; only the holder of the current fence may finish it, so a worker that comes back late finds its work taken and
leaves no effect.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, or_, select, update
from sqlalchemy.orm import Session

from app.models import JobEffect, OutboxJob
from app.terms import JobStatus

QUEUE_OF = {
    "bulk_decision": "default",
    "bulk_withdraw": "default",
    "apply_plan": "default",
    "case_moved": "default",
    "cases_led": "default",
    "issue_document": "default",
    "draw_recheck": "default",
    "find_low_results": "heavy",
    "change_calendar": "heavy",
    "link_scales": "heavy",
    "migrate_cases": "default",
    "read_upload": "heavy",
    "screen_year": "heavy",
    "undo_migration": "default",
    "day_round": "default",
    "send_digest": "default",
    "tell_of_absence": "default",
    "tell_of_pair": "default",
    "tell_of_work": "default",
    "solve_plan": "heavy",
}
"""Kind of job → queue; one worker process serves one queue."""

QUEUES = ("default", "heavy")
LEASE = {"default": timedelta(minutes=2), "heavy": timedelta(minutes=20)}
MAX_ATTEMPTS = 8
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=6), timedelta(minutes=5)
_LONGEST_WAKE_PAUSE = timedelta(seconds=24)
"""A lost call is nobody's failure: a job whose calls keep getting lost must still be done within a minute of the last
loss. Calls are cheap, and a row that waits on its queue is not called again."""


def add(
    session: Session, kind: str, subject_id: int, *, at: datetime, payload: dict[str, Any] | None = None
) -> OutboxJob:
    """Add a job in the caller's transaction: it exists if and only if the change that asks for it does."""
    return add_all(session, kind, [(subject_id, payload or {})], at=at)[0]


def add_all(
    session: Session, kind: str, subjects: Iterable[tuple[int, dict[str, Any]]], *, at: datetime
) -> list[OutboxJob]:
    """Add a job of one kind for each subject and its payload, in one statement."""
    pause = session.info.get("outbox_pause", timedelta(0))
    jobs = [
        OutboxJob(
            kind=kind,
            queue=QUEUE_OF[kind],
            subject_id=subject_id,
            payload=payload,
            next_try_at=at + pause,
            created_at=at,
        )
        for subject_id, payload in subjects
    ]
    session.add_all(jobs)
    session.flush()
    session.info.setdefault("held_back" if pause else "to_wake", []).extend(job.id for job in jobs)
    return jobs


@contextmanager
def held_back(session: Session, pause: timedelta) -> Iterator[list[int]]:
    """What is added inside waits `pause` before its first try; gives the ids of the jobs held back."""
    session.info["outbox_pause"] = pause
    ids: list[int] = session.info.setdefault("held_back", [])
    ids.clear()
    try:
        yield ids
    finally:
        session.info.pop("outbox_pause")


def set_going(session: Session, job_ids: Sequence[int], *, at: datetime) -> None:
    """Give jobs that were called off back to the workers."""
    _update(
        session,
        update(OutboxJob)
        .where(OutboxJob.id.in_(job_ids), OutboxJob.status == JobStatus.CALLED_OFF)
        .values(status=JobStatus.PENDING, next_try_at=at),
    )


def call_off(session: Session, job_ids: Sequence[int]) -> list[int]:
    """Call off the jobs that no worker has begun; return their ids."""
    return [
        job_id
        for job_id in job_ids
        if _update(
            session,
            update(OutboxJob)
            .where(OutboxJob.id == job_id, OutboxJob.status == JobStatus.PENDING)
            .values(status=JobStatus.CALLED_OFF, fence=OutboxJob.fence + 1),
        ).rowcount
        == 1
    ]


def claim(session: Session, job_id: int, *, at: datetime) -> OutboxJob | None:
    """Take a pending job (or one whose lease ran out); None when another worker has it or it is done."""
    job = session.get(OutboxJob, job_id)
    if job is None:
        return None
    result = _update(
        session,
        update(OutboxJob)
        .where(
            OutboxJob.id == job_id,
            OutboxJob.fence == job.fence,
            or_(
                OutboxJob.status == JobStatus.PENDING,
                (OutboxJob.status == JobStatus.RUNNING) & (OutboxJob.lease_until < at),
            ),
        )
        .values(
            status=JobStatus.RUNNING,
            fence=job.fence + 1,
            attempts=OutboxJob.attempts + 1,
            lease_until=at + LEASE[job.queue],
        ),
    )
    if result.rowcount != 1:
        return None
    session.refresh(job)
    return job


def finish(session: Session, job_id: int, fence: int, *, at: datetime) -> bool:
    """Mark the job done and leave proof of its effect; False when the fence has moved on and nothing may be kept."""
    result = _update(
        session,
        update(OutboxJob)
        .where(OutboxJob.id == job_id, OutboxJob.fence == fence, OutboxJob.status == JobStatus.RUNNING)
        .values(status=JobStatus.DONE, done_at=at, lease_until=None, error=None),
    )
    if result.rowcount != 1:
        return False
    session.add(JobEffect(outbox_id=job_id, at=at))
    session.flush()
    return True


def fail(session: Session, job_id: int, fence: int, error: str, *, at: datetime, is_final: bool = False) -> bool:
    """Give the job back with a pause that doubles, or stop it for good; True when it is dead now."""
    job = session.get(OutboxJob, job_id, populate_existing=True)
    if job is None or job.fence != fence or job.status is not JobStatus.RUNNING:
        return False
    is_dead = is_final or job.attempts >= MAX_ATTEMPTS
    _update(
        session,
        update(OutboxJob)
        .where(OutboxJob.id == job_id, OutboxJob.fence == fence, OutboxJob.status == JobStatus.RUNNING)
        .values(
            status=JobStatus.DEAD if is_dead else JobStatus.PENDING,
            lease_until=None,
            error=error[:4000],
            next_try_at=at + _pause(job.attempts),
        ),
    )
    return is_dead


def due(session: Session, *, at: datetime, limit: int = 200) -> Sequence[int]:
    """Ids of the jobs a worker should be woken for, oldest first."""
    return session.scalars(
        select(OutboxJob.id)
        .where(
            or_(
                (OutboxJob.status == JobStatus.PENDING) & (OutboxJob.next_try_at <= at),
                (OutboxJob.status == JobStatus.RUNNING) & (OutboxJob.lease_until < at) & (OutboxJob.next_try_at <= at),
            )
        )
        .order_by(OutboxJob.id)
        .limit(limit)
    ).all()


def mark_woken(session: Session, job_ids: Sequence[int], *, at: datetime) -> None:
    """Note that a worker was called, so that the next call for the same row waits longer."""
    for job in session.scalars(select(OutboxJob).where(OutboxJob.id.in_(job_ids))):
        _update(
            session,
            update(OutboxJob)
            .where(OutboxJob.id == job.id, OutboxJob.status.in_([JobStatus.PENDING, JobStatus.RUNNING]))
            .values(wakes=OutboxJob.wakes + 1, next_try_at=at + min(_pause(job.wakes + 1), _LONGEST_WAKE_PAUSE)),
        )


def retry(session: Session, job_id: int, *, at: datetime) -> bool:
    """Set a dead job going again; False when it is not dead."""
    result = _update(
        session,
        update(OutboxJob)
        .where(OutboxJob.id == job_id, OutboxJob.status == JobStatus.DEAD)
        .values(status=JobStatus.PENDING, attempts=0, wakes=0, next_try_at=at, error=None),
    )
    return result.rowcount == 1


def take_woken(session: Session) -> list[int]:
    """Ids of the jobs added through `session` since the last call; the edge wakes workers for them after its commit."""
    return session.info.pop("to_wake", [])


def _pause(times: int) -> timedelta:
    return min(_FIRST_PAUSE * 2 ** max(times - 1, 0), _LONGEST_PAUSE)


def _update(session: Session, statement: Any) -> CursorResult[Any]:
    return session.execute(statement.execution_options(synchronize_session=False))  # type: ignore[return-value]
