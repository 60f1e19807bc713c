"""A nursery of processes to be killed: started once, it forks a warm child for each trial and reaps it.

The parent sends one plan (a line of JSON) a child; the child tells on the shared pipe what it begins and what it has
been told; the nursery reports the child's end. Forking from this single-threaded process costs milliseconds, and no
lock of a test runner's thread can be inherited.

::

    parent ── plan ──▶ nursery ── fork ──▶ child      "sent …", "acked …", "dying …"
       ◀──────────────────┴────────────────────┘       "end <status>"
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from app.bench.fault_stage import environment
from app.context import AppContext
from app.parting import die_with_parent

Plan = dict[str, Any]


@dataclass(frozen=True)
class Ending:
    """What a child told before its end, and how it ended (a negative status is the number of the signal)."""

    lines: list[list[str]]
    status: int

    @property
    def is_killed(self) -> bool:
        return self.status == -signal.SIGKILL

    def told(self, word: str) -> list[list[str]]:
        return [line[1:] for line in self.lines if line[0] == word]


class Nursery:
    """The parent's handle: `run` starts one child and waits for its end."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def start(self, role: str, **plan: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"role": role, **plan}) + "\n")
        self._process.stdin.flush()

    def wait(self) -> Ending:
        assert self._process.stdout is not None
        lines: list[list[str]] = []
        for line in self._process.stdout:
            words = line.rstrip("\n").split("\t")
            if words[0] == "end":
                return Ending(lines, int(words[1]))
            lines.append(words)
        raise RuntimeError(f"the nursery itself has ended with {self._process.wait()}")

    def run(self, role: str, **plan: Any) -> Ending:
        self.start(role, **plan)
        return self.wait()

    def warm_up(self, role: str, **plan: Any) -> Ending:
        """Do a role in the nursery itself: every later child inherits what was imported, mapped and compiled."""
        return self.run(role, is_here=True, **plan)


@contextmanager
def nursery(context: AppContext) -> Iterator[Nursery]:
    """A nursery over the same installation."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "app.bench.fault_nursery", str(os.getpid())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(context),
    )
    try:
        yield Nursery(process)
    finally:
        process.kill()
        process.communicate()


def tell(*words: object) -> None:
    """One line to the parent, written at once: what a process has said, its death cannot take back."""
    os.write(1, ("\t".join(str(word) for word in words) + "\n").encode())


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    die_with_parent(int(sys.argv[1]))
    from app.bench.fault_children import ROLES

    for line in sys.stdin:
        plan = json.loads(line)
        _raise_child(ROLES[plan.pop("role")], plan)


def _raise_child(role: Callable[..., None], plan: Plan) -> None:
    nursery_pid, delay = os.getpid(), plan.pop("kill_after", None)
    if plan.pop("is_here", False):
        role(**plan)
        tell("end", 0)
        return
    pid = os.fork()
    if pid == 0:
        die_with_parent(nursery_pid)
        status = 1
        try:
            role(**plan)
            status = 0
        finally:
            sys.stderr.flush()
            os._exit(status)
    if delay is not None:
        time.sleep(delay)
        os.kill(pid, signal.SIGKILL)  # not reaped yet, so the number is still the child's
    _, status = os.waitpid(pid, 0)
    tell("end", os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
