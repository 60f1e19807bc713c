"""Reading of files: bytes in, canonical frames and problems out; no database, no web, no clock.

`read_guarded` is what the product calls: it reads in a child process with caps on memory, time and size. `read_file` is
the same in the caller's process, for tests and for the child. Both raise `app.errors.WrongFormat` when the file as a
whole cannot be taken, with a Russian sentence that says what to do; everything smaller is a `Problem` of the `Reading`.

The names that need pandas are loaded when first used: the guard in the child process runs before anything heavy is
imported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.ingest.guarded import read_guarded
from app.ingest.problems import Problem
from app.ingest.reading import Paper, Reading
from app.ingest.scales import Scale, Scales, load_scales

if TYPE_CHECKING:
    from app.ingest.parquet import read_parquet, write_parquet
    from app.ingest.read import read_file

__all__ = [
    "Paper",
    "Problem",
    "Reading",
    "Scale",
    "Scales",
    "load_scales",
    "read_file",
    "read_guarded",
    "read_parquet",
    "write_parquet",
]


def __getattr__(name: str) -> Any:
    if name == "read_file":
        from app.ingest import read

        return read.read_file
    if name in {"read_parquet", "write_parquet"}:
        from app.ingest import parquet

        return getattr(parquet, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
