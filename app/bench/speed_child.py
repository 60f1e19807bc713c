"""One measurement in a process of its own, so that memory and warm caches of others do not count; JSON on stdout.

``python -m app.bench.speed_child ROLE JSON``; roles are the functions of `ROLES`.
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def interleaved(folder: str, works: int, seed: int, repeats: int) -> dict[str, Any]:
    """Seconds of reading the columns, of the bare battery and of a whole screening, taken in turns."""
    import pyarrow.parquet as pq

    from app.bench.big_region import write_region
    from app.detectors import WorkFiles, screen

    region = write_region(Path(folder), works, seed=seed)
    files = WorkFiles(region.files)

    def read() -> None:
        for path in region.files:
            pq.read_table(path, use_threads=False)

    steps: dict[str, Callable[[], Any]] = {
        "read": read,
        "battery": lambda: screen(files, region.papers, presented=False),
        "screen": lambda: screen(files, region.papers),
    }
    return {"works": region.works, "schools": region.schools, **_in_turns(steps, repeats)}


def _in_turns(steps: dict[str, Callable[[], Any]], repeats: int) -> dict[str, list[float]]:
    for step in steps.values():
        step()
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(repeats):
        for name, step in steps.items():
            started = processor_seconds()
            step()
            seconds[name].append(processor_seconds() - started)
    return seconds


def processor_seconds() -> float:
    """Processor time of this program and of those it has started: what neighbours take away does not count."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def memory(folder: str, works: int, seed: int) -> dict[str, Any]:
    """Peak memory of the bare battery, in MB, and seconds of one run."""
    from app.bench.big_region import PAPERS
    from app.detectors import WorkFiles, screen

    before = _peak_mb()
    files = WorkFiles(tuple(Path(folder) / f"{spec.subject}{spec.grade}.parquet" for spec in PAPERS))
    started = processor_seconds()
    screen(files, PAPERS, presented=False)
    return {"mb": _peak_mb(), "imports_mb": before, "seconds": processor_seconds() - started}


def draw(folder: str, works: int, seed: int) -> dict[str, Any]:
    """Write a region's files; how many works, and bytes a work."""
    from app.bench.big_region import write_region

    region = write_region(Path(folder), works, seed=seed)
    size = sum(path.stat().st_size for path in region.files)
    return {"works": region.works, "schools": region.schools, "bytes": size}


def peer(folder: str, works: int, seed: int, every: int) -> dict[str, Any]:
    """The per-school peer: its time, scaled to all groups, and largest differences of p."""
    from app.bench.big_region import write_region
    from app.bench.speed_compare import compare, never_nan
    from app.detectors import WorkFiles, screen

    region = write_region(Path(folder), works, seed=seed)
    files = WorkFiles(region.files)
    screen(files, region.papers, presented=False)
    started = time.process_time()
    screen(files, region.papers, presented=False)
    battery = time.process_time() - started
    found = compare(region, every=every, seed=seed)
    return {
        "works": region.works,
        "peer": found.peer_seconds,
        "battery": battery,
        "differences": found.differences,
        **never_nan(region),
    }


def application(folder: str, works: int, seed: int, repeats: int) -> dict[str, Any]:
    """Seconds of the bare battery and of a run in the application, in turns, on SQLite."""
    from app.bench.speed_application import in_application

    return in_application(Path(folder), works, seed, repeats)


def workbook(folder: str, rows: int, seed: int, repeats: int) -> dict[str, Any]:
    """Seconds of inflating and tokenising a workbook and of importing it, in turns; bytes a stored work."""
    from app.bench.speed_workbook import tokenise, write_workbook
    from app.ingest import read_file, write_parquet
    from app.ingest.guard import Caps

    path = write_workbook(Path(folder) / "works.xlsx", rows, seed=seed)
    stored = Path(folder) / "works.parquet"
    caps = Caps(rows=max(rows, 100_000))
    steps: dict[str, Callable[[], Any]] = {
        "tokenise": lambda: tokenise(path),
        "import": lambda: write_parquet(read_file(path, caps=caps), stored),
    }
    seconds = _in_turns(steps, repeats)
    reading = read_file(path, caps=caps)
    items = [name for name in reading.frame.columns if name.startswith("item_")]
    own = Path(folder) / "items.parquet"
    from app.ingest.parquet import write_frame

    write_frame(reading.frame[items], own)
    return {
        **seconds,
        "accepted": reading.rows_accepted,
        "file_mb": path.stat().st_size / 1e6,
        "bytes_a_work": stored.stat().st_size / reading.rows_accepted,
        "item_bytes_a_work": own.stat().st_size / reading.rows_accepted,
    }


def _peak_mb() -> float:
    """Largest memory of this program so far; what `getrusage` says also holds for the parent it was forked from."""
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


ROLES: dict[str, Callable[..., dict[str, Any]]] = {
    "interleaved": interleaved,
    "memory": memory,
    "draw": draw,
    "peer": peer,
    "application": application,
    "workbook": workbook,
}


def median(values: list[float]) -> float:
    return statistics.median(values)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(ROLES[sys.argv[1]](**json.loads(sys.argv[2]))) + "\n")
