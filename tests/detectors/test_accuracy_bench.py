import pytest

from app.bench.accuracy import boundary_power
from app.bench.accuracy_measures import auc


def test_the_area_is_the_share_of_pairs_in_the_right_order():
    assert auc([3, 2], [1, 2]) == pytest.approx((1 + 1 + 1 + 0.5) / 4)


def test_power_of_the_boundary_test_is_measured_on_single_schools_in_a_clean_region():
    assert boundary_power(1, 60, 20) > 0.85
