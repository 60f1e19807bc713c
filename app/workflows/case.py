"""The case: its table of transitions, its guards, and the verbs that open, hand over and conclude it."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import datafiles, policy
from app.errors import NotFound, Reason, Refused
from app.models import Case, Conclusion, Flag, User
from app.policy import Actor, Permission
from app.terms import CaseKind, CaseState, Duty, Role, Verdict
from app.workflows import independence, journal
from app.workflows.engine import Question, Transition, make_workflow, register
from app.workflows.guards import (
    ACT,
    CLEAN,
    CONCLUSION,
    DISMISSAL,
    FOLLOWS,
    INDEPENDENT,
    ORDER,
    PROTOCOL,
    REMARKED,
    SECOND,
    latest,
)

WORKFLOW_VERSION = "objectivity-1"


def _closing(q: Question) -> dict[str, Any]:
    return {"closed_at": q.at, "verdict": latest(q.session, Conclusion, q.case.id).verdict}


_CLOSING = (REMARKED, CONCLUSION, FOLLOWS, CLEAN, SECOND)
_DISMISSING = (DISMISSAL, SECOND)

S, P, T = CaseState, Permission, Transition
OBJECTIVITY: tuple[Transition, ...] = (
    # trigger, source, dest, permission, Russian, English, guards
    T("interview", S.FLAGGED, S.INTERVIEW, P.CASE_INTERVIEW, "Отметить собеседование", "Record interview", (PROTOCOL,)),
    T("assign", S.INTERVIEW, S.CURATOR_ASSIGNED, P.CASE_ASSIGN, "Назначить куратора", "Assign", (ORDER, INDEPENDENT)),
    T("observe", S.CURATOR_ASSIGNED, S.OBSERVED, P.CASE_OBSERVE, "Отметить наблюдение", "Record observation", (ACT,)),
    T("recheck", S.OBSERVED, S.RECHECKED, P.CASE_RECHECK, "Завершить перепроверку", "Complete recheck", (REMARKED,)),
    T("close", S.RECHECKED, S.CLOSED, P.CASE_CLOSE, "Утвердить закрытие", "Approve closure", _CLOSING, _closing),
    T("dismiss", S.FLAGGED, S.CLOSED, P.CASE_CLOSE, "Снять признак", "Dismiss the sign", _DISMISSING, _closing, True),
    T("dismiss", S.INTERVIEW, S.CLOSED, P.CASE_CLOSE, "Снять признак", "Dismiss the sign", _DISMISSING, _closing, True),
)
"""The one table: buttons, refusals, journal, diagram and tests come from it."""

register([make_workflow("objectivity", WORKFLOW_VERSION, OBJECTIVITY)])


@cache
def stage_days() -> dict[CaseState, int]:
    """Calendar days a case is expected to stay in each open state (``app/data/stage_days.toml``)."""
    path = datafiles.DATA_DIR / "stage_days.toml"
    days = datafiles.load(path, keys={"days"}).body["days"]
    states = [state for state in CaseState if state is not CaseState.CLOSED]
    datafiles.require_keys(days, {state.value for state in states}, where=f"{path.name} [days]")
    return {state: int(days[state.value]) for state in states}


def open_case(session: Session, flag: Flag, *, actor: Actor, at: datetime, reason: str = "") -> Case:
    """Open a case for a flag, or add the flag to the school's open case; at most one is open a school."""
    policy.require(actor, Permission.CASE_OPEN)
    case = session.scalars(select(Case).where(Case.school_id == flag.school_id, Case.state != CaseState.CLOSED)).first()
    action = "flag:attach"
    if case is None:
        action = "case:open"
        case = Case(
            number=_next_number(session, flag.year),
            kind=CaseKind.OBJECTIVITY,
            workflow_version=WORKFLOW_VERSION,
            year=flag.year,
            tier=flag.tier,
            evidence=flag.evidence,
            opened_at=at,
            entered_at=at,
            municipality_id=flag.municipality_id,
            school_id=flag.school_id,
        )
        session.add(case)
        session.flush()
    flag.case_id = case.id
    session.flush()
    record(
        session, case, action, actor=actor, at=at, reason=reason, facts={"flag_id": flag.id, "tier": flag.tier.value}
    )
    return case


def hand_interview(session: Session, case_id: int, curator_id: int, *, actor: Actor, at: datetime) -> Case:
    """Ask a curator to hold the interview before any order is issued; the case comes into the curator's sight."""
    policy.require(actor, Permission.CASE_ASSIGN)
    case = open_case_of(session, case_id)
    curator = session.get(User, curator_id)
    if curator is None or curator.role is not Role.CURATOR or not curator.is_active:
        raise Refused(
            Reason(
                "not_a_curator", "Выберите действующего куратора из списка.", "Choose an active curator from the list."
            )
        )
    assert case.school_id is not None  # a case is always a school's
    objections = independence.objections_to_user(
        session, curator_id, case.school_id, Duty.CURATOR, at.date(), is_counted=case.curator_id != curator_id
    )
    if objections:
        raise Refused(*objections)
    case.curator_id, case.curator_name = curator.id, curator.name
    session.flush()
    record(session, case, "case:hand_interview", actor=actor, at=at, facts={"curator_id": curator.id})
    return case


def propose(
    session: Session, case_id: int, verdict: Verdict, grounds: str, *, actor: Actor, at: datetime
) -> Conclusion:
    """Propose how the case ends, with grounds; another person approves by the move ``close`` or ``dismiss``."""
    policy.require(actor, Permission.CASE_CONCLUDE)
    case = open_case_of(session, case_id)
    if len(grounds.strip()) < 10:
        raise Refused(
            Reason(
                "no_grounds",
                "Опишите основания хотя бы одним предложением.",
                "State the grounds in at least one sentence.",
            )
        )
    allowed = (
        {Verdict.DISMISSED} if case.state in (S.FLAGGED, S.INTERVIEW) else {Verdict.CONFIRMED, Verdict.NOT_CONFIRMED}
    )
    if verdict not in allowed:
        raise Refused(
            Reason(
                "verdict_out_of_place",
                f"В состоянии «{case.state.ru}» такой вывод не предлагают.",
                f"This verdict cannot be proposed in “{case.state.en}”.",
            )
        )
    assert actor.user_id is not None  # the system proposes nothing
    conclusion = Conclusion(
        case_id=case.id,
        verdict=verdict,
        grounds=grounds.strip(),
        proposed_by_id=actor.user_id,
        proposed_by_name=actor.signature(case.school_id),
        proposed_at=at,
        municipality_id=case.municipality_id,
        school_id=case.school_id,
    )
    session.add(conclusion)
    session.flush()
    record(session, case, "case:propose", actor=actor, at=at, reason=grounds, facts={"verdict": verdict.value})
    return conclusion


def open_case_of(session: Session, case_id: int) -> Case:
    """The case, seen by the session's actor and still open.

    Raises
    ------
    NotFound, Refused
    """
    # Locked and read anew: on PostgreSQL a verb that waited behind a closing move must see the closed case. It also
    # keeps one order of locks, case before journal, in every verb.
    case = session.scalars(
        select(Case).where(Case.id == case_id).with_for_update(of=Case).execution_options(populate_existing=True)
    ).first()
    if case is None:
        raise NotFound("Дело не найдено или относится к другой территории.")
    if case.state is CaseState.CLOSED:
        raise Refused(
            Reason(
                "case_closed",
                "Дело закрыто; изменить в нём ничего нельзя.",
                "The case is closed; nothing in it can be changed.",
            )
        )
    return case


def record(
    session: Session,
    case: Case,
    action: str,
    *,
    actor: Actor,
    at: datetime,
    reason: str = "",
    facts: dict[str, Any] | None = None,
) -> None:
    """Journal what was done on a case."""
    journal.append(
        session,
        actor=actor,
        at=at,
        action=action,
        subject="case",
        subject_id=case.id,
        reason=reason,
        facts=facts,
        municipality_id=case.municipality_id,
        school_id=case.school_id,
    )


def _next_number(session: Session, year: int) -> str:
    prefix = f"{year}-"
    last = (
        session.connection()
        .execute(select(func.max(Case.__table__.c.number)).where(Case.__table__.c.number.like(f"{prefix}%")))
        .scalar()
    )
    return f"{prefix}{(int(last.removeprefix(prefix)) if last else 0) + 1:04d}"
