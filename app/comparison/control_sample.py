"""A balanced control sample of schools that anybody redraws from its published seed."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.errors import InsufficientData


@dataclass(frozen=True)
class FrameSchool:
    """A school of the population: its code, municipality, stratum, context, and whether it may be drawn.

    `context` has one number a covariate, NaN where it is not known.
    """

    code: str
    municipality: str
    stratum: str
    context: tuple[float, ...]
    is_eligible: bool = True


@dataclass(frozen=True)
class SampleRule:
    """How many schools, how many of one municipality at most, how many draws are compared."""

    size: int
    per_municipality: int
    draws: int = 300


@dataclass(frozen=True)
class ControlSample:
    """What was drawn.

    Attributes
    ----------
    codes : tuple of str
        The sample, in the order of the codes.
    first : tuple of str
        The first draw, which nothing was chosen by: the sample as it would be without balancing.
    draw : int
        Number of the draw that won, from 1.
    distance, first_distance : float
        Imbalance of the sample and of the first draw, see `imbalance`.
    """

    codes: tuple[str, ...]
    first: tuple[str, ...]
    draw: int
    distance: float
    first_distance: float


def draw_control(population: Sequence[FrameSchool], rule: SampleRule, seed: str) -> ControlSample:
    r"""Draw a stratified sample of the eligible schools whose context is like that of the population.

    Parameters
    ----------
    population : sequence of FrameSchool, length S
        All schools the sample stands for, in any order; codes are unique.
    rule : SampleRule
    seed : str
        Published with the sample.

    Returns
    -------
    ControlSample
        Depends on nothing but the population, the rule and the seed.

    Raises
    ------
    InsufficientData
        The limits leave fewer schools than the rule asks for.
    ValueError
        Codes repeat, or the rule is empty.

    Notes
    -----
    Rerandomisation [1]_ with a fixed number of draws: `rule.draws` samples are drawn and the one with the least
    imbalance is kept. In draw k a school's place in the lottery is SHA-256 of ``"<seed>:<k>:<code>"``, read as text;
    each stratum gives as many schools as its share of the population asks for (largest remainders), the smallest
    first, and none beyond the municipality's limit; places that a stratum cannot fill go to the other schools in the
    order of the lottery. Any SHA-256 program checks the result. Every school keeps a chance to be drawn, so the sample
    stays random; the chances of schools far from the middle become smaller.

    References
    ----------
    .. [1] K. L. Morgan and D. B. Rubin, "Rerandomization to improve covariate balance in experiments", Annals of
       Statistics 40(2), 2012, 1263-1282, sec. 2.
    """
    ordered = sorted(population, key=lambda school: school.code)
    codes = [school.code for school in ordered]
    if len(set(codes)) != len(codes):
        raise ValueError("коды школ повторяются: выборку нельзя повторить однозначно")
    if rule.size < 1 or rule.per_municipality < 1 or rule.draws < 1:
        raise ValueError("размер выборки, предел на муниципалитет и число жребиев должны быть не меньше 1")
    eligible = [i for i, school in enumerate(ordered) if school.is_eligible]
    places = Counter(ordered[i].municipality for i in eligible)
    room = sum(min(n, rule.per_municipality) for n in places.values())
    if room < rule.size:
        raise InsufficientData(
            f"подходящих школ {len(eligible)}, а с пределом {rule.per_municipality} на муниципалитет — {room}: "
            f"выборку из {rule.size} школ составить нельзя"
        )
    wanted = _allocation(Counter(school.stratum for school in ordered), rule.size)
    context = np.array([school.context for school in ordered], dtype=float).reshape(len(ordered), -1)
    draws = [_one_draw(ordered, eligible, wanted, rule, f"{seed}:{k}:") for k in range(1, rule.draws + 1)]
    distances = [imbalance(context, context[chosen]) for chosen in draws]
    best = int(np.argmin(np.round(distances, 12)))
    return ControlSample(
        tuple(codes[i] for i in draws[best]),
        tuple(codes[i] for i in draws[0]),
        best + 1,
        distances[best],
        distances[0],
    )


def standardised_differences(population: np.ndarray, sample: np.ndarray) -> np.ndarray:
    r"""Standardised mean differences between a sample and the population it stands for.

    Parameters
    ----------
    population : ndarray, shape (S, p)
        Covariates, NaN where not known.
    sample : ndarray, shape (m, p)
        The same of the schools drawn.

    Returns
    -------
    ndarray, shape (p,)
        :math:`d_j = (\bar x_{j,\mathrm{sample}} - \bar x_j)/s_j`, with the population's mean and standard deviation
        over schools that know the covariate; NaN where the sample knows none, 0 where all are the same.

    Notes
    -----
    The population's deviation stands below for both, since it does not change when the sample does. Differences under
    0.1 are usually called negligible, and above 0.25 too large for a comparison by regression [1]_.

    References
    ----------
    .. [1] E. A. Stuart, "Matching methods for causal inference", Statistical Science 25(1), 2010, 1-21, sec. 4.1.

    Examples
    --------
    >>> standardised_differences(np.array([[1.0], [3.0]]), np.array([[1.0]])).tolist()
    [-1.0]
    """
    mean, spread, _n = _moments(population)
    of_sample, _spread, n = _moments(sample)
    difference = np.divide(of_sample - mean, spread, out=np.zeros_like(spread), where=spread > 1e-12)
    return np.where(n > 0, difference, np.nan)


def imbalance(population: np.ndarray, sample: np.ndarray) -> float:
    """Mean square of the standardised differences; a covariate that the sample does not know at all counts as 1."""
    differences = standardised_differences(population, sample)
    return float(np.mean(np.where(np.isfinite(differences), differences, 1.0) ** 2)) if len(differences) else 0.0


def _moments(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, standard deviation and number of the known values of each column."""
    known = np.isfinite(values)
    n = known.sum(axis=0)
    mean = np.where(known, values, 0.0).sum(axis=0) / np.maximum(n, 1)
    variance = (np.where(known, values - mean, 0.0) ** 2).sum(axis=0) / np.maximum(n, 1)
    return mean, np.sqrt(variance), n


def members_digest(year: int, codes: Sequence[str]) -> str:
    """SHA-256 of a sample's list: the year, then the codes in their order, one a line."""
    return hashlib.sha256("\n".join([str(year), *sorted(codes)]).encode()).hexdigest()


def _allocation(sizes: Counter[str], size: int) -> dict[str, int]:
    """Places for each stratum, in proportion, by largest remainders; equal remainders in the order of the names."""
    total = sum(sizes.values())
    shares = {name: size * n / total for name, n in sorted(sizes.items())}
    places = {name: int(share) for name, share in shares.items()}
    left = size - sum(places.values())
    for name in sorted(shares, key=lambda name: (places[name] - shares[name], name))[:left]:
        places[name] += 1
    return places


def _one_draw(
    ordered: Sequence[FrameSchool], eligible: Sequence[int], wanted: dict[str, int], rule: SampleRule, prefix: str
) -> list[int]:
    """Positions of one draw's schools, in the order of the codes."""
    lottery = sorted(eligible, key=lambda i: hashlib.sha256(f"{prefix}{ordered[i].code}".encode()).hexdigest())
    of_stratum: dict[str, int] = defaultdict(int)
    of_place: dict[str, int] = defaultdict(int)
    chosen: set[int] = set()
    for is_within_stratum in (True, False):
        for i in lottery:
            school = ordered[i]
            if len(chosen) == rule.size:
                return sorted(chosen)
            if i in chosen or of_place[school.municipality] >= rule.per_municipality:
                continue
            if is_within_stratum and of_stratum[school.stratum] >= wanted[school.stratum]:
                continue
            chosen.add(i)
            of_stratum[school.stratum] += 1
            of_place[school.municipality] += 1
    return sorted(chosen)
