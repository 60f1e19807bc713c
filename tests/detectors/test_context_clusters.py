"""Approved clusters in the context of a mean: they come before kinds of school, and without them nothing changes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from app.detectors.context import clusters, context_matrix

NAMES = np.array([str(i) for i in range(40)], dtype=object)


def schools(**columns) -> pd.DataFrame:
    return pd.DataFrame({"school": NAMES, "type": ["СОШ"] * 30 + ["Лицей"] * 10, **columns})


def test_a_school_stands_in_its_cluster_or_else_in_its_kind() -> None:
    frame = schools(cluster=["Сельские"] * 20 + ["Городские"] * 15 + [None] * 5)

    found = clusters(NAMES, frame)

    assert found[:20].tolist() == ["Сельские"] * 20
    assert found[30] == "Городские"
    assert found[39] == "Лицей"


def test_without_clusters_the_kind_is_the_cluster_and_without_schools_there_is_none() -> None:
    assert clusters(NAMES, schools())[[0, 39]].tolist() == ["СОШ", "Лицей"]
    assert set(clusters(NAMES, None)) == {""}


def test_clusters_enter_the_regression_before_the_kinds_of_school() -> None:
    plain = context_matrix(NAMES, schools(), category_schools=2)
    divided = context_matrix(NAMES, schools(cluster=["а"] * 25 + ["б"] * 15), category_schools=2)

    assert plain.shape[1] == 1
    assert divided.shape[1] == 2
    np.testing.assert_array_equal(divided[:, 0], [0.0] * 25 + [1.0] * 15)
    np.testing.assert_array_equal(divided[:, 1], plain[:, 0])
