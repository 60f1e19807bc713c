"""`obektiv demo`: a synthetic region, seeded and already screened."""

from __future__ import annotations

import importlib
from datetime import UTC, datetime

import click

from app.cli.opening import open_context
from app.cli.saying import answer, json_option, progress, speaks


@click.command()
@json_option
@click.option("--held", "is_held", is_flag=True, hidden=True, help="Load, then wait for the end of stdin.")
@speaks
def command(as_json: bool, is_held: bool) -> None:
    """Создать демонстрационный регион: школы, работы, прогон, дела, люди со входами."""
    from app.demo import PASSWORD, PEOPLE, create_demo

    if is_held:
        from app.supervisor import await_release

        for module in ("app.jobs.work", "app.detectors.simulate", "app.migrating"):
            importlib.import_module(module)
        await_release()
    context = open_context()
    with progress("Демонстрационный регион") as line:
        create_demo(context, at=datetime.now(UTC), progress=line)
    context.engine.dispose()
    if as_json:
        answer([{**vars(person), "password": PASSWORD} for person in PEOPLE])
    else:
        click.echo("Демонстрационный регион готов.")
