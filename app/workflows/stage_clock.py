"""The clock of a case's stage: budget, pauses, the day it is due; `cases.due_on` is kept current here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from app.calendars import Pause, StageClock, WorkingCalendar, stage_clock
from app.calendars.clock import due_on
from app.flows import State
from app.flows.clock import fixed_day
from app.models import Case
from app.workflows.calendar_world import calendar_of
from app.workflows.definitions import state_of

PauseReader = Callable[[Session, Sequence[int] | None], Mapping[int, Sequence[Pause]]]

PAUSES: list[PauseReader] = []
"""Ledgers of pauses by case; None asks for every case. Whoever keeps one adds its reader here."""


def stage_budget(session: Session, case: Case, stage: State) -> int | None:
    """Working days of a stage before its pauses; None where nothing is limited.

    A stage with a fixed day of the year has the days until then, when it was entered early enough to have its whole
    budget before it.
    """
    return _budget(stage, case.entered_at.date(), calendar_of(session, case.municipality_id))


def _budget(stage: State, entered_on: date, calendar: WorkingCalendar) -> int | None:
    if stage.days is None:
        return None
    if stage.by is None:
        return stage.days
    ends_on = calendar.next_working(fixed_day(stage.by, entered_on))
    return max(stage.days, calendar.working_days_between(entered_on, ends_on))


def pauses_of(session: Session, case_ids: Sequence[int] | None) -> dict[int, list[Pause]]:
    """The ledger of pauses, by case."""
    found: dict[int, list[Pause]] = {}
    for read in PAUSES:
        for case_id, pauses in read(session, case_ids).items():
            found.setdefault(case_id, []).extend(pauses)
    return found


def due_day(stage: State, entered_on: date, calendar: WorkingCalendar, pauses: Sequence[Pause] = ()) -> date | None:
    """The day by which a stage that was entered on a day is to end."""
    budget = _budget(stage, entered_on, calendar)
    return None if budget is None else due_on(entered_on, budget, calendar, pauses)


def columns(session: Session, case: Case, stage: State, at: datetime) -> dict[str, Any]:
    """What a move to `stage` writes on the case besides it; of an earlier stage's pauses only the overlap counts."""
    calendar = calendar_of(session, case.municipality_id)
    return {"due_on": due_day(stage, at.date(), calendar, pauses_of(session, [case.id]).get(case.id, []))}


def refresh(session: Session, case: Case) -> None:
    """Set the due day anew, after a case was opened or its pauses changed."""
    calendar, pauses = calendar_of(session, case.municipality_id), pauses_of(session, [case.id]).get(case.id, [])
    case.due_on = due_day(state_of(case), case.entered_at.date(), calendar, pauses)
    session.flush()


def clock_of(session: Session, case: Case, today: date) -> StageClock | None:
    """What the clock of the case's stage shows today; None when nothing is limited."""
    budget = stage_budget(session, case, state_of(case))
    if budget is None:
        return None
    pauses = pauses_of(session, [case.id]).get(case.id, [])
    return stage_clock(case.entered_at.date(), budget, calendar_of(session, case.municipality_id), pauses, today)
