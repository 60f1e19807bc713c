"""The list of cases, and the routes of one case's page, its forms and its moves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from flask import Response, url_for
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import selectinload
from werkzeug.wrappers import Response as AnyResponse

from app import auth
from app.admin import case_forms, case_page, choices, words
from app.admin.base import Column, Filter, ScopedView, like
from app.errors import NotFound, Reason, Refused
from app.flows import CLOSED
from app.models import Case, School
from app.policy import Permission
from app.terms import CaseKind, Lateness, Tier
from app.workflows import declarations

TIER_TONES = {Tier.SEVERE: "bad", Tier.CASE: "warn", Tier.WATCH: "muted"}
STATE_TONES = {CLOSED: "good", "flagged": "warn"}


def school_matches(text: str) -> Any:
    """Ids of the schools whose name or number contains `text`."""
    pattern = like(text)
    return select(School.id).where(
        or_(School.name.ilike(pattern, escape="\\"), School.code.ilike(pattern, escape="\\"))
    )


def tiers() -> choices.Choices:
    """Tiers that raise a flag."""
    return choices.terms(Tier, skip=(Tier.NONE, Tier.TOO_SMALL))


def short_tier(tier: Tier) -> str:
    """The tier where the column already says that it is about signs."""
    return _("выраженные") if tier is Tier.SEVERE else words.title(tier)


class CasesView(ScopedView):
    permission = Permission.CASE_READ
    heading: ClassVar[Any] = _l("Дела")
    lead: ClassVar[Any] = _l("Сильные признаки выше. Признак — повод разобраться, а не вывод о нарушении.")
    empty: ClassVar[Any] = _l(
        "Дел пока нет. Они появятся, когда проверка данных найдёт признаки: загрузите работы в разделе «Данные» и "
        "запустите проверку в разделе «Проверки»."
    )
    export_endpoint = "cases.export_cases"
    list_template = "pages/cases.html"
    search_hint: ClassVar[Any] = _l("Школа, её номер или номер дела")
    order = (("evidence", True), ("id", True))
    eager = (selectinload(Case.school),)
    columns = (
        Column(
            "school",
            _l("Школа"),
            lambda c: c.school.name,
            kind="strong",
            below=lambda c: _("дело %(number)s", number=c.number),
        ),
        Column("number", _l("Дело"), lambda c: c.number, is_export_only=True),
        Column("municipality_id", _l("Муниципалитет"), lambda c: c.school.municipality.name, is_wide_only=True),
        Column(
            "state", _l("Где стоит"), lambda c: words.stage(c), kind="pill", tone=lambda c: STATE_TONES.get(c.state, "")
        ),
        Column(
            "entered_at",
            _l("На этапе"),
            lambda c: "" if c.closed_at else words.days(words.days_between(c.entered_at)),
            sort="entered_at",
            export=lambda c: words.days_between(c.entered_at, c.closed_at),
            kind="short",
        ),
        Column(
            "due_on",
            _l("Срок этапа"),
            lambda c: None if c.closed_at else c.due_on,
            kind="day",
            sort="due_on",
            is_wide_only=True,
        ),
        Column(
            "tier",
            _l("Признаки"),
            lambda c: short_tier(c.tier),
            kind="pill",
            tone=lambda c: TIER_TONES.get(c.tier, ""),
            export=lambda c: words.title(c.tier),
        ),
        Column("evidence", _l("Сила"), lambda c: round(c.evidence, 2), kind="number", sort="evidence"),
        Column(
            "curator_name",
            _l("Куратор"),
            lambda c: words.short_name(c.curator_name),
            export=lambda c: c.curator_name,
            is_wide_only=True,
        ),
        Column("kind", _l("Вид дела"), lambda c: c.kind, is_export_only=True, export=lambda c: words.title(c.kind)),
        Column("year", _l("Год"), lambda c: str(c.year), is_export_only=True),
    )
    filters = (
        Filter("about", _l("О чём дело"), lambda: choices.terms(CaseKind), lambda v: Case.kind == v),
        Filter("state", _l("Где стоит"), lambda: _states(), lambda v: _state_is(v)),
        Filter(
            "tier",
            _l("Признаки"),
            tiers,
            lambda v: Case.tier == v,
        ),
        Filter("due", _l("Срок"), lambda: choices.terms(Lateness), lambda v: lateness(Case.due_on, Lateness(v))),
        Filter("municipality", _l("Муниципалитет"), choices.municipalities, lambda v: Case.municipality_id == int(v)),
        Filter("year", _l("Год"), choices.case_years, lambda v: Case.year == int(v)),
    )

    def search(self, text: str) -> ColumnElement[bool] | None:
        return or_(Case.number.ilike(like(text), escape="\\"), Case.school_id.in_(school_matches(text)))

    def href(self, row: Case) -> str | None:
        return self.get_url(".case", case_id=row.id)

    def get_one(self, id: Any) -> Any:
        """The case; where only the person's declaration is missing, the refusal says so and leads to it."""
        try:
            return super().get_one(id)
        except NotFound:
            school_id = declarations.undeclared_school(auth.db(), auth.actor(), int(id))
            if school_id is None:
                raise
            raise Refused(
                Reason(
                    "declaration_needed",
                    "Дело откроется, когда вы заявите, нет ли у вас конфликта интересов со школой.",
                    "The case opens once you have declared whether you have a conflict of interest with the school.",
                    url_for("declarations.declare", school_id=school_id),
                )
            ) from None

    @expose("/export/<kind>", methods=("POST",))
    @auth.door(Permission.CASE_READ)
    def export_cases(self, kind: str) -> Response:
        return self.export_rows(kind)

    @expose("/<row:case_id>")
    @auth.door(Permission.CASE_READ)
    def case(self, case_id: int) -> str:
        """Where the case stands, what is missing, and the evidence."""
        return case_page.show(self, self.get_one(case_id))

    @expose("/<row:case_id>/move", methods=("POST",))
    @auth.door(Permission.CASE_READ)
    def move(self, case_id: int) -> str | AnyResponse | tuple[str, int]:
        """Fire a transition; the engine asks for the transition's own permission."""
        return case_page.move(self, self.get_one(case_id))

    @expose("/<row:case_id>/do/<form>", methods=("GET", "POST"))
    @auth.door(Permission.CASE_READ)
    def do(self, case_id: int, form: str) -> str | AnyResponse | tuple[str, int]:
        """One of the case's forms; the form's own permission is asked before it is shown."""
        return case_forms.serve(self, self.get_one(case_id), form)


def lateness(due_on: Any, wanted: Lateness) -> ColumnElement[bool]:
    """Criterion of a due day that has passed, or comes within a week; a closed case's is null."""
    today = words.today()
    if wanted is Lateness.OVERDUE:
        return due_on < today
    return due_on.between(today, today + timedelta(days=7))


def _states() -> choices.Choices:
    return [("open", _("Все открытые")), *choices.stages()]


def _state_is(value: str) -> ColumnElement[bool]:
    return Case.state != CLOSED if value == "open" else Case.state == value
