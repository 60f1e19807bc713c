"""Signs that come back: marked again in earlier years, by whatever list or run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from app.detectors.params import RecurrenceParams
from app.errors import InsufficientData

NAME, VERSION = "recurrence", "1.0"
FEDERAL_SOURCES = frozenset({"federal", "federal_list", "fl"})


@dataclass(frozen=True)
class Period:
    """One list or run of one year: which schools it marked, and the share of schools it marks.

    Attributes
    ----------
    year : int
    source : str
    marked : ndarray of bool, shape (S,)
    rate : float
    """

    year: int
    source: str
    marked: np.ndarray
    rate: float


@dataclass(frozen=True)
class RecurrenceResult:
    """Schools of a region, arrays of length S.

    Attributes
    ----------
    schools : ndarray of str
    count : ndarray
        Periods that marked the school.
    expected : float
    low, high : float
        Between which the count of a school picked at random lies with 95 %.
    p_value : ndarray
        P(at least so many) if every period marked its share of schools at random.
    federal_years : ndarray
        Years in which the school is on a federal list.
    again : ndarray of bool
        The rule "flagged again": on the federal list in two of three years, or two and more marks at p ≤ 0.05.
    periods : tuple of Period
    """

    schools: np.ndarray
    count: np.ndarray
    expected: float
    low: float
    high: float
    p_value: np.ndarray
    federal_years: np.ndarray
    again: np.ndarray
    periods: tuple[Period, ...]


def poisson_binomial(rates: np.ndarray) -> np.ndarray:
    r"""Distribution of the number of successes of independent trials with different rates.

    Parameters
    ----------
    rates : ndarray, shape (K,)

    Returns
    -------
    ndarray, shape (K + 1,)

    Notes
    -----
    By convolution of the K two-point distributions, exactly.

    References
    ----------
    .. [1] Y. H. Wang, "On the number of successes in independent trials", Statistica Sinica 3(2), 1993, 295-312,
       sec. 2.

    Examples
    --------
    >>> poisson_binomial(np.array([0.5, 0.5])).tolist()
    [0.25, 0.5, 0.25]
    """
    distribution = np.ones(1)
    for rate in np.asarray(rates, dtype=float):
        distribution = np.convolve(distribution, [1 - rate, rate])
    return distribution


def recurrence(
    schools: np.ndarray, history: pd.DataFrame | None, year: int, params: RecurrenceParams
) -> RecurrenceResult:
    r"""Count the earlier marks of every school against what chance would repeat.

    Parameters
    ----------
    schools : ndarray of str, shape (S,)
        All schools of the region that could have been marked.
    history : DataFrame or None
        ``school, year, source, markers``: one row a marked school, list and year; `markers` is their number or their
        names, and zero or blank is no mark. A school that a list leaves out is not marked by it.
    year : int
        Year screened; later rows are left out.
    params : RecurrenceParams

    Returns
    -------
    RecurrenceResult

    Raises
    ------
    InsufficientData
        There is no history, or a single list only.

    Notes
    -----
    Over the last three years that the history knows, the number of marks of a school that every list and run picks at
    random is Poisson-binomial with rates :math:`\pi_k = (m_k + 1/2)/(S + 1)`, :math:`m_k` the schools marked in period
    k; :math:`p_i = P(X \ge x_i)`. Assumes that periods are independent for honest schools. They are not quite: the
    federal rule of the mean marks strong schools year after year, so a small p says that a school is marked again, not
    why. It is shown, used by the rule "flagged again", and never combined with other p-values.

    References
    ----------
    .. [1] Y. H. Wang, Statistica Sinica 3(2), 1993, 295-312, sec. 2.
    """
    if history is None or len(history) == 0:
        raise InsufficientData("нет списков и проверок прошлых лет")
    rows = history[pd.to_numeric(history["year"], errors="coerce") <= year]
    if len(rows) == 0:
        raise InsufficientData("нет списков и проверок прошлых лет")
    years = rows["year"].to_numpy(dtype=np.int64)
    last = int(years.max())
    rows = rows[years > last - params.years]
    marks = _marked(rows)
    names = rows["school"].astype("str").to_numpy(dtype=object).astype(str)
    sources = rows["source"].astype("str").str.strip().str.lower().to_numpy(dtype=object).astype(str)
    years = rows["year"].to_numpy(dtype=np.int64)
    periods = []
    for at, source in sorted({(int(y), str(s)) for y, s in zip(years, sources, strict=True)}):
        own = marks & (years == at) & (sources == source)
        marked = np.isin(schools, names[own])
        periods.append(Period(at, source, marked, float((marked.sum() + 0.5) / (len(schools) + 1))))
    if len(periods) < params.smallest_periods:
        raise InsufficientData(
            f"за прошлые годы известен один список: для повторения нужно не меньше {params.smallest_periods}"
        )
    table = np.array([period.marked for period in periods])
    count = table.sum(axis=0)
    rates = np.array([period.rate for period in periods])
    distribution = poisson_binomial(rates)
    reached = np.cumsum(distribution[::-1])[::-1]
    p_value = np.clip(reached[count], 0.0, 1.0)
    below = np.cumsum(distribution)
    federal = sorted({period.year for period in periods if period.source in FEDERAL_SOURCES})
    federal_years = np.zeros(len(schools), dtype=np.int64)
    for at in federal:
        listed = [p.marked for p in periods if p.year == at and p.source in FEDERAL_SOURCES]
        federal_years += np.any(listed, axis=0)
    again = (federal_years >= params.again_years) | ((count >= 2) & (p_value <= params.again_p))
    return RecurrenceResult(
        schools,
        count,
        float(rates.sum()),
        float(np.argmax(below >= 0.025)),
        float(np.argmax(below >= 0.975)),
        p_value,
        federal_years,
        again,
        tuple(periods),
    )


def _marked(rows: pd.DataFrame) -> np.ndarray:
    """Whether a row marks its school: a positive number of markers, or any name of one; without the column, always."""
    if "markers" not in rows:
        return np.ones(len(rows), dtype=bool)
    number = pd.to_numeric(rows["markers"], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    text = rows["markers"].astype("string").str.strip().fillna("").to_numpy(dtype=object)
    named = np.array([bool(word) and word.lower() not in ("nan", "none", "нет", "false") for word in text], dtype=bool)
    return np.where(np.isfinite(number), number > 0, named)
