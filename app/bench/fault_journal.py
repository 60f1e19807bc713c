"""Trials of the journal: the triggers that keep rows as written, and the chain that shows what got past them."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

from sqlalchemy import Connection, Table, delete, insert, select, text, update
from sqlalchemy.exc import DatabaseError

from app.bench.fault_kills import Progress
from app.bench.fault_stage import AT, FaultReport, Stage, generator, set_stage
from app.context import AppContext
from app.database import acting, bind
from app.flows import CLOSED
from app.models import JournalEntry
from app.policy import SYSTEM
from app.workflows import journal
from app.workflows.engine import fire

_ENTRIES = cast(Table, JournalEntry.__table__)
_WAY = ("interview", "assign", "observe", "recheck", "close")


def mutate_journal(context: AppContext, *, mutations: int, seed: int, progress: Progress | None = None) -> FaultReport:
    """Change the journal behind its triggers `mutations` times, each time once; verification must see every one."""
    report = FaultReport("journal", context.engine.dialect.name, seed)
    rng = generator(seed)
    stage = set_stage(context)
    _write(stage, cases=8)
    with acting(context.sessions, SYSTEM) as session:
        anchor = journal.head(session, at=AT)
    assert anchor is not None
    report.counts["entries"] = anchor.seq
    _bite(context, report)
    _drop_triggers(context)
    if faults := _faults(context, None, [anchor]):
        report.violations.append(f"an untouched journal is called faulty: {faults[0]}")
    for number in range(mutations):
        kind = rng.choice(list(_MUTATIONS))
        faults = _faults(context, lambda c, kind=kind: _MUTATIONS[kind](c, rng, anchor.seq), [anchor])  # type: ignore[misc]
        report.add("mutations")
        report.add(kind)
        report.add("found", int(bool(faults)))
        if not faults:
            report.violations.append(f"mutation {number} ({kind}) was not found")
        if progress:
            progress("подделки журнала", (number + 1) / mutations)
    report.counts["truncations_found_without_anchor"] = sum(
        bool(_faults(context, lambda c: _truncate(c, rng, anchor.seq), [])) for _ in range(20)
    )
    return report


def _write(stage: Stage, *, cases: int) -> None:
    for case_id in stage.add_cases(cases):
        for version, trigger in enumerate(_WAY[:2] if case_id % 4 == 0 else _WAY):
            with acting(stage.context.sessions, stage.actor) as session:
                name = "dismiss" if case_id % 4 == 0 and version == 1 else trigger
                fire(
                    session, case_id, name, actor=stage.actor, at=AT + timedelta(minutes=version),
                    expected_version=version, request_id=f"{case_id}-{version}", reason="проверка журнала",
                )  # fmt: skip


def _faults(
    context: AppContext, mutate: Callable[[Connection], None] | None, anchors: list[journal.Anchor]
) -> list[journal.JournalFault]:
    """What verification says after `mutate`, in a transaction that is rolled back."""
    with context.engine.connect() as connection:
        if mutate is not None:
            mutate(connection)
        with context.sessions(bind=connection) as session:
            bind(session, SYSTEM)
            faults = journal.verify(session, context.settings.keys["journal"], anchors)
        connection.rollback()
    return faults


def _drop_triggers(context: AppContext) -> None:
    """Act as somebody who owns the database: take the locks off before tampering."""
    with context.engine.begin() as connection:
        if context.engine.dialect.name == "sqlite":
            names = connection.scalars(
                text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'journal'")
            )
            for name in names.all():
                connection.execute(text(f'DROP TRIGGER "{name}"'))
        else:
            connection.execute(text("ALTER TABLE journal DISABLE TRIGGER USER"))


# ---- tampering ----------------------------------------------------------------------------------------------------


def _edit(connection: Connection, rng: random.Random, last: int) -> None:
    seq = rng.randint(1, last)
    row = connection.execute(select(_ENTRIES).where(_ENTRIES.c.seq == seq)).one()
    changes: dict[str, Any] = {
        "at": row.at + timedelta(microseconds=1),
        "actor_id": (row.actor_id or 0) + 1,
        "actor_name": f"{row.actor_name} ",
        "action": "case:dismiss" if row.action != "case:dismiss" else "case:close",
        "subject": "flag",
        "subject_id": (row.subject_id or 0) + 1,
        "request_id": None,
        "reason": row.reason[:-1] or "иное",
        "facts": {**row.facts, "to": CLOSED, "version": -1},
        "municipality_id": None,
        "school_id": None,
        "prev": rng.randbytes(32),
        "mac": rng.randbytes(32),
    }
    column = rng.choice(list(changes))
    connection.execute(update(_ENTRIES).where(_ENTRIES.c.seq == seq).values({column: changes[column]}))


def _flip_bit(connection: Connection, rng: random.Random, last: int) -> None:
    seq, column = rng.randint(1, last), rng.choice((_ENTRIES.c.mac, _ENTRIES.c.prev))
    content = bytearray(connection.scalar(select(column).where(_ENTRIES.c.seq == seq)) or b"")
    content[rng.randrange(32)] ^= 1 << rng.randrange(8)
    connection.execute(update(_ENTRIES).where(_ENTRIES.c.seq == seq).values({column.key: bytes(content)}))


def _delete(connection: Connection, rng: random.Random, last: int) -> None:
    connection.execute(delete(_ENTRIES).where(_ENTRIES.c.seq == rng.randint(1, last - 1)))


def _delete_and_close_ranks(connection: Connection, rng: random.Random, last: int) -> None:
    seq = rng.randint(1, last - 1)
    connection.execute(delete(_ENTRIES).where(_ENTRIES.c.seq == seq))
    for later in range(seq + 1, last + 1):
        connection.execute(update(_ENTRIES).where(_ENTRIES.c.seq == later).values(seq=later - 1))


def _swap(connection: Connection, rng: random.Random, last: int) -> None:
    one, other = rng.sample(range(1, last + 1), 2)
    for source, target in ((one, -1), (other, one), (-1, other)):
        connection.execute(update(_ENTRIES).where(_ENTRIES.c.seq == source).values(seq=target))


def _insert(connection: Connection, rng: random.Random, last: int) -> None:
    """Add a forged entry at the end, linked rightly but sealed without the key."""
    rows = connection.execute(select(_ENTRIES).where(_ENTRIES.c.seq.in_([rng.randint(1, last), last]))).all()
    copy, head = rows[0]._asdict(), rows[-1]
    connection.execute(insert(_ENTRIES), copy | {"seq": last + 1, "prev": head.mac, "mac": rng.randbytes(32)})


def _reseal(connection: Connection, rng: random.Random, last: int) -> None:
    """Rewrite the tail under another key: every link fits, no seal does."""
    first, key = rng.randint(1, last), rng.randbytes(32)
    prev: bytes | None = None
    for row in connection.execute(select(_ENTRIES).where(_ENTRIES.c.seq >= first).order_by(_ENTRIES.c.seq)).all():
        values = row._asdict() | {"reason": "переписано"} | ({"prev": prev} if prev is not None else {})
        prev = journal.seal(key, JournalEntry(**values))
        connection.execute(
            update(_ENTRIES)
            .where(_ENTRIES.c.seq == row.seq)
            .values(mac=prev, prev=values["prev"], reason=values["reason"])
        )


def _truncate(connection: Connection, rng: random.Random, last: int) -> None:
    connection.execute(delete(_ENTRIES).where(_ENTRIES.c.seq > rng.randint(0, last - 1)))


_MUTATIONS: dict[str, Callable[[Connection, random.Random, int], None]] = {
    "edit": _edit,
    "flip_bit": _flip_bit,
    "delete": _delete,
    "delete_and_close_ranks": _delete_and_close_ranks,
    "swap": _swap,
    "insert": _insert,
    "reseal": _reseal,
    "truncate": _truncate,
}


# ---- triggers -----------------------------------------------------------------------------------------------------

_ATTACKS = {
    "both": (
        "UPDATE journal SET reason = 'иное' WHERE seq = 2",
        "DELETE FROM journal WHERE seq = (SELECT MAX(seq) FROM journal)",
        "INSERT INTO journal SELECT seq + 1000, at, actor_id, actor_name, action, subject, subject_id, request_id, "
        "reason, facts, prev, mac, municipality_id, school_id FROM journal WHERE seq = 2",
        "UPDATE case_events SET actor_name = 'иной' WHERE seq = 1",
        "DELETE FROM case_events WHERE seq = 1",
    ),
    "sqlite": (
        "INSERT OR REPLACE INTO journal SELECT * FROM journal WHERE seq = 2",
        "UPDATE OR REPLACE journal SET seq = 2 WHERE seq = 3",
        "INSERT OR REPLACE INTO case_events SELECT * FROM case_events WHERE seq = 1",
    ),
    "postgresql": (
        "TRUNCATE journal",
        "TRUNCATE case_events CASCADE",
        "INSERT INTO journal SELECT * FROM journal WHERE seq = 2 ON CONFLICT (seq) DO UPDATE SET reason = 'иное'",
    ),
}


def _bite(context: AppContext, report: FaultReport) -> None:
    """Attack recorded rows with plain SQL; on SQLite also over a connection without the product's pragmas."""
    engine = context.engine.dialect.name
    for is_bare in (False, True) if engine == "sqlite" else (False,):
        for attack in (*_ATTACKS["both"], *_ATTACKS[engine]):
            report.add("attacks")
            with context.engine.connect() as connection:
                if is_bare:
                    connection.connection.dbapi_connection.execute("PRAGMA recursive_triggers=off")  # type: ignore[union-attr]
                try:
                    changed = connection.execute(text(attack)).rowcount
                except DatabaseError:
                    report.add("attacks_refused")
                else:
                    report.violations.append(f"not refused ({changed} rows): {attack}")
                connection.rollback()
                if is_bare:
                    connection.invalidate()
