"""A programme of a school's municipality, the school's road map and a mentoring pair, each text with a word in it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy.orm import Session

from app.models import (
    Case,
    MentoringMeeting,
    MentoringPair,
    Programme,
    ProgrammeMeasure,
    ProgrammeTask,
    RoadMap,
    RoadMapItem,
    School,
)
from app.storage import ObjectStore
from app.terms import MentoringKind, ProgrammeStatus, RoadMapStatus, TaskKind, TaskStatus
from tests.factories import place

AT = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
RULE = {"kind": "date", "month": 11, "day": 30}


def make_programme(session: Session, school: School, word: str = "", **changes: Any) -> Programme:
    """An approved programme with one open task."""
    where = {"municipality_id": school.municipality_id}
    values = {
        "title": f"Программа {word}".strip(),
        "first_year": 2026,
        "status": ProgrammeStatus.APPROVED,
        "template_id": "other",
        "template_version": "1",
        "template_sha256": "0" * 64,
        "source": f"План {word}",
        "sections": [{"id": "finding", "title": f"Раздел {word}", "title_en": f"Section {word}"}],
        "number": "12-о",
        "agreed_by": "Глава",
        "agreed_on": date(2026, 11, 1),
        "approved_by": f"Начальник {word}",
        "approved_on": date(2026, 11, 2),
        "drafted_by_name": f"Составил {word}",
        "drafted_at": AT,
        **where,
    }
    programme = Programme(**{**values, **changes})
    session.add(programme)
    session.flush()
    measure = ProgrammeMeasure(
        programme_id=programme.id,
        number="1",
        position=0,
        section="finding",
        kind=TaskKind.ANALYSIS,
        what=f"Сопоставить результаты {word}",
        rule=RULE,
        roles=["institute"],
        result=f"Видно расхождение {word}",
        evidence="Справка",
        **where,
    )
    session.add(measure)
    session.flush()
    session.add(
        ProgrammeTask(
            programme_id=programme.id,
            measure_id=measure.id,
            slot="2026-11-30",
            rule=RULE,
            due_on=date(2026, 11, 30),
            **where,
        )
    )
    session.flush()
    session.refresh(programme)
    return programme


def make_road_map(session: Session, store: ObjectStore, case: Case, word: str = "", **changes: Any) -> RoadMap:
    """An agreed road map: one measure done with a file, one open."""
    where = {"municipality_id": case.municipality_id, "school_id": case.school_id}
    values = {
        "case_id": case.id,
        "status": RoadMapStatus.AGREED,
        "blocks": [
            {
                "id": "marking", "title": f"Проверка {word}", "title_en": f"Marking {word}", "because": [],
                "because_en": [], "recommendation": f"Проверяйте комиссией {word}",
            }
        ],
        "blocks_version": "1",
        "proposed_by_name": f"Предложил {word}",
        "proposed_at": AT,
        **where,
    }  # fmt: skip
    road_map = RoadMap(**{**values, **changes})
    session.add(road_map)
    session.flush()
    shared = {
        "road_map_id": road_map.id, "case_id": case.id, "block": f"Проверка {word}", "kind": TaskKind.REGULATION,
        "evidence": "Приказ", "roles": ["schools"], **where,
    }  # fmt: skip
    done = RoadMapItem(
        key="marking:commission",
        what=f"Создать комиссию {word}",
        status=TaskStatus.DONE,
        done_on=date(2026, 11, 10),
        file_sha256=store.put(f"%PDF-1.4 приказ {word}".encode()),
        file_name=f"приказ {word}.pdf",
        settled_by_name="Sveta",
        settled_at=AT,
        **shared,
    )
    opened = RoadMapItem(
        key="marking:criteria", what=f"Разобрать критерии {word}", due_on=date(2026, 12, 1), rule=RULE, **shared
    )
    session.add_all([done, opened])
    session.flush()
    session.refresh(road_map)
    return road_map


def make_accepted_map(session: Session, case: Case, *, is_settled: bool = True) -> RoadMap:
    """An accepted road map with one obligatory measure, done or still open, and a voluntary one that is open."""
    where = {"municipality_id": case.municipality_id, "school_id": case.school_id}
    road_map = RoadMap(
        case_id=case.id, status=RoadMapStatus.ACCEPTED, blocks=[], blocks_version="1", proposed_by_name="Marat",
        proposed_at=AT, decided_by_name="Marat", decided_at=AT, **where,
    )  # fmt: skip
    session.add(road_map)
    session.flush()
    shared = {"road_map_id": road_map.id, "case_id": case.id, "block": "Проверка", "kind": TaskKind.REGULATION,
              "evidence": "Приказ", "roles": ["schools"], **where}  # fmt: skip
    done = {"status": TaskStatus.DONE, "done_on": date(2026, 11, 10), "note": "Приказ № 5"} if is_settled else {}
    session.add_all(
        [
            RoadMapItem(key="own:1", what="Создать комиссию", **done, **shared),
            RoadMapItem(key="own:2", what="Рассказать родителям", is_obligatory=False, **shared),
        ]
    )
    session.flush()
    return road_map


def make_pair(session: Session, school: School, mentor: School, word: str = "", **changes: Any) -> MentoringPair:
    values = {
        "kind": MentoringKind.SCHOOLS,
        "mentor_school_id": mentor.id,
        "mentor_place": mentor.name,
        "goals": f"Проверять работы вместе {word}",
        "starts_on": date(2026, 11, 1),
        "ends_on": date(2027, 5, 31),
        "made_by_name": f"Завёл {word}",
        "made_at": AT,
        **place(school),
    }
    pair = MentoringPair(**{**values, **changes})
    session.add(pair)
    session.flush()
    session.add(
        MentoringMeeting(
            pair_id=pair.id,
            held_on=date(2026, 11, 5),
            theme=f"Критерии {word}",
            agreed=f"Проверить десять работ {word}",
            recorded_by_name="Kira",
            recorded_at=AT,
            **place(school),
        )
    )
    session.flush()
    return pair
