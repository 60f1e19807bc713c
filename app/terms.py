"""The vocabulary: every word the product shows for a stored value, in Russian and in English.

A member is its stored value (a plain string) and carries both titles, so menus, documents, messages and the
glossary page read from one place.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class Term(StrEnum):
    """A stored value with its Russian and English title."""

    ru: str
    en: str

    def __new__(cls, value: str, ru: str = "", en: str = "") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.ru = ru
        member.en = en
        return member

    def title(self, locale: str = "ru") -> str:
        """Title in `locale` ("ru" or "en")."""
        return self.en if locale == "en" else self.ru


class Role(Term):
    REGION_MANAGER = "region_manager", "руководитель регионального уровня", "regional manager"
    DEPARTMENT = "department", "отдел образования", "education department"
    ANALYST = "analyst", "аналитик", "analyst"
    CURATOR = "curator", "куратор", "curator"
    INSPECTOR = "inspector", "инспектор", "inspector"
    SCHOOL = "school", "школа", "school"
    ADMIN = "admin", "администратор", "administrator"


class CaseKind(Term):
    OBJECTIVITY = "objectivity", "объективность результатов", "objectivity of results"


class CaseState(Term):
    FLAGGED = "flagged", "Признаки", "Signs"
    INTERVIEW = "interview", "Собеседование", "Interview"
    CURATOR_ASSIGNED = "curator_assigned", "Куратор назначен", "Curator assigned"
    OBSERVED = "observed", "Наблюдение", "Observation"
    RECHECKED = "rechecked", "Перепроверка", "Recheck"
    CLOSED = "closed", "Закрыто", "Closed"


class Verdict(Term):
    NOT_CONFIRMED = "not_confirmed", "признаки не подтверждены", "signs not confirmed"
    CONFIRMED = "confirmed", "признаки подтверждены", "signs confirmed"
    DISMISSED = "dismissed", "признак снят с основанием", "sign dismissed with grounds"


class RecheckOutcome(Term):
    NOT_CONFIRMED = "not_confirmed", "признаки не подтверждены", "signs not confirmed"
    CONFIRMED = "confirmed", "признаки подтверждены", "signs confirmed"
    INSUFFICIENT = "insufficient", "недостаточно данных", "not enough data"


class Tier(Term):
    NONE = "none", "признаков нет", "no signs"
    WATCH = "watch", "наблюдать", "watch"
    CASE = "case", "дело", "case"
    SEVERE = "severe", "выраженные признаки", "severe signs"
    TOO_SMALL = "too_small", "слишком мало работ", "too few works"


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


class SchoolKind(Term):
    """Kinds of school as the rules of ``app/data/formats/vocabulary.toml`` tell them from a school's title."""

    SECONDARY = "secondary", "средняя школа", "secondary school"
    BASIC = "basic", "основная школа", "basic school"
    PRIMARY = "primary", "начальная школа", "primary school"
    GYMNASIUM = "gymnasium", "гимназия", "gymnasium"
    LYCEUM = "lyceum", "лицей", "lyceum"
    CADET = "cadet", "кадетская школа", "cadet school"
    BOARDING = "boarding", "школа-интернат", "boarding school"
    CORRECTIONAL = "correctional", "коррекционная школа", "school for pupils with special needs"
    EVENING = "evening", "вечерняя школа", "evening school"
    VOCATIONAL = "vocational", "колледж", "vocational college"


class FindingOutcome(Term):
    ASSESSED = "assessed", "проверено", "assessed"
    NOT_ASSESSED = "not_assessed", "не оценивалось", "not assessed"


class FindingLevel(Term):
    """How far a number of works carries a finding (federal guidance, domain facts §2.2)."""

    NONE = "none", "менее 10 работ: вывод не делается", "under 10 works: no verdict"
    INDICATIVE = "indicative", "10–19 работ: ориентировочно", "10–19 works: indicative"
    APPROXIMATE = "approximate", "20–49 работ: приблизительно", "20–49 works: approximate"
    FULL = "full", "50 и более работ: информативно", "50 works and more: full"


class Subject(Term):
    RU = "ru", "русский язык", "Russian"
    MA = "ma", "математика", "mathematics"
    OM = "om", "окружающий мир", "the world around us"
    BI = "bi", "биология", "biology"
    IS = "is", "история", "history"
    OB = "ob", "обществознание", "social studies"
    GG = "gg", "география", "geography"
    FI = "fi", "физика", "physics"
    HI = "hi", "химия", "chemistry"
    AN = "an", "иностранный язык", "foreign language"


class FileKind(Term):
    WORKS = "works", "работы участников", "works of participants"
    CONTEXT = "context", "контекстные данные школ", "school context form"
    FEDERAL_LIST = "federal_list", "федеральный список", "federal list"
    REPORT_MARKS = "report_marks", "отчёт: статистика по отметкам", "report: mark statistics"
    REPORT_SCORES = "report_scores", "отчёт: распределение баллов", "report: score distribution"
    REPORT_ITEMS = "report_items", "отчёт: выполнение заданий", "report: completion of items"
    REPORT_JOURNAL = "report_journal", "отчёт: сравнение с журналом", "report: comparison with the journal"
    REPORT_PLANNED = "report_planned", "отчёт: планируемые результаты", "report: planned results"
    REPORT_GROUPS = "report_groups", "отчёт: задания по группам отметок", "report: items by mark groups"
    REGIONAL = "regional", "работы КДР и РДР", "works of KDR and RDR"
    EXAMS = "exams", "результаты ОГЭ и ЕГЭ", "results of OGE and EGE"


SCREENED_REPORTS = {
    FileKind.REPORT_MARKS: "marks",
    FileKind.REPORT_SCORES: "distributions",
    FileKind.REPORT_ITEMS: "items",
    FileKind.REPORT_JOURNAL: "journal",
}
"""Ready reports that a screening takes where a school has no works, and what `app.detectors.aggregates` calls them."""


class Examination(Term):
    """State final examinations, whose results of schools are set beside ВПР."""

    OGE = "oge", "ОГЭ", "OGE"
    EGE = "ege", "ЕГЭ", "EGE"


class Procedure(Term):
    """What was sat; every procedure but ВПР is put on its scale by linking."""

    VPR = "vpr", "ВПР", "VPR"
    KDR = "kdr", "КДР", "KDR"
    RDR = "rdr", "РДР", "RDR"


class LinkDesign(Term):
    """On what a common scale rests."""

    SINGLE_GROUP = "single_group", "те же классы писали обе работы", "the same classes wrote both"
    COMMON_SCHOOLS = "common_schools", "разные классы одних и тех же школ", "different classes of the same schools"


class UploadStatus(Term):
    RECEIVED = "received", "принят, читается", "received, being read"
    PREVIEWED = "previewed", "прочитан, ждёт решения", "read, awaiting a decision"
    ACCEPTED = "accepted", "загружен", "accepted"
    REJECTED = "rejected", "отклонён", "rejected"
    REFUSED = "refused", "не прочитан", "refused"


class RunStatus(Term):
    QUEUED = "queued", "в очереди", "queued"
    RUNNING = "running", "идёт", "running"
    DONE = "done", "готов", "done"
    FAILED = "failed", "не удался", "failed"


class VisitStatus(Term):
    SCHEDULED = "scheduled", "назначено", "scheduled"
    DONE = "done", "проведено", "done"
    CANCELLED = "cancelled", "отменено", "cancelled"


class RecheckStatus(Term):
    REQUESTED = "requested", "выборка составляется", "sample being drawn"
    DRAWN = "drawn", "выборка готова", "sample drawn"
    MARKED = "marked", "перепроверено", "re-marked"
    FAILED = "failed", "выборка не составлена", "sample not drawn"


class Stratum(Term):
    NEAR_CUT = "near_cut", "у границы отметки", "near a cut"
    RANDOM = "random", "случайная", "random"


class DocumentKind(Term):
    SIGNS_NOTICE = "signs_notice", "Уведомление о признаках", "Notice of signs"
    INTERVIEW_PROTOCOL = "interview_protocol", "Протокол собеседования", "Interview protocol"


class ObjectiveGround(Term):
    """Why a school stands in the register of objective schools."""

    CLEAN = "clean", "чистые годы и перепроверка", "clean years and a clean recheck"
    RECHECK = "recheck", "перепроверка не подтвердила", "recheck did not confirm"
    CONTROL = "control", "контрольная группа", "control group"
    OBSERVED = "observed", "наблюдение без нарушений", "observed without violations"
    EXAM = "exam", "внешний экзамен согласен", "outside examination agrees"
    MANUAL = "manual", "решение с основанием", "decision with grounds"


class EntryState(Term):
    """Where an entry of the register stands on a day; never stored."""

    IN_FORCE = "in_force", "действует", "in force"
    AHEAD = "ahead", "ещё не началась", "not begun"
    ENDED = "ended", "срок истёк", "run out"
    WITHDRAWN = "withdrawn", "отозвана", "withdrawn"


class ControlGroupStatus(Term):
    DRAFT = "draft", "предложена", "proposed"
    FIXED = "fixed", "утверждена", "fixed"
    WITHDRAWN = "withdrawn", "отменена", "withdrawn"


class MemberOrigin(Term):
    DRAWN = "drawn", "по жребию", "drawn by lot"
    ADDED = "added", "добавлена вручную", "added by hand"


class ClusterSetStatus(Term):
    PROPOSED = "proposed", "предложено", "proposed"
    APPROVED = "approved", "утверждено", "approved"
    REPLACED = "replaced", "заменено новым", "replaced"


class JobStatus(Term):
    PENDING = "pending", "ждёт", "pending"
    RUNNING = "running", "выполняется", "running"
    DONE = "done", "готово", "done"
    DEAD = "dead", "остановлено после сбоев", "stopped after failures"


class ObservationStage(Term):
    """Stages an observer may see (order Р-98 of 24.02.2021, Moscow oblast)."""

    PREPARATION = "preparation", "получение и тиражирование материалов", "receiving and printing materials"
    HANDING_OVER = "handing_over", "выдача материалов", "handing over"
    SITTING = "sitting", "проведение работы", "sitting"
    CHECKING = "checking", "проверка работ", "checking"
    UPLOADING = "uploading", "заполнение и загрузка форм", "filling and uploading forms"


class Violation(Term):
    """Violations of the act; gross ones stop a case from closing as not confirmed."""

    SECURITY = "security", "нарушена информационная безопасность", "information security broken"
    LATE_ENTRY = "late_entry", "вход участников после звонка", "entry after the bell"
    NO_BRIEFING = "no_briefing", "инструктаж не проведён или проведён не полностью", "no or partial briefing"
    PHONES = "phones", "телефоны у участников", "phones"
    OUTSIDERS = "outsiders", "посторонние в аудитории", "outsiders in the room"
    SUBJECT_TEACHER = "subject_teacher", "в аудитории учитель предмета", "teacher of the subject present"
    HELP = "help", "помощь участникам", "help given"
    HINTS = "hints", "подсказки на доске или стенах", "hints on display"
    OVERTIME = "overtime", "превышено время", "time exceeded"
    CODES_MIXED = "codes_mixed", "перепутаны коды", "codes mixed up"
    OWN_TEACHER_MARKS = "own_teacher_marks", "проверяет учитель своего класса", "marked by the class's own teacher"
    NO_CRITERIA = "no_criteria", "проверка без критериев", "no marking criteria"
    CORRECTIONS = "corrections", "исправления после проверки", "corrections after marking"
    EARLY_UPLOAD = "early_upload", "загрузка до окончания проверки", "upload before marking ended"


GROSS_VIOLATIONS = frozenset({Violation.SECURITY, Violation.HELP, Violation.HINTS, Violation.CORRECTIONS})


class ExplanationReason(Term):
    """What a head of school may name as the cause (interview protocol)."""

    CHECKING = "checking", "ошибки проверки", "marking errors"
    CONDUCT = "conduct", "нарушения при проведении", "conduct of the sitting"
    LEAK = "leak", "утечка материалов", "leak of materials"
    HELP = "help", "помощь участникам", "help given"
    COACHING = "coaching", "натаскивание на задания", "coaching"
    STRONG_INTAKE = "strong_intake", "сильный набор", "strong intake"
    FORM_ERROR = "form_error", "ошибка заполнения формы", "error in the form"
    OTHER = "other", "другое", "other"
