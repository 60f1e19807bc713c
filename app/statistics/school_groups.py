"""How schools are grouped where groups are compared. A new grouping is one row of `GROUPINGS` and nothing else."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.terms import SchoolKind


@dataclass(frozen=True)
class SchoolFacts:
    """What groupings may look at: kind, settlement and context of the register, works of the year, cluster."""

    kind: str | None
    settlement: str | None
    works: int
    context: Mapping[str, Any] = field(default_factory=dict)
    cluster: str | None = None


@dataclass(frozen=True)
class Group:
    """A group inside a grouping; groups are shown by `order`, then by title."""

    ru: str
    en: str
    order: float = 0

    def title(self, locale: str) -> str:
        return self.en if locale == "en" else self.ru


UNKNOWN = Group("не указано", "not stated", float("inf"))


@dataclass(frozen=True)
class Grouping:
    """A way to part schools: `of` puts a school into its group."""

    name: str
    ru: str
    en: str
    of: Callable[[SchoolFacts], Group]

    def title(self, locale: str) -> str:
        return self.en if locale == "en" else self.ru


def _kind(school: SchoolFacts) -> Group:
    if not school.kind:
        return UNKNOWN
    try:
        kind = SchoolKind(school.kind)
    except ValueError:
        return Group(school.kind, school.kind)
    return Group(kind.ru, kind.en, list(SchoolKind).index(kind))


def _settlement(school: SchoolFacts) -> Group:
    return Group(school.settlement, school.settlement) if school.settlement else UNKNOWN


def _settlement_size(school: SchoolFacts) -> Group:
    title, code = school.context.get("size_title"), school.context.get("size")
    if not title:
        return UNKNOWN
    return Group(str(title), str(title), code if isinstance(code, int | float) else 0)


def _cluster(school: SchoolFacts) -> Group:
    return Group(school.cluster, school.cluster) if school.cluster else UNKNOWN


def groupings(size_bands: tuple[int, ...]) -> tuple[Grouping, ...]:
    """All groupings, in the order they are shown.

    Parameters
    ----------
    size_bands : tuple of int
        Lowest numbers of works of the bands, ascending.
    """

    def size(school: SchoolFacts) -> Group:
        band = bisect_right(size_bands, school.works)
        if band == 0:
            return Group(f"меньше {size_bands[0]} работ", f"under {size_bands[0]} works", 0)
        low = size_bands[band - 1]
        if band == len(size_bands):
            return Group(f"{low} работ и больше", f"{low} works and more", band)
        high = size_bands[band] - 1
        return Group(f"{low}–{high} работ", f"{low}–{high} works", band)

    return (
        Grouping("size", "Число работ школы за год", "Works of the school in the year", size),
        Grouping("kind", "Вид школы", "Kind of school", _kind),
        Grouping("settlement", "Тип поселения", "Kind of settlement", _settlement),
        Grouping("settlement_size", "Размер поселения", "Size of settlement", _settlement_size),
        Grouping("cluster", "Кластер", "Cluster", _cluster),
    )
