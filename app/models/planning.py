"""Plans of assignments: proposed by the planner, changed by hand, accepted as a whole."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, Boolean, CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, JsonObject, Tenant, UtcDateTime, Versioned, term
from app.models.case import Case
from app.terms import Duty, PlanRowStatus, PlanStatus


class AssignmentPlan(Tenant, Versioned, Base):
    """One plan. `duties` and `case_ids` are what was asked; `result` the cost, its bound, the shortages, the loads."""

    __tablename__ = "assignment_plans"
    __table_args__ = (
        CheckConstraint("status NOT IN ('accepted', 'applied') OR accepted_at IS NOT NULL", name="accepted_has_moment"),
        CheckConstraint("status <> 'withdrawn' OR withdrawal_reason IS NOT NULL", name="withdrawn_has_reason"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[PlanStatus] = mapped_column(term(PlanStatus), default=PlanStatus.SOLVING)
    duties: Mapped[list[str]] = mapped_column(JSON, default=list)
    case_ids: Mapped[list[int]] = mapped_column(JSON, default=list)
    rules_version: Mapped[str] = mapped_column(String(20))
    result: Mapped[JsonObject] = mapped_column(JSON, default=dict)
    orders: Mapped[JsonObject] = mapped_column(JSON, default=dict)
    failure: Mapped[str | None] = mapped_column(Text)
    proposed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    proposed_by_name: Mapped[str] = mapped_column(String(200))
    proposed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    accepted_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    accepted_by_name: Mapped[str | None] = mapped_column(String(200))
    accepted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawal_reason: Mapped[str | None] = mapped_column(Text)

    rows: Mapped[list[PlanRow]] = relationship(order_by="PlanRow.id", back_populates="plan")


class PlanRow(Tenant, Base):
    """One seat of a plan: whom it sends where, why, who would come next, and what became of it."""

    __tablename__ = "plan_rows"
    __table_args__ = (
        UniqueConstraint("plan_id", "need", "seat"),
        CheckConstraint("status = 'unserved' OR person_id IS NOT NULL", name="served_has_person"),
        CheckConstraint("is_pinned = false OR person_id IS NOT NULL", name="pinned_has_person"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("assignment_plans.id"), index=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    need: Mapped[str] = mapped_column(String(60))
    seat: Mapped[int]
    duty: Mapped[Duty] = mapped_column(term(Duty))
    year: Mapped[int | None]
    subject: Mapped[str | None] = mapped_column(String(10))
    grade: Mapped[int | None]
    days: Mapped[list[str]] = mapped_column(JSON, default=list)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    person_name: Mapped[str | None] = mapped_column(String(200))
    day: Mapped[date | None]
    is_pinned: Mapped[bool] = mapped_column(Boolean, default=False)
    status: Mapped[PlanRowStatus] = mapped_column(term(PlanRowStatus), default=PlanRowStatus.PROPOSED)
    why: Mapped[JsonObject] = mapped_column(JSON, default=dict)
    answer: Mapped[list[JsonObject]] = mapped_column(JSON, default=list)

    plan: Mapped[AssignmentPlan] = relationship(back_populates="rows")
    case: Mapped[Case] = relationship(foreign_keys="PlanRow.case_id")
