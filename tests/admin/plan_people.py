"""A municipality with work for a plan: cases at several steps, curators, inspectors."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Session

from app.models import School, User
from app.terms import PostKind, Role, Tier
from tests import factories as make
from tests.people import Cast, enter

SIGN = {"findings": [{"sign": True, "year": 2026, "subject": "ma", "grade": 5, "sentence": "…"}]}
CURATORS = ("Белова Анна Петровна", "Громов Илья Олегович", "Ершова Вера Павловна")
INSPECTORS = ("Зимин Олег Ильич", "Котова Нина Юрьевна", "Лапин Егор Львович", "Мохова Ирина Глебовна")


def settle(session: Session, cast: Cast) -> None:
    """Add six schools with cases and seven people; one inspector works at a school that is to be visited."""
    run = make.make_run(session)
    schools = [
        School(
            code=f"9911{i:02d}",
            name=f"СОШ № {11 + i}",
            municipality_id=cast.municipality.id,
            settlement=("Дубки", "Заречный", "Сосновка")[i % 3],
        )
        for i in range(7)
    ]
    session.add_all(schools)
    session.flush()
    states = ["flagged"] * 3 + ["curator_assigned"] * 2 + ["observed"] * 2
    for school, state in zip(schools, states, strict=True):
        curator = None if state == "flagged" else cast["kira"].id
        tier = Tier.SEVERE if state == "curator_assigned" else Tier.CASE
        case = make.make_case(session, school, state=state, curator_id=curator, tier=tier)
        if state != "flagged":
            make.make_keeping(session, case)  # works of a finished year: rechecks need the school's word
        make.make_flag(session, school, run, case_id=case.id, frozen={**SIGN, "inputs_sha256": "0" * 64})
    for i, name in enumerate((*CURATORS, *INSPECTORS)):
        role = Role.CURATOR if name in CURATORS else Role.INSPECTOR
        user = User(login=f"person{i}", name=name, role=role, password_hash="!", municipality_id=cast.municipality.id)
        session.add(user)
        session.flush()
        home = schools[3] if name == INSPECTORS[0] else None
        kind = PostKind.METHODIST if home is None else None
        enter(session, user, works_at=home, kind=kind, trained_until=date(2028, 1, 1))
