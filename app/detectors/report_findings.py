"""Findings and charts of schools that are known by ready reports: sentences that say what was compared, and what is
missing with the report that would bring it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from app.detectors import (
    charts,
    contextual_mean,
    federal,
    few_lowest,
    findings,
    item_profile,
    journal_gap,
    recurrence,
    sentences,
)
from app.detectors.contextual_mean import MeanResult
from app.detectors.few_lowest import LowestResult
from app.detectors.journal_gap import JournalResult
from app.detectors.params import Params
from app.detectors.report_screening import ReportPaper
from app.detectors.report_tables import MarkTable
from app.detectors.summaries import PaperResults
from app.detectors.tables import PaperTable
from app.terms import Family, Tier

NBSP = "\u00a0"
REPORTS = {
    "individual": "Индивидуальные результаты",
    "distributions": "Распределение первичных баллов",
    "marks": "Статистика по отметкам",
    "items": "Выполнение заданий",
    "journal": "Сравнение отметок с отметками по журналу",
}
"""Titles of the federal reports."""

_MISSING = {
    few_lowest.NAME: ("отметок", ("marks", "distributions")),
    contextual_mean.NAME: ("среднего балла", ("distributions", "marks", "items")),
    item_profile.NAME: ("выполнения заданий", ("items",)),
    journal_gap.NAME: ("сравнения с журналом", ("journal",)),
}
_FROM_WORKS = ("items", "class", "variant", "participant")


def missing(detector: str, requires: tuple[str, ...]) -> str:
    """What a detector lacks and which report brings it."""
    if detector in _MISSING:
        what, reports = _MISSING[detector]
    elif any(word in requires for word in _FROM_WORKS):
        what, reports = "баллов каждой работы за задания", ("individual",)
    elif "journal_mark" in requires:
        what, reports = "сравнения с журналом", ("journal",)
    else:
        what, reports = "распределения первичных баллов", ("distributions",)
    named = [f"«{REPORTS[report]}»" for report in reports]
    if len(named) == 1:
        return (
            f"нет {what}: его даёт отчёт {named[0]}"
            if reports != ("individual",)
            else (f"нет {what}: их дают {named[0]}")
        )
    return f"нет {what}: нужен отчёт {', '.join(named[:-1])} или {named[-1]}"


def findings_of(
    papers: list[ReportPaper], of_scores: list[pd.DataFrame], of_others: list[pd.DataFrame], params: Params
) -> list[pd.DataFrame]:
    """Findings of all groups.

    Parameters
    ----------
    papers : list of ReportPaper
    of_scores : list of DataFrame
        Findings that the detectors of works made of the score distributions.
    of_others : list of DataFrame
        Findings from what stands beside the works (`beside.findings_of`), which are complete as they are.
    params : Params

    Returns
    -------
    list of DataFrame
        One answer a school and detector.
    """
    found: list[pd.DataFrame] = []
    made = pd.concat(of_scores, ignore_index=True) if of_scores else None
    beside = {str(name) for frame in of_others for name in frame["detector"].unique()}
    for paper in papers:
        table = paper.results.table
        own = _own_frames(paper, params)
        answered = set(own)
        found += own.values()
        if paper.group.kind == "distributions" and made is not None:
            subject, grade = table.spec.subject, table.spec.grade
            rows = made[(made["subject"] == subject) & (made["grade"] == grade) & ~made["detector"].isin(answered)]
            rows = rows[~rows["detector"].isin(_from_works())]
            found.append(rows)
            answered |= set(rows.loc[rows["school"] != "", "detector"]) | beside
        found += _unanswered(paper, answered)
    return found


def _from_works() -> list[str]:
    """Detectors whose inputs only works or another report tell; their refusals are worded here."""
    from app.detectors import DETECTORS

    needing = {*_FROM_WORKS, "journal_mark"}
    return [row.name for row in DETECTORS if needing & set(row.requires)]


def _unanswered(paper: ReportPaper, answered: set[str]) -> Iterator[pd.DataFrame]:
    from app.detectors import DETECTORS

    table = paper.results.table
    for row in DETECTORS:
        if row.name in answered or row.name == recurrence.NAME:  # which speaks of a school, not of a paper
            continue
        if row.name == federal.NAME and (table.spec.subject, table.spec.grade) not in federal.PAPERS:
            continue
        reason = paper.refusals.get(row.name) or missing(row.name, row.requires)
        unit = "points" if row.family in (Family.LEVEL, Family.FEDERAL) else "works"
        unit = "share" if row.family in (Family.PATTERN, Family.JOURNAL) else unit
        yield findings.whole_paper_not_assessed(table, row.name, row.family, unit, reason, row.smallest_n)


def _own_frames(paper: ReportPaper, params: Params) -> dict[str, pd.DataFrame]:
    """Findings of the forms that reports have of their own."""
    results, table = paper.results, paper.results.table
    frames: dict[str, pd.DataFrame] = {}
    if results.lowest is not None and results.boundary is None:
        frames[few_lowest.NAME] = _lowest(table, results.lowest, params)
    if results.mean is not None and paper.group.kind != "distributions":
        frames[contextual_mean.NAME] = _mean(table, results.mean, params)
    if results.journal is not None:
        frames[journal_gap.NAME] = _journal(table, results.journal, params)
    if results.profile is not None:
        frames[item_profile.NAME] = _profile(paper, params)
    return frames


def _reason(n: float, smallest: int, detector: str) -> str:
    return sentences.too_few(n, smallest) if n < smallest else missing(detector, ())


def _lowest(table: PaperTable, result: LowestResult, params: Params) -> pd.DataFrame:
    frame = findings.of_lowest(table, result, params)
    texts = [
        f"Отметка «2» — {sentences.whole(observed)} {sentences.out_of_works(n)}; при таких же остальных отметках "
        f"ожидалось бы {sentences.whole(expected)} (95{NBSP}%{NBSP}ДИ {sentences.whole(max(0.0, expected - half))}–"
        f"{sentences.whole(min(n, expected + half))})."
        for observed, n, expected, half in zip(
            result.observed, table.n, result.expected, 1.96 * result.deviation, strict=True
        )
    ]
    frame = _with_sentences(frame, result.assessed, texts)
    # A school whose marks are not reported has nothing expected of it.
    silent = ~result.assessed & (result.expected == 0) & (table.n >= params.few_lowest.smallest_n)
    reason = missing(few_lowest.NAME, ())
    frame.loc[silent, "reason"] = reason
    frame.loc[silent, "sentence"] = sentences.not_assessed(reason)
    return frame


def _with_sentences(frame: pd.DataFrame, assessed: np.ndarray, texts: list[str]) -> pd.DataFrame:
    frame["sentence"] = np.where(assessed, np.array(texts, dtype=object), frame["sentence"].to_numpy(dtype=object))
    return frame


def _mean(table: PaperTable, result: MeanResult, params: Params) -> pd.DataFrame:
    frame = findings.of_mean(table, result, params)
    smallest = params.contextual_mean.smallest_n
    reasons = [_reason(n, smallest, contextual_mean.NAME) for n in table.n.tolist()]
    frame["reason"] = np.where(result.assessed, "", np.array(reasons, dtype=object))
    told = [sentences.not_assessed(reason) for reason in reasons]
    frame["sentence"] = np.where(
        result.assessed, frame["sentence"].to_numpy(dtype=object), np.array(told, dtype=object)
    )
    if not isinstance(table, MarkTable):
        return frame
    frame["effect_unit"] = "marks"
    texts = []
    for n, mean, expected, high, low, by_history in zip(
        table.n, table.mean, result.predicted, result.effect_high, result.effect_low, result.by_history, strict=True
    ):
        source = "по контексту и другим работам школы" if by_history else "по контексту школы"
        texts.append(
            f"Средняя отметка {sentences.decimal(2 + mean, 2)} ({sentences.works(n)}); {source} ожидалось бы "
            f"{sentences.decimal(2 + expected, 2)} (95{NBSP}%{NBSP}ДИ {sentences.decimal(2 + mean - high, 2)}–"
            f"{sentences.decimal(2 + mean - low, 2)})."
        )
    return _with_sentences(frame, result.assessed, texts)


def _journal(table: PaperTable, result: JournalResult, params: Params) -> pd.DataFrame:
    frame = findings.of_journal(table, result, params)
    smallest = params.journal_gap.smallest_n
    reasons = [
        f"с отметкой по журналу {sentences.too_few(works, smallest)}"
        if 0 < works < smallest
        else missing(journal_gap.NAME, ())
        for works in result.works.tolist()
    ]
    frame["reason"] = np.where(result.assessed, "", np.array(reasons, dtype=object))
    words = {"raised": "выше журнальной", "lowered": "ниже журнальной", "copied": "совпала с журнальной"}
    column = {"raised": 2, "copied": 1, "lowered": 0}
    texts = []
    for i, part in enumerate(result.part.tolist()):
        share, expected = float(result.shares[i, column[part]]), float(result.expected[i, column[part]])
        half = (float(result.effect_high[i]) - float(result.effect_low[i])) / 2
        low, high = max(0.0, expected - half), min(1.0, expected + half)
        others = "в школах с таким же расхождением отметок" if part == "copied" else "в других школах"
        texts.append(
            f"Отметка за работу {words[part]} у{NBSP}{sentences.percent(share)}{NBSP}% "
            f"{sentences.out_of_works(float(result.works[i]))}; {others} ожидалось бы "
            f"{sentences.percent(expected)}{NBSP}% (95{NBSP}%{NBSP}ДИ {sentences.percent(low)}–"
            f"{sentences.percent(high)}{NBSP}%)."
            if result.assessed[i]
            else sentences.not_assessed(reasons[i])
        )
    frame["sentence"] = np.array(texts, dtype=object)
    return frame


def _profile(paper: ReportPaper, params: Params) -> pd.DataFrame:
    result, spec = paper.results.profile, paper.group.reported.spec
    assert result is not None
    table = paper.results.table
    whole = table if not isinstance(table, MarkTable) else _as_paper(table, paper)
    frame = findings.of_profile(whole, result, params)
    smallest = params.item_profile.smallest_n
    reasons = [_reason(n, smallest, item_profile.NAME) for n in table.n.tolist()]
    frame["reason"] = np.where(result.assessed, "", np.array(reasons, dtype=object))
    told = np.array([sentences.not_assessed(reason) for reason in reasons], dtype=object)
    said = frame["sentence"].str.replace("у работ с такими же баллами", "в школах с таким же общим результатом")
    frame["sentence"] = np.where(result.assessed, said.to_numpy(dtype=object), told)
    assert len(spec.item_max) == result.completion.shape[1]
    return frame


def _as_paper(table: PaperTable, paper: ReportPaper) -> PaperTable:
    """A table of marks under the paper's own description, for what speaks of its items."""
    return replace(table, spec=paper.group.reported.spec)


Charts = dict[tuple[str, int, str, int, str], dict]


def evidence_of(
    papers: list[ReportPaper],
    school_summary: pd.DataFrame,
    of_scores: Callable[[list[PaperResults], pd.DataFrame], Charts],
) -> Charts:
    """Charts of all groups: schools with any sign, and others with p ≤ 0.05; `of_scores` draws what scores tell."""
    signed = school_summary["tier"].isin([Tier.WATCH.value, Tier.CASE.value, Tier.SEVERE.value])
    of_interest = list(set(school_summary["school"][signed]))
    # Scores, and nothing that a report tells in a form of its own.
    plain = [replace(p.results, journal=None, profile=None) for p in papers if p.group.kind == "distributions"]
    plain = [p if p.boundary is not None else replace(p, lowest=None) for p in plain]
    evidence = of_scores(plain, school_summary)
    for paper in papers:
        table, results = paper.results.table, paper.results
        year, subject, grade = table.key
        interest = np.isin(table.schools, of_interest)

        def rows(assessed: np.ndarray, p: np.ndarray, interest: np.ndarray = interest) -> list[int]:
            return np.flatnonzero(assessed & (interest | (p <= 0.05))).tolist()

        if results.lowest is not None and results.boundary is None:
            for i in rows(results.lowest.assessed, results.lowest.p_value):
                evidence[str(table.schools[i]), year, subject, grade, few_lowest.NAME] = _marks_chart(
                    results.lowest, paper, i
                )
        if results.mean is not None and paper.group.kind != "distributions":
            shared = charts.funnel_frame(table, results.mean)
            for i in rows(results.mean.assessed, results.mean.p_value):
                chart = charts.funnel(shared, table, results.mean, i)
                evidence[str(table.schools[i]), year, subject, grade, contextual_mean.NAME] = (
                    _in_marks(chart) if isinstance(table, MarkTable) else chart
                )
        if results.journal is not None:
            for i in rows(results.journal.assessed, results.journal.p_value):
                evidence[str(table.schools[i]), year, subject, grade, journal_gap.NAME] = _journal_chart(
                    results.journal, i
                )
        if results.profile is not None:
            for i in rows(results.profile.assessed, results.profile.p_value):
                chart = charts.profile(_as_paper(table, paper), results.profile, i)
                evidence[str(table.schools[i]), year, subject, grade, item_profile.NAME] = chart
    return evidence


def _bars(categories: list[str], own: list[float], expected: list[float]) -> dict:
    return {
        "kind": "bars",
        "unit": "share",
        "categories": categories,
        "series": [{"title": "школа", "values": own}, {"title": "ожидалось", "values": expected}],
    }


def _marks_chart(result: LowestResult, paper: ReportPaper, i: int) -> dict:
    """Shares of the four marks against those expected at the school's other marks."""
    marks = paper.group.reported.known.get("marks")
    school = paper.results.table.schools[i]
    assert marks is not None
    own = marks.values[int(np.searchsorted(marks.schools, school))]
    share = (own / max(own.sum(), 1)).round(4).tolist()
    chart = _bars(["«2»", "«3»", "«4»", "«5»"], share, np.round(result.tilted[i], 4).tolist())
    return chart | {"observed": int(result.observed[i]), "expected_works": round(float(result.expected[i]), 2)}


def _journal_chart(result: JournalResult, i: int) -> dict:
    """Shares below, at and above the journal's mark against those of other schools."""
    categories = ["ниже журнальной", "совпала", "выше журнальной"]
    chart = _bars(categories, np.round(result.shares[i], 4).tolist(), np.round(result.expected[i], 4).tolist())
    return chart | {"part": str(result.part[i]), "works": int(result.works[i])}


def _in_marks(chart: dict) -> dict:
    """A funnel of mean marks: pairs instead of lists, so that the axis can be named."""
    points = [list(pair) for pair in zip(chart["n"], chart["residual"], strict=True)]
    sizes = chart["limits"]["n"]
    limits = [
        {
            "title": f"{level.replace('.', ',')}{NBSP}%",
            "lower": [[n, -width] for n, width in zip(sizes, chart["limits"][level], strict=True)],
            "upper": [[n, width] for n, width in zip(sizes, chart["limits"][level], strict=True)],
        }
        for level in ("95", "99.8")
    ]
    kept = {key: chart[key] for key in ("effect", "effect_low", "effect_high", "shrunk", "by_history", "reference")}
    return {
        "kind": "funnel",
        "points": points[: chart["index"]] + points[chart["index"] + 1 :],
        "school": points[chart["index"]],
        "centre": 0,
        "y_title": "Разница с ожидаемой средней отметкой",
        "limits": limits,
        "mean": round(2 + chart["mean"], 2),
        "expected": round(2 + chart["expected"], 2),
        **kept,
    }
