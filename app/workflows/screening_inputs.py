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
from app.errors import Reason, Refused
from app.frames import item_columns
from app.ingest.scales import load_scales
from app.models import Dataset, School
from app.policy import SYSTEM
from app.terms import FileKind
from app.workflows import scaling
from app.workflows.cluster_sets import approved_set, cluster_names


@dataclass(frozen=True)
class Inputs:
    """Frames of a run and their description for the frozen record (hashes of data sets, versions of scales).

    `exams` are regional works that have been put on the scale of the year's ВПР.
    """

    works: pd.DataFrame
    papers: list[PaperSpec]
    schools: pd.DataFrame
    previous: pd.DataFrame | None
    exams: pd.DataFrame | None
    description: dict[str, Any]


def gather(context: AppContext, year: int) -> Inputs:
    """Load everything one run needs."""
    with acting(context.sessions, SYSTEM) as session:
        datasets = session.scalars(
            select(Dataset).where(
                Dataset.kind == FileKind.WORKS, Dataset.year.in_([year - 1, year]), Dataset.replaced_by_id.is_(None)
            )
        ).all()
        links = scaling.links_to_year(session, year)
        exams = [row for link in links for row in scaling.exams_of(session, link)]
        chosen = approved_set(session)
        clusters = cluster_names(session, chosen) if chosen is not None else {}
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
            Reason("no_works", f"За {year} год нет принятых работ.", "There are no accepted works of this year.")
        )
    before = [dataset for dataset in datasets if dataset.year == year - 1]
    works = _works(context, current)
    papers = [_paper(year, subject, grade, works) for subject, grade in sorted({(d.subject, d.grade) for d in current})]
    return Inputs(
        works,
        papers,
        schools,
        _works(context, before) if before else None,
        pd.DataFrame(exams) if exams else None,
        {
            "papers": [_description(paper) for paper in papers],
            **({"exams": [{"id": link.id, **link.inputs} for link in links]} if exams else {}),
            **({"cluster_set": {"id": chosen.id, "sha256": chosen.sha256}} if chosen is not None else {}),
            "previous": [{"subject": d.subject, "grade": d.grade, "sha256": d.sha256} for d in before],
        },
    )


def _works(context: AppContext, datasets: Sequence[Dataset]) -> pd.DataFrame:
    frames = [pd.read_parquet(context.store.path(dataset.sha256)) for dataset in datasets]
    return pd.concat(frames, ignore_index=True)


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
