"""Screening runs, what they found, and the flags raised: frozen when made, never rewritten."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, JsonObject, Tenant, UtcDateTime, term
from app.models.organisation import School
from app.terms import Family, FindingLevel, FindingOutcome, RunStatus, Tier


class ScreeningRun(Tenant, Base):
    """One run of the detectors over a year's accepted data sets.

    A trial run keeps its findings and raises no flags until somebody raises them, once, with the limits in `limits`.
    `judged_sha256` names the stored figures that the tiers were decided on (JSON, `app.detectors.judged`).
    """

    __tablename__ = "screening_runs"

    id: Mapped[int] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(index=True)
    status: Mapped[RunStatus] = mapped_column(term(RunStatus), default=RunStatus.QUEUED)
    progress: Mapped[float] = mapped_column(default=0.0)
    stage: Mapped[str] = mapped_column(String(200), default="")
    started_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    started_by_name: Mapped[str] = mapped_column(String(200), default="")
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    inputs: Mapped[JsonObject] = mapped_column(JSON, default=dict)
    inputs_sha256: Mapped[str | None] = mapped_column(String(64))
    detector_versions: Mapped[JsonObject] = mapped_column(JSON, default=dict)
    parameters: Mapped[JsonObject] = mapped_column(JSON, default=dict)
    reference: Mapped[JsonObject] = mapped_column(JSON, default=dict)
    tiers: Mapped[JsonObject] = mapped_column(JSON, default=dict)
    is_trial: Mapped[bool] = mapped_column(default=False)
    judged_sha256: Mapped[str | None] = mapped_column(String(64))
    limits: Mapped[JsonObject] = mapped_column(JSON, default=dict)
    raised_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    raised_by_name: Mapped[str] = mapped_column(String(200), default="")
    n_findings: Mapped[int] = mapped_column(default=0)
    n_flags: Mapped[int] = mapped_column(default=0)
    n_cases: Mapped[int] = mapped_column(default=0)
    failure: Mapped[str | None] = mapped_column(Text)


class Finding(Tenant, Base):
    """One detector's answer about one school's paper; a null school is a finding about the region."""

    __tablename__ = "findings"
    __table_args__ = (
        Index("ix_findings_run_school", "run_id", "school_id"),
        CheckConstraint("outcome <> 'not_assessed' OR reason IS NOT NULL", name="not_assessed_has_reason"),
        CheckConstraint("p_value IS NULL OR (p_value >= 0 AND p_value <= 1)", name="p_value_is_probability"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("screening_runs.id"))
    year: Mapped[int]
    subject: Mapped[str] = mapped_column(String(10))
    grade: Mapped[int]
    detector: Mapped[str] = mapped_column(String(40))
    family: Mapped[Family] = mapped_column(term(Family))
    n: Mapped[int]
    statistic: Mapped[float | None]
    effect: Mapped[float | None]
    effect_unit: Mapped[str | None] = mapped_column(String(20))
    effect_low: Mapped[float | None]
    effect_high: Mapped[float | None]
    p_value: Mapped[float | None]
    q_value: Mapped[float | None]
    level: Mapped[FindingLevel] = mapped_column(term(FindingLevel))
    outcome: Mapped[FindingOutcome] = mapped_column(term(FindingOutcome))
    reason: Mapped[str | None] = mapped_column(Text)
    sentence: Mapped[str | None] = mapped_column(Text)
    evidence: Mapped[JsonObject | None] = mapped_column(JSON)


class Flag(Tenant, Base):
    """A school's signs in one run, with a frozen copy of everything they rest on."""

    __tablename__ = "flags"
    __table_args__ = (UniqueConstraint("run_id", "school_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("screening_runs.id"))
    year: Mapped[int]
    tier: Mapped[Tier] = mapped_column(term(Tier))
    evidence: Mapped[float]
    p_combined: Mapped[float | None]
    q: Mapped[float | None]
    families: Mapped[str] = mapped_column(String(200), default="")
    frozen: Mapped[JsonObject] = mapped_column(JSON)
    frozen_sha256: Mapped[str] = mapped_column(String(64))
    raised_at: Mapped[datetime] = mapped_column(UtcDateTime)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"), index=True)

    run: Mapped[ScreeningRun] = relationship()
    school: Mapped[School] = relationship(foreign_keys="Flag.school_id")
