"""The recheck's rules, read from ``app/data/recheck_rules.toml``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from app import datafiles


@dataclass(frozen=True)
class RecheckRules:
    """Shares are in 0..1, widths and tolerances in primary points."""

    version: str
    source: str
    share: float
    min_works: int
    near_cut_share: float
    near_cut_width: int
    steps: tuple[float, ...]
    tolerance_points: int
    tolerance_share: float
    norm: float
    confidence: float


@cache
def load_rules(path: Path = datafiles.DATA_DIR / "recheck_rules.toml") -> RecheckRules:
    """Read the rules; a missing or unknown key names itself."""
    file = datafiles.load(path, keys={"sample", "agreement"})
    sample, agreement = file.body["sample"], file.body["agreement"]
    datafiles.require_keys(
        sample, {"share", "min_works", "near_cut_share", "near_cut_width", "steps"}, where=f"{path.name} [sample]"
    )
    datafiles.require_keys(
        agreement, {"tolerance_points", "tolerance_share", "norm", "confidence"}, where=f"{path.name} [agreement]"
    )
    return RecheckRules(file.version, file.source, **{**sample, "steps": tuple(sample["steps"])}, **agreement)
