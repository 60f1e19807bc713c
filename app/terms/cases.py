"""The case and what it ends in."""

from __future__ import annotations

from app.terms.term import Term


class CaseKind(Term):
    OBJECTIVITY = "objectivity", "объективность результатов", "objectivity of results"
    LOW_RESULTS = "low_results", "низкие результаты", "low results"


class Verdict(Term):
    NOT_CONFIRMED = "not_confirmed", "признаки не подтверждены", "signs not confirmed"
    CONFIRMED = "confirmed", "признаки подтверждены", "signs confirmed"
    DISMISSED = "dismissed", "признак снят с основанием", "sign dismissed with grounds"
    IMPROVED = "improved", "результаты улучшились", "results improved"
    NOT_IMPROVED = "not_improved", "заметного улучшения нет", "no noticeable improvement"


class Tier(Term):
    NONE = "none", "признаков нет", "no signs"
    WATCH = "watch", "наблюдать", "watch"
    CASE = "case", "дело", "case"
    SEVERE = "severe", "выраженные признаки", "severe signs"
    TOO_SMALL = "too_small", "слишком мало работ", "too few works"
