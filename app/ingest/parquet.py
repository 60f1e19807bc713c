"""Frames as Parquet: written sorted and small, read back with nulls as nulls."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from app.ingest.reading import Reading

ROW_GROUP = 131_072


def write_parquet(reading: Reading, path: Path) -> None:
    """Write the frame of `reading` whole or not at all.

    Works are already in the order of screening (municipality, school, class, participant); items are int8 with nulls.
    """
    write_frame(reading.frame, path)


def write_frame(frame: pd.DataFrame, path: Path) -> None:
    """Write one frame under a temporary name, then give it its own."""
    part = path.with_name(f"{path.name}.{secrets.token_hex(6)}.part")
    try:
        table = pa.Table.from_pandas(frame, preserve_index=False)
        pq.write_table(table, part, compression="zstd", row_group_size=ROW_GROUP)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def read_parquet(path: Path, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Read a frame that `write_parquet` wrote; integers with nulls come back as pandas' nullable integers.

    Parameters
    ----------
    columns : sequence of str, optional
        Columns to read; all by default.
    """
    # One thread: the files are small, and a guarded child may not start many.
    return pq.read_table(path, columns=list(columns) if columns is not None else None).to_pandas(use_threads=False)
