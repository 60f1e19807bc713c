"""Putting a case back to where it stood before its last move: the one way back that no table declares.

Only a withdrawn bulk decision comes here. The former move stays in the history; a compensating event leads back under
the same guarded UPDATE as every move, and the stage's clock runs from where it ran before.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from app.errors import Conflict, Reason, Refused
from app.models import Case, CaseEvent
from app.policy import Actor
from app.workflows import brakes, closures, outbox, stage_clock
from app.workflows.case import record
from app.workflows.definitions import state_of

TRIGGER = "withdraw"


def put_back(
    session: Session,
    case: Case,
    event_id: int,
    entered_at: datetime,
    *,
    request_id: str,
    reason: str,
    actor: Actor,
    at: datetime,
) -> CaseEvent:
    """Lead a locked case back over its last move.

    Parameters
    ----------
    entered_at : datetime
        When the case had entered the state it returns to.

    Raises
    ------
    Conflict
        The case has moved since.
    Refused
        Something rests on the new state by now: a hold, a question, a later episode, an open case of the school.
    """
    event = session.get(CaseEvent, event_id)
    if event is None or case.version != event.seq or case.state != event.to_state:
        raise Conflict(f"Дело с тех пор двигалось: сейчас оно в состоянии «{state_of(case).ru}».", version=case.version)
    reasons = _obstacles(session, case)
    if reasons:
        raise Refused(*reasons)
    # What the move wrote beside the state was empty before it.
    undone: dict[str, Any] = {name: None for name in event.facts if name in Case.__table__.c}
    result: CursorResult[Any] = session.execute(  # type: ignore[assignment]
        update(Case)
        .where(Case.id == case.id, Case.state == event.to_state, Case.version == event.seq)
        .values(state=event.from_state, version=event.seq + 1, entered_at=entered_at, **undone)
        .execution_options(synchronize_session=False)
    )
    session.refresh(case)
    if result.rowcount != 1:
        raise Conflict(f"Дело с тех пор двигалось: сейчас оно в состоянии «{state_of(case).ru}».", version=case.version)
    stage_clock.refresh(session, case)
    back = CaseEvent(
        case_id=case.id,
        seq=case.version,
        request_id=request_id,
        trigger=TRIGGER,
        from_state=event.to_state,
        to_state=event.from_state,
        actor_id=actor.user_id,
        actor_name=actor.name,
        at=at,
        reason=reason,
        facts={},
        municipality_id=case.municipality_id,
        school_id=case.school_id,
    )
    session.add(back)
    session.flush()
    outbox.add(session, "case_moved", case.id, at=at, payload={"event_id": back.id})
    facts = {"from": str(event.to_state), "to": str(event.from_state), "event_id": event.id, "version": case.version}
    record(session, case, f"case:{TRIGGER}", actor=actor, at=at, reason=reason, facts=facts)
    return back


def _obstacles(session: Session, case: Case) -> list[Reason]:
    found = []
    pause = brakes.open_pause(session, case.id)
    if pause is not None:
        found.append(brakes.held_reason(pause))
    question = brakes.open_question(session, case.id)
    if question is not None:
        found.append(brakes.asked_reason(question))
    if case.closed_at is None:
        return found
    later = closures.follow_up(session, case.id)
    standing = (
        later
        or session.scalars(
            select(Case).where(Case.school_id == case.school_id, Case.kind == case.kind, Case.closed_at.is_(None))
        ).first()
    )
    if standing is not None:
        found.append(
            Reason(
                "open_already",
                f"По школе уже открыто дело {standing.number}.",
                f"The school's case {standing.number} is open by now.",
                f"/cases/{standing.id}",
            )
        )
    return found
