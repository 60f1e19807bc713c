"""The register of objective schools: entries with grounds and a term, proposals, withdrawal.

Curators come from schools that stand in it. `School.is_objective` follows the entries in force: each verb brings it up
to date for the schools it touches, and the scheduler for those whose term ran out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from app import policy
from app.days import day_of
from app.errors import Conflict, NotFound, Reason, Refused
from app.models import ObjectiveEntry, School
from app.policy import SYSTEM, Actor, Permission
from app.terms import EntryState, ObjectiveGround
from app.workflows import journal
from app.workflows.objective_evidence import Evidence, Standing, load_rules, standings

SHORTEST_REASON = 10
IN_WORDS = frozenset({ObjectiveGround.EXAM, ObjectiveGround.MANUAL})
"""Grounds that the program cannot look up: a person names them in words."""


@dataclass(frozen=True)
class Proposal:
    """A school that could be entered, and its best ground."""

    school: School
    evidence: Evidence


def in_force(on: date) -> ColumnElement[bool]:
    """Criterion of the entries in force on a day."""
    return and_(
        ObjectiveEntry.valid_from <= on, ObjectiveEntry.valid_until >= on, ObjectiveEntry.withdrawn_at.is_(None)
    )


def state_of(entry: ObjectiveEntry, on: date) -> EntryState:
    if entry.withdrawn_at is not None:
        return EntryState.WITHDRAWN
    if on < entry.valid_from:
        return EntryState.AHEAD
    return EntryState.IN_FORCE if on <= entry.valid_until else EntryState.ENDED


def usual_term(begin: date) -> date:
    """The day until which an entry made on `begin` usually holds."""
    return _years_later(begin, load_rules().years)


def proposals(session: Session, *, at: datetime) -> list[Proposal]:
    """Schools in sight that have a ground, nothing against them and no entry in force or ahead, by name."""
    entered = set(
        session.scalars(
            select(ObjectiveEntry.school_id).where(
                ObjectiveEntry.withdrawn_at.is_(None), ObjectiveEntry.valid_until >= day_of(at)
            )
        )
    )
    schools = {school.id: school for school in session.scalars(select(School).order_by(School.name, School.id))}
    known = standings(session, schools, at=at)
    return [
        Proposal(school, known[school.id].grounds[0])
        for school in schools.values()
        if school.id not in entered and known[school.id].against_ru is None and known[school.id].grounds
    ]


def enter(
    session: Session,
    school_id: int,
    ground: ObjectiveGround,
    *,
    valid_from: date,
    valid_until: date,
    reason: str = "",
    actor: Actor,
    at: datetime,
) -> ObjectiveEntry:
    """Enter a school; what the program can look up for the ground is looked up and frozen with the entry.

    Raises
    ------
    Refused
        The ground does not hold, something speaks against the school, or the term or the reason is not as it must be.
    """
    policy.require(actor, Permission.REGISTER_KEEP)
    school = session.scalars(select(School).where(School.id == school_id).with_for_update(of=School)).first()
    if school is None:
        raise NotFound("Такой школы нет, или она относится к другой территории.")
    policy.require_free(actor, school.id)
    standing = standings(session, [school.id], at=at)[school.id]
    evidence = standing.of(ground)
    reasons = [*_term_faults(valid_from, valid_until, at), *_ground_faults(ground, standing, reason)]
    overlapping = session.scalars(
        select(ObjectiveEntry).where(
            ObjectiveEntry.school_id == school.id,
            ObjectiveEntry.withdrawn_at.is_(None),
            ObjectiveEntry.valid_from <= valid_until,
            ObjectiveEntry.valid_until >= valid_from,
        )
    ).first()
    if overlapping is not None:
        reasons.append(
            Reason(
                "entered_already",
                f"Школа уже в реестре с {overlapping.valid_from:%d.%m.%Y} по {overlapping.valid_until:%d.%m.%Y}.",
                f"The school stands in the register from {overlapping.valid_from} until {overlapping.valid_until}.",
                f"/objective/{overlapping.id}",
            )
        )
    if reasons:
        raise Refused(*reasons)
    facts = {"ru": evidence.ru, "en": evidence.en, **evidence.facts} if evidence else {}
    entry = ObjectiveEntry(
        ground=ground,
        valid_from=valid_from,
        valid_until=valid_until,
        case_id=evidence.case_id if evidence else None,
        reason=reason.strip(),
        facts={**facts, "rules": load_rules().version},
        recorded_by_id=actor.user_id,
        recorded_by_name=actor.name,
        recorded_at=at,
        municipality_id=school.municipality_id,
        school_id=school.id,
    )
    session.add(entry)
    session.flush()
    refresh(session, at=at, school_ids=[school.id])
    _journal(session, entry, "register:enter", actor, at, {"ground": ground.value, **_term(entry)}, reason)
    return entry


def withdraw(
    session: Session, entry_id: int, *, reason: str, actor: Actor, at: datetime, expected_version: int
) -> ObjectiveEntry:
    """End an entry before its term, with a reason; curators appointed before stay appointed."""
    policy.require(actor, Permission.REGISTER_KEEP)
    entry = session.scalars(
        select(ObjectiveEntry).where(ObjectiveEntry.id == entry_id).with_for_update(of=ObjectiveEntry)
    ).first()
    if entry is None:
        raise NotFound("Такой записи нет, или она относится к другой территории.")
    policy.require_free(actor, entry.school_id)
    if entry.version != expected_version:
        raise Conflict("Запись изменили, пока страница была открыта. Посмотрите, что в ней теперь.")
    reasons = []
    if state_of(entry, day_of(at)) not in (EntryState.IN_FORCE, EntryState.AHEAD):
        reasons.append(
            Reason("over", "Запись уже не действует.", "The entry is not in force any more.", f"/objective/{entry.id}")
        )
    if len(reason.strip()) < SHORTEST_REASON:
        reasons.append(_no_reason("Напишите одним предложением, почему запись отзывают."))
    if reasons:
        raise Refused(*reasons)
    entry.withdrawn_at, entry.withdrawn_by_name, entry.withdrawal_reason = at, actor.name, reason.strip()
    session.flush()
    assert entry.school_id is not None
    refresh(session, at=at, school_ids=[entry.school_id])
    _journal(session, entry, "register:withdraw", actor, at, _term(entry), reason)
    return entry


def refresh(session: Session, *, at: datetime, school_ids: Iterable[int] | None = None) -> int:
    """Bring `School.is_objective` in line with the entries in force; return how many schools changed."""
    holds = (
        select(func.count())
        .select_from(ObjectiveEntry)
        .where(ObjectiveEntry.school_id == School.id, in_force(day_of(at)))
        .scalar_subquery()
    )
    statement = select(School, holds > 0).where(School.is_objective != (holds > 0)).order_by(School.id)
    if school_ids is not None:
        statement = statement.where(School.id.in_(list(school_ids)))
    changed = session.execute(statement).all()
    for school, is_objective in changed:
        school.is_objective = bool(is_objective)
        if school_ids is None:
            journal.append(
                session,
                actor=SYSTEM,
                at=at,
                action="register:begin" if is_objective else "register:lapse",
                subject="school",
                subject_id=school.id,
                municipality_id=school.municipality_id,
                school_id=school.id,
            )
    session.flush()
    return len(changed)


def _term_faults(begin: date, end: date, at: datetime) -> list[Reason]:
    most = load_rules().most_years
    if end <= begin:
        return [
            Reason("period", "Срок должен заканчиваться позже, чем начинается.", "The term must end after it begins.")
        ]
    if end < day_of(at):
        return [Reason("period", "Срок уже закончился.", "The term is over already.")]
    if end > _years_later(begin, most):
        return [
            Reason(
                "too_long",
                f"Срок больше {most} лет. Через {most} года нужно новое основание.",
                f"The term is longer than {most} years; a new ground is needed then.",
            )
        ]
    return []


def _ground_faults(ground: ObjectiveGround, standing: Standing, reason: str) -> list[Reason]:
    faults = []
    if standing.against_ru is not None:
        faults.append(Reason("against", standing.against_ru, standing.against_en or ""))
    if ground in IN_WORDS:
        if len(reason.strip()) < SHORTEST_REASON:
            faults.append(_no_reason("Опишите основание: документ, дату и что он показал."))
    elif standing.of(ground) is None:
        faults.append(
            Reason(
                "no_ground",
                f"Основания «{ground.ru}» в данных нет. Выберите другое основание или опишите его своими словами.",
                f"The data hold no ground “{ground.en}”. Choose another one or describe it in words.",
            )
        )
    return faults


def _no_reason(ru: str) -> Reason:
    return Reason("no_reason", ru, "Give the reason in a sentence.")


def _years_later(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return day.replace(year=day.year + years, day=28)


def _term(entry: ObjectiveEntry) -> dict[str, str]:
    return {"from": entry.valid_from.isoformat(), "until": entry.valid_until.isoformat()}


def _journal(
    session: Session,
    entry: ObjectiveEntry,
    action: str,
    actor: Actor,
    at: datetime,
    facts: dict[str, str],
    reason: str,
) -> None:
    journal.append(
        session,
        actor=actor,
        at=at,
        action=action,
        subject="objective_entry",
        subject_id=entry.id,
        reason=reason.strip(),
        facts=dict(facts),
        municipality_id=entry.municipality_id,
        school_id=entry.school_id,
    )
