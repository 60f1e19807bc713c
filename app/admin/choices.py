"""Choices of filters and pickers; each list is asked once a request."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from flask import g
from flask_babel import gettext as _
from sqlalchemy import select

from app import auth
from app.admin import words
from app.models import Case, Municipality, School
from app.terms import Term
from app.workflows.definitions import known_states

Choices = Sequence[tuple[str, str]]


def once(name: str, ask: Callable[[], Choices]) -> Choices:
    """The choices called `name`, asked at most once in this request."""
    kept: dict[str, Choices] = g.setdefault("choices", {})
    if name not in kept:
        kept[name] = ask()
    return kept[name]


def terms(kind: type[Term], *, skip: Sequence[Term] = ()) -> Choices:
    return [(member.value, words.capital(words.title(member))) for member in kind if member not in skip]


def named(titles: Mapping[str, object]) -> Choices:
    """Choices of a table of titles, in the language of the page."""
    return [(key, str(title)) for key, title in titles.items()]


def municipalities() -> Choices:
    return once(
        "municipalities",
        lambda: [
            (str(row.id), row.name)
            for row in auth.db().execute(select(Municipality.id, Municipality.name).order_by(Municipality.name))
        ],
    )


def case_years() -> Choices:
    return once(
        "case_years",
        lambda: [
            (str(year), str(year))
            for year in auth.db().scalars(select(Case.year).distinct().order_by(Case.year.desc()))
        ],
    )


def stages() -> Choices:
    """Stages of every workflow that cases run by."""
    return once("stages", lambda: [(state.code, words.title(state)) for state in known_states(auth.db())])


def yes_no() -> Choices:
    return [("1", _("да")), ("0", _("нет"))]


def schools() -> Choices:
    """Schools in sight for a picker, by name with their place; a region has some hundreds of them."""
    return once(
        "schools",
        lambda: [
            (str(row.id), f"{row.name} ({row.code})")
            for row in auth.db().execute(select(School.id, School.name, School.code).order_by(School.name).limit(3000))
        ],
    )
