"""Signs of low results in words: on the page of a run and on a case."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from app import auth
from app.admin import words
from app.models import Case, LowResultsFlag, OutboxJob
from app.terms import Examination, JobStatus


def of_run(run_id: int) -> dict[str, Any]:
    """What a run found, whether it has been asked for, and whether the answer is still to come."""
    session = auth.db()
    flags = session.scalars(
        select(LowResultsFlag)
        .where(LowResultsFlag.run_id == run_id)
        .options(selectinload(LowResultsFlag.school))
        .order_by(LowResultsFlag.strength.desc(), LowResultsFlag.id)
        .limit(200)
    ).all()
    job = session.scalars(
        select(OutboxJob).where(OutboxJob.kind == "find_low_results", OutboxJob.subject_id == run_id).limit(1)
    ).first()
    return {
        "flags": flags,
        "is_asked": job is not None,
        "is_waiting": job is not None and job.status in (JobStatus.PENDING, JobStatus.RUNNING),
    }


def of_case(case: Case) -> list[dict[str, Any]]:
    """A case's flags of low results, newest first, each sign as a sentence."""
    flags = auth.db().scalars(
        select(LowResultsFlag).where(LowResultsFlag.case_id == case.id).order_by(LowResultsFlag.id.desc())
    )
    return [{"flag": flag, "signs": [sentence(sign) for sign in flag.frozen["signs"]]} for flag in flags]


def sentence(sign: dict[str, Any]) -> str:
    """A sign with its number, its interval and what it was held against."""
    paper = words.capital(words.paper(sign["subject"], sign["grade"], sign["year"]))
    n = words.number(sign["n"])
    if sign["indicator"] == "weak_exam":
        return _(
            "%(paper)s, ОГЭ: средняя отметка %(value)s (95 %% ДИ %(interval)s) по %(n)s участникам, граница %(limit)s.",
            paper=paper,
            n=n,
            value=words.number(sign["value"], 2),
            interval=words.interval(sign["low"], sign["high"], "points"),
            limit=words.number(sign["limit"], 2),
        )
    shares = {"value": words.percent(sign["value"]), "limit": words.percent(sign["limit"])}
    shares["interval"] = words.interval(sign["low"], sign["high"], "share")
    if sign["indicator"] == "below_minimum":
        return _(
            "%(paper)s, %(exam)s: минимум не набрали %(value)s (95 %% ДИ %(interval)s) из %(n)s участников, "
            "граница %(limit)s.",
            paper=paper,
            exam=words.title(Examination.OGE if sign["grade"] == 9 else Examination.EGE),
            n=n,
            **shares,
        )
    if sign["indicator"] == "many_twos":
        return _(
            "%(paper)s: отметку «2» получили %(value)s (95 %% ДИ %(interval)s) из %(n)s работ, граница %(limit)s.",
            paper=paper,
            n=n,
            **shares,
        )
    return _(
        "%(paper)s: средний балл %(value)s максимума (95 %% ДИ %(interval)s) по %(n)s работам; у сравнимых школ "
        "за вычетом запаса %(limit)s.",
        paper=paper,
        n=n,
        **shares,
    )
