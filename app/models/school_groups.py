"""Groups of schools: the register of objective ones, control groups, clusters by context."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, JsonObject, Tenant, UtcDateTime, Versioned, term
from app.models.organisation import School
from app.terms import ClusterSetStatus, ControlGroupStatus, MemberOrigin, ObjectiveGround


class ObjectiveEntry(Tenant, Versioned, Base):
    """A school's entry in the register of objective schools: on what ground, from when until when, and how it ended.

    `School.is_objective` says whether an entry is in force; `app.workflows.objective_register` keeps it so.
    """

    __tablename__ = "objective_entries"
    __table_args__ = (
        CheckConstraint("valid_until > valid_from", name="ends_after_it_begins"),
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawal_reason IS NULL)", name="withdrawn_has_reason"),
        CheckConstraint("school_id IS NOT NULL", name="has_school"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ground: Mapped[ObjectiveGround] = mapped_column(term(ObjectiveGround))
    valid_from: Mapped[date]
    valid_until: Mapped[date]
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"))
    reason: Mapped[str] = mapped_column(Text, default="")
    facts: Mapped[JsonObject] = mapped_column(JSON, default=dict)
    recorded_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    recorded_by_name: Mapped[str] = mapped_column(String(200))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_by_name: Mapped[str | None] = mapped_column(String(200))
    withdrawal_reason: Mapped[str | None] = mapped_column(Text)

    school: Mapped[School] = relationship(foreign_keys="ObjectiveEntry.school_id")


class ControlGroup(Tenant, Versioned, Base):
    """A control sample of schools: drawn from a published seed, adjusted by hand, fixed by an order.

    `frame` keeps every school that could be drawn with what the draw looked at, so that anybody redraws it from `seed`;
    `members_sha256` is the hash of the fixed list.
    """

    __tablename__ = "control_groups"
    __table_args__ = (
        CheckConstraint("status <> 'fixed' OR (order_number IS NOT NULL AND order_date IS NOT NULL)", name="has_order"),
        CheckConstraint("status <> 'fixed' OR members_sha256 IS NOT NULL", name="fixed_has_hash"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    year: Mapped[int]
    status: Mapped[ControlGroupStatus] = mapped_column(term(ControlGroupStatus), default=ControlGroupStatus.DRAFT)
    seed: Mapped[str] = mapped_column(String(64))
    rule: Mapped[JsonObject] = mapped_column(JSON, default=dict)
    frame: Mapped[JsonObject] = mapped_column(JSON, default=dict, deferred=True)
    frame_sha256: Mapped[str] = mapped_column(String(64))
    balance: Mapped[JsonObject] = mapped_column(JSON, default=dict)
    n_eligible: Mapped[int]
    n_members: Mapped[int]
    drawn_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    drawn_by_name: Mapped[str] = mapped_column(String(200))
    drawn_at: Mapped[datetime] = mapped_column(UtcDateTime)
    order_number: Mapped[str | None] = mapped_column(String(40))
    order_date: Mapped[date | None]
    markers: Mapped[str | None] = mapped_column(Text)
    staff: Mapped[str | None] = mapped_column(Text)
    fixed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    fixed_by_name: Mapped[str | None] = mapped_column(String(200))
    fixed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    members_sha256: Mapped[str | None] = mapped_column(String(64))
    withdrawal_reason: Mapped[str | None] = mapped_column(Text)

    members: Mapped[list[ControlMember]] = relationship(order_by="ControlMember.id", back_populates="group")

    def __str__(self) -> str:
        return self.title


class ControlMember(Tenant, Base):
    """A school in a control group; one taken out stays here with the reason."""

    __tablename__ = "control_members"
    __table_args__ = (
        UniqueConstraint("group_id", "school_id"),
        CheckConstraint("(removed_at IS NULL) = (removal_reason IS NULL)", name="removed_has_reason"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("control_groups.id"), index=True)
    stratum: Mapped[str] = mapped_column(String(200))
    origin: Mapped[MemberOrigin] = mapped_column(term(MemberOrigin))
    reason: Mapped[str] = mapped_column(Text, default="")
    added_by_name: Mapped[str] = mapped_column(String(200))
    removed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    removed_by_name: Mapped[str | None] = mapped_column(String(200))
    removal_reason: Mapped[str | None] = mapped_column(Text)

    group: Mapped[ControlGroup] = relationship(back_populates="members")
    school: Mapped[School] = relationship(foreign_keys="ControlMember.school_id")


class ClusterSet(Tenant, Versioned, Base):
    """One division of schools into clusters by context: method, parameters, features and their hash.

    At most one set is approved at a time; screening takes that one.
    """

    __tablename__ = "cluster_sets"
    __table_args__ = (
        CheckConstraint("status = 'proposed' OR approved_at IS NOT NULL", name="approved_has_moment"),
        Index(
            "uq_cluster_sets_approved",
            "status",
            unique=True,
            sqlite_where=text("status = 'approved'"),
            postgresql_where=text("status = 'approved'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    year: Mapped[int]
    status: Mapped[ClusterSetStatus] = mapped_column(term(ClusterSetStatus), default=ClusterSetStatus.PROPOSED)
    method: Mapped[JsonObject] = mapped_column(JSON, default=dict)
    features: Mapped[list[JsonObject]] = mapped_column(JSON, default=list)
    clusters: Mapped[list[JsonObject]] = mapped_column(JSON, default=list)
    n_schools: Mapped[int]
    n_clusters: Mapped[int]
    n_left_out: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    proposed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    proposed_by_name: Mapped[str] = mapped_column(String(200))
    proposed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    approved_by_name: Mapped[str | None] = mapped_column(String(200))
    approved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ClusterMembership(Tenant, Base):
    """A school's cluster in one set; no number where its context says too little."""

    __tablename__ = "cluster_memberships"
    __table_args__ = (UniqueConstraint("set_id", "school_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    set_id: Mapped[int] = mapped_column(ForeignKey("cluster_sets.id"), index=True)
    number: Mapped[int | None]
    n_missing: Mapped[int] = mapped_column(default=0)

    school: Mapped[School] = relationship(foreign_keys="ClusterMembership.school_id")
