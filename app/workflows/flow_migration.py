"""Leading running cases over to another version of their workflow: preview, decision, and the decision to go back.

The state alone changes its name; documents, clock and people stay. What is decided is kept case by case, with the
version of each, and carried out in batches by `app.workflows.flow_migration_batches`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import case, func, insert, literal, select, update
from sqlalchemy.orm import Session, selectinload

from app import policy
from app.errors import NotFound, Reason, Refused
from app.flows import CLOSED
from app.models import Case, CasePause, MigratedCase, WorkflowMigration, WorkflowVersion
from app.policy import Actor, Permission
from app.terms import MigratedOutcome, MigrationStatus, PauseCause, WorkflowStatus
from app.workflows import journal, outbox
from app.workflows.definitions import workflow_named
from app.workflows.engine import LEAST_REASON
from app.workflows.flow_migration_batches import locked
from app.workflows.flow_versions import version_of
from app.workflows.machine import Workflow


@dataclass(frozen=True)
class PreviewRow:
    """One running case and where it would stand; `to_state` is None where the mapping has no place for it.

    `held_until` is the day until which the case is on hold: it goes over with its pause.
    """

    case: Case
    to_state: str | None
    held_until: date | None = None


def usual_mapping(source: Workflow, target: Workflow) -> dict[str, str]:
    """Open stages of the same code; the others are for a person to place."""
    known = {state.code for state in target.states} - {CLOSED}
    return {state.code: state.code for state in source.states if state.code in known}


def standing(session: Session, source: WorkflowVersion) -> Counter[str]:
    """How many open cases of `source` stand at each stage."""
    found = session.execute(
        select(Case.state, func.count(Case.id)).where(*_open_of(source)).group_by(Case.state).order_by(Case.state)
    )
    return Counter(dict(found.all()))


def preview(
    session: Session, source: WorkflowVersion, mapping: Mapping[str, str], *, skipped: int = 0, limit: int | None = None
) -> list[PreviewRow]:
    """Every open case of `source`, or some of them, with where it would stand; those without a place come first."""
    has_place = case((Case.state.in_(list(mapping)), 1), else_=0)
    cases = session.scalars(
        select(Case)
        .where(*_open_of(source))
        .options(selectinload(Case.school))
        .order_by(has_place, Case.id)
        .offset(skipped)
        .limit(limit)
    ).all()
    held = _held(session, [one.id for one in cases])
    return [PreviewRow(one, mapping.get(one.state), held.get(one.id)) for one in cases]


def _held(session: Session, case_ids: Sequence[int]) -> dict[int, date]:
    found = session.execute(
        select(CasePause.case_id, CasePause.until_on).where(
            CasePause.case_id.in_(case_ids), CasePause.ended_at.is_(None), CasePause.cause == PauseCause.HOLD
        )
    )
    return dict(found.all())


def request_migration(
    session: Session,
    from_id: int,
    to_id: int,
    mapping: Mapping[str, str],
    *,
    reason: str,
    actor: Actor,
    at: datetime,
) -> WorkflowMigration:
    """Decide that the cases of one version go over to another, as they stand now; jobs do it, batch by batch.

    Raises
    ------
    Refused
        The versions do not fit, the mapping names a stage that is not there, no case can go, or no reason is given.
    """
    policy.require(actor, Permission.WORKFLOW_EDIT)
    source, target = version_of(session, from_id), version_of(session, to_id)
    reasons = _of_versions(source, target)
    if reasons:
        raise Refused(*reasons)
    before, after = _flow(session, source), _flow(session, target)
    known = {state.code for state in after.states} - {CLOSED}
    wrong = sorted({dest for dest in mapping.values() if dest not in known})
    strange = sorted(set(mapping) - {state.code for state in before.states if state.code != CLOSED})
    if wrong or strange:
        reasons.append(
            Reason(
                "wrong_mapping",
                f"Таких этапов нет: {', '.join([*wrong, *strange])}. Выберите этапы из списков.",
                f"There are no such stages: {', '.join([*wrong, *strange])}. Choose from the lists.",
            )
        )
    if len(reason.strip()) < LEAST_REASON:
        reasons.append(
            Reason(
                "no_reason",
                "Напишите основание хотя бы одним предложением.",
                "State the reason in at least a sentence.",
            )
        )
    if not any(mapping.get(state) for state in standing(session, source)):
        reasons.append(
            Reason("nobody_goes", "Ни одно открытое дело не переводится.", "No open case would be led over.")
        )
    if reasons:
        raise Refused(*reasons)
    row = WorkflowMigration(
        from_id=source.id,
        to_id=target.id,
        mapping=dict(mapping),
        reason=reason.strip(),
        asked_by_id=actor.user_id,
        asked_by_name=actor.name,
        asked_at=at,
    )
    session.add(row)
    session.flush()
    _keep_preview(session, row, source)
    outbox.add(session, "migrate_cases", row.id, at=at)
    _journal(session, row, "workflow:migrate", reason=row.reason, actor=actor, at=at)
    return row


def request_undo(session: Session, migration_id: int, *, reason: str, actor: Actor, at: datetime) -> WorkflowMigration:
    """Decide that the cases go back; those that have moved since stay, and are listed.

    A migration that is under way, or has failed, stops: what waits stays where it is, what was done goes back.
    """
    policy.require(actor, Permission.WORKFLOW_EDIT)
    row = locked(session, migration_id)
    if row.status in (MigrationStatus.UNDOING, MigrationStatus.UNDONE):
        raise Refused(
            Reason(
                "undone_already",
                "Перевод уже отменён или отменяется: посмотрите отчёт.",
                "The migration is undone already or being undone: see the report.",
            )
        )
    if len(reason.strip()) < LEAST_REASON:
        raise Refused(
            Reason(
                "no_reason",
                "Напишите основание хотя бы одним предложением.",
                "State the reason in at least a sentence.",
            )
        )
    row.status, row.undone_by_name, row.undo_reason = MigrationStatus.UNDOING, actor.name, reason.strip()
    row.failure = None
    session.flush()
    session.execute(
        update(MigratedCase)
        .where(MigratedCase.migration_id == row.id, MigratedCase.outcome == MigratedOutcome.WAITING)
        .values(outcome=MigratedOutcome.CALLED_OFF)
        .execution_options(synchronize_session=False)
    )
    outbox.add(session, "undo_migration", row.id, at=at)
    _journal(session, row, "workflow:undo_migration", reason=reason.strip(), actor=actor, at=at)
    return row


def migration_of(session: Session, migration_id: int) -> WorkflowMigration:
    """A migration by its id.

    Raises
    ------
    NotFound
    """
    row = session.get(WorkflowMigration, migration_id)
    if row is None:
        raise NotFound("Такого перевода дел нет.")
    return row


def _keep_preview(session: Session, row: WorkflowMigration, source: WorkflowVersion) -> None:
    """Keep what is decided for each case, in one statement: thousands of rows come and go in no time."""
    of_mapping = case(dict(row.mapping), value=Case.state, else_=None)
    has_place = Case.state.in_(list(row.mapping))
    kept = MigratedCase.__table__
    # Through the connection: the rows are of the same cases that the decision is about, wherever they are.
    session.connection().execute(
        insert(MigratedCase).from_select(
            [
                "migration_id", "case_id", "from_state", "to_state", "expected_version", "outcome", "reasons",
                "municipality_id", "school_id",
            ],
            select(
                literal(row.id),
                Case.id,
                Case.state,
                of_mapping,
                Case.version,
                case(
                    (has_place, literal(MigratedOutcome.WAITING, kept.c.outcome.type)),
                    else_=literal(MigratedOutcome.UNMAPPED, kept.c.outcome.type),
                ),
                literal([], kept.c.reasons.type),
                Case.municipality_id,
                Case.school_id,
            ).where(*_open_of(source)),
        )
    )  # fmt: skip


def _open_of(version: WorkflowVersion) -> tuple[Any, ...]:
    return Case.workflow == version.name, Case.workflow_version == version.version, Case.state != CLOSED


def _of_versions(source: WorkflowVersion, target: WorkflowVersion) -> list[Reason]:
    if source.id == target.id or source.kind is not target.kind:
        return [
            Reason(
                "other_kind",
                "Переводят на другую версию того же вида дел. Выберите её из списка.",
                "Cases go over to another version of the same kind. Choose it from the list.",
            )
        ]
    if target.status is not WorkflowStatus.PUBLISHED or source.status is WorkflowStatus.DRAFT:
        return [
            Reason(
                "not_published",
                "Перевести можно только на опубликованную версию.",
                "Cases can go over to a published version only.",
            )
        ]
    return []


def _flow(session: Session, version: WorkflowVersion) -> Workflow:
    return workflow_named(session, version.name, version.version)


def _journal(session: Session, row: WorkflowMigration, action: str, *, reason: str, actor: Actor, at: datetime) -> None:
    journal.append(
        session,
        actor=actor,
        at=at,
        action=action,
        subject="workflow_migration",
        subject_id=row.id,
        reason=reason,
        facts={"from_id": row.from_id, "to_id": row.to_id, "mapping": row.mapping},
    )
