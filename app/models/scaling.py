"""A regional work and ВПР on one scale, and the schools that took both."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, JsonObject, Tenant, UtcDateTime, term
from app.models.organisation import School
from app.terms import LinkDesign, RunStatus


class ScaleLink(Tenant, Base):
    """How scores of a regional work read on the scale of a ВПР: computed once from two data sets, then only read.

    `inputs` describes both data sets, since the region's are not in every reader's sight; `table` holds e(x) and its
    standard error for each score x.
    """

    __tablename__ = "scale_links"
    __table_args__ = (CheckConstraint("status <> 'done' OR design IS NOT NULL", name="done_has_design"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    first_id: Mapped[int] = mapped_column(ForeignKey("datasets.id"))
    second_id: Mapped[int] = mapped_column(ForeignKey("datasets.id"))
    status: Mapped[RunStatus] = mapped_column(term(RunStatus), default=RunStatus.QUEUED)
    design: Mapped[LinkDesign | None] = mapped_column(term(LinkDesign))
    n_schools: Mapped[int] = mapped_column(default=0)
    n_works: Mapped[int] = mapped_column(default=0)
    n_differ: Mapped[int] = mapped_column(default=0)
    table: Mapped[JsonObject] = mapped_column(JSON, default=dict)
    inputs: Mapped[JsonObject] = mapped_column(JSON, default=dict)
    failure: Mapped[str | None] = mapped_column(Text)
    requested_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    requested_by_name: Mapped[str] = mapped_column(String(200))
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ScaledSchool(Tenant, Base):
    """A school's results in both procedures on the scale of ВПР, in its points."""

    __tablename__ = "scaled_schools"
    __table_args__ = (
        UniqueConstraint("link_id", "school_id"),
        CheckConstraint("q IS NULL OR (q >= 0 AND q <= 1)", name="q_is_share"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    link_id: Mapped[int] = mapped_column(ForeignKey("scale_links.id"), index=True)
    n_first: Mapped[int]
    n_second: Mapped[int]
    first: Mapped[float]
    first_low: Mapped[float]
    first_high: Mapped[float]
    second: Mapped[float]
    second_low: Mapped[float]
    second_high: Mapped[float]
    difference: Mapped[float]
    difference_low: Mapped[float]
    difference_high: Mapped[float]
    z: Mapped[float | None]
    q: Mapped[float | None]
    differs: Mapped[bool]
    mean_mark: Mapped[float | None]

    school: Mapped[School] = relationship(foreign_keys="ScaledSchool.school_id")
