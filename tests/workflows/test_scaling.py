"""A regional work from upload to the scale of ВПР: kept apart from ВПР, linked by a job, read by territory."""

from __future__ import annotations

import csv
import io
from datetime import datetime

import numpy as np
import pytest
from sqlalchemy import select

from app.context import AppContext
from app.database import acting, bind
from app.errors import NotFound, NotPermitted, Refused
from app.jobs import run_pending
from app.models import Dataset, ScaledSchool, ScaleLink, School, Upload
from app.policy import SYSTEM
from app.terms import FileKind, LinkDesign, Procedure, RunStatus, UploadStatus
from app.workflows import intake, scaling
from app.workflows.screening import data_of_year
from app.workflows.screening_inputs import gather
from tests import factories as make
from tests.workflows.test_intake import HEAD


def works_file(lift: dict[str, float] | None = None, *, seed: int = 4, schools: int = 12, n: int = 25) -> bytes:
    """An export in the layout of 2021: sixteen items of one point, pupils of the same ability whatever the seed."""
    ability = np.random.default_rng(9).normal(size=(schools, n)) + np.linspace(-0.6, 0.6, schools)[:, None]
    rng = np.random.default_rng(seed)
    rows = [HEAD]
    for s in range(schools):
        code = f"99{s + 1:04d}"
        for i in range(n):
            p = 1 / (1 + np.exp(-ability[s, i] - (lift or {}).get(code, 0.0)))
            points = (rng.random(16) < p).astype(int)
            rows.append(
                [f"sch{code}", "Район 1", str(i + 1), f"5{i + 1:04d}", "4", "", "5А", "1", str(points.sum()),
                 *map(str, points), "Математика 5 класс"]
            )  # fmt: skip
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def bring(context: AppContext, content: bytes, at: datetime, procedure: Procedure = Procedure.VPR) -> Dataset:
    paper = intake.paper_named(2021, "ma", 5, procedure) if procedure is not Procedure.VPR else None
    with acting(context.sessions, SYSTEM) as session:
        upload = intake.receive_upload(
            session, context.store, content=content, file_name="ma5.csv", actor=SYSTEM, at=at, paper=paper
        )
    run_pending(context)
    with acting(context.sessions, SYSTEM) as session:
        assert session.get(Upload, upload.id).status is UploadStatus.PREVIEWED, session.get(Upload, upload.id).refusal
        return intake.accept_upload(session, context.store, upload.id, actor=SYSTEM, at=at)


def link(context: AppContext, first: Dataset, second: Dataset, at: datetime) -> ScaleLink:
    with acting(context.sessions, SYSTEM) as session:
        asked = scaling.request_link(session, first.id, second.id, actor=SYSTEM, at=at)
    run_pending(context)
    with acting(context.sessions, SYSTEM) as session:
        return session.get(ScaleLink, asked.id)


def test_a_regional_work_is_kept_apart_from_vpr_and_replaces_only_its_own_kind(sqlite_context, at) -> None:
    vpr = bring(sqlite_context, works_file(), at)
    kdr = bring(sqlite_context, works_file(seed=5), at, Procedure.KDR)
    rdr = bring(sqlite_context, works_file(seed=6), at, Procedure.RDR)
    again = bring(sqlite_context, works_file(seed=7), at, Procedure.RDR)

    with acting(sqlite_context.sessions, SYSTEM) as session:
        rows = {row.id: row for row in session.scalars(select(Dataset))}
        screened = [dataset.id for dataset in data_of_year(session, 2021)]
        regional = {dataset.id for dataset in scaling.works_of_kind(session, FileKind.REGIONAL)}
    assert rows[kdr.id].kind is FileKind.REGIONAL
    assert rows[rdr.id].replaced_by_id == again.id
    assert rows[kdr.id].replaced_by_id is None
    assert screened == [vpr.id]
    assert regional == {kdr.id, again.id}


def test_the_scale_finds_the_school_that_was_lifted_in_vpr(sqlite_context, at) -> None:
    vpr = bring(sqlite_context, works_file({"990004": 2.5}), at)
    rdr = bring(sqlite_context, works_file(seed=5), at, Procedure.RDR)

    found = link(sqlite_context, rdr, vpr, at)

    assert (found.status, found.design) == (RunStatus.DONE, LinkDesign.SINGLE_GROUP)
    assert (found.n_schools, found.n_works) == (12, 300)
    assert len(found.table["equivalent"]) == 17
    assert (np.diff(found.table["equivalent"]) > 0).all()
    with acting(sqlite_context.sessions, SYSTEM) as session:
        rows = {row.school.code: row for row in session.scalars(select(ScaledSchool))}
        exams = scaling.exams_of(session, session.get(ScaleLink, found.id))
    assert [code for code, row in rows.items() if row.differs] == ["990004"]
    assert rows["990004"].difference > 2
    assert set(exams[0]) == {"school", "exam", "subject", "n", "mean_mark"}
    assert {row["exam"] for row in exams} == {"rdr"}
    assert all(2 <= row["mean_mark"] <= 5 for row in exams)


def test_too_few_common_schools_end_the_job_with_a_sentence(sqlite_context, at) -> None:
    vpr = bring(sqlite_context, works_file(), at)
    rdr = bring(sqlite_context, works_file(schools=3, seed=5), at, Procedure.RDR)

    found = link(sqlite_context, rdr, vpr, at)

    assert found.status is RunStatus.FAILED
    assert "общих школ 3" in found.failure


def test_a_run_of_the_year_takes_the_newest_scale_as_an_outside_examination(sqlite_context, at) -> None:
    vpr = bring(sqlite_context, works_file(), at)
    rdr = bring(sqlite_context, works_file(seed=5), at, Procedure.RDR)
    plain = gather(sqlite_context, 2021)
    link(sqlite_context, rdr, vpr, at)
    newest = link(sqlite_context, rdr, vpr, at)

    inputs = gather(sqlite_context, 2021)

    assert plain.exams is None
    assert "exams" not in plain.description
    assert list(inputs.exams.columns) == ["school", "exam", "subject", "n", "mean_mark"]
    assert len(inputs.exams) == 12
    assert [exam["id"] for exam in inputs.description["exams"]] == [newest.id]


def test_a_job_that_died_leaves_its_error_on_the_scale(sqlite_context, at) -> None:
    with acting(sqlite_context.sessions, SYSTEM) as session:
        waiting = make.make_scale_link(session, make.make_dataset(session), [], status=RunStatus.RUNNING)

        scaling.on_dead(session, waiting.id, "сбой")

        assert (waiting.status, waiting.failure) == (RunStatus.FAILED, "сбой")


def test_a_regional_procedure_asks_for_year_subject_and_grade() -> None:
    with pytest.raises(Refused, match="Для РДР назовите год"):
        intake.paper_named(None, None, None, Procedure.RDR)


@pytest.mark.parametrize(("changes", "code"), [({"subject": "ru"}, "subject"), ({"year": 2020}, "years_apart")])
def test_works_that_cannot_share_a_scale_are_refused(session, cast, at, changes, code) -> None:
    first = make.make_dataset(session, kind=FileKind.REGIONAL, procedure=Procedure.RDR, **changes)
    second = make.make_dataset(session, sha256="5" * 64)

    with pytest.raises(Refused) as refusal:
        scaling.request_link(session, first.id, second.id, actor=cast.actor("anna"), at=at)

    assert [reason.code for reason in refusal.value.reasons] == [code]


def test_the_order_of_procedures_and_the_right_are_asked(session, cast, at) -> None:
    vpr = make.make_dataset(session)

    with pytest.raises(NotFound):
        scaling.request_link(session, vpr.id, vpr.id, actor=cast.actor("anna"), at=at)
    with pytest.raises(NotPermitted):
        scaling.request_link(session, vpr.id, vpr.id, actor=cast.actor("marat"), at=at)


def test_a_department_reads_the_scale_and_its_own_schools(session, cast, at) -> None:
    made = make.make_scale_link(session, make.make_dataset(session), [cast.school, cast.foreign])
    link_id, own, marat, kira = made.id, cast.school.id, cast.actor("marat"), cast.actor("kira", cast.school)
    session.commit()
    bind(session, marat)

    seen = session.get(ScaleLink, link_id)
    assert seen is not None
    assert session.scalars(select(ScaledSchool.school_id)).all() == [own]
    assert [row["school"] for row in scaling.exams_of(session, seen)] == ["990001"]
    bind(session, kira)
    assert session.scalars(select(ScaleLink)).all() == []
    assert session.scalars(select(School.id)).all() == [own]
