"""How far a job is, as JSON for the bar on the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, jsonify
from flask_babel import gettext as _
from sqlalchemy import select

from app import auth
from app.admin import bulk, flow_migrations, words
from app.errors import NotFound
from app.models import (
    AssignmentPlan,
    BulkDecision,
    CalendarChange,
    Document,
    Recheck,
    ScaleLink,
    ScreeningRun,
    Upload,
    WorkflowMigration,
)
from app.policy import Permission, require
from app.terms import ChangeStatus, PlanStatus, RecheckStatus, RunStatus, UploadStatus

progress = Blueprint("progress", __name__)


def _upload(row: Upload) -> dict[str, Any]:
    return {"share": None, "text": words.title(row.status), "done": row.status is not UploadStatus.RECEIVED}


def _run(row: ScreeningRun) -> dict[str, Any]:
    running = row.status in (RunStatus.QUEUED, RunStatus.RUNNING)
    return {"share": row.progress, "text": row.stage or words.title(row.status), "left": left(row), "done": not running}


def _recheck(row: Recheck) -> dict[str, Any]:
    return {"share": None, "text": words.title(row.status), "done": row.status is not RecheckStatus.REQUESTED}


def _document(row: Document) -> dict[str, Any]:
    return {"share": None, "text": _("Документ оформляется"), "done": row.sha256 is not None}


def _scale(row: ScaleLink) -> dict[str, Any]:
    running = row.status in (RunStatus.QUEUED, RunStatus.RUNNING)
    return {"share": None, "text": words.title(row.status), "done": not running}


def _plan(row: AssignmentPlan) -> dict[str, Any]:
    working = row.status in (PlanStatus.SOLVING, PlanStatus.ACCEPTED)
    return {"share": None, "text": words.title(row.status), "done": not working}


def _calendar(row: CalendarChange) -> dict[str, Any]:
    return {"share": None, "text": _("Сроки пересчитываются"), "done": row.status is not ChangeStatus.QUEUED}


KINDS: dict[str, tuple[Any, Permission, Callable[[Any], dict[str, Any]]]] = {
    "upload": (Upload, Permission.DATA_READ, _upload),
    "run": (ScreeningRun, Permission.SCREENING_READ, _run),
    "recheck": (Recheck, Permission.CASE_READ, _recheck),
    "scale": (ScaleLink, Permission.GROUP_READ, _scale),
    "bulk": (BulkDecision, Permission.CASE_BULK, bulk.progress_of),
    "migration": (WorkflowMigration, Permission.WORKFLOW_EDIT, flow_migrations.progress_of),
    "plan": (AssignmentPlan, Permission.CASE_ASSIGN, _plan),
    "calendar": (CalendarChange, Permission.CALENDAR_KEEP, _calendar),
    "document": (Document, Permission.DOCUMENT_READ, _document),
}


@progress.route("/jobs/<kind>/<row:row_id>")
@auth.door(auth.SIGNED_IN)
def show(kind: str, row_id: int) -> Any:
    """Share done (None when unknown), what is being done, time left, and whether it has ended."""
    if kind not in KINDS:
        raise NotFound(_("Такого задания нет."))
    model, permission, describe = KINDS[kind]
    require(auth.actor(), permission)
    row = auth.db().scalars(select(model).where(model.id == row_id)).first()
    if row is None:
        raise NotFound(_("Такого задания нет, или оно относится к другой территории."))
    return jsonify({"id": row.id, "left": "", **describe(row)})


def left(run: ScreeningRun) -> str:
    """Time left, from the share done so far; nothing is said before a tenth is done."""
    if run.status is not RunStatus.RUNNING or not 0.1 <= run.progress < 1:
        return ""
    seconds = (auth.now() - run.requested_at).total_seconds() * (1 - run.progress) / run.progress
    return (
        _("осталось около %(n)s с", n=max(1, round(seconds)))
        if seconds < 90
        else _("осталось около %(n)s мин", n=round(seconds / 60))
    )
