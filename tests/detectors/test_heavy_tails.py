import numpy as np
import pytest
from scipy import stats

from app.detectors.heavy_tails import mirrored_p, scale_of
from app.detectors.over_dispersion import huber_square

EVERYBODY = np.ones(20_000, dtype=bool)
WORKS = np.arange(20_000) % 90 + 10.0


def test_a_students_law_at_its_scale_has_the_bounded_moment_of_the_normal_one():
    values = stats.t(5).rvs(400_000, random_state=1) * scale_of(5.0)

    assert np.minimum(values**2, 1.345**2).mean() == pytest.approx(huber_square(1.345), abs=0.004)


def test_normal_schools_keep_the_tails_of_the_scale():
    z = np.random.default_rng(2).standard_normal(20_000)

    p = mirrored_p(z, 500.0, z, WORKS, EVERYBODY)

    assert p == pytest.approx(stats.t(500).sf(z), rel=0.02)


@pytest.mark.parametrize("degrees", [3.5, 5.0])
def test_schools_that_differ_by_more_are_still_called_once_in_a_hundred(degrees):
    z = stats.t(degrees).rvs(20_000, random_state=3) * scale_of(degrees)

    assert (stats.norm.sf(z) < 0.01).mean() > 0.014
    assert (mirrored_p(z, 300.0, z, WORKS, EVERYBODY) < 0.01).mean() == pytest.approx(0.01, abs=0.0025)


def test_what_is_raised_does_not_change_what_is_heavy():
    z = np.random.default_rng(4).standard_normal(20_000)
    raised = np.where(z > 0, z * 3, z)

    plain, other = (mirrored_p(np.full(20_000, 2.5), 300.0, told, WORKS, EVERYBODY) for told in (z, raised))

    assert other == pytest.approx(plain)


def test_small_and_large_schools_are_told_apart():
    rng = np.random.default_rng(5)
    large = np.median(WORKS) < WORKS
    z = np.where(large, stats.t(3.5).rvs(20_000, random_state=rng) * scale_of(3.5), rng.standard_normal(20_000))

    p = mirrored_p(np.full(20_000, 3.0), 300.0, z, WORKS, EVERYBODY)

    assert p[large].min() > 1.5 * p[~large].max()


def test_a_handful_of_schools_decides_on_no_shape():
    z = np.array([-9.0, -0.1, 0.3, 2.0])

    assert mirrored_p(z, 8.0, z, np.full(4, 20.0), np.ones(4, dtype=bool)) == pytest.approx(stats.t(8).sf(z))
