"""People: the list, and the one form an administrator has for them."""

from __future__ import annotations

from typing import Any, ClassVar

from flask import redirect, request, url_for
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from sqlalchemy import ColumnElement, false, or_, select
from sqlalchemy.orm import selectinload
from wtforms import BooleanField, HiddenField, PasswordField, SelectField, StringField
from wtforms.validators import InputRequired, Length

from app import auth
from app.admin import case_fields, choices, words
from app.admin.base import Column, Filter, ScopedView, like, say
from app.errors import Conflict, Reason, Refused
from app.models import Person, User
from app.policy import Permission
from app.terms import Role
from app.workflows import people


def _id(value: Any) -> int | None:
    return int(value) if value not in (None, "", "None") else None


class UserFields(FlaskForm):
    version = HiddenField()
    login = StringField(_l("Логин"), [Length(max=80)])
    password = PasswordField(
        _l("Пароль"), [Length(max=500)], description=_l("Не короче 12 знаков: фраза из нескольких слов.")
    )
    name = StringField(_l("Фамилия, имя, отчество"), [InputRequired(_l("Заполните это поле.")), Length(max=200)])
    post = StringField(_l("Должность"), [Length(max=200)])
    role = SelectField(_l("Роль"))
    municipality_id = SelectField(_l("Муниципалитет"), coerce=_id)
    school_id = SelectField(_l("Школа (для роли «школа»)"), coerce=_id)
    person_id = SelectField(
        _l("Карточка в разделе «Люди»"),
        coerce=_id,
        description=_l(
            "Место работы, обучение и отсутствия ведут в карточке. Куратору и инспектору её заводит программа."
        ),
    )
    is_active = BooleanField(_l("Может входить"), default=True)


class UsersView(ScopedView):
    permission = Permission.USER_MANAGE
    heading: ClassVar[Any] = _l("Пользователи")
    lead: ClassVar[Any] = _l(
        "Кто входит в систему, с какой ролью и где. Смена роли или места завершает сеансы человека."
    )
    empty: ClassVar[Any] = _l("Пользователей нет.")
    list_template = "pages/users.html"
    search_hint: ClassVar[Any] = _l("Имя или логин")
    order = (("name", False), ("id", False))
    eager = (selectinload(User.municipality), selectinload(User.school))
    columns = (
        Column("name", _l("Человек"), lambda u: u.name, kind="strong", sort="name"),
        Column("login", _l("Логин"), lambda u: u.login, sort="login"),
        Column("role", _l("Роль"), lambda u: words.title(u.role)),
        Column("municipality_id", _l("Где"), lambda u: place_of(u)),
        Column("post", _l("Должность"), lambda u: u.post or "—", is_wide_only=True),
        Column("is_active", _l("Вход"), lambda u: _("разрешён") if u.is_active else _("закрыт"), kind="pill"),
    )
    filters = (
        Filter("role", _l("Роль"), lambda: choices.terms(Role), lambda v: User.role == v),
        Filter("active", _l("Может входить"), choices.yes_no, lambda v: User.is_active.is_(v == "1")),
        Filter("municipality", _l("Муниципалитет"), choices.municipalities, lambda v: User.municipality_id == int(v)),
    )

    def search(self, text: str) -> ColumnElement[bool] | None:
        return or_(User.name.ilike(like(text), escape="\\"), User.login.ilike(like(text), escape="\\"))

    def href(self, row: User) -> str | None:
        return self.get_url(".user", user_id=row.id)

    @expose("/add", methods=("GET", "POST"))
    @auth.door(Permission.USER_MANAGE)
    def add(self) -> Any:
        return self._serve(None)

    @expose("/<row:user_id>", methods=("GET", "POST"))
    @auth.door(Permission.USER_MANAGE)
    def user(self, user_id: int) -> Any:
        return self._serve(self.get_one(user_id))

    def _serve(self, user: User | None) -> Any:
        form = UserFields(obj=user if request.method == "GET" else None)
        form.role.choices = choices.terms(Role)
        form.municipality_id.choices = [("", _("— вся территория —")), *choices.municipalities()]
        form.school_id.choices = [("", "—"), *choices.schools()]
        form.person_id.choices = [("", _("— завести, если нужна —")), *_cards(user)]
        if user is None:
            form.login.flags.required = form.password.flags.required = True
        if request.method == "GET":
            form.password.data = None
            for name in ("role", "municipality_id", "school_id"):
                form[name].process_data(getattr(user, name) if user is not None else None)
            form.person_id.process_data(_card_of(user))
        told: tuple[Reason, ...] = ()
        conflict = None
        if request.method == "POST" and form.validate():
            try:
                self._keep(user, form)
                auth.commit()
            except Refused as refused:
                auth.db().rollback()
                told = refused.reasons
            except Conflict as error:
                auth.db().rollback()
                conflict = str(error)
            else:
                say(_("Сохранено."))
                return redirect(url_for("users.index_view"))
            user = self.get_one(user.id) if user is not None else None
        form.version.data = str(user.version) if user is not None else "0"
        page = self.render(
            "pages/user.html",
            form=form,
            user=user,
            told=told,
            conflict=conflict,
            problems=case_fields.field_errors(form),
        )
        return (page, 409) if told or conflict else (page, 422) if form.errors else page

    def _keep(self, user: User | None, form: UserFields) -> None:
        said = people.UserForm(
            name=form.name.data or "",
            post=form.post.data or "",
            role=Role(form.role.data),
            municipality_id=form.municipality_id.data,
            school_id=form.school_id.data,
            is_active=form.is_active.data,
            person_id=form.person_id.data,
        )
        if user is None:
            people.create_user(
                auth.db(), form.login.data or "", form.password.data or "", said, actor=auth.actor(), at=auth.now()
            )
            return
        version = form.version.data or ""
        people.change_user(
            auth.db(),
            user.id,
            said,
            actor=auth.actor(),
            at=auth.now(),
            expected_version=int(version) if version.isascii() and version.isdigit() and len(version) < 10 else -1,
        )
        if form.password.data:
            people.set_password(auth.db(), user.id, form.password.data, actor=auth.actor(), at=auth.now())


def _card_of(user: User | None) -> int | None:
    if user is None:
        return None
    return auth.db().scalars(select(Person.id).where(Person.user_id == user.id)).first()


def _cards(user: User | None) -> list[tuple[str, str]]:
    """Cards without an account, and the one of this account."""
    own = Person.user_id == user.id if user is not None else false()
    free = select(Person.id, Person.name).where(or_(Person.user_id.is_(None), own)).order_by(Person.name).limit(3000)
    return [(str(row.id), row.name) for row in auth.db().execute(free)]


def place_of(user: User) -> str:
    if user.school is not None:
        return user.school.name
    return user.municipality.name if user.municipality is not None else _("вся территория")
