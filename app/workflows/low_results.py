"""Low results of a year: asked for by a person on a finished run, computed in a job, flags frozen and cases opened."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import policy
from app.context import AppContext
from app.database import acting
from app.errors import NotFound, Reason, Refused
from app.flows import CLOSED
from app.models import Case, LowResultsFlag, OutboxJob, School, ScreeningRun
from app.policy import SYSTEM, Actor, Permission
from app.terms import CaseKind, RunStatus, Tier
from app.workflows import journal, outbox
from app.workflows.case import new_case, record
from app.workflows.freezing import digest, plain

if TYPE_CHECKING:
    import pandas as pd

    from app.workflows.screening_inputs import Inputs


def request_low_results(session: Session, run_id: int, *, actor: Actor, at: datetime) -> OutboxJob:
    """Ask for the year's low results on the data of a finished run; nothing is raised until somebody does."""
    policy.require(actor, Permission.SCREENING_RUN)
    run = session.get(ScreeningRun, run_id)
    if run is None:
        raise NotFound("Проверка не найдена или относится к другой территории.")
    href = f"/screening/{run_id}"
    if not actor.is_regional:
        raise Refused(
            Reason(
                "regional_only",
                "Показатели низких результатов считает региональный аналитик: школы сравниваются по всему региону.",
                "A regional analyst computes low results: schools are compared across the region.",
                href,
            )
        )
    if run.status is not RunStatus.DONE or run.is_trial:
        raise Refused(
            Reason(
                "not_done",
                "Низкие результаты ищут по законченной обычной проверке. Дождитесь её или запустите.",
                "Low results are looked for on a finished ordinary run. Wait for it or start one.",
                href,
            )
        )
    if flags_of(session, run_id) or _is_asked(session, run_id):
        raise Refused(
            Reason(
                "already_raised",
                "По этой проверке низкие результаты уже ищутся или найдены.",
                "Low results of this run have been asked for already.",
                href,
            )
        )
    job = outbox.add(
        session, "find_low_results", run.id, at=at, payload={"actor_id": actor.user_id, "actor_name": actor.name}
    )
    journal.append(
        session,
        actor=actor,
        at=at,
        action="low_results:request",
        subject="run",
        subject_id=run.id,
        facts={"year": run.year},
    )
    return job


def find_low_results(context: AppContext, job: OutboxJob) -> Callable[[Session], None]:
    """Job: compute the indicators and, in one transaction, raise the flags and open the cases."""
    from app.low_results import find, load_rules
    from app.workflows.screening_inputs import gather

    run_id, by = job.subject_id, str(job.payload["actor_name"])
    with acting(context.sessions, SYSTEM) as session:
        run = session.get(ScreeningRun, run_id)
        if run is None or flags_of(session, run_id):
            return lambda session: None
        year = run.year
    inputs, rules = gather(context, year), load_rules()
    groups = None
    if "cluster" in inputs.schools.columns:
        named = inputs.schools.dropna(subset=["cluster"])
        groups = dict(zip(named["school"], named["cluster"], strict=True))
    marked = find(paper_table(inputs), rules, year=year, groups=groups, exams=inputs.exams)
    return lambda session: _raise(session, run_id, marked, rules.as_plain(), by=by, at=job.created_at)


def paper_table(inputs: Inputs) -> pd.DataFrame:
    """School × paper with works, twos, mean and spread, from works and, where there are none, from mark reports."""
    import pandas as pd

    works = None if inputs.works is None else inputs.works.frame()
    tables = [_from_works(frame, inputs) for frame in (works, inputs.previous) if frame is not None and len(frame)]
    for reports in (inputs.aggregates, inputs.previous_aggregates):
        if reports is not None and reports.marks is not None and len(reports.marks):
            tables.append(_from_marks(reports.marks))
    columns = ["school", "year", "subject", "grade", "n", "twos", "mean", "sd"]
    if not tables:
        return pd.DataFrame(columns=columns)
    return pd.concat(tables, ignore_index=True).drop_duplicates(["school", "year", "subject", "grade"])[columns]


def _from_works(works: pd.DataFrame, inputs: Inputs) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    specs = {(paper.year, paper.subject, paper.grade): paper for paper in inputs.papers}
    parts = []
    for (year, subject, grade), rows in works.groupby(["year", "subject", "grade"], sort=True):
        spec = specs.get((int(year), str(subject), int(grade)))
        if spec is None:
            continue
        is_two = pd.Series(np.nan, index=rows.index)
        if "mark" in rows.columns:
            is_two = (rows["mark"] == 2).astype(float).where(rows["mark"].notna())
        if spec.mark_from is not None:
            is_two = is_two.fillna((rows["score"] < spec.mark_from[0]).astype(float))
        share = rows["score"].astype(float) / max(spec.max_score, 1)
        grouped = pd.DataFrame({"school": rows["school"].astype(str), "share": share, "two": is_two}).groupby("school")
        table = grouped.agg(n=("share", "size"), mean=("share", "mean"), sd=("share", "std"), known=("two", "count"))
        table["twos"] = grouped["two"].sum().where(table["known"] == table["n"])
        parts.append(table.reset_index().assign(year=int(year), subject=str(subject), grade=int(grade)))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _from_marks(marks: pd.DataFrame) -> pd.DataFrame:
    import numpy as np

    rows = marks.rename(columns=str)
    values = rows[["2", "3", "4", "5"]].astype(float)
    total = values.sum(axis=1)
    n = rows["n"].astype(float)
    # Works or per cent alike: the share of 2 is what the row says, its n how many works stand behind it.
    share = values["2"] / total.where(total > 0)
    return rows.assign(school=rows["school"].astype(str), twos=(share * n).round(), mean=np.nan, sd=np.nan)


def flags_of(session: Session, run_id: int) -> list[LowResultsFlag]:
    """What was raised of a run, the strongest first."""
    return list(
        session.scalars(
            select(LowResultsFlag)
            .where(LowResultsFlag.run_id == run_id)
            .order_by(LowResultsFlag.strength.desc(), LowResultsFlag.id)
        )
    )


def _is_asked(session: Session, run_id: int) -> bool:
    found = select(OutboxJob.id).where(OutboxJob.kind == "find_low_results", OutboxJob.subject_id == run_id)
    return session.scalar(found.limit(1)) is not None


def _raise(session: Session, run_id: int, marked: list[Any], rules: dict[str, Any], *, by: str, at: datetime) -> None:
    run = session.get(ScreeningRun, run_id)
    assert run is not None
    schools = {
        school.code: school
        for school in session.scalars(select(School).where(School.code.in_([low.school for low in marked])))
    }
    opened = 0
    # Cases before the journal, in one order: as every verb takes its locks.
    session.scalars(
        select(Case)
        .where(
            Case.school_id.in_([school.id for school in schools.values()]),
            Case.kind == CaseKind.LOW_RESULTS,
            Case.state != CLOSED,
        )
        .order_by(Case.id)
        .with_for_update(of=Case)
    ).all()
    for low in marked:
        school = schools.get(low.school)
        if school is None:
            continue
        frozen = plain(
            {
                "signs": [sign.as_plain() for sign in low.signs],
                "again": [list(pair) for pair in low.again],
                "rules": rules,
                "inputs_sha256": run.inputs_sha256,
            }
        )
        flag = LowResultsFlag(
            run_id=run.id,
            year=run.year,
            n_signs=len(low.signs),
            strength=low.strength,
            frozen=frozen,
            frozen_sha256=digest(frozen),
            raised_at=at,
            raised_by_name=by,
            municipality_id=school.municipality_id,
            school_id=school.id,
        )
        session.add(flag)
        session.flush()
        opened += _open(session, flag, at=at)
    journal.append(
        session,
        actor=SYSTEM,
        at=at,
        action="low_results:raise",
        subject="run",
        subject_id=run.id,
        facts={"flags": len(schools), "cases": opened, "rules_version": rules["version"], "asked_by": by},
    )


def _open(session: Session, flag: LowResultsFlag, *, at: datetime) -> int:
    """Open the school's case of low results (1), or add the flag to the open one (0)."""
    case = session.scalars(
        select(Case).where(Case.school_id == flag.school_id, Case.kind == CaseKind.LOW_RESULTS, Case.state != CLOSED)
    ).first()
    is_new = case is None
    if case is None:
        case = new_case(session, flag.school_id, flag.municipality_id, CaseKind.LOW_RESULTS, flag.year, at=at)
        case.tier, case.evidence = Tier.CASE, flag.strength
    flag.case_id = case.id
    session.flush()
    action = "case:open" if is_new else "flag:attach"
    record(session, case, action, actor=SYSTEM, at=at, facts={"low_results_flag_id": flag.id, "signs": flag.n_signs})
    return int(is_new)
