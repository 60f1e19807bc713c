from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from app.detectors import load_params, screen
from app.detectors.base import PaperSpec
from app.detectors.context import exam_column
from app.detectors.external_gap import Outside, external_gap, outside_results, set_aside
from app.detectors.simulate import ORDINARY, RegionOptions, simulate_region
from app.detectors.tables import PaperTable, build_tables
from app.errors import InsufficientData

PARAMS = load_params().external_gap


def normal_region(rng, S=3000, n=60, leavers=25, slope=0.8, tau=0.25):
    """Binomial papers of schools whose logit follows their true outside mark; sampling error in both."""
    truth = rng.normal(0, 0.3, S)
    logit = 0.2 + slope * truth + rng.normal(0, tau, S)
    counts = np.zeros((S, 21))
    scores = rng.binomial(20, (1 / (1 + np.exp(-logit)))[:, None], (S, n))
    for i in range(S):
        counts[i] = np.bincount(scores[i], minlength=21)
    names = np.array([f"{i:05d}" for i in range(S)])
    table = PaperTable(PaperSpec(2026, "ma", 4, (20,), None), 2026, names, counts, np.ones(S), None, None, None)
    noise = np.full(S, 0.75**2 / leavers)
    return table, Outside(3.7 + truth + rng.normal(0, np.sqrt(noise)), np.full(S, float(leavers)), noise, ("oge",))


@pytest.fixture(scope="module")
def honest_gaps():
    rows = []
    for seed in range(6):
        region = simulate_region(820 + seed, RegionOptions(schools=400))
        for table in build_tables(region.works, region.papers, with_items=False):
            outside = outside_results(table.schools, region.exams, table.spec.subject, PARAMS)
            result = external_gap(table, outside, PARAMS)
            rows.append(np.column_stack((result.p_value, table.n, result.clears))[result.assessed])
    return np.concatenate(rows)


@pytest.mark.parametrize(("low", "high"), [(10, 19), (20, 49), (50, 99), (100, 9999)])
def test_one_honest_school_in_a_hundred_is_under_one_percent(honest_gaps, low, high):
    p, n, _ = honest_gaps.T
    own = p[(n >= low) & (n <= high)]

    # The four papers of a school share its honest strength, so they count for about two.
    error = np.sqrt(2) * np.sqrt(0.01 * 0.99 / len(own))
    assert abs((own < 0.01).mean() - 0.01) < 0.003 + 2 * error


def test_the_slope_is_fullers_moment_estimate():
    rng = np.random.default_rng(1)
    table, outside = normal_region(rng)

    result = external_gap(table, outside, replace(PARAMS, reject=50.0))

    share = (table.mean * table.n + 0.5) / (table.n * 20 + 1)
    y = np.log(share / (1 - share))
    moment = np.cov(outside.mean, y)[0, 1] / (outside.mean.var(ddof=1) - outside.variance[0])
    plain = np.cov(outside.mean, y)[0, 1] / outside.mean.var(ddof=1)
    assert result.slope == pytest.approx(moment, rel=0.04)
    assert result.slope == pytest.approx(0.8, abs=0.06)
    assert plain < 0.85 * result.slope


def test_z_of_honest_schools_is_standard_and_does_not_lean_on_the_strong():
    rng = np.random.default_rng(2)
    table, outside = normal_region(rng)

    result = external_gap(table, outside, PARAMS)

    truth = outside.mean - 3.7
    assert result.z.std() == pytest.approx(1, abs=0.04)
    assert (result.p_value < 0.01).mean() == pytest.approx(0.01, abs=0.005)
    assert abs(result.z[truth > 0.4].mean()) < 0.15


def test_a_raised_paper_that_the_examination_does_not_bear_out_is_found():
    region = simulate_region(830, RegionOptions(schools=160, size=(50, 80), papers=(("ma", 4),)))
    (table,) = build_tables(region.works, region.papers, with_items=False)
    guilty = np.arange(0, 12)
    counts = table.counts.copy()
    counts[guilty, 5:], counts[guilty, :5] = table.counts[guilty, :-5], 0
    counts[guilty, -1] += table.counts[guilty, -5:].sum(axis=1)
    outside = outside_results(table.schools, region.exams, "ma", PARAMS)

    result = external_gap(replace(table, counts=counts), outside, PARAMS)

    assert (result.p_value[guilty] < 0.01).mean() >= 0.7
    assert (result.effect[guilty] > 2).all()
    assert (result.p_value[12:] < 0.01).mean() < 0.03


def strong_region(exam_mark: float):
    """One school far over the others in every paper; its examination says `exam_mark`."""
    region = simulate_region(831, RegionOptions(schools=120, size=(60, 80)))
    school = "990007"
    works = region.works.copy()
    own = (works["school"] == school).to_numpy()
    for spec in region.papers:
        rows = own & ((works["subject"] == spec.subject) & (works["grade"] == spec.grade)).to_numpy()
        room = spec.max_score - works.loc[rows, "score"].to_numpy()
        # Half of the points lost are won in every item alike, as by a stronger school.
        for k, top in enumerate(spec.item_max):
            points = works.loc[rows, f"item_{k + 1}"].to_numpy(dtype=float)
            rng = np.random.default_rng([k, spec.grade])
            works.loc[rows, f"item_{k + 1}"] = points + rng.binomial((top - points).astype(int), 0.35)
        assert room.sum() > 0
        names = [f"item_{k + 1}" for k in range(len(spec.item_max))]
        works.loc[rows, "score"] = works.loc[rows, names].sum(axis=1).astype(int)
    exams = region.exams.copy()
    exams.loc[exams["school"] == school, ["n", "mean_mark"]] = [80, exam_mark]
    return screen(works, region.papers, exams=exams), school


def test_a_strong_school_whose_examination_agrees_is_not_flagged_by_its_level():
    agreed, school = strong_region(4.75)
    contradicted, _ = strong_region(3.6)

    families = agreed.schools.set_index("school").loc[school, "families"]
    against = contradicted.schools.set_index("school").loc[school, "families"]
    own = agreed.findings[(agreed.findings["school"] == school) & (agreed.findings["detector"] == "external_gap")]
    assert "level" not in families
    assert "level" in against
    assert own["sentence"].str.contains("подтверждает высокий уровень").any()


def test_clearing_takes_the_level_away_and_never_adds_to_it():
    rng = np.random.default_rng(3)
    table, outside = normal_region(rng, S=400)
    result = external_gap(table, outside, PARAMS)
    z = np.linspace(-3, 5, 400)

    after = set_aside(z, result)

    assert result.clears.any()
    assert (after <= z).all()
    assert (after[result.clears] <= 0).all()
    assert (after[~result.clears] == z[~result.clears]).all()
    assert (result.z[result.clears] <= PARAMS.clear_gap).all()
    assert set_aside(z, None) is z


def test_examinations_on_other_scales_are_brought_together():
    names = np.array([f"{i:02d}" for i in range(40)])
    strength = np.linspace(-1, 1, 40)
    exams = pd.DataFrame(
        {
            "school": [*names, *names[:30]],
            "exam": ["oge"] * 40 + ["ege"] * 30,
            "subject": "ma",
            "n": 20,
            "mean_mark": [*(3.7 + 0.4 * strength), *(60 + 12 * strength[:30])],
        }
    )

    outside = outside_results(names, exams, "ma", PARAMS)

    assert outside.exams == ("oge", "ege")
    assert outside.n.tolist() == [40.0] * 30 + [20.0] * 10
    assert np.corrcoef(outside.mean[30:], strength[30:])[0, 1] == pytest.approx(1)
    # An examination of fewer participants is less sure.
    assert outside.variance[35] == pytest.approx(0.75**2 / 20)
    assert outside.variance[5] < outside.variance[35]


def test_without_results_of_the_subject_the_reason_is_named():
    exams = pd.DataFrame({"school": ["1"], "exam": ["oge"], "subject": ["ru"], "n": [20], "mean_mark": [4.0]})

    with pytest.raises(InsufficientData, match="по этому предмету"):
        outside_results(np.array(["1", "2"]), exams, "ma", PARAMS)
    with pytest.raises(InsufficientData, match="нет результатов внешних процедур"):
        outside_results(np.array(["1", "2"]), None, "ma", PARAMS)


def test_a_school_without_an_examination_says_so():
    region = simulate_region(832, RegionOptions(schools=60, size=(20, 40), papers=(("ma", 4),)))
    exams = region.exams[region.exams["school"] != "990003"]

    findings = screen(region.works, region.papers, exams=exams).findings

    own = findings[(findings["detector"] == "external_gap") & (findings["school"] == "990003")]
    assert own["outcome"].tolist() == ["not_assessed"]
    assert "нет результатов внешней процедуры" in own["reason"].iloc[0]


def sitting(exam: str, names, means, *, year: int | None = None, n: int = 20, subject: str = "ma") -> pd.DataFrame:
    """Results of one examination in one year."""
    rows = {"school": names, "exam": exam, "subject": subject, "n": n, "mean_mark": means, "year": year}
    return pd.DataFrame(rows).astype({"year": "Int16"})


def test_a_hard_year_does_not_make_a_school_weak():
    names = np.array([f"{i:03d}" for i in range(60)])
    strength = np.random.default_rng(2).permutation(np.linspace(-1, 1, 60))
    # Half of the schools sat in 2024 only, when everybody got half a mark less; the other half in 2025 only.
    exams = pd.concat(
        [
            sitting("oge", names[:30], 3.3 + 0.3 * np.sort(strength[:30]), year=2024),
            sitting("oge", names[30:], 3.8 + 0.3 * np.sort(strength[30:]), year=2025),
        ]
    )

    told = outside_results(names, exams, "ma", PARAMS)
    mixed = outside_results(names, exams.drop(columns="year"), "ma", PARAMS)

    assert told.exams == mixed.exams == ("oge",)
    assert abs(told.mean[:30].mean() - told.mean[30:].mean()) < 0.1
    assert mixed.mean[30:].mean() - mixed.mean[:30].mean() > 0.4


def test_ege_alone_is_as_sure_as_its_own_scale_allows():
    names = np.array([f"{i:03d}" for i in range(40)])
    exams = sitting("ege", names, np.linspace(45, 75, 40), n=25)

    outside = outside_results(names, exams, "ma", PARAMS)

    assert outside.mean == pytest.approx(np.linspace(45, 75, 40))
    assert outside.variance == pytest.approx(np.full(40, PARAMS.ege_sd**2 / 25))


def test_an_examination_of_too_few_schools_is_not_named_among_those_heard():
    names = np.array([f"{i:03d}" for i in range(40)])
    few = sitting("ege", names[:5], np.linspace(45, 75, 5))

    outside = outside_results(names, pd.concat([sitting("oge", names, np.linspace(3, 4.5, 40)), few]), "ma", PARAMS)

    assert outside.exams == ("oge",)
    assert outside.n.tolist() == [20.0] * 40


def test_a_subject_without_results_takes_real_examinations_of_others_and_no_regional_work():
    names = np.array([f"{i:03d}" for i in range(40)])
    means = np.linspace(3, 4.5, 40)

    regional = exam_column(names, sitting("kdr", names, means, subject="ru"), "ma")
    real = exam_column(names, sitting("ОГЭ", names, means, subject="ru"), "ma")
    own = exam_column(names, sitting("kdr", names, means), "ma")

    assert regional.shape == (40, 0)
    assert np.corrcoef(real[:, 0], means)[0, 1] == pytest.approx(1)
    assert np.corrcoef(own[:, 0], means)[0, 1] == pytest.approx(1)


def test_marks_and_points_are_one_predictor_only_after_each_is_standardised():
    names = np.array([f"{i:03d}" for i in range(40)])
    strength = np.linspace(-1, 1, 40)
    # Every second school has ЕГЭ as well: it must not stand over the others because points are larger than marks.
    exams = pd.concat(
        [sitting("oge", names, 3.7 + 0.3 * strength), sitting("ege", names[::2], 60 + 10 * strength[::2])]
    )

    column = exam_column(names, exams, "ma")

    assert np.corrcoef(column[:, 0], strength)[0, 1] > 0.99


def test_a_strong_kind_of_school_regresses_to_its_kind():
    rng = np.random.default_rng(8)
    region = simulate_region(31, RegionOptions(schools=300, size=(40, 60), papers=(("ma", 4),), confounders=ORDINARY))
    (table,) = build_tables(region.works, region.papers, with_items=False)
    outside = outside_results(table.schools, region.exams, "ma", PARAMS)
    kind = region.schools.set_index("school").loc[table.schools, "type"].isin(["гимназия", "лицей"]).to_numpy()
    X = np.column_stack((kind.astype(float), np.ones(len(kind)), rng.standard_normal(len(kind))))

    plain, inside = external_gap(table, outside, PARAMS), external_gap(table, outside, PARAMS, X)

    assert np.nanmean(plain.z[kind]) > 0.5
    assert abs(np.nanmean(inside.z[kind])) < 0.3
