"""The guarded child: caps first, then the guard, and only then anything heavy.

Started by `app.ingest.guarded` as ``python -m app.ingest.child``; the task comes as JSON on standard input.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from typing import Any

from app.errors import WrongFormat
from app.ingest.guard import Caps, classify
from app.ingest.guarded import FRAME, OUT_OF_MEMORY_EXIT, RESULT, SCHOOLS
from app.ingest.refusals import refuse

_LARGEST_OUTPUT = 2**30


def main() -> int:
    task = json.load(sys.stdin)
    out = Path(task["out"])
    _limit(task)
    try:
        answer = _read(task, out)
    except WrongFormat as refusal:
        answer = _refusal(refusal)
    except MemoryError:
        return OUT_OF_MEMORY_EXIT
    except BaseException as fault:  # a panic of a compiled parser derives from BaseException only
        if isinstance(fault, KeyboardInterrupt | SystemExit):
            raise
        sys.stderr.write(f"{type(fault).__name__}: {fault}"[:2000])
        answer = _refusal(refuse("out_of_memory" if _is_allocation(fault) else "unreadable"))
    part = out / f"{RESULT}.part"
    part.write_text(json.dumps(answer, ensure_ascii=False), "utf-8")
    part.rename(out / RESULT)
    return 0


def _limit(task: dict[str, Any]) -> None:
    memory = int(task["memory_mb"]) * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    seconds = int(task["cpu_seconds"])
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_LARGEST_OUTPUT, _LARGEST_OUTPUT))


def _read(task: dict[str, Any], out: Path) -> dict[str, Any]:
    caps = Caps(rows=int(task["rows_cap"]))
    path = Path(task["path"])
    sort = classify(path, caps)
    if task.get("sheets_only"):
        from app.ingest.people_sheets import read_sheets

        return {"sheets": [[s.name, s.rows, s.first_row] for s in read_sheets(path, sort, caps)]}
    from app.ingest.formats import load_formats
    from app.ingest.parquet import write_frame
    from app.ingest.read import read_classified
    from app.ingest.reading import Paper
    from app.ingest.scales import load_scales
    from app.terms import Procedure

    paper = None
    if task["paper"]:
        year, subject, grade, procedure = task["paper"]
        paper = Paper(year, subject, grade, Procedure(procedure))
    reading = read_classified(path, sort, paper, caps, load_formats(), load_scales(), task["exam_codes"])
    write_frame(reading.frame, out / FRAME)
    write_frame(reading.schools, out / SCHOOLS)
    return {"summary": reading.summary(), "problems": [p.to_json() for p in reading.problems]}


def _refusal(refusal: WrongFormat) -> dict[str, Any]:
    return {"refused": [{"code": r.code, "ru": r.ru, "en": r.en, "href": r.href} for r in refusal.reasons]}


def _is_allocation(fault: BaseException) -> bool:
    """A parser that asks for more than the cap panics with «capacity overflow» or fails to allocate."""
    said = str(fault).lower()
    return "capacity" in said or "alloc" in said or "memory" in said


if __name__ == "__main__":
    sys.exit(main())
