"""Trial of stored files: death in the middle of writing."""

from __future__ import annotations

import hashlib

from app.bench.fault_children import file_content
from app.bench.fault_kills import Progress
from app.bench.fault_nursery import nursery
from app.bench.fault_stage import FaultReport, generator
from app.context import AppContext
from app.storage import ObjectStore

SIZE = 1 << 19
_FILES = 6  # files a process stores before it ends by itself


def kill_puts(context: AppContext, *, kills: int, seed: int, progress: Progress | None = None) -> FaultReport:
    """Kill a process that stores files `kills` times: what is visible is whole, what was acknowledged is there."""
    report = FaultReport("files", context.engine.dialect.name, seed)
    rng = generator(seed)
    acknowledged: set[str] = set()
    with nursery(context) as children:
        undisturbed = children.warm_up("put", seed=seed, count=_FILES, size=SIZE)
        seconds = sum(float(words[2]) for words in undisturbed.told("acked"))
        report.counts["put_ms_mean"] = round(1000 * seconds / _FILES, 1)
        run = 0
        while report.counts.get("kills", 0) < kills:
            run += 1
            first = seed + 1000 * run
            ending = children.run(
                "put", seed=first, count=_FILES, size=SIZE, kill_after=rng.uniform(0.0, 1.05 * seconds + 0.02)
            )
            acked = ending.told("acked")
            acknowledged |= {words[1] for words in acked}
            report.add("puts_acknowledged", len(acked))
            if not ending.is_killed:
                report.add("runs_not_killed")
                continue
            report.add("kills")
            for words in ending.told("sent")[len(acked) :]:
                report.add("unknown")
                number = int(words[0])
                sha256 = hashlib.sha256(file_content(first + number, SIZE)).hexdigest()
                report.add("unknown_visible", int(context.store.has(sha256)))
                context.store.put(file_content(first + number, SIZE))  # a repeated upload mends what was cut off
                acknowledged.add(sha256)
            if progress:
                progress("убийства во время записи файла", report.counts["kills"] / kills)
    _look_at_files(context.store, acknowledged, report)
    return report


def _look_at_files(store: ObjectStore, acknowledged: set[str], report: FaultReport) -> None:
    visible = set(store)
    torn = [name for name in visible if hashlib.sha256(store.path(name).read_bytes()).hexdigest() != name]
    report.counts |= {"visible": len(visible), "torn": len(torn)}
    report.violations += [f"file {name} is torn" for name in torn]
    report.violations += [f"file {name} was acknowledged and is absent" for name in acknowledged - visible]
    leftovers = len(list(store.root.rglob("*.part")))
    if store.sweep(older_than_seconds=3600):
        report.violations.append("the sweep removed a file that may still be written")
    removed = store.sweep(older_than_seconds=0)
    remaining = len(list(store.root.rglob("*.part")))
    report.counts |= {"leftovers": leftovers, "swept": removed, "left_after_sweep": remaining}
    if remaining or removed != leftovers or set(store) != visible:
        report.violations.append(f"the sweep removed {removed} of {leftovers} leftovers, {remaining} remain")
