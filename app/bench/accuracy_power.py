"""Power of the boundary test on single schools of a known size in an otherwise clean region."""

from __future__ import annotations

import numpy as np

from app.bench.accuracy_trials import ALPHA
from app.detectors import load_params
from app.detectors.boundary_push import boundary_push
from app.detectors.contamination import contaminate
from app.detectors.simulate import RegionOptions, simulate_region
from app.detectors.tables import build_tables

SIZES = (15, 25, 50, 100)
LIFTED = 0.6


def boundary_power(seed: int, n: int, schools: int) -> float:
    """Share of schools of `n` works found at 1 % when 60 % of the works one to three points under a cut were lifted.

    A tenth of the schools at a time is changed in an otherwise clean region, so the reference stays what it is.

    Parameters
    ----------
    seed, n, schools : int
        All schools of the region have `n` works a paper; each is changed once a paper.
    """
    region = simulate_region(seed + n, RegionOptions(schools=schools, size=(n, n)))
    rng = np.random.default_rng([seed, n])
    params = load_params().boundary_push
    found = []
    tenth = max(1, schools // 10)
    for spec in region.papers:
        works = region.works[(region.works["subject"] == spec.subject) & (region.works["grade"] == spec.grade)]
        names = works["school"].unique()
        for chosen in (names[i : i + tenth] for i in range(0, len(names), tenth)):
            rows = works["school"].isin(chosen).to_numpy()
            table = build_tables(contaminate(rng, works, spec, "bump", LIFTED, rows), [spec])[0]
            result = boundary_push(table, None, params)
            found += (result.p_value[table.rows_of(chosen)] < ALPHA).tolist()
    return float(np.mean(found))
