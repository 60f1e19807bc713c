"""A case, its moves, and the proposal by which it ends."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, JsonObject, Tenant, UtcDateTime, case_index, term
from app.models.organisation import School
from app.terms import CaseKind, Tier, Verdict


class Case(Tenant, Base):
    """One school's way from signs to closure. `state` and `version` are written by `app.workflows.engine` alone.

    `state` is a code of the workflow `workflow` in its version `workflow_version`; only ``closed`` is the same in all.
    """

    __tablename__ = "cases"
    __table_args__ = (
        CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="closed_has_moment"),
        CheckConstraint("(state = 'closed') = (verdict IS NOT NULL)", name="closed_has_verdict"),
        # One open case of a kind a school: a second list adds signs to the open one.
        Index(
            "uq_cases_open_school",
            "school_id",
            "kind",
            unique=True,
            sqlite_where=text("state <> 'closed'"),
            postgresql_where=text("state <> 'closed'"),
        ),
        ForeignKeyConstraint(["workflow", "workflow_version"], ["workflow_versions.name", "workflow_versions.version"]),
        Index("ix_cases_state_evidence", "state", "evidence", "id"),
        Index("ix_cases_municipality_state", "municipality_id", "state", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(20), unique=True)
    kind: Mapped[CaseKind] = mapped_column(term(CaseKind), default=CaseKind.OBJECTIVITY)
    workflow: Mapped[str] = mapped_column(String(40), default="objectivity")
    workflow_version: Mapped[str] = mapped_column(String(20))
    year: Mapped[int]
    state: Mapped[str] = mapped_column(String(40), default="flagged")
    version: Mapped[int] = mapped_column(Integer, default=0)
    tier: Mapped[Tier] = mapped_column(term(Tier))
    evidence: Mapped[float] = mapped_column(default=0.0)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    entered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # When the stage is to end; kept by `app.workflows.stage_clock`, null while nobody knows (a pause without an end).
    due_on: Mapped[date | None] = mapped_column(index=True)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    verdict: Mapped[Verdict | None] = mapped_column(term(Verdict))
    curator_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    curator_name: Mapped[str | None] = mapped_column(String(200))
    # The closed case that this one goes on with; how and why stands in `case_episodes`.
    episode_of_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"), index=True)

    school: Mapped[School] = relationship(foreign_keys="Case.school_id")

    def __str__(self) -> str:
        return self.number


class CaseEvent(Tenant, Base):
    """One move of a case. `seq` counts 1, 2, 3 … and equals the case's version after the move."""

    __tablename__ = "case_events"
    __table_args__ = (UniqueConstraint("case_id", "seq"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    seq: Mapped[int]
    request_id: Mapped[str] = mapped_column(String(64), unique=True)
    trigger: Mapped[str] = mapped_column(String(40))
    from_state: Mapped[str] = mapped_column(String(40))
    to_state: Mapped[str] = mapped_column(String(40))
    reason_code: Mapped[str | None] = mapped_column(String(40))
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    actor_name: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    reason: Mapped[str] = mapped_column(Text, default="")
    facts: Mapped[JsonObject] = mapped_column(JSON, default=dict)


class Conclusion(Tenant, Base):
    """A proposal to end a case, by one person, for another to approve."""

    __tablename__ = "conclusions"
    __table_args__ = (case_index("conclusions"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    verdict: Mapped[Verdict] = mapped_column(term(Verdict))
    grounds: Mapped[str] = mapped_column(Text)
    proposed_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    proposed_by_name: Mapped[str] = mapped_column(String(200))
    proposed_at: Mapped[datetime] = mapped_column(UtcDateTime)
