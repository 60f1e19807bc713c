"""Fewer "2" than the school's other scores imply."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.detectors.context import estimable
from app.detectors.dispersion import school_effects
from app.detectors.params import LowestParams
from app.detectors.reference import Tilt
from app.detectors.row_sums import row_sums
from app.detectors.score_statistic import cleared, moving_score, precisions
from app.detectors.tables import PaperTable
from app.detectors.tails import to_z, upper_tail
from app.errors import InsufficientData

NAME, VERSION = "few_lowest", "1.2"


@dataclass(frozen=True)
class LowestResult:
    """Schools of one paper, arrays of length S.

    Attributes
    ----------
    z, p_value : ndarray
        Score test, one-sided: fewer works marked "2", more just over the cut.
    thinned_z : ndarray
        Score test of low works that are not there at all: fewer far under the cut and fewer just over it.
    count_z : ndarray
        Missing works over their binomial standard deviation.
    observed, expected, deviation : ndarray
        Works marked "2"; the deviation is that of the count given the school's level and spread.
    assessed : ndarray of bool
    reference : str
    tilted : ndarray, shape (S, M + 1)
    """

    z: np.ndarray
    p_value: np.ndarray
    thinned_z: np.ndarray
    count_z: np.ndarray
    observed: np.ndarray
    expected: np.ndarray
    deviation: np.ndarray
    assessed: np.ndarray
    reference: str
    tilted: np.ndarray


def lifting_twos(max_score: int, cut: int, params: LowestParams) -> np.ndarray:
    """Transition matrix of the alternative: some works under the first cut are lifted to it or a little over it.

    Parameters
    ----------
    max_score, cut : int
    params : LowestParams

    Returns
    -------
    ndarray, shape (M + 1, M + 1)
        Rows sum to one.
    """
    matrix = np.eye(max_score + 1)
    landing = np.array(params.landing) / sum(params.landing)
    for score in range(cut):
        matrix[score] *= 1 - params.lifted
        for step, share in enumerate(landing):
            matrix[score, min(cut + step, max_score)] += params.lifted * share
    return matrix


def keeping_away(max_score: int, cut: int, params: LowestParams) -> np.ndarray:
    """Share of the works at each score that is left where low works are kept away, on the diagonal: (M + 1, M + 1)."""
    left = np.ones(max_score + 1)
    left[:cut] -= params.lifted
    left[cut : cut + 2] -= params.lifted / 2
    return np.diag(left)


def few_lowest(
    table: PaperTable,
    tilt: Tilt,
    params: LowestParams,
    spread_prior: float,
    *,
    reference: str,
    reference_works: float,
    X: np.ndarray | None = None,
    shown: bool = True,
) -> LowestResult:
    r"""Test of the number of "2" of each school of one paper.

    Parameters
    ----------
    table : PaperTable
        A paper with official cuts.
    tilt : Tilt
        The reference moved to each school (`boundary_push` makes it).
    params : LowestParams
    spread_prior : float
        As for `reference.tilt_to_school`.
    reference : str
        Name of the reference.
    reference_works : float
        Works behind it.
    X : ndarray, shape (S, p), optional
        Context of the schools: a kind that selects its pupils has fewer weak ones than its level tells.
    shown : bool
        False leaves what is only shown empty.

    Returns
    -------
    LowestResult

    Raises
    ------
    InsufficientData
        The paper has no official cuts.

    Notes
    -----
    The reference tilted to the school's level and spread gives the expected number of "2", :math:`n_i f_i[0,
    c_1-1]`. p is that of the score test (`score_statistic.moving_score`) whose alternative lifts 60 % of them over the
    first cut: it weighs the missing "2" and the works too many just over the cut together. Assumes that honest
    schools differ in level and spread, and, given the context, in nothing else: selection at entry cuts the lower end
    of the abilities off, which no tilt follows, so z is regressed on the context (`_in_context`).

    References
    ----------
    .. [1] D. R. Cox, D. V. Hinkley, "Theoretical Statistics", 1974, sec. 9.3.
    """
    if table.spec.mark_from is None:
        raise InsufficientData("у работы нет официальных границ отметок")
    cut = table.spec.mark_from[0]
    n = table.n
    top = table.spec.max_score
    if not 1 <= cut <= top:
        raise InsufficientData("границы отметок вне шкалы работы")
    tilted = tilt.probabilities
    transition = lifting_twos(top, cut, params)
    z, skewness = moving_score(table.counts, tilt, transition, spread_prior, reference_works=reference_works)
    thinned, lean = moving_score(
        table.counts, tilt, keeping_away(top, cut, params), spread_prior, reference_works=reference_works
    )
    share = row_sums(tilted[:, :cut])
    observed, expected = row_sums(table.counts[:, :cut]), n * share
    count_z = deviation = np.zeros(0)
    if shown:
        below = np.zeros_like(tilted)
        below[:, :cut] = 1.0
        spread = cleared(below, tilted, tilt.basis, precisions(spread_prior), n)
        variance = n * (tilted * spread * spread).sum(axis=1) * (1 + n / reference_works)
        deviation = np.sqrt(np.maximum(variance, 1e-9))
        count_z = (expected - observed) / np.sqrt(np.maximum(n * share * (1 - share), 1e-9))
    assessed = (n >= params.smallest_n) & (expected >= params.smallest_expected)
    lifted, gone = to_z(upper_tail(z, skewness)), to_z(upper_tail(thinned, lean))
    if X is not None:
        lifted, gone = _in_context(lifted, X, assessed), _in_context(gone, X, assessed)
    return LowestResult(
        lifted,
        upper_tail(lifted),
        gone,
        count_z,
        observed,
        expected,
        deviation,
        assessed,
        reference,
        tilted,
    )


def _in_context(z: np.ndarray, X: np.ndarray, usable: np.ndarray) -> np.ndarray:
    """Normal values less what goes with the context; the typical school keeps its own, and so does a heaped region."""
    columns = estimable(X, usable)
    if columns.shape[1] == 0:
        return z
    effects = school_effects(np.clip(z, -8.0, 37.0), np.ones(len(z)), columns, fit_on=usable, caution=1.0, reject=2.5)
    room = effects.deviation**2 / (1 + effects.tau2)
    return (z - effects.fitted + np.median(effects.fitted[usable])) / np.sqrt(room)
