"""The personal calendar feed: its secret address, made and withdrawn by its owner, and what it says."""

from __future__ import annotations

import hashlib
import secrets
from datetime import date, datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker

from app.calendars import Span
from app.calendars.feed import Entry, write_feed
from app.database import acting
from app.models import FeedKey, User
from app.policy import SYSTEM, Actor
from app.workflows import journal, people
from app.workflows.agenda import agenda
from app.workflows.notices import load_rules

USED_EVERY = timedelta(hours=1)
"""How exactly the last use is kept: programs ask every few minutes."""


def make_key(session: Session, actor: Actor, *, at: datetime) -> str:
    """Give the actor a new feed key and withdraw the one before; the key is told once and kept as a hash."""
    assert actor.user_id is not None  # the system subscribes to nothing
    revoke_key(session, actor, at=at)
    key = secrets.token_urlsafe(32)
    session.add(FeedKey(user_id=actor.user_id, key_hash=_hash(key), created_at=at))
    session.flush()
    journal.append(session, actor=actor, at=at, action="feed:make", subject="user", subject_id=actor.user_id)
    return key


def revoke_key(session: Session, actor: Actor, *, at: datetime) -> bool:
    """Withdraw the actor's key; whoever holds its address sees nothing from now on."""
    revoked = session.execute(
        update(FeedKey)
        .where(FeedKey.user_id == actor.user_id, FeedKey.revoked_at.is_(None))
        .values(revoked_at=at)
        .execution_options(synchronize_session=False)
    ).rowcount  # type: ignore[attr-defined]
    if revoked:
        assert actor.user_id is not None
        journal.append(session, actor=actor, at=at, action="feed:revoke", subject="user", subject_id=actor.user_id)
    return bool(revoked)


def feed_for(sessions: sessionmaker[Session], key: str, site_url: str, *, at: datetime, today: date) -> bytes | None:
    """The feed behind a key as iCalendar, or None when the key is unknown, withdrawn, or its owner disabled."""
    with acting(sessions, SYSTEM) as session:
        row = session.scalars(
            select(FeedKey).where(FeedKey.key_hash == _hash(key), FeedKey.revoked_at.is_(None))
        ).first()
        user = session.get(User, row.user_id) if row is not None else None
        if row is None or user is None or not user.is_active:
            return None
        if row.used_at is None or at - row.used_at > USED_EVERY:
            row.used_at = at
        actor = people.actor_for(session, user, at)
    rules = load_rules()
    span = Span(today - timedelta(days=rules.feed_back), today + timedelta(days=rules.feed_ahead))
    with acting(sessions, actor) as session:
        items = agenda(session, span)
    english = user.locale == "en"
    return write_feed(
        [
            Entry(
                item.key,
                item.on,
                item.text(user.locale),
                f"{site_url}{item.href}",
                item.is_due and item.on < today,
                item.until,
            )
            for item in items
        ],
        name="Obektiv" if english else "Объектив",
        today=today,
    )


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
