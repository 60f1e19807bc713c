"""The case: the verbs that open, hand over and conclude it. Its ways are data, see `definitions`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import policy
from app.database import actor_of
from app.days import day_of
from app.errors import NotFound, Reason, Refused
from app.flows import CLOSED
from app.models import Case, Conclusion, Flag, User
from app.policy import Actor, Permission
from app.terms import CaseKind, Duty, EpisodeOrigin, Role, Tier, Verdict
from app.workflows import closures, independence, journal, outbox, stage_clock
from app.workflows.definitions import for_new_case, state_of

TOLD_AT_ONCE = frozenset(
    {
        "case:hand_interview",
        "case:propose",
        "curator:order",
        "handover:accept",
        "handover:decline",
        "handover:done",
        "handover:expire",
        "handover:propose",
        "handover:withdraw",
        "observation:schedule",
        "question:answer",
        "question:ask",
        "question:withdraw",
        "recheck:order",
        "roadmap:accept",
        "roadmap:agree",
        "roadmap:propose",
        "roadmap:return",
        "roadmap:submit",
    }
)
"""Actions that somebody is told of at once; whom and how, `app.workflows.telling` says."""


def open_case(session: Session, flag: Flag, *, actor: Actor, at: datetime, reason: str = "") -> Case:
    """Open a case for a flag, or add the flag to the school's open case; at most one of a kind is open a school."""
    policy.require(actor, Permission.CASE_OPEN)
    kind = CaseKind.OBJECTIVITY
    case = session.scalars(
        select(Case).where(Case.school_id == flag.school_id, Case.kind == kind, Case.state != CLOSED)
    ).first()
    action = "flag:attach"
    if case is None:
        action = "case:open"
        case = new_case(session, flag.school_id, flag.municipality_id, kind, flag.year, at=at)
        case.tier, case.evidence = flag.tier, flag.evidence
        closed = closures.former(session, case, at=at)
        if closed is not None:
            said = f"Признаки за {flag.year} год появились у школы, чьё дело {closed.number} было закрыто."
            carried = {"flag_id": flag.id}
            closures.link(session, case, closed, EpisodeOrigin.NEXT_CYCLE, said, carried, actor=actor, at=at)
    flag.case_id = case.id
    session.flush()
    record(
        session, case, action, actor=actor, at=at, reason=reason, facts={"flag_id": flag.id, "tier": flag.tier.value}
    )
    return case


def new_case(
    session: Session, school_id: int | None, municipality_id: int | None, kind: CaseKind, year: int, *, at: datetime
) -> Case:
    """A numbered case at the beginning of its workflow; who opens it says with what signs."""
    workflow = for_new_case(session, kind, municipality_id)
    case = Case(
        number=_next_number(session, year),
        kind=kind,
        workflow=workflow.name,
        workflow_version=workflow.version,
        state=workflow.definition.initial,
        year=year,
        tier=Tier.NONE,
        evidence=0.0,
        opened_at=at,
        entered_at=at,
        municipality_id=municipality_id,
        school_id=school_id,
    )
    session.add(case)
    session.flush()
    stage_clock.refresh(session, case)
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
        session, curator_id, case.school_id, Duty.CURATOR, day_of(at), is_counted=case.curator_id != curator_id
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
    stage = state_of(case)
    if verdict.value not in stage.verdicts:
        raise Refused(
            Reason(
                "verdict_out_of_place",
                f"В состоянии «{stage.ru}» такой вывод не предлагают.",
                f"This verdict cannot be proposed in “{stage.en}”.",
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
    """The case, seen by the session's actor, still open, and at a school where the actor may decide.

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
    policy.require_free(actor_of(session), case.school_id)
    if case.state == CLOSED:
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
    """Journal what was done on a case, and ask a job to tell those who have to know at once."""
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
    if action in TOLD_AT_ONCE:
        outbox.add(session, "tell_of_work", case.id, at=at, payload={"action": action, "actor_id": actor.user_id})


def _next_number(session: Session, year: int) -> str:
    # Whoever opens a case journals it in the same transaction, so the journal's turn numbers cases one after another
    # without a second lock that might be taken in another order.
    journal.take_turn(session)
    prefix, number = f"{year}-", Case.__table__.c.number
    last = session.connection().scalar(
        # Past 9999 a number grows longer: the longest comes last, not the greatest as text.
        select(number).where(number.like(f"{prefix}%")).order_by(func.length(number).desc(), number.desc()).limit(1)
    )
    return f"{prefix}{(int(last.removeprefix(prefix)) if last else 0) + 1:04d}"
