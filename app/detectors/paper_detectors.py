"""All detectors that look at one paper by itself, run one after another while the paper's answers are in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np

from app.detectors import (
    boundary_push,
    class_similarity,
    few_lowest,
    homogeneity,
    homogeneity_parts,
    item_intervals,
    item_profile,
    journal_gap,
    landing_profile,
    upper_tail,
)
from app.detectors.memory import give_back
from app.detectors.params import Params
from app.detectors.stretch import stretched
from app.detectors.summaries import PaperResults
from app.detectors.tables import PaperTable
from app.errors import InsufficientData

_JUDGED = {"z", "z_context", "assessed", "part_z", "works", "classes", "window", "expected", "thinned_z", "reference"}
"""Arrays of results that `signals` reads, and who was compared with; the others are there to be shown."""
_MANY_WORKS = 20_000
"""From so many works on, results are worth narrowing."""
_OF_RESULT = {
    "boundary": boundary_push.NAME,
    "lowest": few_lowest.NAME,
    "journal": journal_gap.NAME,
    "profile": item_profile.NAME,
    "landing": landing_profile.NAME,
    "similarity": class_similarity.NAME,
    "tail": upper_tail.NAME,
    "homogeneity": homogeneity.NAME,
}
"""Fields of `PaperResults` and the detectors whose results they hold."""
_WIDE = 8
"""Columns; a table of results with more has a column an item or a score."""


def run_on_paper(
    table: PaperTable,
    control: PaperTable | None,
    design: np.ndarray,
    missing: Mapping[str, int] | None,
    params: Params,
    *,
    signals_only: bool = False,
) -> PaperResults:
    """Run the detectors of one paper.

    Parameters
    ----------
    table : PaperTable
    control : PaperTable or None
        The control sample's works of this paper.
    design : ndarray, shape (S, p)
        Context of the schools.
    missing : mapping or None
        Items left out by school; None where the works do not tell.
    params : Params
    signals_only : bool
        Leaves out what is shown and never counted, tables of results among it.

    Returns
    -------
    PaperResults
        Detectors that could not run have left their reasons in it.
    """
    paper = PaperResults(table)
    works, shown = float(table.n.sum()), not signals_only

    def done(*names: str) -> None:
        """These results are final, and where nothing is shown, nothing but their signals is asked of them any more."""
        for name in names:
            own = getattr(paper, name)
            judged = table.n if own is None or name != "journal" else own.works
            own = stretched(own, judged, _OF_RESULT[name], params.stretch)
            setattr(paper, name, narrowed(own, works) if signals_only else own)
        give_back(held_by=works)

    _boundary(paper, control, design, params, shown=shown)
    done("boundary", "lowest")
    try:
        paper.journal = journal_gap.journal_gap(table, control, design, params.journal_gap, shown=shown)
    except InsufficientData:
        paper.journal = None
    done("journal")
    paper.profile = _ask(
        paper, item_profile.NAME, lambda: item_profile.item_profile(table, control, params.item_profile, shown=shown)
    )
    done("profile")
    paper.landing = _ask(
        paper,
        landing_profile.NAME,
        lambda: landing_profile.landing_profile(table, control, params.landing_profile, shown=shown),
    )
    done("landing")
    paper.similarity = _ask(
        paper, class_similarity.NAME, lambda: class_similarity.class_similarity(table, params.class_similarity)
    )
    done("similarity")
    paper.homogeneity = _ask(
        paper, homogeneity.NAME, lambda: homogeneity.homogeneity(table, control, params.homogeneity, design)
    )
    try:
        paper.tail = upper_tail.upper_tail(table, control, params.upper_tail, design)
    except InsufficientData as refusal:
        paper.silent[upper_tail.NAME] = str(refusal)
    done("tail")
    if paper.homogeneity is not None:
        left_out = None if missing is None else np.array([float(missing.get(str(name), 0)) for name in table.schools])
        paper.parts = homogeneity_parts.homogeneity_parts(table, paper.homogeneity, left_out, params.homogeneity)
        paper.homogeneity = homogeneity_parts.with_parts(paper.homogeneity, paper.parts, params.homogeneity)
    done("homogeneity")
    if signals_only:
        # They have spoken in the spread.
        paper.parts = None
    if not signals_only and paper.profile is not None:
        paper.intervals = item_intervals.item_intervals(table, control)
    return paper


def _boundary(
    paper: PaperResults, control: PaperTable | None, design: np.ndarray, params: Params, *, shown: bool
) -> None:
    try:
        paper.boundary = boundary_push.boundary_push(paper.table, control, params.boundary_push, shown=shown)
        paper.lowest = few_lowest.few_lowest(
            paper.table,
            paper.boundary.against_pool.tilt,
            params.few_lowest,
            params.boundary_push.spread_prior,
            reference=paper.boundary.reference,
            reference_works=paper.boundary.reference_works,
            X=design,
            shown=shown,
        )
    except InsufficientData:
        paper.boundary = paper.lowest = None


def _ask(paper: PaperResults, name: str, detector: Callable[[], Any]) -> Any:
    try:
        return detector()
    except InsufficientData as refusal:
        paper.refusals[name] = str(refusal)
        return None


def narrowed(result: Any, works: float) -> Any:
    """The result without what is only shown, where works are many; None stays None."""
    if result is None or works <= _MANY_WORKS:
        return result
    changed: dict[str, Any] = {}
    for own in fields(result):
        value = getattr(result, own.name)
        if isinstance(value, np.ndarray) and (own.name not in _JUDGED or value.size > _WIDE * len(value)):
            changed[own.name] = value[:0].copy()
        elif is_dataclass(value) and not isinstance(value, type):
            changed[own.name] = narrowed(value, works)
    return replace(result, **changed) if changed else result
