"""The list of flags and the page of one: a school's signs in one run, frozen."""

from __future__ import annotations

from typing import Any, ClassVar

from flask import Response, redirect, request, url_for
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import defer, selectinload
from werkzeug.wrappers import Response as AnyResponse

from app import auth
from app.admin import case_signs, choices, words
from app.admin.base import Column, Filter, ScopedView, say
from app.admin.cases import TIER_TONES, school_matches, short_tier, tiers
from app.errors import Reason, Refused
from app.models import Flag
from app.policy import Permission
from app.terms import Family
from app.workflows.case import open_case

TIER_NOTE = _l(
    "Уровень назначает правило: сколько семейств проверок и сколько работ показали признак. Сила — сколько всего "
    "накоплено, поэтому большая сила одной проверки ещё не даёт высокого уровня."
)


def families(flag: Flag) -> str:
    """Families with signs, by their titles."""
    titles = []
    for code in filter(None, (part.strip() for part in flag.families.split(","))):
        titles.append(words.title(Family(code)) if code in set(Family) else code)
    return ", ".join(titles) or "—"


class FlagsView(ScopedView):
    permission = Permission.FINDING_READ
    heading: ClassVar[Any] = _l("Признаки")
    lead: ClassVar[Any] = _l(
        "Школы, у которых проверка нашла признаки. Дело открывается по сильным; остальные — наблюдать."
    )
    note: ClassVar[Any] = TIER_NOTE
    empty: ClassVar[Any] = _l("Признаков нет. Они появляются после проверки загруженных работ.")
    export_endpoint = "flags.export_flags"
    search_hint: ClassVar[Any] = _l("Школа или её номер")
    order = (("evidence", True), ("id", True))
    eager = (selectinload(Flag.school), defer(Flag.frozen))
    columns = (
        Column("school", _l("Школа"), lambda f: f.school.name, kind="strong"),
        Column("municipality_id", _l("Муниципалитет"), lambda f: f.school.municipality.name, is_wide_only=True),
        Column("year", _l("Год"), lambda f: str(f.year), sort="year"),
        Column(
            "tier",
            _l("Уровень"),
            lambda f: short_tier(f.tier),
            kind="pill",
            tone=lambda f: TIER_TONES.get(f.tier, ""),
            export=lambda f: words.title(f.tier),
        ),
        Column("families", _l("Что выделяется"), families),
        Column("evidence", _l("Сила"), lambda f: round(f.evidence, 2), kind="number", sort="evidence"),
        Column("q", _l("q"), lambda f: words.p_value(f.q), sort="q", export=lambda f: f.q, is_wide_only=True),
        Column("case_id", _l("Дело"), lambda f: _("открыто") if f.case_id else _("нет"), export=lambda f: f.case_id),
    )
    filters = (
        Filter("tier", _l("Уровень"), tiers, lambda v: Flag.tier == v),
        Filter(
            "case",
            _l("Дело открыто"),
            choices.yes_no,
            lambda v: Flag.case_id.is_not(None) if v == "1" else Flag.case_id.is_(None),
        ),
        Filter("municipality", _l("Муниципалитет"), choices.municipalities, lambda v: Flag.municipality_id == int(v)),
        Filter("year", _l("Год"), lambda: _years(), lambda v: Flag.year == int(v)),
    )

    def search(self, text: str) -> ColumnElement[bool] | None:
        return Flag.school_id.in_(school_matches(text))

    def href(self, row: Flag) -> str | None:
        return url_for("cases.case", case_id=row.case_id) if row.case_id else self.get_url(".flag", flag_id=row.id)

    @expose("/export/<kind>", methods=("POST",))
    @auth.door(Permission.FINDING_READ)
    def export_flags(self, kind: str) -> Response:
        return self.export_rows(kind)

    @expose("/<row:flag_id>")
    @auth.door(Permission.FINDING_READ)
    def flag(self, flag_id: int) -> str:
        """What the flag rests on, as it was when it was raised."""
        flag = self.get_one(flag_id)
        return self.render("pages/flag.html", flag=flag, evidence=case_signs.evidence_of(flag))

    @expose("/<row:flag_id>/open", methods=("POST",))
    @auth.door(Permission.CASE_OPEN)
    def open(self, flag_id: int) -> AnyResponse:
        """Open a case by hand, with a reason."""
        flag = self.get_one(flag_id)
        reason = request.form.get("reason", "").strip()
        if flag.case_id is None:
            if len(reason) < 10:
                raise Refused(
                    Reason(
                        "no_reason",
                        "Напишите хотя бы одним предложением, почему открывается дело.",
                        "Say in a sentence why the case is opened.",
                        url_for("flags.flag", flag_id=flag.id),
                    )
                )
            open_case(auth.db(), flag, actor=auth.actor(), at=auth.now(), reason=reason[:2000])
            auth.commit()
            say(_("Дело открыто."))
        return redirect(url_for("cases.case", case_id=flag.case_id))


def _years() -> choices.Choices:
    return choices.once(
        "flag_years",
        lambda: [
            (str(year), str(year))
            for year in auth.db().scalars(select(Flag.year).distinct().order_by(Flag.year.desc()))
        ],
    )
