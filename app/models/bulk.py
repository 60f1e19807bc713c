"""Decisions over many cases: tried dry, carried out by a job row by row, withdrawn within minutes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, JsonObject, Tenant, UtcDateTime, Versioned, term
from app.models.case import Case
from app.terms import BulkKind, BulkRowStatus, BulkStatus


class BulkDecision(Tenant, Versioned, Base):
    """One decision over all cases of a filter; its rows say what became of each case."""

    __tablename__ = "bulk_decisions"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[BulkKind] = mapped_column(term(BulkKind))
    trigger: Mapped[str] = mapped_column(String(40), default="")
    params: Mapped[JsonObject] = mapped_column(JSON, default=dict)
    filters: Mapped[JsonObject] = mapped_column(JSON, default=dict)
    reason: Mapped[str] = mapped_column(Text)
    status: Mapped[BulkStatus] = mapped_column(term(BulkStatus), default=BulkStatus.DRAFT)
    n_rows: Mapped[int] = mapped_column(default=0)
    n_able: Mapped[int] = mapped_column(default=0)
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    made_by_name: Mapped[str] = mapped_column(String(200))
    tried_at: Mapped[datetime] = mapped_column(UtcDateTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_by_name: Mapped[str | None] = mapped_column(String(200))
    withdrawal_reason: Mapped[str] = mapped_column(Text, default="")


class BulkRow(Tenant, Base):
    """One case of a decision: what the dry run said, what was done, and how it stood before."""

    __tablename__ = "bulk_rows"
    __table_args__ = (
        UniqueConstraint("decision_id", "case_id"),
        Index("ix_bulk_rows_decision_status", "decision_id", "status"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    decision_id: Mapped[int] = mapped_column(ForeignKey("bulk_decisions.id"))
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    expected_version: Mapped[int]
    status: Mapped[BulkRowStatus] = mapped_column(term(BulkRowStatus))
    reasons: Mapped[list[JsonObject]] = mapped_column(JSON, default=list)
    before: Mapped[JsonObject] = mapped_column(JSON, default=dict)
    made: Mapped[JsonObject] = mapped_column(JSON, default=dict)

    case: Mapped[Case] = relationship(foreign_keys="BulkRow.case_id")
