"""Measures the shipped profiles of the mechanisms: what each does to the signals, on simulated regions."""

from __future__ import annotations

from typing import Any

import click

from app.cli.saying import answer, json_option, progress, speaks
from app.detectors import screen
from app.detectors.mechanisms import load_profiles
from app.detectors.planting import OWN_WEIGHT
from app.detectors.simulate import RegionOptions, simulate_region
from app.terms import Mechanism


def measured(seed: int, regions: int, schools: int = 400) -> dict[str, dict[str, float]]:
    """Mean profiles of several regions, every second one heaped as a whole.

    Parameters
    ----------
    seed : int
        Of the first region; the others follow.
    regions, schools : int

    Returns
    -------
    dict
        Mechanism → signal → shift per square root of a work; signals that a region cannot show are left out.
    """
    shipped = load_profiles().shift
    total: dict[str, dict[str, float]] = {mechanism.value: {} for mechanism in Mechanism}
    for number in range(regions):
        region = simulate_region(seed + number, RegionOptions(schools=schools, heaping=0.15 * (number % 2)))
        found = screen(region.works, region.papers, schools=region.schools).reference["mechanisms"]
        for name, shift in next(iter(found.values()))["shift"].items():
            for signal, value in shift.items():
                own = (value - (1 - OWN_WEIGHT) * shipped[name].get(signal, 0.0)) / OWN_WEIGHT
                total[name][signal] = total[name].get(signal, 0.0) + own / regions
    return total


def as_toml(profiles: dict[str, dict[str, float]]) -> str:
    """The tables of ``app/data/mechanisms.toml``, to be pasted below its head."""
    tables = (
        f"[{name}]\n" + "".join(f"{signal} = {value:.3f}\n" for signal, value in shift.items())
        for name, shift in profiles.items()
    )
    return "\n".join(tables)


@click.command(name="profiles", help="Профили способов искажения для app/data/mechanisms.toml.")
@click.option("--seed", type=int, default=7000, show_default=True, help="Зерно первого региона.")
@click.option("--regions", type=click.IntRange(1, 50), default=6, show_default=True, help="Сколько регионов.")
@json_option
@speaks
def command(seed: int, regions: int, as_json: bool) -> None:
    """Measure and print the tables."""
    with progress("Профили", is_quiet=as_json) as line:
        line("подсадка и проверки", 0.0)
        found: dict[str, Any] = measured(seed, regions)
    if as_json:
        answer({"seed": seed, "regions": regions, "profiles": found})
        return
    click.echo(as_toml(found))
