"""Files handed in by a program."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select

from app import auth
from app.api.reading import wrong
from app.errors import NotFound
from app.models import Upload
from app.policy import Permission
from app.workflows.intake import receive_upload

uploads = Blueprint("api_uploads", __name__)


@uploads.route("/uploads", methods=["POST"])
@auth.door(Permission.DATA_IMPORT)
def receive() -> Any:
    """One file in the form field ``file``; a job reads it, a person accepts it."""
    file = request.files.get("file")
    if file is None or not file.filename:
        raise wrong("Нет файла в поле «file».", "There is no file in the field “file”.", "no_file")
    limit = auth.context().settings.max_upload_mb * 2**20
    content = file.stream.read(limit + 1)
    if len(content) > limit:
        raise wrong("Файл больше допустимого размера.", "The file is too large.", "too_large")
    upload = receive_upload(
        auth.db(),
        auth.context().store,
        content=content,
        file_name=file.filename,
        actor=auth.actor(),
        at=auth.now(),
    )
    auth.commit()
    return jsonify(_upload(upload)), 202, {"Location": url_for("api_uploads.one", upload_id=upload.id)}


@uploads.route("/uploads/<row:upload_id>")
@auth.door(Permission.DATA_READ)
def one(upload_id: int) -> Any:
    """Where a file stands and what reading found."""
    upload = auth.db().scalars(select(Upload).where(Upload.id == upload_id)).first()
    if upload is None:
        raise NotFound(_("Такой загрузки нет, или она относится к другой территории."))
    return jsonify(_upload(upload))


def _upload(upload: Upload) -> dict[str, Any]:
    names = (
        "id", "file_name", "sha256", "size", "status", "kind", "layout", "year", "subject", "grade", "rows_read",
        "rows_accepted", "rows_rejected", "absent", "n_problems", "problem_counts", "refusal",
    )  # fmt: skip
    return {name: getattr(upload, name) for name in names}
