"""Control groups of schools: draw, look at the balance, adjust, fix by an order, check the draw."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from flask import Response, redirect, request, url_for
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from sqlalchemy import select
from sqlalchemy.orm import selectinload
from wtforms import DateField, HiddenField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange

from app import auth
from app.admin import case_fields, choices, export, words
from app.admin.base import Column, Filter, ScopedView, say
from app.errors import Reason, Refused
from app.models import ControlGroup, ControlMember, School
from app.policy import Permission, holds
from app.terms import ControlGroupStatus
from app.workflows import control_frame, control_groups

TONES = {ControlGroupStatus.DRAFT: "warn", ControlGroupStatus.FIXED: "good", ControlGroupStatus.WITHDRAWN: "muted"}
NEEDED = case_fields.NEEDED


class DrawFields(FlaskForm):
    title = StringField(_l("Название"), [NEEDED, Length(max=200)])
    year = IntegerField(_l("Год процедуры"), [NEEDED, NumberRange(2000, 2100)])
    size = IntegerField(_l("Сколько школ"), [NEEDED, NumberRange(1, 2000)])
    per_municipality = IntegerField(_l("Не больше школ от муниципалитета"), [NEEDED, NumberRange(1, 2000)])
    seed = StringField(
        _l("Число-ключ"),
        [Length(max=64)],
        description=_l("Любые знаки, например названные на совещании. Пусто — программа возьмёт случайный и покажет."),
    )


class FixFields(FlaskForm):
    version = HiddenField()
    order_number = StringField(_l("Номер приказа"), [NEEDED, Length(max=40)])
    order_date = DateField(
        _l("Дата приказа"), [InputRequired(_l("Заполните это поле."))], format=case_fields.DAY_FORMATS
    )
    markers = TextAreaField(
        _l("Кто проверяет работы"), [NEEDED, Length(max=4000)], description=_l("Внешние эксперты, не учителя школы.")
    )
    staff = TextAreaField(
        _l("Кто присутствует на процедуре"), [NEEDED, Length(max=4000)], description=_l("Работники муниципалитета.")
    )


class AddFields(FlaskForm):
    version = HiddenField()
    school_id = SelectField(_l("Школа"), [NEEDED], coerce=int)
    reason = TextAreaField(_l("Почему добавляют"), [NEEDED, Length(max=4000)])


class ControlView(ScopedView):
    permission = Permission.GROUP_READ
    heading: ClassVar[Any] = _l("Контрольные группы")
    lead: ClassVar[Any] = _l(
        "Школы, работы которых проверяют внешние эксперты в присутствии работников муниципалитета: норма для сравнения."
    )
    empty: ClassVar[Any] = _l("Групп пока нет. Аналитик составляет группу жребием, отдел утверждает её приказом.")
    list_template = "pages/control.html"
    order = (("id", True),)
    columns = (
        Column("title", _l("Группа"), lambda g: g.title, kind="strong"),
        Column("year", _l("Год"), lambda g: str(g.year), sort="year"),
        Column("status", _l("Состояние"), lambda g: g.status, kind="pill", tone=lambda g: TONES[g.status]),
        Column("n_members", _l("Школ"), lambda g: g.n_members, kind="number"),
        Column("worst", _l("Наибольшая разница"), lambda g: words.number(worst(g), 2), is_wide_only=True),
        Column("drawn_by_name", _l("Кто составил"), lambda g: g.drawn_by_name, is_wide_only=True),
        Column("drawn_at", _l("Когда"), lambda g: g.drawn_at, kind="moment", sort="drawn_at", is_wide_only=True),
        Column("order_number", _l("Приказ"), lambda g: order_of(g)),
    )
    filters = (
        Filter(
            "status", _l("Состояние"), lambda: choices.terms(ControlGroupStatus), lambda v: ControlGroup.status == v
        ),
    )

    def href(self, row: ControlGroup) -> str | None:
        return self.get_url(".group", group_id=row.id)

    @expose("/draw", methods=("GET", "POST"))
    @auth.door(Permission.GROUP_PROPOSE)
    def draw(self) -> Any:
        """Propose a group."""
        rules = control_frame.load_rules()
        form = DrawFields(year=words.today().year, size=rules.size, per_municipality=rules.per_municipality)
        reasons: tuple[Reason, ...] = ()
        if request.method == "POST" and form.validate():
            try:
                group = control_groups.draw_group(
                    auth.db(),
                    title=form.title.data or "",
                    year=form.year.data,
                    size=form.size.data,
                    per_municipality=form.per_municipality.data,
                    seed=form.seed.data or "",
                    actor=auth.actor(),
                    at=auth.now(),
                )
                auth.commit()
            except Refused as refused:
                auth.db().rollback()
                reasons = refused.reasons
            else:
                say(_("Группа предложена. Посмотрите, насколько она похожа на регион."))
                return redirect(url_for("control.group", group_id=group.id))
        page = self.render(
            "pages/control_draw.html", form=form, told=reasons, problems=case_fields.field_errors(form), rules=rules
        )
        return (page, 409) if reasons else (page, 422) if form.errors else page

    @expose("/<row:group_id>")
    @auth.door(Permission.GROUP_READ)
    def group(self, group_id: int) -> str:
        return self._page(self.get_one(group_id))

    @expose("/<row:group_id>/add", methods=("GET", "POST"))
    @auth.door(Permission.GROUP_PROPOSE)
    def add(self, group_id: int) -> Any:
        group = self._own(group_id)
        form = AddFields(version=group.version)
        inside = set(control_groups.codes_of(group))
        form.school_id.choices = [
            (str(id), f"{name} ({code})")
            for id, name, code in auth.db().execute(select(School.id, School.name, School.code).order_by(School.name))
            if code not in inside
        ]
        return self._serve(
            group,
            form,
            _("Добавить школу в группу"),
            lambda version: control_groups.add_school(
                auth.db(),
                group_id,
                form.school_id.data,
                reason=form.reason.data or "",
                actor=auth.actor(),
                at=auth.now(),
                expected_version=version,
            ),
        )

    @expose("/<row:group_id>/remove/<row:school_id>", methods=("POST",))
    @auth.door(Permission.GROUP_PROPOSE)
    def remove(self, group_id: int, school_id: int) -> Any:
        self._own(group_id)
        return self._do(
            group_id,
            lambda version, reason: control_groups.remove_school(
                auth.db(),
                group_id,
                school_id,
                reason=reason,
                actor=auth.actor(),
                at=auth.now(),
                expected_version=version,
            ),
        )

    @expose("/<row:group_id>/fix", methods=("GET", "POST"))
    @auth.door(Permission.GROUP_APPROVE)
    def fix(self, group_id: int) -> Any:
        group = self._own(group_id)
        form = FixFields(version=group.version, order_date=words.today())
        return self._serve(
            group,
            form,
            _("Утвердить контрольную группу"),
            lambda version: control_groups.fix_group(
                auth.db(),
                group_id,
                order_number=form.order_number.data or "",
                order_date=form.order_date.data,
                markers=form.markers.data or "",
                staff=form.staff.data or "",
                actor=auth.actor(),
                at=auth.now(),
                expected_version=version,
            ),
        )

    @expose("/<row:group_id>/withdraw", methods=("POST",))
    @auth.door(Permission.GROUP_READ)
    def withdraw(self, group_id: int) -> Any:
        """Give a group up; the verb asks for the right, which a proposed group and a fixed one differ in."""
        self._own(group_id)
        return self._do(
            group_id,
            lambda version, reason: control_groups.withdraw_group(
                auth.db(), group_id, reason=reason, actor=auth.actor(), at=auth.now(), expected_version=version
            ),
        )

    @expose("/<row:group_id>/redraw", methods=("POST",))
    @auth.door(Permission.GROUP_READ)
    def redraw(self, group_id: int) -> Any:
        """Draw again from the same frame, rule and seed, and say whether the same schools come out."""
        group = self.get_one(group_id)
        if control_groups.redraw(group):
            say(_("Жребий повторён: вышли те же школы."))
        else:
            say(_("Жребий повторён: вышли другие школы. Основа выборки изменена, сообщите администратору."), "danger")
        return redirect(url_for("control.group", group_id=group_id))

    @expose("/<row:group_id>/frame/<kind>", methods=("POST",))
    @auth.door(Permission.GROUP_PROPOSE)
    def frame(self, group_id: int, kind: str) -> Response:
        """Every school of the population as the draw saw it, so that anybody can repeat it elsewhere."""
        group = self._own(group_id)
        if kind not in export.MIMETYPES:
            raise Refused(Reason("export_kind", _("Список выгружается в xlsx или csv.")))
        features = [item["en" if words.locale() == "en" else "ru"] for item in group.frame["features"]]
        titles = [_("Номер"), _("Муниципалитет"), _("Слой"), _("Может быть в группе"), _("Почему нет"), *features]
        against = 1 if words.locale() == "en" else 0
        rows = [
            [row["code"], row["municipality"],
             control_frame.stratum_title(group.frame, row["stratum"], words.locale()),
             _("нет") if row["against"] else _("да"),
             row["against"][against] if row["against"] else "", *row["context"]]
            for row in group.frame["schools"]
        ]  # fmt: skip
        name = f"{group.title} {group.year}"
        note = _("Число-ключ: %(seed)s. Отпечаток основы: %(hash)s.", seed=group.seed, hash=group.frame_sha256)
        content = export.as_csv(titles, rows) if kind == "csv" else export.as_xlsx(titles, rows, str(group.year), note)
        auth.note("control:export", "control_group", group.id, rows=len(rows), kind=kind)
        return export.attachment(content, f"{name}.{kind}", export.MIMETYPES[kind])

    def _own(self, group_id: int) -> ControlGroup:
        """The group, if this person may change it: the region's is changed by the region."""
        group: ControlGroup = self.get_one(group_id)
        if not holds(auth.actor(), group):
            raise Refused(
                Reason(
                    "regions_group",
                    "Эту группу ведёт регион: изменить её может региональный аналитик или руководитель.",
                    "The region keeps this group: a regional analyst or manager changes it.",
                    url_for("control.group", group_id=group_id),
                )
            )
        return group

    def _serve(self, group: ControlGroup, form: FlaskForm, title: str, verb: Callable[[int], Any]) -> Any:
        """A form of its own page: shown, or tried."""
        reasons: tuple[Reason, ...] = ()
        group_id = group.id
        if request.method == "POST" and form.validate():
            try:
                verb(case_fields.whole(str(form["version"].data or "")))
                auth.commit()
            except Refused as refused:
                auth.db().rollback()
                reasons = refused.reasons
                group = self.get_one(group_id)
            else:
                say(_("Сохранено."))
                return redirect(url_for("control.group", group_id=group_id))
        page = self.render(
            "pages/control_form.html",
            group=group,
            form=form,
            title=title,
            told=reasons,
            problems=case_fields.field_errors(form),
        )
        return (page, 409) if reasons else (page, 422) if form.errors else page

    def _do(self, group_id: int, verb: Callable[[int, str], Any]) -> Any:
        """A small form of the group's own page: a version and a reason."""
        reason = request.form.get("reason", "")[:4000]
        try:
            verb(case_fields.whole(request.form.get("version", "")), reason)
            auth.commit()
        except Refused as refused:
            auth.db().rollback()
            return self._page(self.get_one(group_id), refused.reasons, reason), 409
        say(_("Сохранено."))
        return redirect(url_for("control.group", group_id=group_id))

    def _page(self, group: ControlGroup, reasons: tuple[Reason, ...] = (), reason: str = "") -> str:
        members = auth.db().scalars(
            select(ControlMember)
            .where(ControlMember.group_id == group.id)
            .options(selectinload(ControlMember.school))
            .order_by(ControlMember.removed_at.is_not(None), ControlMember.id)
        )
        return self.render(
            "pages/control_group.html",
            group=group,
            tone=TONES[group.status],
            members=members.all(),
            rules=control_frame.load_rules(),
            is_own=holds(auth.actor(), group),
            is_draft=group.status is ControlGroupStatus.DRAFT,
            told=reasons,
            reason=reason,
            worst=worst(group),
            stratum=lambda name: control_frame.stratum_title(group.frame, name, words.locale()),
        )


def worst(group: ControlGroup) -> float:
    """The largest standardised difference of the group as it stands, by size."""
    return max((abs(row["now"]) for row in group.balance.get("rows", []) if row["now"] is not None), default=0.0)


def order_of(group: ControlGroup) -> str:
    if group.order_number is None:
        return "—"
    return _("№ %(number)s от %(day)s", number=group.order_number, day=words.day(group.order_date, "short"))
