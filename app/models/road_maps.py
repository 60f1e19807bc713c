"""A school's own road map in its case, and mentoring pairs."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, Boolean, CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, JsonObject, Tenant, UtcDateTime, Versioned, term
from app.models.dated import Dated, dated_checks
from app.models.organisation import School
from app.models.programmes import Executed, executed_checks
from app.terms import MentoringKind, MentoringStatus, RoadMapStatus, TaskKind


class RoadMap(Tenant, Versioned, Base):
    """The road map of one case. `blocks` keeps what it was made of and why, with the version of the blocks' file."""

    __tablename__ = "road_maps"
    __table_args__ = (
        CheckConstraint("status <> 'returned' OR remarks <> ''", name="returned_has_remarks"),
        CheckConstraint("status <> 'accepted' OR decided_at IS NOT NULL", name="accepted_has_moment"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), unique=True)
    status: Mapped[RoadMapStatus] = mapped_column(term(RoadMapStatus), default=RoadMapStatus.PROPOSED)
    blocks: Mapped[list[JsonObject]] = mapped_column(JSON, default=list)
    blocks_version: Mapped[str] = mapped_column(String(20))
    proposed_by_name: Mapped[str] = mapped_column(String(200))
    proposed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    agreed_by_name: Mapped[str | None] = mapped_column(String(200))
    agreed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    submitted_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    submitted_by_name: Mapped[str | None] = mapped_column(String(200))
    submitted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by_name: Mapped[str | None] = mapped_column(String(200))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    remarks: Mapped[str] = mapped_column(Text, default="")
    n_returns: Mapped[int] = mapped_column(default=0)

    items: Mapped[list[RoadMapItem]] = relationship(back_populates="road_map", order_by="RoadMapItem.id")


class RoadMapItem(Dated, Executed, Tenant, Base):
    """One measure of a school's road map."""

    __tablename__ = "road_map_items"
    __table_args__ = (UniqueConstraint("road_map_id", "key"), *dated_checks(), *executed_checks())

    id: Mapped[int] = mapped_column(primary_key=True)
    road_map_id: Mapped[int] = mapped_column(ForeignKey("road_maps.id"), index=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    # Block and measure of the blocks' file, or «own:n» for what was added by hand.
    key: Mapped[str] = mapped_column(String(90))
    block: Mapped[str] = mapped_column(String(300))
    kind: Mapped[TaskKind] = mapped_column(term(TaskKind))
    what: Mapped[str] = mapped_column(Text)
    result: Mapped[str] = mapped_column(Text, default="")
    evidence: Mapped[str] = mapped_column(Text)
    roles: Mapped[list[str]] = mapped_column(JSON, default=list)
    is_obligatory: Mapped[bool] = mapped_column(Boolean, default=True)

    road_map: Mapped[RoadMap] = relationship(back_populates="items")


class MentoringPair(Tenant, Versioned, Base):
    """Who helps whom. `school` is the one that is helped.

    A pair of teachers is two people of the register; their names and posts are kept as they were when the pair was
    made. A mentor from a methodical service has no school: `mentor_place` then says where the mentor works.
    """

    __tablename__ = "mentoring_pairs"
    __table_args__ = (
        CheckConstraint(
            "kind = 'teachers' OR (mentor_school_id IS NOT NULL AND mentor_school_id <> school_id)", name="two_schools"
        ),
        CheckConstraint(
            "kind <> 'teachers' OR (mentor_person_id IS NOT NULL AND mentee_person_id IS NOT NULL)",
            name="teachers_are_people",
        ),
        CheckConstraint("kind <> 'teachers' OR subject IS NOT NULL", name="teachers_have_subject"),
        CheckConstraint(
            "mentor_person_id IS NULL OR mentee_person_id IS NULL OR mentor_person_id <> mentee_person_id",
            name="two_people",
        ),
        CheckConstraint("starts_on <= ends_on", name="starts_before_end"),
        CheckConstraint("(status = 'ended') = (outcome IS NOT NULL)", name="ended_has_outcome"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[MentoringKind] = mapped_column(term(MentoringKind))
    status: Mapped[MentoringStatus] = mapped_column(term(MentoringStatus), default=MentoringStatus.ACTIVE)
    mentor_school_id: Mapped[int | None] = mapped_column(ForeignKey("schools.id"), index=True)
    # Kept as a name too: the helped school does not see other schools' rows, and must know who helps it.
    mentor_place: Mapped[str] = mapped_column(String(400))
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"), index=True)
    subject: Mapped[str | None] = mapped_column(String(10))
    mentor_person_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"), index=True)
    mentor_name: Mapped[str] = mapped_column(String(200), default="")
    mentor_post: Mapped[str] = mapped_column(String(200), default="")
    mentee_person_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"), index=True)
    mentee_name: Mapped[str] = mapped_column(String(200), default="")
    mentee_post: Mapped[str] = mapped_column(String(200), default="")
    goals: Mapped[str] = mapped_column(Text)
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    outcome: Mapped[str | None] = mapped_column(Text)
    made_by_name: Mapped[str] = mapped_column(String(200))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)

    school: Mapped[School] = relationship(foreign_keys="MentoringPair.school_id")
    meetings: Mapped[list[MentoringMeeting]] = relationship(
        back_populates="pair", order_by="MentoringMeeting.held_on.desc(), MentoringMeeting.id.desc()"
    )


class MentoringMeeting(Tenant, Base):
    """One meeting of a pair: what it was about and what was agreed."""

    __tablename__ = "mentoring_meetings"

    id: Mapped[int] = mapped_column(primary_key=True)
    pair_id: Mapped[int] = mapped_column(ForeignKey("mentoring_pairs.id"), index=True)
    held_on: Mapped[date]
    theme: Mapped[str] = mapped_column(String(300))
    agreed: Mapped[str] = mapped_column(Text)
    recorded_by_name: Mapped[str] = mapped_column(String(200))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)

    pair: Mapped[MentoringPair] = relationship(back_populates="meetings")
