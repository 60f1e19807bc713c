"""One absence: what of the person's work it touches, whom the person wishes, and who stands in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import redirect, request, url_for
from flask_admin import expose
from flask_babel import gettext as _
from flask_wtf import FlaskForm
from wtforms import SelectField

from app import auth
from app.admin import case_fields, people_forms, people_work, plan_forms, words
from app.admin.base import say
from app.admin.plan_forms import Told
from app.errors import NotFound, Reason, Refused
from app.models import Absence, Person
from app.policy import Permission
from app.workflows import absences


class SubstituteFields(FlaskForm):
    substitute_id = SelectField(coerce=people_forms.number_or_none)


class AbsencePages:
    """The door of one absence; a part of `PeopleView`."""

    render: Any
    get_one: Callable[[int], Person]

    @expose("/<row:person_id>/absences/<row:absence_id>", methods=("GET", "POST"))
    @auth.door(Permission.PEOPLE_KEEP)
    def absence(self, person_id: int, absence_id: int) -> Any:
        """Look at what an absence touches, appoint the substitute, or cancel it."""
        person = self.get_one(person_id)
        _of_person(person, absence_id)
        told = Told()
        if request.method == "POST":
            told = plan_forms.attempt(lambda: _act(absence_id))
            if not told.is_bad:
                say(_("Сохранено."))
                return redirect(url_for("people.absence", person_id=person_id, absence_id=absence_id))
            person = self.get_one(person_id)
        absence = _of_person(person, absence_id)
        form = SubstituteFields()
        form.substitute_id.label.text = _("Кто замещает")
        form.substitute_id.choices = [
            ("", _("никто")),
            *people_forms.substitutes(person, absence.from_on, absence.until_on),
        ]
        if request.method == "GET":
            form.substitute_id.data = absence.substitute_id or absence.wished_id
        is_over = absence.until_on < words.today()
        work = absences.touched(auth.db(), person.user_id, (absence.from_on, absence.until_on))
        page = self.render(
            "pages/person_absence.html",
            person=person,
            absence=absence,
            told=told,
            form=form,
            work=people_work.lines(work),
            is_open=absence.cancelled_at is None and not is_over,
            is_over=is_over,
            can_be_replaced=len(form.substitute_id.choices) > 1,
            is_own=absence.stated_by_id is not None and absence.stated_by_id == person.user_id,
        )
        return (page, 409) if told.is_bad else page


def _of_person(person: Person, absence_id: int) -> Absence:
    absence = auth.db().get(Absence, absence_id)
    if absence is None or absence.person_id != person.id:
        raise NotFound(_("Такого отсутствия нет."))
    return absence


def _act(absence_id: int) -> None:
    how: dict[str, Any] = {"actor": auth.actor(), "at": auth.now()}
    action = request.form.get("action", "")
    if action == "cancel":
        absences.cancel_absence(auth.db(), absence_id, **how)
    elif action == "appoint":
        chosen = case_fields.whole(request.form.get("substitute_id", ""))
        absences.appoint_substitute(auth.db(), absence_id, chosen if chosen > 0 else None, **how)
    else:
        raise Refused(Reason("action", _("Выберите действие на странице.")))
