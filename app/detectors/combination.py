"""From p-values of single detectors to papers, schools and tiers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from app.detectors.dispersion import quartiles, robust_correlations
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
    .. [1] Y. Benjamini, Y. Hochberg, "Controlling the false discovery rate", Journal of the Royal Statistical Society
       B 57(1), 1995, 289-300, p. 293.

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
    """Centre and scale of the bulk of schools, where they surely differ from the standard normal to the strict side.

    Parameters
    ----------
    z : ndarray
        Normal values, NaN where there is none.
    params : CombinationParams

    Returns
    -------
    centre, scale : float
        Median and quartile range over 1.349, each only where it exceeds 0 or 1 by two standard errors; else 0 and 1.

    References
    ----------
    .. [1] B. Efron, "Large-scale simultaneous hypothesis testing: the choice of a null hypothesis", Journal of the
       American Statistical Association 99(465), 2004, 96-104, sec. 4.
    """
    known = z[np.isfinite(z)]
    if len(known) < params.null_schools:
        return 0.0, 1.0
    low, middle, high = quartiles(known)
    scale = (high - low) / 1.349
    root = np.sqrt(len(known))
    # Standard errors of the median and of the quartile range of normal data.
    return middle if middle > 2 * 1.25 / root else 0.0, scale if scale > 1 + 2 * 1.17 / root else 1.0


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
    :math:`X = -2\sum \ln p_k` is taken as :math:`c\,\chi^2_f` with :math:`c = V/(2E)`, :math:`f = 2E^2/V`,
    :math:`E = 2K`, :math:`V = 4K + 2\sum_{k<l} \mathrm{cov}_{kl}`, and :math:`\mathrm{cov} = 3.263\rho + 0.710\rho^2
    + 0.027\rho^3`.

    References
    ----------
    .. [1] M. B. Brown, "A method for combining non-independent, one-sided tests of significance", Biometrics 31(4),
       1975, 987-992, sec. 2.
    .. [2] J. T. Kost, M. P. McDermott, "Combining dependent P-values", Statistics and Probability Letters 60(2),
       2002, 183-190, eq. 8 (the cubic).

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
    matrix = robust_correlations(z)
    between = ~np.eye(len(matrix), dtype=bool)
    if between.any():
        matrix[between] = np.clip((matrix[between] + matrix[between].mean()) / 2, 0.0, 0.95)
    return matrix


@dataclass(frozen=True)
class FamilyScores:
    """One family over the papers of a year: z and works per school and paper, NaN where not assessed."""

    name: str
    z: np.ndarray  # (S, P): of the family as a whole, one paper at a time
    signals: tuple[np.ndarray, ...]  # each (S, P): of its single tests, to be summed over papers
    works: np.ndarray  # (S, P)
    by_size: bool  # whether the signal grows with the square root of the works
    names: tuple[str, ...] = ()  # of the signals
    tempered: bool = False  # whether evidence (not p) uses the square root of the empirical scale
    judged: int | None = None  # how many of the signals, the first ones, speak in p; the rest in evidence alone
    low: np.ndarray | None = None  # (S, P): works to be expected under the first cut, NaN where not known


@dataclass(frozen=True)
class SchoolScores:
    """Schools of one year; arrays of length S, families in the order given.

    Attributes
    ----------
    family_p, family_q : ndarray, shape (S, F)
    paper_p : ndarray, shape (S, P)
        Combined over families.
    family_paper_p : ndarray, shape (S, P, F)
        Of each family in each paper, after the empirical null.
    p_combined, q, evidence : ndarray
    """

    family_p: np.ndarray
    family_q: np.ndarray
    paper_p: np.ndarray
    family_paper_p: np.ndarray
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
    Every family × paper column is first brought to its empirical null. A family of a school is judged by the
    larger of two values: the largest of its tests' sums over papers (Stouffer; a habit of the whole school), and its
    largest paper, each corrected for being the largest. Families combine by Brown's method. Small schools are pooled
    by the same sum: papers under ten works add to it.

    Evidence is the logarithm of a likelihood ratio, for ranking only: in each family the school is honest with
    probability :math:`1-\varepsilon`, or shifted in one of its tests in all papers, or in one paper,

    .. math:: \sum_f \log\Big(1 - \varepsilon
              + \tfrac{\varepsilon}{2}\big(\overline{L(z_{ft})} + \overline{L(z_{fp})}\big)\Big).
    """
    S, P = families[0].z.shape
    F = len(families)
    family_p = np.full((S, F), np.nan)
    paper_z = np.full((S, P, F), np.nan)
    evidence = np.zeros(S)
    for f, family in enumerate(families):
        weight = np.sqrt(np.maximum(family.works, 1)) if family.by_size else np.ones((S, P))
        z = _standardised(family.z, params)
        paper_z[:, :, f] = z
        whole_p, ratio = _largest(_sums(family.signals[: family.judged], weight, 1.0, params), params)
        count = np.isfinite(z).sum(axis=1)
        largest = np.max(np.where(np.isfinite(z), z, -np.inf), axis=1, initial=-np.inf)
        single_p = -np.expm1(np.maximum(count, 1) * np.log1p(-np.minimum(special.ndtr(-largest), 1 - 1e-16)))
        best = np.fmax(to_z(np.where(np.isfinite(whole_p), whole_p, 1.0)), to_z(np.where(count > 0, single_p, 1.0)))
        known = (count > 0) | np.isfinite(whole_p)
        joint = np.where(count > 1, larger_of_two(best, 0.5), upper(best))
        family_p[:, f] = np.where(known, np.clip(joint, SMALLEST_P, 1.0), np.nan)
        if family.tempered:
            # Where a region gathers at cuts, the spread between schools is in part what is looked for: it makes p
            # stricter, but must not push the clearest school down the ranking.
            _, ratio = _largest(_sums(family.signals[: family.judged], weight, 0.5, params), params)
            z = _standardised(family.z, params, power=0.5)
        single = (likelihood_ratio(z, params) * np.isfinite(z)).sum(axis=1) / np.maximum(count, 1)
        mean = np.where(count > 0, (ratio + single) / 2, ratio)
        evidence += np.where(known, np.log1p(params.sign_rate * (mean - 1)), 0.0)
    between = correlations(to_z(family_p)) if F > 1 else np.eye(1)
    combined = brown(family_p, between)
    flat = paper_z.reshape(S * P, F)
    paper_p = brown(upper(flat), correlations(flat) if F > 1 else np.eye(1))
    return SchoolScores(
        family_p,
        np.column_stack([benjamini_hochberg(family_p[:, f]) for f in range(F)]),
        paper_p.reshape(S, P),
        upper(paper_z),
        combined,
        benjamini_hochberg(combined),
        evidence,
    )


def _standardised(z: np.ndarray, params: CombinationParams, *, power: float = 1.0) -> np.ndarray:
    columns = []
    for paper in range(z.shape[1]):
        centre, scale = empirical_null(z[:, paper], params)
        columns.append((z[:, paper] - centre) / scale**power)
    return np.column_stack(columns)


def _sums(
    signals: tuple[np.ndarray, ...], weight: np.ndarray, power: float, params: CombinationParams
) -> list[np.ndarray]:
    """Each test's sum over papers."""
    wholes = []
    for signal in signals:
        own = _standardised(signal, params, power=power)
        wholes.append(stouffer(own, weight, correlations(own)))
    return wholes


def _largest(wholes: list[np.ndarray], params: CombinationParams) -> tuple[np.ndarray, np.ndarray]:
    """Find p of the largest of a family's sums, and the mean of their likelihood ratios (1 where nothing is known)."""
    table = np.column_stack(wholes)
    known = np.isfinite(table)
    count = known.sum(axis=1)
    largest = np.max(np.where(known, table, -np.inf), axis=1, initial=-np.inf)
    if table.shape[1] == 1:
        p = np.where(count > 0, special.ndtr(-largest), np.nan)
    else:
        rho = correlations(table)
        average = float(rho[~np.eye(len(rho), dtype=bool)].mean())
        # Two tests exactly; more by Šidák's value of pairs.
        pairs = np.maximum(count - 1, 1)
        p = -np.expm1(pairs * np.log1p(-np.minimum(larger_of_two(largest, average), 1 - 1e-16)))
        p = np.where(count > 1, p, special.ndtr(-largest))
        p = np.where(count > 0, p, np.nan)
    ratio = (likelihood_ratio(table, params) * known).sum(axis=1) / np.maximum(count, 1)
    return p, np.where(count > 0, ratio, 1.0)


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
    *watch*: q ≤ 0.10 in one family. *case*: q ≤ 0.05 over all families and at least two of them with p ≤ 0.05, or one
    family other than level with p ≤ 0.001 in two papers — or, papers pooled, p ≤ 0.001 over all papers with p ≤ 0.05 in
    two of them, and then q ≤ 0.05 over all families too; or the cuts of a single paper at p ≤ 1e-5 in a school with 50
    works or more, for a region that brings one paper must not be blind to it. *severe*: a case by the first two ways
    with a quarter or more of its at least four papers flagged. Under ten works there is no tier; with 10–19 works none
    above *watch*.
    """
    p, q = np.nan_to_num(scores.family_p, nan=1.0), np.nan_to_num(scores.family_q, nan=1.0)
    school_q = np.nan_to_num(scores.q, nan=1.0)
    together = (school_q <= params.case_q)[:, None] & (p <= params.family_sign_p)
    alone_family = np.array([family.name in params.alone_families for family in families])
    paper_p = np.nan_to_num(family_paper_p, nan=1.0)
    repeated = (paper_p <= params.alone_p).sum(axis=1) >= params.alone_papers
    spread_out = (paper_p <= params.family_sign_p).sum(axis=1) >= params.alone_papers
    pooled = spread_out & (p <= params.alone_pooled_p) & (school_q <= params.case_q)[:, None]
    overwhelming = (paper_p <= params.overwhelming_p).any(axis=1) & (works >= params.overwhelming_works)[:, None]
    overwhelming &= np.array([family.name in params.overwhelming_families for family in families])
    alone = (repeated | pooled) & alone_family
    signs = (q <= params.watch_q) | together | alone | overwhelming
    watch = (q <= params.watch_q).any(axis=1) | (school_q <= params.case_q)
    broad = (together.sum(axis=1) >= params.case_families) | alone.any(axis=1)
    case = broad | overwhelming.any(axis=1)
    papers = np.isfinite(paper_q).sum(axis=1)
    flagged = (np.nan_to_num(paper_q, nan=1.0) <= params.flagged_q).sum(axis=1)
    severe = broad & (papers >= params.severe_papers) & (flagged >= params.severe_share * papers) & (flagged > 0)
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
