"""The line of stages above a case's page, and the day by which the present one should end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from flask_babel import gettext as _
from sqlalchemy import select

from app import auth
from app.admin import words
from app.flows import CLOSED, State, clock
from app.models import Case, CaseEvent
from app.workflows.definitions import state_of, workflow_of


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
                found.append(Step(name, "current", _under_way(case, state)))
        elif is_ahead:
            # What lies ahead may have been left before, when a case was sent back.
            found.append(Step(name, "ahead", ""))
        elif spent is not None:
            since = entered.get(state.code, case.opened_at)
            found.append(Step(name, "done", words.days(words.days_between(since, spent))))
        else:
            found.append(Step(name, "skipped", _("не потребовалось")))
    return found


def _under_way(case: Case, state: State) -> str:
    entered_on = words.local_day(case.entered_at)
    n, limit = clock.days_between(entered_on, words.today()) + 1, clock.budget(state, entered_on)
    if n <= limit:
        return _("идёт %(n)s-й день из %(limit)s", n=n, limit=limit)
    return _("идёт %(n)s-й день", n=n)


def stage_due(case: Case) -> tuple[date, int] | None:
    """The day by which the stage should end, and the days left until then."""
    due = clock.due_on(state_of(case), words.local_day(case.entered_at))
    return None if due is None else (due, (due - words.today()).days)
