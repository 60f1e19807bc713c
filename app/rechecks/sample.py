"""Drawing the sample: stratified, from a published seed, so that anyone redraws the same works."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

from app.rechecks.rules import RecheckRules
from app.terms import Stratum


@dataclass(frozen=True)
class Work:
    """One work of the school's paper: its code, class, primary score in points and mark."""

    participant: str
    class_group: str | None
    score: int
    mark: int


@dataclass(frozen=True)
class SampledWork:
    work: Work
    stratum: Stratum


def sample_size(n_works: int, share: float, rules: RecheckRules) -> int:
    """How many works to take of `n_works`: the share, at least ``rules.min_works``, never more than there are."""
    if n_works < 0 or not 0 < share <= 1:
        raise ValueError(f"n_works={n_works}, share={share}: нужно n ≥ 0 и 0 < share ≤ 1")
    # A share such as 0.3 of 10 is 3.0000000000000004 in binary; rounding first keeps the ceiling honest.
    return min(n_works, max(math.ceil(round(n_works * share, 9)), rules.min_works))


def draw_sample(
    works: Sequence[Work], *, cuts: Sequence[int], share: float, seed: str, rules: RecheckRules
) -> list[SampledWork]:
    """Draw the works to re-mark.

    Parameters
    ----------
    works : sequence of Work, length n
        All works of one school in one paper, in any order; codes are unique.
    cuts : sequence of int
        Lowest scores of the marks 3, 4 and 5, in points.
    share : float
        Share of the works to take, in (0, 1].
    seed : str
        Published with the order of the recheck.
    rules : RecheckRules
        Size and strata.

    Returns
    -------
    list of SampledWork
        Ordered by participant code. Half of them (``near_cut_share``) lie at a cut or less than ``near_cut_width``
        points above it, as far as there are such works; the rest is drawn from all that remain.

    Notes
    -----
    A work's place in the lottery is SHA-256 of ``"<seed>:<participant>"``, read as text; the smallest win. The result
    depends on nothing but the seed and the codes, so it can be checked with any SHA-256 program.
    """
    size = sample_size(len(works), share, rules)
    if len({work.participant for work in works}) != len(works):
        raise ValueError("коды участников повторяются: выборку нельзя повторить однозначно")
    lottery = sorted(works, key=lambda work: hashlib.sha256(f"{seed}:{work.participant}".encode()).hexdigest())
    near = [work for work in lottery if any(cut <= work.score < cut + rules.near_cut_width for cut in cuts)]
    chosen = {work.participant: Stratum.NEAR_CUT for work in near[: math.ceil(size * rules.near_cut_share)]}
    for work in lottery:
        if len(chosen) == size:
            break
        chosen.setdefault(work.participant, Stratum.RANDOM)
    return [
        SampledWork(work, chosen[work.participant])
        for work in sorted(works, key=lambda work: work.participant)
        if work.participant in chosen
    ]
