"""Workflows as they are kept: every version with its text. A case refers to the one it runs by."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, UtcDateTime, term
from app.terms import CaseKind, WorkflowStatus


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
