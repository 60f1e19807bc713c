"""Official scales: primary score → mark, per year, subject and grade, from ``data/scales/*.toml``."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from app.datafiles import DATA_DIR, DataFile, load, require_keys
from app.errors import Misconfigured
from app.terms import Subject

_KEYS = frozenset({"subject", "grade", "upper"})
_OPTIONAL = frozenset({"max_score", "items", "item_max", "item_source", "parts", "verified"})


@dataclass(frozen=True)
class Scale:
    """Scale of one paper.

    Attributes
    ----------
    item_max : tuple of int or None
        Largest points of each scored item, in the order of the file's columns; None where no source gives them.
    max_score : int or None
        Largest primary score; None only for scales known from public code alone.
    mark_from : tuple of int, length 3
        Lowest primary scores that earn "3", "4" and "5".
    n_items : int or None
        Number of scored items (columns of an export).
    parts : tuple of int or None
        Items in each part of a paper sat on two days (Russian, grade 4: dictation and tasks).
    verified : bool
        False where the cuts are known only from public code, not from an official description.
    """

    year: int
    subject: str
    grade: int
    item_max: tuple[int, ...] | None
    max_score: int | None
    mark_from: tuple[int, int, int]
    n_items: int | None
    source: str
    version: str
    parts: tuple[int, ...] | None = None
    verified: bool = True

    def mark(self, score: int) -> int:
        """Mark for a primary score.

        Parameters
        ----------
        score : int
            Primary score, in points.

        Returns
        -------
        int
            2, 3, 4 or 5.

        Examples
        --------
        >>> load_scales().get(2021, "ma", 5).mark(7)
        3
        """
        return 2 + bisect_right(self.mark_from, score)


class Scales:
    """Catalogue of scales; `version` names the state of the whole catalogue."""

    def __init__(self, scales: dict[tuple[int, str, int], Scale]) -> None:
        self._scales = scales

    def get(self, year: int | None, subject: str | None, grade: int | None) -> Scale | None:
        """Scale of a paper, or None where the catalogue has none."""
        if year is None or subject is None or grade is None:
            return None
        return self._scales.get((year, subject, grade))

    def __iter__(self) -> Iterator[Scale]:
        return iter(self._scales.values())

    def __len__(self) -> int:
        return len(self._scales)

    def of_year(self, year: int) -> list[Scale]:
        return [scale for scale in self if scale.year == year]


def load_scales(folder: Path | None = None) -> Scales:
    """Read and check the catalogue.

    Parameters
    ----------
    folder : Path, optional
        Folder with one TOML file a year; the product's own by default (read once and kept).

    Raises
    ------
    Misconfigured
        A file, a key or a number is wrong; the message names the file and the paper.
    """
    return _shipped() if folder is None else _read(folder)


@cache
def _shipped() -> Scales:
    return _read(DATA_DIR / "scales")


def _read(folder: Path) -> Scales:
    scales: dict[tuple[int, str, int], Scale] = {}
    borrowed: list[tuple[DataFile, int, dict[str, Any]]] = []
    for path in sorted(folder.glob("*.toml")):
        try:
            year = int(path.stem)
        except ValueError as error:
            raise Misconfigured(f"{path.name}: имя файла шкал должно быть годом, например 2021.toml") from error
        body_key = "borrow" if "[borrow]" in path.read_text("utf-8") else "scale"
        file = load(path, keys={body_key})
        if body_key == "borrow":
            borrowed.append((file, year, file.body["borrow"]))
            continue
        for table in file.body["scale"]:
            scale = _scale(file, year, table)
            if (year, scale.subject, scale.grade) in scales:
                raise Misconfigured(f"{path.name}: шкала {scale.subject}{scale.grade} записана дважды")
            scales[(year, scale.subject, scale.grade)] = scale
    for file, year, table in borrowed:
        require_keys(table, {"from_year", "papers"}, where=file.path.name)
        for name in table["papers"]:
            key = (int(table["from_year"]), name[:2], int(name[2:]))
            if key not in scales:
                raise Misconfigured(f"{file.path.name}: нет шкалы {name} за {key[0]} год, на которую он ссылается")
            scales[(year, *key[1:])] = replace(scales[key], year=year, source=file.source, version=file.version)
    return Scales(scales)


def _scale(file: DataFile, year: int, table: dict[str, Any]) -> Scale:
    where = f"{file.path.name}, {table.get('subject')}{table.get('grade')}"
    require_keys(table, _KEYS, where=where, optional=_OPTIONAL)
    subject, grade, upper = table["subject"], table["grade"], table["upper"]
    item_max = tuple(table["item_max"]) if "item_max" in table else None
    max_score, items = table.get("max_score"), table.get("items")
    parts = tuple(table["parts"]) if "parts" in table else None
    if subject not in set(Subject):
        raise Misconfigured(f"{where}: неизвестный предмет")
    if len(upper) != 3 or sorted(set(upper)) != list(upper) or upper[0] < 0:
        raise Misconfigured(f"{where}: upper — три возрастающих числа")
    if max_score is not None and upper[-1] >= max_score:
        raise Misconfigured(f"{where}: граница «5» выше наибольшего балла")
    if item_max is not None and (sum(item_max) != max_score or len(item_max) != items or min(item_max) < 1):
        raise Misconfigured(f"{where}: item_max не сходится с max_score или items")
    if parts is not None and sum(parts) != items:
        raise Misconfigured(f"{where}: parts не сходится с items")
    return Scale(
        year=year,
        subject=subject,
        grade=grade,
        item_max=item_max,
        max_score=max_score,
        mark_from=(upper[0] + 1, upper[1] + 1, upper[2] + 1),
        n_items=items,
        source=file.source if table.get("verified", True) else "опубликованный код; официальный документ не найден",
        version=file.version,
        parts=parts,
        verified=table.get("verified", True),
    )
