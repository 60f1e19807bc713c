"""Work that somebody is told of at once: who is asked, offered or appointed, and who waited for the answer.

The verbs journal what they do through `case.record`; an action of `TOLD_AT_ONCE` leaves a job beside the entry, and the
job finds here whom to tell, in the words of the table. It acts as the system: a person who acts in a territory may not
write into another person's notices.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.context import AppContext
from app.models import Case, CaseQuestion, Conclusion, HandOver, Observation, OutboxJob, Recheck, School, User
from app.terms import Addressee, HandOverStatus, NoticeKind, Role
from app.workflows import notices

Found = list[int | None]


@dataclass(frozen=True)
class Telling:
    """Whom an action concerns, and the words: «school: what»."""

    kind: NoticeKind
    ru: str
    en: str
    whom: Callable[[Session, Case], Found]


def _newest(session: Session, case: Case, model: Any) -> list[Any]:
    return list(session.scalars(select(model).where(model.case_id == case.id).order_by(model.id.desc()).limit(1)))


def _curator(session: Session, case: Case) -> Found:
    return [case.curator_id]


def _offered(session: Session, case: Case) -> Found:
    return [row.to_id for row in _newest(session, case, HandOver)]


def _offering(session: Session, case: Case) -> Found:
    return [user_id for row in _newest(session, case, HandOver) for user_id in (row.proposed_by_id, row.from_id)]


def _accepting(session: Session, case: Case) -> Found:
    """Whoever gives the case away, and whoever issues the order that the acceptance waits for."""
    waits = [row for row in _newest(session, case, HandOver) if row.status is HandOverStatus.ACCEPTED]
    return _offering(session, case) + (_department(session, case) if waits else [])


def _former(session: Session, case: Case) -> Found:
    """The former curator; without an order the acceptance itself has told it, and the order tells the new one."""
    return [row.from_id for row in _newest(session, case, HandOver) if row.needs_order]


def _department(session: Session, case: Case) -> Found:
    own = (User.role == Role.DEPARTMENT) & (User.municipality_id == case.municipality_id)
    return list(session.scalars(select(User.id).where(User.is_active, own)))


def _school(session: Session, case: Case) -> Found:
    own = (User.role == Role.SCHOOL) & (User.school_id == case.school_id)
    return list(session.scalars(select(User.id).where(User.is_active, own)))


def _school_and_curator(session: Session, case: Case) -> Found:
    return [*_school(session, case), case.curator_id]


def _seconding(session: Session, case: Case) -> Found:
    """Whoever may approve an end of the case: the department's other people, the region where there are none."""
    proposed_by = {row.proposed_by_id for row in _newest(session, case, Conclusion)}
    others = [user_id for user_id in _department(session, case) if user_id not in proposed_by]
    return others or list(session.scalars(select(User.id).where(User.is_active, User.role == Role.REGION_MANAGER)))


def _asked(session: Session, case: Case) -> Found:
    for question in _newest(session, case, CaseQuestion):
        if question.addressee is Addressee.SCHOOL:
            return _school(session, case)
        if question.addressee is Addressee.CURATOR:
            return [case.curator_id]
    return list(notices.people_of_case(session, case))


def _asking(session: Session, case: Case) -> Found:
    return [row.asked_by_id for row in _newest(session, case, CaseQuestion)]


def _observer(session: Session, case: Case) -> Found:
    return [row.observer_id for row in _newest(session, case, Observation)]


def _expert(session: Session, case: Case) -> Found:
    return [row.inspector_id for row in _newest(session, case, Recheck)]


GIVEN, ASKED, ANSWERED, TAKEN = NoticeKind.GIVEN, NoticeKind.ASKED, NoticeKind.ANSWERED, NoticeKind.TAKEN
TELLINGS: dict[str, Telling] = {
    "case:hand_interview": Telling(GIVEN, "вам поручено собеседование", "an interview is yours to hold", _curator),
    "case:propose": Telling(GIVEN, "предложен итог, нужен второй человек", "an end awaits a second person", _seconding),
    "curator:order": Telling(GIVEN, "вы назначены куратором", "you are appointed curator", _curator),
    "handover:propose": Telling(GIVEN, "вам предлагают дело", "a case is offered to you", _offered),
    "handover:accept": Telling(ANSWERED, "дело согласились принять", "the case is accepted", _accepting),
    "handover:decline": Telling(ANSWERED, "от дела отказались", "the case is declined", _offering),
    "handover:done": Telling(TAKEN, "дело ведёт новый куратор", "a new curator has taken over", _former),
    "handover:expire": Telling(ANSWERED, "на предложение передать дело не ответили", "nobody answered", _offering),
    "handover:withdraw": Telling(TAKEN, "предложение взять дело отозвано", "the offer is withdrawn", _offered),
    "observation:schedule": Telling(GIVEN, "вам назначено наблюдение", "an observation is yours", _observer),
    "question:ask": Telling(ASKED, "вам задан вопрос", "you are asked a question", _asked),
    "question:answer": Telling(ANSWERED, "на ваш вопрос ответили", "your question is answered", _asking),
    "question:withdraw": Telling(TAKEN, "вопрос к вам снят", "the question to you is withdrawn", _asked),
    "roadmap:accept": Telling(ANSWERED, "дорожная карта принята", "the road map is accepted", _school_and_curator),
    "roadmap:agree": Telling(ANSWERED, "дорожная карта согласована", "the road map is agreed", _department),
    "roadmap:propose": Telling(GIVEN, "предложена дорожная карта", "a road map is proposed", _school_and_curator),
    "roadmap:return": Telling(GIVEN, "дорожную карту вернули на доработку", "the road map is returned", _school),
    "roadmap:submit": Telling(GIVEN, "проверить дорожную карту", "a road map to check", _department),
    "recheck:order": Telling(GIVEN, "вам поручена перепроверка", "a recheck is yours", _expert),
}
"""Action of the journal → whom to tell and how; its keys are `case.TOLD_AT_ONCE`."""


def tell_of_work(context: AppContext, job: OutboxJob) -> Callable[[Session], None]:
    """Job: tell those whom an action on a case concerns, except who did it."""
    telling, doer = TELLINGS[job.payload["action"]], job.payload["actor_id"]

    def keep(session: Session) -> None:
        case = session.get_one(Case, job.subject_id)
        school = session.get_one(School, case.school_id)
        notices.tell(
            session,
            [user_id for user_id in telling.whom(session, case) if user_id is not None and user_id != doer],
            telling.kind,
            f"work-{job.id}",
            f"{school.name}: {telling.ru} (дело {case.number})",
            f"{school.name}: {telling.en} (case {case.number})",
            f"/cases/{case.id}",
            at=job.created_at,
        )

    return keep
