"""The manipulations carried out in another manner, for held-out trials: other people, other habits.

Where `contamination` lifts any of the last three points with one probability, here the nearest works are lifted
oftenest and land further above the cut; hard items are not dictated to all alike but told in a whispered block; and so
on. A detector tuned to one manner alone shows it here.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from app.detectors.base import PaperSpec


def changed_points(
    rng: np.random.Generator, works: pd.DataFrame, spec: PaperSpec, kind: str, strength: float, points: np.ndarray
) -> np.ndarray:
    """Points of all works as they would be if every work might be touched, shape (n, K).

    Parameters
    ----------
    rng : numpy.random.Generator
    works : DataFrame
        Works of one paper.
    spec : PaperSpec
    kind : str
        Any of `contamination.MANIPULATIONS` but ``absent_weak``.
    strength : float
        In [0, 1].
    points : ndarray of int, shape (n, K)
    """
    limit = np.array(spec.item_max)
    score = points.sum(axis=1)
    if kind == "leak_items":
        return _whispered(rng, points, limit, strength)
    if kind == "lenient_open":
        return _generous(rng, points, limit, strength)
    if kind == "copy_class":
        return _shared_key(rng, works, points, limit, strength)
    if kind == "inflate":
        # The weaker the work, the more is given back, and only to items begun: a teacher finishes what is there.
        need = rng.binomial(limit.sum() - score, np.clip(strength * (1 - score / limit.sum()), 0, 1))
        return _filled(rng, points, limit, need, prefer_begun=True)
    if spec.mark_from is None:
        raise ValueError("the paper has no official cuts")
    cuts = np.array(spec.mark_from)
    if kind == "bump":
        return _filled(rng, points, limit, _bump(rng, score, cuts, strength), prefer_begun=True)
    if kind == "lift_twos":
        chance = strength * np.exp(-(cuts[0] - score) / (0.6 * cuts[0]))
        lifted = (score < cuts[0]) & (rng.uniform(size=len(score)) < chance * 1.5)
        need = np.where(lifted, cuts[0] - score + rng.geometric(0.6, len(score)) - 1, 0)
        return _filled(rng, points, limit, need, prefer_begun=False)
    journal = works["journal_mark"].to_numpy(dtype=float, na_value=np.nan)
    return _to_journal(rng, points, limit, cuts, journal, strength)


def kept_away(rng: np.random.Generator, works: pd.DataFrame, spec: PaperSpec, strength: float) -> np.ndarray:
    """Whose works are not there: the lower the journal mark and the score, the likelier."""
    score = works["score"].to_numpy(dtype=float)
    first = spec.mark_from[0] if spec.mark_from is not None else 0.3 * spec.max_score
    width = max(1.0, 0.12 * spec.max_score)
    weak = 1.0 / (1.0 + np.exp((score - first) / (0.5 * width)))
    journal = (
        works["journal_mark"].to_numpy(dtype=float, na_value=np.nan)
        if "journal_mark" in works
        else np.full(len(works), 3)
    )
    # It is decided the day before, by what is known of the pupil: the journal.
    known = np.where(np.nan_to_num(journal, nan=3.0) <= 3, 1.0, 0.25)
    return rng.uniform(size=len(score)) < strength * weak * known


def _bump(rng: np.random.Generator, score: np.ndarray, cuts: np.ndarray, strength: float) -> np.ndarray:
    need = np.zeros(len(score), dtype=np.int64)
    for cut in cuts:
        short = cut - score
        chance = strength * np.select([short == 1, short == 2, short == 3], [1.2, 0.9, 0.5], 0.0)
        lifted = rng.uniform(size=len(score)) < chance
        need = np.where(lifted, short + rng.binomial(2, 0.25, len(score)), need)
    return need


def _whispered(rng: np.random.Generator, points: np.ndarray, limit: np.ndarray, strength: float) -> np.ndarray:
    """Two neighbouring blocks of items from the harder half, told to one part of the works and not to the other."""
    K = len(limit)
    hard = np.argsort(points.mean(axis=0) / limit, kind="stable")[: max(2, K // 2)]
    told = rng.choice(hard, max(1, round(0.3 * K)), replace=False)
    hears = rng.uniform(size=len(points)) < np.sqrt(strength)
    right = hears[:, None] & (rng.uniform(size=(len(points), len(told))) < np.sqrt(strength))
    points = points.copy()
    points[:, told] = np.where(right, limit[told], points[:, told])
    return points


def _generous(rng: np.random.Generator, points: np.ndarray, limit: np.ndarray, strength: float) -> np.ndarray:
    """Answers to open items become full marks oftener than a point more, and empty answers stay empty."""
    begun = (points > 0) & (points < limit) & (limit >= 2)
    full = rng.uniform(size=points.shape) < strength
    blank = (points == 0) & (limit >= 2) & (rng.uniform(size=points.shape) < 0.4 * strength)
    return np.where(begun & full, limit, points + blank)


def _shared_key(
    rng: np.random.Generator, works: pd.DataFrame, points: np.ndarray, limit: np.ndarray, strength: float
) -> np.ndarray:
    """A class shares one key with mistakes in it: each pupil takes the items they could not do."""
    known = [name for name in ("school", "class") if name in works]
    unit = works.groupby(known, sort=True, dropna=False).ngroup().to_numpy()
    right = rng.uniform(size=(int(unit.max()) + 1, len(limit))) < 0.8
    wrong = np.floor(rng.uniform(size=right.shape) * limit).astype(np.int64)
    key = np.where(right, limit, wrong)[unit]
    takes = rng.uniform(size=len(points)) < strength
    taken = takes[:, None] & (rng.uniform(size=points.shape) < 0.75) & (points < limit)
    return np.where(taken, key, points)


def _to_journal(
    rng: np.random.Generator,
    points: np.ndarray,
    limit: np.ndarray,
    cuts: np.ndarray,
    journal: np.ndarray,
    strength: float,
) -> np.ndarray:
    """Works under their journal mark are raised into its band, anywhere in it; few that lie over it are lowered."""
    score = points.sum(axis=1)
    edges = np.concatenate(([0], cuts, [limit.sum() + 1]))
    band = np.clip(np.nan_to_num(journal, nan=3.0).astype(np.int64), 2, 5) - 2
    lower, upper = edges[band], edges[band + 1] - 1
    landing = lower + np.floor((upper - lower + 1) * rng.beta(1.0, 2.5, len(score))).astype(np.int64)
    known = np.isfinite(journal)
    raised = known & (score < lower) & (rng.uniform(size=len(score)) < strength * 1.1)
    lowered = known & (score > upper) & (rng.uniform(size=len(score)) < 0.5 * strength)
    points = _filled(rng, points, limit, np.where(raised, landing - score, 0), prefer_begun=False)
    return limit - _filled(rng, limit - points, limit, np.where(lowered, score - upper, 0), prefer_begun=False)


def _filled(
    rng: np.random.Generator, points: np.ndarray, limit: np.ndarray, need: np.ndarray, *, prefer_begun: bool
) -> np.ndarray:
    """Points with `need` more in each work (as far as they fit), in items begun first if so asked."""
    room = limit - points
    key = rng.uniform(size=points.shape) - (prefer_begun & (points > 0))
    order = np.argsort(key, axis=1)
    stacked = np.take_along_axis(room, order, axis=1)
    before = np.cumsum(stacked, axis=1) - stacked
    taken = np.clip(np.maximum(need, 0)[:, None] - before, 0, stacked)
    change = np.zeros_like(points)
    np.put_along_axis(change, order, taken, axis=1)
    return points + change
