"""Schools that have ready reports and no works: every detector that can run on them does.

Score distributions go through the same detectors as works. Marks, means, completion of items and the comparison with
the journal have forms of their own; what cannot run is answered with the report that would bring what is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from app.detectors import beside, context, contextual_mean, few_lowest, item_profile, journal_gap
from app.detectors.aggregates import Known
from app.detectors.item_report import item_report
from app.detectors.journal_report import journal_report
from app.detectors.mark_report import lowest_of_marks
from app.detectors.params import Params
from app.detectors.report_tables import (
    MarkTable,
    ReportGroup,
    SummaryTable,
    item_completion,
    journal_sides,
    mark_table,
    together,
    with_pooled_variance,
)
from app.detectors.summaries import PaperResults
from app.detectors.tables import PaperTable
from app.detectors.works_read import WorksRead
from app.errors import InsufficientData

Key = tuple[int, str, int]
Result = TypeVar("Result")
_SHARED = frozenset({"basis", "smooth"})
"""Fields of results that belong to the paper and not to its schools."""


@dataclass
class ReportPaper:
    """Results of one group of schools.

    Attributes
    ----------
    group : ReportGroup
    results : PaperResults
        As `summaries` wants them; the table is the group's.
    refusals : dict
        Detector → why its report could not be judged.
    """

    group: ReportGroup
    results: PaperResults
    refusals: dict[str, str] = field(default_factory=dict)

    @property
    def kinds(self) -> list[str]:
        """Kinds of reports on the paper."""
        return sorted(self.group.reported.known)


@dataclass(frozen=True)
class Surroundings:
    """What the groups of a year are compared with: context of schools, control sample, earlier years."""

    schools: pd.DataFrame | None
    exams: pd.DataFrame | None
    control: dict[Key, PaperTable]
    before: list[PaperTable]
    read: WorksRead
    beside: beside.Beside
    params: Params


Run = Callable[..., list[PaperResults]]


def of_scores(papers: list[ReportPaper]) -> list[PaperResults]:
    """Results of the groups whose score distribution is known."""
    return [paper.results for paper in papers if paper.group.kind == "distributions"]


def screen_reports(groups: list[ReportGroup], year: int, around: Surroundings, run: Run) -> list[ReportPaper]:
    """Judge all groups of one year.

    Parameters
    ----------
    groups : list of ReportGroup
        Those of other years are left aside.
    year : int
    around : Surroundings
    run : callable
        The detectors of works: paper tables of the year and all that surrounds them → results.

    Returns
    -------
    list of ReportPaper
        In the order of `groups`.
    """
    groups = [group for group in groups if group.table.year == year]
    scored = [group for group in groups if group.kind == "distributions"]
    by_scores: dict[Key, PaperResults] = {}
    if scored:
        found = run(
            [group.joint for group in scored],
            around.before,
            around.control,
            around.read,
            around.schools,
            around.exams,
            around.params,
        )
        beside.assess(found, around.before, around.beside, around.params)
        by_scores = {result.table.key: result for result in found}
    marked = _means([group.joint for group in groups if group.kind == "marks"], around)
    summaries = {group.joint.key: with_pooled_variance(_summary(group)) for group in groups if group.kind == "other"}
    meant = _means([table for table in summaries.values() if table is not None], around)
    papers = []
    for group in groups:
        key = group.joint.key
        if group.kind == "distributions":
            results = _of_group(by_scores[key], group)
        elif group.kind == "marks":
            results = PaperResults(group.table)
            results.mean = _rows(marked.get(key), group.own)
        else:
            results = PaperResults(group.table)
            wider = summaries[key]
            if wider is not None:
                results.mean = _placed(meant.get(key), wider.schools, group.table.schools)
        paper = ReportPaper(group, results)
        _lowest_from_marks(paper, around)
        _journal(paper, around)
        _items(paper, around)
        papers.append(paper)
    return papers


def _summary(group: ReportGroup) -> SummaryTable:
    assert isinstance(group.joint, SummaryTable)
    return group.joint


def _design(names: np.ndarray, subject: str, around: Surroundings) -> np.ndarray:
    X = context.context_matrix(names, around.schools, category_schools=around.params.contextual_mean.category_schools)
    exam = context.exam_column(names, around.exams, subject)
    return np.column_stack((X, exam)) if exam.shape[1] else X


def _means(tables: list[PaperTable], around: Surroundings) -> dict[Key, contextual_mean.MeanResult]:
    """Means given the context and, among tables of one form, the school's other papers."""
    params = around.params.contextual_mean
    parts: dict[Key, tuple] = {}
    places = context.municipality_of(around.schools, around.read.places)
    for table in tables:
        try:
            parts[table.key] = contextual_mean.context_part(
                table,
                _design(table.schools, table.spec.subject, around),
                context.municipalities(table.schools, places),
                context.clusters(table.schools, around.schools),
                _control_rows(table.schools, around.control.get(table.key)),
                params,
            )
        except InsufficientData:
            continue
    return {
        table.key: contextual_mean.contextual_mean(
            table, parts[table.key], context.elsewhere(table, tables, parts), params
        )
        for table in tables
        if table.key in parts
    }


def _control_rows(names: np.ndarray, control: PaperTable | None) -> np.ndarray | None:
    return None if control is None else np.isin(names, control.schools)


def _lowest_from_marks(paper: ReportPaper, around: Surroundings) -> None:
    """Marks tell of missing "2" where scores do not, or where the paper has no official cuts."""
    group, params = paper.group, around.params
    table = group.joint if group.kind == "marks" else None
    if table is None and paper.results.lowest is None and (marks := group.reported.known.get("marks")) is not None:
        table = mark_table(group.reported.spec, group.reported.year, marks)
    if not isinstance(table, MarkTable):
        return
    try:
        control = _enough(_control_rows(table.schools, around.control.get(table.key)))
        result = lowest_of_marks(table, control, params.few_lowest, params.boundary_push.spread_prior)
    except InsufficientData as refusal:
        paper.refusals[few_lowest.NAME] = str(refusal)
        return
    paper.results.lowest = _placed(result, table.schools, group.table.schools)


def _journal(paper: ReportPaper, around: Surroundings) -> None:
    group = paper.group
    own = group.reported.known.get("journal")
    if own is None or not np.isin(own.schools, group.table.schools).any():
        return
    known = together(own, journal_sides(group.works) if group.works is not None else None)
    assert known is not None
    try:
        result = journal_report(
            known,
            _enough(_control_rows(known.schools, around.control.get(group.joint.key))),
            _design(known.schools, group.reported.spec.subject, around),
            around.params.journal_gap,
        )
    except InsufficientData as refusal:
        paper.refusals[journal_gap.NAME] = str(refusal)
        return
    paper.results.journal = _placed(result, known.schools, group.table.schools)


def _items(paper: ReportPaper, around: Surroundings) -> None:
    group = paper.group
    own = group.reported.known.get("items")
    if own is None or not np.isin(own.schools, group.table.schools).any():
        return
    control = around.control.get(group.joint.key)
    known = together(own, item_completion(group.works) if group.works is not None else None)
    assert known is not None
    rows = _control_rows(known.schools, control)
    if control is not None and control.answers is not None and rows is not None and not rows.any():
        outside = item_completion(control)
        assert outside is not None
        known = together(known, Known(_apart(outside.schools), outside.n, outside.values))
        assert known is not None
        rows = np.char.startswith(known.schools, _APART)
    try:
        result = item_report(known, group.reported.spec.item_max, _enough(rows), around.params.item_profile)
    except InsufficientData as refusal:
        paper.refusals[item_profile.NAME] = str(refusal)
        return
    paper.results.profile = _placed(result, known.schools, group.table.schools)


_APART = "control:"


def _apart(names: np.ndarray) -> np.ndarray:
    """Codes of an outside control sample, which must not meet the schools judged."""
    return np.char.add(_APART, names)


def _enough(rows: np.ndarray | None, smallest: int = 30) -> np.ndarray | None:
    """A control sample of fewer schools cannot set curves and scales: the region does then."""
    return rows if rows is not None and rows.sum() >= smallest else None


def _of_group(joint: PaperResults, group: ReportGroup) -> PaperResults:
    """Results of the group's own schools out of those of the joint table."""
    own = group.own
    if own.all():
        joint.table = group.table
        return joint
    picked = {
        f.name: _rows(getattr(joint, f.name), own)
        for f in fields(joint)
        if f.name not in ("table", "refusals", "markers", "silent")
    }
    return replace(
        joint, table=group.table, refusals=dict(joint.refusals), silent=dict(joint.silent), markers=[], **picked
    )


def _rows(result: Any, own: np.ndarray) -> Any:
    """A result's arrays cut to the rows chosen, however deep they stand."""
    if isinstance(result, np.ndarray):
        return result[own] if len(result) == len(own) else result
    if isinstance(result, Mapping):
        return {key: _rows(value, own) for key, value in result.items()}
    if is_dataclass(result) and not isinstance(result, type):
        changed = {f.name: _rows(getattr(result, f.name), own) for f in fields(result) if f.name not in _SHARED}
        return replace(result, **changed)
    return result


def _placed(result: Result | None, schools: np.ndarray, wanted: np.ndarray) -> Result | None:
    """A result of `schools` for the schools `wanted`; whoever is not among them is not assessed."""
    if result is None or not np.isin(wanted, schools).any():
        return None
    at = np.searchsorted(schools, wanted).clip(0, len(schools) - 1)
    known = schools[at] == wanted
    return _taken(result, at, known, len(schools))


def _taken(result: Any, at: np.ndarray, known: np.ndarray, S: int) -> Any:
    if isinstance(result, np.ndarray):
        if len(result) != S:
            return result
        taken = result[at].copy()
        if taken.dtype == bool:
            taken[~known] = False
        elif taken.dtype.kind == "f":
            taken[~known] = 0.0
        return taken
    if isinstance(result, Mapping):
        return {key: _taken(value, at, known, S) for key, value in result.items()}
    if is_dataclass(result) and not isinstance(result, type):
        return replace(
            result,
            **{f.name: _taken(getattr(result, f.name), at, known, S) for f in fields(result) if f.name not in _SHARED},
        )
    return result
