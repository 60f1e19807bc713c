"""The line of stages above a case's page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import select

from app import auth
from app.admin import words
from app.flows import CLOSED
from app.models import Case, CaseEvent
from app.workflows import stage_clock
from app.workflows.definitions import workflow_of


@dataclass(frozen=True)
class Step:
    """One stage on the line above the page."""

    title: str
    kind: str  # done, current, ahead, skipped
    caption: str


def steps(case: Case) -> list[Step]:
    """The stages with the days spent in each; a dismissed case skips what lies between."""
    session = auth.db()
    events = session.scalars(select(CaseEvent).where(CaseEvent.case_id == case.id).order_by(CaseEvent.seq)).all()
    entered: dict[str, datetime] = {events[0].from_state if events else case.state: case.opened_at}
    left: dict[str, datetime] = {}
    for event in events:
        left[event.from_state] = event.at
        entered[event.to_state] = event.at
    found, is_ahead = [], False
    for state in workflow_of(case).states:
        name, spent = words.title(state), left.get(state.code)
        if state.code == case.state:
            is_ahead = True
            if state.code == CLOSED:
                found.append(Step(name, "done", words.day(case.closed_at, "short")))
            else:
                found.append(Step(name, "current", _under_way(case)))
        elif is_ahead:
            # What lies ahead may have been left before, when a case was sent back.
            found.append(Step(name, "ahead", ""))
        elif spent is not None:
            since = entered.get(state.code, case.opened_at)
            found.append(Step(name, "done", words.days(words.days_between(since, spent))))
        else:
            found.append(Step(name, "skipped", _("не потребовалось")))
    return found


def _under_way(case: Case) -> str:
    """How far the stage has come in its working days."""
    clock = stage_clock.clock_of(auth.db(), case, words.today())
    if clock is None:
        return words.days(words.days_between(case.entered_at))
    if clock.is_paused:
        return _("часы остановлены")
    if clock.is_overdue:
        return _("идёт %(n)s-й рабочий день", n=clock.spent)
    return _("%(n)s из %(limit)s раб. дней", n=clock.spent, limit=clock.budget)
