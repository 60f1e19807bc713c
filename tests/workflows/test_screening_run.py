"""A run in the application: what it takes besides the works, and what it leaves on flags."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.context import AppContext
from app.database import acting
from app.detectors.simulate import Region, RegionOptions, draw_schools, simulate_region
from app.models import Dataset, FederalMarker, Finding, Flag, Municipality, OutboxJob, School, ScreeningRun, Upload
from app.policy import SYSTEM
from app.terms import FileKind, FindingOutcome, RunStatus, Tier, UploadStatus
from app.workflows.screening import screen_year
from app.workflows.screening_inputs import gather
from tests import factories

OPTIONS = RegionOptions(schools=60, size=(20, 40), papers=(("ma", 5),), year=2026)


@pytest.fixture(scope="module")
def years() -> dict[int, Region]:
    """A paper of grade 5 now, and of grade 4 of the same pupils a year ago; one school is raised now."""
    drawn = draw_schools(3, OPTIONS)
    now = simulate_region(3, OPTIONS)
    works = now.works.copy()
    own = (works["school"] == "990001").to_numpy()
    top = now.papers[0].max_score
    works.loc[own, "score"] = (works.loc[own, "score"] + 7).clip(upper=top)
    last = simulate_region(3, replace(OPTIONS, year=2025, papers=(("ma", 4),)), drawn=drawn)
    return {2026: replace(now, works=works), 2025: last}


def accepted(
    context: AppContext, session: Session, region: Region, year: int, grade: int, at: datetime, folder: Path
) -> Dataset:
    """A data set as an accepted upload leaves it: works as Parquet, schools with their uploads as JSON."""
    path = folder / f"{year}.parquet"
    region.works.to_parquet(path)
    names = sorted(region.works["school"].unique())
    schools = [
        {
            "school": name,
            "present": 30,
            "absent": 25 if name == names[4] else 1,
            "uploaded_at": f"{year}-04-17 10:00:00",
        }
        for name in names
    ]
    upload = Upload(
        sha256=f"{year}".rjust(64, "0"),
        file_name="ma.xlsx",
        size=1,
        status=UploadStatus.ACCEPTED,
        uploaded_at=at,
        decided_at=at,
        schools_sha256=context.store.put(json.dumps(schools).encode()),
    )
    session.add(upload)
    session.flush()
    return factories.make_dataset(
        session, upload_id=upload.id, year=year, grade=grade, sha256=context.store.put_file(path)
    )


@pytest.fixture
def loaded(sqlite_context: AppContext, years: dict[int, Region], at: datetime, tmp_path: Path) -> AppContext:
    with acting(sqlite_context.sessions, SYSTEM) as session:
        town = Municipality(code="reg99_m001", name="Район 1")
        session.add(town)
        session.flush()
        codes = sorted(years[2026].works["school"].unique())
        schools = [School(code=code, name=f"Школа {code}", municipality_id=town.id) for code in codes]
        session.add_all(schools)
        session.flush()
        for year, grade in ((2026, 5), (2025, 4)):
            accepted(sqlite_context, session, years[year], year, grade, at, tmp_path)
        listed = factories.make_dataset(session, kind=FileKind.FEDERAL_LIST, year=2024, subject=None, grade=None)
        for year in (2024, 2025):
            session.add(
                FederalMarker(
                    dataset_id=listed.id,
                    year=year,
                    markers={"ru_4": True},
                    n_markers=1,
                    municipality_id=town.id,
                    school_id=schools[0].id,
                )
            )
        # Two runs of one year: only what the later one found counts.
        for tier in (Tier.CASE, Tier.WATCH):
            run = factories.make_run(session, year=2025)
            factories.make_flag(session, schools[1], run, year=2025, tier=tier)
        run = factories.make_run(session, year=2024)
        factories.make_flag(session, schools[0], run, year=2024, tier=Tier.SEVERE)
    return sqlite_context


def test_a_run_takes_last_years_works_the_uploads_and_the_history(loaded: AppContext) -> None:
    inputs = gather(loaded, 2026)

    assert inputs.previous is not None
    assert set(inputs.previous["year"]) == {2025}
    assert {(paper.year, paper.grade) for paper in inputs.papers} == {(2026, 5), (2025, 4)}
    assert inputs.protocol is not None
    assert inputs.protocol[["year", "subject", "grade"]].drop_duplicates().to_numpy().tolist() == [[2026, "ma", 5]]
    assert inputs.protocol["absent"].max() == 25
    assert inputs.history is not None
    rows = inputs.history.set_index(["school", "year", "source"])["markers"].to_dict()
    assert rows == {
        ("990001", 2024, "federal_list"): 1,
        ("990001", 2025, "federal_list"): 1,
        ("990001", 2024, "screening"): 1,
        ("990002", 2025, "screening"): 0,
    }
    assert inputs.description["history"]["lists"] == [
        "federal_list 2024",
        "federal_list 2025",
        "screening 2024",
        "screening 2025",
    ]


def test_uploads_read_before_their_facts_were_kept_do_no_harm(loaded: AppContext) -> None:
    with acting(loaded.sessions, SYSTEM) as session:
        for upload in session.scalars(select(Upload).where(Upload.schools_sha256.is_not(None))):
            upload.schools_sha256 = loaded.store.put(json.dumps([{"school": "990001", "name": "Школа"}]).encode())

    assert gather(loaded, 2026).protocol is None


def test_a_finished_run_leaves_the_swing_the_history_and_oddities_on_the_flag(loaded: AppContext, at: datetime) -> None:
    with acting(loaded.sessions, SYSTEM) as session:
        run = ScreeningRun(year=2026, requested_at=at, status=RunStatus.QUEUED, inputs={})
        session.add(run)
        session.flush()
        job = OutboxJob(kind="screen_year", queue="heavy", subject_id=run.id, next_try_at=at, created_at=at)
        run_id = run.id

    effect = screen_year(loaded, job)
    with acting(loaded.sessions, SYSTEM) as session:
        effect(session)

    with acting(loaded.sessions, SYSTEM) as session:
        run = session.get(ScreeningRun, run_id)
        assert run is not None
        assert run.status is RunStatus.DONE
        assert run.reference["own_index"]["2026"]["schools"] > 0
        school = session.scalars(select(School).where(School.code == "990001")).one()
        own = {f.detector: f for f in session.scalars(select(Finding).where(Finding.school_id == school.id))}
        assert own["year_swing"].outcome is FindingOutcome.ASSESSED
        assert own["external_gap"].outcome is FindingOutcome.NOT_ASSESSED
        assert own["recurrence"].statistic == 3
        flag = session.scalars(select(Flag).where(Flag.run_id == run_id, Flag.school_id == school.id)).one()
        notes = {finding["detector"]: finding for finding in flag.frozen["findings"] if finding["note"]}
        assert set(notes) <= {"protocol", "recurrence"}
        assert notes["recurrence"]["evidence"]["again"]
        assert not any(finding["sign"] for finding in notes.values())
        assert "history" not in flag.families
        assert "hygiene" not in flag.families
