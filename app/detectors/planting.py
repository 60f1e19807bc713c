"""What the known mechanisms would do in this very region: planted into a copy of its works, and measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from app.detectors.base import PaperSpec
from app.detectors.combination import FamilyScores
from app.detectors.contamination import BY_SCORE, changed_points, kept_away, points_of_works, with_points
from app.detectors.mechanisms import Profiles, felt, kinds_of, room
from app.detectors.params import MechanismParams
from app.detectors.region_scale import region_scales
from app.detectors.tables import PaperTable
from app.detectors.work_codes import coded, distinct, numbers, points_in
from app.frames import item_columns
from app.terms import Mechanism

_SEED = 20_210_415
_LEFT_OUT = -2
_LEAST_EACH = 3
OWN_WEIGHT = 0.8
"""Weight of the region's own measurement beside the shipped profile."""
_NEED_CUTS = (*(Mechanism(name) for name in BY_SCORE), Mechanism.ABSENT_WEAK)
_NEED_ITEMS = (Mechanism.LEAK_ITEMS, Mechanism.LENIENT_OPEN, Mechanism.COPY_CLASS)


def papers_to_plant(papers: Sequence[PaperSpec], works: Sequence[float], params: MechanismParams) -> list[int]:
    """Numbers of the papers whose works are copied: whole grades, until there are enough papers.

    Parameters
    ----------
    papers : sequence of PaperSpec
        One year's.
    works : sequence of float
        Number of works of each.
    params : MechanismParams

    Returns
    -------
    list of int
        In the order given. First come grades with more papers that have cuts (what is done to them is seen by more
        detectors), then those with more works: who is missing shows only beside other papers of the grade.
    """
    grades: dict[int, list[int]] = {}
    for number, spec in enumerate(papers):
        grades.setdefault(spec.grade, []).append(number)

    def worth(own: list[int]) -> tuple[int, float, int]:
        return sum(papers[i].mark_from is not None for i in own), sum(works[i] for i in own), -own[0]

    chosen: list[int] = []
    for of_grade in sorted(grades.values(), key=worth, reverse=True):
        if len(chosen) < params.planted_papers:
            chosen += of_grade[: max(params.planted_papers - len(chosen), 2)]
    return sorted(chosen)


def are_enough(tables: Sequence[PaperTable], params: MechanismParams) -> bool:
    """Whether these papers have schools enough for `choose` to spare some."""
    large = np.unique(np.concatenate([table.schools[table.n >= params.planted_from] for table in tables]))
    return _for_each_kind(len(large), params) >= _LEAST_EACH


def _for_each_kind(large: int, params: MechanismParams) -> int:
    """Schools that each mechanism is planted into, of so many large ones."""
    return min(params.planted_each, large // (4 * len(Mechanism)))


def choose(names: np.ndarray, works: np.ndarray, params: MechanismParams) -> tuple[np.ndarray, np.ndarray] | None:
    """Schools of the copy, and the number of the mechanism planted into each (−1: none).

    Parameters
    ----------
    names : ndarray of str, shape (S,)
    works : ndarray, shape (S, P)
    params : MechanismParams

    Returns
    -------
    (ndarray of str, ndarray of int) or None
        The same schools and works give the same choice; None where the region is too small to spare them.
    """
    large = works.max(axis=1) >= params.planted_from
    kinds = len(Mechanism)
    each = _for_each_kind(int(large.sum()), params)
    if each < _LEAST_EACH:
        return None
    rng = np.random.default_rng(_SEED)
    planted = rng.choice(np.flatnonzero(large), each * kinds, replace=False)
    others = np.setdiff1d(np.flatnonzero(works.sum(axis=1) > 0), planted)
    background = rng.choice(others, min(len(others), max(params.planted_schools - len(planted), 0)), replace=False)
    chosen = np.sort(np.concatenate((planted, background)))
    kind = np.full(len(names), -1)
    kind[planted] = np.arange(len(planted)) % kinds
    return names[chosen], kind[chosen]


def drawing() -> np.random.Generator:
    """What a copy is drawn with, paper after paper; always the same."""
    return np.random.default_rng(_SEED + 1)


def planted_works(
    works: pd.DataFrame, papers: Sequence[PaperSpec], names: np.ndarray, kind: np.ndarray, strength: float
) -> pd.DataFrame:
    """Works of the schools named, with a mechanism planted into some of them.

    Parameters
    ----------
    works : DataFrame
        Columns of `app.frames.WORKS` and items.
    papers : sequence of PaperSpec
        One year's.
    names : ndarray of str
    kind : ndarray of int
        Number of the mechanism in `Mechanism`; −1 for none.
    strength : float
        As for `contamination.contaminate`.

    Returns
    -------
    DataFrame
        What a paper cannot show (no items, no cuts, no journal marks) is not planted.
    """
    rng = drawing()
    codes, words = coded(works["school"])
    of_school = dict(zip(names.tolist(), kind.tolist(), strict=True))
    # Works of no school, code −1, find the last place.
    kinds = np.array([of_school.get(word, _LEFT_OUT) for word in words.tolist()] + [_LEFT_OUT])[codes]
    subjects, known = coded(works["subject"])
    grades = works["grade"].to_numpy(dtype=np.int64)
    untouched = np.zeros(len(works), dtype=bool)
    parts = []
    for spec in papers:
        own = (kinds > _LEFT_OUT) & (grades == spec.grade) & np.append(known == spec.subject, False)[subjects]
        untouched |= own & (kinds < 0)
        rows = np.flatnonzero(own & (kinds >= 0))
        if len(rows):
            frame = works.iloc[rows]
            order = _order(frame)
            parts.append(_planted(rng, frame.iloc[order], kinds[rows[order]], spec, works, own, strength))
    return pd.concat([works[untouched], *parts], ignore_index=True)


def _order(frame: pd.DataFrame) -> np.ndarray:
    """The order of the works, the same whatever order they came in."""
    keys = [coded(frame[name])[0] for name in ("school", "class", "variant", "participant") if name in frame]
    return order_of_rows(keys, lambda: [numbers(frame[name]) for name in ("score", *item_columns(frame.columns))])


def order_of_rows(keys: Sequence[np.ndarray], rest: Callable[[], Sequence[np.ndarray]]) -> np.ndarray:
    """Order by codes, −1 for none, and where those tie by what else is known, the first of each weighing most."""
    key = np.zeros(len(keys[0]), dtype=np.int64)
    size = 1
    for own in keys:
        width = int(own.max(initial=-1)) + 2
        size *= width
        key = key * width + own + 1
    if size < 2**62:
        order = np.argsort(key, kind="stable")
        if np.all(np.diff(key[order]) > 0):
            return order
    return np.lexsort((*rest()[::-1], *keys[::-1]))


def _planted(
    rng: np.random.Generator,
    frame: pd.DataFrame,
    kinds: np.ndarray,
    spec: PaperSpec,
    works: pd.DataFrame,
    own: np.ndarray,
    strength: float,
) -> pd.DataFrame:
    """Works of one paper, each with the mechanism of its kind; `own` of all works are the paper's."""
    items = [f"item_{k + 1}" for k in range(len(spec.item_max))]
    has_items = set(items) <= set(frame.columns)
    points, away = carried_out(
        rng,
        kinds,
        spec,
        strength,
        score=frame["score"].to_numpy(dtype=np.int64),
        points=points_of_works(frame, spec) if has_items else None,
        journal=numbers(frame["journal_mark"]) if "journal_mark" in frame else np.full(len(frame), np.nan),
        together=lambda rows: _together(frame.iloc[rows]),
        easiness=lambda: _easiness(works, own, items, spec),
    )
    if points is not None:
        frame = with_points(frame, spec, points, np.ones(len(frame), dtype=bool))
    return frame[~away]


def carried_out(
    rng: np.random.Generator,
    kinds: np.ndarray,
    spec: PaperSpec,
    strength: float,
    *,
    score: np.ndarray,
    points: np.ndarray | None,
    journal: np.ndarray,
    together: Callable[[np.ndarray], np.ndarray],
    easiness: Callable[[], np.ndarray],
) -> tuple[np.ndarray | None, np.ndarray]:
    """Carry out on works of one paper, which stand in the order of `order_of_rows`, the mechanism of each.

    Parameters
    ----------
    rng : numpy.random.Generator
    kinds : ndarray of int, shape (n,)
        Number of each work's mechanism in `Mechanism`.
    spec : PaperSpec
    strength : float
        As for `contamination.contaminate`.
    score : ndarray of int, shape (n,)
    points : ndarray of int, shape (n, K), or None
        None where the works have no items.
    journal : ndarray, shape (n,)
        NaN for none.
    together : callable
        Given rows, the number of the school, class and variant of each.
    easiness : callable
        Mean share of each item's points in the paper, (K,).

    Returns
    -------
    points : ndarray of int, shape (n, K), or None
    away : ndarray of bool, shape (n,)
        Works that are not there.
    """
    points = None if points is None else points.copy()
    away = np.zeros(len(score), dtype=bool)
    for number, mechanism in enumerate(Mechanism):
        if points is None and mechanism in (*_NEED_ITEMS, *BY_SCORE):
            continue
        if spec.mark_from is None and mechanism in _NEED_CUTS:
            continue
        rows = np.flatnonzero(kinds == number)
        if mechanism is Mechanism.COPY_JOURNAL:
            rows = rows[np.isin(journal[rows], (2, 3, 4, 5))]
        if len(rows) == 0:
            continue
        if mechanism is Mechanism.ABSENT_WEAK:
            away[rows] = kept_away(rng, score[rows], spec, strength)
            continue
        assert points is not None
        points[rows] = changed_points(
            rng,
            spec,
            mechanism.value,
            strength,
            points[rows],
            score[rows],
            journal=journal[rows],
            unit=together(rows) if mechanism is Mechanism.COPY_CLASS else None,
            easiness=easiness() if mechanism is Mechanism.LEAK_ITEMS else None,
        )
    return points, away


def _together(frame: pd.DataFrame) -> np.ndarray:
    """Number of the school, class and variant of each work; unknown ones count as one."""
    return numbered_together([coded(frame[name])[0] for name in ("school", "class", "variant") if name in frame])


def numbered_together(keys: Sequence[np.ndarray]) -> np.ndarray:
    """Number of each combination of codes, from zero."""
    code = np.zeros(len(keys[0]), dtype=np.int64)
    for key in keys:
        own = key.astype(np.int64) + 1
        code = distinct(code * (int(own.max()) + 1) + own)[1]
    return code


def _easiness(works: pd.DataFrame, own: np.ndarray, items: list[str], spec: PaperSpec) -> np.ndarray:
    return np.array(
        [float(points_in(works[name])[own].mean()) / top for name, top in zip(items, spec.item_max, strict=True)]
    )


def learned_profiles(
    families: Sequence[FamilyScores],
    names: np.ndarray,
    shipped: Profiles,
    params: MechanismParams,
    planted: Callable[[np.ndarray, np.ndarray], tuple[Sequence[FamilyScores], np.ndarray]],
) -> Profiles:
    r"""Profiles of the mechanisms in this region.

    Parameters
    ----------
    families : sequence of FamilyScores
        Signals of the region as it is.
    names : ndarray of str, shape (S,)
        Its schools.
    shipped : Profiles
        Where the region is too small, and what the rest is drawn to.
    params : MechanismParams
    planted : callable
        Given schools and mechanisms (`choose`), runs the detectors on the copy and returns its signals and schools.

    Returns
    -------
    Profiles

    Notes
    -----
    With z the signal of a school as it is, z' in the copy, and n its works, the shift per square root of a work is
    :math:`\sum (z' - z)\sqrt n / \sum n` (for mechanisms that touch low works alone :math:`\sqrt n` is multiplied by
    `mechanisms.room`) over the schools and papers that carry the mechanism: each school is its own
    control, so that honest differences drop out; what the others gain or lose by their company is taken off. One fifth
    of the shipped profile is kept. What is measured is a mean over school-papers, so that a sample of schools and of
    papers of any region will do: the cost does not grow with it.
    """
    works = families[0].works
    chosen = choose(names, works, params)
    if chosen is None:
        return shipped
    after, found = planted(*chosen)
    at = np.searchsorted(names, found)
    kind = np.full(len(names), -1)
    kind[np.searchsorted(names, chosen[0])] = chosen[1]
    kinds = kind[at]
    root = np.sqrt(np.minimum(works[at], params.largest_works))
    moved = felt(root, room(families)[at])
    feels = kinds_of([mechanism.value for mechanism in Mechanism])
    shift: dict[str, dict[str, float]] = {m.value: dict(shipped.shift.get(m.value, {})) for m in Mechanism}
    for before, now in zip(families, after, strict=True):
        for name, z, fresh in zip(before.names, before.signals, now.signals, strict=True):
            gap = (fresh - z[at]) / region_scales(z, works, params)[1][at]
            known = np.isfinite(gap)
            gap -= _of_the_rest(gap, known & (kinds < 0)[:, None])
            for number, mechanism in enumerate(Mechanism):
                here, size = known & (kinds == number)[:, None], moved[feels[number]]
                weight = float((size**2 * here).sum())
                if here.sum() < 3 or weight <= 0:
                    continue
                own = float((np.where(here, gap, 0.0) * size).sum() / weight)
                kept = shift[mechanism.value].get(name, 0.0)
                shift[mechanism.value][name] = OWN_WEIGHT * own + (1 - OWN_WEIGHT) * kept
    return Profiles(shift, "region", shipped.version)


def _of_the_rest(gap: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """Median change of the schools that carry nothing, paper by paper; zero where there are few of them."""
    return np.array(
        [np.median(column[own]) if own.sum() >= 10 else 0.0 for column, own in zip(gap.T, rest.T, strict=True)]
    )
