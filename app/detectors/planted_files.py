"""A copy with mechanisms of some works: of those in files columns all the way, a paper at a time, without a frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from app.detectors import context
from app.detectors.base import PaperSpec
from app.detectors.checks import CheckedWorks
from app.detectors.plain_columns import PlainWorks
from app.detectors.planting import carried_out, drawing, numbered_together, order_of_rows, planted_works
from app.detectors.selective_absence import GradePupils, pupils_of
from app.detectors.tables import PaperTable, build_tables, table_of
from app.detectors.work_files import WorkFiles
from app.detectors.works_read import (
    Gathering,
    Key,
    Sitters,
    WorksRead,
    no_pupils,
    places_of_plain,
    pupils_of_sitters,
    sitters_of_plain,
)


def planted_copy(
    works: CheckedWorks | WorkFiles,
    papers: Sequence[PaperSpec],
    year: int,
    names: np.ndarray,
    kind: np.ndarray,
    strength: float,
) -> tuple[WorksRead, list[PaperTable]]:
    """Tables of the works of the schools named, with a mechanism planted into some of them, and what else they say.

    Parameters
    ----------
    works : CheckedWorks or WorkFiles
    papers : sequence of PaperSpec
        Of the year.
    year : int
    names : ndarray of str, shape (S,)
        Sorted.
    kind : ndarray of int, shape (S,)
        Number of the mechanism in `Mechanism`; −1 for none.
    strength : float
        As for `contamination.contaminate`.

    Returns
    -------
    WorksRead
    list of PaperTable
        The same whether works stand in files or in a frame, see `planting.planted_works`.
    """
    if isinstance(works, WorkFiles):
        found = _of_files(works, papers, year, names, kind, strength)
        if found is not None:
            return found
        frame = works.of_schools(names, year, papers)
    else:
        frame = works.works[works.works["year"] == year]
    copy = planted_works(frame, papers, names, kind, strength)
    return WorksRead(partial(pupils_of, copy), context.places_of(copy)), build_tables(copy, papers)


def _of_files(
    works: WorkFiles, papers: Sequence[PaperSpec], year: int, names: np.ndarray, kind: np.ndarray, strength: float
) -> tuple[WorksRead, list[PaperTable]] | None:
    """`planted_copy` of works that are plain columns with items; None where they have to be looked at as a frame."""
    rng, gathering = drawing(), Gathering()
    tables: list[PaperTable] = []
    sat: dict[Key, Sitters | None] = {}
    for spec, plain in zip(papers, works.plain_of_schools(names, year, papers), strict=False):
        if plain.columns.points is None:
            return None
        copy = planted_columns(rng, plain, names, kind, spec, strength)
        table = table_of(copy.columns, spec, year)
        sat[table.key] = sitters_of_plain(copy, spec)
        gathering.add(table.key, WorksRead(no_pupils, places_of_plain(copy)))
        tables.append(table)
    if len(tables) < len(papers):
        return None

    def pupils(own: Sequence[PaperTable]) -> GradePupils | None:
        return pupils_of_sitters([sat[table.key] for table in own])

    return gathering.whole(pupils), sorted(tables, key=lambda table: table.key)


def planted_columns(
    rng: np.random.Generator, plain: PlainWorks, names: np.ndarray, kind: np.ndarray, spec: PaperSpec, strength: float
) -> PlainWorks:
    """Works of one paper, which has items, with the mechanisms of their schools; see `planted_copy`."""
    own, items = plain.columns, plain.columns.points
    assert items is not None
    kinds = kind[np.searchsorted(names, own.names)][own.school]
    rows = np.flatnonzero(kinds >= 0)
    keys = [code for code in (own.school, own.unit, own.variant, plain.participant) if code is not None]
    rows = rows[order_of_rows([key[rows] for key in keys], lambda: [own.score[rows], *(p[rows] for p in items)])]
    groups = [code[rows] for code in (own.school, own.unit, own.variant) if code is not None]
    before = items[:, rows].T.astype(np.int64)
    score = own.score[rows].astype(np.int64)
    journal = np.full(len(rows), np.nan)
    if own.journal is not None:
        journal = np.where(own.journal[rows] > 0, own.journal[rows], np.nan)
    after, away = carried_out(
        rng,
        kinds[rows],
        spec,
        strength,
        score=score,
        points=before,
        journal=journal,
        together=lambda chosen: numbered_together([group[chosen] for group in groups]),
        easiness=lambda: items.mean(axis=1) / np.array(spec.item_max),
    )
    assert after is not None
    points, scores = items.copy(), own.score.copy()
    points[:, rows] = after.T
    scores[rows] = np.where((after != before).any(axis=1), after.sum(axis=1), score)
    here = np.ones(len(scores), dtype=bool)
    here[rows[away]] = False
    place = plain.municipality
    return PlainWorks(
        replace(
            own,
            school=own.school[here],
            score=np.clip(scores[here], 0, spec.max_score),
            points=points[:, here],
            journal=None if own.journal is None else own.journal[here],
            unit=None if own.unit is None else own.unit[here],
            variant=None if own.variant is None else own.variant[here],
        ),
        None if plain.participant is None else plain.participant[here],
        plain.participant_names,
        None if place is None else (place[0][here], place[1]),
        None,
        None,
        plain.blank[here],
    )
