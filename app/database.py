"""Engine and sessions: SQLite or PostgreSQL, and the hook that narrows every query to the actor's territory.

Deny by default: a session without an actor sees no tenant row. `bind` says who acts; jobs and commands bind
`policy.SYSTEM`.
"""

from __future__ import annotations

import functools
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
from sqlalchemy import Column, Engine, Select, Table, TextClause, create_engine, event
from sqlalchemy.orm import ORMExecuteState, Session, sessionmaker, with_loader_criteria
from sqlalchemy.orm.session import UOWTransaction
from sqlalchemy.sql import visitors

from app import policy
from app.errors import NotPermitted, Reason

FIXED_SQLITE = (3, 51, 3)
"""First SQLite without the WAL-reset race (3.7.0–3.51.2), where two connections that checkpoint and write at once may
corrupt the file (sqlite.org/wal.html#walresetbug)."""


WAL_LIMIT = 1 << 20
"""Bytes to which the WAL is cut when it starts anew, and above which it is checkpointed."""


def needs_checkpoint_rule() -> bool:
    """Whether this SQLite has the WAL-reset race, so that one process must own all checkpoints."""
    return sqlite3.sqlite_version_info < FIXED_SQLITE


def json_text(value: Any) -> str:
    """JSON as columns keep it: UTF-8, null for what is no finite number.

    Raises
    ------
    TypeError
        The value is no plain one (a set, an object).
    """
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY).decode()


def make_engine(url: str) -> Engine:
    """Engine for `url`, with the pragmas and the explicit BEGIN that SQLite needs."""
    written: dict[str, Any] = {"json_serializer": json_text, "json_deserializer": orjson.loads}
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=10, **written)
    engine = create_engine(url, connect_args={"timeout": 30, "check_same_thread": False}, **written)

    @event.listens_for(engine, "connect")
    def set_pragmas(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # the driver begins no transaction of its own; `begin` below does
        _enter_wal(connection)
        for pragma in (
            "busy_timeout=30000",
            "synchronous=full",
            "foreign_keys=on",
            "recursive_triggers=on",
            "mmap_size=0",
        ):
            connection.execute(f"PRAGMA {pragma}")
        # SQLite's own lower() knows Latin letters only; a search for «сош» has to find «СОШ».
        connection.create_function("lower", 1, _lower, deterministic=True)
        if needs_checkpoint_rule():
            # The scheduler alone checkpoints (see `checkpoint`), under the writer lock.
            connection.execute("PRAGMA wal_autocheckpoint=0")
            connection.execute(f"PRAGMA journal_size_limit={WAL_LIMIT}")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        readonly = connection.get_execution_options().get("readonly")
        connection.exec_driver_sql("BEGIN" if readonly else "BEGIN IMMEDIATE")

    return engine


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _enter_wal(connection: sqlite3.Connection) -> None:
    """Switch to WAL. Two connections that switch a new file at once are told "locked" without waiting, so one tries
    again.
    """
    for _ in range(100):
        try:
            connection.execute("PRAGMA journal_mode=wal")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
            time.sleep(0.1)
        else:
            return
    connection.execute("PRAGMA journal_mode=wal")


def checkpoint(engine: Engine) -> None:
    """Copy the WAL into the database file while no writer can run beside it. Nothing to do on PostgreSQL.

    Called by the one process that owns checkpoints. One connection holds the writer lock and another makes a passive
    checkpoint, which waits for nobody: a blocking one that meets a long read gives up and goes on without the lock, and
    that is the race the rule forbids. The next writer starts the WAL anew and cuts it to ``journal_size_limit``.
    """
    if engine.dialect.name != "sqlite":
        return
    guard, worker = engine.raw_connection(), engine.raw_connection()
    try:
        guard.execute("BEGIN IMMEDIATE")
        try:
            worker.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        finally:
            guard.execute("ROLLBACK")
    finally:
        guard.close()
        worker.close()


def make_sessions(engine: Engine, journal_key: bytes) -> sessionmaker[Session]:
    """Factory of scoped sessions; each starts without an actor and therefore sees nothing that belongs to anybody."""
    factory = sessionmaker(engine, expire_on_commit=False, info={"journal_key": journal_key})
    event.listen(factory, "do_orm_execute", _narrow)
    event.listen(factory, "before_flush", _check_rows)
    return factory


def bind(session: Session, actor: policy.Actor) -> Session:
    """Say who acts in `session`. Objects loaded for somebody else must not remain."""
    if session.info.get("actor") not in (None, actor):
        session.expunge_all()
    session.info["actor"] = actor
    return session


def actor_of(session: Session) -> policy.Actor:
    """Who acts in `session`.

    Raises
    ------
    NotPermitted
        Nobody is bound.
    """
    actor = session.info.get("actor")
    if actor is None:
        raise NotPermitted(Reason("no_actor", "Войдите в систему.", "Sign in first."))
    return actor


@contextmanager
def acting(factory: sessionmaker[Session], actor: policy.Actor) -> Iterator[Session]:
    """Session of `actor` that commits on return and rolls back when something is raised."""
    with factory() as session:
        bind(session, actor)
        yield session
        session.commit()


def _narrow(state: ORMExecuteState) -> None:
    if state.is_column_load:
        return
    actor = state.session.info.get("actor")
    if actor is not None and actor.is_regional:
        if not actor.is_system and not state.is_insert:
            # The whole region, but nobody else's letters.
            options = _criteria(actor, policy.personal_classes())
            state.statement = state.statement.options(*options)
        return
    if state.is_insert:
        # Rows are added through the unit of work, where `_check_rows` looks at each of them.
        raise NotPermitted(
            Reason("bulk_insert", "Массовая вставка доступна только системе.", "Bulk insert is the system's.")
        )
    if not state.is_relationship_load:
        _refuse_bare_tables(state.statement)
    state.statement = state.statement.options(*_criteria(actor, policy.scoped_classes()))


@functools.lru_cache(maxsize=256)
def _criteria(actor: policy.Actor | None, models: tuple[Any, ...]) -> tuple[Any, ...]:
    """What narrows every statement of `actor`; kept for equal actors, for making it costs more than most statements."""
    return tuple(with_loader_criteria(model, policy.visible(actor, model), include_aliases=True) for model in models)


def _refuse_bare_tables(statement: Any) -> None:
    """Refuse what the criteria cannot reach: text, and tables of a territory named past their mapped classes.

    What comes from a mapped class carries the annotation ``parententity``. A bare table or column may neither be
    selected nor given as FROM; elsewhere a bare column passes only beside its mapped class, as in ``session.get``.
    """
    mapped: set[Any] = set()
    bare: set[Any] = set()
    selected: set[Any] = set()
    for node in visitors.iterate(statement):
        if isinstance(node, TextClause):
            raise _past_territory()
        if isinstance(node, Select):
            selected |= {_table_of(item) for item in (*node._raw_columns, *node._from_obj) if not _is_mapped(item)}
        elif isinstance(node, Column):
            (mapped if _is_mapped(node) else bare).add(node.table)
        elif isinstance(node, Table) and _is_mapped(node):
            mapped.add(node)
    if _scoped_tables() & (selected | (bare - mapped)):
        raise _past_territory()


def _is_mapped(item: Any) -> bool:
    return "parententity" in getattr(item, "_annotations", ())


def _table_of(item: Any) -> Any:
    return item.table if isinstance(item, Column) else item


def _past_territory() -> NotPermitted:
    return NotPermitted(
        Reason("bare_table", "Запрос обходит разграничение по территориям.", "The query goes past the territory.")
    )


@functools.cache
def _scoped_tables() -> frozenset[Any]:
    return frozenset(model.__table__ for model in policy.scoped_classes())


def _check_rows(session: Session, _context: UOWTransaction, _instances: object) -> None:
    actor = session.info.get("actor")
    scoped = policy.scoped_classes()
    for row in (*session.new, *session.dirty, *session.deleted):
        if isinstance(row, scoped) and not policy.holds(actor, row):
            raise NotPermitted(
                Reason(
                    "foreign_row",
                    "Запись относится к другой территории; изменить её можно только там.",
                    "The record belongs to another territory.",
                )
            )
