"""Schools of a simulated region: what stays with them from year to year."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from app.detectors.simulated_region import RegionOptions

_KINDS = ("СОШ", "гимназия", "лицей", "ООШ")
_KIND_STRENGTH = {"СОШ": 0.0, "гимназия": 0.45, "лицей": 0.5, "ООШ": -0.1}
_DISTRICTS = (
    "Берёзовский", "Верхнеозёрский", "Горский", "Дубравинский", "Еловский", "Заречный", "Ивантеевский", "Каменский",
    "Луговской", "Малиновский", "Новосёлковский", "Озёрный", "Приволенский", "Родниковский", "Сосновский", "Таёжный",
    "Ушаковский", "Холмский", "Черноборский", "Яблоновский",
)  # fmt: skip
_TOWNS = ("г. Среднегорск", "г. Белозаводск", "г. Речной")


@dataclass(frozen=True)
class SchoolsDrawn:
    """What stays with a school from year to year: its row, and its hidden traits (arrays of length S)."""

    frame: pd.DataFrame
    lasting: np.ndarray  # strength, in standard deviations of pupils' ability
    spread: np.ndarray  # multiplier of the pupils' standard deviation
    leniency: np.ndarray  # of journal marks, same unit
    cohort: np.ndarray  # pupils of one grade
    odd_journal: np.ndarray  # whether the journal is a strict or lenient one
    streamed: np.ndarray  # whether classes are made by attainment


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
    leniency = options.sigma_journal * rng.standard_normal(S)
    # Peculiarities have a generator of their own: without them a seed gives the region it always gave.
    odd = np.random.default_rng([seed, 8])
    extra = options.confounders
    odd_journal = odd.uniform(size=S) < extra.odd_journals
    leniency = leniency + np.where(odd_journal, extra.journal_shift * odd.choice((-1.0, 1.0), S), 0.0)
    lasting = lasting + np.where((kind == 1) | (kind == 2), extra.elite, 0.0)
    return SchoolsDrawn(frame, lasting, spread, leniency, cohort, odd_journal, odd.uniform(size=S) < extra.streaming)


def _sizes(rng: np.random.Generator, urban: np.ndarray, options: RegionOptions) -> np.ndarray:
    S = len(urban)
    if options.size is not None:
        return rng.integers(options.size[0], options.size[1] + 1, S)
    rural = np.exp(rng.normal(np.log(13), 0.75, S))
    town = np.exp(rng.normal(np.log(62), 0.5, S))
    return np.clip(np.where(urban, town, rural), 2, 260).astype(int)


def draw_exams(rng: np.random.Generator, drawn: SchoolsDrawn) -> pd.DataFrame:
    """Means of an outside examination of older pupils, in Russian and mathematics."""
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
