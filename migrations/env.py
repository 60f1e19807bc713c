"""Run by alembic for every command; the engine comes from the caller (`app.migrating`), never from a file.

All steps of one upgrade are one transaction. On SQLite that needs a BEGIN before the first DDL statement, which the
engine's `begin` listener sends; a process killed half-way leaves the old schema and a clean re-run.
"""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection, text

from app.models import Base

ADVISORY_LOCK = 0x6F62656B  # one number for all installations of the product, "obek"


def run(connection: Connection) -> None:
    is_sqlite = connection.dialect.name == "sqlite"
    if is_sqlite:
        # Batch mode rebuilds tables; with enforcement on, dropping the old copy would delete or refuse its children.
        # The pragma has no effect inside a transaction, so it goes to the driver's connection before one begins.
        connection.connection.driver_connection.execute("PRAGMA foreign_keys=off")
    try:
        with connection.begin():
            if not is_sqlite:
                # A migration may wait a minute for its turn, but no statement waits long for a table in use.
                connection.execute(text("SET LOCAL lock_timeout = '60s'"))
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
                connection.execute(text("SET LOCAL lock_timeout = '10s'"))
            context.configure(
                connection=connection,
                target_metadata=Base.metadata,
                render_as_batch=is_sqlite,
                transactional_ddl=True,
                compare_type=True,
                compare_server_default=True,
            )
            with context.begin_transaction():
                context.run_migrations()
            if is_sqlite:
                broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
                if broken:
                    raise RuntimeError(f"migration would leave dangling foreign keys: {broken[:5]}")
    finally:
        if is_sqlite:
            connection.connection.driver_connection.execute("PRAGMA foreign_keys=on")


run(context.config.attributes["connection"])
