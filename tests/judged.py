"""Kept figures of a run, made by hand: what each school shows is said in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from app.detectors import load_params
from app.detectors.combination import benjamini_hochberg
from app.detectors.judged import Judged
from app.models import ScreeningRun
from app.storage import ObjectStore
from tests import factories

FAMILIES = ("boundary", "level", "pattern", "journal")
PAPERS = 4

SHOWS: Mapping[str, tuple[float, float, float]] = {
    # what a school shows → p of its families boundary and pattern (the others 0.5), and p over all families
    "nothing": (0.5, 0.5, 0.5),
    "watch": (0.00001, 0.5, 0.2),  # one family, in the whole of its papers only
    "case": (0.004, 0.004, 0.0004),  # two families
    "severe": (0.0000001, 0.0000001, 1e-12),  # every paper flagged
}


def make_judged(schools: Mapping[str, str], *, works: Mapping[str, int] | None = None, year: int = 2026) -> Judged:
    """Figures of the schools of `schools` (code → what it shows, a key of `SHOWS`), 200 works each unless told."""
    codes = np.array(list(schools), dtype=str)
    S = len(codes)
    family_p = np.full((S, len(FAMILIES)), 0.5)
    combined = np.full(S, 0.5)
    paper = np.full((S, PAPERS, len(FAMILIES)), 0.5)
    paper_p = np.full((S, PAPERS), 0.5)
    for i, shown in enumerate(schools.values()):
        family_p[i, 0], family_p[i, 2], combined[i] = SHOWS[shown]
        if shown == "severe":
            paper[i, :, 0], paper_p[i] = 0.0005, 1e-7
    return Judged(
        year=year,
        schools=codes,
        families=FAMILIES,
        works=np.array([float((works or {}).get(code, 200)) for code in schools]),
        p_combined=combined,
        q=benjamini_hochberg(combined),
        evidence=-np.log10(combined),
        resembles=np.full(S, "bump"),
        family_p=family_p,
        family_q=np.column_stack([benjamini_hochberg(family_p[:, f]) for f in range(len(FAMILIES))]),
        paper_p=paper_p,
        paper_q=benjamini_hochberg(paper_p.ravel()).reshape(S, PAPERS),
        family_paper_p=paper,
    )


def make_judged_run(session: Session, store: ObjectStore, judged: Judged, **changes: Any) -> ScreeningRun:
    """A finished trial run that kept `judged`."""
    parameters = load_params().as_dict()
    tiers = {k: list(v) if isinstance(v, tuple) else v for k, v in parameters["tiers"].items()}
    parameters = {**parameters, "tiers": tiers}
    values = {
        "year": judged.year,
        "is_trial": True,
        "judged_sha256": store.put(judged.as_bytes()),
        "parameters": parameters,
        "inputs_sha256": "0" * 64,
        "detector_versions": {"boundary_push": "1.0"},
    }
    return factories.make_run(session, **{**values, **changes})
