"""From bytes to a data set: one path for upload, command line and job."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select

from app.context import AppContext
from app.database import acting
from app.errors import Conflict, NotPermitted, Refused
from app.jobs import run_pending
from app.models import Dataset, FederalMarker, JournalEntry, Municipality, School, Upload
from app.policy import SYSTEM
from app.terms import FileKind, Procedure, UploadStatus
from app.workflows import intake
from tests.ingest.files import as_text, exam_results
from tests.people import make_cast

HEAD = [
    *("логин школы", "регион", "номер обучающегося", "код обучающегося", "отметка за предыдущую четверть/триместр"),
    *("пол", "класс", "вариант", "всего баллов"),
    *(f"балл за {i}" for i in range(1, 17)),
    "Учебник",
]


def works_file(schools: tuple[str, ...] = ("990001", "990002"), n: int = 12, points: str = "1") -> bytes:
    """A small export of 2021: mathematics, grade 5, sixteen items."""
    rows = [HEAD]
    for school in schools:
        rows += [
            [f"sch{school}", "Район 1", str(i), f"5{i:04d}", "4", "", "5А", "1", str(16 * int(points)), *[points] * 16,
             "Математика 5 класс"]
            for i in range(1, n + 1)
        ]  # fmt: skip
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def bring(context: AppContext, content: bytes, at: datetime, name: str = "ma5.csv", paper: Any = None) -> int:
    with acting(context.sessions, SYSTEM) as session:
        upload = intake.receive_upload(
            session, context.store, content=content, file_name=name, actor=SYSTEM, at=at, paper=paper
        )
    run_pending(context)
    return upload.id


def accept(context: AppContext, upload_id: int, at: datetime) -> Dataset:
    with acting(context.sessions, SYSTEM) as session:
        return intake.accept_upload(session, context.store, upload_id, actor=SYSTEM, at=at)


def load(context: AppContext, upload_id: int) -> Upload:
    with acting(context.sessions, SYSTEM) as session:
        upload = session.get(Upload, upload_id)
        assert upload is not None
        return upload


def test_a_file_is_read_previewed_accepted_and_its_bytes_are_kept(context: AppContext, at: datetime) -> None:
    content = works_file()

    upload_id = bring(context, content, at)
    previewed = load(context, upload_id)
    dataset = accept(context, upload_id, at)

    assert previewed.status is UploadStatus.PREVIEWED
    assert (previewed.kind, previewed.year, previewed.subject, previewed.grade) == (FileKind.WORKS, 2021, "ma", 5)
    assert (previewed.rows_read, previewed.rows_accepted) == (24, 24)
    assert context.store.read(previewed.sha256) == content
    assert (dataset.n_rows, dataset.n_schools) == (24, 2)
    with acting(context.sessions, SYSTEM) as session:
        assert {school.code for school in session.scalars(select(School))} == {"990001", "990002"}
        assert [m.name for m in session.scalars(select(Municipality))] == ["Район 1"]
        assert session.scalars(select(JournalEntry.action).order_by(JournalEntry.seq)).all() == [
            "upload:receive",
            "upload:accept",
        ]


def test_the_same_file_twice_is_refused_and_named(sqlite_context: AppContext, at: datetime) -> None:
    bring(sqlite_context, works_file(), at)

    with pytest.raises(Refused, match="Этот файл уже есть"):
        bring(sqlite_context, works_file(), at, name="copy.csv")


def test_a_later_file_of_the_paper_replaces_the_earlier_for_new_runs(sqlite_context: AppContext, at: datetime) -> None:
    first = accept(sqlite_context, bring(sqlite_context, works_file(), at), at)
    second = accept(sqlite_context, bring(sqlite_context, works_file(n=13), at, name="later.csv"), at)

    with acting(sqlite_context.sessions, SYSTEM) as session:
        earlier = session.get(Dataset, first.id)
        assert earlier is not None
        assert earlier.replaced_by_id == second.id


def test_an_unreadable_file_says_why_and_leaves_no_data_set(sqlite_context: AppContext, at: datetime) -> None:
    upload_id = bring(sqlite_context, b"PK\x03\x04 broken", at, name="broken.xlsx")

    upload = load(sqlite_context, upload_id)
    assert upload.status is UploadStatus.REFUSED
    assert upload.refusal
    with pytest.raises(Conflict):
        accept(sqlite_context, upload_id, at)


def test_a_regional_procedure_is_said_of_works_only(sqlite_context: AppContext, at: datetime) -> None:
    form = as_text(exam_results()).encode("utf-8-sig")
    named = intake.paper_named(2021, "ma", 5, Procedure.KDR)

    upload = load(sqlite_context, bring(sqlite_context, form, at, name="form.csv", paper=named))

    assert upload.status is UploadStatus.REFUSED
    assert upload.refusal is not None
    assert "без указания процедуры" in upload.refusal


def test_an_empty_file_is_refused_at_the_door(sqlite_context: AppContext, at: datetime) -> None:
    with pytest.raises(Refused, match="пуст"):
        bring(sqlite_context, b"", at)


def test_a_rejected_file_keeps_its_reason_and_can_come_again(sqlite_context: AppContext, at: datetime) -> None:
    upload_id = bring(sqlite_context, works_file(), at)
    with acting(sqlite_context.sessions, SYSTEM) as session:
        with pytest.raises(Refused, match="почему"):
            intake.reject_upload(session, upload_id, actor=SYSTEM, at=at, reason=" ")
        intake.reject_upload(session, upload_id, actor=SYSTEM, at=at, reason="не тот год")

    again = bring(sqlite_context, works_file(), at)

    assert load(sqlite_context, upload_id).decision_reason == "не тот год"
    assert again != upload_id


def test_a_school_outside_the_register_is_pointed_out(sqlite_context: AppContext, at: datetime) -> None:
    accept(sqlite_context, bring(sqlite_context, works_file(), at), at)

    upload_id = bring(sqlite_context, works_file(schools=("990001", "990777")), at, name="b.csv")

    upload = load(sqlite_context, upload_id)
    problems = intake.problems_of(sqlite_context.store, upload)
    assert [p["value"] for p in problems if p["code"] == "unknown_school"] == ["990777"]


def test_a_municipal_analyst_cannot_bring_other_municipalities_schools(context: AppContext, at: datetime) -> None:
    with acting(context.sessions, SYSTEM) as session:
        cast = make_cast(session)
        cast["anna"].municipality_id = cast.municipality.id
        session.flush()
        anna = cast.actor("anna")
    with acting(context.sessions, anna) as session:
        upload = intake.receive_upload(
            session,
            context.store,
            content=works_file(schools=("990001", "990900")),
            file_name="a.csv",
            actor=anna,
            at=at,
        )
    run_pending(context)

    with acting(context.sessions, anna) as session, pytest.raises(Refused, match="не вашего муниципалитета"):
        intake.accept_upload(session, context.store, upload.id, actor=anna, at=at)


def test_a_school_cannot_upload(sqlite_context: AppContext, at: datetime) -> None:
    with acting(sqlite_context.sessions, SYSTEM) as session:
        sveta = make_cast(session).actor("sveta")

    with acting(sqlite_context.sessions, sveta) as session, pytest.raises(NotPermitted):
        intake.receive_upload(
            session, sqlite_context.store, content=works_file(), file_name="a.csv", actor=sveta, at=at
        )


def test_real_files_become_data_sets_one_register_and_a_federal_list(region_files, sqlite_context, at) -> None:
    ids = [
        bring(sqlite_context, path.read_bytes(), at, name=path.name)
        for path in sorted(region_files.glob("*.xlsx"))
        if path.name in ("context_2022.xlsx", "federal_list_2021.xlsx", "vpr2021_ma5.xlsx", "vpr2022_ma4.xlsx")
    ]

    for upload_id in ids:
        accept(sqlite_context, upload_id, at)

    with acting(sqlite_context.sessions, SYSTEM) as session:
        markers = session.scalars(select(FederalMarker)).all()
        assert len(markers) == 36
        assert sum(marker.n_markers for marker in markers) == sum(len(marker.markers) for marker in markers) > 36
        names = [m.name for m in session.scalars(select(Municipality))]
        assert len(names) == len(set(names))
        assert all(not m.code.startswith("name:") for m in session.scalars(select(Municipality)))
