"""Real workers on a real Valkey, killed in every way: work is neither lost nor done twice."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from app.context import AppContext
from app.jobs import wake
from app.jobs.reconciler import wake_due
from app.supervisor import ROOT, valkey_command
from tests.jobs.conftest import notes


@pytest.fixture
def site(context: AppContext, redis_url: str) -> AppContext:
    return dataclasses.replace(context, settings=dataclasses.replace(context.settings, redis_url=redis_url))


@pytest.fixture
def start_worker(request: pytest.FixtureRequest) -> Iterator[Callable[..., subprocess.Popen]]:
    """Starts a worker on the installation and waits until it listens."""
    started: list[subprocess.Popen] = []

    def start(context: AppContext, *, seconds: float = 0.0, lease: float = 1.0) -> subprocess.Popen:
        environ = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "OBEKTIV_HOME": str(context.settings.home),
            "DATABASE_URL": context.settings.database_url,
            "REDIS_URL": context.settings.redis_url,
        }
        command = [sys.executable, "-m", "tests.jobs.slow_worker", str(seconds), str(lease)]
        process = subprocess.Popen(command, env=environ, stderr=subprocess.DEVNULL)
        started.append(process)
        client = redis.Redis.from_url(context.settings.redis_url)
        wait_until(lambda: any(b"-%d-" % process.pid in key for key in client.smembers("rq:workers")))
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_effect_follows_the_commit_by_the_call_and_not_by_the_sweep(site: AppContext, make_jobs, start_worker):
    start_worker(site)
    make_jobs(site, 1)

    started = time.monotonic()
    wake(site, [1])
    wait_until(lambda: notes(site) == 1)

    # A fifth of a second on an idle machine; without the call nobody would look at the row here at all.
    assert time.monotonic() - started < 5.0


def test_job_of_a_killed_child_is_done_once_by_the_next(site: AppContext, make_jobs, start_worker):
    start_worker(site, seconds=0.5)
    ids = make_jobs(site, 1)
    wake(site, ids)
    wait_until(lambda: tries(site))

    os.kill(tries(site)[0], signal.SIGKILL)
    settle(site, 1)

    assert notes(site) == 1
    assert len(tries(site)) == 2


def test_child_dies_with_its_worker(site: AppContext, make_jobs, start_worker):
    worker = start_worker(site, seconds=30)
    wake(site, make_jobs(site, 1))
    wait_until(lambda: tries(site))

    worker.kill()
    worker.wait()

    wait_until(lambda: not is_running(tries(site)[0]))


def test_worker_survives_the_loss_of_valkey(sqlite_context: AppContext, make_jobs, start_worker, tmp_path: Path):
    folder = tmp_path / "v"
    socket = Path(f"/tmp/obektiv-vk-{os.getpid()}.sock")
    site = dataclasses.replace(
        sqlite_context, settings=dataclasses.replace(sqlite_context.settings, redis_url=f"unix://{socket}")
    )
    server = start_valkey(folder, socket)
    worker = start_worker(site)
    try:
        server.kill()
        server.wait()
        ids = make_jobs(site, 5)
        wake(site, ids)
        time.sleep(0.5)
        server = start_valkey(folder, socket)
        settle(site, 5, patience=20)

        assert notes(site) == 5
        assert worker.poll() is None
    finally:
        server.kill()
        server.wait()
        socket.unlink(missing_ok=True)


def test_idle_worker_leaves_on_sigterm(site: AppContext, start_worker):
    worker = start_worker(site)

    worker.terminate()

    assert worker.wait(5) == 0


def test_worker_told_to_leave_finishes_its_job(site: AppContext, make_jobs, start_worker):
    worker = start_worker(site, seconds=1.0)
    wake(site, make_jobs(site, 1))
    wait_until(lambda: tries(site))

    worker.terminate()

    assert worker.wait(10) == 0
    assert notes(site) == 1


def settle(site: AppContext, count: int, *, patience: float = 15.0) -> None:
    """Run the reconciler as the scheduler would until all effects are there."""

    def is_settled() -> bool:
        hurry(site)
        wake_due(site)
        return notes(site) == count

    wait_until(is_settled, patience=patience, pause=0.2)


def hurry(site: AppContext) -> None:
    """Bring forward what waits for its next try, so that a test does not wait for the back-off."""
    with site.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE outbox SET next_try_at = created_at WHERE status <> 'done'")


def tries(site: AppContext) -> list[int]:
    """Process ids of the children that began a job, in order."""
    path = site.settings.home / "tries"
    return [int(line.split()[1]) for line in path.read_text().splitlines()] if path.exists() else []


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def start_valkey(folder: Path, socket: Path) -> subprocess.Popen:
    server = subprocess.Popen(valkey_command(folder, socket), stdout=subprocess.DEVNULL)
    client = redis.Redis(unix_socket_path=str(socket))

    def answers() -> bool:
        try:
            return client.ping()
        except redis.exceptions.RedisError:
            return False

    wait_until(answers)
    return server


def wait_until(condition: Callable[[], object], *, patience: float = 15.0, pause: float = 0.02) -> None:
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "не дождались"
        time.sleep(pause)
