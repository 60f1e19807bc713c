"""Mentoring pairs as their people see them: a mentor works at a school that its account does not see.

Whoever stands in a pair by its card reads that pair — goals, days, meetings, the name of the school and no more of it —
and the mentor writes its meetings down. In a pair of schools these are the accounts of both schools.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session, selectinload

from app.context import AppContext
from app.errors import NotFound
from app.models import MentoringMeeting, MentoringPair, OutboxJob, Person, User
from app.policy import Actor
from app.terms import MentoringKind, MentoringStatus, NoticeKind, Role
from app.workflows import absences, mentoring, notices
from app.workflows.sight import as_system


@dataclass(frozen=True)
class OwnPair:
    """A pair of the reader's, with no row of a school behind it."""

    id: int
    kind: MentoringKind
    is_mentor: bool
    school_name: str
    mentor: str
    mentee: str
    subject: str
    goals: str
    starts_on: date
    ends_on: date
    status: MentoringStatus
    outcome: str
    meetings: tuple[tuple[date, str, str, str], ...]
    """Day, theme, what was agreed, who wrote it down; the newest first."""


def own_pairs(session: Session, actor: Actor) -> list[OwnPair]:
    """Pairs in which the actor stands by its card of the register or its school's account, the running ones first."""
    person = absences.own_card(session, actor)
    mine: list[ColumnElement[bool]] = []
    if person is not None:
        mine += [MentoringPair.mentor_person_id == person.id, MentoringPair.mentee_person_id == person.id]
    schools = actor.school_ids if actor.role is Role.SCHOOL else frozenset()
    if schools:
        sides = or_(MentoringPair.mentor_school_id.in_(schools), MentoringPair.school_id.in_(schools))
        mine.append(and_(MentoringPair.kind == MentoringKind.SCHOOLS, sides))
    if not mine:
        return []
    with as_system(session):
        rows = session.scalars(
            select(MentoringPair)
            .where(or_(*mine))
            .options(selectinload(MentoringPair.school), selectinload(MentoringPair.meetings))
            .order_by(MentoringPair.status, MentoringPair.ends_on, MentoringPair.id)
        ).all()
        return [_own(row, None if person is None else person.id, schools) for row in rows]


def own_pair(session: Session, actor: Actor, pair_id: int) -> OwnPair:
    """One of the actor's pairs.

    Raises
    ------
    NotFound
    """
    found = next((pair for pair in own_pairs(session, actor) if pair.id == pair_id), None)
    if found is None:
        raise NotFound("Такой пары нет, или вы в ней не участвуете.")
    return found


def record_own_meeting(
    session: Session, pair_id: int, *, held_on: date, theme: str, agreed: str, actor: Actor, at: datetime
) -> MentoringMeeting:
    """Write a meeting of one's own pair down; the mentor's to do.

    Raises
    ------
    NotFound, Refused
    """
    if not own_pair(session, actor, pair_id).is_mentor:
        raise NotFound("Встречи пары записывает наставник или отдел образования.")
    with as_system(session):
        pair = mentoring.active(session, pair_id)
        return mentoring.write_meeting(session, pair, held_on=held_on, theme=theme, agreed=agreed, actor=actor, at=at)


def tell_of_pair(_context: AppContext, job: OutboxJob) -> Callable[[Session], None]:
    """Job: tell the people of a pair who have an account that it was made or has ended, except who did it."""

    def keep(session: Session) -> None:
        pair = session.get_one(MentoringPair, job.subject_id)
        people = session.scalars(_people_of(pair))
        is_made = job.payload["status"] == MentoringStatus.ACTIVE
        ru, en = ("Вы в паре наставничества", "You are in a mentoring pair")
        if pair.kind is MentoringKind.SCHOOLS:
            ru, en = ("Ваша школа в паре наставничества", "Your school is in a mentoring pair")
        if not is_made:
            ru, en = ("Работа пары завершена", "The pair has ended")
        mentor, mentee = _sides(pair)
        notices.tell(
            session,
            [user_id for user_id in people if user_id != job.payload["actor_id"]],
            NoticeKind.GIVEN if is_made else NoticeKind.TAKEN,
            f"pair-{job.id}",
            f"{ru}: {mentor} → {mentee}.",
            f"{en}: {mentor} → {mentee}.",
            f"/account/pairs/{pair.id}",
            at=job.created_at,
        )

    return keep


def _people_of(pair: MentoringPair) -> Select[int]:
    """Accounts of the pair's people; of two schools, those of the schools."""
    if pair.kind is MentoringKind.SCHOOLS:
        schools = (pair.mentor_school_id, pair.school_id)
        return select(User.id).where(User.role == Role.SCHOOL, User.school_id.in_(schools), User.is_active)
    ids = [i for i in (pair.mentor_person_id, pair.mentee_person_id) if i is not None]
    return select(User.id).join(Person, Person.user_id == User.id).where(Person.id.in_(ids), User.is_active)


def _sides(pair: MentoringPair) -> tuple[str, str]:
    """Who helps and who is helped, by name."""
    if pair.kind is MentoringKind.SCHOOLS:
        return pair.mentor_place, pair.school.name
    return pair.mentor_name, pair.mentee_name


def _own(pair: MentoringPair, person_id: int | None, schools: Collection[int]) -> OwnPair:
    mentor, mentee = _sides(pair)
    of_schools = pair.kind is MentoringKind.SCHOOLS
    return OwnPair(
        pair.id,
        pair.kind,
        pair.mentor_school_id in schools if of_schools else pair.mentor_person_id == person_id,
        pair.school.name,
        ", ".join(filter(None, (mentor, pair.mentor_post))),
        ", ".join(filter(None, (mentee, pair.mentee_post))),
        pair.subject or "",
        pair.goals,
        pair.starts_on,
        pair.ends_on,
        pair.status,
        pair.outcome or "",
        tuple((row.held_on, row.theme, row.agreed, row.recorded_by_name) for row in pair.meetings),
    )
