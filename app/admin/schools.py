"""The register of schools and the page of one."""

from __future__ import annotations

from typing import Any, ClassVar

from flask import Response
from flask_admin import expose
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, or_, select

from app import auth
from app.admin import choices, clusters
from app.admin.base import Column, Filter, ScopedView, like
from app.admin.explaining import kind_title
from app.models import Case, Finding, Flag, School
from app.policy import Permission
from app.workflows import cluster_sets


class SchoolsView(ScopedView):
    permission = Permission.SCHOOL_READ
    heading: ClassVar[Any] = _l("Школы")
    lead: ClassVar[Any] = _l("Реестр пополняется из принятых файлов. Школы не ранжируются.")
    empty: ClassVar[Any] = _l("Школ пока нет: они появятся, когда будет принят первый файл с работами или контекстом.")
    export_endpoint = "schools.export_schools"
    search_hint: ClassVar[Any] = _l("Название или номер")
    order = (("name", False), ("id", False))
    columns = (
        Column("name", _l("Школа"), lambda s: s.name, kind="strong", sort="name"),
        Column("code", _l("Номер"), lambda s: s.code, sort="code"),
        Column("municipality_id", _l("Муниципалитет"), lambda s: s.municipality.name),
        Column("kind", _l("Вид"), lambda s: kind_title(s.kind), is_wide_only=True),
        Column("settlement", _l("Поселение"), lambda s: s.settlement or "—", is_wide_only=True),
        Column(
            "is_objective",
            _l("Реестр объективных"),
            lambda s: "✓" if s.is_objective else "",
            export=lambda s: s.is_objective,
        ),
    )
    filters = (
        Filter("municipality", _l("Муниципалитет"), choices.municipalities, lambda v: School.municipality_id == int(v)),
        Filter("objective", _l("Реестр объективных"), choices.yes_no, lambda v: School.is_objective.is_(v == "1")),
    )

    def search(self, text: str) -> ColumnElement[bool] | None:
        return or_(School.name.ilike(like(text), escape="\\"), School.code.ilike(like(text), escape="\\"))

    def href(self, row: School) -> str | None:
        return self.get_url(".school", school_id=row.id)

    @expose("/export/<kind>", methods=("POST",))
    @auth.door(Permission.SCHOOL_READ)
    def export_schools(self, kind: str) -> Response:
        return self.export_rows(kind)

    @expose("/<row:school_id>")
    @auth.door(Permission.SCHOOL_READ)
    def school(self, school_id: int) -> str:
        school = self.get_one(school_id)
        session = auth.db()
        cases = session.scalars(select(Case).where(Case.school_id == school.id).order_by(Case.id.desc())).all()
        flags = session.scalars(select(Flag).where(Flag.school_id == school.id).order_by(Flag.id.desc())).all()
        last_run = session.scalar(
            select(Finding.run_id).where(Finding.school_id == school.id).order_by(Finding.run_id.desc()).limit(1)
        )
        findings = session.scalars(
            select(Finding)
            .where(Finding.school_id == school.id, Finding.run_id == last_run)
            .order_by(Finding.p_value.is_(None), Finding.p_value, Finding.id)
            .limit(200)
        ).all()
        found = cluster_sets.cluster_of(session, school.id)
        return self.render(
            "pages/school.html",
            school=school,
            cases=cases,
            flags=flags,
            findings=findings,
            division=found[0] if found else None,
            cluster=clusters.name_of(found[1]) if found else None,
        )
