"""Yearly programmes: the list, the gallery of templates, the preview, one programme and its way to approval."""

from __future__ import annotations

from typing import Any, ClassVar

from flask import Response, g, redirect, request, url_for
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, func, select
from werkzeug.wrappers import Response as AnyResponse

from app import auth
from app.admin import choices, plan_forms, programme_page, words
from app.admin.base import Column, Filter, ScopedView, like, say
from app.admin.plan_forms import Told
from app.errors import NotFound, Reason, Refused
from app.models import Municipality, Programme, ProgrammeTask
from app.policy import Permission
from app.roadmaps import Template, load_templates
from app.terms import ProgrammeStatus, TaskStatus
from app.workflows import programme_updates
from app.workflows import programmes as verbs

TONES = {ProgrammeStatus.DRAFT: "warn", ProgrammeStatus.APPROVED: "good"}


def year_title(first_year: int) -> str:
    return f"{first_year}/{first_year + 1}"


def counts() -> dict[int, tuple[int, int, int]]:
    """Tasks, done ones and overdue ones of every programme in sight; asked once a request."""
    found: dict[int, list[int]] = {}
    rows = auth.db().execute(
        select(
            ProgrammeTask.programme_id,
            ProgrammeTask.status,
            (ProgrammeTask.due_on < words.today()).label("is_past"),
            func.count(ProgrammeTask.id),
        ).group_by(ProgrammeTask.programme_id, ProgrammeTask.status, ProgrammeTask.due_on < words.today())
    )
    for programme_id, status, is_past, n in rows:
        of = found.setdefault(programme_id, [0, 0, 0])
        of[0] += n if status is not TaskStatus.WAIVED else 0
        of[1] += n if status is TaskStatus.DONE else 0
        of[2] += n if status is TaskStatus.PLANNED and is_past else 0
    return {key: (value[0], value[1], value[2]) for key, value in found.items()}


def place(programme: Programme) -> str:
    """Whose programme it is: the region's, or the name of its municipality."""
    if programme.municipality_id is None:
        return _("Регион")
    if "programme_places" not in g:
        rows = auth.db().execute(select(Municipality.id, Municipality.name))
        g.programme_places = {row.id: row.name for row in rows}
    return str(g.programme_places.get(programme.municipality_id, "—"))


def _share(programme: Programme) -> str:
    n, n_done, _n_late = _counts().get(programme.id, (0, 0, 0))
    return _("%(done)s из %(n)s", done=n_done, n=n) if n else "—"


def _late(programme: Programme) -> int | None:
    return _counts().get(programme.id, (0, 0, 0))[2]


def _counts() -> dict[int, tuple[int, int, int]]:
    if "programme_counts" not in g:
        g.programme_counts = counts()
    return g.programme_counts


class ProgrammesView(ScopedView):
    permission = Permission.PROGRAMME_READ
    heading: ClassVar[Any] = _l("Программы")
    lead: ClassVar[Any] = _l("План отдела на учебный год: мероприятия со сроками, ответственными и подтверждениями.")
    empty: ClassVar[Any] = _l("Программ пока нет. Выберите шаблон: сроки программа посчитает сама.")
    list_template = "pages/programmes.html"
    search_hint: ClassVar[Any] = _l("Название программы")
    order = (("first_year", True), ("id", True))
    columns = (
        Column("title", _l("Программа"), lambda p: p.title, kind="strong"),
        Column("place", _l("Чья"), place, kind="pill", tone=lambda p: "accent" if p.municipality_id is None else ""),
        Column("first_year", _l("Учебный год"), lambda p: year_title(p.first_year), kind="short", sort="first_year"),
        Column("status", _l("Состояние"), lambda p: p.status, kind="pill", tone=lambda p: TONES[p.status]),
        Column("number", _l("Утверждена под №"), lambda p: p.number, is_wide_only=True),
        Column("done", _l("Выполнено"), _share, kind="short"),
        Column("late", _l("Просрочено"), _late, kind="number"),
    )
    filters = (
        Filter("status", _l("Состояние"), lambda: choices.terms(ProgrammeStatus), lambda v: Programme.status == v),
    )

    def search(self, text: str) -> ColumnElement[bool] | None:
        return Programme.title.ilike(like(text), escape="\\")

    def href(self, row: Programme) -> str | None:
        return self.get_url(".programme", programme_id=row.id)

    @expose("/templates")
    @auth.door(Permission.PROGRAMME_READ)
    def gallery(self) -> str:
        """The shipped templates with their counts."""
        return self.render("pages/programme_templates.html", templates=list(load_templates().values()))

    @expose("/templates/<template>")
    @auth.door(Permission.PROGRAMME_READ)
    def preview(self, template: str) -> str:
        """Every measure with its days in a year; nothing is made yet."""
        return self._preview(_template(template), Told())

    @expose("/templates/<template>/draft", methods=("POST",))
    @auth.door(Permission.PROGRAMME_KEEP)
    def draft(self, template: str) -> Any:
        found = _template(template)
        made: list[Programme] = []

        def verb() -> None:
            made.append(
                verbs.draft(
                    auth.db(),
                    found.id,
                    _year(request.form.get("year")),
                    title=plan_forms.typed("title", 300),
                    actor=auth.actor(),
                    at=auth.now(),
                )
            )

        told = plan_forms.attempt(verb)
        if told.is_bad:
            return self._preview(found, told), 409
        say(_("Проект программы создан. Уточните мероприятия и утвердите её."))
        return redirect(url_for("programmes.programme", programme_id=made[0].id))

    @expose("/<row:programme_id>")
    @auth.door(Permission.PROGRAMME_READ)
    def programme(self, programme_id: int) -> str:
        return self._page(programme_id)

    @expose("/<row:programme_id>/approve", methods=("GET", "POST"))
    @auth.door(Permission.PROGRAMME_APPROVE)
    def approve(self, programme_id: int) -> Any:
        """Who agreed and who approved, on which day and under which number."""
        programme = verbs.own(self.get_one(programme_id), auth.actor())
        if request.method == "POST":

            def verb() -> None:
                approval = verbs.Approval(
                    plan_forms.typed("number", 60),
                    plan_forms.typed("agreed_by", 300),
                    plan_forms.day("agreed_on", _("когда согласовано")),
                    plan_forms.typed("approved_by", 300),
                    plan_forms.day("approved_on", _("когда утверждено")),
                )
                verbs.approve(
                    auth.db(),
                    programme.id,
                    approval,
                    actor=auth.actor(),
                    at=auth.now(),
                    expected_version=plan_forms.version(),
                )

            told = plan_forms.attempt(verb)
            if not told.is_bad:
                say(_("Программа утверждена: задачи созданы, PDF готовится."))
                return redirect(url_for("programmes.programme", programme_id=programme_id))
            return self._approval(self.get_one(programme_id), told), 409
        return self._approval(programme, Told())

    @expose("/<row:programme_id>/follow", methods=("POST",))
    @auth.door(Permission.PROGRAMME_KEEP)
    def follow(self, programme_id: int) -> Any:
        """Date the tasks anew, as the preview on the page said."""
        programme = self.get_one(programme_id)
        told = plan_forms.attempt(
            lambda: verbs.follow_rules(
                auth.db(), programme.id, actor=auth.actor(), at=auth.now(), expected_version=plan_forms.version()
            )
        )
        return self._done(programme_id, told, _("Сроки пересчитаны по правилам."))

    @expose("/<row:programme_id>/report", methods=("POST",))
    @auth.door(Permission.PROGRAMME_KEEP)
    def report(self, programme_id: int) -> Any:
        programme = self.get_one(programme_id)
        told = plan_forms.attempt(lambda: verbs.report(auth.db(), programme.id, actor=auth.actor(), at=auth.now()))
        return self._done(programme_id, told, _("Отчёт готовится: он появится среди документов программы."))

    @expose("/<row:programme_id>/update", methods=("GET", "POST"))
    @auth.door(Permission.PROGRAMME_KEEP)
    def update(self, programme_id: int) -> Any:
        """A newer version of the template, measure by measure."""
        programme = verbs.own(self.get_one(programme_id), auth.actor())
        template = programme_updates.template_of(programme)
        if template is None:
            raise Refused(
                Reason(
                    "not_newer",
                    _("Программа уже стоит на последней версии шаблона."),
                    href=url_for("programmes.programme", programme_id=programme_id),
                )
            )
        told = Told()
        if request.method == "POST":
            chosen = {text[:20] for text in request.form.getlist("number")}
            told = plan_forms.attempt(
                lambda: programme_updates.apply(
                    auth.db(),
                    programme.id,
                    chosen,
                    template,
                    actor=auth.actor(),
                    at=auth.now(),
                    expected_version=plan_forms.version(),
                )
            )
            if not told.is_bad:
                say(_("Изменения шаблона применены: %(n)s.", n=len(chosen)))
                return redirect(url_for("programmes.programme", programme_id=programme_id))
        page = self.render("pages/programme_update.html", **programme_page.update(self.get_one(programme_id), told))
        return (page, 409) if told.is_bad else page

    @expose("/<row:programme_id>/export/<kind>", methods=("POST",))
    @auth.door(Permission.PROGRAMME_READ)
    def export_tasks(self, programme_id: int, kind: str) -> Response:
        """Tasks and progress as a table."""
        return programme_page.export_of(self.get_one(programme_id), kind)

    def _page(self, programme_id: int, told: Told | None = None) -> str:
        return self.render("pages/programme.html", **programme_page.show(self.get_one(programme_id), told or Told()))

    def _done(self, programme_id: int, told: Told, text: str) -> AnyResponse | tuple[str, int]:
        if told.is_bad:
            return self._page(programme_id, told), 409
        say(text)
        return redirect(url_for("programmes.programme", programme_id=programme_id, tab=request.form.get("tab") or None))

    def _approval(self, programme: Programme, told: Told) -> str:
        left_out = [m for m in programme.measures if m.left_out_reason is not None]
        return self.render(
            "pages/programme_approve.html",
            programme=programme,
            told=told,
            typed=request.form,
            today=words.today(),
            n=len(programme.measures) - len(left_out),
            n_left_out=len(left_out),
            n_unassigned=sum(not m.responsible_name for m in programme.measures if m.left_out_reason is None),
        )

    def _preview(self, template: Template, told: Told) -> str:
        year = _year(request.values.get("year"))
        rows = verbs.preview(template, year, auth.db(), auth.actor().municipality_id)
        return self.render(
            "pages/programme_preview.html",
            shown=template,
            year=year,
            years=[(str(n), year_title(n)) for n in range(words.today().year - 1, words.today().year + 3)],
            rows=rows,
            n_tasks=sum(len(dues) for _measure, dues in rows),
            n_waiting=sum(not dues for _measure, dues in rows),
            told=told,
            when=programme_page.when_of,
        )


def _template(template_id: str) -> Template:
    found = load_templates().get(template_id)
    if found is None:
        raise NotFound(_("Такого шаблона нет."))
    return found


def _year(text: str | None) -> int:
    """The September of an academic year; the present one unless said otherwise."""
    today = words.today()
    if text and text.isascii() and text.isdigit() and len(text) == 4:
        return int(text)
    return today.year if today.month >= 7 else today.year - 1
