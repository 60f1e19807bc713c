"""The planner's rules, read from ``app/data/planning.toml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from app import datafiles

_TABLES = {
    "observers": {"watch", "case", "severe"},
    "limits": {"curator", "inspector", "visits_a_day"},
    "weights": {"load", "travel", "late", "repeat"},
    "travel": {"same_area", "same_municipality", "other_municipality", "speed_kmh", "detour"},
    "cross": {"grades"},
    "windows": {"curator", "observer", "expert"},
    "solver": {"seconds", "gap", "nearest", "inline"},
}


@dataclass(frozen=True)
class PlanningRules:
    """What a methodologist may change. Costs are in minutes of travel, times of the solver in seconds."""

    version: str
    source: str
    observers: Mapping[str, int]
    curator_limit: float
    inspector_limit: float
    visits_a_day: int
    load_weight: float
    travel_weight: float
    late_weight: float
    repeat_weight: float
    same_area: float
    same_municipality: float
    other_municipality: float
    speed_kmh: float
    detour: float
    cross_grades: tuple[int, ...]
    windows: Mapping[str, tuple[int, int]]
    seconds: float
    gap: float
    nearest: int
    inline: int


@cache
def load_rules(path: Path = datafiles.DATA_DIR / "planning.toml") -> PlanningRules:
    """Read the rules; a missing or unknown key names itself."""
    file = datafiles.load(path, keys=set(_TABLES))
    for name, keys in _TABLES.items():
        datafiles.require_keys(file.body[name], keys, where=f"{path.name} [{name}]")
    limits, weights, travel, solver = (file.body[name] for name in ("limits", "weights", "travel", "solver"))
    return PlanningRules(
        version=file.version,
        source=file.source,
        observers=dict(file.body["observers"]),
        curator_limit=float(limits["curator"]),
        inspector_limit=float(limits["inspector"]),
        visits_a_day=int(limits["visits_a_day"]),
        load_weight=float(weights["load"]),
        travel_weight=float(weights["travel"]),
        late_weight=float(weights["late"]),
        repeat_weight=float(weights["repeat"]),
        same_area=float(travel["same_area"]),
        same_municipality=float(travel["same_municipality"]),
        other_municipality=float(travel["other_municipality"]),
        speed_kmh=float(travel["speed_kmh"]),
        detour=float(travel["detour"]),
        cross_grades=tuple(file.body["cross"]["grades"]),
        windows={duty: (int(first), int(last)) for duty, (first, last) in file.body["windows"].items()},
        **solver,
    )
