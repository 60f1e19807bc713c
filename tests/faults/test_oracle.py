"""The oracle itself is on trial: every kind of damage that a fault could leave must be called by its name."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from app.bench.fault_stage import AT, Stage, set_stage
from app.bench.verify import orphans, verify
from app.context import AppContext
from app.database import acting
from app.jobs import run_pending
from app.workflows.engine import fire

DONE = ("r-0", "r-1", "r-2")

DAMAGE = {
    "a move without its event": (
        "UPDATE cases SET state = 'observed', version = 4 WHERE id = 1",
        "version 4, 3 events",
    ),
    "a state nobody moved to": ("UPDATE cases SET state = 'rechecked' WHERE id = 1", "its events end in observed"),
    "an event without its move": (
        "UPDATE cases SET version = 2, state = 'curator_assigned' WHERE id = 1",
        "version 2, 3 events",
    ),
    "a lost event": ("DELETE FROM case_events WHERE seq = 2", "r-1 was acknowledged and occurs 0 times"),
    "a gap in the numbers": ("UPDATE case_events SET seq = 7 WHERE seq = 3", "is not 1, 2, 3"),
    "an edge that no rule has": (
        "UPDATE case_events SET to_state = 'rechecked' WHERE seq = 3",
        "no rule for curator_assigned",
    ),
    "a broken chain of states": (
        "UPDATE case_events SET from_state = 'flagged' WHERE seq = 2",
        "the case stood at interview",
    ),
    "a lost job": (
        "DELETE FROM inbox_notes WHERE outbox_id = 1; DELETE FROM job_effects WHERE outbox_id = 1; "
        "DELETE FROM outbox WHERE id = 1",
        "event 1 has 0 outbox rows",
    ),
    "a job added twice": (
        "INSERT INTO outbox SELECT 99, kind, queue, subject_id, payload, 'pending', 0, 0, 0, NULL, next_try_at, "
        "created_at, NULL, NULL FROM outbox WHERE id = 1",
        "event 1 has 2 outbox rows",
    ),
    "a job done without proof": ("DELETE FROM job_effects WHERE outbox_id = 2", "job 2 is done and has 0 effects"),
    "a job done without its note": ("DELETE FROM inbox_notes WHERE outbox_id = 2", "left 0 notes"),
    "an effect of a job not done": (
        "UPDATE outbox SET status = 'running' WHERE id = 3",
        "job 3 is running and has 1 effects",
    ),
    "a job given up": ("UPDATE outbox SET status = 'dead' WHERE id = 3", "job 3 is lost: dead"),
    "an edited journal": ("UPDATE journal SET reason = 'иное' WHERE seq = 1", "journal 1: the entry's content"),
    "a move missing in the journal": ("DELETE FROM journal WHERE seq = 3", "request r-2 has 0 journal entries"),
    "a row that points nowhere": ("UPDATE conclusions SET case_id = 4444 WHERE case_id = 2", "foreign_key_check"),
}


@pytest.fixture
def stage(sqlite_context: AppContext) -> Stage:
    """Two cases, one of them moved three times, with all jobs done."""
    stage = set_stage(sqlite_context)
    case_id, _ = stage.add_cases(2)
    for version, trigger in enumerate(("interview", "assign", "observe")):
        with acting(sqlite_context.sessions, stage.actor) as session:
            fire(
                session,
                case_id,
                trigger,
                actor=stage.actor,
                at=AT,
                expected_version=version,
                request_id=DONE[version],
            )
    run_pending(sqlite_context)
    return stage


def test_oracle_is_silent_when_nothing_is_broken(stage: Stage):
    assert verify(stage.context, acknowledged=DONE, is_settled=True) == []


@pytest.mark.parametrize("name", DAMAGE)
def test_oracle_names_damage(stage: Stage, name: str):
    statements, expected = DAMAGE[name]
    raw = stage.context.engine.raw_connection()
    raw.execute("PRAGMA foreign_keys = off")
    for (trigger,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        raw.execute(f'DROP TRIGGER "{trigger}"')
    raw.executescript(statements)
    raw.close()

    found = verify(stage.context, acknowledged=DONE, is_settled=True)

    assert any(expected in sentence for sentence in found), found


def test_oracle_names_an_acknowledged_move_that_never_happened(stage: Stage):
    assert verify(stage.context, acknowledged={"never"}) == ["request never was acknowledged and occurs 0 times"]


@pytest.mark.parametrize("content", [None, b"", b"torn"])
def test_oracle_sees_a_file_that_is_absent_or_torn(stage: Stage, content: bytes | None):
    sha256 = stage.context.store.put(b"a whole file")
    with stage.context.engine.begin() as connection:
        connection.execute(text("UPDATE datasets SET sha256 = :sha256"), {"sha256": sha256})
    path = stage.context.store.path(sha256)
    path.unlink() if content is None else path.write_bytes(content)

    assert verify(stage.context) == [f"dataset: file {sha256} is absent or not whole"]


def test_file_that_no_row_names_is_reported_apart(stage: Stage):
    sha256 = stage.context.store.put(b"written before its row, and the row never came")

    assert orphans(stage.context) == [sha256]
    assert verify(stage.context) == []
