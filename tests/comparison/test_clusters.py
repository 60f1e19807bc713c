"""Clusters of schools: found where they are, stable, none too small, named by what distinguishes them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform

from app.comparison.clusters import ClusterRules, cluster_schools, join_small, silhouette
from app.comparison.features import feature_table, load_features
from app.errors import InsufficientData

RULES = ClusterRules(smallest=10, most=8, known=0.5, clip=3.0, notable=0.4, words=3)
REFERENCE = Path(__file__).parent / "reference" / "silhouette.json"


def region(seed: int = 5, villages: int = 60, towns: int = 40, gymnasia: int = 20, holes: float = 0.0) -> list[dict]:
    """Schools of three kinds that differ clearly."""
    rng = np.random.default_rng(seed)
    kinds = [("secondary", 4, (1, 3), 90)] * villages
    kinds += [("secondary", 2, (5, 8), 700)] * towns
    kinds += [("gymnasium", 2, (6, 8), 900)] * gymnasia
    schools = [
        {
            "code": f"99{i:04d}",
            "kind": kind,
            "settlement_type": place,
            "size": int(rng.integers(*size)),
            "pupils": int(pupils * rng.uniform(0.7, 1.4)),
            "indepth": int(kind == "gymnasium" or rng.random() < 0.2),
        }
        for i, (kind, place, size, pupils) in enumerate(kinds)
    ]
    for school in schools:
        for key in ("settlement_type", "size", "pupils", "indepth"):
            if rng.random() < holes:
                school[key] = None
    return schools


def cluster(schools: list[dict], rules: ClusterRules = RULES):
    return cluster_schools(feature_table(schools, load_features()), rules)


def test_three_kinds_of_schools_are_found_and_named() -> None:
    found = cluster(region())

    assert [c.size for c in found.clusters] == [60, 40, 20]
    assert (found.numbers[:60] == 1).all()
    assert (found.numbers[60:100] == 2).all()
    assert (found.numbers[100:] == 3).all()
    assert "ельские" in found.clusters[0].name_ru
    assert "имназии и лицеи" in found.clusters[2].name_ru
    assert "ymnasia and lycea" in found.clusters[2].name_en


def test_the_order_of_rows_changes_nothing() -> None:
    schools = region(holes=0.1)
    shuffled = [schools[i] for i in np.random.default_rng(1).permutation(len(schools))]

    first, second = cluster(schools), cluster(shuffled)

    assert first.codes == second.codes
    np.testing.assert_array_equal(first.numbers, second.numbers)
    assert [c.name_ru for c in first.clusters] == [c.name_ru for c in second.clusters]
    assert first.tried == second.tried


def test_units_of_a_feature_change_nothing() -> None:
    schools = region()
    spec = load_features()
    thousands = [{**school, "size": school["size"] * 1000} for school in schools]

    one, other = (cluster_schools(feature_table(rows, spec), RULES) for rows in (schools, thousands))

    np.testing.assert_array_equal(one.numbers, other.numbers)


def test_a_few_odd_schools_join_the_nearest_cluster_instead_of_making_one() -> None:
    found = cluster(region(gymnasia=4))

    assert min(c.size for c in found.clusters) >= RULES.smallest
    assert sum(c.size for c in found.clusters) == 104
    assert all(min(d.sizes) >= RULES.smallest for d in found.tried)


def test_missing_answers_are_counted_and_a_school_that_says_nothing_is_left_out() -> None:
    schools = region()
    schools[0] = {"code": schools[0]["code"]}
    schools[1] = {**schools[1], "pupils": None}

    found = cluster(schools)

    assert found.numbers[0] == 0
    assert found.numbers[1] == 1
    assert found.missing[1] == 1
    assert found.missing[2] == 0


def test_a_larger_weight_makes_a_feature_decide() -> None:
    rng = np.random.default_rng(2)
    spec = load_features()
    schools = [
        {"code": f"{i:03d}", "size": int(rng.integers(1, 9)), "indepth": i % 2, "pupils": int(rng.integers(50, 900))}
        for i in range(80)
    ]
    heavy = replace(spec, features=tuple(replace(f, weight=40.0) if f.name == "indepth" else f for f in spec.features))

    found = cluster_schools(feature_table(schools, heavy), RULES)

    of_indepth = [set(found.numbers[i::2]) for i in (0, 1)]
    assert not of_indepth[0] & of_indepth[1]


@pytest.mark.parametrize(
    ("schools", "why"),
    [
        (region(villages=10, towns=5, gymnasia=4), "не меньше 20"),
        ([{"code": str(i), "kind": "secondary"} for i in range(50)], "с известным контекстом 0"),
    ],
)
def test_too_little_context_is_told(schools, why) -> None:
    with pytest.raises(InsufficientData, match=why):
        cluster(schools)


def test_silhouettes_equal_those_counted_by_hand() -> None:
    points = np.array([[0.0], [2.0], [10.0], [14.0]])
    labels = np.array([0, 0, 1, 1])

    found = silhouette(squareform(pdist(points)), labels)

    expected = [(12 - 2) / 12, (10 - 2) / 10, (9 - 4) / 9, (13 - 4) / 13]
    np.testing.assert_allclose(found, expected)


def test_silhouettes_equal_those_of_scikit_learn() -> None:
    """`reference/make_silhouette.py` made the values."""
    kept = json.loads(REFERENCE.read_text())
    points, labels = np.array(kept["points"]), np.array(kept["labels"])

    np.testing.assert_allclose(silhouette(squareform(pdist(points)), labels), kept["silhouette"], atol=1e-12)


def test_a_point_alone_has_width_zero_and_equal_points_too() -> None:
    lone = silhouette(squareform(pdist(np.array([[0.0], [1.0], [5.0]]))), np.array([0, 0, 1]))
    same = silhouette(np.zeros((4, 4)), np.array([0, 0, 1, 1]))

    assert lone[2] == 0
    assert same.tolist() == [0, 0, 0, 0]


def test_joining_leaves_no_cluster_too_small_and_loses_nobody() -> None:
    rng = np.random.default_rng(4)
    points, labels = rng.normal(size=(60, 3)), rng.integers(0, 12, 60)

    joined = join_small(points, labels, 10)

    sizes = np.bincount(joined)
    assert sizes.min() >= 10
    assert sizes.sum() == 60


def test_the_real_region_divides_into_a_few_large_clusters(region_files) -> None:
    from app.ingest import read_file

    frame = read_file(region_files / "context_2022.xlsx").frame
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    schools = [{**row, "code": row["school"]} for row in rows if row["kind"] != "correctional"]

    found = cluster(schools)

    assert 3 <= len(found.clusters) <= 5
    assert max(d.silhouette for d in found.tried) > 0.4
    selective = {c.number for c in found.clusters if "имназии" in c.name_ru}
    kinds = {school["code"]: school["kind"] for school in schools}
    inside = [kinds[code] for code, number in zip(found.codes, found.numbers, strict=True) if number in selective]
    assert set(inside) == {"gymnasium", "lyceum", "cadet"}
