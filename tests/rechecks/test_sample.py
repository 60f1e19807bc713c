from __future__ import annotations

import hashlib
import math
import random

from hypothesis import given
from hypothesis import strategies as st

from app.rechecks import Work, draw_sample, load_rules, sample_size
from app.terms import Stratum

RULES = load_rules()
CUTS = (7, 11, 15)
scores = st.lists(st.integers(0, 20), min_size=1, max_size=150)
shares = st.sampled_from(RULES.steps)


def works_of(points: list[int]) -> list[Work]:
    return [Work(f"5{i:04d}", "5А", score, 2 + sum(score >= cut for cut in CUTS)) for i, score in enumerate(points)]


@given(scores, shares, st.text("0123456789abcdef", min_size=1, max_size=16), st.randoms(use_true_random=False))
def test_anyone_redraws_the_same_works_from_the_seed(points, share, seed: str, order: random.Random) -> None:
    works = works_of(points)
    shuffled = works.copy()
    order.shuffle(shuffled)

    first = draw_sample(works, cuts=CUTS, share=share, seed=seed, rules=RULES)
    second = draw_sample(shuffled, cuts=CUTS, share=share, seed=seed, rules=RULES)

    assert first == second


@given(scores, shares)
def test_the_sample_has_its_size_and_its_strata(points: list[int], share: float) -> None:
    works = works_of(points)

    drawn = draw_sample(works, cuts=CUTS, share=share, seed="1", rules=RULES)

    size = sample_size(len(works), share, RULES)
    near = [item for item in drawn if item.stratum is Stratum.NEAR_CUT]
    available = sum(any(cut <= work.score <= cut + 1 for cut in CUTS) for work in works)
    assert len(drawn) == size == len({item.work.participant for item in drawn})
    assert len(near) == min(math.ceil(size / 2), available)
    assert all(any(cut <= item.work.score <= cut + 1 for cut in CUTS) for item in near)


def test_the_size_is_a_tenth_but_at_least_ten_and_never_more_than_all() -> None:
    assert [sample_size(n, 0.10, RULES) for n in (0, 7, 10, 99, 131)] == [0, 7, 10, 10, 14]
    assert sample_size(10, 0.30, RULES) == 10
    assert sample_size(131, 1.0, RULES) == 131


def test_the_lottery_can_be_checked_by_hand() -> None:
    works = works_of([0] * 30)
    winners = sorted(works, key=lambda work: hashlib.sha256(f"seed:{work.participant}".encode()).hexdigest())[:10]

    drawn = draw_sample(works, cuts=CUTS, share=0.1, seed="seed", rules=RULES)

    assert {item.work.participant for item in drawn} == {work.participant for work in winners}
