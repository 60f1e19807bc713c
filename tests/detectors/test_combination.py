from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from app.detectors import load_params
from app.detectors.combination import (
    FamilyScores,
    benjamini_hochberg,
    brown,
    combine_schools,
    correlations,
    empirical_null,
    stouffer,
    tiers,
)

PARAMS = load_params()


def families(z_by_name, works):
    return [FamilyScores(name, z, (z,), works, by_size=name == "boundary") for name, z in z_by_name.items()]


def judge(z_by_name, works=None):
    first = next(iter(z_by_name.values()))
    works = np.full(first.shape, 40.0) if works is None else works
    listed = families(z_by_name, works)
    scores = combine_schools(listed, PARAMS.combination)
    paper_q = benjamini_hochberg(scores.paper_p.ravel()).reshape(first.shape)
    tier, signs = tiers(
        scores, listed, scores.family_paper_p, paper_q, works.sum(axis=1), PARAMS.tiers, PARAMS.combination
    )
    return scores, tier, signs


def honest(seed=0, schools=300, papers=4):
    rng = np.random.default_rng(seed)
    return {name: rng.standard_normal((schools, papers)) for name in ("boundary", "level", "journal")}


def test_q_values_are_those_of_scipy():
    p = np.random.default_rng(1).uniform(size=200) ** 2

    assert benjamini_hochberg(p) == pytest.approx(stats.false_discovery_control(p))


def test_missing_p_values_do_not_count():
    p = np.array([0.01, np.nan, 0.02])

    q = benjamini_hochberg(p)

    assert np.isnan(q[1])
    assert q[[0, 2]] == pytest.approx(stats.false_discovery_control([0.01, 0.02]))


def test_brown_without_correlation_is_fisher():
    p = np.array([[0.03, 0.2, 0.6]])

    assert brown(p, np.eye(3))[0] == pytest.approx(stats.combine_pvalues(p[0], "fisher").pvalue)


def test_brown_with_correlation_holds_its_size():
    rng = np.random.default_rng(2)
    cov = np.full((3, 3), 0.5) + 0.5 * np.eye(3)
    p = stats.norm.sf(rng.multivariate_normal(np.zeros(3), cov, size=40_000))

    combined = brown(p, cov)

    assert (combined < 0.05).mean() == pytest.approx(0.05, abs=0.006)


def test_stouffer_is_that_of_scipy_and_leaves_out_what_is_missing():
    z = np.array([[1.2, 0.4, np.nan]])
    weight = np.array([[2.0, 1.0, 5.0]])

    combined = stouffer(z, weight, np.eye(3))

    expected = stats.combine_pvalues(stats.norm.sf([1.2, 0.4]), "stouffer", weights=[2, 1]).statistic
    assert combined[0] == pytest.approx(expected)


def test_the_empirical_null_follows_a_wide_bulk_and_leaves_a_standard_one_alone():
    rng = np.random.default_rng(3)

    assert empirical_null(rng.standard_normal(400), PARAMS.combination) == (0.0, 1.0)
    centre, scale = empirical_null(1 + 2 * rng.standard_normal(4000), PARAMS.combination)
    assert (centre, scale) == pytest.approx((1, 2), abs=0.15)


def test_family_p_values_of_honest_schools_are_uniform_in_the_tail():
    p = np.concatenate([judge(honest(seed))[0].family_p.ravel() for seed in range(12)])

    assert (p < 0.01).mean() == pytest.approx(0.01, abs=0.004)


def test_combined_p_values_of_honest_schools_keep_their_size():
    p = np.concatenate([judge(honest(seed))[0].p_combined for seed in range(20)])

    assert 0.025 < (p < 0.05).mean() < 0.06


def test_hardly_any_honest_school_gets_a_tier():
    tier = np.concatenate([judge(honest(seed))[1] for seed in range(20)])

    assert np.isin(tier, ["case", "severe"]).mean() < 0.005
    assert (tier != "none").mean() < 0.05


def test_one_family_is_watched_and_two_make_a_case():
    z = honest(5)
    z["level"][0] = z["journal"][0] = 0.0
    z["boundary"][0, 0] = 4.0
    z["boundary"][1] = 3.0
    z["journal"][1] = 3.0

    _, tier, signs = judge(z)

    assert tier[0] == "watch"
    assert tier[1] in {"case", "severe"}
    assert signs[1].tolist() == [True, False, True]


def test_level_alone_never_makes_a_case():
    z = honest(6)
    for name in ("boundary", "journal"):
        z[name][0] = 0.0
    z["level"][0] = 6.0

    _, tier, _ = judge(z)

    assert tier[0] == "watch"


def test_one_family_in_two_papers_makes_a_case():
    z = honest(7)
    z["level"][0] = z["journal"][0] = 0.0
    z["boundary"][0] = [3.6, 3.6, 0.0, 0.0]

    _, tier, _ = judge(z)

    assert tier[0] in {"case", "severe"}


def test_size_caps_the_tier():
    z = honest(8)
    for name in z:
        z[name][:2] = 4.0
    works = np.full((300, 4), 40.0)
    works[0] = 2.0
    works[1] = 4.0

    _, tier, signs = judge(z, works)

    assert tier[0] == "too_small"
    assert not signs[0].any()
    assert tier[1] == "watch"


def test_severe_needs_four_papers():
    z = honest(9)
    for name in ("boundary", "journal"):
        z[name][0] = 4.5
    few = {name: values[:, :3] for name, values in z.items()}

    assert judge(z)[1][0] == "severe"
    assert judge(few)[1][0] == "case"


def test_more_evidence_ranks_higher():
    z = honest(10)
    for i, shift in enumerate((1.0, 2.0, 4.0)):
        for name in z:
            z[name][i] = shift

    evidence = judge(z)[0].evidence

    assert evidence[0] < evidence[1] < evidence[2]


def test_correlations_of_papers_are_found():
    rng = np.random.default_rng(11)
    shared = rng.standard_normal((3000, 1))
    z = np.sqrt(0.5) * shared + np.sqrt(0.5) * rng.standard_normal((3000, 3))

    matrix = correlations(z)

    assert matrix[~np.eye(3, dtype=bool)] == pytest.approx(0.5, abs=0.05)


def test_tier_rules_come_from_the_parameters():
    z = honest(12)
    z["boundary"][0, 0] = 5.0
    strict = replace(PARAMS.tiers, watch_q=0.0, case_q=0.0, overwhelming_p=0.0)
    works = np.full((300, 4), 40.0)
    listed = families(z, works)
    scores = combine_schools(listed, PARAMS.combination)

    tier, _ = tiers(
        scores, listed, scores.family_paper_p, np.ones((300, 4)), works.sum(axis=1), strict, PARAMS.combination
    )

    assert tier[0] == "none"


def test_the_cuts_of_one_paper_alone_make_a_case_when_they_are_overwhelming_and_never_a_severe_one():
    z = honest(8)
    for name in ("level", "journal"):
        z[name][0] = z[name][1] = 0.0
    z["boundary"][0] = [6.0, 0.0, 0.0, 0.0]
    z["boundary"][1] = [4.0, 0.0, 0.0, 0.0]

    _, tier, _ = judge(z)

    assert tier[0] == "case"
    assert tier[1] == "watch"
