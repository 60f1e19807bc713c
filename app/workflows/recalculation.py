"""Deadlines follow their events: what a change would move is shown first, then one job moves it and keeps a report.

Whoever has a table with `Dated` registers it in `TABLES`. Pinned rows stay, done rows are not looked at again, and
nobody is told of a moved day unless the change asks for it.

A row whose event is taken out of the calendar keeps its day and is marked as without a ground. The day was agreed on
and people work towards it; an empty one would leave every calendar, reminder and list at once, and the duty with it. So
somebody has to decide, and is told in any case: pin the day, choose another event, or mark it done.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, bindparam, insert, literal, null, select, update
from sqlalchemy.orm import Session

from app.calendars import Anchor, Due, Rule, Span, follow, occurrences, parse_rule
from app.days import day_of
from app.flows import CLOSED
from app.models import Case, Deadline, DueMove, ProgrammeMeasure, ProgrammeTask, Recheck, RoadMapItem, School
from app.terms import EventKind, Following, TaskStatus
from app.workflows import case_moves, stage_clock
from app.workflows.calendar_world import World, world_of
from app.workflows.definitions import workflow_named

REACH = timedelta(days=430)
"""How far from the earliest and the latest deadline its new day is looked for: an academic year and a little."""

CASES, RECHECKS = "cases", "rechecks"
"""Subjects of a report that are no `Dated` tables."""


@dataclass(frozen=True)
class DatedTable:
    """A table whose rows are `Dated` and belong to a territory.

    `label` and `who` are columns that name a row and the person responsible, `user_id` that person's account; `is_done`
    is the condition of rows that nothing touches any more.
    """

    model: Any
    label: Any
    is_done: Callable[[], ColumnElement[bool]]
    who: Any = None
    user_id: Any = field(default_factory=null)

    @property
    def name(self) -> str:
        return str(self.model.__tablename__)

    @property
    def case_id(self) -> Any:
        """The column of the case a row belongs to; null for tables that know no cases."""
        return getattr(self.model, "case_id", null())


TABLES: list[DatedTable] = [
    DatedTable(Deadline, Deadline.title, lambda: Deadline.done_at.is_not(None), Deadline.responsible),
    DatedTable(
        ProgrammeTask,
        select(ProgrammeMeasure.what).where(ProgrammeMeasure.id == ProgrammeTask.measure_id).scalar_subquery(),
        lambda: ProgrammeTask.status != TaskStatus.PLANNED,
        select(ProgrammeMeasure.responsible_name)
        .where(ProgrammeMeasure.id == ProgrammeTask.measure_id)
        .scalar_subquery(),
        select(ProgrammeMeasure.responsible_id)
        .where(ProgrammeMeasure.id == ProgrammeTask.measure_id)
        .scalar_subquery(),
    ),
    DatedTable(RoadMapItem, RoadMapItem.what, lambda: RoadMapItem.status != TaskStatus.PLANNED),
]


@dataclass(frozen=True)
class Followed:
    """One deadline and what a change does to it."""

    subject: str
    subject_id: int
    label: str
    who: str
    following: Following
    old_on: date | None
    new_on: date | None
    starts_on: date | None = None
    occurrence: str | None = None
    municipality_id: int | None = None
    school_id: int | None = None
    has_lost_event: bool = False


ORDER = (Following.ORPHANED, Following.MOVED, Following.PINNED, Following.DONE)
"""First what somebody will have to decide on."""


def preview(session: Session, before: World, after: World) -> list[Followed]:
    """Every deadline that a change of the world concerns, by day; the session's actor sees its own territory only."""
    found = [row for table in TABLES for row in _rows(session, table, before, after)]
    found += _cases(session, before, after)
    return sorted(found, key=lambda row: (ORDER.index(row.following), row.old_on or date.max, row.label))


def owners(followed: Iterable[Followed], place: Mapping[int, str]) -> list[tuple[str, int]]:
    """Whose deadlines lose their event and how many, the most first; `place` names municipalities.

    Whoever is named as responsible stands with the municipality; a row that names nobody is its municipality's.
    """
    found = Counter(
        ", ".join(filter(None, (place.get(row.municipality_id or 0, ""), row.who)))
        for row in followed
        if row.following is Following.ORPHANED
    )
    return sorted(found.items(), key=lambda item: (-item[1], item[0]))


def apply(session: Session, followed: Sequence[Followed], change_id: int | None = None) -> None:
    """Write the new days of what moves and the change by which others lost their event; run by a job as the system."""
    moved = [row for row in followed if row.following is Following.MOVED]
    for table in TABLES:
        rows = [
            {"row": r.subject_id, "start": r.starts_on, "due": r.new_on, "key": r.occurrence}
            for r in moved
            if r.subject == table.name
        ]
        if rows:
            columns = table.model.__table__.c
            # A row's version moves with its day, so that a page opened before is told that it is stale.
            version = {"version": columns.version + 1} if "version" in columns else {}
            session.connection().execute(
                update(table.model.__table__)
                .where(columns.id == bindparam("row"))
                .values(starts_on=bindparam("start"), due_on=bindparam("due"), occurrence=bindparam("key"), **version),
                rows,
            )
        lost = [{"row": r.subject_id} for r in followed if r.subject == table.name and r.has_lost_event]
        if lost:
            columns = table.model.__table__.c
            version = {"version": columns.version + 1} if "version" in columns else {}
            session.connection().execute(
                update(table.model.__table__)
                .where(columns.id == bindparam("row"))
                .values(lost_change_id=change_id, **version),
                lost,
            )
    cases = [{"row": r.subject_id, "due": r.new_on} for r in moved if r.subject == CASES]
    if cases:
        columns = Case.__table__.c
        session.connection().execute(
            update(Case.__table__).where(columns.id == bindparam("row")).values(due_on=bindparam("due")),  # type: ignore[arg-type]
            cases,
        )
    session.expire_all()


def keep_report(session: Session, change_id: int, followed: Sequence[Followed], *, is_told: bool, at: Any) -> str:
    """Keep what the change did to each deadline; return the hash of it for the journal."""
    rows = [
        {
            "change_id": change_id,
            "subject": r.subject,
            "subject_id": r.subject_id,
            "label": r.label[:300],
            "who": r.who[:200],
            "following": r.following,
            "old_on": r.old_on,
            "new_on": r.new_on,
            "is_told": r.following is Following.ORPHANED or (is_told and r.following is Following.MOVED),
            "at": at,
            "municipality_id": r.municipality_id,
            "school_id": r.school_id,
        }
        for r in followed
    ]
    if rows:
        session.execute(insert(DueMove), rows)
    told = [[r.subject, r.subject_id, r.following, str(r.old_on), str(r.new_on)] for r in followed]
    return hashlib.sha256(json.dumps(told, ensure_ascii=False).encode()).hexdigest()


def owner_of(session: Session, subject: str, subject_id: int) -> tuple[int | None, int | None]:
    """The case that a row of a report belongs to, and the account of whoever answers for it by name, where known."""
    if subject == CASES:
        return subject_id, None
    if subject == RECHECKS:
        recheck = session.get_one(Recheck, subject_id)
        return recheck.case_id, recheck.inspector_id
    table = next(table for table in TABLES if table.name == subject)
    row = session.execute(
        select(table.case_id.label("case_id"), table.user_id.label("user_id")).where(table.model.id == subject_id)
    ).first()
    return (row.case_id, row.user_id) if row is not None else (None, None)


def counts(followed: Iterable[Followed]) -> dict[str, int]:
    found = dict.fromkeys((following.value for following in Following), 0)
    for row in followed:
        found[row.following] += 1
    return found


def _is_of_a_move(rule: Mapping[str, Any]) -> bool:
    return rule.get("event") == EventKind.CASE_MOVE


def follow_move(session: Session, case: Case) -> int:
    """Give the deadlines that count from a move of this case their days, after it moved; return how many changed.

    A deadline that waits for its move gets a day; one whose move happened again follows it. Pinned and done ones stay.
    """
    world, changed = world_of(session), 0
    calendar = world.calendar(case.municipality_id)
    anchors = case_moves.anchors(session, {case.id}).get(case.id, [])
    today = max(anchor.on for anchor in anchors)
    span = Span(today - 3 * REACH, today + 3 * REACH)
    for table in TABLES:
        if not hasattr(table.model, "case_id"):
            continue
        model = table.model
        rows = session.scalars(
            select(model).where(
                model.case_id == case.id, model.rule.is_not(null()), model.is_pinned.is_(False), ~table.is_done()
            )
        )
        for row in rows:
            if not _is_of_a_move(row.rule):
                continue
            found = occurrences(parse_rule(row.rule), anchors, calendar, span)
            due = next((due for due in found if due.key == row.occurrence), found[-1] if found else None)
            if due is not None and (due.starts_on, due.due_on) != (row.starts_on, row.due_on):
                row.take(due)
                changed += 1
    session.flush()
    return changed


class _Occurrences:
    """Occurrences of rules in two worlds, each worked out once: thousands of tasks share a handful of rules.

    `moves` are the events of single cases, for rules that count from a move of their case.
    """

    def __init__(self, before: World, after: World, span: Span, moves: Mapping[int, list[Anchor]]) -> None:
        self._worlds = (before, after)
        self._span = span
        self._moves = moves
        self._known: dict[tuple[str, int | None, int | None], tuple[list[Due], list[Due]]] = {}
        self._places: dict[int | None, tuple[tuple[Any, ...], tuple[Any, ...]]] = {}

    def of(self, rule: dict[str, Any], municipality_id: int | None, case_id: int | None) -> tuple[list[Due], list[Due]]:
        own_case = case_id if _is_of_a_move(rule) else None
        key = json.dumps(rule, sort_keys=True), municipality_id, own_case
        if key not in self._known:
            if municipality_id not in self._places:
                first, second = (
                    (world.anchors(municipality_id), world.calendar(municipality_id)) for world in self._worlds
                )
                self._places[municipality_id] = first, second
            parsed: Rule = parse_rule(rule)
            moves = tuple(self._moves.get(own_case, ())) if own_case is not None else ()
            self._known[key] = tuple(  # type: ignore[assignment]
                occurrences(parsed, (*anchors, *moves), calendar, self._span)
                for anchors, calendar in self._places[municipality_id]
            )
        return self._known[key]


def _rows(session: Session, table: DatedTable, before: World, after: World) -> Iterator[Followed]:
    model = table.model
    rows = session.execute(
        select(
            model.id,
            model.rule,
            model.occurrence,
            model.starts_on,
            model.due_on,
            model.is_pinned,
            model.municipality_id,
            model.school_id,
            table.label.label("label"),
            (table.who if table.who is not None else literal("")).label("who"),
            table.is_done().label("is_done"),
            table.case_id.label("case_id"),
        ).where(
            model.rule.is_not(null()),
            model.due_on.is_not(None),
            # What has lost its event waits for a person; a later event is not taken for the lost one by itself.
            model.lost_change_id.is_(None),
        )
    ).all()
    if not rows:
        return
    days = [row.due_on for row in rows]
    span = Span(min(days) - REACH, max(days) + REACH)
    of_cases = {row.case_id for row in rows if row.case_id is not None and _is_of_a_move(row.rule)}
    known = _Occurrences(before, after, span, case_moves.anchors(session, of_cases))
    for row in rows:
        was, will_be = known.of(row.rule, row.municipality_id, row.case_id)
        due, is_gone = follow(row.occurrence, row.due_on, was, will_be)
        if is_gone:
            following = Following.PINNED if row.is_pinned else Following.ORPHANED
        elif due is None or (due.starts_on, due.due_on) == (row.starts_on, row.due_on):
            continue
        else:
            following = Following.PINNED if row.is_pinned else Following.MOVED
        if row.is_done:
            following = Following.DONE
        yield Followed(
            table.name,
            row.id,
            row.label,
            row.who or "",
            following,
            row.due_on,
            due.due_on if due is not None else None,
            due.starts_on if due is not None else None,
            due.key if due is not None else None,
            row.municipality_id,
            row.school_id,
            is_gone and not row.is_done,
        )


def _cases(session: Session, before: World, after: World) -> Iterator[Followed]:
    """Stages of open cases, when working days changed."""
    if before.entries == after.entries:
        return
    rows = session.execute(
        select(
            Case.id,
            Case.number,
            Case.workflow,
            Case.workflow_version,
            Case.state,
            Case.entered_at,
            Case.due_on,
            Case.curator_name,
            Case.municipality_id,
            Case.school_id,
            School.name.label("school"),
        )
        .join(School, School.id == Case.school_id)
        .where(Case.state != CLOSED)
    ).all()
    ledger = stage_clock.Ledger(session, None)
    calendars = {place: after.calendar(place) for place in {row.municipality_id for row in rows}}
    known: dict[Any, date | None] = {}
    for row in rows:
        definition = workflow_named(session, row.workflow, row.workflow_version).definition
        stage = definition.state(row.state)
        assert stage is not None  # a case stands in a state of its workflow
        entered_on, stood = day_of(row.entered_at), tuple(ledger.of(row.id, definition, stage))
        key = row.workflow, row.workflow_version, row.state, entered_on, row.municipality_id, stood
        if key not in known:
            known[key] = stage_clock.due_day(stage, entered_on, calendars[row.municipality_id], stood)
        if known[key] != row.due_on:
            yield Followed(
                CASES,
                row.id,
                f"{row.number}, {row.school}",
                row.curator_name or "",
                Following.MOVED,
                row.due_on,
                known[key],
                municipality_id=row.municipality_id,
                school_id=row.school_id,
            )
