"""Between a plan's rows and the planner: the problem as it stands now, the rows a solution writes, who else could."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy.orm import Session

from app.errors import Reason, Refused
from app.models import AssignmentPlan, PlanRow
from app.planning import Pair, Pin, Plan, Problem, day_objection, limit_of, objection
from app.terms import Duty, PlanRowStatus, PlanStatus
from app.workflows.planning_facts import Wanted, problem_of, wanted


def problem_for(session: Session, plan: AssignmentPlan, *, today: date) -> tuple[Problem, list[Wanted]]:
    """The plan's problem as things stand now, with the pairs pinned in it.

    A pin whose need is gone (the case moved on meanwhile) is dropped.
    """
    duties = [Duty(value) for value in plan.duties]
    wants = wanted(session, duties=duties, case_ids=plan.case_ids, today=today)
    problem = problem_of(session, wants, duties=duties, on=today)
    ids, people = {need.id for need in problem.needs}, {person.id for person in problem.candidates}
    pins = tuple(
        Pin(row.need, row.person_id, row.day)
        for row in plan.rows
        if row.is_pinned and row.person_id is not None and row.need in ids and row.person_id in people
    )
    return replace(problem, pins=pins), wants


@dataclass(frozen=True)
class Option:
    """Somebody for a seat: what keeps them from it (None when nothing does), and the days they could come."""

    id: int
    name: str
    municipality: str
    load: float
    limit: float
    reason: Reason | None
    days: tuple[date, ...]


def options_of(session: Session, plan: AssignmentPlan, row: PlanRow, *, today: date) -> list[Option]:
    """Everybody of the row's duty, the possible ones first, the least loaded first among them."""
    problem, wants = problem_for(session, plan, today=today)
    need = next((need for need in problem.needs if need.id == row.need), None)
    hindrance = next((want.hindrance for want in wants if want.need.id == row.need), None)
    if hindrance is not None:
        raise Refused(hindrance)
    if need is None:
        raise Refused(
            Reason(
                "need_gone",
                "Дело ушло дальше, и назначать на него больше некого. Пересчитайте план.",
                "The case has moved on and wants nobody any more. Solve the plan again.",
            )
        )
    taken = {person["id"]: person["after"] for person in plan.result.get("people", [])}
    here = {other.person_id for other in plan.rows if other.need == row.need and other.id != row.id}
    found = []
    for person in problem.candidates:
        if need.duty not in person.duties:
            continue
        reason = objection(problem, person, need)
        if person.id in here:
            reason = Reason("twice", f"{person.name}: уже на этом визите.", f"{person.name}: on this visit already.")
        days = tuple(day for day in need.days if need.is_dated and day_objection(problem, person, need, day) is None)
        load = float(taken.get(person.id, person.load_now))
        found.append(Option(person.id, person.name, person.municipality, load, limit_of(person, problem), reason, days))
    return sorted(found, key=lambda option: (option.reason is not None, option.load, option.name, option.id))


def is_large(problem: Problem) -> bool:
    """Too large to be solved while somebody waits for the page."""
    return sum(need.seats for need in problem.needs) * len(problem.candidates) > problem.rules.inline


def keep_result(session: Session, plan: AssignmentPlan, problem: Problem, wants: list[Wanted], found: Plan) -> None:
    """Write a solved plan's rows over those it had; who stays keeps the seat."""
    names = {person.id: person.name for person in problem.candidates}
    old = {(row.need, row.seat): row for row in plan.rows}
    pairs: dict[str, list[Pair]] = {}
    for pair in found.pairs:
        pairs.setdefault(pair.need_id, []).append(pair)
    for want in wants:
        seats = range(1, want.need.seats + 1)
        kept = [(seat, old.pop((want.need.id, seat)) if (want.need.id, seat) in old else None) for seat in seats]
        own = [row or _new_row(plan, want, seat) for seat, row in kept]
        staying = {row.person_id for row in own}
        free = [pair for pair in pairs.get(want.need.id, []) if pair.person_id not in staying]
        by_person = {pair.person_id: pair for pair in pairs.get(want.need.id, [])}
        for row in own:
            stays = by_person.get(row.person_id or 0)
            _fill(row, stays or (free.pop(0) if free else None), names, want.hindrance)
            row.days = [day.isoformat() for day in want.need.days] if want.need.is_dated else []
    for row in old.values():
        plan.rows.remove(row)
        session.delete(row)
    plan.result = _summary(problem, found, hindered=sum(want.need.seats for want in wants if want.hindrance))
    plan.status, plan.failure = PlanStatus.DRAFT, None
    session.flush()


def _new_row(plan: AssignmentPlan, want: Wanted, seat: int) -> PlanRow:
    row = PlanRow(
        case_id=want.case.id,
        need=want.need.id,
        seat=seat,
        duty=want.need.duty,
        year=want.paper.year if want.paper else None,
        subject=want.paper.subject if want.paper else None,
        grade=want.paper.grade if want.paper else None,
        municipality_id=want.case.municipality_id,
        school_id=want.case.school_id,
    )
    plan.rows.append(row)
    return row


def _fill(row: PlanRow, pair: Pair | None, names: dict[int, str], hindrance: Reason | None) -> None:
    if pair is None:
        row.person_id = row.person_name = row.day = None
        row.is_pinned, row.status = False, PlanRowStatus.UNSERVED
        row.why = {"code": hindrance.code, "ru": hindrance.ru, "en": hindrance.text("en")} if hindrance else {}
        return
    row.person_id, row.person_name, row.day = pair.person_id, names[pair.person_id], pair.day
    row.is_pinned, row.status = pair.is_pinned, PlanRowStatus.PROPOSED
    following = pair.next_best
    row.why = {
        "code": pair.reason.code,
        "ru": pair.reason.ru,
        "en": pair.reason.en,
        "cost": round(pair.parts.total, 1),
        "parts": {name: round(getattr(pair.parts, name), 1) for name in ("load", "travel", "late", "repeat")},
        "next": None
        if following is None
        else {
            "id": following.person_id,
            "name": names[following.person_id],
            "day": following.day.isoformat() if following.day else None,
            "difference": round(following.difference, 1),
        },
    }


def _summary(problem: Problem, found: Plan, *, hindered: int) -> dict[str, object]:
    taken: dict[int, int] = {}
    for visit in found.visits:
        for person in visit.people:
            taken[person] = taken.get(person, 0) + 1
    return {
        "cost": round(found.cost.total, 1),
        "parts": {name: round(getattr(found.cost, name), 1) for name in ("load", "travel", "late", "repeat")},
        "gap": round(found.gap, 4),
        "is_proved": found.is_pruning_proved,
        "max_load": found.max_load,
        "unserved": sum(found.unserved.values()) + hindered,
        "is_shortage_minimal": found.is_shortage_minimal,
        "shortages": [
            {"ru": s.reason.ru, "en": s.reason.en, "municipality": s.municipality, "needs": list(s.need_ids)}
            for s in found.shortages
        ],
        "people": [
            {
                "id": person.id,
                "name": person.name,
                "duties": sorted(duty.value for duty in person.duties),
                "municipality": person.municipality,
                "before": person.load_now,
                "after": person.load_now + taken.get(person.id, 0),
                "limit": limit_of(person, problem),
            }
            for person in problem.candidates
        ],
    }
