"""From the detectors' results to papers, schools, tiers and charts of one year."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from app.collecting import nothing_collected
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
    landing_profile,
    protocol,
    selective_absence,
    upper_tail,
    year_swing,
)
from app.detectors.judged import Judged
from app.detectors.mechanisms import Profiles, load_profiles, mechanism_ratios
from app.detectors.memory import give_back
from app.detectors.params import Params
from app.detectors.planting import are_enough, learned_profiles, papers_to_plant
from app.detectors.signals import family_scores
from app.detectors.tables import PaperTable
from app.terms import Tier


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
    landing: landing_profile.LandingResult | None = None
    absence: selective_absence.AbsenceResult | None = None
    intervals: item_intervals.ItemIntervals | None = None
    parts: homogeneity_parts.HomogeneityParts | None = None
    tail: upper_tail.TailResult | None = None
    swing: year_swing.SwingResult | None = None
    gap: external_gap.GapResult | None = None
    upload: protocol.ProtocolResult | None = None
    silent: dict[str, str] = field(default_factory=dict)
    refusals: dict[str, str] = field(default_factory=dict)
    markers: list[federal.Marker] = field(default_factory=list)

    def forget(self) -> None:
        """Give up the results and keep the table: their signals have been taken and nothing is shown."""
        self.__dict__.update(PaperResults(self.table).__dict__)


def summaries(
    done: list[PaperResults],
    year: int,
    params: Params,
    history: dict[str, np.ndarray],
    planted: Callable[[list[PaperResults], np.ndarray, np.ndarray], list[PaperResults]] | None = None,
    of_works: list[PaperResults] | None = None,
    *,
    is_last: bool = False,
    is_shown: bool = True,
) -> tuple[pd.DataFrame, pd.DataFrame, Profiles, Judged]:
    """Papers and schools of one year, the profiles that evidence was ranked by, and what the tiers were decided on.

    Where nothing `is_shown` afterwards, the papers forget their results once these have spoken.
    """
    names = np.unique(np.concatenate([paper.table.schools for paper in done]))
    families, assessed, works = family_scores(done, names)
    S, P = works.shape
    scores = combination.combine_schools(families, params.combination)
    profiles = load_profiles()
    # Mechanisms are planted into works: schools known by reports alone teach nothing.
    taught = done if of_works is None else of_works
    own, of_own = families, names
    sizes = [float(paper.table.n.sum()) for paper in taught]
    if planted is not None and taught:
        specs = [paper.table.spec for paper in taught]
        taught = [taught[i] for i in papers_to_plant(specs, sizes, params.mechanisms)]
        if not are_enough([paper.table for paper in taught], params.mechanisms):
            taught = []
        elif len(taught) < len(done):
            own, of_own = _copy(taught)
    for paper in () if is_shown else done:
        paper.forget()
    if planted is not None and taught:
        profiles = learned_profiles(
            own, of_own, profiles, params.mechanisms, lambda *chosen: _copy(planted(taught, *chosen))
        )
    del own
    give_back(held_by=max(sizes, default=0.0))
    ratios = mechanism_ratios(families, profiles, params.mechanisms)
    single = np.where(assessed, scores.family_paper_p, np.nan)
    judged = np.where(works >= params.combination.smallest_school, scores.paper_p, np.nan)
    paper_q = combination.benjamini_hochberg(judged.ravel()).reshape(S, P)
    total = works.sum(axis=1)
    nothing = np.zeros((0, single.shape[2]))
    past = [history.get(name, nothing) for name in names]
    depth = max((len(rows) for rows in past), default=0)
    padded = np.full((S, depth, single.shape[2]), np.nan)
    for i, rows in enumerate(past):
        padded[i, : len(rows)] = rows
        if not is_last:
            history[str(names[i])] = np.vstack((rows, single[i]))
    alike = np.array(ratios.names, dtype=object)[ratios.share.argmax(1)]
    judged_now = Judged.of(
        year,
        names,
        scores,
        families,
        np.concatenate((padded, single), axis=1),
        paper_q,
        total,
        evidence=ratios.evidence,
        resembles=alike,
    )
    tier, signs = judged_now.tiers(params.tiers, params.combination)
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
            "evidence": ratios.evidence,
            "p_combined": np.where(small, np.nan, scores.p_combined),
            "q": np.where(small, np.nan, scores.q),
            "tier": tier,
            "families": np.array([",".join(words[row]) for row in signs], dtype=object),
            "resembles": np.where(signs.any(axis=1), alike, ""),
        }
    )
    return paper_summary, school_summary, profiles, judged_now


def _copy(done: list[PaperResults]) -> tuple[list[combination.FamilyScores], np.ndarray]:
    names = np.unique(np.concatenate([paper.table.schools for paper in done]))
    return family_scores(done, names)[0], names


@nothing_collected()
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
        if paper.landing is not None:
            for i in np.flatnonzero(paper.landing.assessed & (interest | (paper.landing.p_value <= 0.05))):
                key = (str(table.schools[i]), year, subject, grade, landing_profile.NAME)
                evidence[key] = charts.landing(table, paper.landing, int(i))
        if paper.absence is not None:
            for i in np.flatnonzero(paper.absence.assessed & (interest | (paper.absence.p_value <= 0.05))):
                key = (str(table.schools[i]), year, subject, grade, selective_absence.NAME)
                evidence[key] = charts.absence(paper.absence, int(i))
        if paper.markers:
            for i in np.flatnonzero(interest | np.any([marker.present for marker in paper.markers], axis=0)):
                key = (str(table.schools[i]), year, subject, grade, federal.NAME)
                evidence[key] = charts.federal_markers(paper.markers, int(i))
    return evidence
