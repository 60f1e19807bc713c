"""Manipulations planted into a real region's works: the yardstick nearest to what a department will see.

The region's own schools are not all honest, so an area under the curve of 1 cannot be reached here; what counts is
how far planted schools rise among the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from app.bench.accuracy_ranking import areas, tiers
from app.bench.accuracy_trials import Outcome, RealTrial, run_all


def planted_on_real(
    folder: Path,
    *,
    bases: Sequence[str] = ("spring_2021",),
    replicates: int = 6,
    strength: float = 0.6,
    share: float = 0.10,
    seed: int = 2026,
    cache: Path | None = None,
    processes: int = 1,
) -> dict[str, Any]:
    """Plant every manipulation into a tenth of a real region's schools and see where `evidence` ranks them.

    Parameters
    ----------
    folder : Path
        Folder with the files of `accuracy_real.FILES`, in any layout that ingest knows.
    bases : sequence of str
        Keys of `accuracy_real.FILES`.
    replicates : int
        How many times schools are chosen anew; about three seconds each.
    strength : float
        Strength of `contamination.contaminate`; 0.6 is medium.
    share : float
        Share of the schools with ten works or more that are chosen. Kinds are dealt out in turn over schools in order
        of their size, so that every kind meets small and large schools.
    seed : int
    cache : Path, optional
        Folder where the works read are kept as Parquet; a changed file is read anew.
    processes : int
        Replicates are shared among so many.

    Returns
    -------
    dict
        Base → as `planted_summary`, or ``reason`` where the base was left out. Plain values.

    Raises
    ------
    Refused
        The folder is missing.
    """
    trials = real_trials(folder, bases, replicates, seed, cache, share=share, strength=strength)
    outcomes = run_all(trials, processes)
    return {base: planted_summary([o for o in outcomes if _base(o) == base]) for base in bases}


def real_trials(
    folder: Path,
    bases: Sequence[str],
    replicates: int,
    seed: int,
    cache: Path | None,
    *,
    share: float = 0.10,
    strength: float = 0.6,
    peers: Sequence[tuple[str, ...]] = (),
) -> list[RealTrial]:
    """Trials of all bases; `peers` names those of the first replicates."""
    return [
        RealTrial(folder, base, (seed, r), cache, share, strength, peers[r] if r < len(peers) else ())
        for base in bases
        for r in range(replicates)
    ]


def planted_summary(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """One base's replicates.

    Returns
    -------
    dict
        ``schools`` (with ten works or more), ``auc`` (size → label → `accuracy_measures.area`; labels: ``mix`` for all
        single kinds together, the kinds, ``several`` for two or three at once), ``by_replicate`` (area of the mix of
        each), ``tiers`` (as `accuracy_ranking.tiers`); or ``reason``.
    """
    reasons = [outcome.reason for outcome in outcomes if outcome.reason]
    if reasons:
        return {"reason": reasons[0]}
    tables = [outcome.schools for outcome in outcomes]
    whole = pd.concat(tables, ignore_index=True)
    return {
        "schools": len(tables[0]),
        "auc": areas(whole, least=10),
        "by_replicate": [areas(table, least=10)["all"]["mix"]["auc"] for table in tables],
        "tiers": tiers(whole),
    }


def _base(outcome: Outcome) -> str:
    assert isinstance(outcome.trial, RealTrial)
    return outcome.trial.base
