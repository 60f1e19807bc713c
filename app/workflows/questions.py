"""Returning a case for clarification: what exactly is asked, of whom, until when; the answer closes the question.

What becomes of the stage's clock is part of the question. To the school: it stands until the answer, but no longer than
the day the answer is due. To the curator: it runs on. To an earlier stage: that stage begins anew.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import policy
from app.days import day_of
from app.errors import Conflict, Reason, Refused
from app.flows import CLOSED
from app.models import Case, CasePause, CaseQuestion
from app.policy import Actor, Permission
from app.terms import Addressee, PauseCause, Role
from app.workflows import brakes, engine, pauses
from app.workflows.case import open_case_of, record
from app.workflows.engine import Transition, workflow_of
from app.workflows.side_rules import SHORTEST_REASON, load_rules, reason_faults


def ways_back(case: Case) -> list[Transition]:
    """Side moves of the case's workflow that lead to an earlier stage for a reason in one's own words.

    Known by what they do, not by their name: a department may call them as it likes. One with a list of reasons is a
    decision of its own (support is prolonged), nothing to be asked about.
    """
    order = [state.code for state in workflow_of(case).states]
    here = case.state
    if here not in order:
        return []
    return [
        row
        for row in workflow_of(case).transitions
        if row.source == here
        and row.is_side
        and not row.reasons
        and row.dest != CLOSED
        and order.index(row.dest) < order.index(here)
    ]


def ask(
    session: Session,
    case_id: int,
    addressee: Addressee,
    asked: str,
    due_on: date,
    *,
    actor: Actor,
    at: datetime,
    expected_version: int,
    request_id: str,
    trigger: str = "",
) -> CaseQuestion:
    """Return the case with a question; no move is made until it is answered.

    Parameters
    ----------
    trigger : str
        The side move that leads back, when the question goes to an earlier stage; the engine asks for its permission.

    Raises
    ------
    Refused, Conflict
    """
    policy.require(actor, Permission.CASE_RETURN)
    case = open_case_of(session, case_id)
    pauses.check_version(case, expected_version)
    reasons = _faults(session, case, addressee, asked, due_on, trigger, actor, at)
    if reasons:
        raise Refused(*reasons)
    question = CaseQuestion(
        case_id=case.id,
        addressee=addressee,
        asked=asked.strip(),
        due_on=due_on,
        asked_by_id=actor.user_id,
        asked_by_name=actor.name,
        asked_at=at,
        municipality_id=case.municipality_id,
        school_id=case.school_id,
    )
    if addressee is Addressee.SCHOOL:
        until = due_on + timedelta(days=1)
        question.pause_id = pauses.start(session, case, PauseCause.QUESTION, until, asked, actor=actor, at=at).id
    elif addressee is Addressee.STAGE:
        question.event_id = engine.fire(
            session,
            case.id,
            trigger,
            actor=actor,
            at=at,
            expected_version=expected_version,
            request_id=request_id,
            reason=asked.strip(),
        ).id
    session.add(question)
    session.flush()
    facts = {"question_id": question.id, "to": addressee.value, "due": due_on.isoformat()}
    record(session, case, "question:ask", actor=actor, at=at, reason=asked.strip(), facts=facts)
    return question


def answer(session: Session, case_id: int, text: str, *, actor: Actor, at: datetime) -> CaseQuestion:
    """Close the open question with an answer; the clock that stood for it runs again.

    The school's answer may be recorded for it (it came on paper); otherwise whoever asked does not answer.

    Raises
    ------
    Refused, Conflict
    """
    policy.require(actor, Permission.CASE_ANSWER)
    case, question = _open(session, case_id)
    reasons = [] if may_answer(case, question, actor) else [_not_asked(case, question)]
    reasons += reason_faults(text, "Напишите ответ хотя бы одним предложением.", "Write at least a sentence.")
    if reasons:
        raise Refused(*reasons)
    question.answer = text.strip()
    _close(session, question, actor, at)
    facts = {"question_id": question.id, "days_late": max(0, (day_of(at) - question.due_on).days)}
    record(session, case, "question:answer", actor=actor, at=at, reason=text.strip(), facts=facts)
    return question


def withdraw(session: Session, case_id: int, reason: str, *, actor: Actor, at: datetime) -> CaseQuestion:
    """Take the open question back with a reason; a case returned to an earlier stage stays there."""
    policy.require(actor, Permission.CASE_RETURN)
    case, question = _open(session, case_id)
    reasons = reason_faults(reason, "Напишите одним предложением, почему вопрос снимают.")
    if reasons:
        raise Refused(*reasons)
    question.is_withdrawn = True
    _close(session, question, actor, at)
    facts = {"question_id": question.id}
    record(session, case, "question:withdraw", actor=actor, at=at, reason=reason.strip(), facts=facts)
    return question


def may_answer(case: Case, question: CaseQuestion, actor: Actor) -> bool:
    """Whether this person is the one asked, or may record the answer of the one asked."""
    if not actor.may(Permission.CASE_ANSWER):
        return False
    if question.addressee is Addressee.SCHOOL:
        return True
    if actor.role is Role.SCHOOL or actor.user_id == question.asked_by_id:
        return False
    return question.addressee is Addressee.STAGE or actor.user_id == case.curator_id


def of_case(session: Session, case_id: int) -> list[CaseQuestion]:
    """All questions of a case, the newest first."""
    found: Any = select(CaseQuestion).where(CaseQuestion.case_id == case_id).order_by(CaseQuestion.id.desc())
    return list(session.scalars(found))


def _open(session: Session, case_id: int) -> tuple[Case, CaseQuestion]:
    case = open_case_of(session, case_id)
    question = brakes.open_question(session, case.id)
    if question is None:
        raise Conflict("На вопрос уже ответили, или его сняли: посмотрите страницу дела.", version=case.version)
    return case, question


def _close(session: Session, question: CaseQuestion, actor: Actor, at: datetime) -> None:
    question.closed_at, question.closed_by_id, question.closed_by_name = at, actor.user_id, actor.name
    if question.pause_id is not None:
        pause = session.get(CasePause, question.pause_id)
        if pause is not None and pause.ended_at is None:
            pauses.stop(session, pause, "", actor=actor, at=at)
    session.flush()


def _not_asked(case: Case, question: CaseQuestion) -> Reason:
    if question.addressee is Addressee.CURATOR:
        return Reason(
            "not_asked",
            f"Отвечает куратор дела: {case.curator_name}.",
            f"The case's curator answers: {case.curator_name}.",
        )
    return Reason(
        "asked_yourself",
        "Вопрос задали вы: отвечает другой человек. Если он больше не нужен, снимите его с причиной.",
        "You asked the question: another person answers. If it is not needed any more, withdraw it with a reason.",
    )


def _faults(
    session: Session,
    case: Case,
    addressee: Addressee,
    asked: str,
    due_on: date,
    trigger: str,
    actor: Actor,
    at: datetime,
) -> list[Reason]:
    found = pauses.hold_objections(session, case)
    if len(asked.strip()) < 2 * SHORTEST_REASON:
        found.append(
            Reason(
                "no_question",
                "Напишите, что именно уточнить: по какой работе, какой документ, какое противоречие.",
                "Say exactly what to clear up: which paper, which document, which contradiction.",
            )
        )
    days, most = (due_on - day_of(at)).days, load_rules().question_days
    if not 1 <= days <= most:
        found.append(
            Reason(
                "due",
                f"Срок ответа — от завтрашнего дня, не дальше {most} дней.",
                f"The answer is due tomorrow at the earliest and within {most} days.",
            )
        )
    if addressee is Addressee.CURATOR and case.curator_id in (None, actor.user_id):
        found.append(
            Reason(
                "no_curator",
                "У дела нет другого куратора, которому можно вернуть вопрос.",
                "The case has no other curator to ask.",
                "#assignment",
            )
        )
    if addressee is Addressee.STAGE and trigger not in {row.trigger for row in ways_back(case)}:
        found.append(
            Reason(
                "no_way_back",
                "По порядку этого дела вернуть его на выбранный этап нельзя.",
                "The workflow of this case does not lead back to that stage.",
            )
        )
    return found
