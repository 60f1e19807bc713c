import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from app.detectors import load_params, screen
from app.detectors.recurrence import poisson_binomial, recurrence
from app.detectors.simulate import RegionOptions, simulate_region
from app.errors import InsufficientData

PARAMS = load_params().recurrence
SCHOOLS = np.array([f"{i:03d}" for i in range(200)])


def history(rows: list[tuple[str, int, str, object]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["school", "year", "source", "markers"])


def listed(rng: np.random.Generator, rates: list[tuple[int, str, float]], schools: np.ndarray = SCHOOLS) -> list:
    rows = []
    for year, source, rate in rates:
        rows += [(str(name), year, source, 1) for name in schools[rng.uniform(size=len(schools)) < rate]]
    return rows


@pytest.mark.parametrize("rates", [[0.1], [0.5, 0.2], [0.03, 0.3, 0.9, 0.0], [0.2, 0.25, 0.05, 0.6, 1.0]])
def test_the_distribution_is_that_of_all_outcomes(rates):
    expected = np.zeros(len(rates) + 1)
    for outcome in itertools.product((0, 1), repeat=len(rates)):
        expected[sum(outcome)] += np.prod([r if x else 1 - r for r, x in zip(rates, outcome, strict=True)])

    assert poisson_binomial(np.array(rates)) == pytest.approx(expected)


def test_equal_rates_are_binomial():
    assert poisson_binomial(np.full(7, 0.3)) == pytest.approx(stats.binom.pmf(np.arange(8), 7, 0.3))


def test_two_lists_are_counted_by_hand():
    rows = [("000", 2024, "federal_list", 2), ("000", 2025, "federal_list", 1)]
    rows += [(f"{i:03d}", 2024, "federal_list", 1) for i in range(1, 20)]
    rows += [(f"{i:03d}", 2025, "federal_list", 1) for i in range(100, 119)]

    result = recurrence(SCHOOLS, history(rows), 2026, PARAMS)

    rate = 20.5 / 201
    assert result.count[[0, 1, 50, 100]].tolist() == [2, 1, 0, 1]
    assert result.expected == pytest.approx(2 * rate)
    assert result.p_value[0] == pytest.approx(rate**2)
    assert result.p_value[1] == pytest.approx(1 - (1 - rate) ** 2)
    assert result.p_value[50] == pytest.approx(1)
    assert result.federal_years[[0, 1]].tolist() == [2, 1]
    assert result.again[[0, 1, 50]].tolist() == [True, False, False]


def test_marks_at_random_come_back_no_more_often_than_p_says():
    rng = np.random.default_rng(7)
    schools = np.array([f"{i:05d}" for i in range(20_000)])
    shares = np.array([0.08, 0.1, 0.12, 0.05])
    lists = [(year, source) for year in (2024, 2025) for source in ("federal_list", "screening")]
    rates = [(*which, share) for which, share in zip(lists, shares.tolist(), strict=True)]

    result = recurrence(schools, history(listed(rng, rates, schools)), 2026, PARAMS)

    # p of a count is discrete: its own distribution is never under it.
    for level in (0.2, 0.05, 0.01):
        assert (result.p_value <= level).mean() <= level + 3 * np.sqrt(level / len(schools))
    assert (result.count >= 2).mean() == pytest.approx(1 - poisson_binomial(shares)[:2].sum(), abs=0.004)


def test_schools_marked_year_after_year_are_found():
    rng = np.random.default_rng(8)
    rates = [(year, source, 0.07) for year in (2023, 2024, 2025) for source in ("federal_list", "screening")]
    rows = listed(rng, rates)
    rows += [(s, year, "screening", 1) for s in ("000", "001", "002") for year in (2023, 2024, 2025)]

    result = recurrence(SCHOOLS, history(rows).drop_duplicates(), 2026, PARAMS)

    assert (result.p_value[:3] < 0.01).all()
    assert result.again[:3].all()
    assert result.again[3:].mean() < 0.1


def test_only_the_last_three_years_count_and_never_later_ones():
    rows = [("000", year, "federal_list", 1) for year in (2019, 2020, 2023, 2024, 2025, 2027)]

    result = recurrence(SCHOOLS, history(rows), 2026, PARAMS)

    assert [period.year for period in result.periods] == [2023, 2024, 2025]
    assert result.count[0] == 3


@pytest.mark.parametrize(
    ("markers", "is_marked"), [(0, False), (2, True), ("", False), ("mean_ma4", True), (None, False)]
)
def test_a_row_without_markers_marks_nobody(markers, is_marked):
    rows = [("000", 2024, "federal_list", markers), ("001", 2025, "federal_list", 1), ("002", 2024, "federal_list", 1)]

    result = recurrence(SCHOOLS, history(rows), 2026, PARAMS)

    assert bool(result.count[0]) is is_marked


def test_without_history_or_with_one_list_the_reason_is_named():
    with pytest.raises(InsufficientData, match="нет списков"):
        recurrence(SCHOOLS, None, 2026, PARAMS)
    with pytest.raises(InsufficientData, match="нет списков"):
        recurrence(SCHOOLS, history([("000", 2027, "federal_list", 1)]), 2026, PARAMS)
    with pytest.raises(InsufficientData, match="один список"):
        recurrence(SCHOOLS, history([("000", 2025, "federal_list", 1)]), 2026, PARAMS)


def test_a_screening_shows_history_once_a_school_and_does_not_count_it():
    region = simulate_region(53, RegionOptions(schools=40, papers=(("ma", 4), ("ru", 4))))
    names = sorted(region.works["school"].unique())
    rows = [(names[0], year, "federal_list", 1) for year in (2024, 2025)] + [(names[1], 2025, "screening", 1)]

    without = screen(region.works, region.papers)
    told = screen(region.works, region.papers, history=history(rows))

    own = told.findings[told.findings["detector"] == "recurrence"].set_index("school")
    assert len(own) == len(names)
    assert own.loc[names[0], "statistic"] == 2
    assert "В\u00a0федеральном списке — 2 года из\u00a02" in own.loc[names[0], "sentence"]
    assert told.evidence[names[0], 2026, "", 0, "recurrence"]["again"]
    pd.testing.assert_frame_equal(told.schools, without.schools)
    silent = without.findings[without.findings["detector"] == "recurrence"]
    assert (silent["outcome"] == "not_assessed").all()
    assert silent["sentence"].str.contains("нет списков").all()
