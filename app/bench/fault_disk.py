"""Trial of a full disk: work until there is no space, be refused, read, get space, work on."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from app.bench.fault_children import file_content
from app.bench.fault_kills import Progress, standing
from app.bench.fault_stage import FaultReport, Stage, installation, legal_trigger, set_stage
from app.bench.verify import verify
from app.context import AppContext
from app.database import acting
from app.models import Case
from app.policy import SYSTEM
from app.workflows.engine import fire

_SMALL, _LARGER = 8, 24  # megabytes
_ROOM = 256 << 10  # left free before the wall


def fill_disk(*, refusals: int, seed: int, progress: Progress | None = None) -> FaultReport:
    """SQLite and files on a disk of a few megabytes: refused writes damage nothing, reads go on, space heals all."""
    report = FaultReport("disk", "sqlite", seed)
    with TemporaryDirectory(prefix="obektiv-disk-") as name:
        folder = Path(name)
        refusal = _mount(folder, f"size={_SMALL}m")
        if refusal:
            report.skipped = f"tmpfs не монтируется ({refusal})"
            return report
        try:
            with installation(folder=folder) as context:
                _work_on(context, folder, refusals, report, progress)
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
    return report


def _work_on(context: AppContext, folder: Path, refusals: int, report: FaultReport, progress: Progress | None) -> None:
    stage = set_stage(context)
    stage.add_cases(100)
    acknowledged: set[str] = set()
    report.counts |= {"done": 0, "refused": 0}
    with _full_disk(context.settings.home / "ballast"):
        while report.counts["refused"] < refusals:
            _try_move(stage, acknowledged, report)
            if progress:
                progress("полный диск", report.counts["refused"] / refusals)
        _refuse_files(context, report)
        with acting(context.sessions, SYSTEM) as session:
            report.counts["cases_read"] = session.scalar(select(func.count(Case.id)))
        report.violations += [f"full: {sentence}" for sentence in verify(context, acknowledged=acknowledged)]
        subprocess.run(["mount", "-o", f"remount,size={_LARGER}m", str(folder)], check=True)
        report.counts["done_before"] = report.counts.pop("done")
        report.counts["done"] = 0
        for _ in range(50):
            _try_move(stage, acknowledged, report)
    report.counts["done_with_space_again"] = report.counts.pop("done")
    if report.counts["done_with_space_again"] != 50:
        report.violations.append("moves are refused although there is space again")
    report.violations += [f"space again: {sentence}" for sentence in verify(context, acknowledged=acknowledged)]


def _try_move(stage: Stage, acknowledged: set[str], report: FaultReport) -> None:
    case_id, state, version = standing(stage)[0]
    trigger = legal_trigger(case_id, state)
    assert trigger is not None
    request_id = f"disk-{len(acknowledged)}-{report.counts['refused']}"
    try:
        with acting(stage.context.sessions, stage.actor) as session:
            fire(
                session, case_id, trigger, actor=stage.actor, at=datetime.now(UTC), expected_version=version,
                request_id=request_id,
            )  # fmt: skip
    except OperationalError as error:
        report.add("refused")
        if "full" not in str(error.orig):
            report.violations.append(f"refused for another cause: {error.orig}")
        return
    acknowledged.add(request_id)
    report.add("done")


def _refuse_files(context: AppContext, report: FaultReport) -> None:
    before = set(context.store)
    for number in range(20):
        try:
            context.store.put(file_content(number, 1 << 20))
        except OSError:
            report.add("files_refused")
    report.violations += [f"file {name} became visible on a full disk" for name in set(context.store) - before]
    report.counts["leftovers_swept"] = context.store.sweep(older_than_seconds=0)


@contextmanager
def _full_disk(ballast: Path) -> Iterator[None]:
    """Fill what is free with `ballast`, but for some room."""
    with ballast.open("wb") as file:
        free = os.statvfs(ballast.parent).f_bavail * os.statvfs(ballast.parent).f_frsize
        os.posix_fallocate(file.fileno(), 0, max(free - _ROOM, 1))
    try:
        yield
    finally:
        ballast.unlink()


def _mount(folder: Path, options: str) -> str:
    """Mount a tmpfs; the reason when that is not possible here."""
    try:
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, text=True, check=False
        )
    except FileNotFoundError as error:
        return str(error)
    return done.stderr.strip() or ("" if done.returncode == 0 else f"код {done.returncode}")
