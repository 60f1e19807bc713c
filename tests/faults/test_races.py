from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy.orm import Session

from app.bench.fault_races import race_moves
from app.context import AppContext
from app.errors import Conflict
from app.models import Case, CaseEvent
from app.policy import Actor
from app.workflows.engine import fire, workflow_of


def test_exactly_one_of_simultaneous_moves_wins(context: AppContext, hold):
    report = hold(race_moves(context, rounds=200, seed=2311))

    assert report.counts["won"] == 200
    assert report.counts["conflicts_with_fresh_state"] == 80 * 7 + 80  # every loser learns where the case stands


def fire_without_guarded_update(session: Session, case_id: int, trigger: str, **options: object) -> CaseEvent:
    """The naive way: load, let the machine go, write back."""
    case = session.get(Case, case_id)
    assert case is not None
    source = case.state
    case.state, case.version = workflow_of(case).target(source, trigger), case.version + 1
    return _event(session, case, trigger, source, **options)


def fire_without_request_id(session: Session, case_id: int, trigger: str, **options: object) -> CaseEvent:
    """A repeated request is treated as a new one."""
    return fire(session, case_id, trigger, **{**options, "request_id": f"{options['request_id']}-{id(session)}"})  # type: ignore[arg-type]


def fire_with_stale_answer(session: Session, case_id: int, trigger: str, **options: object) -> CaseEvent:
    """The loser is told that it lost, but not where the case stands now."""
    try:
        return fire(session, case_id, trigger, **options)  # type: ignore[arg-type]
    except Conflict as conflict:
        raise Conflict(str(conflict)) from conflict


@pytest.mark.parametrize("defect", [fire_without_guarded_update, fire_without_request_id, fire_with_stale_answer])
def test_race_trial_finds_a_planted_defect(context: AppContext, defect):
    report = race_moves(context, rounds=10, seed=5, service=defect)

    assert report.violations


def _event(
    session: Session,
    case: Case,
    trigger: str,
    source: object,
    *,
    actor: Actor,
    at: datetime,
    expected_version: int,
    request_id: str,
) -> CaseEvent:
    event = CaseEvent(
        case_id=case.id,
        seq=case.version,
        request_id=request_id,
        trigger=trigger,
        from_state=source,
        to_state=case.state,
        actor_name=actor.name,
        at=at,
        municipality_id=case.municipality_id,
        school_id=case.school_id,
    )
    session.add(event)
    session.flush()
    return event
