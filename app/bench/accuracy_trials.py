"""One trial: a region is drawn (or a real one planted), screened, and reduced to the few tables that are counted."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from app.bench.accuracy_real import SEVERAL, RealBase, plant, read_base
from app.bench.peers import peer_scores
from app.detectors import screen
from app.detectors.contamination import MANIPULATIONS
from app.detectors.simulate import ORDINARY, Confounders, Region, RegionOptions, previous_year, simulate_region
from app.detectors.simulate_other import simulate_other
from app.terms import Family, Tier

ALPHA = 0.01
BANDS = {"10–19": (10, 19), "20–49": (20, 49), "50–99": (50, 99), "100+": (100, 1_000_000)}
STRENGTHS = {"weak": 0.35, "medium": 0.6, "strong": 0.85}
SMALL_SETTLEMENT = 5000
WORLDS: dict[str, tuple[Confounders, float]] = {
    "plain": (Confounders(), 0.0),
    "ordinary": (ORDINARY, 0.0),
    "heaped": (ORDINARY, 0.3),
    "autumn": (replace(ORDINARY, autumn=True), 0.0),
    "history": (ORDINARY, 0.0),
}
"""Peculiarities of the schools, and how strongly the region is heaped as a whole. In ``history`` the screening is also
given last year's works and an outside examination."""


@dataclass(frozen=True)
class Trial:
    """A simulated region to screen.

    Attributes
    ----------
    generator : str
        ``own`` or ``other``; manipulations are carried out in the manner of the same name.
    world : str
        Of `WORLDS`.
    seed, schools : int
    strength : str or None
        Of `STRENGTHS`; None for an honest region.
    scope : str
        Of `simulated_region.SCOPES`.
    several : bool
        Whether each school uses two or three manipulations at once.
    share : float
        Share of schools that manipulate.
    peers : tuple of str
        Which peers rank the region too.
    """

    generator: str
    world: str
    seed: int
    schools: int
    strength: str | None = None
    scope: str = "school"
    several: bool = False
    share: float = 0.2
    peers: tuple[str, ...] = ()


@dataclass(frozen=True)
class RealTrial:
    """A real region's sitting with manipulations planted, carried out in one of `contamination.MANNERS`."""

    folder: Path
    base: str
    seed: tuple[int, ...]
    cache: Path | None
    share: float = 0.10
    strength: float = 0.6
    peers: tuple[str, ...] = ()
    manner: str = "own"

    @property
    def where(self) -> str:
        """Key of the base in the results; the other manner is a base of its own there."""
        return self.base if self.manner == "own" else f"{self.base}_{self.manner}"


@dataclass(frozen=True)
class Outcome:
    """What remains of a trial.

    Attributes
    ----------
    schools : DataFrame
        ``school, n`` (works a paper), ``kind`` (null for honest), ``evidence, tier`` and a column a peer, for schools
        that were judged.
    tests : DataFrame
        ``detector, band, group, tests, hits`` of single tests at `ALPHA`; empty unless the region is honest.
    reason : str
        Why there is nothing.
    """

    trial: Trial | RealTrial
    schools: pd.DataFrame
    tests: pd.DataFrame = field(default_factory=pd.DataFrame)
    reason: str = ""


def run_trial(trial: Trial | RealTrial) -> Outcome:
    """Draw, screen, reduce."""
    return _real(trial) if isinstance(trial, RealTrial) else _simulated(trial)


def run_all(
    trials: Sequence[Trial | RealTrial], processes: int = 1, tell: Callable[[float], None] | None = None
) -> list[Outcome]:
    """Outcomes in the order of the trials, whatever the number of processes."""
    found = []
    with mapping(processes) as each:
        for outcome in each(run_trial, trials):
            found.append(outcome)
            if tell is not None:
                tell(len(found) / len(trials))
    return found


@contextmanager
def mapping(processes: int) -> Iterator[Callable[..., Any]]:
    """What `map` does, in so many processes of one thread each; results come in the order of what they are made of."""
    if processes <= 1:
        yield map
        return
    before = {name: os.environ.get(name) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    # Fresh children read this when they load numpy: two processes with threads of their own get into each other's way.
    os.environ.update(dict.fromkeys(before, "1"))
    try:
        with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
            yield pool.map
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def draw(trial: Trial) -> tuple[Region, RegionOptions]:
    """The region of a trial and the options it was drawn with."""
    confounders, heaping = WORLDS[trial.world]
    options = RegionOptions(
        schools=trial.schools,
        heaping=heaping,
        share=trial.share if trial.strength else 0.0,
        manipulations=MANIPULATIONS,
        strength=STRENGTHS[trial.strength] if trial.strength else 0.0,
        scope=trial.scope,
        together=(2, 3) if trial.several else (1, 1),
        manner=trial.generator,
        confounders=confounders,
    )
    generate = simulate_region if trial.generator == "own" else simulate_other
    return generate(trial.seed, options), options


def drawn(trial: Trial) -> tuple[Region, dict[str, pd.DataFrame]]:
    """The region of a trial, and what the screening is given beside its works and papers."""
    region, options = draw(trial)
    given = {"schools": region.schools}
    if trial.world == "history" and trial.generator == "own":
        given |= {"exams": region.exams, "previous": previous_year(trial.seed, options).works}
    return region, given


def _simulated(trial: Trial) -> Outcome:
    region, given = drawn(trial)
    screening = screen(region.works, region.papers, **given)
    # A school in which no work was changed is an honest one, whatever it meant to do.
    bent = region.truth[region.truth["school"].isin(region.truth.loc[region.truth["changed"] > 0, "school"])]
    truth = bent.drop_duplicates("school").set_index("school")["manipulation"]
    kinds = truth.where(~truth.str.contains("+", regex=False), SEVERAL) if len(truth) else truth
    schools = _schools(screening.schools, region.works, kinds)
    schools = schools[schools["tier"] != Tier.TOO_SMALL.value].reset_index(drop=True)
    if trial.peers:
        schools = schools.join(peer_scores(region.works, region.papers, trial.peers), on="school")
    tests = _tests(screening.findings, groups_of(region)) if trial.strength is None else pd.DataFrame()
    return Outcome(trial, schools, tests)


def _real(trial: RealTrial) -> Outcome:
    base: RealBase = read_base(trial.folder, trial.base, trial.cache)
    if base.reason:
        return Outcome(trial, pd.DataFrame(), reason=base.reason)
    works, labels = plant(base, trial.seed, trial.strength, trial.share, trial.manner)
    schools = _schools(screen(works, base.papers).schools, works, labels)
    schools = schools[schools["n"] >= 10].reset_index(drop=True)
    if trial.peers:
        schools = schools.join(peer_scores(works, base.papers, trial.peers), on="school")
    return Outcome(trial, schools)


def _schools(schools: pd.DataFrame, works: pd.DataFrame, kinds: pd.Series) -> pd.DataFrame:
    size = works.groupby(["school", "subject", "grade"]).size().groupby("school").mean()
    table = schools.assign(kind=schools["school"].map(kinds).astype(object), n=schools["school"].map(size))
    return table[["school", "n", "kind", "evidence", "tier"]]


def groups_of(region: Region) -> dict[str, set[str]]:
    """Kinds of school for which sizes are counted apart; a school may be of several."""
    schools = region.schools
    groups = {
        "all": set(schools["school"]),
        "elite": set(schools.loc[schools["type"].isin(["гимназия", "лицей"]), "school"]),
        "rural": set(schools.loc[schools["settlement_size"] < SMALL_SETTLEMENT, "school"]),
    }
    return groups | {str(word): set(own["school"]) for word, own in region.traits.groupby("trait")}


def single_tests(findings: pd.DataFrame) -> pd.DataFrame:
    """Findings that are tests of a school with a p-value, the federal markers left out."""
    own = findings[(findings["outcome"] == "assessed") & (findings["school"] != "") & findings["p_value"].notna()]
    return own[own["family"] != Family.FEDERAL.value]


def _tests(findings: pd.DataFrame, groups: dict[str, set[str]]) -> pd.DataFrame:
    own = single_tests(findings)
    parts = []
    for band, (low, high) in BANDS.items():
        here = own[own["n"].between(low, high)]
        for group, names in groups.items():
            mine = here[here["school"].isin(names)] if group != "all" else here
            counted = (mine["p_value"] < ALPHA).groupby(mine["detector"]).agg(["size", "sum"])
            counted.columns = ["tests", "hits"]
            parts.append(counted.reset_index().assign(band=band, group=group))
    return pd.concat(parts, ignore_index=True)
