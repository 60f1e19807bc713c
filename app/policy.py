"""Who may do what, and where: the only place that answers either question.

`app.grants` says what a role may do, `visible` which rows a territory holds. List, count, details, edit, look-ups,
actions, export and API all go through the session hook of `app.database`, which asks `visible`.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_, select, true

from app.errors import NotPermitted, Reason, Refused
from app.grants import GRANTS, Permission
from app.models import (
    AuthSession,
    ClusterSet,
    ControlGroup,
    Declaration,
    Document,
    Municipality,
    Person,
    Personal,
    PersonRelation,
    Programme,
    ProgrammeMeasure,
    ProgrammeTask,
    ScaleLink,
    School,
    Tenant,
    User,
)
from app.models.people import OfPerson
from app.terms import ProgrammeStatus, Role

REGIONAL_ROLES = frozenset({Role.REGION_MANAGER, Role.ADMIN})
SCHOOL_ROLES = frozenset({Role.CURATOR, Role.INSPECTOR, Role.SCHOOL})


@dataclass(frozen=True)
class StandIn:
    """An absent person in whose place the actor acts at a school."""

    school_id: int
    user_id: int
    name: str


@dataclass(frozen=True)
class Bar:
    """A conflict of interest that keeps the actor from deciding at a school which it sees by office."""

    school_id: int
    reason: Reason


@dataclass(frozen=True)
class Actor:
    """Who acts: a person with a role and a place, or the system itself.

    `school_ids` are the schools of a school user, of a curator's cases or of an inspector's visits, computed anew for
    every request; `municipality_id` narrows departments and municipal analysts. `undeclared` are schools that wait for
    the actor's declaration and stay shut until then; `stands_in` names whom the actor substitutes, school by school;
    `bars` tells where a department, an analyst or the region may look and not decide.
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
    bars: tuple[Bar, ...] = ()

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

    def barred(self, school_id: int | None) -> Reason | None:
        """Why the actor does not decide at a school it may look at, or None."""
        return next((bar.reason for bar in self.bars if bar.school_id == school_id), None)

    @property
    def barred_ids(self) -> frozenset[int]:
        """Schools at which the actor does not decide: nothing there waits for it."""
        return frozenset(bar.school_id for bar in self.bars)

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


def require_free(actor: Actor, school_id: int | None) -> None:
    """Refuse whoever is barred from deciding at a school by a conflict of interest."""
    reason = actor.barred(school_id)
    if reason is not None:
        raise Refused(reason)


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
    if model in (Programme, ProgrammeMeasure, ProgrammeTask, Document) and actor.may(Permission.PROGRAMME_READ):
        # The region's approved programme and its papers are read by every department; `holds` leaves the changing to
        # the region.
        return or_(in_municipality, and_(model.municipality_id.is_(None), _is_approved(model)))
    return in_municipality


def _is_approved(model: Any) -> ColumnElement[bool]:
    """Whether the programme of a row is approved: the row is the programme itself, or a measure, a task or
    a paper of one.
    """
    if model is Programme:
        return Programme.status == ProgrammeStatus.APPROVED
    table = Programme.__table__.c
    approved = select(table.id).where(table.municipality_id.is_(None), table.status == ProgrammeStatus.APPROVED)
    found: ColumnElement[bool] = model.programme_id.in_(approved)
    return found


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
