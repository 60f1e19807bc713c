"""The register of people: posts, duties, trainings, absences, ties to schools, declarations.

A person may have no account: heads and coordinators of schools, experts, observers. Each row stands where the person
stands: `municipality_id` and `school_id` are those of the person, brought up to date with it by
`app.workflows.people_register`.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, Boolean, CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, JsonObject, Tenant, UtcDateTime, Versioned, term
from app.models.organisation import Municipality, School
from app.models.user import User
from app.terms import AbsenceReason, ConflictKind, Duty, PostKind

_PERIOD = "{until} IS NULL OR {since} IS NULL OR {until} >= {since}"


class Person(Tenant, Versioned, Base):
    """A card of the register. `school_id` is the school the person works at now, if it is one."""

    __tablename__ = "persons"
    __table_args__ = (CheckConstraint("load_limit IS NULL OR load_limit >= 0", name="load_limit_not_negative"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200), index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), unique=True)
    email: Mapped[str] = mapped_column(String(200), default="")
    subjects: Mapped[list[str]] = mapped_column(JSON, default=list)
    grades: Mapped[list[int]] = mapped_column(JSON, default=list)
    languages: Mapped[list[str]] = mapped_column(JSON, default=list)
    # The most cases, visits and rechecks at hand at a time; null leaves it to the planner.
    load_limit: Mapped[int | None]
    is_active: Mapped[bool] = mapped_column(Boolean, default=True)

    user: Mapped[User | None] = relationship()
    school: Mapped[School | None] = relationship(foreign_keys="Person.school_id")
    municipality: Mapped[Municipality | None] = relationship(foreign_keys="Person.municipality_id")
    posts: Mapped[list[PersonPost]] = relationship(order_by="PersonPost.id")
    duties: Mapped[list[PersonDuty]] = relationship(order_by="PersonDuty.id")
    trainings: Mapped[list[Training]] = relationship(order_by="Training.id")
    absences: Mapped[list[Absence]] = relationship(order_by="Absence.id", foreign_keys="Absence.person_id")

    def __str__(self) -> str:
        return self.name


class OfPerson(Tenant):
    """A row about one person of the register."""


class PersonPost(OfPerson, Base):
    """A post, held from `since` until and with the day `until`; past ones are the employment history."""

    __tablename__ = "person_posts"
    __table_args__ = (CheckConstraint(_PERIOD.format(since="since", until="until"), name="post_period"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"), index=True)
    kind: Mapped[PostKind] = mapped_column(term(PostKind))
    title: Mapped[str] = mapped_column(String(200), default="")
    workplace_id: Mapped[int | None] = mapped_column(ForeignKey("schools.id"), index=True)
    # Where it is no school of the region.
    organisation: Mapped[str] = mapped_column(String(400), default="")
    since: Mapped[date | None]
    until: Mapped[date | None]

    workplace: Mapped[School | None] = relationship(foreign_keys=[workplace_id])


class PersonDuty(OfPerson, Base):
    """An entry as curator, observer or expert, in force from `since` until and with the day `until`."""

    __tablename__ = "person_duties"
    __table_args__ = (CheckConstraint(_PERIOD.format(since="since", until="until"), name="duty_period"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"), index=True)
    duty: Mapped[Duty] = mapped_column(term(Duty))
    since: Mapped[date]
    until: Mapped[date | None]


class Training(OfPerson, Base):
    """A training a person has passed; without `duty` it counts for every duty, without `valid_until` for good."""

    __tablename__ = "trainings"
    __table_args__ = (
        CheckConstraint("valid_until IS NULL OR valid_until >= issued_on", name="training_period"),
        CheckConstraint("hours IS NULL OR hours > 0", name="training_hours"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"), index=True)
    programme: Mapped[str] = mapped_column(String(300))
    duty: Mapped[Duty | None] = mapped_column(term(Duty))
    hours: Mapped[int | None]
    certificate: Mapped[str] = mapped_column(String(80), default="")
    issued_on: Mapped[date]
    valid_until: Mapped[date | None]


class Absence(OfPerson, Base):
    """Days a person is away, and who acts in its place; both days included.

    The person may state them and say whom it wishes as substitute; who acts in its place is for the department to say.
    """

    __tablename__ = "absences"
    __table_args__ = (
        CheckConstraint("until_on >= from_on", name="absence_period"),
        CheckConstraint("substitute_id IS NULL OR substitute_id <> person_id", name="substitute_is_another"),
        CheckConstraint("wished_id IS NULL OR wished_id <> person_id", name="wished_is_another"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"), index=True)
    from_on: Mapped[date]
    until_on: Mapped[date]
    reason: Mapped[AbsenceReason] = mapped_column(term(AbsenceReason))
    substitute_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"), index=True)
    wished_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))
    stated_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    cancelled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    substitute: Mapped[Person | None] = relationship(foreign_keys=[substitute_id])
    wished: Mapped[Person | None] = relationship(foreign_keys=[wished_id])


class PersonRelation(OfPerson, Base):
    """A personal tie to a school that nobody can compute; declared by the person or entered by the keeper.

    With `year`, `subject` and `grade` it is about one paper (own marking), else about the school.
    """

    __tablename__ = "person_relations"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"), index=True)
    kind: Mapped[ConflictKind] = mapped_column(term(ConflictKind))
    related_school_id: Mapped[int] = mapped_column(ForeignKey("schools.id"), index=True)
    year: Mapped[int | None]
    subject: Mapped[str | None] = mapped_column(String(10))
    grade: Mapped[int | None]
    note: Mapped[str] = mapped_column(String(1000), default="")
    until: Mapped[date | None]
    stated_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    stated_by_name: Mapped[str] = mapped_column(String(200))
    stated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawal_reason: Mapped[str] = mapped_column(String(1000), default="")

    related_school: Mapped[School] = relationship(foreign_keys=[related_school_id])


class Declaration(Tenant, Base):
    """What a person said about conflict of interest before it saw a school's case; the last one of a school counts.

    `school_id` is the school declared about; `computed` keeps what the program had found at that moment.
    """

    __tablename__ = "declarations"
    __table_args__ = (Index("ix_declarations_user_school", "user_id", "school_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    person_name: Mapped[str] = mapped_column(String(200))
    has_conflict: Mapped[bool] = mapped_column(Boolean)
    kinds: Mapped[list[str]] = mapped_column(JSON, default=list)
    statement: Mapped[str] = mapped_column(Text, default="")
    computed: Mapped[list[JsonObject]] = mapped_column(JSON, default=list)
    rules_version: Mapped[str] = mapped_column(String(20))
    declared_at: Mapped[datetime] = mapped_column(UtcDateTime)
    valid_until: Mapped[date]

    school: Mapped[School] = relationship(foreign_keys="Declaration.school_id")
