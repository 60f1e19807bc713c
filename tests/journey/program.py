"""The real program, as a newcomer starts it: one `obektiv up` with its own folder, port, workers and Valkey."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from app.context import AppContext
from app.settings import Settings
from app.supervisor import ROOT

PATIENCE = 90.0


class Program:
    """A running installation in a folder with a short path: a unix socket's name may not be long."""

    def __init__(self, *, demo: bool = False) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="ob-"))
        port = _free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.environ = {
            **{name: os.environ[name] for name in ("PATH", "LANG", "HOME", "TMPDIR") if name in os.environ},
            "PYTHONPATH": str(ROOT),
            "OBEKTIV_HOME": str(self.home),
            "OBEKTIV_PORT": str(port),
        }
        self.log = self.home.with_suffix(".log")
        started = time.monotonic()
        with self.log.open("w") as out:
            self.process = subprocess.Popen(
                self._command("up", "--demo" if demo else "--no-demo"),
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        self._await_address(started + PATIENCE)
        with urllib.request.urlopen(f"{self.url}/sign-in", timeout=10) as page:
            self.first_page = page.read().decode()
        self.seconds_to_first_page = time.monotonic() - started
        self.context = AppContext.from_settings(Settings.from_env(self.environ))

    def run(self, *words: str) -> str:
        """One command of the program in the same installation; its output."""
        done = subprocess.run(
            self._command(*words),
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def stop(self) -> None:
        """Ctrl-C, as a person would; the folder goes with it."""
        self.context.engine.dispose()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.home, ignore_errors=True)
        self.log.unlink(missing_ok=True)

    def tell(self) -> str:
        """What the program said, its parts' logs included: for the message of a test that failed."""
        logs = [self.log, *sorted((self.home / "log").glob("*.log"))]
        return "\n".join(f"--- {path.name}\n{path.read_text(errors='replace')[-3000:]}" for path in logs)

    def _command(self, *words: str) -> list[str]:
        return [sys.executable, "-P", "-m", "app.cli", *words]

    def _await_address(self, deadline: float) -> None:
        while "Объектив работает" not in self.log.read_text():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                raise AssertionError(f"the program did not start:\n{self.tell()}")
            time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
