"""`obektiv user`: the first administrator of an installation without the demo region."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from app.cli.opening import open_context
from app.cli.saying import answer, json_option, speaks


@click.group()
def group() -> None:
    """Люди."""


@group.command()
@click.argument("login")
@click.option("--name", required=True, help="Фамилия, имя, отчество.")
@click.option("--post", default="", help="Должность.")
@click.password_option(help="Пароль; без него программа спросит.", prompt="Пароль", confirmation_prompt="Ещё раз")
@json_option
@speaks
def create(login: str, name: str, post: str, password: str, as_json: bool) -> None:
    """Завести администратора LOGIN; остальных людей он заводит на сайте."""
    from app.database import acting
    from app.policy import SYSTEM
    from app.terms import Role
    from app.workflows.people import UserForm, create_user

    context = open_context()
    with acting(context.sessions, SYSTEM) as session:
        form = UserForm(name=name, post=post, role=Role.ADMIN)
        user = create_user(session, login, password, form, actor=SYSTEM, at=datetime.now(UTC))
    if as_json:
        answer({"id": user.id, "login": user.login, "role": user.role.value})
    else:
        click.echo(f"Администратор «{user.login}» заведён.")
