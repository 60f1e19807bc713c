"""Marks of the paper against the marks of the journal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from app.detectors.dispersion import school_effects
from app.detectors.heavy_tails import both_sides
from app.detectors.journal_copying import (
    CopyTest,
    Leniency,
    blocks,
    copy_test,
    cumulants,
    fit_leniency,
    joined,
    marks_first,
)
from app.detectors.params import JournalParams
from app.detectors.reference import downweight, hardly_changed
from app.detectors.row_sums import row_sums
from app.detectors.tables import PaperTable
from app.detectors.tails import to_z, upper_tail
from app.errors import InsufficientData

NAME, VERSION = "journal_gap", "1.4"
__all__ = [
    "NAME", "PARTS", "VERSION", "CopyTest", "JournalResult", "copy_test", "drawn_to_journal", "given_score",
    "journal_gap", "marks_of_scores",
]  # fmt: skip
PARTS = ("raised", "copied", "lowered")
_KEPT_SCHOOLS = 4_096
"""Of so many schools what they are compared with is kept from one round to the next."""


@dataclass(frozen=True)
class JournalResult:
    """Schools of one paper, arrays of length S unless said otherwise.

    Attributes
    ----------
    p_value, z : ndarray
        Weighted smallest p of the three parts, and its normal value.
    part : ndarray of str
        Part that decided: ``raised``, ``copied`` or ``lowered``.
    part_z : ndarray, shape (S, 3)
        z of the parts, in the order of `PARTS`.
    works : ndarray
        Works with a journal mark.
    shares : ndarray, shape (S, 3)
        Lowered, confirmed, raised: observed.
    expected : ndarray, shape (S, 3)
        The same given the school's own journal marks (raised, lowered) or given its scores and journal marks
        (confirmed).
    effect, effect_low, effect_high : ndarray
        Observed less expected share of the deciding part, with a 95 % interval.
    far : ndarray
        Share of works two marks or more apart.
    assessed : ndarray of bool
    """

    p_value: np.ndarray
    z: np.ndarray
    part: np.ndarray
    part_z: np.ndarray
    works: np.ndarray
    shares: np.ndarray
    expected: np.ndarray
    effect: np.ndarray
    effect_low: np.ndarray
    effect_high: np.ndarray
    far: np.ndarray
    assessed: np.ndarray


def marks_of_scores(max_score: int, mark_from: tuple[int, int, int]) -> np.ndarray:
    """Mark 2 … 5 of each score 0 … M."""
    return 2 + np.searchsorted(np.asarray(mark_from), np.arange(max_score + 1), side="right")


def drawn_to_journal(joint: np.ndarray, mark_from: tuple[int, int, int], share: float) -> np.ndarray:
    """Joint distribution of score and journal mark after works were drawn to the journal.

    Parameters
    ----------
    joint : ndarray, shape (M + 1, 4)
        Works by score and journal mark 2 … 5.
    mark_from : tuple of int
    share : float
        Share of disagreeing works that are moved: half to the nearest score of the journal's mark, the rest further
        inside.

    Returns
    -------
    ndarray, shape (M + 1, 4)
    """
    top = joint.shape[0] - 1
    lower = (0, *mark_from)
    upper = (*(c - 1 for c in mark_from), top)
    moved = joint.copy()
    for column in range(4):
        low, high = max(0, lower[column]), min(top, upper[column])
        if low > high:
            continue
        above, below = joint[high + 1 :, column].sum(), joint[:low, column].sum()
        moved[:low, column] *= 1 - share
        moved[high + 1 :, column] *= 1 - share
        for steps, works in ((range(low, high + 1), below), (range(high, low - 1, -1), above)):
            for part, score in zip((0.5, 0.3, 0.2), steps, strict=False):
                moved[score, column] += share * works * part
    return moved


def given_score(joint: np.ndarray) -> np.ndarray:
    """Journal marks given the score, smoothed over neighbouring scores; last two axes are score and mark."""
    return np.moveaxis(_given_score(np.moveaxis(joint, -1, 0)), 0, -1)


def _given_score(joint: np.ndarray) -> np.ndarray:
    """The same, marks on the first axis and scores on the last."""
    smooth = _smoothed(joint)
    smooth /= smooth.sum(axis=0)
    return smooth


def _smoothed(joint: np.ndarray) -> np.ndarray:
    """The same, before the four marks of each score are made to sum to one."""
    top = joint.shape[-1] - 1
    score = np.arange(top + 1)
    kernel = np.exp(-0.5 * ((score[:, None] - score) / max(1.0, 0.05 * top)) ** 2)
    smooth = joint @ kernel
    overall = row_sums(joint) + 0.25
    smooth += 2.0 * (overall / overall.sum(axis=0))[..., None]
    return smooth


def journal_gap(
    table: PaperTable, control: PaperTable | None, X: np.ndarray, params: JournalParams, *, shown: bool = True
) -> JournalResult:
    r"""Journal test of all schools of one paper.

    Parameters
    ----------
    table : PaperTable
        A paper with official cuts and journal marks.
    control : PaperTable or None
        Works of the control sample, as the norm of marks given journal marks.
    X : ndarray, shape (S, p)
        Context of the schools: strong schools mark their journals against their own level.
    params : JournalParams
    shown : bool
        False leaves what is only shown empty.

    Returns
    -------
    JournalResult

    Raises
    ------
    InsufficientData
        No journal marks, no official cuts, or too few schools.

    Notes
    -----
    *Raised* and *lowered* are the two tails of :math:`d_i`, the mean over works of score less the mean score
    that works with the same journal mark have in the reference; it is regressed on X with over-dispersion
    (`dispersion.school_effects`): honest journals are strict or lenient. *Copied* is `copy_test` with over-dispersion
    of :math:`T_i/V_i`. The p-value is the weighted smallest, :math:`1 - \prod_k (1 - w_k p^*)` with :math:`p^* =
    \min_k p_k/w_k`; weights say how much each part speaks of the *paper* being marked too kindly: a journal kinder
    than the paper has little.

    References
    ----------
    .. [1] C. R. Genovese, K. Roeder, L. Wasserman, "False discovery control with p-value weighting", Biometrika
       93(3), 2006, 509-524, sec. 2.
    """
    if table.spec.mark_from is None:
        raise InsufficientData("у работы нет официальных границ отметок")
    if table.journal is None:
        raise InsufficientData("нет отметок по журналу")
    cells = table.journal
    by_mark = marks_first(cells)
    # Whole numbers: single precision adds them up exactly.
    works = row_sums(by_mark).sum(axis=0, dtype=float)
    usable = works >= params.smallest_n
    if usable.sum() < params.smallest_pool:
        raise InsufficientData(f"школ с отметками по журналу меньше {params.smallest_pool}")
    marks = marks_of_scores(table.spec.max_score, table.spec.mark_from)
    outside = control.journal.sum(axis=0) if control is not None and control.journal is not None else None
    weight = np.ones(len(works))
    copied: _Copied | None = None
    for last in (False, True):
        joint = outside if outside is not None else np.einsum("i,isj->sj", weight, cells)
        raise_z, raised = _raised(cells, works, usable, joint, X, table.class_share)
        pool = weight if outside is None else None
        copied = _copied(by_mark, usable, joint, pool, table, params, copied)
        if outside is not None or last:
            break
        drawn, strict = (downweight(np.where(usable, z, np.nan)) for z in (copied.z, raise_z))
        if hardly_changed(np.minimum(drawn, strict), works):
            break
        weight = drawn * strict
    assert copied is not None
    copy_p, confirmed = copied.tails(table)
    degrees = raised.degrees
    # Strict and lenient journals mirror each other; both sides are judged by the lower one, where no paper was bent.
    high, low = both_sides(raise_z, degrees, raise_z, works, usable)
    part_p = np.column_stack((high, copy_p, low))
    weights = np.array([params.weight_raised, params.weight_copied, params.weight_lowered])
    weights = weights / weights.sum()
    decided = np.argmin(part_p / weights, axis=1)
    smallest = np.minimum((part_p / weights).min(axis=1), 1.0)
    p_value = np.clip(-np.expm1(row_sums(np.log1p(-np.minimum(weights * smallest[:, None], 1 - 1e-16)))), 1e-300, 1.0)
    nothing, wide = np.zeros(0), np.zeros((0, 3))
    what = (wide, wide, nothing, nothing, nothing, nothing)
    if shown:
        what = _described(cells, works, marks, joint, confirmed, decided)
    return JournalResult(
        p_value,
        to_z(p_value),
        np.array(PARTS)[decided],
        to_z(part_p),
        works,
        *what,
        usable,
    )


def _raised(cells, works, usable, joint, X, class_share):
    """Mean score beyond that of works with the same journal mark."""
    score = np.arange(cells.shape[1], dtype=float)
    total = joint.sum(axis=0)
    centre = float((joint.sum(axis=1) @ score) / max(joint.sum(), 1e-9))
    # A journal mark that hardly anybody has borrows from the overall mean.
    mean = (score @ joint + 2 * centre) / (total + 2)
    spread = float(np.sqrt(max((joint * (score[:, None] - mean) ** 2).sum() / max(joint.sum(), 1e-9), 1e-9)))
    residual = (np.einsum("isj,s->i", cells, score) - cells.sum(axis=1) @ mean) / np.maximum(works, 1) / spread
    effects = school_effects(residual, 1.0 / np.maximum(works, 1), X, fit_on=usable, shared=class_share, reject=2.5)
    return effects.z, effects


@dataclass(frozen=True)
class _Copied:
    """The part *copied* of all schools, before its tails are asked for; `sharpening` as the reference was sharpened."""

    z: np.ndarray
    total: np.ndarray
    found: Leniency
    sharpening: float
    compared: Callable[[slice, float], tuple[np.ndarray, np.ndarray]]
    g: np.ndarray

    def tails(self, table: PaperTable) -> tuple[np.ndarray, np.ndarray]:
        """p, and works expected to agree."""
        assert table.spec.mark_from is not None
        agreeing = marks_of_scores(table.spec.max_score, table.spec.mark_from) == np.arange(2, 6)[:, None]
        parts = [
            cumulants(*self.compared(rows, self.sharpening), self.g, self.found.of(rows), agreeing)
            for rows in blocks(len(self.z))
        ]
        third, fourth, confirmed = (np.concatenate(own) for own in zip(*parts, strict=True))
        return upper_tail(self.z, third / self.total**1.5, fourth / self.total**2), confirmed


def _copied(marks, usable, joint, weight, table, params, near: _Copied | None) -> _Copied:
    f0 = joint + 0.05
    f1 = drawn_to_journal(f0, table.spec.mark_from, params.drawn)
    g = np.clip(np.log(f1 / f0), -3.0, 3.0).T[:, None, :]
    pool = joint.T[:, None, :]
    plain: dict[int, tuple[np.ndarray, np.ndarray]] = {}

    def compared(rows: slice, sharpening: float) -> tuple[np.ndarray, np.ndarray]:
        """Works of a block of schools, and what they are compared with, marks first (see `journal_copying`)."""
        if rows.start in plain:
            own, reference = plain[rows.start]
        else:
            own = marks[:, rows].astype(float)
            reference = _smoothed(pool if weight is None else np.maximum(pool - weight[rows, None] * own, 0.0))
            if marks.shape[1] <= _KEPT_SCHOOLS:
                plain[rows.start] = own, reference
        if sharpening:
            reference = reference * np.exp(sharpening * g)
        return own, np.broadcast_to(reference, own.shape)

    # Pooling schools with strict and with lenient journals blurs the pooled table; inside a school marks follow
    # scores more closely. The typical school sets how much more: its reference is sharpened along the very direction
    # that is tested.
    start, sharpening = (None, 0.0) if near is None else (near.found.alpha, near.sharpening)
    for _ in range(3):
        applied = sharpening
        found = joined(
            [
                fit_leniency(*compared(rows, applied), g, None if start is None else start[rows])
                for rows in blocks(marks.shape[1])
            ]
        )
        start = found.alpha
        variance = np.maximum(found.variance, 1e-6)
        rate = np.where(usable, found.statistic / variance, 0.0)
        effects = school_effects(rate, np.where(usable, 1.0 / variance, 1e6), fit_on=usable, caution=0.0, reject=2.0)
        sharpening += float(effects.fitted[0])
        if abs(float(effects.fitted[0])) < 0.02:
            break
    total = variance + effects.tau2 * variance**2
    return _Copied(found.statistic / np.sqrt(total), total, found, applied, compared, g)


def _described(
    cells: np.ndarray,
    works: np.ndarray,
    marks: np.ndarray,
    joint: np.ndarray,
    confirmed: np.ndarray,
    decided: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Shares and effects of `JournalResult`, in its order."""
    shares, expected = _shares(cells, works, marks, joint)
    expected[:, 1] = confirmed / np.maximum(works, 1)
    column = np.array([2, 1, 0])[decided]
    rows = np.arange(len(works))
    effect, awaited = shares[rows, column] - expected[rows, column], expected[rows, column]
    half = 1.96 * np.sqrt(np.maximum(awaited * (1 - awaited), 0.01) / np.maximum(works, 1))
    gap = np.abs(marks[:, None] - np.arange(2, 6)) >= 2
    far = np.einsum("isj,sj->i", cells, gap) / np.maximum(works, 1)
    return shares, expected, effect, effect - half, effect + half, far


def _shares(
    cells: np.ndarray, works: np.ndarray, marks: np.ndarray, joint: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    journal = np.arange(2, 6)
    sign = np.sign(marks[:, None] - journal)
    kinds = [(sign == s).astype(float) for s in (-1, 0, 1)]
    shares = np.column_stack([np.einsum("isj,sj->i", cells, kind) for kind in kinds]) / np.maximum(works, 1)[:, None]
    given_journal = (joint + 1e-9) / (joint + 1e-9).sum(axis=0)
    by_journal = cells.sum(axis=1)
    expected = np.column_stack([by_journal @ (given_journal * kind).sum(axis=0) for kind in kinds])
    return shares, expected / np.maximum(works, 1)[:, None]
