"""The form that asks a school to keep the works of a case, and what pages say of the day they surely exist until."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import g, request
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateField, StringField
from wtforms.validators import Length

from app import auth
from app.admin import case_fields as fields
from app.admin import words
from app.models import Case
from app.workflows import preservation

USUAL_TERM = timedelta(days=180)


class KeepingFields(fields.StepForm):
    number = StringField(_l("Номер письма"), [fields.NEEDED, Length(max=40)])
    keep_until = DateField(_l("Сохранить до"), [fields.NEEDED], format=fields.DAY_FORMATS)
    signatory = StringField(_l("Кто подпишет"), [fields.NEEDED, Length(max=200)])
    signatory_post = StringField(_l("Должность"), [fields.NEEDED, Length(max=200)])
    is_confirmed = BooleanField(
        _l("Школа подтвердила, что работы целы"),
        description=_l("Обязательно, если срок хранения уже истёк."),
    )


def form(case: Case) -> KeepingFields:
    made = KeepingFields()
    if request.method == "GET":
        made.number.data = f"{case.number}/х"
        made.keep_until.data = max(kept(case)["kept"].kept.until, words.today()) + USUAL_TERM
        made.signatory.data, made.signatory_post.data = g.user.name, g.user.post or ""
    return made


def save(case: Case, form: KeepingFields) -> None:
    preservation.request_keeping(
        auth.db(),
        case.id,
        number=form.number.data or "",
        keep_until=form.keep_until.data,
        is_confirmed=form.is_confirmed.data,
        signatory=form.signatory.data or "",
        signatory_post=form.signatory_post.data or "",
        actor=auth.actor(),
        at=auth.now(),
    )


def kept(case: Case) -> dict[str, Any]:
    return {"kept": preservation.standing(auth.db(), case, today=words.today())}
