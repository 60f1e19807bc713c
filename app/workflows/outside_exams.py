"""Results of ОГЭ and ЕГЭ that the region has accepted: which of them a run of a year takes. Loaded in workers only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.ingest.parquet import read_parquet
from app.models import Dataset
from app.storage import ObjectStore
from app.terms import FileKind

EARLIER_YEARS = 3
"""Years before the one screened whose examinations still speak for a school."""


def datasets_before(session: Session, year: int) -> list[Dataset]:
    """Accepted files that may hold examinations of the year or up to `EARLIER_YEARS` before, in the order accepted."""
    return list(
        session.scalars(
            select(Dataset)
            .where(
                Dataset.kind == FileKind.EXAMS,
                or_(Dataset.year.is_(None), Dataset.year.between(year - EARLIER_YEARS, year)),
                Dataset.replaced_by_id.is_(None),
            )
            .order_by(Dataset.id)
        )
    )


def results_before(
    store: ObjectStore, datasets: Sequence[Dataset], year: int
) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """What a run of `year` is told, and the files it comes from for the frozen record.

    Of a school's result in one examination, subject and year the file accepted last has the last word, so a file of
    corrections need not repeat the others' lines.
    """
    parts, files = [], []
    for dataset in datasets:
        frame = read_parquet(store.path(dataset.sha256))
        frame = frame[frame["year"].between(year - EARLIER_YEARS, year)]
        if len(frame):
            parts.append(frame)
            years = sorted({int(of_year) for of_year in frame["year"]})
            files.append({"id": dataset.id, "upload_id": dataset.upload_id, "years": years, "sha256": dataset.sha256})
    if not parts:
        return pd.DataFrame(), []
    rows = pd.concat(parts, ignore_index=True)
    rows = rows.drop_duplicates(["school", "exam", "subject", "language", "year"], keep="last")
    return rows.drop(columns="language").reset_index(drop=True), files
