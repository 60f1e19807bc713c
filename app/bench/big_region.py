"""Big synthetic regions as Parquet, one file a paper: drawn in blocks, so that 25 million works fit a small machine.

The pupils are those of `app.detectors.simulate` in outline — strength of the municipality, the school, the class and
the pupil, items by Samejima's graded model, journal marks by a teacher's habits — but every step is a look-up, for what
is measured on these files is time and not truth. One school-paper in ten has works lifted over the first cut, so that
there is something to find.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from app.detectors.base import PaperSpec

YEAR = 2021
ROW_GROUP = 131_072
SCHOOLS_AT_ONCE = 2_000
SCHOOLS_IN_MUNICIPALITY = 40
_LEVELS = np.linspace(-4.0, 4.0, 257)
_LETTERS = np.array(list("АБВГДЕЖЗИК"))
_JOURNAL_CUTS = (-1.6, -0.35, 0.85)
_MA4 = (1, 1, 2, 1, 1, 1, 1, 1, 1, 2, 1, 1, 2, 2, 2)
_RU4 = (4, 3, 3, 1, 3, 2, 1, 2, 3, 2, 1, 1, 2, 1, 2, 1, 2, 1, 2, 1)
_MA5 = (1, 1, 1, 1, 1, 2, 1, 1, 2, 2, 1, 1, 1, 1, 1, 2)
_RU5 = (4, 3, 2, 3, 3, 3, 3, 2, 2, 1, 2, 2, 1, 2, 1, 2, 1, 2, 2, 2, 2)
_RU6 = (4, 3, 3, 4, 3, 2, 2, 2, 3, 3, 2, 2, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 1, 1, 1)
_RU7 = (4, 3, 2, 3, 3, 2, 2, 2, 2, 2, 2, 2, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 1, 1, 1)
PAPERS = (
    PaperSpec(YEAR, "ma", 4, _MA4, (6, 10, 15)),
    PaperSpec(YEAR, "ru", 4, _RU4, (14, 24, 33)),
    PaperSpec(YEAR, "ma", 5, _MA5, (7, 11, 15)),
    PaperSpec(YEAR, "ru", 5, _RU5, (18, 29, 39)),
    PaperSpec(YEAR, "ma", 6, _MA5[:13], (6, 10, 14)),
    PaperSpec(YEAR, "ru", 6, _RU6, (25, 35, 45)),
    PaperSpec(YEAR, "ma", 7, (*(1,) * 13, 2, 2, 2), (7, 12, 16)),
    PaperSpec(YEAR, "ru", 7, _RU7, (22, 32, 42)),
)
"""Eight papers on the official scales of that year: 13 to 25 items, of up to four points."""


@dataclass(frozen=True)
class BigRegion:
    """Files of a region: one a paper, rows sorted by municipality, school and class."""

    files: tuple[Path, ...]
    papers: tuple[PaperSpec, ...]
    schools: int
    works: int


@dataclass(frozen=True)
class _Schools:
    size: np.ndarray
    strength: np.ndarray
    leniency: np.ndarray


def write_region(folder: Path, works: int, *, seed: int, papers: tuple[PaperSpec, ...] = PAPERS) -> BigRegion:
    """Draw a region and write its works.

    Parameters
    ----------
    folder : Path
        Where the files go; it exists.
    works : int
        About how many works all papers together have (schools have 60 a paper on average).
    seed : int
        The same seed and size give the same files.
    papers : tuple of PaperSpec

    Returns
    -------
    BigRegion
    """
    count = max(2, round(works / 60 / len(papers)))
    rng = np.random.default_rng([seed, count])
    size = np.clip(np.exp(rng.normal(np.log(50), 0.55, count)), 6, 220).astype(np.int64)
    places = np.arange(count) // SCHOOLS_IN_MUNICIPALITY
    strength = 0.08 * rng.standard_normal(places[-1] + 1)[places] + 0.2 * rng.standard_normal(count)
    schools = _Schools(size, strength, 0.25 * rng.standard_normal(count))
    files, total = [], 0
    for number, spec in enumerate(papers):
        path = folder / f"{spec.subject}{spec.grade}.parquet"
        total += _write_paper(np.random.default_rng([seed, count, number]), path, spec, schools)
        files.append(path)
    return BigRegion(tuple(files), papers, count, total)


def _write_paper(rng: np.random.Generator, path: Path, spec: PaperSpec, schools: _Schools) -> int:
    written = 0
    writer: pq.ParquetWriter | None = None
    try:
        for table in _tables(rng, spec, schools):
            writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
            writer.write_table(table, row_group_size=ROW_GROUP)
            written += table.num_rows
    finally:
        if writer is not None:
            writer.close()
    return written


def _tables(rng: np.random.Generator, spec: PaperSpec, schools: _Schools) -> Iterator[pa.Table]:
    curves = _curves(spec)
    for first in range(0, len(schools.size), SCHOOLS_AT_ONCE):
        rows = slice(first, first + SCHOOLS_AT_ONCE)
        size = schools.size[rows]
        school = np.repeat(np.arange(len(size)), size)
        n = len(school)
        number = np.arange(n) - np.repeat(np.cumsum(size) - size, size)
        classes = np.maximum(1, -(-size // 27))
        letter = number * classes[school] // size[school]
        unit = np.repeat(np.cumsum(classes) - classes, size) + letter
        lasting = schools.strength[rows] + 0.16 * rng.standard_normal(len(size))
        habit = schools.leniency[rows]
        ability = lasting[school] + (0.12 * rng.standard_normal(int(classes.sum())))[unit]
        ability += 0.75 * rng.standard_normal(n)
        seen = ability - 0.35 * lasting[school] + habit[school] + 0.45 * rng.standard_normal(n)
        points = _answers(rng, curves, ability)
        _lift(rng, points, spec, (rng.uniform(size=len(size)) < 0.1)[school])
        yield _as_table(spec, first + school, letter, number, rng.integers(2, size=n), seen, points)


def _curves(spec: PaperSpec) -> list[np.ndarray]:
    """P(points ≥ v) of each item at each level of ability; those of the paper, whatever the region."""
    rng = np.random.default_rng([spec.grade, *spec.subject.encode(), 11])
    k = len(spec.item_max)
    slope = 1.25 * rng.uniform(0.6, 1.7, k)
    location = rng.permutation(np.linspace(-1.9, 1.5, k)) - 0.1
    curves = []
    for s, top in enumerate(spec.item_max):
        steps = location[s] + (np.arange(top) - (top - 1) / 2) * 0.45
        curves.append((1 / (1 + np.exp(-slope[s] * (_LEVELS - steps[:, None])))).astype(np.float32))
    return curves


def _answers(rng: np.random.Generator, curves: list[np.ndarray], ability: np.ndarray) -> np.ndarray:
    level = np.clip(((ability + 4.0) * 32.0).astype(np.int64), 0, len(_LEVELS) - 1)
    points = np.zeros((len(curves), len(ability)), np.int8)
    for item, curve in zip(points, curves, strict=True):
        drawn = rng.random(len(ability), dtype=np.float32)
        for reach in curve:
            item += drawn < reach[level]
    return points


def _lift(rng: np.random.Generator, points: np.ndarray, spec: PaperSpec, here: np.ndarray) -> None:
    """Works of some schools that lack one or two points of the first cut get one each on the easiest unsolved items."""
    assert spec.mark_from is not None
    score = points.sum(axis=0, dtype=np.int64)
    lacking = np.where(here & (rng.uniform(size=len(here)) < 0.6), spec.mark_from[0] - score, 0)
    lacking[(lacking < 0) | (lacking > 2)] = 0
    for item, top in zip(points, spec.item_max, strict=True):
        given = (lacking > 0) & (item < top)
        item += given
        lacking -= given


def _as_table(
    spec: PaperSpec,
    school: np.ndarray,
    letter: np.ndarray,
    number: np.ndarray,
    variant: np.ndarray,
    seen: np.ndarray,
    points: np.ndarray,
) -> pa.Table:
    n = len(school)
    low, high = int(school[0]), int(school[-1]) + 1
    names = [f"99{code + 1:06d}" for code in range(low, high)]
    places = school // SCHOOLS_IN_MUNICIPALITY
    districts = [f"reg99_m{code + 1:04d}" for code in range(int(places[0]), int(places[-1]) + 1)]
    classes = [f"{spec.grade}{one}" for one in _LETTERS]
    participants = [str(spec.grade * 10_000 + 1 + code) for code in range(int(number.max()) + 1)]
    columns = {
        "year": pa.array(np.full(n, spec.year, np.int16)),
        "subject": _words(np.zeros(n, np.int64), [spec.subject]),
        "grade": pa.array(np.full(n, spec.grade, np.int8)),
        "school": _words(school - low, names),
        "class": _words(np.minimum(letter, len(classes) - 1), classes),
        "participant": _words(number, participants),
        "variant": _words(variant, ["1", "2"]),
        "journal_mark": pa.array((2 + np.searchsorted(_JOURNAL_CUTS, seen)).astype(np.int8)),
        "score": pa.array(points.sum(axis=0, dtype=np.int16)),
        "municipality": _words(places - places[0], districts),
    }
    columns |= {f"item_{k + 1}": pa.array(item) for k, item in enumerate(points)}
    return pa.table(columns)


def _words(codes: np.ndarray, words: list[str]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(codes.astype(np.int32), words)
