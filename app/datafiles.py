"""Data files that methodologists change: strict TOML, each with a title, a version and a source."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.errors import Misconfigured

DATA_DIR = Path(__file__).parent / "data"


@dataclass(frozen=True)
class DataFile:
    """A loaded data file: its head (title, version, source), its body and the hash of its bytes."""

    path: Path
    title: str
    version: str
    source: str
    body: Mapping[str, Any]
    sha256: str


def load(path: Path, *, keys: Set[str]) -> DataFile:
    """Read one data file; unknown or missing top-level keys name the file and the key.

    Parameters
    ----------
    path : Path
        File below ``app/data`` or anywhere else.
    keys : set of str
        Top-level keys the body must have, besides ``title``, ``version`` and ``source``.

    Raises
    ------
    Misconfigured
        The file is not TOML, lacks a key or has one nobody reads.
    """
    raw = path.read_bytes()
    try:
        content = tomllib.loads(raw.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{path.name}: файл не читается как TOML ({error})") from error
    head = {"title", "version", "source"}
    missing = sorted((head | keys) - content.keys())
    unknown = sorted(content.keys() - head - keys)
    if missing:
        raise Misconfigured(f"{path.name}: нет обязательных ключей: {', '.join(missing)}")
    if unknown:
        raise Misconfigured(f"{path.name}: неизвестные ключи: {', '.join(unknown)}")
    body = {key: value for key, value in content.items() if key in keys}  # in the order of the file
    return DataFile(
        path,
        str(content["title"]),
        str(content["version"]),
        str(content["source"]),
        body,
        hashlib.sha256(raw).hexdigest(),
    )


def require_keys(table: Mapping[str, Any], keys: Set[str], *, where: str, optional: Set[str] = frozenset()) -> None:
    """Check one table inside a data file; `where` names the file and the place for the message."""
    missing = sorted(keys - table.keys())
    unknown = sorted(table.keys() - keys - optional)
    if missing:
        raise Misconfigured(f"{where}: нет ключей: {', '.join(missing)}")
    if unknown:
        raise Misconfigured(f"{where}: неизвестные ключи: {', '.join(unknown)}")
