"""The indicators of low results, school by school."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from app.low_results.rules import Rules

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Sign:
    """One indicator of one paper: what was found, with its interval, against what limit.

    `value`, `low`, `high`, `limit` are shares of works (``many_twos``) or of participants (``below_minimum``), shares
    of the maximum (``low_mean``) or marks (``weak_exam``).
    """

    indicator: str
    year: int
    subject: str
    grade: int | None
    n: int
    value: float
    low: float
    high: float
    limit: float

    def as_plain(self) -> dict[str, Any]:
        return {key: round(v, 6) if isinstance(v, float) else v for key, v in asdict(self).items()}


@dataclass(frozen=True)
class LowSchool:
    """A school that the rule marks: its signs of the year, and those papers whose sign stood a year ago as well."""

    school: str
    signs: tuple[Sign, ...]
    again: tuple[tuple[str, int | None], ...] = field(default=())

    @property
    def strength(self) -> float:
        """How much there is to help with: a sign counts one, one that stands for two years counts two."""
        repeated = sum((sign.subject, sign.grade) in self.again for sign in self.signs)
        return float(len(self.signs) + repeated)


def find(
    papers: pd.DataFrame,
    rules: Rules,
    *,
    year: int,
    groups: Mapping[str, str] | None = None,
    exams: pd.DataFrame | None = None,
) -> list[LowSchool]:
    r"""Schools whose results are low by the year's indicators, by code.

    Parameters
    ----------
    papers : DataFrame
        One row a school × paper: ``school, year, subject, grade, n`` (works), ``twos`` (works with the mark 2, NaN when
        no official marks are known), ``mean`` and ``sd`` (score in shares of the maximum, NaN when not known). Rows of
        the year before serve the rule of two years.
    rules : Rules
    year : int
        Calendar year that is judged.
    groups : mapping, optional
        School → cluster; means are compared inside clusters. Without it all schools are one group.
    exams : DataFrame, optional
        ``school, exam, subject, n, mean_mark`` and, where known, ``year``, ``sd_mark`` (spread of the marks inside the
        school) and ``below`` (participants below the minimum). Of each examination the newest year counts.

    Returns
    -------
    list of LowSchool

    Notes
    -----
    Shares of 2 and below the minimum: Wilson's interval [1]. Mean: :math:`\bar x \pm t_{n-1}\,s/\sqrt n` against the
    mean of the *other* schools of the group, each school one vote, so that a large school does not set its own norm. A
    sign needs the whole interval beyond the limit: an indicator that might be chance is none.

    References
    ----------
    .. [1] E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22, 1927, 209-212.
    """
    signs: dict[str, list[Sign]] = defaultdict(list)
    before: dict[str, set[tuple[str, int | None]]] = defaultdict(set)
    for (of_year, subject, grade), rows in papers.groupby(["year", "subject", "grade"], sort=True):
        found = [*_many_twos(rows, rules), *_low_means(rows, rules, groups or {})]
        for school, values in found:
            sign = Sign(values[0], int(of_year), str(subject), int(grade), *values[1:])
            if of_year == year:
                signs[school].append(sign)
            elif of_year == year - 1:
                before[school].add((sign.subject, sign.grade))
    for school, sign in [*_weak_exams(exams, rules, year), *_below_minimum(exams, rules, year)]:
        signs[school].append(sign)
    marked = []
    for school in sorted(signs):
        again = sorted({(s.subject, s.grade) for s in signs[school]} & before[school], key=str)
        if len(signs[school]) >= rules.signs or (rules.two_years and again):
            marked.append(LowSchool(school, tuple(signs[school]), tuple(again)))
    return marked


Found = tuple[str, tuple[str, int, float, float, float, float]]


def _many_twos(rows: pd.DataFrame, rules: Rules) -> list[Found]:
    known = rows[rows["twos"].notna() & (rows["n"] >= rules.works)]
    found: list[Found] = []
    for school, n, twos in zip(known["school"], known["n"], known["twos"], strict=True):
        low, high = wilson(float(twos), int(n))
        if low >= rules.twos_share:
            found.append((str(school), ("many_twos", int(n), float(twos) / int(n), low, high, rules.twos_share)))
    return found


def _low_means(rows: pd.DataFrame, rules: Rules, groups: Mapping[str, str]) -> list[Found]:
    known = rows[rows["mean"].notna() & rows["sd"].notna() & (rows["n"] >= rules.works)]
    found: list[Found] = []
    group = known["school"].map(lambda school: groups.get(str(school), ""))
    for _name, part in known.groupby(group, sort=True):
        count = len(part)
        if count - 1 < rules.mean_schools:
            continue
        mean, n = part["mean"].to_numpy(float), part["n"].to_numpy(int)
        others = (mean.sum() - mean) / (count - 1)
        half = stats.t.ppf((1 + CONFIDENCE) / 2, n - 1) * part["sd"].to_numpy(float) / np.sqrt(n)
        for i in np.flatnonzero(mean + half < others - rules.mean_gap):
            low, high = float(mean[i] - half[i]), float(mean[i] + half[i])
            limit = float(others[i] - rules.mean_gap)
            found.append((str(part["school"].iloc[i]), ("low_mean", int(n[i]), float(mean[i]), low, high, limit)))
    return found


def _weak_exams(exams: pd.DataFrame | None, rules: Rules, year: int) -> list[tuple[str, Sign]]:
    """ОГЭ by its mean mark; ЕГЭ has no marks and no common scale of its subjects, so its means give no sign."""
    if exams is None or not len(exams) or "mean_mark" not in exams.columns:
        return []
    rows = _newest(exams[(exams["exam"] == "oge") & exams["mean_mark"].notna() & (exams["n"] >= rules.exam_works)])
    found = []
    for subject, part in rows.groupby("subject", sort=True):
        limit = float(np.average(part["mean_mark"], weights=part["n"])) - rules.exam_gap
        spread = part["sd_mark"].fillna(rules.exam_spread) if "sd_mark" in part.columns else rules.exam_spread
        n = part["n"].to_numpy(int)
        half = (
            stats.t.ppf((1 + CONFIDENCE) / 2, n - 1) * np.broadcast_to(np.asarray(spread, float), n.shape) / np.sqrt(n)
        )
        mean = part["mean_mark"].to_numpy(float)
        at = part["year"].to_numpy(int) if "year" in part.columns else np.full(len(part), year)
        for i in np.flatnonzero(mean + half < limit):
            sign = Sign(
                "weak_exam", int(at[i]), str(subject), 9, int(n[i]), float(mean[i]), float(mean[i] - half[i]),
                float(mean[i] + half[i]), limit,
            )  # fmt: skip
            found.append((str(part["school"].iloc[i]), sign))
    return found


def _below_minimum(exams: pd.DataFrame | None, rules: Rules, year: int) -> list[tuple[str, Sign]]:
    """ОГЭ and ЕГЭ by the share that stays below the minimum: it needs no common scale of subjects."""
    if exams is None or not len(exams) or "below" not in exams.columns:
        return []
    found = []
    rows = exams[exams["exam"].isin(list(_GRADES)) & exams["below"].notna() & (exams["n"] >= rules.below_works)]
    for exam, part in rows.groupby("exam", sort=True):
        for row in _newest(part).sort_values(["school", "subject"]).itertuples(index=False):
            n, below = int(row.n), float(row.below)
            low, high = wilson(below, n)
            if low >= rules.below_share:
                sign = Sign(
                    "below_minimum", int(getattr(row, "year", year)), str(row.subject), _GRADES[str(exam)], n,
                    below / n, low, high, rules.below_share,
                )  # fmt: skip
                found.append((str(row.school), sign))
    return found


_GRADES = {"oge": 9, "ege": 11}


def _newest(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["year"] == rows["year"].max()] if "year" in rows.columns and len(rows) else rows


def wilson(k: float, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval of the share k/n, in 0..1."""
    z = float(stats.norm.ppf((1 + CONFIDENCE) / 2))
    share = k / n
    centre, room = share + z * z / (2 * n), z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return float(max(0.0, (centre - room) / scale)), float(min(1.0, (centre + room) / scale))
