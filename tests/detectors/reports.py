"""Ready reports made of simulated works: what a district gets from the federal cabinet instead of the works."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from app.detectors import PaperSpec
from app.detectors.aggregates import Aggregates


def reports_of(works: pd.DataFrame, papers: Sequence[PaperSpec], kinds: Sequence[str] = ()) -> Aggregates:
    """Marks and distributions in per cent with two decimals, items in per cent, the journal in works, means with sd."""
    rows: dict[str, list[dict]] = {kind: [] for kind in ("marks", "distributions", "items", "journal", "means")}
    for spec in papers:
        assert spec.mark_from is not None
        own = works[(works["subject"] == spec.subject) & (works["grade"] == spec.grade)]
        own = own.assign(paper_mark=2 + np.searchsorted(spec.mark_from, own["score"], side="right"))
        for school, group in own.groupby("school"):
            n = len(group)
            key = {"school": school, "year": spec.year, "subject": spec.subject, "grade": spec.grade, "n": n}
            marks = np.bincount(group["paper_mark"] - 2, minlength=4)
            scores = np.bincount(group["score"], minlength=spec.max_score + 1)
            side = np.sign(group["paper_mark"] - group["journal_mark"])
            rows["marks"].append(key | dict(zip("2345", percent(marks), strict=True)))
            rows["distributions"].append(key | {str(s): p for s, p in enumerate(percent(scores))})
            rows["items"].append(
                key | {f"item_{k}": round(100 * float(group[f"item_{k}"].mean()) / top, 2)
                       for k, top in enumerate(spec.item_max, 1)}
            )  # fmt: skip
            rows["journal"].append(
                key | {word: int((side == s).sum()) for word, s in (("lowered", -1), ("confirmed", 0), ("raised", 1))}
            )
            rows["means"].append(key | {"mean": group["score"].mean(), "sd": group["score"].std()})
    return Aggregates(**{kind: pd.DataFrame(found) for kind, found in rows.items() if not kinds or kind in kinds})


def percent(counts: np.ndarray) -> list[float]:
    return [round(100 * float(count) / float(counts.sum()), 2) for count in counts]
