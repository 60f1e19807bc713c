"""Where cases stand, how they ended and how long stages take."""

from __future__ import annotations

from flask_admin import expose
from flask_babel import gettext as _

from app import auth
from app.admin import words
from app.admin.base import Page
from app.flows import CLOSED
from app.policy import Permission
from app.statistics import cases as figures
from app.terms import CaseKind
from app.workflows.definitions import known_states


class StatisticsPage(Page):
    permission = Permission.STATISTICS_READ

    @expose("/")
    @auth.door(Permission.STATISTICS_READ)
    def index(self) -> str:
        session = auth.db()
        kind = CaseKind.OBJECTIVITY
        known = known_states(session, kind)
        states = figures.by_state(session, known, kind=kind, at=auth.now(), zone=words.zone())
        closures = figures.closures(session)
        chart = {
            "kind": "bars",
            "horizontal": True,
            "categories": [words.title(row.state) for row in states],
            "series": [{"title": _("дел"), "values": [row.n for row in states], "tone": "accent"}],
        }
        return self.render(
            "pages/statistics.html",
            states=states,
            state_chart=chart,
            closures=closures,
            n_open=sum(row.n for row in states if row.state.code != CLOSED),
            n_closed=sum(row.n for row in closures),
            municipalities=figures.by_municipality(session, zone=words.zone()),
            stages=figures.time_in_state(session, known, kind=kind, zone=words.zone()),
        )
