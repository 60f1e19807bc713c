"""How often honest schools are called: single tests at nominal 1 %, and the tiers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from app.bench.accuracy_measures import rate
from app.bench.accuracy_trials import BANDS, Outcome, Trial
from app.detectors import DETECTORS
from app.terms import Tier

Sizes = dict[str, dict[str, dict[str, dict[str, dict[str, Any]]]]]


def sizes(outcomes: Sequence[Outcome]) -> Sizes:
    """False-positive rates of single tests on honest regions.

    Returns
    -------
    dict
        Generator → world → detector → band of n → kind of school → `accuracy_measures.rate`; cells without a test are
        absent.
    """
    found: Sizes = {}
    for (generator, world), parts in _worlds(outcomes).items():
        tests = pd.concat([outcome.tests for outcome in parts], ignore_index=True)
        counted = tests.groupby(["detector", "band", "group"])[["hits", "tests"]].sum()
        cells: dict[str, dict[str, dict[str, Any]]] = {}
        for detector in DETECTORS:
            if detector.name not in counted.index:
                continue
            own = counted.loc[detector.name]
            cells[detector.name] = {
                band: {str(group): rate(int(row["hits"]), int(row["tests"])) for group, row in own.loc[band].iterrows()}
                for band in BANDS
                if band in own.index
            }
        found.setdefault(generator, {})[world] = cells
    return found


def together(size: Sizes, worlds: Sequence[str]) -> dict[str, dict[str, dict[str, dict[str, Any]]]]:
    """The same with several worlds put together, where there are tests enough to tell.

    Returns
    -------
    dict
        Generator → detector → band of n (all schools) or kind of school (all bands) → `accuracy_measures.rate`.
    """
    found: dict[str, dict[str, dict[str, dict[str, Any]]]] = {}
    for generator, cells in size.items():
        counted: dict[tuple[str, str], list[int]] = {}
        for world in worlds:
            for detector, bands in cells.get(world, {}).items():
                for band, groups in bands.items():
                    for group, cell in groups.items():
                        own = counted.setdefault((detector, band if group == "all" else group), [0, 0])
                        own[0] += cell["hits"]
                        own[1] += cell["tests"]
        for (detector, place), (hits, tests) in counted.items():
            found.setdefault(generator, {}).setdefault(detector, {})[place] = rate(hits, tests)
    return found


def honest_tiers(outcomes: Sequence[Outcome]) -> dict[str, dict[str, dict[str, float]]]:
    """Shares of judged schools of honest regions in the tiers: generator → world → ``case`` (with *severe*), ``watch``,
    ``schools``.
    """
    found: dict[str, dict[str, dict[str, float]]] = {}
    for (generator, world), parts in _worlds(outcomes).items():
        tier = pd.concat([outcome.schools["tier"] for outcome in parts])
        found.setdefault(generator, {})[world] = {
            "case": float(tier.isin([Tier.CASE.value, Tier.SEVERE.value]).mean()),
            "watch": float((tier == Tier.WATCH.value).mean()),
            "schools": len(tier),
        }
    return found


def _worlds(outcomes: Sequence[Outcome]) -> dict[tuple[str, str], list[Outcome]]:
    found: dict[tuple[str, str], list[Outcome]] = {}
    for outcome in outcomes:
        if isinstance(outcome.trial, Trial) and outcome.trial.strength is None:
            found.setdefault((outcome.trial.generator, outcome.trial.world), []).append(outcome)
    return found
