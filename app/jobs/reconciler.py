"""The scheduler: one loop a second that wakes what was left, anchors the journal and looks after files and the WAL."""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text

from app.context import AppContext
from app.database import WAL_LIMIT, acting, bind, checkpoint, needs_checkpoint_rule
from app.days import day_of
from app.errors import Misconfigured
from app.jobs.queues import enqueue, not_waiting
from app.policy import SYSTEM
from app.workflows import digests, hand_overs, journal, objective_register, outbox, pauses, people, people_register

log = logging.getLogger(__name__)

BATCH = 2000
ANCHOR_EVERY = 3600.0
SWEEP_EVERY = 3600.0
REGISTER_EVERY = 600.0
DAY_EVERY = 60.0
SIDE_MOVES_EVERY = 60.0
CHECKPOINT_EVERY = 2.0
_ADVISORY_LOCK = 0x73636864  # "schd": one scheduler a database, wherever it runs


def serve(context: AppContext) -> None:
    """Run the loop until SIGTERM or SIGINT; refuses when another scheduler serves the same installation."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    with only_one(context):
        chores = [
            Chore("wake", 1.0, lambda: wake_due(context)),
            Chore("checkpoint", CHECKPOINT_EVERY, lambda: checkpoint_if_large(context)),
            Chore("anchor", ANCHOR_EVERY, lambda: anchor(context)),
            Chore("sweep", SWEEP_EVERY, lambda: context.store.sweep()),
            Chore("forget", SWEEP_EVERY, lambda: forget_sign_ins(context)),
            Chore("register", REGISTER_EVERY, lambda: refresh_register(context)),
            Chore("day", DAY_EVERY, lambda: begin_day(context)),
            Chore("side moves", SIDE_MOVES_EVERY, lambda: end_side_moves(context)),
        ]
        while not stopping.wait(1.0):
            for chore in chores:
                chore.do_if_due(time.monotonic())
        checkpoint(context.engine)


class Chore:
    """Something to do every `period` seconds; a failure is logged and the next turn tries again."""

    def __init__(self, name: str, period: float, action: Callable[[], object]) -> None:
        self.name, self.period, self.action = name, period, action
        self._next = float("-inf")

    def do_if_due(self, clock: float) -> None:
        if clock < self._next:
            return
        self._next = clock + self.period
        try:
            self.action()
        except Exception:
            log.exception("chore %s failed", self.name)


def wake_due(context: AppContext) -> int:
    """Call workers for rows that are due and on no queue; each further call for the same row waits longer."""
    now = datetime.now(UTC)
    # Looked at every second: without the writer lock that `acting` takes on SQLite.
    with context.sessions(bind=context.engine.execution_options(readonly=True)) as session:
        ids = list(outbox.due(bind(session, SYSTEM), at=now, limit=BATCH))
    if not ids:
        return 0
    ids = not_waiting(context, ids) or []
    if not ids:
        return 0
    with acting(context.sessions, SYSTEM) as session:
        outbox.mark_woken(session, ids, at=now)
    return enqueue(context, ids)


def anchor(context: AppContext) -> None:
    """Write the journal's head outside the database, so that a cut tail can be seen."""
    with acting(context.sessions, SYSTEM) as session:
        journal.write_anchor(session, anchors_folder(context), at=datetime.now(UTC))


def forget_sign_ins(context: AppContext) -> None:
    """Drop sign-ins that ended long ago and tries that no throttle asks about any more."""
    with acting(context.sessions, SYSTEM) as session:
        people.forget_sign_ins(session, at=datetime.now(UTC))


def refresh_register(context: AppContext) -> None:
    """Mark the schools whose entry in the register of objective ones began or ran out; move people whose post did."""
    with acting(context.sessions, SYSTEM) as session:
        objective_register.refresh(session, at=datetime.now(UTC))
        people_register.refresh(session, at=datetime.now(UTC))


def begin_day(context: AppContext) -> None:
    """Ask once a day, after its hour, for reminders and the daily letters."""
    now = datetime.now(UTC)
    with acting(context.sessions, SYSTEM) as session:
        digests.begin_day(session, at=now)


def end_side_moves(context: AppContext) -> None:
    """Wake the cases whose hold is over, let late questions' clocks run, end proposals that nobody answered."""
    now = datetime.now(UTC)
    today = day_of(now)
    # Looked at every minute: without the writer lock unless there is something to do.
    with context.sessions(bind=context.engine.execution_options(readonly=True)) as session:
        bind(session, SYSTEM)
        is_due = bool(pauses.due(session, today)) or bool(hand_overs.overdue(session, today))
    if is_due:
        with acting(context.sessions, SYSTEM) as session:
            pauses.wake_due(session, at=now)
            hand_overs.expire_due(session, at=now)


def checkpoint_if_large(context: AppContext) -> bool:
    """Checkpoint SQLite's WAL when this process owns checkpoints and the WAL has grown."""
    path = context.engine.url.database
    if context.engine.dialect.name != "sqlite" or not path or not needs_checkpoint_rule():
        return False
    wal = Path(f"{path}-wal")
    if not wal.exists() or wal.stat().st_size <= WAL_LIMIT:
        return False
    checkpoint(context.engine)
    return True


@contextmanager
def only_one(context: AppContext) -> Iterator[None]:
    """Hold the scheduler's place: a file lock in the home folder and, on PostgreSQL, an advisory lock.

    Raises
    ------
    Misconfigured
        Another scheduler holds it.
    """
    taken = Misconfigured("планировщик этой установки уже работает; второй не нужен")
    with lock_path(context).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise taken from error
        file.write(f"{os.getpid()}\n")
        file.flush()
        if context.engine.dialect.name != "postgresql":
            yield
            return
        with context.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": _ADVISORY_LOCK}):
                raise taken
            yield


def anchors_folder(context: AppContext) -> Path:
    return context.settings.home / "anchors"


def lock_path(context: AppContext) -> Path:
    return context.settings.home / "scheduler.lock"
