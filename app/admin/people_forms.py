"""The forms of a card: one row each in `FORMS`; fields, how they are prepared, and the verb that keeps them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from sqlalchemy import select
from wtforms import BooleanField, DateField, HiddenField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import Length, NumberRange, Optional

from app import auth
from app.admin import choices, words
from app.admin.case_fields import DAY_FORMATS, NEEDED, Checkboxes
from app.models import Absence, Person
from app.terms import DECLARED_KINDS, AbsenceReason, ConflictKind, Duty, PostKind, Subject
from app.workflows import absences, people_register, ties


def number_or_none(value: Any) -> int | None:
    """The id that a picker sent, or None for its empty choice."""
    return int(value) if value not in (None, "", "None") else None


class CardFields(FlaskForm):
    version = HiddenField()
    name = StringField(_l("Фамилия, имя, отчество"), [NEEDED, Length(max=200)])
    municipality_id = SelectField(_l("Муниципалитет"), coerce=number_or_none)
    email = StringField(_l("Электронная почта"), [Length(max=200)])
    subjects = Checkboxes(_l("Предметы"))
    grades = StringField(_l("Классы"), [Length(max=80)], description=_l("Числами через запятую: 4, 5, 6."))
    languages = StringField(_l("Языки"), [Length(max=200)], description=_l("Через запятую: русский, якутский."))
    load_limit = IntegerField(
        _l("Предел нагрузки"),
        [Optional(), NumberRange(0, 1000)],
        description=_l("Сколько дел, визитов и перепроверок может быть в работе сразу. Пусто — без предела."),
    )
    is_active = BooleanField(_l("Состоит в реестре"), default=True)


class PostFields(FlaskForm):
    kind = SelectField(_l("Кем работает"), [NEEDED])
    title = StringField(_l("Должность"), [Length(max=200)])
    workplace_id = SelectField(_l("Школа"), coerce=number_or_none)
    organisation = StringField(_l("Организация, если это не школа"), [Length(max=400)])
    since = DateField(_l("С какого дня"), [Optional()], format=DAY_FORMATS)
    until = DateField(
        _l("По какой день"), [Optional()], format=DAY_FORMATS, description=_l("Пусто, если работает и сейчас.")
    )


class DutyFields(FlaskForm):
    duty = SelectField(_l("Кем внести"), [NEEDED])
    since = DateField(_l("С какого дня"), [NEEDED], format=DAY_FORMATS)
    until = DateField(_l("По какой день"), [Optional()], format=DAY_FORMATS)


class TrainingFields(FlaskForm):
    programme = StringField(_l("Программа"), [NEEDED, Length(max=300)])
    duty = SelectField(_l("Для какой работы"))
    hours = IntegerField(_l("Часов"), [Optional(), NumberRange(1, 2000)])
    certificate = StringField(_l("Номер удостоверения"), [Length(max=80)])
    issued_on = DateField(_l("Выдано"), [NEEDED], format=DAY_FORMATS)
    valid_until = DateField(
        _l("Действует по"), [Optional()], format=DAY_FORMATS, description=_l("Пусто, если срок не ограничен.")
    )


class AbsenceFields(FlaskForm):
    reason = SelectField(_l("Причина"), [NEEDED])
    from_on = DateField(_l("С какого дня"), [NEEDED], format=DAY_FORMATS)
    until_on = DateField(_l("По какой день"), [NEEDED], format=DAY_FORMATS)
    substitute_id = SelectField(
        _l("Кто замещает"),
        coerce=number_or_none,
        description=_l("Увидит дела отсутствующего после своей декларации; в журнале будут оба имени."),
    )


class TieFields(FlaskForm):
    kind = SelectField(_l("Какая связь"), [NEEDED])
    school_id = SelectField(_l("Школа"), [NEEDED], coerce=int)
    note = TextAreaField(_l("Пояснение"), [Length(max=1000)], description=_l("Без имён детей. Школа его не видит."))
    until = DateField(_l("По какой день"), [Optional()], format=DAY_FORMATS)


@dataclass(frozen=True)
class PersonForm:
    """One form of a card: its title, how it is prepared, what keeps it, and where it leads when not to the card."""

    title: Any
    lead: Any
    prepare: Callable[[Person], Any]
    save: Callable[[Person, Any], Any]
    done: Any
    then: Callable[[Any], str] | None = None


def _how() -> dict[str, Any]:
    return {"actor": auth.actor(), "at": auth.now()}


def card_form(person: Person | None) -> CardFields:
    form = CardFields(obj=person)
    form.subjects.choices = choices.terms(Subject)
    form.municipality_id.choices = [("", _("— весь регион —")), *choices.municipalities()]
    if auth.actor().municipality_id is not None:
        form.municipality_id.choices = choices.municipalities()
    if not form.is_submitted():
        form.grades.data = ", ".join(str(grade) for grade in person.grades) if person else ""
        form.languages.data = ", ".join(person.languages) if person else "русский"
        form.municipality_id.process_data(person.municipality_id if person else None)
    return form


def card_of(form: CardFields) -> people_register.Card:
    grades = [part.strip() for part in (form.grades.data or "").split(",") if part.strip()]
    return people_register.Card(
        name=form.name.data or "",
        municipality_id=form.municipality_id.data,
        email=form.email.data or "",
        subjects=tuple(form.subjects.data or ()),
        # Anything that is no number becomes a grade that the register refuses with its sentence.
        grades=tuple(int(part) if part.isascii() and part.isdigit() and len(part) < 4 else 0 for part in grades),
        languages=tuple((form.languages.data or "").split(",")),
        load_limit=form.load_limit.data,
        is_active=form.is_active.data,
    )


def _schools_or_none() -> list[tuple[str, str]]:
    return [("", "—"), *choices.schools()]


def post_form(person: Person) -> PostFields:
    form = PostFields()
    form.kind.choices, form.workplace_id.choices = choices.terms(PostKind), _schools_or_none()
    return form


def save_post(person: Person, form: PostFields) -> object:
    return people_register.add_post(
        auth.db(),
        person.id,
        PostKind(form.kind.data),
        title=form.title.data or "",
        workplace_id=form.workplace_id.data,
        organisation=form.organisation.data or "",
        since=form.since.data,
        until=form.until.data,
        **_how(),
    )


def duty_form(person: Person) -> DutyFields:
    form = DutyFields(since=words.today())
    form.duty.choices = choices.terms(Duty)
    return form


def save_duty(person: Person, form: DutyFields) -> object:
    return people_register.enter_duty(
        auth.db(), person.id, Duty(form.duty.data), since=form.since.data, until=form.until.data, **_how()
    )


def training_form(person: Person) -> TrainingFields:
    today = words.today()
    form = TrainingFields(issued_on=today, valid_until=today + timedelta(days=3 * 365))
    form.duty.choices = [("", _("для любой")), *choices.terms(Duty)]
    return form


def save_training(person: Person, form: TrainingFields) -> object:
    return people_register.add_training(
        auth.db(),
        person.id,
        form.programme.data or "",
        duty=Duty(form.duty.data) if form.duty.data else None,
        hours=form.hours.data,
        certificate=form.certificate.data or "",
        issued_on=form.issued_on.data,
        valid_until=form.valid_until.data,
        **_how(),
    )


def absence_form(person: Person) -> AbsenceFields:
    today = words.today()
    form = AbsenceFields(from_on=today, until_on=today + timedelta(days=13))
    form.reason.choices = choices.terms(AbsenceReason)
    days = (form.from_on.data or words.today(), form.until_on.data or words.today())
    form.substitute_id.choices = [("", _("никто")), *substitutes(person, *days)]
    return form


def substitutes(person: Person, from_on: date, until_on: date) -> list[Any]:
    """Colleagues of the same role; those who may not stay in the list, shut, with the reason."""
    found: list[Any] = []
    others = auth.db().scalars(
        select(Person)
        .where(Person.id != person.id, Person.user_id.is_not(None), Person.is_active)
        .order_by(Person.name, Person.id)
    )
    for other in others:
        told = absences.substitute_objections(auth.db(), person, other, from_on, until_on)
        if told and told[0].code == "substitute_role":
            continue
        if told:
            found.append((str(other.id), f"{other.name} — {told[0].text(words.locale())}", {"disabled": True}))
        else:
            found.insert(0, (str(other.id), other.name))
    return found


def save_absence(person: Person, form: AbsenceFields) -> Absence:
    return absences.record_absence(
        auth.db(),
        person.id,
        AbsenceReason(form.reason.data),
        from_on=form.from_on.data,
        until_on=form.until_on.data,
        substitute_id=form.substitute_id.data,
        **_how(),
    )


def tie_form(person: Person) -> TieFields:
    form = TieFields()
    form.kind.choices = [(kind.value, words.capital(words.title(kind))) for kind in DECLARED_KINDS]
    form.school_id.choices = choices.schools()
    return form


def save_tie(person: Person, form: TieFields) -> object:
    return ties.state_tie(
        auth.db(),
        person.id,
        ConflictKind(form.kind.data),
        form.school_id.data,
        text=form.note.data or "",
        until=form.until.data,
        **_how(),
    )


FORMS: dict[str, PersonForm] = {
    "post": PersonForm(
        _l("Место работы"),
        _l("Вносите и прежние места за последние годы: по ним программа находит конфликт интересов."),
        post_form,
        save_post,
        _l("Место работы внесено."),
    ),
    "duty": PersonForm(
        _l("Внести куратором, наблюдателем или экспертом"),
        _l("Назначить можно того, кто внесён и имеет учётную запись."),
        duty_form,
        save_duty,
        _l("Запись внесена."),
    ),
    "training": PersonForm(
        _l("Обучение"),
        _l("Наблюдателя, чьё обучение истекает до визита, программа не назначит."),
        training_form,
        save_training,
        _l("Обучение внесено."),
    ),
    "absence": PersonForm(
        _l("Отсутствие"),
        _l("Заместитель действует в эти дни от своего имени за отсутствующего; потом доступ закроется сам."),
        absence_form,
        save_absence,
        _l("Отсутствие внесено."),
        lambda absence: url_for("people.absence", person_id=absence.person_id, absence_id=absence.id),
    ),
    "tie": PersonForm(
        _l("Личная связь со школой"),
        _l("Такого человека программа не назначит в эту школу. Место работы сюда вносить не нужно."),
        tie_form,
        save_tie,
        _l("Связь внесена."),
    ),
}
"""Name in the address → form."""
