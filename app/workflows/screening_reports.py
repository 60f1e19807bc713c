"""Ready reports among the inputs of a run: accepted data sets into frames, and papers that only reports describe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from app.context import AppContext
from app.detectors import PaperSpec
from app.detectors.aggregates import Aggregates
from app.frames import item_columns
from app.ingest.scales import load_scales
from app.models import Dataset
from app.terms import SCREENED_REPORTS

Key = tuple[str, int]


def load_reports(context: AppContext, datasets: Sequence[Dataset]) -> dict[str, pd.DataFrame]:
    """Frames of accepted reports by what they tell, later ones first: a school told twice is taken from the later."""
    parts: dict[str, list[pd.DataFrame]] = {}
    for dataset in sorted(datasets, key=lambda d: -d.id):
        kind = SCREENED_REPORTS.get(dataset.kind)
        if kind is not None:
            parts.setdefault(kind, []).append(pd.read_parquet(context.store.path(dataset.sha256)))
    return {kind: pd.concat(frames, ignore_index=True) for kind, frames in parts.items()}


def as_aggregates(reports: Mapping[str, pd.DataFrame]) -> Aggregates | None:
    """Rows of schools, each school once a paper."""
    frames = {}
    for kind, frame in reports.items():
        rows = frame[frame["level"] == "school"].drop_duplicates(["year", "subject", "grade", "school"])
        frames[kind] = rows.drop(columns=["level", "municipality", "name", "n_schools", "max_score"])
    return Aggregates(**frames) if frames else None


def papers_of(reports: Mapping[str, pd.DataFrame]) -> list[Key]:
    """Subject and grade of every paper that the reports speak of."""
    keys = {
        (str(subject), int(grade))
        for frame in reports.values()
        for subject, grade in frame[["subject", "grade"]].drop_duplicates().itertuples(index=False)
    }
    return sorted(keys)


def papers_of_years(reports: Mapping[str, pd.DataFrame]) -> list[PaperSpec]:
    """Descriptions of all papers of all years that the reports speak of."""
    papers = []
    for year in sorted({int(year) for frame in reports.values() for year in frame["year"].unique()}):
        own = {kind: frame[frame["year"] == year] for kind, frame in reports.items()}
        papers += [paper_from_reports(year, *key, own) for key in papers_of(own)]
    return papers


def paper_from_reports(year: int, subject: str, grade: int, reports: Mapping[str, pd.DataFrame]) -> PaperSpec:
    """A paper's description where there are no works of it: the scale's, else what the reports tell of its items."""
    scale = load_scales().get(year, subject, grade)
    mark_from = scale.mark_from if scale is not None else None
    if scale is not None and scale.item_max is not None:
        return PaperSpec(year, subject, grade, tuple(scale.item_max), mark_from)
    maxima = _maxima(reports, subject, grade)
    largest = _largest(reports, subject, grade) or (scale.max_score if scale is not None else None)
    if maxima and (largest is None or sum(maxima) == largest):
        return PaperSpec(year, subject, grade, maxima, mark_from)
    # Nothing tells the items apart: one of all points serves everything but the tests of items.
    return PaperSpec(year, subject, grade, (largest or 1,), mark_from)


def _own(frame: pd.DataFrame, subject: str, grade: int) -> pd.DataFrame:
    return frame[(frame["subject"] == subject) & (frame["grade"] == grade)]


def _maxima(reports: Mapping[str, pd.DataFrame], subject: str, grade: int) -> tuple[int, ...]:
    if "items" not in reports:
        return ()
    own = _own(reports["items"], subject, grade)
    own = own[own["level"] == "max"]
    names = item_columns(own.columns)
    return tuple(int(value) for value in own[names].iloc[0].dropna()) if len(own) else ()


def _largest(reports: Mapping[str, pd.DataFrame], subject: str, grade: int) -> int | None:
    """The largest score a report's head names, else the last score that the distribution has a column for."""
    for frame in reports.values():
        told = _own(frame, subject, grade)["max_score"].dropna()
        if len(told):
            return int(told.iloc[0])
    if "distributions" not in reports:
        return None
    own = _own(reports["distributions"], subject, grade)
    scores = [int(name) for name in own.columns if str(name).isdigit() and own[name].notna().any()]
    return max(scores, default=None)
