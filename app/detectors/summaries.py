"""From the detectors' results to papers, schools, tiers and charts of one year."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy import special

from app.detectors import (
    boundary_push,
    charts,
    class_similarity,
    combination,
    contextual_mean,
    external_gap,
    federal,
    few_lowest,
    homogeneity,
    homogeneity_parts,
    item_intervals,
    item_profile,
    journal_gap,
    protocol,
    upper_tail,
    year_swing,
)
from app.detectors.dispersion import robust_correlation
from app.detectors.params import Params
from app.detectors.tables import PaperTable
from app.detectors.tails import larger_of_two, to_z
from app.terms import Family, Tier

SMALLEST_POOLED = 5


@dataclass
class PaperResults:
    """Results of one paper; None where a detector could not run."""

    table: PaperTable
    boundary: boundary_push.BoundaryResult | None = None
    lowest: few_lowest.LowestResult | None = None
    mean: contextual_mean.MeanResult | None = None
    journal: journal_gap.JournalResult | None = None
    profile: item_profile.ProfileResult | None = None
    similarity: class_similarity.SimilarityResult | None = None
    homogeneity: homogeneity.HomogeneityResult | None = None
    intervals: item_intervals.ItemIntervals | None = None
    parts: homogeneity_parts.HomogeneityParts | None = None
    tail: upper_tail.TailResult | None = None
    swing: year_swing.SwingResult | None = None
    gap: external_gap.GapResult | None = None
    upload: protocol.ProtocolResult | None = None
    silent: dict[str, str] = field(default_factory=dict)
    refusals: dict[str, str] = field(default_factory=dict)
    markers: list[federal.Marker] = field(default_factory=list)


def summaries(
    done: list[PaperResults], year: int, params: Params, history: dict[str, np.ndarray]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    names = np.unique(np.concatenate([paper.table.schools for paper in done]))
    S, P = len(names), len(done)
    works = np.zeros((S, P))
    kinds = (Family.BOUNDARY, Family.LEVEL, Family.PATTERN, Family.JOURNAL)
    z = {family: np.full((S, P), np.nan) for family in kinds}
    assessed = {family: np.zeros((S, P), dtype=bool) for family in kinds}
    signals = {
        family: [np.full((S, P), np.nan) for _ in range(k)] for family, k in zip(kinds, (2, 3, 4, 2), strict=True)
    }
    for p, paper in enumerate(done):
        at = np.searchsorted(names, paper.table.schools)
        n = paper.table.n
        works[at, p] = n
        pooled = n >= SMALLEST_POOLED
        if paper.boundary is not None and paper.lowest is not None:
            pushed = np.where(pooled & (paper.boundary.test.window >= 3), paper.boundary.z, np.nan)
            lifted = np.where(pooled & (paper.lowest.expected >= 0.5), paper.lowest.z, np.nan)
            signals[Family.BOUNDARY][0][at, p], signals[Family.BOUNDARY][1][at, p] = pushed, lifted
            z[Family.BOUNDARY][at, p] = _smaller_of_two(pushed, np.where(paper.lowest.expected >= 1, lifted, np.nan))
            assessed[Family.BOUNDARY][at, p] = paper.boundary.assessed | paper.lowest.assessed
        if paper.mean is not None:
            z[Family.LEVEL][at, p] = np.where(paper.mean.assessed, paper.mean.z, np.nan)
        for k, (level, own) in enumerate(_levels(paper)):
            signals[Family.LEVEL][k][at, p] = level
            z[Family.LEVEL][at, p] = _smaller_of_two(z[Family.LEVEL][at, p], level) if k else z[Family.LEVEL][at, p]
            assessed[Family.LEVEL][at, p] |= own
        z[Family.LEVEL][at, p] = external_gap.set_aside(z[Family.LEVEL][at, p], paper.gap)
        patterns = _patterns(paper, params)
        for k, (signal, own, _) in enumerate(patterns):
            signals[Family.PATTERN][k][at, p] = signal
            assessed[Family.PATTERN][at, p] |= own
        z[Family.PATTERN][at, p] = _smallest([pattern for _, _, pattern in patterns if pattern is not None])
        if paper.journal is not None:
            pooled = paper.journal.works >= SMALLEST_POOLED
            z[Family.JOURNAL][at, p] = np.where(pooled, paper.journal.z, np.nan)
            for k in (0, 1):
                signals[Family.JOURNAL][k][at, p] = np.where(pooled, paper.journal.part_z[:, k], np.nan)
            assessed[Family.JOURNAL][at, p] = paper.journal.assessed
    families = [
        combination.FamilyScores(
            family.value,
            z[family],
            tuple(signals[family]),
            works,
            by_size=family in (Family.BOUNDARY, Family.PATTERN),
            tempered=family is Family.BOUNDARY,
        )
        for family in kinds
    ]
    scores = combination.combine_schools(families, params.combination)
    single = np.where(np.stack([assessed[f] for f in kinds], axis=2), scores.family_paper_p, np.nan)
    judged = np.where(works >= params.combination.smallest_school, scores.paper_p, np.nan)
    paper_q = combination.benjamini_hochberg(judged.ravel()).reshape(S, P)
    total = works.sum(axis=1)
    past = [history.get(name, np.zeros((0, single.shape[2]))) for name in names]
    depth = max((len(rows) for rows in past), default=0)
    padded = np.full((S, depth, single.shape[2]), np.nan)
    for i, rows in enumerate(past):
        padded[i, : len(rows)] = rows
        history[str(names[i])] = np.vstack((rows, single[i]))
    tier, signs = combination.tiers(
        scores, families, np.concatenate((padded, single), axis=1), paper_q, total, params.tiers, params.combination
    )
    here, which = np.nonzero(works > 0)
    order = np.lexsort((here, which))
    here, which = here[order], which[order]
    keys = [paper.table.key for paper in done]
    paper_summary = pd.DataFrame(
        {
            "school": names[here].astype(object),
            "year": np.full(len(here), year),
            "subject": np.array([k[1] for k in keys], dtype=object)[which],
            "grade": np.array([k[2] for k in keys])[which],
            "n": works[here, which].astype(np.int64),
            "p_value": judged[here, which],
            "q_value": paper_q[here, which],
        }
    )
    small = tier == Tier.TOO_SMALL.value
    words = np.array([family.name for family in families], dtype=object)
    school_summary = pd.DataFrame(
        {
            "school": names.astype(object),
            "year": np.full(S, year),
            "evidence": scores.evidence,
            "p_combined": np.where(small, np.nan, scores.p_combined),
            "q": np.where(small, np.nan, scores.q),
            "tier": tier,
            "families": np.array([",".join(words[row]) for row in signs], dtype=object),
        }
    )
    return paper_summary, school_summary


def _levels(paper: PaperResults) -> list[tuple[np.ndarray, np.ndarray]]:
    """Signals of the family "level" and where they were assessed; a school that an outside result clears has none."""
    nothing = np.full(len(paper.table.n), np.nan)
    found = [(nothing, np.isfinite(nothing))] * 3
    if paper.mean is not None:
        own = paper.mean.assessed
        found[0] = (external_gap.set_aside(np.where(own, paper.mean.z_context, np.nan), paper.gap), own)
    if paper.swing is not None:
        found[1] = (external_gap.set_aside(paper.swing.z, paper.gap), paper.swing.assessed)
    if paper.gap is not None:
        found[2] = (external_gap.set_aside(paper.gap.z, paper.gap), paper.gap.assessed)
    return found


def _patterns(paper: PaperResults, params: Params) -> list[tuple[np.ndarray, np.ndarray, np.ndarray | None]]:
    """Signals of the family "pattern": what is summed over papers, where it was assessed, and z of its detector."""
    nothing = np.full(len(paper.table.n), np.nan)
    nowhere = np.zeros(len(nothing), dtype=bool)
    found: list[tuple[np.ndarray, np.ndarray, np.ndarray | None]] = [(nothing, nowhere, None)] * 4
    if paper.profile is not None:
        own = paper.profile.assessed
        hard, lenient = (np.where(own, paper.profile.part_z[:, k], np.nan) for k in (0, 1))
        found[0], found[1] = (hard, own, np.where(own, paper.profile.z, np.nan)), (lenient, own, None)
    if paper.similarity is not None:
        alike = np.where(paper.similarity.classes > 0, paper.similarity.z, np.nan)
        found[2] = (alike, paper.similarity.assessed, alike)
    if paper.homogeneity is not None or paper.tail is not None:
        # Both read the shape of the same scores: one signal, so that the family is not diluted.
        narrow, topped, own = nothing, nothing, nowhere
        if paper.homogeneity is not None:
            narrow, own = np.where(paper.homogeneity.assessed, paper.homogeneity.z, np.nan), paper.homogeneity.assessed
        if paper.tail is not None:
            topped, own = np.where(paper.tail.assessed, paper.tail.z, np.nan), own | paper.tail.assessed
        shape = upper_tail.beside_spread(topped, narrow, params.upper_tail)
        found[3] = (shape, own, shape)
    return found


def _smallest(columns: list[np.ndarray]) -> np.ndarray | float:
    """Normal value of the smallest p of unrelated detectors, by Šidák; NaN where none was assessed."""
    if not columns:
        return np.nan
    table = np.column_stack(columns)
    count = np.isfinite(table).sum(axis=1)
    largest = np.max(np.where(np.isfinite(table), table, -np.inf), axis=1)
    p = -np.expm1(count * np.log1p(-np.minimum(special.ndtr(-largest), 1 - 1e-16)))
    return np.where(count > 0, to_z(p), np.nan)


def _smaller_of_two(pushed: np.ndarray, lifted: np.ndarray) -> np.ndarray:
    """Normal value of the smaller p of the two boundary detectors, its being the smaller of two allowed for."""
    both = np.isfinite(pushed) & np.isfinite(lifted)
    # The two overlap by construction: both weigh works just over the first cut.
    rho = max(robust_correlation(pushed, lifted), 0.0)
    larger = np.fmax(pushed, lifted)
    return np.where(both, to_z(larger_of_two(larger, rho)), larger)


def evidence_of(
    done: list[PaperResults], school_summary: pd.DataFrame, frandsen_k: float = 0.02
) -> dict[tuple[str, int, str, int, str], dict]:
    """Charts of all assessed findings of schools with any sign, of others with p ≤ 0.05, and of the region."""
    signed = school_summary["tier"].isin([Tier.WATCH.value, Tier.CASE.value, Tier.SEVERE.value])
    of_interest = set(school_summary["school"][signed])
    evidence: dict[tuple[str, int, str, int, str], dict] = {}
    for paper in done:
        table = paper.table
        year, subject, grade = table.key
        interest = np.isin(table.schools, list(of_interest))
        if paper.boundary is not None:
            evidence["", year, subject, grade, boundary_push.NAME] = charts.region_distribution(table, paper.boundary)
            for i in np.flatnonzero(paper.boundary.assessed & (interest | (paper.boundary.p_value <= 0.05))):
                key = (str(table.schools[i]), year, subject, grade, boundary_push.NAME)
                evidence[key] = charts.distribution(table, paper.boundary, int(i), frandsen_k)
        if paper.lowest is not None:
            for i in np.flatnonzero(paper.lowest.assessed & (interest | (paper.lowest.p_value <= 0.05))):
                key = (str(table.schools[i]), year, subject, grade, few_lowest.NAME)
                evidence[key] = charts.lowest(table, paper.lowest, int(i))
        if paper.mean is not None:
            shared = charts.funnel_frame(table, paper.mean)
            for i in np.flatnonzero(paper.mean.assessed & (interest | (paper.mean.p_value <= 0.05))):
                key = (str(table.schools[i]), year, subject, grade, contextual_mean.NAME)
                evidence[key] = charts.funnel(shared, table, paper.mean, int(i))
        if paper.journal is not None:
            for i in np.flatnonzero(paper.journal.assessed & (interest | (paper.journal.p_value <= 0.05))):
                key = (str(table.schools[i]), year, subject, grade, journal_gap.NAME)
                evidence[key] = charts.journal_table(table, paper.journal, int(i))
        if paper.profile is not None:
            for i in np.flatnonzero(paper.profile.assessed & (interest | (paper.profile.p_value <= 0.05))):
                key = (str(table.schools[i]), year, subject, grade, item_profile.NAME)
                evidence[key] = charts.profile(table, paper.profile, int(i), paper.intervals)
        if paper.similarity is not None:
            for i in np.flatnonzero(paper.similarity.assessed & (interest | (paper.similarity.p_value <= 0.05))):
                key = (str(table.schools[i]), year, subject, grade, class_similarity.NAME)
                evidence[key] = charts.similarity(table, paper.similarity, int(i))
        if paper.homogeneity is not None:
            for i in np.flatnonzero(paper.homogeneity.assessed & (interest | (paper.homogeneity.p_value <= 0.05))):
                key = (str(table.schools[i]), year, subject, grade, homogeneity.NAME)
                evidence[key] = charts.spread(table, paper.homogeneity, int(i)) | charts.faces(paper.parts, int(i))
        if paper.markers:
            for i in np.flatnonzero(interest | np.any([marker.present for marker in paper.markers], axis=0)):
                key = (str(table.schools[i]), year, subject, grade, federal.NAME)
                evidence[key] = charts.federal_markers(paper.markers, int(i))
    return evidence
