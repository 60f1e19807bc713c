"""The detectors' results as normal values, school × paper: one table a family, several signals in each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special

from app.detectors.combination import FamilyScores
from app.detectors.dispersion import robust_correlation
from app.detectors.external_gap import set_aside
from app.detectors.tails import larger_of_two, to_z
from app.detectors.upper_tail import beside_spread
from app.terms import Family

SMALLEST_POOLED = 3
KINDS = (Family.BOUNDARY, Family.LEVEL, Family.PATTERN, Family.JOURNAL, Family.ATTENDANCE)
"""Families that count towards a tier, in the order of the columns of all tables here."""


@dataclass(frozen=True)
class Signal:
    """One detector's (or one part's) normal values over the schools of a paper.

    Attributes
    ----------
    name : str
        Key of the mechanisms' profiles.
    z : ndarray, shape (S,)
        What is summed over papers; NaN where there is none.
    assessed : ndarray of bool
        Where the school's own finding stands.
    single : ndarray or None
        What is judged on this paper alone; None for a part that only adds to sums.
    """

    name: str
    z: np.ndarray
    assessed: np.ndarray
    single: np.ndarray | None


SIGNALS: dict[Family, tuple[str, ...]] = {
    Family.BOUNDARY: ("push", "lowest"),
    Family.LEVEL: ("mean", "swing", "outside"),
    Family.PATTERN: ("hard", "open", "landing", "alike", "narrow", "top"),
    Family.JOURNAL: ("raised", "copied"),
    Family.ATTENDANCE: ("absent", "thinned"),
}
"""Names of the signals of each family."""


def family_scores(done: list, names: np.ndarray) -> tuple[list[FamilyScores], np.ndarray, np.ndarray]:
    """Signals of all papers of a year.

    Parameters
    ----------
    done : list of PaperResults
    names : ndarray of str, shape (S,)
        Schools, sorted.

    Returns
    -------
    families : list of FamilyScores
        In the order of `KINDS`.
    assessed : ndarray of bool, shape (S, P, F)
    works : ndarray, shape (S, P)
    """
    S, P = len(names), len(done)
    works = np.zeros((S, P))
    assessed = np.zeros((S, P, len(KINDS)), dtype=bool)
    low = np.full((S, P), np.nan)
    z = {family: np.full((S, P), np.nan) for family in KINDS}
    signals = {family: {name: np.full((S, P), np.nan) for name in SIGNALS[family]} for family in KINDS}
    for p, paper in enumerate(done):
        at = np.searchsorted(names, paper.table.schools)
        works[at, p] = paper.table.n
        if paper.lowest is not None:
            low[at, p] = paper.lowest.expected
        for f, family in enumerate(KINDS):
            own, single = _OF_FAMILY[family](paper)
            for signal in own:
                signals[family][signal.name][at, p] = signal.z
                assessed[at, p, f] |= signal.assessed
            z[family][at, p] = single
    families = [
        FamilyScores(
            family.value,
            z[family],
            tuple(signals[family].values()),
            works,
            by_size=family not in (Family.LEVEL, Family.JOURNAL),
            tempered=family is Family.BOUNDARY,
            names=SIGNALS[family],
            low=low if family is Family.BOUNDARY else None,
            judged=1 if family is Family.ATTENDANCE else None,
        )
        for family in KINDS
    ]
    return families, assessed, works


def _where(mask: np.ndarray, values: np.ndarray) -> np.ndarray:
    return np.where(mask, values, np.nan)


def _boundary(paper) -> tuple[list[Signal], np.ndarray | float]:
    if paper.lowest is None:
        return [], np.nan
    enough = paper.table.n >= SMALLEST_POOLED
    if paper.boundary is None:  # marks alone
        lifted = _where(enough & (paper.lowest.expected >= 0.5), paper.lowest.z)
        return [Signal("lowest", lifted, paper.lowest.assessed, None)], _where(paper.lowest.expected >= 1, lifted)
    pushed = _where(enough & (paper.boundary.test.window >= 3), paper.boundary.z)
    lifted = _where(enough & (paper.lowest.expected >= 0.5), paper.lowest.z)
    own = [
        Signal("push", pushed, paper.boundary.assessed, pushed),
        Signal("lowest", lifted, paper.lowest.assessed, None),
    ]
    return own, _smaller_of_two(pushed, _where(paper.lowest.expected >= 1, lifted))


def _level(paper) -> tuple[list[Signal], np.ndarray | float]:
    """Mean, cohort and outside result; a school whose outside result bears out its level has nothing left here."""
    parts: list[tuple[str, np.ndarray, np.ndarray, np.ndarray]] = []
    if paper.mean is not None:
        ok = paper.mean.assessed
        parts.append(("mean", ok, _where(ok, paper.mean.z_context), _where(ok, paper.mean.z)))
    for name, result in (("swing", paper.swing), ("outside", paper.gap)):
        if result is not None:
            parts.append((name, result.assessed, result.z, result.z))
    own: list[Signal] = []
    joint: np.ndarray | float = np.nan
    for name, ok, summed, single in parts:
        judged = set_aside(single, paper.gap)
        own.append(Signal(name, set_aside(summed, paper.gap), ok, judged))
        # All three lean on the same mean, so the smaller p is allowed for with their correlation.
        joint = judged if isinstance(joint, float) else _smaller_of_two(joint, judged)
    return own, joint


def _pattern(paper) -> tuple[list[Signal], np.ndarray | float]:
    own: list[Signal] = []
    if paper.profile is not None:
        ok = paper.profile.assessed
        own.append(Signal("hard", paper.profile.part_z[:, 0], ok, _where(ok, paper.profile.z)))
        own.append(Signal("open", paper.profile.part_z[:, 1], ok, None))
    if paper.landing is not None:
        own.append(Signal("landing", paper.landing.z, paper.landing.assessed, paper.landing.z))
    if paper.similarity is not None:
        alike = _where(paper.similarity.classes > 0, paper.similarity.z)
        own.append(Signal("alike", alike, paper.similarity.assessed, alike))
    if paper.homogeneity is not None:
        narrow = _where(paper.homogeneity.assessed, paper.homogeneity.z)
        # The top of the scores and their spread are two readings of one distribution: one weighted value.
        shape = narrow if paper.tail is None else beside_spread(_tail(paper), narrow, paper.tail.weight)
        own.append(Signal("narrow", paper.homogeneity.z, paper.homogeneity.assessed, shape))
    if paper.tail is not None:
        topped = _tail(paper)
        own.append(Signal("top", topped, paper.tail.assessed, topped if paper.homogeneity is None else None))
    return own, _smallest([signal.single for signal in own if signal.single is not None])


def _tail(paper) -> np.ndarray:
    return _where(paper.tail.assessed, paper.tail.z)


def _journal(paper) -> tuple[list[Signal], np.ndarray | float]:
    if paper.journal is None:
        return [], np.nan
    enough = paper.journal.works >= SMALLEST_POOLED
    parts = [
        Signal(name, _where(enough, paper.journal.part_z[:, k]), paper.journal.assessed, None)
        for k, name in enumerate(SIGNALS[Family.JOURNAL])
    ]
    return parts, _where(enough, paper.journal.z)


def _attendance(paper) -> tuple[list[Signal], np.ndarray | float]:
    own: list[Signal] = []
    z: np.ndarray | float = np.nan
    if paper.absence is not None:
        z = paper.absence.z
        own.append(Signal("absent", paper.absence.z, paper.absence.assessed, paper.absence.z))
    if paper.lowest is not None:
        enough = (paper.table.n >= SMALLEST_POOLED) & (paper.lowest.expected >= 0.5)
        own.append(Signal("thinned", _where(enough, paper.lowest.thinned_z), np.zeros(len(enough), dtype=bool), None))
    return own, z


_OF_FAMILY: dict[Family, Callable] = {
    Family.BOUNDARY: _boundary,
    Family.LEVEL: _level,
    Family.PATTERN: _pattern,
    Family.JOURNAL: _journal,
    Family.ATTENDANCE: _attendance,
}


def _smallest(columns: list[np.ndarray]) -> np.ndarray | float:
    """Normal value of the smallest p of unrelated detectors, by Šidák; NaN where none was assessed."""
    if not columns:
        return np.nan
    table = np.column_stack(columns)
    count = np.isfinite(table).sum(axis=1)
    largest = np.max(np.where(np.isfinite(table), table, -np.inf), axis=1)
    p = -np.expm1(count * np.log1p(-np.minimum(special.ndtr(-largest), 1 - 1e-16)))
    return np.where(count > 0, to_z(p), np.nan)


def _smaller_of_two(pushed: np.ndarray, lifted: np.ndarray) -> np.ndarray:
    """Normal value of the smaller p of the two boundary detectors, its being the smaller of two allowed for."""
    both = np.isfinite(pushed) & np.isfinite(lifted)
    # The two overlap by construction: both weigh works just over the first cut.
    rho = max(robust_correlation(pushed, lifted), 0.0)
    larger = np.fmax(pushed, lifted)
    return np.where(both, to_z(larger_of_two(larger, rho)), larger)
