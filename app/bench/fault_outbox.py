"""Chaos of the outbox: real RQ workers, scheduler and Valkey, killed at random while moves and uploads go on.

What is acknowledged must be done once: no job lost, no effect kept twice, and all of it settled within a minute after
the last fault.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import redis
from sqlalchemy import func, select

from app.bench.fault_kills import Progress
from app.bench.fault_roles import EFFECT
from app.bench.fault_stage import FaultReport, Stage, environment, generator, legal_trigger, set_stage
from app.bench.verify import verify
from app.context import AppContext
from app.database import acting
from app.jobs import wake
from app.models import Case, JournalEntry, OutboxJob
from app.parting import die_with_parent
from app.policy import SYSTEM
from app.supervisor import valkey_command
from app.terms import JobStatus
from app.workflows.engine import fire
from app.workflows.intake import receive_upload
from app.workflows.outbox import QUEUES, take_woken

PATIENCE = 60.0
"""Seconds after the last fault within which everything must be done."""

_LOST_AFTER = 300.0  # seconds after which a job that still waits is called lost and not only late
_MOST_WAITING = 40  # jobs; more are not added while so many wait, so that recovery is measured and not throughput

_FAULTS = {"worker": 4, "horse": 4, "valkey": 2, "flushall": 2, "scheduler": 1}
"""Fault → weight."""


class Troupe:
    """The processes of an installation, restarted by the trial as soon as they fall."""

    def __init__(self, context: AppContext, *, lease: float, slowness: float) -> None:
        self._socket = Path(context.settings.redis_url.removeprefix("unix://"))
        self._log = (context.settings.home / "trial.log").open("ab")
        self._environment = {
            **environment(context),
            "TRIAL_LEASE": str(lease),
            "TRIAL_SLOWNESS": str(slowness),
        }
        valkey = valkey_command(context.settings.home / "valkey", self._socket)
        roles = {"scheduler": ["scheduler"], **{f"worker {queue}": ["worker", queue] for queue in QUEUES}}
        self._commands = {"valkey": valkey} | {
            name: [sys.executable, "-P", "-m", "app.bench.fault_roles", *words] for name, words in roles.items()
        }
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.restarts = 0

    def keep_alive(self) -> None:
        for name, command in self._commands.items():
            process = self._processes.get(name)
            if process is not None and process.poll() is None:
                continue
            self.restarts += process is not None
            parent = os.getpid()
            self._processes[name] = subprocess.Popen(
                command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=self._log,
                preexec_fn=lambda parent=parent: die_with_parent(parent),  # type: ignore[misc]
            )
            if name == "valkey":
                self.await_valkey()

    def await_valkey(self) -> None:
        for _ in range(250):
            with contextlib.suppress(redis.exceptions.RedisError), self.redis() as client:
                client.ping()
                return
            time.sleep(0.02)
        raise RuntimeError("Valkey has not come up within 5 s")

    def redis(self) -> redis.Redis:
        return redis.Redis(unix_socket_path=str(self._socket), socket_timeout=2)

    def strike(self, fault: str, rng: random.Random) -> bool:
        """Do one fault; False when there was nothing to hit."""
        queue = rng.choice(QUEUES)
        if fault == "flushall":
            try:
                with self.redis() as client:
                    client.flushall()
            except redis.exceptions.RedisError:
                return False
            return True
        if fault == "horse":
            return self._kill_horse(queue)
        process = self._processes[f"worker {queue}" if fault == "worker" else fault]
        if process.poll() is not None:
            return False
        process.kill()
        process.wait()
        return True

    def stop(self) -> None:
        for process in self._processes.values():
            process.kill()
        for process in self._processes.values():
            process.wait()
        self._log.close()

    def _kill_horse(self, queue: str) -> bool:
        deadline = time.monotonic() + 0.5
        pid = self._processes[f"worker {queue}"].pid
        while time.monotonic() < deadline:
            try:
                children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
                if children:
                    os.kill(int(children[0]), signal.SIGKILL)
                    return True
            except (FileNotFoundError, ProcessLookupError):
                return False
            time.sleep(0.005)
        return False


@contextmanager
def troupe(context: AppContext, *, lease: float, slowness: float) -> Iterator[Troupe]:
    """All processes over one installation; killed at the end."""
    players = Troupe(context, lease=lease, slowness=slowness)
    try:
        players.keep_alive()
        yield players
    finally:
        players.stop()


def chaos(
    context: AppContext,
    *,
    kills: int,
    seed: int,
    pause: tuple[float, float] = (0.4, 1.2),
    lease: float = 4.0,
    slowness: float = 0.3,
    rate: float = 6.0,
    progress: Progress | None = None,
) -> FaultReport:
    """Move cases and receive uploads while processes die; then wait until the outbox is settled, and look.

    Parameters
    ----------
    context : AppContext
        A migrated, empty installation.
    kills : int
        Faults to do.
    seed : int
        Draws faults, pauses and moves.
    pause : (float, float)
        Seconds between two faults, drawn uniformly.
    lease : float
        Seconds a claim lives unrenewed in these workers; 0 keeps the product's own.
    slowness : float
        Longest pause, s, inside a job.
    rate : float
        Changes a second.
    progress : callable, optional
        Called with a stage and a share.
    """
    report = FaultReport("chaos", context.engine.dialect.name, seed)
    report.counts["lease_s"] = lease or "product"
    rng = generator(seed)
    stage = set_stage(context)
    acknowledged: set[str] = set()
    numbers = itertools.count()
    with troupe(context, lease=lease, slowness=slowness) as players:
        _warm_up(stage, players, acknowledged)
        next_fault = time.monotonic() + rng.uniform(*pause)
        next_change = time.monotonic()
        while report.counts.get("kills", 0) < kills:
            players.keep_alive()
            now = time.monotonic()
            if now >= next_change:
                if _waiting(context) < _MOST_WAITING:
                    change(stage, rng, f"{seed}-{next(numbers)}", acknowledged)
                next_change = now + rng.expovariate(rate)
            if now >= next_fault:
                fault = rng.choices(list(_FAULTS), list(_FAULTS.values()))[0]
                if players.strike(fault, rng):
                    report.add("kills")
                    report.add(f"kills_{fault}")
                next_fault = now + rng.uniform(*pause)
                if progress:
                    progress("хаос очереди", report.counts.get("kills", 0) / kills)
            time.sleep(0.01)
        report.counts["settled_after_s"] = _await_settled(context, players)
        report.counts["restarts"] = players.restarts
    _count(context, report)
    if report.counts["settled_after_s"] is None or report.counts["settled_after_s"] > PATIENCE:
        report.violations.append(f"not settled within {PATIENCE:.0f} s: {report.counts['settled_after_s']}")
    report.violations += verify(context, acknowledged=acknowledged, is_settled=True)
    return report


def _warm_up(stage: Stage, players: Troupe, acknowledged: set[str]) -> None:
    """Wait until the workers do jobs: a fault on a process that still starts shows little."""
    change(stage, generator(1), "warm-0", acknowledged, what="move")
    change(stage, generator(1), "warm-1", acknowledged, what="upload")
    if _await_settled(stage.context, players) is None:
        raise RuntimeError("the workers do nothing even before the first fault")


def change(stage: Stage, rng: random.Random, name: str, acknowledged: set[str], what: str = "") -> None:
    """One change as an edge makes it: verb, commit, then the call to a worker."""
    context = stage.context
    what = what or rng.choices(("move", "upload"), (6, 1))[0]
    if what == "upload":
        with acting(context.sessions, SYSTEM) as session:
            # Unreadable on purpose: reading it in the guarded child and refusing it is the whole job.
            receive_upload(
                session, context.store, content=f"не таблица {name}\n".encode(), file_name=f"{name}.xlsx",
                actor=SYSTEM, at=datetime.now(UTC),
            )  # fmt: skip
        wake(context, take_woken(session))
        return
    with acting(context.sessions, SYSTEM) as session:
        case = session.scalars(select(Case).where(Case.closed_at.is_(None)).order_by(Case.entered_at).limit(1)).first()
    if case is None:
        stage.add_cases(200)
        change(stage, rng, name, acknowledged, what="move")
        return
    trigger = legal_trigger(case.id, case.state)
    assert trigger is not None
    with acting(context.sessions, stage.actor) as session:
        fire(
            session, case.id, trigger, actor=stage.actor, at=datetime.now(UTC), expected_version=case.version,
            request_id=name,
        )  # fmt: skip
    acknowledged.add(name)
    wake(context, take_woken(session))


def _await_settled(context: AppContext, players: Troupe) -> float | None:
    started = time.monotonic()
    while time.monotonic() - started < _LOST_AFTER:
        players.keep_alive()
        if not _waiting(context):
            return round(time.monotonic() - started, 1)
        time.sleep(0.2)
    return None


def _waiting(context: AppContext) -> int:
    query = select(func.count(OutboxJob.id)).where(OutboxJob.status.in_([JobStatus.PENDING, JobStatus.RUNNING]))
    with context.engine.execution_options(readonly=True).connect() as connection:
        return connection.scalar(query) or 0


def _count(context: AppContext, report: FaultReport) -> None:
    with acting(context.sessions, SYSTEM) as session:
        rows = session.execute(select(OutboxJob.status, OutboxJob.attempts, OutboxJob.wakes)).all()
        effects = Counter(session.scalars(select(JournalEntry.subject_id).where(JournalEntry.action == EFFECT)))
        jobs = {job.id: job.status for job in session.execute(select(OutboxJob.id, OutboxJob.status))}
    twice = {job_id: times for job_id, times in effects.items() if times > 1}
    lost = [job_id for job_id, status in jobs.items() if status is not JobStatus.DONE or not effects[job_id]]
    report.counts |= {
        "jobs": len(rows),
        "lost": len(lost),
        "duplicated": len(twice),
        "dead": sum(row.status is JobStatus.DEAD for row in rows),
        "attempts": sum(row.attempts for row in rows),
        "attempts_of_one_most": max(row.attempts for row in rows),
        "wakes_by_reconciler": sum(row.wakes for row in rows),
    }
    report.violations += [f"job {job_id} left its effect {times} times" for job_id, times in twice.items()]
    report.violations += [f"job {job_id} has left no effect" for job_id in lost]
