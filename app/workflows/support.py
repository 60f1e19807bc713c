"""Help for a school with low results: diagnosis, programme, mentoring pair, review."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import policy
from app.days import day_of, local
from app.errors import Reason, Refused
from app.flows import CLOSED
from app.models import Case, MentoringPair, School, SupportRecord
from app.policy import Actor, Permission
from app.terms import CaseKind, LowCause, ReviewOutcome, SupportKind
from app.workflows import mentoring
from app.workflows.case import open_case_of, record
from app.workflows.mentoring import PairForm

LEAST_TEXT = 20
"""Letters that a diagnosis, a programme or a review has at least."""


def record_diagnosis(
    session: Session, case_id: int, *, held_on: date, causes: Sequence[LowCause], text: str, actor: Actor, at: datetime
) -> SupportRecord:
    """Keep what lies behind the low results; the move ``diagnose`` becomes possible."""
    case = _case(session, case_id, actor)
    reasons = [*_of_day(case, held_on, at), *_of_text(text)]
    if not causes:
        reasons.append(Reason("no_causes", "Отметьте хотя бы одну причину.", "Tick at least one cause."))
    return _keep(
        session, case, SupportKind.DIAGNOSIS, reasons, held_on=held_on, title="", text=text,
        causes=[cause.value for cause in causes], actor=actor, at=at,
    )  # fmt: skip


def record_programme(
    session: Session,
    case_id: int,
    *,
    title: str,
    agreed_on: date,
    until: date,
    agreed_with: str,
    text: str,
    actor: Actor,
    at: datetime,
) -> SupportRecord:
    """Keep the help programme with whom it was agreed; the move ``agree`` becomes possible."""
    case = _case(session, case_id, actor)
    reasons = [*_of_day(case, agreed_on, at), *_of_text(text)]
    if len(title.strip()) < 3:
        reasons.append(Reason("no_title", "Назовите программу.", "Give the programme a title."))
    if len(agreed_with.strip()) < 5:
        reasons.append(
            Reason(
                "nobody_agreed",
                "Укажите, с кем согласована программа: фамилия и должность.",
                "Say with whom the programme was agreed: name and post.",
            )
        )
    if until <= agreed_on:
        reasons.append(
            Reason("ends_early", "Программа кончается раньше, чем согласована.", "The programme ends before it begins.")
        )
    told = f"{text.strip()}\n\nСогласовано: {agreed_with.strip()}"
    return _keep(
        session, case, SupportKind.PROGRAMME, reasons, held_on=agreed_on, until=until, title=title, text=told,
        actor=actor, at=at,
    )  # fmt: skip


def record_mentoring(session: Session, case_id: int, form: PairForm, *, actor: Actor, at: datetime) -> MentoringPair:
    """Make a pair for the case's school and link it to the case; the move ``support`` becomes possible."""
    case = _case(session, case_id, actor)
    pair = mentoring.make_pair(session, form, actor=actor, at=at, case=case)
    record(session, case, "support:mentoring", actor=actor, at=at, facts={"pair_id": pair.id})
    return pair


def record_review(
    session: Session, case_id: int, *, held_on: date, outcome: ReviewOutcome, text: str, actor: Actor, at: datetime
) -> SupportRecord:
    """Keep what has become of the results; the move ``review`` becomes possible."""
    case = _case(session, case_id, actor)
    reasons = [*_of_day(case, held_on, at), *_of_text(text)]
    return _keep(
        session, case, SupportKind.REVIEW, reasons, held_on=held_on, title="", text=text, outcome=outcome,
        actor=actor, at=at,
    )  # fmt: skip


def possible_mentors(session: Session, case: Case) -> list[School]:
    """Schools in sight that may mentor: not the school itself, none with an open case; objective ones first."""
    busy = select(Case.school_id).where(Case.state != CLOSED, Case.school_id.is_not(None))
    return list(
        session.scalars(
            select(School)
            .where(School.id != case.school_id, School.id.not_in(busy))
            .order_by(School.is_objective.desc(), School.name)
            .limit(500)
        )
    )


def records_of(session: Session, case_id: int) -> list[SupportRecord]:
    """What was recorded on a case, newest first."""
    return list(
        session.scalars(select(SupportRecord).where(SupportRecord.case_id == case_id).order_by(SupportRecord.id.desc()))
    )


def _case(session: Session, case_id: int, actor: Actor) -> Case:
    policy.require(actor, Permission.CASE_SUPPORT)
    case = open_case_of(session, case_id)
    if case.kind is not CaseKind.LOW_RESULTS:
        raise Refused(
            Reason(
                "other_kind",
                "Это дело об объективности; помощь по низким результатам ведут в отдельном деле.",
                "This case is about objectivity; help for low results has a case of its own.",
            )
        )
    return case


def _keep(
    session: Session,
    case: Case,
    kind: SupportKind,
    reasons: Sequence[Reason],
    *,
    held_on: date,
    title: str,
    text: str,
    actor: Actor,
    at: datetime,
    until: date | None = None,
    causes: Sequence[str] = (),
    outcome: ReviewOutcome | None = None,
) -> SupportRecord:
    if reasons:
        raise Refused(*reasons)
    row = SupportRecord(
        case_id=case.id,
        kind=kind,
        held_on=held_on,
        until=until,
        title=title.strip(),
        text=text.strip(),
        causes=list(causes),
        outcome=outcome,
        recorded_by_id=actor.user_id,
        recorded_by_name=actor.name,
        recorded_at=at,
        municipality_id=case.municipality_id,
        school_id=case.school_id,
    )
    session.add(row)
    session.flush()
    record(session, case, f"support:{kind.value}", actor=actor, at=at, facts={"record_id": row.id})
    return row


def _of_day(case: Case, day: date, at: datetime) -> list[Reason]:
    if day > day_of(at):
        return [Reason("future", "Этот день ещё не наступил.", "That day is still ahead.")]
    if day < day_of(case.opened_at):
        return [
            Reason(
                "too_early",
                f"День раньше открытия дела ({local(case.opened_at):%d.%m.%Y}).",
                f"The day lies before the case was opened ({local(case.opened_at):%Y-%m-%d}).",
            )
        ]
    return []


def _of_text(text: str) -> list[Reason]:
    if len(text.strip()) >= LEAST_TEXT:
        return []
    return [Reason("no_text", "Опишите это хотя бы двумя предложениями.", "Describe it in a sentence or two.")]
