"""Side moves of a case: pauses of its clock, hand-overs, questions, episodes, reviews of dynamics and measures."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, JsonObject, Tenant, UtcDateTime, case_index, term
from app.terms import (
    Addressee,
    AdminMeasureKind,
    ClosureCheckOutcome,
    Dynamics,
    EpisodeOrigin,
    HandOverStatus,
    PauseCause,
)


def _one_a_case(name: str, condition: str) -> Any:
    """At most one row a case meets the condition, on either database."""
    return Index(name, "case_id", unique=True, sqlite_where=text(condition), postgresql_where=text(condition))


class CasePause(Tenant, Base):
    """A stretch in which the clock of a case's stage stands still: the ledger that working-day budgets read.

    It runs from `started_at` until `ended_at`; while it is open, it is meant to end on the day `until_on`.
    """

    __tablename__ = "case_pauses"
    __table_args__ = (
        case_index("case_pauses"),
        _one_a_case("uq_case_pauses_open", "ended_at IS NULL"),
        CheckConstraint("ended_at IS NULL OR ended_at >= started_at", name="ends_after_it_starts"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    cause: Mapped[PauseCause] = mapped_column(term(PauseCause))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    until_on: Mapped[date] = mapped_column(index=True)
    reason: Mapped[str] = mapped_column(Text)
    started_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    started_by_name: Mapped[str] = mapped_column(String(200))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    ended_by_name: Mapped[str | None] = mapped_column(String(200))
    end_reason: Mapped[str] = mapped_column(Text, default="")


class HandOver(Tenant, Base):
    """A proposal that another curator take a case over; until it is done the former curator stays responsible."""

    __tablename__ = "case_hand_overs"
    __table_args__ = (
        case_index("case_hand_overs"),
        _one_a_case("uq_case_hand_overs_open", "status IN ('proposed', 'accepted')"),
        CheckConstraint("status NOT IN ('done', 'declined') OR answered_at IS NOT NULL", name="answered_has_moment"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    status: Mapped[HandOverStatus] = mapped_column(term(HandOverStatus), default=HandOverStatus.PROPOSED)
    from_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    from_name: Mapped[str | None] = mapped_column(String(200))
    to_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    to_name: Mapped[str] = mapped_column(String(200))
    reason: Mapped[str] = mapped_column(Text)
    needs_order: Mapped[bool]
    expires_on: Mapped[date]
    proposed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    proposed_by_name: Mapped[str] = mapped_column(String(200))
    proposed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    answer: Mapped[str] = mapped_column(Text, default="")
    no_conflict_declared: Mapped[bool] = mapped_column(default=False)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class CaseQuestion(Tenant, Base):
    """A return for clarification: what exactly is asked, of whom, until when, and the answer that closes it."""

    __tablename__ = "case_questions"
    __table_args__ = (
        case_index("case_questions"),
        _one_a_case("uq_case_questions_open", "closed_at IS NULL"),
        CheckConstraint("closed_at IS NOT NULL OR answer = ''", name="answer_closes"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    addressee: Mapped[Addressee] = mapped_column(term(Addressee))
    asked: Mapped[str] = mapped_column(Text)
    due_on: Mapped[date]
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    asked_by_name: Mapped[str] = mapped_column(String(200))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    pause_id: Mapped[int | None] = mapped_column(ForeignKey("case_pauses.id"))
    event_id: Mapped[int | None] = mapped_column(ForeignKey("case_events.id"))
    answer: Mapped[str] = mapped_column(Text, default="")
    is_withdrawn: Mapped[bool] = mapped_column(default=False)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    closed_by_name: Mapped[str | None] = mapped_column(String(200))


class CaseEpisode(Tenant, Base):
    """Why a case goes on with a closed one, and what it took along."""

    __tablename__ = "case_episodes"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), unique=True)
    episode_of_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    origin: Mapped[EpisodeOrigin] = mapped_column(term(EpisodeOrigin))
    reason: Mapped[str] = mapped_column(Text)
    carried: Mapped[JsonObject] = mapped_column(JSON, default=dict)
    opened_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    opened_by_name: Mapped[str] = mapped_column(String(200))
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ClosureCheck(Tenant, Base):
    """What a screening of a later year says of a closed case; once a run."""

    __tablename__ = "closure_checks"
    __table_args__ = (
        case_index("closure_checks"),
        UniqueConstraint("case_id", "run_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    run_id: Mapped[int] = mapped_column(ForeignKey("screening_runs.id"))
    year: Mapped[int]
    outcome: Mapped[ClosureCheckOutcome] = mapped_column(term(ClosureCheckOutcome))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class DynamicsReview(Tenant, Base):
    """A review of January or July: what the years showed that day, and what was concluded."""

    __tablename__ = "dynamics_reviews"
    __table_args__ = (
        case_index("dynamics_reviews"),
        UniqueConstraint("case_id", "period"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    period: Mapped[date]
    dynamics: Mapped[Dynamics] = mapped_column(term(Dynamics))
    found: Mapped[JsonObject] = mapped_column(JSON, default=dict)
    note: Mapped[str] = mapped_column(Text)
    recorded_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    recorded_by_name: Mapped[str] = mapped_column(String(200))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)


class AdminMeasure(Tenant, Base):
    """An administrative measure, with the dynamics that allowed it frozen beside it."""

    __tablename__ = "admin_measures"
    __table_args__ = (case_index("admin_measures"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    kind: Mapped[AdminMeasureKind] = mapped_column(term(AdminMeasureKind))
    order_number: Mapped[str] = mapped_column(String(40))
    issued_on: Mapped[date]
    addressee: Mapped[str] = mapped_column(String(200))
    grounds: Mapped[str] = mapped_column(Text)
    found: Mapped[JsonObject] = mapped_column(JSON, default=dict)
    recorded_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    recorded_by_name: Mapped[str] = mapped_column(String(200))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
