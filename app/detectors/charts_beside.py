"""Figures behind the charts of the detectors that look beside the paper, as plain values ready for JSON."""

from __future__ import annotations

import numpy as np

from app.detectors.external_gap import GapResult
from app.detectors.protocol import ProtocolResult
from app.detectors.recurrence import FEDERAL_SOURCES, RecurrenceResult
from app.detectors.tables import PaperTable
from app.detectors.upper_tail import TailResult
from app.detectors.year_swing import SwingResult, share_in


def _r(value: float, digits: int = 4) -> float | None:
    return round(float(value), digits) if np.isfinite(value) else None


def tail(table: PaperTable, result: TailResult, i: int) -> dict:
    """Score distribution of school number `i` with the good works and the top scores marked."""
    counts = table.taught.counts[i]
    return {
        "kind": "distribution",
        "scores": list(range(len(counts))),
        "observed": counts.astype(int).tolist(),
        "expected": np.round(result.tilted[i] * counts.sum(), 2).tolist(),
        "cuts": [],
        "tail": {"middle": result.middle, "high": result.high},
        "good": int(result.good[i]),
        "top": int(result.top[i]),
        "expected_share": _r(result.expected[i]),
        "expected_low": _r(result.low[i]),
        "expected_high": _r(result.high_share[i]),
        "phi": _r(result.phi[i], 2),
        "reference": result.reference,
    }


def cohort(result: SwingResult, i: int) -> dict:
    """Line of the cohort of school number `i` over the years against the middle half of the schools."""
    now = result.waves[-1]
    top = now.top
    points = []
    for wave in result.waves:
        share = share_in(now.schools, wave)
        n = wave.n[np.flatnonzero(wave.schools == now.schools[i])]
        known = share[np.isfinite(share)]
        quarter, half, three = (float(v) for v in np.percentile(known, [25, 50, 75])) if len(known) else (np.nan,) * 3
        points.append(
            {
                "year": wave.year,
                "grade": wave.grade,
                "own": _r(share[i]),
                "n": int(n[0]) if len(n) else 0,
                "low": _r(quarter),
                "middle": _r(half),
                "high": _r(three),
            }
        )
    observed = float(now.mean_of(now.y)[i])
    return {
        "kind": "cohort_line",
        "points": points,
        "expected": _r(result.predicted[i] / top),
        "expected_low": _r((observed - result.effect_high[i]) / top),
        "expected_high": _r((observed - result.effect_low[i]) / top),
        "jump": _r(result.z_jump[i], 2),
        "before": _r(result.z_before[i], 2),
        "index": _r(result.index[i], 3),
        "by_marks": result.by_marks,
    }


def outside_frame(table: PaperTable, result: GapResult) -> dict:
    """The part of the scatter that all schools of a paper share: anonymous points and the line."""
    known = result.assessed
    x, y = result.outside.mean[known], table.mean[known] / table.spec.max_score
    order = np.argsort(x, kind="stable")
    line = np.linspace(0, len(order) - 1, min(len(order), 24)).round().astype(int)
    predicted = result.predicted[known] / table.spec.max_score
    return {
        "kind": "external_scatter",
        "x": np.round(x, 2).tolist(),
        "y": np.round(y, 4).tolist(),
        "line": [[round(float(x[k]), 2), round(float(predicted[k]), 4)] for k in order[line]],
        "exams": list(result.outside.exams),
    }


def outside(shared: dict, table: PaperTable, result: GapResult, i: int) -> dict:
    """Scatter of outside result and mean with school number `i` marked."""
    top = table.spec.max_score
    return {
        **shared,
        "index": int(np.flatnonzero(np.flatnonzero(result.assessed) == i)[0]),
        "own": [_r(result.outside.mean[i], 2), _r(table.mean[i] / top)],
        "leavers": int(result.outside.n[i]),
        "n": int(table.n[i]),
        "expected": _r(result.predicted[i] / top),
        "expected_low": _r((table.mean[i] - result.effect_high[i]) / top),
        "expected_high": _r((table.mean[i] - result.effect_low[i]) / top),
        "clears": bool(result.clears[i]),
        "z": {"own": _r(result.z_own[i], 2), "outside": _r(result.z_outside[i], 2), "gap": _r(result.z[i], 2)},
    }


def upload(result: ProtocolResult, i: int) -> dict:
    """Facts of the upload of school number `i`."""
    return {
        "kind": "protocol",
        "facts": [
            {
                "fact": fact,
                "count": _r(values[i], 1),
                "of": _r(result.of[fact][i], 0),
                "usual": _r(result.usual[fact][i]),
                "odd": bool(result.odd[fact][i]),
            }
            for fact, values in result.counts.items()
            if np.isfinite(values[i])
        ],
    }


def history(result: RecurrenceResult, i: int) -> dict:
    """Lists and runs of earlier years with the marks of school number `i`."""
    return {
        "kind": "recurrence",
        "periods": [
            {
                "year": period.year,
                "source": "federal_list" if period.source in FEDERAL_SOURCES else period.source,
                "marked": bool(period.marked[i]),
                "rate": _r(period.rate),
            }
            for period in result.periods
        ],
        "count": int(result.count[i]),
        "expected": _r(result.expected, 2),
        "high": int(result.high),
        "federal_years": int(result.federal_years[i]),
        "again": bool(result.again[i]),
    }
