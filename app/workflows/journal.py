"""The journal's chain: append, verify, anchor.

Each entry's `mac` is HMAC-SHA256(key, seq | previous mac | SHA-256 of the canonical body), so that an edit, a deletion,
an insertion or a change of order breaks the chain from there on. A cut tail leaves a shorter but valid chain; it is
found by comparing with anchors (seq and mac), which are written outside the database every hour and with every backup.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from app.errors import Misconfigured
from app.models import JournalEntry
from app.policy import Actor
from app.storage import write_atomically

GENESIS = bytes(32)
_LOCK = 0x0B3E  # advisory lock of PostgreSQL that makes appends one after another; SQLite's writer lock does it there


@dataclass(frozen=True)
class Anchor:
    """The chain's head as it stood at a moment, kept outside the database."""

    seq: int
    mac: str
    at: str


@dataclass(frozen=True)
class Line:
    """What one entry says; who and when stand beside it."""

    action: str
    subject: str
    subject_id: int | None = None
    reason: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    request_id: str | None = None
    municipality_id: int | None = None
    school_id: int | None = None


@dataclass(frozen=True)
class JournalFault:
    """One place where the chain does not hold."""

    seq: int
    ru: str
    en: str


def append(
    session: Session,
    *,
    actor: Actor,
    at: datetime,
    action: str,
    subject: str,
    subject_id: int | None = None,
    reason: str = "",
    facts: dict[str, Any] | None = None,
    request_id: str | None = None,
    municipality_id: int | None = None,
    school_id: int | None = None,
) -> JournalEntry:
    """Add one entry in the caller's transaction; `action` is ``subject:verb``, e.g. ``case:close``."""
    line = Line(action, subject, subject_id, reason, facts or {}, request_id, municipality_id, school_id)
    return append_all(session, [line], actor=actor, at=at)[0]


def append_all(session: Session, lines: Sequence[Line], *, actor: Actor, at: datetime) -> list[JournalEntry]:
    """Add several entries one after another, with one look at the chain's head: what a batch does is told so."""
    take_turn(session)
    session.flush()
    # A column select is not narrowed to the actor's territory: the chain is one for the whole installation.
    head = (
        session.connection()
        .execute(
            select(JournalEntry.__table__.c.seq, JournalEntry.__table__.c.mac)
            .order_by(JournalEntry.__table__.c.seq.desc())
            .limit(1)
        )
        .first()
    )
    seq, prev = (head.seq, bytes(head.mac)) if head else (0, GENESIS)
    secret, entries = _key(session), []
    for line in lines:
        instead_of = actor.instead_of(line.school_id)
        entry = JournalEntry(
            seq=seq + 1,
            at=at.astimezone(UTC),
            actor_id=actor.user_id,
            actor_name=actor.signature(line.school_id),
            action=line.action,
            subject=line.subject,
            subject_id=line.subject_id,
            request_id=line.request_id or session.info.get("request_id"),
            reason=line.reason[:2000],
            facts={**line.facts, "instead_of": instead_of.user_id} if instead_of is not None else line.facts,
            municipality_id=line.municipality_id,
            school_id=line.school_id,
            prev=prev,
        )
        entry.mac = seal(secret, entry)
        seq, prev = entry.seq, entry.mac
        entries.append(entry)
    values = [
        {column.key: getattr(entry, column.key) for column in JournalEntry.__table__.columns} for entry in entries
    ]
    # Written through the connection: an actor may journal a refusal that concerns rows outside its own territory.
    session.connection().execute(insert(JournalEntry.__table__), values)  # type: ignore[arg-type]
    return entries


def take_turn(session: Session) -> None:
    """Wait until no other transaction appends, and keep the others waiting until this one ends.

    For what has to come one after another and is journalled in the same transaction anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        # Through the connection: a session narrowed to a territory refuses plain text.
        session.connection().execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def seal(key: bytes, entry: JournalEntry) -> bytes:
    """The mac of `entry`, computed from its stored fields."""
    body = json.dumps(
        {
            "at": entry.at.isoformat(),
            "actor_id": entry.actor_id,
            "actor_name": entry.actor_name,
            "action": entry.action,
            "subject": entry.subject,
            "subject_id": entry.subject_id,
            "request_id": entry.request_id,
            "reason": entry.reason,
            "facts": entry.facts,
            "municipality_id": entry.municipality_id,
            "school_id": entry.school_id,
        },
        sort_keys=True,
        ensure_ascii=False,
        separators=(",", ":"),
    )
    digest = hashlib.sha256(body.encode()).digest()
    return hmac.new(key, str(entry.seq).encode() + b"|" + entry.prev + digest, hashlib.sha256).digest()


def verify(session: Session, key: bytes, anchors: Iterable[Anchor] = ()) -> list[JournalFault]:
    """Walk the whole chain and compare it with `anchors`; an empty list means it holds."""
    faults: list[JournalFault] = []
    macs: dict[int, str] = {}
    expected_seq, prev = 1, GENESIS
    for entry in session.scalars(select(JournalEntry).order_by(JournalEntry.seq).execution_options(yield_per=1000)):
        if entry.seq != expected_seq:
            faults.append(
                JournalFault(
                    entry.seq,
                    f"после записи {expected_seq - 1} идёт запись {entry.seq}: записи удалены или вставлены",
                    f"entry {entry.seq} follows entry {expected_seq - 1}: entries were removed or inserted",
                )
            )
        if entry.prev != prev:
            faults.append(
                JournalFault(entry.seq, "связь с предыдущей записью нарушена", "link to the entry before is broken")
            )
        if not hmac.compare_digest(entry.mac, seal(key, entry)):
            faults.append(JournalFault(entry.seq, "содержимое записи изменено", "the entry's content was changed"))
        expected_seq, prev = entry.seq + 1, entry.mac
        macs[entry.seq] = entry.mac.hex()
    for anchor in anchors:
        if macs.get(anchor.seq) != anchor.mac:
            faults.append(
                JournalFault(
                    anchor.seq,
                    f"якорь от {anchor.at} не совпадает: журнал обрезан или переписан",
                    f"the anchor of {anchor.at} does not match: the journal was cut or rewritten",
                )
            )
    return faults


def head(session: Session, *, at: datetime) -> Anchor | None:
    """The chain's present head, or None while the journal is empty."""
    entry = session.scalars(select(JournalEntry).order_by(JournalEntry.seq.desc()).limit(1)).first()
    return Anchor(entry.seq, entry.mac.hex(), at.isoformat()) if entry else None


def write_anchor(session: Session, folder: Path, *, at: datetime) -> Anchor | None:
    """Keep the head in ``folder/anchors.jsonl`` unless it is there already."""
    anchor = head(session, at=at)
    known = read_anchors(folder)
    if anchor is None or (known and known[-1].seq == anchor.seq):
        return anchor
    lines = [json.dumps(vars(a), ensure_ascii=False) for a in (*known, anchor)]
    write_atomically(folder / "anchors.jsonl", ("\n".join(lines) + "\n").encode())
    return anchor


def read_anchors(folder: Path) -> list[Anchor]:
    path = folder / "anchors.jsonl"
    if not path.exists():
        return []
    return [Anchor(**json.loads(line)) for line in path.read_text().splitlines() if line.strip()]


def _key(session: Session) -> bytes:
    key = session.info.get("journal_key")
    if not key:
        raise Misconfigured("у сессии базы нет ключа журнала; создавайте сессии через app.database.make_sessions")
    return bytes(key)
