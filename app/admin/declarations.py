"""Declarations of conflict of interest: the schools a person is asked about, and the form before a case opens."""

from __future__ import annotations

from typing import Any, ClassVar

from flask import redirect, request, url_for
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from sqlalchemy import select
from wtforms import RadioField, TextAreaField
from wtforms.validators import Length

from app import auth
from app.admin import case_fields, words
from app.admin.base import Page, say
from app.errors import NotFound, Reason, Refused
from app.models import Declaration
from app.policy import Permission
from app.terms import DECLARED_KINDS, ConflictKind
from app.workflows import declarations
from app.workflows.declarations import Asked


class DeclarationFields(FlaskForm):
    answer = RadioField(
        _l("Есть ли у вас конфликт интересов с этой школой"),
        [case_fields.NEEDED],
        choices=[("no", _l("нет, я не связан(а) с этой школой")), ("yes", _l("да, есть"))],
    )
    kinds = case_fields.Checkboxes(_l("В чём он состоит"))
    statement = TextAreaField(
        _l("Пояснение"),
        [Length(max=4000)],
        description=_l("Для «другой связи» обязательно. Без имён детей; школа этого не видит."),
    )


class DeclarationsPage(Page):
    permission = Permission.CONFLICT_DECLARE
    heading: ClassVar[Any] = _l("Декларации")

    @expose("/")
    def index(self) -> str:
        """Schools that wait for the person's word, and what it said before."""
        made = auth.db().scalars(
            select(Declaration)
            .where(Declaration.user_id == auth.actor().user_id)
            .order_by(Declaration.id.desc())
            .limit(50)
        )
        rows = made.all()
        return self.render(
            "pages/declarations.html",
            asked=declarations.asked(auth.db(), auth.actor()),
            made=rows,
            names=declarations.school_names(auth.db(), [row.school_id for row in rows]),
            today=words.today(),
        )

    @expose("/<row:school_id>", methods=("GET", "POST"))
    @auth.door(Permission.CONFLICT_DECLARE)
    def declare(self, school_id: int) -> Any:
        """What the program has found between the person and the school, and the form."""
        asked = next(
            (item for item in declarations.asked(auth.db(), auth.actor()) if item.school_id == school_id), None
        )
        if asked is None:
            raise NotFound(_("По этой школе декларация не нужна или уже дана."))
        form = DeclarationFields()
        form.kinds.choices = [(kind.value, words.capital(words.title(kind))) for kind in DECLARED_KINDS]
        told: tuple[Reason, ...] = ()
        if request.method == "POST" and form.validate():
            try:
                declarations.declare(
                    auth.db(),
                    school_id,
                    has_conflict=form.answer.data == "yes",
                    kinds=tuple(ConflictKind(code) for code in form.kinds.data or []),
                    statement=form.statement.data or "",
                    actor=auth.actor(),
                    at=auth.now(),
                )
                auth.commit()
            except Refused as refused:
                auth.db().rollback()
                told = refused.reasons
            else:
                return self._done(asked, form.answer.data == "yes")
        page = self.render(
            "pages/declaration.html",
            asked=asked,
            form=form,
            found=declarations.computed(auth.db(), auth.actor().user_id or 0, school_id, words.today()),
            told=told,
            problems=case_fields.field_errors(form),
        )
        return (page, 409) if told else (page, 422) if form.errors else page

    def _done(self, asked: Asked, has_conflict: bool) -> Any:
        if has_conflict:
            say(_("Декларация внесена. Дело вам не откроется; отдел образования назначит другого человека."))
            return redirect(url_for("declarations.index"))
        say(_("Декларация внесена, дело открыто: %(school)s.", school=asked.school_name))
        return redirect(url_for("cases.index_view"))
