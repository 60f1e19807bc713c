"""English sentences of findings, worded anew from the figures that are kept with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.admin import words

_FACTS = {
    "absent": "pupils did not sit the paper",
    "fewer_works": "works missing against another subject",
    "late": "days after the due day or the first upload",
    "total_mismatch": "totals are not the sum of the items",
    "out_of_range": "impossible values",
    "duplicates": "participants' codes repeated",
    "one_variant": "works, all of one variant",
}


def of(finding: Mapping[str, Any]) -> str | None:
    """Sentence of a finding whose figures say more than its effect; None where there is none."""
    figures = finding.get("evidence")
    if finding.get("outcome") not in (None, "assessed") or not isinstance(figures, Mapping):
        return None
    return {
        "distribution": _tail,
        "cohort_line": _cohort,
        "external_scatter": _outside,
        "protocol": _upload,
        "recurrence": _history,
    }.get(str(figures.get("kind")), _nothing)(finding, figures)


def _nothing(finding: Mapping[str, Any], figures: Mapping[str, Any]) -> str | None:
    return None


def _between(figures: Mapping[str, Any]) -> str:
    return f"95 % CI {words.number(100 * figures['expected_low'], 0)}–{words.percent(figures['expected_high'])}"


def _tail(finding: Mapping[str, Any], figures: Mapping[str, Any]) -> str | None:
    if not figures.get("tail"):
        return None
    good, top, tail = figures["good"], figures["top"], figures["tail"]
    return (
        f"Of {good} good works (from {tail['middle']} points) {top} have top scores (from {tail['high']}), that is "
        f"{words.percent(top / max(good, 1))}; schools with the same mean would have "
        f"{words.percent(figures['expected_share'])} ({_between(figures)})."
    )


def _cohort(finding: Mapping[str, Any], figures: Mapping[str, Any]) -> str | None:
    *_, last, now = figures["points"]
    if last["own"] is None or now["own"] is None:
        return None
    return (
        f"The same pupils earned {words.percent(last['own'])} of the points in {last['year']} and now "
        f"{words.percent(now['own'])} ({words.number(finding['n'])} works); last year's result would predict "
        f"{words.percent(figures['expected'])} ({_between(figures)})."
    )


def _outside(finding: Mapping[str, Any], figures: Mapping[str, Any]) -> str:
    mark, share = figures["own"]
    text = (
        f"{words.percent(share)} of the points ({words.number(figures['n'])} works); the outside result "
        f"({words.number(mark, 2)} on average, {words.number(figures['leavers'])} participants) would predict "
        f"{words.percent(figures['expected'])} ({_between(figures)})."
    )
    if figures.get("clears"):
        text += " The outside result bears out the school's high level: its mean does not count as a sign."
    return text


def _upload(finding: Mapping[str, Any], figures: Mapping[str, Any]) -> str:
    odd = [row for row in figures["facts"] if row["odd"]]
    if not odd:
        return f"Nothing odd about the upload ({len(figures['facts'])} facts checked)."
    parts = []
    for row in odd:
        out_of = "" if row["of"] is None else f" of {words.number(row['of'])}"
        usual = "" if row["usual"] is None else f", usually {words.percent(row['usual'])}"
        parts.append(f"{words.number(row['count'])}{out_of}{usual} – {_FACTS.get(row['fact'], row['fact'])}")
    return "The upload: " + "; ".join(parts) + "."


def _history(finding: Mapping[str, Any], figures: Mapping[str, Any]) -> str:
    count, years = figures["count"], figures["federal_years"]
    text = (
        f"Marked {_times(count, 'time')} in {len(figures['periods'])} lists and runs of earlier years; chance would "
        f"give {words.number(figures['expected'], 1)} (95 % CI 0–{figures['high']})."
    )
    return text + (f" On the federal list in {_times(years, 'year')}." if years else "")


def _times(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
