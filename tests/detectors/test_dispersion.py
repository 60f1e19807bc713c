import numpy as np
import pytest
from scipy import optimize

from app.detectors.dispersion import _inverse, robust_correlation, school_effects, student_p


def test_without_bounding_over_dispersion_is_the_estimate_of_paule_and_mandel():
    y = np.array([0.10, 0.45, -0.20, 0.80, 0.05, -0.55, 0.30, 1.10])
    v = np.array([0.04, 0.09, 0.05, 0.12, 0.03, 0.08, 0.06, 0.10])

    def paule_mandel(t2):
        w = 1 / (v + t2)
        return np.sum(w * (y - np.sum(w * y) / np.sum(w)) ** 2) - (len(y) - 1)

    effects = school_effects(y, v, huber=50.0)

    assert effects.tau2 == pytest.approx(optimize.brentq(paule_mandel, 0, 10), rel=0.03)


def test_honest_differences_between_schools_are_recovered():
    rng = np.random.default_rng(8)
    v = rng.uniform(0.02, 0.3, 3000)
    y = 1.5 + rng.normal(0, 0.4, 3000) + rng.normal(0, np.sqrt(v))

    effects = school_effects(y, v)

    assert np.sqrt(effects.tau2) == pytest.approx(0.4, abs=0.02)
    assert effects.z.std() == pytest.approx(1.0, abs=0.03)


def test_a_tenth_of_raised_schools_hardly_stretches_the_scale():
    rng = np.random.default_rng(9)
    v = np.full(1000, 0.05)
    y = rng.normal(0, 0.4, 1000) + rng.normal(0, np.sqrt(v))
    y[:100] += 3.0

    effects = school_effects(y, v)

    assert np.sqrt(effects.tau2) < 0.55
    assert np.median(effects.z[:100]) > 4.5


def test_predictors_are_taken_out():
    rng = np.random.default_rng(10)
    x = rng.normal(size=(400, 2))
    y = 2 + x @ [1.0, -0.5] + rng.normal(0, 0.3, 400)

    effects = school_effects(y, np.full(400, 0.01), x)

    assert abs(np.corrcoef(effects.residual, x[:, 0])[0, 1]) < 0.05


def test_what_classes_share_is_told_from_what_schools_differ_in():
    rng = np.random.default_rng(11)
    shared = 1 / rng.integers(1, 6, 4000)
    y = rng.normal(0, 0.3, 4000) + rng.normal(0, 0.4 * np.sqrt(shared)) + rng.normal(0, 0.1, 4000)

    effects = school_effects(y, np.full(4000, 0.01), shared=shared)

    single, many = effects.z[shared == 1], effects.z[shared < 0.3]
    assert single.std() == pytest.approx(1, abs=0.06)
    assert many.std() == pytest.approx(1, abs=0.06)


def test_student_tail_is_that_of_scipy():
    from scipy import stats

    assert student_p(np.array([2.0]), 30)[0] == pytest.approx(stats.t.sf(2.0, 30))


def test_robust_correlation_forgives_outliers():
    rng = np.random.default_rng(12)
    a = rng.normal(size=2000)
    b = 0.6 * a + 0.8 * rng.normal(size=2000)
    a[:40] = 30.0

    assert robust_correlation(a, b) == pytest.approx(0.6, abs=0.07)


@pytest.mark.parametrize("size", [2, 3, 4])
def test_the_inverse_by_hand_is_that_of_numpy(size):
    rows = np.random.default_rng(size).standard_normal((size, 40))
    rows[0] = 1.0
    gram = rows @ rows.T
    ridged = gram + np.diag([0.0] + [0.3] * (size - 1))

    np.testing.assert_allclose(_inverse(gram.copy(), 0.3), np.linalg.inv(ridged), rtol=1e-10)
