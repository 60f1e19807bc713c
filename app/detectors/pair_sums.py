"""Sums over pairs of works inside classes, and works that change places: what the test of likeness spends its time on.

Works of one class and variant stand side by side, so each such run is a small square :math:`E E^T` of its own. Runs of
one length are multiplied together, in blocks that stay in the processor's cache, and pairs of different variants are
never formed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from app.detectors.tables import Answers

_PAIRS_AT_ONCE = 65_536
_FEW_RUNS = 1_000
_ROUNDED_TO = 4
"""Runs of a small region are filled up to lengths that divide by this: fewer lengths, fewer calls."""
_LARGEST_KEY = 62
_DRAWS_AT_ONCE = 65_536


class Rows(Protocol):
    """Residuals of length one, row by row: an array of float32, or what makes its rows when they are asked for."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def take(self, index: np.ndarray, axis: int) -> np.ndarray: ...


class PairRuns:
    """Classes cut into runs of works of one variant.

    Parameters
    ----------
    variant : ndarray of int, shape (n,)
    starts, sizes : ndarray of int, shape (C,)
        First work of each class, and its number of works.
    """

    def __init__(self, variant: np.ndarray, starts: np.ndarray, sizes: np.ndarray) -> None:
        self.classes = len(starts)
        owner = np.repeat(np.arange(len(starts)), sizes)
        work = np.arange(len(owner)) + np.repeat(starts - (np.cumsum(sizes) - sizes), sizes)
        kind = variant[work]
        if np.any((np.diff(kind) < 0) & (np.diff(owner) == 0)):
            order = np.lexsort((kind, owner))
            work, kind = work[order], kind[order]
        edge = np.flatnonzero((np.diff(kind) != 0) | (np.diff(owner) != 0)) + 1
        first = np.concatenate(([0], edge)) if len(owner) else edge
        length = np.diff(np.concatenate((first, [len(owner)])))
        self.pairs = np.bincount(owner[first], weights=length * (length - 1) / 2, minlength=self.classes)
        # Runs of one length after another: (place of each run's class, its works; −1 fills a run up).
        self.groups = []
        owners = []
        filled = length if len(length) > _FEW_RUNS else -(-length // _ROUNDED_TO) * _ROUNDED_TO
        filled = np.where(length > 1, filled, 0)
        for size in np.unique(filled[filled > 0]).tolist():
            chosen = np.flatnonzero(filled == size)
            place = np.arange(size)
            index = work.take(first[chosen, None] + place, mode="clip").astype(np.int32)
            index[place >= length[chosen, None]] = -1
            owners.append(owner[first[chosen]])
            self.groups.append(index)
        self.owner = np.concatenate(owners) if owners else np.zeros(0, dtype=np.int64)

    def sums(self, rows: Rows, threshold: float, limit: float, order: np.ndarray | None = None) -> np.ndarray:
        r"""Sums over pairs of works inside each class and variant.

        Parameters
        ----------
        rows : Rows, shape (n, K)
        threshold, limit : float
            Similarity :math:`s\sqrt{K-1}` beyond which the tail counts, and from which a pair is close; both positive.
        order : ndarray of int, shape (n,), optional
            Work number i is taken to be work ``order[i]``.

        Returns
        -------
        ndarray, shape (C, 4)
            Pairs; sum of similarities; sum of their squared excess over the threshold; close pairs.
        """
        return self.sums_of_all(rows, threshold, limit, [order])[0]

    def sums_of_all(
        self, rows: Rows, threshold: float, limit: float, orders: Sequence[np.ndarray | None]
    ) -> np.ndarray:
        """`sums` of several orders at once, (len(orders), C, 4): small regions spend less on the way to their pairs."""
        # Likeness is left without its factor √(K − 1): the limits are divided by it, and the sums multiplied.
        root = np.sqrt(max(rows.shape[1] - 1, 1))
        low, near = np.float32(threshold / root), np.float32(limit / root)
        found = np.empty((len(orders), len(self.owner), 3))
        done = 0
        # Each pair stands twice in its square.
        for works in self.groups:
            size = works.shape[1]
            ones = np.ones(size * size, np.float32)
            block = max(1, _PAIRS_AT_ONCE // (size**2 * len(orders)))
            for first in range(0, len(works), block):
                index = works[first : first + block]
                moved = np.stack([index if order is None else order.take(index) for order in orders])
                own = rows.take(moved.reshape(-1, size), axis=0)
                if index[:, -1].min() < 0:
                    own[np.concatenate([index < 0] * len(orders))] = 0.0
                # Small matrices are multiplied twice as fast where the second one lies in its own order.
                flat = np.matmul(own, np.ascontiguousarray(own.transpose(0, 2, 1))).reshape(len(own), -1)
                flat[:, :: size + 1] = 0.0
                part = found[:, done + first : done + first + len(index)]
                part[:, :, 0] = (flat @ ones).reshape(len(orders), -1)
                close = np.flatnonzero(flat >= near)
                part[:, :, 2] = np.bincount(close // size**2, minlength=len(flat)).reshape(len(orders), -1)
                np.maximum(flat, low, out=flat)
                flat -= low
                part[:, :, 1] = np.vecdot(flat, flat).reshape(len(orders), -1)
            done += len(works)
        found *= np.array([root, root * root, 1.0]) / 2
        sums = np.empty((len(orders), self.classes, 4))
        sums[:, :, 0] = self.pairs
        for number, own_sums in enumerate(found):
            for column in range(3):
                sums[number, :, column + 1] = np.bincount(
                    self.owner, weights=own_sums[:, column], minlength=self.classes
                )
        return sums


def class_sums(
    rows: np.ndarray, variant: np.ndarray, starts: np.ndarray, sizes: np.ndarray, threshold: float, limit: float
) -> np.ndarray:
    """Sums over pairs once; see `PairRuns.sums`."""
    return PairRuns(variant, starts, sizes).sums(rows, threshold, limit)


def exchanged(answers: Answers, rng: np.random.Generator, block: int) -> np.ndarray:
    """Order in which works have changed places once, (n,); see `exchanges`."""
    return exchanges(answers, rng, block, 1)[0]


def exchanges(answers: Answers, rng: np.random.Generator, block: int, times: int) -> np.ndarray:
    """Orders in which works have changed places with works of the same variant and about the same score.

    Parameters
    ----------
    answers : Answers
    rng : numpy.random.Generator
    block : int
        Works that change places among themselves.
    times : int
        How many independent orders; as many calls for one each would give the same.

    Returns
    -------
    ndarray of int, shape (times, n)
        Permutations: work number i is replaced by work number ``order[i]``.

    Notes
    -----
    Key, random digits and number of the work are packed into one whole number, and numbers are sorted: several times
    faster than sorting by three columns.
    """
    n = len(answers.score)
    orders = np.empty((times, n), dtype=np.int64)
    if n == 0:
        return orders
    key = answers.variant.astype(np.int64) * (int(answers.score.max()) + 1) + answers.score
    whole = n - n % block
    at_once = max(1, _DRAWS_AT_ONCE // n)
    for first in range(0, times, at_once):
        part = orders[first : first + at_once]
        # Many works draw when they need to, for two draws of each would be held beside all else.
        draws = rng.uniform(size=(len(part), 2, n)) if at_once > 1 else None
        draw = rng.uniform(size=(1, n)) if draws is None else draws[:, 0]
        sorted_by = _packed_order(key, int(key.max()) + 1, draw)
        draw = rng.uniform(size=(1, n)) if draws is None else draws[:, 1]
        places = np.empty_like(sorted_by)
        if whole:
            rows = _packed_rows(draw[:, :whole].reshape(-1, block)).reshape(len(part), -1, block)
            rows += np.arange(0, whole, block)[:, None]
            places[:, :whole] = rows.reshape(len(part), -1)
        places[:, whole:] = whole + np.argsort(draw[:, whole:], axis=1, kind="stable")
        for order, own, place in zip(part, sorted_by, places, strict=True):
            order[own] = own[place]
    return orders


def _packed_order(key: np.ndarray, keys: int, draw: np.ndarray) -> np.ndarray:
    """Numbers of works sorted by key, then by draw in [0, 1); one row of draws after another."""
    number_bits = max(1, int(len(key) - 1).bit_length())
    random_bits = _LARGEST_KEY - number_bits - max(1, int(keys - 1).bit_length())
    packed = (draw * float(1 << random_bits)).astype(np.int64)
    packed += key << random_bits
    packed <<= number_bits
    packed += np.arange(len(key))
    packed.sort(axis=-1)
    packed &= (1 << number_bits) - 1
    return packed


def _packed_rows(draw: np.ndarray) -> np.ndarray:
    """Columns sorted by draw, row by row."""
    number_bits = max(1, int(draw.shape[1] - 1).bit_length())
    packed = (draw * float(1 << (_LARGEST_KEY - number_bits))).astype(np.int64)
    packed <<= number_bits
    packed += np.arange(draw.shape[1])
    packed.sort(axis=1)
    packed &= (1 << number_bits) - 1
    return packed
