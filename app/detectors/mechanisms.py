"""How strongly a school's results speak for one of the known ways of bending them, against chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from app import datafiles
from app.detectors.combination import FamilyScores, correlations
from app.detectors.params import MechanismParams
from app.detectors.region_scale import region_scales
from app.errors import Misconfigured
from app.terms import Mechanism

_SCHOOLS_AT_ONCE = 2_048
_ON_LOW_WORKS = (Mechanism.LIFT_TWOS.value, Mechanism.ABSENT_WEAK.value)
"""Mechanisms that touch works under the first cut alone: where there are none, they do nothing."""
_ROOM = (0.3, 2.5)
_CORE = 0.6
"""Share of the schools, those with the least evidence, that say how signals go together in honest ones."""

SMALLEST_EIGENVALUE = 0.02
"""Of the signals' correlation: nearer to singular, what two nearly equal signals differ in would decide."""


@dataclass(frozen=True)
class Profiles:
    """What each mechanism does to the signals.

    Attributes
    ----------
    shift : mapping of str to mapping of str to float
        Mechanism → signal → shift of its normal value in one paper, divided by the square root of the works.
    source : str
        ``shipped`` (data file) or ``region`` (planted into the region's own works, see `planting`).
    version : str
    """

    shift: Mapping[str, Mapping[str, float]]
    source: str
    version: str


@dataclass(frozen=True)
class MechanismRatios:
    """Schools of one year, arrays of length S unless said otherwise; K mechanisms.

    Attributes
    ----------
    evidence : ndarray
        Logarithm of the likelihood ratio of "one of the mechanisms" against "none".
    names : tuple of str
        Mechanisms.
    share : ndarray, shape (S, K)
        Share of each mechanism in that ratio; rows sum to one.
    """

    evidence: np.ndarray
    names: tuple[str, ...]
    share: np.ndarray


@cache
def load_profiles(path: Path = datafiles.DATA_DIR / "mechanisms.toml") -> Profiles:
    """Read the shipped profiles.

    Raises
    ------
    Misconfigured
        A mechanism is missing or unknown, or a shift is no number.
    """
    file = datafiles.load(path, keys={mechanism.value for mechanism in Mechanism})
    shift: dict[str, dict[str, float]] = {}
    for name, table in file.body.items():
        for signal, value in table.items():
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise Misconfigured(f"{path.name}, [{name}]: {signal} должно быть числом, а там {value!r}")
        shift[name] = {signal: float(value) for signal, value in table.items()}
    return Profiles(shift, "shipped", file.version)


def mechanism_ratios(families: Sequence[FamilyScores], profiles: Profiles, params: MechanismParams) -> MechanismRatios:
    r"""Compare each school with what the mechanisms would make of an honest one.

    Parameters
    ----------
    families : sequence of FamilyScores
        Signals of all papers of a year.
    profiles : Profiles
    params : MechanismParams

    Returns
    -------
    MechanismRatios

    Notes
    -----
    Signals are brought to the median and quartile range of the region's schools of about that size (`region_scale`;
    never under one: a region whose schools differ much in one signal learns less from it). A mechanism m of
    amplitude a shifts them by :math:`a\,\mu_m\sqrt n`. Honest schools have Student's tails, so that one wild signal
    does not decide (where a region gathers at cuts, the spread between schools is in part what is looked for:
    signals of that family are divided by a power of their scale),

    .. math:: L_{ma}(z) = \Big(\frac{1 + (z - a\mu_m\sqrt n)^T R^{-1} (z - a\mu_m\sqrt n)/\nu}
                                    {1 + z^T R^{-1} z/\nu}\Big)^{-(\nu + k)/2},

    with R the correlation of the k known signals over three fifths of the schools, those that a first pass leaves with
    the least evidence: mechanisms tie signals together, and R must not take that for the nature of schools. Mechanisms
    that touch low works alone shift in proportion to the share of works that should stand under the first cut
    (`room`). Two scopes are asked: all papers of the school (z is
    Stouffer's sum over papers, its shift the same sum) and a single one (the mean of :math:`L` over papers). The
    evidence is the logarithm of the prior mean over mechanisms, amplitudes and scopes, a small part of the prior being
    a shift of any one signal alone; it ranks, and opens nothing.

    References
    ----------
    .. [1] S. Kotz, S. Nadarajah, "Multivariate t Distributions and Their Applications", 2004, ch. 1, eq. 1.1.
    .. [2] I. J. Good, "Probability and the Weighing of Evidence", 1950, ch. 6 (likelihood ratios of composite
       hypotheses as prior means).
    """
    columns = [name for family in families for name in family.names]
    names = tuple(profiles.shift)
    works = families[0].works
    z, whole, expected, moved = signals_over_papers(families, params)
    # A way that is not on the list may move any single signal.
    mu = np.vstack((_named(profiles, columns), params.unnamed_shift * np.eye(len(columns))))
    kind = np.concatenate((kinds_of(names), np.zeros(len(columns), dtype=np.int64)))
    core = core_schools(whole, expected, profiles, columns, params)
    ratios = _ratios(whole, mu, kind, expected, params, core) + np.log1p(-params.paper_share)
    alone = np.full((len(z), len(mu)), -np.inf)
    sat = works >= params.smallest_works
    for paper in range(z.shape[1]):
        of_paper = _ratios(z[:, paper], mu, kind, moved[:, :, paper, None], params, core)
        # Added up as they come: those of all papers side by side would be the widest table of a country.
        alone = np.logaddexp(alone, np.where(sat[:, [paper]], of_paper, -np.inf))
    count = np.maximum(sat.sum(axis=1), 1)
    with np.errstate(divide="ignore"):
        alone = alone - np.log(count)[:, None] + np.log(params.paper_share)
    total = np.logaddexp(ratios, alone)
    known, single_signal = total[:, : len(names)], total[:, len(names) :]
    one = np.logaddexp.reduce(known, axis=1)
    other = np.logaddexp.reduce(single_signal, axis=1) - np.log(len(columns))
    evidence = np.logaddexp(
        one - np.log(len(names)) + np.log1p(-params.unnamed_share), other + np.log(params.unnamed_share)
    )
    return MechanismRatios(evidence, names, np.exp(known - one[:, None]))


def signals_over_papers(
    families: Sequence[FamilyScores], params: MechanismParams
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Scaled signals of the papers (S, P, k) and of the whole schools (S, k), and what both kinds of mechanisms move.

    That is, for a shift of one per square root of a work, the shift of a whole school, (2, S, k), and of each paper,
    (2, S, P), as `felt`.
    """
    size = np.sqrt(np.minimum(families[0].works, params.largest_works))
    works = families[0].works
    signals = np.stack([signal for family in families for signal in family.signals], axis=2)
    power = [params.tempered if family.tempered else 1.0 for family in families for _ in family.signals]
    z = _scaled(signals, works, params, np.array(power))
    moved = felt(size, room(families))
    return z, *_over_papers(z, families[0].works.sum(axis=1), size, moved, params), moved


def core_schools(
    whole: np.ndarray, expected: np.ndarray, profiles: Profiles, columns: Sequence[str], params: MechanismParams
) -> np.ndarray:
    """Schools that a first pass leaves with the least evidence, (S,); arguments as of `signals_over_papers`."""
    everybody = np.ones(len(whole), dtype=bool)
    kind = kinds_of(tuple(profiles.shift))
    first = np.logaddexp.reduce(_ratios(whole, _named(profiles, columns), kind, expected, params, everybody), axis=1)
    return first <= np.quantile(first, _CORE)


def _named(profiles: Profiles, columns: Sequence[str]) -> np.ndarray:
    return np.array([[own.get(name, 0.0) for name in columns] for own in profiles.shift.values()])


def room(families: Sequence[FamilyScores]) -> np.ndarray:
    """Share of works that should stand under the first cut, over that of the paper: (S, P), ones where not known."""
    works = families[0].works
    low = next((family.low for family in families if family.low is not None), None)
    if low is None:
        return np.ones(works.shape)
    known = np.isfinite(low) & (works > 0)
    low, works = np.where(known, low, 0.0), np.where(known, works, 0.0)
    usual = low.sum(axis=0) / np.maximum(works.sum(axis=0), 1)
    # One work's worth of the paper's share: that of a handful of works is not known.
    share = (low + usual) / (works + 1)
    ratio = np.divide(share, usual, out=np.ones(share.shape), where=usual > 0)
    return np.where(known, np.clip(ratio, *_ROOM), 1.0)


def kinds_of(names: Sequence[str]) -> np.ndarray:
    """Which of the two that `felt` tells apart each mechanism is: 1 where it touches low works alone."""
    return np.array([int(name in _ON_LOW_WORKS) for name in names])


def felt(size: np.ndarray, low: np.ndarray) -> np.ndarray:
    """Root of the works `size` (S, P) as each kind of mechanism feels it, (2, S, P); `low` is the schools' `room`."""
    return np.stack((size, size * low))


def _scaled(signals: np.ndarray, works: np.ndarray, params: MechanismParams, power: np.ndarray) -> np.ndarray:
    """Signals (S, P, k) about the region's centres, over powers (k,) of its scales."""
    flat = signals.reshape(len(signals), -1)
    centre, scale = region_scales(flat, np.repeat(works, signals.shape[2], axis=1), params)
    z = (flat - centre).reshape(signals.shape) / scale.reshape(signals.shape) ** power
    return np.clip(z, -params.held_low, params.held_high, out=z)


def _over_papers(
    z: np.ndarray, works: np.ndarray, size: np.ndarray, moved: np.ndarray, params: MechanismParams
) -> tuple[np.ndarray, np.ndarray]:
    """Stouffer's sums of each signal over papers, (S, k), and of a shift of one by each kind, (2, S, k)."""
    S, P, k = z.shape
    whole, expected = np.full((S, k), np.nan), np.zeros((len(moved), S, k))
    for column in range(k):
        own = z[:, :, column]
        known = np.isfinite(own)
        w = np.where(known, size, 0.0)
        between = correlations(own) if P > 1 else np.eye(1)
        norm = np.sqrt(np.einsum("ip,pq,iq->i", w, between, w))
        some = norm > 0
        norm = np.where(some, norm, 1.0)
        total = (w * np.where(known, own, 0.0)).sum(axis=1) / norm
        whole[:, column] = np.where(some, total, np.nan)
        expected[:, :, column] = np.einsum("ip,mip->mi", w, moved) / norm
    centre, scale = region_scales(whole, np.repeat(works[:, None], k, axis=1), params)
    whole -= centre
    whole /= scale
    expected /= scale
    return whole, expected


def _ratios(
    z: np.ndarray,
    mu: np.ndarray,
    kind: np.ndarray,
    expected: np.ndarray,
    params: MechanismParams,
    core: np.ndarray,
) -> np.ndarray:
    """Logarithm of the ratio of each mechanism, amplitudes averaged.

    Mechanism m shifts school i by ``mu[m] * expected[kind[m], i]``; `expected` is (2, S, k), or (2, S, 1).
    """
    S, k = z.shape
    known = np.isfinite(z)
    expected = np.broadcast_to(expected, (len(expected), S, k))
    prior = np.log(np.array(params.amplitude_shares) / sum(params.amplitude_shares))
    correlation = signal_correlation(z[core], params)
    result = np.zeros((S, len(mu)))
    patterns, which = np.unique(known @ (1 << np.arange(k)), return_inverse=True)
    for number in range(len(patterns)):
        of_pattern = np.flatnonzero(which == number)
        pattern = known[of_pattern[0]]
        if not pattern.any():
            continue
        inverse = np.linalg.inv(correlation[np.ix_(pattern, pattern)])
        power = -(params.degrees + pattern.sum()) / 2
        alike = [np.flatnonzero(kind == own) for own in np.unique(kind)]
        for first in range(0, len(of_pattern), _SCHOOLS_AT_ONCE):
            rows = of_pattern[first : first + _SCHOOLS_AT_ONCE]
            own = z[np.ix_(rows, pattern)]
            turned = own @ inverse
            square = np.vecdot(turned, own)
            base = np.log1p(square / params.degrees)
            for ways in alike:
                own_mu, awaited = mu[np.ix_(ways, pattern)], expected[kind[ways[0]]][np.ix_(rows, pattern)]
                cross = own_mu @ (turned * awaited).T
                # Squares of all shifts as one product of matrices: school by pair of signals, pair by mechanism.
                pairs = (own_mu[:, :, None] * inverse * own_mu[:, None, :]).reshape(len(ways), -1)
                size = pairs @ (awaited[:, :, None] * awaited[:, None, :]).reshape(len(rows), -1).T
                grown = [
                    prior[i] + power * (np.log1p((square - 2 * a * cross + a * a * size) / params.degrees) - base)
                    for i, a in enumerate(params.amplitudes)
                ]
                highest = np.maximum.reduce(grown)
                total = np.add.reduce([np.exp(way - highest) for way in grown])
                result[np.ix_(rows, ways)] = (highest + np.log(total)).T
    return result


def signal_correlation(z: np.ndarray, params: MechanismParams) -> np.ndarray:
    """Correlation of the signals over schools, values held to three; drawn to independence."""
    known = np.isfinite(z).astype(float)
    held = np.clip(np.nan_to_num(z), -3, 3) * known
    # Moments of each pair over the schools where both are known.
    both = known.T @ known
    count = np.maximum(both, 1)
    mean = held.T @ known / count
    variance = np.maximum((held**2).T @ known / count - mean**2, 0.0)
    spread = np.sqrt(variance * variance.T)
    covariance = held.T @ held / count - mean * mean.T
    some = (both >= params.smallest_schools) & (spread > 1e-12)
    matrix = np.where(some, (1 - params.shrinkage) * covariance / np.where(some, spread, 1.0), 0.0)
    np.fill_diagonal(matrix, 1.0)
    # Pairs known on different schools (works here, reports there) need not fit together into one matrix.
    values, vectors = np.linalg.eigh(matrix)
    if values[0] < SMALLEST_EIGENVALUE:
        matrix = (vectors * np.maximum(values, SMALLEST_EIGENVALUE)) @ vectors.T
        root = np.sqrt(np.diag(matrix))
        matrix = matrix / np.outer(root, root)
    return matrix
