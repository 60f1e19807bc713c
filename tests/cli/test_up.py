"""`obektiv up`: starts, mends what falls, stops in order, and leaves no orphan however it dies."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.context import AppContext
from app.jobs import wake
from app.settings import Settings
from app.supervisor import ROOT, answers, spawn
from tests.jobs.conftest import make_jobs, notes  # noqa: F401 - a fixture

ROLES = {"web", "worker default", "worker heavy", "scheduler", "valkey"}


class Running:
    """A running installation and what belongs to it."""

    def __init__(self, home: Path, port: int, log: Path) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.environ = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "OBEKTIV_HOME": str(home),
            "OBEKTIV_PORT": str(port),
            "OBEKTIV_DEMO": "0",
        }
        self.log = log
        with log.open("w") as out:
            self.process = subprocess.Popen(command(), env=self.environ, stdout=out, stderr=subprocess.STDOUT)

    @property
    def text(self) -> str:
        return self.log.read_text()

    def parts(self) -> dict[str, int]:
        """Role → process id of the supervisor's children."""
        found = {}
        for pid in descendants(self.process.pid):
            words = command_line(pid)
            role = "valkey" if "valkey" in words else next((r for r in ROLES if words.endswith(f"app.cli {r}")), None)
            if "app.cli web" in words:
                role = "web"
            if role:
                found[role] = pid
        return found

    def is_complete(self) -> bool:
        return "Объектив работает" in self.text and self.parts().keys() == ROLES and answers(self.url)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def begin(home: Path | None = None, port: int | None = None) -> Running:
        home = home or tmp_path / "home"
        home.mkdir(exist_ok=True)
        running = Running(home, port or free_port(), tmp_path / f"up{len(started)}.log")
        started.append(running)
        return running

    yield begin
    for running in started:
        family = descendants(running.process.pid)
        running.process.kill()
        running.process.wait()
        wait_until(lambda family=family: not any(map(is_running, family)))


def test_up_starts_mends_and_stops_everything(start, make_jobs):  # noqa: F811
    up = start()
    wait_until(up.is_complete)
    context = AppContext.from_settings(Settings.from_env(up.environ))

    same_home = start(port=free_port())
    same_port = start(home=up.log.parent / "other", port=int(up.url.rsplit(":", 1)[1]))
    wake(context, make_jobs(context, 1))

    assert same_home.process.wait(30) == 1
    assert "уже работает в папке" in same_home.text
    assert same_port.process.wait(30) == 1
    assert "занят другой программой" in same_port.text
    assert "OBEKTIV_PORT=" in same_port.text
    wait_until(lambda: notes(context) == 1)

    before = up.parts()
    for role in ("web", "worker default", "valkey"):
        os.kill(before[role], signal.SIGKILL)
    wait_until(lambda: up.is_complete() and up.parts()["web"] != before["web"])
    wake(context, make_jobs(context, 1))
    wait_until(lambda: notes(context) == 2)
    context.engine.dispose()

    family = descendants(up.process.pid)
    up.process.send_signal(signal.SIGINT)

    assert up.process.wait(30) == 0
    assert not any(map(is_running, family))
    wal = Path(up.environ["OBEKTIV_HOME"]) / "obektiv.db-wal"
    assert not wal.exists() or wal.stat().st_size == 0


def test_killed_supervisor_leaves_no_orphans(start):
    up = start()
    wait_until(up.is_complete)
    family = descendants(up.process.pid)

    up.process.kill()
    up.process.wait()

    assert len(family) >= 5
    wait_until(lambda: not any(map(is_running, family)), patience=5)


def command() -> list[str]:
    return [sys.executable, "-P", "-m", "app.cli", "up"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def descendants(pid: int) -> list[int]:
    try:
        children = [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []
    return [*children, *(grandchild for child in children for grandchild in descendants(child))]


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until(condition: Callable[[], object], *, patience: float = 60.0) -> None:
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "не дождались"
        time.sleep(0.05)


@pytest.mark.parametrize(("said", "told"), [(None, "1"), ("4", "4")])
def test_a_part_computes_with_one_thread_unless_told_otherwise(
    said: str | None, told: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    if said is not None:
        monkeypatch.setenv("OPENBLAS_NUM_THREADS", said)
    with (tmp_path / "out").open("w+b") as out:
        spawn([sys.executable, "-c", "import os; print(os.environ['OPENBLAS_NUM_THREADS'])"], stdout=out).wait()
        out.seek(0)
        assert out.read().split() == [told.encode()]
