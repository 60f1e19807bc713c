"""A cohort that jumps up between two years, and the fall after a jump."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.detectors.cohorts import Wave
from app.detectors.context import estimable
from app.detectors.dispersion import student_p
from app.detectors.heavy_tails import mirrored_p
from app.detectors.params import SwingParams
from app.detectors.regression import DeletedFit, deleted_fit
from app.detectors.tables import TYPICAL_CLASS
from app.detectors.tails import larger_of_two, to_z
from app.errors import InsufficientData

NAME, VERSION = "year_swing", "1.1"


@dataclass(frozen=True)
class SwingResult:
    """Schools of one paper, arrays of length S; NaN where a wave is missing.

    Attributes
    ----------
    z, p_value : ndarray
        One-sided upwards: of the larger of the jump now and the jump before with the fall after it.
    z_jump : ndarray
        Externally studentised residual of this year's mean on the last; negative for a fall.
    z_before, index, z_index : ndarray
        The same residual a year earlier; Jacob and Levitt's index r² + (1 − r′)²; the normal value of its p.
    effect, effect_low, effect_high, predicted : ndarray
        Observed less predicted mean, with a 95 % interval, and the predicted mean, in points (marks where only marks
        are known).
    waves : tuple of Wave
        From the earliest to this year's.
    assessed : ndarray of bool
    by_marks : bool
    """

    z: np.ndarray
    p_value: np.ndarray
    z_jump: np.ndarray
    z_before: np.ndarray
    index: np.ndarray
    z_index: np.ndarray
    effect: np.ndarray
    effect_low: np.ndarray
    effect_high: np.ndarray
    predicted: np.ndarray
    waves: tuple[Wave, ...]
    assessed: np.ndarray
    by_marks: bool


def disc_tail(index: np.ndarray) -> np.ndarray:
    r"""P(U² + V² ≥ index) for two independent uniform values.

    Parameters
    ----------
    index : ndarray
        In [0, 2].

    Returns
    -------
    ndarray

    Notes
    -----
    One less the area of the quarter disc of radius :math:`R = \sqrt{index}` inside the unit square: :math:`\pi R^2/4`
    up to R = 1, then :math:`\sqrt{R^2 - 1} + \tfrac{R^2}{2}(\tfrac{\pi}{2} - 2\arccos(1/R))`.

    Examples
    --------
    >>> disc_tail(np.array([0.0, 1.0, 2.0])).round(4).tolist()
    [1.0, 0.2146, 0.0]
    """
    x = np.clip(np.asarray(index, dtype=float), 0.0, 2.0)
    wide = np.maximum(x, 1.0)
    outside = np.sqrt(wide - 1) + wide / 2 * (np.pi / 2 - 2 * np.arccos(np.minimum(1 / np.sqrt(wide), 1.0)))
    return np.clip(1 - np.where(x <= 1, np.pi * x / 4, outside), 0.0, 1.0)


def year_swing(
    now: Wave, last: Wave, first: Wave | None, params: SwingParams, X: np.ndarray | None = None
) -> SwingResult:
    r"""Test of each school's change between two years of one cohort, and of a jump with the fall after it.

    Parameters
    ----------
    now, last : Wave
        This year's and the cohort's last.
    first : Wave or None
        The cohort two years ago.
    params : SwingParams
    X : ndarray, shape (S, p), optional
        Context of this year's schools.

    Returns
    -------
    SwingResult

    Raises
    ------
    InsufficientData
        Too few schools with both years.

    Notes
    -----
    Raw differences rank the weak first, for results regress to the mean. So

    .. math:: y_{i2} = \beta_0 + \beta_1 y_{i1} + c_i^T\gamma + e_i, \qquad w_i = n_{i1} + n_{i2}, \qquad
              \mathrm{Var}\,e_i = \tau^2 + v_{i2} + \beta_1^2 v_{i1},

    c the context (a kind of school that selects regresses to its kind, not to all schools),
    coefficients by least squares with weights w without the school itself, and the residual over its own standard
    deviation, that of prediction included (`regression.deleted_fit`); :math:`\tau^2`, how much honest schools change,
    from the pool, and a part of it that grows with the works, for large schools change more than their sampling error
    tells. With three waves the last jump, :math:`r_i = F(t_{i1})` of wave two on wave one, and this year's
    change given both earlier waves, :math:`r'_i = F(t_{i2})`, make Jacob and Levitt's index :math:`r^2 + (1 - r')^2`:
    large for a class that rose and fell back; its p from two independent uniform values (`disc_tail`). They take r and
    r' as ranks; here they are probabilities of Student's distribution, which agree with the ranks where the model holds
    and are finer at the ends. p is that of the larger of the two normal values. A fall alone is a fact, not a sign: the
    sign is the jump up. Assumes that the cohort is mostly the same pupils; a class newly formed jumps honestly.

    References
    ----------
    .. [1] B. A. Jacob, S. D. Levitt, "Rotten apples: an investigation of the prevalence and predictors of teacher
       cheating", Quarterly Journal of Economics 118(3), 2003, 843-877, eq. 1.
    .. [2] M. Simon, "Local outlier detection in data forensics: data mining approach to flag unusual schools",
       dissertation, University of Minnesota, 2012, ch. 3 (regression of this year's mean on the last, weighted).
    .. [3] R. D. Cook, S. Weisberg, "Residuals and Influence in Regression", 1982, sec. 2.2.
    """
    S = len(now.schools)
    at_last = _rows(now.schools, last)
    usable = (now.n >= params.smallest_n) & (_take(last.n, at_last, 0.0) >= params.smallest_n)
    if usable.sum() < params.smallest_pool:
        raise InsufficientData(f"школ с работами этих же учеников за прошлый год меньше {params.smallest_pool}")
    jump = _change(now, [(last, at_last)], usable, params, X)
    z_jump = np.where(usable, jump.z, np.nan)
    z_before = index = z_index = np.full(S, np.nan)
    told = np.nan_to_num(z_jump)
    # Cohorts change by more than a normal law has it; the falls tell how much (decision 0017).
    exact = np.where(usable, to_z(mirrored_p(told, jump.degrees, told, now.n, usable)), np.nan)
    p_value = _upper(exact)
    if first is not None:
        at_first = _rows(now.schools, first)
        three = usable & (_take(first.n, at_first, 0.0) >= params.smallest_n)
        if three.sum() >= params.smallest_pool:
            aligned = _aligned(last, at_last)
            before = _change(aligned, [(first, at_first)], three, params, X)
            after = _change(now, [(last, at_last), (first, at_first)], three, params, X)
            r, rest = 1 - student_p(before.z, before.degrees), student_p(after.z, after.degrees)
            index = np.where(three, r**2 + rest**2, np.nan)
            z_before = np.where(three, before.z, np.nan)
            z_index = np.where(three, to_z(np.maximum(disc_tail(np.nan_to_num(index)), 1e-16)), np.nan)
            p_value = np.where(three, larger_of_two(np.fmax(exact, z_index), 0.0), p_value)
    fitted, half = jump.predicted, 1.96 * jump.deviation
    observed, expected = now.mean_of(now.y), now.mean_of(fitted)
    low, high = now.mean_of(fitted - half), now.mean_of(fitted + half)
    return SwingResult(
        np.where(usable, to_z(p_value), np.nan),
        np.where(usable, p_value, np.nan),
        z_jump,
        z_before,
        index,
        z_index,
        observed - expected,
        observed - high,
        observed - low,
        expected,
        (last, now) if first is None else (first, last, now),
        usable,
        bool(now.scale),
    )


def share_in(schools: np.ndarray, wave: Wave) -> np.ndarray:
    """Mean share of points of each school in another wave; NaN where it is not there."""
    return _take(wave.share, _rows(schools, wave), np.nan)


def _upper(z: np.ndarray) -> np.ndarray:
    """Upper tail of normal values, through the same road as that of the larger of two."""
    return larger_of_two(np.nan_to_num(z, nan=-8.0), 0.9999)


def _rows(schools: np.ndarray, wave: Wave) -> np.ndarray:
    """Row of each school in another wave; −1 where it is not there."""
    at = np.searchsorted(wave.schools, schools).clip(0, max(len(wave.schools) - 1, 0))
    return np.where(wave.schools[at] == schools, at, -1) if len(wave.schools) else np.full(len(schools), -1)


def _take(values: np.ndarray, rows: np.ndarray, missing: float) -> np.ndarray:
    return np.where(rows >= 0, values[np.maximum(rows, 0)], missing)


def _aligned(wave: Wave, rows: np.ndarray) -> Wave:
    n, y, v, share = (
        _take(values, rows, missing)
        for values, missing in ((wave.n, 0.0), (wave.y, 0.0), (wave.sampling, 1e6), (wave.share, np.nan))
    )
    return Wave(wave.year, wave.grade, np.empty(len(rows), dtype=str), n, y, v, share, wave.scale, wave.top)


def _change(
    now: Wave,
    earlier: list[tuple[Wave, np.ndarray]],
    usable: np.ndarray,
    params: SwingParams,
    X: np.ndarray | None,
) -> DeletedFit:
    """Residual of a wave on the cohort's earlier ones and the context."""
    weight = now.n.copy()
    columns, noise = [], []
    for wave, rows in earlier:
        weight = weight + _take(wave.n, rows, 0.0)
        columns.append(_take(wave.y, rows, 0.0))
        noise.append(_take(wave.sampling, rows, 1e6))
    if X is not None:
        kind = estimable(X, usable)
        columns += list(kind.T)
        noise += [np.zeros(len(now.n))] * kind.shape[1]
    return deleted_fit(
        np.where(usable, now.y, 0.0),
        np.column_stack(columns),
        np.where(usable, weight, 0.0),
        np.where(usable, now.sampling, 1e6),
        np.where(usable[:, None], np.column_stack(noise), 1e6),
        usable,
        shared=weight / (weight + 2 * TYPICAL_CLASS),
        huber=params.huber,
        reject=params.reject,
    )
