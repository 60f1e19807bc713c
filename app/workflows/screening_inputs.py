"""What a run screens: works and scales of the year, the year before, the register. Loaded in workers only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from sqlalchemy import select

from app.context import AppContext
from app.database import acting
from app.detectors import PaperSpec
from app.detectors.aggregates import Aggregates
from app.errors import Reason, Refused
from app.frames import item_columns
from app.ingest.scales import load_scales
from app.models import Dataset, School
from app.policy import SYSTEM
from app.terms import SCREENED_REPORTS, FileKind
from app.workflows.screening_reports import as_aggregates, load_reports, paper_from_reports, papers_of


@dataclass(frozen=True)
class Inputs:
    """Frames of a run and their description for the frozen record (hashes of data sets, versions of scales)."""

    works: pd.DataFrame | None
    papers: list[PaperSpec]
    schools: pd.DataFrame
    previous: pd.DataFrame | None
    aggregates: Aggregates | None
    previous_aggregates: Aggregates | None
    description: dict[str, Any]


def gather(context: AppContext, year: int) -> Inputs:
    """Load everything one run needs."""
    with acting(context.sessions, SYSTEM) as session:
        datasets = session.scalars(
            select(Dataset).where(
                Dataset.kind.in_([FileKind.WORKS, *SCREENED_REPORTS]),
                Dataset.year.in_([year - 1, year]),
                Dataset.replaced_by_id.is_(None),
            )
        ).all()
        schools = pd.DataFrame(
            [
                {
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
    before = [dataset for dataset in datasets if dataset.year == year - 1]
    works, previous = _works(context, current), _works(context, before)
    reports, earlier = load_reports(context, current), load_reports(context, before)
    sat = {(d.subject, d.grade) for d in current if d.kind is FileKind.WORKS}
    papers = [_paper(year, subject, grade, works) for subject, grade in sorted(sat) if works is not None]
    papers += [paper_from_reports(year, *key, reports) for key in papers_of(reports) if key not in sat]
    return Inputs(
        works,
        papers,
        schools,
        previous,
        as_aggregates(reports),
        as_aggregates(earlier),
        {
            "papers": [_description(paper) for paper in papers],
            "previous": [
                {"kind": d.kind.value, "subject": d.subject, "grade": d.grade, "sha256": d.sha256} for d in before
            ],
        },
    )


def _works(context: AppContext, datasets: Sequence[Dataset]) -> pd.DataFrame | None:
    frames = [pd.read_parquet(context.store.path(d.sha256)) for d in datasets if d.kind is FileKind.WORKS]
    return pd.concat(frames, ignore_index=True) if frames else None


def _description(paper: PaperSpec) -> dict[str, Any]:
    scale = load_scales().get(paper.year, paper.subject, paper.grade) if paper.year is not None else None
    return {
        "subject": paper.subject,
        "grade": paper.grade,
        "mark_from": paper.mark_from,
        "scale": scale.version if scale else None,
    }


def _paper(year: int, subject: str | None, grade: int | None, works: pd.DataFrame) -> PaperSpec:
    assert subject is not None
    assert grade is not None
    scale = load_scales().get(year, subject, grade)
    if scale is not None and scale.item_max is not None:
        return PaperSpec(year, subject, grade, tuple(scale.item_max), scale.mark_from)
    own = works[(works["subject"] == subject) & (works["grade"] == grade)]
    items = [name for name in item_columns(own.columns) if own[name].notna().any()]
    return PaperSpec(
        year, subject, grade, tuple(int(own[name].max()) for name in items), scale.mark_from if scale else None
    )
