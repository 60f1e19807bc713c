"""Where cases stand, how they ended and how long stages take."""

from __future__ import annotations

from typing import Any

from flask_admin import expose
from flask_babel import gettext as _

from app import auth
from app.admin import words
from app.admin.base import Page
from app.flows import CLOSED
from app.policy import Permission
from app.statistics import cases as figures
from app.terms import CaseKind, Verdict
from app.workflows.definitions import known_states


class StatisticsPage(Page):
    permission = Permission.STATISTICS_READ

    @expose("/")
    @auth.door(Permission.STATISTICS_READ)
    def index(self) -> str:
        session = auth.db()
        kinds = [
            (kind, figures.by_state(session, known_states(session, kind), kind=kind, at=auth.now()))
            for kind in CaseKind
        ]
        # A kind that nobody has a case of is no news; the first one is shown even when empty.
        shown = [(kind, rows) for kind, rows in kinds if kind is CaseKind.OBJECTIVITY or any(row.n for row in rows)]
        of_objectivity = {Verdict.NOT_CONFIRMED, Verdict.CONFIRMED, Verdict.DISMISSED}
        closures = [row for row in figures.closures(session) if row.n or row.verdict in of_objectivity]
        return self.render(
            "pages/statistics.html",
            charts=[(kind, _chart(rows)) for kind, rows in shown],
            closures=closures,
            n_open=sum(row.n for _kind, rows in shown for row in rows if row.state.code != CLOSED),
            n_closed=sum(row.n for row in closures),
            municipalities=figures.by_municipality(session),
            stages=[
                (kind, figures.time_in_state(session, known_states(session, kind), kind=kind)) for kind, _rows in shown
            ],
        )


def _chart(rows: list[figures.StateCount]) -> dict[str, Any]:
    return {
        "kind": "bars",
        "horizontal": True,
        "categories": [words.title(row.state) for row in rows],
        "series": [{"title": _("дел"), "values": [row.n for row in rows], "tone": "accent"}],
    }
