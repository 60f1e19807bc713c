"""What is amiss with the people of a case: a conflict, no declaration yet, an absence."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import select

from app import auth
from app.admin import words
from app.admin.case_steps import discreet
from app.flows import CLOSED
from app.models import Case, Observation
from app.policy import Permission
from app.terms import VisitStatus
from app.workflows import declarations, independence
from app.workflows.sight import declared_schools


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


def _amiss(user_id: int, name: str, school_id: int) -> Standing | None:
    today = words.today()
    found = declarations.computed(auth.db(), user_id, school_id, today)
    if found:
        return Standing(name, discreet(found[0]).text(words.locale()) + " " + _("Назначьте другого."), "bad")
    said = declared_schools(auth.db(), user_id, today).get(school_id)
    if said:
        return Standing(name, _("заявлен конфликт интересов. Назначьте другого."), "bad")
    facts = independence.facts_of_user(auth.db(), user_id, today)
    absence = facts.absence_on(today) if facts is not None else None
    if absence is not None:
        return Standing(name, _("отсутствует до %(day)s", day=words.day(absence.until, "short")), "warn")
    if said is None:
        return Standing(name, _("ещё не заявил(а), нет ли конфликта интересов: дело пока закрыто"), "warn")
    return None
