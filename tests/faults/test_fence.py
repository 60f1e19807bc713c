"""The outbox without processes: claims, fences and leases, moment by moment."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.bench.fault_stage import AT, Stage, set_stage
from app.bench.verify import verify
from app.context import AppContext
from app.database import acting
from app.jobs.work import Outcome, perform
from app.models import InboxNote, JobEffect, OutboxJob
from app.policy import SYSTEM
from app.terms import JobStatus
from app.workflows import outbox
from app.workflows.engine import fire
from app.workflows.handlers import HANDLERS, note_move

LEASE = outbox.LEASE["default"]
SECOND = timedelta(seconds=1)


@pytest.fixture
def stage(context: AppContext) -> Stage:
    return set_stage(context)


@pytest.fixture
def job_id(stage: Stage) -> int:
    """A job that waits: one move of one case."""
    (case_id,) = stage.add_cases(1)
    with acting(stage.context.sessions, stage.actor) as session:
        fire(session, case_id, "interview", actor=stage.actor, at=AT, expected_version=0, request_id="only")
        (job_id,) = outbox.take_woken(session)
    return job_id


def claim(context: AppContext, job_id: int, at: datetime) -> int | None:
    """Fence of a claim that succeeded."""
    with acting(context.sessions, SYSTEM) as session:
        job = outbox.claim(session, job_id, at=at)
        return job.fence if job else None


def due(context: AppContext, at: datetime) -> list[int]:
    with acting(context.sessions, SYSTEM) as session:
        return list(outbox.due(session, at=at))


def finish_with_note(context: AppContext, job_id: int, fence: int, at: datetime) -> bool:
    with acting(context.sessions, SYSTEM) as session:
        if not outbox.finish(session, job_id, fence, at=at):
            return False
        job = session.get(OutboxJob, job_id)
        assert job is not None
        note_move(context, job)(session)
        return True


def test_worker_that_returns_late_leaves_no_effect(context: AppContext, job_id: int):
    late = claim(context, job_id, AT)
    second = claim(context, job_id, AT + LEASE + SECOND)
    assert (late, second) == (1, 2)

    assert finish_with_note(context, job_id, second, AT + LEASE + 2 * SECOND)
    assert not finish_with_note(context, job_id, late, AT + LEASE + 3 * SECOND)

    assert verify(context, acknowledged={"only"}, is_settled=True) == []


def test_late_worker_leaves_no_effect_while_the_second_still_works(context: AppContext, job_id: int):
    late, second = claim(context, job_id, AT), claim(context, job_id, AT + LEASE + SECOND)

    assert late is not None
    assert not finish_with_note(context, job_id, late, AT + LEASE + 2 * SECOND)
    assert second is not None
    assert finish_with_note(context, job_id, second, AT + LEASE + 3 * SECOND)

    assert verify(context, is_settled=True) == []


def test_runner_drops_the_effect_of_a_job_that_was_taken_over(
    context: AppContext, job_id: int, monkeypatch: pytest.MonkeyPatch
):
    outcomes = []

    def overtaken(context: AppContext, job: OutboxJob):
        if not outcomes:
            outcomes.append(None)
            with context.engine.begin() as connection:  # the machine slept, and its lease ran out meanwhile
                connection.execute(update(OutboxJob).values(lease_until=AT - timedelta(days=1)))
            outcomes[0] = perform(context, job.id)
        return note_move(context, job)

    monkeypatch.setitem(HANDLERS, "case_moved", overtaken)
    outcome = perform(context, job_id)

    assert (outcome, outcomes) == (Outcome.LOST, [Outcome.DONE])
    with acting(context.sessions, SYSTEM) as session:
        assert len(session.scalars(select(InboxNote)).all()) == 1
        assert len(session.scalars(select(JobEffect)).all()) == 1
    assert verify(context, is_settled=True) == []


def test_effect_that_fails_takes_its_proof_with_it(context: AppContext, job_id: int, monkeypatch: pytest.MonkeyPatch):
    def half(context: AppContext, job: OutboxJob):
        def keep(session: Session) -> None:
            note_move(context, job)(session)
            session.flush()
            raise RuntimeError("the effect broke off")

        return keep

    monkeypatch.setitem(HANDLERS, "case_moved", half)

    assert perform(context, job_id) is Outcome.RETRY
    assert verify(context) == []
    with acting(context.sessions, SYSTEM) as session:
        assert session.scalars(select(InboxNote)).all() == []


def test_claim_lives_until_its_lease_ends_and_not_longer(context: AppContext, job_id: int):
    assert claim(context, job_id, AT) == 1

    assert claim(context, job_id, AT + LEASE - SECOND) is None
    assert due(context, AT + LEASE - SECOND) == []
    assert due(context, AT + LEASE + SECOND) == [job_id]
    assert claim(context, job_id, AT + LEASE + SECOND) == 2


def test_finished_job_cannot_be_finished_or_claimed_again(context: AppContext, job_id: int):
    fence = claim(context, job_id, AT)
    assert fence is not None
    assert finish_with_note(context, job_id, fence, AT + SECOND)

    assert not finish_with_note(context, job_id, fence, AT + 2 * SECOND)
    assert claim(context, job_id, AT + timedelta(days=30)) is None
    assert due(context, AT + timedelta(days=30)) == []
    assert verify(context, is_settled=True) == []


def test_failure_of_a_late_worker_does_not_disturb_the_second(context: AppContext, job_id: int):
    late, second = claim(context, job_id, AT), claim(context, job_id, AT + LEASE + SECOND)
    assert late is not None

    with acting(context.sessions, SYSTEM) as session:
        assert not outbox.fail(session, job_id, late, "поздно", at=AT + LEASE + 2 * SECOND, is_final=True)

    with acting(context.sessions, SYSTEM) as session:
        job = session.get(OutboxJob, job_id)
        assert job is not None
        assert (job.status, job.fence, job.error) == (JobStatus.RUNNING, second, None)


def test_one_of_simultaneous_claims_succeeds(context: AppContext, stage: Stage):
    for number, case_id in enumerate(stage.add_cases(20)):
        with acting(context.sessions, stage.actor) as session:
            fire(session, case_id, "interview", actor=stage.actor, at=AT, expected_version=0, request_id=f"c{number}")
            (job_id,) = outbox.take_woken(session)
        start = threading.Barrier(4)

        def run(job_id: int = job_id, start: threading.Barrier = start) -> int | None:
            start.wait(10)
            return claim(context, job_id, AT + SECOND)

        with ThreadPoolExecutor(4) as pool:
            fences = list(pool.map(lambda _: run(), range(4)))

        assert sorted(fences, key=lambda fence: fence is None) == [1, None, None, None]


def test_job_that_fails_eight_times_stops_and_can_be_set_going_again(context: AppContext, job_id: int):
    at, pauses = AT, []
    for _ in range(outbox.MAX_ATTEMPTS):
        fence = claim(context, job_id, at)
        assert fence is not None
        with acting(context.sessions, SYSTEM) as session:
            is_dead = outbox.fail(session, job_id, fence, "сбой", at=at)
        with acting(context.sessions, SYSTEM) as session:
            job = session.get(OutboxJob, job_id)
            assert job is not None
            pauses.append((job.next_try_at - at).total_seconds())
        assert due(context, at + timedelta(seconds=pauses[-1] - 1)) == []
        at += timedelta(minutes=10)

    assert is_dead
    assert pauses == [6, 12, 24, 48, 96, 192, 300, 300]
    assert due(context, at + timedelta(days=1)) == []
    with acting(context.sessions, SYSTEM) as session:
        assert outbox.retry(session, job_id, at=at)
    assert due(context, at) == [job_id]


def test_calls_that_keep_getting_lost_are_repeated_within_half_a_minute(context: AppContext, job_id: int):
    at, pauses = AT, []
    for _ in range(6):
        assert due(context, at) == [job_id]
        with acting(context.sessions, SYSTEM) as session:
            outbox.mark_woken(session, [job_id], at=at)
        with acting(context.sessions, SYSTEM) as session:
            job = session.get(OutboxJob, job_id)
            assert job is not None
            pauses.append((job.next_try_at - at).total_seconds())
            at = job.next_try_at

    assert pauses == [6, 12, 24, 24, 24, 24]
