"""A region's screening as the application does it — works from the store, findings, flags and cases to the database —
beside the bare battery on the same files.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, select

from app.bench.big_region import SCHOOLS_IN_MUNICIPALITY, BigRegion, write_region
from app.bench.fault_stage import installation
from app.bench.speed_child import processor_seconds
from app.context import AppContext
from app.database import acting
from app.detectors import WorkFiles, screen
from app.jobs.work import perform
from app.models import Dataset, Finding, Flag, Municipality, School, ScreeningRun, Upload
from app.policy import SYSTEM
from app.terms import FileKind, UploadStatus
from app.workflows.screening import request_screening

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def in_application(folder: Path, works: int, seed: int, repeats: int) -> dict[str, Any]:
    """Run both in turns.

    Returns
    -------
    dict
        Seconds of both, and how many findings, flags and cases one run wrote.
    """
    region = write_region(folder, works, seed=seed)
    battery: list[float] = []
    runs: list[float] = []
    with installation() as context:
        _accept(context, region)
        for _ in range(repeats):
            started = processor_seconds()
            screen(WorkFiles(region.files), region.papers, presented=False)
            battery.append(processor_seconds() - started)
            runs.append(_run(context, region))
        with acting(context.sessions, SYSTEM) as session:
            run = session.scalars(select(ScreeningRun).order_by(ScreeningRun.id.desc())).first()
            assert run is not None
            written = {
                "findings": session.scalar(select(func.count()).select_from(Finding).where(Finding.run_id == run.id)),
                "flags": session.scalar(select(func.count()).select_from(Flag).where(Flag.run_id == run.id)),
                "status": run.status.value,
                "failure": run.failure,
            }
    return {"works": region.works, "battery": battery, "application": runs, **written}


def _run(context: AppContext, region: BigRegion) -> float:
    from app.models import OutboxJob

    with acting(context.sessions, SYSTEM) as session:
        run = request_screening(session, region.papers[0].year or 0, actor=SYSTEM, at=AT)
        run_id = run.id
    with acting(context.sessions, SYSTEM) as session:
        query = select(OutboxJob.id).where(OutboxJob.kind == "screen_year", OutboxJob.subject_id == run_id)
        job_id = session.scalars(query).one()
    started = processor_seconds()
    perform(context, job_id, is_waking=False)
    return processor_seconds() - started


def _accept(context: AppContext, region: BigRegion) -> None:
    """Register the schools and lay the files into the store as accepted data sets."""
    with acting(context.sessions, SYSTEM) as session:
        count = -(-region.schools // SCHOOLS_IN_MUNICIPALITY)
        places = [Municipality(code=f"reg99_m{i + 1:04d}", name=f"Округ {i + 1}") for i in range(count)]
        session.add_all(places)
        session.flush()
        session.connection().execute(
            insert(School),
            [
                {
                    "code": f"99{i + 1:06d}",
                    "name": f"Школа № {i + 1}",
                    "municipality_id": places[i // SCHOOLS_IN_MUNICIPALITY].id,
                }
                for i in range(region.schools)
            ],
        )
        for path, spec in zip(region.files, region.papers, strict=True):
            digest = context.store.put_file(path)
            upload = Upload(
                sha256=digest,
                file_name=path.name,
                size=path.stat().st_size,
                status=UploadStatus.ACCEPTED,
                uploaded_at=AT,
                decided_at=AT,
            )
            session.add(upload)
            session.flush()
            session.add(
                Dataset(
                    upload_id=upload.id,
                    kind=FileKind.WORKS,
                    year=spec.year,
                    subject=spec.subject,
                    grade=spec.grade,
                    sha256=digest,
                    n_rows=region.works // len(region.files),
                    n_schools=region.schools,
                    accepted_at=AT,
                )
            )
