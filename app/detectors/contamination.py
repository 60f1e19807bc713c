"""What somebody may do to works, as functions of works: used by the simulation only.

Every change moves points of items and the score together, so that a work stays a sum of its items.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from app.detectors.base import PaperSpec

MANIPULATIONS = (
    "bump",
    "lift_twos",
    "copy_journal",
    "inflate",
    "leak_items",
    "lenient_open",
    "copy_class",
    "absent_weak",
)
"""bump: works one to three points under a cut lifted over it · lift_twos: works marked "2" lifted to a "3" ·
copy_journal: works moved to the mark of the journal · inflate: part of every work's lost points given back ·
leak_items: the hardest quarter of the items dictated · lenient_open: a point more for partly right answers to open
items (two points and more) · copy_class: works of a class copy the items of one strong work of their variant ·
absent_weak: works that would be marked "2", and half of those one or two points over the cut, are not there."""
BY_SCORE = ("bump", "lift_twos", "copy_journal", "inflate")
"""Those that aim at a score; the others aim at single items."""


def contaminate(
    rng: np.random.Generator, works: pd.DataFrame, spec: PaperSpec, kind: str, strength: float, rows: np.ndarray
) -> pd.DataFrame:
    """Works of one paper after a manipulation of the rows chosen.

    Parameters
    ----------
    rng : numpy.random.Generator
    works : DataFrame
        Works of one paper with ``score``, ``journal_mark`` and items.
    spec : PaperSpec
    kind : str
        One of `MANIPULATIONS`.
    strength : float
        Probability in [0, 1] that a work open to the manipulation is changed; for ``inflate`` the expected share of
        the lost points given back is half of it.
    rows : ndarray of bool, shape (n,)
        Works that may be touched.

    Returns
    -------
    DataFrame
        A changed copy.
    """
    if kind == "leak_items":
        return _with_points(works, spec, _dictated(rng, works, spec, strength), rows)
    if kind == "lenient_open":
        return _with_points(works, spec, _leniently_marked(rng, works, spec, strength), rows)
    if kind == "copy_class":
        return _with_points(works, spec, _copied(rng, works, spec, strength), rows)
    if kind not in (*BY_SCORE, "absent_weak"):
        raise ValueError(f"unknown manipulation {kind!r}")
    if spec.mark_from is None:
        raise ValueError("the paper has no official cuts")
    score = works["score"].to_numpy(dtype=np.int64)
    if kind == "absent_weak":
        kept_at_home = np.where(score < spec.mark_from[0], 1.0, np.where(score < spec.mark_from[0] + 2, 0.5, 0.0))
        away = rows & (rng.uniform(size=len(score)) < strength * kept_at_home)
        return works[~away].reset_index(drop=True)
    chance = rng.uniform(size=len(score)) < strength
    cuts = np.array(spec.mark_from)
    top = sum(spec.item_max)
    target = score.copy()
    if kind == "bump":
        for cut in cuts[::-1]:
            near = (score < cut) & (score >= cut - 3)
            target = np.where(near & chance, cut + (rng.uniform(size=len(score)) < 0.2), target)
    elif kind == "lift_twos":
        low = (score < cuts[0]) & chance
        target = np.where(low, cuts[0] + rng.binomial(2, 0.3, len(score)), target)
    elif kind == "copy_journal":
        target = np.where(chance, _towards_journal(rng, score, works["journal_mark"].to_numpy(), cuts, top), target)
    else:
        target = score + rng.binomial(top - score, strength / 2)
    return _with_scores(rng, works, spec, np.where(rows, np.minimum(target, top), score))


def heap_region(rng: np.random.Generator, works: pd.DataFrame, spec: PaperSpec, strength: float) -> pd.DataFrame:
    """Lift works one or two points under the first cut in every school alike."""
    if spec.mark_from is None:
        return works
    score = works["score"].to_numpy(dtype=np.int64)
    cut = spec.mark_from[0]
    lifted = (score >= cut - 2) & (score < cut) & (rng.uniform(size=len(score)) < strength)
    return _with_scores(rng, works, spec, np.where(lifted, cut, score))


def _towards_journal(
    rng: np.random.Generator, score: np.ndarray, journal: np.ndarray, cuts: np.ndarray, top: int
) -> np.ndarray:
    lower = np.concatenate(([0], cuts))[np.clip(journal.astype(np.int64), 2, 5) - 2]
    upper = np.concatenate((cuts - 1, [top]))[np.clip(journal.astype(np.int64), 2, 5) - 2]
    slack = rng.binomial(2, 0.35, len(score))
    raised = np.minimum(lower + slack, upper)
    lowered = np.maximum(upper - slack, lower)
    return np.where(score < lower, raised, np.where(score > upper, lowered, score))


def _dictated(rng: np.random.Generator, works: pd.DataFrame, spec: PaperSpec, strength: float) -> np.ndarray:
    """Each work gets the full points of the hardest quarter of the items, each item with probability `strength`."""
    points, limit = _points_of(works, spec), np.array(spec.item_max)
    hardest = np.argsort(points.mean(axis=0) / limit, kind="stable")[: max(1, len(limit) // 4)]
    told = rng.uniform(size=(len(points), len(hardest))) < strength
    points[:, hardest] = np.where(told, limit[hardest], points[:, hardest])
    return points


def _leniently_marked(rng: np.random.Generator, works: pd.DataFrame, spec: PaperSpec, strength: float) -> np.ndarray:
    """A point more for each partly right answer to an open item, and for some of the wrong ones."""
    points, limit = _points_of(works, spec), np.array(spec.item_max)
    chance = np.where(points > 0, strength, strength / 2)
    kind = rng.uniform(size=points.shape) < chance
    return points + (kind & (limit >= 2) & (points < limit))


def _copied(rng: np.random.Generator, works: pd.DataFrame, spec: PaperSpec, strength: float) -> np.ndarray:
    """In each class and variant a share of the works takes most answers of one of the three strongest works."""
    points = _points_of(works, spec)
    unit = works.groupby(["school", "class", "variant"], sort=True).ngroup().to_numpy()
    order = np.lexsort((rng.uniform(size=len(works)), -works["score"].to_numpy(), unit))
    first = np.searchsorted(unit[order], np.arange(unit.max() + 1))
    size = np.bincount(unit)
    source = order[first + np.minimum(rng.integers(0, 3, len(size)), size - 1)][unit]
    copies = rng.uniform(size=len(works)) < strength
    taken = copies[:, None] & (rng.uniform(size=points.shape) < 0.85)
    return np.where(taken, points[source], points)


def _points_of(works: pd.DataFrame, spec: PaperSpec) -> np.ndarray:
    return works[[f"item_{k + 1}" for k in range(len(spec.item_max))]].to_numpy(dtype=np.int64, copy=True)


def _with_points(works: pd.DataFrame, spec: PaperSpec, points: np.ndarray, rows: np.ndarray) -> pd.DataFrame:
    points = np.where(rows[:, None], points, _points_of(works, spec))
    changed = works.copy()
    changed[[f"item_{k + 1}" for k in range(len(spec.item_max))]] = points.astype(np.int8)
    changed["score"] = points.sum(axis=1)
    return changed


def _with_scores(rng: np.random.Generator, works: pd.DataFrame, spec: PaperSpec, target: np.ndarray) -> pd.DataFrame:
    names = [f"item_{k + 1}" for k in range(len(spec.item_max))]
    points = works[names].to_numpy(dtype=np.int64, copy=True)
    limit = np.array(spec.item_max)
    need = target - works["score"].to_numpy(dtype=np.int64)
    room = np.where(need[:, None] > 0, limit - points, points)
    order = np.argsort(rng.uniform(size=points.shape), axis=1)
    stacked = np.take_along_axis(room, order, axis=1)
    before = np.cumsum(stacked, axis=1) - stacked
    taken = np.clip(np.abs(need)[:, None] - before, 0, stacked)
    change = np.zeros_like(points)
    np.put_along_axis(change, order, taken, axis=1)
    points += np.sign(need)[:, None] * change
    changed = works.copy()
    changed[names] = points.astype(np.int8)
    changed["score"] = points.sum(axis=1)
    return changed
