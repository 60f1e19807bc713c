"""What is shown of the items of each school: completion beside what the scores imply, and the items that stand out."""

from __future__ import annotations

import numpy as np

_SCHOOLS_AT_ONCE = 512
_A = np.ndarray
_Eight = tuple[_A, _A, _A, _A, _A, _A, _A, _A]


def nothing_described(items: int) -> _Eight:
    """`described` of no school."""
    wide, flat = np.zeros((0, items)), np.zeros(0)
    return wide, wide, wide, wide, wide.astype(bool), flat, flat, flat


def described(
    decided: np.ndarray,
    item_z: np.ndarray,
    filled: np.ndarray,
    n: np.ndarray,
    own: np.ndarray,
    residual: np.ndarray,
    works: np.ndarray,
    covariance: np.ndarray,
    tau2: float,
    limit: np.ndarray,
) -> _Eight:
    """What `item_profile.ProfileResult` tells of S schools and K items beside what is judged.

    Parameters
    ----------
    decided : ndarray of int, shape (S,)
        Part that decided.
    item_z : ndarray, shape (S, K)
    filled : ndarray of bool, shape (S, K)
        Items that were filled in: nobody's work, and not shown as such.
    n : ndarray, shape (S,)
        Number of works.
    own, residual : ndarray, shape (S, K)
        Points earned, and beyond what the scores imply.
    works : ndarray, shape (S, M + 1)
        As they weigh in the variance.
    covariance : ndarray, shape (M + 1, K, K)
    tau2 : float
        Variance between honest schools.
    limit : ndarray, shape (K,)

    Returns
    -------
    completion, expected, deviation, item_z, shown : ndarray, shape (S, K)
    effect, low, high : ndarray, shape (S,)
    """
    n = np.maximum(n, 1)
    shown = _shown(decided, item_z, filled, own.sum(axis=0) / limit, limit)
    completion = own / n[:, None] / limit
    variance = np.maximum(works @ np.einsum("skk->sk", covariance), 1e-9)
    deviation = np.sqrt(variance + tau2 * variance**2) / n[:, None] / limit
    expected = np.clip(completion - residual / n[:, None] / limit, 0.0, 1.0)
    completion, expected, item_z = (np.where(filled, 0.0, v) for v in (completion, expected, item_z))
    extra = tau2 * np.einsum("ik,ik->i", shown, variance**2)
    scale = n * np.maximum(shown @ limit, 1e-9)
    effect = (residual * shown).sum(axis=1) / scale
    half = 1.96 * np.sqrt(np.maximum(_joint_variance(works, covariance, shown), 1e-9) + extra) / scale
    return completion, expected, deviation, item_z, shown, effect, effect - half, effect + half


def _joint_variance(works: np.ndarray, covariance: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """Variance of each school's sum of residuals over the items shown, (S,)."""
    width, K = covariance.shape[:2]
    flat = covariance.reshape(width, K * K)
    # Of a single item it is the item's own variance.
    joint = (works @ np.einsum("skk->sk", covariance) * shown).sum(axis=1)
    several = np.flatnonzero(shown.sum(axis=1) > 1)
    for first in range(0, len(several), _SCHOOLS_AT_ONCE):
        rows = several[first : first + _SCHOOLS_AT_ONCE]
        chosen = shown[rows].astype(float)
        both = (works[rows] @ flat).reshape(-1, K, K) @ chosen[:, :, None]
        joint[rows] = (both[:, :, 0] * chosen).sum(axis=1)
    return joint


def _shown(
    decided: np.ndarray, item_z: np.ndarray, filled: np.ndarray, completion: np.ndarray, limit: np.ndarray
) -> np.ndarray:
    """Items that the deciding part speaks of: those of the harder half or the open ones that stand out, or one item.

    They are chosen by what the school did, so their interval describes and does not test: p is that of the part.
    """
    K = len(limit)
    hard = np.zeros(K, dtype=bool)
    hard[np.argsort(completion, kind="stable")[: max(1, K // 2)]] = True
    kinds = np.stack((hard, limit >= 2, np.ones(K, dtype=bool), np.ones(K, dtype=bool)))[decided]
    own = np.where(kinds & ~filled, np.where((decided == 3)[:, None], np.abs(item_z), item_z), -np.inf)
    farthest = np.arange(K) == np.argmax(own, axis=1)[:, None]
    return farthest | ((decided < 2)[:, None] & (own >= 1.0))
