"""`obektiv screen`: the year's run, here and now."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from app.cli.opening import open_context
from app.cli.saying import answer, json_option, progress, speaks
from app.errors import Reason, Refused

if TYPE_CHECKING:
    from app.context import AppContext

_FIELDS = ("id", "year", "status", "n_findings", "n_flags", "n_cases", "tiers", "inputs_sha256", "detector_versions")


@click.command()
@click.option(
    "--year", type=click.IntRange(2015, 2100), required=True, help="Год, за который приняты работы или отчёты."
)
@click.option("--trial", "is_trial", is_flag=True, help="Пробно: найти, но признаков не поднимать и дел не открывать.")
@click.option("--low-results", "is_low", is_flag=True, help="Ещё найти школы с низкими результатами и открыть им дела.")
@json_option
@speaks
def command(year: int, is_trial: bool, is_low: bool, as_json: bool) -> None:
    """Прогнать проверки за год: признаки, школы, дела."""
    from app.database import acting
    from app.policy import SYSTEM
    from app.workflows import outbox
    from app.workflows.screening import request_screening

    if is_trial and is_low:
        raise click.UsageError("Пробная проверка дел не открывает: уберите --trial или --low-results")
    context = open_context()
    with acting(context.sessions, SYSTEM) as session:
        run = request_screening(session, year, actor=SYSTEM, at=datetime.now(UTC), is_trial=is_trial)
        (job_id,) = outbox.take_woken(session)
    result = _follow(context, run.id, job_id)
    if result["status"] != "done":
        raise Refused(Reason("screening_failed", result["failure"] or "прогон не закончен; запустите его ещё раз"))
    low = _low_results(context, run.id) if is_low else None
    if as_json:
        answer({**{name: result[name] for name in _FIELDS}, **({"low_results": low} if low is not None else {})})
        return
    click.echo(
        f"Прогон {result['id']} за {year} год: признаков проверено {result['n_findings']}, "
        f"школ с признаками {result['n_flags']}, открыто дел {result['n_cases']}"
    )
    for tier, count in result["tiers"].items():
        click.echo(f"  {tier}: {count}")
    if low is not None:
        click.echo(f"Школ с низкими результатами {low['schools']}, их дел {low['cases']}")


def _low_results(context: AppContext, run_id: int) -> dict[str, Any]:
    """Find schools with low results on the finished run; how many, and how many cases they have."""
    from app.database import acting
    from app.jobs.work import complete
    from app.policy import SYSTEM
    from app.workflows import outbox
    from app.workflows.low_results import flags_of, request_low_results

    with acting(context.sessions, SYSTEM) as session:
        request_low_results(session, run_id, actor=SYSTEM, at=datetime.now(UTC))
        (job_id,) = outbox.take_woken(session)
    complete(context, job_id)
    with acting(context.sessions, SYSTEM) as session:
        found = flags_of(session, run_id)
        return {"schools": len(found), "cases": len({flag.case_id for flag in found})}


def _follow(context: AppContext, run_id: int, job_id: int) -> dict[str, Any]:
    """Do the job in a thread, show the progress it writes to its row, and do what it asks for in the end."""
    from sqlalchemy import select

    from app.jobs.work import complete, run_pending
    from app.models import ScreeningRun

    failures: list[BaseException] = []

    def do() -> None:
        try:
            complete(context, job_id)
            run_pending(context)
        except BaseException as error:
            failures.append(error)

    def look() -> dict[str, Any]:
        with context.engine.execution_options(readonly=True).connect() as connection:
            columns = ScreeningRun.__table__
            return dict(connection.execute(select(columns).where(columns.c.id == run_id)).one()._mapping)

    thread = threading.Thread(target=do, daemon=True)
    thread.start()
    with progress("Проверки") as line:
        while thread.is_alive():
            thread.join(0.3)
            run = look()
            line(run["stage"] or "в очереди", run["progress"])
    if failures:
        raise failures[0]
    return look()
