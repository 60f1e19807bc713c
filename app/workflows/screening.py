"""Screening: a year's accepted data sets through the detectors; findings frozen, flags raised unless it is a trial."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app import policy
from app.context import AppContext
from app.database import acting
from app.errors import Reason, Refused
from app.models import Dataset, Finding, OutboxJob, School, ScreeningRun
from app.policy import SYSTEM, Actor, Permission
from app.terms import FileKind, RunStatus
from app.workflows import journal, outbox
from app.workflows.freezing import digest, number, plain
from app.workflows.raising import raise_all


def request_screening(
    session: Session, year: int, *, actor: Actor, at: datetime, is_trial: bool = False
) -> ScreeningRun:
    """Ask for a run over the year's works in force; one run of a year at a time.

    A trial run finds what any run finds but raises no flags and opens no cases; `raising.raise_flags` may do so later.
    """
    policy.require(actor, Permission.SCREENING_RUN)
    if not actor.is_regional:
        raise Refused(
            Reason(
                "regional_only",
                "Прогон проверок делает региональный аналитик: сравнение идёт по всему региону.",
                "A regional analyst runs the screening: schools are compared across the whole region.",
            )
        )
    datasets = _works_of(session, year)
    if not datasets:
        raise Refused(
            Reason(
                "no_works",
                f"За {year} год нет принятых работ. Сначала загрузите файлы и примите их.",
                "There are no accepted works of this year. Upload the files and accept them first.",
                "/uploads",
            )
        )
    running = session.scalars(
        select(ScreeningRun).where(
            ScreeningRun.year == year, ScreeningRun.status.in_([RunStatus.QUEUED, RunStatus.RUNNING])
        )
    ).first()
    if running is not None:
        raise Refused(
            Reason(
                "already_running",
                f"Прогон за {year} год уже идёт.",
                "A run of this year is under way.",
                f"/screening/{running.id}",
            )
        )
    run = ScreeningRun(
        year=year,
        is_trial=is_trial,
        requested_at=at,
        started_by_id=actor.user_id,
        started_by_name=actor.name,
        inputs={
            "datasets": [{"id": d.id, "subject": d.subject, "grade": d.grade, "sha256": d.sha256} for d in datasets]
        },
    )
    session.add(run)
    session.flush()
    outbox.add(session, "screen_year", run.id, at=at)
    facts = {"year": year, "is_trial": True} if is_trial else {"year": year}
    journal.append(
        session, actor=actor, at=at, action="screening:request", subject="run", subject_id=run.id, facts=facts
    )
    return run


def screen_year(context: AppContext, job: OutboxJob) -> Callable[[Session], None]:
    """Job: run the detectors; findings, flags and cases appear together, in the job's last transaction."""
    from app.workflows.screening_inputs import gather

    run_id = job.subject_id
    with acting(context.sessions, SYSTEM) as session:
        run = session.get(ScreeningRun, run_id)
        if run is None or run.status in (RunStatus.DONE, RunStatus.FAILED):
            return lambda session: None
        run.status = RunStatus.RUNNING
        year = run.year
    report = _reporter(context, run_id)
    report("чтение работ", 0.02)
    inputs = gather(context, year)

    from app.detectors import screen

    result = screen(
        inputs.works,
        inputs.papers,
        schools=inputs.schools,
        previous=inputs.previous,
        progress=lambda stage, share: report(stage, 0.1 + 0.8 * share),
    )
    report("запись результатов", 0.95)
    return lambda session: _record(context, session, run_id, result, inputs.description, job.created_at)


def _reporter(context: AppContext, run_id: int) -> Callable[[str, float], None]:
    """Progress goes to the run's row in transactions of its own, at most once a percent."""
    last = [-1.0]

    def report(stage: str, share: float) -> None:
        if share - last[0] < 0.01:
            return
        last[0] = share
        with acting(context.sessions, SYSTEM) as session:
            run = session.get(ScreeningRun, run_id)
            if run is not None:
                run.stage, run.progress = stage, min(share, 1.0)

    return report


def _record(
    context: AppContext, session: Session, run_id: int, result: Any, description: Mapping[str, Any], at: datetime
) -> None:
    run = session.get(ScreeningRun, run_id)
    assert run is not None
    schools = {school.code: school for school in session.scalars(select(School))}
    run.inputs = {**run.inputs, **description}
    run.inputs_sha256 = digest(run.inputs)
    run.detector_versions, run.parameters, run.reference = (
        dict(result.versions),
        plain(result.params),
        plain(result.reference),
    )
    rows = _finding_rows(result, run, schools)
    if rows:
        session.execute(insert(Finding), rows)
    summaries = result.schools.to_dict("records")
    run.tiers = dict(Counter(str(summary["tier"]) for summary in summaries))
    run.judged_sha256 = context.store.put(result.judged[0].as_bytes()) if result.judged else None
    run.n_findings = len(rows)
    run.status, run.progress, run.stage, run.finished_at = RunStatus.DONE, 1.0, "готово", at
    if not run.is_trial:
        run.limits, run.raised_at, run.raised_by_name = run.parameters["tiers"], at, run.started_by_name
        raise_all(session, run, summaries, rows, schools, actor=SYSTEM, at=at)
    session.flush()
    journal.append(
        session,
        actor=SYSTEM,
        at=at,
        action="screening:finish",
        subject="run",
        subject_id=run.id,
        facts={
            "findings": len(rows),
            "flags": run.n_flags,
            "cases": run.n_cases,
            "inputs_sha256": run.inputs_sha256,
            "judged_sha256": run.judged_sha256,
        },
    )


def _finding_rows(result: Any, run: ScreeningRun, schools: Mapping[str, School]) -> list[dict[str, Any]]:
    from app.terms import Family, FindingLevel, FindingOutcome

    rows = []
    for found in result.findings.to_dict("records"):
        code = _text(found["school"])
        school = schools.get(code) if code else None
        if code and school is None:
            continue  # works of a school that was never registered cannot come out of accepted data
        key = (code or "", found["year"], found["subject"], found["grade"], found["detector"])
        rows.append(
            {
                "run_id": run.id,
                "year": int(found["year"]),
                "subject": str(found["subject"]),
                "grade": int(found["grade"]),
                "detector": str(found["detector"]),
                "family": Family(found["family"]),
                "n": int(found["n"]),
                **{name: number(found[name]) for name in _NUMBERS},
                "effect_unit": _text(found["effect_unit"]),
                "level": FindingLevel(found["level"]),
                "outcome": FindingOutcome(found["outcome"]),
                "reason": _text(found["reason"]),
                "sentence": _text(found["sentence"]),
                "evidence": plain(result.evidence.get(key)),
                "municipality_id": school.municipality_id if school else None,
                "school_id": school.id if school else None,
            }
        )
    return rows


_NUMBERS = ("statistic", "effect", "effect_low", "effect_high", "p_value", "q_value")


def on_dead(session: Session, run_id: int, error: str) -> None:
    """The run failed for good: say so on it."""
    run = session.get(ScreeningRun, run_id)
    if run is not None and run.status is not RunStatus.DONE:
        run.status, run.failure = RunStatus.FAILED, error


def _works_of(session: Session, year: int) -> list[Dataset]:
    return list(
        session.scalars(
            select(Dataset)
            .where(Dataset.kind == FileKind.WORKS, Dataset.year == year, Dataset.replaced_by_id.is_(None))
            .order_by(Dataset.subject, Dataset.grade)
        )
    )


def _text(value: Any) -> str | None:
    return None if value is None or value != value or value == "" else str(value)
