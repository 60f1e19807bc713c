"""Mean beyond what the context predicts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from app.detectors.dispersion import SchoolEffects, robust_correlation, school_effects
from app.detectors.heavy_tails import mirrored_p
from app.detectors.params import MeanParams
from app.detectors.tables import TYPICAL_CLASS, PaperTable
from app.detectors.tails import larger_of_two, to_z, weighted_of_two
from app.errors import InsufficientData

NAME, VERSION = "contextual_mean", "1.3"


@dataclass(frozen=True)
class LogitMeans:
    """School means where honest schools differ additively: y = logit(mean/M), v = its sampling variance."""

    y: np.ndarray
    sampling: np.ndarray
    class_variance: np.ndarray


def logit_means(table: PaperTable) -> LogitMeans:
    r"""Means of a paper as logits of the share of points.

    Parameters
    ----------
    table : PaperTable

    Returns
    -------
    LogitMeans
        Arrays of length S.

    Notes
    -----
    :math:`m_i = (\sum T + 1/2)/(n_i M + 1)`, :math:`y_i = \log m_i/(1 - m_i)`. Scores vary inside schools like
    :math:`\varphi\,M^2 m(1-m)` with one :math:`\varphi` for the paper, hence :math:`v_i = \varphi/(n_i m_i(1-m_i))`
    by the delta method. Where classes are known, their excess variance :math:`\sigma_c^2` adds :math:`\sigma_c^2
    \sum_c (n_c/n)^2`.
    """
    top = table.spec.max_score
    n = table.n
    share = (table.mean * n + 0.5) / (n * top + 1)
    room = share * (1 - share)
    degrees = np.maximum(n - 1, 0)
    phi = float((degrees * table.variance).sum() / max((degrees * room).sum(), 1e-9)) / top**2
    phi = max(phi, 1e-4)
    # The sampling variance at a small school's own extreme mean would make every extreme look uncertain: its mean is
    # taken half-way to the paper's at ten works.
    centre = float((share * n).sum() / max(n.sum(), 1))
    shrunk = (n * share + 10 * centre) / (n + 10)
    room = shrunk * (1 - shrunk)
    spread = table.class_spread or 0.0
    return LogitMeans(
        np.log(share / (1 - share)),
        phi / (np.maximum(n, 1) * room),
        spread * table.class_share / (top * room) ** 2,
    )


@dataclass(frozen=True)
class MeanResult:
    """Schools of one paper, arrays of length S.

    Attributes
    ----------
    z, p_value : ndarray
        Of the larger of the two parts, its being the larger of two allowed for.
    z_context, z_history : ndarray
        Parts: given the context alone; given the year before and other papers too (NaN where neither is known).
    effect, effect_low, effect_high : ndarray
        Observed less predicted mean, in points, with a 95 % interval, for the part that decided.
    predicted : ndarray
        Predicted mean, in points.
    shrunk : ndarray
        Empirical-Bayes effect B·e, in points.
    by_history : ndarray of bool
        Which part decided.
    assessed : ndarray of bool
    reference : ndarray of str
        ``municipality``, ``cluster``, ``region`` or ``control`` per school.
    context : SchoolEffects
    """

    z: np.ndarray
    p_value: np.ndarray
    z_context: np.ndarray
    z_history: np.ndarray
    effect: np.ndarray
    effect_low: np.ndarray
    effect_high: np.ndarray
    predicted: np.ndarray
    shrunk: np.ndarray
    by_history: np.ndarray
    assessed: np.ndarray
    reference: np.ndarray
    context: SchoolEffects


def context_part(
    table: PaperTable,
    X: np.ndarray,
    municipality: np.ndarray,
    cluster: np.ndarray,
    control: np.ndarray | None,
    params: MeanParams,
) -> tuple[SchoolEffects, np.ndarray]:
    r"""Residuals of school means given the context, each school against its own reference group.

    Parameters
    ----------
    table : PaperTable
    X : ndarray, shape (S, p)
        Context, without a constant.
    municipality, cluster : ndarray of str, shape (S,)
    control : ndarray of bool, shape (S,), or None
        Schools of the control sample; they then set the coefficients.
    params : MeanParams

    Returns
    -------
    SchoolEffects, ndarray of str
        Residuals, and the reference of each school.

    Raises
    ------
    InsufficientData
        Too few schools to tell honest differences from others.

    Notes
    -----
    After the regression on X a municipality with at least ten *other* schools with the paper shifts the
    expectation of its schools by its leave-one-out mean residual, shrunk by :math:`B_m = \sigma_m^2/(\sigma_m^2 +
    V_{\bar r})`; schools elsewhere keep the expectation of their cluster (kind of school, which is part of X) and of
    the region, and carry :math:`\sigma_m^2` in their variance.
    """
    means = logit_means(table)
    usable = table.n >= params.smallest_n
    fit_on = usable if control is None else usable & control
    reference = np.where(cluster != "", "cluster", "region").astype(object)
    if control is not None and fit_on.sum() >= params.smallest_pool + X.shape[1]:
        return (
            _regress(table, means, means.y, X, fit_on, 0.0, params),
            np.full(len(usable), "control", dtype=object),
        )
    if usable.sum() < params.smallest_pool:
        raise InsufficientData(f"школ с этой работой меньше {params.smallest_pool}: среднее не с чем сравнить")
    first = _regress(table, means, means.y, X, usable, 0.0, params)
    offset, extra, local = _municipal_offset(first, municipality, usable, params.municipality_schools)
    if not local.any():
        return first, reference
    second = _regress(table, means, means.y - offset, X, usable, extra, params)
    fitted = second.fitted + offset
    effects = SchoolEffects(
        second.z, second.residual, second.deviation, fitted, second.tau2, second.shrinkage, second.degrees
    )
    return effects, np.where(local, "municipality", reference)


def _regress(
    table: PaperTable,
    means: LogitMeans,
    y: np.ndarray,
    X: np.ndarray,
    fit_on: np.ndarray,
    extra: np.ndarray | float,
    params: MeanParams,
) -> SchoolEffects:
    # Class effects are measured where classes are known; else their size is estimated from how variance falls with
    # size. Where they are known, large schools may still differ more than small ones: the same estimate tells.
    known = table.class_spread is not None
    return school_effects(
        y,
        means.sampling,
        X,
        fit_on=fit_on,
        extra=means.class_variance + extra,
        shared=table.n / (table.n + TYPICAL_CLASS) if known else table.class_share,
        huber=params.huber,
        reject=params.reject,
    )


def _municipal_offset(
    first: SchoolEffects, municipality: np.ndarray, usable: np.ndarray, smallest: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    S = len(municipality)
    inside, codes = pd.factorize(municipality)
    valid = usable & (municipality != "")
    schools = np.bincount(inside[valid], minlength=len(codes))
    local = valid & (schools[inside] > smallest)
    zero = np.zeros(S)
    if not local.any():
        return zero, zero, local
    weight = np.where(local, np.minimum(1.0, 1.5 / np.maximum(np.abs(first.z), 1e-9)) / first.deviation**2, 0.0)
    total = np.bincount(inside, weights=weight, minlength=len(codes))
    moment = np.bincount(inside, weights=weight * first.residual, minlength=len(codes))
    groups = total > 0
    group_mean = moment[groups] / total[groups]
    between = float(np.var(group_mean) - np.mean(1 / total[groups])) if groups.sum() >= 3 else 0.0
    if between <= 0:
        return zero, zero, np.zeros(S, dtype=bool)
    rest = np.maximum(total[inside] - weight, 1e-12)
    others = (moment[inside] - weight * first.residual) / rest
    keep = between / (between + 1 / rest)
    return np.where(local, keep * others, 0.0), between * np.where(local, 1 - keep, 1.0), local


def contextual_mean(
    table: PaperTable,
    context: tuple[SchoolEffects, np.ndarray],
    history: np.ndarray | None,
    params: MeanParams,
) -> MeanResult:
    r"""Test of each school's mean, one-sided upwards.

    Parameters
    ----------
    table : PaperTable
    context : SchoolEffects, ndarray of str
        Result of `context_part`.
    history : ndarray, shape (S, p), or None
        Residuals of the same school elsewhere — the year before, other papers of the year —, zero where not known.
    params : MeanParams

    Returns
    -------
    MeanResult

    Notes
    -----
    Part one is the residual given the context,

    .. math:: z_i = e_i / \sqrt{\tau^2 + v_i + \sigma_c^2 \textstyle\sum_c (n_c/n)^2},

    so honest differences between schools are part of the noise. Part two regresses that residual on `history`: a
    school raised in one paper only stands out there, while one raised everywhere stands out in part one. p is that
    of the more telling of the two with their correlation and weights (`tails.weighted_of_two`): a cohort that is
    strong in every subject is no sign of one paper, so the second part has the larger weight. Before that come
    tails as heavy as those of the schools under their expectation (`heavy_tails.mirrored_p`): cohorts swing by more
    than a normal law has it. The empirical-Bayes effect is :math:`B_i e_i`, :math:`B_i = \tau^2/(\tau^2 + v_i)`.
    Assumes honest school effects symmetric on the logit scale; a selective school that the context does not name
    looks like a raised one, so a level alone never opens a case.

    References
    ----------
    .. [1] D. J. Spiegelhalter, "Funnel plots for comparing institutional performance", Statistics in Medicine 24(8),
       2005, 1185-1202, sec. 4.
    .. [2] D. J. Spiegelhalter, "Handling over-dispersion of performance indicators", Quality and Safety in Health
       Care 14, 2005, 347-351, p. 349.
    """
    effects, reference = context
    usable = table.n >= params.smallest_n
    z_context = effects.z
    z_history = np.full(len(z_context), np.nan)
    effect, deviation, predicted = effects.residual, effects.deviation, effects.fitted
    rho = 1.0
    by_history = np.zeros(len(z_context), dtype=bool)
    if history is not None and history.shape[1] > 0 and usable.sum() >= params.smallest_pool + 3 * history.shape[1]:
        means = logit_means(table)
        second = _regress(table, means, effects.residual, history, usable, 0.0, params)
        z_history = second.z
        rho = robust_correlation(z_context[usable], z_history[usable])
    exact = to_z(mirrored_p(z_context, effects.degrees, z_context, table.n, usable))
    p_value = larger_of_two(exact, 0.9999)
    if np.isfinite(z_history).any():
        beside = to_z(mirrored_p(z_history, effects.degrees, z_history, table.n, usable))
        p_value = weighted_of_two(exact, beside, params.weight_context, rho)
        by_history = special.ndtr(-beside) / (1 - params.weight_context) < special.ndtr(-exact) / params.weight_context
        effect = np.where(by_history, second.residual, effect)
        deviation = np.where(by_history, second.deviation, deviation)
        predicted = np.where(by_history, effects.fitted + second.fitted, predicted)
    top = table.spec.max_score
    expected = top / (1 + np.exp(-predicted))
    half = 1.96 * deviation
    low, high = (top / (1 + np.exp(-(predicted + sign * half))) for sign in (-1, 1))
    observed = table.mean
    context_mean = top / (1 + np.exp(-effects.fitted))
    return MeanResult(
        to_z(p_value),
        p_value,
        z_context,
        z_history,
        observed - expected,
        observed - high,
        observed - low,
        expected,
        top / (1 + np.exp(-(effects.fitted + effects.shrinkage * effects.residual))) - context_mean,
        by_history,
        usable,
        reference,
        effects,
    )
