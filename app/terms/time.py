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
    WORKS_KEPT = "works_kept", "конец срока хранения работ", "end of keeping the works"


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


class EntryKind(Term):
    """What a region or a municipality adds to the country's calendar."""

    DAY_OFF = "day_off", "местный выходной", "local day off"
    WORKING = "working", "рабочий день", "working day"
    VACATION = "vacation", "каникулы", "school vacation"


class ChangeKind(Term):
    """A change of the calendar that deadlines may follow."""

    EVENT_ADD = "event_add", "новое событие", "new event"
    EVENT_MOVE = "event_move", "событие переносится", "event is moved"
    EVENT_REMOVE = "event_remove", "событие отменяется", "event is removed"
    ENTRY_ADD = "entry_add", "новые дни календаря", "new days of the calendar"
    ENTRY_REMOVE = "entry_remove", "дни убираются из календаря", "days are taken out of the calendar"


class ChangeStatus(Term):
    QUEUED = "queued", "выполняется", "under way"
    APPLIED = "applied", "выполнено", "applied"
    FAILED = "failed", "не выполнено", "failed"


class Following(Term):
    """What a change does to one deadline."""

    MOVED = "moved", "переносится", "moves"
    PINNED = "pinned", "закреплён, остаётся", "pinned, stays"
    DONE = "done", "выполнено, не трогается", "done, untouched"
    ORPHANED = "orphaned", "без основания: событие снято", "without a ground: its event is removed"


class Lateness(Term):
    OVERDUE = "overdue", "просрочено", "overdue"
    SOON = "soon", "срок в ближайшие 7 дней", "due within 7 days"
