"""Rights by role and by place, literally: a change of either must be made here too, and is then no accident."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, text, update

from app.context import AppContext
from app.database import acting, bind
from app.errors import NotPermitted
from app.models import (
    Base,
    Case,
    Document,
    Interview,
    Personal,
    Programme,
    ProgrammeMeasure,
    ProgrammeTask,
    School,
    Tenant,
    User,
)
from app.policy import GRANTS, SYSTEM, Actor, Permission, require, scoped_classes
from app.terms import DocumentKind, ProgrammeStatus, Role
from tests import factories
from tests.people import make_cast
from tests.plans import AT, make_programme

READ = {"case:read", "document:read", "finding:read", "school:read"}
BULK_AND_SIDE = ("case:bulk", "case:handover", "case:hold", "case:measure", "case:reopen", "case:return")
EXPECTED = {
    "region_manager": READ | {
        "calendar:keep", "case:assign", "case:close", "case:open", "conflict:recuse", "data:read", "document:issue",
        "flag:raise", "group:approve", "group:read", "journal:read", "mentoring:keep", "people:keep", "people:read",
        "programme:approve",
        "programme:keep", "programme:read", "register:keep", "screening:read", "statistics:read", *BULK_AND_SIDE,
        "workflow:choose", "workflow:read",
    },
    "department": READ | {
        "calendar:keep",
        "case:assign", "case:close", "case:conclude", "case:interview", "case:observe", "case:open", "case:recheck",
        "conflict:recuse",
        "document:issue", "group:approve", "group:read", "journal:read", "mentoring:keep", "people:keep",
        "people:read", "programme:approve", "programme:keep", "programme:read", "register:keep", "roadmap:answer",
        "roadmap:keep", "statistics:read", "case:answer", *BULK_AND_SIDE,
        "case:support", "workflow:choose", "workflow:read",
    },
    "analyst": READ | {
        "case:open", "case:recheck", "conflict:recuse", "data:import", "data:read", "document:issue",
        "flag:raise", "group:propose",
        "group:read", "people:read", "programme:read", "screening:read", "screening:run", "statistics:read",
        "works:read", "case:support", "workflow:read",
    },
    "curator": READ | {
        "case:answer", "case:conclude", "case:handover", "case:interview", "case:return", "conflict:declare",
        "document:issue", "mentoring:keep", "roadmap:answer",
        "roadmap:keep", "case:support",
    },
    "inspector": READ | {"case:observe", "case:recheck", "conflict:declare", "works:read"},
    "school": READ | {"case:answer", "people:read", "roadmap:answer"},
    "admin": READ | {
        "audit:verify", "job:read", "job:retry", "journal:read", "people:keep", "people:read", "user:manage",
        "workflow:edit", "workflow:read",
    },
}  # fmt: skip


def test_the_grants_are_exactly_these() -> None:
    assert {role.value: {str(p) for p in permissions} for role, permissions in GRANTS.items()} == EXPECTED
    assert set(GRANTS) == set(Role)


def test_permissions_are_named_resource_action_and_stand_in_order() -> None:
    values = [permission.value for permission in Permission]

    assert all(value.count(":") == 1 for value in values)
    assert len(values) == len(set(values))


@given(st.sampled_from(list(Role)), st.sampled_from(list(Permission)))
def test_a_permission_not_granted_is_refused_with_the_role_in_the_reason(role: Role, permission: Permission) -> None:
    actor = Actor(1, "x", role, permissions=GRANTS[role])

    if permission in GRANTS[role]:
        require(actor, permission)
    else:
        with pytest.raises(NotPermitted, match=role.ru):
            require(actor, permission)


def test_an_inactive_person_may_nothing() -> None:
    user = User(id=1, login="x", name="x", role=Role.ADMIN, password_hash="!", is_active=False)

    assert Actor.for_user(user).permissions == frozenset()


def test_every_table_of_a_territory_is_scoped() -> None:
    """A table with a school, a municipality or a person in it must be narrowed; the others are named here."""
    free = {"outbox", "job_effects", "login_attempts", "workflow_versions"}  # workflows are everybody's to read
    free |= {"calendar_events", "calendar_entries", "calendar_changes"}  # the calendar is everybody's to see
    free |= {"workflow_choices", "workflow_migrations"}  # what new cases get and how they changed is no secret

    scoped = {model.__tablename__ for model in scoped_classes()}

    assert {mapper.local_table.name for mapper in Base.registry.mappers} - scoped == free
    own_rule = {"municipalities", "schools", "users", "auth_sessions"}
    assert all(issubclass(model, (Tenant, Personal)) or model.__tablename__ in own_rule for model in scoped_classes())


SEES = {  # who → number of the four schools, of the three cases, of the ten people
    "anna": (4, 3, 10),
    "rita": (4, 3, 10),
    "root": (4, 3, 10),
    "marat": (3, 2, 6),
    "dina": (1, 1, 1),
    "kira": (1, 1, 1),
    "ivan": (1, 1, 1),
    "sveta": (1, 1, 1),
    "oleg": (1, 1, 1),
}


@pytest.mark.parametrize("name", SEES)
def test_each_sees_its_territory_and_no_more(name: str, context: AppContext) -> None:
    with acting(context.sessions, SYSTEM) as session:
        cast = make_cast(session)
        for school in (cast.school, cast.neighbour, cast.foreign):
            factories.make_interview(session, factories.make_case(session, school))
        actor = cast.actor(name, *([cast.school] if name in ("kira", "ivan") else []))
        foreign_id = cast.foreign.id

    with acting(context.sessions, actor) as session:
        schools = session.scalars(select(School)).all()
        counts = [session.scalar(select(func.count()).select_from(model)) for model in (School, Case, User)]
        children = session.scalar(select(func.count()).select_from(Interview))
        hidden = session.get(School, foreign_id)
        through_join = session.execute(select(School.name).join(Case, Case.school_id == School.id)).scalars().all()

    assert (*counts,) == SEES[name]
    assert len(schools) == SEES[name][0]
    assert children == SEES[name][1]
    assert len(through_join) == SEES[name][1]
    assert (hidden is not None) == (name in ("anna", "rita", "root", "dina"))


def test_nobody_bound_sees_nothing(context: AppContext) -> None:
    with acting(context.sessions, SYSTEM) as session:
        cast = make_cast(session)
        factories.make_case(session, cast.school)

    with context.sessions() as session:
        assert session.scalars(select(School)).all() == []
        assert session.scalar(select(func.count()).select_from(Case)) == 0


def test_foreign_rows_can_neither_be_changed_nor_made(context: AppContext) -> None:
    with acting(context.sessions, SYSTEM) as session:
        cast = make_cast(session)
        foreign = factories.make_case(session, cast.foreign)
        marat, municipality_id, school_id = cast.actor("marat"), cast.other_municipality.id, cast.foreign.id

    with acting(context.sessions, marat) as session:
        assert session.execute(update(Case).where(Case.id == foreign.id).values(evidence=9.9)).rowcount == 0
    with context.sessions() as session:
        bind(session, marat)
        session.add(
            Case(
                number="2026-9999", workflow_version="x", year=2026, tier="case", opened_at=factories.OPENED,
                entered_at=factories.OPENED, municipality_id=municipality_id, school_id=school_id,
            )
        )  # fmt: skip
        with pytest.raises(NotPermitted):
            session.flush()


def test_a_query_past_the_mapped_classes_is_refused(context: AppContext) -> None:
    with acting(context.sessions, SYSTEM) as session:
        cast = make_cast(session)
        factories.make_case(session, cast.foreign)
        marat = cast.actor("marat")
    table = Case.__table__

    with acting(context.sessions, marat) as session:
        for statement in (
            select(table),
            select(table.c.id),
            select(func.count()).select_from(select(table.c.id).limit(5).subquery()),
            text("SELECT id FROM cases"),
            select(Case.id).where(text("1=1")),
        ):
            with pytest.raises(NotPermitted):
                session.execute(statement)
        with pytest.raises(NotPermitted):
            session.query(func.count()).select_from(session.query(table.c.id).limit(5).subquery()).scalar()


def test_the_regions_approved_programme_is_read_by_departments_and_changed_by_the_region(context: AppContext) -> None:
    with acting(context.sessions, SYSTEM) as session:
        cast = make_cast(session)
        shared = make_programme(session, cast.school, municipality_id=None)
        for row in (*shared.measures, *shared.measures[0].tasks):
            row.municipality_id = None
        draft = make_programme(session, cast.school, municipality_id=None, status=ProgrammeStatus.DRAFT)
        for row in (*draft.measures, *draft.measures[0].tasks):
            row.municipality_id = None
        own, foreign = make_programme(session, cast.school), make_programme(session, cast.foreign)
        ids = [programme.id for programme in (shared, draft, own, foreign)]
        for programme in (shared, draft, own, foreign):
            place = {"municipality_id": programme.municipality_id, "programme_id": programme.id, "requested_at": AT}
            paper = {"kind": DocumentKind.PROGRAMME, "source_key": f"programme:{programme.id}", "title": "Программа"}
            session.add(Document(number="1", **paper, **place))

    def in_sight(name: str, column: Any) -> set[int]:
        with acting(context.sessions, cast.actor(name)) as session:
            return set(session.scalars(select(column)))

    columns = (Programme.id, ProgrammeMeasure.programme_id, ProgrammeTask.programme_id, Document.programme_id)
    for column in columns:
        assert in_sight("anna", column) == set(ids)
        assert in_sight("marat", column) == {ids[0], ids[2]}
        assert in_sight("kira", column) == in_sight("sveta", column) == set()
    with context.sessions() as session:
        bind(session, cast.actor("marat"))
        for row in (session.get_one(Programme, ids[0]), *session.get_one(Programme, ids[0]).measures):
            row.version += 1
            with pytest.raises(NotPermitted):
                session.flush()
            session.rollback()
