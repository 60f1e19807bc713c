"""Visits of observers: scheduled without conflict of interest, recorded by an act."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import policy
from app.conflicts import Watch, cross_observation_fault, load_rules
from app.days import day_of
from app.errors import Conflict, NotFound, Reason, Refused
from app.models import Case, Observation, Person
from app.policy import Actor, Permission
from app.terms import Duty, ObservationStage, Violation, VisitStatus
from app.workflows import independence
from app.workflows.assignment import Candidate, eligible_people
from app.workflows.case import open_case_of, record


@dataclass(frozen=True)
class ActForm:
    """What the act says (form of order Р-98 of 24.02.2021, Moscow oblast)."""

    act_number: str
    held_on: date
    stages: tuple[ObservationStage, ...]
    violations: tuple[Violation, ...]
    comment: str = ""


def eligible_observers(session: Session, case: Case, on: date) -> list[Candidate]:
    """All observers in sight, the possible ones first, the least loaded first among them."""
    return eligible_people(session, case, Duty.OBSERVER, on)


def schedule_observation(
    session: Session,
    case_id: int,
    observer_id: int,
    *,
    subject: str,
    grade: int,
    scheduled_on: date,
    actor: Actor,
    at: datetime,
) -> Observation:
    """Send an observer to the school on a day."""
    policy.require(actor, Permission.CASE_OBSERVE)
    case = open_case_of(session, case_id)
    if scheduled_on < day_of(at):
        raise Refused(
            Reason(
                "past",
                "День визита уже прошёл; назначьте сегодняшний или более поздний.",
                "The day of the visit is past; choose today or a later one.",
            )
        )
    assert case.school_id is not None  # a case is always a school's
    person = independence.facts_of_user(session, observer_id, scheduled_on)
    objections = independence.objections_to(person, case.school_id, Duty.OBSERVER, scheduled_on)
    if person is not None:
        home = person.home_school_id(scheduled_on)
        fault = cross_observation_fault(
            Watch(home, case.school_id),
            sitting_of(session, subject, grade, scheduled_on),
            grade,
            load_rules(),
            name=person.name,
        )
        if fault is not None and fault.code not in {reason.code for reason in objections}:
            objections.append(fault)
    if objections:
        raise Refused(*objections)
    assert person is not None  # no objection was raised
    trained_until = person.trained_until(Duty.OBSERVER)
    observation = Observation(
        case_id=case.id,
        observer_id=observer_id,
        observer_name=person.name,
        observer_workplace=person.workplace(scheduled_on),
        trained_until=trained_until,
        subject=subject,
        grade=grade,
        scheduled_on=scheduled_on,
        municipality_id=case.municipality_id,
        school_id=case.school_id,
    )
    session.add(observation)
    session.flush()
    record(
        session,
        case,
        "observation:schedule",
        actor=actor,
        at=at,
        facts={"observation_id": observation.id, "observer_id": observer_id, "on": scheduled_on.isoformat()},
    )
    return observation


def sitting_of(session: Session, subject: str, grade: int, on: date) -> list[Watch]:
    """Who observes where in one sitting: visits of a paper on a day, in the whole region."""
    visits, persons = Observation.__table__, Person.__table__
    rows = session.connection().execute(
        select(persons.c.id, visits.c.school_id)
        .select_from(visits.join(persons, persons.c.user_id == visits.c.observer_id))
        .where(
            visits.c.subject == subject,
            visits.c.grade == grade,
            visits.c.scheduled_on == on,
            visits.c.status != VisitStatus.CANCELLED,
        )
    )
    found = [(row.id, row.school_id) for row in rows]
    facts = independence.facts_of(session, on, person_ids=[person_id for person_id, _school in found])
    return [Watch(facts[person_id].home_school_id(on), school_id) for person_id, school_id in found]


def record_act(
    session: Session, observation_id: int, form: ActForm, *, actor: Actor, at: datetime, expected_version: int
) -> Observation:
    """Record the act of a visit; the move ``observe`` becomes possible."""
    policy.require(actor, Permission.CASE_OBSERVE)
    observation = session.get(Observation, observation_id)
    if observation is None:
        raise NotFound("Визит не найден или относится к другой территории.")
    case = open_case_of(session, observation.case_id)
    if observation.version != expected_version or observation.status is not VisitStatus.SCHEDULED:
        raise Conflict("Визит уже изменён: обновите страницу.", version=observation.version)
    reasons = []
    if not form.act_number.strip():
        reasons.append(Reason("no_number", "Укажите номер акта.", "Give the act's number."))
    if form.held_on > day_of(at):
        reasons.append(
            Reason(
                "future",
                "День визита ещё не наступил: акт заполняют после него.",
                "The day of the visit is still ahead: the act is filled in after it.",
            )
        )
    if not form.stages:
        reasons.append(
            Reason(
                "no_stage",
                "Отметьте хотя бы один этап, который видел наблюдатель.",
                "Mark at least one stage that the observer saw.",
            )
        )
    if observation.trained_until is not None and form.held_on > observation.trained_until:
        reasons.append(
            Reason(
                "training_expired",
                f"Обучение наблюдателя действовало до {observation.trained_until:%d.%m.%Y}, раньше дня визита.",
                f"The observer's training was valid until {observation.trained_until:%Y-%m-%d}.",
            )
        )
    if reasons:
        raise Refused(*reasons)
    observation.status = VisitStatus.DONE
    observation.act_number = form.act_number.strip()
    observation.held_on = form.held_on
    observation.stages = [stage.value for stage in form.stages]
    observation.violations = [violation.value for violation in form.violations]
    observation.comment = form.comment.strip()
    observation.recorded_at = at
    session.flush()
    record(
        session,
        case,
        "observation:act",
        actor=actor,
        at=at,
        facts={"observation_id": observation.id, "act": observation.act_number, "violations": observation.violations},
    )
    return observation
