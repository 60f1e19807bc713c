"""Which schools stand open to a curator or an inspector at a moment, and in whose place.

Open are the schools of one's cases, orders in force, visits and rechecks, and those of an absent person whom one
substitutes: each only after one has declared to be free of conflict of interest there. All is read anew for every
request, so that a withdrawn order, an ended absence or a declared conflict closes the door at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select, union
from sqlalchemy.orm import Session

from app.conflicts import conflicts, load_rules
from app.models import Absence, Case, CuratorOrder, Declaration, HandOver, Observation, Person, Recheck, User
from app.policy import SYSTEM, StandIn
from app.terms import HAND_OVERS_OPEN, Role
from app.workflows import independence


@dataclass(frozen=True)
class Sight:
    """Schools that stand open, those that wait for a declaration, and whom the person substitutes where."""

    schools: frozenset[int] = frozenset()
    undeclared: frozenset[int] = frozenset()
    stands_in: tuple[StandIn, ...] = ()


def sight_of(session: Session, user: User, on: date) -> Sight:
    """What stands open to a curator or an inspector on a day."""
    own = schools_of(session, user.id, user.role, on)
    stands_in = _stand_ins(session, user, own, on)
    near = own | {stand_in.school_id for stand_in in stands_in}
    if not near:
        return Sight()
    declared = declared_schools(session, user.id, on)
    stated = {school_id for school_id, has_conflict in declared.items() if has_conflict}
    free = frozenset(near & (declared.keys() - stated))
    return Sight(free, frozenset(near - declared.keys()), stands_in)


def schools_of(session: Session, user_id: int, role: Role, on: date) -> set[int]:
    """Schools where an account has something to do, whatever it declared."""
    models = (Case, CuratorOrder, Observation, Recheck, HandOver)
    cases, orders, visits, rechecks, offers = (model.__table__ for model in models)
    wanted: tuple[Any, ...]
    if role is Role.CURATOR:
        wanted = (
            select(cases.c.school_id).where(cases.c.curator_id == user_id),
            select(orders.c.school_id).where(orders.c.curator_id == user_id, orders.c.until >= on),
            # Whoever is asked to take a case over has to see what is asked.
            select(offers.c.school_id).where(offers.c.to_id == user_id, offers.c.status.in_(HAND_OVERS_OPEN)),
        )
    else:
        wanted = (
            select(visits.c.school_id).where(visits.c.observer_id == user_id),
            select(rechecks.c.school_id).where(rechecks.c.inspector_id == user_id),
        )
    found = session.connection().execute(union(*wanted)).scalars()
    return {school_id for school_id in found if school_id is not None}


def declared_schools(session: Session, user_id: int, on: date) -> dict[int, bool]:
    """School → whether the account's last declaration about it, still valid on that day, tells of a conflict."""
    table = Declaration.__table__
    rows: Sequence[Any] = (
        session.connection()
        .execute(
            select(table.c.school_id, table.c.has_conflict, table.c.valid_until)
            .where(table.c.user_id == user_id)
            .order_by(table.c.id)
        )
        .all()
    )
    last = {row.school_id: row for row in rows}
    return {school_id: row.has_conflict for school_id, row in last.items() if row.valid_until >= on}


def _stand_ins(session: Session, user: User, own: set[int], on: date) -> tuple[StandIn, ...]:
    absences, persons, users = Absence.__table__, Person.__table__, User.__table__
    substitute = persons.alias("substitute")
    absent: Sequence[Any] = (
        session.connection()
        .execute(
            select(users.c.id, users.c.name)
            .select_from(
                absences.join(persons, persons.c.id == absences.c.person_id)
                .join(users, users.c.id == persons.c.user_id)
                .join(substitute, substitute.c.id == absences.c.substitute_id)
            )
            .where(
                substitute.c.user_id == user.id,
                users.c.role == user.role,
                absences.c.from_on <= on,
                absences.c.until_on >= on,
                absences.c.cancelled_at.is_(None),
            )
            .order_by(absences.c.id)
        )
        .all()
    )
    if not absent:
        return ()
    facts = independence.facts_of_user(session, user.id, on)
    found: dict[int, StandIn] = {}
    for row in absent:
        for school_id in sorted(schools_of(session, row.id, user.role, on) - own - found.keys()):
            duties = independence.DUTIES_OF_ROLE[user.role]
            if facts is not None and not all(conflicts(facts, school_id, duty, on, load_rules()) for duty in duties):
                found[school_id] = StandIn(school_id, row.id, row.name)
    return tuple(found.values())


@contextmanager
def as_system(session: Session) -> Iterator[None]:
    """Write or read beyond the actor's territory for a moment; what was changed is flushed before it ends."""
    bound = session.info.get("actor")
    session.info["actor"] = SYSTEM
    try:
        yield
        session.flush()
    finally:
        session.info["actor"] = bound
