"""How days of a stage are counted: the one place that a calendar of working days replaces."""

from __future__ import annotations

from datetime import date, timedelta

from app.flows.definition import State

SCHOOL_YEAR_BEGINS = 9
"""Month; a stage's fixed day is looked for within the school year in which the stage was entered."""


def day_after(start: date, days: int) -> date:
    """The day on which a budget of `days` that begins on `start` ends."""
    return start + timedelta(days=days)


def days_between(start: date, end: date) -> int:
    """Days of a budget used up from `start` to `end`, never below nought."""
    return max(0, (end - start).days)


def due_on(state: State, entered_on: date) -> date | None:
    """The day by which a case should have left `state`; None where it ends.

    A stage with a fixed day of the year ends on that day, when it was entered early enough to have its whole budget;
    else when the budget runs out.
    """
    if state.days is None:
        return None
    budget_ends = day_after(entered_on, state.days)
    if state.by is None:
        return budget_ends
    return max(budget_ends, _fixed_day(state.by, entered_on))


def _fixed_day(by: str, entered_on: date) -> date:
    """The day `by` ("MM-DD") of the school year in which `entered_on` lies."""
    month, day = (int(part) for part in by.split("-"))
    begins = entered_on.year - (entered_on.month < SCHOOL_YEAR_BEGINS)
    year = begins + (month < SCHOOL_YEAR_BEGINS)
    try:
        return date(year, month, day)
    except ValueError:  # 29 February of a common year
        return date(year, month, day - 1)


def budget(state: State, entered_on: date) -> int:
    """Days that `state` has altogether when entered on that day."""
    due = due_on(state, entered_on)
    return 0 if due is None else days_between(entered_on, due)
