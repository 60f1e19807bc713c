"""A regional work (КДР, РДР) on the scale of ВПР: asked for after the upload, computed by a job, shown with errors.

The result is context for people and for the check against outside examinations; it raises no flag of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app import policy
from app.context import AppContext
from app.database import acting
from app.errors import InsufficientData, NotFound, Reason, Refused
from app.models import Dataset, OutboxJob, ScaledSchool, ScaleLink, School
from app.policy import SYSTEM, Actor, Permission
from app.terms import FileKind, LinkDesign, RunStatus
from app.workflows import journal, outbox

SEED = 20261123
MOST_YEARS_APART = 2


def works_of_kind(session: Session, kind: FileKind) -> list[Dataset]:
    """Data sets in force of a kind, newest first."""
    return list(
        session.scalars(
            select(Dataset)
            .where(Dataset.kind == kind, Dataset.replaced_by_id.is_(None))
            .order_by(Dataset.year.desc(), Dataset.subject, Dataset.grade, Dataset.id.desc())
        )
    )


def request_link(session: Session, first_id: int, second_id: int, *, actor: Actor, at: datetime) -> ScaleLink:
    """Ask for the scale of a regional work on that of a ВПР in the same subject; a job computes it."""
    policy.require(actor, Permission.GROUP_PROPOSE)
    first, second = (session.get(Dataset, dataset_id) for dataset_id in (first_id, second_id))
    if first is None or second is None or first.kind is not FileKind.REGIONAL or second.kind is not FileKind.WORKS:
        raise NotFound("Таких работ нет: первая — принятая КДР или РДР, вторая — принятая ВПР.")
    reasons = []
    if first.subject != second.subject:
        reasons.append(
            Reason(
                "subject",
                "Предметы разные: на одну шкалу кладут работы по одному предмету.",
                "The subjects differ: a common scale is for works in one subject.",
            )
        )
    if first.year is not None and second.year is not None and abs(first.year - second.year) > MOST_YEARS_APART:
        reasons.append(
            Reason(
                "years_apart",
                f"Между работами больше {MOST_YEARS_APART} лет: школы успели измениться.",
                f"The works are more than {MOST_YEARS_APART} years apart: schools have changed meanwhile.",
            )
        )
    if reasons:
        raise Refused(*reasons)
    link = ScaleLink(
        first_id=first.id,
        second_id=second.id,
        inputs={"first": _description(first), "second": _description(second), "seed": SEED},
        requested_by_id=actor.user_id,
        requested_by_name=actor.name,
        requested_at=at,
        municipality_id=None if actor.is_regional else actor.municipality_id,
    )
    session.add(link)
    session.flush()
    outbox.add(session, "link_scales", link.id, at=at)
    journal.append(
        session,
        actor=actor,
        at=at,
        action="scale:request",
        subject="scale_link",
        subject_id=link.id,
        facts=dict(link.inputs),
        municipality_id=link.municipality_id,
    )
    return link


def _description(dataset: Dataset) -> dict[str, Any]:
    """What is kept of a data set, so that the scale can be read where the data set itself is not in sight."""
    return {
        "procedure": dataset.procedure.value,
        "year": dataset.year,
        "subject": dataset.subject,
        "grade": dataset.grade,
        "sha256": dataset.sha256,
    }


def link_scales(context: AppContext, job: OutboxJob) -> Callable[[Session], None]:
    """Job: read both data sets, link them, keep the scale and every school's two results."""
    with acting(context.sessions, SYSTEM) as session:
        link = session.get(ScaleLink, job.subject_id)
        if link is None or link.status in (RunStatus.DONE, RunStatus.FAILED):
            return lambda session: None
        link.status = RunStatus.RUNNING
        first, second = link.inputs["first"], link.inputs["second"]
    try:
        table, rows, facts = _compute(context, first, second)
    except InsufficientData as error:
        text = str(error)
        return lambda session: on_dead(session, job.subject_id, text)
    return lambda session: _record(session, job.subject_id, table, rows, facts)


def _compute(
    context: AppContext, of_first: Mapping[str, Any], of_second: Mapping[str, Any]
) -> tuple[dict[str, Any], list[dict[str, Any]], dict[str, Any]]:
    import pandas as pd

    from app.comparison.linking import link_scores
    from app.comparison.school_shifts import mean_marks, school_shifts
    from app.comparison.score_counts import score_counts
    from app.ingest.scales import load_scales

    frames = [
        pd.read_parquet(context.store.path(works["sha256"]), columns=["school", "score"])
        for works in (of_first, of_second)
    ]
    names = sorted(set(frames[0]["school"]) & set(frames[1]["school"]))
    first, second = (score_counts(names, frame["school"].tolist(), frame["score"].tolist()) for frame in frames)
    link = link_scores(first, second, seed=SEED)
    scale = load_scales().get(of_second["year"], of_second["subject"], of_second["grade"])
    marks = mean_marks(first, link, scale.mark_from) if scale is not None else None
    of_name = {name: i for i, name in enumerate(names)}
    rows = [
        {
            **vars(shift),
            "differs": shift.differs,
            "mean_mark": float(marks[of_name[shift.school]]) if marks is not None else None,
        }
        for shift in school_shifts(names, first, second, link)
    ]
    table = {
        "equivalent": link.equivalent.tolist(),
        "error": link.error.tolist(),
        "degrees": [link.first.degree, link.second.degree],
        "max_second": second.shape[1] - 1,
    }
    return table, rows, {"design": link.design, "schools": link.schools, "works": round(link.works)}


def _record(
    session: Session, link_id: int, table: dict[str, Any], rows: list[dict[str, Any]], facts: dict[str, Any]
) -> None:
    link = session.get(ScaleLink, link_id)
    assert link is not None
    schools = {school.code: school for school in session.scalars(select(School))}
    for row in rows:
        school = schools.get(row.pop("school"))
        if school is not None:
            session.add(
                ScaledSchool(link_id=link.id, school_id=school.id, municipality_id=school.municipality_id, **row)
            )
    link.table, link.design = table, LinkDesign(facts["design"])
    link.n_schools, link.n_works = facts["schools"], facts["works"]
    link.n_differ = sum(row["differs"] for row in rows)
    link.status = RunStatus.DONE
    session.flush()


def exams_of(session: Session, link: ScaleLink) -> list[dict[str, Any]]:
    """The regional work as an outside examination: school, exam, subject, n, mean mark by the cuts of the ВПР."""
    rows = session.scalars(
        select(ScaledSchool)
        .where(ScaledSchool.link_id == link.id, ScaledSchool.mean_mark.is_not(None))
        .options(selectinload(ScaledSchool.school))
        .order_by(ScaledSchool.id)
    )
    return [
        {
            "school": row.school.code,
            "exam": link.inputs["first"]["procedure"],
            "subject": link.inputs["first"]["subject"],
            "n": row.n_first,
            "mean_mark": row.mean_mark,
        }
        for row in rows
    ]


def links_to_year(session: Session, year: int) -> list[ScaleLink]:
    """Finished scales on ВПР of a year, the newest for each regional work: what a run of the year takes for exams."""
    newest: dict[tuple[Any, ...], ScaleLink] = {}
    for link in session.scalars(select(ScaleLink).where(ScaleLink.status == RunStatus.DONE).order_by(ScaleLink.id)):
        first, second = link.inputs["first"], link.inputs["second"]
        if second["year"] == year:
            newest[first["procedure"], first["subject"], first["grade"], first["year"]] = link
    return list(newest.values())


def on_dead(session: Session, link_id: int, error: str) -> None:
    """The scale could not be computed: say so on it."""
    link = session.get(ScaleLink, link_id)
    if link is not None and link.status is not RunStatus.DONE:
        link.status, link.failure = RunStatus.FAILED, error
        session.flush()
