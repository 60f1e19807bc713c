"""Score test for agreement between scores and journal marks: leniency of each school, and what is left beside it."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from app.detectors.row_sums import row_sums

SCHOOLS_AT_ONCE = 512
"""As many schools as a cache holds with all their tables; each block stops when it has settled."""
_LONG_STEP, _SHORT_STEP = 0.2, 1e-4
"""Of a leniency: from which the information is made anew, and under which the fit has settled."""


@dataclass(frozen=True)
class CopyTest:
    """Agreement beyond what levels and leniency explain: score statistic and its cumulants under the null."""

    statistic: np.ndarray
    variance: np.ndarray
    third: np.ndarray
    fourth: np.ndarray
    conditional: np.ndarray  # (S, M + 1, 4): journal marks given the score under the null
    leniency: np.ndarray  # (S, 4)


@dataclass(frozen=True)
class Leniency:
    """Fitted journals of S schools.

    Attributes
    ----------
    statistic, variance : ndarray, shape (S,)
        Of the score test.
    slope : ndarray, shape (S, 4)
        What the weights are cleared by.
    alpha : ndarray, shape (S, 4)
        Leniency.
    """

    statistic: np.ndarray
    variance: np.ndarray
    slope: np.ndarray
    alpha: np.ndarray

    def of(self, rows: slice) -> Leniency:
        """Those of some schools."""
        return Leniency(self.statistic[rows], self.variance[rows], self.slope[rows], self.alpha[rows])


def joined(parts: list[Leniency]) -> Leniency:
    """Blocks of schools one after another."""
    return Leniency(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Leniency)))


def blocks(schools: int) -> list[slice]:
    """Schools in blocks of `SCHOOLS_AT_ONCE`."""
    return [slice(first, first + SCHOOLS_AT_ONCE) for first in range(0, schools, SCHOOLS_AT_ONCE)]


def marks_first(cells: np.ndarray) -> np.ndarray:
    """Table of schools, scores and marks with marks on the first axis, (4, S, M + 1).

    Sums over four marks then run along whole arrays, several times faster than along a short last axis.
    """
    return np.ascontiguousarray(np.moveaxis(cells, 2, 0), dtype=np.float32 if cells.max(initial=0) < 2**24 else float)


def copy_test(
    cells: np.ndarray, reference: np.ndarray, weight: np.ndarray, *, start: np.ndarray | None = None
) -> CopyTest:
    r"""Score test for agreement between scores and journal marks, school by school.

    Parameters
    ----------
    cells : ndarray, shape (S, M + 1, 4)
        Works by score and journal mark.
    reference : ndarray, shape (S, M + 1, 4)
        :math:`R_i(j|s)`: journal marks given the score among the schools compared with; rows sum to one.
    weight : ndarray, shape (M + 1, 4)
        :math:`g(s, j)`, logarithm of the likelihood ratio of the alternative.
    start : ndarray, shape (S, 4), optional
        Leniency to start from.

    Returns
    -------
    CopyTest
        Statistic; variance, third and fourth cumulant under the null.

    Notes
    -----
    Scores are taken as they are. Given score s the journal mark is drawn with probability

    .. math:: \pi_i(j|s) \propto R_i(j|s)\, e^{\alpha_{ij}},

    with the school's own leniency :math:`\alpha_{ij} \sim N(0, 1)` fitted by penalised likelihood, so that strict and
    lenient journals, strong and weak schools are equally innocent. The statistic :math:`\sum_w (r(s_w, j_w) -
    E[r|s_w])` uses the weights cleared of :math:`\alpha` (efficient score). Assumes journal marks independent given
    score and leniency of the school; leniency of single teachers only weakens agreement.

    References
    ----------
    .. [1] D. R. Cox, D. V. Hinkley, "Theoretical Statistics", 1974, sec. 9.3 (score tests with nuisance parameters).
    """
    g = np.moveaxis(weight, 1, 0)[:, None, :]
    reference = np.broadcast_to(reference, cells.shape)
    agreeing = np.zeros((4, cells.shape[1]), dtype=bool)
    parts, tails, given = [], [], []
    for rows in blocks(len(cells)):
        marks, base = marks_first(cells[rows]).astype(float), np.maximum(np.moveaxis(reference[rows], 2, 0), 1e-9)
        parts.append(fit_leniency(marks, base, g, None if start is None else start[rows]))
        tails.append(cumulants(marks, base, g, parts[-1], agreeing))
        given.append(np.moveaxis(_conditional(base, parts[-1].alpha), 0, 2))
    found = joined(parts)
    third, fourth, _ = (np.concatenate(own) for own in zip(*tails, strict=True))
    return CopyTest(found.statistic, found.variance, third, fourth, np.concatenate(given), found.alpha)


def fit_leniency(marks: np.ndarray, reference: np.ndarray, g: np.ndarray, start: np.ndarray | None) -> Leniency:
    """Fit the leniency of each school, and score the alternative.

    Parameters
    ----------
    marks, reference : ndarray, shape (4, S, M + 1)
        Works by score and journal mark, and the marks given the score among the schools compared with: positive, and
        no matter what the four marks of a score sum to.
    g : ndarray, shape (4, 1, M + 1)
        Weights of the alternative.
    start : ndarray, shape (S, 4), or None
        Leniency to start from.

    Returns
    -------
    Leniency
    """
    works, observed = marks.sum(axis=0), row_sums(marks).T
    alpha = _leniencies(works, observed, reference, np.zeros((len(works), 4)) if start is None else start)
    pi = _conditional(reference, alpha)
    information, expected, weighted = _information(works, pi)
    mean = pi[0] * g[0]
    for j in range(1, 4):
        mean += pi[j] * g[j]
    # Sums of products with the weights g, which are the same for all schools, are products with a vector.
    linear = np.vecdot(weighted, g).T
    square = np.vecdot(weighted, g * g).sum(axis=0) - np.vecdot(works * mean, mean)
    cross = linear - np.vecdot(weighted, mean).T
    slope = np.linalg.solve(information + np.eye(4), cross[..., None])[..., 0]
    surplus = np.vecdot(marks, g).sum(axis=0) - row_sums(linear)
    statistic = surplus - np.vecdot(observed - expected, slope)
    # Variance of g cleared of its slope on the leniencies.
    turned = (information @ slope[:, :, None])[:, :, 0]
    variance = square - 2 * np.vecdot(slope, cross) + np.vecdot(slope, turned)
    return Leniency(statistic, variance, slope, alpha)


def _leniencies(works: np.ndarray, observed: np.ndarray, reference: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Fit the leniencies by steps with the information of the first, made anew only while steps are long.

    Single precision is enough on the way: what the statistic changes by is of second order in what is missed here.
    """
    base, sat = reference.astype(np.float32), works.astype(np.float32)
    alpha, largest = start, np.inf
    inverse: np.ndarray = np.zeros((len(works), 4, 4))
    eye = np.eye(4)
    for _ in range(20):
        odds = np.exp(_held(alpha, 20.0)).astype(np.float32).T[:, :, None]
        if largest > _LONG_STEP:
            information, expected, _ = _information(sat, _conditional(base, alpha))
            inverse = np.linalg.inv(information.astype(float) + eye)
        else:
            total = base[0] * odds[0]
            for j in range(1, 4):
                total += base[j] * odds[j]
            np.divide(sat, total, out=total)
            expected = (np.vecdot(base, total) * odds[:, :, 0]).T
        step = (inverse @ (observed - expected - alpha)[:, :, None])[:, :, 0]
        alpha = alpha + _held(step, 1.5)
        largest = float(np.abs(step).max(initial=0.0))
        if largest < _SHORT_STEP:
            break
    return alpha


def _held(values: np.ndarray, limit: float) -> np.ndarray:
    return np.minimum(np.maximum(values, -limit), limit)


def cumulants(
    marks: np.ndarray, reference: np.ndarray, g: np.ndarray, found: Leniency, agreeing: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Third and fourth cumulant of the statistic under the null, and works expected to agree, each (S,).

    Parameters
    ----------
    marks, reference, g : ndarray
        As for `fit_leniency`.
    found : Leniency
    agreeing : ndarray of bool, shape (4, M + 1)
        Whether the score's own mark is the journal's.
    """
    works = marks.sum(axis=0)
    pi = _conditional(reference, found.alpha)
    expected = np.zeros(len(works))
    for j, own in enumerate(agreeing):
        expected += np.vecdot(works[:, own], pi[j][:, own])
    centred = _centred(g, found.slope, pi)
    second = pi * centred
    second *= centred
    single = second.sum(axis=0)
    second *= centred
    third = np.vecdot(works, second.sum(axis=0))
    second *= centred
    fourth = np.vecdot(works, second.sum(axis=0) - 3 * single * single)
    return third, fourth, expected


def _centred(g: np.ndarray, slope: np.ndarray, pi: np.ndarray) -> np.ndarray:
    """Weights cleared of the leniency and of their mean at each score, (4, S, M + 1)."""
    centred = g - slope.T[:, :, None]
    mean = pi[0] * centred[0]
    for j in range(1, 4):
        mean += pi[j] * centred[j]
    centred -= mean
    return centred


def _conditional(base: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    pi = base * np.exp(_held(alpha, 20.0)).astype(base.dtype).T[:, :, None]
    total = pi[0] + pi[1]
    total += pi[2]
    total += pi[3]
    pi /= total
    return pi


def _information(works: np.ndarray, pi: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Information about the leniencies (S × 4 × 4), expected journal marks (S × 4), works by mark (4 × S × M + 1)."""
    weighted = works * pi
    information = np.zeros((works.shape[0], 4, 4))
    for j in range(4):
        for k in range(j):
            information[:, j, k] = information[:, k, j] = -np.vecdot(weighted[j], pi[k])
    # The shares of the four marks sum to one, and so every row of the information sums to zero.
    information[:, range(4), range(4)] = -information.sum(axis=2)
    return information, row_sums(weighted).T, weighted
