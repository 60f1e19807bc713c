"""Words of road maps and programmes: kinds of measures, parties, states of programmes, tasks and mentoring."""

from __future__ import annotations

from app.terms.term import Term


class TaskKind(Term):
    """What a measure is; registers of events, outreach and decisions are lists of one kind."""

    REGULATION = "regulation", "документ или порядок", "regulation"
    ANALYSIS = "analysis", "анализ", "analysis"
    EVENT = "event", "встреча", "event"
    TRAINING = "training", "обучение", "training"
    CONDUCT = "conduct", "проведение процедуры", "conduct of an assessment"
    RECHECK = "recheck", "перепроверка", "recheck"
    CONTROL = "control", "контроль", "control"
    DECISION = "decision", "управленческое решение", "management decision"
    SUPPORT = "support", "адресная помощь", "addressed help"
    OUTREACH = "outreach", "разъяснительная работа", "outreach to families and teachers"
    PUBLICATION = "publication", "публикация", "publication"
    REGISTER = "register", "реестр или банк", "register or bank"
    OTHER = "other", "другое", "other"


ATTENDED_KINDS = frozenset({TaskKind.EVENT, TaskKind.TRAINING, TaskKind.OUTREACH})
"""Kinds that somebody attends: a report on them says how many people came."""


class Party(Term):
    """Who may answer for a measure: a kind of organisation or of post, never a person."""

    MINISTRY = "ministry", "министерство образования региона", "regional ministry"
    ADMINISTRATION = "administration", "администрация района", "district administration"
    DEPARTMENT = "department", "отдел или управление образования", "education department"
    MUNICIPAL_DEPARTMENTS = "municipal_departments", "муниципальные органы образования", "municipal departments"
    INSTITUTE = "institute", "институт развития образования", "institute of education development"
    METHOD_CENTRE = "method_centre", "методический центр", "methodical centre"
    METHODISTS = "methodists", "методисты", "methodists"
    ASSOCIATION_HEADS = "association_heads", "председатели методических объединений", "heads of subject associations"
    ASSESSMENT_LEAD = "assessment_lead", "ответственный за процедуру", "coordinator of the assessment"
    EXTRA_EDUCATION = "extra_education", "учреждения дополнительного образования", "extra-curricular institutions"
    SCHOOLS = "schools", "администрации школ", "schools"
    CURATOR = "curator", "куратор школы", "curator of the school"
    TEACHERS = "teachers", "учителя школы", "teachers of the school"


class ProgrammeStatus(Term):
    DRAFT = "draft", "проект", "draft"
    APPROVED = "approved", "утверждена", "approved"


class TaskStatus(Term):
    PLANNED = "planned", "запланировано", "planned"
    DONE = "done", "выполнено", "done"
    WAIVED = "waived", "снято", "waived"


class RoadMapStatus(Term):
    """A school's own road map: proposed, agreed, submitted for the check, then returned or accepted."""

    PROPOSED = "proposed", "предложена школе", "proposed to the school"
    AGREED = "agreed", "согласована со школой", "agreed with the school"
    SUBMITTED = "submitted", "на проверке", "submitted"
    RETURNED = "returned", "возвращена на доработку", "returned for correction"
    ACCEPTED = "accepted", "принята", "accepted"


class MentoringKind(Term):
    SCHOOLS = "schools", "школа — школе", "school to school"
    TEACHERS = "teachers", "учитель — учителю", "teacher to teacher"


class MentoringStatus(Term):
    ACTIVE = "active", "работает", "active"
    ENDED = "ended", "завершена", "ended"


class MeasureChange(Term):
    """What a newer version of a template does to a measure of a running programme."""

    ADDED = "added", "добавлено", "added"
    CHANGED = "changed", "изменено", "changed"
    REMOVED = "removed", "исключено", "removed"
