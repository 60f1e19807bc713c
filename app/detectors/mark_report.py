"""Fewer "2" than the school's other marks imply: `few_lowest` where only marks are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from app.detectors.dispersion import school_effects, student_p
from app.detectors.few_lowest import LowestResult, few_lowest, lifting_twos
from app.detectors.params import LowestParams
from app.detectors.reference import Tilt, downweight, tilt_to_school
from app.detectors.report_tables import MarkTable
from app.detectors.score_statistic import moving_score
from app.detectors.tails import to_z, upper_tail
from app.errors import InsufficientData

SMALLEST_POOL = 12
_LIFTED_TO_THREE = (1.0,)


def lowest_of_marks(
    table: MarkTable, control: np.ndarray | None, params: LowestParams, spread_prior: float
) -> LowestResult:
    r"""Test of the number of "2" of each school from its four counts of marks.

    Parameters
    ----------
    table : MarkTable
        Marks 2 … 5 as scores 0 … 3; official cuts are not needed.
    control : ndarray of bool, shape (S,), or None
        Schools of the control sample; all others, leave-one-out, by default.
    params : LowestParams
    spread_prior : float
        As for `reference.tilt_to_school`.

    Returns
    -------
    LowestResult

    Raises
    ------
    InsufficientData
        Fewer than twelve schools to compare with.

    Notes
    -----
    The pool's four shares are tilted to the school's mean mark and spread (`reference.tilt_to_school`), which leaves
    one of three degrees of freedom: whether the "2" are missing *against the spread of the other marks*. The
    alternative lifts works marked "2" to a "3", wherever in the "3" they land. Four coarse classes follow the family
    less closely than scores do, so the statistic is brought to its usual value at the school's level,
    :math:`z_i = \beta_0 + \beta_1 x_i + \beta_2 x_i^2 + e_i`, with the scale of e estimated
    (`dispersion.school_effects`).

    References
    ----------
    .. [1] D. R. Cox, D. V. Hinkley, "Theoretical Statistics", 1974, sec. 9.3 (score tests with nuisance parameters).
    .. [2] D. J. Spiegelhalter, Statistics in Medicine 24(8), 2005, 1185-1202, sec. 4 (over-dispersion).
    """
    n, S = table.n, len(table.schools)
    usable = n >= params.smallest_n
    if usable.sum() < SMALLEST_POOL:
        raise InsufficientData(f"школ с отметками за эту работу меньше {SMALLEST_POOL}")
    own = replace(params, landing=_LIFTED_TO_THREE)
    transition = lifting_twos(3, 1, own)
    floor = table.counts.sum(axis=0) + 1.0
    floor = 0.5 * floor / floor.sum()
    weight, start = np.ones(S), None
    for last in (False, False, True):
        pool = table.counts if control is None else table.counts[control]
        if control is None:
            total = weight @ pool
            rest = np.maximum(total - weight[:, None] * table.counts, 0.0) + floor
        else:
            total = pool.sum(axis=0)
            rest = np.broadcast_to(total + floor, table.counts.shape)
        tilt = tilt_to_school(table.counts, rest, spread_prior=spread_prior, start=start)
        works = float(total.sum())
        z, skewness = moving_score(table.counts, tilt, transition, spread_prior, reference_works=works)
        if last or control is not None:
            break
        start = tilt.theta
        weight = downweight(np.where(n >= 5, z, np.nan))
    result = few_lowest(
        table, tilt, own, spread_prior, reference="region" if control is None else "control", reference_works=works
    )
    p_value = _calibrated(table, tilt, z, skewness, usable)
    return replace(result, z=to_z(p_value), p_value=p_value)


def _calibrated(table: MarkTable, tilt: Tilt, z: np.ndarray, skewness: np.ndarray, usable: np.ndarray) -> np.ndarray:
    """p-values of z less its usual value at the school's level, over-dispersion allowed for."""
    judged = usable & (table.n * tilt.probabilities[:, 0] >= 1.0)
    if judged.sum() < SMALLEST_POOL:
        return upper_tail(z, skewness)
    level = (table.mean - np.average(table.mean[judged])) / max(float(table.mean[judged].std()), 1e-9)
    level = np.clip(level, -3.0, 3.0)
    effects = school_effects(
        np.where(judged, z, 0.0),
        np.where(judged, 0.5, 1e6),
        np.column_stack((level, level**2)),
        fit_on=judged,
        reject=2.5,
    )
    exact = to_z(student_p(effects.z, effects.degrees))
    return np.where(
        judged, upper_tail(exact, skewness / np.maximum(effects.deviation, 1.0) ** 3), upper_tail(z, skewness)
    )
