"""The one safe base of every admin view: closed by default, narrowed by the policy, nothing written by the framework.

`ScopedView` keeps Flask-Admin's list and menu. The framework's own create, edit, delete, in-line edit, look-up, action
and export routes are not mounted at all: what changes something is a verb of `app.workflows` behind a route that names
its permission. Rows come through the request's session, which the policy narrows; filters, search, count and export
share one list of conditions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from flask import Response, flash, request
from flask_admin import AdminIndexView, BaseView
from flask_admin.contrib.sqla import ModelView
from flask_admin.model.base import ViewArgs
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, func
from sqlalchemy.orm import Query, Session
from werkzeug.local import LocalProxy
from wtforms import Form

from app import auth, days
from app.admin import export, words
from app.errors import NotFound, Reason, Refused
from app.policy import Permission

CAP = 10_000
"""Rows counted and exported at most; beyond it a list says «10 000+»."""


class RequestDb:
    """What Flask-Admin asks for a session: the one of the request."""

    session: Session = LocalProxy(auth.db)  # type: ignore[assignment]


DB = RequestDb()


@dataclass(frozen=True)
class Column:
    """One column of a list: its name, its title, how to get its value, and how it is shown.

    `kind` is text, number, short, day, moment, pill or strong; `sort` names the model's column that the list may be
    sorted by; `below` is a smaller second line; a column only for the export stays off the page.
    """

    name: str
    title: Any
    value: Callable[[Any], Any]
    kind: str = "text"
    sort: str | None = None
    tone: Callable[[Any], str] | None = None
    export: Callable[[Any], Any] | None = None
    is_wide_only: bool = False
    below: Callable[[Any], str] | None = None
    is_export_only: bool = False


@dataclass(frozen=True)
class Filter:
    """One filter above a list: a name in the address, a title, its choices and the condition of a choice."""

    name: str
    title: Any
    choices: Callable[[], Sequence[tuple[str, str]]]
    condition: Callable[[str], ColumnElement[bool]]


class _Guarded:
    """What every view shares: the door, and a view function called once and plainly."""

    permission: ClassVar[Permission | str] = auth.SIGNED_IN
    group: ClassVar[str] = ""

    def is_accessible(self) -> bool:
        if not auth.is_signed_in():
            return False
        return self.permission == auth.SIGNED_IN or auth.actor().may(Permission(self.permission))

    def _run_view(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        # The framework calls a view a second time after any TypeError; a view that changes something must run once.
        return fn(self, *args, **kwargs)


class Page(_Guarded, BaseView):
    """A page without a list of its own."""


class HomePage(_Guarded, AdminIndexView):
    """The first page. The framework would serve its own 21 MB of scripts from here; nothing of them is used."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.static_folder = None


class NoForm(Form):
    """The framework builds forms for every model when it starts; here none is ever used."""


class ScopedView(_Guarded, ModelView):
    """A list of the rows the actor may see; see the module's head for what it does not do."""

    can_create = can_edit = can_delete = can_export = can_view_details = False
    can_set_page_size = False
    page_size = 50
    column_display_actions = False
    column_auto_select_related = False
    column_editable_list = None
    form_columns = ()
    list_template = "pages/list.html"

    heading: ClassVar[Any] = ""
    lead: ClassVar[Any] = ""
    note: ClassVar[Any] = ""
    empty: ClassVar[Any] = ""
    columns: ClassVar[tuple[Column, ...]] = ()
    filters: ClassVar[tuple[Filter, ...]] = ()
    order: ClassVar[tuple[tuple[str, bool], ...]] = (("id", True),)
    eager: ClassVar[tuple[Any, ...]] = ()
    search_hint: ClassVar[Any] = None
    export_endpoint: ClassVar[str | None] = None

    # Routes of the framework that are not mounted.
    create_view = edit_view = details_view = delete_view = action_view = None
    ajax_lookup = ajax_update = export = None

    def __init__(self, model: Any, **kwargs: Any) -> None:
        self.column_list = [column.name for column in self.columns]
        self.column_labels = {column.name: column.title for column in self.columns}
        self.column_sortable_list = [(c.name, c.sort) for c in self.columns if c.sort]
        self.column_default_sort = list(self.order)
        super().__init__(model, DB, **kwargs)

    # ---- what a list is made of ----

    def conditions(self) -> list[ColumnElement[bool]]:
        """Conditions of this request's filters and search; list, count and export all use them."""
        found = []
        for item in self.filters:
            value = request.args.get(item.name, "")
            if value and value in {choice for choice, _title in item.choices()}:
                found.append(item.condition(value))
        text = self.search_text()
        if text:
            condition = self.search(text)
            if condition is not None:
                found.append(condition)
        return found

    def search(self, text: str) -> ColumnElement[bool] | None:
        """Condition of a search, or None where the list has no search."""
        return None

    def search_text(self) -> str:
        return " ".join(re.sub(r"[\x00-\x1f]", " ", request.args.get("search", "")).split())[:80]

    def href(self, row: Any) -> str | None:
        """Where a click on a row leads."""
        return None

    def is_shown(self, column: Column) -> bool:
        """Whether the page shows the column: whoever sees one municipality only need not read its name in each row."""
        if column.is_export_only:
            return False
        return column.name != "municipality_id" or auth.actor().municipality_id is None

    def summary(self) -> str:
        """A sentence under the heading."""
        return str(self.lead)

    # ---- what the framework asks ----

    def scaffold_form(self) -> type[Form]:
        return NoForm

    def scaffold_list_form(self, widget: Any = None, validators: Any = None) -> type[Form]:
        return NoForm

    def init_search(self) -> bool:
        return self.search_hint is not None

    def search_placeholder(self) -> str | None:
        return str(self.search_hint) if self.search_hint is not None else None

    def _apply_search(self, query: Any, count_query: Any, joins: Any, count_joins: Any, search: str) -> Any:
        return query, count_query, joins, count_joins  # `conditions` has done it

    def get_query(self) -> Query[Any]:
        return auth.db().query(self.model).options(*self.eager).filter(*self.conditions())

    def get_count_query(self) -> Query[Any]:
        key = getattr(self.model, self.model.__mapper__.primary_key[0].key)
        capped = auth.db().query(key).filter(*self.conditions()).limit(CAP + 1).subquery()
        return auth.db().query(func.count()).select_from(capped)

    def get_one(self, id: Any) -> Any:
        """The row with this id that the actor may see.

        Raises
        ------
        NotFound
            None such, or `id` is not plain digits.
        """
        text = str(id)
        if not (text.isascii() and text.isdigit()) or len(text) > 10:
            raise NotFound(_("Такой записи нет."))
        key = getattr(self.model, self.model.__mapper__.primary_key[0].key)
        row = auth.db().query(self.model).options(*self.eager).filter(key == int(text)).first()
        if row is None:
            raise NotFound(_("Такой записи нет, или она относится к другой территории."))
        return row

    def _get_list_extra_args(self) -> ViewArgs:
        args = super()._get_list_extra_args()
        args.page = min(max(args.page or 0, 0), CAP // self.page_size)
        if args.sort is not None and not 0 <= args.sort < len(self.columns):
            args.sort = None
        args.search = self.search_text() or None
        known = {item.name for item in self.filters}
        args.extra_args = {key: value for key, value in args.extra_args.items() if key in known and value}
        return args

    def get_safe_page_size(self, page_size: int | None) -> int:
        return self.page_size

    def handle_view_exception(self, exc: Exception) -> bool:
        # Never shown from here: the application's error page says what happened, without SQL.
        raise exc

    def render(self, template: str, **kwargs: Any) -> str:
        kwargs.setdefault("columns", [(i, c) for i, c in enumerate(self.columns) if self.is_shown(c)])
        kwargs.setdefault("list_filters", [_Shown.of(item) for item in self.filters])
        kwargs.setdefault("cap", CAP)
        kwargs.setdefault("export_endpoint", self.export_endpoint)
        return super().render(template, **kwargs)

    # ---- export ----

    def export_rows(self, kind: str) -> Response:
        """The list as it is filtered now, as a file; the journal keeps who took how many rows."""
        if kind not in export.MIMETYPES:
            raise Refused(Reason("export_kind", _("Список выгружается в xlsx или csv.")))
        _count, rows = self.get_list(0, None, False, self.search_text(), None, page_size=CAP)
        titles = [str(column.title) for column in self.columns]
        table = [[(c.export or _plain(c))(row) for c in self.columns] for row in rows]
        at = auth.now()
        name = f"{self.name} {words.day(at, 'short')}"
        if kind == "csv":
            content = export.as_csv(titles, table)
        else:
            note = _(
                "Выгрузил(а) %(who)s %(at)s. Признаки — не вывод о нарушении.",
                who=auth.actor().name,
                at=words.moment(at),
            )
            content = export.as_xlsx(titles, table, str(self.name), note)
        auth.note(f"{self.endpoint}:export", self.endpoint, rows=len(table), kind=kind, filters=dict(request.args))
        return export.attachment(content, f"{name}.{kind}", export.MIMETYPES[kind])


@dataclass(frozen=True)
class _Shown:
    """A filter as the page draws it."""

    name: str
    title: str
    choices: tuple[tuple[str, str], ...]
    value: str = field(default="")

    @classmethod
    def of(cls, item: Filter) -> _Shown:
        return cls(item.name, str(item.title), tuple(item.choices()), request.args.get(item.name, ""))


def _plain(column: Column) -> Callable[[Any], Any]:
    def value(row: Any) -> Any:
        found = column.value(row)
        if isinstance(found, datetime):
            return days.local(found)
        return words.title(found) if column.kind in ("pill", "strong") else found

    return value


def say(text: str, kind: str = "success") -> None:
    """A message on the next page."""
    flash(text, kind)


def like(text: str) -> str:
    """A pattern that finds `text` anywhere; its own wildcards are plain letters."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
