"""Sufficient statistics: works become one small table a paper, and no detector looks at a single work again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import optimize

from app.detectors.base import PaperSpec
from app.detectors.over_dispersion import median
from app.detectors.untaught import completed
from app.detectors.work_codes import coded, distinct, numbers, order_of_works, points_of

if TYPE_CHECKING:
    from app.detectors.item_sums import ScoreOrder

TYPICAL_CLASS = 26
_WORKS_AT_ONCE = 65_536


@dataclass(frozen=True)
class Answers:
    """Points of every work of one paper, in an order that does not depend on the order of the rows given.

    Attributes
    ----------
    points : ndarray of int8, shape (n, K)
    score : ndarray of int, shape (n,)
        Total score, clipped to the paper's range.
    school : ndarray of int, shape (n,)
        Row of the work's school in the paper's table.
    unit : ndarray of int, shape (n,), or None
        Number of the work's class, never decreasing; classes of different schools differ, −1 stands for an unknown
        one. None where no class is known.
    variant : ndarray of int, shape (n,)
        Number of the variant; zero everywhere where variants are not known.
    class_names : ndarray of str
        Name of class u is ``class_names[u % len(class_names)]``.
    raw : ndarray of int, shape (n,), or None
        Scores as they are, where items that a class was not taught have been filled in (`untaught.completed`): then
        `points` and `score` are the completed ones. None where nothing was filled in.
    untaught : ndarray of bool, shape (S, K), or None
        Items that no class of the school was taught.
    """

    points: np.ndarray
    score: np.ndarray
    school: np.ndarray
    unit: np.ndarray | None
    variant: np.ndarray
    class_names: np.ndarray
    raw: np.ndarray | None = None
    untaught: np.ndarray | None = None

    def works_at(self, table: PaperTable) -> np.ndarray:
        """Works of each school at each (completed) score, (S, M + 1)."""
        if self.raw is None:
            return table.counts
        width = table.counts.shape[1]
        return _cells(self.school.astype(np.int64) * width + self.score, table.counts.shape)

    def by_score(self, top: int) -> ScoreOrder:
        """Sums over works of each score 0 … `top`; made once."""
        from app.detectors.item_sums import ScoreOrder

        known = self.__dict__.get("_by_score")
        if known is None:
            known = self.__dict__["_by_score"] = ScoreOrder(self, top)
        return known

    def bare(self) -> Answers:
        """The same without what was made of it."""
        return replace(self)

    def of_schools(self, rows: np.ndarray) -> Answers:
        """Works of the schools marked in `rows`, numbered as if there were no others."""
        kept = rows[self.school]
        unit = None if self.unit is None else self.unit[kept]
        school = (np.cumsum(rows) - 1)[self.school[kept]]
        return Answers(
            self.points[kept],
            self.score[kept],
            school,
            unit,
            self.variant[kept],
            self.class_names,
            None if self.raw is None else self.raw[kept],
            None if self.untaught is None else self.untaught[rows],
        )


@dataclass(frozen=True)
class PaperTable:
    r"""One paper of one year, school by school (S schools, scores 0 … M).

    Attributes
    ----------
    spec : PaperSpec
    year : int
    schools : ndarray of str, shape (S,)
    counts : ndarray of float, shape (S, M + 1)
        Works at each score.
    class_share : ndarray, shape (S,)
        :math:`\sum_c (n_c/n)^2`: 1 for a single class, about 1/k for k classes. Guessed from n where classes are not
        known.
    class_spread : float or None
        Excess variance of class means inside schools, in points²; None where classes are not known.
    journal : ndarray of whole numbers, shape (S, M + 1, 4), or None
        Works by score and journal mark 2 … 5.
    items : list of ndarray, or None
        Per item, works of all schools by points and total score; None where the items are not given.
    answers : Answers or None
        Points of every work; None where the items are not given.
    completed_counts : ndarray of float, shape (S, M + 1), or None
        Works at each score once items that a class was not taught are filled in; None where nothing was filled in.
    """

    spec: PaperSpec
    year: int
    schools: np.ndarray
    counts: np.ndarray
    class_share: np.ndarray
    class_spread: float | None
    journal: np.ndarray | None
    items: list[np.ndarray] | None
    answers: Answers | None = None
    completed_counts: np.ndarray | None = None

    @cached_property
    def n(self) -> np.ndarray:
        return self.counts.sum(axis=1, dtype=float)

    @cached_property
    def mean(self) -> np.ndarray:
        return self.counts @ np.arange(self.counts.shape[1]) / np.maximum(self.n, 1)

    @cached_property
    def variance(self) -> np.ndarray:
        """Variance inside a school, divisor n − 1; 0 for a single work."""
        squares = self.counts @ np.arange(self.counts.shape[1]) ** 2
        return np.maximum(squares - self.n * self.mean**2, 0.0) / np.maximum(self.n - 1, 1)

    @cached_property
    def taught(self) -> PaperTable:
        """The same paper with items that a class was not taught filled in: how its works spread without the gaps."""
        if self.completed_counts is None:
            return self
        return replace(self, counts=self.completed_counts, completed_counts=None)

    def with_small_numbers(self) -> PaperTable:
        """The same with its wide tables in as few bytes as hold their whole numbers, for those who keep many."""
        return replace(
            self,
            counts=_small(self.counts),
            journal=None if self.journal is None else _small(self.journal),
            completed_counts=None if self.completed_counts is None else _small(self.completed_counts),
        )

    @property
    def key(self) -> tuple[int, str, int]:
        return self.year, self.spec.subject, self.spec.grade

    def rows_of(self, names: np.ndarray) -> np.ndarray:
        """Whether each school of the table is among `names`."""
        return np.isin(self.schools, names)


def _small(counts: np.ndarray) -> np.ndarray:
    largest = counts.max(initial=0)
    if largest >= 2**24:
        return counts
    return counts.astype(np.uint8 if largest < 2**8 else np.float32)


def find_spec(papers: Sequence[PaperSpec], year: int, subject: str, grade: int) -> PaperSpec | None:
    """The paper's description: that of its own year, else the one that fits every year."""
    fitting = [p for p in papers if p.subject == subject and p.grade == grade and p.year in (year, None)]
    return max(fitting, key=lambda p: p.year is not None, default=None)


def build_tables(works: pd.DataFrame, papers: Sequence[PaperSpec], *, with_items: bool = True) -> list[PaperTable]:
    """Count works by paper, school, score, journal mark, class and item.

    Parameters
    ----------
    works : DataFrame
        Columns of `app.frames.WORKS`; scores inside the paper's range.
    papers : sequence of PaperSpec
    with_items : bool
        False leaves out the items, which only the smooth reference and the family "pattern" need.

    Returns
    -------
    list of PaperTable
        In the order year, subject, grade; works of papers without description are left out.
    """
    if len(works) == 0:
        return []
    codes, names = coded(works["school"])
    years = works["year"].to_numpy(dtype=np.int64)
    grades = works["grade"].to_numpy(dtype=np.int64)
    subject_codes, subjects = coded(works["subject"])
    combined = (years * 100 + grades) * len(subjects) + subject_codes
    keys, paper_codes, _ = distinct(combined)
    scores = numbers(works["score"])
    journal = numbers(works["journal_mark"]) if "journal_mark" in works else None
    class_codes, class_names = None, np.array([""])
    if "class" in works and works["class"].notna().any():
        class_codes, class_names = coded(works["class"])
    variants = coded(works["variant"])[0] if "variant" in works else None
    tables = []
    for number, key in enumerate(keys):
        grade, year = int(key // len(subjects) % 100), int(key // len(subjects) // 100)
        spec = find_spec(papers, year, str(subjects[key % len(subjects)]), grade)
        if spec is None:
            continue
        rows = np.flatnonzero(paper_codes == number)
        rows = rows[np.isfinite(scores[rows])]
        if len(rows) == 0:
            continue
        columns = PaperColumns(
            names,
            codes[rows],
            np.clip(scores[rows], 0, spec.max_score).astype(np.int64),
            points_of(works, rows, spec.item_max) if with_items else None,
            journal[rows] if journal is not None else None,
            class_codes[rows] if class_codes is not None else None,
            class_names,
            variants[rows] if variants is not None else None,
        )
        tables.append(table_of(columns, spec, year))
    return sorted(tables, key=lambda table: table.key)


@dataclass(frozen=True)
class PaperColumns:
    """Works of one paper, column by column, n works.

    Attributes
    ----------
    names : ndarray of str
        Sorted names of schools; some may have no work here.
    school : ndarray of int, shape (n,)
        Place of each work's school among them.
    score : ndarray of int, shape (n,)
        Inside the paper's range.
    points : ndarray of int8, shape (K, n), or None
        Theirs: items that a class was not taught are filled in on the spot.
    journal : ndarray, shape (n,), or None
        Journal marks; what is not one of 2 … 5 is none.
    unit : ndarray of int, shape (n,), or None
        Class among `class_names`, −1 for none.
    class_names : ndarray of str
    variant : ndarray of int, shape (n,), or None
    """

    names: np.ndarray
    school: np.ndarray
    score: np.ndarray
    points: np.ndarray | None
    journal: np.ndarray | None
    unit: np.ndarray | None
    class_names: np.ndarray
    variant: np.ndarray | None


def table_of(columns: PaperColumns, spec: PaperSpec, year: int) -> PaperTable:
    """Count the works of one paper."""
    score = columns.score
    present, school, _ = distinct(columns.school)
    width = spec.max_score + 1
    if len(present) * max(4 * width, len(columns.class_names) + 1) < 2**31:
        # Half of the bytes, for there is one of these a work.
        school = school.astype(np.int32)
    counts = _cells(school * width + score, (len(present), width))
    classes = None if columns.unit is None else _classes(columns.unit, school, score, counts)
    share, spread = classes if classes is not None else (_guessed_share(counts.sum(axis=1)), None)
    journal = None if columns.journal is None else _journal_cells(columns.journal, school, score, counts.shape)
    items = answers = completed_counts = None
    if columns.points is not None:
        variant = np.zeros(len(score), dtype=np.int16) if columns.variant is None else columns.variant
        unit = None
        if columns.unit is not None:
            unit = np.where(columns.unit < 0, np.int32(-1), school * len(columns.class_names) + columns.unit)
        items, answers = _answers(columns.points, score, school, unit, columns.class_names, variant, spec, year)
        if answers.raw is not None:
            completed_counts = _cells(answers.school.astype(np.int64) * width + answers.score, counts.shape)
    names = columns.names[present]
    return PaperTable(spec, year, names, counts, share, spread, journal, items, answers, completed_counts)


def _cells(index: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return np.bincount(index, minlength=int(np.prod(shape))).reshape(shape).astype(float)


def _guessed_share(n: np.ndarray) -> np.ndarray:
    return 1.0 / np.maximum(1, np.ceil(n / TYPICAL_CLASS))


def _classes(
    codes: np.ndarray, school: np.ndarray, score: np.ndarray, counts: np.ndarray
) -> tuple[np.ndarray, float | None]:
    width = int(codes.max()) + 1 if len(codes) else 1
    _, unit, size = distinct(school * width + codes)
    owner = np.zeros(len(size), dtype=np.int64)
    owner[unit] = school
    n = counts.sum(axis=1)
    share = np.bincount(owner, weights=size.astype(float) ** 2, minlength=len(n)) / np.maximum(n, 1) ** 2
    totals = np.bincount(unit, weights=score.astype(float))
    rest_n = n[owner] - size
    use = (size >= 8) & (rest_n >= 8)
    if use.sum() < 20:
        return share, None
    school_total = counts @ np.arange(counts.shape[1])
    gap = totals[use] / size[use] - (school_total[owner] - totals)[use] / rest_n[use]
    squares = counts @ np.arange(counts.shape[1]) ** 2
    within = max(float((squares - school_total**2 / np.maximum(n, 1)).sum() / np.maximum(n - 1, 0).sum()), 1e-6)
    # Var(gap) = σ_c²·(1 + Σ rest shares²) + σ_w²(1/n_c + 1/n_rest); solved on the median of the squares, so that a few
    # classes with changed works do not set the scale.
    rest_share = np.maximum(share[owner] * n[owner] ** 2 - size**2, 0)[use] / rest_n[use] ** 2
    noise = within * (1 / size[use] + 1 / rest_n[use])
    squared, loading = gap**2, 1 + rest_share

    def surplus(spread: float) -> float:
        return median(squared / (spread * loading + noise)) - 0.4549

    if surplus(0.0) <= 0:
        return share, 0.0
    top = 4 * within
    return share, top if surplus(top) >= 0 else float(optimize.brentq(surplus, 0.0, top, xtol=1e-12))


def _journal_cells(
    journal: np.ndarray, school: np.ndarray, score: np.ndarray, shape: tuple[int, ...]
) -> np.ndarray | None:
    known = (journal >= 2) & (journal <= 5) & (journal == np.floor(journal))
    if not known.any():
        return None
    index = (school[known] * shape[1] + score[known]) * 4 + journal[known].astype(np.int64) - 2
    cells = np.bincount(index, minlength=4 * shape[0] * shape[1])
    # The widest table of a paper: whole numbers in a quarter of the bytes, where they fit.
    return cells.astype(np.int16 if cells.max(initial=0) < 2**15 else np.int32).reshape(*shape, 4)


def _answers(
    points: np.ndarray,
    raw: np.ndarray,
    school: np.ndarray,
    unit: np.ndarray | None,
    class_names: np.ndarray,
    variant: np.ndarray,
    spec: PaperSpec,
    year: int,
) -> tuple[list[np.ndarray], Answers]:
    """Works by points and score, item by item, and the works themselves in their own order."""
    within = school if unit is None else np.where(unit < 0, -1 - school, unit)
    filled = completed(points, raw, school, within, variant, spec.item_max, seed=year * 100 + spec.grade, is_own=True)
    points, score = filled.points, filled.score
    del within
    order = order_of_works(points, score, variant, school if unit is None else unit)
    if len(order) < 2**31:
        order = order.astype(np.int32)
    if unit is not None:
        unit = unit.take(order).astype(np.int32 if len(unit) == 0 or unit.max() < 2**31 else np.int64)
    kind = np.int16 if int(score.max()) < 2**15 else np.int64
    answers = Answers(
        _ordered(points, order),
        score.astype(kind).take(order),
        school.astype(np.int32).take(order),
        unit,
        variant.astype(np.int16).take(order),
        class_names,
        None if filled.untaught is None else raw.astype(kind).take(order),
        filled.untaught,
    )
    return filled.cells, answers


def _ordered(points: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Rows of works, (n, K), from rows of items, (K, n), without a copy of all on the way."""
    rows = np.empty(points.shape[::-1], points.dtype)
    for first in range(0, len(order), _WORKS_AT_ONCE):
        part = slice(first, first + _WORKS_AT_ONCE)
        rows[part] = points.take(order[part], axis=1).T
    return rows
