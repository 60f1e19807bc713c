"""The archive of a backup: a tar with a manifest that names the hash of every file, and values as lines of JSON."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from sqlalchemy import Connection, Table, select

from app.errors import Reason, WrongFormat

FORMAT = 1
MANIFEST = "manifest.json"
BATCH = 1000


class Archive:
    """A tar written in one pass; remembers the hash of each file for the manifest."""

    def __init__(self, stream: IO[bytes], files: dict[str, dict[str, Any]], at: datetime) -> None:
        self._tar = tarfile.open(fileobj=stream, mode="w|")  # noqa: SIM115 - closed by `close`
        self._files, self._at = files, at

    def add(self, name: str, content: bytes) -> None:
        self._put(name, io.BytesIO(content), len(content))
        if name != MANIFEST:
            self._files[name] = {"sha256": hashlib.sha256(content).hexdigest()}

    def add_table(self, connection: Connection, table: Table) -> None:
        digest, rows = hashlib.sha256(), 0
        with TemporaryFile() as file:
            result = connection.execution_options(yield_per=BATCH).execute(select(table).order_by(*table.primary_key))
            for row in result:
                line = (json.dumps([_packed(value) for value in row], ensure_ascii=False) + "\n").encode()
                digest.update(line)
                file.write(line)
                rows += 1
            size = file.tell()
            file.seek(0)
            name = f"tables/{table.name}.jsonl"
            self._put(name, file, size)
        self._files[name] = {
            "sha256": digest.hexdigest(),
            "rows": rows,
            "columns": [column.name for column in table.columns],
        }

    def close(self) -> None:
        self._tar.close()

    def _put(self, name: str, stream: IO[bytes], size: int) -> None:
        member = tarfile.TarInfo(name)
        member.size, member.mode, member.mtime = size, 0o600, int(self._at.timestamp())
        self._tar.addfile(member, stream)


def read_manifest(path: Path) -> dict[str, Any]:
    """Check every file of the archive against the manifest and return it.

    Raises
    ------
    WrongFormat
        Not an archive of ours, cut off, or altered.
    """
    found: dict[str, str] = {}
    manifest: dict[str, Any] = {}
    try:
        with tarfile.open(path, "r:gz") as archive:
            for member in archive:
                stream = archive.extractfile(member)
                if stream is None or not _is_plain(member.name):
                    raise wrong(path, f"лишняя запись {member.name!r}")
                if member.name == MANIFEST:
                    manifest = json.loads(stream.read())
                else:
                    found[member.name] = _digest(stream)
    except (tarfile.TarError, EOFError, OSError, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise wrong(path, f"архив не читается ({error})") from error
    if not manifest or manifest.get("format") != FORMAT:
        raise wrong(path, "нет описи или она другой версии")
    wanted = {name: entry["sha256"] for name, entry in manifest["files"].items()}
    different = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
    if different:
        raise wrong(path, f"не совпадает с описью: {', '.join(different[:5])}")
    return manifest


def _packed(value: Any) -> Any:
    """A value as JSON; what JSON has no word for is a one-key object marked ``$``, and such objects are wrapped."""
    if isinstance(value, bytes | memoryview):
        return {"$bytes": base64.b64encode(bytes(value)).decode()}
    if isinstance(value, datetime):
        return {"$at": value.astimezone(UTC).isoformat()}
    if isinstance(value, date):
        return {"$on": value.isoformat()}
    if isinstance(value, dict | list):
        return {"$json": value}
    return value


def unpacked(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    readers: dict[str, Callable[[Any], Any]] = {
        "$bytes": base64.b64decode,
        "$at": datetime.fromisoformat,
        "$on": date.fromisoformat,
        "$json": lambda plain: plain,
    }
    return readers[kind](content)


def _is_plain(name: str) -> bool:
    folder, _, rest = name.partition("/")
    if not rest:
        return name in (MANIFEST, "anchors.jsonl")
    return folder in ("tables", "objects", "secrets") and rest.replace("_", "").replace(".", "").isalnum()


def _digest(stream: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while chunk := stream.read(1 << 20):
        digest.update(chunk)
    return digest.hexdigest()


def wrong(path: Path, why: str) -> WrongFormat:
    return WrongFormat(Reason("bad_archive", f"«{path.name}» не восстановить: {why}.", f"{path.name}: {why}"))
