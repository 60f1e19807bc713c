"""What deadlines hang on: events, local days of the calendar, changes of both, and the deadlines a department sets."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, Boolean, CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, JsonObject, Tenant, UtcDateTime, Versioned, term
from app.models.dated import Dated, dated_checks
from app.terms import ChangeKind, ChangeStatus, EntryKind, EventKind, Following


class CalendarEvent(Versioned, Base):
    """An event that deadlines are counted from; without a municipality it is the whole region's. Seen by everybody."""

    __tablename__ = "calendar_events"
    __table_args__ = (CheckConstraint("kind <> 'works_kept' OR year IS NOT NULL", name="keeping_has_year"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[EventKind] = mapped_column(term(EventKind))
    on: Mapped[date] = mapped_column(index=True)
    title: Mapped[str] = mapped_column(String(300), default="")
    subject: Mapped[str] = mapped_column(String(10), default="")
    grade: Mapped[int | None]
    year: Mapped[int | None]
    source: Mapped[str] = mapped_column(String(400))
    municipality_id: Mapped[int | None] = mapped_column(ForeignKey("municipalities.id"), index=True)
    recorded_by_name: Mapped[str] = mapped_column(String(200))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)


class CalendarEntry(Base):
    """Days that a region or a municipality lays over the country's calendar. Seen by everybody."""

    __tablename__ = "calendar_entries"
    __table_args__ = (CheckConstraint("starts_on <= ends_on", name="starts_before_it_ends"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[EntryKind] = mapped_column(term(EntryKind))
    starts_on: Mapped[date] = mapped_column(index=True)
    ends_on: Mapped[date]
    title: Mapped[str] = mapped_column(String(200))
    source: Mapped[str] = mapped_column(String(400))
    municipality_id: Mapped[int | None] = mapped_column(ForeignKey("municipalities.id"), index=True)
    recorded_by_name: Mapped[str] = mapped_column(String(200))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)


class CalendarChange(Base):
    """A change of events or days that somebody saw the consequences of and asked for; a job applies it."""

    __tablename__ = "calendar_changes"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[ChangeKind] = mapped_column(term(ChangeKind))
    row_id: Mapped[int | None]
    values: Mapped[JsonObject] = mapped_column(JSON, default=dict)
    reason: Mapped[str] = mapped_column(Text)
    is_told: Mapped[bool] = mapped_column(Boolean, default=False)
    status: Mapped[ChangeStatus] = mapped_column(term(ChangeStatus), default=ChangeStatus.QUEUED)
    municipality_id: Mapped[int | None] = mapped_column(ForeignKey("municipalities.id"), index=True)
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    asked_by_name: Mapped[str] = mapped_column(String(200))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    applied_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    counts: Mapped[JsonObject] = mapped_column(JSON, default=dict)
    failure: Mapped[str | None] = mapped_column(Text)


class DueMove(Tenant, Base):
    """What one change did to one deadline; `is_told` when the change asked for notices."""

    __tablename__ = "due_moves"
    __table_args__ = (Index("ix_due_moves_subject", "subject", "subject_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    change_id: Mapped[int] = mapped_column(ForeignKey("calendar_changes.id"), index=True)
    subject: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[int]
    label: Mapped[str] = mapped_column(String(300))
    who: Mapped[str] = mapped_column(String(200), default="")
    following: Mapped[Following] = mapped_column(term(Following))
    old_on: Mapped[date | None]
    new_on: Mapped[date | None]
    is_told: Mapped[bool] = mapped_column(Boolean, default=False)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Deadline(Dated, Tenant, Versioned, Base):
    """A deadline that a region or a department set for itself, one row an occurrence of its rule."""

    __tablename__ = "deadlines"
    __table_args__ = dated_checks()

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(300))
    responsible: Mapped[str] = mapped_column(String(200), default="")
    source: Mapped[str] = mapped_column(String(400), default="")
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"), index=True)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    done_by_name: Mapped[str | None] = mapped_column(String(200))
    recorded_by_name: Mapped[str] = mapped_column(String(200))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)

    def __str__(self) -> str:
        return self.title


class PreservationRequest(Tenant, Base):
    """A letter to a school that asks to keep the works of a case until a day."""

    __tablename__ = "preservation_requests"
    __table_args__ = (CheckConstraint("requested_on <= keep_until", name="asked_before_the_end"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    number: Mapped[str] = mapped_column(String(40))
    requested_on: Mapped[date]
    keep_until: Mapped[date]
    is_confirmed: Mapped[bool] = mapped_column(Boolean, default=False)
    requested_by_name: Mapped[str] = mapped_column(String(200))
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime)
