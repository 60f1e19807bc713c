"""`obektiv up`: everything under one supervisor."""

from __future__ import annotations

import sqlite3
import subprocess
import time
from contextlib import closing
from typing import TYPE_CHECKING

import click

from app import supervisor
from app.cli.saying import speaks
from app.errors import Misconfigured

if TYPE_CHECKING:
    from app.context import AppContext


@click.command()
@click.option(
    "--demo/--no-demo",
    default=True,
    envvar="OBEKTIV_DEMO",
    show_default=True,
    help="Демонстрационный регион в пустую базу.",
)
@speaks
def command(demo: bool) -> None:
    """Запустить сайт, обработчики, планировщик и, если не задан REDIS_URL, встроенный Valkey. Остановка: Ctrl-C."""
    from app.settings import Settings

    settings = Settings.from_env()
    with supervisor.only_one(settings):
        supervisor.check_port(settings)
        parts = supervisor.Supervisor(settings, lambda line: click.echo(line, err=True))
        parts.listen_for_signals()
        try:
            _start(parts, demo=demo)
            parts.run()
        except supervisor.Stopped:
            pass
        finally:
            click.echo("Останавливаю…", err=True)
            parts.stop()


def _start(parts: supervisor.Supervisor, *, demo: bool) -> None:
    started = time.monotonic()
    settings = parts.settings
    if settings.embedded_redis:
        from app.settings import redis_socket

        command = supervisor.valkey_command(settings.home / "valkey", redis_socket(settings.home))
        parts.start("valkey", command)

    # Half of a start is loading code: the site and the demo do it while the schema is brought up.
    web = parts.start_role("web", is_held=True)
    story = None
    if demo and _may_be_new(parts):
        story = supervisor.spawn(supervisor.role_command("demo", "--held"), is_held=True)

    from app import migrating
    from app.context import AppContext

    context = AppContext.from_settings(settings)
    migrating.upgrade(context)
    is_new = story is not None and _is_new(context)
    # Connections must not outlive this point: children are forked from this process, and it lives for months.
    context.engine.dispose()
    assert web.process is not None
    supervisor.release(web.process)
    if story is not None and is_new:
        _await_demo(parts, story)
    elif story is not None:
        story.kill()
        story.wait()
    url = supervisor.address(settings)
    parts.wait_for(lambda: supervisor.answers(url), web)
    if settings.embedded_redis:
        parts.wait_for(lambda: supervisor.valkey_answers(settings), parts.parts["valkey"])
    for role in (("scheduler",), ("worker", "default"), ("worker", "heavy")):
        parts.start_role(*role)
    click.echo(f"\nОбъектив работает: {url}   (запуск {time.monotonic() - started:.1f} с, остановка Ctrl-C)\n")
    _say_who_signs_in(context)
    context.engine.dispose()


def _has_people(context: AppContext) -> bool:
    from sqlalchemy import func, select

    from app.models import User

    with context.engine.execution_options(readonly=True).connect() as connection:
        return bool(connection.scalar(select(func.count()).select_from(User.__table__)))


def _may_be_new(parts: supervisor.Supervisor) -> bool:
    """A guess good enough to start loading: the database says for certain later."""
    settings = parts.settings
    path = settings.home / "obektiv.db"
    if not settings.database_url.startswith("sqlite") or not path.exists():
        return True
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            return database.execute("SELECT 1 FROM users LIMIT 1").fetchone() is None
    except sqlite3.Error:
        return True  # an older or unfinished schema


def _is_new(context: AppContext) -> bool:
    from app.demo import is_new

    return is_new(context)


def _await_demo(parts: supervisor.Supervisor, child: subprocess.Popen[bytes]) -> None:
    """Let the demo be made, in its own process; its progress goes to the terminal."""
    supervisor.release(child)
    while child.poll() is None:
        if parts.is_stopping:
            child.kill()
            child.wait()
            raise supervisor.Stopped
        parts.watch()
        time.sleep(0.05)
    if child.returncode:
        raise Misconfigured(
            "демонстрационный регион не создан; запустите без него: obektiv up --no-demo (или OBEKTIV_DEMO=0)"
        )


def _say_who_signs_in(context: AppContext) -> None:
    people = _demo_people(context)
    if people:
        from app.demo import PASSWORD

        click.echo(f"Вход для знакомства с демонстрационным регионом, пароль у всех «{PASSWORD}»:")
        width = max(len(login) for login, _ in people)
        for login, title in people:
            click.echo(f"  {login.ljust(width)}  {title}")
        click.echo()
    elif not _has_people(context):
        click.echo("Людей пока нет. Заведите первого администратора: obektiv user create ЛОГИН --name «Ф. И. О.»\n")


def _demo_people(context: AppContext) -> list[tuple[str, str]]:
    """Sign-ins of the demo that still open the door: login, and who it is."""
    from sqlalchemy import select

    from app.demo import PASSWORD, PEOPLE
    from app.models import User
    from app.workflows.people import password_matches

    demo = {person.login: person for person in PEOPLE}
    with context.engine.execution_options(readonly=True).connect() as connection:
        columns = User.__table__.c
        rows = connection.execute(
            select(columns.login, columns.role, columns.name, columns.password_hash)
            .where(columns.login.in_(demo), columns.is_active)
            .order_by(columns.id)
        ).all()
    return [(row.login, f"{row.role.ru}: {row.name}") for row in rows if password_matches(row.password_hash, PASSWORD)]
