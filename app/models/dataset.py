"""Uploaded files and the data sets made of them. Works themselves stay in Parquet, never in a table."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, JsonObject, Tenant, UtcDateTime, Versioned, term
from app.terms import FileKind, Procedure, UploadStatus


class Upload(Tenant, Versioned, Base):
    """A file as it came: its bytes by hash, what reading found, and what was decided.

    `reading_sha256` names the stored result of reading (Parquet of the rows), `problems_sha256` the full list of
    problems (JSON).
    """

    __tablename__ = "uploads"
    __table_args__ = (
        CheckConstraint("rows_read = rows_accepted + rows_rejected + absent", name="counts_add_up"),
        CheckConstraint("status <> 'accepted' OR decided_at IS NOT NULL", name="accepted_is_decided"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    file_name: Mapped[str] = mapped_column(String(300))
    size: Mapped[int]
    status: Mapped[UploadStatus] = mapped_column(term(UploadStatus), default=UploadStatus.RECEIVED)
    kind: Mapped[FileKind | None] = mapped_column(term(FileKind))
    layout: Mapped[str | None] = mapped_column(String(60))
    year: Mapped[int | None]
    subject: Mapped[str | None] = mapped_column(String(10))
    grade: Mapped[int | None]
    pupil_grade: Mapped[int | None]
    rows_read: Mapped[int] = mapped_column(default=0)
    rows_accepted: Mapped[int] = mapped_column(default=0)
    rows_rejected: Mapped[int] = mapped_column(default=0)
    absent: Mapped[int] = mapped_column(default=0)
    n_problems: Mapped[int] = mapped_column(default=0)
    problem_counts: Mapped[JsonObject] = mapped_column(JSON, default=dict)
    reading_sha256: Mapped[str | None] = mapped_column(String(64))
    schools_sha256: Mapped[str | None] = mapped_column(String(64))
    problems_sha256: Mapped[str | None] = mapped_column(String(64))
    refusal: Mapped[str | None] = mapped_column(Text)
    versions: Mapped[JsonObject] = mapped_column(JSON, default=dict)
    uploaded_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    uploaded_by_name: Mapped[str] = mapped_column(String(200), default="")
    uploaded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_by_name: Mapped[str | None] = mapped_column(String(200))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decision_reason: Mapped[str | None] = mapped_column(Text)


class Dataset(Tenant, Base):
    """Accepted rows of one upload. A later data set of the same paper replaces an earlier one for new runs only."""

    __tablename__ = "datasets"
    __table_args__ = (Index("ix_datasets_paper", "kind", "year", "subject", "grade"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    upload_id: Mapped[int] = mapped_column(ForeignKey("uploads.id"), unique=True)
    kind: Mapped[FileKind] = mapped_column(term(FileKind))
    procedure: Mapped[Procedure] = mapped_column(term(Procedure), default=Procedure.VPR)
    year: Mapped[int | None]
    subject: Mapped[str | None] = mapped_column(String(10))
    grade: Mapped[int | None]
    pupil_grade: Mapped[int | None]
    sha256: Mapped[str] = mapped_column(String(64))
    n_rows: Mapped[int]
    n_schools: Mapped[int]
    accepted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    replaced_by_id: Mapped[int | None] = mapped_column(ForeignKey("datasets.id"))

    upload: Mapped[Upload] = relationship()


class FederalMarker(Tenant, Base):
    """A school on a federal list, with its markers; imported, never computed."""

    __tablename__ = "federal_markers"

    id: Mapped[int] = mapped_column(primary_key=True)
    dataset_id: Mapped[int] = mapped_column(ForeignKey("datasets.id"), index=True)
    year: Mapped[int]
    markers: Mapped[JsonObject] = mapped_column(JSON, default=dict)
    n_markers: Mapped[int]
