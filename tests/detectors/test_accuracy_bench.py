import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from scipy import stats

from app.bench import accuracy as accuracy_module
from app.bench.accuracy import NO_REAL, accuracy, command
from app.bench.accuracy_bars import bars, peer_wins
from app.bench.accuracy_measures import area, auc, partial_auc, rate, tpr_at, wilson
from app.bench.accuracy_plan import FULL, QUICK, planned
from app.bench.accuracy_planted import planted_on_real
from app.bench.accuracy_power import boundary_power
from app.bench.accuracy_ranking import areas, side_by_side, tiers
from app.bench.accuracy_real import RealBase, plant, read_base
from app.bench.accuracy_size import together
from app.bench.accuracy_trials import Trial, draw, groups_of, run_all, run_trial
from app.detectors import DETECTORS
from app.detectors.contamination import MANIPULATIONS
from app.detectors.simulate import RegionOptions, simulate_region
from app.errors import Refused
from app.reference.accuracy_page import accuracy_page

TINY = dataclasses.replace(
    QUICK,
    schools=40,
    honest={("own", "ordinary"): 1, ("other", "heaped"): 1},
    medium={"own": 1, "other": 1},
    corners=0,
    several=0,
    peers=1,
    power=0,
    replicates=1,
    slow_peers=False,
)


@pytest.fixture(scope="module")
def result():
    return accuracy(3, extent=TINY)


def test_the_area_is_the_share_of_pairs_in_the_right_order():
    assert auc([3, 2], [1, 2]) == pytest.approx((1 + 1 + 1 + 0.5) / 4)


def test_the_area_agrees_with_the_mann_whitney_statistic_and_its_interval_covers_it():
    rng = np.random.default_rng(1)
    a, b = rng.normal(1, 1, 60).round(1), rng.normal(0, 1, 300).round(1)

    found = area(a, b)

    assert found["auc"] == pytest.approx(stats.mannwhitneyu(a, b).statistic / (60 * 300))
    assert found["low"] < found["auc"] < found["high"]
    assert found["high"] - found["low"] == pytest.approx(4 * 0.034, rel=0.35)


def test_the_interval_of_an_area_covers_the_truth_nineteen_times_of_twenty():
    rng = np.random.default_rng(2)
    truth = stats.norm.cdf(1 / np.sqrt(2))

    covered = []
    for _ in range(400):
        found = area(rng.normal(1, 1, 40), rng.normal(0, 1, 120))
        covered.append(found["low"] <= truth <= found["high"])

    assert 0.92 < np.mean(covered) < 0.98


def test_the_true_positive_rate_is_read_where_the_false_one_is_as_asked():
    negative = np.arange(100.0)

    assert tpr_at([97.5, 99.5, 50.5, 10.5], negative, 0.05) == pytest.approx(0.5)
    assert tpr_at([200.0], negative, 0.01) == 1.0
    assert tpr_at([-1.0], negative, 0.05) == 0.0


def test_a_constant_score_finds_what_chance_finds():
    assert tpr_at([1.0] * 7, [1.0] * 50, 0.05) == pytest.approx(0.05)
    assert partial_auc([1.0] * 7, [1.0] * 50) == pytest.approx(0.5)
    assert auc([1.0] * 7, [1.0] * 50) == 0.5


def test_the_partial_area_is_one_for_a_perfect_ranking_and_known_for_a_step():
    assert partial_auc([2, 3], [0, 1]) == pytest.approx(1)
    # Half of the positives above all negatives, half below: a curve at 0.5 up to 5 % of false positives.
    step = partial_auc([10.0, -10.0], np.linspace(0, 1, 1000))
    assert step == pytest.approx(0.5 * (1 + (0.5 * 0.05 - 0.00125) / (0.05 - 0.00125)), abs=1e-6)


def test_wilsons_interval_agrees_with_scipy():
    for hits, tests in ((0, 30), (3, 200), (17, 1000), (50, 50)):
        expected = stats.binomtest(hits, tests).proportion_ci(0.99, method="wilson")
        assert wilson(hits, tests) == pytest.approx((expected.low, expected.high), abs=1e-9)


@pytest.mark.parametrize(
    ("hits", "tests", "verdict"),
    [
        (10, 1000, "inside"),
        (40, 1000, "outside"),
        (1, 20, "open"),
        (1, 5, "open"),
        (3, 10, "outside"),
        (0, 100, "open"),
        (0, 5000, "outside"),
    ],
)
def test_a_rate_is_called_outside_only_when_its_interval_is(hits, tests, verdict):
    assert rate(hits, tests)["verdict"] == verdict


def test_power_of_the_boundary_test_is_measured_on_single_schools_in_a_clean_region():
    assert boundary_power(1, 60, 20) > 0.85


def test_an_honest_trial_counts_tests_by_band_and_kind_of_school():
    trial = Trial("own", "ordinary", 5, 80)

    outcome = run_trial(trial)

    whole = outcome.tests.query("group == 'all'")
    assert (outcome.tests["hits"] <= outcome.tests["tests"]).all()
    assert set(whole["detector"]) == {d.name for d in DETECTORS if d.name != "federal"} & set(whole["detector"])
    assert {"contextual_mean", "journal_gap"} <= set(whole["detector"])
    region, _ = draw(trial)
    groups = groups_of(region)
    assert groups["elite"] < groups["all"]
    assert {"odd_journals", "streaming", "swings", "skipping"} <= set(groups)
    large = outcome.tests.query("band == '50–99' and detector == 'contextual_mean'").set_index("group")["tests"]
    assert large["rural"] < large["all"]


def test_a_contaminated_trial_says_who_did_what():
    outcome = run_trial(Trial("other", "ordinary", 5, 60, "medium", several=True))

    assert set(outcome.schools["kind"].dropna()) == {"several"}
    assert len(outcome.tests) == 0
    assert (outcome.schools["tier"] != "too_small").all()


def test_trials_have_the_same_outcome_on_one_process_and_on_two():
    trials = [Trial("own", "ordinary", seed, 24, "medium") for seed in (1, 2)]

    alone, together = run_all(trials, 1), run_all(trials, 2)

    for one, other in zip(alone, together, strict=True):
        pd.testing.assert_frame_equal(one.schools, other.schools)


def test_every_trial_of_the_plan_has_a_seed_of_its_own_that_a_choice_of_generator_leaves_alone():
    whole, own = planned(FULL, 2026), planned(FULL, 2026, ("own",))

    assert len({trial.seed for trial in whole}) == len(whole)
    assert own == [trial for trial in whole if trial.generator == "own"]
    assert {(t.strength, t.scope) for t in own if t.strength} == {
        (strength, scope) for strength in ("weak", "medium", "strong") for scope in ("school", "paper", "class")
    }


def scored(kinds: list[str | None], evidence: list[float], tier: list[str], n: float = 60.0) -> pd.DataFrame:
    return pd.DataFrame({"kind": kinds, "evidence": evidence, "tier": tier, "n": n}).astype({"kind": object})


def test_areas_are_counted_by_kind_and_for_large_schools():
    table = scored(["bump", "leak_items", None, None, "several"], [3.0, 1.0, 0.0, 2.0, 9.0], ["none"] * 5)
    table.loc[0, "n"] = 20

    found = areas(table)

    assert found["all"]["mix"]["auc"] == pytest.approx(0.75)
    assert found["all"]["bump"]["auc"] == 1.0
    assert found["all"]["several"]["auc"] == 1.0
    assert found["n ≥ 50"]["mix"]["auc"] == 0.5
    assert "bump" not in found["n ≥ 50"]


def test_tiers_are_counted_by_hand():
    table = scored(
        ["bump", "bump", None, None, None, "several"], [0.0] * 6, ["case", "none", "severe", "none", "watch", "case"]
    )

    found = tiers(table)

    assert found["found"] == 0.5
    assert found["false_discovery"] == 0.5
    assert found["honest_case"] == pytest.approx(1 / 3)
    assert found["false_discovery_base"] == pytest.approx(0.95 / 3 / (0.95 / 3 + 0.05 * 0.5))


def test_a_school_that_a_peer_does_not_assess_ranks_last_with_it():
    table = scored(["bump", None, None], [2.0, 1.0, 0.0], ["case", "none", "none"]).assign(interval=[np.nan, 0.5, -0.5])

    found = side_by_side([table], ["interval"])["n ≥ 10"]

    assert found["evidence"]["auc"] == 1.0
    assert found["interval"]["auc"] == 0.0
    assert found["interval"]["rule"] == {"tpr": 0.0, "fpr": 0.5}
    assert found["evidence"]["rule"] == {"tpr": 1.0, "fpr": 0.0}


def test_bars_are_met_or_not_by_their_numbers():
    cell = {"auc": {"all": {"mix": {"auc": 0.98}, "bump": {"auc": 0.89}}, "n ≥ 50": {"mix": {"auc": 0.98}}}}
    cell["tiers"] = {"found_50": 0.8, "false_discovery": 0.2}
    ours, peer = {"tpr_1": 0.5, "tpr_5": 0.6}, {"tpr_1": 0.4, "tpr_5": 0.7}
    inside, outside = rate(100, 10_000), rate(300, 10_000)
    # Off the bar by chance or not, ten thousand tests at 0.68 % are not what one per cent looks like.
    low = rate(68, 10_000)
    told = bars(
        {
            "size": {
                "own": {"ordinary": {"d": {"10–19": {"all": inside}}}},
                "other": {"ordinary": {"d": {"10–19": {"all": inside, "elite": outside}}}},
            },
            "size_together": {"own": {"d": {"10–19": low}}, "other": {"d": {"10–19": inside, "elite": rate(1, 200)}}},
            "honest": {"own": {"plain": {"case": 0.9, "watch": 0.9}, "ordinary": {"case": 0.004, "watch": 0.06}}},
            "ranking": {"own": {"medium": {"school": cell}}},
            "power": {"25": 0.41, "50": 0.7, "100": 0.96},
            "real": {"bases": {"spring_2021": {"auc": cell["auc"]}, "spring_2022": {"reason": "мало школ"}}},
            "peers": {"own": {"all": {"evidence": ours, "zsum": peer, "rddensity": {"reason": "нет"}}}},
        }
    )

    met = {(bar["code"], bar["where"]): bar["met"] for bar in told}
    assert met == {
        ("size", "own"): True,
        ("size", "other"): False,
        ("size_together", "own"): False,
        ("size_together", "other"): True,
        ("honest_case", "own"): True,
        ("honest_watch", "own"): False,
        ("auc_mix", "own"): True,
        ("auc_mix_50", "own"): False,
        ("auc_bump", "own"): False,
        ("found_50", "own"): True,
        ("false_discovery", "own"): False,
        ("power_25", "own"): True,
        ("power_50", "own"): False,
        ("power_100", "own"): True,
        ("real_mix", "spring_2021"): True,
        ("real_mix_50", "spring_2021"): True,
        ("peer_zsum", "own"): False,
    }


def test_worlds_are_put_together_by_band_and_by_kind():
    of = {"d": {"10–19": {"all": rate(10, 1000), "elite": rate(5, 100)}, "100+": {"elite": rate(1, 100)}}}
    size = {"own": {"ordinary": of, "heaped": of, "plain": of}}

    found = together(size, ("ordinary", "heaped"))["own"]["d"]

    assert {place: (cell["hits"], cell["tests"]) for place, cell in found.items()} == {
        "10–19": (20, 2000),
        "elite": (12, 400),
    }


def test_a_peer_wins_where_its_number_is_larger():
    ours = {"tpr_1": 0.5, "tpr_5": 0.6, "partial_auc": 0.8, "auc": 0.9, "by_kind": {"bump": 0.9, "inflate": 0.7}}
    theirs = {"tpr_1": 0.4, "tpr_5": 0.7, "partial_auc": 0.8, "auc": 0.8, "by_kind": {"bump": 0.8, "inflate": 0.75}}

    wins = peer_wins({"own": {"all": {"evidence": ours, "zsum": theirs, "rddensity": {"reason": "нет"}}}})

    assert [(win["peer"], win["measure"]) for win in wins] == [("zsum", "tpr_5"), ("zsum", "inflate")]


def test_a_run_measures_everything_and_is_plain_json(result):
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    assert result["real"] == {"reason": NO_REAL}
    assert set(result["size"]) == set(result["size_together"]) == {"own", "other"}
    assert set(result["ranking"]["own"]["medium"]) == {"school"}
    assert set(result["ranking"]["own"]["medium"]["school"]["auc"]["all"]) == {"mix", *MANIPULATIONS}
    assert set(result["peers"]["own"]["n ≥ 10"]) == {"evidence", "interval", "peak", "fuzzy", "zsum", "rddensity"}
    assert result["peers"]["own"]["n ≥ 10"]["rddensity"]["reason"]
    assert {bar["code"] for bar in result["bars"]} >= {"size", "auc_mix", "found_50", "peer_zsum"}


def test_the_same_seed_gives_the_same_numbers_and_one_generator_can_be_left_out(result):
    alone = accuracy(3, extent=TINY, generators=("other",))

    assert set(alone["size"]) == {"other"}
    for part in ("size", "size_together", "honest", "ranking", "peers"):
        assert alone[part] == {"other": result[part]["other"]}


def test_another_seed_gives_other_numbers(result):
    few = dataclasses.replace(TINY, honest={}, peers=0)

    assert accuracy(4, extent=few, generators=("own",))["ranking"]["own"] != result["ranking"]["own"]


def test_the_page_of_a_run_says_what_is_met_and_where_a_peer_wins(result):
    page = accuracy_page(result)

    assert "## Планки" in page
    assert f"Выполнено {sum(bar['met'] is True for bar in result['bars'])} из {len(result['bars'])}" in page
    assert page.count("**нет**") >= 1
    assert "### Где сосед лучше" in page
    assert NO_REAL in page
    assert "NaN" not in page
    assert "None" not in page


def test_the_command_prints_the_tables_writes_json_and_skips_a_region_that_is_absent(tmp_path, monkeypatch):
    monkeypatch.setattr(accuracy_module, "QUICK", dataclasses.replace(TINY, honest={}, schools=30))
    out = tmp_path / "accuracy.json"
    arguments = ["--quick", "--generator", "own", "--processes", "1", "--real", str(tmp_path / "no"), "--out", str(out)]

    printed = CliRunner().invoke(command, arguments)
    as_json = CliRunner().invoke(command, [*arguments, "--json"])

    assert printed.exit_code == 0, printed.output
    assert "пропущена" in printed.stdout
    assert json.loads(out.read_text()) == json.loads(as_json.stdout)
    assert accuracy_page(json.loads(out.read_text())).strip() == printed.stdout.strip()


def small_base() -> RealBase:
    region = simulate_region(9, RegionOptions(schools=80, papers=(("ma", 4), ("ma", 5))))
    return RealBase("spring_2021", region.works, region.papers)


def test_planting_changes_a_tenth_of_the_schools_and_no_other():
    base = small_base()

    works, labels = plant(base, [1, 2], 1.0, 0.1)

    size = base.works["school"].value_counts()
    assert len(labels) == round(0.1 * (size >= 10).sum())
    assert (size[labels.index] >= 10).all()
    key = ["school", "subject", "grade", "participant"]
    both = base.works.merge(works, on=key, how="left", suffixes=("", "_after"))
    moved = both["score"] != both["score_after"]
    assert set(both.loc[moved, "school"]) <= set(labels.index)
    assert set(both.loc[moved, "school"])


def test_the_other_manner_meets_the_same_schools_with_other_changes():
    base = small_base()

    own, other = (plant(base, [1, 2], 0.6, 0.2, manner) for manner in ("own", "other"))

    pd.testing.assert_series_equal(own[1], other[1])
    assert len(own[0]) != len(other[0]) or not own[0]["score"].equals(other[0]["score"])


def test_kinds_are_dealt_out_over_schools_of_all_sizes():
    base = small_base()

    labels = pd.concat([plant(base, [1, r], 0.6, 0.3)[1] for r in range(10)])

    size = base.works["school"].value_counts()
    means = size[labels.index].groupby(labels.to_numpy()).mean()
    assert set(means.index) == {*MANIPULATIONS, "several"}
    assert means.max() < 1.8 * means.min()


def test_a_folder_that_is_not_there_is_refused_with_what_to_do(tmp_path):
    with pytest.raises(Refused, match="--real"):
        read_base(tmp_path / "none", "spring_2021")


def test_a_sitting_without_files_is_left_out_with_the_reason(tmp_path):
    assert "vpr2021_ma4.xlsx" in read_base(tmp_path, "spring_2021").reason
    assert planted_on_real(tmp_path, bases=("spring_2021",), replicates=1) == {
        "spring_2021": {"reason": read_base(tmp_path, "spring_2021").reason}
    }


def test_planted_schools_rise_among_those_of_the_real_region(region_files, tmp_path):
    first = planted_on_real(region_files, replicates=1, cache=tmp_path)
    again = planted_on_real(region_files, replicates=1, cache=tmp_path)

    found = first["spring_2021"]
    assert json.dumps(again) == json.dumps(first)
    assert len(list(tmp_path.glob("*.parquet"))) == 2
    assert found["schools"] > 450
    assert found["auc"]["all"]["mix"]["planted"] > 40
    assert found["auc"]["all"]["mix"]["auc"] > 0.7
    assert found["auc"]["all"]["leak_items"]["auc"] > 0.9


def test_a_sitting_with_too_few_schools_is_left_out(region_files, tmp_path):
    base = read_base(region_files, "spring_2022", tmp_path)

    assert base.reason.startswith("школ с 10 работами и больше")
