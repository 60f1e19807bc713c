"""Works by school and score as a table of counts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def score_counts(
    names: Sequence[str], schools: Sequence[str], scores: Sequence[int], max_score: int | None = None
) -> np.ndarray:
    """Count works.

    Parameters
    ----------
    names : sequence of str, length S
        Schools of the rows; works of others are left out.
    schools, scores : sequences, length n
        School and score in points of each work.
    max_score : int, optional
        M; the largest score met by default.

    Returns
    -------
    ndarray, shape (S, M + 1)

    Examples
    --------
    >>> score_counts(["a", "b"], ["b", "a", "b"], [2, 0, 2]).tolist()
    [[1.0, 0.0, 0.0], [0.0, 0.0, 2.0]]
    """
    row_of = {name: i for i, name in enumerate(names)}
    rows = np.array([row_of.get(school, -1) for school in schools], dtype=int)
    columns = np.asarray(scores, dtype=int)
    width = (int(columns.max()) if len(columns) else 0) + 1 if max_score is None else max_score + 1
    inside = (rows >= 0) & (columns < width)
    flat = np.bincount(rows[inside] * width + columns[inside], minlength=len(names) * width)
    return flat.reshape(len(names), width).astype(float)
