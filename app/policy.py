"""Who may do what, and where: the only place that answers either question.

`GRANTS` says what a role may do, `visible` which rows a territory holds. List, count, details, edit, look-ups, actions,
export and API all go through the session hook of `app.database`, which asks `visible`.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_, true

from app.errors import NotPermitted, Reason
from app.models import (
    AuthSession,
    ClusterSet,
    ControlGroup,
    Declaration,
    Municipality,
    Person,
    Personal,
    PersonRelation,
    ScaleLink,
    School,
    Tenant,
    User,
)
from app.models.people import OfPerson
from app.terms import Role


class Permission(StrEnum):
    """One right each, ``resource:action``; what it lets one do stands beside it."""

    AUDIT_VERIFY = "audit:verify"  # check the journal's chain
    CASE_ANSWER = "case:answer"  # answer a question with which a case was returned
    CALENDAR_KEEP = "calendar:keep"  # change events and local days, set, pin and end deadlines
    CASE_ASSIGN = "case:assign"  # issue a curator's order, move the case to it
    CASE_BULK = "case:bulk"  # decide on many cases at once; each row asks for its own right
    CASE_CLOSE = "case:close"  # approve a closure another person proposed
    CASE_CONCLUDE = "case:conclude"  # propose a closure with its grounds
    CASE_HANDOVER = "case:handover"  # propose that another curator take over, answer such a proposal
    CASE_HOLD = "case:hold"  # put a case on hold, resume it
    CASE_INTERVIEW = "case:interview"  # record an interview, move the case to it
    CASE_MEASURE = "case:measure"  # review dynamics, record an administrative measure
    CASE_OBSERVE = "case:observe"  # schedule and record observations
    CASE_OPEN = "case:open"  # open a case by hand, with a reason
    CASE_READ = "case:read"
    CASE_RECHECK = "case:recheck"  # order a recheck, enter re-marked points
    CASE_SUPPORT = "case:support"  # record diagnosis, programme, mentoring, review of low results
    CASE_REOPEN = "case:reopen"  # go on with a closed case in a new episode
    CASE_RETURN = "case:return"  # return a case with a question
    CONFLICT_DECLARE = "conflict:declare"  # say whether one is free of conflict of interest before seeing a case
    DATA_IMPORT = "data:import"  # upload, accept, reject
    DATA_READ = "data:read"  # see uploads and data sets
    DOCUMENT_ISSUE = "document:issue"
    DOCUMENT_READ = "document:read"
    FINDING_READ = "finding:read"
    FLAG_RAISE = "flag:raise"  # raise the flags of a trial run with limits of one's choice
    GROUP_APPROVE = "group:approve"  # fix a control group, approve clusters
    GROUP_PROPOSE = "group:propose"  # draw and adjust a control group, compute clusters
    GROUP_READ = "group:read"  # control groups, clusters and the register of objective schools
    JOB_READ = "job:read"
    JOB_RETRY = "job:retry"
    JOURNAL_READ = "journal:read"
    MENTORING_KEEP = "mentoring:keep"  # make and end mentoring pairs, record their meetings
    PEOPLE_KEEP = "people:keep"  # enter people, trainings and absences; see personal ties and declarations
    PEOPLE_READ = "people:read"  # the register of people without their personal ties
    PROGRAMME_APPROVE = "programme:approve"  # record who agreed and approved a yearly programme
    PROGRAMME_KEEP = "programme:keep"  # draft, adapt and carry out a yearly programme
    PROGRAMME_READ = "programme:read"
    REGISTER_KEEP = "register:keep"  # enter schools in the register of objective ones, withdraw them
    ROADMAP_ANSWER = "roadmap:answer"  # agree to a school's road map, submit it, report on its measures
    ROADMAP_KEEP = "roadmap:keep"  # propose a school's road map, check it, move and waive its measures
    SCHOOL_READ = "school:read"
    SCREENING_RUN = "screening:run"
    SCREENING_READ = "screening:read"
    STATISTICS_READ = "statistics:read"
    USER_MANAGE = "user:manage"
    WORKFLOW_CHOOSE = "workflow:choose"  # say which workflow new cases of one's territory get
    WORKFLOW_EDIT = "workflow:edit"  # draft, publish, migrate running cases
    WORKFLOW_READ = "workflow:read"
    WORKS_READ = "works:read"  # coded works of a recheck sample


_READ = frozenset(
    {
        Permission.CASE_READ,
        Permission.DOCUMENT_READ,
        Permission.FINDING_READ,
        Permission.SCHOOL_READ,
    }
)

GRANTS: dict[Role, frozenset[Permission]] = {
    Role.REGION_MANAGER: _READ
    | {
        Permission.CASE_BULK,
        Permission.CASE_HANDOVER,
        Permission.CASE_HOLD,
        Permission.CASE_MEASURE,
        Permission.CASE_REOPEN,
        Permission.CASE_RETURN,
        Permission.CALENDAR_KEEP,
        Permission.CASE_ASSIGN,
        Permission.CASE_CLOSE,
        Permission.CASE_OPEN,
        Permission.DATA_READ,
        Permission.DOCUMENT_ISSUE,
        Permission.FLAG_RAISE,
        Permission.GROUP_APPROVE,
        Permission.GROUP_READ,
        Permission.JOURNAL_READ,
        Permission.MENTORING_KEEP,
        Permission.PEOPLE_KEEP,
        Permission.PEOPLE_READ,
        Permission.PROGRAMME_APPROVE,
        Permission.PROGRAMME_KEEP,
        Permission.PROGRAMME_READ,
        Permission.REGISTER_KEEP,
        Permission.SCREENING_READ,
        Permission.STATISTICS_READ,
        Permission.WORKFLOW_CHOOSE,
        Permission.WORKFLOW_READ,
    },
    Role.DEPARTMENT: _READ
    | {
        Permission.CASE_ANSWER,
        Permission.CASE_BULK,
        Permission.CASE_HANDOVER,
        Permission.CASE_HOLD,
        Permission.CASE_MEASURE,
        Permission.CASE_REOPEN,
        Permission.CASE_RETURN,
        Permission.CALENDAR_KEEP,
        Permission.CASE_ASSIGN,
        Permission.CASE_CLOSE,
        Permission.CASE_CONCLUDE,
        Permission.CASE_INTERVIEW,
        Permission.CASE_OBSERVE,
        Permission.CASE_OPEN,
        Permission.CASE_RECHECK,
        Permission.DOCUMENT_ISSUE,
        Permission.GROUP_APPROVE,
        Permission.GROUP_READ,
        Permission.JOURNAL_READ,
        Permission.MENTORING_KEEP,
        Permission.PEOPLE_KEEP,
        Permission.PEOPLE_READ,
        Permission.PROGRAMME_APPROVE,
        Permission.PROGRAMME_KEEP,
        Permission.PROGRAMME_READ,
        Permission.REGISTER_KEEP,
        Permission.CASE_SUPPORT,
        Permission.ROADMAP_ANSWER,
        Permission.ROADMAP_KEEP,
        Permission.STATISTICS_READ,
        Permission.WORKFLOW_CHOOSE,
        Permission.WORKFLOW_READ,
    },
    Role.ANALYST: _READ
    | {
        Permission.CASE_OPEN,
        Permission.CASE_RECHECK,
        Permission.CASE_SUPPORT,
        Permission.DATA_IMPORT,
        Permission.DATA_READ,
        Permission.DOCUMENT_ISSUE,
        Permission.FLAG_RAISE,
        Permission.GROUP_PROPOSE,
        Permission.GROUP_READ,
        Permission.PEOPLE_READ,
        Permission.PROGRAMME_READ,
        Permission.SCREENING_READ,
        Permission.SCREENING_RUN,
        Permission.STATISTICS_READ,
        Permission.WORKFLOW_READ,
        Permission.WORKS_READ,
    },
    Role.CURATOR: _READ
    | {
        Permission.CASE_ANSWER,
        Permission.CASE_HANDOVER,
        Permission.CASE_RETURN,
        Permission.CASE_CONCLUDE,
        Permission.CASE_INTERVIEW,
        Permission.CASE_SUPPORT,
        Permission.CONFLICT_DECLARE,
        Permission.DOCUMENT_ISSUE,
        Permission.MENTORING_KEEP,
        Permission.ROADMAP_ANSWER,
        Permission.ROADMAP_KEEP,
    },
    Role.INSPECTOR: _READ
    | {
        Permission.CASE_OBSERVE,
        Permission.CASE_RECHECK,
        Permission.CONFLICT_DECLARE,
        Permission.WORKS_READ,
    },
    Role.SCHOOL: _READ | {Permission.CASE_ANSWER, Permission.PEOPLE_READ, Permission.ROADMAP_ANSWER},
    Role.ADMIN: _READ
    | {
        Permission.AUDIT_VERIFY,
        Permission.JOB_READ,
        Permission.JOB_RETRY,
        Permission.JOURNAL_READ,
        Permission.PEOPLE_KEEP,
        Permission.PEOPLE_READ,
        Permission.USER_MANAGE,
        Permission.WORKFLOW_EDIT,
        Permission.WORKFLOW_READ,
    },
}
"""Role → permissions. `tests/test_policy.py` repeats it literally, so that a change of rights is never an accident."""

REGIONAL_ROLES = frozenset({Role.REGION_MANAGER, Role.ADMIN})
SCHOOL_ROLES = frozenset({Role.CURATOR, Role.INSPECTOR, Role.SCHOOL})


@dataclass(frozen=True)
class StandIn:
    """An absent person in whose place the actor acts at a school."""

    school_id: int
    user_id: int
    name: str


@dataclass(frozen=True)
class Actor:
    """Who acts: a person with a role and a place, or the system itself.

    `school_ids` are the schools of a school user, of a curator's cases or of an inspector's visits, computed anew for
    every request; `municipality_id` narrows departments and municipal analysts. `undeclared` are schools that wait for
    the actor's declaration and stay shut until then; `stands_in` names whom the actor substitutes, school by school.
    """

    user_id: int | None
    name: str
    role: Role | None
    municipality_id: int | None = None
    school_ids: frozenset[int] = field(default_factory=frozenset)
    locale: str = "ru"
    permissions: frozenset[Permission] = field(default_factory=frozenset)
    undeclared: frozenset[int] = field(default_factory=frozenset)
    stands_in: tuple[StandIn, ...] = ()

    @classmethod
    def for_user(cls, user: User, school_ids: Iterable[int] = ()) -> Actor:
        schools = set(school_ids)
        if user.school_id is not None and user.role is Role.SCHOOL:
            schools.add(user.school_id)
        return cls(
            user.id,
            user.name,
            user.role,
            user.municipality_id,
            frozenset(schools),
            user.locale,
            GRANTS[user.role] if user.is_active else frozenset(),
        )

    @property
    def is_system(self) -> bool:
        return self.role is None

    @property
    def is_regional(self) -> bool:
        """Sees every municipality."""
        return (
            self.is_system
            or self.role in REGIONAL_ROLES
            or (self.role is Role.ANALYST and self.municipality_id is None)
        )

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions

    def instead_of(self, school_id: int | None) -> StandIn | None:
        """Whom the actor substitutes at a school, or None."""
        return next((stand_in for stand_in in self.stands_in if stand_in.school_id == school_id), None)

    @property
    def acting_ids(self) -> frozenset[int | None]:
        """The actor's own account and those of whom it substitutes now."""
        return frozenset({self.user_id, *(stand_in.user_id for stand_in in self.stands_in)})

    def signature(self, school_id: int | None) -> str:
        """The actor's name as it stands in the record of a school: with the absent person's where it substitutes."""
        stand_in = self.instead_of(school_id)
        return self.name if stand_in is None else f"{self.name[:90]} (замещает: {stand_in.name[:90]})"


SYSTEM = Actor(None, "система", None, permissions=frozenset(Permission))
"""Jobs and the command line act as the system, with the whole region in sight; the journal names it."""


def require(actor: Actor, permission: Permission) -> None:
    """Refuse unless `actor` holds `permission`.

    Raises
    ------
    NotPermitted
        With the role and the right in the reason.
    """
    if not actor.may(permission):
        role_ru = actor.role.ru if actor.role else "система"
        role_en = actor.role.en if actor.role else "system"
        raise NotPermitted(
            Reason(
                "not_permitted",
                f"Роль «{role_ru}» не даёт права на это действие ({permission}). Обратитесь к администратору.",
                f"The role “{role_en}” does not grant this action ({permission}). Ask the administrator.",
            )
        )


def visible(actor: Actor | None, model: Any) -> ColumnElement[bool]:
    """Criterion of the rows of `model` that `actor` may see; without an actor, none.

    Parameters
    ----------
    actor : Actor or None
        Who asks; None means nobody is bound to the session.
    model : class
        A mapped class listed in `scoped_classes`.
    """
    if actor is None:
        return false()
    if issubclass(model, Personal) and not actor.is_system:
        return model.user_id == actor.user_id
    if actor.is_regional:
        return true()
    if model is Municipality:
        return Municipality.id == actor.municipality_id if actor.municipality_id is not None else false()
    if model is User:
        own = User.id == actor.user_id
        if actor.role is Role.DEPARTMENT or actor.role is Role.ANALYST:
            return or_(own, User.municipality_id == actor.municipality_id)
        return own
    if model is AuthSession:
        return AuthSession.user_id == actor.user_id
    if model in (ControlGroup, ClusterSet, ScaleLink):
        # The region's own groups are everybody's who works with groups; their members stay narrowed school by school.
        if not actor.may(Permission.GROUP_READ):
            return false()
        return or_(model.municipality_id.is_(None), model.municipality_id == actor.municipality_id)
    if model is Person or model is Declaration or issubclass(model, OfPerson):
        # Personal ties and declarations are for those who keep the register; everybody sees what is one's own.
        is_private = model in (PersonRelation, Declaration)
        if not actor.may(Permission.PEOPLE_KEEP if is_private else Permission.PEOPLE_READ):
            return model.user_id == actor.user_id if model in (Person, Declaration) else false()
    school_column = School.id if model is School else model.school_id
    if actor.role in SCHOOL_ROLES:
        return school_column.in_(sorted(actor.school_ids))
    if actor.municipality_id is None:
        return false()
    in_municipality: ColumnElement[bool] = model.municipality_id == actor.municipality_id
    return and_(in_municipality)


def holds(actor: Actor | None, row: Any) -> bool:
    """Whether `actor` may keep `row` in the database: the same question as `visible`, for an object in memory."""
    if actor is None:
        return False
    if isinstance(row, Personal) and not actor.is_system:
        return row.user_id == actor.user_id  # type: ignore[attr-defined]
    if actor.is_regional:
        return True
    if isinstance(row, Municipality):
        return row.id == actor.municipality_id
    if isinstance(row, User):
        return row.id == actor.user_id
    if isinstance(row, AuthSession):
        return row.user_id == actor.user_id
    school_id = row.id if isinstance(row, School) else row.school_id
    if actor.role in SCHOOL_ROLES:
        return school_id in actor.school_ids
    return actor.municipality_id is not None and row.municipality_id == actor.municipality_id


@functools.cache
def personal_classes() -> tuple[Any, ...]:
    """Every class whose rows are one person's and nobody else's, the region's head included."""
    return tuple(_mapped(Personal))


@functools.cache
def scoped_classes() -> tuple[Any, ...]:
    """Every class whose rows belong to a territory or a person."""
    return (*_mapped(Tenant), *personal_classes(), Municipality, School, User, AuthSession)


def _mapped(cls: type[Any]) -> list[Any]:
    found: list[Any] = []
    for child in cls.__subclasses__():
        if hasattr(child, "__tablename__"):
            found.append(child)
        found.extend(_mapped(child))
    return found
