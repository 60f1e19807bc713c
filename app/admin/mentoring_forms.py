"""The forms of a new pair: of two schools, or of two people of the register with their subject."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from sqlalchemy import select
from wtforms import BooleanField, DateField, HiddenField, SelectField, StringField, TextAreaField
from wtforms.validators import Length

from app import auth
from app.admin import case_fields, choices, words
from app.admin.case_steps import discreet, reason_in_short
from app.admin.people_forms import number_or_none
from app.errors import Reason, Refused
from app.models import School
from app.terms import MentoringKind, Subject
from app.workflows import mentoring, mentors
from app.workflows.mentors import Offer

METHODISTS = "methodists"
"""The choice of a place that is no school: the methodical service."""


class PairFields(FlaskForm):
    """What both kinds of pairs have."""

    kind = HiddenField()
    goals = TextAreaField(_l("Цели"), [case_fields.NEEDED, Length(max=4000)])
    starts_on = DateField(_l("Начало"), [case_fields.NEEDED], format=case_fields.DAY_FORMATS)
    ends_on = DateField(_l("Окончание"), [case_fields.NEEDED], format=case_fields.DAY_FORMATS)


class SchoolFields(PairFields):
    mentor_school_id = SelectField(_l("Школа-наставник"), [case_fields.NEEDED], coerce=int)
    school_id = SelectField(_l("Школа, которой помогают"), [case_fields.NEEDED], coerce=int)


class TeacherFields(PairFields):
    school_id = SelectField(_l("Школа, которой помогают"), [case_fields.NEEDED], coerce=number_or_none)
    subject = SelectField(_l("Предмет"), [case_fields.NEEDED])
    mentee_person_id = SelectField(_l("Кому помогает"), [case_fields.NEEDED], coerce=number_or_none)
    mentor_person_id = SelectField(_l("Наставник"), [case_fields.NEEDED], coerce=number_or_none)
    is_confirmed = BooleanField(_l("Предмет в карточке другой, это не ошибка: завести пару"))
    mentee_name = StringField(_l("Фамилия, имя, отчество"), [Length(max=200)])
    mentee_title = StringField(_l("Должность"), [Length(max=200)])
    mentor_name = StringField(_l("Фамилия, имя, отчество"), [Length(max=200)])
    mentor_title = StringField(_l("Должность"), [Length(max=200)])
    mentor_place = SelectField(_l("Где работает"), validate_choice=False)


def last_day(today: date) -> date:
    """The end of the school year: where a pair usually ends."""
    return date(today.year + (today.month > 5), 5, 31)


def school_form(school_id: int | None) -> SchoolFields:
    today = words.today()
    form = SchoolFields(starts_on=today, ends_on=last_day(today), school_id=school_id)
    form.kind.data = MentoringKind.SCHOOLS.value
    form.school_id.choices = form.mentor_school_id.choices = choices.schools()
    return form


def school_pair(form: SchoolFields) -> mentoring.PairForm:
    return mentoring.PairForm(
        MentoringKind.SCHOOLS,
        form.mentor_school_id.data,
        form.school_id.data,
        form.goals.data or "",
        form.starts_on.data,
        form.ends_on.data,
    )


def teacher_form(school_id: int | None, subject: str) -> TeacherFields:
    """The form as it was sent or asked for; people are offered once the school and the subject are known."""
    today = words.today()
    form = TeacherFields(starts_on=today, ends_on=last_day(today), school_id=school_id, subject=subject)
    form.kind.data = MentoringKind.TEACHERS.value
    form.school_id.choices = [("", "—"), *choices.schools()]
    form.subject.choices = [("", "—"), *choices.terms(Subject)]
    form.mentor_place.choices = [(METHODISTS, _("Методическая служба")), *_objective_schools()]
    return form


def offers(form: TeacherFields) -> tuple[list[Offer], list[Offer]]:
    """Who might help and who might be helped; fills the two pickers."""
    school = school_of(form.school_id.data)
    subject = form.subject.data or ""
    can_offer = school is not None and subject in set(Subject)
    helping = mentors.mentors(auth.db(), school, subject, words.today(), auth.actor()) if can_offer and school else []
    helped = mentors.mentees(auth.db(), school, subject, words.today()) if can_offer and school else []
    form.mentor_person_id.choices = _choices(helping, is_placed=True)
    form.mentee_person_id.choices = _choices(helped, is_placed=False)
    return helping, helped


def teacher_pair(form: TeacherFields) -> mentoring.PairForm:
    return mentoring.PairForm(
        MentoringKind.TEACHERS,
        None,
        form.school_id.data,
        form.goals.data or "",
        form.starts_on.data,
        form.ends_on.data,
        subject=form.subject.data or "",
        mentor_person_id=form.mentor_person_id.data,
        mentee_person_id=form.mentee_person_id.data,
        is_confirmed=form.is_confirmed.data,
    )


def enter(form: TeacherFields, side: str) -> int:
    """Enter whom the register lacks, with the post and the subject that the pair needs; returns the card's id."""
    school = school_of(form.school_id.data)
    if school is None or form.subject.data not in set(Subject):
        raise Refused(Reason("no_school", _("Сначала выберите школу и предмет пары.")))
    name, title = form[f"{side}_name"], form[f"{side}_title"]
    place: School | None = school
    if side == "mentor":
        place = None if form.mentor_place.data == METHODISTS else school_of(case_fields.whole(form.mentor_place.data))
        if place is None and form.mentor_place.data != METHODISTS:
            raise Refused(Reason("no_place", _("Выберите, где работает наставник.")))
    person = mentors.enter_colleague(
        auth.db(), name.data or "", title.data or "", place, form.subject.data, actor=auth.actor(), at=auth.now()
    )
    return person.id


def told_discreetly(reasons: Sequence[Reason]) -> tuple[Reason, ...]:
    """A personal tie stays between the person and those who keep the register."""
    return tuple(discreet(reason) for reason in reasons)


def unable(found: Sequence[Offer]) -> list[tuple[str, str]]:
    """Names with the reason of those who may not be mentors."""
    return [(o.person.name, discreet(o.reasons[0]).text(words.locale())) for o in found if o.reasons]


def school_of(school_id: int | None) -> School | None:
    if school_id is None or not 0 < school_id < 2**31:
        return None
    return auth.db().scalars(select(School).where(School.id == school_id)).first()


def _objective_schools() -> list[tuple[str, str]]:
    rows = auth.db().execute(select(School.id, School.name).where(School.is_objective).order_by(School.name))
    return [(str(row.id), row.name) for row in rows]


def _choices(found: Sequence[Offer], *, is_placed: bool) -> list[Any]:
    """Choices of a picker in the order of the offers; those who may not stay in it, shut, with the reason."""
    listed: list[Any] = [("", "—")]
    for offer in found:
        value = str(offer.person.person_id)
        if offer.reasons:
            listed.append((value, f"{offer.person.name} — {reason_in_short(offer.reasons[0])}", {"disabled": True}))
        else:
            listed.append((value, _told(offer, is_placed=is_placed)))
    return listed


def _told(offer: Offer, *, is_placed: bool) -> str:
    parts = [part for part in (offer.post, offer.place if is_placed else "") if part]
    if offer.n_pairs:
        parts.append(_("пар сейчас: %(n)s", n=offer.n_pairs))
    if not offer.is_of_subject:
        parts.append(_("предмета в карточке нет"))
    parts += [reason_in_short(reason) for reason in offer.warnings if reason.code == "away"]
    return f"{offer.person.name} — {', '.join(parts)}" if parts else offer.person.name
