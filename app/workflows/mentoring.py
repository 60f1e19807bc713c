"""Mentoring pairs: who helps whom, to what end, and what their meetings came to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import policy
from app.errors import Conflict, NotFound, Reason, Refused
from app.flows import CLOSED
from app.models import Case, MentoringMeeting, MentoringPair, School
from app.policy import Actor, Permission
from app.terms import MentoringKind, MentoringStatus
from app.workflows import execution, journal


@dataclass(frozen=True)
class PairForm:
    """A pair as it is made; `mentor` and `mentee` say post and subject, never a pupil."""

    kind: MentoringKind
    mentor_school_id: int
    school_id: int
    goals: str
    starts_on: date
    ends_on: date
    mentor: str = ""
    mentee: str = ""


def make_pair(
    session: Session, form: PairForm, *, actor: Actor, at: datetime, case: Case | None = None
) -> MentoringPair:
    """Make a pair; it is linked to `case`, else to the helped school's open case.

    Raises
    ------
    NotPermitted, NotFound, Refused
        Refused: one school twice, an open case at the mentor's, no goals, days out of order, teachers unnamed.
    """
    policy.require(actor, Permission.MENTORING_KEEP)
    school, mentor_school = _school(session, form.school_id), _school(session, form.mentor_school_id)
    reasons = []
    if form.kind is MentoringKind.SCHOOLS and school.id == mentor_school.id:
        reasons.append(
            Reason("one_school", "Школа не может помогать сама себе: выберите две.", "Choose two different schools.")
        )
    if school.id != mentor_school.id and _open_case(session, mentor_school.id) is not None:
        reasons.append(
            Reason(
                "mentor_has_case",
                f"У школы-наставника открыто дело: «{mentor_school.name}». Выберите школу без дела.",
                f"The mentor school has an open case: {mentor_school.name}. Choose one without.",
            )
        )
    if form.kind is MentoringKind.TEACHERS and not (form.mentor.strip() and form.mentee.strip()):
        reasons.append(
            Reason(
                "no_teachers",
                "Для пары учителей укажите должность и предмет обоих.",
                "For a pair of teachers state the post and subject of both.",
            )
        )
    if len(form.goals.strip()) < execution.SHORTEST_REASON:
        reasons.append(
            Reason("no_goals", "Опишите цели пары хотя бы одним предложением.", "State the goals in a sentence.")
        )
    if form.ends_on < form.starts_on:
        reasons.append(Reason("days", "Окончание раньше начала.", "The end lies before the beginning."))
    if reasons:
        raise Refused(*reasons)
    case = case or _open_case(session, school.id)
    pair = MentoringPair(
        kind=form.kind,
        mentor_school_id=mentor_school.id,
        mentor_school_name=mentor_school.name,
        case_id=case.id if case else None,
        mentor=form.mentor.strip()[:300],
        mentee=form.mentee.strip()[:300],
        goals=form.goals.strip(),
        starts_on=form.starts_on,
        ends_on=form.ends_on,
        made_by_name=actor.name,
        made_at=at,
        municipality_id=school.municipality_id,
        school_id=school.id,
    )
    session.add(pair)
    session.flush()
    _record(session, pair, "mentoring:make", actor=actor, at=at, facts={"mentor_school_id": mentor_school.id})
    return pair


def active_pair(session: Session, case: Case, on: date) -> MentoringPair | None:
    """A pair that helps the case's school on a day or is to begin; whether it came of this case or not."""
    return session.scalars(
        select(MentoringPair)
        .where(
            MentoringPair.school_id == case.school_id,
            MentoringPair.status == MentoringStatus.ACTIVE,
            MentoringPair.ends_on >= on,
        )
        .order_by(MentoringPair.id.desc())
        .limit(1)
    ).first()


def record_meeting(
    session: Session, pair_id: int, *, held_on: date, theme: str, agreed: str, actor: Actor, at: datetime
) -> MentoringMeeting:
    """Write a meeting down: when, about what, what was agreed."""
    policy.require(actor, Permission.MENTORING_KEEP)
    pair = _active(session, pair_id)
    reasons = []
    if held_on > at.date():
        reasons.append(Reason("future", "День встречи ещё не наступил.", "The meeting is still ahead."))
    if held_on < pair.starts_on:
        reasons.append(Reason("early", "Встреча раньше начала работы пары.", "The meeting is before the pair began."))
    if len(theme.strip()) < 3 or len(agreed.strip()) < 3:
        reasons.append(
            Reason("empty", "Укажите тему встречи и о чём договорились.", "State the theme and what was agreed.")
        )
    if reasons:
        raise Refused(*reasons)
    meeting = MentoringMeeting(
        pair=pair,
        held_on=held_on,
        theme=theme.strip()[:300],
        agreed=agreed.strip(),
        recorded_by_name=actor.name,
        recorded_at=at,
        municipality_id=pair.municipality_id,
        school_id=pair.school_id,
    )
    session.add(meeting)
    session.flush()
    _record(session, pair, "mentoring:meet", actor=actor, at=at, facts={"meeting_id": meeting.id})
    return meeting


def end(
    session: Session, pair_id: int, outcome: str, *, actor: Actor, at: datetime, expected_version: int
) -> MentoringPair:
    """End a pair with what came of it."""
    policy.require(actor, Permission.MENTORING_KEEP)
    pair = _active(session, pair_id)
    if pair.version != expected_version:
        raise Conflict("Пару уже изменил другой человек. Проверьте и отправьте ещё раз.")
    pair.outcome, pair.status = execution.said(outcome), MentoringStatus.ENDED
    session.flush()
    _record(session, pair, "mentoring:end", actor=actor, at=at, reason=pair.outcome)
    return pair


def _active(session: Session, pair_id: int) -> MentoringPair:
    pair = session.scalars(select(MentoringPair).where(MentoringPair.id == pair_id)).first()
    if pair is None:
        raise NotFound("Пары нет, или она относится к другой территории.")
    if pair.status is not MentoringStatus.ACTIVE:
        raise Refused(Reason("ended", "Работа пары завершена; заведите новую.", "The pair has ended; make a new one."))
    return pair


def _school(session: Session, school_id: int) -> School:
    school = session.scalars(select(School).where(School.id == school_id)).first()
    if school is None:
        raise NotFound("Школы нет, или она относится к другой территории.")
    return school


def _open_case(session: Session, school_id: int) -> Case | None:
    return session.scalars(select(Case).where(Case.school_id == school_id, Case.state != CLOSED).limit(1)).first()


def _record(
    session: Session,
    pair: MentoringPair,
    action: str,
    *,
    actor: Actor,
    at: datetime,
    reason: str = "",
    facts: dict[str, Any] | None = None,
) -> None:
    journal.append(
        session,
        actor=actor,
        at=at,
        action=action,
        subject="mentoring",
        subject_id=pair.id,
        reason=reason,
        facts=facts,
        municipality_id=pair.municipality_id,
        school_id=pair.school_id,
    )
