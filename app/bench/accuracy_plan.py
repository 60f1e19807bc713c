"""Which regions an accuracy run draws, and what it makes of them."""

from __future__ import annotations

from dataclasses import dataclass

from app.bench.accuracy_trials import STRENGTHS, Trial
from app.bench.peers import PEERS
from app.detectors.simulated_region import SCOPES

GENERATORS = ("own", "other")
SLOW_PEERS = ("rddensity",)


@dataclass(frozen=True)
class Extent:
    """How much a run does.

    Attributes
    ----------
    schools : int
        Schools of each region.
    honest : dict of (generator, world) to int
        Honest regions.
    medium : dict of str to int
        Regions a generator with medium strength in whole schools, world ``ordinary``.
    corners : int
        Regions a generator for each other pair of strength and scope.
    several : int
        Regions a generator where schools use two or three manipulations at once.
    peers : int
        How many of a generator's medium regions the peers rank too.
    power : int
        Schools of the power trials; none are done with 0.
    replicates, real_peers : int
        Of the planting into a real region, and how many of a base's replicates the peers rank.
    bases : tuple of str
        Sittings of the real region.
    slow_peers : bool
        Whether those of `SLOW_PEERS` are among the peers.
    """

    schools: int
    honest: dict[tuple[str, str], int]
    medium: dict[str, int]
    corners: int
    several: int
    peers: int
    power: int
    replicates: int
    real_peers: int
    bases: tuple[str, ...]
    slow_peers: bool


QUICK = Extent(
    schools=200,
    honest={("own", "ordinary"): 4, ("own", "heaped"): 2, ("own", "autumn"): 1, ("other", "ordinary"): 3},
    medium={"own": 4, "other": 3},
    corners=0,
    several=1,
    peers=1,
    power=60,
    replicates=2,
    real_peers=1,
    bases=("spring_2021",),
    slow_peers=True,
)
FULL = Extent(
    schools=400,
    honest={
        ("own", "plain"): 6,
        ("own", "ordinary"): 60,
        ("own", "heaped"): 24,
        ("own", "autumn"): 16,
        ("own", "history"): 32,
        ("other", "ordinary"): 48,
        ("other", "heaped"): 20,
        ("other", "autumn"): 16,
    },
    medium={"own": 72, "other": 48},
    corners=2,
    several=3,
    peers=2,
    power=200,
    replicates=8,
    real_peers=2,
    bases=("spring_2021", "autumn_2020", "spring_2022"),
    slow_peers=True,
)


def planned(extent: Extent, seed: int, generators: tuple[str, ...] = GENERATORS) -> list[Trial]:
    """Trials on simulated regions; each has a seed of its own that depends on nothing but its place in the plan."""
    trials: list[Trial] = []
    peers = peers_of(extent)

    def number() -> int:
        return seed * 10_000 + len(trials)

    for (generator, world), count in extent.honest.items():
        trials += [Trial(generator, world, number() + i, extent.schools) for i in range(count)]
    for generator in GENERATORS:
        trials += [
            Trial(
                generator,
                "ordinary",
                number() + i,
                extent.schools,
                "medium",
                peers=peers if i < extent.peers else (),
            )
            for i in range(extent.medium[generator])
        ]
        for strength in STRENGTHS:
            for scope in SCOPES:
                if (strength, scope) == ("medium", "school"):
                    continue
                trials += [
                    Trial(generator, "ordinary", number() + i, extent.schools, strength, scope)
                    for i in range(extent.corners)
                ]
        trials += [
            Trial(generator, "ordinary", number() + i, extent.schools, "medium", several=True)
            for i in range(extent.several)
        ]
    return [trial for trial in trials if trial.generator in generators]


def peers_of(extent: Extent) -> tuple[str, ...]:
    """Peers that this run can afford."""
    return tuple(peer.name for peer in PEERS if extent.slow_peers or peer.name not in SLOW_PEERS)
