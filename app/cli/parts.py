"""The parts of the installation as separate commands, and the schema."""

from __future__ import annotations

import errno
import importlib

import click

from app.cli.opening import open_context
from app.cli.saying import answer, json_option, log_to_stderr, speaks
from app.errors import Misconfigured

THREADS = 8


held_option = click.option("--held", "is_held", is_flag=True, hidden=True, help="Load, then wait for the end of stdin.")


@click.command()
@held_option
@speaks
def web(is_held: bool) -> None:
    """Сайт: страницы и API. Адрес задают OBEKTIV_HOST и OBEKTIV_PORT."""
    log_to_stderr()
    import waitress

    from app.supervisor import await_release
    from app.web import create_app

    if is_held:
        importlib.import_module("app.migrating")
        await_release()
    context = open_context(is_migrating=False)
    settings = context.settings
    application = create_app(context)
    try:
        waitress.serve(application, host=settings.host, port=settings.port, threads=THREADS, ident=None)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise Misconfigured(f"порт {settings.port} занят; задайте другой в OBEKTIV_PORT") from error


@click.command()
@click.argument("queue", type=click.Choice(["default", "heavy"]))
@speaks
def worker(queue: str) -> None:
    """Обработчик очереди QUEUE. Одна очередь — один процесс."""
    from app.jobs.worker import serve

    log_to_stderr()
    serve(open_context(is_migrating=False), queue)


@click.command()
@speaks
def scheduler() -> None:
    """Планировщик: будит обработчики, пишет якоря журнала, следит за файлами. Один на установку."""
    from app.jobs.reconciler import serve

    log_to_stderr()
    serve(open_context(is_migrating=False))


@click.command()
@json_option
@speaks
def migrate(as_json: bool) -> None:
    """Привести схему базы к версии программы. `up` делает это сам."""
    from app import migrating
    from app.context import AppContext
    from app.settings import Settings

    context = AppContext.from_settings(Settings.from_env())
    before = migrating.upgrade(context)
    now = migrating.current(context.engine)
    if as_json:
        answer({"before": before, "now": now})
    else:
        click.echo(f"Схема {now}" + ("" if before == now else f" (была {before or 'пустая база'})"))
