from dataclasses import replace

import numpy as np
import pytest

from app.detectors import load_params
from app.detectors.region_scale import region_scale, region_scales

PARAMS = load_params().mechanisms


def test_centre_and_scale_follow_the_size_of_the_school():
    rng = np.random.default_rng(4)
    works = np.exp(rng.uniform(np.log(5), np.log(200), 2000))
    share = np.log(works / 5) / np.log(40)
    signal = share + (1 + share) * rng.standard_normal(2000)

    centre, scale = region_scale(signal, works, PARAMS)

    standard = (signal - centre) / scale
    for own in (works < 15, works > 80):
        assert np.median(standard[own]) == pytest.approx(0.0, abs=0.12)
        assert standard[own].std() == pytest.approx(1.0, abs=0.12)


def test_few_schools_are_one_band_and_fewer_say_nothing():
    signal = np.random.default_rng(5).normal(1.0, 3.0, 40)
    works = np.arange(1.0, 41.0)

    centre, scale = region_scale(signal, works, PARAMS)
    nothing = region_scale(signal, works, replace(PARAMS, smallest_schools=41))

    assert np.ptp(centre) == np.ptp(scale) == 0.0
    assert centre[0] == pytest.approx(np.median(signal))
    assert (nothing[0] == 0).all()
    assert (nothing[1] == 1).all()


def test_the_scale_is_never_under_one_and_missing_values_have_no_say():
    rng = np.random.default_rng(6)
    signal = 0.2 * rng.standard_normal(300)
    works = rng.integers(5, 100, 300).astype(float)
    full = region_scale(signal, works, PARAMS)
    more = region_scale(np.append(signal, [np.nan, 50.0]), np.append(works, [40.0, 0.0]), PARAMS)

    assert (full[1] == 1).all()
    assert np.allclose(more[0][:300], full[0])


@pytest.mark.parametrize("schools", [25, 50, 119, 300])
def test_columns_at_once_are_columns_one_by_one(schools):
    rng = np.random.default_rng(schools)
    signals = rng.standard_normal((schools, 6)) * np.arange(1, 7)
    signals[rng.random(signals.shape) < 0.2] = np.nan
    signals[:, 5] = np.nan
    works = rng.integers(0, 90, signals.shape).astype(float)

    together = region_scales(signals, works, PARAMS)

    for column in range(6):
        for whole, own in zip(together, region_scale(signals[:, column], works[:, column], PARAMS), strict=True):
            np.testing.assert_array_equal(whole[:, column], own)
