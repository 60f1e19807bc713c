"""Calling workers: at once through Redis, later through the reconciler, never twice for nothing."""

from __future__ import annotations

import dataclasses
import time
from datetime import UTC, datetime, timedelta

import pytest
import redis

from app.context import AppContext
from app.database import WAL_LIMIT, acting
from app.errors import Misconfigured
from app.jobs import wake
from app.jobs.queues import connect, waiting
from app.jobs.reconciler import anchor, anchors_folder, checkpoint_if_large, only_one, wake_due
from app.policy import SYSTEM
from app.workflows import journal, outbox
from tests.jobs.conftest import row


@pytest.fixture
def site(sqlite_context: AppContext, redis_url: str) -> AppContext:
    return _with_redis(sqlite_context, redis_url)


def test_wake_puts_each_row_on_its_queue_once(site: AppContext, make_jobs):
    ids = make_jobs(site, 3)

    wake(site, ids)
    wake(site, ids)

    with connect(site.settings.redis_url) as client:
        assert client.lrange("rq:queue:default", 0, -1) == [f"ob-{job_id}-0".encode() for job_id in ids]


def test_wake_without_redis_is_silent_and_quick(sqlite_context: AppContext, make_jobs, tmp_path):
    away = _with_redis(sqlite_context, f"unix://{tmp_path}/nobody.sock")
    ids = make_jobs(away, 1)

    started = time.monotonic()
    wake(away, ids)

    assert time.monotonic() - started < 1


def test_finished_jobs_are_not_put_on_a_queue(site: AppContext, make_jobs):
    ids = make_jobs(site, 1)
    from app.jobs.work import perform

    perform(site, ids[0], is_waking=False)
    wake(site, ids)

    with connect(site.settings.redis_url) as client:
        assert waiting(client) == set()


def test_reconciler_wakes_what_redis_has_lost(site: AppContext, make_jobs):
    ids = make_jobs(site, 3)
    wake(site, ids)
    redis.Redis.from_url(site.settings.redis_url).flushall()

    woken = wake_due(site)

    with connect(site.settings.redis_url) as client:
        assert waiting(client) == {f"ob-{job_id}-1" for job_id in ids}
    assert woken == 3


def test_reconciler_leaves_rows_that_wait_on_a_queue(site: AppContext, make_jobs):
    ids = make_jobs(site, 3)
    wake(site, ids)

    assert wake_due(site) == 0
    assert row(site, ids[0]).wakes == 0


def test_reconciler_pauses_longer_with_each_call(site: AppContext, make_jobs):
    (job_id,) = make_jobs(site, 1)
    client = redis.Redis.from_url(site.settings.redis_url)
    pauses = []

    for _ in range(3):
        with acting(site.sessions, SYSTEM) as session:
            session.get_one(outbox.OutboxJob, job_id).next_try_at = datetime.now(UTC)
        wake_due(site)
        pauses.append(round((row(site, job_id).next_try_at - datetime.now(UTC)).total_seconds()))
        assert wake_due(site) == 0
        client.flushall()

    assert pauses == [6, 12, 24]


def test_reconciler_does_not_count_calls_while_redis_is_away(sqlite_context: AppContext, make_jobs, tmp_path):
    away = _with_redis(sqlite_context, f"unix://{tmp_path}/nobody.sock")
    (job_id,) = make_jobs(away, 1)

    assert wake_due(away) == 0
    assert row(away, job_id).wakes == 0


def test_reconciler_wakes_for_a_row_whose_worker_died(site: AppContext, make_jobs):
    (job_id,) = make_jobs(site, 1)
    with acting(site.sessions, SYSTEM) as session:
        outbox.claim(session, job_id, at=datetime.now(UTC) - timedelta(hours=1))

    assert wake_due(site) == 1


def test_second_scheduler_of_an_installation_is_refused(context: AppContext):
    with only_one(context), pytest.raises(Misconfigured, match="уже работает"), only_one(context):
        pass


def test_anchor_is_written_outside_the_database(context: AppContext, at):
    with acting(context.sessions, SYSTEM) as session:
        journal.append(session, actor=SYSTEM, at=at, action="case:open", subject="case")

    anchor(context)

    assert [kept.seq for kept in journal.read_anchors(anchors_folder(context))] == [1]


def test_scheduler_checkpoints_a_grown_wal_and_the_next_writer_cuts_it(sqlite_context: AppContext, at):
    with sqlite_context.engine.connect() as reader:
        reader.exec_driver_sql("SELECT 1")
        reader.rollback()
        with acting(sqlite_context.sessions, SYSTEM) as session:
            for _ in range(40):
                journal.append(
                    session, actor=SYSTEM, at=at, action="a:b", subject="c", facts={"x": "y" * 50_000}, reason="r"
                )
        wal = sqlite_context.settings.home / "obektiv.db-wal"
        before = wal.stat().st_size

        done = checkpoint_if_large(sqlite_context)

        assert before > WAL_LIMIT
        assert done
        with acting(sqlite_context.sessions, SYSTEM) as session:
            journal.append(session, actor=SYSTEM, at=at, action="a:b", subject="c")
        assert wal.stat().st_size <= WAL_LIMIT
        assert not checkpoint_if_large(sqlite_context)


def _with_redis(context: AppContext, url: str) -> AppContext:
    return dataclasses.replace(context, settings=dataclasses.replace(context.settings, redis_url=url))
