"""`obektiv bench speed`: how fast and how lean screening is, as ratios to what nobody can avoid, against the bars.

Seconds depend on the machine and on its neighbours, so they are seconds of the processor, and each bar but that of a
district is a ratio inside one run: repeats are taken in turns and the median ratio of a turn counts. Every measurement
is a child process (`app.bench.speed_child`) with one thread.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from app.cli.saying import answer, json_option, progress, speaks, table
from app.errors import Reason, Refused

Show = Callable[[str, float], None]
_ROOT = Path(__file__).resolve().parents[2]
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Bar:
    """One promise: what was measured, and whether it holds.

    Attributes
    ----------
    name : str
    title : str
        What is measured, in Russian.
    bar, measured : float
    unit : str
    is_met : bool
    detail : str
        Numbers behind it.
    """

    name: str
    title: str
    bar: float
    measured: float
    unit: str
    is_met: bool
    detail: str = ""


@dataclass(frozen=True)
class Sizes:
    """How large the measurement is; `country` is zero where all of Russia is left out."""

    region: int
    small: int
    large: int
    country: int
    repeats: int
    rows: int
    every: int


QUICK = Sizes(region=100_000, small=24_000, large=100_000, country=0, repeats=3, rows=10_000, every=40)
NORMAL = Sizes(region=1_000_000, small=100_000, large=1_000_000, country=0, repeats=5, rows=100_000, every=1)
FULL = Sizes(region=1_000_000, small=1_000_000, large=10_000_000, country=25_000_000, repeats=5, rows=100_000, every=1)


@click.command(name="speed", help="Скорость и память: отношения к неизбежному, против обещанных границ.")
@click.option("--quick", is_flag=True, help="Малый объём (минута): числа грубее, границы те же.")
@click.option("--full", is_flag=True, help="И 10, и 25 миллионов работ (десятки минут, несколько гигабайт на диске).")
@click.option("--seed", type=int, default=2026, show_default=True, help="Зерно: то же зерно — те же данные.")
@click.option(
    "--only", multiple=True, help="Только эта часть: battery, growth, district, memory, peer, application, import."
)
@json_option
@speaks
def command(quick: bool, full: bool, seed: int, only: tuple[str, ...], as_json: bool) -> None:
    """Measure, print the table and leave with 1 when a bar is missed."""
    sizes = QUICK if quick else FULL if full else NORMAL
    with progress("Скорость", is_quiet=as_json) as line, tempfile.TemporaryDirectory(prefix="obektiv-speed-") as folder:
        bars = measure(Path(folder), sizes, seed, only=only, show=line)
    met = sum(bar.is_met for bar in bars)
    if as_json:
        answer({"seed": seed, "sizes": asdict(sizes), "met": met, "bars": [asdict(bar) for bar in bars]})
    else:
        table(
            [
                (bar.title, _told(bar.bar, bar.unit), _told(bar.measured, bar.unit), "да" if bar.is_met else "НЕТ")
                for bar in bars
            ],
            ("Что измерено", "Граница", "Получилось", "Выполнено"),
        )
        for bar in bars:
            click.echo(f"  {bar.title}: {bar.detail}")
        click.echo(f"Зерно {seed}; выполнено {met} из {len(bars)}.")
    if met < len(bars):
        sys.exit(1)


def measure(
    folder: Path, sizes: Sizes, seed: int, *, only: tuple[str, ...] = (), show: Show | None = None
) -> list[Bar]:
    """Take every measurement; each part has a folder of its own below `folder`."""
    bars: list[Bar] = []
    for number, (name, part) in enumerate(PARTS.items()):
        if only and name not in only:
            continue
        if show is not None:
            show(name, number / len(PARTS))
        own = folder / name
        own.mkdir(parents=True)
        bars += part(own, sizes, seed)
    return bars


def child(role: str, **plan: Any) -> dict[str, Any]:
    """Run one measurement in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "app.bench.speed_child", role, json.dumps(plan)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **_ONE_THREAD, "PYTHONPATH": str(_ROOT)},
    )
    if done.returncode:
        told = done.stderr.strip()[-800:]
        raise Refused(Reason("measurement", f"Измерение «{role}» не удалось: {told}", f"{role} failed: {told}"))
    return json.loads(done.stdout.splitlines()[-1])


def _battery(folder: Path, sizes: Sizes, seed: int) -> list[Bar]:
    got = child("interleaved", folder=str(folder), works=sizes.region, seed=seed, repeats=sizes.repeats)
    ratio = _ratio(got["battery"], got["read"])
    detail = (
        f"{got['works']} работ, {got['schools']} школ: чтение {_median(got['read'])} с, проверки "
        f"{_median(got['battery'])} с, с находками и рисунками {_median(got['screen'])} с"
    )
    return [_at_most("battery", "Все проверки к чтению тех же столбцов pyarrow", 12.0, ratio, "раз", detail)]


def _growth(folder: Path, sizes: Sizes, seed: int) -> list[Bar]:
    times = {}
    for size in (sizes.small, sizes.large):
        own = folder / str(size)
        own.mkdir()
        times[size] = child("interleaved", folder=str(own), works=size, seed=seed, repeats=3)
    small, large = times[sizes.small], times[sizes.large]
    tenfold = large["works"] / small["works"] / 10
    ratio = statistics.median(large["battery"]) / statistics.median(small["battery"]) / tenfold
    detail = (
        f"{small['works']} работ {_median(small['battery'])} с, {large['works']} работ {_median(large['battery'])} с"
    )
    return [_at_most("growth", "Рост времени на десятикратный рост числа работ", 11.0, ratio, "раз", detail)]


def _district(folder: Path, sizes: Sizes, seed: int) -> list[Bar]:
    got = child("interleaved", folder=str(folder), works=24_000, seed=seed, repeats=max(5, sizes.repeats))
    seconds = statistics.median(got["battery"])
    detail = f"{got['works']} работ, {got['schools']} школ; с находками и рисунками {_median(got['screen'])} с"
    return [_at_most("district", "Район (24 тысячи работ) внутри запроса", 0.2, seconds, "с", detail)]


def _memory(folder: Path, sizes: Sizes, seed: int) -> list[Bar]:
    bars = []
    for works, bar in ((sizes.region, 350.0), (sizes.country, 800.0)):
        if not works:
            continue
        own = folder / str(works)
        own.mkdir()
        drawn = child("draw", folder=str(own), works=works, seed=seed)
        got = child("memory", folder=str(own), works=works, seed=seed)
        detail = f"из них программа до чтения данных {got['imports_mb']:.0f} МБ; {got['seconds']:.1f} с"
        title = f"Наибольшая память, {drawn['works']} работ"
        bars.append(_at_most(f"memory_{works}", title, bar, got["mb"], "МБ", detail))
        for path in own.iterdir():
            path.unlink()
    return bars


def _peer(folder: Path, sizes: Sizes, seed: int) -> list[Bar]:
    got = child("peer", folder=str(folder), works=min(sizes.region, 100_000), seed=seed, every=sizes.every)
    ratio = got["peer"] / got["battery"]
    worst = max(got["differences"].values())
    groups = "по всем группам" if sizes.every == 1 else "по выборке групп"
    detail = f"по одной школе {got['peer']:.0f} с ({groups}), все проверки {got['battery']:.2f} с процессора"
    named = ", ".join(f"{name} {value:.0e}" for name, value in got["differences"].items())
    return [
        _at_least("peer", "Во сколько раз быстрее простого расчёта по школам", 200.0, ratio, "раз", detail),
        _at_most("equal", "Наибольшее расхождение p с простым расчётом", 1e-6, worst, "", named),
        _at_most(
            "never_nan", "p, которые не вероятности", 0.0, float(got["not_a_probability"]), "", f"из {got['assessed']}"
        ),
    ]


def _application(folder: Path, sizes: Sizes, seed: int) -> list[Bar]:
    got = child("application", folder=str(folder), works=sizes.region, seed=seed, repeats=min(3, sizes.repeats))
    added = _ratio(got["application"], got["battery"]) - 1
    detail = (
        f"прогон в приложении {_median(got['application'])} с ({got['findings']} находок, {got['flags']} отметок), "
        f"одни проверки {_median(got['battery'])} с"
    )
    return [_at_most("application", "Что приложение добавляет к проверкам", 2.0, added, "раза", detail)]


def _import(folder: Path, sizes: Sizes, seed: int) -> list[Bar]:
    got = child("workbook", folder=str(folder), rows=sizes.rows, seed=seed, repeats=min(3, sizes.repeats))
    ratio = _ratio(got["import"], got["tokenise"])
    detail = (
        f"{got['accepted']} строк, {got['file_mb']:.1f} МБ: распаковать и разобрать {_median(got['tokenise'])} с, "
        f"принять {_median(got['import'])} с"
    )
    return [
        _at_most("import", "Приём книги к распаковке и разбору", 3.0, ratio, "раз", detail),
        _at_most(
            "stored", "Байт на работу в хранилище", 8.0, got["bytes_a_work"], "Б",
            f"из них задания {got['item_bytes_a_work']:.1f} Б",
        ),
    ]  # fmt: skip


PARTS: dict[str, Callable[[Path, Sizes, int], list[Bar]]] = {
    "battery": _battery,
    "growth": _growth,
    "district": _district,
    "memory": _memory,
    "peer": _peer,
    "application": _application,
    "import": _import,
}


def _ratio(above: list[float], below: list[float]) -> float:
    """Median over the turns of the ratio inside each turn."""
    return statistics.median(a / b for a, b in zip(above, below, strict=True))


def _median(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.3g}"


def _at_most(name: str, title: str, bar: float, measured: float, unit: str, detail: str) -> Bar:
    return Bar(name, title, bar, measured, unit, measured <= bar, detail)


def _at_least(name: str, title: str, bar: float, measured: float, unit: str, detail: str) -> Bar:
    return Bar(name, title, bar, measured, unit, measured >= bar, detail)


def _told(value: float, unit: str) -> str:
    return f"{value:.3g} {unit}".strip()
