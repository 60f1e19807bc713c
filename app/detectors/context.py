"""What surrounds a school's mean: kind, numeric context, outside examinations, the year before, other papers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from app.detectors.tables import PaperTable
from app.detectors.work_codes import coded

_NOT_CONTEXT = {
    "school", "name", "municipality", "municipality_name", "settlement", "address", "cluster", "type", "kind",
    "inn", "ogrn", "code_oge", "code_ege", "latitude", "longitude", "id", "year",
}  # fmt: skip


OGE, EGE = frozenset({"oge", "огэ"}), frozenset({"ege", "егэ"})
"""What a table of outside results calls the state examinations; every other name is a regional work."""


def context_matrix(names: np.ndarray, schools: pd.DataFrame | None, *, category_schools: int) -> np.ndarray:
    """Predictors from the table of schools.

    Parameters
    ----------
    names : ndarray of str, shape (S,)
        Schools of the paper.
    schools : DataFrame or None
        ``school, type``, where schools have been divided ``cluster``, and numeric columns; what is missing counts as
        the average, with an indicator of its own.
    category_schools : int
        A cluster or kind of school with fewer schools joins the largest one.

    Returns
    -------
    ndarray, shape (S, p)
        Standardised columns, without a constant; p may be 0.
    """
    if schools is None or len(schools) == 0:
        return np.zeros((len(names), 0))
    table = schools.assign(school=schools["school"].astype("str")).drop_duplicates("school").set_index("school")
    table = table.reindex(names)
    columns: list[np.ndarray] = []
    for word in ("cluster", "type", "kind"):
        if word in table.columns:
            columns += _dummies(table[word], category_schools)
    for word in table.columns:
        if word in _NOT_CONTEXT or not pd.api.types.is_numeric_dtype(table[word].dtype):
            continue
        columns += _numeric(table[word].to_numpy(dtype=float, na_value=np.nan))
    # No more predictors than a tenth of the schools can carry.
    return np.column_stack(columns[: len(names) // 10]) if columns and len(names) >= 10 else np.zeros((len(names), 0))


def _dummies(column: pd.Series, smallest: int) -> list[np.ndarray]:
    values = column.astype("str").where(column.notna(), "")
    sizes = values.value_counts()
    kept = [value for value in sizes.index[1:] if sizes[value] >= smallest]
    return [(values == value).to_numpy(dtype=float) for value in kept]


def _numeric(values: np.ndarray) -> list[np.ndarray]:
    known = np.isfinite(values)
    if known.sum() < 10:
        return []
    if (
        np.all(values[known] >= 0)
        and np.median(values[known]) > 0
        and values[known].max() > 8 * np.median(values[known])
    ):
        values = np.log1p(values)
    spread = np.std(values[known])
    if not spread > 0:
        return []
    scaled = np.where(known, np.clip((values - np.mean(values[known])) / spread, -4, 4), 0.0)
    missing = (~known).astype(float)
    return [scaled, missing] if missing.mean() > 0.03 else [scaled]


def kinds_of(exams: pd.DataFrame) -> np.ndarray:
    """Name of each row's examination, in small letters: shape (rows,), str."""
    return exams["exam"].astype("str").str.strip().str.lower().to_numpy(dtype=object).astype(str)


def sittings(exams: pd.DataFrame) -> np.ndarray:
    """Name of each row's examination with the year where the table tells it: results within one are comparable."""
    kinds = kinds_of(exams)
    if "year" not in exams:
        return kinds
    years = pd.to_numeric(exams["year"], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    return np.array(
        [f"{kind} {year:.0f}" if np.isfinite(year) else kind for kind, year in zip(kinds, years, strict=True)], str
    )


def exam_column(names: np.ndarray, exams: pd.DataFrame | None, subject: str) -> np.ndarray:
    """Mean mark of an outside examination in the paper's subject, shrunk for small n.

    A subject without results of its own takes ОГЭ and ЕГЭ of all others: they tell how strong a school is at all. A
    regional work in another subject tells that of one grade only, and is not taken.

    Returns
    -------
    ndarray, shape (S, 0 … 2)
        Standardised mean mark and an indicator of its absence.

    Notes
    -----
    Several examinations, subjects or years are first standardised each by itself, over its pupils: ОГЭ is told in
    marks, ЕГЭ in points out of a hundred.
    """
    if exams is None or len(exams) == 0:
        return np.zeros((len(names), 0))
    own = (exams["subject"] == subject).to_numpy(dtype=bool)
    rows = exams[own] if own.any() else exams[np.isin(kinds_of(exams), [*OGE, *EGE])]
    n = np.maximum(pd.to_numeric(rows["n"], errors="coerce").to_numpy(dtype=float, na_value=0.0), 0.0)
    mark = pd.to_numeric(rows["mean_mark"], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    known = np.isfinite(mark) & (n > 0)
    if known.sum() < 10:
        return np.zeros((len(names), 0))
    rows, n, mark = rows[known], n[known], mark[known]
    mark = _comparable(
        mark, n, np.char.add(sittings(rows), rows["subject"].astype("str").to_numpy(dtype=object).astype(str))
    )
    codes, found = pd.factorize(rows["school"].astype("str"))
    total = np.bincount(codes, weights=n)
    mean = np.bincount(codes, weights=n * mark) / total
    centre = float(np.average(mean, weights=total))
    # Ten pupils' worth of the average: the mark of a handful of leavers says little.
    shrunk = (total * mean + 10 * centre) / (total + 10)
    values = pd.Series(shrunk, index=np.asarray(found, dtype=object)).reindex(names).to_numpy(dtype=float)
    columns = _numeric(values)
    return np.column_stack(columns) if columns else np.zeros((len(names), 0))


def _comparable(mark: np.ndarray, n: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Marks of several examinations, each less its mean and over its spread; those of one stay as they are."""
    several = np.unique(cells)
    if len(several) == 1:
        return mark
    result = np.zeros(len(mark))
    for cell in several:
        at = cells == cell
        centre = np.average(mark[at], weights=n[at])
        spread = np.sqrt(np.average((mark[at] - centre) ** 2, weights=n[at]))
        result[at] = (mark[at] - centre) / spread if spread > 0 else 0.0
    return result


def estimable(X: np.ndarray, usable: np.ndarray) -> np.ndarray:
    """Columns of a context that the usable schools can tell apart, at most one to fifteen of them.

    Parameters
    ----------
    X : ndarray, shape (S, p)
    usable : ndarray of bool, shape (S,)

    Returns
    -------
    ndarray, shape (S, q)
        The first columns that are no sum of a constant and those before them.
    """
    kept: list[int] = []
    known = np.ones((int(usable.sum()), 1))
    for number, column in enumerate(X[usable].T):
        if len(kept) >= len(known) // 15:
            break
        rest = column - known @ np.linalg.lstsq(known, column, rcond=None)[0]
        if np.abs(rest).max(initial=0.0) > 1e-6 * max(np.abs(column).max(initial=0.0), 1e-12):
            kept.append(number)
            known = np.column_stack((known, column))
    return X[:, kept]


def clusters(names: np.ndarray, schools: pd.DataFrame | None) -> np.ndarray:
    """Cluster of each school by name, its kind where it has none; empty where neither is known."""
    found = np.full(len(names), "", dtype=object)
    if schools is None:
        return found
    table = schools.assign(school=schools["school"].astype("str")).drop_duplicates("school").set_index("school")
    for word in ("type", "cluster"):
        if word in table:
            column = table[word].reindex(names)
            known = column.notna().to_numpy(dtype=bool)
            found[known] = column[known].astype("str").to_numpy(dtype=object)
    return found


def places_of(works: pd.DataFrame) -> dict[str, object]:
    """First municipality that the works name for each school, which may be none; nothing without municipalities."""
    if "municipality" not in works:
        return {}
    codes, names = coded(works["school"])
    _, first = np.unique(codes, return_index=True)
    own = works["municipality"].iloc[first].to_numpy(dtype=object)
    return dict(zip(names[codes[first]].tolist(), own.tolist(), strict=True))


def municipality_of(schools: pd.DataFrame | None, places: Mapping[str, object]) -> dict[str, str]:
    """Municipality of each school from the table of schools, else from the works, as far as it is known."""
    place = places
    if schools is not None and "municipality" in schools:
        codes = schools["school"].astype("str").to_numpy(dtype=object)[::-1]
        # The first that is said of a school counts.
        place = dict(zip(codes.tolist(), schools["municipality"].to_numpy(dtype=object)[::-1].tolist(), strict=True))
    return {
        name: str(value) for name, value in place.items() if not (value is None or value is pd.NA or value != value)
    }


def municipalities(names: np.ndarray, place: Mapping[str, str]) -> np.ndarray:
    """Municipality of each school as `municipality_of` knows it, empty where it does not."""
    return np.array([place.get(name, "") for name in names.tolist()], object)


def elsewhere(table: PaperTable, around: list[PaperTable], parts: dict) -> np.ndarray | None:
    """How each school of a paper did elsewhere: shrunk residuals given context, standardised; zero where not known.

    Parameters
    ----------
    table : PaperTable
    around : list of PaperTable
        Other papers of the year and those of the year before.
    parts : dict
        Paper's key → (`SchoolEffects`, reference), as far as they could be computed.

    Returns
    -------
    ndarray, shape (S, 0 … 4), or None
        Same pupils in other subjects, other pupils of the school, this cohort a year ago, this paper a year ago; a
        column is kept when known for at least half of the schools.
    """
    year, subject, grade = table.key
    groups: list[list[PaperTable]] = [[], [], [], []]
    for other in around:
        if other.key == table.key or other.key not in parts:
            continue
        if other.year == year:
            groups[0 if other.spec.grade == grade else 1].append(other)
        elif other.spec.subject == subject and other.spec.grade in (grade - 1, grade):
            groups[2 if other.spec.grade == grade - 1 else 3].append(other)
    columns = []
    for group in groups:
        total, weight = np.zeros(len(table.schools)), np.zeros(len(table.schools))
        for other in group:
            effects = parts[other.key][0]
            at, same = _places_among(other.schools, table.schools)
            # A result held to three deviations: one raised paper must not make the others look low.
            residual = np.clip(effects.z, -3, 3) * effects.deviation
            total += np.where(same, residual[at] * effects.shrinkage[at], 0.0)
            weight += same
        if (weight > 0).mean() >= 0.5:
            values = np.divide(total, weight, out=np.zeros_like(total), where=weight > 0)
            spread = np.std(values[weight > 0])
            if spread > 1e-9:
                columns.append(values / spread)
    return np.column_stack(columns) if columns else None


def _places_among(others: np.ndarray, names: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Place of each name among the others, both sorted, and whether it stands there."""
    if len(others) == len(names) and (others == names).all():
        return np.arange(len(names)), np.ones(len(names), dtype=bool)
    at = np.searchsorted(others, names).clip(0, len(others) - 1)
    return at, others[at] == names
