"""Large Parquet files of works for ``obektiv detect``: screened a paper at a time instead of being read whole."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from app.detectors import PaperSpec, WorkFiles
from app.errors import WrongFormat

LARGE = 300_000
"""Works from which on a file is not read whole."""


def works_in_files(path: Path, specs: Sequence[PaperSpec]) -> tuple[WorkFiles | None, tuple[str, ...]]:
    """The file as works to be read paper by paper, and what was noticed in it.

    Parameters
    ----------
    path : Path
        Any file.
    specs : sequence of PaperSpec

    Returns
    -------
    WorkFiles or None
        None where the file is no Parquet, is small, names its columns in its own way or has a fault: whoever reads it
        whole can number the faulty rows.
    tuple of str
        Warnings.
    """
    try:
        with path.open("rb") as file:
            if file.read(4) != b"PAR1":
                return None, ()
        metadata = pq.read_metadata(path)
        names = metadata.schema.to_arrow_schema().names
    except (OSError, pa.ArrowException):
        return None, ()
    if metadata.num_rows < LARGE or any(name != name.strip().lower() for name in names):
        return None, ()
    files = WorkFiles((path,), strict_papers=True)
    try:
        checked, _ = files.read(specs, with_items=False)
    except WrongFormat:
        return None, ()
    return files, checked.warnings
