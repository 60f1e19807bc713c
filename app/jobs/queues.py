"""RQ's queues: where ids wait for a worker. Only ids travel, as JSON; everything else is in the database."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy import select

from app.context import AppContext
from app.models import OutboxJob
from app.terms import JobStatus
from app.workflows.outbox import QUEUES

log = logging.getLogger(__name__)

FUNCTION = "app.jobs.work.run"
TIME_LIMIT = {"default": 120, "heavy": 1800}
"""Seconds after which RQ stops a job; the row then waits for its next try."""

_KEPT = 60  # seconds RQ remembers a failed call; the outbox row is what counts


def connect(url: str, *, timeout: float = 1.0) -> redis.Redis:
    """Connection for short questions: it fails fast, since the caller can live without an answer."""
    return redis.Redis.from_url(
        url, socket_connect_timeout=timeout, socket_timeout=timeout, retry=Retry(NoBackoff(), 0)
    )


def enqueue(context: AppContext, job_ids: Sequence[int]) -> int:
    """Put the pending ones of `job_ids` on their queues, unless they wait there already; return how many were put.

    The RQ job is named ``ob-<row>-<number of wakes>``, so that one wake makes one entry however often it is asked for.
    """
    readonly = context.engine.execution_options(readonly=True)
    with readonly.connect() as connection:
        rows = connection.execute(
            select(OutboxJob.id, OutboxJob.queue, OutboxJob.wakes).where(
                OutboxJob.id.in_(job_ids), OutboxJob.status.in_([JobStatus.PENDING, JobStatus.RUNNING])
            )
        ).all()
    try:
        with connect(context.settings.redis_url) as client:
            present = waiting(client)
            fresh = [row for row in rows if _name(row.id, row.wakes) not in present]
            for name in QUEUES:
                calls = [
                    Queue.prepare_data(
                        FUNCTION,
                        args=(row.id,),
                        job_id=_name(row.id, row.wakes),
                        timeout=TIME_LIMIT[name],
                        result_ttl=0,
                        failure_ttl=_KEPT,
                        description=f"outbox {row.id}",
                    )
                    for row in fresh
                    if row.queue == name
                ]
                if calls:
                    Queue(name, connection=client, serializer=JSONSerializer).enqueue_many(calls)
            return len(fresh)
    except redis.exceptions.RedisError as error:
        log.warning("Redis is away, jobs %s wait for the reconciler: %s", list(job_ids)[:20], error)
        return 0


def waiting(client: redis.Redis) -> set[str]:
    """Names of the RQ jobs that wait on a queue now."""
    names: set[str] = set()
    for queue in QUEUES:
        names.update(Queue(queue, connection=client).job_ids)
    return names


def not_waiting(context: AppContext, job_ids: Iterable[int]) -> list[int] | None:
    """Those of `job_ids` that no queue holds; None when Redis does not answer."""
    try:
        with connect(context.settings.redis_url) as client:
            rows = {int(name.split("-")[1]) for name in waiting(client) if name.startswith("ob-")}
    except redis.exceptions.RedisError:
        return None
    return [job_id for job_id in job_ids if job_id not in rows]


def _name(job_id: int, wakes: int) -> str:
    return f"ob-{job_id}-{wakes}"
