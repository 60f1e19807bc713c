"""Words of deadlines: events they hang on, kinds of days, what happens on a day off."""

from __future__ import annotations

from app.terms.term import Term


class EventKind(Term):
    """What a deadline may hang on."""

    SITTING = "sitting", "проведение работы", "sitting"
    UPLOAD = "upload", "загрузка результатов", "upload of results"
    PUBLICATION = "publication", "публикация списка", "publication of the list"
    CASE_MOVE = "case_move", "ход дела", "move of the case"
    ACADEMIC_YEAR_END = "academic_year_end", "конец учебного года", "end of the academic year"


class DayKind(Term):
    WORKING = "working", "рабочий день", "working day"
    SHORTENED = "shortened", "сокращённый рабочий день", "shortened working day"
    WORKING_WEEKEND = "working_weekend", "рабочий день за перенесённый выходной", "working day for a moved day off"
    WEEKEND = "weekend", "выходной", "weekend"
    HOLIDAY = "holiday", "праздник", "holiday"
    TRANSFERRED = "transferred", "перенесённый выходной", "moved day off"
    EXTRA = "extra", "местный выходной", "local day off"


class RuleKind(Term):
    DATE = "date", "к дате", "by a date"
    WINDOW = "window", "в промежуток", "within a window"
    OFFSET = "offset", "от события", "counted from an event"
    MONTHLY = "monthly", "каждый месяц", "every month"
    QUARTERLY = "quarterly", "каждый квартал", "every quarter"
    MONTHS = "months", "в названные месяцы", "in named months"
    CONSTANTLY = "constantly", "постоянно", "constantly"
    YEAR_END = "year_end", "к концу года", "by the end of the year"


class DayUnit(Term):
    WORKING = "working", "рабочие дни", "working days"
    CALENDAR = "calendar", "календарные дни", "calendar days"


class DayDirection(Term):
    AFTER = "after", "после", "after"
    BEFORE = "before", "до", "before"


class DayOffPolicy(Term):
    """Where a due day goes that falls on a day off."""

    NEXT = "next", "на следующий рабочий день", "to the next working day"
    PREVIOUS = "previous", "на предыдущий рабочий день", "to the previous working day"
    KEEP = "keep", "не переносится", "stays"


class YearKind(Term):
    ACADEMIC = "academic", "учебный год", "academic year"
    CALENDAR = "calendar", "календарный год", "calendar year"
