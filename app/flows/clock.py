"""A stage's fixed day of the school year. Its budget of working days is counted by `app.calendars`."""

from __future__ import annotations

from datetime import date

SCHOOL_YEAR_BEGINS = 9
"""Month; a stage's fixed day is looked for within the school year in which the stage was entered."""


def fixed_day(by: str, entered_on: date) -> date:
    """The day `by` ("MM-DD") of the school year in which `entered_on` lies."""
    month, day = (int(part) for part in by.split("-"))
    begins = entered_on.year - (entered_on.month < SCHOOL_YEAR_BEGINS)
    year = begins + (month < SCHOOL_YEAR_BEGINS)
    try:
        return date(year, month, day)
    except ValueError:  # 29 February of a common year
        return date(year, month, day - 1)
