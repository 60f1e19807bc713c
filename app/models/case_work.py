"""The work done on a case: interview, curator's order, observation, recheck, documents."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, Boolean, CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, JsonObject, Tenant, UtcDateTime, Versioned, case_index, term
from app.terms import DocumentKind, RecheckOutcome, RecheckStatus, Stratum, VisitStatus


class Interview(Tenant, Base):
    """An interview with the head of the school and its protocol."""

    __tablename__ = "interviews"
    __table_args__ = (case_index("interviews"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    number: Mapped[str] = mapped_column(String(40))
    held_on: Mapped[date]
    place: Mapped[str] = mapped_column(String(200))
    form: Mapped[str] = mapped_column(String(40))
    present: Mapped[list[JsonObject]] = mapped_column(JSON, default=list)
    explanation: Mapped[str] = mapped_column(Text)
    reasons: Mapped[list[str]] = mapped_column(JSON, default=list)
    documents_shown: Mapped[list[str]] = mapped_column(JSON, default=list)
    agreed: Mapped[list[JsonObject]] = mapped_column(JSON, default=list)
    needs_curator: Mapped[bool] = mapped_column(Boolean, default=True)
    needs_observers: Mapped[bool] = mapped_column(Boolean, default=True)
    needs_recheck: Mapped[bool] = mapped_column(Boolean, default=True)
    recorded_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    recorded_by_name: Mapped[str] = mapped_column(String(200))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)


class CuratorOrder(Tenant, Base):
    """An order that appoints a curator to a school."""

    __tablename__ = "curator_orders"
    __table_args__ = (case_index("curator_orders"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    number: Mapped[str] = mapped_column(String(40))
    issued_on: Mapped[date]
    curator_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    curator_name: Mapped[str] = mapped_column(String(200))
    workplace: Mapped[str] = mapped_column(String(400))
    until: Mapped[date]
    no_conflict_declared: Mapped[bool] = mapped_column(Boolean, default=False)
    issued_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    issued_by_name: Mapped[str] = mapped_column(String(200))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Observation(Tenant, Versioned, Base):
    """A visit of an independent observer: scheduled, then recorded by its act."""

    __tablename__ = "observations"
    __table_args__ = (
        case_index("observations"),
        CheckConstraint("status <> 'done' OR act_number IS NOT NULL", name="done_has_act"),
        CheckConstraint("status <> 'done' OR held_on IS NOT NULL", name="done_has_day"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    observer_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    observer_name: Mapped[str] = mapped_column(String(200))
    observer_workplace: Mapped[str] = mapped_column(String(400), default="")
    trained_until: Mapped[date | None]
    subject: Mapped[str] = mapped_column(String(10))
    grade: Mapped[int]
    scheduled_on: Mapped[date]
    status: Mapped[VisitStatus] = mapped_column(term(VisitStatus), default=VisitStatus.SCHEDULED)
    act_number: Mapped[str | None] = mapped_column(String(40))
    held_on: Mapped[date | None]
    stages: Mapped[list[str]] = mapped_column(JSON, default=list)
    violations: Mapped[list[str]] = mapped_column(JSON, default=list)
    comment: Mapped[str] = mapped_column(Text, default="")
    recorded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Recheck(Tenant, Versioned, Base):
    """A selective recheck of one paper: a sample anyone can redraw from its seed, and what re-marking showed."""

    __tablename__ = "rechecks"
    __table_args__ = (
        case_index("rechecks"),
        CheckConstraint("status <> 'marked' OR outcome IS NOT NULL", name="marked_has_outcome"),
        CheckConstraint("n_objective IS NULL OR n_objective <= n_sample", name="objective_within_sample"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    dataset_id: Mapped[int] = mapped_column(ForeignKey("datasets.id"))
    year: Mapped[int]
    subject: Mapped[str] = mapped_column(String(10))
    grade: Mapped[int]
    inspector_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    inspector_name: Mapped[str] = mapped_column(String(200))
    scheduled_on: Mapped[date]
    order_number: Mapped[str] = mapped_column(String(40))
    status: Mapped[RecheckStatus] = mapped_column(term(RecheckStatus), default=RecheckStatus.REQUESTED)
    rule: Mapped[JsonObject] = mapped_column(JSON, default=dict)
    seed: Mapped[str] = mapped_column(String(64))
    dataset_sha256: Mapped[str] = mapped_column(String(64))
    n_works: Mapped[int] = mapped_column(default=0)
    n_sample: Mapped[int] = mapped_column(default=0)
    n_objective: Mapped[int | None]
    share_low: Mapped[float | None]
    share_high: Mapped[float | None]
    mean_shift: Mapped[float | None]
    outcome: Mapped[RecheckOutcome | None] = mapped_column(term(RecheckOutcome))
    failure: Mapped[str | None] = mapped_column(Text)
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime)
    marked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    works: Mapped[list[RecheckedWork]] = relationship(order_by="RecheckedWork.position", back_populates="recheck")


class RecheckedWork(Tenant, Base):
    """One work of a recheck sample, by its code: the school's points and the experts'."""

    __tablename__ = "rechecked_works"
    __table_args__ = (
        UniqueConstraint("recheck_id", "participant"),
        CheckConstraint("expert_score IS NULL OR expert_score >= 0", name="expert_score_not_negative"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    recheck_id: Mapped[int] = mapped_column(ForeignKey("rechecks.id"), index=True)
    position: Mapped[int]
    participant: Mapped[str] = mapped_column(String(20))
    class_group: Mapped[str | None] = mapped_column(String(20))
    stratum: Mapped[Stratum] = mapped_column(term(Stratum))
    school_score: Mapped[int]
    school_mark: Mapped[int]
    expert_score: Mapped[int | None]
    expert_mark: Mapped[int | None]
    is_objective: Mapped[bool | None]

    recheck: Mapped[Recheck] = relationship(back_populates="works")


class Document(Tenant, Base):
    """An issued document: its PDF by hash and the context it was made from."""

    __tablename__ = "case_documents"
    __table_args__ = (
        case_index("case_documents"),
        UniqueConstraint("kind", "source_key"),
        CheckConstraint("(case_id IS NULL) <> (programme_id IS NULL)", name="of_one_subject"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"))
    programme_id: Mapped[int | None] = mapped_column(ForeignKey("programmes.id"), index=True)
    kind: Mapped[DocumentKind] = mapped_column(term(DocumentKind))
    # What it was made of, so that a repeated job makes no second one.
    source_key: Mapped[str] = mapped_column(String(80))
    title: Mapped[str] = mapped_column(String(300))
    number: Mapped[str] = mapped_column(String(40))
    sha256: Mapped[str | None] = mapped_column(String(64))
    context: Mapped[JsonObject] = mapped_column(JSON, default=dict)
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime)
    issued_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
