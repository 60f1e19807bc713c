"""Normal values are stretched to the size they claim: order and sign stay, and honest regions tell by how much."""

from dataclasses import dataclass, fields, replace

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from app.bench import stretches
from app.datafiles import DATA_DIR
from app.detectors import load_params
from app.detectors.params import StretchParams
from app.detectors.stretch import stretched
from app.errors import Misconfigured

PARAMS = load_params().stretch
FILE = DATA_DIR / "detectors.toml"


@dataclass(frozen=True)
class Result:
    z: np.ndarray
    p_value: np.ndarray


def result_of(z: np.ndarray) -> Result:
    return Result(z, special.ndtr(-z))


def factors_of(name: str, row: tuple[float, ...]) -> StretchParams:
    return replace(PARAMS, works=(10.0, 100.0), **{name: row})


def test_between_two_sizes_the_factor_lies_on_the_logarithm():
    params = factors_of("few_lowest", (1.0, 1.2))
    z = np.full(4, 2.0)

    found = stretched(result_of(z), np.array([5.0, 10.0, 10**1.5, 1000.0]), "few_lowest", params)

    assert found.z == pytest.approx([2.0, 2.0, 2.2, 2.4])
    assert found.p_value == pytest.approx(stats.norm.sf([2.0, 2.0, 2.2, 2.4]))


def test_what_is_under_zero_or_unknown_stays():
    z = np.array([-1.5, np.nan, 0.0, 1.0])
    before = result_of(z)

    found = stretched(before, np.full(4, 20.0), "few_lowest", factors_of("few_lowest", (1.3, 1.3)))

    np.testing.assert_array_equal(found.z[:3], z[:3])
    np.testing.assert_array_equal(found.p_value[:3], before.p_value[:3])
    assert found.z[3] == pytest.approx(1.3)


def test_a_detector_that_could_not_run_has_nothing_to_stretch():
    assert stretched(None, np.array([20.0]), "few_lowest", PARAMS) is None


@given(st.lists(st.floats(-8, 37), min_size=2, max_size=20), st.integers(1, 5000), st.sampled_from(fields(PARAMS)[1:]))
def test_schools_of_one_size_keep_their_order(values, works, field):
    z = np.sort(np.array(values))

    found = stretched(result_of(z), np.full(len(z), float(works)), field.name, PARAMS)

    assert np.all(np.diff(found.z) >= 0)
    assert np.all(np.diff(found.p_value) <= 0)
    assert np.all((found.p_value > 0) & (found.p_value <= 1))
    assert np.array_equal(np.sign(found.z), np.sign(z))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("works = [14, 33, 68]", "boundary_push"),
        ("works = [14, 33, 33, 125]", "возрастать"),
        ('works = "много"', "works"),
        ("works = [14, 33, 0, 125]", "works"),
    ],
)
def test_a_row_that_does_not_fit_is_named(tmp_path, line, said):
    path = tmp_path / "detectors.toml"
    text = FILE.read_text(encoding="utf-8")
    assert "works = [14, 33, 68, 125]" in text
    path.write_text(text.replace("works = [14, 33, 68, 125]", line), encoding="utf-8")

    with pytest.raises(Misconfigured, match=said):
        load_params(path)


def normal_tests(scale: float, kinds: dict[str, float]) -> pd.DataFrame:
    """Tests whose normal values are too small by `scale`, and those of kinds of school by theirs."""
    rows, tests = [], 40_000
    for number, generator in enumerate(("own", "other")):
        for band in stretches.BANDS:
            for group, own in {"all": scale, **kinds}.items():
                z = np.random.default_rng(number).standard_normal(tests) * own
                rows.append((generator, "few_lowest", band, group, tests, z[z > 1.5]))
    return pd.DataFrame(rows, columns=["generator", "detector", "band", "group", "tests", "z"])


def test_the_factor_undoes_what_made_the_values_too_small():
    row, target = stretches.factors([normal_tests(1 / 1.1, {})])["few_lowest"]

    assert target == 1.0
    assert row == pytest.approx([1.1] * 4, abs=0.02)


def test_a_kind_of_school_that_would_be_called_too_often_holds_the_factor_back():
    free, _ = stretches.factors([normal_tests(1 / 1.1, {"elite": 1 / 1.1})])["few_lowest"]

    row, target = stretches.factors([normal_tests(1 / 1.1, {"elite": 1 / 0.97})])["few_lowest"]

    assert 0.8 <= target < 1.0
    assert max(row) < min(free)


def test_no_kind_of_school_holds_it_back_so_far_that_all_schools_are_called_too_seldom():
    _, target = stretches.factors([normal_tests(1 / 1.1, {"swings": 1.3})])["few_lowest"]

    assert target >= 0.8


def test_a_region_gives_tests_of_every_detector_without_any_stretching():
    trial = stretches.trials(3, 0.001, schools=120)[0]

    found = stretches.tests_of(trial)

    assert {"boundary_push", "contextual_mean", "upper_tail"} <= set(found["detector"])
    whole = found[found["group"] == "all"]
    assert (whole["tests"] > 0).all()
    assert all((z > 1.7).all() and len(z) <= n for z, n in zip(whole["z"], whole["tests"], strict=True))
    assert set(stretches.unstretched().stretch.homogeneity) == {1.0}


def test_the_lines_are_those_of_the_data_file():
    lines = stretches.as_toml({"few_lowest": ([1.0, 1.0345, 1.1, 1.0], 0.97)})

    assert lines == "few_lowest = [1.000, 1.034, 1.100, 1.000]  # 0.97 %\n"
    result = CliRunner().invoke(stretches.command, ["--share", "0"])
    assert result.exit_code != 0
