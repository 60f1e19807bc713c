"""Ready reports as paper tables, beside the works of other schools: one place, parts that are not known left out.

The schools of a paper fall into groups by the best that is known of their scores: works, a score distribution, marks,
or neither. Works win. A group is compared with everybody who can be brought to its form: works become a distribution,
a distribution becomes marks, item points become completion.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from app.detectors.aggregates import Aggregates, Known, Reported, check_aggregates
from app.detectors.base import PaperSpec
from app.detectors.journal_gap import marks_of_scores
from app.detectors.tables import TYPICAL_CLASS, PaperTable

NOBODY = np.array([], dtype=str)


@dataclass(frozen=True)
class MarkTable(PaperTable):
    """A paper known by its marks: scores 0 … 3 stand for the marks "2" … "5"."""


@dataclass(frozen=True, kw_only=True)
class SummaryTable(PaperTable):
    """A paper known without its score distribution: `counts` are zero, means stand for themselves.

    Attributes
    ----------
    works : ndarray, shape (S,)
    means, variances : ndarray, shape (S,)
        Of the primary score; NaN where not known.
    """

    works: np.ndarray
    means: np.ndarray
    variances: np.ndarray

    @cached_property
    def n(self) -> np.ndarray:
        return self.works

    @cached_property
    def mean(self) -> np.ndarray:
        return self.means

    @cached_property
    def variance(self) -> np.ndarray:
        return self.variances


@dataclass(frozen=True)
class ReportGroup:
    """Schools of one paper that have reports and no works, known in one way.

    Attributes
    ----------
    kind : str
        ``distributions``, ``marks`` or ``other``.
    reported : Reported
        Reports of the paper, without the schools that have works.
    table : PaperTable
        The group's schools.
    joint : PaperTable
        The same with all other schools that can be brought to this form, for comparison.
    works : PaperTable or None
        The paper's works, where some schools have them.
    """

    kind: str
    reported: Reported
    table: PaperTable
    joint: PaperTable
    works: PaperTable | None

    @property
    def own(self) -> np.ndarray:
        """Rows of the joint table that are the group's."""
        return np.isin(self.joint.schools, self.table.schools)


def report_groups(tables: list[PaperTable], reported: dict[tuple[int, str, int], Reported]) -> list[ReportGroup]:
    """Groups of all papers, in the order of their keys.

    Parameters
    ----------
    tables : list of PaperTable
        Works; where a school has works of a paper, its reports on the paper are left aside.
    reported : dict
        From `aggregates.check_aggregates`.

    Returns
    -------
    list of ReportGroup
    """
    works_of = {table.key: table for table in tables}
    groups: list[ReportGroup] = []
    for key in sorted(reported):
        works = works_of.get(key)
        taken = works.schools if works is not None else NOBODY
        known = {kind: rest for kind, table in reported[key].known.items() if (rest := table.without(taken))}
        if known:
            groups += _groups(replace(reported[key], known=known), works)
    return groups


def score_tables(tables: list[PaperTable], groups: list[ReportGroup]) -> list[PaperTable]:
    """Score tables of every paper, the schools that only a reported distribution speaks of included."""
    best = {table.key: table for table in tables}
    best |= {group.joint.key: group.joint for group in groups if group.kind == "distributions"}
    return [best[key] for key in sorted(best)]


def earlier_scores(
    earlier: list[PaperTable], aggregates: Aggregates | None, papers: Sequence[PaperSpec], first_year: int
) -> list[PaperTable]:
    """Tables of earlier years with the schools that only reports of those years speak of."""
    if aggregates is None:
        return earlier
    # A paper described for this year only still describes last year's.
    reported, _ = check_aggregates(aggregates, [*papers, *(replace(paper, year=None) for paper in papers)])
    return [table for table in score_tables(earlier, report_groups(earlier, reported)) if table.year < first_year]


def _groups(reported: Reported, works: PaperTable | None) -> list[ReportGroup]:
    groups = []
    wider, taken = works, NOBODY
    if (scores := reported.known.get("distributions")) is not None:
        table = score_table(reported.spec, reported.year, scores)
        wider = _joined(works, table) if works is not None else table
        groups.append(ReportGroup("distributions", reported, table, wider, works))
        taken = scores.schools
    if (marks := reported.known.get("marks")) is not None and (rest := marks.without(taken)) is not None:
        table = mark_table(reported.spec, reported.year, rest)
        collapsed = marks_from_scores(wider) if wider is not None else None
        groups.append(ReportGroup("marks", reported, table, _joined(collapsed, table) if collapsed else table, works))
        taken = np.concatenate((taken, rest.schools))
    others = summary_table(reported, taken)
    if others is not None:
        joint = _summaries_joined(wider, others) if wider is not None else others
        groups.append(ReportGroup("other", reported, others, joint, works))
    return groups


def score_table(spec: PaperSpec, year: int, known: Known) -> PaperTable:
    """Paper table of a score distribution: no classes, journal marks or items.

    Parameters
    ----------
    spec : PaperSpec
    year : int
    known : Known
        Works at each score, shape (S, M + 1).

    Returns
    -------
    PaperTable
    """
    return PaperTable(spec, year, known.schools, known.values, _guessed_share(known.n), None, None, None)


def mark_table(spec: PaperSpec, year: int, known: Known) -> MarkTable:
    """Paper table of marks, shape (S, 4); the paper need not have official cuts.

    Parameters
    ----------
    spec : PaperSpec
    year : int
    known : Known
        Works at each mark 2 … 5.

    Returns
    -------
    MarkTable
    """
    marks = PaperSpec(spec.year, spec.subject, spec.grade, (3,), (1, 2, 3))
    return MarkTable(marks, year, known.schools, known.values, _guessed_share(known.n), None, None, None)


def marks_from_scores(table: PaperTable) -> MarkTable | None:
    """Works at each mark by the official cuts; None where the paper has none."""
    if table.spec.mark_from is None:
        return None
    marks = marks_of_scores(table.spec.max_score, table.spec.mark_from)
    values = table.counts @ (marks[:, None] == np.arange(2, 6)).astype(float)
    return replace(
        mark_table(table.spec, table.year, Known(table.schools, table.n, values)), class_share=table.class_share
    )


def summary_table(reported: Reported, taken: np.ndarray) -> SummaryTable | None:
    r"""Schools that only means, items or the journal speak of, with the mean from whichever report tells it.

    Parameters
    ----------
    reported : Reported
    taken : ndarray of str
        Schools of the other groups.

    Returns
    -------
    SummaryTable or None
        Mean from the means, else from the completion of all items, :math:`\sum_k m_k c_{ik}`; NaN where only the
        journal is known.
    """
    parts = [reported.known[kind] for kind in ("means", "items", "journal") if kind in reported.known]
    rest = [part for whole in parts if (part := whole.without(taken)) is not None]
    if not rest:
        return None
    schools = np.unique(np.concatenate([part.schools for part in rest]))
    n, mean = np.zeros(len(schools)), np.full(len(schools), np.nan)
    variance = np.full(len(schools), np.nan)
    limit = np.array(reported.spec.item_max, dtype=float)
    for kind in ("journal", "items", "means"):
        known = reported.known.get(kind)
        if known is None or (known := known.without(taken)) is None:
            continue
        at = np.searchsorted(schools, known.schools)
        if kind == "journal":
            n[at] = known.n
        elif kind == "items":
            n[at], mean[at] = known.n, known.values @ limit
        else:
            n[at], mean[at], variance[at] = known.n, known.values[:, 0], known.values[:, 1] ** 2
    return _summary(reported.spec, reported.year, schools, n, mean, variance)


def _summary(
    spec: PaperSpec, year: int, schools: np.ndarray, n: np.ndarray, mean: np.ndarray, variance: np.ndarray
) -> SummaryTable:
    return SummaryTable(
        spec,
        year,
        schools,
        np.zeros((len(schools), spec.max_score + 1)),
        _guessed_share(n),
        None,
        None,
        None,
        works=n,
        means=mean,
        variances=variance,
    )


def with_pooled_variance(table: SummaryTable) -> SummaryTable | None:
    r"""The schools whose mean is known; a spread that no report tells is the typical one at the school's mean.

    Parameters
    ----------
    table : SummaryTable

    Returns
    -------
    SummaryTable or None

    Notes
    -----
    Scores vary like :math:`\varphi M^2 m(1-m)`, m the mean as a share of the maximum M; :math:`\varphi` is pooled
    over schools with a known spread. Where none has one it is the constant below, which papers of fifteen to
    twenty-five items give; over-dispersion between schools, estimated from the means themselves, makes up for it.
    """
    known = np.isfinite(table.means)
    if not known.any():
        return None
    n, mean, variance = table.works[known], table.means[known], table.variances[known]
    share = mean / table.spec.max_score
    room = table.spec.max_score**2 * np.maximum(share * (1 - share), 1e-4)
    told = np.isfinite(variance) & (n > 1)
    phi = _PHI
    if told.any():
        phi = float(((n - 1) * variance)[told].sum() / max(float(((n - 1) * room)[told].sum()), 1e-9))
    filled = np.where(np.isfinite(variance), variance, phi * room)
    return _summary(table.spec, table.year, table.schools[known], n, mean, filled)


_PHI = 0.15


def _guessed_share(n: np.ndarray) -> np.ndarray:
    return 1.0 / np.maximum(1, np.ceil(n / TYPICAL_CLASS))


def journal_sides(table: PaperTable) -> Known | None:
    """Works below, at and above the journal's mark, from works; None without journal marks or official cuts."""
    if table.journal is None or table.spec.mark_from is None:
        return None
    marks = marks_of_scores(table.spec.max_score, table.spec.mark_from)
    side = np.sign(marks[:, None] - np.arange(2, 6))
    values = np.column_stack([np.einsum("isj,sj->i", table.journal, (side == s).astype(float)) for s in (-1, 0, 1)])
    n = values.sum(axis=1)
    return Known(table.schools[n > 0], n[n > 0], values[n > 0])


def item_completion(table: PaperTable) -> Known | None:
    """Completion of each item as a share, from works; None where the items are not given."""
    if table.answers is None:
        return None
    answers, S = table.answers, len(table.schools)
    n = np.bincount(answers.school, minlength=S).astype(float)
    sums = np.column_stack([np.bincount(answers.school, weights=column, minlength=S) for column in answers.points.T])
    limit = np.array(table.spec.item_max, dtype=float)
    return Known(table.schools[n > 0], n[n > 0], sums[n > 0] / n[n > 0, None] / limit)


def together(first: Known | None, second: Known | None) -> Known | None:
    """Two sets of different schools as one."""
    if first is None or second is None:
        return first or second
    schools = np.concatenate((first.schools, second.schools))
    order = np.argsort(schools, kind="stable")
    n, values = np.concatenate((first.n, second.n)), np.concatenate((first.values, second.values))
    return Known(schools[order], n[order], values[order])


def _joined(first: PaperTable, second: PaperTable) -> PaperTable:
    """Schools of both tables, which have none in common; what only works tell is left out."""
    schools = np.concatenate((first.schools, second.schools))
    order = np.argsort(schools, kind="stable")
    return replace(
        first,
        schools=schools[order],
        counts=np.concatenate((first.counts, second.counts))[order],
        class_share=np.concatenate((first.class_share, second.class_share))[order],
        journal=None,
        answers=None,
        completed_counts=None,
    )


def _summaries_joined(wider: PaperTable, others: SummaryTable) -> SummaryTable:
    schools = np.concatenate((wider.schools, others.schools))
    order = np.argsort(schools, kind="stable")
    columns = [
        np.concatenate(pair)[order]
        for pair in ((wider.n, others.n), (wider.mean, others.mean), (wider.variance, others.variance))
    ]
    return _summary(others.spec, others.year, schools[order], *columns)
