"""A shortage in one sentence: «Не хватает 2 экспертов по математике на неделе 12 мая», why, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from babel.dates import format_date

from app.errors import Reason
from app.terms import SUBJECTS_BY, ConflictKind, Duty, Subject

_PEOPLE_RU = {
    Duty.CURATOR: ("куратора", "кураторов"),
    Duty.OBSERVER: ("наблюдателя", "наблюдателей"),
    Duty.EXPERT: ("эксперта", "экспертов"),
}
_PEOPLE_EN = {
    Duty.CURATOR: ("curator", "curators"),
    Duty.OBSERVER: ("observer", "observers"),
    Duty.EXPERT: ("expert", "experts"),
}
_AGAINST = {
    **{kind.value: ("конфликт интересов", "conflict of interest") for kind in ConflictKind},
    "load_full": ("нагрузка исчерпана", "load is full"),
    "school_not_objective": ("место работы", "workplace"),
    "training_expired": ("обучение истекло", "training expired"),
    "absent": ("отсутствие", "absence"),
    "busy": ("день занят", "day taken"),
    "full": ("нагрузка исчерпана", "load is full"),
    "subject": ("другой предмет", "another subject"),
    "grade": ("другой класс", "another grade"),
    "language": ("другой язык", "another language"),
}


def shortage_reason(
    duty: Duty,
    subject: str | None,
    people: int,
    weeks: Sequence[date],
    n_needs: int,
    possible: int,
    against: Sequence[tuple[str, int]],
) -> Reason:
    """Who is missing and when, what keeps those at hand, what to do.

    Parameters
    ----------
    weeks : sequence of date
        Mondays; empty where the duty has no day.
    n_needs : int
        Cases, visits or rechecks that are not served without these people.
    possible : int
        People whom the rules allow it, but who have no load or day left.
    against : sequence of (str, int)
        Codes of objections with the number of people each keeps away.
    """
    is_one = people % 10 == 1 and people % 100 != 11
    ru = f"Не хватает {people} {_PEOPLE_RU[duty][not is_one]}"
    en = f"{people} {_PEOPLE_EN[duty][people != 1]}"
    if subject is not None:
        term = Subject(subject) if subject in set(Subject) else None
        ru += f" по {SUBJECTS_BY[term]}" if term else f" по предмету «{subject}»"
        en += f" in {term.en if term else subject}"
    en += " is missing" if people == 1 else " are missing"
    if weeks:
        ru += f" на {'неделе' if len(weeks) == 1 else 'неделях'} {_days(weeks, 'ru')}"
        en += f" in the {'week' if len(weeks) == 1 else 'weeks'} of {_days(weeks, 'en')}"
    ru, en = f"{ru}. Без них не обеспечено дел: {n_needs}.", f"{en}. Cases not served without them: {n_needs}."
    if people == 1:
        ru, en = ru.replace("Без них", "Без него"), en.replace("without them", "without one")
    if possible:
        ru += f" Ещё {possible} чел. правила это разрешают, но их нагрузка или дни заняты."
        en += f" The rules allow it to {possible} more, but their load or days are taken."
    if against:
        ru += " Остальным мешает: " + ", ".join(f"{_AGAINST.get(c, ('запрет', ''))[0]} — {k}" for c, k in against) + "."
        en += " Against the others: " + ", ".join(f"{_AGAINST.get(c, ('', c))[1]} — {k}" for c, k in against) + "."
    ways = [("Добавьте людей", "Add people")]
    ways += [("поднимите предел нагрузки", "raise the limit of load")] if possible else []
    ways += [("расширьте срок", "widen the window")] if weeks else []
    return Reason("shortage", f"{ru} {_or([w[0] for w in ways], 'или')}.", f"{en} {_or([w[1] for w in ways], 'or')}.")


def _or(ways: Sequence[str], word: str) -> str:
    return f" {word} ".join([", ".join(ways[:-1]), ways[-1]]) if len(ways) > 1 else ways[0]


def _days(weeks: Sequence[date], locale: str) -> str:
    """«12, 19 и 26 мая», «26 мая и 2 июня»: a month is named once for the days that follow each other in it."""
    told = []
    for week, following in zip(weeks, [*weeks[1:], None], strict=True):
        is_named = following is None or (following.year, following.month) != (week.year, week.month)
        told.append(format_date(week, "d MMMM" if is_named else "d", locale=locale))
    last = {"ru": " и ", "en": " and "}[locale]
    return last.join([", ".join(told[:-1]), told[-1]]) if len(told) > 1 else told[0]
