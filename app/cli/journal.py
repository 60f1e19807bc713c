"""`obektiv journal`: the chain of who did what."""

from __future__ import annotations

import click

from app.cli.opening import open_context
from app.cli.saying import answer, json_option, speaks


@click.group()
def group() -> None:
    """Журнал действий."""


@group.command()
@json_option
@speaks
def verify(as_json: bool) -> None:
    """Пройти всю цепочку и сверить её с якорями."""
    from sqlalchemy import func, select

    from app.database import acting
    from app.jobs.reconciler import anchors_folder
    from app.models import JournalEntry
    from app.policy import SYSTEM
    from app.workflows import journal

    context = open_context(is_migrating=False)
    anchors = journal.read_anchors(anchors_folder(context))
    with acting(context.sessions, SYSTEM) as session:
        faults = journal.verify(session, context.settings.keys["journal"], anchors)
        entries = session.scalar(select(func.count()).select_from(JournalEntry))
    if as_json:
        answer(
            {
                "entries": entries,
                "anchors": len(anchors),
                "intact": not faults,
                "faults": [{"seq": fault.seq, "message": fault.ru, "message_en": fault.en} for fault in faults],
            }
        )
    elif not faults:
        click.echo(f"Журнал цел: записей {entries}, якорей {len(anchors)}.")
    for fault in faults:
        click.echo(f"Запись {fault.seq}: {fault.ru}", err=True)
    if faults:
        raise SystemExit(1)
