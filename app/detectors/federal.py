"""The fourteen federal markers, exactly as the federal method defines them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy import special

from app.detectors import context
from app.detectors.params import FederalParams
from app.detectors.tables import PaperTable

NAME, VERSION = "federal", "1.1"
PAPERS = (("ru", 4), ("ma", 4), ("ru", 5), ("ma", 5))
CAVEAT = (
    "Федеральное правило среднего отмечает прежде всего сильные школы, а федеральный список этими статистиками не "
    "воспроизводится. Маркеры показаны как есть и дело не открывают."
)


@dataclass(frozen=True)
class Interval:
    """A mean with its interval."""

    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray


@dataclass
class Marker:
    """One of the fourteen markers for the schools of a paper.

    Attributes
    ----------
    name : str
        ``mean``, ``journal``, ``rise``, ``fall`` or ``oge``.
    subject : str
    grade : int
        Grade of the paper (9 for ОГЭ).
    schools : ndarray of str
    assessed, present : ndarray of bool
        Whether the marker could be computed, and whether it fired.
    figures : dict of str to ndarray or float
        Numbers behind it.
    reason : str
        Why it was not computed, where `assessed` is False.
    """

    name: str
    subject: str
    grade: int
    schools: np.ndarray
    assessed: np.ndarray
    present: np.ndarray
    figures: dict = field(default_factory=dict)
    reason: str = ""


def school_interval(n: np.ndarray, mean: np.ndarray, variance: np.ndarray) -> Interval:
    """Student's 95 % interval of school means; the bounds are the mean itself where n < 2."""
    t = special.stdtrit(np.maximum(n - 1, 1), 0.975)
    half = np.where(n >= 2, t * np.sqrt(variance / np.maximum(n, 1)), 0.0)
    return Interval(mean, mean - half, mean + half)


def overstated_mean(table: PaperTable, params: FederalParams) -> Marker:
    r"""Lower bound of the school's interval to the right of the region's upper bound.

    Parameters
    ----------
    table : PaperTable
    params : FederalParams

    Returns
    -------
    Marker

    Notes
    -----
    Region: :math:`\bar X \pm 1.96\,S/\sqrt{n}` over all works; school: :math:`\bar x \pm t_{0.975,
    m-1}\,s/\sqrt{m}`. The rule has no variance between schools in it: on a real region it marks every sixth school,
    mostly strong ones.
    """
    works = table.counts.sum(axis=0)
    score = np.arange(len(works))
    total = works.sum()
    centre = works @ score / total
    spread = np.sqrt((works @ (score - centre) ** 2) / max(total - 1, 1))
    upper = centre + params.coverage * spread / np.sqrt(total)
    school = school_interval(table.n, table.mean, table.variance)
    assessed = table.n >= 2
    return Marker(
        "mean",
        table.spec.subject,
        table.spec.grade,
        table.schools,
        assessed,
        assessed & (school.low > upper),
        {
            "mean": school.mean,
            "low": school.low,
            "high": school.high,
            "region": float(centre),
            "region_high": float(upper),
        },
        "для интервала нужно не меньше двух работ",
    )


def spearman(cells: np.ndarray) -> np.ndarray:
    r"""Spearman's rank correlation of score and journal mark in each school, ties at their mean rank.

    Parameters
    ----------
    cells : ndarray, shape (S, M + 1, J)
        Works by score and journal mark.

    Returns
    -------
    ndarray, shape (S,)
        NaN where either is constant.

    References
    ----------
    .. [1] M. G. Kendall, "Rank Correlation Methods", 4th ed., 1970, sec. 3.8 (ties).

    Examples
    --------
    >>> float(spearman(np.array([[[2.0, 0.0], [0.0, 2.0]]]))[0])
    1.0
    """
    cells = np.asarray(cells, dtype=float)
    rows, columns = cells.sum(axis=2), cells.sum(axis=1)
    n = rows.sum(axis=1)

    def centred_ranks(counts: np.ndarray) -> np.ndarray:
        return np.cumsum(counts, axis=1) - counts / 2 - n[:, None] / 2

    r, c = centred_ranks(rows), centred_ranks(columns)
    product = np.einsum("isj,is,ij->i", cells, r, c)
    norm = np.sqrt((rows * r**2).sum(axis=1) * (columns * c**2).sum(axis=1))
    return np.divide(product, norm, out=np.full(len(n), np.nan), where=norm > 1e-12)


def journal_contradiction(table: PaperTable) -> Marker:
    """Negative rank correlation of journal marks and primary scores inside the school.

    Parameters
    ----------
    table : PaperTable

    Returns
    -------
    Marker
    """
    S = len(table.schools)
    if table.journal is None:
        nothing = np.zeros(S, dtype=bool)
        reason = "нет отметок по журналу"
        return Marker("journal", table.spec.subject, table.spec.grade, table.schools, nothing, nothing, {}, reason)
    rho = spearman(table.journal)
    assessed = np.isfinite(rho)
    return Marker(
        "journal",
        table.spec.subject,
        table.spec.grade,
        table.schools,
        assessed,
        assessed & (np.nan_to_num(rho) < 0),
        {"rho": rho},
        "все отметки по журналу или все баллы школы одинаковы",
    )


def sharp_change(table: PaperTable, before: PaperTable | None, params: FederalParams) -> tuple[Marker, Marker]:
    r"""Sharp rise and sharp fall of one cohort between grade 4 and grade 5.

    Parameters
    ----------
    table : PaperTable
        The paper of the higher grade.
    before : PaperTable or None
        The paper of the grade below, of the year before.
    params : FederalParams

    Returns
    -------
    rise, fall : Marker

    Notes
    -----
    :math:`K = S_{N,year} / S_{N+1,year+1}`, S the cohort's mean percentage of the maximum score. Fall:
    :math:`K > Q_{75} + 3\,IQR`; rise: :math:`K < Q_{25} - 3\,IQR`, quartiles over all schools with both papers.
    """
    S = len(table.schools)
    nothing = np.zeros(S, dtype=bool)
    subject, grade = table.spec.subject, table.spec.grade
    if before is None:
        reason = "нет работ этих же учеников за прошлый год"
        return (
            Marker("rise", subject, grade, table.schools, nothing, nothing, {}, reason),
            Marker("fall", subject, grade, table.schools, nothing, nothing, {}, reason),
        )
    earlier = pd.Series(before.mean / before.spec.max_score, index=before.schools).reindex(table.schools).to_numpy()
    now = table.mean / table.spec.max_score
    K = np.divide(earlier, now, out=np.full(S, np.nan), where=(now > 0) & np.isfinite(earlier))
    assessed = np.isfinite(K)
    if assessed.sum() < 4:
        reason = "школ с работами обоих лет меньше четырёх"
        return (
            Marker("rise", subject, grade, table.schools, nothing, nothing, {}, reason),
            Marker("fall", subject, grade, table.schools, nothing, nothing, {}, reason),
        )
    q25, q75 = np.percentile(K[assessed], [25, 75])
    low, high = q25 - params.k_iqr * (q75 - q25), q75 + params.k_iqr * (q75 - q25)
    figures = {"k": K, "low": float(low), "high": float(high)}
    reason = "у школы нет работ этих же учеников за прошлый год"
    known = np.nan_to_num(K, nan=(low + high) / 2)
    return (
        Marker("rise", subject, grade, table.schools, assessed, assessed & (known < low), figures, reason),
        Marker("fall", subject, grade, table.schools, assessed, assessed & (known > high), figures, reason),
    )


def oge_mean(exams: pd.DataFrame | None, subject: str, params: FederalParams, year: int | None = None) -> Marker:
    """Overstated mean of ОГЭ; needs the spread of marks (column ``sd_mark``) beside their mean and number.

    Parameters
    ----------
    exams : DataFrame or None
        ``school, exam, subject, n, mean_mark`` and, for this marker, ``sd_mark``.
    subject : str
    params : FederalParams
    year : int, optional
        Year of the marker: rows whose ``year`` is another one are left out.

    Returns
    -------
    Marker
        Grade 9; without schools where there is no ОГЭ at all.
    """
    none = np.array([], dtype=str)
    empty = np.array([], dtype=bool)
    if exams is None:
        return Marker("oge", subject, 9, none, empty, empty, {}, "нет результатов ОГЭ")
    wanted = np.isin(context.kinds_of(exams), [*context.OGE]) & (exams["subject"] == subject).to_numpy(dtype=bool)
    if year is not None and "year" in exams:
        wanted &= (exams["year"].isna() | (exams["year"] == year)).to_numpy(dtype=bool)
    rows = exams[wanted].drop_duplicates("school")
    if len(rows) == 0:
        return Marker("oge", subject, 9, none, empty, empty, {}, "нет результатов ОГЭ по предмету")
    schools = rows["school"].astype("str").to_numpy(dtype=object).astype(str)
    n = rows["n"].to_numpy(dtype=float, na_value=0.0)
    mean = rows["mean_mark"].to_numpy(dtype=float, na_value=np.nan)
    if "sd_mark" not in rows:
        nothing = np.zeros(len(rows), dtype=bool)
        reason = "в результатах ОГЭ нет разброса отметок (столбец sd_mark)"
        return Marker("oge", subject, 9, schools, nothing, nothing, {"mean": mean, "n": n}, reason)
    sd = rows["sd_mark"].to_numpy(dtype=float, na_value=np.nan)
    assessed = (n >= 2) & np.isfinite(mean) & np.isfinite(sd)
    safe_n, safe_mean, safe_sd = (np.where(assessed, v, d) for v, d in ((n, 2.0), (mean, 0.0), (sd, 0.0)))
    total = float(n[assessed].sum())
    centre = float((n * safe_mean)[assessed].sum() / max(total, 1))
    square = float((((n - 1) * safe_sd**2) + n * (safe_mean - centre) ** 2)[assessed].sum())
    upper = centre + params.coverage * np.sqrt(square / max(total - 1, 1)) / np.sqrt(max(total, 1))
    school = school_interval(safe_n, safe_mean, safe_sd**2)
    figures = {
        "mean": mean,
        "low": school.low,
        "high": school.high,
        "region": centre,
        "region_high": float(upper),
        "n": n,
    }
    return Marker(
        "oge",
        subject,
        9,
        schools,
        assessed,
        assessed & (school.low > upper),
        figures,
        "для интервала нужно не меньше двух работ",
    )


def federal_markers(
    tables: list[PaperTable], previous: list[PaperTable], exams: pd.DataFrame | None, params: FederalParams
) -> list[Marker]:
    """All markers that the papers of one year allow.

    Parameters
    ----------
    tables : list of PaperTable
        Papers of one year.
    previous : list of PaperTable
        Papers of earlier years.
    exams : DataFrame or None
    params : FederalParams

    Returns
    -------
    list of Marker
        Mean and journal for Russian and mathematics in grades 4 and 5, rise and fall on the grade 5 papers, ОГЭ.
    """
    markers: list[Marker] = []
    year = max((table.year for table in tables), default=None)
    for table in tables:
        if (table.spec.subject, table.spec.grade) not in PAPERS:
            continue
        markers += [overstated_mean(table, params), journal_contradiction(table)]
        if table.spec.grade == 5:
            earlier = [
                t
                for t in previous
                if (t.spec.subject, t.spec.grade) == (table.spec.subject, 4) and t.year == table.year - 1
            ]
            markers += sharp_change(table, next(iter(earlier), None), params)
    return [*markers, *(oge_mean(exams, subject, params, year) for subject in ("ru", "ma"))]


def region_index(markers: list[Marker]) -> dict:
    """Index of objectivity of the region: 100 less the percentage of schools with at least one marker.

    Parameters
    ----------
    markers : list of Marker

    Returns
    -------
    dict
        ``index`` (0–100), ``schools``, ``marked``, ``by_marker`` (marker → schools), ``caveat``.
    """
    everyone: set[str] = set()
    marked: set[str] = set()
    by_marker: dict[str, int | None] = {}
    for marker in markers:
        name = f"{marker.name}_{marker.subject}{marker.grade}"
        by_marker[name] = int(marker.present.sum()) if marker.assessed.any() else None
        everyone.update(marker.schools[marker.assessed].tolist())
        marked.update(marker.schools[marker.present].tolist())
    index = round(100 - 100 * len(marked) / len(everyone), 1) if everyone else None
    return {"index": index, "schools": len(everyone), "marked": len(marked), "by_marker": by_marker, "caveat": CAVEAT}
