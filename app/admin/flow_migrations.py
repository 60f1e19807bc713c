"""Leading running cases over to another version: mapping, preview, decision, report, the way back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flask import redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import case, select
from sqlalchemy.orm import selectinload

from app import auth
from app.admin import case_fields, words
from app.admin.base import say
from app.errors import Reason, Refused
from app.flows import CLOSED
from app.models import Case, MigratedCase, WorkflowMigration, WorkflowVersion
from app.terms import MigratedOutcome, MigrationStatus, WorkflowStatus
from app.workflows import flow_migration as migrations
from app.workflows import flow_migration_batches as batches
from app.workflows.definitions import as_numbers, state_named, workflow_named
from app.workflows.flow_versions import version_of

if TYPE_CHECKING:
    from app.admin.flows import FlowsPage

SHOWN = 200
"""Cases of one page of a preview or a report."""

TONES = {
    MigratedOutcome.CHANGED: "warn",
    MigratedOutcome.KEPT: "warn",
    MigratedOutcome.UNMAPPED: "warn",
    MigratedOutcome.CALLED_OFF: "",
    MigratedOutcome.WAITING: "",
    MigratedOutcome.MOVED: "good",
    MigratedOutcome.RETURNED: "",
}
"""Outcome → tone, in the order of a report: first what somebody has to look at."""


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
    standing = migrations.standing(session, source)
    locale = words.locale()
    titles = {state.code: state.title(locale) for state in after.states}
    n_rows, page_no = sum(standing.values()), _page_number()
    rows = migrations.preview(session, source, mapping, skipped=page_no * SHOWN, limit=SHOWN)
    page = view.render(
        "pages/flow_migrate.html",
        source=source,
        target=target,
        targets=targets,
        mapping=mapping,
        stages=[
            (state.code, state.title(locale), standing[state.code]) for state in before.states if state.code != CLOSED
        ],
        places=[(state.code, state.title(locale)) for state in after.states if state.code != CLOSED],
        titles=titles,
        rows=rows,
        n_rows=n_rows,
        n_able=sum(n for state, n in standing.items() if mapping.get(state) in titles),
        pages=_pages(n_rows, page_no),
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
    found = batches.counts(session, row.id)
    page_no = _page_number()
    kept = session.scalars(
        select(MigratedCase)
        .where(MigratedCase.migration_id == row.id)
        .options(selectinload(MigratedCase.case).selectinload(Case.school))
        .order_by(
            case({outcome.value: at for at, outcome in enumerate(TONES)}, value=MigratedCase.outcome),
            MigratedCase.case_id,
        )
        .offset(page_no * SHOWN)
        .limit(SHOWN)
    ).all()
    page = view.render(
        "pages/flow_migration.html",
        row=row,
        kept=[(one, _stage(row.source, one.from_state), _stage(row.target, one.to_state)) for one in kept],
        pages=_pages(sum(found.values()), page_no),
        counts=[(outcome, found[outcome]) for outcome in TONES if found[outcome]],
        tones=TONES,
        progress=progress_of(row),
        is_waiting=row.status in (MigrationStatus.QUEUED, MigrationStatus.UNDOING),
        is_left=bool(found[MigratedOutcome.CHANGED] and row.status is MigrationStatus.DONE),
        told=told,
    )
    return (page, 409) if told else page


def progress_of(row: WorkflowMigration) -> dict[str, Any]:
    """Share done of the batches that lead cases over, or back."""
    found = batches.counts(auth.db(), row.id)
    back = found[MigratedOutcome.RETURNED] + found[MigratedOutcome.KEPT]
    if row.status in (MigrationStatus.UNDOING, MigrationStatus.UNDONE):
        left, done = found[MigratedOutcome.MOVED], back
    else:
        left = found[MigratedOutcome.WAITING]
        done = found[MigratedOutcome.MOVED] + found[MigratedOutcome.CHANGED] + back
    n = left + done
    return {
        "share": done / n if n else 1.0,
        "text": _("%(done)s из %(all)s", done=words.number(done), all=words.number(n)),
        "done": row.status not in (MigrationStatus.QUEUED, MigrationStatus.UNDOING),
    }


def _page_number() -> int:
    return min(case_fields.whole(request.args.get("page", "")) or 0, 100_000)


def _pages(n_rows: int, page_no: int) -> tuple[int, int, Callable[[int], str]]:
    """What the pager asks for: this page, how many there are, and the address of one."""
    said: dict[str, Any] = {key: value for key, value in request.args.items() if key != "page"}

    def address(number: int) -> str:
        assert request.endpoint is not None  # a page is being served
        return url_for(request.endpoint, **{**(request.view_args or {}), **said, "page": number})

    return page_no, -(-n_rows // SHOWN), address


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
