"""A department's yearly programme: its measures, and a task for each time a measure falls due."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, Boolean, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, JsonObject, Tenant, UtcDateTime, Versioned, term
from app.models.dated import Dated, dated_checks
from app.terms import ProgrammeStatus, TaskKind, TaskStatus


class Executed(Versioned):
    """Mixin of what is carried out: done needs its evidence, waived needs its reason."""

    status: Mapped[TaskStatus] = mapped_column(term(TaskStatus), default=TaskStatus.PLANNED)
    done_on: Mapped[date | None]
    note: Mapped[str] = mapped_column(Text, default="")
    link: Mapped[str | None] = mapped_column(String(1000))
    file_sha256: Mapped[str | None] = mapped_column(String(64))
    file_name: Mapped[str | None] = mapped_column(String(300))
    n_people: Mapped[int | None]
    waived_reason: Mapped[str | None] = mapped_column(Text)
    settled_by_id: Mapped[int | None]
    settled_by_name: Mapped[str | None] = mapped_column(String(200))
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


def executed_checks() -> tuple[CheckConstraint, ...]:
    """What the database refuses: done without evidence, waived without a reason, a file without its name."""
    return (
        CheckConstraint(
            "status <> 'done' OR (done_on IS NOT NULL AND (note <> '' OR link IS NOT NULL OR file_sha256 IS NOT NULL))",
            name="done_has_evidence",
        ),
        CheckConstraint("(status = 'waived') = (waived_reason IS NOT NULL)", name="waived_has_reason"),
        CheckConstraint("(file_sha256 IS NULL) = (file_name IS NULL)", name="file_has_name"),
        CheckConstraint("n_people IS NULL OR n_people >= 0", name="people_not_negative"),
    )


class Programme(Tenant, Versioned, Base):
    """A programme of one territory for one academic year; `first_year` is the year of its September."""

    __tablename__ = "programmes"
    __table_args__ = (
        CheckConstraint(
            "status = 'draft' OR (number IS NOT NULL AND approved_by IS NOT NULL AND approved_on IS NOT NULL)",
            name="approved_has_order",
        ),
        CheckConstraint("school_id IS NULL", name="belongs_to_no_school"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(300))
    first_year: Mapped[int] = mapped_column(index=True)
    status: Mapped[ProgrammeStatus] = mapped_column(term(ProgrammeStatus), default=ProgrammeStatus.DRAFT)
    template_id: Mapped[str] = mapped_column(String(40))
    template_version: Mapped[str] = mapped_column(String(20))
    template_sha256: Mapped[str] = mapped_column(String(64))
    source: Mapped[str] = mapped_column(Text)
    sections: Mapped[list[JsonObject]] = mapped_column(JSON, default=list)
    number: Mapped[str | None] = mapped_column(String(60))
    agreed_by: Mapped[str | None] = mapped_column(String(300))
    agreed_on: Mapped[date | None]
    approved_by: Mapped[str | None] = mapped_column(String(300))
    approved_on: Mapped[date | None]
    drafted_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    drafted_by_name: Mapped[str] = mapped_column(String(200))
    drafted_at: Mapped[datetime] = mapped_column(UtcDateTime)

    measures: Mapped[list[ProgrammeMeasure]] = relationship(
        back_populates="programme", order_by="ProgrammeMeasure.position"
    )

    def __str__(self) -> str:
        return self.title


class ProgrammeMeasure(Tenant, Versioned, Base):
    """One measure of a programme. `of_template` is the measure as its template said it, the base of later diffs."""

    __tablename__ = "programme_measures"
    __table_args__ = (UniqueConstraint("programme_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    programme_id: Mapped[int] = mapped_column(ForeignKey("programmes.id"), index=True)
    number: Mapped[str] = mapped_column(String(20))
    position: Mapped[int]
    section: Mapped[str] = mapped_column(String(40))
    kind: Mapped[TaskKind] = mapped_column(term(TaskKind))
    what: Mapped[str] = mapped_column(Text)
    rule: Mapped[JsonObject] = mapped_column(JSON)
    when_note: Mapped[str] = mapped_column(String(300), default="")
    year_shift: Mapped[int] = mapped_column(default=0)
    roles: Mapped[list[str]] = mapped_column(JSON, default=list)
    result: Mapped[str] = mapped_column(Text)
    evidence: Mapped[str] = mapped_column(Text)
    rows: Mapped[list[str]] = mapped_column(JSON, default=list)
    is_outside: Mapped[bool] = mapped_column(Boolean, default=False)
    of_template: Mapped[JsonObject | None] = mapped_column(JSON(none_as_null=True))
    left_out_reason: Mapped[str | None] = mapped_column(Text)
    responsible_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    responsible_name: Mapped[str] = mapped_column(String(300), default="")

    programme: Mapped[Programme] = relationship(back_populates="measures")
    tasks: Mapped[list[ProgrammeTask]] = relationship(back_populates="measure", order_by="ProgrammeTask.id")


class ProgrammeTask(Dated, Executed, Tenant, Base):
    """One time that a measure falls due. `slot` names it among its measure's: the stated day, or the event it follows.

    The rule is the measure's own, copied, so that whatever recalculates deadlines needs this table alone.
    """

    __tablename__ = "programme_tasks"
    __table_args__ = (
        UniqueConstraint("measure_id", "slot"),
        Index("ix_programme_tasks_due", "status", "due_on"),
        *dated_checks(),
        *executed_checks(),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    programme_id: Mapped[int] = mapped_column(ForeignKey("programmes.id"), index=True)
    measure_id: Mapped[int] = mapped_column(ForeignKey("programme_measures.id"), index=True)
    slot: Mapped[str] = mapped_column(String(80))

    measure: Mapped[ProgrammeMeasure] = relationship(back_populates="tasks")
