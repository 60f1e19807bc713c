"""`obektiv demo`: a synthetic region, seeded and already screened."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from app.cli.opening import open_context
from app.cli.saying import answer, json_option, progress, speaks


@click.command()
@json_option
@speaks
def command(as_json: bool) -> None:
    """Создать демонстрационный регион: школы, работы, прогон, дела, люди со входами."""
    from app.database import acting
    from app.jobs.work import run_pending
    from app.policy import SYSTEM
    from app.workflows.demo import create_demo, demo_people

    context = open_context()
    with progress("Демонстрационный регион") as line:
        create_demo(context, at=datetime.now(UTC), progress=line)
        line("документы", 0.95)
        run_pending(context)
    with acting(context.sessions, SYSTEM) as session:
        people = demo_people(session)
    if as_json:
        answer({"people": [vars(person) for person in people]})
    else:
        click.echo("Демонстрационный регион готов.")
