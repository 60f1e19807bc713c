"""Mentoring pairs: the list, a new pair, one pair with its meetings."""

from __future__ import annotations

from typing import Any, ClassVar

from flask import redirect, request, url_for
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from sqlalchemy import ColumnElement, or_
from sqlalchemy.orm import selectinload
from werkzeug.wrappers import Response as AnyResponse
from wtforms import DateField, SelectField, StringField, TextAreaField
from wtforms.validators import Length

from app import auth
from app.admin import case_fields, choices, plan_forms, words
from app.admin.base import Column, Filter, ScopedView, say
from app.admin.cases import school_matches
from app.admin.plan_forms import Told
from app.errors import Reason, Refused
from app.models import MentoringPair
from app.policy import Permission
from app.terms import MentoringKind, MentoringStatus
from app.workflows import mentoring as verbs

TONES = {MentoringStatus.ACTIVE: "good", MentoringStatus.ENDED: "muted"}


class PairFields(FlaskForm):
    kind = SelectField(_l("Кто кому помогает"), [case_fields.NEEDED])
    mentor_school_id = SelectField(_l("Школа-наставник"), [case_fields.NEEDED], coerce=int)
    school_id = SelectField(_l("Школа, которой помогают"), [case_fields.NEEDED], coerce=int)
    mentor = StringField(_l("Наставник"), [Length(max=300)], description=_l("Для пары учителей: должность и предмет."))
    mentee = StringField(_l("Кому помогает"), [Length(max=300)], description=_l("Должность и предмет."))
    goals = TextAreaField(_l("Цели"), [case_fields.NEEDED, Length(max=4000)])
    starts_on = DateField(_l("Начало"), [case_fields.NEEDED], format=case_fields.DAY_FORMATS)
    ends_on = DateField(_l("Окончание"), [case_fields.NEEDED], format=case_fields.DAY_FORMATS)


class MentoringView(ScopedView):
    permission = Permission.CASE_READ
    heading: ClassVar[Any] = _l("Наставничество")
    lead: ClassVar[Any] = _l("Пары «школа — школе» и «учитель — учителю»: цели, сроки, встречи.")
    empty: ClassVar[Any] = _l("Пар пока нет. Соедините школу с делом и школу с объективными результатами.")
    list_template = "pages/mentoring.html"
    search_hint: ClassVar[Any] = _l("Школа или её номер")
    eager = (
        selectinload(MentoringPair.school),
        selectinload(MentoringPair.meetings),
    )
    columns = (
        Column("school", _l("Кому помогают"), lambda p: p.school.name, kind="strong", below=lambda p: p.mentee),
        Column("mentor_school", _l("Кто помогает"), lambda p: p.mentor_school_name, below=lambda p: p.mentor),
        Column("kind", _l("Пара"), lambda p: words.title(p.kind), is_wide_only=True),
        Column("ends_on", _l("До"), lambda p: p.ends_on, kind="day", sort="ends_on"),
        Column("meetings", _l("Встреч"), lambda p: len(p.meetings), kind="number"),
        Column("status", _l("Состояние"), lambda p: p.status, kind="pill", tone=lambda p: TONES[p.status]),
    )
    filters = (
        Filter("status", _l("Состояние"), lambda: choices.terms(MentoringStatus), lambda v: MentoringPair.status == v),
        Filter("kind", _l("Пара"), lambda: choices.terms(MentoringKind), lambda v: MentoringPair.kind == v),
    )

    def search(self, text: str) -> ColumnElement[bool] | None:
        found = school_matches(text)
        return or_(MentoringPair.school_id.in_(found), MentoringPair.mentor_school_id.in_(found))

    def href(self, row: MentoringPair) -> str | None:
        return self.get_url(".pair", pair_id=row.id)

    @expose("/<row:pair_id>")
    @auth.door(Permission.CASE_READ)
    def pair(self, pair_id: int) -> str:
        return self._page(pair_id, Told())

    @expose("/<row:pair_id>/act", methods=("POST",))
    @auth.door(Permission.MENTORING_KEEP)
    def act(self, pair_id: int) -> Any:
        """Record a meeting, or end the pair with its outcome."""
        pair = self.get_one(pair_id)
        action, session = request.form.get("action", ""), auth.db()
        who: dict[str, Any] = {"actor": auth.actor(), "at": auth.now()}

        def verb() -> None:
            if action == "meet":
                held_on = plan_forms.day("held_on", _("день встречи"))
                theme, agreed = plan_forms.typed("theme", 300), plan_forms.typed("agreed")
                verbs.record_meeting(session, pair.id, held_on=held_on, theme=theme, agreed=agreed, **who)
            elif action == "end":
                outcome = plan_forms.typed("outcome")
                verbs.end(session, pair.id, outcome, expected_version=plan_forms.version(), **who)
            else:
                raise Refused(Reason("action", _("Выберите действие на странице.")))

        told = plan_forms.attempt(verb)
        if told.is_bad:
            return self._page(pair_id, told), 409
        say(_("Сохранено."))
        return redirect(url_for("mentoring.pair", pair_id=pair_id))

    @expose("/add", methods=("GET", "POST"))
    @auth.door(Permission.MENTORING_KEEP)
    def add(self) -> AnyResponse | str | tuple[str, int]:
        today = words.today()
        form = PairFields(starts_on=today, ends_on=today.replace(year=today.year + (today.month > 5), month=5, day=31))
        form.kind.choices = choices.terms(MentoringKind)
        form.school_id.choices = form.mentor_school_id.choices = choices.schools()
        school = request.args.get("school", "")
        if request.method == "GET" and school.isascii() and school.isdigit() and len(school) <= 9:
            form.school_id.data = int(school)
        told = Told()
        if request.method == "POST" and form.validate():
            fields = verbs.PairForm(
                MentoringKind(form.kind.data),
                form.mentor_school_id.data,
                form.school_id.data,
                form.goals.data or "",
                form.starts_on.data,
                form.ends_on.data,
                form.mentor.data or "",
                form.mentee.data or "",
            )
            made: list[MentoringPair] = []
            told = plan_forms.attempt(
                lambda: made.append(verbs.make_pair(auth.db(), fields, actor=auth.actor(), at=auth.now()))
            )
            if made and not told.is_bad:
                say(_("Пара заведена."))
                return redirect(url_for("mentoring.pair", pair_id=made[0].id))
        page = self.render("pages/mentoring_add.html", form=form, told=told, problems=case_fields.field_errors(form))
        return (page, 409) if told.is_bad else (page, 422) if form.errors else page

    def _page(self, pair_id: int, told: Told) -> str:
        pair = self.get_one(pair_id)
        return self.render(
            "pages/mentoring_pair.html",
            pair=pair,
            told=told,
            typed=request.form,
            today=words.today(),
            tone=TONES[pair.status],
            is_active=pair.status is MentoringStatus.ACTIVE,
        )
