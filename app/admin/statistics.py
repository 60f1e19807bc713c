"""Where cases stand, how they ended and how long stages take."""

from __future__ import annotations

from flask_admin import expose
from flask_babel import gettext as _

from app import auth
from app.admin import words
from app.admin.base import Page
from app.policy import Permission
from app.statistics import cases as figures


class StatisticsPage(Page):
    permission = Permission.STATISTICS_READ

    @expose("/")
    @auth.door(Permission.STATISTICS_READ)
    def index(self) -> str:
        session = auth.db()
        states = figures.by_state(session, at=auth.now(), zone=words.zone())
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
            n_open=sum(row.n for row in states if row.state.value != "closed"),
            n_closed=sum(row.n for row in closures),
            municipalities=figures.by_municipality(session, zone=words.zone()),
            stages=figures.time_in_state(session, zone=words.zone()),
        )
