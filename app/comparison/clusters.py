"""Clusters of schools by context: Ward's method on robust z-scores, number by the silhouette, names by features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import pdist, squareform

from app.comparison.features import Feature, FeatureTable, standardise
from app.errors import InsufficientData

METHOD, VERSION = "ward_silhouette", "1.0"


@dataclass(frozen=True)
class ClusterRules:
    """Smallest cluster in schools, most clusters, least known share of weight, largest z; what the names tell."""

    smallest: int
    most: int
    known: float
    clip: float
    notable: float
    words: int


@dataclass(frozen=True)
class Division:
    """One way to divide: number of clusters, mean silhouette width in -1…1, sizes from the largest."""

    k: int
    silhouette: float
    sizes: tuple[int, ...]


@dataclass(frozen=True)
class Trait:
    """How a cluster differs in one feature.

    `difference` is in robust z-scores; `mean` and `overall` are in the feature's own unit, over schools that know it.
    """

    feature: Feature
    difference: float
    mean: float | None
    overall: float | None


@dataclass(frozen=True)
class Cluster:
    """One cluster: its number from 1 (the largest), size, names, traits from the most distinguishing."""

    number: int
    size: int
    name_ru: str
    name_en: str
    traits: tuple[Trait, ...]


@dataclass(frozen=True)
class Clustering:
    """What was found.

    Attributes
    ----------
    codes : tuple of str, length S
    numbers : ndarray of int, shape (S,)
        Number of each school's cluster; 0 where its context says too little.
    missing : ndarray of int, shape (S,)
        Features that the school does not know and that counted as the middle of the region.
    clusters : tuple of Cluster
    tried : tuple of Division
        Every division that was compared, by its number of clusters.
    """

    codes: tuple[str, ...]
    numbers: np.ndarray
    missing: np.ndarray
    clusters: tuple[Cluster, ...]
    tried: tuple[Division, ...]


def cluster_schools(table: FeatureTable, rules: ClusterRules) -> Clustering:
    r"""Divide schools into clusters.

    Parameters
    ----------
    table : FeatureTable
        S schools, p features.
    rules : ClusterRules

    Returns
    -------
    Clustering
        The same for any order of the schools.

    Raises
    ------
    InsufficientData
        Fewer than two clusters' worth of schools know enough of their context, or all of them are alike.

    Notes
    -----
    Features become robust z-scores (`features.standardise`), multiplied by the square root of their weight, so that a
    weight multiplies the squared distance. What a school does not know counts as the middle; a school that knows less
    than `rules.known` of the weight is left out. Ward's method [1]_ joins the two clusters whose union adds least to
    the sum of squares within,

    .. math:: \Delta(A, B) = \frac{n_A n_B}{n_A + n_B} \lVert \bar z_A - \bar z_B \rVert^2 .

    The tree is cut into 2, 3, … clusters; after each cut a cluster smaller than `rules.smallest` joins the one with the
    least Δ, the smallest first. Of the divisions that are left the one with the largest mean silhouette width [2]_ is
    taken, of equal ones that with fewer clusters.

    References
    ----------
    .. [1] J. H. Ward, "Hierarchical grouping to optimize an objective function", Journal of the American Statistical
       Association 58(301), 1963, 236-244, p. 238.
    .. [2] P. J. Rousseeuw, "Silhouettes: a graphical aid to the interpretation and validation of cluster analysis",
       Journal of Computational and Applied Mathematics 20, 1987, 53-65, p. 56.
    """
    weights = np.array([feature.weight for feature in table.features])
    known = np.isfinite(table.values)
    share = known @ weights / weights.sum() if len(weights) else np.zeros(len(table.codes))
    inside = share >= rules.known
    if not len(weights) or inside.sum() < 2 * rules.smallest:
        raise InsufficientData(
            f"школ с известным контекстом {int(inside.sum())}, а для деления нужно не меньше {2 * rules.smallest}"
        )
    z = standardise(table.values, clip=rules.clip)
    points = (z * np.sqrt(weights))[inside]
    if len(np.unique(points, axis=0)) < 2:
        raise InsufficientData("контекст всех школ одинаков: делить не по чему")
    tree = linkage(points, method="ward")
    distances = squareform(pdist(points))
    divisions: dict[int, tuple[Division, np.ndarray]] = {}
    for k in range(2, rules.most + 1):
        labels = join_small(points, fcluster(tree, k, criterion="maxclust"), rules.smallest)
        sizes = np.bincount(labels)
        if len(sizes) < 2 or len(sizes) in divisions:
            continue
        width = round(float(silhouette(distances, labels).mean()), 12)
        divisions[len(sizes)] = (Division(len(sizes), width, tuple(sorted(sizes.tolist(), reverse=True))), labels)
    if not divisions:
        raise InsufficientData(f"ни одно деление не даёт двух кластеров по {rules.smallest} школ и больше")
    best = max(divisions.values(), key=lambda found: (found[0].silhouette, -found[0].k))[1]
    numbers = np.zeros(len(table.codes), dtype=int)
    numbers[inside] = _by_size(best)
    return Clustering(
        table.codes,
        numbers,
        (~known).sum(axis=1),
        _describe(table, z, numbers, rules),
        tuple(divisions[k][0] for k in sorted(divisions)),
    )


def join_small(points: np.ndarray, labels: np.ndarray, smallest: int) -> np.ndarray:
    """Join each cluster under `smallest` points to the one whose union adds least to the sum of squares within.

    Parameters
    ----------
    points : ndarray, shape (n, p)
    labels : ndarray of int, shape (n,)
    smallest : int

    Returns
    -------
    ndarray of int, shape (n,)
        Labels 0, 1, …

    Examples
    --------
    >>> join_small(np.array([[0.0], [0.1], [5.0], [9.0], [9.1]]), np.array([1, 1, 2, 3, 3]), 2).tolist()
    [0, 0, 1, 1, 1]
    """
    labels = np.unique(labels, return_inverse=True)[1]
    while True:
        sizes = np.bincount(labels)
        if len(sizes) == 1 or sizes.min() >= smallest:
            return labels
        centres = np.array([points[labels == i].mean(axis=0) for i in range(len(sizes))])
        lone = int(np.argmin(sizes))
        gain = sizes * sizes[lone] / (sizes + sizes[lone]) * ((centres - centres[lone]) ** 2).sum(axis=1)
        gain[lone] = np.inf
        labels = np.unique(np.where(labels == lone, int(np.argmin(gain)), labels), return_inverse=True)[1]


def silhouette(distances: np.ndarray, labels: np.ndarray) -> np.ndarray:
    r"""Silhouette width of each point.

    Parameters
    ----------
    distances : ndarray, shape (n, n)
    labels : ndarray of int, shape (n,)
        0, 1, …, at least two different ones.

    Returns
    -------
    ndarray, shape (n,)
        :math:`s_i = (b_i - a_i)/\max(a_i, b_i)`: a is the mean distance to the rest of the own cluster, b the least
        mean distance to another one; 0 for a point alone in its cluster.
    """
    sizes = np.bincount(labels)
    member = (labels[:, None] == np.arange(len(sizes))).astype(float)
    total = distances @ member
    own = np.arange(len(labels)), labels
    a = total[own] / np.maximum(sizes[labels] - 1, 1)
    means = total / sizes
    means[own] = np.inf
    b = means.min(axis=1)
    larger = np.maximum(a, b)
    width = np.divide(b - a, larger, out=np.zeros_like(a), where=larger > 0)
    return np.where(sizes[labels] > 1, width, 0.0)


def _by_size(labels: np.ndarray) -> np.ndarray:
    """Numbers from 1, the largest cluster first; of equal ones that with the earlier school."""
    sizes = np.bincount(labels)
    first = np.array([np.argmax(labels == i) for i in range(len(sizes))])
    rank = np.lexsort((first, -sizes))
    number = np.empty(len(sizes), dtype=int)
    number[rank] = np.arange(1, len(sizes) + 1)
    return number[labels]


def _describe(table: FeatureTable, z: np.ndarray, numbers: np.ndarray, rules: ClusterRules) -> tuple[Cluster, ...]:
    known = np.isfinite(table.values)
    inside = numbers > 0
    found = []
    names: set[str] = set()
    for number in range(1, numbers.max() + 1):
        own = numbers == number
        traits = sorted(
            (
                Trait(
                    feature,
                    float(z[own, j].mean() - z[inside, j].mean()),
                    _mean(table.values[own & known[:, j], j]),
                    _mean(table.values[inside & known[:, j], j]),
                )
                for j, feature in enumerate(table.features)
            ),
            key=lambda trait: -abs(trait.difference),
        )
        told = [trait for trait in traits if abs(trait.difference) >= rules.notable]
        ru, en = _name(told[: rules.words], "ru"), _name(told[: rules.words], "en")
        if ru in names:
            ru, en = f"{ru} ({number})", f"{en} ({number})"
        names.add(ru)
        found.append(Cluster(number, int(own.sum()), ru, en, tuple(traits)))
    return tuple(found)


def _name(traits: Sequence[Trait], locale: str) -> str:
    words = [(trait.feature.high if trait.difference > 0 else trait.feature.low)[locale] for trait in traits]
    text = ", ".join(words) or {"ru": "обычные для региона", "en": "usual for the region"}[locale]
    return text[:1].upper() + text[1:]


def _mean(values: np.ndarray) -> float | None:
    return float(values.mean()) if len(values) else None
