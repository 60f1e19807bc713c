"""Marks of the paper against the journal where only the ready comparison is known: `journal_gap` from three counts."""

from __future__ import annotations

import numpy as np
from scipy import special

from app.detectors.aggregates import Known
from app.detectors.dispersion import school_effects
from app.detectors.journal_gap import PARTS, JournalResult
from app.detectors.params import JournalParams
from app.detectors.tails import SMALLEST_P, to_z
from app.errors import InsufficientData

LOWERED, CONFIRMED, RAISED = 0, 1, 2
_NODES = 31


def dispersed_tail(count: np.ndarray, n: np.ndarray, logit: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    r"""Mid-p of at least `count` successes among n whose logit varies normally between schools.

    Parameters
    ----------
    count, n : ndarray, shape (S,)
    logit, deviation : ndarray, shape (S,)
        Mean and standard deviation of the logit of the probability.

    Returns
    -------
    ndarray, shape (S,)

    Notes
    -----
    .. math:: p = E\left[P(X > x \mid \pi) + \tfrac12 P(X = x \mid \pi)\right], \qquad
              \pi = 1/(1 + e^{-(\mu + \sigma Z)}),

    the expectation over Z by Gauss–Hermite quadrature with 31 nodes; X binomial. Exact for rare events, where no
    normal tail would do.

    References
    ----------
    .. [1] D. A. Williams, "Extra-binomial variation in logistic linear models", Applied Statistics 31(2), 1982,
       144-148, sec. 2 (variance on the logit scale).

    Examples
    --------
    >>> p = dispersed_tail(np.array([2.0]), np.array([2.0]), np.array([0.0]), np.array([0.0]))
    >>> float(p[0].round(6))
    0.125
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    weights = weights / weights.sum()
    pi = special.expit(logit[:, None] + deviation[:, None] * nodes)
    x, works = np.asarray(count, dtype=float)[:, None], np.asarray(n, dtype=float)[:, None]
    above = np.where(x >= works, 0.0, special.bdtrc(np.minimum(x, works), works.astype(np.int64), pi))
    # P(X ≥ x) is one at x = 0.
    least = np.where(x <= 0, 1.0, special.bdtrc(np.maximum(x - 1, 0), works.astype(np.int64), pi))
    return np.clip((0.5 * (above + least)) @ weights, SMALLEST_P, 1.0)


def journal_report(known: Known, control: np.ndarray | None, X: np.ndarray, params: JournalParams) -> JournalResult:
    r"""Journal test of all schools of one paper from the numbers lowered, confirmed and raised.

    Parameters
    ----------
    known : Known
        ``values``: works below, at and above the journal's mark, shape (S, 3).
    control : ndarray of bool, shape (S,), or None
        Schools of the control sample, which then set what is usual.
    X : ndarray, shape (S, p)
        Context of the schools.
    params : JournalParams

    Returns
    -------
    JournalResult
        `far` is NaN: the report does not tell how far marks are apart.

    Raises
    ------
    InsufficientData
        Too few schools.

    Notes
    -----
    Each of the three counts is binomial with a logit that differs between honest schools, :math:`\mathrm{logit}\,\pi_i
    \sim N(x_i\beta, \tau^2)`; journals are strict or lenient, and :math:`\tau` is large. *Raised* and *lowered* are
    judged by their own tail (`dispersed_tail`); *copied* is the number confirmed among schools that are as lenient:
    x there is the surplus of works lowered over works raised and its square, so that agreement is not
    mistaken for a journal that happens to fit. :math:`\beta, \tau^2` from `dispersion.school_effects`. The p-value is
    the weighted smallest, as in `journal_gap`. Without scores the test cannot tell a work near its mark's cut from one
    far inside: it is weaker than the one on works.

    References
    ----------
    .. [1] D. J. Spiegelhalter, Statistics in Medicine 24(8), 2005, 1185-1202, sec. 4.
    .. [2] C. R. Genovese, K. Roeder, L. Wasserman, Biometrika 93(3), 2006, 509-524, sec. 2.
    """
    works, values = known.n, known.values
    usable = works >= params.smallest_n
    fit_on = usable if control is None else usable & control
    if fit_on.sum() < params.smallest_pool:
        raise InsufficientData(f"школ со сравнением с журналом меньше {params.smallest_pool}")
    rows = np.arange(len(works))
    lean = (values[:, LOWERED] - values[:, RAISED]) / np.maximum(works, 1)
    centred = lean - np.average(lean[usable], weights=works[usable])
    leniency = np.column_stack((centred, centred**2)) / max(float(centred[usable].std()), 1e-9)
    columns = (RAISED, CONFIRMED, LOWERED)  # in the order of PARTS
    p, expected, deviation = (np.ones((len(works), 3)) for _ in range(3))
    for part, column in enumerate(columns):
        design = np.column_stack((leniency, X)) if column == CONFIRMED else X
        p[:, part], expected[:, part], deviation[:, part] = _side(
            values[:, column], works, design, usable, fit_on, params.smallest_pool
        )
    weights = np.array([params.weight_raised, params.weight_copied, params.weight_lowered])
    weights = weights / weights.sum()
    decided = np.argmin(p / weights, axis=1)
    smallest = np.minimum((p / weights).min(axis=1), 1.0)
    p_value = -np.expm1(np.log1p(-np.minimum(weights * smallest[:, None], 1 - 1e-16)).sum(axis=1))
    p_value = np.clip(p_value, SMALLEST_P, 1.0)
    shares = values / np.maximum(works, 1)[:, None]
    side = np.array(columns)[decided]
    effect = shares[rows, side] - expected[rows, decided]
    half = 1.96 * deviation[rows, decided]
    return JournalResult(
        p_value,
        to_z(p_value),
        np.array(PARTS)[decided],
        to_z(p),
        works,
        shares,
        expected[:, [2, 1, 0]],
        effect,
        effect - half,
        effect + half,
        np.full(len(works), np.nan),
        usable,
    )


def _side(
    count: np.ndarray,
    works: np.ndarray,
    X: np.ndarray,
    usable: np.ndarray,
    fit_on: np.ndarray,
    smallest_pool: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Tail probability of at least so many works, the share expected, and the standard deviation of the share."""
    logit = np.log((count + 0.5) / (works - count + 0.5))
    centre = float(count[fit_on].sum() / max(works[fit_on].sum(), 1))
    # The variance at the school's own share would make every extreme look uncertain: it is drawn to the region's.
    share = (count + 20 * centre) / (works + 20)
    room = np.maximum(share * (1 - share), 1e-3)
    # The logit of a few works varies less than its formula says: such schools are judged and do not set the scale.
    for least in (5.0, 2.0):
        plenty = fit_on & (works * np.minimum(centre, 1 - centre) >= least)
        if plenty.sum() >= smallest_pool + X.shape[1]:
            fit_on = plenty
            break
    effects = school_effects(
        np.where(usable, logit, 0.0),
        np.where(usable, 1 / (np.maximum(works, 1) * room), 1e6),
        X,
        fit_on=fit_on,
        reject=3.0,
    )
    tau = np.full(len(works), np.sqrt(effects.tau2))
    p = np.where(usable, dispersed_tail(count, works, effects.fitted, tau), 1.0)
    expected = special.expit(effects.fitted)
    spread = expected * (1 - expected)
    return p, expected, np.sqrt(spread / np.maximum(works, 1) + (spread * tau) ** 2)
