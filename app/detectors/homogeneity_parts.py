"""The other faces of too even a school: marks, answers and gaps, each given the school's mean."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from app.detectors.dispersion import school_effects, student_p
from app.detectors.homogeneity import HomogeneityResult
from app.detectors.params import HomogeneityParams
from app.detectors.row_sums import row_sums
from app.detectors.tables import TYPICAL_CLASS, PaperTable
from app.detectors.tails import to_z, upper_tail

PARTS = ("spread", "marks", "items", "missing")
_WORKS_AT_ONCE = 262_144


@dataclass(frozen=True)
class HomogeneityParts:
    """Parts of one paper; arrays of length S, NaN where a part does not exist or was not assessed.

    Attributes
    ----------
    z : ndarray, shape (S, 4)
        Normal values in the order of `PARTS`; large: more even than expected.
    observed, expected : ndarray, shape (S, 4)
        Standard deviation in points; Gini's heterogeneity of marks and of answers to items; share of items left out.
    """

    z: np.ndarray
    observed: np.ndarray
    expected: np.ndarray


def heterogeneity(shares: np.ndarray, n: np.ndarray) -> np.ndarray:
    r"""Gini's index of heterogeneity of distributions, unbiased.

    Parameters
    ----------
    shares : ndarray, shape (…, K)
        Shares of K categories; sum to one.
    n : ndarray, shape (…)
        Works behind them.

    Returns
    -------
    ndarray, shape (…)
        :math:`\frac{n}{n-1}(1 - \sum_k p_k^2)`: the probability that two works differ.

    Examples
    --------
    >>> float(heterogeneity(np.array([0.5, 0.5]), np.array(2.0)))
    1.0
    """
    works = np.maximum(n, 2)
    return works / (works - 1) * (1 - np.vecdot(shares, shares))


def homogeneity_parts(
    table: PaperTable, result: HomogeneityResult, missing: np.ndarray | None, params: HomogeneityParams
) -> HomogeneityParts:
    r"""Marks, answers and gaps of every school against what its mean implies.

    Parameters
    ----------
    table : PaperTable
    result : HomogeneityResult
        The spread of scores, with the reference at each school's mean.
    missing : ndarray, shape (S,), or None
        Items left out by the works of each school; None where the works do not tell.
    params : HomogeneityParams

    Returns
    -------
    HomogeneityParts

    Notes
    -----
    *Marks*: :math:`G_i = \frac{n}{n-1}(1 - \sum_k p_{ik}^2)` over marks 2 to 5 against that of the tilted reference;
    its exact sampling variance is Simpson's. *Items*: the same index
    of the points of each item, averaged over items, against that of works with the same scores in the whole pool,
    :math:`p_{ikv} = \sum_s \frac{n_{is}}{n_i} P(x_k = v | s)`; the sampling variance is that of the items' joint
    influence, :math:`\frac{4}{n} \mathrm{Var}(\frac{1}{K}\sum_k P(x_k))`, in the pool. *Missing*: items left out, on
    the square root scale, against the level. Each part is regressed on the level, its square and the context, with
    over-dispersion from the pool (`dispersion.school_effects`), and judged to the even side; few gaps count as even,
    since copied works have none.

    References
    ----------
    .. [1] C. Quintano, R. Castellano, S. Longobardi, "A fuzzy clustering approach to improve the accuracy of Italian
       student data", Statistica & Applicazioni 7(2), 2009 (class mean, spread, homogeneity of answers, missing rate).
    .. [2] E. H. Simpson, "Measurement of diversity", Nature 163, 1949, 688 (variance of the index).
    .. [3] C. Gini, "Variabilità e mutabilità", 1912 (heterogeneity).
    """
    table = table.taught
    n, S = table.n, len(table.schools)
    usable = result.assessed
    z = np.full((S, len(PARTS)), np.nan)
    observed, expected = np.full_like(z, np.nan), np.full_like(z, np.nan)
    z[:, 0] = np.where(usable, result.z, np.nan)
    observed[:, 0], expected[:, 0] = result.observed, result.expected
    found = {1: _marks(table, result), 2: _items(table)}
    if missing is not None:
        found[3] = _gaps(table, missing)
    for k, part in found.items():
        if part is None:
            continue
        own, usual, variance = part
        effects = school_effects(
            np.where(usable, usual - own, 0.0),
            np.where(usable, variance, 1e6),
            result.design,
            fit_on=usable,
            shared=n / (n + TYPICAL_CLASS),
            reject=2.5,
        )
        normal = to_z(student_p(effects.z, effects.degrees))
        skewness = _skewness(effects.z, n, usable)
        z[:, k] = np.where(usable, to_z(upper_tail(normal, skewness)), np.nan)
        # The regression says what is usual at this level: schools are more even than their pool.
        observed[:, k], expected[:, k] = own, usual - effects.fitted
    if found.get(3) is not None:
        observed[:, 3], expected[:, 3] = observed[:, 3] ** 2, np.maximum(expected[:, 3], 0.0) ** 2
    return HomogeneityParts(z, observed, expected)


def _skewness(z: np.ndarray, n: np.ndarray, usable: np.ndarray) -> np.ndarray:
    """Skewness of an index of evenness: it falls with the root of the works, and its size is that of the pool."""
    held = np.clip(z[usable], -3.0, 3.0)
    gap = held - held.mean()
    size = float(np.mean(gap * gap * gap * np.sqrt(n[usable]))) / max(float(held.std()) ** 3, 1e-9)
    return max(size, 0.0) / np.sqrt(np.maximum(n, 1))


def with_parts(result: HomogeneityResult, parts: HomogeneityParts, params: HomogeneityParams) -> HomogeneityResult:
    r"""Judge a school by the most even of its faces, each with its weight.

    Parameters
    ----------
    result : HomogeneityResult
    parts : HomogeneityParts
    params : HomogeneityParams

    Returns
    -------
    HomogeneityResult
        With other z and p: :math:`1 - \prod_k (1 - w_k m)`, :math:`m = \min_k p_k/w_k`, over the parts that are known,
        their weights summing to one. Exact for independent parts, and on the strict side for these.

    References
    ----------
    .. [1] C. R. Genovese, K. Roeder, L. Wasserman, "False discovery control with p-value weighting", Biometrika 93(3),
       2006, 509-524.
    """
    known = np.isfinite(parts.z)
    weight = known * np.array(params.weights)
    weight = weight / np.maximum(row_sums(weight)[:, None], 1e-12)
    p = np.where(known, special.ndtr(-np.nan_to_num(parts.z)), 1.0)
    ratio = np.divide(p, weight, out=np.full(p.shape, np.inf), where=weight > 0)
    smallest = np.minimum(ratio.min(axis=1), 1.0)
    joint = -np.expm1(row_sums(np.log1p(-np.minimum(weight * smallest[:, None], 1 - 1e-16))))
    p_value = np.where(result.assessed & known.any(axis=1), np.clip(joint, 1e-300, 1.0), result.p_value)
    return replace(result, z=np.where(result.assessed, to_z(p_value), result.z), p_value=p_value)


def _marks(table: PaperTable, result: HomogeneityResult) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    cuts = table.spec.mark_from
    if cuts is None:
        return None
    edges = [0, *cuts]
    own = np.add.reduceat(table.counts, edges, axis=1) / np.maximum(table.n, 1)[:, None]
    usual = np.add.reduceat(result.tilted, edges, axis=1)
    n = np.maximum(table.n, 2)
    second, third = np.vecdot(usual, usual), np.vecdot(usual * usual, usual)
    variance = 2 * (2 * (n - 2) * third + second - (2 * n - 3) * second**2) / (n * (n - 1))
    far = np.full(len(usual), 1e9)
    return heterogeneity(own, table.n), heterogeneity(usual, far), np.maximum(variance, 1e-6)


def _items(table: PaperTable) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    answers = table.answers
    if answers is None or table.items is None:
        return None
    S = len(table.schools)
    mixture = table.counts / np.maximum(table.n, 1)[:, None]
    own, usual = np.zeros(S), np.zeros(S)
    far = np.full(S, 1e9)
    K = len(table.items)
    of_width: dict[int, list[int]] = {}
    for k, cells in enumerate(table.items):
        of_width.setdefault(len(cells), []).append(k)
    shares = {width: np.zeros((len(items), S * width)) for width, items in of_width.items()}
    scores, n = table.counts.shape[1], len(answers.score)
    total, squares = np.zeros(scores), 0.0
    for first in range(0, n, _WORKS_AT_ONCE):
        rows = slice(first, first + _WORKS_AT_ONCE)
        influence = np.zeros(len(answers.score[rows]))
        for width, items in of_width.items():
            # Numbers as wide as places in arrays are, so that none is made so twice.
            offset = answers.school[rows].astype(np.intp) * width
            for place, k in enumerate(items):
                points = answers.points[rows, k].astype(np.intp)
                cells = table.items[k]
                influence += (cells.sum(axis=1) / cells.sum() / K).take(points)
                points += offset
                shares[width][place] += np.bincount(points, minlength=S * width)
        total += np.bincount(answers.score[rows], weights=influence, minlength=scores)
        squares += float(influence @ influence)
    for width, items in of_width.items():
        found = shares.pop(width).reshape(len(items), S, width)
        found /= np.maximum(table.n, 1)[:, None]
        given = np.stack([table.items[k] for k in items])
        given /= np.maximum(given.sum(axis=1, keepdims=True), 1)
        own += heterogeneity(found, table.n).sum(axis=0) / K
        for cells in given:
            usual += heterogeneity(mixture @ cells.T, far) / K
    # Given the score: what the score explains of the influence is in the expectation already.
    works = np.maximum(np.bincount(answers.score, minlength=scores), 1)
    spread = max(squares - float(total @ (total / works)), 0.0) / max(n, 1)
    return own, usual, np.maximum(4 * spread / np.maximum(table.n, 1), 1e-9)


def _gaps(table: PaperTable, missing: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    K = len(table.spec.item_max)
    cells = np.maximum(table.n * K, 1)
    if missing.sum() < 0.005 * cells.sum():
        return None
    # The root of a share of rare events has nearly one variance for all shares; works differ more than cells do.
    own = np.sqrt(missing / cells)
    usual = np.full(len(own), float(np.sqrt(missing.sum() / cells.sum())))
    return own, usual, 1 / (4 * cells) + 0.25 / np.maximum(table.n, 1) * usual**2
