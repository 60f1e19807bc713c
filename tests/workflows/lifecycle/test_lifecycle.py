"""The whole lifecycle of cases under anybody's moves: what is promised never breaks, and every way is gone.

A short run is part of every test run, with the same stories every time. `OBEKTIV_STEPS=20000` asks for as many steps,
each edge fired 200 times at least, `OBEKTIV_SEED` for other stories.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.workflows.lifecycle.story import Story
from tests.workflows.lifecycle.telling import EDGES, MAIN_EDGES, VERBS

STEPS_A_STORY = 100
STEPS = int(os.environ.get("OBEKTIV_STEPS", "2400"))
SEED = int(os.environ.get("OBEKTIV_SEED", "2026"))
IS_FULL = STEPS >= 20_000
LEAST = 200 if IS_FULL else 1


def stories(count: int, steps: int = STEPS_A_STORY) -> settings:
    """A failing story is printed as it is, for shrinking would take an hour."""
    return settings(
        max_examples=count,
        stateful_step_count=steps,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )


@pytest.mark.timeout(0 if IS_FULL else 900)
def test_nothing_impossible_happens_and_every_way_is_gone(capsys: pytest.CaptureFixture[str]) -> None:
    class Told(Story):
        tally: ClassVar[Counter[Any]] = Counter()

    number = SEED
    while Told.tally["steps"] < STEPS:
        left = STEPS - Told.tally["steps"]
        run_state_machine_as_test(seed(number)(Told), settings=stories(left // STEPS_A_STORY + 2))
        number += 1

    edges = {edge: Told.tally[edge] for edge in EDGES}
    with capsys.disabled():
        rarest = min(edges, key=edges.__getitem__)
        sys.stdout.write(
            f"\n  {Told.tally['steps']} steps, {sum(edges.values())} moves; rarest {rarest}: {edges[rarest]}\n"
        )
    # A short run promises the main ways alone; what is rare (ways back, a measure after two years) takes the full one.
    promised = EDGES if IS_FULL else MAIN_EDGES
    assert {edge: edges[edge] for edge in promised if edges[edge] < LEAST} == {}
    assert not IS_FULL or [verb for verb in VERBS if not Told.tally[verb]] == []
