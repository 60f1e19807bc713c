"""Going on with a closed case by decision: a new case, linked to the closed one, which stays as it was."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import policy
from app.days import day_of
from app.errors import NotFound, Reason, Refused
from app.models import Case, Flag
from app.policy import Actor, Permission
from app.terms import EpisodeOrigin
from app.workflows import closures, hand_overs
from app.workflows.case import new_case, record
from app.workflows.side_rules import reason_faults


def reopen(
    session: Session,
    case_id: int,
    reason: str,
    *,
    with_signs: bool,
    with_curator: bool,
    actor: Actor,
    at: datetime,
) -> Case:
    """Open the next episode of a closed case.

    Parameters
    ----------
    with_signs, with_curator : bool
        What the new episode takes along: the strength of the signs with a reference to the flags, and the curator (who
        then needs a new order like anybody).

    Raises
    ------
    NotFound, Refused
        Refused: the case is open, it has been gone on with, the school's case of this kind is open, or the curator may
        not curate any more.
    """
    policy.require(actor, Permission.CASE_REOPEN)
    closed = session.scalars(
        select(Case).where(Case.id == case_id).with_for_update(of=Case).execution_options(populate_existing=True)
    ).first()
    if closed is None:
        raise NotFound("Дело не найдено или относится к другой территории.")
    policy.require_free(actor, closed.school_id)
    reasons = [*_obstacles(session, closed), *reason_faults(reason, "Напишите, почему дело открывают снова.")]
    carries_curator = with_curator and closed.curator_id is not None
    if carries_curator and not reasons:
        reasons += hand_overs.curator_objections(session, closed, closed.curator_id or 0, day_of(at))
    if reasons:
        raise Refused(*reasons)
    carried: dict[str, Any] = {}
    case = new_case(session, closed.school_id, closed.municipality_id, closed.kind, closed.year, at=at)
    if with_signs:
        case.tier, case.evidence = closed.tier, closed.evidence
        carried["flag_ids"] = list(session.scalars(select(Flag.id).where(Flag.case_id == closed.id).order_by(Flag.id)))
    if carries_curator:
        case.curator_id, case.curator_name = closed.curator_id, closed.curator_name
        carried["curator"] = closed.curator_name
    closures.link(session, case, closed, EpisodeOrigin.BY_HAND, reason, carried, actor=actor, at=at)
    facts = {"case": case.number, "episode_of": closed.number, **carried}
    record(session, case, "case:reopen", actor=actor, at=at, reason=reason.strip(), facts=facts)
    record(session, closed, "case:go_on", actor=actor, at=at, reason=reason.strip(), facts=facts)
    return case


def _obstacles(session: Session, closed: Case) -> list[Reason]:
    if closed.closed_at is None:
        return [Reason("not_closed", "Дело не закрыто: открывать нечего.", "The case is not closed.")]
    later = closures.follow_up(session, closed.id)
    if later is not None:
        return [
            Reason(
                "gone_on",
                f"Дело уже продолжено делом {later.number}.",
                f"Case {later.number} goes on with it already.",
                f"/cases/{later.id}",
            )
        ]
    standing = session.scalars(
        select(Case).where(Case.school_id == closed.school_id, Case.kind == closed.kind, Case.closed_at.is_(None))
    ).first()
    if standing is not None:
        return [
            Reason(
                "open_already",
                f"По школе уже открыто дело {standing.number}: новое признаки и решения присоединяют к нему.",
                f"The school's case {standing.number} is open: new signs and decisions join it.",
                f"/cases/{standing.id}",
            )
        ]
    return []
