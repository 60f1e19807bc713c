"""Help for schools with low results: what is recorded on a case, and what a review finds."""

from __future__ import annotations

from app.terms.term import Term


class SupportKind(Term):
    DIAGNOSIS = "diagnosis", "разбор причин", "diagnosis"
    PROGRAMME = "programme", "программа помощи", "help programme"
    REVIEW = "review", "оценка динамики", "review of dynamics"


class ReviewOutcome(Term):
    IMPROVED = "improved", "динамика положительная", "positive dynamics"
    UNCHANGED = "unchanged", "заметных изменений нет", "no noticeable change"
    WORSE = "worse", "динамика отрицательная", "negative dynamics"


class LowCause(Term):
    """What a diagnosis may find behind low results (seed 003, items 34–36; seed 001)."""

    STAFF = "staff", "не хватает учителей или квалификации", "staff or qualification missing"
    TEACHING = "teaching", "методика преподавания", "teaching methods"
    MOTIVATION = "motivation", "учебная мотивация", "motivation"
    LANGUAGE = "language", "русский язык не родной", "Russian is not the mother tongue"
    SPECIAL_NEEDS = "special_needs", "много учеников с ОВЗ", "many pupils with special needs"
    SOCIAL = "social", "трудные социальные условия", "hard social conditions"
    RESOURCES = "resources", "оснащение школы", "equipment"
    MANAGEMENT = "management", "управление школой", "management"
