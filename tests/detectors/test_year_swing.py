from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

from app.detectors import load_params, screen
from app.detectors.cohorts import (
    Wave,
    cohort_of,
    earlier_wave,
    pupil_grades,
    wave_of_marks,
    wave_of_scores,
    waves_of_marks,
)
from app.detectors.dispersion import school_effects
from app.detectors.regression import deleted_fit, deleted_residuals
from app.detectors.simulate import RegionOptions, draw_schools, simulate_region
from app.detectors.tables import build_tables
from app.detectors.year_swing import disc_tail, year_swing
from app.errors import InsufficientData

PARAMS = load_params().year_swing
BANDS = ((10, 19), (20, 49), (50, 99), (100, 9999))

# From tests/detectors/reference/statsmodels_values.py.
X = np.array([-1.2, -0.4, 0.1, 0.3, 0.9, 1.4, 2.0, -0.8, 0.6, 1.1])
Y = np.array([-0.9, -0.5, 0.4, 0.1, 0.8, 2.6, 1.5, -0.2, 0.3, 0.9])
WEIGHTS = np.array([40.0, 55.0, 120.0, 33.0, 61.0, 48.0, 90.0, 27.0, 75.0, 150.0])
COEFFICIENTS = [0.11677990282092335, 0.8292740685537395]
EXTERNAL = [
    -0.04071050282553567, -0.5925119752160949, 0.6353206183299276, -0.3899064062051631, -0.12763559118457815,
    5.776206036081083, -0.918741639185294, 0.487129915597915, -0.7354327067523058, -0.46398782192357574,
]  # fmt: skip
SIGMA2_WITHOUT = [
    16.53390227019927, 15.748008294166597, 15.636205820051218, 16.186280921713383, 16.499418402681357,
    2.8679794664693117, 14.758215976594284, 15.995576993896995, 15.351657348717408, 16.044372897728383,
]  # fmt: skip


def cohort_waves(seed: int, schools: int = 400, years: int = 3, **more):
    """Papers of grade 4 two years and one year ago, and of grade 5 now, of the same schools."""
    options = RegionOptions(schools=schools, papers=(("ma", 5), ("ru", 5)), **more)
    drawn = draw_schools(seed, options)
    regions = [simulate_region(seed, options)]
    for back in range(1, years):
        earlier = replace(options, year=options.year - back, papers=(("ma", 4), ("ru", 4)))
        regions.append(simulate_region(seed, earlier, drawn=drawn))
    return [build_tables(region.works, region.papers, with_items=False) for region in regions]


@pytest.fixture(scope="module")
def honest_swings():
    found = {2: [], 3: []}
    for seed in range(6):
        now, last, first = cohort_waves(800 + seed)
        for a, b, c in zip(now, last, first, strict=True):
            for waves, earliest in ((2, None), (3, wave_of_scores(c))):
                result = year_swing(wave_of_scores(a), wave_of_scores(b), earliest, PARAMS)
                known = result.assessed
                found[waves].append(np.column_stack((result.p_value, a.n, result.z_jump))[known])
    return {waves: np.concatenate(rows) for waves, rows in found.items()}


@pytest.mark.parametrize("waves", [2, 3])
@pytest.mark.parametrize(("low", "high"), BANDS)
def test_one_honest_school_in_a_hundred_is_under_one_percent(honest_swings, waves, low, high):
    p, n, _ = honest_swings[waves].T
    own = p[(n >= low) & (n <= high)]

    error = np.sqrt(0.01 * 0.99 / len(own))
    assert abs((own < 0.01).mean() - 0.01) < 0.003 + 2 * error


def test_residuals_of_honest_schools_are_standard(honest_swings):
    z = honest_swings[2][:, 2]

    assert z.mean() == pytest.approx(0, abs=0.05)
    assert z.std() == pytest.approx(1, abs=0.05)


def test_deleted_residuals_are_the_external_ones_of_statsmodels():
    design = np.column_stack((np.ones(len(X)), X))

    coefficients, residual, spread = deleted_residuals(Y, design, WEIGHTS, (1 / WEIGHTS)[:, None])

    # With the variances the weights promise, up to the scale that statsmodels estimates without each row.
    assert coefficients == pytest.approx(COEFFICIENTS)
    assert residual / np.sqrt(spread[:, 0] * SIGMA2_WITHOUT) == pytest.approx(EXTERNAL)


def test_deleted_residuals_are_those_of_the_fit_without_the_row():
    design = np.column_stack((np.ones(len(X)), X))
    variance = np.linspace(0.5, 2.0, len(X))

    _, residual, spread = deleted_residuals(Y, design, WEIGHTS, variance[:, None])

    for i in range(len(X)):
        rest = np.arange(len(X)) != i
        root = np.sqrt(WEIGHTS[rest])
        beta, *_ = np.linalg.lstsq(root[:, None] * design[rest], root * Y[rest], rcond=None)
        inverse = np.linalg.inv(design[rest].T @ (design[rest] * WEIGHTS[rest, None]))
        middle = design[rest].T @ (design[rest] * (WEIGHTS[rest] ** 2 * variance[rest])[:, None])
        assert residual[i] == pytest.approx(Y[i] - design[i] @ beta)
        assert spread[i, 0] == pytest.approx(variance[i] + design[i] @ inverse @ middle @ inverse @ design[i])


def test_over_dispersion_is_that_of_paule_and_mandel_in_statsmodels():
    y = np.array([0.10, 0.45, -0.20, 0.80, 0.05, -0.55, 0.30, 1.10])
    v = np.array([0.04, 0.09, 0.05, 0.12, 0.03, 0.08, 0.06, 0.10])

    # combine_effects(y, v, method_re="pm").tau2
    assert school_effects(y, v, huber=50.0).tau2 == pytest.approx(0.19373205552313116, rel=0.03)


def test_honest_change_between_years_is_recovered():
    rng = np.random.default_rng(1)
    x = rng.normal(size=4000)
    u, v = rng.uniform(0.01, 0.05, 4000), rng.uniform(0.01, 0.05, 4000)
    y = 0.3 + 0.8 * x + rng.normal(0, 0.3, 4000) + rng.normal(0, np.sqrt(v))
    seen = x + rng.normal(0, np.sqrt(u))

    fit = deleted_fit(y, seen[:, None], np.ones(4000), v, u[:, None], np.ones(4000, dtype=bool))

    assert np.sqrt(fit.tau2) == pytest.approx(0.3, abs=0.02)
    assert fit.coefficients == pytest.approx([0.3, 0.8], abs=0.04)
    assert fit.z.std() == pytest.approx(1, abs=0.03)


def test_the_tail_of_two_ranks_is_the_area_outside_the_disc():
    rng = np.random.default_rng(2)
    draws = (rng.uniform(size=(400_000, 2)) ** 2).sum(axis=1)

    for value in (0.3, 0.9, 1.0, 1.4, 1.8):
        assert disc_tail(np.array([value]))[0] == pytest.approx((draws >= value).mean(), abs=0.003)


def test_two_equal_years_of_a_tiny_region_show_no_swing():
    n = np.full(20, 25.0)
    y = np.linspace(-1, 1, 20)
    names = np.array([f"{i:02d}" for i in range(20)])
    last = Wave(2025, 4, names, n, y, np.full(20, 0.05), y, (), 20)
    now = Wave(2026, 5, names, n, y, np.full(20, 0.05), y, (), 20)

    result = year_swing(now, last, None, PARAMS)

    # β = 1 exactly, so nothing is left over: the expected mean is the observed one.
    assert result.effect == pytest.approx(np.zeros(20), abs=1e-9)
    assert result.z_jump == pytest.approx(np.zeros(20), abs=1e-6)
    assert (result.p_value > 0.4).all()


def test_a_cohort_that_jumps_is_found_and_the_fall_of_another_is_no_sign():
    now, last, _ = cohort_waves(900, schools=150, size=(50, 80))
    table = now[0]
    counts = table.counts.copy()
    up, down = np.arange(0, 10), np.arange(20, 30)
    counts[up, 5:], counts[up, :5] = table.counts[up, :-5], 0
    counts[up, -1] += table.counts[up, -5:].sum(axis=1)
    counts[down, :-5], counts[down, -5:] = table.counts[down, 5:], 0
    counts[down, 0] += table.counts[down, :5].sum(axis=1)

    result = year_swing(wave_of_scores(replace(table, counts=counts)), wave_of_scores(last[0]), None, PARAMS)

    assert (result.p_value[up] < 0.01).mean() >= 0.8
    assert (result.effect[up] > 2).all()
    assert (result.z_jump[down] < -1.5).mean() >= 0.8
    assert (result.p_value[down] > 0.5).all()


def three_years(seed: int, S: int = 400, jump: float = 0.0, jumping: int = 0) -> tuple[Wave, Wave, Wave]:
    """Cohorts whose lasting strength shows each year with a little noise; some were raised in the second year only."""
    rng = np.random.default_rng(seed)
    lasting = rng.normal(0, 0.6, S)
    names = np.array([f"{i:04d}" for i in range(S)])
    n = rng.integers(30, 90, S).astype(float)
    waves = []
    for year in (2024, 2025, 2026):
        y = lasting + rng.normal(0, 0.2, S) + rng.normal(0, 1 / np.sqrt(n))
        if year == 2025:
            y[:jumping] += jump
        waves.append(Wave(year, year - 2022, names, n, y, 1 / n, 1 / (1 + np.exp(-y)), (), 20))
    return waves[0], waves[1], waves[2]


def test_a_jump_with_the_fall_after_it_is_found_in_the_year_of_the_fall():
    first, last, now = three_years(1, jump=1.5, jumping=20)

    with_fall = year_swing(now, last, first, PARAMS)
    two_years = year_swing(now, last, None, PARAMS)

    # This year's change alone sees a fall, which is no sign; with the year before it is the end of a jump.
    assert (two_years.p_value[:20] > 0.5).all()
    assert np.median(with_fall.index[:20]) > 1.5
    assert (with_fall.p_value[:20] < 0.05).mean() >= 0.5
    assert (with_fall.p_value[20:] < 0.01).mean() < 0.03


def test_the_two_halves_of_the_index_are_independent_for_honest_cohorts():
    rows = [year_swing(now, last, first, PARAMS) for first, last, now in (three_years(50 + k) for k in range(10))]

    index = np.concatenate([row.index for row in rows])
    p = np.concatenate([row.p_value for row in rows])
    assert stats.kstest(disc_tail(index), "uniform").statistic < 0.03
    assert (p < 0.01).mean() == pytest.approx(0.01, abs=0.004)


def test_marks_give_the_shift_of_greatest_likelihood():
    counts = np.array([[2, 8, 12, 8], [10, 15, 4, 1], [0, 2, 9, 19], *([[4, 10, 11, 5]] * 30)])

    wave = wave_of_marks(2026, 4, np.arange(33).astype(str), counts)

    pool = counts.sum(axis=0) + 0.5
    pool = pool / pool.sum()
    alpha = stats.logistic.ppf(np.cumsum(pool[::-1])[::-1][1:])

    def loss(y: float, own: np.ndarray) -> float:
        edges = np.concatenate(([1.0], stats.logistic.cdf(alpha + y), [0.0]))
        return float(-(own @ np.log(edges[:-1] - edges[1:])))

    for i in range(3):
        best = optimize.minimize_scalar(loss, args=(counts[i] + 0.5 * pool,), bounds=(-6, 6), method="bounded")
        assert wave.y[i] == pytest.approx(best.x, abs=1e-4)
    assert wave.y[1] < wave.y[0] < wave.y[2]
    assert wave.mean_of(np.array([0.0]))[0] == pytest.approx(pool @ np.arange(2, 6))


def test_marks_alone_tell_of_a_jump():
    options = RegionOptions(schools=120, size=(50, 70), papers=(("ma", 5),))
    drawn = draw_schools(31, options)
    region = simulate_region(31, options)
    earlier = simulate_region(31, replace(options, year=options.year - 1, papers=(("ma", 4),)), drawn=drawn)
    (table,) = build_tables(region.works, region.papers, with_items=False)
    cuts = earlier.papers[0].mark_from
    marks = 2 + np.searchsorted(cuts, earlier.works["score"].to_numpy(), side="right")
    previous = earlier.works[["year", "subject", "grade", "school"]].assign(score=np.nan, mark=marks)
    low = previous["school"].isin(["990001", "990002", "990003"])
    previous.loc[low, "mark"] = np.where(previous.loc[low, "mark"] > 4, 3, 2)

    waves = waves_of_marks(table, previous, {})
    assert waves is not None
    result = year_swing(*waves, None, PARAMS)

    assert result.by_marks
    assert (result.p_value[:3] < 0.05).all()
    assert (result.p_value[3:] < 0.01).mean() < 0.03


def test_the_cohort_of_an_autumn_sitting_is_found_by_the_pupils_grade():
    works = pd.DataFrame({"year": 2020, "subject": "ma", "grade": 4, "school": "1", "pupil_grade": [5, 5, 5, 4]})

    grades = pupil_grades(works, None)

    assert grades == {(2020, "ma", 4): 5}
    assert cohort_of(2020, 4, 5) == cohort_of(2021, 5)
    assert cohort_of(2020, 4, 6) == cohort_of(2021, 6) != cohort_of(2021, 5)


def test_only_the_paper_of_the_same_pupils_counts_as_last_year():
    now, last, first = cohort_waves(33, schools=30)
    table = now[0]
    before = [*last, *first]

    assert earlier_wave(table, 1, before, {}) is next(t for t in last if t.spec.subject == table.spec.subject)
    # Two years ago these pupils were in grade 3; the paper of grade 4 of that year is another cohort's.
    assert earlier_wave(table, 2, before, {}) is None
    # Sat by grade 6 in that autumn, last year's paper is another cohort's too.
    key = (last[0].year, table.spec.subject, 4)
    assert earlier_wave(table, 1, before, {key: 6}) is None


def test_too_few_schools_with_both_years_are_refused_with_a_reason():
    now, last, _ = cohort_waves(34, schools=12)

    with pytest.raises(InsufficientData, match="за прошлый год"):
        year_swing(wave_of_scores(now[0]), wave_of_scores(last[0]), None, PARAMS)


def test_a_screening_tells_the_cohort_and_says_why_not_elsewhere():
    options = RegionOptions(schools=60, size=(15, 40), papers=(("ma", 4), ("ma", 5)))
    region = simulate_region(35, options)
    before = simulate_region(35, replace(options, year=options.year - 1), drawn=draw_schools(35, options))

    findings = screen(region.works, region.papers, previous=before.works).findings

    own = findings[findings["detector"] == "year_swing"]
    assert (own.query("grade == 5")["outcome"] == "assessed").all()
    assert own.query("grade == 5")["sentence"].str.contains("Эти же ученики").all()
    assert (own.query("grade == 4")["outcome"] == "not_assessed").all()
    assert own.query("grade == 4")["reason"].str.contains("за прошлый год").all()
