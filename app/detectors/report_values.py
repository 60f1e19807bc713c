"""Numbers of ready reports: text with a decimal comma, per cent or counts, and back to whole works."""

from __future__ import annotations

import numpy as np
import pandas as pd

PERCENT_SLACK = 1.5
"""How far the percentages of a row may miss a hundred: forty of them, rounded to one decimal."""


def numbers(column: pd.Series) -> np.ndarray:
    """Numbers of a column; a decimal comma, a percent sign and spaces of any kind are understood, blanks are NaN.

    Parameters
    ----------
    column : Series
        Numbers, or text such as ``"12,36"``, ``"12.36 %"``, ``"1 722"``.

    Returns
    -------
    ndarray of float
        NaN for blanks and for what is not a number.

    Examples
    --------
    >>> numbers(pd.Series(["12,5", " 3 % ", "", "-"])).tolist()
    [12.5, 3.0, nan, nan]
    """
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.to_numpy(dtype=float, na_value=np.nan)
    text = column.astype("string").str.replace(r"[\s\u00a0\u202f%]", "", regex=True).str.replace(",", ".", regex=False)
    values = pd.to_numeric(text, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    return np.where(np.isfinite(values), values, np.nan)


def unreadable(column: pd.Series) -> np.ndarray:
    """Cells that are neither blank nor a number; a dash counts as blank."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        return np.zeros(len(column), dtype=bool)
    text = column.astype("string").str.strip().fillna("")
    filled = ~text.isin(["", "-", "–", "—"]).to_numpy(dtype=bool)
    return filled & ~np.isfinite(numbers(column))


def whole_works(shares: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Whole works that the shares of each row stand for, the largest remainders first, so that a row sums to its works.

    Parameters
    ----------
    shares : ndarray, shape (R, k)
        Not negative; each row is scaled to sum to one.
    n : ndarray, shape (R,)
        Works of each row, whole.

    Returns
    -------
    ndarray of float, shape (R, k)
        Exact where the shares were rounded finely enough to tell one work from the next.

    Examples
    --------
    >>> whole_works(np.array([[12.36, 52.81, 26.97, 7.87]]), np.array([89.0])).tolist()
    [[11.0, 47.0, 24.0, 7.0]]
    """
    total = shares.sum(axis=1, keepdims=True)
    ideal = np.divide(shares, total, out=np.zeros_like(shares, dtype=float), where=total > 0) * n[:, None]
    low = np.floor(ideal + 1e-9)
    missing = np.rint(n - low.sum(axis=1)).astype(np.int64)
    order = np.argsort(-(ideal - low), axis=1, kind="stable")
    rank = np.argsort(order, axis=1, kind="stable")
    return low + (rank < missing[:, None])


def counts_of(values: np.ndarray, n: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Works by category from counts, percentages or shares, told apart by what a row sums to.

    Parameters
    ----------
    values : ndarray, shape (R, k)
        NaN counts as nothing.
    n : ndarray, shape (R,)
        Works of each row; NaN where only the counts tell.

    Returns
    -------
    counts : ndarray, shape (R, k)
    works : ndarray, shape (R,)
    good : ndarray of bool, shape (R,)
        False where the row sums neither to its works nor to a hundred per cent (nor to one), or has negative values.

    Examples
    --------
    >>> rows = np.array([[1.0, 2, 3, 4], [25, 25, 50, 0], [5, 5, 5, 5]])
    >>> counts, works, good = counts_of(rows, np.array([10.0, 8, 7]))
    >>> counts.tolist()[:2], works.tolist(), good.tolist()
    ([[1.0, 2.0, 3.0, 4.0], [2.0, 2.0, 4.0, 0.0]], [10.0, 8.0, 7.0], [True, True, False])
    """
    cells = np.nan_to_num(np.asarray(values, dtype=float), nan=0.0)
    total = cells.sum(axis=1)
    is_whole = (cells == np.rint(cells)).all(axis=1)
    known = np.isfinite(n)
    stated = np.where(known, n, -1.0)
    by_count = is_whole & np.where(known, total == stated, total > 0)
    # With the works unknown a row of whole numbers that sums to a hundred may be either: counts cannot be guessed then.
    by_count &= known | (np.abs(total - 100) > PERCENT_SLACK)
    percent = ~by_count & known & (np.abs(total - 100) <= PERCENT_SLACK)
    share = ~by_count & known & (np.abs(total - 1) <= PERCENT_SLACK / 100)
    empty = known & (stated == 0) & (total == 0)
    works = np.where(known, stated, np.where(by_count, total, np.nan))
    counts = cells.copy()
    fraction = percent | share
    counts[fraction] = whole_works(cells[fraction], stated[fraction])
    good = (by_count | fraction | empty) & (cells >= 0).all(axis=1) & (works == np.rint(works))
    return counts, works, good


def shares_of(values: np.ndarray) -> np.ndarray:
    """Completion as shares: percentages are divided by a hundred when any value exceeds one.

    Parameters
    ----------
    values : ndarray
        One paper's completion in one unit; NaN stays.

    Returns
    -------
    ndarray
    """
    values = np.asarray(values, dtype=float)
    return values / 100 if np.nanmax(values, initial=0.0) > 1 else values
