"""Content-addressed files: bytes are named by their SHA-256 and never change.

A visible file is always whole: it is written under a temporary name in the same folder, flushed to disk, renamed, and
the folder is flushed too. What a crash leaves behind are ``*.part`` files, which `sweep` removes.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import time
from pathlib import Path

from app.errors import NotFound

_SHA256 = re.compile(r"^[0-9a-f]{64}$")


class ObjectStore:
    """Files below `root`, at ``ab/cd/<sha256>``; names given by people never become paths."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, sha256: str) -> Path:
        """Path of an object, whether or not it exists."""
        if not _SHA256.match(sha256):
            raise NotFound(f"не похоже на хеш файла: {sha256[:80]!r}")
        return self.root / sha256[:2] / sha256[2:4] / sha256

    def put(self, content: bytes) -> str:
        """Keep `content`; return its SHA-256. Storing the same bytes twice is one file."""
        sha256 = hashlib.sha256(content).hexdigest()
        target = self.path(sha256)
        if not target.exists():
            write_atomically(target, content)
        return sha256

    def put_file(self, source: Path) -> str:
        """Keep the bytes of `source`."""
        return self.put(source.read_bytes())

    def read(self, sha256: str) -> bytes:
        """Bytes of an object.

        Raises
        ------
        NotFound
            There is no such object, or its bytes no longer match its name.
        """
        try:
            content = self.path(sha256).read_bytes()
        except FileNotFoundError as error:
            raise NotFound(f"файла с хешем {sha256} нет в хранилище") from error
        if hashlib.sha256(content).hexdigest() != sha256:
            raise NotFound(f"файл {sha256} повреждён: содержимое не соответствует хешу")
        return content

    def has(self, sha256: str) -> bool:
        return self.path(sha256).exists()

    def __iter__(self):
        """Hashes of all whole objects."""
        for path in self.root.glob("??/??/*"):
            if _SHA256.match(path.name):
                yield path.name

    def sweep(self, older_than_seconds: float = 3600) -> int:
        """Remove what interrupted writes left behind; return how many files."""
        removed = 0
        for path in self.root.rglob("*.part"):
            if time.time() - path.stat().st_mtime >= older_than_seconds:
                path.unlink(missing_ok=True)
                removed += 1
        return removed


def write_atomically(target: Path, content: bytes) -> None:
    """Write `content` to `target` so that a crash leaves either nothing or the whole file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.{secrets.token_hex(6)}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, target)
    except OSError:
        part.unlink(missing_ok=True)  # a full disk needs the room more than anybody needs half a file
        raise
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
