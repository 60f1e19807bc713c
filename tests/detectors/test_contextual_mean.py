from dataclasses import replace

import numpy as np
import pytest

from app.detectors import PaperSpec, load_params, screen
from app.detectors.context import context_matrix
from app.detectors.contextual_mean import context_part, contextual_mean, logit_means
from app.detectors.simulate import RegionOptions, previous_year, simulate_region
from app.detectors.tables import PaperTable, build_tables
from app.errors import InsufficientData
from tests.detectors.test_boundary_push import rate

PARAMS = load_params().contextual_mean


def bare(table: PaperTable, X: np.ndarray | None = None):
    S = len(table.schools)
    nowhere = np.full(S, "", dtype=object)
    part = context_part(table, np.zeros((S, 0)) if X is None else X, nowhere, nowhere, None, PARAMS)
    return contextual_mean(table, part, None, PARAMS)


def raised(table: PaperTable, school: int, points: int) -> PaperTable:
    counts = table.counts.copy()
    counts[school] = 0
    counts[school, points:] = table.counts[school, :-points]
    counts[school, -1] += table.counts[school, -points:].sum()
    return replace(table, counts=counts)


@pytest.mark.parametrize(("low", "high"), [(10, 19), (20, 49), (50, 99), (100, 9999)])
def test_one_honest_school_in_a_hundred_is_under_one_percent(honest_screenings, low, high):
    share, error = rate(honest_screenings, "contextual_mean", low, high)

    # The four papers of a school share its honest strength, so they count for about two.
    assert abs(share - 0.01) < 0.003 + 2 * np.sqrt(2) * error


def test_strong_kinds_of_school_are_not_accused_when_the_kind_is_known(honest_regions, honest_screenings):
    p = []
    for region, screening in zip(honest_regions, honest_screenings, strict=True):
        strong = region.schools.loc[region.schools["type"].isin(["гимназия", "лицей"]), "school"]
        findings = screening.findings
        p.append(findings.loc[(findings["detector"] == "contextual_mean") & findings["school"].isin(strong), "p_value"])

    assert (np.concatenate(p) < 0.01).mean() < 0.025


def test_the_logit_and_its_variance_of_one_school_are_computed_by_hand():
    counts = np.zeros((1, 11))
    counts[0, [2, 4, 6, 8]] = 5.0
    table = PaperTable(
        PaperSpec(2026, "ma", 4, (10,), None), 2026, np.array(["1"]), counts, np.ones(1), None, None, None
    )

    means = logit_means(table)

    share = (5 * 20 + 0.5) / (20 * 10 + 1)
    phi = (100 / 19) / (share * (1 - share)) / 100
    assert means.y[0] == pytest.approx(np.log(share / (1 - share)))
    assert means.sampling[0] == pytest.approx(phi / (20 * share * (1 - share)))


def test_a_raised_school_is_found_and_its_effect_is_in_points(honest_regions):
    table = build_tables(honest_regions[0].works, honest_regions[0].papers, with_items=False)[0]
    school = int(np.argmax(np.where(np.abs(bare(table).z) < 0.3, table.n, 0)))

    result = bare(raised(table, school, 5))

    assert result.p_value[school] < 0.002
    assert result.effect[school] == pytest.approx(4.7, abs=0.9)
    assert result.effect_low[school] > 0
    assert abs(result.shrunk[school]) < abs(result.effect[school])


def test_a_school_raised_in_one_paper_stands_out_against_its_other_papers(honest_regions):
    region = honest_regions[1]
    school = region.works["school"].value_counts().index[5]
    spec = region.papers[0]
    rows = (
        (region.works["school"] == school) & (region.works["subject"] == "ma") & (region.works["grade"] == 4)
    ).to_numpy()
    works = region.works.copy()
    works.loc[rows, "score"] = np.minimum(works.loc[rows, "score"] + 4, spec.max_score)

    alone = screen(works[(works["subject"] == "ma") & (works["grade"] == 4)], region.papers, schools=region.schools)
    together = screen(works, region.papers, schools=region.schools)

    def p_of(screening):
        f = screening.findings
        chosen = (
            (f["detector"] == "contextual_mean") & (f["school"] == school) & (f["subject"] == "ma") & (f["grade"] == 4)
        )
        return float(f.loc[chosen, "p_value"].iloc[0])

    assert p_of(together) < p_of(alone)


def test_the_year_before_explains_part_of_the_differences():
    options = RegionOptions(schools=200)
    region, before = simulate_region(6, options), previous_year(6, options)

    with_past = screen(region.works, region.papers, schools=region.schools, previous=before.works)
    without = screen(region.works, region.papers, schools=region.schools)

    def width(screening):
        f = screening.findings[screening.findings["detector"] == "contextual_mean"]
        return (f["effect_high"] - f["effect_low"]).mean()

    assert width(with_past) < width(without)


def test_a_municipality_with_enough_other_schools_is_the_reference(honest_screenings):
    kinds = [
        paper["contextual_mean"]["schools_by_reference"] for s in honest_screenings for paper in s.reference["papers"]
    ]

    assert any("municipality" in words for words in kinds)
    assert all("cluster" in words for words in kinds)


def test_too_few_schools_cannot_be_compared():
    region = simulate_region(1, RegionOptions(schools=8, size=(30, 30), papers=(("ma", 4),)))
    table = build_tables(region.works, region.papers, with_items=False)[0]

    with pytest.raises(InsufficientData):
        bare(table)


def test_a_rare_kind_of_school_joins_the_common_one():
    region = simulate_region(3, RegionOptions(schools=80))
    table = build_tables(region.works, region.papers, with_items=False)[0]
    counts = region.schools["type"].value_counts()

    loose = context_matrix(table.schools, region.schools, category_schools=1)
    strict = context_matrix(table.schools, region.schools, category_schools=int(counts.max()) + 1)

    assert loose.shape[1] - strict.shape[1] == len(counts) - 1
