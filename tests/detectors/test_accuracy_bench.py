import pytest

from app.bench.accuracy import auc, boundary_power


def test_the_area_is_the_share_of_pairs_in_the_right_order():
    assert auc([3, 2], [1, 2]) == pytest.approx((1 + 1 + 1 + 0.5) / 4)


def test_power_of_the_boundary_test_grows_with_the_school():
    assert boundary_power(1, 15, 30) < boundary_power(1, 50, 30)
