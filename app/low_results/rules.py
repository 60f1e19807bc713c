"""The numbers of the indicators, from ``app/data/low_results.toml``."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from app import datafiles


@dataclass(frozen=True)
class Rules:
    """Limits of the indicators; shares in 0..1, gaps in shares of the maximum or in marks."""

    version: str
    works: int
    twos_share: float
    mean_gap: float
    mean_schools: int
    exam_gap: float
    exam_spread: float
    exam_works: int
    below_share: float
    below_works: int
    signs: int
    two_years: bool

    def as_plain(self) -> dict[str, Any]:
        return asdict(self)


@cache
def load_rules(path: Path = datafiles.DATA_DIR / "low_results.toml") -> Rules:
    """Read and check the file.

    Raises
    ------
    Misconfigured
        A key is missing or unknown.
    """
    tables = {
        "size": {"works"},
        "many_twos": {"share"},
        "low_mean": {"gap", "schools"},
        "weak_exam": {"gap", "spread", "works"},
        "below_minimum": {"share", "works"},
        "rule": {"signs", "two_years"},
    }
    file = datafiles.load(path, keys=set(tables))
    for name, keys in tables.items():
        datafiles.require_keys(file.body[name], keys, where=f"{path.name} [{name}]")
    body = file.body
    return Rules(
        file.version,
        int(body["size"]["works"]),
        float(body["many_twos"]["share"]),
        float(body["low_mean"]["gap"]),
        int(body["low_mean"]["schools"]),
        float(body["weak_exam"]["gap"]),
        float(body["weak_exam"]["spread"]),
        int(body["weak_exam"]["works"]),
        float(body["below_minimum"]["share"]),
        int(body["below_minimum"]["works"]),
        int(body["rule"]["signs"]),
        bool(body["rule"]["two_years"]),
    )
