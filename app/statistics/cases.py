"""Where cases stand, how they ended, how long stages take."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.days import day_of
from app.flows import CLOSED, State
from app.models import Case, CaseEvent, Municipality
from app.rechecks.agreement import wilson
from app.terms import CaseKind, Verdict


@dataclass(frozen=True)
class StateCount:
    """Cases in a state and the median days they have stood there (None: no case)."""

    state: State
    n: int
    median_days: float | None


@dataclass(frozen=True)
class VerdictCount:
    """Closed cases of a verdict, their share of all closed ones in 0..1, and Wilson's 95 % interval of it."""

    verdict: Verdict
    n: int
    share: float
    low: float
    high: float


@dataclass(frozen=True)
class MunicipalityCount:
    name: str
    n_open: int
    n_closed: int
    median_days_to_close: float | None


@dataclass(frozen=True)
class StageTime:
    """Days cases stayed in a state before they left it; `n_waiting` have not left it and are counted apart."""

    state: State
    n_left: int
    median_days: float | None
    n_waiting: int


def calendar_days(start: datetime, end: datetime) -> int:
    """Calendar days from one moment to another in the region, never below nought: the one rule for days of cases."""
    return max(0, (day_of(end) - day_of(start)).days)


def by_state(session: Session, states: Sequence[State], *, kind: CaseKind, at: datetime) -> list[StateCount]:
    """One row for each of `states`, the stages that cases of `kind` know, in their order."""
    days: dict[str, list[int]] = defaultdict(list)
    for state, entered_at in session.execute(select(Case.state, Case.entered_at).where(Case.kind == kind)):
        days[state].append(calendar_days(entered_at, at))
    return [
        StateCount(state, len(days[state.code]), median(days[state.code]) if days[state.code] else None)
        for state in states
    ]


def closures(session: Session) -> list[VerdictCount]:
    """How closed cases ended."""
    counts = dict(
        session.execute(
            select(Case.verdict, func.count()).where(Case.verdict.is_not(None)).group_by(Case.verdict)
        ).all()
    )
    total = sum(counts.values())
    rows = []
    for verdict in Verdict:
        n = counts.get(verdict, 0)
        low, high = wilson(n, total, 0.95) if total else (0.0, 1.0)
        rows.append(VerdictCount(verdict, n, n / total if total else 0.0, low, high))
    return rows


def by_municipality(session: Session) -> list[MunicipalityCount]:
    """Open and closed cases of each municipality in sight, by name; never a ranking."""
    open_counts: dict[str, int] = defaultdict(int)
    closed_days: dict[str, list[int]] = defaultdict(list)
    names: set[str] = set()
    statement = select(Municipality.name, Case.opened_at, Case.closed_at).join(
        Municipality, Municipality.id == Case.municipality_id
    )
    for name, opened_at, closed_at in session.execute(statement):
        names.add(name)
        if closed_at is None:
            open_counts[name] += 1
        else:
            closed_days[name].append(calendar_days(opened_at, closed_at))
    return [
        MunicipalityCount(
            name, open_counts[name], len(closed_days[name]), median(closed_days[name]) if closed_days[name] else None
        )
        for name in sorted(names)
    ]


def time_in_state(session: Session, states: Sequence[State], *, kind: CaseKind) -> list[StageTime]:
    """How long stages take: completed stays by their median, stays under way only counted."""
    moves: dict[int, list[tuple[str, datetime]]] = defaultdict(list)
    for case_id, source, at in session.execute(
        select(CaseEvent.case_id, CaseEvent.from_state, CaseEvent.at).order_by(CaseEvent.case_id, CaseEvent.seq)
    ):
        moves[case_id].append((source, at))
    stays: dict[str, list[int]] = defaultdict(list)
    waiting: dict[str, int] = defaultdict(int)
    for case_id, state, opened_at in session.execute(
        select(Case.id, Case.state, Case.opened_at).where(Case.kind == kind)
    ):
        since = opened_at
        for source, left_at in moves[case_id]:
            stays[source].append(calendar_days(since, left_at))
            since = left_at
        waiting[state] += 1
    return [
        StageTime(
            state, len(stays[state.code]), median(stays[state.code]) if stays[state.code] else None, waiting[state.code]
        )
        for state in states
        if state.code != CLOSED
    ]
