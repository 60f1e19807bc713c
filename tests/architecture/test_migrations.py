"""The schema's history: in step with the models, reversible, safe to kill, and the record stays as recorded."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, insert, inspect, text
from sqlalchemy.exc import DatabaseError

from app import migrating
from app.context import AppContext
from app.models import Base, Case, CaseEvent, Finding, Flag, JournalEntry, Municipality, School, ScreeningRun
from app.terms import Family, FindingLevel, FindingOutcome, Tier

VERSIONS = migrating.FOLDER / "versions"


def test_head_file_names_the_newest_revision():
    newest = max(path.stem for path in VERSIONS.glob("0*.py"))

    assert (migrating.FOLDER / ".current-head").read_text() == f"{newest}\n"
    assert migrating.head() == newest


def test_revision_id_is_the_file_name():
    for path in VERSIONS.glob("*.py"):
        assert re.search(r'^revision = "(.+)"$', path.read_text(), re.M)[1] == path.stem
        assert re.fullmatch(r"\d{4}_[a-z0-9_]+", path.stem)


def test_models_equal_the_migrated_database(context: AppContext):
    migrating.differences(context.engine)


def test_check_constraints_of_the_models_are_in_the_migrated_database(sqlite_context: AppContext):
    # alembic compares no check constraints, and every vocabulary is one.
    fresh = create_engine("sqlite://")
    Base.metadata.create_all(fresh)
    wanted, found = inspect(fresh), inspect(sqlite_context.engine)

    for table in Base.metadata.tables:
        assert _checks(found, table) == _checks(wanted, table), table


def test_schema_goes_up_down_and_up_again(empty_context: AppContext):
    migrating.upgrade(empty_context)
    migrating.downgrade(empty_context.engine, "base")
    left = set(inspect(empty_context.engine).get_table_names())
    migrating.upgrade(empty_context)

    assert left == {"alembic_version"}
    assert migrating.current(empty_context.engine) == migrating.head()
    migrating.differences(empty_context.engine)


def test_upgrade_twice_changes_nothing(context: AppContext):
    assert migrating.upgrade(context) == migrating.head()


@pytest.mark.parametrize("step", [1, 20, 60])
def test_killed_migration_leaves_nothing_and_runs_again(empty_context: AppContext, step: int):
    killed = _upgrade_killed_at(empty_context, step)
    half_done = set(inspect(empty_context.engine).get_table_names()) - {"alembic_version"}
    migrating.upgrade(empty_context)

    assert killed == -signal.SIGKILL
    assert half_done == set()
    assert migrating.current(empty_context.engine) == migrating.head()


def test_two_migrations_at_once_both_succeed(empty_context: AppContext):
    environ = _environ(empty_context)
    program = UPGRADE
    children = [subprocess.Popen([sys.executable, "-c", program], env=environ) for _ in range(2)]

    assert [child.wait(60) for child in children] == [0, 0]
    assert migrating.current(empty_context.engine) == migrating.head()


def test_upgrade_of_a_filled_database_keeps_a_copy(sqlite_context: AppContext):
    with sqlite_context.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001_create_everything'"))
    older = "0001_create_everything"

    migrating._copy_aside(sqlite_context, older)

    copy = create_engine(f"sqlite:///{sqlite_context.settings.home}/before-migration/{older}.db")
    assert "cases" in inspect(copy).get_table_names()
    copy.dispose()


def test_database_of_a_newer_program_is_refused(sqlite_context: AppContext):
    with sqlite_context.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999_from_the_future'"))

    with pytest.raises(migrating.Misconfigured, match="более новой версией"):
        migrating.upgrade(sqlite_context)


TAMPERING = [
    "UPDATE journal SET actor_name = 'другой'",
    "DELETE FROM journal WHERE seq = 2",
    "UPDATE case_events SET reason = 'иначе'",
    "DELETE FROM case_events",
    "UPDATE workflow_versions SET toml = '' WHERE name = 'objectivity'",
    "UPDATE findings SET p_value = 0.9",
    "DELETE FROM findings",
    "UPDATE flags SET tier = 'none'",
    "UPDATE flags SET frozen = '{}'",
    "DELETE FROM flags",
]


@pytest.mark.parametrize("statement", TAMPERING)
def test_what_is_recorded_can_be_neither_changed_nor_deleted(context: AppContext, at, statement: str):
    _fill(context, at)

    with pytest.raises(DatabaseError, match="append-only"), context.engine.begin() as connection:
        connection.execute(text(statement))


def test_flag_may_be_attached_to_its_case(context: AppContext, at):
    _fill(context, at)

    with context.engine.begin() as connection:
        changed = connection.execute(text("UPDATE flags SET case_id = 1"))

    assert changed.rowcount == 1


@pytest.mark.parametrize("seq", [1, 2, 4, None])
def test_journal_takes_only_the_next_number(context: AppContext, at, seq: int | None):
    _fill(context, at)

    with pytest.raises(DatabaseError, match="append-only"), context.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO journal (seq, at, actor_name, action, subject, reason, facts, prev, mac) "
                "SELECT :seq, at, actor_name, action, subject, reason, facts, prev, mac FROM journal WHERE seq = 2"
            ),
            {"seq": seq},
        )


@pytest.mark.parametrize("table", ["journal", "case_events", "findings", "flags"])
@pytest.mark.parametrize("recursive", ["on", "off"])
def test_insert_or_replace_does_not_get_round_the_triggers(sqlite_context: AppContext, at, table: str, recursive: str):
    _fill(sqlite_context, at)
    stranger = create_engine(f"sqlite:///{sqlite_context.settings.home}/obektiv.db")

    with stranger.connect() as connection:
        connection.exec_driver_sql(f"PRAGMA recursive_triggers={recursive}")
        with pytest.raises(DatabaseError, match="append-only"):
            connection.execute(text(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}"))
    stranger.dispose()


@pytest.mark.parametrize("table", ["journal", "case_events", "findings", "flags"])
@pytest.mark.parametrize("engine_name", ["postgresql"])
def test_truncate_is_refused(context: AppContext, at, table: str):
    _fill(context, at)

    with pytest.raises(DatabaseError, match="append-only"), context.engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {table} CASCADE"))


UPGRADE = """
import os, signal
from sqlalchemy import event
from app import migrating
from app.context import AppContext
from app.settings import Settings

context = AppContext.from_settings(Settings.from_env())
kill_at, seen = int(os.environ.get("KILL_AT", 0)), 0

@event.listens_for(context.engine, "before_cursor_execute")
def count(connection, cursor, statement, *_):
    global seen
    seen += statement.lstrip().upper().startswith(("CREATE", "INSERT"))
    if kill_at and seen == kill_at:
        os.kill(os.getpid(), signal.SIGKILL)

migrating.upgrade(context)
"""


def _upgrade_killed_at(context: AppContext, step: int) -> int:
    environ = {**_environ(context), "KILL_AT": str(step)}
    return subprocess.run([sys.executable, "-c", UPGRADE], env=environ, timeout=60).returncode


def _environ(context: AppContext) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
        "OBEKTIV_HOME": str(context.settings.home),
        "DATABASE_URL": context.settings.database_url,
    }


def _checks(inspector, table: str) -> list[tuple[str, str]]:
    return sorted(
        (check["name"], " ".join(check["sqltext"].split())) for check in inspector.get_check_constraints(table)
    )


def _fill(context: AppContext, at) -> None:
    place = {"municipality_id": 1, "school_id": 1}
    with context.engine.begin() as connection:
        connection.execute(insert(Municipality).values(id=1, code="m", name="М"))
        connection.execute(insert(School).values(id=1, code="1", name="Ш", municipality_id=1))
        case = {
            "number": "1",
            "workflow_version": "1",
            "year": 2022,
            "tier": Tier.CASE,
            "opened_at": at,
            "entered_at": at,
        }
        connection.execute(insert(Case).values(id=1, **case, **place))
        connection.execute(
            insert(CaseEvent).values(
                id=1,
                case_id=1,
                seq=1,
                request_id="r1",
                trigger="interview",
                from_state="flagged",
                to_state="interview",
                actor_name="А",
                at=at,
                **place,
            )
        )
        connection.execute(insert(ScreeningRun).values(id=1, year=2022, requested_at=at))
        connection.execute(
            insert(Finding).values(
                id=1,
                run_id=1,
                year=2022,
                subject="ma",
                grade=5,
                detector="boundary_push",
                family=Family.BOUNDARY,
                n=50,
                level=FindingLevel.FULL,
                outcome=FindingOutcome.ASSESSED,
                **place,
            )
        )
        connection.execute(
            insert(Flag).values(
                id=1,
                run_id=1,
                year=2022,
                tier=Tier.CASE,
                evidence=1.0,
                frozen={},
                frozen_sha256="0" * 64,
                raised_at=at,
                **place,
            )
        )
        for seq in (1, 2):
            connection.execute(
                insert(JournalEntry).values(
                    seq=seq, at=at, actor_name="А", action="case:open", subject="case", prev=bytes(32), mac=bytes(32)
                )
            )
