"""Issued documents: served through the access check, always as a file to save."""

from __future__ import annotations

from flask import Blueprint, Response
from flask_babel import gettext as _
from sqlalchemy import select

from app import auth
from app.admin.export import attachment
from app.errors import NotFound
from app.models import Document
from app.policy import Permission

documents = Blueprint("documents", __name__)


@documents.route("/documents/<row:document_id>")
@auth.door(Permission.DOCUMENT_READ)
def download(document_id: int) -> Response:
    """The PDF of a document that the person may see."""
    document = auth.db().scalars(select(Document).where(Document.id == document_id)).first()
    if document is None:
        raise NotFound(_("Такого документа нет, или он относится к другой территории."))
    if document.sha256 is None:
        raise NotFound(_("Документ ещё оформляется. Обновите страницу дела через минуту."))
    content = auth.context().store.read(document.sha256)
    with_number = f"{document.title}.pdf".replace("/", "-")
    subject = ("case", document.case_id) if document.case_id is not None else ("programme", document.programme_id)
    auth.note("document:read", *subject, document_id=document.id)
    return attachment(content, with_number, "application/pdf")
