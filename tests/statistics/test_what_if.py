"""What other limits would bring, counted by hand."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from app.detectors import load_params, screen
from app.detectors.judged import Judged
from app.detectors.simulate import RegionOptions, simulate_region
from app.errors import Misconfigured, Refused, WrongFormat
from app.statistics import what_if
from app.statistics.what_if import Assumptions, chance, load_settings, outlook, predictive_value, with_limits
from tests.judged import make_judged

PARAMS = load_params()
LIMITS, SIZES = PARAMS.tiers, PARAMS.combination
ASSUMED = Assumptions(0.05, 2.0, 3.0)


def hundred(**shown: int) -> dict[str, str]:
    """A hundred schools: so many of each sort, the rest show nothing."""
    sorts = [sort for sort, n in shown.items() for _ in range(n)]
    sorts += ["nothing"] * (100 - len(sorts))
    return {f"99{i:04d}": sort for i, sort in enumerate(sorts)}


def places(judged: Judged) -> dict[str, str]:
    """The first half in Аксай, the second in Батайск."""
    return {str(code): "Аксай" if i < len(judged.schools) / 2 else "Батайск" for i, code in enumerate(judged.schools)}


def ask(judged: Judged, moved=None, assumed: Assumptions = ASSUMED):
    return outlook(judged, with_limits(LIMITS, moved or {}), SIZES, assumed, places(judged), before=LIMITS)


def test_cases_and_watches_of_each_municipality_add_up_to_the_total():
    judged = make_judged(hundred(severe=2, case=3, watch=4))

    found = ask(judged)

    (first, second), total = found.by_place, found.total
    assert [first.name, second.name] == ["Аксай", "Батайск"]
    assert (first.assessed, first.case, first.severe, first.watch) == (50, 5, 2, 4)
    assert (second.assessed, second.case, second.severe, second.watch) == (50, 0, 0, 0)
    assert (total.assessed, total.case, total.severe, total.watch) == (100, 5, 2, 4)
    assert found.cases == ("990000", "990001", "990002", "990003", "990004")


def test_a_stricter_limit_takes_cases_away_and_remembers_how_many_there_were():
    judged = make_judged(hundred(severe=2, case=3))

    # q of the three is 0.0004 × 100 / 5 = 0.008.
    found = ask(judged, {"case_q": 0.007})

    assert (found.total.case, found.total.case_before) == (2, 5)


def test_schools_with_too_few_works_are_not_counted_as_assessed():
    judged = make_judged(hundred(case=1), works={"990000": 9, "990001": 8})

    found = ask(judged)

    assert (found.total.assessed, found.total.case) == (98, 0)


def test_the_published_examples_of_the_predictive_value():
    values = [predictive_value(0.05, 0.6, fpr) for fpr in (0.05, 0.01, 0.001)]

    assert values == pytest.approx([0.39, 0.76, 0.97], abs=0.005)
    assert predictive_value(0.05, 0.0, 0.0) is None


def test_false_flags_by_chance_counted_by_hand():
    judged = make_judged(hundred(case=5))

    case, any_tier = chance(judged, LIMITS, SIZES)

    # Over all: 5 of 100 pass q ≤ 0.05, so p ≤ 0.0025. Alone: four papers, two of them at p ≤ 0.001, in three families.
    # One paper at p ≤ 1e-5 at the cuts.
    alone = 3 * stats.binom.sf(1, 4, 0.001) + (1 - (1 - 1e-5) ** 4)
    assert case == pytest.approx(0.0025 + alone, rel=1e-9)
    # One family: in boundary and pattern 5 of 100 have q = 0.08 ≤ 0.1?  0.004 × 100 / 5 = 0.08, so p ≤ 0.005 in each;
    # in the two others nobody passes, and the step is that of one: 0.001.
    assert any_tier == pytest.approx(0.0025 + 2 * 0.005 + 2 * 0.001 + alone, rel=1e-9)


def test_power_estimated_from_the_run_makes_the_numbers_consistent():
    judged = make_judged(hundred(case=5))

    found = ask(judged, assumed=Assumptions(0.10, 2.0, 3.0))

    false = 90 * chance(judged, LIMITS, SIZES)[0]
    assert found.false_cases == pytest.approx(false)
    assert found.tpr == pytest.approx((5 - false) / 10)
    assert found.ppv == pytest.approx(1 - false / 5)
    assert found.implied_rate is None


def test_more_cases_than_the_assumed_share_explains_are_said_to_be_so():
    judged = make_judged(hundred(case=20))

    found = ask(judged)

    false = 95 * chance(judged, LIMITS, SIZES)[0]
    assert found.tpr == 1
    assert found.implied_rate == pytest.approx((20 - false) / 100)
    assert found.false_if_rate_holds == pytest.approx(15)


def test_power_that_somebody_knows_is_taken():
    judged = make_judged(hundred(case=5))

    found = ask(judged, assumed=replace(ASSUMED, power=0.5))

    fpr = chance(judged, LIMITS, SIZES)[0]
    assert found.tpr == 0.5
    assert found.ppv == pytest.approx(0.05 * 0.5 / (0.05 * 0.5 + 0.95 * fpr))


def test_without_a_case_there_is_no_predictive_value():
    found = ask(make_judged(hundred()))

    assert found.total.case == 0
    assert found.ppv is None
    assert found.tpr == 0


def test_chance_is_an_upper_bound_of_what_honest_schools_show():
    rng = np.random.default_rng(5)
    judged = make_judged({f"99{i:04d}": "nothing" for i in range(2000)})
    uniform = replace(
        judged,
        family_p=rng.uniform(size=(2000, 4)),
        family_paper_p=rng.uniform(size=(2000, 4, 4)),
        paper_q=np.ones((2000, 4)),
    )
    limits = replace(LIMITS, alone_p=0.02, overwhelming_p=0.001)

    found = (uniform.tiers(limits, SIZES)[0] == "case").mean()
    expected = chance(uniform, limits, SIZES)[0]

    assert found == pytest.approx(expected, abs=3 * np.sqrt(expected / 2000))
    assert expected > 0.005


@pytest.mark.parametrize("moved", [{"alone_families": 0.1}, {"case_q": 0.0}, {"case_q": 1.5}, {"nonsense": 0.1}])
def test_a_limit_without_a_slider_or_out_of_range_is_refused(moved):
    with pytest.raises(Refused):
        with_limits(LIMITS, moved)


def test_kept_figures_give_the_tiers_that_the_screening_gave():
    region = simulate_region(3, RegionOptions(schools=60, share=0.2, strength=0.9))
    result = screen(region.works, region.papers, schools=region.schools)

    (judged,) = result.judged
    kept = Judged.from_bytes(judged.as_bytes())
    tier, signs = kept.tiers(LIMITS, SIZES)

    assert tier.tolist() == result.schools["tier"].tolist()
    assert [",".join(np.array(kept.families)[row]) for row in signs] == result.schools["families"].tolist()
    assert kept.as_bytes() == judged.as_bytes()
    assert {"case", "severe"} & set(tier)


@pytest.mark.parametrize("content", [b"", b"{}", b'{"format": 2}', b"[1]", b'{"format": 1, "schools": ["1"]}'])
def test_figures_that_cannot_be_read_are_refused_with_what_to_do(content):
    with pytest.raises(WrongFormat, match="Запустите проверку заново"):
        Judged.from_bytes(content)


def test_a_move_of_a_slider_over_a_region_is_answered_in_time():
    judged = make_judged({f"99{i:04d}": "case" if i % 20 == 0 else "nothing" for i in range(630)})
    place_of = places(judged)
    ask(judged)

    started = time.perf_counter()
    for stop in load_settings().limits[0].stops:
        outlook(judged, with_limits(LIMITS, {"case_q": stop}), SIZES, ASSUMED, place_of, before=LIMITS)
    each = (time.perf_counter() - started) / len(load_settings().limits[0].stops)

    assert each < 0.1


def test_every_slider_is_a_limit_of_the_rule_and_runs_from_strict_to_lenient():
    for limit in load_settings().limits:
        assert hasattr(LIMITS, limit.name)
        assert getattr(LIMITS, limit.name) in limit.stops
        assert list(limit.stops) in (sorted(limit.stops), sorted(limit.stops, reverse=True))


def test_a_slider_with_one_position_is_refused_by_name(tmp_path: Path):
    text = (what_if.datafiles.DATA_DIR / "what_if.toml").read_text(encoding="utf-8")
    path = tmp_path / "what_if.toml"
    path.write_text(text.replace("stops = [0.75, 0.5, 0.4, 0.33, 0.25, 0.2, 0.1]", "stops = [0.25]"), encoding="utf-8")

    with pytest.raises(Misconfigured, match="severe_share"):
        load_settings(path)


def test_measured_power_is_read_where_the_benchmark_has_written_it(tmp_path: Path):
    path = tmp_path / "accuracy.json"

    def write(found: object) -> None:
        ranking = {"own": {"medium": {"school": {"tiers": {"found": found}}}}}
        path.write_text(json.dumps({"params": "1.1", "ranking": ranking}))

    assert what_if.measured_power("1.1", path) is None
    write(0.55)
    assert what_if.measured_power("1.1", path) == 0.55
    assert what_if.measured_power("1.2", path) is None  # of other parameters
    write("many")
    assert what_if.measured_power("1.1", path) is None
