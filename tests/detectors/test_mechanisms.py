from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from app.detectors import load_params, mechanisms, screen
from app.detectors.combination import FamilyScores
from app.detectors.contamination import MANIPULATIONS
from app.detectors.mechanisms import Profiles, load_profiles, mechanism_ratios, room
from app.detectors.planting import choose, planted_works
from app.errors import Misconfigured
from app.terms import Mechanism

PARAMS = load_params().mechanisms


def family(z: np.ndarray, works: np.ndarray, *names: str) -> FamilyScores:
    return FamilyScores("pattern", z[:, :, 0], tuple(z[:, :, k] for k in range(z.shape[2])), works, True, names)


def test_mechanisms_are_the_manipulations_that_are_simulated():
    assert tuple(m.value for m in Mechanism) == MANIPULATIONS
    assert set(load_profiles().shift) == set(MANIPULATIONS)


def test_one_signal_of_one_paper_gives_the_ratio_of_two_student_densities():
    # Few schools: no scale, no correlation of the region's own.
    z, works = np.array([[[1.5]], [[0.0]]]), np.full((2, 1), 100.0)
    profiles = Profiles({"bump": {"push": 0.2}}, "shipped", "1")
    params = replace(PARAMS, amplitudes=(1.0,), amplitude_shares=(1.0,), unnamed_share=1e-12)

    ratios = mechanism_ratios([family(z, works, "push")], profiles, params)

    shape = params.degrees
    density = [stats.t.logpdf(1.5 - shift, shape) for shift in (2.0, 0.0)]
    assert ratios.evidence[0] == pytest.approx(density[0] - density[1], abs=1e-6)
    assert ratios.evidence[1] < 0


def test_two_independent_signals_ask_for_both():
    rng = np.random.default_rng(4)
    z = rng.standard_normal((400, 1, 2))
    z[0, 0], z[1, 0] = (3.0, 3.0), (4.2, 0.0)
    works = np.full((400, 1), 64.0)
    profiles = Profiles({"bump": {"push": 0.4, "lowest": 0.4}}, "shipped", "1")

    ratios = mechanism_ratios([family(z, works, "push", "lowest")], profiles, PARAMS)

    assert ratios.evidence[0] > ratios.evidence[1] > np.median(ratios.evidence)


def test_where_no_work_stands_low_lifting_them_moves_nothing_and_is_not_refuted():
    rng = np.random.default_rng(6)
    z, works = rng.standard_normal((200, 1, 1)), np.full((200, 1), 60.0)
    z[:2] = 0.0
    low = np.full((200, 1), 6.0)
    low[0] = 0.0
    scores = replace(family(z, works, "lowest"), low=low)
    profiles = Profiles({"lift_twos": {"lowest": 0.4}}, "shipped", "1")

    share = room([scores])
    ratios = mechanism_ratios([scores], profiles, PARAMS)

    assert share[0, 0] == pytest.approx(0.3)
    assert share[1:, 0] == pytest.approx(1.0, abs=0.01)
    assert ratios.evidence[1] < ratios.evidence[0] < 0


def test_how_signals_go_together_is_told_by_schools_that_do_not_stand_out(monkeypatch):
    rng = np.random.default_rng(7)
    z = rng.standard_normal((400, 1, 2))
    profiles = Profiles({"bump": {"push": 0.4, "lowest": 0.4}}, "shipped", "1")
    works = np.full((400, 1), 64.0)
    z[0, 0] = (3.0, 3.0)
    z[1:60, 0] += 3.2

    found = mechanism_ratios([family(z, works, "push", "lowest")], profiles, PARAMS).evidence[0]
    monkeypatch.setattr(mechanisms, "_CORE", 1.0)
    of_all = mechanism_ratios([family(z, works, "push", "lowest")], profiles, PARAMS).evidence[0]

    # Sixty schools of one kind tie both signals together; taken for nature, that is held against each.
    assert found > of_all + 0.5


def test_a_school_without_any_signal_is_neither_for_nor_against():
    z = np.full((40, 2, 1), np.nan)
    z[1:] = np.random.default_rng(1).standard_normal((39, 2, 1))

    ratios = mechanism_ratios([family(z, np.full((40, 2), 30.0), "push")], load_profiles(), PARAMS)

    assert ratios.evidence[0] == pytest.approx(0.0, abs=1e-9)
    assert np.isfinite(ratios.evidence).all()
    assert ratios.share.sum(axis=1) == pytest.approx(1.0)


def test_what_was_done_is_what_the_school_resembles(manipulated, manipulated_screening):
    truth = manipulated.truth.drop_duplicates("school").set_index("school")["manipulation"]
    schools = manipulated_screening.schools.set_index("school")
    flagged = schools[schools["tier"].isin(["case", "severe"]) & schools.index.isin(truth.index)]

    right = flagged["resembles"] == truth.reindex(flagged.index)

    assert len(flagged) > 20
    assert right.mean() > 0.85
    assert (schools.loc[schools["tier"] == "none", "resembles"] == "").all()


def test_the_copy_with_mechanisms_is_the_same_for_any_order_of_rows(manipulated):
    names = np.array(sorted(set(manipulated.works["school"])))
    sizes = manipulated.works.groupby("school").size().reindex(names).to_numpy()
    chosen = choose(names, np.column_stack((sizes, sizes)), PARAMS)
    shuffled = manipulated.works.sample(frac=1, random_state=9)

    one, other = (
        planted_works(works, manipulated.papers, *chosen, 0.6).sort_values(list(works.columns)).reset_index(drop=True)
        for works in (manipulated.works, shuffled)
    )

    assert one.equals(other)


def test_only_the_schools_chosen_are_changed_in_the_copy(manipulated):
    names = np.array(sorted(set(manipulated.works["school"])))
    kind = np.where(np.arange(len(names)) % 10 == 0, 3, -1)

    copy = planted_works(manipulated.works, manipulated.papers, names, kind, 0.6)

    before = manipulated.works.groupby("school")["score"].sum()
    after = copy.groupby("school")["score"].sum()
    changed = (before != after).reindex(names).to_numpy()
    assert (changed == (kind == 3)).all()


def test_a_small_region_keeps_the_shipped_profiles():
    assert choose(np.array(list("abcdef")), np.full((6, 1), 50.0), PARAMS) is None


def test_a_large_region_measures_its_own(manipulated, manipulated_screening):
    small = manipulated.works[manipulated.works["school"].isin(sorted(set(manipulated.works["school"]))[:30])]

    assert manipulated_screening.reference["mechanisms"]["2026"]["source"] == "region"
    assert screen(small, manipulated.papers).reference["mechanisms"]["2026"]["source"] == "shipped"


def test_a_profile_that_is_no_number_is_named(tmp_path):
    path = tmp_path / "mechanisms.toml"
    tables = "".join(f"\n[{m.value}]\npush = {'true' if m is Mechanism.BUMP else 0.1}\n" for m in Mechanism)
    path.write_text('title = "т"\nversion = "1"\nsource = "с"\n' + tables, encoding="utf-8")

    with pytest.raises(Misconfigured, match="push"):
        load_profiles(path)
