"""Screening: a year's accepted data sets through the detectors; findings and flags frozen, cases opened."""

from __future__ import annotations

import hashlib
import json
import math
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import datafiles, policy
from app.context import AppContext
from app.database import acting
from app.errors import Reason, Refused
from app.models import Case, Dataset, Flag, OutboxJob, School, ScreeningRun
from app.policy import SYSTEM, Actor, Permission
from app.terms import (
    NOTED_FAMILIES,
    SCREENED_REPORTS,
    SHOWN_FAMILIES,
    CaseState,
    DocumentKind,
    FileKind,
    RunStatus,
    Tier,
)
from app.workflows import control_groups, issuing, journal, outbox
from app.workflows.case import open_case

if TYPE_CHECKING:
    from app.workflows.finding_rows import FindingRows

_EXPLANATIONS = datafiles.DATA_DIR / "explanations.toml"
FLAGGED_TIERS = (Tier.WATCH, Tier.CASE, Tier.SEVERE)
CASE_TIERS = (Tier.CASE, Tier.SEVERE)
_SCHOOL_PLACES = select(School.code, School.id, School.municipality_id)


def request_screening(
    session: Session, year: int, *, control_group_id: int | None = None, actor: Actor, at: datetime
) -> ScreeningRun:
    """Ask for a run over the year's works in force; one run of a year at a time.

    Schools are compared with a fixed control group where one is named, else with each other.
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
        requested_at=at,
        started_by_id=actor.user_id,
        started_by_name=actor.name,
        inputs=inputs,
    )
    session.add(run)
    session.flush()
    outbox.add(session, "screen_year", run.id, at=at)
    journal.append(
        session, actor=actor, at=at, action="screening:request", subject="run", subject_id=run.id, facts={"year": year}
    )
    return run


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
    report("запись результатов", 0.95)
    return lambda session: _record(context, session, run_id, result, rows, inputs.description, job.created_at)


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
    context: AppContext,
    session: Session,
    run_id: int,
    result: Any,
    rows: FindingRows,
    description: Mapping[str, Any],
    at: datetime,
) -> None:
    run = session.get(ScreeningRun, run_id)
    assert run is not None
    schools = {school.code: school for school in session.scalars(select(School))}
    run.inputs = {**run.inputs, **description}
    run.inputs_sha256 = _digest(run.inputs)
    run.detector_versions, run.parameters, run.reference = (
        dict(result.versions),
        plain_value(result.params),
        plain_value(result.reference),
    )
    group = run.inputs.get("control_group")
    if group and run.reference.get("control"):
        run.reference = {**run.reference, "text_ru": f"контрольная группа «{group['title']}» ({group['year']})"}
    rows.write(session, run_id)
    summaries = result.schools.to_dict("records")
    flagged = [str(summary["school"]) for summary in summaries if Tier(summary["tier"]) in FLAGGED_TIERS]
    by_school = rows.of_schools([schools[code].id for code in flagged if code in schools])
    tiers: dict[str, int] = defaultdict(int)
    flags = []
    for summary in summaries:
        tier = Tier(summary["tier"])
        tiers[tier.value] += 1
        school = schools.get(str(summary["school"]))
        if tier in FLAGGED_TIERS and school is not None:
            flags.append(_flag(run, school, tier, summary, by_school[school.id], at))
    session.add_all(flags)
    session.flush()
    # The cases that flags will join are locked before the journal is: a person's move takes them in the same order.
    session.scalars(
        select(Case)
        .where(Case.school_id.in_([flag.school_id for flag in flags]), Case.state != CaseState.CLOSED)
        .order_by(Case.id)
        .with_for_update(of=Case)
    ).all()
    opened = 0
    for flag in sorted(flags, key=lambda flag: -flag.evidence):
        if flag.tier in CASE_TIERS:
            opened += _open(session, flag, at)
    run.tiers, run.n_findings, run.n_flags, run.n_cases = dict(tiers), len(rows), len(flags), opened
    run.status, run.progress, run.stage, run.finished_at = RunStatus.DONE, 1.0, "готово", at
    session.flush()
    journal.append(
        session,
        actor=SYSTEM,
        at=at,
        action="screening:finish",
        subject="run",
        subject_id=run.id,
        facts={"findings": len(rows), "flags": len(flags), "cases": opened, "inputs_sha256": run.inputs_sha256},
    )


def _open(session: Session, flag: Flag, at: datetime) -> int:
    """Open the flag's case (1) or add the flag to the school's open one (0); either way the school gets a notice."""
    case: Case = open_case(session, flag, actor=SYSTEM, at=at)
    is_new = case.version == 0 and case.opened_at == at
    issuing.request_document(
        session,
        case,
        DocumentKind.SIGNS_NOTICE,
        f"flag:{flag.id}",
        f"{case.number}/{flag.id}",
        issuing.notice_context(session, case, flag, at=at),
        at=at,
    )
    return int(is_new)


def _flag(
    run: ScreeningRun, school: School, tier: Tier, summary: Mapping[str, Any], rows: list[dict[str, Any]], at: datetime
) -> Flag:
    from app.detectors import DETECTORS

    detectors = {detector.name: detector for detector in DETECTORS}
    explanations = datafiles.load(_EXPLANATIONS, keys=frozenset(detectors)).body
    findings = [
        {
            **{key: row[key] for key in _FROZEN},
            "family": row["family"].value,
            "level": row["level"].value,
            "outcome": row["outcome"].value,
            "title": detectors[row["detector"]].title_ru,
            "version": run.detector_versions.get(row["detector"]),
            "reference": _reference_text(run.reference),
            "explains_away": explanations.get(row["detector"], {}).get("ru", ""),
            "explains_away_en": explanations.get(row["detector"], {}).get("en", ""),
            "sign": row["q_value"] is not None and row["q_value"] <= 0.10 and row["family"] not in SHOWN_FAMILIES,
            # Shown on a card of its own beside the signs; no sign itself.
            "note": row["family"] in NOTED_FAMILIES and bool(row["statistic"]),
        }
        for row in sorted(rows, key=lambda row: (row["p_value"] is None, row["p_value"] or 0.0))
    ]
    frozen = {
        "findings": findings,
        "inputs_sha256": run.inputs_sha256,
        "detector_versions": run.detector_versions,
        "detector_versions_text": ", ".join(
            f"{name} {version}" for name, version in sorted(run.detector_versions.items())
        ),
        "parameters": run.parameters,
        "parameters_version": str(run.parameters.get("version", "")),
        "reference": run.reference,
        "summary": plain_value(dict(summary)),
    }
    return Flag(
        run_id=run.id,
        year=run.year,
        tier=tier,
        evidence=float(summary["evidence"]),
        p_combined=_number(summary["p_combined"]),
        q=_number(summary["q"]),
        families=str(summary["families"] or ""),
        frozen=frozen,
        frozen_sha256=_digest(frozen),
        raised_at=at,
        municipality_id=school.municipality_id,
        school_id=school.id,
    )


_FROZEN = (
    "year", "subject", "grade", "detector", "n", "statistic", "effect", "effect_unit", "effect_low", "effect_high",
    "p_value", "q_value", "reason", "sentence", "evidence",
)  # fmt: skip


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


def _reference_text(reference: Mapping[str, Any]) -> str:
    return str(reference.get("text_ru") or reference.get("pool") or "регион")


def _number(value: Any) -> float | None:
    """A finite float or None; JSON and the database know no NaN."""
    if value is None:
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def plain_value(value: Any) -> Any:
    """Plain JSON values without NaN, from whatever the detectors give."""
    if isinstance(value, Mapping):
        return {str(key): plain_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain_value(item) for item in value]
    if hasattr(value, "tolist"):
        return plain_value(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


def _digest(value: Any) -> str:
    return hashlib.sha256(
        json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str).encode()
    ).hexdigest()
