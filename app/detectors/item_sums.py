"""Sums over the works of a paper, item by item: by score and by school, without a table school × score × item.

Whole numbers are added in blocks of single precision, which is exact below 2²⁴; everything else is added in double
precision.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise

import numpy as np

from app.detectors.row_sums import row_sums, run_sums
from app.detectors.tables import Answers

_WORKS_AT_ONCE = 16_384
_KEPT_WORKS = 500_000
_SCHOOLS_AT_ONCE = 512


class ScoreOrder:
    """Works of a paper in the order of their scores.

    Parameters
    ----------
    answers : Answers
    top : int
        Largest score M.

    Attributes
    ----------
    works : ndarray of float, shape (M + 1,)
    sums : ndarray of float, shape (M + 1, K)
        Points earned on each item by the works of each score.
    """

    def __init__(self, answers: Answers, top: int) -> None:
        score = answers.score
        order = np.argsort(score.astype(np.int16 if top < 2**15 else np.int64), kind="stable").astype(np.int32)
        # Of many works the points are not copied, but fetched block by block.
        self._order = order if len(order) > _KEPT_WORKS else None
        self._points = answers.points if self._order is not None else answers.points.take(order, axis=0)
        self._school = answers.school if self._order is not None else answers.school.take(order)
        self._edges = np.concatenate(([0], np.cumsum(np.bincount(score, minlength=top + 1)))).tolist()
        self.works = np.diff(self._edges).astype(float)
        K = answers.points.shape[1]
        moments = np.zeros((top + 1, K + 1, K + 1))
        for first, edges in self._blocks():
            # A column of ones beside the points: one product of matrices gives sums and squares of a score.
            x = np.ones((edges[-1], K + 1), np.float32)
            x[:, :K] = self._points_of(slice(first, first + edges[-1]))
            for at, (low, high) in enumerate(pairwise(edges)):
                if low < high:
                    moments[at] += x[low:high].T @ x[low:high]
        self.sums, self._squares = moments[:, K, :K].copy(), moments[:, :K, :K]

    def _blocks(self) -> Iterator[tuple[int, list[int]]]:
        """First work of each block, and where in it the works of each score end."""
        n = self._edges[-1]
        for first in range(0, n, _WORKS_AT_ONCE):
            size = min(_WORKS_AT_ONCE, n - first)
            yield first, [min(max(edge - first, 0), size) for edge in self._edges]

    def _points_of(self, rows: slice) -> np.ndarray:
        return self._points[rows] if self._order is None else self._points.take(self._order[rows], axis=0)

    def _school_of(self, rows: slice) -> np.ndarray:
        return self._school[rows] if self._order is None else self._school.take(self._order[rows])

    def scatter(self) -> np.ndarray:
        """Sums of squares and products about the mean of each score, shape (M + 1, K, K)."""
        n = np.maximum(self.works, 1)[:, None, None]
        return self._squares - self.sums[:, :, None] * self.sums[:, None, :] / n

    @cached_property
    def covariance(self) -> np.ndarray:
        """Covariance of the items' points at each score, see `item_profile.covariance_by_score`; made once."""
        sums, degrees = self.scatter(), np.maximum(self.works - 1, 0)
        scores = np.arange(len(self.works))
        kernel = np.exp(-0.5 * (scores[:, None] - scores) ** 2)
        # A score that a hundred works have speaks for itself; a rare one borrows what it lacks.
        near_sums, near = np.tensordot(kernel, sums, axes=1), kernel @ degrees
        share = degrees / (degrees + 20)
        own = sums / np.maximum(degrees, 1)[:, None, None]
        smooth = near_sums / np.maximum(near, 1)[:, None, None]
        return share[:, None, None] * own + (1 - share)[:, None, None] * smooth

    def weighted(self, weight: np.ndarray) -> np.ndarray:
        """Points earned at each score by works that count with their school's `weight`, shape (M + 1, K)."""
        if np.all(weight == 1):
            return self.sums.copy()
        total = np.zeros_like(self.sums)
        for first, edges in self._blocks():
            rows = slice(first, first + edges[-1])
            total += run_sums(self._points_of(rows), edges, weight.take(self._school_of(rows)))
        return total

    def third(self, direction: np.ndarray) -> np.ndarray:
        """Third central moment, at each score, of works' weighted sums of points.

        Parameters
        ----------
        direction : ndarray, shape (K, J)
            Weights of J sums.

        Returns
        -------
        ndarray, shape (M + 1, J)
        """
        n = np.maximum(self.works, 1)[:, None]
        centre = (self.sums @ direction) / n
        total, centre = np.zeros_like(centre), centre.T
        for first, edges in self._blocks():
            gap = direction.T @ self._points_of(slice(first, first + edges[-1])).astype(float).T
            works = np.diff(edges)
            here = np.flatnonzero(works)
            gap -= np.repeat(centre[:, here], works[here], axis=1)
            gap *= gap * gap
            total[here] += np.add.reduceat(gap, np.array(edges)[here], axis=1).T
        return total / n


def by_school(answers: Answers, schools: int, weight: np.ndarray | None = None) -> np.ndarray:
    """Points earned on each item by each school.

    Parameters
    ----------
    answers : Answers
    schools : int
        Number of schools S.
    weight : ndarray, shape (S, M + 1), optional
        What a work of each school and score counts; one by default.

    Returns
    -------
    ndarray, shape (S, K)
    """
    n, K = answers.points.shape
    total = np.zeros((schools, K))
    for first in range(0, n, _WORKS_AT_ONCE):
        rows = slice(first, min(first + _WORKS_AT_ONCE, n))
        school = answers.school[rows]
        starts = np.concatenate(([0], np.flatnonzero(np.diff(school)) + 1, [len(school)]))
        own = np.ones(len(school)) if weight is None else weight[school, answers.score[rows]]
        np.add.at(total, school[starts[:-1]], run_sums(answers.points[rows], starts, own))
    return total


def points_at_scores(answers: Answers, schools: int, top: int) -> np.ndarray:
    """Points of all items together earned by the works of each school at each score, shape (S, M + 1)."""
    cell = answers.school.astype(np.int64) * (top + 1) + answers.score
    n = len(answers.points)
    total = np.empty(n, np.float32)
    for first in range(0, n, _WORKS_AT_ONCE):
        rows = slice(first, first + _WORKS_AT_ONCE)
        total[rows] = row_sums(answers.points[rows].astype(np.float32))
    return np.bincount(cell, weights=total, minlength=schools * (top + 1)).reshape(schools, top + 1)


def leave_one_out_residuals(
    answers: Answers,
    counts: np.ndarray,
    weight: np.ndarray,
    order: ScoreOrder,
    earned: tuple[np.ndarray, np.ndarray] | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    r"""Points of each school beyond those that all other schools' works with the same scores earn.

    Parameters
    ----------
    answers : Answers
    counts : ndarray, shape (S, M + 1)
        Works of each school at each score.
    weight : ndarray, shape (S,)
        Weight of each school in the pool.
    order : ScoreOrder
    earned : (ndarray, ndarray), optional
        What `by_school` and `points_at_scores` say of the answers, for those who have asked them already.

    Returns
    -------
    residual : ndarray, shape (S, K)
    rest_works : ndarray, shape (S, M + 1)
        Works of the pool without the school.
    first : ndarray, shape (M + 1, K)
        Points earned in the pool without the first school.

    Notes
    -----
    What `item_profile.given_total` expects at each score is linear in the points of the pool once the works are known,
    so that :math:`\sum_s n_{is} E_{-i}[x_k|s] = \sum_s c_{is}(P_{sk} - w_i p_{isk})` with P the points of the whole
    pool and p those of the school: one product of matrices and one sum over works take the place of a table school ×
    score × item.
    """
    S, width = counts.shape
    scores = np.arange(width, dtype=float)
    kernel = np.exp(-0.5 * (scores[:, None] - scores) ** 2) + 1e-9
    pool = order.weighted(weight)
    items, own = earned or (by_school(answers, S), points_at_scores(answers, S, width - 1))
    all_works, all_points = weight @ counts, weight @ own
    rest_works, c = np.empty((S, width)), np.empty((S, width))
    for block in range(0, S, _SCHOOLS_AT_ONCE):
        rows = slice(block, block + _SCHOOLS_AT_ONCE)
        works, share = rest_works[rows], weight[rows, None]
        np.maximum(all_works - share * counts[rows], 0.0, out=works)
        rest = np.maximum(all_points - share * own[rows], 0.0) @ kernel
        smooth = 1 / np.maximum(works @ kernel, 1e-9)
        share = counts[rows] / (works + 4)
        c[rows] = share + (4 * share * smooth * scores / np.maximum(smooth * rest, 1e-9)) @ kernel
    residual = by_school(answers, S, c)
    residual *= weight[:, None]
    residual += items
    residual -= c @ pool
    here = answers.school == 0
    first = np.zeros_like(pool)
    np.add.at(first, answers.score[here], weight[0] * answers.points[here].astype(float))
    return residual, rest_works, np.maximum(pool - first, 0.0)
