"""People who sign in, their sessions and their attempts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, UtcDateTime, Versioned, term
from app.models.organisation import Municipality, School
from app.terms import Role


class User(Versioned, Base):
    """A person with one role in one territory.

    `school` is the school a school user answers for. Where a person works, what it was taught and when it is away
    stands in the register (`app.models.people`).
    """

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("role <> 'school' OR school_id IS NOT NULL", name="school_user_has_school"),
        CheckConstraint("role <> 'department' OR municipality_id IS NOT NULL", name="department_has_municipality"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    post: Mapped[str] = mapped_column(String(200), default="")
    role: Mapped[Role] = mapped_column(term(Role))
    password_hash: Mapped[str] = mapped_column(String(200))
    is_active: Mapped[bool] = mapped_column(Boolean, default=True)
    locale: Mapped[str] = mapped_column(String(2), default="ru")
    municipality_id: Mapped[int | None] = mapped_column(ForeignKey("municipalities.id"), index=True)
    school_id: Mapped[int | None] = mapped_column(ForeignKey("schools.id"))

    municipality: Mapped[Municipality | None] = relationship()
    school: Mapped[School | None] = relationship(foreign_keys=[school_id])

    def __str__(self) -> str:
        return self.name


class AuthSession(Base):
    """A signed-in browser. The cookie holds a random key; the row holds only its hash."""

    __tablename__ = "auth_sessions"

    id: Mapped[int] = mapped_column(primary_key=True)
    key_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    address: Mapped[str] = mapped_column(String(60), default="")

    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)


class LoginAttempt(Base):
    """One try to sign in, kept for the throttle."""

    __tablename__ = "login_attempts"

    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(String(80), index=True)
    address: Mapped[str] = mapped_column(String(60), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    is_success: Mapped[bool] = mapped_column(Boolean)
