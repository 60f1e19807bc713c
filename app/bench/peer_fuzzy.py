r"""The fuzzy clustering by which INVALSI weighs down classes with implausible results.

Each class of a paper has four numbers: mean score, standard deviation, mean heterogeneity of the answers within items
(Gini), share of items left out. Two principal components of them are clustered by fuzzy c-means [1]_; the membership in
the cluster of high mean, low spread, low heterogeneity and few omissions is the class's mark of suspicion [2]_.

References
----------
.. [1] J. C. Bezdek, "Pattern Recognition with Fuzzy Objective Function Algorithms", 1981, ch. 3, th. 11.1.
.. [2] C. Quintano, R. Castellano, S. Longobardi, "A fuzzy clustering approach to improve the accuracy of Italian
   student data", Statistica & Applicazioni VII (2), 2009, p. 149–171.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from app.detectors import PaperSpec
from app.detectors.tables import PaperTable

SMALLEST_CLASS = 8
CLUSTERS = 6
FUZZINESS = 2.0
_TOWARDS = np.array([1.0, -1.0, -1.0, -1.0])  # mean, spread, heterogeneity, omissions of the suspect cluster
_SEED = 2009


@dataclass(frozen=True)
class Clustering:
    """Result of `fuzzy_c_means`: centres (c, d), memberships (n, c) with rows that sum to one, steps taken."""

    centres: np.ndarray
    membership: np.ndarray
    steps: int


def fuzzy_c_means(
    data: np.ndarray, start: np.ndarray, fuzziness: float = FUZZINESS, tolerance: float = 1e-7, most: int = 1000
) -> Clustering:
    r"""Fuzzy c-means by Picard iteration.

    Parameters
    ----------
    data : ndarray, shape (n, d)
    start : ndarray, shape (n, c)
        Memberships to start from; rows sum to one.
    fuzziness : float
        The exponent m > 1.
    tolerance : float
        It stops when the memberships move by less (Frobenius norm).
    most : int
        Largest number of steps.

    Returns
    -------
    Clustering

    Notes
    -----
    :math:`v_k = \sum_i u_{ik}^m x_i / \sum_i u_{ik}^m` and
    :math:`u_{ik} = d_{ik}^{-2/(m-1)} / \sum_l d_{il}^{-2/(m-1)}`; Bezdek 1981, th. 11.1.
    """
    membership = start / start.sum(axis=1, keepdims=True)
    steps = 0
    while steps < most:
        steps += 1
        weight = membership**fuzziness
        centres = weight.T @ data / weight.sum(axis=0)[:, None]
        distance = np.linalg.norm(data[:, None, :] - centres[None], axis=2)
        nearness = np.fmax(distance, np.finfo(float).eps) ** (-2.0 / (fuzziness - 1))
        before, membership = membership, nearness / nearness.sum(axis=1, keepdims=True)
        if np.linalg.norm(membership - before) < tolerance:
            break
    return Clustering(centres, membership, steps)


def class_figures(works: pd.DataFrame, spec: PaperSpec) -> pd.DataFrame:
    """The four numbers of each class with `SMALLEST_CLASS` works and more.

    Returns
    -------
    DataFrame
        ``school, n, mean, spread, heterogeneity, omitted``; a school whose classes are not known is one class.
    """
    names = [f"item_{k + 1}" for k in range(len(spec.item_max))]
    units = ["school", "class"] if "class" in works and works["class"].notna().any() else ["school"]
    code = works.groupby(units, sort=True, dropna=False).ngroup().to_numpy()
    first = np.unique(code, return_index=True)[1]
    size = np.bincount(code)
    score = works["score"].to_numpy(dtype=float)
    mean = np.bincount(code, weights=score) / size
    spread = np.sqrt(np.bincount(code, weights=(score - mean[code]) ** 2) / size)
    gini, omitted = np.zeros(len(size)), np.zeros(len(size))
    for name, top in zip(names, spec.item_max, strict=True):
        points = works[name].to_numpy(dtype=float, na_value=np.nan)
        # An answer left out is a kind of answer of its own, as in the Italian data.
        kind = np.where(np.isnan(points), top + 1, np.nan_to_num(points)).astype(np.int64)
        cells = np.bincount(code * (top + 2) + kind, minlength=len(size) * (top + 2)).reshape(len(size), top + 2)
        gini += 1 - ((cells / size[:, None]) ** 2).sum(axis=1)
        omitted += cells[:, top + 1] / size
    frame = pd.DataFrame(
        {
            "school": works["school"].to_numpy(dtype=object)[first],
            "n": size,
            "mean": mean / spec.max_score,
            "spread": spread / spec.max_score,
            "heterogeneity": gini / len(names),
            "omitted": omitted / len(names),
        }
    )
    return frame[frame["n"] >= SMALLEST_CLASS].reset_index(drop=True)


def outlier_membership(table: PaperTable, works: pd.DataFrame) -> np.ndarray:
    """Mean membership of a school's works in the suspect cluster.

    Parameters
    ----------
    table : PaperTable
    works : DataFrame
        Works of the paper with items.

    Returns
    -------
    ndarray, shape (S,)
        NaN for schools without a class large enough; all NaN without items or with too few classes.
    """
    nothing = np.full(len(table.schools), np.nan)
    if not {f"item_{k + 1}" for k in range(len(table.spec.item_max))} <= set(works.columns):
        return nothing
    figures = class_figures(works, table.spec)
    if len(figures) < 4 * CLUSTERS:
        return nothing
    raw = figures[["mean", "spread", "heterogeneity", "omitted"]].to_numpy()
    varies = raw.std(axis=0) > 1e-12
    z = (raw[:, varies] - raw[:, varies].mean(axis=0)) / raw[:, varies].std(axis=0)
    _, _, axes = np.linalg.svd(z, full_matrices=False)
    components = z @ axes[:2].T
    rng = np.random.default_rng(_SEED)
    start = rng.dirichlet(np.ones(CLUSTERS), len(components))
    found = fuzzy_c_means(components, start, tolerance=1e-5)
    suspect = int(np.argmax(found.centres @ axes[:2] @ _TOWARDS[varies]))
    weighed = figures.assign(product=found.membership[:, suspect] * figures["n"]).groupby("school")[["product", "n"]]
    total = weighed.sum()
    return (total["product"] / total["n"]).reindex(table.schools).to_numpy()
