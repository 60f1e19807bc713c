"""Columns of works as whole numbers: codes of words, cells of tables, points, and an order of works.

Words are compared once for each distinct one, not once for each work; numbers are counted, not sorted, wherever
their range allows it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from app.frames import item_columns

_NUMBERS_AT_ONCE = 4_000_000
_COUNTED_UP_TO = 4
"""As many numbers for each value are counted rather than sorted."""
_LARGEST_KEY = 62
_PADDED = 4
"""As many times the works may fill rows of the longest class."""


def coded(column: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Codes of a column's words in their alphabetic order, and the words; −1 stands for none.

    Parameters
    ----------
    column : Series
        Any type; a categorical one is cheap.

    Returns
    -------
    codes : ndarray of int, shape (n,)
    names : ndarray of str
        Sorted; of a categorical column they may contain words that no row has.
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        words = np.asarray(column.cat.categories.astype("str"), dtype=object).astype(str)
        names, place = np.unique(words, return_inverse=True)
        return np.append(place, -1).astype(np.int32)[column.cat.codes.to_numpy()], names
    codes, found = pd.factorize(column.astype("str"), sort=True)
    return codes, np.asarray(found, dtype=object).astype(str)


def distinct(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distinct whole numbers in ascending order, the place of each value among them, and how often each stands.

    Parameters
    ----------
    values : ndarray of int, shape (n,)

    Returns
    -------
    present : ndarray, shape (m,)
    place : ndarray of int, shape (n,)
    times : ndarray of int, shape (m,)
    """
    if len(values) == 0:
        return values, np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    low, high = int(values.min()), int(values.max())
    if high - low >= max(_NUMBERS_AT_ONCE, _COUNTED_UP_TO * len(values)):
        present, place, times = np.unique(values, return_inverse=True, return_counts=True)
        return present, place, times
    shifted = np.subtract(values, low, dtype=np.result_type(values, np.int32)) if low else values
    times = np.bincount(shifted)
    there = times > 0
    present = np.flatnonzero(there)
    return (present + low).astype(values.dtype), (np.cumsum(there) - 1)[shifted], times[present]


def among_distinct(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`distinct` without how often each number stands, for many values: a mark a number is all that is held of them."""
    low, high = (int(values.min()), int(values.max())) if len(values) else (0, 0)
    if low < 0 or high >= max(_NUMBERS_AT_ONCE, _COUNTED_UP_TO * len(values)):
        return distinct(values)[:2]
    there = np.zeros(high + 1, dtype=bool)
    there[values] = True
    present = np.flatnonzero(there).astype(values.dtype)
    place = np.empty(high + 1, dtype=np.int32 if len(present) < 2**31 else np.int64)
    place[present] = np.arange(len(present))
    return present, place.take(values)


def points_of(works: pd.DataFrame, rows: np.ndarray, item_max: tuple[int, ...]) -> np.ndarray | None:
    """Points of the chosen works item by item, held to each item's range; nulls count as no points.

    Parameters
    ----------
    works : DataFrame
        With columns ``item_1 … item_K``, or without.
    rows : ndarray of int, shape (n,)
        Ascending.
    item_max : tuple of K int

    Returns
    -------
    ndarray of int8, shape (K, n), or None
        None where a column is missing or nobody has any point.
    """
    names = [f"item_{k + 1}" for k in range(len(item_max))]
    if not set(names) <= set(works.columns):
        return None
    points = np.empty((len(names), len(rows)), np.int8)
    everything = len(rows) == len(works)
    for own, name, top in zip(points, names, item_max, strict=True):
        own[:] = np.clip(points_in(works[name] if everything else works[name].iloc[rows]), 0, top)
    return points if points.any() else None


def points_in(column: pd.Series) -> np.ndarray:
    """Points of one item as the column has them; nulls count as no points."""
    kind = getattr(column.dtype, "numpy_dtype", column.dtype)
    if isinstance(kind, np.dtype) and kind.kind in "iu":
        return column.to_numpy(dtype=kind, na_value=0)
    return np.nan_to_num(numbers(column))


def numbers(column: pd.Series) -> np.ndarray:
    """Column as double precision numbers; what is no number is NaN."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.to_numpy(dtype=float, na_value=np.nan)
    return pd.to_numeric(column, errors="coerce").to_numpy(dtype=float, na_value=np.nan)


def blank_items(works: pd.DataFrame, limit: np.ndarray | int) -> np.ndarray:
    """Number of blank items of each work among the first `limit` ones.

    Parameters
    ----------
    works : DataFrame
    limit : ndarray of int, shape (n,), or int
        Number of the paper's items.

    Returns
    -------
    ndarray of int, shape (n,)
    """
    count = np.zeros(len(works), dtype=np.int64)
    for name in item_columns(works.columns):
        column = works[name]
        if isinstance(column.dtype, np.dtype) and column.dtype.kind in "iub":
            continue
        blank = column.isna().to_numpy()
        if blank.any():
            count += blank & (int(name.split("_")[1]) <= limit)
    return count


def item_tables(points: np.ndarray, score: np.ndarray, item_max: tuple[int, ...], top: int) -> list[np.ndarray]:
    """Works by points and total score, item by item.

    Parameters
    ----------
    points : ndarray of int8, shape (K, n)
    score : ndarray of int, shape (n,)
    item_max : tuple of K int
    top : int
        Largest total score M.

    Returns
    -------
    list of ndarray of float, shape (m_k + 1, M + 1)
    """
    width = top + 1
    cell = np.empty(points.shape[1], np.int64)
    tables = []
    for own, most in zip(points, item_max, strict=True):
        np.multiply(own, width, out=cell, dtype=np.int64)
        cell += score
        tables.append(np.bincount(cell, minlength=(most + 1) * width).reshape(most + 1, width).astype(float))
    return tables


def order_of_works(points: np.ndarray, score: np.ndarray, variant: np.ndarray, within: np.ndarray) -> np.ndarray:
    """Order by class (or school), variant, score and points, the last item first.

    Works that tie in everything are the same work: the order is then one and the same for any order of the rows.

    Parameters
    ----------
    points : ndarray of int8, shape (K, n)
    score, variant, within : ndarray of int, shape (n,)

    Returns
    -------
    ndarray of int, shape (n,)
    """
    n = points.shape[1]
    if n == 0:
        return np.zeros(0, dtype=np.int64)
    known = _order_inside(points, score, variant, within)
    if known is not None:
        return known
    bits = 0
    key = np.zeros(n, dtype=np.int64)
    # The first item weighs least; as long as all columns fit one number, a single sort will do.
    for column in (*points, score, variant, within):
        low = int(column.min())
        size = (int(column.max()) - low).bit_length()
        if bits + size > _LARGEST_KEY:
            return np.lexsort((*points, score, variant, within))
        if size:
            key += (column.astype(np.int64) - low) << bits
        bits += size
    return np.argsort(key)


def _order_inside(points: np.ndarray, score: np.ndarray, variant: np.ndarray, within: np.ndarray) -> np.ndarray | None:
    """`order_of_works` where works stand class by class already: every class is a short row, and rows sort fast.

    None where they do not, or where the columns of one work do not fit a whole number.
    """
    n = len(within)
    change = np.diff(within)
    if change.min(initial=0) < 0:
        return None
    starts = np.concatenate(([0], np.flatnonzero(change) + 1))
    sizes = np.diff(np.concatenate((starts, [n])))
    longest = int(sizes.max())
    columns = (*points, score, variant)
    lows, lengths = [], []
    for column in columns:
        low = int(column.min())
        lows.append(low)
        lengths.append((int(column.max()) - low).bit_length())
    bits = longest.bit_length()
    if bits + sum(lengths) > _LARGEST_KEY or longest * len(sizes) > _PADDED * n:
        return None
    place = np.arange(n) - np.repeat(starts, sizes)
    key = np.zeros(n, dtype=np.int64)
    for column, low, length in zip(columns[::-1], lows[::-1], lengths[::-1], strict=True):
        if length:
            key <<= length
            key += column
            key -= low
    key <<= bits
    key += place
    padded = np.full((len(sizes), longest), np.iinfo(np.int64).max)
    inside = np.arange(longest) < sizes[:, None]
    padded[inside] = key
    padded.sort(axis=1)
    order = padded[inside] & ((1 << bits) - 1)
    order += np.repeat(starts, sizes)
    return order
