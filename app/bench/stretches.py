"""Measures by how much each detector's normal values are stretched: on honest regions, against the 1 % they claim."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, replace

import click
import numpy as np
import pandas as pd
from scipy import special

from app.bench.accuracy_measures import SIZE_BAR
from app.bench.accuracy_trials import ALPHA, BANDS, Trial, drawn, groups_of, mapping, single_tests
from app.cli.saying import answer, json_option, progress, speaks
from app.detectors import load_params, screen
from app.detectors.params import Params, StretchParams
from app.detectors.tails import to_z

REGIONS = {
    ("own", "ordinary"): 80,
    ("own", "heaped"): 40,
    ("own", "autumn"): 30,
    ("own", "history"): 60,
    ("other", "ordinary"): 80,
    ("other", "heaped"): 35,
    ("other", "autumn"): 30,
}
"""Honest regions of each generator and world, with the peculiarities that schools have."""
RANGE = (0.8, 1.35)
"""Between which factors are sought."""
_TARGETS = (1.0, 0.98, 1.02, 0.96, 1.04, 0.94, 0.92, 0.90, 0.88, 0.86, 0.84, 0.82, 0.80)
"""Sizes that may be aimed at, in per cent; the first of equals is taken."""
_LEAST = 0.0074
"""Share past 1 % that no generator shall fall under in a band."""
_TOLD_FROM = 1_000
"""Tests under which a cell does not say where its share lies."""
_LIMIT = -float(special.ndtri(ALPHA))
_KEPT_FROM = _LIMIT / RANGE[1]
_ALL = "all"


def trials(seed: int, share: float, schools: int = 400) -> list[Trial]:
    """Honest regions, each with a seed of its own."""
    found: list[Trial] = []
    for (generator, world), count in REGIONS.items():
        first = seed * 10_000 + len(found)
        found += [Trial(generator, world, first + i, schools) for i in range(max(1, round(count * share)))]
    return found


def unstretched() -> Params:
    """The parameters without any stretching."""
    params = load_params()
    works = params.stretch.works
    plain = {own.name: (1.0,) * len(works) for own in fields(StretchParams) if own.name != "works"}
    return replace(params, stretch=StretchParams(works=works, **plain))


def tests_of(trial: Trial) -> pd.DataFrame:
    """Single tests of one honest region by generator, detector, band of works and kind of school.

    Returns
    -------
    DataFrame
        ``generator, detector, band, group, tests, z``: number of tests, and the largest of their normal values as an
        array.
    """
    region, given = drawn(trial)
    found = screen(region.works, region.papers, params=unstretched(), charts=False, **given).findings
    own = single_tests(found)
    own = own.assign(z=to_z(own["p_value"].to_numpy(dtype=float)))
    rows = []
    for band, (low, high) in BANDS.items():
        here = own[own["n"].between(low, high)]
        for group, names in groups_of(region).items():
            mine = here if group == _ALL else here[here["school"].isin(names)]
            for detector, tests in mine.groupby("detector"):
                z = tests["z"].to_numpy()
                rows.append((trial.generator, str(detector), band, group, len(z), z[z > _KEPT_FROM]))
    return pd.DataFrame(rows, columns=["generator", "detector", "band", "group", "tests", "z"])


def factors(tests: Iterable[pd.DataFrame]) -> dict[str, tuple[list[float], float]]:
    """Factor of each band of works, detector by detector, and the size in per cent that it aims at.

    The works in ``[stretch]`` are the medians of these bands, one each.

    Notes
    -----
    Of a band the factor is the one at which the geometric mean of the generators' shares of tests past 1 % is the size
    aimed at, or a larger one that keeps both generators inside the bar. Of the sizes in `_TARGETS` that is the one that
    leaves the least outside the bar: the sum, over bands of works and kinds of school (their bands pooled) in each
    generator, of how far the logarithm of the share lies beyond the nearer edge; of equals the nearest to 1 %.
    """
    whole = pd.concat(list(tests), ignore_index=True)
    found = {}
    for detector, own in whole.groupby("detector"):
        if str(detector) not in {field.name for field in fields(StretchParams)}:
            continue
        cells = {
            (str(group), str(band), str(generator)): (int(part["tests"].sum()), np.concatenate(part["z"].tolist()))
            for (group, band, generator), part in own.groupby(["group", "band", "generator"])
        }
        rows = {target: {band: _factor(cells, band, target) for band in BANDS} for target in _TARGETS}
        best = min(_TARGETS, key=lambda target: _outside(cells, rows[target]))
        found[str(detector)] = [round(rows[best][band], 3) for band in BANDS], best
    return found


Cells = Mapping[tuple[str, str, str], tuple[int, np.ndarray]]


def _factor(cells: Cells, band: str, target: float) -> float:
    own = [cell for (group, of_band, _), cell in cells.items() if (group, of_band) == (_ALL, band)]
    if not own:
        return 1.0

    def shares(factor: float) -> list[float]:
        return [max(int((z * factor > _LIMIT).sum()), 0.5) / tests for tests, z in own]

    found = _sought(lambda factor: float(np.exp(np.mean(np.log(shares(factor))))), target / 100)
    # Generators differ: the one with the smaller share shall not fall under the bar, if that keeps the other in it.
    least = _sought(lambda factor: min(shares(factor)), _LEAST)
    return least if least > found and max(shares(least)) <= SIZE_BAR[1] else found


def _sought(share: Callable[[float], float], wanted: float) -> float:
    """Factor in `RANGE` at which a share that grows with it is as wanted; by bisection."""
    low, high = RANGE
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if share(middle) < wanted else (low, middle)
    return (low + high) / 2


def _outside(cells: Cells, row: Mapping[str, float]) -> float:
    """How far bands and kinds of school, generator by generator, lie outside the bar with `row`."""
    counted: dict[tuple[str, str], list[int]] = {}
    for (group, band, generator), (tests, z) in cells.items():
        own = counted.setdefault((generator, band if group == _ALL else group), [0, 0])
        own[0] += int((z * row[band] > _LIMIT).sum())
        own[1] += tests
    shares = [max(hits, 0.5) / tests for hits, tests in counted.values() if tests >= _TOLD_FROM]
    return round(sum(max(0.0, np.log(own / SIZE_BAR[1]), np.log(SIZE_BAR[0] / own)) for own in shares), 6)


def measured(
    seed: int, share: float, processes: int = 1, tell: Callable[[float], None] | None = None, schools: int = 400
) -> dict[str, tuple[list[float], float]]:
    """`factors` of honest regions, `share` of as many as `REGIONS` has; the same seed and share give the same."""
    planned = trials(seed, share, schools)
    done: list[pd.DataFrame] = []
    with mapping(processes) as each:
        for found in each(tests_of, planned):
            done.append(found)
            if tell is not None:
                tell(len(done) / len(planned))
    return factors(done)


def as_toml(found: Mapping[str, tuple[Sequence[float], float]]) -> str:
    """Lines of ``[stretch]`` in ``app/data/detectors.toml``, in its order."""
    names = [own.name for own in fields(StretchParams) if own.name in found]
    return "".join(
        f"{name} = [{', '.join(f'{k:.3f}' for k in found[name][0])}]  # {found[name][1]:.2f} %\n" for name in names
    )


@click.command(name="stretch", help="Растяжение z до номинального 1 % для app/data/detectors.toml.")
@click.option("--seed", type=int, default=51, show_default=True, help="Зерно честных регионов.")
@click.option(
    "--share", type=click.FloatRange(0.01, 10.0), default=1.0, show_default=True, help="Доля от полного числа регионов."
)
@click.option("--processes", type=click.IntRange(1, 8), default=2, show_default=True, help="Сколько процессов занять.")
@json_option
@speaks
def command(seed: int, share: float, processes: int, as_json: bool) -> None:
    """Measure and print the lines."""
    with progress("Растяжение", is_quiet=as_json) as line:
        found = measured(seed, share, processes, lambda done: line("честные регионы", done))
    if as_json:
        answer({"seed": seed, "share": share, "stretch": {name: row[0] for name, row in found.items()}})
        return
    click.echo(as_toml(found))
