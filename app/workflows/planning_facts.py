"""What the planner is told: people, what the cases need, who may not meet whom. The one place that reads it.

`candidates` is the only door to the registers of people: whoever keeps subjects, absences or limits of load elsewhere
changes that function alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from app.errors import Reason
from app.models import Case, CuratorOrder, Flag, Municipality, Observation, Recheck, School, User
from app.planning import Candidate, Need, PlanningRules, Problem, load_rules
from app.terms import CaseState, Duty, RecheckStatus, Role, VisitStatus

OPEN_RECHECKS = (RecheckStatus.REQUESTED, RecheckStatus.DRAWN)
WANTS = {
    Duty.CURATOR: (CaseState.FLAGGED, CaseState.INTERVIEW),
    Duty.OBSERVER: (CaseState.INTERVIEW, CaseState.CURATOR_ASSIGNED),
    Duty.EXPERT: (CaseState.CURATOR_ASSIGNED, CaseState.OBSERVED),
}
"""Where a case stands when it may want somebody."""


@dataclass(frozen=True)
class Paper:
    year: int
    subject: str
    grade: int


@dataclass(frozen=True)
class Wanted:
    """A need with the case and the paper it is for."""

    need: Need
    case: Case
    paper: Paper | None


def candidates(session: Session, *, duties: Collection[Duty]) -> list[Candidate]:
    """People in sight who may be planned for these duties, with their load and the days they are taken."""
    roles = [Role.CURATOR] if Duty.CURATOR in duties else []
    roles += [Role.INSPECTOR] if {Duty.OBSERVER, Duty.EXPERT} & set(duties) else []
    users = session.scalars(
        select(User)
        .where(User.role.in_(roles), User.is_active)
        .options(selectinload(User.municipality))
        .order_by(User.id)
    ).all()
    homes = _homes(session, [user.home_school_id for user in users if user.home_school_id is not None])
    curating, visits = _cases_by_curator(session), _visits(session)
    found = []
    for user in users:
        home = homes.get(user.home_school_id or 0)
        if user.role is Role.CURATOR and not (user.is_methodist or (home is not None and home.is_objective)):
            continue  # neither methodical service nor objective school: may curate nobody
        place = user.municipality.name if user.municipality else ""
        taken = visits.get(user.id, [])
        found.append(
            Candidate(
                user.id,
                user.name,
                frozenset({Duty.CURATOR} if user.role is Role.CURATOR else {Duty.OBSERVER, Duty.EXPERT}),
                place,
                home_school_id=user.home_school_id,
                area=_area(home.municipality, home.settlement) if home is not None else place,
                trained_until=user.trained_until,
                busy_on=frozenset(taken),
                load_now=float(curating[user.id] if user.role is Role.CURATOR else len(taken)),
            )
        )
    return found


def wanted(
    session: Session, *, duties: Collection[Duty], case_ids: Collection[int] | None, today: date
) -> list[Wanted]:
    """What the open cases in sight lack, for these duties; `case_ids` narrows to some of them."""
    rules = load_rules()
    states = {state for duty in duties for state in WANTS[duty]}
    query = select(Case).where(Case.state.in_(states)).options(selectinload(Case.school)).order_by(Case.id)
    if case_ids is not None:
        query = query.where(Case.id.in_(sorted(case_ids)))
    cases = session.scalars(query).all()
    papers = _papers(session, [case.id for case in cases])
    watched = set(session.scalars(select(Observation.case_id).distinct()))
    rechecked = set(session.scalars(select(Recheck.case_id).where(Recheck.status != RecheckStatus.FAILED).distinct()))
    found = []
    for case in cases:
        for duty in Duty:
            if duty not in duties or case.state not in WANTS[duty]:
                continue
            paper = papers.get(case.id)
            if duty is Duty.CURATOR:
                is_lacking = case.curator_id is None
            elif duty is Duty.OBSERVER:
                is_lacking = paper is not None and case.id not in watched
            else:
                is_lacking = paper is not None and case.id not in rechecked
            if is_lacking:
                found.append(Wanted(_need(case, duty, paper, rules, today), case, paper))
    return found


def _need(case: Case, duty: Duty, paper: Paper | None, rules: PlanningRules, today: date) -> Need:
    school = case.school
    is_dated = duty is not Duty.CURATOR
    return Need(
        f"{duty.value}:{case.id}",
        duty,
        school.id,
        school.name,
        school.municipality.name,
        workdays(today, *rules.windows[duty.value]),
        seats=rules.observers.get(case.tier.value, 1) if duty is Duty.OBSERVER else 1,
        area=_area(school.municipality.name, school.settlement),
        subject=paper.subject if paper and is_dated else None,
        grade=paper.grade if paper and is_dated else None,
    )


def problem_of(session: Session, needs: Iterable[Wanted], *, duties: Collection[Duty]) -> Problem:
    """The planner's problem, without pins."""
    people = candidates(session, duties=duties)
    wants = list(needs)
    return Problem(
        tuple(people),
        tuple(want.need for want in wants),
        load_rules(),
        blocked=_mutual(session, people, wants),
        past_pairs=_past_pairs(session),
    )


def workdays(today: date, first: int, last: int) -> tuple[date, ...]:
    """Working days number `first` to `last` after `today` (0 is today itself); Saturday and Sunday are none."""
    days, day, number = [], today, 0
    while number <= last:
        if day.weekday() < 5:
            if number >= first:
                days.append(day)
            number += 1
        elif number == 0:
            number = 1  # today is no working day: the count begins with the next one
        day += timedelta(days=1)
    return tuple(days)


def _area(municipality: str, settlement: str | None) -> str:
    return f"{municipality}, {settlement}" if settlement else municipality


def _homes(session: Session, ids: list[int]) -> dict[int, Any]:
    """Schools people work at, as plain columns: a curator's school may lie in another territory."""
    s, m = School.__table__, Municipality.__table__
    rows = session.connection().execute(
        select(s.c.id, s.c.settlement, s.c.is_objective, m.c.name.label("municipality"))
        .join(m, m.c.id == s.c.municipality_id)
        .where(s.c.id.in_(sorted(set(ids))))
    )
    return {row.id: row for row in rows}


def _cases_by_curator(session: Session) -> Counter[int]:
    """Open cases of each curator, in whatever territory: a load is a load wherever it comes from."""
    table = Case.__table__
    rows = session.connection().execute(
        select(table.c.curator_id, func.count())
        .where(table.c.curator_id.is_not(None), table.c.state != CaseState.CLOSED)
        .group_by(table.c.curator_id)
    )
    return Counter({row[0]: row[1] for row in rows})


def _visits(session: Session) -> dict[int, list[date]]:
    """Days on which each inspector has a visit or a recheck ahead, in whatever territory."""
    found: dict[int, list[date]] = {}
    o, r = Observation.__table__, Recheck.__table__
    for query in (
        select(o.c.observer_id, o.c.scheduled_on).where(o.c.status == VisitStatus.SCHEDULED),
        select(r.c.inspector_id, r.c.scheduled_on).where(r.c.status.in_(OPEN_RECHECKS)),
    ):
        for person, day in session.connection().execute(query):
            found.setdefault(person, []).append(day)
    return found


def _papers(session: Session, case_ids: list[int]) -> dict[int, Paper]:
    """The paper of each case's newest flag that shows the first sign."""
    found: dict[int, Paper] = {}
    for flag in session.scalars(select(Flag).where(Flag.case_id.in_(case_ids)).order_by(Flag.id)):
        for finding in flag.frozen.get("findings", []):
            if finding.get("sign") and finding.get("subject") and finding.get("grade"):
                found[flag.case_id or 0] = Paper(
                    int(finding.get("year") or flag.year), finding["subject"], int(finding["grade"])
                )
                break
    return found


def _mutual(session: Session, people: list[Candidate], wants: list[Wanted]) -> dict[tuple[int, str], Reason]:
    """Pairs that would be mutual curation with an order already issued (`independence.curator_objection` for one)."""
    orders, users = CuratorOrder.__table__, User.__table__
    rows = session.connection().execute(
        select(orders.c.school_id, users.c.home_school_id)
        .join(users, users.c.id == orders.c.curator_id)
        .where(users.c.home_school_id.is_not(None))
    )
    watched = {(school, home) for school, home in rows}
    return {
        (person.id, want.need.id): Reason(
            "mutual_curation",
            f"Взаимное кураторство: работник этой школы курирует школу, где работает {person.name}.",
            f"Mutual curation: a colleague of this school curates the school where {person.name} works.",
        )
        for want in wants
        if want.need.duty is Duty.CURATOR
        for person in people
        if (person.home_school_id, want.case.school_id) in watched
    }


def _past_pairs(session: Session) -> Counter[tuple[int, int]]:
    """How often two observers were at one school on one day."""
    o = Observation.__table__
    teams: dict[tuple[int, date], set[int]] = {}
    for case_id, day, person in session.connection().execute(select(o.c.case_id, o.c.scheduled_on, o.c.observer_id)):
        teams.setdefault((case_id, day), set()).add(person)
    return Counter(pair for team in teams.values() for pair in combinations(sorted(team), 2))
