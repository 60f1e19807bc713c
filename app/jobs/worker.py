"""A worker process: one queue, a forked child per job, and no fear of Redis going away."""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import signal
import time
from types import FrameType

import redis
from rq import Queue, Worker
from rq.exceptions import StopRequested
from rq.job import Job
from rq.serializers import JSONSerializer
from sqlalchemy.orm import configure_mappers

from app.context import AppContext
from app.parting import die_with_parent
from app.workflows.outbox import QUEUES

log = logging.getLogger(__name__)

# Done once in the parent, so that each child has it by fork instead of a three-second import.
PRELOADED = {"default": ("reportlab.platypus",), "heavy": ("pandas", "pyarrow.parquet", "scipy.stats")}

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 10.0


class OutboxWorker(Worker):
    """RQ's forking worker whose child dies with its parent, and which remembers that it was told to stop."""

    max_connection_wait_time = 5.0
    is_told_to_stop = False

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        self.is_told_to_stop = True
        super().request_stop(signum, frame)

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        die_with_parent(self.pid or 0)
        super().main_work_horse(job, queue)


def serve(context: AppContext, queue: str) -> None:
    """Work on `queue` until told to stop. Redis may go and come back meanwhile."""
    assert queue in QUEUES, queue
    for module in (*PRELOADED[queue], "app.jobs.work"):
        importlib.import_module(module)
    configure_mappers()
    context.engine.dispose(close=False)  # nothing opened here may reach a child
    pause = _FIRST_PAUSE
    while True:
        _stop_on_signal()
        started = time.monotonic()
        worker = None
        try:
            worker = OutboxWorker(
                [queue],
                name=f"{queue}-{os.getpid()}-{int(time.time() * 1000)}",
                connection=redis.Redis.from_url(context.settings.redis_url),
                serializer=JSONSerializer,
                worker_ttl=30,
                maintenance_interval=30,
                job_monitoring_interval=5,
                log_job_description=False,
            )
            worker.work(logging_level="WARNING")
        except redis.exceptions.RedisError as error:
            log.warning("worker %s: Redis is away (%s)", queue, error)
        except StopRequested:
            pass  # the signal came outside RQ's own loop
        _stop_on_signal()
        if worker is not None:
            _await_child(worker)
            if worker.is_told_to_stop:
                return
        pause = _FIRST_PAUSE if time.monotonic() - started > 60 else min(pause * 2, _LONGEST_PAUSE)
        time.sleep(pause)


def _await_child(worker: Worker) -> None:
    # A worker that lost Redis leaves its child at work. The child needs only the database: let it finish, then go on.
    if worker.horse_pid:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(worker.horse_pid, 0)


def _stop_on_signal() -> None:
    def stop(number: int, frame: FrameType | None) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
