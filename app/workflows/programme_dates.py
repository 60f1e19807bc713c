"""When the tasks of a programme are due: made from the rules of its measures, and moved when the events move."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app.calendars import Due, parse_rule
from app.models import Programme, ProgrammeMeasure, ProgrammeTask
from app.terms import TaskStatus
from app.workflows import plan_events


@dataclass(frozen=True)
class Shift:
    """One task that a recalculation makes, moves or drops; `task` is None for one to be made."""

    number: str
    what: str
    before: date | None
    after: date | None
    task: ProgrammeTask | None
    measure: ProgrammeMeasure
    due: Due | None
    slot: str

    @property
    def kind(self) -> str:
        return "made" if self.task is None else "dropped" if self.due is None else "moved"

    def plain(self) -> dict[str, Any]:
        return {
            "measure": self.number,
            "kind": self.kind,
            "from": self.before.isoformat() if self.before else None,
            "to": self.after.isoformat() if self.after else None,
        }


def shifts(session: Session, programme: Programme, only: int | None = None) -> list[Shift]:
    """What a recalculation would change, changing nothing; `only` is the id of one measure.

    Tasks that are done, waived or pinned stay as they are whatever the rule says now.
    """
    calendar = plan_events.calendar_of(session, programme.municipality_id)
    anchors = plan_events.events_of(session, programme.municipality_id)
    statement = (
        select(ProgrammeMeasure)
        .where(ProgrammeMeasure.programme_id == programme.id)
        .options(selectinload(ProgrammeMeasure.tasks))
        .order_by(ProgrammeMeasure.position)
    )
    if only is not None:
        statement = statement.where(ProgrammeMeasure.id == only)
    found = []
    for measure in session.scalars(statement):
        wanted: dict[str, Due] = {}
        if measure.left_out_reason is None:
            first_year = programme.first_year + measure.year_shift
            wanted = plan_events.dues(parse_rule(measure.rule), anchors, calendar, first_year)
        kept = {task.slot: task for task in measure.tasks}
        if len(wanted) == len(kept) == 1:
            # The one task of a measure stays itself under a new rule: notices and links lead to it.
            kept = dict(zip(wanted, kept.values(), strict=True))
        for slot, due in wanted.items():
            task = kept.get(slot)
            if task is None:
                found.append(Shift(measure.number, measure.what, None, due.due_on, None, measure, due, slot))
            elif _follows(task) and (task.due_on, task.starts_on) != (due.due_on, due.starts_on):
                found.append(Shift(measure.number, measure.what, task.due_on, due.due_on, task, measure, due, slot))
        for slot, task in kept.items():
            if slot not in wanted and _follows(task):
                found.append(Shift(measure.number, measure.what, task.due_on, None, task, measure, None, slot))
    return found


def follow(session: Session, programme: Programme, only: int | None = None) -> list[Shift]:
    """Do what `shifts` says: make, move and drop tasks; nobody had reported on those that are dropped."""
    found = shifts(session, programme, only)
    for shift in found:
        if shift.due is None:
            assert shift.task is not None
            shift.measure.tasks.remove(shift.task)
            session.delete(shift.task)
        elif shift.task is None:
            task = ProgrammeTask(
                programme_id=programme.id,
                measure=shift.measure,
                slot=shift.slot,
                rule=shift.measure.rule,
                municipality_id=programme.municipality_id,
            )
            task.take(shift.due)
            session.add(task)
        else:
            shift.task.slot, shift.task.rule = shift.slot, shift.measure.rule
            shift.task.take(shift.due)
    session.flush()
    return found


def due_of(session: Session, task: ProgrammeTask) -> Due | None:
    """What the rule says now of one task."""
    programme, measure = task.measure.programme, task.measure
    calendar = plan_events.calendar_of(session, programme.municipality_id)
    anchors = plan_events.events_of(session, programme.municipality_id)
    first_year = programme.first_year + measure.year_shift
    found = plan_events.dues(parse_rule(measure.rule), anchors, calendar, first_year)
    return next(iter(found.values())) if len(found) == len(measure.tasks) == 1 else found.get(task.slot)


def _follows(task: ProgrammeTask) -> bool:
    return task.status is TaskStatus.PLANNED and not task.is_pinned
