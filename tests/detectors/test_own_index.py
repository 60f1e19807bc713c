import pandas as pd
import pytest
from scipy import stats

from app.detectors import screen
from app.detectors.own_index import own_index
from app.detectors.simulate import RegionOptions, simulate_region


def test_the_index_is_counted_by_hand_over_the_schools_that_can_be_judged():
    tiers = ["none"] * 30 + ["watch"] * 6 + ["case"] * 3 + ["severe"] + ["too_small"] * 10

    index = own_index(pd.DataFrame({"tier": tiers}))

    share = stats.binomtest(4, 40).proportion_ci(0.95, method="wilson")
    assert index["index"] == 90.0
    assert (index["low"], index["high"]) == pytest.approx((100 - 100 * share.high, 100 - 100 * share.low), abs=0.05)
    assert (index["schools"], index["marked"]) == (40, 4)
    assert index["by_tier"]["too_small"] == 10


def test_a_region_of_tiny_schools_has_no_index():
    assert own_index(pd.DataFrame({"tier": ["too_small"] * 3}))["index"] is None


def test_both_indices_stand_side_by_side_in_the_reference_of_a_run():
    region = simulate_region(54, RegionOptions(schools=60))

    screening = screen(region.works, region.papers)

    own, federal = screening.reference["own_index"]["2026"], screening.reference["federal"]["2026"]
    assert own["index"] == pytest.approx(100, abs=5)
    # The federal rule of the mean marks strong schools, so an honest region gets a lower index by it.
    assert federal["index"] < own["index"]
