"""The papers of a school's road map: addressed recommendations, and the road map as it was accepted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from app.calendars import parse_rule
from app.documents.plans import Advice, PlanRow, PlanSection, Recommendations, SchoolRoadMap
from app.models import Case, Municipality, RoadMap, RoadMapItem
from app.terms import Party


def recommendations(session: Session, case: Case, road_map: RoadMap, *, on: date) -> Recommendations:
    return Recommendations(
        number=f"{case.number}/р",
        issued_on=on,
        department=_department(session, case),
        school_name=case.school.name,
        school_code=case.school.code,
        case_number=case.number,
        advice=tuple(
            Advice(block["title"], "; ".join(block["because"]), block["recommendation"]) for block in road_map.blocks
        ),
        measures=tuple(_row(n, item) for n, item in enumerate(road_map.items, start=1)),
        version=road_map.blocks_version,
    )


def road_map(session: Session, case: Case, road_map: RoadMap, *, on: date) -> SchoolRoadMap:
    rows = [(item.block, _row(n, item)) for n, item in enumerate(road_map.items, start=1)]
    titles = dict.fromkeys(title for title, _row in rows)
    return SchoolRoadMap(
        number=f"{case.number}/к",
        school_name=case.school.name,
        school_code=case.school.code,
        case_number=case.number,
        department=_department(session, case),
        proposed_by=road_map.proposed_by_name,
        agreed_by=road_map.agreed_by_name or "—",
        accepted_by=road_map.decided_by_name or "—",
        accepted_on=on,
        sections=tuple(PlanSection(title, tuple(row for t, row in rows if t == title)) for title in titles),
        version=road_map.blocks_version,
    )


def when(item: RoadMapItem, locale: str = "ru") -> str:
    """The day of a measure, or the rule in words while its event is not known."""
    if item.due_on is not None:
        return f"{item.due_on:%Y-%m-%d}" if locale == "en" else f"{item.due_on:%d.%m.%Y}"
    return rule_words(item.rule, locale) if item.rule else "—"


MOVES = {"interview": ("собеседования", "the interview")}
"""A move that rules count from → how they name it."""


def rule_words(table: Mapping[str, Any], locale: str = "ru") -> str:
    """A rule in words; a move of the case is named as people name it."""
    rule = parse_rule(table)
    said = rule.words(locale)
    for trigger, (ru, en) in MOVES.items():
        said = said.replace(f"хода дела «{trigger}»", ru).replace(f"the move of the case “{trigger}”", en)
    return said


def _row(number: int, item: RoadMapItem) -> PlanRow:
    who = ", ".join(Party(role).ru for role in item.roles)
    needed = "" if item.is_obligatory else " (по возможности)"
    return PlanRow(str(number), item.what + needed, when(item), who, item.result or "—", item.evidence)


def _department(session: Session, case: Case) -> str:
    place = session.get(Municipality, case.municipality_id)
    return f"Орган управления образованием, {place.name}" if place else "Орган управления образованием"
