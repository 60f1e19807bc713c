"""Features of schools: every form by hand, missing answers, the order of rows, faults of the data file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.comparison.features import feature_table, load_features, standardise
from app.errors import Misconfigured

HEAD = 'title = "t"\nversion = "1"\nsource = "s"\n'
WORDS = 'title = { ru = "т", en = "t" }\nhigh = { ru = "в", en = "h" }\nlow = { ru = "н", en = "l" }\n'


def spec_of(tmp_path: Path, *rules: str):
    path = tmp_path / "features.toml"
    rows = [f'[[feature]]\nname = "f{i}"\nweight = 1.0\n{rule}\n{WORDS}' for i, rule in enumerate(rules)]
    path.write_text(HEAD + "".join(rows), encoding="utf-8")
    return load_features(path)


def test_each_form_computes_what_it_says(tmp_path) -> None:
    spec = spec_of(
        tmp_path,
        'form = "number"\nsource = "a"',
        'form = "log"\nsource = "a"',
        'form = "is"\nsource = "k"\nvalues = ["x", "y"]',
        'form = "ratio"\nsource = "a"\nover = "b"',
    )
    schools = [
        {"code": "1", "a": 1, "b": 4, "k": "x"},
        {"code": "2", "a": 10, "b": 10, "k": "z"},
        {"code": "3", "a": 0, "b": 0},
        {"code": "4", "a": 9, "b": 3, "k": None},
    ]

    values = feature_table(schools, spec).values

    nan = np.nan
    expected = [[1, 0, 1, 0.25], [10, np.log(10), 0, 1], [0, nan, nan, nan], [9, np.log(9), nan, nan]]
    np.testing.assert_allclose(values, expected)


def test_a_weighted_sum_adds_z_scores_and_needs_every_part(tmp_path) -> None:
    parts = 'parts = [{ source = "a", weight = 2.0 }, { source = "b", weight = -1.0 }]'
    spec = spec_of(tmp_path, f'form = "sum"\n{parts}')
    schools = [{"code": str(i), "a": a, "b": b} for i, (a, b) in enumerate([(1, 5), (2, 4), (3, 3), (4, 1), (5, None)])]

    values = feature_table(schools, spec).values[:, 0]

    a = standardise(np.array([[1.0], [2], [3], [4], [5]]))[:, 0]
    b = standardise(np.array([[5.0], [4], [3], [1], [np.nan]]))[:, 0]
    np.testing.assert_allclose(values[:4], (2 * a - b)[:4])
    assert np.isnan(values[4])


def test_features_that_nobody_knows_or_all_share_are_named_as_absent() -> None:
    schools = [{"code": str(i), "pupils": 100 + i, "settlement_type": 4} for i in range(5)]

    table = feature_table(schools, load_features())

    assert [feature.name for feature in table.features] == ["pupils"]
    assert {"rural", "wellbeing"} <= {feature.name for feature in table.absent}


def test_the_order_of_rows_changes_nothing() -> None:
    schools = [{"code": str(i), "pupils": 100 + i * i, "size": i % 4} for i in range(20)]

    forward, backward = feature_table(schools, load_features()), feature_table(schools[::-1], load_features())

    assert forward.codes == backward.codes
    np.testing.assert_array_equal(forward.values, backward.values)


def test_a_code_that_comes_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="повторяются"):
        feature_table([{"code": "1"}, {"code": "1"}], load_features())


def test_one_enormous_school_does_not_move_the_others() -> None:
    plain = np.arange(1.0, 21.0)[:, None]
    wild = np.vstack([plain, [[1e9]]])

    np.testing.assert_allclose(standardise(wild)[:20], standardise(plain), atol=0.15)
    assert standardise(wild)[20, 0] == 3.0


@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        ('form = "cube"\nsource = "a"', "неизвестная форма"),
        ('form = "number"', "нет ключей: source"),
        ('form = "number"\nsource = "a"\nextra = 1', "неизвестные ключи: extra"),
    ],
)
def test_a_faulty_file_names_the_feature_and_the_key(tmp_path, rule, fault) -> None:
    with pytest.raises(Misconfigured, match=fault):
        spec_of(tmp_path, rule)
