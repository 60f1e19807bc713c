"""Which schools stand open to a curator or an inspector at a moment, and in whose place; where others may not decide.

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

from sqlalchemy import Date, Select, String, case, cast, literal, null, select, union, union_all
from sqlalchemy.orm import Session

from app.conflicts import Employment, PersonFacts, Tie, conflicts, load_rules
from app.errors import Reason
from app.models import (
    Absence,
    Case,
    CuratorOrder,
    Declaration,
    HandOver,
    Observation,
    Person,
    PersonPost,
    PersonRelation,
    Recheck,
    User,
)
from app.policy import SYSTEM, Bar, StandIn
from app.terms import HAND_OVERS_OPEN, ConflictKind, OpenPart, PostKind, Role
from app.workflows import independence


@dataclass(frozen=True)
class Sight:
    """Schools that stand open, those that wait for a declaration, and whom the person substitutes where."""

    schools: frozenset[int] = frozenset()
    undeclared: frozenset[int] = frozenset()
    stands_in: tuple[StandIn, ...] = ()


def sight_of(session: Session, user: User, on: date) -> Sight:
    """What stands open to a curator or an inspector on a day, in one statement: it is asked for every request."""
    statement = union_all(*_near(user, on), *_said_and_known(user))
    rows: Sequence[Any] = sorted(session.connection().execute(statement).all(), key=lambda row: row.id)
    own = {row.school_id for row in rows if row.what == "work" and row.id == user.id and row.school_id is not None}
    others: dict[int, StandIn] = {}
    for row in rows:
        if row.what == "work" and row.school_id not in {None, *own}:
            others.setdefault(row.school_id, StandIn(row.school_id, row.id, row.text))
    facts, declared = _facts(user, rows), _declared(rows, on)
    duties, rules = independence.DUTIES_OF_ROLE[user.role], load_rules()

    def is_free(school_id: int) -> bool:
        return not all(conflicts(facts, school_id, duty, on, rules) for duty in duties)

    stands_in = tuple(stand_in for stand_in in others.values() if is_free(stand_in.school_id))
    near = own | {stand_in.school_id for stand_in in stands_in}
    said_free = near & {school_id for school_id, has_conflict in declared.items() if not has_conflict}
    # A conflict that came to light after the declaration asks for another one, which cannot deny it.
    free = {school_id for school_id in said_free if is_free(school_id)}
    return Sight(frozenset(free), frozenset((near - declared.keys()) | (said_free - free)), stands_in)


def bars_of(session: Session, user: User, on: date) -> tuple[Bar, ...]:
    """Schools at which an account that sees by territory may not decide on a day, each with all its whys."""
    rows: Sequence[Any] = session.connection().execute(union_all(*_known(user))).all()
    facts, rules = _facts(user, sorted(rows, key=lambda row: row.id)), load_rules()
    found = {
        school_id: conflicts(facts, school_id, OpenPart.DECIDER, on, rules)
        for school_id in facts.near_schools
        if school_id is not None
    }
    return tuple(Bar(school_id, _not_yours(reasons)) for school_id, reasons in sorted(found.items()) if reasons)


def _not_yours(reasons: Sequence[Reason]) -> Reason:
    ru, en = " ".join(reason.ru for reason in reasons), " ".join(reason.en for reason in reasons)
    return Reason(
        reasons[0].code,
        f"{ru} Решения по этой школе принимает коллега без такой связи или регион.",
        f"{en} A colleague without such a tie, or the region, decides about this school.",
    )


def schools_of(session: Session, user_id: int, role: Role, on: date) -> set[int]:
    """Schools where an account has something to do, whatever it declared."""
    wanted = (
        select(table.c.school_id).where(column == user_id, *conditions) for table, column, conditions in _work(role, on)
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


@dataclass(frozen=True)
class Away:
    """Until when an account's person is away, and who acts in its place."""

    until: date
    substitute: str | None


def away(session: Session, user_id: int, on: date) -> Away | None:
    """The absence of an account's person on a day, for whoever sees its case: neither the cause nor the card."""
    absences, persons = Absence.__table__, Person.__table__
    substitute = persons.alias("substitute")
    row: Any = (
        session.connection()
        .execute(
            select(absences.c.until_on, substitute.c.name)
            .select_from(
                absences.join(persons, persons.c.id == absences.c.person_id).outerjoin(
                    substitute, substitute.c.id == absences.c.substitute_id
                )
            )
            .where(
                persons.c.user_id == user_id,
                absences.c.from_on <= on,
                absences.c.until_on >= on,
                absences.c.cancelled_at.is_(None),
            )
            .order_by(absences.c.until_on.desc())
        )
        .first()
    )
    return Away(row.until_on, row.name) if row is not None else None


def _near(user: User, on: date) -> list[Select[Any]]:
    """Schools of the account, and of the absent people whom it substitutes on that day, each with whose it is."""
    absences, persons, users = Absence.__table__, Person.__table__, User.__table__
    substitute = persons.alias("substitute")
    acting = union(
        select(users.c.id, users.c.name).where(users.c.id == user.id),
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
        ),
    ).subquery()
    return [
        _line("work", acting.c.id, table.c.school_id, acting.c.name)
        .select_from(table.join(acting, acting.c.id == column))
        .where(*conditions)
        for table, column, conditions in _work(user.role, on)
    ]


def _said_and_known(user: User) -> list[Select[Any]]:
    """What the account has declared, and what the register knows that may contradict it."""
    said = Declaration.__table__
    answer = case((said.c.has_conflict, "yes"), else_="no")
    return [
        _line("said", said.c.id, said.c.school_id, answer, until=said.c.valid_until).where(said.c.user_id == user.id),
        *_known(user),
    ]


def _known(user: User) -> list[Select[Any]]:
    """What the register knows of the account's ties to schools."""
    persons, posts, ties = (m.__table__ for m in (Person, PersonPost, PersonRelation))
    return [
        _line("post", posts.c.id, posts.c.workplace_id, posts.c.kind, posts.c.since, posts.c.until)
        .select_from(posts.join(persons, persons.c.id == posts.c.person_id))
        .where(persons.c.user_id == user.id, posts.c.workplace_id.is_not(None)),
        _line("tie", ties.c.id, ties.c.related_school_id, ties.c.kind, until=ties.c.until)
        .select_from(ties.join(persons, persons.c.id == ties.c.person_id))
        # A tie to the works of one paper closes that recheck alone, and there a picker says so.
        .where(persons.c.user_id == user.id, ties.c.withdrawn_at.is_(None), ties.c.year.is_(None)),
    ]


def _line(what: str, id: Any, school_id: Any, text: Any, since: Any = None, until: Any = None) -> Select[Any]:
    """One part of the union; all parts have these columns."""
    never = cast(null(), Date)
    return select(
        literal(what).label("what"),
        id.label("id"),
        school_id.label("school_id"),
        cast(text, String).label("text"),
        (never if since is None else since).label("since"),
        (never if until is None else until).label("until"),
    )


def _facts(user: User, rows: Sequence[Any]) -> PersonFacts:
    return PersonFacts(
        person_id=0,
        user_id=user.id,
        name=user.name,
        account_school_id=user.school_id,
        employments=tuple(
            Employment(PostKind(row.text), row.school_id, since=row.since, until=row.until)
            for row in rows
            if row.what == "post"
        ),
        ties=tuple(Tie(ConflictKind(row.text), row.school_id, row.until) for row in rows if row.what == "tie"),
    )


def _declared(rows: Sequence[Any], on: date) -> dict[int, bool]:
    """School → whether the last declaration about it, still valid, tells of a conflict."""
    last = {row.school_id: row for row in rows if row.what == "said"}
    return {school_id: row.text == "yes" for school_id, row in last.items() if row.until >= on}


def _work(role: Role, on: date) -> tuple[tuple[Any, Any, tuple[Any, ...]], ...]:
    """Tables in which an account of a role has something to do: table, its column of the account, conditions."""
    models = (Case, CuratorOrder, Observation, Recheck, HandOver)
    cases, orders, visits, rechecks, offers = (model.__table__ for model in models)
    if role is Role.CURATOR:
        return (
            (cases, cases.c.curator_id, ()),
            (orders, orders.c.curator_id, (orders.c.until >= on,)),
            # Whoever is asked to take a case over has to see what is asked.
            (offers, offers.c.to_id, (offers.c.status.in_(HAND_OVERS_OPEN),)),
        )
    return (visits, visits.c.observer_id, ()), (rechecks, rechecks.c.inspector_id, ())


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
