import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from app.detectors.tails import larger_of_two, to_z, upper_tail, weighted_of_two

Z = np.array([-2.0, -0.3, 0.0, 1.0, 2.5, 5.0])


def test_without_skewness_the_tail_is_the_normal_one():
    assert upper_tail(Z, 0.0) == pytest.approx(stats.norm.sf(Z))


@pytest.mark.parametrize("skewness", [-0.6, -0.1, 0.2, 0.9])
def test_the_skewed_tail_is_that_of_scipy_pearson3(skewness):
    assert upper_tail(Z, skewness) == pytest.approx(stats.pearson3.sf(Z, skewness), rel=1e-6, abs=1e-12)


def test_tails_are_never_zero_and_never_nan():
    p = upper_tail(np.array([-1e6, 1e6, 40.0]), np.array([-2.0, 0.0, 3.0]))

    assert np.all((p > 0) & (p <= 1))


@pytest.mark.parametrize("rho", [-0.5, 0.0, 0.4, 0.9])
def test_the_larger_of_two_follows_the_bivariate_normal(rho):
    z = 1.7
    exact = 1 - stats.multivariate_normal([0, 0], [[1, rho], [rho, 1]]).cdf([z, z])

    assert larger_of_two(np.array([z]), rho)[0] == pytest.approx(exact, rel=1e-4)


def test_normal_values_and_tails_are_inverse():
    assert to_z(upper_tail(Z, 0.0)) == pytest.approx(Z)


@given(
    st.floats(-3, 5),
    st.floats(-3, 5),
    st.floats(0.05, 0.95),
    st.floats(-0.9, 0.95),
)
def test_weighted_p_is_that_of_the_bivariate_normal(one, other, weight, rho):
    share = min(stats.norm.sf(one) / weight, stats.norm.sf(other) / (1 - weight), 1.0)
    limits = [stats.norm.isf(share * w) for w in (weight, 1 - weight)]
    awaited = 1 - stats.multivariate_normal([0, 0], [[1, rho], [rho, 1]]).cdf(limits)

    p = weighted_of_two(np.array([one]), np.array([other]), weight, rho)[0]

    assert p == pytest.approx(awaited, abs=2e-5)
