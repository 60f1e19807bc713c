"""Workflows as they are kept: every version with its text. A case refers to the one it runs by."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, Boolean, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, JsonObject, Tenant, UtcDateTime, term
from app.models.case import Case
from app.terms import CaseKind, MigratedOutcome, MigrationStatus, WorkflowStatus


class WorkflowVersion(Base):
    """A workflow's text of one version. Published text never changes: cases run by it."""

    __tablename__ = "workflow_versions"
    __table_args__ = (
        UniqueConstraint("name", "version"),
        CheckConstraint("(status = 'draft') = (published_at IS NULL)", name="published_has_moment"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40))
    version: Mapped[str] = mapped_column(String(20))
    kind: Mapped[CaseKind] = mapped_column(term(CaseKind))
    title: Mapped[str] = mapped_column(String(200))
    title_en: Mapped[str] = mapped_column(String(200))
    status: Mapped[WorkflowStatus] = mapped_column(term(WorkflowStatus))
    toml: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(Text, default="")
    is_shipped: Mapped[bool] = mapped_column(Boolean, default=False)
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    made_by_name: Mapped[str] = mapped_column(String(200))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    published_by_name: Mapped[str | None] = mapped_column(String(200))
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class WorkflowChoice(Base):
    """Which workflow new cases of a kind get in a municipality, or in the whole region where `municipality_id` is null.

    Rows are only added; the newest of a place and kind holds.
    """

    __tablename__ = "workflow_choices"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[CaseKind] = mapped_column(term(CaseKind))
    municipality_id: Mapped[int | None] = mapped_column(ForeignKey("municipalities.id"), index=True)
    name: Mapped[str] = mapped_column(String(40))
    reason: Mapped[str] = mapped_column(Text)
    chosen_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    chosen_by_name: Mapped[str] = mapped_column(String(200))
    chosen_at: Mapped[datetime] = mapped_column(UtcDateTime)


class WorkflowMigration(Base):
    """A decision to lead running cases over to another version, with the mapping of states it was made by."""

    __tablename__ = "workflow_migrations"

    id: Mapped[int] = mapped_column(primary_key=True)
    from_id: Mapped[int] = mapped_column(ForeignKey("workflow_versions.id"))
    to_id: Mapped[int] = mapped_column(ForeignKey("workflow_versions.id"))
    mapping: Mapped[dict[str, str]] = mapped_column(JSON)
    reason: Mapped[str] = mapped_column(Text)
    status: Mapped[MigrationStatus] = mapped_column(term(MigrationStatus), default=MigrationStatus.QUEUED)
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    asked_by_name: Mapped[str] = mapped_column(String(200))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    undone_by_name: Mapped[str | None] = mapped_column(String(200))
    undo_reason: Mapped[str | None] = mapped_column(Text)
    failure: Mapped[str | None] = mapped_column(Text)

    source: Mapped[WorkflowVersion] = relationship(foreign_keys="WorkflowMigration.from_id")
    target: Mapped[WorkflowVersion] = relationship(foreign_keys="WorkflowMigration.to_id")


class MigratedCase(Tenant, Base):
    """One case of a migration's preview: the version it was decided at, and what became of it.

    `version_after` tells whether the case has moved since it was led over.
    """

    __tablename__ = "migrated_cases"
    __table_args__ = (
        UniqueConstraint("migration_id", "case_id"),
        Index("ix_migrated_cases_migration_outcome", "migration_id", "outcome", "case_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    migration_id: Mapped[int] = mapped_column(ForeignKey("workflow_migrations.id"))
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    from_state: Mapped[str] = mapped_column(String(40))
    to_state: Mapped[str | None] = mapped_column(String(40))
    expected_version: Mapped[int]
    version_after: Mapped[int | None]
    outcome: Mapped[MigratedOutcome] = mapped_column(term(MigratedOutcome))
    reasons: Mapped[list[JsonObject]] = mapped_column(JSON, default=list)

    case: Mapped[Case] = relationship()
