"""How accurate the detectors are, on simulated regions they have not seen: size, power, ranking, tiers.

Nothing here is timed. The same seed gives the same numbers.
"""

from __future__ import annotations

from typing import Any

import click
import numpy as np
import pandas as pd

from app.bench.accuracy_measures import auc
from app.cli.saying import answer, json_option, progress, speaks
from app.detectors import DETECTORS, screen
from app.detectors.contamination import MANIPULATIONS, contaminate
from app.detectors.simulate import Region, RegionOptions, simulate_region

BANDS = ((10, 19), (20, 49), (50, 99), (100, 10_000))
STRENGTHS = {"weak": 0.35, "medium": 0.6, "strong": 0.85}
ALPHA = 0.01


def accuracy(seed: int = 2026, quick: bool = False) -> dict[str, Any]:
    """Measure everything.

    Parameters
    ----------
    seed : int
        Seeds of all regions follow from it.
    quick : bool
        Fewer and smaller regions: seconds in place of minutes, with wider errors.

    Returns
    -------
    dict
        ``size`` (detector × band of n), ``size_heaped``, ``power`` of the boundary test (n → share found), ``auc``
        (strength → manipulation), ``tiers`` (strength → share found and false discovery rate), ``honest`` (share of
        honest schools by tier), ``table`` (all of it as text). Plain values, ready for JSON.
    """
    regions, schools = (2, 150) if quick else (8, 400)
    base = seed * 1000
    clean = [simulate_region(base + i, RegionOptions(schools=schools)) for i in range(regions)]
    heaped = [simulate_region(base + 100 + i, RegionOptions(schools=schools, heaping=0.3)) for i in range(regions)]
    result: dict[str, Any] = {"seed": seed, "quick": quick, "alpha": ALPHA}
    result["size"], result["honest"] = _size(clean)
    result["size_heaped"], result["honest_heaped"] = _size(heaped)
    result["power"] = {str(n): boundary_power(base + 200, n, 60 if quick else 200) for n in (15, 25, 50, 100)}
    result["auc"], result["tiers"] = {}, {}
    for number, (word, strength) in enumerate(STRENGTHS.items()):
        options = RegionOptions(schools=schools, share=0.2, strength=strength, manipulations=MANIPULATIONS)
        dirty = [simulate_region(base + 300 + 50 * number + i, options) for i in range(regions)]
        result["auc"][word], result["tiers"][word] = _ranking(dirty)
    result["table"] = as_text(result)
    return result


def _size(regions: list[Region]) -> tuple[dict[str, dict[str, Any]], dict[str, float]]:
    found, tiers = [], []
    for region in regions:
        screening = screen(region.works, region.papers, schools=region.schools)
        findings = screening.findings
        found.append(findings[(findings["outcome"] == "assessed") & (findings["school"] != "")])
        tiers.append(screening.schools["tier"])
    findings = pd.concat(found)
    table: dict[str, dict[str, Any]] = {}
    for detector in DETECTORS:
        own = findings[(findings["detector"] == detector.name) & findings["p_value"].notna()]
        if len(own) == 0:
            continue
        table[detector.name] = {}
        for low, high in BANDS:
            p = own.loc[own["n"].between(low, high), "p_value"]
            rate = float((p < ALPHA).mean()) if len(p) else float("nan")
            table[detector.name][f"{low}–{high}" if high < 10_000 else f"{low}+"] = {"rate": rate, "tests": len(p)}
    shares = pd.concat(tiers).value_counts(normalize=True)
    return table, {str(word): float(share) for word, share in shares.items()}


def boundary_power(seed: int, n: int, schools: int) -> float:
    """Share of schools of `n` works found at 1 % when 60 % of the works one to three points under a cut were lifted.

    One school at a time is changed in an otherwise clean region, so the reference stays what it is.
    """
    region = simulate_region(seed + n, RegionOptions(schools=schools, size=(n, n)))
    rng = np.random.default_rng([seed, n])
    found = []
    tenth = max(1, schools // 10)
    for spec in region.papers:
        works = region.works[(region.works["subject"] == spec.subject) & (region.works["grade"] == spec.grade)]
        names = works["school"].unique()
        for chosen in (names[i : i + tenth] for i in range(0, len(names), tenth)):
            rows = works["school"].isin(chosen).to_numpy()
            changed = contaminate(rng, works, spec, "bump", 0.6, rows)
            findings = screen(changed, [spec]).findings
            own = findings[(findings["detector"] == "boundary_push") & findings["school"].isin(chosen)]
            found += (own["p_value"] < ALPHA).tolist()
    return float(np.mean(found))


def _ranking(regions: list[Region]) -> tuple[dict[str, dict[str, float]], dict[str, float]]:
    parts = []
    for region in regions:
        schools = screen(region.works, region.papers, schools=region.schools).schools
        truth = region.truth.drop_duplicates("school").set_index("school")["manipulation"]
        works = region.works.groupby("school").size() / len(region.papers)
        parts.append(schools.assign(kind=schools["school"].map(truth), n=schools["school"].map(works)))
    table = pd.concat(parts)
    table = table[table["tier"] != "too_small"]
    areas: dict[str, dict[str, float]] = {}
    for word, chosen in (("all", table), ("n ≥ 10", table[table["n"] >= 10]), ("n ≥ 50", table[table["n"] >= 50])):
        honest = chosen.loc[chosen["kind"].isna(), "evidence"]
        areas[word] = {"mix": auc(chosen.loc[chosen["kind"].notna(), "evidence"], honest)}
        areas[word] |= {kind: auc(chosen.loc[chosen["kind"] == kind, "evidence"], honest) for kind in MANIPULATIONS}
    flagged = table["tier"].isin(["case", "severe"])
    bad, large = table["kind"].notna(), table["n"] >= 50
    return areas, {
        "found": float(flagged[bad].mean()),
        "found_50": float(flagged[bad & large].mean()),
        "false_discovery": float((flagged & ~bad).sum() / max(flagged.sum(), 1)),
        "honest_case": float(flagged[~bad].mean()),
    }


def as_text(result: dict[str, Any]) -> str:
    """The measurements as a table for people."""
    lines = [f"Seed {result['seed']}{', quick' if result['quick'] else ''}", ""]
    for title, key in (("clean regions", "size"), ("regions heaped as a whole", "size_heaped")):
        lines.append(f"False positives at nominal 1 %, {title}")
        for name, bands in result[key].items():
            cells = "  ".join(f"{band}: {100 * cell['rate']:.2f} %" for band, cell in bands.items())
            lines.append(f"  {name:<16} {cells}")
    lines += ["", "Boundary push at 1 %, 60 % of works 1–3 points under a cut lifted"]
    lines.append("  " + "  ".join(f"n = {n}: {share:.2f}" for n, share in result["power"].items()))
    for word, areas in result["auc"].items():
        lines += ["", f"AUC of evidence, {word} strength, whole school"]
        for size, row in areas.items():
            lines.append(f"  {size:<8} " + "  ".join(f"{kind}: {value:.3f}" for kind, value in row.items()))
        tiers = result["tiers"][word]
        lines.append(
            f"  case and severe: found {tiers['found']:.2f} (n ≥ 50: {tiers['found_50']:.2f}), "
            f"false discoveries {tiers['false_discovery']:.3f}, "
            f"honest schools in them {100 * tiers['honest_case']:.2f} %"
        )
    honest = ", ".join(f"{word} {100 * share:.2f} %" for word, share in result["honest"].items())
    lines += ["", f"Honest regions by tier: {honest}"]
    return "\n".join(lines)


@click.command(name="accuracy", help="Точность проверок на синтетических регионах, чистых и с известными искажениями.")
@click.option("--seed", type=int, default=2026, show_default=True, help="Зерно: то же зерно — те же числа.")
@click.option("--quick/--full", "is_quick", default=False, help="Малый объём (секунды) или полный (минуты).")
@json_option
@speaks
def command(seed: int, is_quick: bool, as_json: bool) -> None:
    """Measure and print the table, or everything as JSON."""
    with progress("Точность", is_quiet=as_json) as line:
        line("моделирование и проверки", 0.0)
        result = accuracy(seed, is_quick)
    if as_json:
        answer(result)
        return
    click.echo(result["table"])
