"""Trial of the checkpoint rule: writers never checkpoint SQLite's WAL, one process does, and one may die doing it.

SQLite before 3.51.3 may corrupt a file when two connections checkpoint and write at once. The rule keeps checkpoints in
one process and under the writer lock; here it works under constant writers, and the one process is killed again and
again.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread, Timer

from sqlalchemy import select, text

from app.bench.fault_kills import Progress
from app.bench.fault_nursery import Ending, nursery
from app.bench.fault_stage import FaultReport, generator, set_stage
from app.bench.verify import verify
from app.context import AppContext
from app.database import acting, checkpoint, needs_checkpoint_rule
from app.models import Case
from app.workflows.engine import fire

_PERIOD = 0.05  # seconds between checkpoints: the product's are 2 s apart, the race is what is sought


def write_beside_checkpoints(
    context: AppContext, *, seconds: float, seed: int, writers: int = 4, progress: Progress | None = None
) -> FaultReport:
    """Let `writers` processes move cases while another checkpoints and is killed about once a second."""
    report = FaultReport("wal", context.engine.dialect.name, seed)
    rng = generator(seed)
    stage = set_stage(context)
    report.counts |= {"sqlite": sqlite3.sqlite_version, "rule_needed": needs_checkpoint_rule()}
    with context.engine.connect() as connection:
        pages = connection.scalar(text("PRAGMA wal_autocheckpoint"))
    if needs_checkpoint_rule() and pages != 0:
        report.violations.append(f"an ordinary connection checkpoints by itself every {pages} pages")
    cases = stage.add_cases(int(12 * seconds) * writers)
    acknowledged: set[str] = set()
    with ExitStack() as stack:
        children = [stack.enter_context(nursery(context)) for _ in range(writers)]
        keeper = stack.enter_context(nursery(context))
        # The time counts from when all of them are up: on a busy machine five starts take longer than the trial.
        for child in (*children, keeper):
            child.warm_up("checkpoint", until=0.0, period=_PERIOD)
        until = time.time() + seconds
        for number, child in enumerate(children):
            standing = [[case_id, "flagged", 0] for case_id in cases[number::writers]]
            child.start(
                "move", actor_id=stage.actor.user_id, cases=standing, seed=seed * 100 + number, most=10**6, until=until
            )
        while time.time() < until:
            ending = keeper.run("checkpoint", until=until, period=_PERIOD, kill_after=rng.uniform(0.5, 2.0))
            report.add("checkpoints", len(ending.told("checkpoint")))
            report.add("checkpointer_killed", int(ending.is_killed))
            _complain(ending, report)
            if progress:
                progress("запись рядом с контрольными точками", min(1 - (until - time.time()) / seconds, 1.0))
        slowest = 0.0
        for child in children:
            ending = child.wait()
            _complain(ending, report)
            acked = ending.told("acked")
            acknowledged |= {words[0] for words in acked}
            slowest = max([slowest, *(float(words[1]) for words in acked)])
    report.counts |= {"moves": len(acknowledged), "slowest_move_ms": round(1000 * slowest)}
    report.violations += verify(context, acknowledged=acknowledged, with_files=False)
    checkpoint(context.engine)
    report.counts["wal_left_bytes"] = Path(f"{context.engine.url.database}-wal").stat().st_size
    report.violations += [f"after the checkpoint: {sentence}" for sentence in verify(context, with_files=False)]
    return report


def checkpoint_beside_reader(
    context: AppContext, *, seconds: float, seed: int, progress: Progress | None = None
) -> FaultReport:
    """Measure how long a writer waits when a checkpoint runs beside a long reading (an export, a backup)."""
    report = FaultReport("long_reader", context.engine.dialect.name, seed)
    stage = set_stage(context)
    (case_id,) = stage.add_cases(1)
    with context.engine.execution_options(readonly=True).connect() as reader:
        reader.execute(select(Case.id)).all()
        stage.add_cases(200)  # the WAL now holds what the reader must not see
        keeper = Thread(target=checkpoint, args=(context.engine,))
        keeper.start()
        time.sleep(0.2)
        closer = Timer(seconds, reader.rollback)
        closer.start()
        started = time.monotonic()
        with acting(context.sessions, stage.actor) as session:
            fire(
                session, case_id, "interview", actor=stage.actor, at=datetime.now(UTC), expected_version=0,
                request_id=f"{seed}-beside-reader",
            )  # fmt: skip
        waited = time.monotonic() - started
        closer.join()
        keeper.join()
        if progress:
            progress("долгое чтение", 1.0)
    report.counts |= {"reader_open_s": seconds, "writer_waited_s": round(waited, 2)}
    if waited > seconds / 2:
        report.violations.append(f"a writer waited {waited:.1f} s for a checkpoint that waited for a reader")
    report.violations += verify(context, acknowledged={f"{seed}-beside-reader"})
    return report


def _complain(ending: Ending, report: FaultReport) -> None:
    report.violations += [f"a process fell by itself: {words}" for words in ending.told("error")]
