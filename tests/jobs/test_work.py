"""One job: claimed once, its effect kept once, its failures counted."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from app.context import AppContext
from app.database import acting
from app.errors import Reason, Refused
from app.jobs import run_pending, work
from app.jobs.work import Outcome, perform
from app.models import JobEffect
from app.policy import SYSTEM
from app.terms import JobStatus
from app.workflows import outbox
from app.workflows.handlers import HANDLERS
from tests.jobs.conftest import notes, row


@pytest.fixture
def handle(monkeypatch: pytest.MonkeyPatch):
    """Puts another handler behind `case_moved` for the test."""
    return lambda handler: monkeypatch.setitem(HANDLERS, "case_moved", handler)


def test_job_leaves_its_effect_once_however_often_it_is_called(context: AppContext, make_jobs):
    (job_id,) = make_jobs(context, 1)

    outcomes = [perform(context, job_id, is_waking=False) for _ in range(3)]

    assert outcomes == [Outcome.DONE, Outcome.TAKEN, Outcome.TAKEN]
    assert notes(context) == 1
    with acting(context.sessions, SYSTEM) as session:
        assert session.get(JobEffect, job_id) is not None


def test_unknown_job_is_nobodys(context: AppContext):
    assert perform(context, 404, is_waking=False) is Outcome.TAKEN


def test_failed_job_waits_and_keeps_the_reason(context: AppContext, make_jobs, handle):
    (job_id,) = make_jobs(context, 1)
    handle(lambda context, job: 1 / 0)

    outcome = perform(context, job_id, is_waking=False)

    job = row(context, job_id)
    assert outcome is Outcome.RETRY
    assert job.status is JobStatus.PENDING
    assert "ZeroDivisionError" in job.error
    assert job.next_try_at > datetime.now(UTC) + timedelta(seconds=4)


def test_refused_job_is_dead_at_once_with_the_reason(context: AppContext, make_jobs, handle):
    def refuse(context, job):
        raise Refused(Reason("no", "нельзя"))

    (job_id,) = make_jobs(context, 1)
    handle(refuse)

    outcome = perform(context, job_id, is_waking=False)

    assert outcome is Outcome.DEAD
    assert row(context, job_id).status is JobStatus.DEAD
    assert row(context, job_id).error == "нельзя"


def test_job_dies_after_eight_failures(sqlite_context: AppContext, make_jobs, handle):
    (job_id,) = make_jobs(sqlite_context, 1)
    handle(lambda context, job: 1 / 0)

    outcomes = [perform(sqlite_context, job_id, is_waking=False) for _ in range(9)]

    assert outcomes == [Outcome.RETRY] * 7 + [Outcome.DEAD, Outcome.TAKEN]


def test_job_whose_worker_dies_every_time_is_given_up(sqlite_context: AppContext, make_jobs):
    (job_id,) = make_jobs(sqlite_context, 1)
    long_ago = datetime.now(UTC) - timedelta(hours=9)
    for tries in range(outbox.MAX_ATTEMPTS):
        with acting(sqlite_context.sessions, SYSTEM) as session:
            assert outbox.claim(session, job_id, at=long_ago + timedelta(hours=tries)) is not None

    outcome = perform(sqlite_context, job_id, is_waking=False)

    assert outcome is Outcome.DEAD
    assert notes(sqlite_context) == 0


def test_worker_that_lost_its_lease_leaves_no_effect(context: AppContext, make_jobs, handle):
    real = HANDLERS["case_moved"]

    def overtaken(context: AppContext, job):
        with acting(context.sessions, SYSTEM) as session:
            assert outbox.claim(session, job.id, at=datetime.now(UTC) + timedelta(hours=1)) is not None
        return real(context, job)

    (job_id,) = make_jobs(context, 1)
    handle(overtaken)

    outcome = perform(context, job_id, is_waking=False)

    assert outcome is Outcome.LOST
    assert notes(context) == 0
    assert row(context, job_id).status is JobStatus.RUNNING


def test_effect_that_fails_half_way_keeps_nothing(context: AppContext, make_jobs, handle):
    real = HANDLERS["case_moved"]

    def half(context: AppContext, job):
        effect = real(context, job)

        def keep(session):
            effect(session)
            session.flush()
            raise RuntimeError("места нет")

        return keep

    (job_id,) = make_jobs(context, 1)
    handle(half)

    outcome = perform(context, job_id, is_waking=False)

    assert outcome is Outcome.RETRY
    assert notes(context) == 0
    with acting(context.sessions, SYSTEM) as session:
        assert session.get(JobEffect, job_id) is None


def test_lease_is_renewed_while_the_handler_works(context: AppContext, make_jobs, handle, monkeypatch):
    monkeypatch.setattr(work, "LEASE", timedelta(seconds=0.6))
    monkeypatch.setattr(work, "RENEW_EVERY", 0.1)
    stolen = []

    def slow(context: AppContext, job):
        for _ in range(6):
            time.sleep(0.2)
            with acting(context.sessions, SYSTEM) as session:
                stolen.append(outbox.claim(session, job.id, at=datetime.now(UTC)))
        return lambda session: None

    (job_id,) = make_jobs(context, 1)
    handle(slow)

    outcome = perform(context, job_id, is_waking=False)

    assert outcome is Outcome.DONE
    assert stolen == [None] * 6


def test_jobs_added_by_a_job_are_done_in_the_same_sweep(context: AppContext, make_jobs, handle, at):
    real = HANDLERS["case_moved"]

    def twice(context: AppContext, job):
        effect = real(context, job)

        def keep(session):
            effect(session)
            if not job.payload.get("second"):
                outbox.add(session, "case_moved", 1, at=at, payload={**job.payload, "second": True})

        return keep

    make_jobs(context, 2)
    handle(twice)

    tally = run_pending(context)

    assert tally.count(Outcome.DONE) == 4
    assert notes(context) == 4


def test_sweep_tries_a_failing_job_once_and_goes_on(context: AppContext, make_jobs):
    bad, good = make_jobs(context, 2)
    with acting(context.sessions, SYSTEM) as session:
        session.get_one(outbox.OutboxJob, bad).payload = {"event_id": 404}

    tally = run_pending(context)

    assert tally.jobs == {Outcome.RETRY: [bad], Outcome.DONE: [good]}
