"""Works of one class and variant that are too alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from app.detectors.dispersion import quantiles, school_effects, student_p
from app.detectors.item_profile import covariance_by_score, given_total
from app.detectors.pair_sums import PairRuns, class_sums, exchanged, exchanges
from app.detectors.params import SimilarityParams
from app.detectors.row_sums import row_sums
from app.detectors.tables import Answers, PaperTable
from app.detectors.tails import tails_under, to_z, upper_tail
from app.errors import InsufficientData

NAME, VERSION = "class_similarity", "1.4"
__all__ = [
    "NAME",
    "VERSION",
    "SimilarityResult",
    "class_similarity",
    "class_sums",
    "exchanged",
    "exchanges",
    "residuals_of",
]
PARTS = ("pairs", "whole")
_SEED = 20_090_317
_TAIL = 0.05
_WORKS_AT_ONCE = 4_096
_KEPT_WORKS = 500_000
_LEVELS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95, 0.98, 1.0)
_CLASSES_A_STRETCH = 8
_LEAST_RATIO = 0.2
_LEANS = (0.33, 0.67, 0.9)
_FAR = 3.0
"""Deviations of a class's level beyond which its over-dispersion grows no more."""


@dataclass(frozen=True)
class SimilarityResult:
    """Schools of one paper, arrays of length S unless said otherwise; C classes judged.

    Attributes
    ----------
    p_value, z : ndarray
        Of the most alike class of the school, its being the most alike allowed for.
    part : ndarray of str
        What decided: ``pairs`` (a few works nearly the same) or ``whole`` (all works somewhat alike).
    worst : ndarray of int
        Number of that class among the classes judged; −1 where there is none.
    effect, effect_low, effect_high : ndarray
        Share of close pairs in it less the usual share, with a 95 % interval.
    close, expected : ndarray
        Share of close pairs, observed and among works of different classes.
    pairs : ndarray
        Pairs of one variant in it.
    works : ndarray
        Works of the classes judged.
    classes : ndarray
        Number of classes judged.
    assessed : ndarray of bool
    starts, sizes : ndarray, shape (C,)
        First row of the paper's answers and number of works, class by class.
    norm : tuple of ndarray
        Mean and covariance of points given the score, for the residuals of a class that is shown.
    """

    p_value: np.ndarray
    z: np.ndarray
    part: np.ndarray
    worst: np.ndarray
    effect: np.ndarray
    effect_low: np.ndarray
    effect_high: np.ndarray
    close: np.ndarray
    expected: np.ndarray
    pairs: np.ndarray
    works: np.ndarray
    classes: np.ndarray
    assessed: np.ndarray
    starts: np.ndarray
    sizes: np.ndarray
    norm: tuple[np.ndarray, np.ndarray]


def residuals_of(points: np.ndarray, score: np.ndarray, mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    r"""Standardised item residuals of each work given its score, of length one.

    Parameters
    ----------
    points : ndarray of int8, shape (n, K)
    score : ndarray of int, shape (n,)
    mean : ndarray, shape (M + 1, K)
        Points given the score.
    covariance : ndarray, shape (M + 1, K, K)

    Returns
    -------
    ndarray, shape (n, K)
        :math:`e_{wk} \propto (x_{wk} - E[x_k|T_w])/\sqrt{C_{T_w,kk}}`; a zero row where all answers follow from the
        score (none or all right).
    """
    deviation = np.sqrt(np.einsum("skk->sk", covariance))
    # An answer that nearly nobody of this score gives must not make two works alike on its own.
    inverse = np.where(deviation > 0.05, 1 / np.maximum(deviation, 0.15), 0.0)
    rows = np.empty(points.shape, np.float32)
    for first in range(0, len(rows), _WORKS_AT_ONCE):
        part = slice(first, first + _WORKS_AT_ONCE)
        own = points[part] - mean.take(score[part], axis=0)
        own *= inverse.take(score[part], axis=0)
        length = np.sqrt(np.vecdot(own, own))
        np.divide(own, np.where(length > 1e-6, length, np.inf)[:, None], out=rows[part])
    return rows


class _Residuals:
    """Residuals of all works of a paper; of many works made when they are asked for, for they fill four bytes each."""

    def __init__(self, answers: Answers, mean: np.ndarray, covariance: np.ndarray) -> None:
        self._answers, self._norm = answers, (mean, covariance)
        self.shape = answers.points.shape
        is_small = self.shape[0] <= _KEPT_WORKS
        self._kept = residuals_of(answers.points, answers.score, mean, covariance) if is_small else None

    def take(self, index: np.ndarray, axis: int = 0) -> np.ndarray:
        """Rows of an array of any shape of numbers of works; as `ndarray.take` along the first axis."""
        if self._kept is not None:
            return self._kept.take(index, axis=axis)
        flat = index.ravel()
        own = residuals_of(self._answers.points.take(flat, axis=0), self._answers.score.take(flat), *self._norm)
        return own.reshape(*index.shape, self.shape[1])


def class_similarity(table: PaperTable, params: SimilarityParams) -> SimilarityResult:
    r"""Similarity test of all schools of one paper.

    Parameters
    ----------
    table : PaperTable
        A paper with items and classes.
    params : SimilarityParams

    Returns
    -------
    SimilarityResult

    Raises
    ------
    InsufficientData
        No items, no classes, or too few classes to compare with.

    Notes
    -----
    With :math:`s_{vw}` the cosine of two works' standardised residuals given their scores, times
    :math:`\sqrt{K-1}` (about standard normal for independent works), a class has two statistics over its pairs of one
    variant: *pairs*, the mean of :math:`\max(s - t, 0)^2`, and *whole*, the mean of s. Their mean, variance and
    skewness under independence come from works exchanged between classes at about the same score
    (`exchanged`), all three as smooth functions of the number of pairs and of the class's mean score; the statistics
    are made normal by them. What honest classes have in common, lessons, is regressed on the logit x of the class's
    level and adds over-dispersion :math:`\tau^2 + \omega x^2` (`school_effects`): with pupils far from the usual level,
    one score is come to by other items. A class is judged by the smaller of the two p-values (weights), a school by
    its most alike class (Šidák). Assumes that a lesson makes all works of a class a little alike, and does not make
    two works the same. A small p shows likeness, not who copied.

    References
    ----------
    .. [1] B. A. Jacob, S. D. Levitt, "Rotten apples", Quarterly Journal of Economics 118(3), 2003, 843-877, sec. III
       (correlation of answers inside a class).
    .. [2] P. Good, "Permutation, Parametric and Bootstrap Tests of Hypotheses", 3rd ed., 2005, ch. 3.
    """
    answers = table.answers
    if answers is None:
        raise InsufficientData("нет баллов за отдельные задания")
    if answers.unit is None:
        raise InsufficientData("классы не указаны")
    if len(table.spec.item_max) < params.smallest_items:
        raise InsufficientData(f"в работе меньше {params.smallest_items} заданий")
    starts, sizes = _classes(answers, params)
    if len(starts) < params.smallest_pool:
        raise InsufficientData(
            f"классов, в которых не меньше {params.smallest_class} работ, меньше {params.smallest_pool}"
        )
    top, S = table.spec.max_score, len(table.schools)
    mean = given_total(answers.by_score(top).sums, answers.works_at(table).sum(axis=0))
    covariance = covariance_by_score(answers, top)
    rows = _Residuals(answers, mean, covariance)
    runs = PairRuns(answers.variant, starts, sizes)
    rng = np.random.default_rng(_SEED)
    # Many classes say as much in a few exchanges as few classes do in many.
    times = min(params.exchanges, max(1, -(-params.exchanged_classes // len(starts))))
    orders = exchanges(answers, rng, params.block, times)
    observed, *others = runs.sums_of_all(rows, params.threshold, params.close, [None, *orders])
    null = np.stack(others)
    enough = observed[:, 0] >= params.smallest_pairs
    if enough.sum() < params.smallest_pool:
        raise InsufficientData(f"классов с {params.smallest_pairs} парами работ одного варианта мало для сравнения")
    pairs = np.maximum(observed[:, 0], 1)
    running = np.concatenate(([0.0], np.cumsum(answers.score)))
    level = (running[starts + sizes] - running[starts]) / sizes
    part_z = np.column_stack(
        [_standardised(observed[:, k] / pairs, null[:, :, k] / pairs, pairs, level, enough, top) for k in (2, 1)]
    )
    p = special.ndtr(-part_z)
    weights = np.array([params.weight_pairs, 1 - params.weight_pairs])
    decided = np.argmin(p / weights, axis=1)
    smallest = np.minimum((p / weights).min(axis=1), 1.0)
    class_p = -np.expm1(row_sums(np.log1p(-np.minimum(weights * smallest[:, None], 1 - 1e-16))))
    school = answers.school[starts]
    judged = np.bincount(school[enough], minlength=S)
    works = np.bincount(school[enough], weights=sizes[enough], minlength=S)
    # The most alike class of each school: classes sorted by school, then by p.
    order = np.lexsort((np.where(enough, class_p, 2.0), school))
    first = order[np.concatenate(([True], np.diff(school[order]) > 0))]
    worst = np.full(S, -1)
    worst[school[first]] = first
    p_value = np.where(
        judged > 0, -np.expm1(np.maximum(judged, 1) * np.log1p(-np.minimum(class_p, 1 - 1e-16))[worst]), 1
    )
    p_value = np.clip(p_value, 1e-300, 1.0)
    usual = float(null[:, :, 3].sum() / max(null[:, :, 0].sum(), 1))
    share = observed[:, 3] / pairs
    spread = (
        np.sqrt(np.mean((null[:, enough, 3] / pairs[enough] - usual) ** 2 * pairs[enough])) if enough.any() else 0.0
    )
    half = (1.96 * spread / np.sqrt(pairs))[worst]
    effect = share[worst] - usual
    return SimilarityResult(
        p_value,
        to_z(p_value),
        np.array(PARTS)[decided[worst]],
        worst,
        effect,
        effect - half,
        effect + half,
        share[worst],
        np.full(S, usual),
        pairs[worst],
        works,
        judged,
        (judged > 0) & (works >= params.smallest_n),
        starts,
        sizes,
        (mean, covariance),
    )


def _classes(answers: Answers, params: SimilarityParams) -> tuple[np.ndarray, np.ndarray]:
    """First work and size of each class that is large enough."""
    assert answers.unit is not None
    units, starts, sizes = np.unique(answers.unit, return_index=True, return_counts=True)
    kept = (units >= 0) & (sizes >= params.smallest_class) & (sizes <= params.largest_class)
    return starts[kept], sizes[kept]


def _standardised(
    observed: np.ndarray, null: np.ndarray, pairs: np.ndarray, level: np.ndarray, enough: np.ndarray, top: int
) -> np.ndarray:
    """Normal values of a mean over pairs, its null moments from exchanged works; zero where there are too few pairs."""
    use = enough
    mean = null[:, use].mean(axis=0)
    centre = _along(level, use, mean, pairs[use])
    gap = null[:, use] - centre[use]
    squares = gap * gap
    # Pairs that share a work are not quite independent: variance = a/pairs + b.
    basis = np.column_stack((1 / pairs, np.ones(len(pairs))))
    fit, _ = optimize.nnls(basis[use] * pairs[use, None], squares.mean(axis=0) * pairs[use])
    variance = np.maximum(basis @ fit, 1e-12)
    # Where nearly all answers are right, or nearly all wrong, a few of them decide what is alike.
    variance *= np.maximum(_along(level, use, squares.mean(axis=0) / variance[use]), _LEAST_RATIO)
    spread = np.sqrt(variance)
    third = np.maximum(_along(level, use, (squares * gap).mean(axis=0) / spread[use] ** 3 * np.sqrt(pairs[use])), 0.0)
    lean = third / np.sqrt(pairs)
    skewness = np.clip(lean, 0.0, 2.0)
    p = upper_tail((observed - centre) / spread, skewness)
    chance = tails_under(_TAIL, gap / spread[use], skewness[use])
    # Few pairs, or a level at which few answers decide, make the tail longer than three moments tell.
    group = np.searchsorted(quantiles(lean[use], _LEANS), lean, side="right")
    for number in range(len(_LEANS) + 1):
        own = group == number
        p[own] = _tail_like(p[own], chance[:, group[use] == number])
    # What is bounded where over-dispersion is estimated has to be normal by chance alone: the bounded squares of a
    # skewed statistic are so small that the likeness honest classes owe to their lessons would never be seen.
    alone = np.clip(to_z(p), -8.0, 37.0) * spread
    logit = np.log((level + 0.5) / (top - level + 0.5))
    x = (logit - logit[use].mean()) / max(float(logit[use].std()), 1e-9)
    effects = school_effects(
        np.where(use, alone, 0.0),
        np.where(use, variance, 1e6),
        # Able pupils come to a score by other items than the rest: honest classes of one level share that, and those
        # far from the usual level share more or less of it.
        np.column_stack((x, x**2)),
        fit_on=use,
        shared=np.minimum(x**2, _FAR**2),
        caution=1.0,
        reject=2.5,
    )
    z = to_z(student_p(effects.z, effects.degrees))
    return np.clip(np.where(use, z, 0.0), -8.0, 37.0)


def _along(level: np.ndarray, use: np.ndarray, values: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
    r"""Mean of values of some classes as a function of the level of all.

    Parameters
    ----------
    level : ndarray, shape (C,)
        Mean score of each class.
    use : ndarray of bool, shape (C,)
    values : ndarray, shape (number of `use`,)
        Moments of classes after exchange.
    weight : ndarray, optional
        Of the same shape; equal by default.

    Returns
    -------
    ndarray, shape (C,)

    Notes
    -----
    Means over classes between the quantiles `_LEVELS` (where a stretch would hold under `_CLASSES_A_STRETCH` classes it
    joins its neighbour), interpolated linearly between the mean levels of the stretches. Nothing is assumed about the
    form: moments climb steeply near the ends of the scale, where a polynomial follows the many classes in the middle.
    """
    order = np.argsort(level[use], kind="stable")
    edges = np.round(np.array(_LEVELS) * len(order)).astype(int)
    kept = [0]
    for edge in edges[1:-1]:
        if edge - kept[-1] >= _CLASSES_A_STRETCH and len(order) - edge >= _CLASSES_A_STRETCH:
            kept.append(int(edge))
    sorted_level = level[use][order]
    w = np.ones(len(order)) if weight is None else weight[order]
    total = np.add.reduceat(w, kept)
    place = np.add.reduceat(w * sorted_level, kept) / total
    found = np.add.reduceat(w * values[order], kept) / total
    return np.interp(level, place, found)


def _tail_like(p: np.ndarray, chance: np.ndarray, start: float = _TAIL) -> np.ndarray:
    r"""p-values whose tail under `start` is stretched to that of p-values known to be of chance alone.

    Notes
    -----
    :math:`p \to s\,(p/s)^a` for p < s with the maximum-likelihood :math:`a = 1/\overline{\ln(s/p_0)}` over chance
    values :math:`p_0 < s`, never over 1; s is first replaced by their share.
    """
    far = chance[chance < start]
    if len(far) < 20:
        return p
    exponent = min(1.0, 1.0 / float(np.mean(np.log(start / far))))
    share = max(start, len(far) / chance.size)
    return np.where(p < start, share * (p / start) ** exponent, np.maximum(p, share))


def class_name(table: PaperTable, result: SimilarityResult, i: int) -> str:
    """Name of the most alike class of school number `i`."""
    answers = table.answers
    assert answers is not None
    assert answers.unit is not None
    unit = int(answers.unit[result.starts[result.worst[i]]])
    return str(answers.class_names[unit % len(answers.class_names)])


def close_pairs(table: PaperTable, result: SimilarityResult, i: int) -> tuple[np.ndarray, np.ndarray]:
    """Likeness of works in the most alike class of school number `i`, and whether their variants agree.

    Returns
    -------
    alike : ndarray, shape (m, m)
        :math:`s_{vw}`, works most alike to others first.
    same : ndarray of bool, shape (m, m)
    """
    answers = table.answers
    assert answers is not None
    number = int(result.worst[i])
    rows = slice(int(result.starts[number]), int(result.starts[number] + result.sizes[number]))
    own = residuals_of(answers.points[rows], answers.score[rows], *result.norm)
    alike = own @ own.T * np.sqrt(max(own.shape[1] - 1, 1))
    same = answers.variant[rows][:, None] == answers.variant[rows]
    np.fill_diagonal(same, False)
    order = np.argsort(-np.where(same, np.maximum(alike, 0) ** 2, 0).sum(axis=1), kind="stable")
    return alike[np.ix_(order, order)], same[np.ix_(order, order)]
