"""The forms of a case of low results: diagnosis, programme, mentoring pair, review."""

from __future__ import annotations

from datetime import timedelta

from flask import request
from flask_babel import lazy_gettext as _l
from wtforms import DateField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import Length

from app import auth
from app.admin import case_fields as fields
from app.admin import words
from app.models import Case
from app.terms import LowCause, MentoringKind, ReviewOutcome
from app.workflows import support
from app.workflows.mentoring import PairForm


class DiagnosisFields(fields.StepForm):
    held_on = DateField(_l("Когда разобраны причины"), [fields.NEEDED], format=fields.DAY_FORMATS)
    causes = fields.Checkboxes(_l("Причины низких результатов"))
    text = TextAreaField(
        _l("Что показал разбор"),
        [fields.NEEDED, Length(max=10000)],
        description=_l(
            "Какие классы и предметы, что говорит школа, чего ей не хватает. Без имён учеников и оценки учителей."
        ),
    )


class ProgrammeFields(fields.StepForm):
    title = StringField(_l("Название программы"), [fields.NEEDED, Length(max=300)])
    agreed_on = DateField(_l("Согласована"), [fields.NEEDED], format=fields.DAY_FORMATS)
    until = DateField(_l("Действует по"), [fields.NEEDED], format=fields.DAY_FORMATS)
    agreed_with = StringField(
        _l("С кем согласована"), [fields.NEEDED, Length(max=200)], description=_l("Фамилия И. О., должность.")
    )
    text = TextAreaField(
        _l("Меры"),
        [fields.NEEDED, Length(max=10000)],
        description=_l("Что делается, кто отвечает, чем это подтверждается."),
    )


class MentoringFields(fields.StepForm):
    mentor_school_id = SelectField(_l("Школа-наставник"), [fields.NEEDED], coerce=int)
    begins_on = DateField(_l("Начало"), [fields.NEEDED], format=fields.DAY_FORMATS)
    ends_on = DateField(_l("Окончание"), [fields.NEEDED], format=fields.DAY_FORMATS)
    text = TextAreaField(
        _l("О чём договорились"),
        [fields.NEEDED, Length(max=10000)],
        description=_l("Кто кому помогает, как часто, с чего начинают."),
    )


class ReviewFields(fields.StepForm):
    held_on = DateField(_l("День оценки"), [fields.NEEDED], format=fields.DAY_FORMATS)
    outcome = RadioField(_l("Динамика"), [fields.NEEDED])
    text = TextAreaField(
        _l("На чём основана оценка"),
        [fields.NEEDED, Length(max=10000)],
        description=_l("Показатели до и после с годом, что выполнено по программе, что нет."),
    )


def diagnosis_form(case: Case) -> DiagnosisFields:
    form = DiagnosisFields()
    form.causes.choices = [(cause.value, words.title(cause)) for cause in LowCause]
    if request.method == "GET":
        form.held_on.data = words.today()
    return form


def save_diagnosis(case: Case, form: DiagnosisFields) -> None:
    support.record_diagnosis(
        auth.db(),
        case.id,
        held_on=form.held_on.data,
        causes=[LowCause(code) for code in form.causes.data or []],
        text=form.text.data or "",
        actor=auth.actor(),
        at=auth.now(),
    )


def programme_form(case: Case) -> ProgrammeFields:
    form = ProgrammeFields()
    if request.method == "GET":
        form.agreed_on.data, form.until.data = words.today(), words.today() + timedelta(days=300)
    return form


def save_programme(case: Case, form: ProgrammeFields) -> None:
    support.record_programme(
        auth.db(),
        case.id,
        title=form.title.data or "",
        agreed_on=form.agreed_on.data,
        until=form.until.data,
        agreed_with=form.agreed_with.data or "",
        text=form.text.data or "",
        actor=auth.actor(),
        at=auth.now(),
    )


def mentoring_form(case: Case) -> MentoringFields:
    form = MentoringFields()
    form.mentor_school_id.choices = [(s.id, s.name) for s in support.possible_mentors(auth.db(), case)]
    if request.method == "GET":
        form.begins_on.data, form.ends_on.data = words.today(), words.today() + timedelta(days=300)
    return form


def save_mentoring(case: Case, form: MentoringFields) -> None:
    support.record_mentoring(
        auth.db(),
        case.id,
        PairForm(
            MentoringKind.SCHOOLS,
            mentor_school_id=form.mentor_school_id.data,
            school_id=int(case.school_id or 0),
            goals=form.text.data or "",
            starts_on=form.begins_on.data,
            ends_on=form.ends_on.data,
        ),
        actor=auth.actor(),
        at=auth.now(),
    )


def review_form(case: Case) -> ReviewFields:
    form = ReviewFields()
    form.outcome.choices = [(outcome.value, words.title(outcome)) for outcome in ReviewOutcome]
    if request.method == "GET":
        form.held_on.data = words.today()
    return form


def save_review(case: Case, form: ReviewFields) -> None:
    support.record_review(
        auth.db(),
        case.id,
        held_on=form.held_on.data,
        outcome=ReviewOutcome(form.outcome.data),
        text=form.text.data or "",
        actor=auth.actor(),
        at=auth.now(),
    )
