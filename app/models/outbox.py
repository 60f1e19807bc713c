"""Work to be done after a commit, as rows: the database is the queue, Redis only wakes a worker."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, JsonObject, Tenant, UtcDateTime, term
from app.terms import JobStatus


class OutboxJob(Base):
    """One job. Claiming raises `fence`; only the holder of the current fence may finish it."""

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_due", "status", "next_try_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    queue: Mapped[str] = mapped_column(String(20))
    subject_id: Mapped[int]
    payload: Mapped[JsonObject] = mapped_column(JSON, default=dict)
    status: Mapped[JobStatus] = mapped_column(term(JobStatus), default=JobStatus.PENDING)
    fence: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    wakes: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    next_try_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    error: Mapped[str | None] = mapped_column(Text)


class JobEffect(Base):
    """Proof that a job's effect happened: written in the same transaction as the effect, once."""

    __tablename__ = "job_effects"

    outbox_id: Mapped[int] = mapped_column(ForeignKey("outbox.id"), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class InboxNote(Tenant, Base):
    """A note to the people of a case that it moved; the effect of a move's outbox row."""

    __tablename__ = "inbox_notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    outbox_id: Mapped[int] = mapped_column(ForeignKey("outbox.id"), unique=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
