"""Trial without Redis: moves, uploads and pages go on while it is absent or hangs; the jobs wait in the database."""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import redis

from app import auth
from app.bench.fault_kills import Progress
from app.bench.fault_outbox import change
from app.bench.fault_stage import FaultReport, Stage, generator, set_stage
from app.bench.verify import verify
from app.context import AppContext
from app.database import acting
from app.jobs import run_pending
from app.models import User
from app.parting import die_with_parent
from app.policy import SYSTEM
from app.supervisor import valkey_command

LONGEST_DELAY = 3.0
"""Seconds that a hanging Redis may add to one change."""


def work_without_redis(
    context: AppContext, *, changes: int, seed: int, progress: Progress | None = None
) -> FaultReport:
    """Move cases and fetch pages with Redis absent, then hanging; then do the jobs that waited."""
    report = FaultReport("redis_down", context.engine.dialect.name, seed)
    rng, stage = generator(seed), set_stage(context)
    stage.add_cases(20)
    acknowledged: set[str] = set()
    numbers = itertools.count()
    logging.getLogger("app.jobs.queues").setLevel(logging.ERROR)  # a warning for each change says nothing new here
    try:
        _change_many(stage, rng, changes, numbers, acknowledged, report, "absent")
        _walk(stage, report, "absent")
        with _hanging(context):
            _change_many(stage, rng, max(changes // 10, 2), numbers, acknowledged, report, "hanging")
            _walk(stage, report, "hanging")
        if progress:
            progress("без Redis", 0.8)
        tally = run_pending(context)
    finally:
        logging.getLogger("app.jobs.queues").setLevel(logging.NOTSET)
    report.counts["jobs_done_afterwards"] = sum(len(ids) for ids in tally.jobs.values())
    report.violations += verify(context, acknowledged=acknowledged, is_settled=True)
    return report


def _change_many(
    stage: Stage, rng: random.Random, changes: int, numbers: Iterator[int], acknowledged: set[str], report: FaultReport,
    when: str,
) -> None:  # fmt: skip
    slowest = 0.0
    for _ in range(changes):
        started = time.monotonic()
        change(stage, rng, f"redis-{next(numbers)}", acknowledged)
        slowest = max(slowest, time.monotonic() - started)
        report.add(f"changes_{when}")
    report.counts[f"slowest_change_{when}_ms"] = round(1000 * slowest)
    if slowest > LONGEST_DELAY:
        report.violations.append(f"Redis {when}: a change took {slowest:.1f} s")


def _walk(stage: Stage, report: FaultReport, when: str) -> None:
    """Fetch every page that a signed-in person can open; none may fail because Redis is away."""
    from app.web import create_app

    app = create_app(stage.context)
    with acting(stage.context.sessions, SYSTEM) as session:
        user = session.get(User, stage.actor.user_id)
        assert user is not None
        key = auth.open_session(session, user, at=datetime.now(UTC))
    client = app.test_client()
    client.set_cookie("obektiv", key)
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.endpoint.endswith("static"):
            continue
        with app.test_request_context():
            try:
                url = rule.build(dict.fromkeys(rule.arguments, 1))
            except Exception:  # a converter that takes no number
                report.add("rules_not_built")
                continue
        if url is None:
            continue
        status = client.get(url[1]).status_code
        report.add(f"pages_{when}")
        if status >= 500:
            report.violations.append(f"Redis {when}: {url[1]} answers {status}")


@contextmanager
def _hanging(context: AppContext) -> Iterator[None]:
    """A Valkey that accepts connections and answers nothing."""
    socket = Path(context.settings.redis_url.removeprefix("unix://"))
    parent = os.getpid()
    server = subprocess.Popen(
        valkey_command(context.settings.home / "valkey", socket),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: die_with_parent(parent),
    )
    try:
        with redis.Redis(unix_socket_path=str(socket)) as client:
            for _ in range(250):
                with contextlib.suppress(redis.exceptions.RedisError):
                    client.ping()
                    break
                time.sleep(0.02)
        server.send_signal(signal.SIGSTOP)
        yield
    finally:
        server.kill()
        server.wait()
        socket.unlink(missing_ok=True)
