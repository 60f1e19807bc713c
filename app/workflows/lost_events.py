"""What one removed event has left without a ground, mended at once instead of row by row.

Each row goes through the verb that its own page uses: the same rights, the same refusals, an entry of the journal each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.calendars import Due
from app.errors import NotPermitted, Reason, Refused
from app.flows import CLOSED
from app.models import Case, Deadline, ProgrammeTask, RoadMapItem
from app.policy import Actor, Permission
from app.workflows import deadlines, execution, pinning, programme_tasks, recalculation, road_map_items

KEPT_BY: dict[Any, Permission] = {
    Deadline: Permission.CALENDAR_KEEP,
    ProgrammeTask: Permission.PROGRAMME_KEEP,
    RoadMapItem: Permission.ROADMAP_KEEP,
}
AT_ONCE = 300
"""Rows that one press mends; the page says how many are left, and the next press takes them."""


@dataclass(frozen=True)
class Lost:
    """Open rows whose event one change took away, and which the reader keeps."""

    deadlines: tuple[Deadline, ...]
    tasks: tuple[ProgrammeTask, ...]
    items: tuple[RoadMapItem, ...]

    def __len__(self) -> int:
        return len(self.deadlines) + len(self.tasks) + len(self.items)


@dataclass(frozen=True)
class Mended:
    """How many rows have a ground again, how many are left, and the first reason why one was refused."""

    done: int
    left: int
    refusal: Reason | None = None


def lost_by(session: Session, change_id: int, actor: Actor, *, to_mend: bool = False) -> Lost:
    """Open rows in the actor's sight that the change left without a ground, and that the actor may move.

    `to_mend` locks them, cases of measures first: every verb takes its row before the journal, and one transaction of
    many verbs would else hold the journal while it waits for a row.
    """
    if to_mend:
        cases = select(RoadMapItem.case_id).where(RoadMapItem.lost_change_id == change_id)
        session.execute(select(Case.id).where(Case.id.in_(cases)).order_by(Case.id).with_for_update(of=Case))
    return Lost(*(_own(session, change_id, actor, table, to_mend=to_mend) for table in recalculation.TABLES))


def _own(
    session: Session, change_id: int, actor: Actor, table: recalculation.DatedTable, *, to_mend: bool
) -> tuple[Any, ...]:
    model = table.model
    if not actor.may(KEPT_BY[model]):
        return ()
    query = select(model).where(
        model.lost_change_id == change_id, model.is_pinned.is_(False), model.due_on.is_not(None), ~table.is_done()
    )
    if model is RoadMapItem:  # a closed case is not worked on any more
        query = query.where(model.case_id.in_(select(Case.id).where(Case.state != CLOSED)))
    rows = session.scalars((query.with_for_update(of=model) if to_mend else query).order_by(model.id))
    own = [row for row in rows if actor.is_regional or row.municipality_id == actor.municipality_id]
    return tuple(row for row in own if actor.barred(row.school_id) is None)


def events_for(session: Session, lost: Lost) -> list[Due]:
    """Events that at least one of the deadlines may follow instead, in order of time; tasks and measures keep days."""
    offered: dict[str, Due] = {}
    for row in lost.deadlines[:AT_ONCE]:
        for due in pinning.other_events(session, row):
            offered.setdefault(due.key, due)
    return sorted(offered.values(), key=lambda due: (due.anchor.on if due.anchor else due.starts_on, due.key))


def pin_all(session: Session, change_id: int, reason: str, *, actor: Actor, at: datetime) -> Mended:
    """Keep all rows on the days they have, for one reason.

    Raises
    ------
    Refused
        There is no reason; nothing is pinned then.
    """
    why, lost = execution.said(reason), lost_by(session, change_id, actor, to_mend=True)
    common: dict[str, Any] = {"actor": actor, "at": at}
    verbs: list[Callable[[], Any]] = [
        partial(deadlines.pin, session, row.id, reason=why, on=None, expected_version=row.version, **common)
        for row in lost.deadlines
    ]
    groups: tuple[tuple[tuple[Any, ...], Callable[..., Any]], ...] = (
        (lost.tasks, programme_tasks.move),
        (lost.items, road_map_items.move),
    )
    for rows, move in groups:
        verbs += [
            partial(move, session, row.id, row.due_on, why, expected_version=row.version, **common) for row in rows
        ]
    return _each(verbs)


def follow_all(session: Session, change_id: int, key: str, *, actor: Actor, at: datetime) -> Mended:
    """Let all deadlines follow another event; those whose rule has no occurrence there stay as they are.

    Raises
    ------
    Refused
        No deadline can follow that event.
    """
    lost = lost_by(session, change_id, actor, to_mend=True)
    mended = _each(
        [
            partial(deadlines.take_event, session, row.id, key=key, actor=actor, at=at, expected_version=row.version)
            for row in lost.deadlines
        ]
    )
    if not mended.done and mended.refusal is not None:
        raise Refused(mended.refusal)
    return Mended(mended.done, mended.left + len(lost.tasks) + len(lost.items), mended.refusal)


def _each(verbs: list[Callable[[], Any]]) -> Mended:
    done, refusal = 0, None
    for verb in verbs:
        # What was refused stands first the next time too, and must not keep the rest from its turn.
        if done == AT_ONCE:
            break
        try:
            verb()
            done += 1
        except (Refused, NotPermitted) as refused:
            refusal = refusal or next(iter(refused.reasons), None)
    return Mended(done, len(verbs) - done, refusal)
