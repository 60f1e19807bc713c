"""The database itself refuses the impossible: every CHECK and every unique index of the case engine's tables bites.

What is refused here is refused whoever writes: the program, a script, a person at the database's own prompt.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import pytest
from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    Connection,
    Enum,
    Table,
    UniqueConstraint,
    func,
    insert,
    literal_column,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from app.context import AppContext
from app.models import Base, Case, WorkflowVersion
from app.models.base import UtcDateTime

ROOMS = {
    "bulk", "calendars", "case", "case_work", "low_results", "notice", "outbox", "people", "planning", "programmes",
    "road_maps", "side_moves", "workflow",
}  # fmt: skip
"""Modules of `app.models` that the case engine rests on."""

DAY, EARLIER = date(2026, 11, 23), date(2026, 11, 1)
MOMENT, BEFORE = datetime(2026, 11, 23, 9, tzinfo=UTC), datetime(2026, 11, 1, 9, tzinfo=UTC)

WHOLE: dict[str, dict[str, Any]] = {
    # what a row needs besides its obligatory columns to be whole
    "case_documents": {"case_id": 1},
    "plan_rows": {"person_id": 1},
    "support_records": {"kind": "diagnosis"},
    "mentoring_pairs": {"mentor_school_id": 2, "school_id": 1, "kind": "schools"},
    "workflow_versions": {"status": "draft"},
    "cases": {"workflow": "objectivity", "workflow_version": "1", "school_id": 1},
    "low_results_flags": {"school_id": 1},
    "persons": {"user_id": 1},
    "calendar_events": {"kind": "publication"},
    "programmes": {"number": "12", "approved_by": "начальник отдела", "approved_on": DAY},
}

EXECUTED: dict[str, dict[str, Any]] = {
    "done_has_evidence": {"status": "done", "done_on": DAY, "note": "", "link": None, "file_sha256": None},
    "file_has_name": {"file_sha256": "1" * 64, "file_name": None},
    "people_not_negative": {"n_people": -1},
    "pinned_has_reason": {"is_pinned": True, "pinned_reason": None},
    "starts_before_due": {"starts_on": DAY, "due_on": EARLIER},
    "waived_has_reason": {"status": "waived", "waived_reason": None},
}
OTHERWISE: dict[tuple[str, tuple[str, ...]], dict[str, Any]] = {
    # a unique index → what keeps the second row clear of the table's other ones
    ("cases", ("number",)): {"school_id": 2},
    ("feed_keys", ("key_hash",)): {"revoked_at": MOMENT},
}
BESIDES: dict[tuple[str, str], dict[str, Any]] = {
    # a column of words → what keeps a nonsense word clear of the table's other checks
    ("cases", "verdict"): {"state": "closed", "closed_at": MOMENT},
    ("mentoring_pairs", "outcome"): {"status": "ended"},
    ("support_records", "outcome"): {"kind": "review"},
    ("workflow_versions", "status"): {"published_at": MOMENT},
}
IMPOSSIBLE: dict[str, dict[str, dict[str, Any]]] = {
    # table → name of the check → what it must not become
    "absences": {
        "absence_period": {"from_on": DAY, "until_on": EARLIER},
        "substitute_is_another": {"substitute_id": 1, "person_id": 1},
        "wished_is_another": {"wished_id": 1, "person_id": 1},
    },
    "assignment_plans": {
        "accepted_has_moment": {"status": "accepted"}, "withdrawn_has_reason": {"status": "withdrawn"},
    },
    "calendar_entries": {"starts_before_it_ends": {"starts_on": DAY, "ends_on": EARLIER}},
    "calendar_events": {"keeping_has_year": {"kind": "works_kept", "year": None}},
    "case_documents": {"of_one_subject": {"case_id": None}},
    "case_hand_overs": {"answered_has_moment": {"status": "done"}},
    "case_pauses": {"ends_after_it_starts": {"started_at": MOMENT, "ended_at": BEFORE}},
    "case_questions": {"answer_closes": {"answer": "Ответили устно."}},
    "cases": {
        "closed_has_moment": {"state": "closed", "verdict": "confirmed"},
        "closed_has_verdict": {"state": "closed", "closed_at": MOMENT},
    },
    "deadlines": {key: EXECUTED[key] for key in ("pinned_has_reason", "starts_before_due")},
    "digests": {"sent_has_moment": {"status": "sent", "sent_at": None}},
    "low_results_flags": {"has_signs": {"n_signs": 0}},
    "mentoring_pairs": {
        "ended_has_outcome": {"status": "ended"},
        "starts_before_end": {"starts_on": DAY, "ends_on": EARLIER},
        "teachers_are_people": {"kind": "teachers", "subject": "ma", "mentor_person_id": 1},
        "teachers_have_subject": {"kind": "teachers", "mentor_person_id": 1, "mentee_person_id": 2},
        "two_people": {"mentor_person_id": 1, "mentee_person_id": 1},
        "two_schools": {"mentor_school_id": 1, "school_id": 1},
    },
    "observations": {
        "done_has_act": {"status": "done", "held_on": DAY}, "done_has_day": {"status": "done", "act_number": "7"},
    },
    "person_duties": {"duty_period": {"since": DAY, "until": EARLIER}},
    "person_posts": {"post_period": {"since": DAY, "until": EARLIER}},
    "persons": {"load_limit_not_negative": {"load_limit": -1}},
    "plan_rows": {
        "pinned_has_person": {"is_pinned": True, "person_id": None, "status": "unserved"},
        "served_has_person": {"person_id": None},
    },
    "preservation_requests": {"asked_before_the_end": {"requested_on": DAY, "keep_until": EARLIER}},
    "programme_tasks": EXECUTED,
    "programmes": {
        "approved_has_order": {"status": "approved", "number": None}, "belongs_to_no_school": {"school_id": 1},
    },
    "rechecked_works": {"expert_score_not_negative": {"expert_score": -1}},
    "rechecks": {
        "marked_has_outcome": {"status": "marked"}, "objective_within_sample": {"n_objective": 9, "n_sample": 8},
    },
    "road_map_items": EXECUTED,
    "road_maps": {
        "accepted_has_moment": {"status": "accepted"}, "returned_has_remarks": {"status": "returned", "remarks": ""},
    },
    "support_records": {
        "review_has_outcome": {"kind": "review"},
    },
    "trainings": {
        "training_hours": {"hours": 0}, "training_period": {"issued_on": DAY, "valid_until": EARLIER},
    },
    "workflow_versions": {"published_has_moment": {"status": "published"}},
}  # fmt: skip


@cache
def tables() -> tuple[Table, ...]:
    """The engine's tables, those first that others point at."""
    ours = {m.local_table for m in Base.registry.mappers if m.class_.__module__.rpartition(".")[2] in ROOMS}
    return tuple(table for table in Base.metadata.sorted_tables if table in ours)


def checks() -> Iterator[tuple[str, str]]:
    for table in tables():
        for found in table.constraints:
            if isinstance(found, CheckConstraint) and not is_of_words(found):
                yield table.name, str(found.name).removeprefix(f"ck_{table.name}_")


def is_of_words(check: CheckConstraint) -> bool:
    """Whether it lists the words of a term; those have a test of their own."""
    return str(check.name) in {f"ck_{check.table.name}_{word.type.name}" for word in words(check.table)}


def words(table: Table) -> list[Column[Any]]:
    return [column for column in table.columns if isinstance(column.type, Enum)]


def uniques() -> Iterator[tuple[str, tuple[str, ...]]]:
    for table in tables():
        for found in table.constraints:
            if isinstance(found, UniqueConstraint):
                yield table.name, tuple(column.name for column in found.columns)
        for index in table.indexes:
            if index.unique:
                yield table.name, tuple(column.name for column in index.columns)


numbers = itertools.count(1)


def fill(connection: Connection, table: Table, **values: Any) -> dict[str, Any]:
    """Insert a row with something in every obligatory column; all of it new, but for what `values` say."""
    row = {**WHOLE.get(table.name, {}), **values}
    for column in table.columns:
        if column.name not in row and not column.nullable and column.default is None and not is_own_key(column):
            row[column.name] = 1 if column.foreign_keys else something(column)
    connection.execute(insert(table).values(**row))
    return row


def is_own_key(column: Column[Any]) -> bool:
    return column.primary_key and column.table.autoincrement_column is column


def something(column: Column[Any]) -> Any:
    if isinstance(column.type, Enum):
        return next(iter(column.type.enum_class or column.type.enums))  # type: ignore[arg-type]
    if isinstance(column.type, JSON):
        return {}
    if isinstance(column.type, UtcDateTime):
        return MOMENT
    number = next(numbers)
    of_type = {int: number, float: 0.5, bool: False, date: DAY, bytes: str(number).encode()}
    return of_type.get(column.type.python_type, f"{number}")


@cache
def needed() -> tuple[Table, ...]:
    """The engine's tables and all that they point at."""
    found = set(tables())
    while more := {key.column.table for table in found for key in table.foreign_keys} - found:
        found |= more
    return tuple(table for table in Base.metadata.sorted_tables if table in found)


@pytest.fixture
def connection(context: AppContext) -> Iterator[Connection]:
    """A transaction in which every table has a whole row, and the schools two; it is rolled back."""
    with context.engine.connect() as connection:
        for table in needed():
            fill(connection, table)
            if table.name == "schools":
                fill(connection, table)
        yield connection
        connection.rollback()


def change(table: Table) -> Any:
    """An update of the row made last; what the installation itself keeps is not to be changed at all."""
    (key,) = table.primary_key
    return update(table).where(key == select(func.max(key)).scalar_subquery())


def refused(connection: Connection, statement: Any) -> str:
    with pytest.raises(IntegrityError) as refusal, connection.begin_nested():
        connection.execute(statement)
    return str(refusal.value.orig)


def test_every_check_bites_and_is_named(connection: Connection) -> None:
    for table_name, check in checks():
        table = Base.metadata.tables[table_name]

        told = refused(connection, change(table).values(**IMPOSSIBLE[table_name][check]))

        assert f"ck_{table_name}_{check}" in told, (table_name, check, told)


def test_no_column_takes_a_word_that_its_term_does_not_know(connection: Connection) -> None:
    for table in tables():
        for column in words(table):
            besides = BESIDES.get((table.name, column.name), {})
            told = refused(connection, change(table).values({column: literal_column("'nonsense'"), **besides}))

            assert f"ck_{table.name}_{column.type.name}" in told, (table.name, column.name, told)


def test_every_unique_index_bites(connection: Connection) -> None:
    for table_name, columns in uniques():
        table = Base.metadata.tables[table_name]
        (row,) = connection.execute(select(*(table.c[name] for name in columns)).limit(1)).mappings()
        same = dict(row)
        assert None not in same.values(), (table_name, columns)

        with pytest.raises(IntegrityError) as refusal, connection.begin_nested():
            fill(connection, table, **{**OTHERWISE.get((table_name, columns), {}), **same})

        told = str(refusal.value.orig)
        # On SQLite a trigger of the append-only tables is there before the index is.
        is_named = "unique" in told.lower() and all(name in told for name in columns)
        assert is_named or "append-only" in told, (table_name, columns, told)


def test_every_check_has_its_impossible_row_and_no_other_is_listed() -> None:
    assert set(checks()) == {(table, check) for table, found in IMPOSSIBLE.items() for check in found}


def test_a_closed_case_leaves_room_for_the_next_and_an_open_one_does_not(connection: Connection) -> None:
    cases = Case.__table__
    refused(connection, insert(cases).values(**again(connection, cases)))

    connection.execute(update(cases).values(state="closed", closed_at=MOMENT, verdict="confirmed"))

    connection.execute(insert(cases).values(**again(connection, cases), state="flagged", closed_at=None, verdict=None))


def again(connection: Connection, table: Table) -> dict[str, Any]:
    row = dict(connection.execute(select(table).limit(1)).mappings().one())
    for name in ("id", "state", "closed_at", "verdict"):
        row.pop(name)
    return {**row, "number": f"again-{next(numbers)}"}


def test_a_case_runs_by_a_version_that_exists(connection: Connection) -> None:
    assert connection.scalar(select(WorkflowVersion.id).limit(1))

    refused(connection, update(Case.__table__).values(workflow_version="99"))
