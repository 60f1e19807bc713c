"""Signing in and out, one's own password and absences, and the language of the pages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, g, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import DateField, HiddenField, PasswordField, SelectField, StringField
from wtforms.validators import InputRequired, Length

from app import auth
from app.admin import case_fields, choices, plan_forms, words
from app.admin.base import say
from app.admin.people_forms import number_or_none
from app.admin.plan_forms import Told
from app.conflicts import load_rules
from app.errors import Reason, Refused
from app.models import Person
from app.terms import AbsenceReason
from app.workflows import absences, people, people_register

account = Blueprint("auth", __name__)
language = Blueprint("locale", __name__)


class SignInForm(FlaskForm):
    login = StringField(_l("Логин"), [InputRequired(_l("Укажите логин.")), Length(max=80)])
    password = PasswordField(_l("Пароль"), [InputRequired(_l("Укажите пароль.")), Length(max=500)])
    next = HiddenField()


class PasswordForm(FlaskForm):
    current = PasswordField(_l("Нынешний пароль"), [InputRequired(_l("Укажите нынешний пароль.")), Length(max=500)])
    fresh = PasswordField(_l("Новый пароль"), [InputRequired(_l("Укажите новый пароль.")), Length(max=500)])
    again = PasswordField(_l("Новый пароль ещё раз"), [InputRequired(_l("Повторите новый пароль.")), Length(max=500)])


class OwnAbsenceFields(FlaskForm):
    reason = SelectField(_l("Причина"), [case_fields.NEEDED])
    from_on = DateField(_l("С какого дня"), [case_fields.NEEDED], format=case_fields.DAY_FORMATS)
    until_on = DateField(
        _l("По какой день"), [case_fields.NEEDED], format=case_fields.DAY_FORMATS, description=_l("Включительно.")
    )
    wished_id = SelectField(
        _l("Кого просите в заместители"),
        coerce=number_or_none,
        description=_l("Необязательно. Назначит отдел образования: он проверит, нет ли конфликта интересов."),
    )


@account.route("/sign-in", methods=["GET", "POST"])
@auth.door(auth.PUBLIC)
def sign_in() -> Any:
    """One message for a wrong login and a wrong password; the same time for both."""
    if auth.is_signed_in() and request.method == "GET":
        return redirect(auth.local_target(request.args.get("next")))
    form = SignInForm(next=request.args.get("next", ""))
    problem, status = None, 200
    if form.validate_on_submit():
        try:
            key = auth.sign_in(
                str(form.login.data), str(form.password.data), address=request.remote_addr or "", at=auth.now()
            )
        except auth.TooManyTries as throttle:
            problem = _("Слишком много попыток. Повторите через %(seconds)d с.", seconds=throttle.seconds)
            status = 429
        else:
            if key is not None:
                response = make_response(redirect(auth.local_target(form.next.data)))
                auth.give_cookie(response, key)
                return response
            problem, status = _("Логин или пароль не подходит. Проверьте раскладку и попробуйте ещё раз."), 401
    elif request.method == "POST":
        status = 400
    return render_template("pages/sign_in.html", form=form, problem=problem), status


@account.route("/sign-out", methods=["POST"])
@auth.door(auth.SIGNED_IN)
def sign_out() -> Any:
    auth.sign_out(at=auth.now())
    response = make_response(redirect(url_for("auth.sign_in")))
    auth.drop_cookie(response)
    return response


@language.route("/locale", methods=["POST"])
@auth.door(auth.PUBLIC)
def switch() -> Any:
    """Switch the language: for good when somebody is signed in, for this browser otherwise."""
    chosen = request.form.get("locale", "")
    if chosen not in ("ru", "en"):
        raise Refused(Reason("locale", "Такого языка нет: выберите русский или английский.", "No such language."))
    response = make_response(redirect(auth.local_target(request.form.get("next"))))
    response.set_cookie(
        "locale",
        chosen,
        max_age=31_536_000,
        samesite="Lax",
        httponly=True,
        secure=auth.context().settings.secure_cookies,
    )
    if auth.is_signed_in():
        people.set_locale(auth.db(), g.user.id, chosen)
        auth.commit()
    return response


@account.route("/account", methods=["GET", "POST"])
@auth.door(auth.SIGNED_IN)
def own() -> Any:
    """Who I am here, and my password."""
    form = PasswordForm()
    reasons: tuple[Reason, ...] = ()
    if form.validate_on_submit():
        try:
            _change_password(form)
        except Refused as refused:
            reasons = refused.reasons
            auth.db().rollback()
        else:
            say(_("Пароль сменён. Другие ваши сеансы завершены."))
            return redirect(url_for("auth.own"))
    return render_template("pages/account.html", form=form, reasons=reasons, user=g.user), 409 if reasons else 200


def _change_password(form: PasswordForm) -> None:
    if not people.password_matches(g.user.password_hash, str(form.current.data)):
        raise Refused(Reason("password_wrong", "Нынешний пароль указан неверно.", "The present password is wrong."))
    if form.fresh.data != form.again.data:
        raise Refused(Reason("password_differs", "Новые пароли не совпадают.", "The new passwords differ."))
    people.set_password(
        auth.db(), g.user.id, str(form.fresh.data), actor=auth.actor(), at=auth.now(), keep_session_id=g.auth_session_id
    )
    auth.commit()


@account.route("/account/absences", methods=["GET", "POST"])
@auth.door(auth.SIGNED_IN)
def own_absences() -> Any:
    """My own absences: state one, withdraw one that has not begun."""
    actor, session, today = auth.actor(), auth.db(), words.today()
    form = OwnAbsenceFields(from_on=today + timedelta(days=1), until_on=today + timedelta(days=1))
    form.reason.choices = choices.terms(AbsenceReason)
    person = absences.own_card(session, actor)
    wished = absences.colleagues(session, person) if person is not None else []
    form.wished_id.choices = [("", _("никого")), *((str(other.id), other.name) for other in wished)]
    told = Told()
    how: dict[str, Any] = {"actor": actor, "at": auth.now()}
    if request.method == "POST":
        absence_id = case_fields.whole(request.form.get("withdraw", ""))
        if absence_id > 0:
            told = plan_forms.attempt(lambda: absences.withdraw_absence(session, absence_id, **how))
            done = _("Отсутствие отозвано; отдел образования узнает об этом.")
        elif form.validate():
            told = plan_forms.attempt(lambda: _state(form, how))
            done = _("Отсутствие внесено; отдел образования узнает о нём и назначит заместителя, если он нужен.")
        if not told.is_bad and not form.errors:
            say(done)
            return redirect(url_for("auth.own_absences"))
        person = absences.own_card(session, auth.actor())
    page = render_template(
        "pages/own_absences.html",
        form=form,
        told=told,
        problems=case_fields.field_errors(form),
        missing=absences.no_card(actor).text(words.locale()) if _states_none(person) else "",
        can_wish=len(form.wished_id.choices) > 1,
        absences=absences.own_absences(session, person, today) if person is not None else [],
        today=today,
        own_id=actor.user_id,
    )
    return page, 409 if told.is_bad else 422 if form.errors else 200


@account.route("/account/training")
@auth.door(auth.SIGNED_IN)
def own_training() -> Any:
    """My own trainings and until when they count."""
    session, today = auth.db(), words.today()
    person = absences.own_card(session, auth.actor())
    return render_template(
        "pages/own_training.html",
        trainings=people_register.own_trainings(session, person) if person is not None else [],
        today=today,
        soon=today + timedelta(days=load_rules().expiry_days),
    )


def _states_none(person: Person | None) -> bool:
    """Whether there is no card to enter an absence on, and none is made for this person."""
    return auth.actor().role not in people_register.STAFF if person is None else not person.is_active


def _state(form: OwnAbsenceFields, how: dict[str, Any]) -> None:
    absences.state_absence(
        auth.db(),
        AbsenceReason(form.reason.data),
        from_on=form.from_on.data,
        until_on=form.until_on.data,
        wished_id=form.wished_id.data,
        **how,
    )
