"""Clusters of schools: propose a division, see what distinguishes each cluster, approve."""

from __future__ import annotations

from collections import defaultdict
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
from app.errors import Reason, Refused
from app.models import ClusterMembership, ClusterSet
from app.policy import Permission
from app.terms import ClusterSetStatus
from app.workflows import cluster_sets

TONES = {ClusterSetStatus.APPROVED: "good", ClusterSetStatus.PROPOSED: "warn", ClusterSetStatus.REPLACED: "muted"}


class ClustersView(ScopedView):
    permission = Permission.GROUP_READ
    heading: ClassVar[Any] = _l("Кластеры школ")
    lead: ClassVar[Any] = _l("Школы с похожим контекстом. Результаты школы сравнивают внутри её кластера.")
    empty: ClassVar[Any] = _l(
        "Школы ещё не делили: пока кластером считается вид школы. Деление предлагает региональный аналитик."
    )
    list_template = "pages/clusters.html"
    order = (("id", True),)
    columns = (
        Column("id", _l("Деление"), lambda c: _("№ %(n)s", n=c.id), kind="strong"),
        Column("year", _l("Год контекста"), lambda c: str(c.year)),
        Column("status", _l("Состояние"), lambda c: c.status, kind="pill", tone=lambda c: TONES[c.status]),
        Column("n_clusters", _l("Кластеров"), lambda c: c.n_clusters, kind="number"),
        Column("n_schools", _l("Школ"), lambda c: c.n_schools, kind="number"),
        Column("proposed_by_name", _l("Предложил(а)"), lambda c: c.proposed_by_name, is_wide_only=True),
        Column("proposed_at", _l("Когда"), lambda c: c.proposed_at, kind="moment", is_wide_only=True),
        Column("approved_by_name", _l("Утвердил(а)"), lambda c: c.approved_by_name or "—", is_wide_only=True),
    )

    def href(self, row: ClusterSet) -> str | None:
        return self.get_url(".division", set_id=row.id)

    def render(self, template: str, **kwargs: Any) -> str:
        if template == self.list_template:
            kwargs["year"] = words.today().year
        return super().render(template, **kwargs)

    @expose("/propose", methods=("POST",))
    @auth.door(Permission.GROUP_PROPOSE)
    def propose(self) -> AnyResponse:
        """Divide the schools by what is known of them now."""
        made = cluster_sets.propose_clusters(
            auth.db(), case_fields.whole(request.form.get("year", "")), actor=auth.actor(), at=auth.now()
        )
        auth.commit()
        say(_("Деление предложено. Посмотрите, чем отличаются кластеры."))
        return redirect(url_for("clusters.division", set_id=made.id))

    @expose("/<row:set_id>")
    @auth.door(Permission.GROUP_READ)
    def division(self, set_id: int) -> str:
        """What distinguishes each cluster, which schools are in it, and how the division was chosen."""
        chosen: ClusterSet = self.get_one(set_id)
        schools: dict[int | None, list[ClusterMembership]] = defaultdict(list)
        for member in self._members(chosen):
            schools[member.number].append(member)
        return self.render(
            "pages/cluster_set.html",
            division=chosen,
            tone=TONES[chosen.status],
            schools=schools,
            moved=cluster_sets.moved(auth.db(), chosen),
            is_regional=auth.actor().is_regional,
        )

    @expose("/<row:set_id>/approve", methods=("POST",))
    @auth.door(Permission.GROUP_APPROVE)
    def approve(self, set_id: int) -> AnyResponse:
        self.get_one(set_id)
        cluster_sets.approve_clusters(
            auth.db(),
            set_id,
            actor=auth.actor(),
            at=auth.now(),
            expected_version=case_fields.whole(request.form.get("version", "")),
        )
        auth.commit()
        say(_("Деление утверждено: следующие проверки сравнивают школы внутри этих кластеров."))
        return redirect(url_for("clusters.division", set_id=set_id))

    @expose("/<row:set_id>/export/<kind>", methods=("POST",))
    @auth.door(Permission.GROUP_READ)
    def export_schools(self, set_id: int, kind: str) -> Response:
        """Schools of the division with their clusters."""
        chosen: ClusterSet = self.get_one(set_id)
        if kind not in export.MIMETYPES:
            raise Refused(Reason("export_kind", _("Список выгружается в xlsx или csv.")))
        names = {cluster["number"]: name_of(cluster) for cluster in chosen.clusters}
        titles = [_("Номер"), _("Школа"), _("Муниципалитет"), _("Кластер"), _("Не известно ответов")]
        rows = [
            [m.school.code, m.school.name, m.school.municipality.name, names.get(m.number or 0, "—"), m.n_missing]
            for m in self._members(chosen)
        ]
        note = _("Отпечаток деления: %(hash)s.", hash=chosen.sha256)
        content = export.as_csv(titles, rows) if kind == "csv" else export.as_xlsx(titles, rows, str(self.name), note)
        auth.note("clusters:export", "cluster_set", chosen.id, rows=len(rows), kind=kind)
        return export.attachment(content, f"{self.name} {chosen.year}.{kind}", export.MIMETYPES[kind])

    def _members(self, chosen: ClusterSet) -> list[ClusterMembership]:
        found = auth.db().scalars(
            select(ClusterMembership)
            .where(ClusterMembership.set_id == chosen.id)
            .options(selectinload(ClusterMembership.school))
        )
        return sorted(found, key=lambda member: (member.number or 0, member.school.name))


def name_of(cluster: dict[str, Any]) -> str:
    return str(cluster["name_en" if words.locale() == "en" else "name_ru"])
