"""Results of ОГЭ and ЕГЭ go the way of every file, and a screening hears those of the year and three before."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import select

from app.cli.importing import import_file
from app.context import AppContext
from app.database import acting
from app.detectors.simulate import RegionOptions, simulate_region
from app.errors import Refused
from app.jobs import run_pending
from app.models import Dataset, Finding, Flag, Municipality, OutboxJob, School, ScreeningRun, Upload
from app.policy import SYSTEM
from app.terms import FileKind, RunStatus
from app.workflows import intake
from app.workflows.screening import screen_year
from app.workflows.screening_inputs import gather
from tests import factories
from tests.ingest.files import EXAM_HEADER, as_text, context_form, workbook
from tests.people import make_cast
from tests.workflows.test_intake import accept, bring, load

STRONG = "990001"


def results(rows: list[list[object]]) -> bytes:
    return as_text([[*EXAM_HEADER], *rows]).encode("utf-8-sig")


def oge(school: str, mean: float, *, year: int = 2026, n: int = 40, subject: str = "Математика") -> list[object]:
    return [year, f"edu{school}", "", "ОГЭ", subject, n, f"{mean:.2f}".replace(".", ","), "", "0,75"]


@pytest.fixture
def region(sqlite_context: AppContext, at: datetime, tmp_path: Path) -> AppContext:
    """Sixty schools with a paper of grade 5 in mathematics; one of them is far above the others."""
    options = RegionOptions(schools=60, size=(60, 90), papers=(("ma", 5),), year=2026)
    simulated = simulate_region(4, options)
    works = simulated.works.copy()
    own = (works["school"] == STRONG).to_numpy()
    items = [f"item_{number}" for number in range(1, len(simulated.papers[0].item_max) + 1)]
    solved = np.random.default_rng(1).random((own.sum(), len(items))) < 0.35
    points = works.loc[own, items].to_numpy(dtype=float)
    works.loc[own, items] = np.where(solved, simulated.papers[0].item_max, points).astype("int8")
    works.loc[own, "score"] = works.loc[own, items].sum(axis=1).astype(works["score"].dtype)
    works.to_parquet(tmp_path / "works.parquet")
    with acting(sqlite_context.sessions, SYSTEM) as session:
        town = Municipality(code="reg99_m001", name="Район 1")
        session.add(town)
        session.flush()
        codes = sorted(works["school"].unique())
        session.add_all([School(code=code, name=f"Школа {code}", municipality_id=town.id) for code in codes])
        sha256 = sqlite_context.store.put_file(tmp_path / "works.parquet")
        factories.make_dataset(session, year=2026, grade=5, subject="ma", sha256=sha256)
    return sqlite_context


def region_results(context: AppContext, strong: float) -> bytes:
    """ОГЭ of every school as its works are, with an error of its own; that of the strong one as told."""
    with acting(context.sessions, SYSTEM) as session:
        works = session.scalars(select(Dataset).where(Dataset.kind == FileKind.WORKS)).one()
    means = pd.read_parquet(context.store.path(works.sha256)).groupby("school")["score"].mean()
    marks = 3.7 + 0.3 * (means - means.mean()) / means.std() + np.random.default_rng(5).normal(0, 0.12, len(means))
    return results([oge(str(s), strong if s == STRONG else float(mark)) for s, mark in marks.items()])


def run_of(context: AppContext, at: datetime) -> int:
    with acting(context.sessions, SYSTEM) as session:
        run = ScreeningRun(year=2026, requested_at=at, status=RunStatus.QUEUED, inputs={})
        session.add(run)
        session.flush()
        job = OutboxJob(kind="screen_year", queue="heavy", subject_id=run.id, next_try_at=at, created_at=at)
    effect = screen_year(context, job)
    with acting(context.sessions, SYSTEM) as session:
        effect(session)
    return run.id


def level_of(context: AppContext, run_id: int, school: str = STRONG) -> tuple[set[str], dict[str, Finding]]:
    with acting(context.sessions, SYSTEM) as session:
        school_id = session.scalars(select(School.id).where(School.code == school)).one()
        own = (Finding.run_id == run_id, Finding.school_id == school_id)
        flags = session.scalars(select(Flag).where(Flag.run_id == run_id, Flag.school_id == school_id)).all()
        return {family for flag in flags for family in flag.families.split(",")}, {
            finding.detector: finding for finding in session.scalars(select(Finding).where(*own))
        }


def test_a_strong_school_whose_oge_agrees_is_not_flagged_for_its_level(region: AppContext, at: datetime) -> None:
    before, _ = level_of(region, run_of(region, at))
    accept(region, bring(region, region_results(region, 4.6), at, "oge.csv"), at)

    after, findings = level_of(region, run_of(region, at))

    assert "level" in before
    assert "level" not in after
    assert findings["external_gap"].evidence["clears"]


def test_a_strong_school_whose_oge_does_not_agree_stays_flagged(region: AppContext, at: datetime) -> None:
    accept(region, bring(region, region_results(region, 3.2), at, "oge.csv"), at)

    families, findings = level_of(region, run_of(region, at))

    assert "level" in families
    assert findings["external_gap"].p_value is not None
    assert findings["external_gap"].p_value < 0.01


def test_a_run_records_the_files_it_heard_and_another_file_changes_its_hash(region: AppContext, at: datetime) -> None:
    first = accept(region, bring(region, region_results(region, 4.6), at, "oge.csv"), at)
    one = run_of(region, at)
    accept(region, bring(region, results([oge(STRONG, 3.5)]), at, "correction.csv"), at)
    two = run_of(region, at)

    with acting(region.sessions, SYSTEM) as session:
        runs = [session.get_one(ScreeningRun, run) for run in (one, two)]
        recorded = [run.inputs["exam_results"] for run in runs]
        assert recorded[0] == [{"id": first.id, "upload_id": first.upload_id, "years": [2026], "sha256": first.sha256}]
        assert len(recorded[1]) == 2
        assert runs[0].inputs_sha256 != runs[1].inputs_sha256


def test_only_the_year_and_three_before_are_heard_and_a_later_line_replaces_an_earlier(
    region: AppContext, at: datetime
) -> None:
    rows = [oge(STRONG, 3.0 + 0.1 * k, year=year) for k, year in enumerate(range(2021, 2028))]
    accept(region, bring(region, results([*rows, oge("990002", 3.3)]), at, "years.csv"), at)
    accept(region, bring(region, results([oge(STRONG, 4.9)]), at, "corrected.csv"), at)

    exams = gather(region, 2026).exams

    assert exams is not None
    own = exams[exams["school"] == STRONG].set_index("year")["mean_mark"].round(2).to_dict()
    assert own == {2023: 3.2, 2024: 3.3, 2025: 3.4, 2026: 4.9}
    assert exams[exams["school"] == "990002"]["mean_mark"].tolist() == [3.3]
    with acting(region.sessions, SYSTEM) as session:
        kept = session.scalars(select(Dataset).where(Dataset.kind == FileKind.EXAMS)).all()
        assert [dataset.replaced_by_id for dataset in kept] == [None, None]


def test_a_code_is_known_once_the_context_form_has_told_it(context: AppContext, at: datetime, tmp_path: Path) -> None:
    sheets = context_form()
    for i, row in enumerate(sheets["Общая информация об ОО"]):
        row += ["7.\tКод ОГЭ", "8.\tКод ЕГЭ"] if i == 0 else [f"50{i}", "900" if i < 3 else "901"]
    content = results([
        [2025, "", "502", "ОГЭ", "2", 20, "3,9", "", ""],
        [2025, "", "900", "ЕГЭ", "1", 20, "", "60", ""],
        [2025, "", "901", "ЕГЭ", "1", 20, "", "61", ""],
    ])  # fmt: skip
    early = load(context, bring(context, content, at, "early.csv"))
    with acting(context.sessions, SYSTEM) as session:
        intake.reject_upload(session, early.id, actor=SYSTEM, at=at, reason="сначала форма")
    form = workbook(tmp_path / "context.xlsx", sheets)
    accept(context, bring(context, form.read_bytes(), at, "context.xlsx"), at)

    upload_id = bring(context, content, at, "again.csv")
    dataset = accept(context, upload_id, at)

    assert (early.rows_accepted, early.problem_counts) == (0, {"exam_code_unknown": 3})
    assert load(context, upload_id).problem_counts == {"exam_code_shared": 1}
    frame = pd.read_parquet(context.store.path(dataset.sha256))
    assert frame[["school", "exam"]].to_numpy().tolist() == [["990132", "oge"], ["990133", "ege"]]


def test_a_school_that_the_register_does_not_know_is_named(region: AppContext, at: datetime) -> None:
    upload = load(region, bring(region, results([oge(STRONG, 4.0), oge("990777", 4.0)]), at, "oge.csv"))

    named = [p["value"] for p in intake.problems_of(region.store, upload) if p["code"] == "unknown_school"]

    assert named == ["990777"]


def test_a_municipal_analyst_cannot_bring_results_of_other_municipalities_schools(
    context: AppContext, at: datetime
) -> None:
    with acting(context.sessions, SYSTEM) as session:
        cast = make_cast(session)
        cast["anna"].municipality_id = cast.municipality.id
        session.flush()
        anna = cast.actor("anna")
        foreign = cast.foreign.code
    with acting(context.sessions, anna) as session:
        content = results([oge(foreign, 4.0)])
        upload = intake.receive_upload(session, context.store, content=content, file_name="a.csv", actor=anna, at=at)
    run_pending(context)

    with acting(context.sessions, anna) as session, pytest.raises(Refused, match="не вашего муниципалитета"):
        intake.accept_upload(session, context.store, upload.id, actor=anna, at=at)


def test_the_command_line_brings_results_the_same_way(region: AppContext, tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    path.write_bytes(results([oge(STRONG, 4.0), oge("990002", 1.0)]))

    told = import_file(region, path)

    assert (told["status"], told["kind"], told["year"], told["subject"]) == ("accepted", "exams", 2026, "ma")
    assert [(p["row"], p["code"]) for p in told["problems"]] == [(3, "exam_mark_outside")]
    with acting(region.sessions, SYSTEM) as session:
        assert session.scalars(select(Upload.kind).where(Upload.id == told["upload_id"])).one() is FileKind.EXAMS
