"""Declarations of conflict of interest: made by the person itself before a school's case is shown to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import policy
from app.conflicts import conflicts, load_rules
from app.days import day_of
from app.errors import NotFound, Reason, Refused
from app.flows import CLOSED
from app.models import Case, Declaration, HandOver, Person, School, User
from app.policy import Actor, Permission
from app.terms import DECLARED_KINDS, ConflictKind, Duty, HandOverStatus, OpenPart
from app.workflows import independence, journal, people_register
from app.workflows.sight import as_system, declared_schools
from app.workflows.ties import keep_tie

NOT_DECLARED = Reason(
    "conflict_not_declared",
    "Куратор не подтвердил отсутствие конфликта интересов.",
    "The curator has not declared the absence of a conflict of interest.",
    "#assignment",
)


@dataclass(frozen=True)
class Asked:
    """A school about which a person is asked to declare: no more of it than its name and what is wanted there."""

    school_id: int
    school_name: str
    municipality_name: str
    instead_of: str | None
    offered_by: str | None


def asked(session: Session, actor: Actor) -> list[Asked]:
    """Schools that wait for the actor's declaration, by name."""
    with as_system(session):
        schools = session.scalars(
            select(School).where(School.id.in_(actor.undeclared)).order_by(School.name, School.id)
        )
        offers = select(HandOver.school_id, HandOver.proposed_by_name).where(
            HandOver.to_id == actor.user_id, HandOver.status == HandOverStatus.PROPOSED
        )
        offered = {row.school_id: row.proposed_by_name for row in session.execute(offers)}
        return [
            Asked(s.id, s.name, s.municipality.name, _absent_name(session, actor, s.id), offered.get(s.id))
            for s in schools
        ]


def undeclared_school(session: Session, actor: Actor, case_id: int) -> int | None:
    """The school of a case that stays shut to the actor for want of a declaration alone, or None."""
    if not actor.undeclared or case_id >= 2**31:
        return None
    table = Case.__table__
    school_id = session.connection().execute(select(table.c.school_id).where(table.c.id == case_id)).scalar()
    return school_id if school_id in actor.undeclared else None


def school_names(session: Session, school_ids: Sequence[int | None]) -> dict[int, str]:
    """Names of schools a person has declared about: with a conflict the school itself stays out of sight."""
    with as_system(session):
        rows = session.execute(select(School.id, School.name).where(School.id.in_([i for i in school_ids if i])))
        return {row.id: row.name for row in rows}


def computed(session: Session, user_id: int, school_id: int, on: date) -> list[Reason]:
    """Conflicts that the program finds between a person and a school; none while the person may act there as something.

    An observer who has marked the works may still observe: only the recheck is closed, and there a picker says so.
    """
    facts = independence.facts_of_user(session, user_id, on)
    if facts is None:
        return []
    told = [conflicts(facts, school_id, duty, on, load_rules()) for duty in sorted(facts.account_duties)]
    return list({reason.code: reason for reasons in told for reason in reasons}.values()) if all(told) else []


def is_declared(session: Session, user_id: int, school_id: int, on: date) -> bool:
    """Whether a valid declaration says that the person is free of conflict with the school."""
    return declared_schools(session, user_id, on).get(school_id) is False


def declare(
    session: Session,
    school_id: int,
    *,
    has_conflict: bool,
    kinds: Sequence[ConflictKind] = (),
    statement: str = "",
    actor: Actor,
    at: datetime,
) -> Declaration:
    """Declare about a school. Without conflict its case opens; with one it stays shut and the tie is entered.

    Raises
    ------
    NotFound
        The actor is not asked about this school.
    Refused
        The program has found a conflict that the declaration denies, or the kind of conflict is not named.
    """
    policy.require(actor, Permission.CONFLICT_DECLARE)
    if actor.user_id is None or school_id not in actor.undeclared | actor.school_ids:
        raise NotFound("По этой школе декларация не нужна.")
    found = computed(session, actor.user_id, school_id, day_of(at))
    reasons: list[Reason] = []
    if not has_conflict and found:
        reasons = [
            *found,
            Reason(
                "conflict_found",
                "Заявить об отсутствии конфликта нельзя: программа нашла его. Если сведения устарели, попросите отдел "
                "образования исправить вашу карточку в разделе «Люди».",
                "The absence of a conflict cannot be declared: the program has found one. If it is out of date, ask "
                "the department to mend your card in “People”.",
            ),
        ]
    if has_conflict:
        reasons += [reason for reason in _unnamed(kinds, statement) if reason.code != "no_kind" or not found]
    if reasons:
        raise Refused(*reasons)
    with as_system(session):
        person = session.scalars(select(Person).where(Person.user_id == actor.user_id)).first()
        if person is None:
            raise Refused(independence.not_registered(Duty.CURATOR))
        return _keep(session, person, school_id, has_conflict, kinds, statement, found, actor=actor, at=at)


def kinds_to_recuse() -> tuple[ConflictKind, ...]:
    """Ties that keep from deciding and that nobody can compute."""
    return tuple(kind for kind in DECLARED_KINDS if load_rules().stops(kind, OpenPart.DECIDER))


def recuse(
    session: Session, school_id: int, kinds: Sequence[ConflictKind], statement: str, *, actor: Actor, at: datetime
) -> Declaration:
    """Say that one is tied to a school on whose cases one decides by office; from then on others decide there.

    Who has no card in the register is given one: a tie is not put off for want of it.

    Raises
    ------
    NotFound
        The school is not in the actor's territory.
    Refused
        The tie is not named, or it is known already.
    """
    policy.require(actor, Permission.CONFLICT_RECUSE)
    if session.get(School, school_id) is None:
        raise NotFound("Такой школы нет, или она относится к другой территории.")
    policy.require_free(actor, school_id)
    kinds = [kind for kind in kinds if kind in kinds_to_recuse()]
    reasons = _unnamed(kinds, statement)
    if reasons:
        raise Refused(*reasons)
    with as_system(session):
        user = session.get_one(User, actor.user_id)
        person = session.scalars(select(Person).where(Person.user_id == user.id)).first()
        if person is None:
            person = people_register.card_for(session, user, actor=actor, at=at)
        return _keep(session, person, school_id, True, kinds, statement, [], actor=actor, at=at)


def _unnamed(kinds: Sequence[ConflictKind], statement: str) -> list[Reason]:
    """Why a conflict is not yet said as it must be."""
    reasons = []
    if not kinds:
        reasons.append(Reason("no_kind", "Отметьте, в чём состоит конфликт.", "Say what the conflict is."))
    if ConflictKind.MANUAL in kinds and len(statement.strip()) < 10:
        reasons.append(
            Reason("no_statement", "Опишите связь хотя бы одним предложением.", "Describe the tie in a sentence.")
        )
    return reasons


def _keep(
    session: Session,
    person: Person,
    school_id: int,
    has_conflict: bool,
    kinds: Sequence[ConflictKind],
    statement: str,
    found: Sequence[Reason],
    *,
    actor: Actor,
    at: datetime,
) -> Declaration:
    rules = load_rules()
    school = session.get_one(School, school_id)
    case = session.scalars(
        select(Case).where(Case.school_id == school_id, Case.state != CLOSED).order_by(Case.id.desc())
    ).first()
    declaration = Declaration(
        person_id=person.id,
        user_id=actor.user_id,
        person_name=person.name,
        has_conflict=has_conflict,
        kinds=[kind.value for kind in kinds],
        statement=statement.strip()[:4000],
        computed=[{"code": r.code, "ru": r.ru, "en": r.en} for r in found],
        rules_version=rules.version,
        declared_at=at,
        valid_until=day_of(at) + timedelta(days=rules.declaration_days),
        municipality_id=school.municipality_id,
        school_id=school.id,
    )
    session.add(declaration)
    for kind in [kind for kind in kinds if has_conflict and kind in DECLARED_KINDS]:
        keep_tie(session, person, kind, school.id, text=statement, actor=actor, at=at)
    session.flush()
    journal.append(
        session,
        actor=actor,
        at=at,
        action="conflict:declare",
        subject="case" if case is not None else "school",
        subject_id=case.id if case is not None else school.id,
        facts={"has_conflict": has_conflict, "kinds": declaration.kinds, "declaration_id": declaration.id},
        municipality_id=school.municipality_id,
        school_id=school.id,
    )
    return declaration


def _absent_name(session: Session, actor: Actor, school_id: int) -> str | None:
    stand_in = actor.instead_of(school_id)
    return stand_in.name if stand_in is not None else None
