"""Backup and restore: the whole installation as one archive, the same on SQLite and PostgreSQL.

Tables are dumped as JSON lines from one read transaction, so the copy is of one moment while the site works on, needs
no foreign program and moves an installation from SQLite to PostgreSQL as well. The archive holds files of every kind by
their hash, the journal's anchors and the secrets: without the journal's key a restored journal cannot be verified. Keep
it like a key; its mode is 0600.
"""

from __future__ import annotations

import gzip
import json
import os
import secrets
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, cast

from sqlalchemy import Connection, MetaData, Table, func, insert, inspect, select, text, update

from app import migrating
from app.archives import BATCH, FORMAT, MANIFEST, Archive, read_manifest, unpacked, wrong
from app.context import AppContext
from app.database import acting
from app.errors import Misconfigured, Reason, Refused
from app.models import AuthSession, Base, JournalEntry, WorkflowVersion
from app.policy import SYSTEM
from app.settings import Settings
from app.storage import ObjectStore, write_atomically
from app.workflows import journal

SECRETS = ("session", "journal")

Report = Callable[[str, float], None]


@dataclass(frozen=True)
class Restored:
    """What came back."""

    rows: dict[str, int]
    objects: int
    revision: str
    made_at: str


def create(
    context: AppContext, out: Path, *, at: datetime, report: Report = lambda stage, share: None
) -> dict[str, Any]:
    """Write the archive `out`; return its manifest. A crash leaves a ``.part`` file, never half an archive."""
    revision = migrating.current(context.engine)
    if revision is None:
        raise Misconfigured("база пуста: копировать нечего")
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(f"{out.name}.{secrets.token_hex(4)}.part")
    files: dict[str, dict[str, Any]] = {}
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as raw:
            with gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=5, mtime=int(at.timestamp())) as packed:
                archive = Archive(cast(IO[bytes], packed), files, at)
                with _snapshot(context) as connection:
                    tables = Base.metadata.sorted_tables
                    for number, table in enumerate(tables):
                        report(table.name, 0.5 * number / len(tables))
                        archive.add_table(connection, table)
                    head = _journal_head(connection)
                # Objects are never changed or deleted, so those of the snapshot are all here still.
                hashes = sorted(context.store)
                for number, sha256 in enumerate(hashes):
                    report("файлы", 0.5 + 0.5 * number / len(hashes))
                    archive.add(f"objects/{sha256}", context.store.read(sha256))
                for name in SECRETS:
                    archive.add(f"secrets/{name}", context.settings.keys[name])
                anchors = anchors_folder(context.settings) / "anchors.jsonl"
                if anchors.exists():
                    archive.add("anchors.jsonl", anchors.read_bytes())
                manifest = {
                    "format": FORMAT,
                    "made_at": at.isoformat(),
                    "engine": context.engine.dialect.name,
                    "revision": revision,
                    "contains_secrets": True,
                    "journal": head,
                    "rows": {name[7:-6]: entry["rows"] for name, entry in files.items() if "rows" in entry},
                    "files": files,
                }
                archive.add(MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1).encode())
                archive.close()
            raw.flush()
            os.fsync(raw.fileno())
        os.replace(part, out)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    _flush_folder(out.parent)
    return manifest


def restore(settings: Settings, path: Path, *, report: Report = lambda stage, share: None) -> Restored:
    """Bring an archive back into an empty installation and prove its journal.

    1. the archive is checked whole before anything is written;
    2. files, then all rows in one transaction; nobody stays signed in;
    3. the schema is brought up to the program's, and the journal verified against its anchors.

    Raises
    ------
    Refused
        The target holds something, the archive is damaged or of a newer program, or the journal does not verify.
    """
    report("проверка архива", 0.0)
    manifest = read_manifest(path)
    if not migrating.is_known(manifest["revision"]):
        raise wrong(path, f"копия сделана более новой версией программы (схема {manifest['revision']})")
    context = AppContext.from_settings(settings)
    try:
        _require_empty(context)
        migrating.upgrade(context, manifest["revision"], is_shipping=False)
        with tarfile.open(path, "r:gz") as archive, context.engine.begin() as connection:
            counts = _load(archive, connection, settings, manifest, report)
        migrating.upgrade(context)
        report("проверка журнала", 0.95)
        _prove(AppContext.from_settings(Settings.from_env(_same_place(settings))), manifest)
    finally:
        context.engine.dispose()
    objects = sum(name.startswith("objects/") for name in manifest["files"])
    return Restored(counts, objects, manifest["revision"], manifest["made_at"])


def anchors_folder(settings: Settings) -> Path:
    return settings.home / "anchors"


@contextmanager
def _snapshot(context: AppContext) -> Iterator[Connection]:
    """A read transaction that sees one moment and stops nobody."""
    options: dict[str, Any] = {"readonly": True}
    if context.engine.dialect.name == "postgresql":
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with context.engine.connect().execution_options(**options) as connection, connection.begin():
        yield connection


def _journal_head(connection: Connection) -> dict[str, Any] | None:
    columns = JournalEntry.__table__.c
    row = connection.execute(select(columns.seq, columns.mac).order_by(columns.seq.desc()).limit(1)).first()
    return {"seq": row.seq, "mac": bytes(row.mac).hex()} if row else None


def _require_empty(context: AppContext) -> None:
    tables = set(inspect(context.engine).get_table_names())
    tables.discard(WorkflowVersion.__tablename__)  # the shipped ones come with the schema and are replaced
    with context.engine.execution_options(readonly=True).connect() as connection:
        for table in Base.metadata.sorted_tables:
            if table.name in tables and connection.execute(select(func.count()).select_from(table)).scalar():
                raise Refused(
                    Reason(
                        "not_empty",
                        f"В базе уже есть данные (таблица {table.name}). Восстанавливают только в пустую установку: "
                        "задайте новую OBEKTIV_HOME (и пустую DATABASE_URL).",
                        f"The database already holds data (table {table.name}). Restore into an empty installation.",
                    )
                )


def _load(
    archive: tarfile.TarFile, connection: Connection, settings: Settings, manifest: dict[str, Any], report: Report
) -> dict[str, int]:
    # The tables as this revision has them, which need not be as the models have them today.
    metadata = MetaData()
    metadata.reflect(connection)
    if WorkflowVersion.__tablename__ in metadata.tables:
        connection.execute(metadata.tables[WorkflowVersion.__tablename__].delete())
    store = ObjectStore(settings.objects)
    counts: dict[str, int] = {}
    later: list[tuple[Table, str, Any, Any]] = []
    total = max(len(manifest["files"]), 1)
    for number, member in enumerate(archive):
        report(member.name.split("/")[0], 0.05 + 0.85 * number / total)
        stream = archive.extractfile(member)
        assert stream is not None
        folder, _, name = member.name.partition("/")
        if folder == "tables":
            table = _typed(metadata.tables[name.removesuffix(".jsonl")])
            columns = manifest["files"][member.name]["columns"]
            counts[table.name] = _load_table(connection, table, columns, stream, later)
        elif folder == "objects":
            store.put(stream.read())
        elif folder == "secrets":
            target = settings.home / "secrets" / name
            write_atomically(target, stream.read())
            target.chmod(0o600)
        elif member.name == "anchors.jsonl":
            write_atomically(anchors_folder(settings) / "anchors.jsonl", stream.read())
    for table, column, key, value in later:
        (primary,) = table.primary_key
        connection.execute(update(table).where(primary == key).values({column: value}))
    if AuthSession.__tablename__ in metadata.tables:
        connection.execute(metadata.tables[AuthSession.__tablename__].delete())
        counts[AuthSession.__tablename__] = 0
    if connection.dialect.name == "postgresql":
        _set_sequences(connection, metadata)
    return counts


def _load_table(
    connection: Connection,
    table: Table,
    columns: list[str],
    stream: IO[bytes],
    later: list[tuple[Table, str, Any, Any]],
) -> int:
    # A row that points at a later row of its own table gets the pointer once all rows are there.
    own = [key.parent.name for key in table.foreign_keys if key.column.table is table]
    rows = 0
    batch: list[dict[str, Any]] = []
    for line in stream:
        row = dict(zip(columns, (unpacked(value) for value in json.loads(line)), strict=True))
        for column in own:
            if row[column] is not None:
                (primary,) = table.primary_key
                later.append((table, column, row[primary.name], row[column]))
                row[column] = None
        batch.append(row)
        rows += 1
        if len(batch) == BATCH:
            connection.execute(insert(table), batch)
            batch.clear()
    if batch:
        connection.execute(insert(table), batch)
    return rows


def _typed(table: Table) -> Table:
    """Give reflected columns the models' types where the models still know them (JSON, moments, vocabularies)."""
    model = Base.metadata.tables.get(table.name)
    if model is not None:
        for column in table.columns:
            if column.name in model.columns:
                column.type = model.columns[column.name].type
    return table


def _set_sequences(connection: Connection, metadata: MetaData) -> None:
    for table in metadata.tables.values():
        for column in table.primary_key:
            sequence = connection.scalar(
                text("SELECT pg_get_serial_sequence(:table, :column)"), {"table": table.name, "column": column.name}
            )
            largest = connection.scalar(select(func.max(column))) if sequence else None
            if largest:
                connection.execute(text("SELECT setval(:sequence, :value)"), {"sequence": sequence, "value": largest})


def _prove(context: AppContext, manifest: dict[str, Any]) -> None:
    anchors = journal.read_anchors(anchors_folder(context.settings))
    head = manifest["journal"]
    if head:
        anchors = [*anchors, journal.Anchor(head["seq"], head["mac"], manifest["made_at"])]
    with acting(context.sessions, SYSTEM) as session:
        faults = journal.verify(session, context.settings.keys["journal"], anchors)
    context.engine.dispose()
    if faults:
        raise Refused(*(Reason("journal", f"запись журнала {f.seq}: {f.ru}", f.en) for f in faults[:20]))


def _same_place(settings: Settings) -> dict[str, str]:
    return {**os.environ, "OBEKTIV_HOME": str(settings.home), "DATABASE_URL": settings.database_url}


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
