"""What somebody may do to works, as functions of works: used by the simulation only.

Every change moves points of items and the score together, so that a work stays a sum of its items.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from app.detectors import contamination_other
from app.detectors.base import PaperSpec
from app.detectors.work_codes import points_in
from app.frames import item_columns

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
_SEQUENCE = (
    "absent_weak", "leak_items", "copy_class", "lenient_open", "copy_journal", "inflate", "lift_twos", "bump"
)  # fmt: skip
MANNERS = ("own", "other")
"""Two ways of doing each of them, so that nobody tunes detectors to one."""
_NUMBER = "_number_of_the_work"
_TOUCHED = "_may_be_touched"


def contaminate(
    rng: np.random.Generator,
    works: pd.DataFrame,
    spec: PaperSpec,
    kind: str,
    strength: float,
    rows: np.ndarray,
    *,
    manner: str = "own",
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
        Works that may be touched; no other is.
    manner : str
        ``own`` carries the manipulations out as written here, ``other`` as in `contamination_other`.

    Returns
    -------
    DataFrame
        A changed copy. Strength 0 changes nothing.

    Raises
    ------
    ValueError
        The manipulation or the manner is unknown, or needs cuts that the paper does not have.
    """
    if kind not in MANIPULATIONS:
        raise ValueError(f"unknown manipulation {kind!r}")
    if manner not in MANNERS:
        raise ValueError(f"unknown manner {manner!r}")
    if manner == "other":
        return _otherwise(rng, works, spec, kind, strength, rows)
    score = works["score"].to_numpy(dtype=np.int64)
    if kind == "absent_weak":
        return works[~(rows & kept_away(rng, score, spec, strength))].reset_index(drop=True)
    journal = works["journal_mark"].to_numpy(dtype=float, na_value=np.nan) if kind == "copy_journal" else None
    unit = _unit_of(works) if kind == "copy_class" else None
    points = changed_points(rng, spec, kind, strength, points_of_works(works, spec), score, journal=journal, unit=unit)
    return with_points(works, spec, points, rows)


def kept_away(rng: np.random.Generator, score: np.ndarray, spec: PaperSpec, strength: float) -> np.ndarray:
    """Which works ``absent_weak`` takes away, (n,).

    Raises
    ------
    ValueError
        The paper has no cuts.
    """
    if spec.mark_from is None:
        raise ValueError("the paper has no official cuts")
    kept_at_home = np.where(score < spec.mark_from[0], 1.0, np.where(score < spec.mark_from[0] + 2, 0.5, 0.0))
    return rng.uniform(size=len(score)) < strength * kept_at_home


def changed_points(
    rng: np.random.Generator,
    spec: PaperSpec,
    kind: str,
    strength: float,
    points: np.ndarray,
    score: np.ndarray,
    *,
    journal: np.ndarray | None = None,
    unit: np.ndarray | None = None,
    easiness: np.ndarray | None = None,
) -> np.ndarray:
    """Points of works after a manipulation of all of them.

    Parameters
    ----------
    rng, spec, strength
        As for `contaminate`.
    kind : str
        Any of `MANIPULATIONS` but ``absent_weak``.
    points : ndarray of int, shape (n, K)
    score : ndarray of int, shape (n,)
    journal : ndarray, shape (n,), optional
        Marks of the journal, NaN where there is none; ``copy_journal`` asks for them.
    unit : ndarray of int, shape (n,), optional
        Number of the group that sat together, from zero; ``copy_class`` asks for it.
    easiness : ndarray, shape (K,), optional
        Mean share of each item's points, where these works are but some of the paper's; ``leak_items`` looks at it.

    Returns
    -------
    ndarray of int, shape (n, K)

    Raises
    ------
    ValueError
        The manipulation needs cuts that the paper does not have, or what was not given.
    """
    limit = np.array(spec.item_max)
    if kind == "leak_items":
        return _dictated(rng, points, limit, strength, points.mean(axis=0) / limit if easiness is None else easiness)
    if kind == "lenient_open":
        return _leniently_marked(rng, points, limit, strength)
    if kind == "copy_class":
        if unit is None:
            raise ValueError("copying asks for the groups that sat together")
        return _copied(rng, points, score, unit, strength)
    if spec.mark_from is None:
        raise ValueError("the paper has no official cuts")
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
        if journal is None:
            raise ValueError("marks drawn to the journal ask for the journal")
        moved = _towards_journal(rng, score, np.nan_to_num(journal, nan=3.0), cuts, top)
        target = np.where(chance & np.isfinite(journal), moved, target)
    else:
        target = score + rng.binomial(top - score, strength / 2)
    return _moved_to(rng, points, limit, np.minimum(target, top) - score)


def contaminate_by_all(
    rng: np.random.Generator,
    works: pd.DataFrame,
    spec: PaperSpec,
    kinds: Sequence[str],
    strength: float,
    rows: np.ndarray,
    *,
    manner: str = "own",
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Works after several manipulations of the same rows, in the order in which people would come to them.

    Whoever is kept absent leaves first, answers are dictated and copied next, marking and the totals come last.

    Parameters
    ----------
    rng, works, spec, strength, rows, manner
        As for `contaminate`.
    kinds : sequence of str
        Of `MANIPULATIONS`; the order given does not matter.

    Returns
    -------
    DataFrame
        A changed copy.
    dict
        School → how many of its works were taken away or given other points. A school that is not there is as it was:
        there was nothing to bend (nobody under the cut to be lifted or kept at home).
    """
    after = works.assign(**{_TOUCHED: rows, _NUMBER: np.arange(len(works))})
    for kind in sorted(kinds, key=_SEQUENCE.index):
        after = contaminate(rng, after, spec, kind, strength, after[_TOUCHED].to_numpy(), manner=manner)
    columns = ["score", *item_columns(works.columns)]
    before, now = (frame[columns].to_numpy(dtype=float, na_value=-1.0) for frame in (works, after))
    kept = after[_NUMBER].to_numpy()
    changed = np.ones(len(works), dtype=bool)
    changed[kept] = (before[kept] != now).any(axis=1)
    counted = works["school"][changed].value_counts()
    return after.drop(columns=[_TOUCHED, _NUMBER]), {str(school): int(n) for school, n in counted.items() if n}


def heap_region(rng: np.random.Generator, works: pd.DataFrame, spec: PaperSpec, strength: float) -> pd.DataFrame:
    """Lift works one or two points under the first cut in every school alike."""
    if spec.mark_from is None:
        return works
    score = works["score"].to_numpy(dtype=np.int64)
    cut = spec.mark_from[0]
    lifted = (score >= cut - 2) & (score < cut) & (rng.uniform(size=len(score)) < strength)
    need = np.where(lifted, cut - score, 0)
    points = _moved_to(rng, points_of_works(works, spec), np.array(spec.item_max), need)
    return with_points(works, spec, points, np.ones(len(works), dtype=bool))


def _towards_journal(
    rng: np.random.Generator, score: np.ndarray, journal: np.ndarray, cuts: np.ndarray, top: int
) -> np.ndarray:
    lower = np.concatenate(([0], cuts))[np.clip(journal.astype(np.int64), 2, 5) - 2]
    upper = np.concatenate((cuts - 1, [top]))[np.clip(journal.astype(np.int64), 2, 5) - 2]
    slack = rng.binomial(2, 0.35, len(score))
    raised = np.minimum(lower + slack, upper)
    lowered = np.maximum(upper - slack, lower)
    return np.where(score < lower, raised, np.where(score > upper, lowered, score))


def _otherwise(
    rng: np.random.Generator, works: pd.DataFrame, spec: PaperSpec, kind: str, strength: float, rows: np.ndarray
) -> pd.DataFrame:
    if kind == "absent_weak":
        away = rows & contamination_other.kept_away(rng, works, spec, strength)
        return works[~away].reset_index(drop=True)
    points = contamination_other.changed_points(rng, works, spec, kind, strength, points_of_works(works, spec))
    return with_points(works, spec, points, rows)


def _dictated(
    rng: np.random.Generator, points: np.ndarray, limit: np.ndarray, strength: float, easiness: np.ndarray
) -> np.ndarray:
    """Each work gets the full points of the hardest quarter of the items, each item with probability `strength`."""
    hardest = np.argsort(easiness, kind="stable")[: max(1, len(limit) // 4)]
    told = rng.uniform(size=(len(points), len(hardest))) < strength
    changed = points.copy()
    changed[:, hardest] = np.where(told, limit[hardest], points[:, hardest])
    return changed


def _leniently_marked(rng: np.random.Generator, points: np.ndarray, limit: np.ndarray, strength: float) -> np.ndarray:
    """A point more for each partly right answer to an open item, and for some of the wrong ones."""
    chance = np.where(points > 0, strength, strength / 2)
    kind = rng.uniform(size=points.shape) < chance
    return points + (kind & (limit >= 2) & (points < limit))


def _copied(
    rng: np.random.Generator, points: np.ndarray, score: np.ndarray, unit: np.ndarray, strength: float
) -> np.ndarray:
    """In each class and variant a share of the works takes most answers of one of the three strongest works."""
    order = np.lexsort((rng.uniform(size=len(score)), -score, unit))
    first = np.searchsorted(unit[order], np.arange(unit.max() + 1))
    size = np.bincount(unit)
    source = order[first + np.minimum(rng.integers(0, 3, len(size)), size - 1)][unit]
    copies = rng.uniform(size=len(score)) < strength
    taken = copies[:, None] & (rng.uniform(size=points.shape) < 0.85)
    return np.where(taken, points[source], points)


def _unit_of(works: pd.DataFrame) -> np.ndarray:
    """Number of the group that sat together: school, class and variant, as far as they are known."""
    known = [name for name in ("school", "class", "variant") if name in works]
    return works.groupby(known, sort=True, dropna=False).ngroup().to_numpy()


def _item_names(spec: PaperSpec) -> list[str]:
    return [f"item_{k + 1}" for k in range(len(spec.item_max))]


def points_of_works(works: pd.DataFrame, spec: PaperSpec) -> np.ndarray:
    """Points of the items, shape (n, K); an item not attempted or not taught has none."""
    return np.column_stack([points_in(works[name]).astype(np.int64) for name in _item_names(spec)])


def with_points(works: pd.DataFrame, spec: PaperSpec, points: np.ndarray, rows: np.ndarray) -> pd.DataFrame:
    """Works of one paper with other points, (n, K), in the rows chosen; scores and marks follow."""
    before = points_of_works(works, spec)
    points = np.where(rows[:, None], points, before)
    moved = (points != before).any(axis=1)
    changed = works.copy()
    for k, name in enumerate(_item_names(spec)):
        # An item that was not attempted stays so, unless somebody put points there.
        kept = works[name].isna().to_numpy() & (points[:, k] == before[:, k])
        if kept.any():
            values = pd.Series(points[:, k], index=works.index).astype(works[name].dtype)
            changed[name] = values.mask(kept)
        else:
            changed[name] = points[:, k].astype(np.int8)
    score = np.where(moved, points.sum(axis=1), works["score"].to_numpy(dtype=np.int64))
    changed["score"] = score
    if "mark" in works and spec.mark_from is not None:
        marks = 2 + np.searchsorted(np.array(spec.mark_from), score, side="right")
        changed["mark"] = works["mark"].where(~moved, pd.Series(marks, index=works.index).astype(works["mark"].dtype))
    return changed


def _moved_to(rng: np.random.Generator, points: np.ndarray, limit: np.ndarray, need: np.ndarray) -> np.ndarray:
    """Points of works that gain or lose as many as they need, in items drawn at random."""
    room = np.where(need[:, None] > 0, limit - points, points)
    order = np.argsort(rng.uniform(size=points.shape), axis=1)
    stacked = np.take_along_axis(room, order, axis=1)
    before = np.cumsum(stacked, axis=1) - stacked
    taken = np.clip(np.abs(need)[:, None] - before, 0, stacked)
    change = np.zeros_like(points)
    np.put_along_axis(change, order, taken, axis=1)
    return points + np.sign(need)[:, None] * change
