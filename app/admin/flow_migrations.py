"""Leading running cases over to another version: mapping, preview, decision, report, the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from app import auth
from app.admin import case_fields, words
from app.admin.base import say
from app.errors import Reason, Refused
from app.flows import CLOSED
from app.models import Case, MigratedCase, WorkflowMigration, WorkflowVersion
from app.terms import MigratedOutcome, MigrationStatus, WorkflowStatus
from app.workflows import flow_migration as migrations
from app.workflows.definitions import as_numbers, state_named, workflow_named
from app.workflows.flow_versions import version_of

if TYPE_CHECKING:
    from app.admin.flows import FlowsPage

SHOWN = 300
TONES = {
    MigratedOutcome.MOVED: "good",
    MigratedOutcome.UNMAPPED: "warn",
    MigratedOutcome.RETURNED: "",
    MigratedOutcome.KEPT: "warn",
}


def serve(view: FlowsPage, source: WorkflowVersion) -> Any:
    """The preview of a mapping; the decision when it is sent."""
    session = auth.db()
    targets = sorted(
        session.scalars(
            select(WorkflowVersion).where(
                WorkflowVersion.kind == source.kind,
                WorkflowVersion.status == WorkflowStatus.PUBLISHED,
                WorkflowVersion.id != source.id,
            )
        ),
        key=lambda row: (row.name != source.name, row.name, [-part for part in as_numbers(row.version)]),
    )
    if source.status is WorkflowStatus.DRAFT or not targets:
        raise Refused(
            Reason(
                "no_target",
                "Переводить не на что: нет другой опубликованной версии для этого вида дел.",
                "There is no other published version of this kind to lead cases over to.",
                url_for("flows.version", version_id=source.id),
            )
        )
    chosen = case_fields.whole(request.values.get("target", ""))
    target = next((row for row in targets if row.id == chosen), targets[0])
    before = workflow_named(session, source.name, source.version)
    after = workflow_named(session, target.name, target.version)
    mapping = _mapping(before.definition.states, migrations.usual_mapping(before, after))
    told: tuple[Reason, ...] = ()
    if request.method == "POST":
        try:
            row = migrations.request_migration(
                session,
                source.id,
                target.id,
                mapping,
                reason=request.form.get("reason", "")[:2000],
                actor=auth.actor(),
                at=auth.now(),
            )
            auth.commit()
        except Refused as refused:
            session.rollback()
            told = refused.reasons
        else:
            return redirect(url_for("flows.migration", migration_id=row.id))
        source, target = version_of(session, source.id), version_of(session, target.id)
    rows = migrations.preview(session, source, target, mapping)
    locale = words.locale()
    titles = {state.code: state.title(locale) for state in after.states}
    able = [row for row in rows if row.to_state in titles]
    page = view.render(
        "pages/flow_migrate.html",
        source=source,
        target=target,
        targets=targets,
        mapping=mapping,
        stages=[
            (state.code, state.title(locale), sum(row.case.state == state.code for row in rows))
            for state in before.states
            if state.code != CLOSED
        ],
        places=[(state.code, state.title(locale)) for state in after.states if state.code != CLOSED],
        titles=titles,
        rows=rows[:SHOWN],
        n_rows=len(rows),
        n_able=len(able),
        told=told,
    )
    return (page, 409) if told else page


def _mapping(states: Any, usual: dict[str, str]) -> dict[str, str]:
    """The mapping that the address or the form names; without any, stages of the same code."""
    if not any(key.startswith("to-") for key in request.values):
        return usual
    said = {state.code: request.values.get(f"to-{state.code}", "")[:40] for state in states if state.code != CLOSED}
    return {code: dest for code, dest in said.items() if dest}


def show(view: FlowsPage, migration_id: int) -> Any:
    """What became of each case; a POST asks for the way back."""
    session = auth.db()
    told: tuple[Reason, ...] = ()
    if request.method == "POST":
        try:
            migrations.request_undo(
                session,
                migration_id,
                reason=request.form.get("reason", "")[:2000],
                actor=auth.actor(),
                at=auth.now(),
            )
            auth.commit()
        except Refused as refused:
            session.rollback()
            told = refused.reasons
        else:
            say(_("Дела возвращаются. Те, что успели продвинуться, останутся и будут названы."))
            return redirect(url_for("flows.migration", migration_id=migration_id))
    row = migrations.migration_of(session, migration_id)
    kept = session.scalars(
        select(MigratedCase)
        .where(MigratedCase.migration_id == row.id)
        .options(selectinload(MigratedCase.case).selectinload(Case.school))
        .order_by(MigratedCase.outcome.desc(), MigratedCase.id)
    ).all()
    counts = {outcome: sum(one.outcome is outcome for one in kept) for outcome in MigratedOutcome}
    page = view.render(
        "pages/flow_migration.html",
        row=row,
        kept=[(one, _stage(row.source, one.from_state), _stage(row.target, one.to_state)) for one in kept[:SHOWN]],
        n_kept=len(kept),
        counts=[(outcome, n) for outcome, n in counts.items() if n],
        tones=TONES,
        is_waiting=row.status in (MigrationStatus.QUEUED, MigrationStatus.UNDOING),
        told=told,
    )
    return (page, 409) if told else page


def of_version(version: WorkflowVersion) -> list[WorkflowMigration]:
    """Migrations from or to a version, newest first."""
    return list(
        auth.db().scalars(
            select(WorkflowMigration)
            .where((WorkflowMigration.from_id == version.id) | (WorkflowMigration.to_id == version.id))
            .order_by(WorkflowMigration.id.desc())
            .limit(20)
        )
    )


def _stage(version: WorkflowVersion, code: str | None) -> str:
    if code is None:
        return "—"
    return words.title(state_named(auth.db(), version.name, version.version, code))
