"""Kill trials of the move: a process dies with SIGKILL at every point of a move's transaction, then the oracle looks.

After each death the history has three outcomes: acknowledged (must have happened once), never sent, and unknown (may
have happened once or not at all, never in part). The unknown request is repeated under its own id and must end as
exactly one move.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select

from app.bench.fault_nursery import Ending, Nursery, nursery
from app.bench.fault_stage import FaultReport, Stage, generator, set_stage
from app.bench.verify import verify
from app.context import AppContext
from app.database import acting
from app.errors import ObektivError
from app.models import Case, CaseEvent, JournalEntry
from app.policy import SYSTEM
from app.workflows.engine import fire

Progress = Callable[[str, float], None]

_AT_ONCE = 12  # cases a child moves among
_MOST = 8  # moves of a child that is not killed earlier

WRITES = ("UPDATE cases", "INSERT case_events", "INSERT outbox", "INSERT journal")
"""What every move writes; moves differ in how many statements they have, so these are also met by name."""


@dataclass
class _History:
    acknowledged: set[str] = field(default_factory=set)
    points: Counter[str] = field(default_factory=Counter)
    statement_kills: int = 0
    move_seconds: list[float] = field(default_factory=list)


def kill_moves(context: AppContext, *, kills: int, seed: int, progress: Progress | None = None) -> FaultReport:
    """Kill a moving process `kills` times, at statements, at COMMIT or at random, and look after each death."""
    report = FaultReport("kills", context.engine.dialect.name, seed)
    random = generator(seed)
    stage = set_stage(context)
    history = _History()
    with nursery(context) as children:
        per_move = _learn(stage, children, seed, history)
        report.counts["statements_per_move"] = round(per_move, 1)
        run = 0
        while report.counts.get("kills", 0) < kills and run < 3 * kills:
            run += 1
            plan = _draw(random, per_move, history)
            ending = children.run(
                "move",
                actor_id=stage.actor.user_id,
                cases=standing(stage),
                seed=seed * 100_000 + run,
                most=_MOST,
                **plan,
            )
            unknown = _note(ending, history)
            report.add("moves_acknowledged", len(ending.told("acked")))
            for words in ending.told("error"):
                report.violations.append(f"run {run}: the process fell by itself: {words}")
            if not ending.is_killed:
                report.add("runs_not_killed")
                continue
            report.add("kills")
            report.add(f"kills_at_{plan['point']['at'] if 'point' in plan else 'random_moment'}")
            _look(context, history, report, f"run {run}, after the death")
            if unknown is not None:
                _repeat(stage, unknown, history, report, run)  # the next look sees what it did
            if progress:
                progress("убийства во время хода", report.counts["kills"] / kills)
        _look(context, history, report, "at the end")
    report.counts["points"] = len(history.points)
    report.counts["at_points"] = dict(sorted(history.points.items()))
    report.counts["move_ms_median"] = round(1000 * sorted(history.move_seconds)[len(history.move_seconds) // 2], 2)
    with acting(context.sessions, SYSTEM) as session:
        report.counts["events"] = session.scalar(select(func.count(CaseEvent.id)))
        report.counts["journal_entries"] = session.scalar(select(func.count(JournalEntry.seq)))
    return report


def _learn(stage: Stage, children: Nursery, seed: int, history: _History) -> float:
    ending = children.warm_up(
        "move", actor_id=stage.actor.user_id, cases=standing(stage), seed=seed * 100_000, most=10, is_telling=True
    )
    assert ending.status == 0, ending
    _note(ending, history)
    return len(ending.told("statement")) / len(ending.told("acked"))


def _draw(random: Any, per_move: float, history: _History) -> dict[str, Any]:
    kind = random.choices(("statement", "commit", "moment"), (6, 2, 2))[0]
    side = random.choice(("before", "after"))
    if kind == "statement":
        turn = history.statement_kills
        history.statement_kills += 1
        if turn % 3 == 2:
            number = turn // 3
            what, side = WRITES[number // 2 % len(WRITES)], ("before", "after")[number % 2]
            return {"point": {"at": "statement", "of": what, "n": random.choice((1, 2)), "side": side}}
        # In turn, so that no statement of a move is left out; then in later moves too, whose connection is warm.
        turn -= turn // 3
        n, side = 1 + turn // 2 % round(per_move + 2), ("before", "after")[turn % 2]
        later = 0 if turn < 3 * per_move else random.choice((0, 1, 2))
        return {"point": {"at": "statement", "n": n + round(later * per_move), "side": side}}
    if kind == "commit":
        return {"point": {"at": "commit", "n": random.randint(1, 4), "side": side}}
    usual = sum(history.move_seconds) / len(history.move_seconds)
    return {"kill_after": random.uniform(0.0, 6 * usual + 0.05)}


def standing(stage: Stage) -> list[list[Any]]:
    """Where up to `_AT_ONCE` unfinished cases stand; adds cases when too few are left."""
    unfinished = (
        select(Case.id, Case.state, Case.version).where(Case.closed_at.is_(None)).order_by(Case.id).limit(_AT_ONCE)
    )
    with acting(stage.context.sessions, SYSTEM) as session:
        rows = session.execute(unfinished).all()
    if len(rows) < _AT_ONCE:
        stage.add_cases(100)
        with acting(stage.context.sessions, SYSTEM) as session:
            rows = session.execute(unfinished).all()
    return [[row.id, row.state, row.version] for row in rows]


def _note(ending: Ending, history: _History) -> list[str] | None:
    """Keep what was acknowledged; return the request whose end nobody knows, if there is one."""
    acked = {words[0] for words in ending.told("acked")}
    history.acknowledged |= acked
    history.move_seconds += [float(words[1]) for words in ending.told("acked")]
    history.points.update(words[0] for words in ending.told("dying"))
    unknown = [words for words in ending.told("sent") if words[0] not in acked]
    assert len(unknown) <= 1, unknown
    return unknown[0] if unknown else None


def _look(context: AppContext, history: _History, report: FaultReport, when: str) -> None:
    report.add("looks")
    report.violations += [
        f"{when}: {sentence}" for sentence in verify(context, acknowledged=history.acknowledged, with_files=False)
    ]


def _repeat(stage: Stage, unknown: list[str], history: _History, report: FaultReport, run: int) -> None:
    """Send the unknown request again, twice: it must be one move whether or not it had happened."""
    request_id, case_id, trigger, version = unknown[0], int(unknown[1]), unknown[2], int(unknown[3])
    had_happened = _times(stage.context, request_id)
    report.add("unknown")
    report.add("unknown_had_happened" if had_happened else "unknown_had_not_happened")
    seqs = []
    for _ in range(2):
        try:
            with acting(stage.context.sessions, stage.actor) as session:
                event = fire(
                    session, case_id, trigger, actor=stage.actor, at=datetime.now(UTC), expected_version=version,
                    request_id=request_id,
                )  # fmt: skip
                seqs.append(event.seq)
        except ObektivError as error:
            report.violations.append(f"run {run}: repeating {request_id} gave {type(error).__name__}: {error}")
            return
    if seqs != [version + 1, version + 1] or _times(stage.context, request_id) != 1:
        report.violations.append(f"run {run}: repeating {request_id} gave events {seqs}, expected one {version + 1}")
    history.acknowledged.add(request_id)


def _times(context: AppContext, request_id: str) -> int:
    with acting(context.sessions, SYSTEM) as session:
        return session.scalar(select(func.count(CaseEvent.id)).where(CaseEvent.request_id == request_id)) or 0
