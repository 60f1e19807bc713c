"""Numbers that describe a school's context, by ``app/data/school_features.toml``, and their robust standardisation."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from app import datafiles
from app.errors import Misconfigured

_COMMON = {"name", "form", "weight", "title", "high", "low"}
_OF_FORM = {
    "number": {"source"},
    "log": {"source"},
    "is": {"source", "values"},
    "ratio": {"source", "over"},
    "sum": {"parts"},
}


@dataclass(frozen=True)
class Feature:
    """One feature: how it is computed (`form` and `rule`), its weight, its words in both languages."""

    name: str
    form: str
    weight: float
    title: Mapping[str, str]
    high: Mapping[str, str]
    low: Mapping[str, str]
    rule: Mapping[str, Any]


@dataclass(frozen=True)
class FeatureSpec:
    """The features of one version of the data file."""

    version: str
    features: tuple[Feature, ...]


@cache
def load_features(path: Path = datafiles.DATA_DIR / "school_features.toml") -> FeatureSpec:
    """Read the features.

    Raises
    ------
    Misconfigured
        A form is unknown, a key is missing or nobody reads it, a weight is not positive.
    """
    file = datafiles.load(path, keys={"feature"})
    found = []
    for number, row in enumerate(file.body["feature"], start=1):
        where = f"{path.name} [[feature]] {row.get('name', number)}"
        form = str(row.get("form"))
        if form not in _OF_FORM:
            raise Misconfigured(f"{where}: неизвестная форма «{form}»; есть {', '.join(_OF_FORM)}")
        datafiles.require_keys(row, _COMMON | _OF_FORM[form], where=where)
        if not row["weight"] > 0:
            raise Misconfigured(f"{where}: вес должен быть больше нуля")
        rule = {key: row[key] for key in _OF_FORM[form]}
        found.append(Feature(row["name"], form, float(row["weight"]), row["title"], row["high"], row["low"], rule))
    return FeatureSpec(file.version, tuple(found))


@dataclass(frozen=True)
class FeatureTable:
    """Schools × features.

    Attributes
    ----------
    codes : tuple of str, length S
        Schools, in the order of their codes.
    features : tuple of Feature, length p
        Those that at least one school knows and that are not the same everywhere.
    values : ndarray of float, shape (S, p)
        In the feature's own unit; NaN where a school does not know it.
    absent : tuple of Feature
        Left out: nobody knows them, or they are the same for all.
    """

    codes: tuple[str, ...]
    features: tuple[Feature, ...]
    values: np.ndarray
    absent: tuple[Feature, ...]


def feature_table(schools: Sequence[Mapping[str, Any]], spec: FeatureSpec) -> FeatureTable:
    """Features of schools from what is known of each.

    Parameters
    ----------
    schools : sequence of mappings, length S
        ``code`` and the answers of the context form; an absent or null answer is missing. Any order.
    spec : FeatureSpec

    Returns
    -------
    FeatureTable
        Does not depend on the order of `schools`.

    Raises
    ------
    ValueError
        A code comes twice.

    Examples
    --------
    >>> spec = load_features()
    >>> table = feature_table([{"code": "2", "pupils": 100}, {"code": "1", "pupils": 1000}], spec)
    >>> table.codes, [feature.name for feature in table.features]
    (('1', '2'), ['pupils'])
    """
    rows = sorted(schools, key=lambda row: str(row["code"]))
    codes = tuple(str(row["code"]) for row in rows)
    if len(set(codes)) != len(codes):
        raise ValueError("коды школ повторяются")
    kept, columns, absent = [], [], []
    for feature in spec.features:
        column = _column(rows, feature)
        known = column[np.isfinite(column)]
        if len(known) and known.min() < known.max():
            kept.append(feature)
            columns.append(column)
        else:
            absent.append(feature)
    values = np.column_stack(columns) if columns else np.zeros((len(rows), 0))
    return FeatureTable(codes, tuple(kept), values, tuple(absent))


def standardise(values: np.ndarray, *, clip: float = 3.0) -> np.ndarray:
    r"""Robust z-scores, column by column.

    Parameters
    ----------
    values : ndarray, shape (S, p)
        NaN where not known.
    clip : float
        Largest absolute z kept: one enormous school must not make a cluster of its own.

    Returns
    -------
    ndarray, shape (S, p)
        :math:`z = (x - \mathrm{median}) / (\mathrm{IQR}/1.349)`; where half of the schools give one answer, so that the
        IQR is zero, mean and standard deviation stand in for them. What is not known is 0, the middle of the region.

    Notes
    -----
    1.349 is the interquartile range of the standard normal distribution.

    Examples
    --------
    >>> standardise(np.array([[1.0], [2.0], [3.0], [4.0], [np.nan]])).round(3).ravel().tolist()
    [-1.349, -0.45, 0.45, 1.349, 0.0]
    """
    result = np.zeros_like(values, dtype=float)
    for j in range(values.shape[1]):
        column = values[:, j]
        known = np.isfinite(column)
        if not known.any():
            continue
        low, centre, high = np.percentile(column[known], [25, 50, 75])
        scale = (high - low) / 1.349
        if not scale > 0:
            centre, scale = float(column[known].mean()), float(column[known].std())
        if scale > 0:
            result[known, j] = np.clip((column[known] - centre) / scale, -clip, clip)
    return result


def _column(rows: Sequence[Mapping[str, Any]], feature: Feature) -> np.ndarray:
    rule = feature.rule
    if feature.form == "sum":
        parts = [_numbers(rows, part["source"]) for part in rule["parts"]]
        known = [np.isfinite(part) for part in parts]
        total = sum(
            float(spec["weight"]) * standardise(part[:, None])[:, 0]
            for spec, part in zip(rule["parts"], parts, strict=True)
        )
        return np.where(np.logical_and.reduce(known), total, np.nan)
    if feature.form == "is":
        wanted = set(rule["values"])
        answers = [row.get(rule["source"]) for row in rows]
        return np.array([math.nan if answer is None else float(answer in wanted) for answer in answers])
    first = _numbers(rows, rule["source"])
    if feature.form == "log":
        return np.log(np.where(first > 0, first, np.nan))
    if feature.form == "ratio":
        over = _numbers(rows, rule["over"])
        # More qualified teachers than teachers: the form was filled in wrongly, so the share is not known.
        return np.where((over > 0) & (first <= over), first / np.where(over > 0, over, 1), np.nan)
    return first


def _numbers(rows: Sequence[Mapping[str, Any]], source: str) -> np.ndarray:
    def number(value: Any) -> float:
        return float(value) if isinstance(value, int | float) and math.isfinite(value) else math.nan

    return np.array([number(row.get(source)) for row in rows])
