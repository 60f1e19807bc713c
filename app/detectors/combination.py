"""From p-values of single detectors to papers, schools and tiers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from app.detectors.dispersion import robust_correlation
from app.detectors.params import CombinationParams, TierParams
from app.detectors.tails import SMALLEST_P, larger_of_two, to_z
from app.terms import Tier


def benjamini_hochberg(p: np.ndarray) -> np.ndarray:
    """q-values; NaN stays NaN and does not count.

    Parameters
    ----------
    p : ndarray
        p-values, NaN where there is none.

    Returns
    -------
    ndarray
        Smallest false discovery rate at which each is rejected.

    References
    ----------
    .. [1] Y. Benjamini, Y. Hochberg, "Controlling the false discovery rate", Journal of the Royal Statistical Society B 57(1),
       1995, 289-300, p. 293.

    Examples
    --------
    >>> benjamini_hochberg(np.array([0.01, 0.04, 0.03])).round(3).tolist()
    [0.03, 0.04, 0.04]
    """
    p = np.asarray(p, dtype=float)
    q = np.full(p.shape, np.nan)
    known = np.flatnonzero(np.isfinite(p))
    if len(known) == 0:
        return q
    order = known[np.argsort(p[known], kind="stable")]
    ranked = p[order] * len(known) / np.arange(1, len(known) + 1)
    q[order] = np.minimum(np.minimum.accumulate(ranked[::-1])[::-1], 1.0)
    return q


def upper(z: np.ndarray) -> np.ndarray:
    """Upper tail of normal values; NaN stays."""
    return np.where(np.isfinite(z), np.clip(special.ndtr(-z), SMALLEST_P, 1.0), np.nan)


def empirical_null(z: np.ndarray, params: CombinationParams) -> tuple[float, float]:
    """Centre and scale of the bulk of schools, never more lenient than the standard normal.

    Parameters
    ----------
    z : ndarray
        Normal values, NaN where there is none.
    params : CombinationParams

    Returns
    -------
    centre, scale : float
        Median (not under 0) and quartile range over 1.349 (not under 1); (0, 1) with too few schools.

    References
    ----------
    .. [1] B. Efron, "Large-scale simultaneous hypothesis testing: the choice of a null hypothesis", Journal of the American
       Statistical Association 99(465), 2004, 96-104, sec. 4.
    """
    known = z[np.isfinite(z)]
    if len(known) < params.null_schools:
        return 0.0, 1.0
    low, middle, high = np.percentile(known, [25, 50, 75])
    # A scale within its sampling error of one is one.
    error = 1.2 / np.sqrt(len(known))
    scale = (high - low) / 1.349
    centre = float(middle) if middle > 2 * 1.25 / np.sqrt(len(known)) else 0.0
    return centre, float(scale) if scale > 1 + 2 * error else 1.0


def stouffer(z: np.ndarray, weight: np.ndarray, correlation: np.ndarray) -> np.ndarray:
    r"""Weighted sum of correlated normal values, standardised; missing ones are left out.

    Parameters
    ----------
    z : ndarray, shape (S, P)
        NaN where there is none.
    weight : ndarray, shape (S, P)
    correlation : ndarray, shape (P, P)

    Returns
    -------
    ndarray, shape (S,)
        :math:`\sum_p w_p z_p / \sqrt{w^T R w}`; NaN where nothing is known.
    """
    known = np.isfinite(z)
    w = np.where(known, weight, 0.0)
    norm = np.sqrt(np.einsum("ip,pq,iq->i", w, correlation, w))
    total = (w * np.where(known, z, 0.0)).sum(axis=1)
    return np.divide(total, norm, out=np.full(len(z), np.nan), where=norm > 0)


def brown(p: np.ndarray, correlation: np.ndarray) -> np.ndarray:
    r"""Fisher's combination of dependent one-sided p-values.

    Parameters
    ----------
    p : ndarray, shape (S, K)
        NaN where there is none.
    correlation : ndarray, shape (K, K)
        Correlation of the underlying normal values.

    Returns
    -------
    ndarray, shape (S,)

    Notes
    -----
    :math:`X = -2\sum \ln p_k` is taken as :math:`c\,\chi^2_f` with :math:`c = V/(2E)`, :math:`f = 2E^2/V`, :math:`E = 2K`,
    :math:`V = 4K + 2\sum_{k<l} \mathrm{cov}_{kl}`, and :math:`\mathrm{cov} = 3.263\rho + 0.710\rho^2 + 0.027\rho^3`.

    References
    ----------
    .. [1] M. B. Brown, "A method for combining non-independent, one-sided tests of significance", Biometrics 31(4), 1975,
       987-992, sec. 2.
    .. [2] J. T. Kost, M. P. McDermott, "Combining dependent P-values", Statistics and Probability Letters 60(2), 2002, 183-190,
       eq. 8 (the cubic).

    Examples
    --------
    >>> float(brown(np.array([[0.05, 0.05]]), np.eye(2))[0].round(4))
    0.0175
    """
    known = np.isfinite(p)
    rho = np.clip(correlation, 0.0, 0.99)
    cov = 3.263 * rho + 0.710 * rho**2 + 0.027 * rho**3
    np.fill_diagonal(cov, 0.0)
    k = known.sum(axis=1)
    expected = 2.0 * k
    mask = known.astype(float)
    variance = 4.0 * k + np.einsum("ik,kl,il->i", mask, cov, mask)
    statistic = -2 * np.where(known, np.log(np.where(known, np.maximum(p, SMALLEST_P), 1.0)), 0.0).sum(axis=1)
    safe = np.maximum(variance, 1e-12)
    half = np.maximum(expected**2 / safe, 1e-12)
    combined = special.gammaincc(half, statistic * expected / safe)
    return np.where(k > 0, np.clip(combined, SMALLEST_P, 1.0), np.nan)


def correlations(z: np.ndarray) -> np.ndarray:
    """Robust correlation matrix of columns, each drawn half-way to their average so that few schools do not rule it.

    Parameters
    ----------
    z : ndarray, shape (S, P)

    Returns
    -------
    ndarray, shape (P, P)
        Not under zero off the diagonal.
    """
    P = z.shape[1]
    matrix = np.eye(P)
    pairs = [(a, b) for a in range(P) for b in range(a)]
    values = np.array([robust_correlation(z[:, a], z[:, b]) for a, b in pairs])
    for (a, b), value in zip(pairs, values, strict=True):
        matrix[a, b] = matrix[b, a] = np.clip((value + values.mean()) / 2, 0.0, 0.95)
    return matrix


@dataclass(frozen=True)
class FamilyScores:
    """One family over the papers of a year: z and works per school and paper, NaN where not assessed."""

    name: str
    z: np.ndarray  # (S, P)
    works: np.ndarray  # (S, P)
    by_size: bool  # whether the signal grows with the square root of the works


@dataclass(frozen=True)
class SchoolScores:
    """Schools of one year; arrays of length S, families in the order given.

    Attributes
    ----------
    family_p, family_q : ndarray, shape (S, F)
    paper_p : ndarray, shape (S, P)
        Combined over families.
    p_combined, q, evidence : ndarray
    """

    family_p: np.ndarray
    family_q: np.ndarray
    paper_p: np.ndarray
    p_combined: np.ndarray
    q: np.ndarray
    evidence: np.ndarray


def likelihood_ratio(z: np.ndarray, params: CombinationParams) -> np.ndarray:
    r"""Mean likelihood ratio of a shifted against a standard normal value; 1 where there is none.

    Notes
    -----
    :math:`L(z) = \frac{1}{K}\sum_k \exp(\delta_k z - \delta_k^2/2)`; z is held to [-6, 25].
    """
    held = np.clip(np.nan_to_num(z, nan=0.0), -6.0, 25.0)
    ratio = np.mean([np.exp(d * held - d * d / 2) for d in params.shifts], axis=0)
    return np.where(np.isfinite(z), ratio, 1.0)


def combine_schools(families: list[FamilyScores], params: CombinationParams) -> SchoolScores:
    r"""Combine papers inside families, and families inside schools.

    Parameters
    ----------
    families : list of FamilyScores
        Same schools and papers in each.
    params : CombinationParams

    Returns
    -------
    SchoolScores

    Notes
    -----
    Every family × paper column is first brought to its empirical null. A family of a school is judged by the larger of two
    values: Stouffer's sum over its papers (a habit of the whole school) and its largest paper corrected for their number (one
    paper). Families combine by Brown's method. Small schools are pooled by the same sum: papers under ten works add to it.

    Evidence is the logarithm of a likelihood ratio, for ranking only: in each family the school is honest with probability
    :math:`1-\varepsilon`, or shifted in all papers or in one,

    .. math:: \sum_f \log\Big(1 - \varepsilon + \tfrac{\varepsilon}{2}\big(L(z_f) + \tfrac1P \sum_p L(z_{fp})\big)\Big).
    """
    S, P = families[0].z.shape
    F = len(families)
    family_p = np.full((S, F), np.nan)
    paper_z = np.full((S, P, F), np.nan)
    evidence = np.zeros(S)
    for f, family in enumerate(families):
        z = family.z.copy()
        for paper in range(P):
            centre, scale = empirical_null(z[:, paper], params)
            z[:, paper] = (z[:, paper] - centre) / scale
        paper_z[:, :, f] = z
        weight = np.sqrt(np.maximum(family.works, 1)) if family.by_size else np.ones_like(z)
        whole = stouffer(z, weight, correlations(z))
        count = np.isfinite(z).sum(axis=1)
        largest = np.where(count > 0, np.nanmax(np.where(np.isfinite(z), z, -np.inf), axis=1, initial=-np.inf), np.nan)
        single_p = -np.expm1(np.maximum(count, 1) * np.log1p(-np.minimum(special.ndtr(-largest), 1 - 1e-16)))
        best = np.fmax(whole, to_z(np.where(np.isfinite(single_p), single_p, np.nan)))
        family_p[:, f] = np.where(count > 1, larger_of_two(best, 0.5), special.ndtr(-best))
        family_p[count == 0, f] = np.nan
        ratio = (likelihood_ratio(whole, params) + (likelihood_ratio(z, params) * np.isfinite(z)).sum(axis=1) / np.maximum(count, 1)) / 2
        evidence += np.where(count > 0, np.log1p(params.sign_rate * (ratio - 1)), 0.0)
    family_p = np.where(np.isfinite(family_p), np.clip(family_p, SMALLEST_P, 1.0), np.nan)
    between = correlations(to_z(family_p)) if F > 1 else np.eye(1)
    combined = brown(family_p, between)
    flat = paper_z.reshape(S * P, F)
    paper_p = brown(np.where(np.isfinite(flat), special.ndtr(-flat), np.nan), correlations(flat) if F > 1 else np.eye(1))
    return SchoolScores(
        family_p,
        np.column_stack([benjamini_hochberg(_renull(family_p[:, f], params)) for f in range(F)]),
        paper_p.reshape(S, P),
        combined,
        benjamini_hochberg(_renull(combined, params)),
        evidence,
    )


def _renull(p: np.ndarray, params: CombinationParams) -> np.ndarray:
    z = np.where(np.isfinite(p), to_z(np.where(np.isfinite(p), p, 0.5)), np.nan)
    centre, scale = empirical_null(z, params)
    return np.where(np.isfinite(z), special.ndtr(-(z - centre) / scale), np.nan)


def tiers(
    scores: SchoolScores,
    families: list[FamilyScores],
    family_paper_p: np.ndarray,
    paper_q: np.ndarray,
    works: np.ndarray,
    params: TierParams,
    sizes: CombinationParams,
) -> tuple[np.ndarray, np.ndarray]:
    """Tier of each school and the families that show a sign.

    Parameters
    ----------
    scores : SchoolScores
    families : list of FamilyScores
    family_paper_p : ndarray, shape (S, P, F)
        p of each family in each paper (all years screened so far), NaN where not assessed.
    paper_q : ndarray, shape (S, P)
        q of the school's papers.
    works : ndarray, shape (S,)
        Works of the school over all papers of the year.
    params : TierParams
    sizes : CombinationParams

    Returns
    -------
    tier : ndarray of str
    signs : ndarray of bool, shape (S, F)

    Notes
    -----
    *watch*: q ≤ 0.10 in one family. *case*: q ≤ 0.05 over all families and at least two of them with p ≤ 0.05, or one family other
    than level with p ≤ 0.001 in two papers. *severe*: a case with a quarter or more of its at least four papers flagged. Under ten
    works there is no tier; with 10–19 works none above *watch*.
    """
    p, q = np.nan_to_num(scores.family_p, nan=1.0), np.nan_to_num(scores.family_q, nan=1.0)
    school_q = np.nan_to_num(scores.q, nan=1.0)
    together = (school_q <= params.case_q)[:, None] & (p <= params.family_sign_p)
    alone_family = np.array([family.name in params.alone_families for family in families])
    repeated = (np.nan_to_num(family_paper_p, nan=1.0) <= params.alone_p).sum(axis=1) >= params.alone_papers
    alone = repeated & alone_family
    signs = (q <= params.watch_q) | together | alone
    watch = (q <= params.watch_q).any(axis=1) | (school_q <= params.case_q)
    case = (together.sum(axis=1) >= params.case_families) | alone.any(axis=1)
    papers = np.isfinite(paper_q).sum(axis=1)
    flagged = (np.nan_to_num(paper_q, nan=1.0) <= params.flagged_q).sum(axis=1)
    severe = case & (papers >= params.severe_papers) & (flagged >= params.severe_share * papers) & (flagged > 0)
    tier = np.select(
        [works < sizes.smallest_school, severe, case, watch],
        [Tier.TOO_SMALL.value, Tier.SEVERE.value, Tier.CASE.value, Tier.WATCH.value],
        Tier.NONE.value,
    ).astype(object)
    capped = (works < sizes.indicative_below) & np.isin(tier.astype(str), [Tier.CASE.value, Tier.SEVERE.value])
    tier[capped] = Tier.WATCH.value
    signs[works < sizes.smallest_school] = False
    signs[tier == Tier.NONE.value] = False
    return tier, signs
