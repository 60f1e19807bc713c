"""Rows that are valid by default; a test overrides the one thing it is about."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import (
    Absence,
    AssignmentPlan,
    CalendarChange,
    CalendarEntry,
    CalendarEvent,
    Case,
    ClusterMembership,
    ClusterSet,
    Conclusion,
    ControlGroup,
    ControlMember,
    CuratorOrder,
    Dataset,
    Deadline,
    Declaration,
    FederalMarker,
    Flag,
    Interview,
    MigratedCase,
    ObjectiveEntry,
    Observation,
    Person,
    PersonDuty,
    PersonPost,
    PersonRelation,
    PlanRow,
    PreservationRequest,
    Recheck,
    ScaledSchool,
    ScaleLink,
    School,
    ScreeningRun,
    SupportRecord,
    Training,
    Upload,
    User,
    WorkflowMigration,
    WorkflowVersion,
)
from app.terms import (
    AbsenceReason,
    ChangeKind,
    ChangeStatus,
    ConflictKind,
    Duty,
    EntryKind,
    EventKind,
    FileKind,
    LinkDesign,
    MemberOrigin,
    MigratedOutcome,
    MigrationStatus,
    ObjectiveGround,
    PlanStatus,
    PostKind,
    RecheckOutcome,
    RecheckStatus,
    RunStatus,
    SupportKind,
    Tier,
    UploadStatus,
    Verdict,
    VisitStatus,
)
from app.workflows import control_frame
from app.workflows.definitions import shipped

OPENED = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)


def place(school: School) -> dict[str, int]:
    return {"municipality_id": school.municipality_id, "school_id": school.id}


def make_run(session: Session, **changes: Any) -> ScreeningRun:
    run = ScreeningRun(**{"year": 2026, "status": RunStatus.DONE, "requested_at": OPENED, **changes})
    session.add(run)
    session.flush()
    return run


def make_flag(session: Session, school: School, run: ScreeningRun, **changes: Any) -> Flag:
    frozen = {
        "findings": [],
        "inputs_sha256": "0" * 64,
        "detector_versions": {},
        "detector_versions_text": "boundary_push 1",
        "parameters": {},
        "parameters_version": "1",
        "reference": {},
        "summary": {},
    }
    values = {
        "run_id": run.id,
        "year": 2026,
        "tier": Tier.CASE,
        "evidence": 4.2,
        "p_combined": 0.0001,
        "q": 0.01,
        "families": "boundary",
        "frozen": frozen,
        "frozen_sha256": "0" * 64,
        "raised_at": OPENED,
        **place(school),
    }
    flag = Flag(**{**values, **changes})
    session.add(flag)
    session.flush()
    return flag


def make_case(session: Session, school: School, **changes: Any) -> Case:
    values = {
        "number": f"2026-{school.id:04d}",
        "workflow": shipped().name,
        "workflow_version": shipped().version,
        "year": 2026,
        "tier": Tier.CASE,
        "evidence": 4.2,
        "opened_at": OPENED,
        "entered_at": OPENED,
        **place(school),
    }
    case = Case(**{**values, **changes})
    session.add(case)
    session.flush()
    return case


def make_keeping(session: Session, case: Case, **changes: Any) -> PreservationRequest:
    """The school was asked to keep the works long enough for any recheck of the tests."""
    values = {
        "case_id": case.id,
        "number": "7/х",
        "requested_on": date(2026, 11, 2),
        "keep_until": date(2028, 1, 31),
        "requested_by_name": "Marat",
        "requested_at": OPENED,
    }
    row = PreservationRequest(
        **{**values, "municipality_id": case.municipality_id, "school_id": case.school_id, **changes}
    )
    session.add(row)
    session.flush()
    return row


def make_deadline(session: Session, municipality_id: int | None, **changes: Any) -> Deadline:
    """Ten working days after the publication of the list on 2 November 2026."""
    values = {
        "title": "Собеседования",
        "rule": {
            "kind": "offset",
            "event": "publication",
            "days": 10,
            "unit": "working",
            "direction": "after",
        },
        "starts_on": date(2026, 11, 2),
        "due_on": date(2026, 11, 17),
        "responsible": "Mira",
        "recorded_by_name": "Marat",
        "recorded_at": OPENED,
        "municipality_id": municipality_id,
    }
    row = Deadline(**{**values, **changes})
    session.add(row)
    session.flush()
    return row


def make_event(session: Session, municipality_id: int | None = None, **changes: Any) -> CalendarEvent:
    values = {
        "kind": EventKind.PUBLICATION,
        "on": date(2026, 11, 2),
        "source": "письмо от 01.11.2026 № 7",
        "recorded_by_name": "Rita",
        "recorded_at": OPENED,
        "municipality_id": municipality_id,
    }
    row = CalendarEvent(**{**values, **changes})
    session.add(row)
    session.flush()
    return row


def make_days(session: Session, municipality_id: int | None = None, **changes: Any) -> CalendarEntry:
    values = {
        "kind": EntryKind.DAY_OFF,
        "starts_on": date(2026, 11, 9),
        "ends_on": date(2026, 11, 9),
        "title": "Местный праздник",
        "source": "приказ от 01.09.2026 № 3",
        "recorded_by_name": "Rita",
        "recorded_at": OPENED,
        "municipality_id": municipality_id,
    }
    row = CalendarEntry(**{**values, **changes})
    session.add(row)
    session.flush()
    return row


def make_calendar_change(session: Session, municipality_id: int | None = None, **changes: Any) -> CalendarChange:
    values = {
        "kind": ChangeKind.EVENT_REMOVE,
        "row_id": None,
        "reason": "список не вышел",
        "status": ChangeStatus.APPLIED,
        "asked_by_name": "Rita",
        "asked_at": OPENED,
        "applied_at": OPENED,
        "municipality_id": municipality_id,
    }
    row = CalendarChange(**{**values, **changes})
    session.add(row)
    session.flush()
    return row


def make_interview(session: Session, case: Case, **changes: Any) -> Interview:
    values = {
        "case_id": case.id,
        "number": "1",
        "held_on": date(2026, 11, 10),
        "place": "отдел образования",
        "form": "очно",
        "present": [{"name": "А. Б.", "post": "директор"}, {"name": "В. Г.", "post": "методист"}],
        "explanation": "Проверяли учителя своих классов.",
        "recorded_by_name": "Kira",
        "recorded_at": OPENED,
    }
    row = Interview(**{**values, **_place(case), **changes})
    session.add(row)
    session.flush()
    return row


def make_order(session: Session, case: Case, curator: User, **changes: Any) -> CuratorOrder:
    values = {
        "case_id": case.id,
        "number": "118",
        "issued_on": date(2026, 11, 12),
        "curator_id": curator.id,
        "curator_name": curator.name,
        "workplace": "методическая служба",
        "until": date(2027, 6, 30),
        "no_conflict_declared": True,
        "issued_by_name": "Marat",
        "recorded_at": OPENED,
    }
    row = CuratorOrder(**{**values, **_place(case), **changes})
    session.add(row)
    session.flush()
    return row


def make_observation(session: Session, case: Case, observer: User, **changes: Any) -> Observation:
    values = {
        "case_id": case.id,
        "observer_id": observer.id,
        "observer_name": observer.name,
        "trained_until": date(2028, 1, 1),
        "subject": "ma",
        "grade": 5,
        "scheduled_on": date(2026, 11, 16),
        "status": VisitStatus.DONE,
        "act_number": "7",
        "held_on": date(2026, 11, 16),
        "stages": ["sitting"],
        "recorded_at": OPENED,
    }
    row = Observation(**{**values, **_place(case), **changes})
    session.add(row)
    session.flush()
    return row


def make_person(session: Session, school: School, *, cast: Any, note: str, **changes: Any) -> Person:
    """A worker of a school without an account, with everything a card may hold."""
    here = place(school)
    person = Person(**{"name": "Сотрудник", "subjects": ["ma"], "languages": [note], **here, **changes})
    session.add(person)
    session.flush()
    begin = date(2020, 1, 1)
    session.add_all(
        [
            PersonPost(person_id=person.id, kind=PostKind.TEACHER, title=note, workplace_id=school.id, **here),
            PersonDuty(person_id=person.id, duty=Duty.OBSERVER, since=begin, **here),
            Training(person_id=person.id, programme=note, issued_on=begin, valid_until=date(2035, 1, 1), **here),
            Absence(
                person_id=person.id,
                from_on=date(2030, 1, 1),
                until_on=date(2030, 1, 9),
                reason=AbsenceReason.VACATION,
                **here,
            ),
            PersonRelation(
                person_id=person.id,
                kind=ConflictKind.RELATIVE,
                related_school_id=school.id,
                note=note,
                stated_by_name=note,
                stated_at=OPENED,
                **here,
            ),
            Declaration(
                person_id=person.id,
                user_id=cast["root"].id,
                person_name=note,
                has_conflict=True,
                statement=note,
                rules_version="2026.1",
                declared_at=OPENED,
                valid_until=date(2030, 1, 1),
                **here,
            ),
        ]
    )
    session.flush()
    return person


def make_declaration(session: Session, user: User, school: School, **changes: Any) -> Declaration:
    person = session.scalars(select(Person).where(Person.user_id == user.id)).one()
    values = {
        "person_id": person.id,
        "user_id": user.id,
        "person_name": user.name,
        "has_conflict": False,
        "rules_version": "2026.1",
        "declared_at": OPENED,
        "valid_until": date(2030, 1, 1),
        **place(school),
    }
    row = Declaration(**{**values, **changes})
    session.add(row)
    session.flush()
    return row


def make_dataset(session: Session, **changes: Any) -> Dataset:
    upload = Upload(
        sha256="1" * 64,
        file_name="ma5.xlsx",
        size=1,
        status=UploadStatus.ACCEPTED,
        uploaded_at=OPENED,
        decided_at=OPENED,
    )
    session.add(upload)
    session.flush()
    values = {
        "upload_id": upload.id,
        "kind": FileKind.WORKS,
        "year": 2026,
        "subject": "ma",
        "grade": 5,
        "sha256": "2" * 64,
        "n_rows": 100,
        "n_schools": 4,
        "accepted_at": OPENED,
    }
    row = Dataset(**{**values, **changes})
    session.add(row)
    session.flush()
    return row


def make_recheck(session: Session, case: Case, inspector: User, dataset: Dataset, **changes: Any) -> Recheck:
    values = {
        "case_id": case.id,
        "dataset_id": dataset.id,
        "dataset_sha256": dataset.sha256,
        "year": 2026,
        "subject": "ma",
        "grade": 5,
        "inspector_id": inspector.id,
        "inspector_name": inspector.name,
        "scheduled_on": date(2026, 11, 20),
        "order_number": "5",
        "status": RecheckStatus.MARKED,
        "rule": {"share": 0.3, "max_score": 20, "mark_from": [7, 11, 15]},
        "seed": "a1b2",
        "n_works": 100,
        "n_sample": 30,
        "n_objective": 30,
        "share_low": 0.917,
        "share_high": 1.0,
        "outcome": RecheckOutcome.NOT_CONFIRMED,
        "requested_at": OPENED,
        "marked_at": OPENED,
    }
    row = Recheck(**{**values, **_place(case), **changes})
    session.add(row)
    session.flush()
    return row


def make_conclusion(session: Session, case: Case, author: User, **changes: Any) -> Conclusion:
    values = {
        "case_id": case.id,
        "verdict": Verdict.NOT_CONFIRMED,
        "grounds": "Перепроверка и наблюдение признаков не подтвердили.",
        "proposed_by_id": author.id,
        "proposed_by_name": author.name,
        "proposed_at": OPENED,
    }
    row = Conclusion(**{**values, **_place(case), **changes})
    session.add(row)
    session.flush()
    return row


def make_entry(session: Session, school: School, **changes: Any) -> ObjectiveEntry:
    values = {
        "ground": ObjectiveGround.MANUAL,
        "valid_from": date(2026, 9, 1),
        "valid_until": date(2028, 8, 31),
        "reason": "Работы школы проверяла межшкольная комиссия.",
        "recorded_by_name": "Marat",
        "recorded_at": OPENED,
        **place(school),
    }
    row = ObjectiveEntry(**{**values, **changes})
    session.add(row)
    session.flush()
    return row


def make_marker(session: Session, school: School, dataset: Dataset, **changes: Any) -> FederalMarker:
    values = {"dataset_id": dataset.id, "year": 2026, "markers": {"ma5": True}, "n_markers": 1, **place(school)}
    row = FederalMarker(**{**values, **changes})
    session.add(row)
    session.flush()
    return row


def make_cluster_set(session: Session, schools: list[School], **changes: Any) -> ClusterSet:
    """A proposed division that puts all these schools in one cluster of two."""
    trait = {"ru": "учеников", "en": "pupils", "form": "number", "difference": 1.2, "mean": 900.0, "overall": 400.0}
    clusters = [
        {"number": 1, "size": len(schools), "name_ru": "Большие", "name_en": "Large", "traits": [trait]},
        {"number": 2, "size": 10, "name_ru": "Малые", "name_en": "Small", "traits": []},
    ]
    values = {
        "year": 2026,
        "method": {
            "name": "ward_silhouette",
            "version": "1.0",
            "rules_version": "1",
            "rules": {"smallest": 10, "notable": 0.4},
            "tried": [{"k": 2, "silhouette": 0.4, "sizes": [len(schools), 10]}],
        },
        "features": [{"name": "pupils", "ru": "учеников", "en": "pupils", "weight": 1.0, "missing": 0}],
        "clusters": clusters,
        "n_schools": len(schools) + 10,
        "n_clusters": 2,
        "n_left_out": 0,
        "sha256": "3" * 64,
        "proposed_by_name": "Anna",
        "proposed_at": OPENED,
    }
    row = ClusterSet(**{**values, **changes})
    session.add(row)
    session.flush()
    session.add_all(ClusterMembership(set_id=row.id, number=1, **place(school)) for school in schools)
    session.flush()
    return row


def make_scale_link(session: Session, dataset: Dataset, schools: list[School], **changes: Any) -> ScaleLink:
    """A finished scale from a data set to itself, with the same row for each school."""
    works = {"procedure": "rdr", "year": 2026, "subject": "ma", "grade": 5, "sha256": dataset.sha256}
    values = {
        "first_id": dataset.id,
        "second_id": dataset.id,
        "status": RunStatus.DONE,
        "design": LinkDesign.SINGLE_GROUP,
        "n_schools": len(schools),
        "n_works": 300,
        "n_differ": 0,
        "table": {"equivalent": [0.2, 1.4], "error": [0.1, 0.1], "degrees": [2, 3], "max_second": 1},
        "inputs": {"first": works, "second": {**works, "procedure": "vpr"}, "seed": 1},
        "requested_by_name": "Anna",
        "requested_at": OPENED,
    }
    link = ScaleLink(**{**values, **changes})
    session.add(link)
    session.flush()
    numbers = ("first", "first_low", "first_high", "second", "second_low", "second_high")
    numbers += ("difference", "difference_low", "difference_high")
    for school in schools:
        session.add(
            ScaledSchool(
                link_id=link.id, n_first=50, n_second=50, z=0.1, q=0.9, differs=False, mean_mark=3.5,
                **dict.fromkeys(numbers, 1.0), **place(school),
            )
        )  # fmt: skip
    session.flush()
    return link


def make_control_group(session: Session, schools: list[School], **changes: Any) -> ControlGroup:
    """A proposed group of these schools, drawn as the program draws it."""
    codes = sorted(school.code for school in schools)
    frame = {
        "features": [{"name": "pupils", "ru": "учеников", "en": "pupils"}],
        "features_version": "1",
        "absent": [],
        "schools": [
            {"code": code, "municipality": "m001", "stratum": "село", "context": [100.0], "against": None}
            for code in codes
        ],
    }
    values = {
        "title": "Контрольная",
        "year": 2026,
        "seed": "abc",
        "rule": {
            "version": "1",
            "size": len(codes),
            "per_municipality": len(codes),
            "draws": 2,
            "draw": 1,
            "first": codes,
            "drawn": codes,
            "excluded": 0,
        },
        "frame": frame,
        "frame_sha256": control_frame.digest(frame),
        "balance": control_frame.balance_of(session, frame, first=codes, drawn=codes, now=codes),
        "n_eligible": len(codes),
        "n_members": len(codes),
        "drawn_by_name": "Anna",
        "drawn_at": OPENED,
        "municipality_id": schools[0].municipality_id,
    }
    group = ControlGroup(**{**values, **changes})
    session.add(group)
    session.flush()
    for school in schools:
        group.members.append(
            ControlMember(
                school=school, stratum="село", origin=MemberOrigin.DRAWN, added_by_name="Anna", **place(school)
            )
        )
    session.flush()
    return group


def make_plan(session: Session, case: Case, person: User, **changes: Any) -> AssignmentPlan:
    """A proposed plan that sends one person to recheck the case."""
    values = {
        "status": PlanStatus.DRAFT,
        "duties": [Duty.EXPERT.value],
        "case_ids": [case.id],
        "rules_version": "1",
        "result": {
            "cost": 46.0,
            "parts": {"load": 6.0, "travel": 40.0, "late": 0.0, "repeat": 0.0},
            "gap": 0.0,
            "max_load": 1.0,
            "unserved": 0,
            "shortages": [],
            "people": [
                {"id": person.id, "name": person.name, "duties": ["expert"], "municipality": "Район",
                 "before": 0.0, "after": 1.0, "limit": 12.0}
            ],
        },
        "proposed_by_name": "Marat",
        "proposed_at": OPENED,
        "municipality_id": case.municipality_id,
    }  # fmt: skip
    plan = AssignmentPlan(**{**values, **changes})
    session.add(plan)
    session.flush()
    plan.rows.append(
        PlanRow(
            case_id=case.id,
            need=f"expert:{case.id}",
            seat=1,
            duty=Duty.EXPERT,
            year=2026,
            subject="ma",
            grade=5,
            days=["2026-11-26"],
            person_id=person.id,
            person_name=person.name,
            day=date(2026, 11, 26),
            why={"code": "only", "ru": "Единственный.", "en": "The only one.", "next": None},
            **_place(case),
        )
    )
    session.flush()
    return plan


def _place(case: Case) -> dict[str, Any]:
    return {"municipality_id": case.municipality_id, "school_id": case.school_id}


def make_support(session: Session, case: Case, **changes: Any) -> SupportRecord:
    values = {
        "case_id": case.id,
        "kind": SupportKind.DIAGNOSIS,
        "held_on": date(2026, 11, 20),
        "title": "",
        "text": "Что сделано и что решено.",
        "recorded_by_name": "Kira",
        "recorded_at": datetime(2026, 11, 22, 9, 0, tzinfo=UTC),
    }
    row = SupportRecord(**{**values, **_place(case), **changes})
    session.add(row)
    session.flush()
    return row


def make_migration(session: Session, case: Case, **changes: Any) -> WorkflowMigration:
    """A finished migration that found no place for the case."""
    names = {row.name: row.id for row in session.scalars(select(WorkflowVersion))}
    values = {
        "from_id": names["objectivity"],
        "to_id": names["objectivity_amur"],
        "mapping": {"flagged": "flagged"},
        "reason": "Область работает по своему плану.",
        "status": MigrationStatus.DONE,
        "asked_by_name": "Root",
        "asked_at": OPENED,
    }
    row = WorkflowMigration(**{**values, **changes})
    session.add(row)
    session.flush()
    session.add(
        MigratedCase(
            migration_id=row.id,
            case_id=case.id,
            from_state=case.state,
            expected_version=case.version,
            outcome=MigratedOutcome.UNMAPPED,
            **_place(case),
        )
    )
    session.flush()
    return row
