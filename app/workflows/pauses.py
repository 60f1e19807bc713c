"""Holding a case until a date, and the ledger of pauses in which the clock of its stage stands still.

A held case makes no move: `app.workflows.brakes` refuses it. It wakes on its date by the scheduler, or by hand before.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import policy
from app.calendars import Pause
from app.days import day_of, first_moment
from app.errors import Conflict, Reason, Refused
from app.models import Case, CasePause
from app.policy import SYSTEM, Actor, Permission
from app.terms import PauseCause
from app.workflows import brakes, stage_clock
from app.workflows.case import open_case_of, record
from app.workflows.side_rules import load_rules, reason_faults


def hold(
    session: Session,
    case_id: int,
    until_on: date,
    reason: str,
    *,
    actor: Actor,
    at: datetime,
    expected_version: int | None = None,
) -> CasePause:
    """Put a case on hold: it stands still and its stage's clock stops until the day `until_on`.

    Raises
    ------
    Refused
        The clock stands still already, the day is not ahead or more than a year away, or the reason is missing.
    Conflict
        The case has moved since the page was opened.
    """
    policy.require(actor, Permission.CASE_HOLD)
    case = open_case_of(session, case_id)
    check_version(case, expected_version)
    reasons = [*hold_objections(session, case), *_term_faults(until_on, at)]
    reasons += reason_faults(reason, "Напишите одним предложением, почему дело откладывают.")
    if reasons:
        raise Refused(*reasons)
    pause = start(session, case, PauseCause.HOLD, until_on, reason, actor=actor, at=at)
    record(session, case, "case:hold", actor=actor, at=at, reason=reason.strip(), facts={"until": until_on.isoformat()})
    return pause


def hold_objections(session: Session, case: Case) -> list[Reason]:
    """Why a case cannot be put on hold now; empty when it can."""
    pause = brakes.open_pause(session, case.id)
    if pause is not None and pause.cause is PauseCause.HOLD:
        return [brakes.held_reason(pause)]
    question = brakes.open_question(session, case.id)
    return [brakes.asked_reason(question)] if question is not None else []


def resume(session: Session, case_id: int, note: str, *, actor: Actor, at: datetime) -> CasePause:
    """End a hold before its date."""
    policy.require(actor, Permission.CASE_HOLD)
    case = open_case_of(session, case_id)
    pause = brakes.open_pause(session, case.id)
    if pause is None or pause.cause is not PauseCause.HOLD:
        raise Refused(
            Reason(
                "not_on_hold", "Дело не отложено: возобновлять нечего.", "The case is not on hold: nothing to resume."
            )
        )
    stop(session, pause, note, actor=actor, at=at)
    record(session, case, "case:resume", actor=actor, at=at, reason=note.strip())
    return pause


def wake_due(session: Session, *, at: datetime) -> int:
    """End the pauses whose day has come, each at the first moment of its day; return how many ended.

    A hold ends and the case wakes; a question to the school stays open, but the clock runs again: the school is late.
    """
    today = day_of(at)
    ids = due(session, today)
    woken = 0
    for case_id in ids:
        # The case before its pause, as every verb locks them.
        case = session.scalars(select(Case).where(Case.id == case_id).with_for_update(of=Case)).first()
        pause = brakes.open_pause(session, case_id)
        if case is None or pause is None or pause.until_on > today:
            continue
        midnight = first_moment(pause.until_on)
        stop(session, pause, "", actor=SYSTEM, at=max(midnight, pause.started_at))
        action = "case:wake" if pause.cause is PauseCause.HOLD else "question:late"
        record(session, case, action, actor=SYSTEM, at=at, facts={"until": pause.until_on.isoformat()})
        woken += 1
    return woken


def due(session: Session, today: date) -> Sequence[int]:
    """Cases with a pause whose day has come."""
    return session.scalars(
        select(CasePause.case_id)
        .where(CasePause.ended_at.is_(None), CasePause.until_on <= today)
        .order_by(CasePause.case_id)
        .limit(500)
    ).all()


def start(
    session: Session, case: Case, cause: PauseCause, until_on: date, reason: str, *, actor: Actor, at: datetime
) -> CasePause:
    pause = CasePause(
        case_id=case.id,
        cause=cause,
        started_at=at,
        until_on=until_on,
        reason=reason.strip(),
        started_by_id=actor.user_id,
        started_by_name=actor.name,
        municipality_id=case.municipality_id,
        school_id=case.school_id,
    )
    session.add(pause)
    session.flush()
    stage_clock.refresh(session, case)
    return pause


def stop(session: Session, pause: CasePause, note: str, *, actor: Actor, at: datetime) -> None:
    pause.ended_at, pause.end_reason = max(at, pause.started_at), note.strip()
    pause.ended_by_id, pause.ended_by_name = actor.user_id, actor.name
    session.flush()
    case = session.get(Case, pause.case_id)
    assert case is not None  # whoever sees the pause sees its case
    stage_clock.refresh(session, case)


def check_version(case: Case, expected_version: int | None) -> None:
    """Refuse a verb whose case has moved since it was looked at.

    Raises
    ------
    Conflict
    """
    if expected_version is not None and case.version != expected_version:
        raise Conflict(
            f"Дело {case.number} успело продвинуться. Посмотрите, где оно стоит теперь.",
            state=str(case.state),
            version=case.version,
        )


def _term_faults(until_on: date, at: datetime) -> list[Reason]:
    days = (until_on - day_of(at)).days
    if days < 1:
        return [Reason("not_ahead", "День возобновления должен быть впереди.", "The day to resume must lie ahead.")]
    if days > load_rules().hold_days:
        return [
            Reason(
                "too_long",
                f"Дело откладывают не больше чем на {load_rules().hold_days} дней: потом причину рассматривают заново.",
                f"A case is put on hold for {load_rules().hold_days} days at most; then the reason is looked at anew.",
            )
        ]
    return []


def ledger(session: Session, case_ids: Sequence[int] | None) -> dict[int, list[Pause]]:
    """Pauses by case, for the clocks of stages; None asks for every case."""
    statement = select(CasePause).order_by(CasePause.id)
    if case_ids is not None:
        statement = statement.where(CasePause.case_id.in_(case_ids))
    found: dict[int, list[Pause]] = {}
    for row in session.scalars(statement):
        ended_on = day_of(row.ended_at) if row.ended_at is not None else None
        if ended_on is not None and row.ended_by_id is None:
            ended_on = row.until_on  # it ended by itself, at the first moment of its day in the region
        found.setdefault(row.case_id, []).append(Pause(day_of(row.started_at), ended_on, row.until_on))
    return found


stage_clock.PAUSES.append(ledger)
