"""Findings of one paper, built in bulk: one frame a detector."""

from __future__ import annotations

import numpy as np
import pandas as pd

from app import frames
from app.detectors import (
    boundary_push,
    class_similarity,
    contextual_mean,
    federal,
    few_lowest,
    homogeneity,
    item_profile,
    journal_gap,
    landing_profile,
    selective_absence,
    sentences,
)
from app.detectors.base import level_of
from app.detectors.combination import benjamini_hochberg
from app.detectors.params import Params
from app.detectors.tables import PaperTable
from app.terms import Family, FindingOutcome

_LEVELS = np.array([level_of(n).value for n in (0, 10, 20, 50)], dtype=object)


def _frame(table: PaperTable, detector: str, family: Family, n: np.ndarray, unit: str) -> dict:
    S = len(table.schools)
    return {
        "school": table.schools.astype(object),
        "year": np.full(S, table.year),
        "subject": np.full(S, table.spec.subject, dtype=object),
        "grade": np.full(S, table.spec.grade),
        "detector": np.full(S, detector, dtype=object),
        "family": np.full(S, family.value, dtype=object),
        "n": n.astype(np.int64),
        "effect_unit": np.full(S, unit, dtype=object),
        "level": _LEVELS[np.searchsorted([10, 20, 50], n, side="right")],
    }


def _finish(columns: dict, assessed: np.ndarray, reasons: list[str], texts: list[str]) -> pd.DataFrame:
    S = len(assessed)
    for name in ("statistic", "effect", "effect_low", "effect_high", "p_value"):
        values = columns.get(name)
        columns[name] = np.full(S, np.nan) if values is None else np.where(assessed, values, np.nan)
    columns["q_value"] = benjamini_hochberg(columns["p_value"])
    columns["outcome"] = np.where(assessed, FindingOutcome.ASSESSED.value, FindingOutcome.NOT_ASSESSED.value).astype(
        object
    )
    columns["reason"] = np.array(["" if a else r for a, r in zip(assessed, reasons, strict=True)], dtype=object)
    columns["sentence"] = np.array(
        [t if a else sentences.not_assessed(r) for a, r, t in zip(assessed, reasons, texts, strict=True)], dtype=object
    )
    # Named as objects, texts stay what they are: pandas would make columns of its own of them, which nobody asks for.
    index, names = pd.RangeIndex(S), frames.names(frames.FINDINGS)
    return pd.DataFrame({name: pd.Series(columns[name], index, dtype=columns[name].dtype) for name in names}, index)


columns_of, finished = _frame, _finish
"""The two ends of every frame of findings, for `findings_beside`."""


def levels_of(n: np.ndarray) -> np.ndarray:
    """How far each number of works carries a finding."""
    return _LEVELS[np.searchsorted([10, 20, 50], n, side="right")]


def whole_paper_not_assessed(
    table: PaperTable, detector: str, family: Family, unit: str, reason: str, smallest: int
) -> pd.DataFrame:
    """Every school of a paper says why the detector could not run."""
    n = table.n
    reasons = [sentences.too_few(works, smallest) if works < smallest else reason for works in n.tolist()]
    nothing = np.zeros(len(n), dtype=bool)
    return _finish(_frame(table, detector, family, n, unit), nothing, reasons, [""] * len(n))


def of_boundary(table: PaperTable, result: boundary_push.BoundaryResult, params: Params) -> pd.DataFrame:
    test, n = result.test, table.n
    columns = _frame(table, boundary_push.NAME, Family.BOUNDARY, n, "works")
    columns |= {
        "statistic": test.count_z,
        "effect": test.effect,
        "effect_low": test.effect_low,
        "effect_high": test.effect_high,
        "p_value": result.p_value,
    }
    p = params.boundary_push
    reasons = [
        sentences.too_few(works, p.smallest_n)
        if works < p.smallest_n
        else f"в окнах границ {sentences.works(window)}, нужно не меньше {p.smallest_window}"
        for works, window in zip(n.tolist(), test.window.tolist(), strict=True)
    ]
    usual = result.against_pool.expected if test is not result.against_pool else [None] * len(n)
    texts = [
        sentences.boundary(*row) if ok else ""
        for ok, *row in zip(
            result.assessed.tolist(), test.at_cuts.tolist(), n.tolist(), test.expected.tolist(),
            test.expected_deviation.tolist(), list(usual), strict=True
        )
    ]  # fmt: skip
    return _finish(columns, result.assessed, reasons, texts)


def of_lowest(table: PaperTable, result: few_lowest.LowestResult, params: Params) -> pd.DataFrame:
    n = table.n
    half = 1.96 * result.deviation
    effect = result.observed - result.expected
    columns = _frame(table, few_lowest.NAME, Family.BOUNDARY, n, "works")
    columns |= {
        "statistic": result.count_z,
        "effect": effect,
        "effect_low": effect - half,
        "effect_high": effect + half,
        "p_value": result.p_value,
    }
    p = params.few_lowest
    reasons = [
        sentences.too_few(works, p.smallest_n)
        if works < p.smallest_n
        else f"ожидаемых «2» {sentences.decimal(expected)}, нужно не меньше {sentences.whole(p.smallest_expected)}"
        for works, expected in zip(n.tolist(), result.expected.tolist(), strict=True)
    ]
    texts = [
        sentences.lowest(*row) if ok else ""
        for ok, *row in zip(
            result.assessed.tolist(),
            result.observed.tolist(),
            n.tolist(),
            result.expected.tolist(),
            half.tolist(),
            strict=True,
        )
    ]
    return _finish(columns, result.assessed, reasons, texts)


def of_region_boundary(table: PaperTable, region: boundary_push.RegionHeaping) -> pd.DataFrame:
    """The finding about the region itself: school is empty."""
    observed = sum(row["observed"] for row in region.cuts)
    expected = observed - region.excess
    half = (region.high - region.low) / 2
    worst = max(region.cuts, key=lambda row: row["z"], default=None) if region.heaped else None
    mark = 3 + (table.spec.mark_from or ()).index(worst["cut"]) if worst else 0
    text = sentences.region_boundary(observed, expected, max(0.0, expected - half), expected + half, worst, mark)
    row = {
        "school": "",
        "year": table.year,
        "subject": table.spec.subject,
        "grade": table.spec.grade,
        "detector": boundary_push.NAME,
        "family": Family.BOUNDARY.value,
        "n": int(region.works),
        "statistic": region.z,
        "effect": region.excess,
        "effect_unit": "works",
        "effect_low": region.low,
        "effect_high": region.high,
        "p_value": region.p_value,
        "q_value": region.p_value,
        "level": level_of(int(region.works)).value,
        "outcome": FindingOutcome.ASSESSED.value,
        "reason": "",
        "sentence": text,
    }
    return pd.DataFrame([row])[frames.names(frames.FINDINGS)]


def of_mean(table: PaperTable, result: contextual_mean.MeanResult, params: Params) -> pd.DataFrame:
    n, observed = table.n, table.taught.mean
    columns = _frame(table, contextual_mean.NAME, Family.LEVEL, n, "points")
    columns |= {
        "statistic": np.fmax(result.z_context, result.z_history),
        "effect": result.effect,
        "effect_low": result.effect_low,
        "effect_high": result.effect_high,
        "p_value": result.p_value,
    }
    smallest = params.contextual_mean.smallest_n
    reasons = [sentences.too_few(works, smallest) for works in n.tolist()]
    top = table.spec.max_score
    texts = [
        sentences.mean(mean, top, works, expected, mean - high, mean - low, by) if ok else ""
        for ok, mean, works, expected, low, high, by in zip(
            result.assessed.tolist(), observed.tolist(), n.tolist(), result.predicted.tolist(),
            result.effect_low.tolist(), result.effect_high.tolist(), result.by_history.tolist(), strict=True
        )
    ]  # fmt: skip
    return _finish(columns, result.assessed, reasons, texts)


def of_journal(table: PaperTable, result: journal_gap.JournalResult, params: Params) -> pd.DataFrame:
    columns = _frame(table, journal_gap.NAME, Family.JOURNAL, result.works, "share")
    columns |= {
        "statistic": result.part_z[np.arange(len(result.part)), [journal_gap.PARTS.index(p) for p in result.part]],
        "effect": result.effect,
        "effect_low": result.effect_low,
        "effect_high": result.effect_high,
        "p_value": result.p_value,
    }
    smallest = params.journal_gap.smallest_n
    reasons = [f"с отметкой по журналу {sentences.too_few(works, smallest)}" for works in result.works.tolist()]
    column = {"raised": 2, "copied": 1, "lowered": 0}
    half = (result.effect_high - result.effect_low) / 2
    texts = [
        sentences.journal(part, share[column[part]], works, expected[column[part]], wide) if ok else ""
        for ok, part, share, works, expected, wide in zip(
            result.assessed.tolist(), result.part.tolist(), result.shares.tolist(), result.works.tolist(),
            result.expected.tolist(), half.tolist(), strict=True
        )
    ]  # fmt: skip
    return _finish(columns, result.assessed, reasons, texts)


def of_profile(table: PaperTable, result: item_profile.ProfileResult, params: Params) -> pd.DataFrame:
    n = table.n
    columns = _frame(table, item_profile.NAME, Family.PATTERN, n, "share")
    columns |= {
        "statistic": result.part_z[np.arange(len(n)), [item_profile.PARTS.index(p) for p in result.part]],
        "effect": result.effect,
        "effect_low": result.effect_low,
        "effect_high": result.effect_high,
        "p_value": result.p_value,
    }
    reasons = [sentences.too_few(works, params.item_profile.smallest_n) for works in n.tolist()]
    limit = np.array(table.spec.item_max, dtype=float) * result.shown
    share = (result.completion * limit).sum(axis=1) / limit.sum(axis=1)
    half = (result.effect_high - result.effect_low) / 2
    numbers = {row: (np.flatnonzero(row) + 1).tolist() for row in set(map(tuple, result.shown.tolist()))}
    texts = [
        sentences.profile(part, numbers[tuple(shown)], works, own, own - effect, wide) if ok else ""
        for ok, part, shown, works, own, effect, wide in zip(
            result.assessed.tolist(), result.part.tolist(), result.shown.tolist(), n.tolist(), share.tolist(),
            result.effect.tolist(), half.tolist(), strict=True
        )
    ]  # fmt: skip
    return _finish(columns, result.assessed, reasons, texts)


def of_landing(table: PaperTable, result: landing_profile.LandingResult, params: Params) -> pd.DataFrame:
    columns = _frame(table, landing_profile.NAME, Family.PATTERN, table.n, "share")
    columns |= {
        "statistic": result.z,
        "effect": result.effect,
        "effect_low": result.effect_low,
        "effect_high": result.effect_high,
        "p_value": result.p_value,
    }
    p = params.landing_profile
    reasons = [
        sentences.too_few(works, p.smallest_n)
        if works < p.smallest_n
        else f"на границах и чуть выше {sentences.works(landed)}, нужно не меньше {p.smallest_landed}"
        for works, landed in zip(table.n.tolist(), result.landed.tolist(), strict=True)
    ]
    rows = zip(*(v.tolist() for v in (result.landed, result.share, result.effect, result.effect_high)), strict=True)
    texts = [
        sentences.landing(landed, share, share - effect, high - effect) if ok else ""
        for ok, (landed, share, effect, high) in zip(result.assessed.tolist(), rows, strict=True)
    ]
    return _finish(columns, result.assessed, reasons, texts)


def of_similarity(table: PaperTable, result: class_similarity.SimilarityResult, params: Params) -> pd.DataFrame:
    columns = _frame(table, class_similarity.NAME, Family.PATTERN, result.works, "share")
    columns |= {
        "statistic": result.z,
        "effect": result.effect,
        "effect_low": result.effect_low,
        "effect_high": result.effect_high,
        "p_value": result.p_value,
    }
    p = params.class_similarity
    reasons = [
        sentences.too_few(works, p.smallest_n)
        if works < p.smallest_n
        else f"нет класса хотя бы из {p.smallest_class} работ, в котором {p.smallest_pairs} пар одного варианта"
        for works in table.n.tolist()
    ]
    sizes, half = result.sizes[result.worst], result.pairs * (result.effect_high - result.effect_low) / 2
    figures = (sizes, result.pairs, result.pairs * result.close, result.pairs * result.expected, half)
    rows = zip(*(values.tolist() for values in figures), strict=True)
    texts = [
        sentences.similarity(class_similarity.class_name(table, result, i), *row) if ok else ""
        for i, (ok, row) in enumerate(zip(result.assessed.tolist(), rows, strict=True))
    ]
    return _finish(columns, result.assessed, reasons, texts)


def of_absence(table: PaperTable, result: selective_absence.AbsenceResult, params: Params) -> pd.DataFrame:
    columns = _frame(table, selective_absence.NAME, Family.ATTENDANCE, table.n, "pupils")
    effect, half = result.weak_absent - result.expected, 1.96 * result.deviation
    columns |= {
        "statistic": result.z,
        "effect": effect,
        "effect_low": effect - half,
        "effect_high": effect + half,
        "p_value": result.p_value,
    }
    smallest = params.selective_absence.smallest_n
    reasons = [
        sentences.too_few(works, smallest)
        if works < smallest
        else "почти никто из писавших другие работы не пропустил эту"
        for works in table.n.tolist()
    ]
    rows = zip(*(v.tolist() for v in (result.absent, result.weak_absent, result.expected, half)), strict=True)
    texts = [sentences.absence(*row) if ok else "" for ok, row in zip(result.assessed.tolist(), rows, strict=True)]
    return _finish(columns, result.assessed, reasons, texts)


def of_homogeneity(table: PaperTable, result: homogeneity.HomogeneityResult, params: Params) -> pd.DataFrame:
    n = table.n
    columns = _frame(table, homogeneity.NAME, Family.PATTERN, n, "points")
    columns |= {
        "statistic": result.z,
        "effect": result.observed - result.expected,
        "effect_low": result.observed - result.high,
        "effect_high": result.observed - result.low,
        "p_value": result.p_value,
    }
    reasons = [sentences.too_few(works, params.homogeneity.smallest_n) for works in n.tolist()]
    figures = (result.observed, n, result.expected, result.low, result.high)
    rows = zip(*(values.tolist() for values in figures), strict=True)
    texts = [sentences.spread(*row) if ok else "" for ok, row in zip(result.assessed.tolist(), rows, strict=True)]
    return _finish(columns, result.assessed, reasons, texts)


def of_federal(table: PaperTable | None, year: int, markers: list[federal.Marker]) -> pd.DataFrame:
    """Markers of one paper (or of ОГЭ, without a table): one row a school."""
    first = markers[0]
    names = first.schools if len(first.schools) else np.array([""])
    S = len(names)
    parts = [_marker_texts(marker, S) for marker in markers]
    assessed_by = np.array([_padded(marker.assessed, S) for marker in markers])
    assessed = np.asarray(assessed_by.any(axis=0))
    missing = [
        "" if all(known) else "; ".join(dict.fromkeys(m.reason for m, ok in zip(markers, known, strict=True) if not ok))
        for known in assessed_by.T.tolist()
    ]
    n = table.n if table is not None else np.nan_to_num(np.broadcast_to(first.figures.get("n", 0.0), S))
    values = {key: np.broadcast_to(first.figures.get(key, np.nan), S) for key in ("mean", "low", "high", "region")}
    columns = {
        "school": names.astype(object),
        "year": np.full(S, year),
        "subject": np.full(S, first.subject, dtype=object),
        "grade": np.full(S, first.grade),
        "detector": np.full(S, federal.NAME, dtype=object),
        "family": np.full(S, Family.FEDERAL.value, dtype=object),
        "n": n.astype(np.int64),
        "statistic": np.array([_padded(marker.present, S) for marker in markers]).sum(axis=0).astype(float),
        "effect": values["mean"] - values["region"],
        "effect_unit": np.full(S, "points", dtype=object),
        "effect_low": values["low"] - values["region"],
        "effect_high": values["high"] - values["region"],
        "level": _LEVELS[np.searchsorted([10, 20, 50], n, side="right")],
    }
    frame = _finish(columns, assessed, missing, [sentences.federal(part) for part in zip(*parts, strict=True)])
    # Markers that could not be computed are named even where others could.
    frame["reason"] = np.array(missing, dtype=object)
    return frame


def _marker_texts(marker: federal.Marker, size: int) -> list[str]:
    words = sentences.FEDERAL_FIGURES[marker.name]
    figures = [np.broadcast_to(marker.figures.get(word, np.nan), size).tolist() for word in words]
    rows = zip(_padded(marker.assessed, size), _padded(marker.present, size), *figures, strict=True)
    return [
        sentences.federal_part(marker.name, assessed, present, marker.reason, numbers)
        for assessed, present, *numbers in rows
    ]


def _padded(values: np.ndarray, size: int) -> list[bool]:
    return values.tolist() if len(values) == size else [False] * size
