"""Seeded regions, clean or contaminated in a known way: what detectors are tested on, and the demo region.

A region is drawn in two steps. `draw_schools` fixes what stays: municipalities, settlements, kinds of school, sizes,
lasting strength, strict or lenient journals. `simulate_region` seats cohorts of one year: every pupil answers graded
items (Samejima's model [1]_), gets a journal mark from a teacher with habits of their own, and then, where asked,
somebody meddles.

References
----------
.. [1] F. Samejima, "Estimation of latent ability using a response pattern of graded scores", Psychometrika Monograph
   Supplement 34(4), 1969, ch. 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from app.detectors.base import PaperSpec
from app.detectors.contamination import BY_SCORE, contaminate, heap_region

_PAPERS = (
    ("ma", 4, (1, 1, 2, 1, 1, 1, 1, 1, 1, 2, 1, 1, 2, 2, 2), (6, 10, 15)),
    ("ru", 4, (4, 3, 3, 1, 3, 2, 1, 2, 3, 2, 1, 1, 2, 1, 2, 1, 2, 1, 2, 1), (14, 24, 33)),
    ("ma", 5, (1, 1, 1, 1, 1, 2, 1, 1, 2, 2, 1, 1, 1, 1, 1, 2), (7, 11, 15)),
    ("ru", 5, (4, 3, 2, 3, 3, 3, 3, 2, 2, 1, 2, 2, 1, 2, 1, 2, 1, 2, 2, 2, 2), (18, 29, 39)),
)
_KINDS = ("СОШ", "гимназия", "лицей", "ООШ")
_KIND_STRENGTH = {"СОШ": 0.0, "гимназия": 0.45, "лицей": 0.5, "ООШ": -0.1}
_DISTRICTS = (
    "Берёзовский", "Верхнеозёрский", "Горский", "Дубравинский", "Еловский", "Заречный", "Ивантеевский", "Каменский",
    "Луговской", "Малиновский", "Новосёлковский", "Озёрный", "Приволенский", "Родниковский", "Сосновский", "Таёжный",
    "Ушаковский", "Холмский", "Черноборский", "Яблоновский",
)  # fmt: skip
_TOWNS = ("г. Среднегорск", "г. Белозаводск", "г. Речной")
_JOURNAL_CUTS = (-2.1, -0.45, 0.85)


@dataclass(frozen=True)
class Region:
    """A simulated region of one year.

    Attributes
    ----------
    works : DataFrame
        Columns of `app.frames.WORKS` and ``item_1 … item_k``.
    schools : DataFrame
        ``school, name, municipality, municipality_name, settlement, settlement_size, type, pupils``.
    papers : tuple of PaperSpec
    truth : DataFrame
        One row a manipulated school × paper: ``school, year, subject, grade, manipulation, scope, strength``.
    exams : DataFrame
        ``school, exam, subject, n, mean_mark``: an outside examination of older pupils.
    """

    works: pd.DataFrame
    schools: pd.DataFrame
    papers: tuple[PaperSpec, ...]
    truth: pd.DataFrame
    exams: pd.DataFrame


@dataclass(frozen=True)
class RegionOptions:
    """What kind of region to draw.

    Attributes
    ----------
    schools : int
        Number of schools.
    year : int
    papers : tuple of (subject, grade)
        Which of the built-in papers are sat.
    heaping : float
        Probability with which *every* school lifts a work one or two points under the first cut: a region heaped as a
        whole.
    share : float
        Share of schools that manipulate.
    manipulations : tuple of str
        Kinds to draw from `contamination.MANIPULATIONS`; those that aim at a score by default.
    strength : float
        Probability with which a work open to the manipulation is changed.
    scope : str
        ``school`` (all papers), ``paper`` (one of them) or ``class`` (one class of each paper).
    size : tuple of int or None
        Smallest and largest cohort; None draws sizes like those of a real region (22 % under 10 works, 30 % from 50).
    sigma_class, sigma_spread, sigma_journal : float
        Standard deviations of class effects, of the logarithm of a school's spread, and of a school's leniency in the
        journal.
    """

    schools: int = 60
    year: int = 2026
    papers: tuple[tuple[str, int], ...] = tuple((subject, grade) for subject, grade, _, _ in _PAPERS)
    heaping: float = 0.0
    share: float = 0.0
    manipulations: tuple[str, ...] = BY_SCORE
    strength: float = 0.6
    scope: str = "school"
    size: tuple[int, int] | None = None
    sigma_class: float = 0.12
    sigma_spread: float = 0.07
    sigma_journal: float = 0.25


@dataclass(frozen=True)
class SchoolsDrawn:
    """What stays with a school from year to year: its row, and its hidden traits (arrays of length S)."""

    frame: pd.DataFrame
    lasting: np.ndarray  # strength, in standard deviations of pupils' ability
    spread: np.ndarray  # multiplier of the pupils' standard deviation
    leniency: np.ndarray  # of journal marks, same unit
    cohort: np.ndarray  # pupils of one grade


def simulate_region(seed: int, options: RegionOptions | None = None, *, drawn: SchoolsDrawn | None = None) -> Region:
    r"""Draw one year of a region.

    Parameters
    ----------
    seed : int
        The same seed and options give the same region, to the last work.
    options : RegionOptions, optional
    drawn : SchoolsDrawn, optional
        Schools of an earlier call, so that neighbouring years share them.

    Returns
    -------
    Region

    Notes
    -----
    Ability of a pupil: :math:`\theta = m + k + s + c_{cohort} + p_{paper} + b_{class} + u + v_{paper}` —
    municipality, kind, school, cohort, paper, class, pupil, pupil × paper. Item s with maximum m has m steps,
    :math:`P(x_s \ge v) = 1/(1 + e^{-a_s(\theta - b_{sv})})`; steps of one item stand close, as in the real papers,
    where the middle score of a two-point item is rare.
    """
    options = options or RegionOptions()
    rng = np.random.default_rng([seed, options.year])
    drawn = drawn or draw_schools(seed, options)
    S = len(drawn.frame)
    cohort_effect = {grade: 0.14 * rng.standard_normal(S) for grade in sorted({g for _, g in options.papers})}
    rows: list[pd.DataFrame] = []
    specs: list[PaperSpec] = []
    seats: dict[int, _Cohort] = {}
    for subject, grade, item_max, mark_from in _PAPERS:
        if (subject, grade) not in options.papers:
            continue
        if grade not in seats:
            seats[grade] = _seat(rng, drawn, cohort_effect[grade], options)
        spec = PaperSpec(options.year, subject, grade, item_max, mark_from)
        rows.append(_sit(rng, spec, drawn, seats[grade], options))
        specs.append(spec)
    truth: list[tuple] = []
    if options.heaping > 0:
        rows = [heap_region(rng, frame, spec, options.heaping) for frame, spec in zip(rows, specs, strict=True)]
    if options.share > 0:
        rows, truth = _meddle(rng, rows, specs, drawn, options)
    works = pd.concat(rows, ignore_index=True)
    columns = ["school", "year", "subject", "grade", "manipulation", "scope", "strength"]
    return Region(works, drawn.frame, tuple(specs), pd.DataFrame(truth, columns=columns), _exams(rng, drawn))


def draw_schools(seed: int, options: RegionOptions | None = None) -> SchoolsDrawn:
    """Draw the schools of a region: municipalities, settlements, kinds, sizes and lasting traits."""
    options = options or RegionOptions()
    rng = np.random.default_rng([seed, 7])
    S = options.schools
    places = max(3, min(len(_DISTRICTS) + len(_TOWNS), S // 8))
    towns = max(1, places // 6)
    names = [*_TOWNS[:towns], *(f"{name} район" for name in _DISTRICTS[: places - towns])]
    weight = np.where(np.arange(places) < towns, 4.0, 1.0) * rng.uniform(0.6, 1.4, places)
    place = np.sort(rng.choice(places, S, p=weight / weight.sum()))
    urban = place < towns
    cohort = _sizes(rng, urban, options)
    draw = rng.uniform(size=S)
    kind = np.where(cohort < 14, np.where(draw < 0.45, 3, 0), 0)
    kind = np.where(urban & (cohort >= 35) & (draw < 0.13), 1, kind)
    kind = np.where(urban & (cohort >= 35) & (draw >= 0.13) & (draw < 0.25), 2, kind)
    strength = np.array([_KIND_STRENGTH[k] for k in _KINDS])[kind]
    number: dict[tuple[int, int], int] = {}
    titles, settlements = [], []
    for i in range(S):
        key = (int(place[i]), int(kind[i]))
        number[key] = number.get(key, 0) + 1
        titles.append(f"{_KINDS[kind[i]]} № {number[key] + (0 if urban[i] else int(place[i]))}")
        settlements.append(names[place[i]] if urban[i] else f"с. {_DISTRICTS[(i * 7) % len(_DISTRICTS)][:-2]}ое")
    frame = pd.DataFrame(
        {
            "school": [f"99{i + 1:04d}" for i in range(S)],
            "name": [f"МБОУ «{title}»" for title in titles],
            "municipality": [f"reg99_m{p + 1:03d}" for p in place],
            "municipality_name": [names[p] for p in place],
            "settlement": settlements,
            "settlement_size": np.where(urban, 120_000, rng.choice([600, 1500, 4000, 12_000], S)),
            "type": [_KINDS[k] for k in kind],
            "pupils": cohort * 10 + rng.integers(0, 9, S),
        }
    )
    lasting = strength + 0.08 * rng.standard_normal(places)[place] + 0.15 * rng.standard_normal(S)
    spread = np.exp(options.sigma_spread * rng.standard_normal(S))
    return SchoolsDrawn(frame, lasting, spread, options.sigma_journal * rng.standard_normal(S), cohort)


@dataclass(frozen=True)
class _Cohort:
    school: np.ndarray  # index of the school of each pupil
    class_index: np.ndarray  # number of the class inside the region
    letter: np.ndarray
    number: np.ndarray  # of the pupil inside the school
    general: np.ndarray
    size: np.ndarray


def _sizes(rng: np.random.Generator, urban: np.ndarray, options: RegionOptions) -> np.ndarray:
    S = len(urban)
    if options.size is not None:
        return rng.integers(options.size[0], options.size[1] + 1, S)
    rural = np.exp(rng.normal(np.log(13), 0.75, S))
    town = np.exp(rng.normal(np.log(62), 0.5, S))
    return np.clip(np.where(urban, town, rural), 2, 260).astype(int)


def _seat(rng: np.random.Generator, drawn: SchoolsDrawn, cohort: np.ndarray, options: RegionOptions) -> _Cohort:
    S = len(drawn.frame)
    size = drawn.cohort if options.size is not None else np.maximum(2, rng.poisson(drawn.cohort))
    school = np.repeat(np.arange(S), size)
    number = np.arange(len(school)) - np.repeat(np.cumsum(size) - size, size)
    classes = np.maximum(1, np.ceil(size / 27).astype(int))
    letter = (number * classes[school]) // size[school]
    class_index = (np.cumsum(classes) - classes)[school] + letter
    pupil = 0.66 * rng.standard_normal(len(school)) * drawn.spread[school]
    return _Cohort(school, class_index, letter, number, drawn.lasting[school] + cohort[school] + pupil, size)


def _sit(
    rng: np.random.Generator, spec: PaperSpec, drawn: SchoolsDrawn, seat: _Cohort, options: RegionOptions
) -> pd.DataFrame:
    S, n = len(drawn.frame), len(seat.school)
    present = rng.uniform(size=n) > 0.06 if options.size is None else np.ones(n, bool)
    classes = int(seat.class_index.max()) + 1
    ability = (
        seat.general
        + 0.16 * rng.standard_normal(S)[seat.school]
        + options.sigma_class * rng.standard_normal(classes)[seat.class_index]
        + 0.35 * rng.standard_normal(n)
    )
    points = _answers(rng, spec, ability)
    # A teacher marks partly against the class, and knows the pupil from more than one paper.
    habit = drawn.leniency[seat.school] + 0.15 * rng.standard_normal(classes)[seat.class_index]
    seen = 1.0 * ability - 0.35 * drawn.lasting[seat.school] + habit + 0.45 * rng.standard_normal(n)
    journal = 2 + np.searchsorted(_JOURNAL_CUTS, seen)
    letters = np.array(list("АБВГДЕЖЗИК"))[np.minimum(seat.letter, 9)]
    frame = pd.DataFrame(
        {
            "year": np.int64(options.year),
            "subject": spec.subject,
            "grade": np.int64(spec.grade),
            "school": drawn.frame["school"].to_numpy()[seat.school],
            "class": np.char.add(str(spec.grade), letters),
            "participant": (spec.grade * 10_000 + 1 + seat.number).astype(str),
            "variant": np.where(rng.uniform(size=n) < 0.5, "1", "2"),
            "journal_mark": journal,
            "score": points.sum(axis=1, dtype=np.int64),
        }
    )
    frame = pd.concat([frame, pd.DataFrame(points, columns=[f"item_{k + 1}" for k in range(points.shape[1])])], axis=1)
    return frame[present].reset_index(drop=True)


def _answers(rng: np.random.Generator, spec: PaperSpec, ability: np.ndarray) -> np.ndarray:
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


def _meddle(
    rng: np.random.Generator,
    frames: list[pd.DataFrame],
    specs: Sequence[PaperSpec],
    drawn: SchoolsDrawn,
    options: RegionOptions,
) -> tuple[list[pd.DataFrame], list[tuple]]:
    names = drawn.frame["school"].to_numpy()
    count = max(1, round(options.share * len(names)))
    chosen = rng.choice(len(names), count, replace=False)
    kinds = np.array(options.manipulations)[np.arange(count) % len(options.manipulations)]
    one = rng.integers(len(specs), size=count)
    truth: list[tuple] = []
    changed = list(frames)
    for p, spec in enumerate(specs):
        for kind in dict.fromkeys(kinds):
            here = chosen[(kinds == kind) & ((options.scope != "paper") | (one == p))]
            if len(here) == 0:
                continue
            rows = changed[p]["school"].isin(names[here]).to_numpy()
            if options.scope == "class":
                rows = rows & changed[p]["class"].str.endswith("А").to_numpy()
            changed[p] = contaminate(rng, changed[p], spec, str(kind), options.strength, rows)
            truth += [
                (names[i], options.year, spec.subject, spec.grade, str(kind), options.scope, options.strength)
                for i in here
            ]
    return changed, truth


def _exams(rng: np.random.Generator, drawn: SchoolsDrawn) -> pd.DataFrame:
    parts = []
    for subject in ("ru", "ma"):
        n = np.maximum(3, (drawn.cohort * rng.uniform(0.7, 1.0, len(drawn.cohort))).astype(int))
        mean = 3.75 + 0.45 * drawn.lasting + rng.normal(0, 0.12, len(n)) + rng.normal(0, 0.75, len(n)) / np.sqrt(n)
        parts.append(
            pd.DataFrame(
                {
                    "school": drawn.frame["school"],
                    "exam": "oge",
                    "subject": subject,
                    "n": n,
                    "mean_mark": np.clip(mean, 2.0, 5.0).round(2),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def previous_year(seed: int, options: RegionOptions) -> Region:
    """Clean works of the year before for the same schools, for detectors that look back."""
    before = replace(options, year=options.year - 1, share=0.0)
    return simulate_region(seed, before, drawn=draw_schools(seed, options))
