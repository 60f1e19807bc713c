"""What a file of works tells about each school's own upload: absent pupils, refused rows, the time of the form."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

UPLOAD_COLUMNS = ("present", "absent", "n_total_mismatch", "n_out_of_range", "n_duplicates", "uploaded_at")
"""Counts are works, `absent` pupils; `uploaded_at` is ISO text without a zone, the latest of the school's forms."""
_LAYOUTS = ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d")


def moment_of(value: str) -> str | None:
    """A moment as ISO text, from what exports print (``17.03.2022 05:33:20``); None where it is not one."""
    for layout in _LAYOUTS:
        try:
            return datetime.strptime(value.strip(), layout).isoformat(sep=" ")  # noqa: DTZ007 — exports name no zone
        except ValueError:
            continue
    return None


def upload_table(
    keys: Sequence[str],
    school: Sequence[str | None],
    *,
    present: NDArray,
    absent: NDArray,
    total_mismatch: NDArray,
    out_of_range: NDArray,
    duplicates: NDArray,
    uploaded: Sequence[str | None] | None,
) -> pd.DataFrame:
    """Count rows by school.

    Parameters
    ----------
    keys : sequence of str
        Schools of the table, in its order.
    school : sequence of str or None
        School of each row read.
    present, absent, total_mismatch, out_of_range, duplicates : ndarray of bool
        Masks over the rows.
    uploaded : sequence of str or None, optional
        ISO moment of each row's form.

    Returns
    -------
    DataFrame
        Columns of `UPLOAD_COLUMNS`, one row a key.
    """
    place = {key: number for number, key in enumerate(keys)}
    at = np.array([place.get(name or "", -1) for name in school], dtype=np.int64)
    masks = (present, absent, total_mismatch, out_of_range, duplicates)
    columns: dict[str, object] = {
        name: np.bincount(at[mask & (at >= 0)], minlength=len(keys)).astype(np.int32)
        for name, mask in zip(UPLOAD_COLUMNS, masks, strict=False)
    }
    latest: list[str | None] = [None] * len(keys)
    if uploaded is not None:
        for number, moment in zip(at.tolist(), uploaded, strict=True):
            if number >= 0 and moment is not None and (latest[number] or "") < moment:
                latest[number] = moment
    columns["uploaded_at"] = pd.Series(latest, dtype="str")
    return pd.DataFrame(columns)
