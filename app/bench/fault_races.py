"""Race trials of the move: threads that fire at the same instant, with different request ids and with one and the same.

Different requests on one version: exactly one wins and all others get Conflict with the fresh state. One request sent
twice (a double click, a retry by a proxy): one event, and every sender gets it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select

from app.bench.fault_kills import Progress
from app.bench.fault_stage import DEST, FaultReport, Stage, legal_trigger, set_stage
from app.bench.verify import verify
from app.context import AppContext
from app.database import acting
from app.errors import Conflict
from app.models import Case
from app.policy import SYSTEM
from app.workflows.engine import fire

Fire = Callable[..., object]


@dataclass(frozen=True)
class _Target:
    case_id: int
    trigger: str
    version: int
    dest: str


def race_moves(
    context: AppContext, *, rounds: int, seed: int, service: Fire = fire, progress: Progress | None = None
) -> FaultReport:
    """Fire one move from 2 and from 8 threads at once, `rounds` times; every fifth round sends one request id.

    Parameters
    ----------
    context : AppContext
        A migrated, empty installation.
    rounds : int
        How many races.
    seed : int
        Names the requests.
    service : callable
        What is raced: `fire`, or a broken copy of it that the trial must find.
    progress : callable, optional
        Called with a stage and a share.
    """
    report = FaultReport("races", context.engine.dialect.name, seed)
    stage = set_stage(context)
    acknowledged: set[str] = set()
    cases = stage.add_cases(-(-rounds // 3))
    with ThreadPoolExecutor(8) as pool:
        for number in range(rounds):
            threads = 2 if number % 2 else 8
            is_same = number % 5 == 4
            target = _target(context, cases)
            ids = [f"{seed}-race-{number}" if is_same else f"{seed}-race-{number}-{i}" for i in range(threads)]
            outcomes = _race(pool, stage, target, ids, service)
            _judge(report, number, target, ids, outcomes, is_same=is_same)
            acknowledged |= {name for name, outcome in zip(ids, outcomes, strict=True) if isinstance(outcome, int)}
            report.add("rounds")
            report.add(f"rounds_of_{threads}_{'same' if is_same else 'different'}")
            if progress:
                progress("одновременные ходы", (number + 1) / rounds)
    report.violations += verify(context, acknowledged=acknowledged)
    return report


def _target(context: AppContext, cases: list[int]) -> _Target:
    """The first case that can still move; those that cannot are dropped from the list."""
    while True:
        with acting(context.sessions, SYSTEM) as session:
            state, version = session.execute(select(Case.state, Case.version).where(Case.id == cases[0])).one()
        trigger = legal_trigger(cases[0], state)
        if trigger is not None:
            return _Target(cases[0], trigger, version, DEST[state, trigger])
        cases.pop(0)


def _race(pool: ThreadPoolExecutor, stage: Stage, target: _Target, ids: list[str], service: Fire) -> list[object]:
    start = threading.Barrier(len(ids))

    def run(request_id: str) -> object:
        start.wait(30)
        try:
            with acting(stage.context.sessions, stage.actor) as session:
                event = service(
                    session, target.case_id, target.trigger, actor=stage.actor, at=datetime.now(UTC),
                    expected_version=target.version, request_id=request_id,
                )  # fmt: skip
                return event.id  # type: ignore[attr-defined]
        except Exception as error:
            return error

    return list(pool.map(run, ids))


def _judge(
    report: FaultReport, number: int, target: _Target, ids: list[str], outcomes: list[object], *, is_same: bool
) -> None:
    won = [outcome for outcome in outcomes if isinstance(outcome, int)]
    fresh = [
        outcome
        for outcome in outcomes
        if isinstance(outcome, Conflict) and outcome.state == target.dest and outcome.version == target.version + 1
    ]
    report.add("won", len(set(won)))
    report.add("conflicts_with_fresh_state", len(fresh))
    if is_same:
        if len(won) != len(ids) or len(set(won)) != 1:
            report.violations.append(f"round {number}: one request sent {len(ids)} times gave {_words(outcomes)}")
    elif len(won) != 1 or len(fresh) != len(ids) - 1:
        report.violations.append(f"round {number}: {len(ids)} threads gave {_words(outcomes)}")


def _words(outcomes: list[object]) -> list[str]:
    return [f"event {o}" if isinstance(o, int) else f"{type(o).__name__}: {str(o).splitlines()[0]}" for o in outcomes]
