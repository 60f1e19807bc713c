"""What stops every move of every workflow, whatever its table says: a hold, an open question, a missing second person.

The engine asks `ALL` before a row's own guards, so that a workflow edited by an administrator cannot forget them. What
does not concern a case leaves no line on its checklist.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import Reason
from app.models import CasePause, CaseQuestion
from app.terms import PauseCause
from app.workflows.engine import CheckedGuard, Guard, Question, Transition
from app.workflows.guards import SECOND


def open_pause(session: Session, case_id: int) -> CasePause | None:
    """The pause in which the case's clock stands still now."""
    return session.scalars(select(CasePause).where(CasePause.case_id == case_id, CasePause.ended_at.is_(None))).first()


def open_question(session: Session, case_id: int) -> CaseQuestion | None:
    """The question with which the case was returned and which nobody has answered yet."""
    return session.scalars(
        select(CaseQuestion).where(CaseQuestion.case_id == case_id, CaseQuestion.closed_at.is_(None))
    ).first()


def held_reason(pause: CasePause) -> Reason:
    return Reason(
        "on_hold",
        f"Дело отложено до {pause.until_on:%d.%m.%Y}: {pause.reason} Чтобы двигать его раньше, возобновите дело.",
        f"The case is on hold until {pause.until_on:%Y-%m-%d}: {pause.reason} Resume it to move it earlier.",
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
    return SECOND.check(q)


NOT_ON_HOLD = Guard("not_on_hold", "Дело не отложено", "The case is not on hold", _not_on_hold)
ANSWERED = Guard("answered", "На вопрос дан ответ", "The question is answered", _answered)
SECOND_PERSON = Guard("second_person", SECOND.ru, SECOND.en, _second_is_a_person)


def _only_when_missing(guard: Guard) -> Callable[[Question, Transition], CheckedGuard | None]:
    def ask(question: Question, row: Transition) -> CheckedGuard | None:
        reason = guard.check(question)
        return CheckedGuard(guard, reason) if reason is not None else None

    return ask


def _closing(question: Question, row: Transition) -> CheckedGuard | None:
    """Every move that ends a case is approved by a second person; a table that asks for it itself is asked once."""
    if row.dest != "closed":
        return None
    reason = _second_is_a_person(question)
    is_told = any(guard.name == SECOND.name for guard in row.guards)
    if reason is None or (is_told and reason.code != "no_person"):
        return None
    return CheckedGuard(SECOND_PERSON, reason)


ALL = (_only_when_missing(NOT_ON_HOLD), _only_when_missing(ANSWERED), _closing)
