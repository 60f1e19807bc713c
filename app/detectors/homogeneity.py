"""Too little spread of scores for the school's mean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.detectors.dispersion import school_effects, student_p
from app.detectors.params import HomogeneityParams
from app.detectors.reference import (
    LEVEL_ONLY,
    downweight,
    hardly_changed,
    level_of_schools,
    second_and_fourth_moment,
    tilt_to_school,
)
from app.detectors.tables import TYPICAL_CLASS, PaperTable
from app.detectors.tails import to_z
from app.errors import InsufficientData

NAME, VERSION = "homogeneity", "1.4"


@dataclass(frozen=True)
class HomogeneityResult:
    """Schools of one paper, arrays of length S unless said otherwise.

    Attributes
    ----------
    z, p_value : ndarray
        One-sided: less spread than expected. z also where works are too few to judge but enough to add to a sum over
        papers, NaN under that.
    observed, expected : ndarray
        Standard deviation of scores, in points.
    low, high : ndarray
        95 % interval of the expected one, sampling and honest differences included.
    tilted : ndarray, shape (S, M + 1)
        The reference at the school's mean.
    assessed : ndarray of bool
    reference : str
    design : ndarray, shape (S, p)
        Level, its square and the context: what an honest spread may go with.
    """

    z: np.ndarray
    p_value: np.ndarray
    observed: np.ndarray
    expected: np.ndarray
    low: np.ndarray
    high: np.ndarray
    tilted: np.ndarray
    assessed: np.ndarray
    reference: str
    design: np.ndarray


def normalised_variance(ratio: np.ndarray, kurtosis: np.ndarray, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    r"""Nearly normal value of a sample variance over its expectation, and its sampling variance.

    Parameters
    ----------
    ratio : ndarray
        Sample variance (divisor n − 1) over the variance expected.
    kurtosis : ndarray
        Fourth central moment over the squared variance; 3 for a normal distribution.
    n : ndarray

    Returns
    -------
    value, variance : ndarray

    Notes
    -----
    :math:`y = 3(r^{1/3} - 1 + c/9)`, :math:`\mathrm{Var}\,y = c = \mathrm{Var}(r) = (\kappa - 1)/n + 2/(n(n-1))`. For
    normal scores r is :math:`\chi^2_\nu/\nu`, :math:`c = 2/\nu`, and this is the cube root of Wilson and Hilferty.

    References
    ----------
    .. [1] E. B. Wilson, M. M. Hilferty, "The distribution of chi-square", Proceedings of the National Academy of
       Sciences 17(12), 1931, 684-688.

    Examples
    --------
    >>> value, variance = normalised_variance(np.array([1.0]), np.array([3.0]), np.array([11.0]))
    >>> round(float(variance[0]), 6), round(float(value[0]), 6)
    (0.2, 0.066667)
    """
    works = np.maximum(n, 2)
    c = np.maximum((kurtosis - 1) / works + 2 / (works * (works - 1)), 1e-6)
    return 3 * (np.cbrt(ratio) - 1 + c / 9), c


def homogeneity(
    table: PaperTable, control: PaperTable | None, params: HomogeneityParams, X: np.ndarray | None = None
) -> HomogeneityResult:
    r"""Test of the spread of scores of all schools of one paper.

    Parameters
    ----------
    table : PaperTable
    control : PaperTable or None
        Works of the control sample, as the reference.
    params : HomogeneityParams
    X : ndarray, shape (S, p), optional
        Context of the schools: a kind that selects its pupils is narrow for that.

    Returns
    -------
    HomogeneityResult

    Raises
    ------
    InsufficientData
        Too few schools to compare with.

    Notes
    -----
    The reference tilted to the school's mean (`reference.tilt_to_school` with the spread held) has variance
    :math:`\sigma_i^2` and kurtosis :math:`\kappa_i`. With :math:`r_i = s_i^2/\sigma_i^2` brought to a nearly normal
    :math:`y_i` (`normalised_variance`),

    .. math:: y_i = \beta_0 + \beta_1 x_i + \beta_2 x_i^2 + e_i, \qquad \mathrm{Var}\,e_i = \tau^2 + c_i,

    with x the school's standardised mean, and the context: schools are narrower than their pool, and how much may go
    with the level and with the kind of school. Items that a class was not taught are filled in first: nothing spreads
    there.
    Over-dispersion and robustness as in `dispersion.school_effects`. One-sided: only too little spread is a sign.
    Assumes that honest schools differ in spread at random; a school that selects its pupils, or a single streamed
    class, is narrow for a reason of its own.

    References
    ----------
    .. [1] C. Quintano, R. Castellano, S. Longobardi, "A fuzzy clustering approach to improve the accuracy of Italian
       student data", Statistica & Applicazioni 7(2), 2009 (high mean and low spread as the sign).
    .. [2] D. J. Spiegelhalter, Statistics in Medicine 24(8), 2005, 1185-1202, sec. 4.
    """
    table, control = table.taught, None if control is None else control.taught
    n, S = table.n, len(table.schools)
    usable, summed = n >= params.smallest_n, n >= params.smallest_pooled
    if usable.sum() < params.smallest_pool:
        raise InsufficientData(f"школ с этой работой меньше {params.smallest_pool}: разброс не с чем сравнить")
    level = (table.mean - np.average(table.mean, weights=n)) / max(float(table.mean[usable].std()), 1e-9)
    design = np.column_stack((level, level**2) if X is None else (level, level**2, X))
    weight = np.ones(S)
    for last in (False, True):
        if control is not None:
            tilt = tilt_to_school(table.counts, control.counts.sum(axis=0) + 0.1, spread_prior=LEVEL_ONLY)
        elif not last:
            tilt = level_of_schools(table)
        else:
            rest = np.maximum(weight @ table.counts - weight[:, None] * table.counts, 0.0) + 0.1
            tilt = tilt_to_school(table.counts, rest, spread_prior=LEVEL_ONLY, start=tilt.theta)
        tilted = tilt.probabilities
        variance, fourth = second_and_fourth_moment(tilted)
        variance = np.maximum(variance, 0.05)
        kurtosis = fourth / variance**2
        value, sampling = normalised_variance(table.variance / variance, kurtosis, n)
        effects = school_effects(
            np.where(summed, -value, 0.0),
            np.where(summed, sampling, 1e6),
            design,
            fit_on=usable,
            # Large schools differ more in how they select and stream than small ones can.
            shared=n / (n + TYPICAL_CLASS),
            reject=2.5,
        )
        weight = downweight(np.where(usable, effects.z, np.nan))
        if control is not None or last or hardly_changed(weight, n):
            break
    p_value = student_p(effects.z, effects.degrees)
    root = np.sqrt(variance)

    def spread_at(y: np.ndarray) -> np.ndarray:
        return root * np.maximum(1 + y / 3 - sampling / 9, 0.0) ** 1.5

    typical = -effects.fitted
    return HomogeneityResult(
        np.where(summed, to_z(p_value), np.nan),
        p_value,
        np.sqrt(table.variance),
        spread_at(typical),
        spread_at(typical - 1.96 * effects.deviation),
        spread_at(typical + 1.96 * effects.deviation),
        tilted,
        usable,
        "control" if control is not None else "region",
        design,
    )
