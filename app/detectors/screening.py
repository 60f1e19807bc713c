"""One screening: every detector on every paper, then papers, schools and tiers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd

from app import frames
from app.detectors import (
    beside,
    boundary_push,
    class_similarity,
    context,
    contextual_mean,
    federal,
    few_lowest,
    homogeneity,
    item_profile,
    journal_gap,
    landing_profile,
    paper_findings,
    report_findings,
    report_screening,
    selective_absence,
    surroundings,
)
from app.detectors.aggregates import Aggregates, check_aggregates
from app.detectors.base import PaperSpec, Screening
from app.detectors.checks import NO_WORKS, CheckedWorks, check_works
from app.detectors.memory import give_back
from app.detectors.own_index import own_index
from app.detectors.paper_detectors import narrowed, run_on_paper
from app.detectors.params import Params, load_params
from app.detectors.planted_files import planted_copy
from app.detectors.report_tables import earlier_scores, report_groups, score_tables
from app.detectors.stretch import stretched
from app.detectors.summaries import PaperResults, evidence_of, summaries
from app.detectors.tables import PaperTable
from app.detectors.work_files import WorkFiles, read_works
from app.detectors.works_read import Key, WorksRead
from app.errors import InsufficientData

_MODULES = (
    boundary_push,
    few_lowest,
    contextual_mean,
    item_profile,
    landing_profile,
    class_similarity,
    homogeneity,
    journal_gap,
    selective_absence,
    federal,
)


def screen(
    works: pd.DataFrame | WorkFiles | None,
    papers: Sequence[PaperSpec],
    *,
    aggregates: Aggregates | None = None,
    schools: pd.DataFrame | None = None,
    exams: pd.DataFrame | None = None,
    previous: pd.DataFrame | None = None,
    previous_aggregates: Aggregates | None = None,
    control: pd.DataFrame | Collection[str] | None = None,
    protocol: pd.DataFrame | None = None,
    history: pd.DataFrame | None = None,
    params: Params | None = None,
    progress: Callable[[str, float], None] | None = None,
    presented: bool = True,
    charts: bool = True,
) -> Screening:
    """Run all detectors and combine them.

    Parameters
    ----------
    works : DataFrame, WorkFiles or None
        Columns of `app.frames.WORKS` and ``item_1 … item_k``; several papers and years may stand in one frame. None
        where only ready reports are given.
    papers : sequence of PaperSpec
        Works of other papers are left out.
    aggregates : Aggregates, optional
        Ready reports; they speak for the schools that have no works of a paper.
    schools : DataFrame, optional
        ``school, type, municipality`` and numeric context.
    exams : DataFrame, optional
        ``school, exam, subject, n, mean_mark`` and, where known, ``sd_mark`` and ``year``.
    previous : DataFrame, optional
        Works of the year before.
    previous_aggregates : Aggregates, optional
        Score distributions of earlier years, for schools without works of them.
    control : DataFrame or collection of str, optional
        Works of a control sample, or codes of the schools that serve as one.
    protocol : DataFrame, optional
        What is known of the upload, see `protocol.sheet_of`.
    history : DataFrame, optional
        ``school, year, source, markers``: earlier lists and runs, see `recurrence.recurrence`.
    params : Params, optional
        Those of ``app/data/detectors.toml`` by default.
    progress : callable, optional
        Called with a Russian word for the step and the share done.
    presented : bool
        False leaves out what is made for people: findings with their sentences, and charts.
    charts : bool
        False leaves out the charts alone.

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
    A detector that cannot run on a paper answers with a finding "not assessed" for each of its schools. The
    federal family is shown and never counts towards a tier.
    """
    params = params or load_params()
    tell = progress or (lambda step, share: None)
    tell("проверка работ", 0.0)
    # Works in files are not kept: where a copy of some is made they are read again.
    source = works if isinstance(works, WorkFiles) else check_works(NO_WORKS if works is None else works, papers)
    reported, said = check_aggregates(aggregates or Aggregates(), papers)
    sample = surroundings.ControlSample(papers, control)
    at_hand = _AtHand(sample, schools, exams, params, signals_only=not presented)
    # A paper with reports beside its works is judged once both are known; others while their answers are at hand.
    read, tables = read_works(
        source,
        papers,
        at_once=None if reported else at_hand.judge,
        held_works=None if presented and charts else 0,
    )
    groups = report_groups(tables, reported)
    everybody = [*tables, *(group.joint for group in groups)]
    tell("справочные распределения", 0.2)
    control_tables = at_hand.control_of(everybody)
    earlier, notes = surroundings.earlier_tables(papers, previous, min((t.year for t in everybody), default=0))
    notes += sample.notes
    earlier = earlier_scores(earlier, previous_aggregates, papers, min((t.year for t in everybody), default=0))
    frames_found: list[pd.DataFrame] = []
    papers_found: list[pd.DataFrame] = []
    schools_found: list[pd.DataFrame] = []
    nothing = pd.DataFrame()
    result = Screening(nothing, nothing, nothing)
    result.reference = {
        "control": control is not None and bool(control_tables),
        "warnings": [*read.warnings, *said, *notes],
        "papers": [],
        "federal": {},
        "mechanisms": {},
        "own_index": {},
    }
    around = beside.beside(read, exams=exams, previous=previous, upload=protocol, history=history, schools=schools)
    past_p: dict[str, np.ndarray] = {}
    years = sorted({table.year for table in everybody})
    scored = score_tables(tables, groups)
    for number, year in enumerate(years):
        of_year = [table for table in tables if table.year == year]
        before = [*earlier, *(table for table in scored if table.year < year)]
        done = _screen_year(
            of_year, before, control_tables, read, schools, exams, params, ready=at_hand.ready, for_people=presented
        )
        beside.assess(done, before, around, params, signals_only=not presented)
        reports = report_screening.screen_reports(
            groups,
            year,
            report_screening.Surroundings(schools, exams, control_tables, before, read, around, params),
            _screen_year,
        )
        everything = [*done, *(paper.results for paper in reports)]
        tell("проверки", 0.2 + 0.4 * (number + 1) / len(years))
        again = None
        if presented:
            found, markers = paper_findings.findings_of(done, year, before, exams, params)
            more, again = beside.findings_of(everything, year, around, params)
            if reports:
                made, of_reports = paper_findings.findings_of(
                    report_screening.of_scores(reports), year, before, exams, params
                )
                found += report_findings.findings_of(reports, made, more, params)
                markers = markers or of_reports
            frames_found += [*found, *more]
        else:
            markers = federal.federal_markers([paper.table for paper in done], before, exams, params.federal)
        result.reference["papers"] += [paper_findings.reference_of(paper) for paper in done]
        result.reference["papers"] += [paper_findings.reference_of(p.results) | {"reports": p.kinds} for p in reports]
        result.reference["federal"][str(year)] = federal.region_index(markers)
        paper_summary, school_summary, profiles, judged = summaries(
            everything,
            year,
            params,
            past_p,
            _copy_with_mechanisms(before, control_tables, source, schools, exams, around, params),
            of_works=done,
            is_last=number == len(years) - 1,
            is_shown=presented,
        )
        result.reference["mechanisms"][str(year)] = {
            "source": profiles.source,
            "version": profiles.version,
            "shift": {
                name: {signal: round(value, 4) for signal, value in shift.items()}
                for name, shift in profiles.shift.items()
            },
        }
        result.judged.append(judged)
        papers_found.append(paper_summary)
        schools_found.append(school_summary)
        result.reference["own_index"][str(year)] = own_index(school_summary)
        if presented and charts:
            result.evidence |= evidence_of(done, school_summary, params.boundary_push.frandsen_k)
            result.evidence |= report_findings.evidence_of(
                reports, school_summary, lambda own, table: evidence_of(own, table, params.boundary_push.frandsen_k)
            )
            result.evidence |= beside.evidence_of(everything, again, school_summary)
        tell("сведение результатов", 0.6 + 0.4 * (number + 1) / len(years))
    result.findings = _concat(frames_found, frames.FINDINGS)
    result.papers = _concat(papers_found, frames.PAPER_SUMMARY)
    result.schools = _concat(schools_found, frames.SCHOOL_SUMMARY)
    result.params = params.as_dict()
    result.versions = {m.NAME: m.VERSION for m in (*_MODULES, *beside.MODULES)}
    tell("готово", 1.0)
    return result


class _AtHand:
    """Papers that are judged while the answers of their works are at hand."""

    def __init__(
        self,
        sample: surroundings.ControlSample,
        schools: pd.DataFrame | None,
        exams: pd.DataFrame | None,
        params: Params,
        *,
        signals_only: bool,
    ) -> None:
        self._sample, self._schools, self._exams, self._params = sample, schools, exams, params
        self._signals_only = signals_only
        self._control: dict[Key, PaperTable] | None = None
        self.ready: dict[Key, PaperResults] = {}

    def judge(self, table: PaperTable, read: WorksRead) -> None:
        """Run the detectors of one paper; what they found waits in `ready`."""
        self._control = self._control or {}
        mine = self._sample.of(table)
        if mine is not None:
            self._control[table.key] = mine
        found = run_on_paper(
            table,
            mine,
            _design(table, self._schools, self._exams, self._params),
            read.missing.get(table.key),
            self._params,
            signals_only=self._signals_only,
        )
        # The works must not live on in what was found about them; `_screen_year` puts the table that stays here.
        found.table = replace(
            table, counts=table.counts[:, :0].copy(), answers=None, items=None, journal=None, completed_counts=None
        )
        self.ready[table.key] = found

    def control_of(self, tables: list[PaperTable]) -> dict[Key, PaperTable]:
        """Control sample by paper: as the papers judged had it, else of the tables given."""
        if self._control is not None:
            return self._control
        of_key: dict[Key, list[PaperTable]] = {}
        for table in tables:
            of_key.setdefault(table.key, []).append(table)
        found = {key: self._sample.of(*own) for key, own in of_key.items()}
        return {key: own for key, own in found.items() if own is not None}


def _design(table: PaperTable, schools: pd.DataFrame | None, exams: pd.DataFrame | None, params: Params) -> np.ndarray:
    """Context of a paper's schools, (S, p)."""
    X = context.context_matrix(table.schools, schools, category_schools=params.contextual_mean.category_schools)
    exam = context.exam_column(table.schools, exams, table.spec.subject)
    return np.column_stack((X, exam)) if exam.shape[1] else X


def _screen_year(
    tables: list[PaperTable],
    before: list[PaperTable],
    control: dict[Key, PaperTable],
    read: WorksRead,
    schools: pd.DataFrame | None,
    exams: pd.DataFrame | None,
    params: Params,
    *,
    ready: dict[Key, PaperResults] | None = None,
    for_people: bool = True,
) -> list[PaperResults]:
    """Every detector that needs no other year; `ready` holds papers that have been judged by themselves."""
    ready = ready or {}
    around = [*tables, *_relevant(before, tables)]
    parts: dict[Key, tuple] = {}
    designs: dict[Key, np.ndarray] = {}
    places = context.municipality_of(schools, read.places)
    for table in around:
        designs[table.key] = _design(table, schools, exams, params)
        mine = control.get(table.key)
        try:
            parts[table.key] = contextual_mean.context_part(
                table.taught,
                designs[table.key],
                context.municipalities(table.schools, places),
                context.clusters(table.schools, schools),
                table.rows_of(mine.schools) if mine is not None else None,
                params.contextual_mean,
            )
        except InsufficientData:
            continue
    done = []
    for table in tables:
        paper = ready.get(table.key)
        if paper is None:
            missing = read.missing.get(table.key)
            mine = control.get(table.key)
            paper = run_on_paper(table, mine, designs[table.key], missing, params, signals_only=not for_people)
        paper.table = table
        done.append(paper)
        if table.key in parts:
            past = context.elsewhere(table, around, parts)
            mean = contextual_mean.contextual_mean(table.taught, parts[table.key], past, params.contextual_mean)
            paper.mean = stretched(mean, table.n, contextual_mean.NAME, params.stretch)
            if not for_people:
                paper.mean = narrowed(paper.mean, float(table.n.sum()))
    del parts, designs
    # Grade by grade: who sat all papers of a country would not fit in memory together.
    for grade in sorted({table.spec.grade for table in tables}):
        own = [paper for paper in done if paper.table.spec.grade == grade]
        pupils = read.pupils([paper.table for paper in own])
        for number, paper in enumerate(own):
            try:
                absence = selective_absence.selective_absence(paper.table, pupils, number, params.selective_absence)
                paper.absence = stretched(absence, paper.table.n, selective_absence.NAME, params.stretch)
            except InsufficientData as refusal:
                paper.refusals[selective_absence.NAME] = str(refusal)
        del pupils
        give_back(held_by=max((float(paper.table.n.sum()) for paper in own), default=0.0))
    return done


def _copy_with_mechanisms(
    before: list[PaperTable],
    control: dict[Key, PaperTable],
    works: CheckedWorks | WorkFiles,
    schools: pd.DataFrame | None,
    exams: pd.DataFrame | None,
    around: beside.Beside,
    params: Params,
) -> Callable[[list[PaperResults], np.ndarray, np.ndarray], list[PaperResults]]:
    """How to screen a copy of works of some papers in which some schools carry a known mechanism."""

    def screened(done: list[PaperResults], names: np.ndarray, kind: np.ndarray) -> list[PaperResults]:
        year = done[0].table.year
        specs = [replace(paper.table.spec, year=year) for paper in done]
        strength = params.mechanisms.planted_strength
        read, tables = planted_copy(works, specs, year, names, kind, strength)
        read = replace(read, missing=around.missing)
        copied = _screen_year(tables, before, control, read, schools, exams, params, for_people=False)
        beside.assess(copied, before, around, params, signals_only=True)
        return copied

    return screened


def _relevant(before: list[PaperTable], tables: list[PaperTable]) -> list[PaperTable]:
    """Papers of the latest earlier year in the subjects at hand."""
    subjects = {table.spec.subject for table in tables}
    latest: dict[tuple[str, int], PaperTable] = {}
    for table in sorted(before, key=lambda t: t.year):
        if table.spec.subject in subjects:
            latest[table.spec.subject, table.spec.grade] = table
    return list(latest.values())


@cache
def _empty(spec: tuple[frames.Column, ...]) -> pd.DataFrame:
    kinds = {"int": "int64", "float": "float64", "str": "object", "bool": "bool"}
    return pd.DataFrame({column.name: pd.Series(dtype=kinds[column.kind]) for column in spec})


def _concat(parts: list[pd.DataFrame], spec: tuple[frames.Column, ...]) -> pd.DataFrame:
    parts = [part for part in parts if len(part)]
    if not parts:
        return _empty(spec).copy()
    whole, names = parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True), frames.names(spec)
    if whole.index.equals(pd.RangeIndex(len(whole))) and whole.columns.tolist() == names:
        return whole
    return whole.reset_index(drop=True)[names]
