"""People of the register: what they do, where they work, when they are away, what may make them partial."""

from __future__ import annotations

from app.terms.term import Term


class Duty(Term):
    """What a person is entered in the register for."""

    CURATOR = "curator", "куратор", "curator"
    OBSERVER = "observer", "наблюдатель", "observer"
    EXPERT = "expert", "эксперт", "expert"


class Helper(Term):
    """A part that needs no entry in the register: one is asked for it pair by pair."""

    MENTOR = "mentor", "наставник", "mentor"


Part = Duty | Helper
"""What somebody may be at a school; conflicts of interest are asked about it."""


class PostKind(Term):
    HEAD = "head", "руководитель школы", "head of a school"
    DEPUTY = "deputy", "заместитель руководителя", "deputy head"
    COORDINATOR = "coordinator", "школьный координатор", "school coordinator"
    TEACHER = "teacher", "учитель", "teacher"
    METHODIST = "methodist", "сотрудник методической службы", "methodical service"
    DEPARTMENT = "department", "сотрудник отдела образования", "education department"
    OTHER = "other", "другая работа", "other work"


class ImportOutcome(Term):
    """What entering a line of a table would do to the register; never stored."""

    NEW = "new", "будет внесён", "new"
    CHANGED = "changed", "будет изменён", "changed"
    SAME = "same", "без изменений", "same"
    WRONG = "wrong", "не будет внесён", "stays out"


class AbsenceReason(Term):
    VACATION = "vacation", "отпуск", "leave"
    SICK = "sick", "болезнь", "illness"
    TRIP = "trip", "командировка", "business trip"
    OTHER = "other_absence", "другая причина", "another reason"


class TrainingState(Term):
    """How a person's training stands on a day; never stored."""

    VALID = "valid", "действует", "valid"
    EXPIRING = "expiring", "скоро истекает", "expires soon"
    EXPIRED = "expired", "истекло", "expired"
    NONE = "none", "нет", "none"


class ConflictKind(Term):
    """Why a person may not act at a school."""

    OWN_SCHOOL = "own_school", "работает в этой школе", "works at this school"
    FORMER_SCHOOL = "former_school", "недавно работал(а) в этой школе", "worked at this school lately"
    MUTUAL_CURATION = "mutual_curation", "взаимное кураторство", "mutual curation"
    RELATIVE = "relative", "родственник работает в школе", "a relative works at the school"
    OWN_CHILD = "own_child", "ребёнок учится в школе", "own child studies there"
    OWN_MARKING = "own_marking", "проверял(а) эти работы", "marked these works"
    MANUAL = "manual", "другая личная связь со школой", "another personal tie to the school"


DECLARED_KINDS = (ConflictKind.RELATIVE, ConflictKind.OWN_CHILD, ConflictKind.OWN_MARKING, ConflictKind.MANUAL)
"""Kinds that nobody can compute: a person declares them, or the register's keeper enters them."""
