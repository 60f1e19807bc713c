"""Files and the assessments they tell of."""

from __future__ import annotations

from app.terms.term import Term


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
