"""The route of a day: visits and rechecks by neighbourhood, to be printed and taken along."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flask import request
from flask_admin import expose
from flask_babel import gettext as _
from sqlalchemy import select

from app import auth
from app.admin import words
from app.admin.base import Page
from app.models import Observation, Recheck, School
from app.policy import Permission
from app.terms import RecheckStatus, Role, VisitStatus


@dataclass(frozen=True)
class Stop:
    """One thing to do at a school."""

    place: str
    school: str
    person: str
    what: str
    endpoint: str
    id: int


class RoutePage(Page):
    permission = Permission.CASE_READ

    @expose("/")
    @auth.door(Permission.CASE_READ)
    def index(self) -> str:
        """The day asked for, else the next one with a visit."""
        visits, rechecks = _ahead()
        days = sorted({row.scheduled_on for row in visits} | {row.scheduled_on for row in rechecks})
        try:
            day = date.fromisoformat(request.args.get("day", ""))
        except ValueError:
            day = next((day for day in days if day >= words.today()), words.today())
        stops = _stops(
            [row for row in visits if row.scheduled_on == day], [row for row in rechecks if row.scheduled_on == day]
        )
        places: dict[str, list[Stop]] = {}
        for stop in stops:
            places.setdefault(stop.place, []).append(stop)
        return self.render("pages/route.html", day=day, days=days, places=sorted(places.items()), n=len(stops))


def _ahead() -> tuple[Sequence[Observation], Sequence[Recheck]]:
    """Visits not made and rechecks not marked that are in sight; an inspector's own only."""
    visits = select(Observation).where(Observation.status == VisitStatus.SCHEDULED)
    rechecks = select(Recheck).where(Recheck.status.in_([RecheckStatus.REQUESTED, RecheckStatus.DRAWN]))
    if auth.actor().role is Role.INSPECTOR:
        visits = visits.where(Observation.observer_id == auth.actor().user_id)
        rechecks = rechecks.where(Recheck.inspector_id == auth.actor().user_id)
    return auth.db().scalars(visits).all(), auth.db().scalars(rechecks).all()


def _stops(visits: Sequence[Observation], rechecks: Sequence[Recheck]) -> list[Stop]:
    ids = {row.school_id for row in visits} | {row.school_id for row in rechecks}
    schools = {s.id: s for s in auth.db().scalars(select(School).where(School.id.in_(ids)))}
    found = []
    for row in visits:
        school = schools[row.school_id or 0]
        what = _("наблюдение: %(paper)s", paper=words.paper(row.subject, row.grade))
        found.append(Stop(_place(school), school.name, row.observer_name, what, "observations.visit", row.id))
    for one in rechecks:
        school = schools[one.school_id or 0]
        what = _("перепроверка: %(paper)s", paper=words.paper(one.subject, one.grade, one.year))
        found.append(Stop(_place(school), school.name, one.inspector_name, what, "rechecks.recheck", one.id))
    return sorted(found, key=lambda stop: (stop.place, stop.school, stop.what, stop.person))


def _place(school: School) -> str:
    name = school.municipality.name
    return f"{name}, {school.settlement}" if school.settlement else name
