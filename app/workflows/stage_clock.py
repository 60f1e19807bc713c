"""The clock of a case's stage: budget, pauses, the day it is due; `cases.due_on` is kept current here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy.orm import Session

from app import datafiles
from app.calendars import Pause, StageClock, WorkingCalendar, stage_clock
from app.calendars.clock import due_on
from app.models import Case
from app.terms import CaseState
from app.workflows.calendar_world import calendar_of

PauseReader = Callable[[Session, Sequence[int] | None], Mapping[int, Sequence[Pause]]]

PAUSES: list[PauseReader] = []
"""Ledgers of pauses by case; None asks for every case. Whoever keeps one adds its reader here."""


@cache
def budgets() -> dict[CaseState, int]:
    """Working days a case is expected to stay in each open state (``app/data/stage_days.toml``)."""
    path = datafiles.DATA_DIR / "stage_days.toml"
    days = datafiles.load(path, keys={"working_days"}).body["working_days"]
    states = [state for state in CaseState if state is not CaseState.CLOSED]
    datafiles.require_keys(days, {state.value for state in states}, where=f"{path.name} [working_days]")
    return {state: int(days[state.value]) for state in states}


def stage_budget(case: Case, state: CaseState | None = None) -> int | None:
    """Working days for a stage of this case (its present one by default); None where nothing is limited."""
    return budgets().get(state or case.state)


def pauses_of(session: Session, case_ids: Sequence[int] | None) -> dict[int, list[Pause]]:
    """The ledger of pauses, by case."""
    found: dict[int, list[Pause]] = {}
    for read in PAUSES:
        for case_id, pauses in read(session, case_ids).items():
            found.setdefault(case_id, []).extend(pauses)
    return found


def due_day(
    case: Case,
    calendar: WorkingCalendar,
    pauses: Sequence[Pause] = (),
    *,
    state: CaseState | None = None,
    entered_at: datetime | None = None,
) -> date | None:
    """The day by which a stage of the case is to end."""
    budget = stage_budget(case, state)
    if budget is None:
        return None
    return due_on((entered_at or case.entered_at).date(), budget, calendar, pauses)


def columns(session: Session, case: Case, state: CaseState, at: datetime) -> dict[str, Any]:
    """What a move writes on the case besides its state: pauses of an earlier stage count no more than their overlap."""
    calendar = calendar_of(session, case.municipality_id)
    pauses = pauses_of(session, [case.id]).get(case.id, [])
    return {"due_on": due_day(case, calendar, pauses, state=state, entered_at=at)}


def refresh(session: Session, case: Case) -> None:
    """Set the due day anew, after a case was opened or its pauses changed."""
    calendar = calendar_of(session, case.municipality_id)
    case.due_on = due_day(case, calendar, pauses_of(session, [case.id]).get(case.id, []))
    session.flush()


def clock_of(session: Session, case: Case, today: date) -> StageClock | None:
    """What the clock of the case's stage shows today; None when nothing is limited."""
    budget = stage_budget(case)
    if budget is None:
        return None
    pauses = pauses_of(session, [case.id]).get(case.id, [])
    return stage_clock(case.entered_at.date(), budget, calendar_of(session, case.municipality_id), pauses, today)
