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
from app.errors import Misconfigured
from app.terms import Mechanism

_ON_LOW_WORKS = (Mechanism.LIFT_TWOS.value, Mechanism.ABSENT_WEAK.value)
"""Mechanisms that touch works under the first cut alone: where there are none, they do nothing."""
_ROOM = (0.3, 2.5)
_CORE = 0.8
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
    Signals are brought to the region's median and quartile range (never under one: a region whose schools differ much
    in one signal learns less from it). A mechanism m of amplitude a shifts them by :math:`a\,\mu_m\sqrt n`. Honest
    schools have Student's tails, so that one wild signal does not decide (where a region gathers at cuts, the spread
    between schools is in part what is looked for: signals of that family are divided by the root of their scale),

    .. math:: L_{ma}(z) = \Big(\frac{1 + (z - a\mu_m\sqrt n)^T R^{-1} (z - a\mu_m\sqrt n)/\nu}
                                    {1 + z^T R^{-1} z/\nu}\Big)^{-(\nu + k)/2},

    with R the correlation of the k known signals over four fifths of the schools, those that a first pass leaves with
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
    columns = [(name, signal) for family in families for name, signal in zip(family.names, family.signals, strict=True)]
    names = tuple(profiles.shift)
    works = families[0].works
    size = np.sqrt(np.minimum(works, params.largest_works))
    power = [params.tempered if family.tempered else 1.0 for family in families for _ in family.signals]
    z = np.stack([_scaled(signal, params, p) for (_, signal), p in zip(columns, power, strict=True)], axis=2)
    named = np.array([[profiles.shift[m].get(name, 0.0) for name, _ in columns] for m in names])
    # A way that is not on the list may move any single signal.
    mu = np.vstack((named, params.unnamed_shift * np.eye(len(columns))))
    one_signal = np.broadcast_to(size, (len(columns), *size.shape))
    moved = np.concatenate((moved_by(names, size, room(families)), one_signal))
    whole, expected = _over_papers(z, size, moved, params)
    prior = np.log(np.array(params.amplitude_shares) / sum(params.amplitude_shares))
    shift = mu[:, None, :] * expected
    everybody = np.ones(len(z), dtype=bool)
    first = np.logaddexp.reduce(_ratios(whole, shift, prior, params, everybody)[:, : len(names)], axis=1)
    core = first <= np.quantile(first, _CORE)
    ratios = _ratios(whole, shift, prior, params, core) + np.log1p(-params.paper_share)
    single = np.full((z.shape[1], len(z), len(mu)), -np.inf)
    sat = works >= params.smallest_works
    for paper in range(z.shape[1]):
        of_paper = _ratios(z[:, paper], mu[:, None, :] * moved[:, :, paper, None], prior, params, core)
        single[paper] = np.where(sat[:, [paper]], of_paper, -np.inf)
    count = np.maximum(sat.sum(axis=1), 1)
    with np.errstate(divide="ignore"):
        alone = np.logaddexp.reduce(single, axis=0) - np.log(count)[:, None] + np.log(params.paper_share)
    total = np.logaddexp(ratios, alone)
    known, single_signal = total[:, : len(names)], total[:, len(names) :]
    one = np.logaddexp.reduce(known, axis=1)
    other = np.logaddexp.reduce(single_signal, axis=1) - np.log(len(columns))
    evidence = np.logaddexp(
        one - np.log(len(names)) + np.log1p(-params.unnamed_share), other + np.log(params.unnamed_share)
    )
    return MechanismRatios(evidence, names, np.exp(known - one[:, None]))


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


def moved_by(names: Sequence[str], size: np.ndarray, low: np.ndarray) -> np.ndarray:
    """Root of the works `size` (S, P) as each mechanism feels it, (K, S, P); `low` is the schools' `room`."""
    return np.stack([size * low if name in _ON_LOW_WORKS else size for name in names])


def region_scale(signal: np.ndarray, params: MechanismParams) -> tuple[np.ndarray, np.ndarray]:
    """Median and scale of each paper's values, (P,): the quartile range over 1.349 where it exceeds one."""
    centre, scale = np.zeros(signal.shape[1]), np.ones(signal.shape[1])
    for paper, own in enumerate(signal.T):
        known = own[np.isfinite(own)]
        if len(known) >= params.smallest_schools:
            low, centre[paper], high = np.percentile(known, [25, 50, 75])
            scale[paper] = max((high - low) / 1.349, 1.0)
    return centre, scale


def _scaled(signal: np.ndarray, params: MechanismParams, power: float) -> np.ndarray:
    centre, scale = region_scale(signal, params)
    return np.clip((signal - centre) / scale**power, -params.held_low, params.held_high)


def _over_papers(
    z: np.ndarray, size: np.ndarray, moved: np.ndarray, params: MechanismParams
) -> tuple[np.ndarray, np.ndarray]:
    """Stouffer's sums of each signal over papers, (S, k), and of each way's shift of one, (ways, S, k)."""
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
        shift = np.einsum("ip,mip->mi", w, moved) / norm
        scale, middle = 1.0, 0.0
        if some.sum() >= params.smallest_schools:
            low, middle, high = np.percentile(total[some], [25, 50, 75])
            scale = max((high - low) / 1.349, 1.0)
        whole[:, column] = np.where(some, (total - middle) / scale, np.nan)
        expected[:, :, column] = shift / scale
    return whole, expected


def _ratios(
    z: np.ndarray, shift: np.ndarray, prior: np.ndarray, params: MechanismParams, core: np.ndarray
) -> np.ndarray:
    """Logarithm of the ratio of each mechanism, amplitudes averaged; `shift` (K, S, k), or broadcast to it."""
    S, k = z.shape
    shift = np.broadcast_to(shift, (len(shift), S, k))
    known = np.isfinite(z)
    correlation = _correlation(z[core], params)
    result = np.zeros((S, len(shift)))
    patterns, which = np.unique(known, axis=0, return_inverse=True)
    for number, pattern in enumerate(patterns):
        rows = np.flatnonzero(which.ravel() == number)
        if not pattern.any():
            continue
        inverse = np.linalg.inv(correlation[np.ix_(pattern, pattern)])
        own = z[np.ix_(rows, pattern)]
        moved = shift[:, rows][:, :, pattern]
        square = np.einsum("ij,jk,ik->i", own, inverse, own)
        cross = np.einsum("mij,jk,ik->mi", moved, inverse, own)
        size = np.einsum("mij,jk,mik->mi", moved, inverse, moved)
        power = -(params.degrees + pattern.sum()) / 2
        base = np.log1p(square / params.degrees)
        ways = [
            prior[i] + power * (np.log1p((square - 2 * a * cross + a * a * size) / params.degrees) - base)
            for i, a in enumerate(params.amplitudes)
        ]
        result[rows] = np.logaddexp.reduce(np.array(ways), axis=0).T
    return result


def _correlation(z: np.ndarray, params: MechanismParams) -> np.ndarray:
    """Correlation of the signals over schools, values held to three; drawn to independence."""
    k = z.shape[1]
    held = np.clip(z, -3, 3)
    known = np.isfinite(z)
    matrix = np.eye(k)
    for a in range(k):
        for b in range(a):
            both = known[:, a] & known[:, b]
            if both.sum() < params.smallest_schools:
                continue
            x, y = held[both, a], held[both, b]
            spread = x.std() * y.std()
            if spread > 0:
                matrix[a, b] = matrix[b, a] = (1 - params.shrinkage) * float(
                    ((x - x.mean()) * (y - y.mean())).mean() / spread
                )
    # Pairs known on different schools (works here, reports there) need not fit together into one matrix.
    values, vectors = np.linalg.eigh(matrix)
    if values[0] < SMALLEST_EIGENVALUE:
        matrix = (vectors * np.maximum(values, SMALLEST_EIGENVALUE)) @ vectors.T
        root = np.sqrt(np.diag(matrix))
        matrix = matrix / np.outer(root, root)
    return matrix
