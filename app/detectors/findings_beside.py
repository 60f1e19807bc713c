"""Findings of the detectors that look beside the paper: its top, other years, outside results, the upload, history."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from app.detectors import external_gap, protocol, recurrence, sentences, upper_tail, year_swing
from app.detectors.findings import columns_of, finished, levels_of, whole_paper_not_assessed
from app.detectors.params import Params
from app.detectors.tables import PaperTable
from app.terms import Family


def of_tail(table: PaperTable, result: upper_tail.TailResult, params: Params) -> pd.DataFrame:
    """Top scores among good works; n is that of the good works."""
    columns = columns_of(table, upper_tail.NAME, Family.PATTERN, table.n, "share")
    columns |= {
        "statistic": result.z,
        "effect": result.share - result.expected,
        "effect_low": result.share - result.high_share,
        "effect_high": result.share - result.low,
        "p_value": result.p_value,
    }
    smallest = params.upper_tail.smallest_n
    reasons = [f"с баллом от {result.middle} — {sentences.too_few(good, smallest)}" for good in result.good.tolist()]
    figures = (result.top, result.good, result.expected, result.low, result.high_share)
    texts = [
        sentences.tail(top, good, result.middle, result.high, expected, low, high) if ok else ""
        for ok, (top, good, expected, low, high) in zip(
            result.assessed.tolist(), zip(*(values.tolist() for values in figures), strict=True), strict=True
        )
    ]
    return finished(columns, result.assessed, reasons, texts)


def of_swing(table: PaperTable, result: year_swing.SwingResult, params: Params) -> pd.DataFrame:
    columns = columns_of(table, year_swing.NAME, Family.LEVEL, table.n, "points")
    columns |= {
        "statistic": result.z_jump,
        "effect": result.effect,
        "effect_low": result.effect_low,
        "effect_high": result.effect_high,
        "p_value": result.p_value,
    }
    smallest = params.year_swing.smallest_n
    reasons = [
        sentences.too_few(works, smallest)
        if works < smallest
        else f"у школы меньше {smallest} работ этих же учеников за прошлый год"
        for works in table.n.tolist()
    ]
    now, last = result.waves[-1], result.waves[-2]
    observed, top = now.mean_of(now.y), now.top
    past = year_swing.share_in(now.schools, last)
    jumped = np.nan_to_num(result.z_index, nan=-9.0) > np.nan_to_num(result.z_jump, nan=0.0)
    texts = []
    for i, ok in enumerate(result.assessed.tolist()):
        if not ok:
            texts.append("")
            continue
        low, high = observed[i] - result.effect_high[i], observed[i] - result.effect_low[i]
        text = sentences.swing(
            last.year, past[i], now.share[i], table.n[i], result.predicted[i] / top, low / top, high / top
        )
        is_jump = bool(jumped[i] and result.z_before[i] > 1 and result.z_jump[i] < 0)
        texts.append(text + sentences.swing_before(last.year, is_jump))
    return finished(columns, result.assessed, reasons, texts)


def of_gap(table: PaperTable, result: external_gap.GapResult, params: Params) -> pd.DataFrame:
    columns = columns_of(table, external_gap.NAME, Family.LEVEL, table.n, "points")
    columns |= {
        "statistic": result.z,
        "effect": result.effect,
        "effect_low": result.effect_low,
        "effect_high": result.effect_high,
        "p_value": result.p_value,
    }
    smallest = params.external_gap.smallest_n
    reasons = [
        sentences.too_few(works, smallest)
        if works < smallest
        else "у школы нет результатов внешней процедуры по этому предмету"
        if not leavers
        else f"участников внешней процедуры {sentences.whole(leavers)}, нужно не меньше {smallest}"
        for works, leavers in zip(table.n.tolist(), result.outside.n.tolist(), strict=True)
    ]
    mean = table.mean
    texts = []
    for i, ok in enumerate(result.assessed.tolist()):
        text = ""
        if ok:
            outside = result.outside
            low, high = mean[i] - result.effect_high[i], mean[i] - result.effect_low[i]
            text = sentences.gap(mean[i], table.n[i], outside.mean[i], outside.n[i], result.predicted[i], low, high) + (
                sentences.GAP_CLEARS if result.clears[i] else ""
            )
        texts.append(text)
    return finished(columns, result.assessed, reasons, texts)


def of_protocol(table: PaperTable, result: protocol.ProtocolResult) -> pd.DataFrame:
    columns = columns_of(table, protocol.NAME, Family.HYGIENE, table.n, "share")
    columns |= {
        "statistic": result.number,
        "effect": result.share - result.usual_share,
        "effect_low": result.low - result.usual_share,
        "effect_high": result.high - result.usual_share,
    }
    reasons = ["протокол загрузки неизвестен, а по одним баллам порядок загрузки не виден"] * len(table.n)
    any_odd = np.any(list(result.odd.values()), axis=0) if result.odd else np.zeros(len(table.n), dtype=bool)
    known = np.sum([np.isfinite(values) for values in result.counts.values()], axis=0, dtype=int)
    checked = np.broadcast_to(known, len(table.n)).tolist()
    texts = []
    for i, (ok, strange) in enumerate(zip(result.assessed.tolist(), any_odd.tolist(), strict=True)):
        facts = [
            (fact, float(result.counts[fact][i]), float(result.of[fact][i]), float(result.usual[fact][i]))
            for fact, odd in result.odd.items()
            if strange and odd[i]
        ]
        texts.append(sentences.protocol(facts, checked[i]) if ok else "")
    return finished(columns, result.assessed, reasons, texts)


def of_recurrence(
    schools: np.ndarray,
    works: np.ndarray,
    year: int,
    result: recurrence.RecurrenceResult | None,
    reason: str,
) -> pd.DataFrame:
    """One row a school, for all its papers: subject empty and grade 0."""
    S = len(schools)
    columns: dict = {
        "school": schools.astype(object),
        "year": np.full(S, year),
        "subject": np.full(S, "", dtype=object),
        "grade": np.full(S, 0),
        "detector": np.full(S, recurrence.NAME, dtype=object),
        "family": np.full(S, Family.HISTORY.value, dtype=object),
        "n": works.astype(np.int64),
        "effect_unit": np.full(S, "times", dtype=object),
        "level": levels_of(works),
    }
    assessed = np.full(S, result is not None)
    texts = [""] * S
    if result is not None:
        columns |= {
            "statistic": result.count.astype(float),
            "effect": result.count - result.expected,
            "effect_low": result.count - result.high,
            "effect_high": result.count - result.low,
            "p_value": result.p_value,
        }
        years = len({period.year for period in result.periods})
        texts = [
            sentences.recurrence(count, len(result.periods), result.expected, result.high, federal, years)
            for count, federal in zip(result.count.tolist(), result.federal_years.tolist(), strict=True)
        ]
    return finished(columns, assessed, [reason] * S, texts)


def silent(table: PaperTable, reasons: Mapping[str, str], params: Params) -> list[pd.DataFrame]:
    """Every school of a paper says why a detector could not run on it."""
    known = {
        upper_tail.NAME: (Family.PATTERN, "share", 0),
        year_swing.NAME: (Family.LEVEL, "points", params.year_swing.smallest_n),
        external_gap.NAME: (Family.LEVEL, "points", params.external_gap.smallest_n),
    }
    return [
        whole_paper_not_assessed(table, name, known[name][0], known[name][1], reason, known[name][2])
        for name, reason in reasons.items()
    ]
