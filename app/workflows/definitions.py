"""From a workflow's text to what the engine runs, and which workflow a case follows.

A process asks its database once for each published version it meets.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import select
from sqlalchemy.orm import Session, object_session

from app.errors import Misconfigured
from app.flows import CLOSED, Definition, GuardUse, State, read
from app.flows import shipped as shipped_files
from app.flows.vocabulary import GUARDS
from app.models import Case, Conclusion, WorkflowChoice, WorkflowVersion
from app.policy import GRANTS, Permission
from app.terms import CaseKind, WorkflowStatus
from app.workflows import guards, guards_support
from app.workflows.guards import latest
from app.workflows.machine import Guard, Question, Transition, Workflow, make_workflow

ROLE_GRANTS = {role.value: frozenset(map(str, held)) for role, held in GRANTS.items()}
"""Role → rights, as the checker of workflows asks for them."""


_CHECKS = {**guards.CHECKS, **guards_support.CHECKS}


def _closing(q: Question) -> dict[str, Any]:
    return {"closed_at": q.at, "verdict": latest(q.session, Conclusion, q.case.id).verdict}


def guard_of(use: GuardUse) -> Guard:
    """The guard that a definition names, with the parameters it gives."""
    spec, check = GUARDS[use.name], _CHECKS[use.name]
    values = spec.values(use.params)

    def ask(question: Question) -> Any:
        return check(question, **values)

    return Guard(use.name, spec.title(values, "ru"), spec.title(values, "en"), ask)


def compiled(definition: Definition) -> Workflow:
    """The table and the machine of a checked definition.

    What a state asks for (documents, fields) guards every main way out of it.
    """
    rows = []
    for step in definition.steps:
        source = definition.state(step.source)
        assert source is not None
        asked = [GuardUse("document", {"kind": kind}) for kind in source.documents]
        asked += [GuardUse("field", {"field": name}) for name in source.fields]
        guards = [guard_of(use) for use in ([] if step.is_side else asked) + list(step.guards)]
        rows.append(
            Transition(
                step.trigger,
                step.source,
                step.dest,
                Permission(step.permission),
                step.ru,
                step.en,
                tuple(guards),
                _closing if step.dest == CLOSED else None,
                step.is_side,
                step.roles,
                step.reason,
                step.reasons,
                step.done_ru,
                step.done_en,
            )
        )
    return make_workflow(definition, tuple(rows))


@lru_cache(maxsize=256)
def _compiled_text(text: str, name: str) -> Workflow:
    return compiled(read(text, name))


@cache
def shipped(name: str = "objectivity") -> Workflow:
    """A workflow that comes with the program, in the version of its file."""
    return _compiled_text(shipped_files()[name][1], name)


def workflow_named(session: Session, name: str, version: str) -> Workflow:
    """The workflow of a name and version that cases may run by.

    Raises
    ------
    Misconfigured
        No such version is published.
    """
    known = _KNOWN.setdefault(session.get_bind().engine.pool, {})
    found = known.get((name, version))
    if found is None:
        text = session.scalar(
            select(WorkflowVersion.toml).where(
                WorkflowVersion.name == name,
                WorkflowVersion.version == version,
                WorkflowVersion.status != WorkflowStatus.DRAFT,
            )
        )
        if text is None:
            raise Misconfigured(f"ход дела «{name}» версии {version} не найден: выполните obektiv migrate")
        found = known[(name, version)] = _compiled_text(text, f"{name} {version}")
    return found


_KNOWN: WeakKeyDictionary[Any, dict[tuple[str, str], Workflow]] = WeakKeyDictionary()
"""Pool of connections, one a database → what has been asked of it.

What is published never changes, so nothing here grows stale.
"""


def workflow_of(case: Case) -> Workflow:
    """The workflow a case runs by."""
    session = object_session(case)
    assert session is not None  # a case outside a session has no workflow to ask for
    return workflow_named(session, case.workflow, case.workflow_version)


def state_of(case: Case) -> State:
    """The stage a case stands in."""
    return workflow_of(case).state(case.state)


def state_named(session: Session, name: str, version: str, code: str) -> State:
    """The stage `code`; when this version lacks it, as any other version of the workflow knows it (an old event)."""
    found = workflow_named(session, name, version).definition.state(code)
    if found is not None:
        return found
    return known_state(session, code) or State(code, code, code)


def chosen_name(session: Session, kind: CaseKind, municipality_id: int | None) -> str:
    """The workflow new cases get in a municipality: its own choice, else the region's, else the shipped one."""
    for place in dict.fromkeys((municipality_id, None)):
        name = session.scalar(
            select(WorkflowChoice.name)
            .where(
                WorkflowChoice.kind == kind,
                WorkflowChoice.municipality_id.is_(None) if place is None else WorkflowChoice.municipality_id == place,
            )
            .order_by(WorkflowChoice.id.desc())
            .limit(1)
        )
        if name is not None:
            return name
    return kind.value


def for_new_case(session: Session, kind: CaseKind, municipality_id: int | None = None) -> Workflow:
    """The workflow that a new case of `kind` follows: the newest published version of the chosen one.

    Raises
    ------
    Misconfigured
        Nothing of this kind is published.
    """
    found = newest(session, chosen_name(session, kind, municipality_id))
    if found is None:
        raise Misconfigured(f"нет опубликованного хода дела вида «{kind.ru}»: выполните obektiv migrate")
    return found


def newest(session: Session, name: str) -> Workflow | None:
    """The published version of `name` with the highest number."""
    versions = session.scalars(
        select(WorkflowVersion.version).where(
            WorkflowVersion.name == name, WorkflowVersion.status == WorkflowStatus.PUBLISHED
        )
    ).all()
    return workflow_named(session, name, max(versions, key=as_numbers)) if versions else None


def as_numbers(version: str) -> tuple[int, ...]:
    """A version for comparison: "1.10" comes after "1.9"."""
    return tuple(int(part) for part in version.split("."))


def running(session: Session) -> list[Workflow]:
    """Every workflow that cases run by or new cases may get, the shipped ones first."""
    rows = session.execute(
        select(WorkflowVersion.name, WorkflowVersion.version)
        .where(WorkflowVersion.status != WorkflowStatus.DRAFT)
        .order_by(WorkflowVersion.is_shipped.desc(), WorkflowVersion.id)
    ).all()
    return [workflow_named(session, row.name, row.version) for row in rows]


def known_states(session: Session, kind: CaseKind | None = None) -> list[State]:
    """The stages of all running workflows of `kind` in their order, each code once, ``closed`` last."""
    return merged(flow.definition for flow in running(session) if kind is None or flow.definition.kind == kind)


def known_state(session: Session, code: str) -> State | None:
    return next((state for state in known_states(session) if state.code == code), None)


def merged(definitions: Iterable[Definition]) -> list[State]:
    """Stages of several definitions as one list: in the order of the first that has each, ``closed`` last."""
    found: dict[str, State] = {}
    kinds = [kind.value for kind in CaseKind]
    ordered = sorted(definitions, key=lambda one: (kinds.index(one.kind), one.id != one.kind))
    for definition in ordered:
        for state in definition.states:
            found.setdefault(state.code, state)
    return [*(s for s in found.values() if s.code != CLOSED), *(s for s in found.values() if s.code == CLOSED)]
