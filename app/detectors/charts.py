"""Figures behind a finding's chart, as plain values ready for JSON."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from scipy import special

from app.detectors.boundary_push import BoundaryResult
from app.detectors.class_similarity import SimilarityResult, class_name, close_pairs
from app.detectors.combination import benjamini_hochberg
from app.detectors.contextual_mean import MeanResult
from app.detectors.federal import CAVEAT, Marker
from app.detectors.few_lowest import LowestResult
from app.detectors.heaping import frandsen_p
from app.detectors.homogeneity import HomogeneityResult
from app.detectors.homogeneity_parts import PARTS as HOMOGENEITY_PARTS
from app.detectors.homogeneity_parts import HomogeneityParts
from app.detectors.item_intervals import ItemIntervals
from app.detectors.item_profile import PARTS, ProfileResult
from app.detectors.journal_gap import JournalResult, marks_of_scores
from app.detectors.landing_profile import LandingResult
from app.detectors.selective_absence import AbsenceResult
from app.detectors.tables import PaperTable


def _r(value: float, digits: int = 2) -> float:
    return round(float(value), digits)


def _rounded(columns: Iterable[np.ndarray], digits: int) -> list[list[float]]:
    """Columns as lists of rounded numbers; Python rounds to the nearest decimal, which numpy does not always."""
    return [[round(value, digits) for value in column.tolist()] for column in columns]


def distribution(table: PaperTable, result: BoundaryResult, i: int, frandsen_k: float = 0.02) -> dict:
    """Score distribution of school number `i` with the cuts and the expected curve."""
    test = result.test
    cuts = list(table.spec.mark_from or ())
    counts = table.counts[i]
    expected = test.tilt.probabilities[i] * counts.sum()
    first = cuts[0] if cuts else 0
    half = 1.96 * float(test.expected_deviation[i])
    awaited = float(test.expected[i])
    return {
        "kind": "distribution",
        "scores": list(range(len(counts))),
        "observed": counts.astype(int).tolist(),
        "expected": np.round(expected, 2).tolist(),
        "cuts": [int(c) for c in cuts],
        "excess": _r(test.effect[i]),
        "excess_low": _r(test.effect_low[i]),
        "excess_high": _r(test.effect_high[i]),
        "at_cuts": int(test.at_cuts[i]),
        "expected_at_cuts": _r(awaited),
        "expected_low": _r(max(0.0, awaited - half)),
        "expected_high": _r(awaited + half),
        "below_first": {"observed": int(counts[:first].sum()), "expected": _r(expected[:first].sum())},
        "usual_at_cuts": _r(result.against_pool.expected[i]),
        "reference": result.reference,
        "region_heaped": result.region.heaped,
        "frandsen_k": frandsen_k,
        "frandsen": [_frandsen(counts, int(c), frandsen_k) for c in cuts if 1 <= c < len(counts) - 1],
    }


def _frandsen(counts: np.ndarray, cut: int, k: float) -> dict:
    """Three counts around a cut and what they say by themselves."""
    below, at, above = (int(works) for works in counts[cut - 1 : cut + 2])
    return {"cut": cut, "counts": [below, at, above], "p_value": float(f"{frandsen_p(below, at, above, k):.3g}")}


def lowest(table: PaperTable, result: LowestResult, i: int) -> dict:
    """Score distribution of school number `i` with its lower end against the expected one."""
    counts = table.counts[i]
    half = 1.96 * float(result.deviation[i])
    return {
        "kind": "distribution",
        "scores": list(range(len(counts))),
        "observed": counts.astype(int).tolist(),
        "expected": np.round(result.tilted[i] * counts.sum(), 2).tolist(),
        "cuts": [int(c) for c in table.spec.mark_from or ()],
        "excess": _r(result.observed[i] - result.expected[i]),
        "excess_low": _r(result.observed[i] - result.expected[i] - half),
        "excess_high": _r(result.observed[i] - result.expected[i] + half),
        "below_first": {"observed": int(result.observed[i]), "expected": _r(result.expected[i])},
        "reference": result.reference,
    }


def region_distribution(table: PaperTable, result: BoundaryResult) -> dict:
    """Score distribution of the whole pool with the smooth curve."""
    region = result.region
    return {
        "kind": "distribution",
        "scores": list(range(table.counts.shape[1])),
        "observed": table.counts.sum(axis=0).astype(int).tolist(),
        "expected": np.round(region.smooth, 1).tolist(),
        "cuts": [int(c) for c in table.spec.mark_from or ()],
        "excess": _r(region.excess, 1),
        "excess_low": _r(region.low, 1),
        "excess_high": _r(region.high, 1),
        "by_cut": region.cuts,
        "method": region.method,
        "region_heaped": region.heaped,
    }


def funnel_frame(table: PaperTable, result: MeanResult) -> dict:
    """The part of the funnel that all schools of a paper share: anonymous points and limits."""
    n = table.n
    top = table.spec.max_score
    centre = float(np.average(result.predicted, weights=np.maximum(n, 1)))
    # Limits are shown at the paper's typical mean, in points, for a school with typical classes: variance = a + b/n.
    to_points = centre * (1 - centre / top)
    design = np.column_stack((np.ones(len(n)), 1 / np.maximum(n, 1)))
    (a, b), *_ = np.linalg.lstsq(design, result.context.deviation**2, rcond=None)
    sizes = np.unique(np.clip(np.geomspace(5, max(10.0, float(n.max())), 24).round(), 5, None))
    deviation = np.sqrt(np.maximum(a + b / sizes, 1e-6)) * to_points
    residual = result.context.residual * to_points
    return {
        "kind": "funnel",
        "n": n.astype(int).tolist(),
        "residual": np.round(residual, 2).tolist(),
        "limits": {
            "n": sizes.astype(int).tolist(),
            "95": np.round(1.96 * deviation, 2).tolist(),
            "99.8": np.round(3.09 * deviation, 2).tolist(),
        },
    }


def funnel(shared: dict, table: PaperTable, result: MeanResult, i: int) -> dict:
    """Funnel plot with school number `i` marked."""
    return {
        **shared,
        "index": i,
        "mean": _r(table.taught.mean[i]),
        "expected": _r(result.predicted[i]),
        "effect": _r(result.effect[i]),
        "effect_low": _r(result.effect_low[i]),
        "effect_high": _r(result.effect_high[i]),
        "shrunk": _r(result.shrunk[i]),
        "by_history": bool(result.by_history[i]),
        "reference": str(result.reference[i]),
    }


def journal_table(table: PaperTable, result: JournalResult, i: int) -> dict:
    """Journal × paper marks of school number `i` with shares against the reference."""
    assert table.journal is not None
    assert table.spec.mark_from is not None
    marks = marks_of_scores(table.spec.max_score, table.spec.mark_from)
    matrix = np.zeros((4, 4), dtype=int)
    np.add.at(matrix.T, marks - 2, table.journal[i].astype(int))
    n = max(float(result.works[i]), 1.0)
    shares = {}
    for k, word in enumerate(("lowered", "confirmed", "raised")):
        own, reference = float(result.shares[i, k]), float(result.expected[i, k])
        half = 1.96 * np.sqrt(max(reference * (1 - reference), 0.01) / n)
        shares[word] = {
            "own": _r(own, 4),
            "reference": _r(reference, 4),
            "low": _r(max(0.0, reference - half), 4),
            "high": _r(min(1.0, reference + half), 4),
        }
    return {
        "kind": "journal_table",
        "journal": [2, 3, 4, 5],
        "paper": [2, 3, 4, 5],
        "matrix": matrix.tolist(),
        "shares": shares,
        "far": _r(result.far[i], 4),
        "part": str(result.part[i]),
        "z": {part: _r(z) for part, z in zip(("raised", "copied", "lowered"), result.part_z[i], strict=True)},
    }


def profile(table: PaperTable, result: ProfileResult, i: int, view: ItemIntervals | None = None) -> dict:
    """Completion of each item of school number `i` against works with the same scores; q over its items.

    `view` adds each item's own interval and the usual completion, whatever the score.
    """
    z = result.item_z[i]
    q = benjamini_hochberg(np.where(z == 0, np.nan, 2 * special.ndtr(-np.abs(z))))
    items = _items(table, result, i, result.shown[i], q)
    if view is not None:
        columns = _rounded((view.low[i], view.high[i], view.usual[i], view.q[i]), 4)
        for item, low, high, usual, of_q, above in zip(items, *columns, view.above[i].tolist(), strict=True):
            item["view"] = {"low": low, "high": high, "usual": usual, "q": of_q, "above": above}
    return {
        "kind": "item_profile",
        "items": items,
        "degree": str(view.degree[i]) if view is not None else None,
        "part": str(result.part[i]),
        "z": {part: _r(value) for part, value in zip(PARTS, result.part_z[i], strict=True)},
        "effect": _r(result.effect[i], 4),
        "effect_low": _r(result.effect_low[i], 4),
        "effect_high": _r(result.effect_high[i], 4),
        "reference": result.reference,
    }


def _items(
    table: PaperTable, result: ProfileResult | LandingResult, i: int, shown: np.ndarray, q: np.ndarray | None = None
) -> list[dict]:
    """Completion of each item, and what works with the same scores complete, with a 95 % interval."""
    expected, half = result.expected[i], 1.96 * result.deviation[i]
    columns = (
        result.completion[i], expected, np.maximum(0.0, expected - half), np.minimum(1.0, expected + half),
        np.full(len(expected), np.nan) if q is None else q,
    )  # fmt: skip
    rows = zip(table.spec.item_max, *_rounded(columns, 4), shown.tolist(), strict=True)
    return [
        {
            "item": k,
            "max": int(top),
            "own": own,
            "expected": awaited,
            "low": low,
            "high": high,
            "q": of_q if math.isfinite(of_q) else None,
            "shown": bool(known),
        }
        for k, (top, own, awaited, low, high, of_q, known) in enumerate(rows, 1)
    ]


def landing(table: PaperTable, result: LandingResult, i: int) -> dict:
    """Completion of each item by the works at the cuts of school number `i` against works with the same scores."""
    return {
        "kind": "item_profile",
        "items": _items(table, result, i, result.hard),
        "part": "landing",
        "landed": int(result.landed[i]),
        "effect": _r(result.effect[i], 4),
        "effect_low": _r(result.effect_low[i], 4),
        "effect_high": _r(result.effect_high[i], 4),
        "reference": result.reference,
    }


def similarity(table: PaperTable, result: SimilarityResult, i: int) -> dict:
    """Heat map of the most alike class of school number `i`, works without their codes, most alike first."""
    alike, same = close_pairs(table, result, i)
    shown = np.round(alike, 1).astype(object)
    shown[~same] = None
    return {
        "kind": "class_similarity",
        "class": class_name(table, result, i),
        "alike": shown.tolist(),
        "pairs": int(result.pairs[i]),
        "close": _r(result.close[i], 4),
        "expected": _r(result.expected[i], 4),
        "effect": _r(result.effect[i], 4),
        "effect_low": _r(result.effect_low[i], 4),
        "effect_high": _r(result.effect_high[i], 4),
        "part": str(result.part[i]),
        "classes": int(result.classes[i]),
    }


def spread(table: PaperTable, result: HomogeneityResult, i: int) -> dict:
    """Score distribution of school number `i` against the reference at its mean."""
    counts = table.taught.counts[i]
    return {
        "kind": "distribution",
        "scores": list(range(len(counts))),
        "observed": counts.astype(int).tolist(),
        "expected": np.round(result.tilted[i] * counts.sum(), 2).tolist(),
        "cuts": [int(c) for c in table.spec.mark_from or ()],
        "spread": _r(result.observed[i]),
        "expected_spread": _r(result.expected[i]),
        "expected_low": _r(result.low[i]),
        "expected_high": _r(result.high[i]),
        "reference": result.reference,
    }


def faces(parts: HomogeneityParts | None, i: int) -> dict:
    """What else of school number `i` is even: marks, answers, gaps; nothing where only the spread was judged."""
    if parts is None:
        return {}
    return {
        "parts": [
            {
                "part": part,
                "own": _r(parts.observed[i, k], 3),
                "expected": _r(parts.expected[i, k], 3),
                "z": _r(parts.z[i, k]),
            }
            for k, part in enumerate(HOMOGENEITY_PARTS)
            if np.isfinite(parts.z[i, k])
        ]
    }


def absence(result: AbsenceResult, i: int) -> dict:
    """Who is missing in school number `i`: the weak and the others, counted and to be expected."""
    weak, absent, expected = float(result.weak_absent[i]), float(result.absent[i]), float(result.expected[i])
    half = 1.96 * float(result.deviation[i])
    return {
        "kind": "absence",
        "pupils": int(result.pupils[i]),
        "absent": int(absent),
        "weak": int(weak),
        "expected": _r(expected),
        "low": _r(max(0.0, expected - half)),
        "high": _r(expected + half),
    }


def federal_markers(markers: list[Marker], i: int) -> dict:
    """The federal markers of school number `i`, each with its numbers or the reason why there are none."""
    rows = []
    for marker in markers:
        figures = {key: float(np.broadcast_to(v, len(marker.schools))[i]) for key, v in marker.figures.items()}
        assessed = bool(marker.assessed[i])
        rows.append(
            {
                "marker": marker.name,
                "assessed": assessed,
                "present": bool(marker.present[i]),
                "reason": "" if assessed else marker.reason,
                **{key: _r(v, 4) if np.isfinite(v) else None for key, v in figures.items()},
            }
        )
    return {"kind": "federal", "markers": rows, "caveat": CAVEAT}
