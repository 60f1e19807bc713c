"""Findings of a year's papers known by works; a detector that could not run answers "not assessed" with its reason."""

from __future__ import annotations

import numpy as np
import pandas as pd

from app.collecting import nothing_collected
from app.detectors import (
    boundary_push,
    class_similarity,
    contextual_mean,
    federal,
    few_lowest,
    findings,
    homogeneity,
    item_profile,
    journal_gap,
    landing_profile,
    selective_absence,
)
from app.detectors.params import Params
from app.detectors.summaries import PaperResults
from app.detectors.tables import PaperTable
from app.terms import Family


@nothing_collected()
def findings_of(
    done: list[PaperResults], year: int, before: list[PaperTable], exams: pd.DataFrame | None, params: Params
) -> tuple[list[pd.DataFrame], list[federal.Marker]]:
    """Findings of a year's papers, schools by paper and detector, and the federal markers.

    Parameters
    ----------
    done : list of PaperResults
        The year's papers; those with federal markers get them as ``markers``.
    year : int
    before : list of PaperTable
        Papers of earlier years.
    exams : DataFrame or None
        ``school, exam, subject, n, mean_mark``.
    params : Params

    Returns
    -------
    list of DataFrame
        Columns of `app.frames.FINDINGS`.
    list of Marker
    """
    found: list[pd.DataFrame] = []
    markers = federal.federal_markers([paper.table for paper in done], before, exams, params.federal)
    for paper in done:
        table = paper.table
        cuts = table.spec.mark_from
        no_cuts = "у работы нет официальных границ отметок"
        if paper.boundary is not None:
            found.append(findings.of_boundary(table, paper.boundary, params))
            found.append(findings.of_region_boundary(table, paper.boundary.region))
        if paper.lowest is not None:
            found.append(findings.of_lowest(table, paper.lowest, params))
        if paper.boundary is None or paper.lowest is None:
            reason = no_cuts if cuts is None else "в регионе нет других школ с этой работой"
            for name, smallest in (
                (boundary_push.NAME, params.boundary_push.smallest_n),
                (few_lowest.NAME, params.few_lowest.smallest_n),
            ):
                found.append(findings.whole_paper_not_assessed(table, name, Family.BOUNDARY, "works", reason, smallest))
        if paper.mean is not None:
            found.append(findings.of_mean(table, paper.mean, params))
        else:
            pool = params.contextual_mean.smallest_pool
            reason = f"школ с этой работой меньше {pool}: среднее не с чем сравнить"
            found.append(
                findings.whole_paper_not_assessed(
                    table, contextual_mean.NAME, Family.LEVEL, "points", reason, params.contextual_mean.smallest_n
                )
            )
        if paper.journal is not None:
            found.append(findings.of_journal(table, paper.journal, params))
        else:
            pool = params.journal_gap.smallest_pool
            reason = f"школ с отметками по журналу меньше {pool}"
            reason = no_cuts if cuts is None else "нет отметок по журналу" if table.journal is None else reason
            found.append(
                findings.whole_paper_not_assessed(
                    table, journal_gap.NAME, Family.JOURNAL, "share", reason, params.journal_gap.smallest_n
                )
            )
        found += _patterns(paper, params)
        own = [m for m in markers if (m.subject, m.grade) == table.key[1:] and m.name != "oge"]
        if own:
            paper.markers = own
            found.append(findings.of_federal(table, year, own))
    if any(marker.name == "mean" for marker in markers):
        found += [findings.of_federal(None, year, [marker]) for marker in markers if marker.name == "oge"]
    return found, markers


def _patterns(paper: PaperResults, params: Params) -> list[pd.DataFrame]:
    """Findings of the families "pattern" and "attendance", with the detectors' own words where they could not run."""
    table = paper.table
    found = []
    if paper.profile is not None:
        found.append(findings.of_profile(table, paper.profile, params))
    if paper.landing is not None:
        found.append(findings.of_landing(table, paper.landing, params))
    if paper.similarity is not None:
        found.append(findings.of_similarity(table, paper.similarity, params))
    if paper.homogeneity is not None:
        found.append(findings.of_homogeneity(table, paper.homogeneity, params))
    if paper.absence is not None:
        found.append(findings.of_absence(table, paper.absence, params))
    units = {homogeneity.NAME: "points", selective_absence.NAME: "pupils"}
    smallest = {
        homogeneity.NAME: params.homogeneity.smallest_n,
        item_profile.NAME: params.item_profile.smallest_n,
        landing_profile.NAME: params.landing_profile.smallest_n,
        class_similarity.NAME: params.class_similarity.smallest_n,
        selective_absence.NAME: params.selective_absence.smallest_n,
    }
    families = {selective_absence.NAME: Family.ATTENDANCE}
    for name, reason in paper.refusals.items():
        unit = units.get(name, "share")
        family = families.get(name, Family.PATTERN)
        found.append(findings.whole_paper_not_assessed(table, name, family, unit, reason, smallest[name]))
    return found


def reference_of(paper: PaperResults) -> dict:
    """Describe what the schools of a paper were compared with, ready for JSON; ``tau`` is in logits."""
    table = paper.table
    described = {
        "year": table.year,
        "subject": table.spec.subject,
        "grade": table.spec.grade,
        "schools": len(table.schools),
        "works": int(table.n.sum()),
    }
    if paper.boundary is not None:
        region = paper.boundary.region
        described["boundary_push"] = {
            "pool": paper.boundary.reference,
            "smooth": region.method,
            "region_heaped": region.heaped,
            "cuts": region.cuts,
        }
    if paper.mean is not None:
        words, counts = np.unique(paper.mean.reference.astype(str), return_counts=True)
        described["contextual_mean"] = {
            "schools_by_reference": dict(zip(words.tolist(), counts.tolist(), strict=True)),
            "tau": round(float(np.sqrt(paper.mean.context.tau2)), 4),
            "unit": "logit",
        }
    return described
