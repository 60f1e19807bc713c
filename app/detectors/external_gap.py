"""A mean that an outside examination of the school does not bear out — or does, and then clears it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from app.detectors import context
from app.detectors.context import estimable
from app.detectors.contextual_mean import logit_means
from app.detectors.dispersion import SchoolEffects, school_effects
from app.detectors.heavy_tails import mirrored_p
from app.detectors.params import GapParams
from app.detectors.tables import TYPICAL_CLASS, PaperTable
from app.detectors.tails import to_z
from app.errors import InsufficientData

NAME, VERSION = "external_gap", "1.2"


@dataclass(frozen=True)
class Outside:
    """Outside results of schools in one subject, arrays of length S.

    Attributes
    ----------
    mean, n, variance : ndarray
        Mean mark over examinations, each brought to the first one's scale; participants; sampling variance of the mean.
        NaN and zero where a school has none.
    exams : tuple of str
        Which examinations they come from.
    """

    mean: np.ndarray
    n: np.ndarray
    variance: np.ndarray
    exams: tuple[str, ...]


@dataclass(frozen=True)
class GapResult:
    """Schools of one paper, arrays of length S; NaN where there is no outside result.

    Attributes
    ----------
    z, p_value : ndarray
        One-sided: a mean over what the outside result predicts.
    z_own, z_outside : ndarray
        Each result among the schools by itself.
    effect, effect_low, effect_high, predicted : ndarray
        Observed less predicted mean with a 95 % interval, and the predicted mean, in points.
    clears : ndarray of bool
        A strong school whose outside result is strong and agrees: its level is explained.
    slope : float
        Errors-in-variables slope of the logit mean on the outside mark.
    outside : Outside
    assessed : ndarray of bool
    """

    z: np.ndarray
    p_value: np.ndarray
    z_own: np.ndarray
    z_outside: np.ndarray
    effect: np.ndarray
    effect_low: np.ndarray
    effect_high: np.ndarray
    predicted: np.ndarray
    clears: np.ndarray
    slope: float
    outside: Outside
    assessed: np.ndarray


def outside_results(schools: np.ndarray, exams: pd.DataFrame | None, subject: str, params: GapParams) -> Outside:
    r"""Gather the outside results of one subject, several examinations of a school together.

    Parameters
    ----------
    schools : ndarray of str, shape (S,)
    exams : DataFrame or None
        ``school, exam, subject, n, mean_mark`` and, where known, ``sd_mark`` and ``year``; several rows of a school
        and examination add up.
    subject : str
    params : GapParams

    Returns
    -------
    Outside

    Raises
    ------
    InsufficientData
        No outside results of the subject at all.

    Notes
    -----
    Examinations differ in level and spread (ОГЭ in marks, ЕГЭ in points out of a hundred, re-marked works in points of
    the paper) and from year to year, so each sitting is standardised over its schools, averaged with weights n, and
    the average is put back on the scale of the sitting that most schools have.
    """
    nothing = "нет результатов внешних процедур по этому предмету"
    if exams is None or len(exams) == 0:
        raise InsufficientData("нет результатов внешних процедур")
    own = exams[exams["subject"].astype("str") == subject]
    n = pd.to_numeric(own["n"], errors="coerce").to_numpy(dtype=float, na_value=0.0)
    mark = pd.to_numeric(own["mean_mark"], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    sd = np.full(len(own), np.nan)
    if "sd_mark" in own:
        sd = pd.to_numeric(own["sd_mark"], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    names = own["school"].astype("str").to_numpy(dtype=object).astype(str)
    kinds, cells = context.kinds_of(own), context.sittings(own)
    at = np.searchsorted(schools, names).clip(0, len(schools) - 1)
    known = np.isfinite(mark) & (n > 0) & (schools[at] == names)
    if not known.any():
        raise InsufficientData(nothing)
    S = len(schools)
    total, value, noise = np.zeros(S), np.zeros(S), np.zeros(S)
    found = {str(cell): known & (cells == cell) for cell in np.unique(cells[known])}
    order = sorted(found, key=lambda cell: (-len(np.unique(at[found[cell]])), cell))
    centre = spread = unit = 0.0
    heard: dict[str, None] = {}
    for cell in order:
        rows = found[cell]
        kind = str(kinds[rows][0])
        works = np.bincount(at[rows], weights=n[rows], minlength=S)
        has = works > 0
        mean = np.divide(
            np.bincount(at[rows], weights=(n * mark)[rows], minlength=S), works, out=np.zeros(S), where=has
        )
        middle = float(np.median(mean[has]))
        quartiles = np.percentile(mean[has], [25, 75])
        scale = float(quartiles[1] - quartiles[0]) / 1.349
        if not scale > 0 or (cell != order[0] and has.sum() < params.smallest_pool):
            continue
        if spread == 0.0:
            centre, spread = middle, scale
        heard[kind] = None
        inside = sd[rows][np.isfinite(sd[rows])]
        if len(inside):
            typical = float(np.median(inside))
        elif kind in context.EGE:
            typical = params.ege_sd
        else:
            # That of school marks is assumed, in proportion where the scale is another one.
            unit = unit or scale
            typical = params.mark_sd * scale / unit
        total += works
        value += np.where(has, works * (mean - middle) / scale, 0.0)
        noise += np.where(has, works * (typical / scale) ** 2, 0.0)
    if not (total > 0).any():
        raise InsufficientData("результаты внешней процедуры у всех школ одинаковы")
    has = total > 0
    mean = centre + spread * np.divide(value, total, out=np.full(S, np.nan), where=has)
    variance = spread**2 * np.divide(noise, total**2, out=np.zeros(S), where=has)
    return Outside(mean, total, variance, tuple(heard))


def external_gap(table: PaperTable, outside: Outside, params: GapParams, X: np.ndarray | None = None) -> GapResult:
    r"""Test of each school's mean against what its outside results predict, one-sided upwards.

    Parameters
    ----------
    table : PaperTable
    outside : Outside
        Of the paper's subject, for the same schools.
    params : GapParams
    X : ndarray, shape (S, p), optional
        Context of the schools, without outside results.

    Returns
    -------
    GapResult

    Raises
    ------
    InsufficientData
        Too few schools with an outside result.

    Notes
    -----
    The outside mean :math:`x_i` carries sampling error :math:`u_i`, and a slope on it would be too flat by the
    reliability: strong schools would look inflated. So x is replaced by what is believed of the school's true value
    (regression calibration), :math:`\hat x_i = m_i + B_i (x_i - m_i)`, :math:`B_i = \sigma_x^2/(\sigma_x^2 +
    u_i)` with m the mean of schools of that context, and

    .. math:: y_i = \beta_0 + \beta_1 \hat x_i + c_i^T\gamma + e_i, \qquad
              \mathrm{Var}\,e_i = \tau^2 + v_i + \beta_1^2 \sigma_x^2 (1 - B_i),

    y the logit mean of the paper with its sampling variance v and c the context: a gymnasium regresses to gymnasia, not
    to all schools. With equal u and no context the slope is Fuller's moment estimate
    :math:`s_{xy}/(s_x^2 - u)`. :math:`z_i = e_i/\sqrt{\mathrm{Var}\,e_i}` with over-dispersion as in
    `dispersion.school_effects`. A school is *cleared* when its own mean and its outside result both stand at least
    `clear_z` deviations over the others and z is at most `clear_gap`: then the family "level" does not count for it
    (`set_aside`). Assumes that the outside examination was honest and that school strength lasts from the grade of the
    paper to that of the examination; the less it does, the larger :math:`\tau^2` and the weaker the test.

    References
    ----------
    .. [1] W. A. Fuller, "Measurement Error Models", 1987, sec. 1.2, eq. 1.2.3.
    .. [2] R. J. Carroll, D. Ruppert, L. A. Stefanski, C. M. Crainiceanu, "Measurement Error in Nonlinear Models", 2nd
       ed., 2006, ch. 4 (regression calibration).
    .. [3] D. J. Spiegelhalter, Statistics in Medicine 24(8), 2005, 1185-1202, sec. 4.
    """
    n = table.n
    usable = (n >= params.smallest_n) & (outside.n >= params.smallest_n) & np.isfinite(outside.mean)
    if usable.sum() < params.smallest_pool:
        raise InsufficientData(f"школ с результатами внешней процедуры меньше {params.smallest_pool}")
    means = logit_means(table)
    noise = means.sampling + means.class_variance
    own = _effects(table, means.y, noise, None, 0.0, usable, params)
    x = np.where(usable, np.nan_to_num(outside.mean), 0.0)
    unsure = np.where(usable, outside.variance, 1e6)
    seen = school_effects(x, unsure, fit_on=usable, reject=params.reject)
    kind = np.zeros((len(n), 0)) if X is None else estimable(X, usable)
    among = school_effects(x, unsure, kind, fit_on=usable, reject=params.reject) if kind.shape[1] else seen
    believed = np.where(usable, among.fitted + among.shrinkage * among.residual, 0.0)
    scale = max(float(believed[usable].std()), 1e-9)
    centre = float(believed[usable].mean())
    standard = np.where(usable, (believed - centre) / scale, 0.0)
    slope = 0.0
    for _ in range(3):
        doubt = np.where(usable, (slope / scale) ** 2 * among.tau2 * (1 - among.shrinkage), 0.0)
        fit = _effects(table, means.y, noise, np.column_stack((standard, kind)), doubt, usable, params)
        slope = _slope(fit, standard, kind, usable)
    # Cohorts swing by more than a normal law has it; the lower side tells how much (decision 0017).
    p_value = mirrored_p(fit.z, fit.degrees, fit.z, n, usable)
    top = table.spec.max_score
    expected = _points(fit.fitted, top)
    low, high = (_points(fit.fitted + sign * 1.96 * fit.deviation, top) for sign in (-1, 1))
    # How far the school stands among schools, not among its own errors: a large school with a small lead is not strong.
    between = max(float(np.mean((own.deviation**2 - noise)[usable])), 1e-6)
    z_own = own.residual / np.sqrt(between) * between / (between + noise)
    z_outside = seen.shrinkage * seen.residual / max(float(np.sqrt(seen.tau2)), 1e-6)
    clears = usable & (z_own >= params.clear_z) & (z_outside >= params.clear_z) & (fit.z <= params.clear_gap)

    def known(values: np.ndarray) -> np.ndarray:
        return np.where(usable, values, np.nan)

    return GapResult(
        known(to_z(p_value)),
        known(p_value),
        known(z_own),
        known(z_outside),
        known(table.mean - expected),
        known(table.mean - high),
        known(table.mean - low),
        known(expected),
        clears,
        slope / scale,
        outside,
        usable,
    )


def set_aside(z: np.ndarray, gap: GapResult | None) -> np.ndarray:
    """Normal values of the family "level" once the outside results have been heard.

    Parameters
    ----------
    z : ndarray, shape (S,)
    gap : GapResult or None

    Returns
    -------
    ndarray, shape (S,)
        Not over zero where the school is cleared: neither p, nor q, nor the tier speaks of its level any more.
    """
    return z if gap is None else np.where(gap.clears, np.minimum(z, 0.0), z)


def _effects(
    table: PaperTable,
    y: np.ndarray,
    noise: np.ndarray,
    X: np.ndarray | None,
    extra: np.ndarray | float,
    usable: np.ndarray,
    params: GapParams,
) -> SchoolEffects:
    return school_effects(
        np.where(usable, y, 0.0),
        np.where(usable, noise, 1e6),
        X,
        fit_on=usable,
        extra=np.broadcast_to(extra, y.shape),
        shared=table.n / (table.n + TYPICAL_CLASS),
        reject=params.reject,
    )


def _slope(fit: SchoolEffects, x: np.ndarray, kind: np.ndarray, usable: np.ndarray) -> float:
    """Slope on x of fitted values that are linear in x and the context."""
    design = np.column_stack((np.ones(len(x)), x, kind))[usable]
    return float(np.linalg.lstsq(design, fit.fitted[usable], rcond=None)[0][1])


def _points(logit: np.ndarray, top: int) -> np.ndarray:
    return top / (1 + np.exp(-np.clip(logit, -30, 30)))
