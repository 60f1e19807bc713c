"""Mentoring pairs: who helps whom, to what end, and what their meetings came to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import policy
from app.days import day_of
from app.errors import Conflict, NotFound, Reason, Refused
from app.flows import CLOSED
from app.models import Case, MentoringMeeting, MentoringPair, School
from app.policy import Actor, Permission
from app.terms import MentoringKind, MentoringStatus, Subject
from app.workflows import execution, journal, mentors, outbox


@dataclass(frozen=True)
class PairForm:
    """A pair as it is made: two schools, or two people of the register and their subject.

    `is_confirmed` says that what the program warns of was seen and is meant.
    """

    kind: MentoringKind
    mentor_school_id: int | None
    school_id: int
    goals: str
    starts_on: date
    ends_on: date
    subject: str = ""
    mentor_person_id: int | None = None
    mentee_person_id: int | None = None
    is_confirmed: bool = False


def make_pair(
    session: Session, form: PairForm, *, actor: Actor, at: datetime, case: Case | None = None
) -> MentoringPair:
    """Make a pair; it is linked to `case`, else to the helped school's open case.

    Raises
    ------
    NotPermitted, NotFound, Refused
        Refused: one school or one person twice, an open case at the mentor's, a conflict of interest, a stranger to the
        subject nobody confirmed, no goals, days out of order.
    """
    policy.require(actor, Permission.MENTORING_KEEP)
    school = _school(session, form.school_id)
    policy.require_free(actor, school.id)
    if form.kind is MentoringKind.TEACHERS:
        # Two who make the same pair at once come one after another, so that the second sees it.
        journal.take_turn(session)
        people, reasons = _teachers(session, form, school, actor, day_of(at))
    else:
        people, reasons = _schools(session, form, school)
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
        case_id=case.id if case else None,
        goals=form.goals.strip(),
        starts_on=form.starts_on,
        ends_on=form.ends_on,
        made_by_name=actor.name,
        made_at=at,
        municipality_id=school.municipality_id,
        school_id=school.id,
        **people,
    )
    session.add(pair)
    session.flush()
    keys = ("mentor_school_id", "mentor_person_id", "mentee_person_id", "subject")
    facts = {key: people[key] for key in keys if people.get(key) is not None}
    _record(session, pair, "mentoring:make", actor=actor, at=at, facts=facts)
    _tell(session, pair, actor, at)
    return pair


def _schools(session: Session, form: PairForm, school: School) -> tuple[dict[str, Any], list[Reason]]:
    """The columns of a pair of schools, and what speaks against it."""
    if form.mentor_school_id is None:
        return {}, [Reason("no_school", "Выберите школу-наставника.", "Choose the mentor school.")]
    mentor_school = _school(session, form.mentor_school_id)
    reasons = []
    if school.id == mentor_school.id:
        reasons.append(
            Reason("one_school", "Школа не может помогать сама себе: выберите две.", "Choose two different schools.")
        )
    elif _open_case(session, mentor_school.id) is not None:
        reasons.append(mentors.mentor_has_case(mentor_school.name))
    return {"mentor_school_id": mentor_school.id, "mentor_place": mentor_school.name}, reasons


def _teachers(
    session: Session, form: PairForm, school: School, actor: Actor, on: date
) -> tuple[dict[str, Any], list[Reason]]:
    """The columns of a pair of teachers, and what speaks against it; the same answer as the pickers give."""
    if form.subject not in set(Subject):
        return {}, [Reason("no_subject", "Выберите предмет пары.", "Choose the subject of the pair.")]
    if form.mentor_person_id is None or form.mentee_person_id is None:
        return {}, [
            Reason(
                "no_teachers",
                "Выберите из реестра обоих: наставника и того, кому он помогает.",
                "Choose both from the register: the mentor and the one who is helped.",
            )
        ]
    if form.mentor_person_id == form.mentee_person_id:
        return {}, [
            Reason("one_person", "Человек не может быть наставником самому себе: выберите двух.", "Choose two people.")
        ]
    mentor = mentors.chosen(mentors.mentors(session, school, form.subject, on, actor), form.mentor_person_id)
    mentee = mentors.chosen(mentors.mentees(session, school, form.subject, on), form.mentee_person_id)
    if mentor is None:
        reason = Reason(
            "not_a_mentor",
            "Такого наставника предложить нельзя: он должен состоять в реестре и работать в методической службе или в "
            "школе из реестра объективных.",
            "A mentor is somebody of the register who works in a methodical service or in a school of the register of "
            "objective ones.",
        )
        return {}, [reason]
    if mentee is None:
        reason = Reason(
            "not_of_school",
            f"Этот человек не работает в школе «{school.name}». Выберите её работника или внесите ему место работы.",
            f"The person does not work at {school.name}. Choose somebody who does, or enter the post.",
        )
        return {}, [reason]
    reasons = [*mentor.reasons]
    if not form.is_confirmed:
        reasons += [reason for offer in (mentor, mentee) for reason in offer.warnings if reason.code == "stranger"]
    if _is_paired(session, form):
        reasons.append(
            Reason(
                "paired_already",
                f"{mentor.person.name} и {mentee.person.name} уже работают в паре. Завершите её или выберите другого.",
                f"{mentor.person.name} and {mentee.person.name} are a pair already. End it or choose another.",
            )
        )
    columns = {
        "subject": form.subject,
        "mentor_school_id": mentor.school_id,
        "mentor_place": mentor.place[:400],
        "mentor_person_id": mentor.person.person_id,
        "mentor_name": mentor.person.name,
        "mentor_post": mentor.post[:200],
        "mentee_person_id": mentee.person.person_id,
        "mentee_name": mentee.person.name,
        "mentee_post": mentee.post[:200],
    }
    return columns, reasons


def _is_paired(session: Session, form: PairForm) -> bool:
    """Whether the two are a pair now, wherever it was made."""
    pairs = MentoringPair.__table__
    found = session.connection().scalar(
        select(pairs.c.id)
        .where(
            pairs.c.mentor_person_id == form.mentor_person_id,
            pairs.c.mentee_person_id == form.mentee_person_id,
            pairs.c.status == MentoringStatus.ACTIVE,
        )
        .limit(1)
    )
    return found is not None


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
    pair = active(session, pair_id)
    return write_meeting(session, pair, held_on=held_on, theme=theme, agreed=agreed, actor=actor, at=at)


def write_meeting(
    session: Session, pair: MentoringPair, *, held_on: date, theme: str, agreed: str, actor: Actor, at: datetime
) -> MentoringMeeting:
    """What `record_meeting` does once it is known that the actor may.

    Raises
    ------
    Refused
    """
    reasons = []
    if held_on > day_of(at):
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
    pair = active(session, pair_id)
    policy.require_free(actor, pair.school_id)
    if pair.version != expected_version:
        raise Conflict("Пару уже изменил другой человек. Проверьте и отправьте ещё раз.")
    pair.outcome, pair.status = execution.said(outcome), MentoringStatus.ENDED
    session.flush()
    _record(session, pair, "mentoring:end", actor=actor, at=at, reason=pair.outcome)
    _tell(session, pair, actor, at)
    return pair


def active(session: Session, pair_id: int) -> MentoringPair:
    """A pair that works.

    Raises
    ------
    NotFound, Refused
    """
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


def _tell(session: Session, pair: MentoringPair, actor: Actor, at: datetime) -> None:
    """Ask that the pair's people be told how it stands now."""
    payload = {"status": pair.status.value, "actor_id": actor.user_id}
    outbox.add(session, "tell_of_pair", pair.id, at=at, payload=payload)


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
