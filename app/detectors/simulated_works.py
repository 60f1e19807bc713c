"""Works of a simulated paper: who sits where, what they answer, and which mark the journal holds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from app.detectors.base import PaperSpec
from app.detectors.simulated_region import Confounders, RegionOptions
from app.detectors.simulated_schools import SchoolsDrawn

_JOURNAL_CUTS = (-2.1, -0.45, 0.85)
_LETTERS = np.array(list("АБВГДЕЖЗИК"))
_ABSENT = 0.06
_OLDER = 0.2  # how much stronger pupils are half a year later
_OTHER_QUARTER = 0.35  # standard deviation of what a mark of another quarter knows less


@dataclass(frozen=True)
class Cohort:
    """Pupils of one grade (arrays of length n), and the size of the grade in each school."""

    school: np.ndarray  # index of the school
    class_index: np.ndarray  # number of the class inside the region
    letter: np.ndarray
    number: np.ndarray  # inside the school
    general: np.ndarray  # ability before the effects of paper and class
    size: np.ndarray


def seat(
    rng: np.random.Generator, odd: np.random.Generator, drawn: SchoolsDrawn, cohort: np.ndarray, options: RegionOptions
) -> Cohort:
    """Seat the pupils of one grade into classes of up to 27; `odd` serves schools that seat them by attainment."""
    S = len(drawn.frame)
    size = drawn.cohort if options.size is not None else np.maximum(2, rng.poisson(drawn.cohort))
    school = np.repeat(np.arange(S), size)
    number = np.arange(len(school)) - np.repeat(np.cumsum(size) - size, size)
    classes = np.maximum(1, np.ceil(size / 27).astype(int))
    pupil = 0.66 * rng.standard_normal(len(school)) * drawn.spread[school]
    place = number
    if drawn.streamed.any():
        # Past marks and a talk stand for attainment, so that classes overlap.
        attainment = np.where(drawn.streamed[school], pupil + 0.6 * odd.standard_normal(len(school)), -number)
        place = np.empty_like(number)
        place[np.lexsort((-attainment, school))] = number
    letter = (place * classes[school]) // size[school]
    class_index = (np.cumsum(classes) - classes)[school] + letter
    return Cohort(school, class_index, letter, number, drawn.lasting[school] + cohort[school] + pupil, size)


def sit(
    rng: np.random.Generator,
    odd: np.random.Generator,
    spec: PaperSpec,
    drawn: SchoolsDrawn,
    seat: Cohort,
    options: RegionOptions,
) -> tuple[pd.DataFrame, np.ndarray]:
    """Works of one paper, and which schools did not teach some of its items (bool, shape (S,)).

    `odd` serves the peculiarities of `Confounders` and leaves `rng` as it would be without them.
    """
    S, n = len(drawn.frame), len(seat.school)
    extra = options.confounders
    present = rng.uniform(size=n) > _absence(odd, seat, S, extra) if options.size is None else np.ones(n, bool)
    classes = int(seat.class_index.max()) + 1
    ability = (
        seat.general
        + 0.16 * rng.standard_normal(S)[seat.school]
        + options.sigma_class * rng.standard_normal(classes)[seat.class_index]
        + 0.35 * rng.standard_normal(n)
    )
    sat_with = ability + _OLDER if extra.autumn else ability
    points = answers(rng, spec, sat_with)
    # A teacher marks partly against the class, and knows the pupil from more than one paper.
    habit = drawn.leniency[seat.school] + options.sigma_teacher * rng.standard_normal(classes)[seat.class_index]
    seen = 1.0 * ability - 0.35 * drawn.lasting[seat.school] + habit + 0.45 * rng.standard_normal(n)
    if extra.odd_teachers > 0:
        shift = (
            extra.journal_shift * odd.choice((-1.0, 1.0), classes) * (odd.uniform(size=classes) < extra.odd_teachers)
        )
        seen = seen + shift[seat.class_index]
    if extra.autumn:
        seen = seen + _OTHER_QUARTER * odd.standard_normal(n)
    skipped, not_taught = np.zeros(S, bool), None
    if extra.skipping > 0:
        skipped = odd.uniform(size=S) < extra.skipping
        late = _late_items(spec)
        rank = np.argsort(np.argsort(odd.uniform(size=(S, len(late))), axis=1), axis=1)
        lacking = np.zeros((S, points.shape[1]), bool)
        lacking[:, late] = skipped[:, None] & (rank < odd.integers(1, 3, S)[:, None])
        not_taught = lacking[seat.school]
        points = np.where(not_taught, 0, points)
    pupil_grade = spec.grade + int(extra.autumn)
    frame = pd.DataFrame(
        {
            "year": np.int64(options.year),
            "subject": spec.subject,
            "grade": np.int64(spec.grade),
            "school": drawn.frame["school"].to_numpy()[seat.school],
            "class": np.char.add(str(pupil_grade), _LETTERS[np.minimum(seat.letter, 9)]),
            "participant": (pupil_grade * 10_000 + 1 + seat.number).astype(str),
            "variant": np.where(rng.uniform(size=n) < 0.5, "1", "2"),
            "journal_mark": 2 + np.searchsorted(_JOURNAL_CUTS, seen),
            "score": points.sum(axis=1, dtype=np.int64),
        }
    )
    if extra.autumn:
        frame["pupil_grade"] = np.int64(pupil_grade)
    return pd.concat([frame, item_frame(points, not_taught)], axis=1)[present].reset_index(drop=True), skipped


def item_frame(points: np.ndarray, missing: np.ndarray | None) -> pd.DataFrame:
    """Columns ``item_1 … item_k`` of the points; null where `missing` says so."""
    names = [f"item_{k + 1}" for k in range(points.shape[1])]
    points = points.astype(np.int8)
    if missing is None:
        return pd.DataFrame(points, columns=names)
    return pd.DataFrame({name: pd.array(points[:, k], "Int8") for k, name in enumerate(names)}).mask(
        pd.DataFrame(missing, columns=names)
    )


def _absence(odd: np.random.Generator, seat: Cohort, schools: int, extra: Confounders) -> np.ndarray | float:
    """Probability of each pupil's not being there."""
    if extra.absence_slope == 0 and extra.absence_spread == 0:
        return _ABSENT
    habit = extra.absence_spread * odd.standard_normal(schools)
    return special.expit(special.logit(_ABSENT) + habit[seat.school] - extra.absence_slope * seat.general)


def _late_items(spec: PaperSpec) -> np.ndarray:
    """Three items of the paper on topics that come late in the year."""
    paper = np.random.default_rng([spec.grade, *spec.subject.encode(), 13])
    return paper.choice(len(spec.item_max), 3, replace=False)


def answers(rng: np.random.Generator, spec: PaperSpec, ability: np.ndarray) -> np.ndarray:
    """Points of graded items, shape (n, K)."""
    # The paper's own parameters must not depend on the region, or two years of one paper would not compare.
    paper = np.random.default_rng([spec.grade, *spec.subject.encode(), 11])
    k = len(spec.item_max)
    slope = paper.uniform(0.6, 1.7, k)
    location = paper.permutation(np.linspace(-1.9, 1.5, k)) - 0.1
    points = np.zeros((len(ability), k), np.int8)
    for s, top in enumerate(spec.item_max):
        steps = location[s] + (np.arange(top) - (top - 1) / 2) * 0.45
        reach = 1.0 / (1.0 + np.exp(-slope[s] * 1.25 * (ability[:, None] - steps)))
        points[:, s] = (rng.uniform(size=len(ability))[:, None] < reach).sum(axis=1)
    return points
