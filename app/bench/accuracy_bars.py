"""What was asked of the detectors, what was measured, and whether it is met."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from app.bench.accuracy_measures import is_off
from app.detectors.contamination import MANIPULATIONS

HONEST_CASE, HONEST_WATCH = 0.005, 0.05
MIX, MIX_50, EACH = 0.97, 0.99, 0.90
REAL, REAL_50 = 0.87, 0.92
FOUND_50, FALSE_DISCOVERY = 0.75, 0.10
POWER = {25: 0.40, 50: 0.75, 100: 0.95}
JUDGED_WORLDS = ("ordinary", "heaped", "autumn", "history")
"""Worlds whose sizes are held against the bar; the one without peculiarities is there to compare."""
_LARGE = "n ≥ 50"


def bars(result: dict[str, Any]) -> list[dict[str, Any]]:
    """Every bar that this run can judge.

    Parameters
    ----------
    result : dict
        Of `accuracy.accuracy`.

    Returns
    -------
    list of dict
        ``code`` (what), ``where`` (generator, real base or data set), ``asked`` and ``measured`` (numbers or None),
        ``better`` (``high``, ``low`` or ``inside``), ``met``, ``details`` (codes and numbers behind it).
    """
    return [
        *_sizes(result["size"], result["size_together"]),
        *_honest(result["honest"]),
        *_ranking(result["ranking"]),
        *(_bar(f"power_{n}", "own", bar, result["power"].get(str(n)), "high") for n, bar in POWER.items()),
        *_real(result["real"]),
        *_peers(result["peers"]),
    ]


def _bar(
    code: str, where: str, asked: float | None, measured: float | None, better: str, **details: Any
) -> dict[str, Any]:
    met = None
    if measured is not None and asked is not None and measured == measured:
        met = measured >= asked if better == "high" else measured <= asked
    return {
        "code": code,
        "where": where,
        "asked": asked,
        "measured": measured,
        "better": better,
        "met": met,
        "details": details,
    }


def _sizes(size: dict[str, Any], together: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for generator, worlds in size.items():
        cells = [
            (world, detector, band, group, cell)
            for world in JUDGED_WORLDS
            for detector, bands in worlds.get(world, {}).items()
            for band, groups in bands.items()
            for group, cell in groups.items()
        ]
        outside = [[*where, cell["rate"], cell["tests"]] for *where, cell in cells if cell["verdict"] == "outside"]
        yield from _size("size", generator, [cell for *_, cell in cells], outside_cells=outside)
        pooled = [
            (detector, place, cell)
            for detector, places in together.get(generator, {}).items()
            for place, cell in places.items()
        ]
        off = [[*where, cell["rate"], cell["tests"]] for *where, cell in pooled if is_off(cell)]
        yield from _size("size_together", generator, [cell for *_, cell in pooled], off=off)


def _size(code: str, where: str, cells: list[dict[str, Any]], **faults: list[list[Any]]) -> Iterator[dict[str, Any]]:
    """A bar that is met where there is no fault; cells too small to tell do not fail it."""
    if cells:
        counted = {word: sum(cell["verdict"] == word for cell in cells) for word in ("inside", "outside", "open")}
        bar = _bar(code, where, None, counted["inside"] / len(cells), "inside", **counted, **faults)
        yield bar | {"met": not any(faults.values())}


def _honest(honest: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for generator, worlds in honest.items():
        judged = {world: shares for world, shares in worlds.items() if world in JUDGED_WORLDS}
        for code, asked, tier in (("honest_case", HONEST_CASE, "case"), ("honest_watch", HONEST_WATCH, "watch")):
            if judged:
                worst = max(judged, key=lambda world: judged[world][tier])
                yield _bar(code, generator, asked, judged[worst][tier], "low", world=worst)


def _ranking(ranking: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for generator, cells in ranking.items():
        cell = cells.get("medium", {}).get("school")
        if cell is None:
            continue
        areas, tiers = cell["auc"], cell["tiers"]
        yield _bar("auc_mix", generator, MIX, _area(areas, "all"), "high")
        yield _bar("auc_mix_50", generator, MIX_50, _area(areas, _LARGE), "high")
        for kind in MANIPULATIONS:
            if kind in areas["all"]:
                yield _bar(f"auc_{kind}", generator, EACH, areas["all"][kind]["auc"], "high")
        yield _bar("found_50", generator, FOUND_50, tiers["found_50"], "high")
        yield _bar("false_discovery", generator, FALSE_DISCOVERY, tiers["false_discovery"], "low")


def _real(real: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for base, cell in real.get("bases", {}).items():
        if "auc" in cell:
            yield _bar("real_mix", base, REAL, _area(cell["auc"], "all"), "high")
            yield _bar("real_mix_50", base, REAL_50, _area(cell["auc"], _LARGE), "high")


def _area(areas: dict[str, Any], size: str) -> float | None:
    cell = areas.get(size, {}).get("mix")
    return None if cell is None else cell["auc"]


def _peers(peers: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Each peer is beaten where neither share found at equal false positives is larger than ours."""
    for where, sizes in peers.items():
        for size, methods in sizes.items():
            ours = methods["evidence"]
            for name, cell in methods.items():
                if name == "evidence" or "tpr_1" not in cell:
                    continue
                margin = min(ours["tpr_1"] - cell["tpr_1"], ours["tpr_5"] - cell["tpr_5"])
                yield _bar(f"peer_{name}", where, 0.0, margin, "high", size=size)


def peer_wins(peers: dict[str, Any]) -> list[dict[str, Any]]:
    """Every number in which a peer is ahead of `evidence` by more than a rounding.

    Returns
    -------
    list of dict
        ``where, size, peer, measure`` (``tpr_1``, ``tpr_5``, ``partial_auc``, ``auc`` or a manipulation), ``ours,
        theirs``.
    """
    found = []
    for where, sizes in peers.items():
        for size, methods in sizes.items():
            ours = methods["evidence"]
            for name, cell in methods.items():
                if name == "evidence" or "tpr_1" not in cell:
                    continue
                pairs = [(m, ours[m], cell[m]) for m in ("tpr_1", "tpr_5", "partial_auc", "auc")]
                pairs += [(kind, ours["by_kind"][kind], value) for kind, value in cell["by_kind"].items()]
                found += [
                    {"where": where, "size": size, "peer": name, "measure": measure, "ours": own, "theirs": other}
                    for measure, own, other in pairs
                    if other > own + 0.0005
                ]
    return found
