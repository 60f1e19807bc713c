"""Who may not curate, observe or recheck at a school, and why: the one answer for pickers, moves, API and plans.

The rules are in `app.conflicts`; here the facts are gathered. People and schools are read as plain columns, whatever
the actor's territory: whether a colleague is independent does not depend on who looks, and nothing read here reaches a
page but the reason itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select, union_all
from sqlalchemy.orm import Session

from app.conflicts import (
    Absent,
    Certificate,
    Employment,
    Entry,
    Paper,
    PersonFacts,
    Tie,
    conflicts,
    load_rules,
    not_registered,
    unfitness,
)
from app.errors import Reason
from app.flows import CLOSED
from app.models import (
    Absence,
    Case,
    CuratorOrder,
    MentoringPair,
    Observation,
    Person,
    PersonDuty,
    PersonPost,
    PersonRelation,
    Recheck,
    School,
    Training,
    User,
)
from app.terms import Duty, MentoringStatus, RecheckStatus, Role, VisitStatus

DUTIES_OF_ROLE: Mapping[Role, frozenset[Duty]] = {
    Role.CURATOR: frozenset({Duty.CURATOR}),
    Role.INSPECTOR: frozenset({Duty.OBSERVER, Duty.EXPERT}),
}
"""What an account of a role can act as."""


def objections(
    session: Session,
    person_id: int,
    school_id: int,
    duty: Duty,
    on: date,
    *,
    paper: Paper | None = None,
    is_new: bool = True,
    is_counted: bool = True,
) -> list[Reason]:
    """Everything that speaks against a person of the register acting at a school on a day; empty when nothing does.

    See `app.conflicts.conflicts` and `app.conflicts.unfitness` for what is asked. Nobody is invited by asking.
    """
    person = facts_of(session, on, person_ids=[person_id]).get(person_id)
    return objections_to(person, school_id, duty, on, paper=paper, is_new=is_new, is_counted=is_counted)


def objections_to(
    person: PersonFacts | None,
    school_id: int,
    duty: Duty,
    on: date,
    *,
    paper: Paper | None = None,
    is_new: bool = True,
    is_counted: bool = True,
) -> list[Reason]:
    """The same for facts already gathered: a picker or a plan asks for many people and schools at once."""
    if person is None:
        return [not_registered(duty)]
    rules = load_rules()
    lacking = unfitness(person, duty, on, rules, is_new=is_new, is_counted=is_counted)
    if lacking and lacking[0].code == not_registered(duty).code:
        return lacking
    return [*conflicts(person, school_id, duty, on, rules, paper), *lacking]


def objections_to_user(
    session: Session, user_id: int, school_id: int, duty: Duty, on: date, **how: Any
) -> list[Reason]:
    """`objections` for the person behind an account."""
    return objections_to(facts_of_user(session, user_id, on), school_id, duty, on, **how)


def facts_of_user(session: Session, user_id: int, on: date) -> PersonFacts | None:
    """What the register knows of the person behind an account, or None without a card."""
    return next(iter(facts_of(session, on, user_ids=[user_id]).values()), None)


def facts_of(
    session: Session,
    on: date,
    *,
    person_ids: Iterable[int] | None = None,
    user_ids: Iterable[int] | None = None,
) -> dict[int, PersonFacts]:
    """Facts of the people named by cards or accounts, by id of the card, in some ten statements for all of them."""
    persons, users = Person.__table__, User.__table__
    wanted: list[ColumnElement[bool]] = []
    if person_ids is not None:
        wanted.append(persons.c.id.in_(sorted(set(person_ids))))
    if user_ids is not None:
        wanted.append(persons.c.user_id.in_(sorted(set(user_ids))))
    rows = _rows(
        session,
        select(persons, users.c.role, users.c.is_active.label("may_sign_in"), users.c.school_id.label("account_school"))
        .select_from(persons.outerjoin(users, users.c.id == persons.c.user_id))
        .where(or_(*wanted)),
    )
    ids = [row.id for row in rows]
    parts = _Parts.of(session, ids)
    curated = _curated_by(session, parts, on)
    helps, is_helped = (pairs_of(session, column, ids) for column in ("mentor_person_id", "mentee_person_id"))
    loads = loads_of(session, [row.user_id for row in rows if row.user_id is not None])
    return {
        row.id: PersonFacts(
            person_id=row.id,
            user_id=row.user_id,
            name=row.name,
            is_active=row.is_active,
            account_duties=DUTIES_OF_ROLE.get(Role(row.role), frozenset()) if row.may_sign_in else frozenset(),
            account_school_id=row.account_school,
            municipality_id=row.municipality_id,
            entries=tuple(parts.entries.get(row.id, ())),
            employments=tuple(parts.employments.get(row.id, ())),
            certificates=tuple(parts.certificates.get(row.id, ())),
            absences=tuple(parts.absences.get(row.id, ())),
            ties=tuple(parts.ties.get(row.id, ())),
            curated_by=curated.get(row.id, frozenset()),
            load=loads.get(row.user_id, 0),
            load_limit=row.load_limit,
            helps=helps.get(row.id, 0),
            is_helped=is_helped.get(row.id, 0),
            subjects=tuple(row.subjects or ()),
            grades=tuple(row.grades or ()),
            languages=tuple(row.languages or ()),
        )
        for row in rows
    }


def loads_of(session: Session, user_ids: Sequence[int]) -> dict[int | None, int]:
    """Open cases, visits ahead and unfinished rechecks at hand, by account."""
    cases, visits, rechecks = Case.__table__, Observation.__table__, Recheck.__table__
    unfinished = (RecheckStatus.REQUESTED, RecheckStatus.DRAWN)
    at_hand = union_all(
        select(cases.c.curator_id.label("user_id")).where(cases.c.curator_id.in_(user_ids), cases.c.state != CLOSED),
        select(visits.c.observer_id).where(
            visits.c.observer_id.in_(user_ids), visits.c.status == VisitStatus.SCHEDULED
        ),
        select(rechecks.c.inspector_id).where(rechecks.c.inspector_id.in_(user_ids), rechecks.c.status.in_(unfinished)),
    ).subquery()
    counted = select(at_hand.c.user_id, func.count().label("n")).group_by(at_hand.c.user_id)
    return {row.user_id: row.n for row in _rows(session, counted)}


def pairs_of(session: Session, side: str, person_ids: Sequence[int]) -> dict[int, int]:
    """Mentoring pairs under way by the card on one side of them, `mentor_person_id` or `mentee_person_id`."""
    pairs = MentoringPair.__table__
    counted = (
        select(pairs.c[side].label("person_id"), func.count().label("n"))
        .where(pairs.c[side].in_(person_ids), pairs.c.status == MentoringStatus.ACTIVE)
        .group_by(pairs.c[side])
    )
    return {row.person_id: row.n for row in _rows(session, counted)}


@dataclass
class _Parts:
    """The rows around the cards, by id of the card."""

    employments: dict[int, list[Employment]] = field(default_factory=dict)
    entries: dict[int, list[Entry]] = field(default_factory=dict)
    certificates: dict[int, list[Certificate]] = field(default_factory=dict)
    absences: dict[int, list[Absent]] = field(default_factory=dict)
    ties: dict[int, list[Tie]] = field(default_factory=dict)

    @classmethod
    def of(cls, session: Session, ids: Sequence[int]) -> _Parts:
        parts = cls()
        posts, schools = PersonPost.__table__, School.__table__
        for row in _rows(
            session,
            select(posts, schools.c.name.label("school"), schools.c.is_objective)
            .select_from(posts.outerjoin(schools, schools.c.id == posts.c.workplace_id))
            .where(posts.c.person_id.in_(ids))
            .order_by(posts.c.id),
        ):
            post = Employment(
                row.kind,
                row.workplace_id,
                row.school or row.organisation,
                bool(row.is_objective),
                row.since,
                row.until,
                row.title,
            )
            parts.employments.setdefault(row.person_id, []).append(post)
        for row in _rows(session, _about(PersonDuty, ids)):
            parts.entries.setdefault(row.person_id, []).append(Entry(row.duty, row.since, row.until))
        for row in _rows(session, _about(Training, ids)):
            certificate = Certificate(row.duty, row.issued_on, row.valid_until)
            parts.certificates.setdefault(row.person_id, []).append(certificate)
        for row in _rows(session, _about(Absence, ids).where(Absence.__table__.c.cancelled_at.is_(None))):
            parts.absences.setdefault(row.person_id, []).append(Absent(row.from_on, row.until_on, row.reason))
        for row in _rows(session, _about(PersonRelation, ids).where(PersonRelation.__table__.c.withdrawn_at.is_(None))):
            paper = (row.year, row.subject, row.grade) if row.year and row.subject and row.grade else None
            tie = Tie(row.kind, row.related_school_id, row.until, paper)
            parts.ties.setdefault(row.person_id, []).append(tie)
        return parts


def _about(model: Any, ids: Sequence[int]) -> Select[Any]:
    table = model.__table__
    return select(table).where(table.c.person_id.in_(ids)).order_by(table.c.id)


def _curated_by(session: Session, parts: _Parts, on: date) -> dict[int, frozenset[int]]:
    """For each person, the schools whose workers curate a school where the person works on that day."""
    homes = {
        person_id: {post.school_id for post in posts if post.school_id is not None and post.covers(on)}
        for person_id, posts in parts.employments.items()
    }
    schools = sorted(set().union(*homes.values())) if homes else []
    if not schools:
        return {}
    orders, cases, persons, posts = (m.__table__ for m in (CuratorOrder, Case, Person, PersonPost))
    curation = union_all(
        select(orders.c.school_id, orders.c.curator_id).where(orders.c.school_id.in_(schools), orders.c.until >= on),
        select(cases.c.school_id, cases.c.curator_id).where(
            cases.c.school_id.in_(schools), cases.c.curator_id.is_not(None), cases.c.state != CLOSED
        ),
    ).subquery()
    curators_of: dict[int, set[int]] = {}
    for row in _rows(
        session,
        select(curation.c.school_id, posts.c.workplace_id)
        .select_from(
            curation.join(persons, persons.c.user_id == curation.c.curator_id).join(
                posts, posts.c.person_id == persons.c.id
            )
        )
        .where(
            posts.c.workplace_id.is_not(None),
            or_(posts.c.since.is_(None), posts.c.since <= on),
            or_(posts.c.until.is_(None), posts.c.until >= on),
        ),
    ):
        curators_of.setdefault(row.school_id, set()).add(row.workplace_id)
    return {
        person_id: frozenset().union(*(curators_of.get(home, set()) - {home} for home in places))
        for person_id, places in homes.items()
    }


def _rows(session: Session, statement: Select[Any]) -> Sequence[Any]:
    session.flush()
    return session.connection().execute(statement).all()
