"""From which schools a control group is drawn, who may not be in it and why, and how its context compares."""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import datafiles
from app.flows import CLOSED
from app.models import Case, FederalMarker, Finding, Flag, School
from app.terms import Verdict
from app.workflows.cluster_sets import approved_set, cluster_names, school_facts

if TYPE_CHECKING:
    from app.comparison.control_sample import FrameSchool


@dataclass(frozen=True)
class ControlRules:
    """Sizes, exclusions and limits of balance, from ``app/data/control_group.toml``."""

    version: str
    size: int
    smallest: int
    per_municipality: int
    draws: int
    works: int
    kinds: tuple[str, ...]
    confirmed_years: int
    federal_years: int
    good: float
    bad: float


@cache
def load_rules() -> ControlRules:
    path = datafiles.DATA_DIR / "control_group.toml"
    file = datafiles.load(path, keys={"sample", "excluded", "balance"})
    tables = {
        "sample": {"size", "smallest", "per_municipality", "draws", "works"},
        "excluded": {"kinds", "confirmed_years", "federal_years"},
        "balance": {"good", "bad"},
    }
    values: dict[str, Any] = {}
    for name, keys in tables.items():
        datafiles.require_keys(file.body[name], keys, where=f"{path.name} [{name}]")
        values |= file.body[name]
    return ControlRules(file.version, **{**values, "kinds": tuple(values["kinds"])})


def objections(session: Session, *, at: datetime) -> dict[int, tuple[str, str]]:
    """Schools in sight that may not be in a control group, by id, each with the reason in both languages."""
    rules = load_rules()
    since = at - timedelta(days=366 * rules.confirmed_years)
    found: dict[int, tuple[str, str]] = {}
    newest = session.scalar(select(func.max(FederalMarker.year)))
    if newest is not None:
        listed = select(FederalMarker.school_id, FederalMarker.year).where(
            FederalMarker.year > newest - rules.federal_years
        )
        for school_id, year in session.execute(listed.order_by(FederalMarker.year)):
            _note(found, school_id, f"в федеральном списке {year} года", f"on the federal list of {year}")
    last_run = session.scalar(select(func.max(Finding.run_id)).where(Finding.school_id.is_not(None)))
    for flag_school, year in session.execute(select(Flag.school_id, Flag.year).where(Flag.run_id == last_run)):
        _note(found, flag_school, f"признаки в проверке за {year} год", f"signs in the screening of {year}")
    cases = select(Case.school_id, Case.number, Case.state, Case.verdict, Case.closed_at).order_by(Case.id)
    for school_id, number, state, verdict, closed_at in session.execute(cases):
        if state != CLOSED:
            _note(found, school_id, f"открыто дело {number}", f"case {number} is open")
        elif verdict is Verdict.CONFIRMED and closed_at is not None and closed_at >= since:
            _note(found, school_id, f"признаки подтверждены по делу {number}", f"signs confirmed in case {number}")
    return found


def _note(found: dict[int, tuple[str, str]], school_id: int | None, ru: str, en: str) -> None:
    if school_id is not None:
        found[school_id] = (ru, en)


def build_frame(session: Session, *, at: datetime) -> dict[str, Any]:
    """The population as plain JSON: features, and for each school what the draw looks at and why it may not be drawn.

    Strata are the approved clusters where there are such, else settlement by kind.
    """
    from app.comparison.features import feature_table, load_features

    rules, spec = load_rules(), load_features()
    against = objections(session, at=at)
    chosen = approved_set(session)
    clusters = cluster_names(session, chosen) if chosen is not None else {}
    in_english = cluster_names(session, chosen, "en") if chosen is not None else {}
    schools = [s for s in session.scalars(select(School).order_by(School.code)) if s.kind not in rules.kinds]
    table = feature_table([school_facts(school) for school in schools], spec)
    by_code = {school.code: school for school in schools}
    rows, english = [], {}
    for school in schools:
        plain = _plain_stratum(school)
        english[clusters.get(school.id) or plain[0]] = in_english.get(school.id) or plain[1]
    for code, values in zip(table.codes, table.values.tolist(), strict=True):
        school = by_code[code]
        reason = against.get(school.id)
        rows.append(
            {
                "code": code,
                "municipality": school.municipality.code,
                "stratum": clusters.get(school.id) or _plain_stratum(school)[0],
                "context": [value if math.isfinite(value) else None for value in values],
                "against": list(reason) if reason else None,
            }
        )
    return {
        "features": [{"name": f.name, "ru": f.title["ru"], "en": f.title["en"]} for f in table.features],
        "features_version": spec.version,
        "absent": [f.title["ru"] for f in table.absent],
        "strata": english,
        "schools": rows,
    }


def frame_schools(frame: Mapping[str, Any]) -> list[FrameSchool]:
    """The stored frame as the draw wants it."""
    from app.comparison.control_sample import FrameSchool

    return [
        FrameSchool(
            row["code"],
            row["municipality"],
            row["stratum"],
            tuple(math.nan if value is None else float(value) for value in row["context"]),
            row["against"] is None,
        )
        for row in frame["schools"]
    ]


def digest(frame: Mapping[str, Any]) -> str:
    return hashlib.sha256(
        json.dumps(frame, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    ).hexdigest()


def balance_of(
    session: Session, frame: Mapping[str, Any], *, first: Collection[str], drawn: Collection[str], now: Collection[str]
) -> dict[str, Any]:
    """Means and standardised differences of each covariate: first draw, proposed sample, sample as it stands."""
    import numpy as np

    from app.comparison.control_sample import imbalance, standardised_differences

    schools = frame_schools(frame)
    context = np.array([school.context for school in schools], dtype=float).reshape(len(schools), -1)
    columns, distances = {}, {}
    for name, codes in (("first", first), ("drawn", drawn), ("now", now)):
        sample = context[np.array([school.code in codes for school in schools], dtype=bool)]
        columns[name] = [_finite(value) for value in standardised_differences(context, sample)]
        distances[name] = imbalance(context, sample)
        if name == "now":
            means = [_finite(value) for value in _means(sample)]
    rows = [
        {**feature, "region": region, "sample": sample_mean, **{name: columns[name][j] for name in columns}}
        for j, (feature, region, sample_mean) in enumerate(
            zip(frame["features"], [_finite(value) for value in _means(context)], means, strict=True)
        )
    ]
    strata = Counter(school.stratum for school in schools)
    chosen = Counter(school.stratum for school in schools if school.code in now)
    return {
        "rows": rows,
        "imbalance": distances,
        "strata": [{"name": name, "population": n, "sample": chosen[name]} for name, n in sorted(strata.items())],
        "works": works_of(session, now),
    }


def works_of(session: Session, codes: Collection[str]) -> list[dict[str, Any]]:
    """Works of these schools by paper in the last run that saw them: whether the group can serve as a norm."""
    last_run = session.scalar(select(func.max(Finding.run_id)).where(Finding.school_id.is_not(None)))
    rows = session.execute(
        select(Finding.subject, Finding.grade, func.sum(Finding.n))
        .join(School, School.id == Finding.school_id)
        .where(Finding.run_id == last_run, Finding.detector == "contextual_mean", School.code.in_(sorted(codes)))
        .group_by(Finding.subject, Finding.grade)
        .order_by(Finding.subject, Finding.grade)
    )
    return [{"subject": subject, "grade": grade, "n": int(n)} for subject, grade, n in rows]


def _means(context: Any) -> list[float]:
    import numpy as np

    known = np.isfinite(context)
    n = known.sum(axis=0)
    total = np.where(known, context, 0.0).sum(axis=0)
    return list(np.where(n > 0, total / np.maximum(n, 1), np.nan))


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


_RURAL = 4
_SELECTIVE = frozenset({"gymnasium", "lyceum", "cadet"})


def _plain_stratum(school: School) -> tuple[str, str]:
    """Russian and English name of the stratum by settlement and kind."""
    answer = (school.context or {}).get("settlement_type")
    place = (
        ("поселение неизвестно", "unknown settlement")
        if answer is None
        else ("село", "rural")
        if answer == _RURAL
        else ("город", "town")
    )
    kind = ("гимназии и лицеи", "gymnasia and lycea") if school.kind in _SELECTIVE else ("остальные", "others")
    return f"{place[0]}, {kind[0]}", f"{place[1]}, {kind[1]}"


def stratum_title(frame: Mapping[str, Any], name: str, locale: str) -> str:
    """A stratum of the frame by its name in the reader's language."""
    return str(frame.get("strata", {}).get(name, name)) if locale == "en" else name
