"""`obektiv bench time`: a move of a case with its clock among many cases, deadlines that follow a moved event, and many
cases led over to another version of their workflow.

Throw-away installations on both databases; the same seed makes the same rows and the same moves.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

import click
from sqlalchemy import func, insert, select

from app.bench.clock_measure import Measured
from app.bench.clocks_migration import measure_migration
from app.bench.fault_stage import AT, Stage, database, generator, installation, postgresql_server, set_stage
from app.calendars import parse_rule
from app.cli.saying import answer, json_option, progress, speaks, table
from app.context import AppContext
from app.database import acting, checkpoint
from app.models import CalendarChange, CalendarEvent, Deadline, DueMove, Municipality, OutboxJob
from app.policy import SYSTEM
from app.terms import ChangeKind, ChangeStatus, EventKind
from app.workflows import calendar_changes
from app.workflows.calendar_world import Change
from app.workflows.engine import fire

MOVE_BAR, TASKS_BAR = 0.050, 20.0
CHUNK = 5_000
MUNICIPALITIES = 40
RULES = (
    {"kind": "offset", "event": "publication", "days": 5, "unit": "working", "direction": "after"},
    {"kind": "offset", "event": "publication", "days": 10, "unit": "working", "direction": "after"},
    {"kind": "offset", "event": "publication", "days": 30, "unit": "calendar", "direction": "after"},
    {"kind": "offset", "event": "publication", "days": 3, "unit": "working", "direction": "before"},
)
PUBLISHED, MOVED_TO = date(2026, 11, 2), date(2026, 11, 16)


@click.command(
    name="time",
    help="Сроки: ход дела со своими часами, сдвиг задач за событием, перевод дел на другую версию, на обеих базах.",
)
@click.option("--cases", type=click.IntRange(min=100), default=100_000, show_default=True, help="Сколько дел в базе.")
@click.option("--tasks", type=click.IntRange(min=100), default=10_000, show_default=True, help="Сколько задач.")
@click.option("--led", type=click.IntRange(min=10), default=10_000, show_default=True, help="Сколько дел перевести.")
@click.option("--moves", type=click.IntRange(min=10), default=200, show_default=True, help="Сколько ходов измерить.")
@click.option("--engine", type=click.Choice(["sqlite", "postgresql", "both"]), default="both", show_default=True)
@click.option("--seed", type=int, default=2026, show_default=True, help="Зерно: то же зерно — те же строки и ходы.")
@json_option
@speaks
def command(cases: int, tasks: int, led: int, moves: int, engine: str, seed: int, as_json: bool) -> None:
    """Measure, print the table and leave with 1 when a bar is missed."""
    engines = ("sqlite", "postgresql") if engine == "both" else (engine,)
    found: list[Measured] = []
    with progress("Сроки", is_quiet=as_json) as line:
        for number, name in enumerate(engines):
            line(name, number / len(engines))
            with _installed(name) as context:
                found += measure(context, name, cases=cases, tasks=tasks, led=led, moves=moves, seed=seed)
    if as_json:
        answer({"seed": seed, "cases": cases, "tasks": tasks, "led": led, "measured": [asdict(m) for m in found]})
    else:
        rows = [
            (m.title, m.engine, _told(m.seconds), _told(m.bar), "да" if m.is_met else "НЕТ", m.detail) for m in found
        ]
        table(rows, ("Что измерено", "База", "Получилось", "Граница", "Выполнено", "Подробности"))
    if not all(m.is_met for m in found):
        sys.exit(1)


@contextmanager
def _installed(engine: str) -> Iterator[AppContext]:
    if engine == "sqlite":
        with installation() as context:
            yield context
        return
    with postgresql_server() as server, database(server, "bench_time") as url, installation(url) as context:
        yield context


def measure(
    context: AppContext, engine: str, *, cases: int, tasks: int, led: int, moves: int, seed: int
) -> list[Measured]:
    """Fill an empty installation and take the measurements; `led` of the cases are led over and back."""
    stage = set_stage(context)
    ids = [case_id for at in range(0, cases, CHUNK) for case_id in stage.add_cases(min(CHUNK, cases - at))]
    checkpoint(context.engine)  # as the scheduler does; reads of a huge WAL are not what is measured
    chosen = generator(seed).sample(ids, min(moves, len(ids)))
    moves_made = [_move(stage, case_id) for case_id in chosen]
    took, busy = sorted(wall for wall, _own in moves_made), statistics.median(own for _wall, own in moves_made)
    moved = Measured(
        "Ход дела с журналом и часами, медиана",
        engine,
        statistics.median(took),
        MOVE_BAR,
        f"{len(took)} ходов среди {len(ids)} дел; 95 % не дольше {took[int(len(took) * 0.95)] * 1000:.0f} мс; "
        f"из медианы {busy * 1000:.0f} мс — процессор программы, остальное — диск, база и соседи по машине",
    )
    still = sorted(set(ids) - set(chosen))[:led]
    return [
        moved,
        _follow(context, engine, tasks, seed),
        _days_off(context, engine, len(ids)),
        *measure_migration(stage, engine, still),
    ]


def _move(stage: Stage, case_id: int) -> tuple[float, float]:
    """Seconds of one move up to its commit, and those of this process's processor among them."""
    started, busy = time.perf_counter(), time.process_time()
    with acting(stage.context.sessions, stage.actor) as session:
        fire(
            session,
            case_id,
            "interview",
            actor=stage.actor,
            at=AT,
            expected_version=0,
            request_id=f"bench-{case_id:08d}",
        )
    return time.perf_counter() - started, time.process_time() - busy


def _follow(context: AppContext, engine: str, tasks: int, seed: int) -> Measured:
    """Move one event under many deadlines; every hundredth is pinned and every fiftieth done."""
    event_id = _fill(context, tasks, seed)
    change = Change(ChangeKind.EVENT_MOVE, event_id, {"on": MOVED_TO.isoformat()})
    seconds, row = _carry_out(context, change)
    with acting(context.sessions, SYSTEM) as session:
        kept = session.scalar(select(func.count()).select_from(DueMove).where(DueMove.change_id == row.id))
    if sum(row.counts.values()) != tasks or kept != tasks:
        raise RuntimeError(f"the report tells of {row.counts}, {kept} rows, and not of {tasks} tasks")
    detail = ", ".join(f"{key} {n}" for key, n in row.counts.items())
    return Measured("Сроки идут за событием, одно задание", engine, seconds, TASKS_BAR, detail)


def _days_off(context: AppContext, engine: str, cases: int) -> Measured:
    """Three local days off for the whole region: every open case's stage is counted anew."""
    values = {"kind": "day_off", "title": "Карантин", "starts_on": "2026-11-24", "ends_on": "2026-11-26"}
    change = Change(ChangeKind.ENTRY_ADD, None, {**values, "source": "приказ № 1", "municipality_id": None})
    seconds, row = _carry_out(context, change)
    detail = f"{cases} дел; " + ", ".join(f"{key} {n}" for key, n in row.counts.items())
    return Measured("Местные выходные сдвигают этапы всех дел", engine, seconds, None, detail)


def _fill(context: AppContext, tasks: int, seed: int) -> int:
    draw = generator(seed)
    with acting(context.sessions, SYSTEM) as session:
        places = [Municipality(code=f"bench-{n}", name=f"Округ {n}") for n in range(MUNICIPALITIES)]
        event = CalendarEvent(
            kind=EventKind.PUBLICATION, on=PUBLISHED, source="письмо", recorded_by_name="Регион", recorded_at=AT
        )
        session.add_all([*places, event])
        session.flush()
        session.connection().execute(
            insert(Deadline), [_task(n, draw, places, f"event:{event.id}") for n in range(tasks)]
        )
        return event.id


def _task(number: int, draw: Any, places: list[Municipality], key: str) -> dict[str, Any]:
    rule, is_pinned = draw.choice(RULES), number % 100 == 0
    due = PUBLISHED + timedelta(days=draw.choice((7, 14, 30)))
    return {
        "title": f"Задача {number}",
        "rule": parse_rule(rule).to_json(),
        "occurrence": key,
        "starts_on": PUBLISHED,
        "due_on": due,
        "is_pinned": is_pinned,
        "pinned_reason": "так решил совет" if is_pinned else None,
        "done_at": AT if number % 50 == 1 else None,
        "responsible": f"Исполнитель {number % 97}",
        "source": "",
        "municipality_id": draw.choice(places).id,
        "recorded_by_name": "Регион",
        "recorded_at": AT,
        "version": 1,
    }


def _carry_out(context: AppContext, change: Change) -> tuple[float, CalendarChange]:
    """Ask for a change and time its job alone, from claim to commit."""
    from app.jobs.work import perform

    with acting(context.sessions, SYSTEM) as session:
        row = calendar_changes.ask(session, change, reason="измерение", is_told=False, actor=SYSTEM, at=AT)
        query = select(OutboxJob.id).where(OutboxJob.kind == "change_calendar", OutboxJob.subject_id == row.id)
        row_id, job_id = row.id, session.scalars(query).one()
    started = time.perf_counter()
    perform(context, job_id, is_waking=False)
    seconds = time.perf_counter() - started
    with acting(context.sessions, SYSTEM) as session:
        done = session.get_one(CalendarChange, row_id)
        if done.status is not ChangeStatus.APPLIED:
            job = session.get_one(OutboxJob, job_id)
            raise RuntimeError(f"the change was not applied: {job.error}")
    return seconds, done


def _told(seconds: float | None) -> str:
    if seconds is None:
        return "—"
    return f"{seconds * 1000:.0f} мс" if seconds < 1 else f"{seconds:.1f} с"
