r"""A second generator of regions, built on other assumptions, for trials on data no detector was tuned on.

What differs from `simulate`: papers, numbers of items and cuts; ability is skewed between schools and a mixture inside
them; gymnasia and lyceums select their pupils instead of lying higher as a whole; items come from three topics that
schools and classes teach better or worse, so that one ability does not explain a work; simple items can be guessed
(three-parameter logistic model [1]_); points of the others are beta-binomial, as from markers who disagree [2]_; weak
pupils do not reach the last items; teachers mark partly by the place in the class.

References
----------
.. [1] A. Birnbaum, "Some latent trait models and their use in inferring an examinee's ability", in F. M. Lord and M. R.
   Novick, "Statistical Theories of Mental Test Scores", 1968, ch. 17.4.
.. [2] J. A. Keats and F. M. Lord, "A theoretical distribution for mental test scores", Psychometrika 27, 1962,
   p. 59–72.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from app.detectors.base import PaperSpec
from app.detectors.contamination import heap_region
from app.detectors.simulated_meddling import TRUTH, meddle
from app.detectors.simulated_region import Region, RegionOptions
from app.detectors.simulated_works import item_frame

PAPERS = (
    ("ma", 6, (1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 1, 2, 2), (6, 10, 14)),
    ("bi", 6, (1, 2, 1, 1, 2, 1, 2, 1, 1, 2, 1, 1, 2, 1, 2, 1, 2, 1, 1, 3), (12, 18, 24)),
    ("ma", 7, (1, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1, 1, 1, 2, 2), (7, 12, 16)),
    ("ru", 7, (4, 3, 2, 2, 3, 3, 3, 3, 1, 2, 1, 2, 1, 2, 2, 1, 1, 1, 2, 2, 1, 1, 2, 1, 1), (22, 32, 42)),
)
"""Subject, grade, maxima of the items, first scores of the marks: other papers than those of `simulate`."""
_TOPICS = 3
_KINDS = np.array(["СОШ", "гимназия", "лицей", "ООШ"])
_LETTERS = np.array(list("АБВГДЕЖЗИК"))
_JOURNAL_SHARES = (0.02, 0.36, 0.80)  # of works below a 3, a 4 and a 5 in the journal


@dataclass(frozen=True)
class _Schools:
    frame: pd.DataFrame
    strength: np.ndarray
    selects: np.ndarray  # bool: takes the better of two applicants
    habit: np.ndarray  # leniency of the journal
    cohort: np.ndarray
    traits: dict[str, np.ndarray]


def simulate_other(seed: int, options: RegionOptions | None = None) -> Region:
    r"""Draw one year of a region by the other generator.

    Parameters
    ----------
    seed : int
    options : RegionOptions, optional
        All fields are heeded but ``papers`` (those of `PAPERS` are sat) and ``sigma_spread``; ``sigma_class``,
        ``sigma_journal`` and ``sigma_teacher`` scale the corresponding effects of this generator.

    Returns
    -------
    Region
        Without outside examinations.

    Notes
    -----
    Pupil i of class c in school j on topic t: :math:`\theta_{it} = s_j + w_{jg} + b_c + u_i + d_{jt} + e_{ct} +
    f_{it}`, where :math:`s_j` is a centred gamma, :math:`u_i` a mixture of two normals, and w the effect of the year.
    An item of one point is right with probability :math:`c + (1 - c)\,\mathrm{logit}^{-1}(a(\theta_t - b))`; one of
    m > 1 points is beta-binomial with mean :math:`m\,\mathrm{logit}^{-1}(a(\theta_t - b))`.
    """
    options = options or RegionOptions()
    rng = np.random.default_rng([seed, options.year, 101])
    drawn = _draw(rng, options)
    S = options.schools
    frames, specs, seats = [], [], {}
    extra = options.confounders
    for subject, grade, item_max, mark_from in PAPERS:
        if grade not in seats:
            swings = rng.uniform(size=S) < extra.swings
            drawn.traits["swings"] |= swings
            year = 0.16 * rng.laplace(size=S) / np.sqrt(2) + swings * extra.swing_size * rng.choice((-1.0, 1.0), S)
            seats[grade] = _seat(rng, drawn, year, options)
        spec = PaperSpec(options.year, subject, grade, item_max, mark_from)
        frames.append(_sit(rng, spec, drawn, seats[grade], options))
        specs.append(spec)
    truth = pd.DataFrame([], columns=list(TRUTH))
    if options.heaping > 0:
        frames = [heap_region(rng, works, spec, options.heaping) for works, spec in zip(frames, specs, strict=True)]
    names = drawn.frame["school"].to_numpy()
    if options.share > 0:
        frames, truth = meddle(rng, frames, specs, names, options)
    traits = [(name, word) for word, has in drawn.traits.items() for name in names[has]]
    return Region(
        pd.concat(frames, ignore_index=True),
        drawn.frame,
        tuple(specs),
        truth,
        pd.DataFrame(columns=["school", "exam", "subject", "n", "mean_mark"]),
        pd.DataFrame(traits, columns=["school", "trait"], dtype=object),
    )


def _draw(rng: np.random.Generator, options: RegionOptions) -> _Schools:
    S, extra = options.schools, options.confounders
    places = max(3, S // 11)
    weight = rng.dirichlet(np.full(places, 0.8))
    place = np.sort(rng.choice(places, S, p=weight))
    urban = weight[place] > np.quantile(weight, 0.8)
    if options.size is not None:
        cohort = rng.integers(options.size[0], options.size[1] + 1, S)
    else:
        village = 2 + rng.negative_binomial(1.3, 1.3 / 16.0, S)
        cohort = np.clip(np.where(urban, 18 + rng.gamma(1.8, 34.0, S), village).astype(int), 2, 280)
    draw = rng.uniform(size=S)
    kind = np.select([urban & (draw < 0.11), urban & (draw < 0.2), ~urban & (draw < 0.25)], [1, 2, 3], 0)
    selects = (kind == 1) | (kind == 2)
    strength = 0.2 * (rng.gamma(3.0, 1.0, S) - 3.0) / np.sqrt(3.0) + 0.1 * rng.standard_normal(places)[place]
    odd = rng.uniform(size=S) < extra.odd_journals
    habit = options.sigma_journal * rng.standard_t(5, S) * np.sqrt(3 / 5)
    frame = pd.DataFrame(
        {
            "school": [f"98{i + 1:04d}" for i in range(S)],
            "name": [f"{_KINDS[k]} {i + 1}" for i, k in enumerate(kind)],
            "municipality": [f"reg98_m{p + 1:03d}" for p in place],
            "municipality_name": [f"Округ {p + 1}" for p in place],
            "settlement": [f"Поселение {p + 1}" for p in place],
            "settlement_size": np.where(urban, 90_000, rng.choice([400, 1200, 5000], S)),
            "type": _KINDS[kind],
            "pupils": cohort * 9 + rng.integers(0, 15, S),
        }
    )
    traits = {
        "odd_journals": odd,
        "streaming": rng.uniform(size=S) < extra.streaming,
        "swings": np.zeros(S, bool),
        "skipping": np.zeros(S, bool),
    }
    return _Schools(
        frame,
        strength + selects * extra.elite,
        selects,
        habit + odd * extra.journal_shift * rng.choice((-1.0, 1.0), S),
        cohort,
        traits,
    )


@dataclass(frozen=True)
class _Pupils:
    school: np.ndarray
    number: np.ndarray
    unit: np.ndarray  # class inside the region
    letter: np.ndarray
    ability: np.ndarray


def _seat(rng: np.random.Generator, drawn: _Schools, year: np.ndarray, options: RegionOptions) -> _Pupils:
    size = drawn.cohort if options.size is not None else np.maximum(2, drawn.cohort + rng.integers(-2, 3, len(year)))
    school = np.repeat(np.arange(len(size)), size)
    number = np.arange(len(school)) - np.repeat(np.cumsum(size) - size, size)
    classes = np.maximum(1, np.round(size / 22).astype(int))
    own = _mixture(rng, len(school))
    own = np.where(drawn.selects[school], np.maximum(own, _mixture(rng, len(school))), own)
    streamed = drawn.traits["streaming"][school]
    key = np.where(streamed, own + 0.6 * rng.standard_normal(len(own)), rng.uniform(size=len(own)))
    place = np.empty_like(number)
    place[np.lexsort((-key, school))] = number
    letter = (place * classes[school]) // size[school]
    unit = (np.cumsum(classes) - classes)[school] + letter
    return _Pupils(school, number, unit, letter, own + (drawn.strength + year)[school])


def _mixture(rng: np.random.Generator, n: int) -> np.ndarray:
    """Every eighth pupil from a lower group; mean 0, standard deviation 0.7."""
    low = rng.uniform(size=n) < 0.125
    raw = np.where(low, -1.15 + 0.5 * rng.standard_normal(n), 0.164 + 0.58 * rng.standard_normal(n))
    return 0.7 * raw / 0.719


def _sit(
    rng: np.random.Generator, spec: PaperSpec, drawn: _Schools, pupils: _Pupils, options: RegionOptions
) -> pd.DataFrame:
    n, S, extra = len(pupils.school), len(drawn.frame), options.confounders
    units = int(pupils.unit.max()) + 1
    common = (
        pupils.ability
        + options.sigma_class * (rng.uniform(size=units) * np.sqrt(12) - np.sqrt(3))[pupils.unit]
        + 0.12 * rng.standard_normal(S)[pupils.school]
        + 0.3 * rng.standard_normal(n)
    )
    topics = (
        0.1 * rng.standard_normal((S, _TOPICS))[pupils.school]
        + 0.1 * rng.standard_normal((units, _TOPICS))[pupils.unit]
        + 0.3 * rng.standard_normal((n, _TOPICS))
    )
    points = _answers(rng, spec, common + 0.2 * extra.autumn, topics)
    skipped = rng.uniform(size=S) < extra.skipping
    drawn.traits["skipping"] |= skipped
    K = points.shape[1]
    rank = np.argsort(np.argsort(rng.uniform(size=(S, K)), axis=1), axis=1)
    missing = (skipped[:, None] & (rank < rng.integers(1, 4, S)[:, None]))[pupils.school]
    # The last items are not reached by the slow, who are mostly the weak.
    reached = K - rng.binomial(4, special.expit(-2.2 - 1.5 * common))
    missing |= np.arange(K) >= reached[:, None]
    points = np.where(missing, 0, points)
    present = np.ones(n, bool)
    if options.size is None:
        # Some schools are emptied by an illness; the weak stay away oftener everywhere.
        habit = rng.gamma(1 / max(extra.absence_spread, 1e-3) ** 2, max(extra.absence_spread, 1e-3) ** 2, S)
        away = 0.07 * habit[pupils.school] * np.exp(-extra.absence_slope * pupils.ability)
        present = rng.uniform(size=n) > np.minimum(away, 0.6)
    pupil_grade = spec.grade + int(extra.autumn)
    frame = pd.DataFrame(
        {
            "year": np.int64(options.year),
            "subject": spec.subject,
            "grade": np.int64(spec.grade),
            "school": drawn.frame["school"].to_numpy()[pupils.school],
            "class": np.char.add(str(pupil_grade), _LETTERS[np.minimum(pupils.letter, 9)]),
            "participant": (pupil_grade * 10_000 + 1 + pupils.number).astype(str),
            "variant": rng.choice(np.array(["1", "2", "3"]), n),
            "journal_mark": _journal(rng, common, drawn, pupils, options),
            "score": points.sum(axis=1, dtype=np.int64),
        }
    )
    if extra.autumn:
        frame["pupil_grade"] = np.int64(pupil_grade)
    return pd.concat([frame, item_frame(points, missing)], axis=1)[present].reset_index(drop=True)


def _answers(rng: np.random.Generator, spec: PaperSpec, common: np.ndarray, topics: np.ndarray) -> np.ndarray:
    paper = np.random.default_rng([spec.grade, *spec.subject.encode(), 12])
    K, n = len(spec.item_max), len(common)
    slope = paper.lognormal(np.log(1.35), 0.35, K)
    location = paper.permutation(special.ndtri((np.arange(K) + 0.5) / K)) * 0.85 - 0.32
    guess = np.where(paper.uniform(size=K) < 0.5, paper.uniform(0.05, 0.25, K), 0.0)
    agreement = paper.uniform(1.2, 4.0, K)
    topic = paper.integers(_TOPICS, size=K)
    points = np.zeros((n, K), np.int64)
    for k, top in enumerate(spec.item_max):
        p = special.expit(slope[k] * (common + topics[:, topic[k]] - location[k]))
        if top == 1:
            points[:, k] = rng.uniform(size=n) < guess[k] + (1 - guess[k]) * p
        else:
            p = np.clip(p, 1e-3, 1 - 1e-3)
            points[:, k] = rng.binomial(top, rng.beta(agreement[k] * p, agreement[k] * (1 - p)))
    return points


def _journal(
    rng: np.random.Generator, common: np.ndarray, drawn: _Schools, pupils: _Pupils, options: RegionOptions
) -> np.ndarray:
    units, extra = int(pupils.unit.max()) + 1, options.confounders
    size = np.bincount(pupils.unit, minlength=units)
    mean = np.bincount(pupils.unit, weights=common, minlength=units) / np.maximum(size, 1)
    odd = (rng.uniform(size=units) < extra.odd_teachers) * extra.journal_shift * rng.choice((-1.0, 1.0), units)
    teacher = options.sigma_teacher * rng.standard_normal(units) + odd
    noise = 0.4 + 0.3 * extra.autumn
    seen = (
        common
        - 0.5 * mean[pupils.unit]
        + drawn.habit[pupils.school]
        + teacher[pupils.unit]
        + noise * rng.logistic(size=len(common)) * np.sqrt(3) / np.pi
    )
    return 2 + np.searchsorted(np.quantile(seen, _JOURNAL_SHARES), seen)
