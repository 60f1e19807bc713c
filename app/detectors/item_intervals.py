"""Completion of every item against the control sample or the pool, each with its interval: the view Labinsk prints."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from app.detectors.combination import benjamini_hochberg
from app.detectors.tables import PaperTable
from app.errors import InsufficientData

WEAK_SHARE, STRONG_SHARE = 0.20, 0.40


@dataclass(frozen=True)
class ItemIntervals:
    """Schools of one paper; S schools, K items.

    Attributes
    ----------
    completion, low, high : ndarray, shape (S, K)
        Share of the item's points earned, with a 95 % interval.
    usual : ndarray, shape (S, K)
        The same in the control sample, or in all other schools.
    q : ndarray, shape (S, K)
        Two-sided, Benjamini–Hochberg over the items of a school.
    above : ndarray of bool, shape (S, K)
        Completion over the usual one at q < 0.05.
    degree : ndarray of str, shape (S,)
        ``strong`` where at least two fifths of the items are above, ``weak`` from a fifth, else ``none``.
    """

    completion: np.ndarray
    low: np.ndarray
    high: np.ndarray
    usual: np.ndarray
    q: np.ndarray
    above: np.ndarray
    degree: np.ndarray


def item_intervals(table: PaperTable, control: PaperTable | None) -> ItemIntervals:
    r"""Compare the completion of each item with that of the control sample or of the other schools.

    Parameters
    ----------
    table : PaperTable
        A paper with items.
    control : PaperTable or None
        Works of the control sample.

    Returns
    -------
    ItemIntervals

    Raises
    ------
    InsufficientData
        The paper has no items.

    Notes
    -----
    Completion :math:`\hat p_{ik} = \sum_w x_{wk}/(n_i m_k)` has Wilson's interval with :math:`n_i/d_k` works,
    :math:`d_k = s_k^2/(m_k^2 p_k(1-p_k))` from the reference: 1 for items of one point, less where points are given
    singly. The test against the usual completion :math:`p_{0k}` is

    .. math:: z_{ik} = (\hat p_{ik} - p_{0k})/\sqrt{d_k\,p_{0k}(1-p_{0k})(1/n_i + 1/N)}.

    Nothing here is given the total score: a strong school is above in many items. It is the view that departments know,
    shown beside `item_profile`, which conditions on the score and decides.

    References
    ----------
    .. [1] E. B. Wilson, Journal of the American Statistical Association 22(158), 1927, 209-212.
    .. [2] Y. Benjamini, Y. Hochberg, Journal of the Royal Statistical Society B 57(1), 1995, 289-300.
    """
    answers = table.answers
    if answers is None:
        raise InsufficientData("нет баллов за отдельные задания")
    limit = np.array(table.spec.item_max, dtype=float)
    S, K = len(table.schools), len(limit)
    own = _sums(answers.school, answers.points, S)
    squares = (answers.points.astype(float) ** 2).sum(axis=0)
    if control is not None and control.answers is not None:
        outside = control.answers
        N = np.full(S, float(len(outside.score)))
        rest = np.broadcast_to(outside.points.sum(axis=0, dtype=float), (S, K))
        squares = (outside.points.astype(float) ** 2).sum(axis=0)
        total, works = rest[0], N[0]
    else:
        total, works = own.sum(axis=0), float(table.n.sum())
        rest, N = total - own, works - table.n
    n = np.maximum(table.n, 1)[:, None]
    usual = np.clip((rest + 0.5 * total / works) / (N[:, None] + 0.5) / limit, 1e-6, 1 - 1e-6)
    pooled = np.clip(total / works / limit, 1e-6, 1 - 1e-6)
    design = np.clip((squares / works - (total / works) ** 2) / (limit**2 * pooled * (1 - pooled)), 0.02, 1.0)
    completion = own / n / limit
    effective = n / design
    z95 = 1.959963984540054
    centre = (completion + z95**2 / (2 * effective)) / (1 + z95**2 / effective)
    half = z95 / (1 + z95**2 / effective)
    half = half * np.sqrt(completion * (1 - completion) / effective + z95**2 / (4 * effective**2))
    deviation = np.sqrt(design * usual * (1 - usual) * (1 / n + 1 / np.maximum(N[:, None], 1)))
    p = 2 * special.ndtr(-np.abs(completion - usual) / deviation)
    q = _by_rows(p)
    above = (q < 0.05) & (completion > usual)
    share = above.mean(axis=1)
    degree = np.select([share >= STRONG_SHARE, share >= WEAK_SHARE], ["strong", "weak"], "none")
    return ItemIntervals(
        completion, np.maximum(centre - half, 0), np.minimum(centre + half, 1), usual, q, above, degree
    )


def _by_rows(p: np.ndarray) -> np.ndarray:
    """`benjamini_hochberg` of each row of (S, K), at once where nothing is missing."""
    if not np.isfinite(p).all():
        return np.vstack([benjamini_hochberg(row) for row in p])
    order = np.argsort(p, axis=1, kind="stable")
    ranked = np.take_along_axis(p, order, axis=1) * p.shape[1] / np.arange(1, p.shape[1] + 1)
    q = np.empty_like(p)
    smallest = np.minimum.accumulate(ranked[:, ::-1], axis=1)[:, ::-1]
    np.put_along_axis(q, order, np.minimum(smallest, 1.0), axis=1)
    return q


def _sums(school: np.ndarray, points: np.ndarray, S: int) -> np.ndarray:
    return np.column_stack([np.bincount(school, weights=column, minlength=S) for column in points.T])
