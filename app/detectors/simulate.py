"""Seeded regions, clean or contaminated in a known way: what detectors are tested on, and the demo region.

A region is drawn in two steps. `draw_schools` fixes what stays: municipalities, settlements, kinds of school, sizes,
lasting strength, strict or lenient journals. `simulate_region` seats cohorts of one year: every pupil answers graded
items (Samejima's model [1]_), gets a journal mark from a teacher with habits of their own, and then, where asked,
somebody meddles.

References
----------
.. [1] F. Samejima, "Estimation of latent ability using a response pattern of graded scores", Psychometrika Monograph
   Supplement 34(4), 1969, ch. 3.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from app.detectors.base import PaperSpec
from app.detectors.contamination import heap_region
from app.detectors.simulated_meddling import TRUTH, meddle
from app.detectors.simulated_region import ORDINARY, OWN_PAPERS, Confounders, Region, RegionOptions
from app.detectors.simulated_schools import SchoolsDrawn, draw_exams, draw_schools
from app.detectors.simulated_works import Cohort, seat, sit

__all__ = [
    "ORDINARY",
    "Confounders",
    "Region",
    "RegionOptions",
    "SchoolsDrawn",
    "draw_schools",
    "previous_year",
    "simulate_region",
]


def simulate_region(seed: int, options: RegionOptions | None = None, *, drawn: SchoolsDrawn | None = None) -> Region:
    r"""Draw one year of a region.

    Parameters
    ----------
    seed : int
        The same seed and options give the same region, to the last work.
    options : RegionOptions, optional
    drawn : SchoolsDrawn, optional
        Schools of an earlier call, so that neighbouring years share them.

    Returns
    -------
    Region

    Notes
    -----
    Ability of a pupil: :math:`\theta = m + k + s + c_{cohort} + p_{paper} + b_{class} + u + v_{paper}` —
    municipality, kind, school, cohort, paper, class, pupil, pupil × paper. Item s with maximum m has m steps,
    :math:`P(x_s \ge v) = 1/(1 + e^{-a_s(\theta - b_{sv})})`; steps of one item stand close, as in the real papers,
    where the middle score of a two-point item is rare.
    """
    options = options or RegionOptions()
    rng = np.random.default_rng([seed, options.year])
    odd = np.random.default_rng([seed, options.year, 9])
    drawn = drawn or draw_schools(seed, options)
    names, S = drawn.frame["school"].to_numpy(), len(drawn.frame)
    grades = sorted({g for _, g in options.papers})
    cohort_effect = {grade: 0.14 * rng.standard_normal(S) for grade in grades}
    traits = {"odd_journals": drawn.odd_journal, "streaming": drawn.streamed}
    for grade in grades:
        swings = odd.uniform(size=S) < options.confounders.swings
        shift = options.confounders.swing_size * odd.choice((-1.0, 1.0), S)
        cohort_effect[grade] = cohort_effect[grade] + np.where(swings, shift, 0.0)
        traits["swings"] = traits.get("swings", np.zeros(S, bool)) | swings
    frames: list[pd.DataFrame] = []
    specs: list[PaperSpec] = []
    seats: dict[int, Cohort] = {}
    for subject, grade, item_max, mark_from in OWN_PAPERS:
        if (subject, grade) not in options.papers:
            continue
        if grade not in seats:
            seats[grade] = seat(rng, odd, drawn, cohort_effect[grade], options)
        spec = PaperSpec(options.year, subject, grade, item_max, mark_from)
        works, skipped = sit(rng, odd, spec, drawn, seats[grade], options)
        traits["skipping"] = traits.get("skipping", np.zeros(S, bool)) | skipped
        frames.append(works)
        specs.append(spec)
    truth = pd.DataFrame([], columns=list(TRUTH))
    if options.heaping > 0:
        frames = [heap_region(rng, works, spec, options.heaping) for works, spec in zip(frames, specs, strict=True)]
    if options.share > 0:
        frames, truth = meddle(rng, frames, specs, names, options)
    works = pd.concat(frames, ignore_index=True)
    return Region(works, drawn.frame, tuple(specs), truth, draw_exams(rng, drawn), trait_frame(names, traits))


def trait_frame(names: np.ndarray, traits: dict[str, np.ndarray]) -> pd.DataFrame:
    """``Region.traits`` of arrays that say which school has which."""
    rows = [(name, word) for word, has in traits.items() for name in names[has]]
    return pd.DataFrame(rows, columns=["school", "trait"], dtype=object)


def previous_year(seed: int, options: RegionOptions) -> Region:
    """Clean works of the year before for the same schools, for detectors that look back."""
    before = replace(options, year=options.year - 1, share=0.0)
    return simulate_region(seed, before, drawn=draw_schools(seed, options))
