"""Screening: a year's accepted data sets through the detectors; findings frozen, flags raised unless it is a trial."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import policy
from app.collecting import nothing_collected
from app.context import AppContext
from app.database import acting
from app.errors import Reason, Refused
from app.models import Dataset, OutboxJob, School, ScreeningRun
from app.policy import SYSTEM, Actor, Permission
from app.terms import SCREENED_REPORTS, FileKind, RunStatus, Tier
from app.workflows import control_groups, journal, outbox
from app.workflows.freezing import digest, plain
from app.workflows.raising import FLAGGED_TIERS, raise_all

if TYPE_CHECKING:
    from app.workflows.finding_rows import FindingRows

_SCHOOL_PLACES = select(School.code, School.id, School.municipality_id)


def request_screening(
    session: Session,
    year: int,
    *,
    control_group_id: int | None = None,
    actor: Actor,
    at: datetime,
    is_trial: bool = False,
) -> ScreeningRun:
    """Ask for a run over the year's data in force; one run of a year at a time.

    Schools are compared with a fixed control group where one is named, else with each other.
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
    datasets = data_of_year(session, year)
    if not datasets:
        raise Refused(
            Reason(
                "no_works",
                f"За {year} год нет принятых работ или отчётов. Сначала загрузите файлы и примите их.",
                "There are no accepted works or reports of this year. Upload the files and accept them first.",
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
    inputs: dict[str, Any] = {
        "datasets": [
            {"id": d.id, "kind": d.kind.value, "subject": d.subject, "grade": d.grade, "sha256": d.sha256}
            for d in datasets
        ]
    }
    if control_group_id is not None:
        inputs["control_group"] = control_groups.reference_of(session, control_group_id)
    run = ScreeningRun(
        year=year,
        is_trial=is_trial,
        requested_at=at,
        started_by_id=actor.user_id,
        started_by_name=actor.name,
        inputs=inputs,
    )
    session.add(run)
    session.flush()
    outbox.add(session, "screen_year", run.id, at=at)
    facts = {"year": year, "is_trial": True} if is_trial else {"year": year}
    journal.append(
        session, actor=actor, at=at, action="screening:request", subject="run", subject_id=run.id, facts=facts
    )
    return run


@nothing_collected()
def screen_year(context: AppContext, job: OutboxJob) -> Callable[[Session], None]:
    """Job: run the detectors; findings, flags and cases appear together, in the job's last transaction."""
    from app.workflows.finding_rows import FindingRows
    from app.workflows.screening_inputs import gather

    run_id = job.subject_id
    with acting(context.sessions, SYSTEM) as session:
        run = session.get(ScreeningRun, run_id)
        if run is None or run.status in (RunStatus.DONE, RunStatus.FAILED):
            return lambda session: None
        run.status = RunStatus.RUNNING
        year, group = run.year, run.inputs.get("control_group")
    report = _reporter(context, run_id)
    report("чтение работ", 0.02)
    inputs = gather(context, year)

    from app.detectors import screen

    result = screen(
        inputs.works,
        inputs.papers,
        aggregates=inputs.aggregates,
        schools=inputs.schools,
        exams=inputs.exams,
        previous=inputs.previous,
        previous_aggregates=inputs.previous_aggregates,
        control=group["schools"] if group else None,
        protocol=inputs.protocol,
        history=inputs.history,
        progress=lambda stage, share: report(stage, 0.1 + 0.8 * share),
    )
    report("запись результатов", 0.92)
    # All that takes time is made here, before the transaction: while it lasts, nobody else can write to SQLite.
    with acting(context.sessions, SYSTEM) as session:
        places = {code: (number, place) for code, number, place in session.execute(_SCHOOL_PLACES)}
    rows = FindingRows(result.findings, result.evidence, places)
    # Both are in the rows by now.
    result.findings, result.evidence = result.findings.iloc[:0], {}
    judged = context.store.put(result.judged[0].as_bytes())
    report("запись результатов", 0.95)
    return lambda session: _record(session, run_id, result, rows, judged, inputs.description, job.created_at)


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


@nothing_collected()
def _record(
    session: Session,
    run_id: int,
    result: Any,
    rows: FindingRows,
    judged_sha256: str,
    description: Mapping[str, Any],
    at: datetime,
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
    group = run.inputs.get("control_group")
    if group and run.reference.get("control"):
        run.reference = {**run.reference, "text_ru": f"контрольная группа «{group['title']}» ({group['year']})"}
    rows.write(session, run_id)
    summaries = result.schools.to_dict("records")
    run.tiers = dict(Counter(str(summary["tier"]) for summary in summaries))
    run.judged_sha256, run.n_findings = judged_sha256, len(rows)
    run.status, run.progress, run.stage, run.finished_at = RunStatus.DONE, 1.0, "готово", at
    if not run.is_trial:
        run.limits, run.raised_at, run.raised_by_name = run.parameters["tiers"], at, run.started_by_name
        flagged = [str(summary["school"]) for summary in summaries if Tier(summary["tier"]) in FLAGGED_TIERS]
        by_school = rows.of_schools([schools[code].id for code in flagged if code in schools])
        raise_all(session, run, summaries, by_school, schools, actor=SYSTEM, at=at)
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


def on_dead(session: Session, run_id: int, error: str) -> None:
    """The run failed for good: say so on it."""
    run = session.get(ScreeningRun, run_id)
    if run is not None and run.status is not RunStatus.DONE:
        run.status, run.failure = RunStatus.FAILED, error


def data_of_year(session: Session, year: int) -> list[Dataset]:
    """Works and screened reports of a year in force."""
    kinds = [FileKind.WORKS, *SCREENED_REPORTS]
    return list(
        session.scalars(
            select(Dataset)
            .where(Dataset.kind.in_(kinds), Dataset.year == year, Dataset.replaced_by_id.is_(None))
            .order_by(Dataset.kind, Dataset.subject, Dataset.grade, Dataset.id)
        )
    )
