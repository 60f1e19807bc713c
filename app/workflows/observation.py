"""Visits of observers: scheduled without conflict of interest, recorded by an act."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import policy
from app.errors import Conflict, NotFound, Reason, Refused
from app.models import Case, Observation, User
from app.policy import Actor, Permission
from app.terms import ObservationStage, Role, Violation, VisitStatus
from app.workflows import independence
from app.workflows.assignment import Candidate
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
    load = dict(
        session.execute(
            select(Observation.observer_id, func.count())
            .where(Observation.status == VisitStatus.SCHEDULED)
            .group_by(Observation.observer_id)
        ).all()
    )
    people = session.scalars(select(User).where(User.role == Role.INSPECTOR, User.is_active).order_by(User.name))
    found = [
        Candidate(user, independence.observer_objection(session, case, user.id, on), load.get(user.id, 0))
        for user in people
    ]
    return sorted(found, key=lambda candidate: (candidate.reason is not None, candidate.load, candidate.user.name))


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
    if scheduled_on < at.date():
        raise Refused(
            Reason(
                "past",
                "День визита уже прошёл; назначьте сегодняшний или более поздний.",
                "The day of the visit is past; choose today or a later one.",
            )
        )
    objection = independence.observer_objection(session, case, observer_id, scheduled_on)
    if objection is not None:
        raise Refused(objection)
    person = independence.person_facts(session, observer_id)
    assert person is not None  # no objection was raised
    observation = Observation(
        case_id=case.id,
        observer_id=observer_id,
        observer_name=person.name,
        observer_workplace=person.workplace,
        trained_until=person.trained_until,
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
    if form.held_on > at.date():
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
