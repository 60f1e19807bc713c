"""One screening: every detector on every paper, then papers, schools and tiers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from app import frames
from app.detectors import (
    boundary_push,
    charts,
    combination,
    context,
    contextual_mean,
    federal,
    few_lowest,
    findings,
    journal_gap,
)
from app.detectors.base import PaperSpec, Screening
from app.detectors.checks import check_works
from app.detectors.dispersion import robust_correlation
from app.detectors.params import Params, load_params
from app.detectors.tables import PaperTable, build_tables
from app.detectors.tails import larger_of_two, to_z
from app.errors import InsufficientData
from app.terms import Family, Tier

SMALLEST_POOLED = 5
SMALLEST_CONTROL = 200


@dataclass
class _Paper:
    """Results of one paper; None where a detector could not run."""

    table: PaperTable
    boundary: boundary_push.BoundaryResult | None = None
    lowest: few_lowest.LowestResult | None = None
    mean: contextual_mean.MeanResult | None = None
    journal: journal_gap.JournalResult | None = None
    markers: list[federal.Marker] = field(default_factory=list)


def screen(
    works: pd.DataFrame,
    papers: Sequence[PaperSpec],
    *,
    schools: pd.DataFrame | None = None,
    exams: pd.DataFrame | None = None,
    previous: pd.DataFrame | None = None,
    control: pd.DataFrame | Collection[str] | None = None,
    params: Params | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> Screening:
    """Run all detectors and combine them.

    Parameters
    ----------
    works : DataFrame
        Columns of `app.frames.WORKS` and ``item_1 … item_k``; several papers and years may stand in one frame.
    papers : sequence of PaperSpec
        Works of other papers are left out.
    schools : DataFrame, optional
        ``school, type, municipality`` and numeric context.
    exams : DataFrame, optional
        ``school, exam, subject, n, mean_mark``.
    previous : DataFrame, optional
        Works of the year before.
    control : DataFrame or collection of str, optional
        Works of a control sample, or codes of the schools that serve as one.
    params : Params, optional
        Those of ``app/data/detectors.toml`` by default.
    progress : callable, optional
        Called with a Russian word for the step and the share done.

    Returns
    -------
    Screening
        The same inputs and parameters give the same numbers.

    Raises
    ------
    WrongFormat
        The works cannot be read as such, see `checks.check_works`.

    Notes
    -----
    A detector that cannot run on a paper answers with a finding "not assessed" for each of its schools. The federal family is
    shown and never counts towards a tier.
    """
    params = params or load_params()
    tell = progress or (lambda step, share: None)
    tell("проверка работ", 0.0)
    checked = check_works(works, papers)
    tables = build_tables(checked.works, papers)
    tell("справочные распределения", 0.2)
    earlier, control_tables, notes = _surroundings(papers, previous, control, tables)
    frames_found: list[pd.DataFrame] = []
    papers_found: list[pd.DataFrame] = []
    schools_found: list[pd.DataFrame] = []
    result = Screening(_empty(frames.FINDINGS), _empty(frames.PAPER_SUMMARY), _empty(frames.SCHOOL_SUMMARY))
    result.reference = {
        "control": control is not None and bool(control_tables),
        "warnings": [*checked.warnings, *notes],
        "papers": [],
        "federal": {},
    }
    history: dict[str, np.ndarray] = {}
    years = sorted({table.year for table in tables})
    for number, year in enumerate(years):
        of_year = [table for table in tables if table.year == year]
        before = [*earlier, *(table for table in tables if table.year < year)]
        done = _screen_year(of_year, before, control_tables, checked.works, schools, exams, params)
        tell("проверки", 0.2 + 0.4 * (number + 1) / len(years))
        found, markers = _findings(done, year, before, exams, params)
        frames_found += found
        result.reference["papers"] += [_reference_of(paper) for paper in done]
        result.reference["federal"][str(year)] = federal.region_index(markers)
        paper_summary, school_summary = _summaries(done, year, params, history)
        papers_found.append(paper_summary)
        schools_found.append(school_summary)
        result.evidence |= _evidence(done, school_summary, found)
        tell("сведение результатов", 0.6 + 0.4 * (number + 1) / len(years))
    result.findings = _concat(frames_found, frames.FINDINGS)
    result.papers = _concat(papers_found, frames.PAPER_SUMMARY)
    result.schools = _concat(schools_found, frames.SCHOOL_SUMMARY)
    result.params = params.as_dict()
    result.versions = {m.NAME: m.VERSION for m in (boundary_push, few_lowest, contextual_mean, journal_gap, federal)}
    tell("готово", 1.0)
    return result


def _surroundings(
    papers: Sequence[PaperSpec],
    previous: pd.DataFrame | None,
    control: pd.DataFrame | Collection[str] | None,
    tables: list[PaperTable],
) -> tuple[list[PaperTable], dict[tuple[int, str, int], PaperTable], list[str]]:
    """Tables of the year before, control sample by paper, and what had to be left out."""
    notes: list[str] = []
    # A paper described for this year only still describes last year's, unless last year has a description of its own.
    timeless = [*papers, *(replace(p, year=None) for p in papers)]
    earlier: list[PaperTable] = []
    if previous is not None and len(previous):
        checked = check_works(previous, timeless)
        notes += [f"прошлый год: {text}" for text in checked.warnings]
        earlier = build_tables(checked.works, timeless, with_items=False)
    found: dict[tuple[int, str, int], PaperTable] = {}
    if isinstance(control, pd.DataFrame):
        checked = check_works(control, timeless)
        notes += [f"контрольная выборка: {text}" for text in checked.warnings]
        others = build_tables(checked.works, timeless, with_items=False)
        for table in tables:
            same = [t for t in others if (t.spec.subject, t.spec.grade, t.spec.max_score) == (*table.key[1:], table.spec.max_score)]
            best = min(same, key=lambda t: abs(t.year - table.year), default=None)
            if best is not None:
                found[table.key] = best
    elif control is not None:
        names = np.array([str(name) for name in control])
        for table in tables:
            rows = table.rows_of(names)
            if rows.any():
                found[table.key] = _subset(table, rows)
    for key, table in list(found.items()):
        if table.counts.sum() < SMALLEST_CONTROL:
            del found[key]
            notes.append(
                f"контрольная выборка для работы {key[1]} {key[2]} меньше {SMALLEST_CONTROL} работ: сравнение — со школами региона"
            )
    return earlier, found, notes


def _subset(table: PaperTable, rows: np.ndarray) -> PaperTable:
    return replace(
        table,
        schools=table.schools[rows],
        counts=table.counts[rows],
        class_share=table.class_share[rows],
        journal=None if table.journal is None else table.journal[rows],
        items=None,
    )


def _screen_year(
    tables: list[PaperTable],
    before: list[PaperTable],
    control: dict[tuple[int, str, int], PaperTable],
    works: pd.DataFrame,
    schools: pd.DataFrame | None,
    exams: pd.DataFrame | None,
    params: Params,
) -> list[_Paper]:
    done = [_Paper(table) for table in tables]
    around = [*tables, *_relevant(before, tables)]
    parts: dict[tuple[int, str, int], tuple] = {}
    designs: dict[tuple[int, str, int], np.ndarray] = {}
    for table in around:
        X = context.context_matrix(table.schools, schools, category_schools=params.contextual_mean.category_schools)
        exam = context.exam_column(table.schools, exams, table.spec.subject)
        designs[table.key] = np.column_stack((X, exam)) if exam.shape[1] else X
        mine = control.get(table.key)
        try:
            parts[table.key] = contextual_mean.context_part(
                table,
                designs[table.key],
                context.municipalities(table.schools, schools, works),
                context.clusters(table.schools, schools),
                table.rows_of(mine.schools) if mine is not None else None,
                params.contextual_mean,
            )
        except InsufficientData:
            continue
    for paper in done:
        table = paper.table
        mine = control.get(table.key)
        try:
            paper.boundary = boundary_push.boundary_push(table, mine, params.boundary_push)
            paper.lowest = few_lowest.few_lowest(
                table,
                paper.boundary.against_pool.tilt,
                params.few_lowest,
                params.boundary_push.spread_prior,
                reference=paper.boundary.reference,
                reference_works=paper.boundary.reference_works,
            )
        except InsufficientData:
            paper.boundary = paper.lowest = None
        if table.key in parts:
            past = context.elsewhere(table, around, parts)
            paper.mean = contextual_mean.contextual_mean(table, parts[table.key], past, params.contextual_mean)
        try:
            paper.journal = journal_gap.journal_gap(table, mine, designs[table.key], params.journal_gap)
        except InsufficientData:
            paper.journal = None
    return done


def _relevant(before: list[PaperTable], tables: list[PaperTable]) -> list[PaperTable]:
    """Papers of the latest earlier year in the subjects at hand."""
    subjects = {table.spec.subject for table in tables}
    latest: dict[tuple[str, int], PaperTable] = {}
    for table in sorted(before, key=lambda t: t.year):
        if table.spec.subject in subjects:
            latest[table.spec.subject, table.spec.grade] = table
    return list(latest.values())


def _findings(
    done: list[_Paper], year: int, before: list[PaperTable], exams: pd.DataFrame | None, params: Params
) -> tuple[list[pd.DataFrame], list[federal.Marker]]:
    found: list[pd.DataFrame] = []
    markers = federal.federal_markers([paper.table for paper in done], before, exams, params.federal)
    for paper in done:
        table = paper.table
        cuts = table.spec.mark_from
        no_cuts = "у работы нет официальных границ отметок"
        if paper.boundary is not None:
            found.append(findings.of_boundary(table, paper.boundary, params))
            found.append(findings.of_region_boundary(table, paper.boundary.region))
        if paper.lowest is not None:
            found.append(findings.of_lowest(table, paper.lowest, params))
        if paper.boundary is None or paper.lowest is None:
            reason = no_cuts if cuts is None else "в регионе нет других школ с этой работой"
            for name, smallest in (
                (boundary_push.NAME, params.boundary_push.smallest_n),
                (few_lowest.NAME, params.few_lowest.smallest_n),
            ):
                found.append(
                    findings.whole_paper_not_assessed(table, name, Family.BOUNDARY, "works", reason, smallest)
                )
        if paper.mean is not None:
            found.append(findings.of_mean(table, paper.mean, params))
        else:
            pool = params.contextual_mean.smallest_pool
            reason = f"школ с этой работой меньше {pool}: среднее не с чем сравнить"
            found.append(
                findings.whole_paper_not_assessed(
                    table, contextual_mean.NAME, Family.LEVEL, "points", reason, params.contextual_mean.smallest_n
                )
            )
        if paper.journal is not None:
            found.append(findings.of_journal(table, paper.journal, params))
        else:
            pool = params.journal_gap.smallest_pool
            reason = f"школ с отметками по журналу меньше {pool}"
            reason = no_cuts if cuts is None else "нет отметок по журналу" if table.journal is None else reason
            found.append(
                findings.whole_paper_not_assessed(
                    table, journal_gap.NAME, Family.JOURNAL, "share", reason, params.journal_gap.smallest_n
                )
            )
        own = [m for m in markers if (m.subject, m.grade) == table.key[1:] and m.name != "oge"]
        if own:
            paper.markers = own
            found.append(findings.of_federal(table, year, own))
    if any(marker.name == "mean" for marker in markers):
        found += [findings.of_federal(None, year, [marker]) for marker in markers if marker.name == "oge"]
    return found, markers


def _summaries(
    done: list[_Paper], year: int, params: Params, history: dict[str, np.ndarray]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    names = np.unique(np.concatenate([paper.table.schools for paper in done]))
    S, P = len(names), len(done)
    works = np.zeros((S, P))
    kinds = (Family.BOUNDARY, Family.LEVEL, Family.JOURNAL)
    z = {family: np.full((S, P), np.nan) for family in kinds}
    assessed = {family: np.zeros((S, P), dtype=bool) for family in kinds}
    signals = {family: [np.full((S, P), np.nan) for _ in range(k)] for family, k in zip(kinds, (2, 1, 2), strict=True)}
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
            signals[Family.LEVEL][0][at, p] = np.where(paper.mean.assessed, paper.mean.z_context, np.nan)
            assessed[Family.LEVEL][at, p] = paper.mean.assessed
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
            by_size=family is Family.BOUNDARY,
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


def _smaller_of_two(pushed: np.ndarray, lifted: np.ndarray) -> np.ndarray:
    """Normal value of the smaller p of the two boundary detectors, its being the smaller of two allowed for."""
    both = np.isfinite(pushed) & np.isfinite(lifted)
    # The two overlap by construction: both weigh works just over the first cut.
    rho = max(robust_correlation(pushed, lifted), 0.0)
    larger = np.fmax(pushed, lifted)
    return np.where(both, to_z(larger_of_two(larger, rho)), larger)


def _evidence(
    done: list[_Paper], school_summary: pd.DataFrame, found: list[pd.DataFrame]
) -> dict[tuple[str, int, str, int, str], dict]:
    """Charts of all assessed findings of schools with any sign, of any other finding with p ≤ 0.05, and of the region."""
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
                evidence[key] = charts.distribution(table, paper.boundary, i)
        if paper.lowest is not None:
            for i in np.flatnonzero(paper.lowest.assessed & (interest | (paper.lowest.p_value <= 0.05))):
                key = (str(table.schools[i]), year, subject, grade, few_lowest.NAME)
                evidence[key] = charts.lowest(table, paper.lowest, i)
        if paper.mean is not None:
            shared = charts.funnel_frame(table, paper.mean)
            for i in np.flatnonzero(paper.mean.assessed & (interest | (paper.mean.p_value <= 0.05))):
                key = (str(table.schools[i]), year, subject, grade, contextual_mean.NAME)
                evidence[key] = charts.funnel(shared, table, paper.mean, int(i))
        if paper.journal is not None:
            for i in np.flatnonzero(paper.journal.assessed & (interest | (paper.journal.p_value <= 0.05))):
                key = (str(table.schools[i]), year, subject, grade, journal_gap.NAME)
                evidence[key] = charts.journal_table(table, paper.journal, int(i))
        if paper.markers:
            for i in np.flatnonzero(interest | np.any([marker.present for marker in paper.markers], axis=0)):
                key = (str(table.schools[i]), year, subject, grade, federal.NAME)
                evidence[key] = charts.federal_markers(paper.markers, int(i))
    return evidence


def _reference_of(paper: _Paper) -> dict:
    table = paper.table
    described = {
        "year": table.year,
        "subject": table.spec.subject,
        "grade": table.spec.grade,
        "schools": len(table.schools),
        "works": int(table.counts.sum()),
    }
    if paper.boundary is not None:
        region = paper.boundary.region
        described["boundary_push"] = {
            "pool": paper.boundary.reference,
            "smooth": region.method,
            "region_heaped": region.heaped,
            "cuts": region.cuts,
        }
    if paper.mean is not None:
        words, counts = np.unique(paper.mean.reference.astype(str), return_counts=True)
        described["contextual_mean"] = {
            "schools_by_reference": dict(zip(words.tolist(), counts.tolist(), strict=True)),
            "tau": round(float(np.sqrt(paper.mean.context.tau2)), 4),
            "unit": "logit",
        }
    return described


def _empty(spec: tuple[frames.Column, ...]) -> pd.DataFrame:
    kinds = {"int": "int64", "float": "float64", "str": "object", "bool": "bool"}
    return pd.DataFrame({column.name: pd.Series(dtype=kinds[column.kind]) for column in spec})


def _concat(parts: list[pd.DataFrame], spec: tuple[frames.Column, ...]) -> pd.DataFrame:
    parts = [part for part in parts if len(part)]
    return pd.concat(parts, ignore_index=True)[frames.names(spec)] if parts else _empty(spec)
