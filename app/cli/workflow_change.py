"""`obektiv workflow change`: states and moves of a file, by the same functions as the forms of drafts."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.cli.saying import json_option, speaks

if TYPE_CHECKING:
    from app.flows import GuardUse

GUARD_HELP = "Условие: имя или имя:параметр=значение,…; можно несколько раз."
FILE = click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False, readable=True))


@click.group("change")
def group() -> None:
    """Изменить файл хода дела: этапы и ходы."""


@group.command("add-state")
@FILE
@click.argument("code")
@click.option("--ru", required=True, help="Название.")
@click.option("--en", required=True, help="Название по-английски.")
@click.option("--days", type=int, required=True, help="Рабочих дней на этап.")
@click.option("--after", help="После какого этапа; иначе перед закрытием.")
@json_option
@speaks
def add_state(file: Path, code: str, ru: str, en: str, days: int, after: str | None, as_json: bool) -> None:
    """Добавить этап."""
    from app.flows import State
    from app.flows.changes import put_state

    _change(file, lambda text: put_state(text, State(code, ru, en, days), after=after), as_json)


@group.command("rename-state")
@FILE
@click.argument("code")
@click.argument("new_code")
@json_option
@speaks
def rename_state(file: Path, code: str, new_code: str, as_json: bool) -> None:
    """Переименовать этап везде, где он назван."""
    from app.flows.changes import put_state, states_of

    def renamed(text: str) -> str:
        number = _number([state.code for state in states_of(text)], code)
        return put_state(text, replace(states_of(text)[number], code=new_code), number=number)

    _change(file, renamed, as_json)


@group.command("remove-state")
@FILE
@click.argument("code")
@json_option
@speaks
def remove_state_command(file: Path, code: str, as_json: bool) -> None:
    """Убрать этап с его ходами."""
    from app.flows.changes import remove_state, states_of

    _change(file, lambda text: remove_state(text, _number([s.code for s in states_of(text)], code)), as_json)


@group.command("add-move")
@FILE
@click.argument("trigger")
@click.option("--from", "sources", multiple=True, required=True, help="С какого этапа; можно несколько раз.")
@click.option("--to", "dest", required=True, help="На какой этап.")
@click.option("--ru", required=True, help="Название.")
@click.option("--en", required=True, help="Название по-английски.")
@click.option("--right", required=True, help="Право, например case:assign.")
@click.option("--role", "roles", multiple=True, help="Только эта роль; можно несколько раз.")
@click.option("--guard", "guards", multiple=True, help=GUARD_HELP)
@json_option
@speaks
def add_move(
    file: Path,
    trigger: str,
    sources: tuple[str, ...],
    dest: str,
    ru: str,
    en: str,
    right: str,
    roles: tuple[str, ...],
    guards: tuple[str, ...],
    as_json: bool,
) -> None:
    """Добавить ход."""
    from app.flows.changes import Move, put_move

    move = Move(trigger, sources, dest, ru, en, ru, en, right, roles, _guards(guards))
    _change(file, lambda text: put_move(text, move), as_json)


@group.command("change-move")
@FILE
@click.argument("trigger")
@click.option("--from", "sources", multiple=True, help="С какого этапа; можно несколько раз. Заменяет прежние.")
@click.option("--to", "dest", help="На какой этап.")
@click.option("--ru", help="Название.")
@click.option("--en", help="Название по-английски.")
@click.option("--right", "permission", help="Право, например case:assign.")
@click.option("--role", "roles", multiple=True, help="Только эта роль; можно несколько раз. Заменяет прежние.")
@click.option("--any-role", is_flag=True, help="Роли больше не ограничены.")
@click.option("--guard", "guards", multiple=True, help=f"{GUARD_HELP} Заменяет прежние.")
@click.option("--no-guards", is_flag=True, help="Условий больше нет.")
@json_option
@speaks
def change_move(
    file: Path,
    trigger: str,
    roles: tuple[str, ...],
    any_role: bool,
    guards: tuple[str, ...],
    no_guards: bool,
    as_json: bool,
    **said: Any,
) -> None:
    """Изменить ход: что не названо, остаётся."""
    from app.flows.changes import moves_of, put_move

    if (roles and any_role) or (guards and no_guards):
        raise click.UsageError("«--any-role» и «--role», «--no-guards» и «--guard» вместе не говорят: оставьте одно.")
    changes = {name: value for name, value in said.items() if value}
    if roles or any_role:
        changes["roles"] = roles
    if guards or no_guards:
        changes["guards"] = _guards(guards)
    if not changes:
        raise click.UsageError("Скажите, что изменить: например, --ru, --to или --guard.")

    def changed(text: str) -> str:
        moves = moves_of(text)
        number = _number([move.trigger for move in moves], trigger)
        return put_move(text, replace(moves[number], **changes), number=number)

    _change(file, changed, as_json)


@group.command("remove-move")
@FILE
@click.argument("trigger")
@json_option
@speaks
def remove_move_command(file: Path, trigger: str, as_json: bool) -> None:
    """Убрать ход."""
    from app.flows.changes import moves_of, remove_move

    _change(file, lambda text: remove_move(text, _number([m.trigger for m in moves_of(text)], trigger)), as_json)


def _guards(said: tuple[str, ...]) -> tuple[GuardUse, ...]:
    """Guards as the command says them: ``name`` or ``name:parameter=value,parameter=value``."""
    from app.flows import GuardUse

    found = []
    for one in said:
        name, _colon, rest = one.partition(":")
        params: dict[str, Any] = {}
        for pair in filter(None, rest.split(",")):
            key, is_pair, value = pair.partition("=")
            if not is_pair or not key or not value:
                raise click.BadParameter(f"«{one}»: параметр пишут как имя=значение, например act:acts=2")
            params[key] = int(value) if value.lstrip("-").isascii() and value.lstrip("-").isdigit() else value
        found.append(GuardUse(name, params))
    return tuple(found)


def _number(codes: list[str], code: str) -> int:
    if code not in codes:
        raise click.BadParameter(f"«{code}» в файле нет; есть: {', '.join(codes) or 'ничего, файл не читается'}")
    return codes.index(code)


def _change(file: Path, change: Callable[[str], str], as_json: bool) -> None:
    """Change the file in one go and say what is wrong with it now; its mistakes of sense do not stop a change."""
    from app.cli.workflow import tell_problems, text_of
    from app.flows import check
    from app.storage import write_atomically
    from app.workflows.definitions import ROLE_GRANTS

    text = change(text_of(file))
    write_atomically(file, text.encode())
    problems = check(text, grants=ROLE_GRANTS)
    tell_problems(file, problems, as_json)
    sys.exit(1 if problems else 0)
