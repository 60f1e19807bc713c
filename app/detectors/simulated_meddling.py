"""Who manipulates in a simulated region, how, and the record of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from app.detectors.base import PaperSpec
from app.detectors.contamination import MANIPULATIONS, contaminate_by_all
from app.detectors.simulated_region import RegionOptions

TRUTH = ("school", "year", "subject", "grade", "manipulation", "scope", "strength", "changed")


def meddle(
    rng: np.random.Generator,
    frames: Sequence[pd.DataFrame],
    specs: Sequence[PaperSpec],
    names: np.ndarray,
    options: RegionOptions,
) -> tuple[list[pd.DataFrame], pd.DataFrame]:
    """Let a share of the schools manipulate.

    Parameters
    ----------
    rng : numpy.random.Generator
    frames : sequence of DataFrame
        Works, one frame a paper, in the order of `specs`.
    names : ndarray of str
        Codes of all schools.
    options : RegionOptions

    Returns
    -------
    frames : list of DataFrame
        Works afterwards.
    truth : DataFrame
        Columns of `TRUTH`.
    """
    schools = max(1, round(options.share * len(names)))
    chosen = rng.choice(len(names), schools, replace=False)
    first = np.array(options.manipulations)[np.arange(schools) % len(options.manipulations)]
    one = rng.integers(len(specs), size=schools)
    used = _used(rng, first, options.together)
    truth: list[tuple] = []
    changed = list(frames)
    for p, spec in enumerate(specs):
        for kinds in dict.fromkeys(used):
            own = np.array([other == kinds for other in used])
            here = chosen[own & ((options.scope != "paper") | (one == p))]
            if len(here) == 0:
                continue
            rows = changed[p]["school"].isin(names[here]).to_numpy()
            if options.scope == "class":
                rows = rows & changed[p]["class"].str.endswith("А").to_numpy()
            changed[p], count = contaminate_by_all(
                rng, changed[p], spec, kinds, options.strength, rows, manner=options.manner
            )
            said = (options.year, spec.subject, spec.grade, "+".join(kinds), options.scope, options.strength)
            truth += [(name, *said, count.get(str(name), 0)) for name in names[here]]
    return changed, pd.DataFrame(truth, columns=list(TRUTH))


def _used(rng: np.random.Generator, first: np.ndarray, together: tuple[int, int]) -> list[tuple[str, ...]]:
    """What each school uses: its own kind, and up to ``together[1] - 1`` others."""
    if together == (1, 1):
        return [(str(kind),) for kind in first]
    used = []
    for kind in first:
        others = [other for other in MANIPULATIONS if other != kind]
        more = rng.choice(others, rng.integers(together[0], together[1] + 1) - 1, replace=False)
        used.append(tuple(sorted((str(kind), *(str(other) for other in more)))))
    return used
