"""Who works here, and what a school is."""

from __future__ import annotations

from app.terms.term import Term


class Role(Term):
    REGION_MANAGER = "region_manager", "руководитель регионального уровня", "regional manager"
    DEPARTMENT = "department", "отдел образования", "education department"
    ANALYST = "analyst", "аналитик", "analyst"
    CURATOR = "curator", "куратор", "curator"
    INSPECTOR = "inspector", "инспектор", "inspector"
    SCHOOL = "school", "школа", "school"
    ADMIN = "admin", "администратор", "administrator"


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
