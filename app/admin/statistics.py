"""Where cases stand, how they ended and how long stages take."""

from __future__ import annotations

from flask_admin import expose

from app import auth
from app.admin.base import Page
from app.policy import Permission
from app.statistics import cases as figures


class StatisticsPage(Page):
    permission = Permission.STATISTICS_READ

    @expose("/")
    @auth.door(Permission.STATISTICS_READ)
    def index(self) -> str:
        session = auth.db()
        states = figures.by_state(session, at=auth.now())
        closures = figures.closures(session)
        return self.render(
            "pages/statistics.html",
            states=states,
            closures=closures,
            n_open=sum(row.n for row in states if row.state.value != "closed"),
            n_closed=sum(row.n for row in closures),
            municipalities=figures.by_municipality(session),
            stages=figures.time_in_state(session),
        )
