"""Events and local days as values: the world in which deadlines are counted, as it is and as a change would make it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.calendars import Anchor, Layer, Span, Vacation, WorkingCalendar, russia
from app.days import day_of
from app.models import CalendarEntry, CalendarEvent, Dataset
from app.terms import ChangeKind, EntryKind, EventKind, FileKind


@dataclass(frozen=True)
class EventFact:
    id: int
    kind: EventKind
    on: date
    subject: str
    grade: int | None
    municipality_id: int | None

    def anchor(self) -> Anchor:
        return Anchor(self.kind, self.on, subject=self.subject, grade=self.grade, key=str(self.id))


@dataclass(frozen=True)
class EntryFact:
    id: int
    kind: EntryKind
    starts_on: date
    ends_on: date
    title: str
    municipality_id: int | None


@dataclass(frozen=True)
class Change:
    """A change of the calendar: what kind, of which row, with which new values (JSON)."""

    kind: ChangeKind
    row_id: int | None
    values: Mapping[str, Any]


NEW_ROW = 0
"""Id of a row that a change would add, while it is only looked at."""


@dataclass(frozen=True)
class World:
    """Every event and local day of the installation, and the uploads, which are events by themselves."""

    events: tuple[EventFact, ...] = ()
    entries: tuple[EntryFact, ...] = ()
    uploads: tuple[Anchor, ...] = ()

    def calendar(self, municipality_id: int | None) -> WorkingCalendar:
        region = _layer(tuple(e for e in self.entries if e.municipality_id is None))
        if municipality_id is None:
            return _calendar(region)
        return _calendar(region, _layer(tuple(e for e in self.entries if e.municipality_id == municipality_id)))

    def anchors(self, municipality_id: int | None) -> tuple[Anchor, ...]:
        """Events that concern a municipality: the region's and its own."""
        own = {None, municipality_id}
        return (*(e.anchor() for e in self.events if e.municipality_id in own), *self.uploads)

    def changed(self, change: Change) -> World:
        """The world after a change."""
        values = change.values
        match change.kind:
            case ChangeKind.EVENT_ADD:
                return replace(self, events=(*self.events, event_fact(NEW_ROW, values)))
            case ChangeKind.EVENT_MOVE:
                on = date.fromisoformat(values["on"])
                return replace(
                    self, events=tuple(replace(e, on=on) if e.id == change.row_id else e for e in self.events)
                )
            case ChangeKind.EVENT_REMOVE:
                return replace(self, events=tuple(e for e in self.events if e.id != change.row_id))
            case ChangeKind.ENTRY_ADD:
                return replace(self, entries=(*self.entries, entry_fact(NEW_ROW, values)))
            case ChangeKind.ENTRY_REMOVE:
                return replace(self, entries=tuple(e for e in self.entries if e.id != change.row_id))


def event_fact(row_id: int, values: Mapping[str, Any]) -> EventFact:
    return EventFact(
        row_id,
        EventKind(values["kind"]),
        date.fromisoformat(values["on"]),
        values.get("subject") or "",
        values.get("grade"),
        values.get("municipality_id"),
    )


def entry_fact(row_id: int, values: Mapping[str, Any]) -> EntryFact:
    return EntryFact(
        row_id,
        EntryKind(values["kind"]),
        date.fromisoformat(values["starts_on"]),
        date.fromisoformat(values["ends_on"]),
        values["title"],
        values.get("municipality_id"),
    )


def world_of(session: Session) -> World:
    """The world as the database holds it."""
    events = tuple(
        EventFact(e.id, e.kind, e.on, e.subject, e.grade, e.municipality_id)
        for e in session.scalars(select(CalendarEvent).order_by(CalendarEvent.id))
    )
    return World(events, _entries(session, None, every=True), _uploads(session))


def calendar_of(session: Session, municipality_id: int | None) -> WorkingCalendar:
    """The calendar of a municipality (None: of the region)."""
    return World(entries=_entries(session, municipality_id)).calendar(municipality_id)


def _entries(session: Session, municipality_id: int | None, *, every: bool = False) -> tuple[EntryFact, ...]:
    # Through the connection: the calendar is everybody's, and a move of a case asks for it each time.
    t = CalendarEntry.__table__.c
    statement = select(t.id, t.kind, t.starts_on, t.ends_on, t.title, t.municipality_id).order_by(t.id)
    if not every:
        statement = statement.where(or_(t.municipality_id.is_(None), t.municipality_id == municipality_id))
    return tuple(EntryFact(*row) for row in session.connection().execute(statement))


def _uploads(session: Session) -> tuple[Anchor, ...]:
    # Through the connection: the region's data sets move the deadlines of a municipality, whose people do not see them.
    table = Dataset.__table__
    rows = session.connection().execute(
        select(table.c.id, table.c.accepted_at, table.c.subject, table.c.grade)
        .where(table.c.kind == FileKind.WORKS)
        .order_by(table.c.id)
    )
    return tuple(
        Anchor(EventKind.UPLOAD, day_of(row.accepted_at), "", row.subject or "", row.grade, f"dataset-{row.id}")
        for row in rows
    )


@lru_cache(maxsize=2048)
def _layer(entries: tuple[EntryFact, ...]) -> Layer:
    def days(kind: EntryKind) -> list[tuple[date, str]]:
        spans = [(Span(e.starts_on, e.ends_on), e.title) for e in entries if e.kind is kind]
        return [(day, title) for span, title in spans for day in span.days()]

    return Layer(
        tuple(days(EntryKind.DAY_OFF)),
        tuple(day for day, _title in days(EntryKind.WORKING)),
        tuple(Vacation(e.title, Span(e.starts_on, e.ends_on)) for e in entries if e.kind is EntryKind.VACATION),
    )


@lru_cache(maxsize=512)
def _calendar(*layers: Layer) -> WorkingCalendar:
    """Calendars are made once for the same days: making one costs milliseconds, and every move of a case asks."""
    filled = [layer for layer in layers if layer != Layer()]
    return russia().with_layers(*filled) if filled else russia()
