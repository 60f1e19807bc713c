"""What a person is told: notices, the one letter a day that gathers them, and the key of the personal calendar feed."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, UtcDateTime, term
from app.terms import DigestStatus, NoticeKind


class Personal:
    """A row that belongs to one person and is nobody else's business, whatever their territory."""


class Notice(Personal, Base):
    """One thing a person is told, once: `key` names what it is about, so that a sweep run twice tells it once."""

    __tablename__ = "notices"
    __table_args__ = (
        UniqueConstraint("user_id", "key"),
        Index("ix_notices_unread", "user_id", "read_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    kind: Mapped[NoticeKind] = mapped_column(term(NoticeKind))
    key: Mapped[str] = mapped_column(String(120))
    text_ru: Mapped[str] = mapped_column(Text)
    text_en: Mapped[str] = mapped_column(Text)
    href: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    digest_id: Mapped[int | None] = mapped_column(ForeignKey("digests.id"), index=True)


class Digest(Personal, Base):
    """The one letter of a day to a person."""

    __tablename__ = "digests"
    __table_args__ = (
        UniqueConstraint("user_id", "on"),
        CheckConstraint("(status = 'sent') = (sent_at IS NOT NULL)", name="sent_has_moment"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    on: Mapped[date]
    address: Mapped[str] = mapped_column(String(254))
    status: Mapped[DigestStatus] = mapped_column(term(DigestStatus), default=DigestStatus.QUEUED)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    failure: Mapped[str | None] = mapped_column(Text)


class Mailbox(Personal, Base):
    """Where a person wants the daily letter, and whether."""

    __tablename__ = "mailboxes"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    address: Mapped[str] = mapped_column(String(254))
    is_on: Mapped[bool] = mapped_column(Boolean, default=True)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class FeedKey(Personal, Base):
    """The key of a personal calendar feed; the row holds only its hash, at most one key is alive."""

    __tablename__ = "feed_keys"
    __table_args__ = (
        Index(
            "uq_feed_keys_alive",
            "user_id",
            unique=True,
            sqlite_where=text("revoked_at IS NULL"),
            postgresql_where=text("revoked_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    key_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
