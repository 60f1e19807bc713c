"""What is done on a case: visits, rechecks, documents."""

from __future__ import annotations

from app.terms.term import Term


class RecheckOutcome(Term):
    NOT_CONFIRMED = "not_confirmed", "признаки не подтверждены", "signs not confirmed"
    CONFIRMED = "confirmed", "признаки подтверждены", "signs confirmed"
    INSUFFICIENT = "insufficient", "недостаточно данных", "not enough data"


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
    RECOMMENDATIONS = "recommendations", "Адресные рекомендации", "Addressed recommendations"
    SCHOOL_ROAD_MAP = "school_road_map", "Дорожная карта школы", "Road map of the school"
    PROGRAMME = "programme", "Программа", "Programme"
    PROGRAMME_REPORT = "programme_report", "Отчёт об исполнении программы", "Report on the programme"
    KEEP_WORKS = "keep_works", "Просьба сохранить работы", "Request to keep works"


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
