"""The kept figures of a run: read from the store, and the tier of each school at the limits the run stands at."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from app.errors import Reason, Refused
from app.models import ScreeningRun
from app.statistics.what_if import tier_params
from app.storage import ObjectStore
from app.terms import Tier

if TYPE_CHECKING:
    from app.detectors.judged import Judged
    from app.detectors.params import CombinationParams, TierParams


def judged_of(store: ObjectStore, run: ScreeningRun) -> Judged:
    """The figures that the tiers of `run` were decided on.

    Raises
    ------
    Refused
        The run kept none: it has not ended, or is older than this ability.
    NotFound
        The store has lost them.
    """
    if run.judged_sha256 is None:
        raise Refused(_NO_FIGURES)
    return _read(store.root, run.judged_sha256)


_NO_FIGURES = Reason(
    "no_judged",
    "У этой проверки не сохранены показатели школ. Запустите проверку за этот год ещё раз.",
    "This run kept no figures of its schools. Run the screening of this year again.",
    "/screening/",
)


def limits_of(run: ScreeningRun) -> tuple[TierParams, CombinationParams]:
    """The limits that `run` stands at: those its flags were raised with, or those of its parameters.

    Raises
    ------
    Refused
        As `judged_of`.
    """
    if run.judged_sha256 is None:
        raise Refused(_NO_FIGURES)
    return tier_params({**run.parameters, "tiers": run.limits or run.parameters["tiers"]})


@lru_cache(maxsize=4)
def _read(root: Path, sha256: str) -> Judged:
    """Files of the store never change, so what was read once stays true; four runs are a few megabytes."""
    from app.detectors.judged import Judged

    return Judged.from_bytes(ObjectStore(root).read(sha256))


def tiers_of(store: ObjectStore, run: ScreeningRun) -> dict[str, tuple[Tier, int]]:
    """School's code → its tier at the limits the run stands at, and its works in the run's year.

    Raises
    ------
    Refused, NotFound
        As `judged_of`.
    """
    judged = judged_of(store, run)
    limits, sizes = limits_of(run)
    tier, _signs = judged.tiers(limits, sizes)
    return {
        str(code): (Tier(str(found)), int(works))
        for code, found, works in zip(judged.schools, tier, judged.works, strict=True)
    }
