"""`obektiv bench accuracy`: how accurate the detectors are on regions they have not seen, and how accurate others are.

Nothing here is timed. The same seed and extent give the same numbers, on one process or two.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
import pandas as pd

from app.bench.accuracy_bars import JUDGED_WORLDS, bars, peer_wins
from app.bench.accuracy_plan import FULL, GENERATORS, QUICK, SLOW_PEERS, Extent, peers_of, planned
from app.bench.accuracy_planted import planted_summary, real_trials
from app.bench.accuracy_power import SIZES, boundary_power
from app.bench.accuracy_ranking import areas, side_by_side, tiers
from app.bench.accuracy_real import read_base
from app.bench.accuracy_size import honest_tiers, sizes, together
from app.bench.accuracy_trials import ALPHA, Outcome, RealTrial, Trial, run_all
from app.bench.peers import BY_NAME, PEERS
from app.cli.saying import answer, json_option, progress, speaks
from app.detectors import DETECTORS, load_params
from app.reference.accuracy_page import accuracy_page
from app.storage import write_atomically

NO_REAL = "папка с файлами настоящего региона не указана или её нет; эта часть пропущена"


def accuracy(
    seed: int = 2026,
    quick: bool = False,
    *,
    extent: Extent | None = None,
    generators: Sequence[str] = GENERATORS,
    real: Path | None = None,
    cache: Path | None = None,
    processes: int = 1,
    tell: Callable[[str, float], None] | None = None,
) -> dict[str, Any]:
    """Measure everything.

    Parameters
    ----------
    seed : int
        Seeds of all regions follow from it.
    quick : bool
        Fewer and smaller regions, with wider errors.
    extent : Extent, optional
        How much is done, in place of what `quick` says.
    generators : sequence of str
        ``own``, ``other`` or both.
    real : Path, optional
        Folder with a real region's files; without it that part is left out.
    cache : Path, optional
        Folder for what was read of them.
    processes : int
    tell : callable, optional
        Called with a Russian word for the step and the share done.

    Returns
    -------
    dict
        ``size`` (`accuracy_size.sizes`), ``size_together`` (`accuracy_size.together`), ``honest``
        (`accuracy_size.honest_tiers`), ``ranking`` (generator → strength → scope → ``auc, tiers``; scope ``several``
        for two or three manipulations at once), ``power`` of the boundary test (n → share found), ``real`` (``bases`` →
        `accuracy_planted.planted_summary`, or ``reason``), ``peers`` (data → `accuracy_ranking.side_by_side`),
        ``peer_wins``, ``bars``. Plain values, ready for JSON.
    """
    extent = extent or (QUICK if quick else FULL)
    tell = tell or (lambda step, share: None)
    there = real is not None and real.is_dir()
    trials: list[Trial | RealTrial] = [*planned(extent, seed, tuple(generators))]
    if there:
        assert real is not None
        for base in extent.bases:
            read_base(real, base, cache)  # once, before the children look for it
        repeated = [peers_of(extent)] * extent.real_peers
        trials += real_trials(real, extent.bases, extent.replicates, seed, cache, peers=repeated)
        # Schools are the same, what is done to them is not: told apart from the yardstick, and never tuned on.
        trials += real_trials(real, extent.bases[:1], extent.replicates, seed, cache, manner="other")
    outcomes = run_all(trials, processes, lambda share: tell("моделирование и проверки", 0.9 * share))
    tell("мощность у границ", 0.9)
    measured = SIZES if extent.power and "own" in generators else ()
    power = {str(n): boundary_power(seed * 1000 + 200, n, extent.power) for n in measured}
    peers = _peers(outcomes, extent)
    size = sizes(outcomes)
    result: dict[str, Any] = {
        "seed": seed,
        "quick": extent is QUICK,
        "alpha": ALPHA,
        "generators": list(generators),
        "regions": sum(isinstance(trial, Trial) for trial in trials),
        "schools": extent.schools,
        "detectors": {detector.name: detector.version for detector in DETECTORS},
        "params": load_params().as_dict()["version"],
        "size": size,
        "size_together": together(size, JUDGED_WORLDS),
        "honest": honest_tiers(outcomes),
        "ranking": _rankings(outcomes),
        "power": power,
        "real": {"bases": _planted(outcomes)} if there else {"reason": NO_REAL},
        "peers": peers,
        "peer_wins": peer_wins(peers),
    }
    result["bars"] = bars(result)
    return _plain(result)


def _rankings(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    cells: dict[tuple[str, str, str], list[Outcome]] = {}
    for outcome in outcomes:
        trial = outcome.trial
        if isinstance(trial, Trial) and trial.strength is not None:
            scope = "several" if trial.several else trial.scope
            cells.setdefault((trial.generator, trial.strength, scope), []).append(outcome)
    found: dict[str, Any] = {}
    for (generator, strength, scope), parts in cells.items():
        table = pd.concat([outcome.schools for outcome in parts], ignore_index=True)
        cell: dict[str, Any] = {"auc": areas(table), "regions": len(parts)}
        if scope != "several":
            cell["tiers"] = tiers(table)
        found.setdefault(generator, {}).setdefault(strength, {})[scope] = cell
    return found


def _planted(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        if isinstance(outcome.trial, RealTrial):
            groups.setdefault(outcome.trial.where, []).append(outcome)
    return {where: planted_summary(parts) for where, parts in groups.items()}


def _peers(outcomes: Sequence[Outcome], extent: Extent) -> dict[str, Any]:
    """Data (generator or real base) → `side_by_side`, with the reason where a peer did not run."""
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.trial.peers and not outcome.reason:
            trial = outcome.trial
            groups.setdefault(trial.base if isinstance(trial, RealTrial) else trial.generator, []).append(outcome)
    found: dict[str, Any] = {}
    for where, parts in groups.items():
        methods = [name for name in parts[0].trial.peers if BY_NAME[name].is_there()]
        found[where] = side_by_side([outcome.schools for outcome in parts], methods)
        for cells in found[where].values():
            for peer in PEERS:
                if not peer.is_there():
                    cells[peer.name] = {"reason": f"пакет {peer.name} не установлен"}
                elif peer.name in SLOW_PEERS and not extent.slow_peers:
                    cells[peer.name] = {"reason": "в этом прогоне не считался"}
    return found


def _plain(value: Any) -> Any:
    """Numbers rounded to what they are worth, not-a-numbers as null."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return round(value, 5) if value == value else None
    return value


@click.command(
    name="accuracy", help="Точность проверок: синтетические регионы, настоящий регион и соседи в одном прогоне."
)
@click.option("--seed", type=int, default=2026, show_default=True, help="Зерно: то же зерно — те же числа.")
@click.option(
    "--quick/--full", "is_quick", default=True, show_default=True, help="Малый объём или полный (десятки минут)."
)
@click.option(
    "--generator",
    type=click.Choice([*GENERATORS, "both"]),
    default="both",
    show_default=True,
    help="Чьи регионы: свои, другого устройства или те и другие.",
)
@click.option(
    "--real",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("../shared/data/vpr_region"),
    show_default=True,
    help="Папка с файлами настоящего региона; если её нет, эта часть пропускается.",
)
@click.option(
    "--cache",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    help="Папка для прочитанных файлов региона (Parquet); по умолчанию — временная.",
)
@click.option("--processes", type=click.IntRange(1, 8), default=2, show_default=True, help="Сколько процессов занять.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), default=None, help="Записать всё в файл JSON.")
@json_option
@speaks
def command(
    seed: int,
    is_quick: bool,
    generator: str,
    real: Path,
    cache: Path | None,
    processes: int,
    out: Path | None,
    as_json: bool,
) -> None:
    """Measure, print the tables or everything as JSON, and write the JSON where asked."""
    with progress("Точность", is_quiet=as_json) as line, tempfile.TemporaryDirectory(prefix="obektiv-bench-") as folder:
        result = accuracy(
            seed,
            is_quick,
            generators=GENERATORS if generator == "both" else (generator,),
            real=real,
            cache=cache or Path(folder),
            processes=processes,
            tell=line,
        )
    if out is not None:
        text = json.dumps(result, ensure_ascii=False, indent=1) + "\n"
        write_atomically(out, text.encode())
    if as_json:
        answer(result)
        return
    click.echo(accuracy_page(result))
