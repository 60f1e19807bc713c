"""What the children of the nursery do until they die: move cases, store files, write beside a checkpoint."""

from __future__ import annotations

import re
import time
import traceback
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import event

from app.bench.fault_nursery import die, tell
from app.bench.fault_stage import DEST, generator, legal_trigger
from app.context import AppContext
from app.database import acting, checkpoint
from app.errors import Conflict
from app.models import User
from app.policy import SYSTEM, Actor
from app.settings import Settings
from app.workflows.engine import fire
from app.workflows.outbox import take_woken

_TABLE = re.compile(r"\b(?:UPDATE|INTO|FROM)\s+(\w+)")


def move(
    actor_id: int,
    cases: list[list[Any]],
    seed: int,
    most: int,
    point: dict[str, Any] | None = None,
    until: float | None = None,
    is_telling: bool = False,
) -> None:
    """Move random cases with fresh request ids; die at `point` if one is set.

    Parameters
    ----------
    actor_id : int
        Who moves.
    cases : list of [id, state, version]
        Where the cases stand; nobody else moves them.
    seed : int
        Draws cases and names requests.
    most : int
        Stop after this many moves.
    point : dict, optional
        ``{"at": "statement" | "commit", "n": int, "side": "before" | "after"}``, counted over all moves; with
        ``"of": "INSERT outbox"`` only such statements count.
    until : float, optional
        Stop at this moment of `time.time`.
    is_telling : bool
        Tell every statement, to know how many points there are to die at.
    """
    context = _context()
    with acting(context.sessions, SYSTEM) as session:
        user = session.get(User, actor_id)
        assert user is not None
        actor = Actor.for_user(user)
    if point is not None:
        _set_trap(context, **point)
    if is_telling:
        event.listen(context.engine, "before_cursor_execute", _tell_statement)
    random = generator(seed)
    standing = {case_id: (state, version) for case_id, state, version in cases}
    for number in range(most):
        movable = [case_id for case_id, (state, _) in standing.items() if legal_trigger(case_id, state)]
        if not movable or (until is not None and time.time() > until):
            break
        case_id = random.choice(movable)
        state, version = standing[case_id]
        trigger = legal_trigger(case_id, state)
        assert trigger is not None
        request_id = f"{seed}-{number}"
        tell("sent", request_id, case_id, trigger, version)
        started = time.perf_counter()
        try:
            with acting(context.sessions, actor) as session:
                fire(
                    session, case_id, trigger, actor=actor, at=datetime.now(UTC), expected_version=version,
                    request_id=request_id,
                )  # fmt: skip
        except Conflict:
            tell("conflict", request_id)
            break
        tell("acked", request_id, f"{time.perf_counter() - started:.6f}")
        take_woken(session)
        standing[case_id] = (DEST[state, trigger], version + 1)
    if is_telling:
        event.remove(context.engine, "before_cursor_execute", _tell_statement)
    context.engine.dispose()


def put(seed: int, count: int, size: int) -> None:
    """Store `count` files of about `size` bytes; the content follows from the seed."""
    context = _context()
    tell("ready")
    for number in range(count):
        content = file_content(seed + number, size)
        tell("sent", number)
        started = time.perf_counter()
        sha256 = context.store.put(content)
        tell("acked", number, sha256, f"{time.perf_counter() - started:.6f}")


def file_content(seed: int, size: int) -> bytes:
    return generator(seed).randbytes(size)


def own_checkpoints(until: float, period: float) -> None:
    """Be the one process that checkpoints SQLite's WAL."""
    context = _context()
    while time.time() < until:
        checkpoint(context.engine)
        tell("checkpoint")
        time.sleep(period)


def _tell_statement(*arguments: Any) -> None:
    tell("statement", _label(arguments[2]))


@cache
def _context() -> AppContext:
    return AppContext.from_settings(Settings.from_env())


def _set_trap(context: AppContext, at: str, n: int, side: str, of: str | None = None) -> None:
    # Set in the child, through the events that SQLAlchemy offers to everybody; the product has no hooks for trials.
    left = n

    def spring(label: str) -> None:
        nonlocal left
        if of is not None and label != of:
            return
        left -= 1
        if left == 0:
            tell("dying", f"{side} {label}")
            die()

    if at == "commit":
        target, name = (context.engine, "commit") if side == "before" else (context.sessions, "after_commit")
        event.listen(target, name, lambda *_: spring("COMMIT"))
    else:
        name = f"{side}_cursor_execute"
        event.listen(context.engine, name, lambda *args: spring(_label(args[2])))


def _label(statement: str) -> str:
    words = statement.split()
    table = _TABLE.search(statement)
    return f"{words[0]} {table[1]}" if table and words[0] != "BEGIN" else " ".join(words[:2])


def _loudly(role: Any) -> Any:
    def run(**plan: Any) -> None:
        try:
            role(**plan)
        except Exception as error:
            tell("error", f"{type(error).__name__}: {str(error).splitlines()[0]}")
            traceback.print_exc()
            raise

    return run


ROLES = {
    "move": _loudly(move),
    "put": _loudly(put),
    "checkpoint": _loudly(own_checkpoints),
}
