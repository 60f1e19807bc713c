"""Days and deadlines: the working calendar of Russia with local layers, and rules that say when a thing is due.

Pure: a calendar is made of values, a rule of a small table (TOML or JSON); both answer without a clock or a database.
"""

from app.calendars.clock import Pause, StageClock, stage_clock
from app.calendars.days import CalendarYear, Layer, Span, Vacation, WorkingCalendar, academic_year, russia
from app.calendars.due import Anchor, Due, follow, occurrences
from app.calendars.rules import DayOfYear, Rule, parse_rule
from app.calendars.years import load_years

__all__ = [
    "Anchor",
    "CalendarYear",
    "DayOfYear",
    "Due",
    "Layer",
    "Pause",
    "Rule",
    "Span",
    "StageClock",
    "Vacation",
    "WorkingCalendar",
    "academic_year",
    "follow",
    "load_years",
    "occurrences",
    "parse_rule",
    "russia",
    "stage_clock",
]
