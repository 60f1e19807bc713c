"""What stops every move of every workflow, whatever its table says: a conflict, a hold, an open question, no second.

The engine asks these besides a row's own guards, so that a workflow edited by an administrator cannot forget them. What
does not concern a case leaves no line on its checklist.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.days import day_of
from app.errors import Reason
from app.flows import CLOSED
from app.models import CasePause, CaseQuestion
from app.terms import PauseCause
from app.workflows import independence
from app.workflows.declarations import computed
from app.workflows.guards import CHECKS
from app.workflows.machine import CheckedGuard, Guard, Question, Transition


def open_pause(session: Session, case_id: int) -> CasePause | None:
    """The pause in which the case's clock stands still now."""
    return session.scalars(select(CasePause).where(CasePause.case_id == case_id, CasePause.ended_at.is_(None))).first()


def open_question(session: Session, case_id: int) -> CaseQuestion | None:
    """The question with which the case was returned and which nobody has answered yet."""
    return session.scalars(
        select(CaseQuestion).where(CaseQuestion.case_id == case_id, CaseQuestion.closed_at.is_(None))
    ).first()


def held_reason(pause: CasePause) -> Reason:
    why = pause.reason.strip().rstrip(".")
    return Reason(
        "on_hold",
        f"Дело отложено до {pause.until_on:%d.%m.%Y}: «{why}». Чтобы двигать его раньше, возобновите дело.",
        f"The case is on hold until {pause.until_on:%Y-%m-%d}: “{why}”. Resume it to move it earlier.",
        "#resume",
    )


def asked_reason(question: CaseQuestion) -> Reason:
    return Reason(
        "question_open",
        f"Дело возвращено на уточнение ({question.addressee.ru}), ответ ждут до {question.due_on:%d.%m.%Y}. "
        "Сначала нужен ответ.",
        f"The case was returned with a question ({question.addressee.en}), due on {question.due_on:%Y-%m-%d}. "
        "It has to be answered first.",
        "#answer",
    )


def _not_on_hold(q: Question) -> Reason | None:
    pause = open_pause(q.session, q.case.id)
    return held_reason(pause) if pause is not None and pause.cause is PauseCause.HOLD else None


def _answered(q: Question) -> Reason | None:
    question = open_question(q.session, q.case.id)
    return asked_reason(question) if question is not None else None


def _second_is_a_person(q: Question) -> Reason | None:
    if q.actor.user_id is None:
        return Reason(
            "no_person",
            "Закрытие утверждает человек, а не программа: войдите под своим именем.",
            "A person approves a closure, not the program: sign in under your own name.",
        )
    return CHECKS["second"](q)


def _actor_is_independent(q: Question) -> Reason | None:
    """Whoever has a conflict moves the case no more: a curator, an inspector, and whoever decides by office."""
    if q.actor.user_id is None or q.case.school_id is None:
        return None
    if q.actor.role not in independence.DUTIES_OF_ROLE:
        return q.actor.barred(q.case.school_id)
    told = computed(q.session, q.actor.user_id, q.case.school_id, day_of(q.at))
    return told[0] if told else None


ACTOR_INDEPENDENT = Guard(
    "actor_independent",
    "У того, кто переводит дело, нет конфликта интересов",
    "Whoever moves the case has no conflict of interest",
    _actor_is_independent,
)

NOT_ON_HOLD = Guard("not_on_hold", "Дело не отложено", "The case is not on hold", _not_on_hold)
ANSWERED = Guard("answered", "На вопрос дан ответ", "The question is answered", _answered)
SECOND_PERSON = Guard("second_person", "Утверждает второй человек", "A second person approves", _second_is_a_person)

ALL = (ACTOR_INDEPENDENT, NOT_ON_HOLD, ANSWERED)


def objections(question: Question, row: Transition) -> tuple[CheckedGuard, ...]:
    """What these object to; a checklist shows one only when it does.

    Every move that ends a case is approved by a second person; a table that asks for it itself is asked once.
    """
    asked = [CheckedGuard(guard, guard.check(question)) for guard in ALL]
    if row.dest == CLOSED:
        second = CheckedGuard(SECOND_PERSON, _second_is_a_person(question))
        is_told = second.reason is not None and second.reason.code == "same_person"
        if not (is_told and any(guard.name == "second" for guard in row.guards)):
            asked.append(second)
    return tuple(check for check in asked if not check.is_met)
