"""What the planner is told: people, what the cases need, who may not meet whom. The one place that reads it.

`candidates` is the only door to the register of people; what forbids whom is asked of `app.conflicts`, as pickers do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import combinations
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app.calendars import WorkingCalendar
from app.conflicts import PersonFacts, conflicts, is_registered, unfitness
from app.conflicts import load_rules as conflict_rules
from app.database import actor_of
from app.errors import Reason
from app.models import Case, Flag, Municipality, Observation, Recheck, School
from app.planning import Candidate, Need, PlanningRules, Problem, load_rules
from app.terms import Duty, RecheckStatus, VisitStatus
from app.workflows import candidates as register
from app.workflows import preservation
from app.workflows.calendar_world import calendar_of

OPEN_RECHECKS = (RecheckStatus.REQUESTED, RecheckStatus.DRAWN)
WANTS = {
    Duty.CURATOR: ("flagged", "interview"),
    Duty.OBSERVER: ("interview", "curator_assigned"),
    Duty.EXPERT: ("curator_assigned", "observed"),
}
"""Where a case stands when it may want somebody: codes of states, whatever the workflow that has them."""


@dataclass(frozen=True)
class Paper:
    year: int
    subject: str
    grade: int


@dataclass(frozen=True)
class Wanted:
    """A need with the case and the paper it is for; `hindrance` says why nobody can serve it on any day."""

    need: Need
    case: Case
    paper: Paper | None
    hindrance: Reason | None = None


def candidates(session: Session, *, duties: Collection[Duty], on: date) -> dict[int, PersonFacts]:
    """People in sight who are entered in the register for one of these duties, by id of their account."""
    found: dict[int, PersonFacts] = {}
    for duty in Duty:
        if duty in duties:
            found |= {p.user_id: p for p in register.candidates(session, duty, on) if p.user_id is not None}
    return dict(sorted(found.items()))


def wanted(
    session: Session, *, duties: Collection[Duty], case_ids: Collection[int] | None, today: date
) -> list[Wanted]:
    """What the open cases in sight lack, for these duties; `case_ids` narrows to some of them.

    Schools at which the session's actor does not decide are left to others.
    """
    rules = load_rules()
    states = {state for duty in duties for state in WANTS[duty]}
    query = (
        select(Case)
        .where(Case.state.in_(states), Case.school_id.not_in(actor_of(session).barred_ids))
        .options(selectinload(Case.school))
        .order_by(Case.id)
    )
    if case_ids is not None:
        query = query.where(Case.id.in_(sorted(case_ids)))
    cases = session.scalars(query).all()
    calendars = {place: calendar_of(session, place) for place in {case.municipality_id for case in cases}}
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
                found.append(
                    Wanted(_need(case, duty, paper, rules, calendars[case.municipality_id], today), case, paper)
                )
    return _while_works_exist(session, found)


def _while_works_exist(session: Session, wants: list[Wanted]) -> list[Wanted]:
    """Rechecks keep the days on which their works surely exist; one that has no such day is hindered."""
    works = {
        want.need.id: preservation.Works(want.case, want.paper.year, want.paper.subject, want.paper.grade)
        for want in wants
        if want.need.duty is Duty.EXPERT and want.paper is not None
    }
    kept = dict(zip(works, preservation.all_kept_until(session, list(works.values())), strict=True))
    found = []
    for want in wants:
        until = kept.get(want.need.id)
        if until is not None:
            days = tuple(day for day in want.need.days if day <= until.until)
            if days:
                want = replace(want, need=replace(want.need, days=days))
            else:
                want = replace(want, hindrance=_works_gone(until, want.need.days[0]))
        found.append(want)
    return found


def _works_gone(kept: preservation.Kept, first: date) -> Reason:
    return Reason(
        "works_not_kept",
        f"Работы точно хранятся до {kept.until:%d.%m.%Y} ({kept.source_ru}), а перепроверить их можно не раньше "
        f"{first:%d.%m.%Y}. Попросите школу сохранить работы и пересчитайте план.",
        f"The works are surely kept until {kept.until:%Y-%m-%d} ({kept.source_en}), and a recheck is possible from "
        f"{first:%Y-%m-%d}. Ask the school to keep the works and solve the plan again.",
    )


def _need(
    case: Case, duty: Duty, paper: Paper | None, rules: PlanningRules, calendar: WorkingCalendar, today: date
) -> Need:
    school = case.school
    is_dated = duty is not Duty.CURATOR
    return Need(
        f"{duty.value}:{case.id}",
        duty,
        school.id,
        school.name,
        school.municipality.name,
        _days(calendar, duty, rules, today),
        seats=rules.observers.get(case.tier.value, 1) if duty is Duty.OBSERVER else 1,
        area=_area(school.municipality.name, school.settlement),
        subject=paper.subject if paper and is_dated else None,
        grade=paper.grade if paper and is_dated else None,
    )


def problem_of(session: Session, needs: Iterable[Wanted], *, duties: Collection[Duty], on: date) -> Problem:
    """The planner's problem, without pins: the register's rules answer for each person, school and day.

    What nobody can serve is no part of it.
    """
    wants = [want for want in needs if want.hindrance is None]
    people = candidates(session, duties=duties, on=on)
    rules = conflict_rules()
    days = {duty: sorted({day for w in wants if w.need.duty is duty for day in w.need.days}) for duty in duties}
    unfit: dict[tuple[int, Duty, date], Reason] = {}
    blocked: dict[tuple[int, str], Reason] = {}
    for id, person in people.items():
        for duty in (duty for duty in duties if is_registered(person, duty, on)):
            for day in days[duty]:
                lacking = unfitness(person, duty, day, rules, is_counted=False)
                if lacking:
                    unfit[id, duty, day] = lacking[0]
    for want in wants:
        paper = (want.paper.year, want.paper.subject, want.paper.grade) if want.paper else None
        for id, person in people.items():
            told = conflicts(person, want.need.school_id, want.need.duty, want.need.days[0], rules, paper)
            if told:
                blocked[id, want.need.id] = told[0]
    return Problem(
        tuple(_people(session, people, on)),
        tuple(want.need for want in wants),
        load_rules(),
        blocked=blocked,
        past_pairs=_past_pairs(session),
        unfit=unfit,
    )


def _people(session: Session, people: Mapping[int, PersonFacts], on: date) -> list[Candidate]:
    home_of = {id: person.home_school_id(on) for id, person in people.items()}
    homes = _homes(session, [home for home in home_of.values() if home is not None])
    names = {row.id: row.name for row in session.connection().execute(select(Municipality.__table__))}
    visits = _visits(session)
    found = []
    for id, person in people.items():
        home = homes.get(home_of[id] or 0)
        place = names.get(person.municipality_id or 0, "")
        found.append(
            Candidate(
                id,
                person.name,
                frozenset(duty for duty in Duty if is_registered(person, duty, on)),
                place,
                home_school_id=home_of[id],
                area=_area(home.municipality, home.settlement) if home is not None else place,
                subjects=frozenset(person.subjects) or None,
                grades=frozenset(person.grades) or None,
                languages=frozenset(person.languages) or None,
                trained_until=date.max,  # `unfit` knows the days without a training
                busy_on=frozenset(visits.get(id, ())),
                load_now=float(person.load),
                load_limit=None if person.load_limit is None else float(person.load_limit),
            )
        )
    return found


def workdays(calendar: WorkingCalendar, today: date, first: int, last: int) -> tuple[date, ...]:
    """Working days number `first` to `last` after `today` by a calendar (0 is today itself, if it is one)."""
    days, day, number = [], today, 0
    while number <= last:
        if calendar.is_working(day):
            if number >= first:
                days.append(day)
            number += 1
        elif number == 0:
            number = 1  # today is no working day: the count begins with the next one
        day += timedelta(days=1)
    return tuple(days)


def _days(calendar: WorkingCalendar, duty: Duty, rules: PlanningRules, today: date) -> tuple[date, ...]:
    """The window of a duty; nobody observes in school vacations while other days are left."""
    days = workdays(calendar, today, *rules.windows[duty.value])
    at_school = tuple(day for day in days if not calendar.is_vacation(day))
    return at_school or days if duty is Duty.OBSERVER else days


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


def _past_pairs(session: Session) -> Counter[tuple[int, int]]:
    """How often two observers were at one school on one day."""
    o = Observation.__table__
    teams: dict[tuple[int, date], set[int]] = {}
    for case_id, day, person in session.connection().execute(select(o.c.case_id, o.c.scheduled_on, o.c.observer_id)):
        teams.setdefault((case_id, day), set()).add(person)
    return Counter(pair for team in teams.values() for pair in combinations(sorted(team), 2))
