"""Detectors, their findings and what signs resemble."""

from __future__ import annotations

from app.terms.term import Term


class Family(Term):
    BOUNDARY = "boundary", "границы отметок", "mark boundaries"
    LEVEL = "level", "уровень", "level"
    PATTERN = "pattern", "рисунок ответов", "answer pattern"
    JOURNAL = "journal", "журнал", "journal"
    ATTENDANCE = "attendance", "явка", "attendance"
    FEDERAL = "federal", "федеральные маркеры", "federal markers"
    HYGIENE = "hygiene", "порядок загрузки", "order of the upload"
    HISTORY = "history", "прошлые годы", "earlier years"


SHOWN_FAMILIES = frozenset({Family.FEDERAL, Family.HYGIENE, Family.HISTORY})
"""Families that are shown and never count towards a tier."""
NOTED_FAMILIES = frozenset({Family.HYGIENE, Family.HISTORY})
"""Those among them whose oddities stand on a card of their own beside the signs."""


class Mechanism(Term):
    """Known ways in which results lose objectivity; a likeness to one is a hint where to look, not a finding."""

    BUMP = "bump", "баллы подняты до границ отметок", "scores lifted to the cuts"
    LIFT_TWOS = "lift_twos", "«2» подняты до «3»", "lowest marks lifted"
    COPY_JOURNAL = "copy_journal", "отметки подогнаны к журналу", "marks drawn to the journal"
    INFLATE = "inflate", "завышены баллы всех работ", "all scores raised"
    LEAK_ITEMS = "leak_items", "подсказаны трудные задания", "hard items dictated"
    LENIENT_OPEN = "lenient_open", "мягко проверены развёрнутые ответы", "open answers marked leniently"
    COPY_CLASS = "copy_class", "работы класса списаны", "works of a class copied"
    ABSENT_WEAK = "absent_weak", "слабые ученики не писали работу", "weak pupils kept absent"


class DetectorName(Term):
    """Titles for every page; the registry with questions and inputs is `app.detectors.DETECTORS`."""

    BOUNDARY_PUSH = "boundary_push", "Баллы у границ отметок", "Scores at the cuts of marks"
    FEW_LOWEST = "few_lowest", "Мало отметок «2»", "Few lowest marks"
    CONTEXTUAL_MEAN = "contextual_mean", "Средний балл против контекста", "Mean against the context"
    JOURNAL_GAP = "journal_gap", "Отметки против журнала", "Marks against the journal"
    ITEM_PROFILE = "item_profile", "Рисунок выполнения заданий", "Profile of item completion"
    LANDING_PROFILE = "landing_profile", "Рисунок работ у границ", "Profile of works at the cuts"
    CLASS_SIMILARITY = "class_similarity", "Сходство работ в классе", "Likeness of works in a class"
    HOMOGENEITY = "homogeneity", "Слишком малый разброс", "Too little spread"
    UPPER_TAIL = "upper_tail", "Много наивысших баллов", "Many top scores"
    YEAR_SWING = "year_swing", "Скачок между годами", "Swing between years"
    EXTERNAL_GAP = "external_gap", "Расхождение с внешней оценкой", "Gap to an outside result"
    SELECTIVE_ABSENCE = "selective_absence", "Отсутствие слабых учеников", "Absence of weak pupils"
    FEDERAL = "federal", "Федеральные маркеры", "Federal markers"
    PROTOCOL = "protocol", "Порядок загрузки", "Order of the upload"
    RECURRENCE = "recurrence", "Повторение признаков", "Recurrence of signs"


class FindingOutcome(Term):
    ASSESSED = "assessed", "проверено", "assessed"
    NOT_ASSESSED = "not_assessed", "не оценивалось", "not assessed"


class FindingLevel(Term):
    """How far a number of works carries a finding (federal guidance, domain facts §2.2)."""

    NONE = "none", "менее 10 работ: вывод не делается", "under 10 works: no verdict"
    INDICATIVE = "indicative", "10–19 работ: ориентировочно", "10–19 works: indicative"
    APPROXIMATE = "approximate", "20–49 работ: приблизительно", "20–49 works: approximate"
    FULL = "full", "50 и более работ: информативно", "50 works and more: full"
