"""The journal, to be read only."""

from __future__ import annotations

from typing import Any, ClassVar

from flask import Response
from flask_admin import expose
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement

from app import auth
from app.admin import choices
from app.admin.base import Column, Filter, ScopedView, like
from app.models import JournalEntry
from app.policy import Permission

SUBJECTS = {
    "case": _l("дела"),
    "upload": _l("файлы"),
    "run": _l("проверки"),
    "user": _l("пользователи и вход"),
    "recheck": _l("работы перепроверок"),
    "cases": _l("выгрузки дел"),
}


class JournalView(ScopedView):
    permission = Permission.JOURNAL_READ
    heading: ClassVar[Any] = _l("Журнал")
    lead: ClassVar[Any] = _l("Кто, что и когда сделал. Записи только добавляются и связаны цепочкой хешей.")
    empty: ClassVar[Any] = _l("Записей пока нет.")
    export_endpoint = "journal.export_journal"
    search_hint: ClassVar[Any] = _l("Человек")
    order = (("seq", True),)
    columns = (
        Column("seq", _l("№"), lambda e: e.seq, kind="number"),
        Column("at", _l("Когда"), lambda e: e.at, kind="moment"),
        Column("actor_name", _l("Кто"), lambda e: e.actor_name, kind="strong"),
        Column("action", _l("Действие"), lambda e: e.action),
        Column("subject_id", _l("Над чем"), lambda e: f"{e.subject} {e.subject_id}" if e.subject_id else e.subject),
        Column("reason", _l("Причина"), lambda e: e.reason or "—", is_wide_only=True),
    )
    filters = (Filter("subject", _l("Что"), lambda: choices.named(SUBJECTS), lambda v: JournalEntry.subject == v),)

    def search(self, text: str) -> ColumnElement[bool] | None:
        return JournalEntry.actor_name.ilike(like(text), escape="\\")

    @expose("/export/<kind>", methods=("POST",))
    @auth.door(Permission.JOURNAL_READ)
    def export_journal(self, kind: str) -> Response:
        return self.export_rows(kind)
