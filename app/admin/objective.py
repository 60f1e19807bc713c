"""The register of objective schools: the list, proposals that a person accepts, entry by hand, withdrawal."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from flask import Response, redirect, request, url_for
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from sqlalchemy import ColumnElement, and_
from sqlalchemy.orm import selectinload
from werkzeug.wrappers import Response as AnyResponse
from wtforms import DateField, SelectField, TextAreaField
from wtforms.validators import Length

from app import auth
from app.admin import case_fields, choices, words
from app.admin.base import Column, Filter, ScopedView, say
from app.admin.cases import school_matches
from app.errors import Reason, Refused
from app.models import ObjectiveEntry
from app.policy import Permission
from app.terms import EntryState, ObjectiveGround
from app.workflows import objective_register as register
from app.workflows.objective_evidence import standings

TONES = {EntryState.IN_FORCE: "good", EntryState.AHEAD: "accent", EntryState.ENDED: "muted", EntryState.WITHDRAWN: ""}


class EntryFields(FlaskForm):
    school_id = SelectField(_l("Школа"), [case_fields.NEEDED], coerce=int)
    ground = SelectField(
        _l("Основание"),
        [case_fields.NEEDED],
        description=_l("Кроме двух последних, основание программа находит в данных сама или отвечает, что его нет."),
    )
    reason = TextAreaField(
        _l("Пояснение"),
        [Length(max=4000)],
        description=_l("Обязательно для внешнего экзамена и решения: документ, дата, что он показал."),
    )
    valid_from = DateField(_l("Действует с"), [case_fields.NEEDED], format=case_fields.DAY_FORMATS)
    valid_until = DateField(_l("Действует по"), [case_fields.NEEDED], format=case_fields.DAY_FORMATS)


class ObjectiveView(ScopedView):
    permission = Permission.GROUP_READ
    heading: ClassVar[Any] = _l("Реестр объективных школ")
    lead: ClassVar[Any] = _l("Из этих школ назначают кураторов. У каждой записи есть основание и срок.")
    empty: ClassVar[Any] = _l("Записей пока нет. Посмотрите предложения: программа находит школы с основанием.")
    list_template = "pages/objective.html"
    export_endpoint = "objective.export_entries"
    search_hint: ClassVar[Any] = _l("Школа или её номер")
    order = (("id", True),)
    eager = (selectinload(ObjectiveEntry.school),)
    columns = (
        Column("school", _l("Школа"), lambda e: e.school.name, kind="strong"),
        Column("code", _l("Номер"), lambda e: e.school.code, is_export_only=True),
        Column("municipality_id", _l("Муниципалитет"), lambda e: e.school.municipality.name, is_wide_only=True),
        Column("ground", _l("Основание"), lambda e: words.title(e.ground)),
        Column("valid_from", _l("С"), lambda e: e.valid_from, kind="day", sort="valid_from", is_wide_only=True),
        Column("valid_until", _l("По"), lambda e: e.valid_until, kind="day", sort="valid_until"),
        Column("state", _l("Состояние"), lambda e: state(e), kind="pill", tone=lambda e: TONES[state(e)]),
        Column("evidence", _l("Чем подтверждается"), lambda e: told(e), is_export_only=True),
        Column("recorded_by_name", _l("Кто внёс"), lambda e: e.recorded_by_name, is_export_only=True),
        Column("recorded_at", _l("Когда внесено"), lambda e: e.recorded_at, is_export_only=True),
        Column("withdrawal_reason", _l("Почему отозвана"), lambda e: e.withdrawal_reason, is_export_only=True),
    )
    filters = (
        Filter("state", _l("Состояние"), lambda: choices.terms(EntryState), lambda v: _is(EntryState(v))),
        Filter("ground", _l("Основание"), lambda: choices.terms(ObjectiveGround), lambda v: ObjectiveEntry.ground == v),
        Filter(
            "municipality",
            _l("Муниципалитет"),
            choices.municipalities,
            lambda v: ObjectiveEntry.municipality_id == int(v),
        ),
    )

    def search(self, text: str) -> ColumnElement[bool] | None:
        return ObjectiveEntry.school_id.in_(school_matches(text))

    def href(self, row: ObjectiveEntry) -> str | None:
        return self.get_url(".entry", entry_id=row.id)

    @expose("/export/<kind>", methods=("POST",))
    @auth.door(Permission.GROUP_READ)
    def export_entries(self, kind: str) -> Response:
        return self.export_rows(kind)

    @expose("/<row:entry_id>")
    @auth.door(Permission.GROUP_READ)
    def entry(self, entry_id: int) -> str:
        return self._page(self.get_one(entry_id))

    @expose("/<row:entry_id>/withdraw", methods=("POST",))
    @auth.door(Permission.REGISTER_KEEP)
    def withdraw(self, entry_id: int) -> Any:
        entry = self.get_one(entry_id)
        version, reason = request.form.get("version", ""), request.form.get("reason", "")[:4000]
        try:
            register.withdraw(
                auth.db(),
                entry.id,
                reason=reason,
                actor=auth.actor(),
                at=auth.now(),
                expected_version=case_fields.whole(version),
            )
            auth.commit()
        except Refused as refused:
            auth.db().rollback()
            return self._page(self.get_one(entry_id), refused.reasons, reason), 409
        say(_("Запись отозвана."))
        return redirect(url_for("objective.entry", entry_id=entry_id))

    @expose("/add", methods=("GET", "POST"))
    @auth.door(Permission.REGISTER_KEEP)
    def add(self) -> Any:
        today = words.today()
        form = EntryFields(valid_from=today, valid_until=register.usual_term(today))
        form.school_id.choices = choices.schools()
        form.ground.choices = choices.terms(ObjectiveGround)
        reasons: tuple[Reason, ...] = ()
        if request.method == "POST" and form.validate():
            try:
                made = register.enter(
                    auth.db(),
                    form.school_id.data,
                    ObjectiveGround(form.ground.data),
                    valid_from=form.valid_from.data,
                    valid_until=form.valid_until.data,
                    reason=form.reason.data or "",
                    actor=auth.actor(),
                    at=auth.now(),
                )
                auth.commit()
            except Refused as refused:
                auth.db().rollback()
                reasons = refused.reasons
            else:
                say(_("Школа внесена в реестр."))
                return redirect(url_for("objective.entry", entry_id=made.id))
        page = self.render("pages/objective_add.html", form=form, told=reasons, problems=case_fields.field_errors(form))
        return (page, 409) if reasons else (page, 422) if form.errors else page

    @expose("/proposals")
    @auth.door(Permission.GROUP_READ)
    def proposals(self) -> str:
        """Schools that have a ground in the data; nothing is entered until a person accepts."""
        found = register.proposals(auth.db(), at=auth.now())
        return self.render("pages/objective_proposals.html", proposals=found, until=register.usual_term(words.today()))

    @expose("/accept", methods=("POST",))
    @auth.door(Permission.REGISTER_KEEP)
    def accept(self) -> AnyResponse:
        """Enter the chosen schools, each with the ground the data hold at this moment."""
        chosen = {int(value) for value in request.form.getlist("school") if value.isascii() and value.isdigit()}
        found = [p for p in register.proposals(auth.db(), at=auth.now()) if p.school.id in chosen]
        if not found:
            raise Refused(
                Reason(
                    "nothing_chosen",
                    "Отметьте хотя бы одну школу из предложенных.",
                    "Tick at least one of the proposed schools.",
                    url_for("objective.proposals"),
                )
            )
        today = words.today()
        for item in found:
            register.enter(
                auth.db(),
                item.school.id,
                item.evidence.ground,
                valid_from=today,
                valid_until=register.usual_term(today),
                actor=auth.actor(),
                at=auth.now(),
            )
        auth.commit()
        say(_("Внесено школ: %(n)s.", n=len(found)))
        return redirect(url_for("objective.index_view"))

    def _page(self, entry: ObjectiveEntry, reasons: tuple[Reason, ...] = (), reason: str = "") -> str:
        assert entry.school_id is not None
        standing = standings(auth.db(), [entry.school_id], at=auth.now())[entry.school_id]
        return self.render(
            "pages/objective_entry.html",
            entry=entry,
            state=state(entry),
            tone=TONES[state(entry)],
            is_over=state(entry) in (EntryState.ENDED, EntryState.WITHDRAWN),
            evidence=told(entry),
            against=standing.against_en if words.locale() == "en" else standing.against_ru,
            told=reasons,
            reason=reason,
        )


def state(entry: ObjectiveEntry) -> EntryState:
    return register.state_of(entry, words.today())


def told(entry: ObjectiveEntry) -> str:
    """What the entry rests on, in the language of the page."""
    looked_up = str(entry.facts.get(words.locale()) or entry.facts.get("ru") or "")
    return " ".join(filter(None, (looked_up, entry.reason)))


def _is(wanted: EntryState) -> ColumnElement[bool]:
    """Criterion of a state today; the same division as `objective_register.state_of`."""
    today: date = words.today()
    stands = ObjectiveEntry.withdrawn_at.is_(None)
    return {
        EntryState.WITHDRAWN: ObjectiveEntry.withdrawn_at.is_not(None),
        EntryState.AHEAD: and_(stands, ObjectiveEntry.valid_from > today),
        EntryState.ENDED: and_(stands, ObjectiveEntry.valid_from <= today, ObjectiveEntry.valid_until < today),
        EntryState.IN_FORCE: register.in_force(today),
    }[wanted]
