"""Low results: flags of their own, and what is recorded while a school is helped."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, JsonObject, Tenant, UtcDateTime, term
from app.models.organisation import School
from app.terms import ReviewOutcome, SupportKind


class LowResultsFlag(Tenant, Base):
    """A school whose results are low by the year's indicators; `frozen` keeps them as they were computed."""

    __tablename__ = "low_results_flags"
    __table_args__ = (
        UniqueConstraint("run_id", "school_id"),
        CheckConstraint("n_signs > 0", name="has_signs"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("screening_runs.id"), index=True)
    year: Mapped[int]
    n_signs: Mapped[int]
    strength: Mapped[float]
    frozen: Mapped[JsonObject] = mapped_column(JSON)
    frozen_sha256: Mapped[str] = mapped_column(String(64))
    raised_at: Mapped[datetime] = mapped_column(UtcDateTime)
    raised_by_name: Mapped[str] = mapped_column(String(200))
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"), index=True)

    school: Mapped[School] = relationship(foreign_keys="LowResultsFlag.school_id")


class SupportRecord(Tenant, Base):
    """One thing recorded on a case of low results: the diagnosis, the programme, a review. Pairs: `MentoringPair`."""

    __tablename__ = "support_records"
    __table_args__ = (
        CheckConstraint("(kind = 'review') = (outcome IS NOT NULL)", name="review_has_outcome"),
        Index("ix_support_records_case_kind", "case_id", "kind", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    kind: Mapped[SupportKind] = mapped_column(term(SupportKind))
    held_on: Mapped[date]
    until: Mapped[date | None]
    title: Mapped[str] = mapped_column(String(300))
    text: Mapped[str] = mapped_column(Text)
    causes: Mapped[list[str]] = mapped_column(JSON, default=list)
    outcome: Mapped[ReviewOutcome | None] = mapped_column(term(ReviewOutcome))
    recorded_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    recorded_by_name: Mapped[str] = mapped_column(String(200))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
