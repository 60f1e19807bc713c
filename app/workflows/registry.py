"""The register of municipalities and schools, filled from accepted files and keyed by code where one is known."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import Reason, Refused
from app.models import Dataset, FederalMarker, Municipality, School
from app.policy import SYSTEM, Actor
from app.terms import Examination


def register_schools(
    session: Session, schools: Iterable[Mapping[str, Any]], *, actor: Actor, from_context: bool
) -> dict[str, int]:
    """Add schools not seen yet and complete what is known of the others; return code → id.

    Parameters
    ----------
    schools : iterable of mappings
        ``school`` (digits), and where the file tells: ``name``, ``municipality`` (code), ``municipality_name``,
        ``kind``, ``settlement`` and further context.
    from_context : bool
        The file is a context form: its name, kind and context replace what is there.
    """
    rows = [row for row in schools if row.get("school")]
    if not actor.is_regional:
        _refuse_foreign(session, rows, actor)
    known = {school.code: school for school in session.scalars(select(School))}
    municipalities = list(session.scalars(select(Municipality)))
    by_code = {m.code: m for m in municipalities}
    by_name = {_key(m.name): m for m in municipalities}
    ids: dict[str, int] = {}
    for row in rows:
        code = str(row["school"])
        school = known.get(code)
        municipality = _municipality(session, row, school, by_code, by_name)
        if school is None:
            school = School(code=code, name=row.get("name") or f"Школа {code}", municipality_id=municipality.id)
            school.municipality = municipality
            session.add(school)
            known[code] = school
        if from_context or school.name == f"Школа {code}":
            school.name = row.get("name") or school.name
        if from_context or school.kind is None:
            school.kind = row.get("kind") or school.kind
            school.settlement = row.get("settlement") or school.settlement
        if from_context:
            extra = {k: v for k, v in row.items() if v is not None and k not in _OWN_COLUMNS}
            school.context = {**(school.context or {}), **extra}
    session.flush()
    for row in rows:
        ids[str(row["school"])] = known[str(row["school"])].id
    return ids


_OWN_COLUMNS = {"school", "name", "municipality", "municipality_name", "kind", "settlement"}


def codes_of_schools(session: Session) -> dict[str, dict[str, str]]:
    """Schools by their codes in each examination, as the context form tells them; see `app.ingest.exams.read_exams`."""
    from app.ingest.reading import SHARED_CODE

    codes: dict[str, dict[str, str]] = {exam.value: {} for exam in Examination}
    for school, told in session.execute(select(School.code, School.context).order_by(School.code)):
        for exam, of_exam in codes.items():
            code = (told or {}).get(f"code_{exam}")
            if code:
                of_exam[code] = SHARED_CODE if code in of_exam else school
    return codes


def keep_federal_list(
    session: Session, dataset: Dataset, rows: Iterable[Mapping[str, Any]], ids: Mapping[str, int]
) -> None:
    """Store the markers of a federal list, each with its own list as provenance."""
    schools = {school.code: school for school in session.scalars(select(School).where(School.id.in_(ids.values())))}
    for row in rows:
        school = schools[str(row["school"])]
        markers = {key: True for key in row if _MARKER.match(str(key)) and row[key]}
        session.add(
            FederalMarker(
                dataset_id=dataset.id,
                year=int(row.get("year") or dataset.year or 0),
                markers=markers,
                n_markers=len(markers),
                municipality_id=school.municipality_id,
                school_id=school.id,
            )
        )
    session.flush()


_MARKER = re.compile(r"^(ru|ma)_?[45]$|^[45]_?(ru|ma)$")


def _municipality(
    session: Session,
    row: Mapping[str, Any],
    school: School | None,
    by_code: dict[str, Municipality],
    by_name: dict[str, Municipality],
) -> Municipality:
    code, name = row.get("municipality"), row.get("municipality_name")
    found = (by_code.get(code) if code else None) or (by_name.get(_key(name)) if name else None)
    if school is not None:
        # A school stays where it is; a later file may tell the name or the code that an earlier one left out.
        home = school.municipality
        if code and home.code.startswith("name:") and code not in by_code:
            home.code, by_code[code] = code, home
        if name and home.name == home.code and _key(name) not in by_name:
            home.name, by_name[_key(name)] = name, home
        return home
    if found is None:
        found = Municipality(
            code=code or f"name:{_key(name or 'без муниципалитета')}"[:60], name=name or code or "без муниципалитета"
        )
        session.add(found)
        session.flush()
        by_code[found.code] = found
        by_name[_key(found.name)] = found
    return found


def _key(name: str) -> str:
    return re.sub(r"\s+", " ", name).strip().casefold()


def _refuse_foreign(session: Session, rows: list[Mapping[str, Any]], actor: Actor) -> None:
    schools, own = School.__table__, actor.municipality_id
    places = dict(session.connection().execute(select(schools.c.code, schools.c.municipality_id)).all())
    foreign = sorted({str(row["school"]) for row in rows if places.get(str(row["school"])) != own})
    if foreign:
        shown = ", ".join(foreign[:5])
        raise Refused(
            Reason(
                "foreign_schools",
                f"В файле есть школы не вашего муниципалитета или не из реестра: {shown} (всего {len(foreign)}). "
                "Загрузите файл только со своими школами или передайте его региональному аналитику.",
                f"The file holds schools outside your municipality or not registered yet: {shown}.",
            )
        )


__all__ = ["SYSTEM", "codes_of_schools", "keep_federal_list", "register_schools"]
