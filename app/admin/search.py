"""The search of the top bar: cases, schools and people in sight."""

from __future__ import annotations

from flask import request, url_for
from flask_admin import expose
from flask_babel import gettext as _
from sqlalchemy import or_, select
from sqlalchemy.orm import selectinload

from app import auth
from app.admin import words
from app.admin.base import Page, like
from app.admin.cases import school_matches
from app.models import Case, School, User
from app.policy import Permission

MOST = 20


class SearchPage(Page):
    def is_visible(self) -> bool:
        return False

    @expose("/")
    @auth.door(auth.SIGNED_IN)
    def index(self) -> str:
        text = " ".join(request.args.get("q", "").split())[:80]
        groups: list[tuple[str, list[tuple[str, str, str]]]] = []
        if len(text) >= 2:
            groups = [group for group in (_cases(text), _schools(text), _people(text)) if group[1]]
        return self.render("pages/search.html", text=text, groups=groups, most=MOST)


def _cases(text: str) -> tuple[str, list[tuple[str, str, str]]]:
    rows = auth.db().scalars(
        select(Case)
        .where(or_(Case.number.ilike(like(text), escape="\\"), Case.school_id.in_(school_matches(text))))
        .options(selectinload(Case.school))
        .order_by(Case.closed_at.is_not(None), Case.evidence.desc())
        .limit(MOST)
    )
    return _("Дела"), [
        (c.school.name, f"{c.number} · {words.stage(c)}", url_for("cases.case", case_id=c.id)) for c in rows
    ]


def _schools(text: str) -> tuple[str, list[tuple[str, str, str]]]:
    rows = auth.db().scalars(
        select(School).where(School.id.in_(school_matches(text))).order_by(School.name).limit(MOST)
    )
    return _("Школы"), [
        (s.name, f"{s.code} · {s.municipality.name}", url_for("schools.school", school_id=s.id)) for s in rows
    ]


def _people(text: str) -> tuple[str, list[tuple[str, str, str]]]:
    if not auth.actor().may(Permission.USER_MANAGE):
        return _("Люди"), []
    rows = auth.db().scalars(
        select(User)
        .where(or_(User.name.ilike(like(text), escape="\\"), User.login.ilike(like(text), escape="\\")))
        .order_by(User.name)
        .limit(MOST)
    )
    return _("Люди"), [(u.name, words.title(u.role), url_for("users.user", user_id=u.id)) for u in rows]
