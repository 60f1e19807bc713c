"""Versions of workflows: a draft is written, checked, compared and published; a place chooses what new cases get."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import policy
from app.errors import Conflict, NotFound, NotPermitted, Reason, Refused
from app.flows import Definition, Problem, check, read
from app.flows.editing import with_value
from app.models import Case, WorkflowChoice, WorkflowVersion
from app.policy import Actor, Permission
from app.terms import CaseKind, WorkflowStatus
from app.workflows import journal
from app.workflows.definitions import ROLE_GRANTS, as_numbers, newest
from app.workflows.engine import LEAST_REASON

LONGEST = 200_000
"""Letters of a workflow's text at most."""


def version_of(session: Session, version_id: int) -> WorkflowVersion:
    """A version by its id.

    Raises
    ------
    NotFound
    """
    row = session.get(WorkflowVersion, version_id)
    if row is None:
        raise NotFound("Такой версии хода дела нет.")
    return row


def problems_of(row: WorkflowVersion, text: str | None = None) -> list[Problem]:
    """Everything that stops the text from being published as this draft."""
    said = row.toml if text is None else text
    found = check(said, grants=ROLE_GRANTS)
    if found:
        return found
    definition = read(said, row.name)
    for key, wanted, given in (
        ("id", row.name, definition.id),
        ("version", row.version, definition.version),
        ("kind", row.kind.value, definition.kind),
    ):
        if given != wanted:
            found.append(
                Problem(
                    "other_draft",
                    key,
                    f"в этом черновике должно быть {key} = «{wanted}», а написано «{given}»; верните прежнее значение.",
                    f"this draft needs {key} = “{wanted}”, the text says “{given}”; put it back.",
                )
            )
    return found


def start_draft(
    session: Session, base_id: int, *, name: str = "", version: str = "", actor: Actor, at: datetime
) -> WorkflowVersion:
    """Copy a version as a draft: the next version of the same workflow, or the first of a new one called `name`."""
    policy.require(actor, Permission.WORKFLOW_EDIT)
    base = version_of(session, base_id)
    name = name.strip() or base.name
    kept = list(session.scalars(select(WorkflowVersion).where(WorkflowVersion.name == name)))
    reasons = []
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name):
        reasons.append(
            Reason(
                "bad_name",
                "Код хода дела: строчные латинские буквы, цифры и «_», не длиннее 40 знаков.",
                "A workflow's code: lower-case Latin letters, digits and “_”, 40 characters at most.",
            )
        )
    open_draft = next((row for row in kept if row.status is WorkflowStatus.DRAFT), None)
    if open_draft is not None:
        reasons.append(
            Reason(
                "draft_exists",
                f"Черновик версии {open_draft.version} уже есть: допишите его или удалите.",
                f"There is a draft of version {open_draft.version} already: finish or delete it.",
                f"/flows/{open_draft.id}/edit",
            )
        )
    last = max((as_numbers(row.version) for row in kept), default=(0,))
    version = version.strip() or str(last[0] + 1)
    if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,4}){0,3}", version) or as_numbers(version) <= last:
        reasons.append(
            Reason(
                "bad_version",
                f"Номер версии — число больше {'.'.join(map(str, last))}, например {last[0] + 1}.",
                f"A version is a number above {'.'.join(map(str, last))}, such as {last[0] + 1}.",
            )
        )
    if reasons:
        raise Refused(*reasons)
    text = with_value(with_value(base.toml, "", 0, "id", name), "", 0, "version", version)
    row = WorkflowVersion(
        name=name,
        version=version,
        kind=base.kind,
        title=base.title,
        title_en=base.title_en,
        status=WorkflowStatus.DRAFT,
        toml=text,
        sha256=_hash(text),
        made_by_id=actor.user_id,
        made_by_name=actor.name,
        made_at=at,
    )
    session.add(row)
    session.flush()
    _journal(session, row, "workflow:draft", actor=actor, at=at, facts={"from": str(base)})
    return row


def save_draft(session: Session, version_id: int, text: str, *, seen: str, actor: Actor, at: datetime) -> list[Problem]:
    """Keep the draft's text, right or wrong, and return what is still wrong with it.

    Raises
    ------
    Conflict
        Somebody saved another text since the page was opened; `seen` is the hash of the text it showed.
    """
    policy.require(actor, Permission.WORKFLOW_EDIT)
    row = _draft(session, version_id)
    if seen != row.sha256:
        raise Conflict("Черновик успел изменить другой человек. Обновите страницу и внесите правку ещё раз.")
    if len(text) > LONGEST:
        raise Refused(Reason("too_long", "Текст слишком длинный.", "The text is too long."))
    text = text.replace("\r\n", "\n")
    found = problems_of(row, text)
    row.toml, row.sha256 = text, _hash(text)
    if not found:
        definition = read(text, row.name)
        row.title, row.title_en = definition.ru[:200], definition.en[:200]
    session.flush()
    _journal(session, row, "workflow:save", actor=actor, at=at, facts={"problems": len(found)})
    return found


def discard_draft(session: Session, version_id: int, *, actor: Actor, at: datetime) -> None:
    """Delete a draft."""
    policy.require(actor, Permission.WORKFLOW_EDIT)
    row = _draft(session, version_id)
    _journal(session, row, "workflow:discard", actor=actor, at=at)
    session.delete(row)
    session.flush()


def publish(session: Session, version_id: int, *, seen: str, note: str, actor: Actor, at: datetime) -> WorkflowVersion:
    """Publish a draft without mistakes: new cases get it, running ones keep theirs until they are migrated."""
    policy.require(actor, Permission.WORKFLOW_EDIT)
    row = _draft(session, version_id)
    if seen != row.sha256:
        raise Conflict("Черновик успел изменить другой человек. Обновите страницу и проверьте его ещё раз.")
    found = problems_of(row)
    if found:
        raise Refused(
            *(Reason(p.code, f"{p.key}: {p.ru}", f"{p.key}: {p.en}", f"/flows/{row.id}/edit") for p in found[:20])
        )
    if len(note.strip()) < LEAST_REASON:
        raise Refused(
            Reason(
                "no_note",
                "Напишите хотя бы одним предложением, что и почему изменено.",
                "Say in a sentence what was changed and why.",
            )
        )
    row.status, row.note = WorkflowStatus.PUBLISHED, note.strip()
    row.published_at, row.published_by_name = at, actor.name
    session.flush()
    _journal(session, row, "workflow:publish", actor=actor, at=at, reason=note.strip(), facts={"sha256": row.sha256})
    return row


def retire(session: Session, version_id: int, *, reason: str, actor: Actor, at: datetime) -> WorkflowVersion:
    """Give a published version to no new case any more; cases that run by it go on."""
    policy.require(actor, Permission.WORKFLOW_EDIT)
    row = version_of(session, version_id)
    if row.status is not WorkflowStatus.PUBLISHED:
        raise Refused(
            Reason("not_published", "Снять можно только опубликованную версию.", "Only a published version is retired.")
        )
    others = session.scalar(
        select(func.count(WorkflowVersion.id)).where(
            WorkflowVersion.name == row.name,
            WorkflowVersion.status == WorkflowStatus.PUBLISHED,
            WorkflowVersion.id != row.id,
        )
    )
    if not others and (row.name == row.kind.value or row.name in _chosen_names(session)):
        raise Refused(
            Reason(
                "last_version",
                "Это единственная опубликованная версия хода дела, который получают новые дела. "
                "Сначала опубликуйте другую или выберите другой ход дела.",
                "New cases get this workflow and it has no other published version. Publish another one first.",
            )
        )
    _require_reason(reason)
    row.status, row.retired_at = WorkflowStatus.RETIRED, at
    session.flush()
    _journal(session, row, "workflow:retire", actor=actor, at=at, reason=reason.strip())
    return row


def choose(
    session: Session,
    kind: CaseKind,
    name: str,
    *,
    municipality_id: int | None,
    reason: str,
    actor: Actor,
    at: datetime,
) -> WorkflowChoice:
    """Say which workflow new cases of a kind get here: a department for its municipality, the region for the rest."""
    policy.require(actor, Permission.WORKFLOW_CHOOSE)
    if not actor.is_regional and municipality_id != actor.municipality_id:
        raise NotPermitted(
            Reason(
                "other_place",
                "Ход дел другой территории выбирает её отдел образования.",
                "Another territory's workflow is chosen by its own department.",
            )
        )
    flow = newest(session, name)
    if flow is None or flow.definition.kind != kind:
        raise Refused(
            Reason(
                "unknown_workflow",
                "Такого опубликованного хода дела нет; выберите его из списка.",
                "There is no such published workflow; choose one from the list.",
            )
        )
    _require_reason(reason)
    row = WorkflowChoice(
        kind=kind,
        municipality_id=municipality_id,
        name=name,
        reason=reason.strip(),
        chosen_by_id=actor.user_id,
        chosen_by_name=actor.name,
        chosen_at=at,
    )
    session.add(row)
    session.flush()
    journal.append(
        session,
        actor=actor,
        at=at,
        action="workflow:choose",
        subject="workflow_choice",
        subject_id=row.id,
        reason=reason.strip(),
        facts={"kind": kind.value, "name": name, "municipality_id": municipality_id},
        municipality_id=municipality_id,
    )
    return row


def running_cases(session: Session) -> dict[tuple[str, str], int]:
    """Open cases in sight by workflow and version."""
    rows = session.execute(
        select(Case.workflow, Case.workflow_version, func.count(Case.id))
        .where(Case.closed_at.is_(None))
        .group_by(Case.workflow, Case.workflow_version)
    )
    return {(name, version): n for name, version, n in rows}


def definition_of(row: WorkflowVersion) -> Definition | None:
    """What a version describes; None while a draft does not read."""
    return None if check(row.toml) else read(row.toml, row.name)


def _chosen_names(session: Session) -> set[str]:
    return set(session.scalars(select(WorkflowChoice.name).distinct()))


def _draft(session: Session, version_id: int) -> WorkflowVersion:
    row = version_of(session, version_id)
    if row.status is not WorkflowStatus.DRAFT:
        raise Refused(
            Reason(
                "not_a_draft",
                "Опубликованная версия не меняется: по ней идут дела. Начните черновик следующей.",
                "A published version never changes: cases run by it. Start a draft of the next one.",
                f"/flows/{row.id}",
            )
        )
    return row


def _require_reason(reason: str) -> None:
    if len(reason.strip()) < LEAST_REASON:
        raise Refused(
            Reason(
                "no_reason",
                "Напишите основание хотя бы одним предложением.",
                "State the reason in at least one sentence.",
            )
        )


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _journal(
    session: Session,
    row: WorkflowVersion,
    action: str,
    *,
    actor: Actor,
    at: datetime,
    reason: str = "",
    facts: dict[str, object] | None = None,
) -> None:
    journal.append(
        session,
        actor=actor,
        at=at,
        action=action,
        subject="workflow",
        subject_id=row.id,
        reason=reason,
        facts={"name": row.name, "version": row.version, **(facts or {})},
    )
