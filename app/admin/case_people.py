"""What is amiss with the people of a case: a conflict, no declaration yet, an absence."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import select

from app import auth
from app.admin import words
from app.admin.case_steps import discreet
from app.flows import CLOSED
from app.models import Case, CuratorOrder, Observation
from app.policy import Permission
from app.terms import VisitStatus
from app.workflows import declarations
from app.workflows.sight import away, declared_schools


@dataclass(frozen=True)
class Standing:
    """A person of the case: `tone` warns, `text` says what about."""

    name: str
    text: str
    tone: str


def people_amiss(case: Case) -> list[Standing]:
    """For those who appoint: whoever of the curator and the observers ahead is not free, declared and present."""
    if case.state == CLOSED or case.school_id is None or not auth.actor().may(Permission.CASE_ASSIGN):
        return []
    people: dict[int, str] = {}
    if case.curator_id is not None:
        people[case.curator_id] = case.curator_name or "—"
    visits = auth.db().scalars(
        select(Observation).where(Observation.case_id == case.id, Observation.status == VisitStatus.SCHEDULED)
    )
    people |= {visit.observer_id: visit.observer_name for visit in visits}
    told = (_amiss(user_id, name, case.school_id) for user_id, name in people.items())
    return [item for item in told if item is not None]


def away_in_words(user_id: int | None) -> str:
    """Until when a person of a case is away and who acts in its place; empty while it is there."""
    absence = away(auth.db(), user_id, words.today()) if user_id is not None else None
    if absence is None:
        return ""
    day = words.day(absence.until, "short")
    if absence.substitute is None:
        return _("отсутствует до %(day)s, никто не замещает", day=day)
    return _("отсутствует до %(day)s, замещает %(who)s", day=day, who=absence.substitute)


def is_said_free(case: Case, order: CuratorOrder) -> bool:
    """Whether the curator has said to be free of conflict: with the order or in a declaration."""
    if case.school_id is None or order.no_conflict_declared:
        return order.no_conflict_declared
    return declarations.is_declared(auth.db(), order.curator_id, case.school_id, words.today())


def _amiss(user_id: int, name: str, school_id: int) -> Standing | None:
    today = words.today()
    found = declarations.computed(auth.db(), user_id, school_id, today)
    if found:
        return Standing(name, discreet(found[0]).text(words.locale()) + " " + _("Назначьте другого."), "bad")
    said = declared_schools(auth.db(), user_id, today).get(school_id)
    if said:
        return Standing(name, _("заявлен конфликт интересов. Назначьте другого."), "bad")
    absence = away_in_words(user_id)
    if absence:
        return Standing(name, absence, "warn")
    if said is None:
        return Standing(name, _("ещё не заявил(а), нет ли конфликта интересов: дело пока закрыто"), "warn")
    return None
