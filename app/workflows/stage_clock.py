"""The clock of a case's stage: budget, pauses, the day it is due; `cases.due_on` is kept current here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from app.calendars import Pause, StageClock, WorkingCalendar, stage_clock
from app.calendars.clock import due_on
from app.days import day_of
from app.flows import Definition, State
from app.flows.clock import fixed_day
from app.models import Case
from app.workflows import road_map_clock
from app.workflows.calendar_world import calendar_of
from app.workflows.definitions import state_of, workflow_of

PauseReader = Callable[[Session, Sequence[int] | None], Mapping[int, Sequence[Pause]]]

PAUSES: list[PauseReader] = []
"""Ledgers of pauses by case; None asks for every case. Whoever keeps one adds its reader here."""

WAITS: dict[str, PauseReader] = {"road_map_settled": road_map_clock.waited}
"""Guard → the stretches in which a stage whose way to the end asks it waits for somebody else."""


def stage_budget(session: Session, case: Case, stage: State) -> int | None:
    """Working days of a stage before its pauses; None where nothing is limited.

    A stage with a fixed day of the year has the days until then, when it was entered early enough to have its whole
    budget before it.
    """
    return _budget(stage, day_of(case.entered_at), calendar_of(session, case.municipality_id))


def _budget(stage: State, entered_on: date, calendar: WorkingCalendar) -> int | None:
    if stage.days is None:
        return None
    if stage.by is None:
        return stage.days
    ends_on = calendar.next_working(fixed_day(stage.by, entered_on))
    return max(stage.days, calendar.working_days_between(entered_on, ends_on))


class Ledger:
    """Stretches in which the clocks of cases stand; None for `case_ids` asks for every case."""

    def __init__(self, session: Session, case_ids: Sequence[int] | None) -> None:
        self._session, self._case_ids = session, case_ids
        self._read: dict[PauseReader, Mapping[int, Sequence[Pause]]] = {}

    def of(self, case_id: int, definition: Definition, stage: State) -> list[Pause]:
        """The pauses that count while a case stands in a stage."""
        waits = [read for guard, read in WAITS.items() if definition.ends_by(stage.code, guard)]
        return [pause for read in [*PAUSES, *waits] for pause in self._by(read).get(case_id, ())]

    def _by(self, read: PauseReader) -> Mapping[int, Sequence[Pause]]:
        if read not in self._read:
            self._read[read] = read(self._session, self._case_ids)
        return self._read[read]


def pauses_of(session: Session, case: Case, stage: State) -> list[Pause]:
    """The pauses that count for a case in a stage."""
    return Ledger(session, [case.id]).of(case.id, workflow_of(case).definition, stage)


def due_day(stage: State, entered_on: date, calendar: WorkingCalendar, pauses: Sequence[Pause] = ()) -> date | None:
    """The day by which a stage that was entered on a day is to end."""
    budget = _budget(stage, entered_on, calendar)
    return None if budget is None else due_on(entered_on, budget, calendar, pauses)


def columns(session: Session, case: Case, stage: State, at: datetime) -> dict[str, Any]:
    """What a move to `stage` writes on the case besides it; of an earlier stage's pauses only the overlap counts."""
    calendar = calendar_of(session, case.municipality_id)
    return {"due_on": due_day(stage, day_of(at), calendar, pauses_of(session, case, stage))}


def refresh(session: Session, case: Case) -> None:
    """Set the due day anew, after a case was opened or its pauses changed."""
    calendar, stage = calendar_of(session, case.municipality_id), state_of(case)
    case.due_on = due_day(stage, day_of(case.entered_at), calendar, pauses_of(session, case, stage))
    session.flush()


def clock_of(session: Session, case: Case, today: date) -> StageClock | None:
    """What the clock of the case's stage shows today; None when nothing is limited."""
    stage = state_of(case)
    budget = stage_budget(session, case, stage)
    if budget is None:
        return None
    pauses = pauses_of(session, case, stage)
    return stage_clock(day_of(case.entered_at), budget, calendar_of(session, case.municipality_id), pauses, today)
