"""Reading in a child process with caps on memory, processor time, wall time and sizes.

A parser written in a compiled language may abort or panic past every ``except Exception``, and a small file may ask for
gigabytes. So the child alone touches the bytes; it answers with Parquet and JSON in a fresh folder (nothing of it is
unpickled), and any other end — death, a signal, time, memory — is a refusal of the file.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.errors import Reason, WrongFormat
from app.ingest.problems import Problem
from app.ingest.reading import Paper, Reading
from app.ingest.refusals import refuse
from app.ingest.sheets import Sheet
from app.terms import FileKind

RESULT, FRAME, SCHOOLS = "result.json", "frame.parquet", "schools.parquet"
OUT_OF_MEMORY_EXIT = 3
_PACKAGES = Path(__file__).resolve().parents[2]
_ENVIRONMENT = {
    "PATH": os.defpath,
    "LANG": "C.UTF-8",
    "PYTHONUTF8": "1",
    "PYTHONPATH": str(_PACKAGES),
    # Thread pools reserve address space for every thread, which counts against the cap.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "MALLOC_ARENA_MAX": "2",
}


def read_guarded(
    path: Path,
    *,
    paper: Paper | None = None,
    memory_mb: int = 1536,
    cpu_seconds: int = 60,
    rows_cap: int = 100_000,
    timeout: float = 120.0,
    exam_codes: Mapping[str, Mapping[str, str]] | None = None,
) -> Reading:
    """Read a file as `app.ingest.read_file` does, in a guarded child process.

    Parameters
    ----------
    path : Path
        The file, under any name.
    paper : Paper, optional
        The paper, where the content alone does not settle it.
    memory_mb : int
        Cap on the child's address space, in mebibytes.
    cpu_seconds : int
        Cap on the child's processor time, in seconds.
    rows_cap : int
        Largest number of rows of a sheet.
    timeout : float
        Cap on wall time, in seconds.
    exam_codes : mapping, optional
        Schools by their codes in ОГЭ and ЕГЭ, see `app.ingest.exams.read_exams`.

    Raises
    ------
    WrongFormat
        The file cannot be taken, or reading it ended in any way but the expected one.
    """
    with tempfile.TemporaryDirectory(prefix="obektiv-read-") as folder:
        out = Path(folder)
        task = {
            "path": str(Path(path).resolve()),
            "out": folder,
            "paper": [paper.year, paper.subject, paper.grade, paper.procedure.value] if paper else None,
            "memory_mb": memory_mb,
            "cpu_seconds": cpu_seconds,
            "rows_cap": rows_cap,
            "exam_codes": {exam: dict(codes) for exam, codes in (exam_codes or {}).items()},
        }
        result = _result(task, out, timeout)
        return _reading(result, out)


def read_sheets_guarded(
    path: Path, *, memory_mb: int = 768, cpu_seconds: int = 20, rows_cap: int = 5_000, timeout: float = 40.0
) -> list[Sheet]:
    """Sheets of a workbook or of separated text, every cell as text, read in a guarded child process.

    Raises
    ------
    WrongFormat
        The file cannot be taken, or reading it ended in any way but the expected one.
    """
    with tempfile.TemporaryDirectory(prefix="obektiv-read-") as folder:
        caps = {"memory_mb": memory_mb, "cpu_seconds": cpu_seconds, "rows_cap": rows_cap}
        task = {"path": str(Path(path).resolve()), "out": folder, "sheets_only": True, **caps}
        result = _result(task, Path(folder), timeout)
    return [Sheet(name, rows, first_row) for name, rows, first_row in result["sheets"]]


def _result(task: dict[str, Any], out: Path, timeout: float) -> dict[str, Any]:
    code = _run(task, out, timeout)
    if not (out / RESULT).is_file():
        raise refuse("out_of_memory" if code == OUT_OF_MEMORY_EXIT or code == -signal.SIGABRT else _fault(code))
    result: dict[str, Any] = json.loads((out / RESULT).read_text("utf-8"))
    if "refused" in result:
        raise WrongFormat(*(Reason(**reason) for reason in result["refused"]))
    return result


def _fault(code: int) -> str:
    return "timed_out" if code in (-signal.SIGXCPU, -signal.SIGKILL) else "unreadable"


def _run(task: dict[str, Any], out: Path, timeout: float) -> int:
    """Exit code of the child; it is killed when time is up, and always before this returns."""
    with (out / "stderr").open("wb") as stderr:
        child = subprocess.Popen(
            [sys.executable, "-P", "-m", "app.ingest.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            cwd=out,
            env={**_ENVIRONMENT, "TMPDIR": str(out)},
            start_new_session=True,
        )
        try:
            child.communicate(json.dumps(task).encode(), timeout=timeout)
        except subprocess.TimeoutExpired:
            raise refuse("timed_out") from None
        finally:
            if child.poll() is None:
                child.kill()
                child.wait()
        return child.returncode


def _reading(result: dict[str, Any], out: Path) -> Reading:
    from app.ingest.parquet import read_parquet

    summary = {**result["summary"], "kind": FileKind(result["summary"]["kind"])}
    return Reading(
        **summary,
        problems=[Problem.from_json(p) for p in result["problems"]],
        frame=read_parquet(out / FRAME),
        schools=read_parquet(out / SCHOOLS),
    )
