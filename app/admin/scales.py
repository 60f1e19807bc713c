"""A regional work and ВПР on one scale: ask for it, read the scale, see the schools that differ."""

from __future__ import annotations

from typing import Any, ClassVar

from flask import Response, redirect, request, url_for
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import selectinload
from werkzeug.wrappers import Response as AnyResponse

from app import auth
from app.admin import case_fields, export, words
from app.admin.base import Column, ScopedView, say
from app.admin.screening import RUN_TONES
from app.errors import Reason, Refused
from app.models import Dataset, ScaledSchool, ScaleLink
from app.policy import Permission
from app.terms import FileKind, Procedure, RunStatus
from app.workflows import scaling


class ScalesView(ScopedView):
    permission = Permission.GROUP_READ
    heading: ClassVar[Any] = _l("Одна шкала: КДР, РДР и ВПР")
    lead: ClassVar[Any] = _l(
        "Баллы региональной работы пересчитываются в баллы ВПР, и два результата школы можно сравнить."
    )
    empty: ClassVar[Any] = _l("Шкал пока нет. Загрузите КДР или РДР в «Данных» и постройте шкалу.")
    list_template = "pages/scales.html"
    order = (("id", True),)
    columns = (
        Column("first", _l("Что"), lambda s: words.procedure(s.inputs["first"]), kind="strong"),
        Column("second", _l("На шкале"), lambda s: words.procedure(s.inputs["second"])),
        Column("status", _l("Состояние"), lambda s: s.status, kind="pill", tone=lambda s: RUN_TONES.get(s.status, "")),
        Column("n_schools", _l("Общих школ"), lambda s: s.n_schools, kind="number"),
        Column("n_differ", _l("Отличаются"), lambda s: s.n_differ, kind="number"),
        Column("requested_at", _l("Когда"), lambda s: s.requested_at, kind="moment", is_wide_only=True),
    )

    def href(self, row: ScaleLink) -> str | None:
        return self.get_url(".scale", link_id=row.id)

    def render(self, template: str, **kwargs: Any) -> str:
        if template == self.list_template and auth.actor().may(Permission.GROUP_PROPOSE):
            kwargs["firsts"] = _choices(FileKind.REGIONAL)
            kwargs["seconds"] = _choices(FileKind.WORKS)
        return super().render(template, **kwargs)

    @expose("/build", methods=("POST",))
    @auth.door(Permission.GROUP_PROPOSE)
    def build(self) -> AnyResponse:
        """Ask for a scale."""
        first, second = (case_fields.whole(request.form.get(name, "")) for name in ("first", "second"))
        link = scaling.request_link(auth.db(), first, second, actor=auth.actor(), at=auth.now())
        auth.commit()
        say(_("Шкала строится."))
        return redirect(url_for("scales.scale", link_id=link.id))

    @expose("/<row:link_id>")
    @auth.door(Permission.GROUP_READ)
    def scale(self, link_id: int) -> str:
        """The scale with its errors and the schools in sight, those that differ first."""
        link: ScaleLink = self.get_one(link_id)
        rows = _schools(link) if link.status is RunStatus.DONE else []
        table = list(enumerate(zip(link.table.get("equivalent", []), link.table.get("error", []), strict=True)))
        return self.render(
            "pages/scale.html",
            link=link,
            first=words.procedure(link.inputs["first"]),
            second=words.procedure(link.inputs["second"]),
            procedure=words.title(Procedure(link.inputs["first"]["procedure"])),
            tone=RUN_TONES.get(link.status, ""),
            rows=rows,
            table=table,
        )

    @expose("/<row:link_id>/export/<kind>", methods=("POST",))
    @auth.door(Permission.GROUP_READ)
    def export_schools(self, link_id: int, kind: str) -> Response:
        """Schools in sight with both results; the columns of an outside examination stand among them."""
        link: ScaleLink = self.get_one(link_id)
        if kind not in export.MIMETYPES:
            raise Refused(Reason("export_kind", _("Список выгружается в xlsx или csv.")))
        titles = ["school", "exam", "subject", "n", "mean_mark", "n_vpr", "first", "first_low", "first_high", "second",
                  "second_low", "second_high", "difference", "z", "q", "differs"]  # fmt: skip
        first = link.inputs["first"]
        table = [
            [r.school.code, first["procedure"], first["subject"], r.n_first, r.mean_mark, r.n_second, r.first,
             r.first_low, r.first_high, r.second, r.second_low, r.second_high, r.difference, r.z, r.q, r.differs]
            for r in _schools(link)
        ]  # fmt: skip
        note = _("Отличие — повод сравнить, а не вывод о нарушении.")
        content = export.as_csv(titles, table) if kind == "csv" else export.as_xlsx(titles, table, "schools", note)
        auth.note("scales:export", "scale_link", link.id, rows=len(table), kind=kind)
        return export.attachment(content, f"{words.procedure(first)}.{kind}", export.MIMETYPES[kind])


def _choices(kind: FileKind) -> list[tuple[int, str]]:
    found: list[Dataset] = scaling.works_of_kind(auth.db(), kind)
    return [(row.id, f"{words.title(row.procedure)}, {words.paper(row.subject, row.grade, row.year)}") for row in found]


def _schools(link: ScaleLink) -> list[ScaledSchool]:
    found = auth.db().scalars(
        select(ScaledSchool).where(ScaledSchool.link_id == link.id).options(selectinload(ScaledSchool.school))
    )
    return sorted(found, key=lambda row: (not row.differs, row.q is None, row.school.name))
