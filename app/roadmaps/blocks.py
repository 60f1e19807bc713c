"""Blocks of a school's own road map, and which of them fit what is known of its case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from app import datafiles
from app.calendars import Rule
from app.errors import Misconfigured
from app.roadmaps.template import member, members, rule_of, tables, text
from app.terms import DetectorName, ExplanationReason, Family, Mechanism, Party, TaskKind, Term, Violation

FILE = datafiles.DATA_DIR / "roadmap_blocks.toml"


@dataclass(frozen=True)
class BlockMeasure:
    """One measure of a block; obligatory ones must be done or waived before the case may close."""

    id: str
    kind: TaskKind
    what: str
    en: str
    rule: Rule
    roles: tuple[Party, ...]
    result: str
    evidence: str
    is_obligatory: bool


@dataclass(frozen=True)
class Block:
    """Measures against one cause, the recommendation that goes with them, and the signs that call for them.

    A block with `is_always` belongs to every road map.
    """

    id: str
    title: str
    title_en: str
    recommendation: str
    recommendation_en: str
    source: str
    mechanisms: frozenset[Mechanism]
    families: frozenset[Family]
    detectors: frozenset[DetectorName]
    reasons: frozenset[ExplanationReason]
    violations: frozenset[Violation]
    is_always: bool
    measures: tuple[BlockMeasure, ...]


@dataclass(frozen=True)
class Signs:
    """What is known of a case: what its signs are and resemble, what the head named, what observers saw."""

    mechanisms: frozenset[str] = frozenset()
    families: frozenset[str] = frozenset()
    detectors: frozenset[str] = frozenset()
    reasons: frozenset[str] = frozenset()
    violations: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Chosen:
    """A block that fits, and the words it was chosen for; no words for a block that always belongs."""

    block: Block
    because: tuple[Term, ...]


@dataclass(frozen=True)
class Blocks:
    title: str
    version: str
    source: str
    blocks: tuple[Block, ...]
    sha256: str = field(default="", compare=False)

    def __getitem__(self, block_id: str) -> Block:
        return next(block for block in self.blocks if block.id == block_id)


def choose(blocks: Blocks, signs: Signs) -> list[Chosen]:
    """Blocks that fit the signs, those called for by most words first, those that always belong last.

    A likeness to a mechanism and a named reason count before a family, since they say more.
    """
    found = []
    for position, block in enumerate(blocks.blocks):
        because: list[Term] = []
        for known, wanted in (
            (signs.mechanisms, block.mechanisms),
            (signs.reasons, block.reasons),
            (signs.violations, block.violations),
            (signs.detectors, block.detectors),
            (signs.families, block.families),
        ):
            because += sorted((term for term in wanted if term.value in known), key=lambda term: term.value)
        if because or block.is_always:
            found.append((block.is_always and not because, -len(because), position, Chosen(block, tuple(because))))
    return [chosen for *_order, chosen in sorted(found, key=lambda item: item[:3])]


@cache
def load_blocks(path: Path = FILE) -> Blocks:
    """Read the blocks strictly.

    Raises
    ------
    Misconfigured
        Names the block and the key that is wrong.
    """
    file = datafiles.load(path, keys={"block"})
    blocks = tuple(_block(table, path.name) for table in tables(file.body["block"], path.name, "block"))
    ids = [block.id for block in blocks]
    if len(set(ids)) < len(ids):
        raise Misconfigured(f"{path.name}: два блока с одним id")
    return Blocks(file.title, file.version, file.source, blocks, file.sha256)


_KEYS = {"id", "title", "title_en", "recommendation", "recommendation_en", "source", "measure"}
_SIGNS = {"mechanisms", "families", "detectors", "reasons", "violations"}


def _block(table: Mapping[str, Any], where: str) -> Block:
    here = f"{where}, блок {table.get('id', '?')}"
    datafiles.require_keys(table, _KEYS, where=here, optional=_SIGNS | {"always"})
    always = table.get("always", False)
    if not isinstance(always, bool):
        raise Misconfigured(f"{here}: always — true или false")
    measures = tuple(_measure(item, here) for item in tables(table["measure"], here, "block.measure"))
    if len({measure.id for measure in measures}) < len(measures):
        raise Misconfigured(f"{here}: два мероприятия с одним id")
    found = Block(
        text(table, "id", here),
        text(table, "title", here),
        text(table, "title_en", here),
        text(table, "recommendation", here),
        text(table, "recommendation_en", here),
        text(table, "source", here),
        frozenset(members(Mechanism, table, "mechanisms", here)),
        frozenset(members(Family, table, "families", here)),
        frozenset(members(DetectorName, table, "detectors", here)),
        frozenset(members(ExplanationReason, table, "reasons", here)),
        frozenset(members(Violation, table, "violations", here)),
        always,
        measures,
    )
    if not always and not any((found.mechanisms, found.families, found.detectors, found.reasons, found.violations)):
        raise Misconfigured(f"{here}: не сказано, каким признакам блок отвечает, и always не стоит")
    return found


def _measure(table: Mapping[str, Any], where: str) -> BlockMeasure:
    here = f"{where}, мероприятие {table.get('id', '?')}"
    keys = {"id", "kind", "what", "en", "when", "roles", "result", "evidence", "obligatory"}
    datafiles.require_keys(table, keys, where=here)
    if not isinstance(table["obligatory"], bool):
        raise Misconfigured(f"{here}: obligatory — true или false")
    return BlockMeasure(
        text(table, "id", here),
        member(TaskKind, table["kind"], here, "kind"),
        text(table, "what", here),
        text(table, "en", here),
        rule_of(table["when"], here),
        members(Party, table, "roles", here),
        text(table, "result", here),
        text(table, "evidence", here),
        table["obligatory"],
    )
