"""How far a programme is: by section, by kind, what is late."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from app.models import Programme, ProgrammeMeasure, ProgrammeTask
from app.terms import TaskStatus


@dataclass(frozen=True)
class Progress:
    """Tasks of one group; `share` is done among those that are not waived, None when there are none."""

    title: str
    n: int
    n_done: int
    n_waived: int
    n_overdue: int

    @property
    def n_planned(self) -> int:
        return self.n - self.n_done - self.n_waived

    @property
    def share(self) -> float | None:
        counted = self.n - self.n_waived
        return self.n_done / counted if counted else None


def tasks_of(session: Session, programme_id: int) -> list[ProgrammeTask]:
    """Tasks of a programme with their measures, in the order of days; those without a day last."""
    rows = session.scalars(
        select(ProgrammeTask)
        .where(ProgrammeTask.programme_id == programme_id)
        .options(joinedload(ProgrammeTask.measure).joinedload(ProgrammeMeasure.programme))
    ).all()
    return sorted(rows, key=lambda task: (task.due_on or date.max, task.measure.position, task.id))


def whole(tasks: Iterable[ProgrammeTask], today: date) -> Progress:
    return _count("", list(tasks), today)


def by_section(programme: Programme, tasks: Iterable[ProgrammeTask], today: date) -> list[Progress]:
    """Progress of every section that has tasks, in the programme's order."""
    titles = {section["id"]: section["title"] for section in programme.sections}
    return _grouped(tasks, lambda task: titles.get(task.measure.section, task.measure.section), titles.values(), today)


def overdue(tasks: Iterable[ProgrammeTask], today: date) -> list[ProgrammeTask]:
    return [task for task in tasks if _is_overdue(task, today)]


def _grouped(
    tasks: Iterable[ProgrammeTask], title: Callable[[ProgrammeTask], str], order: Iterable[str], today: date
) -> list[Progress]:
    groups: dict[str, list[ProgrammeTask]] = {name: [] for name in order}
    for task in tasks:
        groups.setdefault(title(task), []).append(task)
    return [_count(name, rows, today) for name, rows in groups.items() if rows]


def _count(title: str, tasks: list[ProgrammeTask], today: date) -> Progress:
    return Progress(
        title,
        len(tasks),
        sum(task.status is TaskStatus.DONE for task in tasks),
        sum(task.status is TaskStatus.WAIVED for task in tasks),
        sum(_is_overdue(task, today) for task in tasks),
    )


def _is_overdue(task: ProgrammeTask, today: date) -> bool:
    return task.status is TaskStatus.PLANNED and task.due_on is not None and task.due_on < today
