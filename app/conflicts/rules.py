"""The rules as data: ``app/data/conflicts.toml``, strictly read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from app import datafiles
from app.errors import Misconfigured
from app.terms import ConflictKind, Duty, Helper, Part

_FILE = datafiles.DATA_DIR / "conflicts.toml"
_PERIOD = {"employment_years", "declaration_days", "expiry_days"}
DECIDER = "decider"
"""The word for whoever moves a case and decides on it by office: no duty of the register."""
_PARTS: Mapping[str, Part] = {part.value: part for part in (*Duty, *Helper)}
_NEEDS = {"training", "presence", "objective_place"}


@dataclass(frozen=True)
class Rules:
    """Which kind of conflict stops whom, for how long, and what else a duty needs.

    `blocks` names duties of the register and the mentor, `bars` the kinds that keep a department or the region from
    deciding.
    """

    version: str
    employment_years: int
    declaration_days: int
    expiry_days: int
    blocks: Mapping[ConflictKind, frozenset[Part]]
    bars: frozenset[ConflictKind]
    training: frozenset[Duty]
    presence: frozenset[Duty]
    objective_place: frozenset[Part]
    cross_grades: frozenset[int]
    cross_school_required: bool

    def stops(self, kind: ConflictKind, duty: Part) -> bool:
        return duty in self.blocks[kind]


@cache
def load_rules(path: Path = _FILE) -> Rules:
    """Read the rules.

    Raises
    ------
    Misconfigured
        A key is missing, unknown, or its value is not what it must be.
    """
    data = datafiles.load(path, keys={"period", "blocks", "needs", "cross_observation"})
    period, blocks, needs, cross = (data.body[key] for key in ("period", "blocks", "needs", "cross_observation"))
    datafiles.require_keys(period, _PERIOD, where=f"{path.name} [period]")
    datafiles.require_keys(blocks, {kind.value for kind in ConflictKind}, where=f"{path.name} [blocks]")
    datafiles.require_keys(needs, _NEEDS, where=f"{path.name} [needs]")
    datafiles.require_keys(cross, {"grades", "school_required"}, where=f"{path.name} [cross_observation]")
    for key in sorted(_PERIOD):
        if type(period[key]) is not int or period[key] < 1:
            raise Misconfigured(f"{path.name} [period] {key}: нужно целое число от 1, а не {period[key]!r}")
    if not isinstance(cross["grades"], list) or any(type(g) is not int or not 1 <= g <= 11 for g in cross["grades"]):
        raise Misconfigured(f"{path.name} [cross_observation] grades: нужен список классов от 1 до 11")
    if type(cross["school_required"]) is not bool:
        raise Misconfigured(f"{path.name} [cross_observation] school_required: нужно true или false")
    return Rules(
        data.version,
        period["employment_years"],
        period["declaration_days"],
        period["expiry_days"],
        {kind: _stopped(blocks[kind.value], f"{path.name} [blocks] {kind.value}") for kind in ConflictKind},
        frozenset(kind for kind in ConflictKind if DECIDER in blocks[kind.value]),
        training=_duties(needs["training"], f"{path.name} [needs] training"),
        presence=_duties(needs["presence"], f"{path.name} [needs] presence"),
        objective_place=_parts(needs["objective_place"], f"{path.name} [needs] objective_place"),
        cross_grades=frozenset(cross["grades"]),
        cross_school_required=cross["school_required"],
    )


def _stopped(value: Any, where: str) -> frozenset[Part]:
    """The parts of a list that may name the decider besides them."""
    return _parts([item for item in _known(value, {*_PARTS, DECIDER}, where) if item != DECIDER], where)


def _duties(value: Any, where: str) -> frozenset[Duty]:
    return frozenset(Duty(item) for item in _known(value, {duty.value for duty in Duty}, where))


def _parts(value: Any, where: str) -> frozenset[Part]:
    return frozenset(_PARTS[item] for item in _known(value, set(_PARTS), where))


def _known(value: Any, known: set[str], where: str) -> list[str]:
    if not isinstance(value, list) or any(item not in known for item in value):
        raise Misconfigured(f"{where}: нужен список из {', '.join(sorted(known))}, а не {value!r}")
    return value
