"""What speaks for a school's place in the register of objective ones: rechecks, acts, control groups, clean years.

Computed for all schools in sight at once, so that the page of proposals and the entry of a single school say the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select, true
from sqlalchemy.orm import Session

from app import datafiles
from app.days import day_of, local
from app.flows import CLOSED
from app.models import Case, ControlGroup, ControlMember, Finding, Flag, Observation, Recheck, School
from app.terms import (
    ControlGroupStatus,
    FindingOutcome,
    ObjectiveGround,
    RecheckOutcome,
    RecheckStatus,
    Verdict,
    VisitStatus,
)

FEW = 20
"""Up to so many schools are asked about one by one; more are told apart after reading."""


@dataclass(frozen=True)
class RegisterRules:
    """Years and numbers of works, from ``app/data/objective_register.toml``."""

    version: str
    years: int
    most_years: int
    years_without_signs: int
    smallest_n: int
    recheck_years: int


@cache
def load_rules() -> RegisterRules:
    path = datafiles.DATA_DIR / "objective_register.toml"
    file = datafiles.load(path, keys={"term", "evidence"})
    term, evidence = file.body["term"], file.body["evidence"]
    datafiles.require_keys(term, {"years", "most_years"}, where=f"{path.name} [term]")
    datafiles.require_keys(
        evidence, {"years_without_signs", "smallest_n", "recheck_years"}, where=f"{path.name} [evidence]"
    )
    return RegisterRules(file.version, **term, **evidence)


@dataclass(frozen=True)
class Evidence:
    """One ground for one school: in words, with the facts that are frozen in the entry."""

    ground: ObjectiveGround
    ru: str
    en: str
    facts: dict[str, Any]
    case_id: int | None = None


@dataclass(frozen=True)
class Standing:
    """What is known of a school: its grounds, the best first, and what speaks against an entry."""

    grounds: tuple[Evidence, ...]
    against_ru: str | None = None
    against_en: str | None = None

    def of(self, ground: ObjectiveGround) -> Evidence | None:
        return next((item for item in self.grounds if item.ground is ground), None)


def standings(session: Session, school_ids: Iterable[int] | None = None, *, at: datetime) -> dict[int, Standing]:
    """Standing of every school in sight (or of `school_ids`), by the school's id.

    Grounds come in the order of their weight: clean years with a recheck, a recheck, a control group, an observed
    sitting. A school with an open case, or whose signs were confirmed lately, has something against it.
    """
    rules = load_rules()
    wanted = set(school_ids) if school_ids is not None else set(session.scalars(select(School.id)))
    since = at - timedelta(days=366 * rules.recheck_years)
    few = sorted(wanted) if len(wanted) <= FEW else None
    years, clean, clean_last = _clean_years(session, rules)
    rechecks, acts, groups = _rechecks(session, since, few), _acts(session, since, few), _control_groups(session, few)
    open_cases, confirmed, not_confirmed = _cases(session, since, few)
    found = {}
    for school_id in wanted:
        grounds: list[Evidence] = []
        recheck, act, group = rechecks.get(school_id), acts.get(school_id), groups.get(school_id)
        if recheck is not None and school_id in clean:
            grounds.append(_clean(years, recheck))
        if recheck is not None:
            grounds.append(recheck)
        if group is not None and (not years or school_id in clean_last):
            grounds.append(group)
        if act is not None and school_id in clean:
            grounds.append(act)
        against = open_cases.get(school_id) or confirmed.get(school_id)
        if against is None and school_id not in not_confirmed:
            # A recheck outside a closed case is only half of the story: the case may still go the other way.
            grounds = [item for item in grounds if item.ground is not ObjectiveGround.RECHECK]
        found[school_id] = Standing(tuple(grounds), *(against or (None, None)))
    return found


def _clean_years(session: Session, rules: RegisterRules) -> tuple[list[int], set[int], set[int]]:
    """The last screened years, the schools without signs in all of them, and those without signs in the last."""
    runs = session.execute(
        select(Finding.year, func.max(Finding.run_id))
        .where(Finding.school_id.is_not(None))
        .group_by(Finding.year)
        .order_by(Finding.year.desc())
        .limit(rules.years_without_signs)
    ).all()
    clean_of = []
    for _year, run_id in runs:
        assessed = set(
            session.scalars(
                select(Finding.school_id)
                .where(
                    Finding.run_id == run_id,
                    Finding.outcome == FindingOutcome.ASSESSED,
                    Finding.n >= rules.smallest_n,
                    Finding.school_id.is_not(None),
                )
                .distinct()
            )
        )
        flagged = set(session.scalars(select(Flag.school_id).where(Flag.run_id == run_id)))
        clean_of.append({school_id for school_id in assessed - flagged if school_id is not None})
    last = clean_of[0] if clean_of else set()
    everywhere = set.intersection(*clean_of) if len(clean_of) == rules.years_without_signs else set()
    return [year for year, _run_id in runs], everywhere, last


def _among(column: Any, few: list[int] | None) -> ColumnElement[bool]:
    return true() if few is None else column.in_(few)


def _clean(years: list[int], recheck: Evidence) -> Evidence:
    told = " и ".join(map(str, sorted(years)))
    return Evidence(
        ObjectiveGround.CLEAN,
        f"В проверках за {told} признаков нет. {recheck.ru}",
        f"No signs in the screenings of {told.replace(' и ', ' and ')}. {recheck.en}",
        {"years": sorted(years), **recheck.facts},
        recheck.case_id,
    )


def _rechecks(session: Session, since: datetime, few: list[int] | None) -> dict[int, Evidence]:
    """Schools whose rechecks of the period all ended without differences, by the last one."""
    found: dict[int, Evidence] = {}
    spoiled: set[int] = set()
    rows = session.scalars(
        select(Recheck)
        .where(Recheck.status == RecheckStatus.MARKED, Recheck.marked_at >= since, _among(Recheck.school_id, few))
        .order_by(Recheck.marked_at, Recheck.id)
    )
    for row in rows:
        if row.school_id is None or row.marked_at is None:
            continue
        if row.outcome is not RecheckOutcome.NOT_CONFIRMED:
            spoiled.add(row.school_id)
            continue
        day = f"{local(row.marked_at):%d.%m.%Y}"
        found[row.school_id] = Evidence(
            ObjectiveGround.RECHECK,
            f"Перепроверка {day}: объективно {row.n_objective} из {row.n_sample} работ, признаки не подтвердились.",
            f"Recheck of {local(row.marked_at):%Y-%m-%d}: {row.n_objective} of {row.n_sample} works objective, "
            "the signs were not confirmed.",
            {
                "recheck_id": row.id,
                "marked_on": f"{local(row.marked_at):%Y-%m-%d}",
                "n_objective": row.n_objective,
                "n_sample": row.n_sample,
            },
            row.case_id,
        )
    return {school_id: item for school_id, item in found.items() if school_id not in spoiled}


def _acts(session: Session, since: datetime, few: list[int] | None) -> dict[int, Evidence]:
    """Schools whose observed sittings of the period all went without violations, by the last act."""
    found: dict[int, Evidence] = {}
    spoiled: set[int] = set()
    rows = session.scalars(
        select(Observation)
        .where(
            Observation.status == VisitStatus.DONE,
            Observation.held_on >= day_of(since),
            _among(Observation.school_id, few),
        )
        .order_by(Observation.held_on, Observation.id)
    )
    for row in rows:
        if row.school_id is None or row.held_on is None:
            continue
        if row.violations:
            spoiled.add(row.school_id)
            continue
        found[row.school_id] = Evidence(
            ObjectiveGround.OBSERVED,
            f"Наблюдение {row.held_on:%d.%m.%Y} (акт № {row.act_number}): нарушений нет.",
            f"Observation of {row.held_on:%Y-%m-%d} (act {row.act_number}): no violations.",
            {"observation_id": row.id, "held_on": f"{row.held_on:%Y-%m-%d}", "act": row.act_number},
            row.case_id,
        )
    return {school_id: item for school_id, item in found.items() if school_id not in spoiled}


def _control_groups(session: Session, few: list[int] | None) -> dict[int, Evidence]:
    rows = session.execute(
        select(ControlMember.school_id, ControlGroup)
        .join(ControlGroup, ControlGroup.id == ControlMember.group_id)
        .where(
            ControlGroup.status == ControlGroupStatus.FIXED,
            ControlMember.removed_at.is_(None),
            _among(ControlMember.school_id, few),
        )
        .order_by(ControlGroup.id)
    )
    return {
        school_id: Evidence(
            ObjectiveGround.CONTROL,
            f"Школа контрольной группы «{group.title}» ({group.year}): работы проверяли внешние эксперты.",
            f"School of the control group “{group.title}” ({group.year}): marked by outside experts.",
            {"control_group_id": group.id, "year": group.year, "order": group.order_number},
        )
        for school_id, group in rows
        if school_id is not None
    }


def _cases(
    session: Session, since: datetime, few: list[int] | None
) -> tuple[dict[int, tuple[str, str]], dict[int, tuple[str, str]], set[int]]:
    """Schools with an open case and with signs confirmed lately, each with the sentence; those not confirmed."""
    open_cases: dict[int, tuple[str, str]] = {}
    confirmed: dict[int, tuple[str, str]] = {}
    not_confirmed: set[int] = set()
    rows = session.execute(
        select(Case.school_id, Case.number, Case.closed_at, Case.verdict)
        .where(
            or_(Case.state != CLOSED, Case.closed_at >= since),
            Case.school_id.is_not(None),
            _among(Case.school_id, few),
        )
        .order_by(Case.id)
    )
    for school_id, number, closed_at, verdict in rows:
        if school_id is None:
            continue
        if closed_at is None:
            open_cases[school_id] = (
                f"По школе открыто дело {number}: сначала его нужно закончить.",
                f"The school's case {number} is open: it has to end first.",
            )
        elif verdict is Verdict.CONFIRMED:
            confirmed[school_id] = (
                f"По делу {number} признаки подтверждены {local(closed_at):%d.%m.%Y}.",
                f"The signs of case {number} were confirmed on {local(closed_at):%Y-%m-%d}.",
            )
        elif verdict is Verdict.NOT_CONFIRMED:
            not_confirmed.add(school_id)
    return open_cases, confirmed, not_confirmed
