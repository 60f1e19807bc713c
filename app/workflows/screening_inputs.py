"""What a run screens: works and scales of the year, the year before, the register. Loaded in workers only."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.context import AppContext
from app.database import acting
from app.detectors import PaperSpec
from app.detectors.aggregates import Aggregates
from app.detectors.work_files import WorkFiles, read_frame
from app.errors import Reason, Refused
from app.frames import item_columns
from app.ingest.scales import load_scales
from app.ingest.uploads import UPLOAD_COLUMNS
from app.models import Dataset, FederalMarker, Flag, School, ScreeningRun
from app.policy import SYSTEM
from app.terms import SCREENED_REPORTS, FileKind, RunStatus, Tier
from app.workflows import outside_exams, scaling
from app.workflows.cluster_sets import approved_set, cluster_names
from app.workflows.screening_reports import as_aggregates, load_reports, paper_from_reports, papers_of, papers_of_years

HISTORY_YEARS = 4
"""Years of lists and runs that are loaded, the year screened among them; how many count is a parameter."""


@dataclass(frozen=True)
class Inputs:
    """Frames of a run and their description for the frozen record (hashes of data sets, versions of scales).

    `exams` are results of ОГЭ and ЕГЭ, and regional works that have been put on the scale of the year's ВПР.
    """

    works: WorkFiles | None
    papers: list[PaperSpec]
    schools: pd.DataFrame
    previous: pd.DataFrame | None
    aggregates: Aggregates | None
    previous_aggregates: Aggregates | None
    exams: pd.DataFrame | None
    protocol: pd.DataFrame | None
    history: pd.DataFrame | None
    description: dict[str, Any]


def gather(context: AppContext, year: int) -> Inputs:
    """Load everything one run needs."""
    with acting(context.sessions, SYSTEM) as session:
        datasets = session.scalars(
            select(Dataset).where(
                Dataset.kind.in_([FileKind.WORKS, *SCREENED_REPORTS]),
                Dataset.year.in_([year - 2, year - 1, year]),
                Dataset.replaced_by_id.is_(None),
            )
        ).all()
        links = scaling.links_to_year(session, year)
        exams = [row for link in links for row in scaling.exams_of(session, link)]
        examined = outside_exams.datasets_before(session, year)
        chosen = approved_set(session)
        clusters = cluster_names(session, chosen) if chosen is not None else {}
        uploads = {d.id: d.upload.schools_sha256 for d in datasets if d.year == year}
        history = _history(session, year)
        schools = pd.DataFrame(
            [
                {
                    **({"cluster": clusters.get(school.id)} if chosen is not None else {}),
                    "school": school.code,
                    "name": school.name,
                    "municipality": school.municipality.code,
                    "type": school.kind,
                    "settlement": school.settlement,
                    **{k: v for k, v in (school.context or {}).items() if isinstance(v, int | float)},
                }
                for school in session.scalars(select(School).order_by(School.code))
            ]
        )
    current = [dataset for dataset in datasets if dataset.year == year]
    if not current:
        raise Refused(
            Reason(
                "no_works",
                f"За {year} год нет принятых работ или отчётов.",
                "There are no accepted works or reports of this year.",
            )
        )
    sat = [dataset for dataset in current if dataset.kind is FileKind.WORKS]
    before = [dataset for dataset in datasets if dataset.year != year]
    sat_before = [dataset for dataset in before if dataset.kind is FileKind.WORKS]
    works = WorkFiles(tuple(context.store.path(dataset.sha256) for dataset in sat)) if sat else None
    keys = sorted({(d.subject, d.grade) for d in sat})
    papers = []
    if works is not None:
        papers = [_paper(year, subject, grade, works.largest_points) for subject, grade in keys]
    reports, told = load_reports(context, current), load_reports(context, before)
    papers += [paper_from_reports(year, *key, reports) for key in papers_of(reports) if key not in keys]
    previous = _works(context, sat_before) if sat_before else None
    # A paper of another year may have other items: its own description keeps its scores inside their scale.
    earlier = [] if previous is None else [_paper_of(d, previous) for d in sat_before]
    earlier += [paper for paper in papers_of_years(told) if _key(paper) not in {_key(own) for own in earlier}]
    results, files = outside_exams.results_before(context.store, examined, year)
    outside = [frame for frame in (results, pd.DataFrame(exams)) if len(frame)]
    return Inputs(
        works,
        [*papers, *earlier],
        schools,
        previous,
        as_aggregates(reports),
        as_aggregates(told),
        pd.concat(outside, ignore_index=True) if outside else None,
        _protocol(context, [(dataset, uploads[dataset.id]) for dataset in sat]),
        history,
        {
            "papers": [_description(paper) for paper in papers],
            "previous": [
                {"kind": d.kind.value, "year": d.year, "subject": d.subject, "grade": d.grade, "sha256": d.sha256}
                for d in before
            ],
            "history": None if history is None else _digest_of(history),
            **({"exams": [{"id": link.id, **link.inputs} for link in links]} if exams else {}),
            **({"exam_results": files} if files else {}),
            **({"cluster_set": {"id": chosen.id, "sha256": chosen.sha256}} if chosen is not None else {}),
        },
    )


def _works(context: AppContext, datasets: Sequence[Dataset]) -> pd.DataFrame:
    return read_frame([context.store.path(dataset.sha256) for dataset in datasets])


def _key(paper: PaperSpec) -> tuple[int | None, str, int]:
    return paper.year, paper.subject, paper.grade


def _paper_of(dataset: Dataset, works: pd.DataFrame) -> PaperSpec:
    assert dataset.year is not None
    return _paper(dataset.year, dataset.subject, dataset.grade, partial(_most_in_frame, works))


def _digest_of(history: pd.DataFrame) -> dict[str, Any]:
    """What the frozen record of a run says of the history it used."""
    text = history.sort_values(["year", "source", "school"]).to_csv(index=False)
    lists = sorted({f"{source} {year}" for source, year in zip(history["source"], history["year"], strict=True)})
    return {"lists": lists, "sha256": hashlib.sha256(text.encode()).hexdigest()}


def _protocol(context: AppContext, current: Sequence[tuple[Dataset, str | None]]) -> pd.DataFrame | None:
    """What the files of the year told about each school's own upload, as far as it was kept when they were read."""
    parts = []
    for dataset, kept in current:
        rows = json.loads(context.store.read(kept)) if kept else []
        rows = [{key: row[key] for key in ("school", *UPLOAD_COLUMNS) if key in row} for row in rows]
        rows = [row for row in rows if "present" in row]
        if rows:
            parts.append(pd.DataFrame(rows).assign(year=dataset.year, subject=dataset.subject, grade=dataset.grade))
    return pd.concat(parts, ignore_index=True) if parts else None


def _history(session: Session, year: int) -> pd.DataFrame | None:
    """Marks of earlier years: federal lists, and the flags of the last finished run of each year."""
    rows = [
        {"school": code, "year": at, "source": "federal_list", "markers": max(int(n), 1)}
        for code, at, n in session.execute(
            select(School.code, FederalMarker.year, FederalMarker.n_markers)
            .join(School, School.id == FederalMarker.school_id)
            .join(Dataset, Dataset.id == FederalMarker.dataset_id)
            .where(
                FederalMarker.year <= year, FederalMarker.year > year - HISTORY_YEARS, Dataset.replaced_by_id.is_(None)
            )
            .order_by(FederalMarker.year, School.code)
        )
    ]
    latest = (
        select(ScreeningRun.year, func.max(ScreeningRun.id).label("id"))
        .where(
            ScreeningRun.status == RunStatus.DONE, ScreeningRun.year < year, ScreeningRun.year >= year - HISTORY_YEARS
        )
        .group_by(ScreeningRun.year)
        .subquery()
    )
    done = {int(at): int(run) for at, run in session.execute(select(latest.c.year, latest.c.id))}
    flagged = session.execute(
        select(School.code, Flag.year, Flag.tier)
        .join(School, School.id == Flag.school_id)
        .where(Flag.run_id.in_(done.values()))
        .order_by(Flag.year, School.code)
    )
    rows += [
        {"school": code, "year": at, "source": "screening", "markers": int(tier in (Tier.CASE, Tier.SEVERE))}
        for code, at, tier in flagged
    ]
    # A run that flagged nobody is a year without marks, not a year without a run.
    rows += [
        {"school": "", "year": at, "source": "screening", "markers": 0}
        for at in sorted(set(done) - {row["year"] for row in rows if row["source"] == "screening"})
    ]
    return pd.DataFrame(rows) if rows else None


def _description(paper: PaperSpec) -> dict[str, Any]:
    scale = load_scales().get(paper.year, paper.subject, paper.grade) if paper.year is not None else None
    return {
        "subject": paper.subject,
        "grade": paper.grade,
        "mark_from": paper.mark_from,
        "scale": scale.version if scale else None,
    }


def _paper(
    year: int, subject: str | None, grade: int | None, most: Callable[[tuple[int, str, int]], list[int]]
) -> PaperSpec:
    """Description of a paper; where its scale does not tell the items' maxima, `most` points anybody has stand in."""
    assert subject is not None
    assert grade is not None
    scale = load_scales().get(year, subject, grade)
    if scale is not None and scale.item_max is not None:
        return PaperSpec(year, subject, grade, tuple(scale.item_max), scale.mark_from)
    return PaperSpec(year, subject, grade, tuple(most((year, subject, grade))), scale.mark_from if scale else None)


def _most_in_frame(works: pd.DataFrame, key: tuple[int, str, int]) -> list[int]:
    year, subject, grade = key
    own = ((works["year"] == year) & (works["subject"] == subject) & (works["grade"] == grade)).to_numpy()
    largest = [works[name][own].max() for name in item_columns(works.columns)]
    return [int(points) for points in largest if not pd.isna(points)]
