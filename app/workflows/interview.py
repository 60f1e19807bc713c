"""The interview with the head of a school and its protocol."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import policy
from app.days import day_of, local
from app.errors import Reason, Refused
from app.models import Flag, Interview
from app.policy import Actor, Permission
from app.terms import DocumentKind, ExplanationReason
from app.workflows import issuing
from app.workflows.case import open_case_of, record


@dataclass(frozen=True)
class AgreedAction:
    action: str
    due_on: date
    responsible: str


@dataclass(frozen=True)
class InterviewForm:
    """What the protocol says; `present` are pairs (name, post)."""

    number: str
    held_on: date
    place: str
    form: str
    present: tuple[tuple[str, str], ...]
    explanation: str
    reasons: tuple[ExplanationReason, ...]
    documents_shown: tuple[str, ...]
    agreed: tuple[AgreedAction, ...]
    needs_curator: bool = True
    needs_observers: bool = True
    needs_recheck: bool = True


def record_interview(session: Session, case_id: int, form: InterviewForm, *, actor: Actor, at: datetime) -> Interview:
    """Keep the interview and ask for its protocol; the move ``interview`` becomes possible."""
    policy.require(actor, Permission.CASE_INTERVIEW)
    case = open_case_of(session, case_id)
    reasons = []
    if not form.number.strip():
        reasons.append(Reason("no_number", "Укажите номер протокола.", "Give the protocol's number."))
    if form.held_on > day_of(at):
        reasons.append(
            Reason(
                "future",
                "Дата собеседования ещё не наступила: протокол заполняют после него.",
                "The day of the interview is still ahead: the protocol is filled in after it.",
            )
        )
    if form.held_on < day_of(case.opened_at):
        reasons.append(
            Reason(
                "too_early",
                f"Собеседование раньше открытия дела ({local(case.opened_at):%d.%m.%Y}).",
                "The interview lies before the day the case was opened.",
            )
        )
    if len(form.present) < 2:
        reasons.append(
            Reason(
                "nobody",
                "Перечислите присутствовавших: не меньше двух человек, фамилия и должность.",
                "List those present: at least two people, name and post.",
            )
        )
    if len(form.explanation.strip()) < 10:
        reasons.append(
            Reason(
                "no_explanation",
                "Запишите объяснение руководителя школы.",
                "Record the explanation the head of the school gave.",
            )
        )
    if reasons:
        raise Refused(*reasons)
    interview = Interview(
        case_id=case.id,
        number=form.number.strip(),
        held_on=form.held_on,
        place=form.place,
        form=form.form,
        present=[{"name": name, "post": post} for name, post in form.present],
        explanation=form.explanation.strip(),
        reasons=[reason.value for reason in form.reasons],
        documents_shown=list(form.documents_shown),
        agreed=[{**asdict(item), "due_on": item.due_on.isoformat()} for item in form.agreed],
        needs_curator=form.needs_curator,
        needs_observers=form.needs_observers,
        needs_recheck=form.needs_recheck,
        recorded_by_id=actor.user_id,
        recorded_by_name=actor.signature(case.school_id),
        recorded_at=at,
        municipality_id=case.municipality_id,
        school_id=case.school_id,
    )
    session.add(interview)
    session.flush()
    flag = session.scalars(select(Flag).where(Flag.case_id == case.id).order_by(Flag.id.desc()).limit(1)).first()
    issuing.request_document(
        session,
        case,
        DocumentKind.INTERVIEW_PROTOCOL,
        f"interview:{interview.id}",
        interview.number,
        issuing.protocol_context(case, interview, flag),
        at=at,
    )
    record(session, case, "interview:record", actor=actor, at=at, facts={"interview_id": interview.id})
    return interview
