"""The common oracle of the fault trials: what must hold after any fault, read from the database and the file store.

Everything is read through plain columns in one snapshot, so that the oracle neither trusts the product's sessions nor
mistakes a commit that lands meanwhile for damage.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, func, select, text

from app.context import AppContext
from app.database import bind
from app.flows import read
from app.models import (
    Case,
    CaseEvent,
    Dataset,
    Document,
    InboxNote,
    JobEffect,
    OutboxJob,
    ScreeningRun,
    Upload,
    WorkflowVersion,
)
from app.policy import SYSTEM
from app.terms import JobStatus
from app.workflows import journal
from app.workflows.flow_migration_batches import TRIGGER

_FILES: tuple[tuple[str, Any], ...] = (
    ("upload", Upload.sha256),
    ("reading", Upload.reading_sha256),
    ("schools", Upload.schools_sha256),
    ("problems", Upload.problems_sha256),
    ("dataset", Dataset.sha256),
    ("document", Document.sha256),
    ("judged", ScreeningRun.judged_sha256),
)


def verify(
    context: AppContext,
    *,
    acknowledged: Collection[str] = (),
    is_settled: bool = False,
    with_files: bool = True,
) -> list[str]:
    """Every broken promise as one sentence; an empty list means that all hold.

    Parameters
    ----------
    acknowledged : collection of str
        Request ids of moves whose success a client has been told.
    is_settled : bool
        Whether all jobs should be done by now: then a waiting or dead job is a loss.
    with_files : bool
        Whether to read every stored file and compare it with its hash.
    """
    found: list[str] = []
    with _snapshot(context) as connection:
        if context.engine.dialect.name == "sqlite":
            found += _sqlite_integrity(connection)
        found += _moves(connection, acknowledged)
        found += _jobs(connection, is_settled)
        found += _journal(context, connection)
        if with_files:
            found += _files(context, connection)
    return found


def orphans(context: AppContext) -> list[str]:
    """Hashes of stored files that no row names: not damage, since a file is written before its row."""
    with _snapshot(context) as connection:
        named = {sha256 for _, column in _FILES for sha256 in connection.scalars(select(column))}
    return sorted(set(context.store) - named)


@contextmanager
def _snapshot(context: AppContext) -> Iterator[Connection]:
    options: dict[str, Any] = {"readonly": True}
    if context.engine.dialect.name == "postgresql":
        options["isolation_level"] = "REPEATABLE READ"
    with context.engine.execution_options(**options).connect() as connection:
        yield connection


def _sqlite_integrity(connection: Connection) -> list[str]:
    answer = connection.scalars(text("PRAGMA integrity_check")).all()
    found = [f"integrity_check: {line}" for line in answer if line != "ok"]
    found += [f"foreign_key_check: {tuple(row)}" for row in connection.execute(text("PRAGMA foreign_key_check"))]
    return found


def _moves(connection: Connection, acknowledged: Collection[str]) -> list[str]:
    found: list[str] = []
    events: dict[int, list[Any]] = defaultdict(list)
    seen: Counter[str] = Counter()
    for event in connection.execute(select(*CaseEvent.__table__.c).order_by(CaseEvent.case_id, CaseEvent.seq)):
        events[event.case_id].append(event)
        seen[event.request_id] += 1
    found += [
        f"request {request_id} was acknowledged and occurs {seen[request_id]} times"
        for request_id in acknowledged
        if seen[request_id] != 1
    ]
    found += [f"request {request_id} occurs {times} times" for request_id, times in seen.items() if times > 1]
    flows = {
        (row.name, row.version): read(row.toml, row.name)
        for row in connection.execute(select(WorkflowVersion.name, WorkflowVersion.version, WorkflowVersion.toml))
    }
    for case in connection.execute(select(Case.id, Case.state, Case.version, Case.workflow, Case.workflow_version)):
        flow = flows[case.workflow, case.workflow_version]
        chain = events.pop(case.id, [])
        # A case that was led over to another version has moved by both.
        is_led_over = any(event.trigger == TRIGGER for event in chain)
        own = flows.values() if is_led_over else (flow,)
        legal = {(step.trigger, step.source, step.dest) for one in own for step in one.steps}
        if case.version != len(chain):
            found.append(f"case {case.id}: version {case.version}, {len(chain)} events")
        if [event.seq for event in chain] != list(range(1, len(chain) + 1)):
            found.append(f"case {case.id}: seq {[event.seq for event in chain]} is not 1, 2, 3 …")
        state = chain[0].from_state if is_led_over else flow.initial
        for event in chain:
            if event.from_state != state:
                found.append(
                    f"case {case.id}: event {event.seq} starts at {event.from_state}, the case stood at {state}"
                )
            # A withdrawn bulk decision leads back; that it does is read from the states of the chain.
            move = (event.trigger, event.from_state, event.to_state)
            if event.trigger not in (TRIGGER, "withdraw") and move not in legal:
                found.append(f"case {case.id}: no rule for {event.from_state} —{event.trigger}→ {event.to_state}")
            state = event.to_state
        if case.state != state:
            found.append(f"case {case.id}: state {case.state}, its events end in {state}")
    found += [f"events of case {case_id}, which does not exist" for case_id in events]
    return found


def _jobs(connection: Connection, is_settled: bool) -> list[str]:
    found: list[str] = []
    of_events: Counter[int] = Counter()
    statuses: dict[int, JobStatus] = {}
    is_move: dict[int, bool] = {}
    for job in connection.execute(select(OutboxJob.id, OutboxJob.kind, OutboxJob.status, OutboxJob.payload)):
        statuses[job.id], is_move[job.id] = job.status, job.kind == "case_moved"
        if is_move[job.id]:
            of_events[job.payload["event_id"]] += 1
        elif job.kind == "cases_led":
            of_events.update(job.payload["event_ids"])
    event_ids = set(connection.scalars(select(CaseEvent.id)))
    found += [f"event {i} has {of_events[i]} outbox rows" for i in sorted(event_ids) if of_events[i] != 1]
    found += [f"outbox row for event {i}, which does not exist" for i in sorted(set(of_events) - event_ids)]
    effects = Counter(connection.scalars(select(JobEffect.outbox_id)))
    notes = Counter(connection.scalars(select(InboxNote.outbox_id)))
    for job_id, status in statuses.items():
        due = int(status is JobStatus.DONE)
        if effects[job_id] != due:
            found.append(f"job {job_id} is {status} and has {effects[job_id]} effects")
        if is_move[job_id] and notes[job_id] != due:
            found.append(f"job {job_id} is {status} and left {notes[job_id]} notes")
        if is_settled and status is not JobStatus.DONE:
            found.append(f"job {job_id} is lost: {status}")
    found += [f"effect of job {i}, which does not exist" for i in sorted(set(effects) - set(statuses))]
    return found


def _journal(context: AppContext, connection: Connection) -> list[str]:
    with context.sessions(bind=connection) as session:
        bind(session, SYSTEM)
        faults = journal.verify(session, context.settings.keys["journal"])
        found = [f"journal {fault.seq}: {fault.en}" for fault in faults]
        entries = journal.JournalEntry.__table__
        moves = Counter(
            session.connection().scalars(select(entries.c.request_id).where(entries.c.action.like("case:%")))
        )
        for request_id in session.connection().scalars(select(CaseEvent.__table__.c.request_id)):
            if moves[request_id] != 1:
                found.append(f"request {request_id} has {moves[request_id]} journal entries")
        events = session.connection().scalar(select(func.count()).select_from(CaseEvent.__table__)) or 0
        if sum(times for request_id, times in moves.items() if request_id) != events:
            found.append("the journal tells of moves that did not happen")
    return found


def _files(context: AppContext, connection: Connection) -> list[str]:
    found: list[str] = []
    known: dict[str, bool] = {}
    for what, column in _FILES:
        for sha256 in connection.scalars(select(column).where(column.is_not(None)).distinct()):
            if sha256 not in known:
                known[sha256] = _is_whole(context, sha256)
            if not known[sha256]:
                found.append(f"{what}: file {sha256} is absent or not whole")
    return found


def _is_whole(context: AppContext, sha256: str) -> bool:
    try:
        with context.store.path(sha256).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except OSError:
        return False
