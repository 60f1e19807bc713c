"""`obektiv workflow`: the shipped workflows, and a check of any file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.cli.saying import answer, json_option, speaks, table
from app.cli.workflow_change import group as change_group
from app.errors import NotFound

if TYPE_CHECKING:
    from app.flows import Problem


@click.group()
def group() -> None:
    """Ходы дел: список, описание, проверка файла."""


group.add_command(change_group)


@group.command("list")
@json_option
@speaks
def list_command(as_json: bool) -> None:
    """Ходы дел, которые идут с программой."""
    from app.flows import shipped

    found = [_line(definition) for definition, _text in shipped().values()]
    if as_json:
        answer(found)
        return
    table(
        [(row["id"], row["version"], row["kind"], len(row["states"]), row["title"]) for row in found],
        ("ход дела", "версия", "вид", "состояний", "название"),
    )


@group.command("show")
@click.argument("name")
@json_option
@speaks
def show_command(name: str, as_json: bool) -> None:
    """Состояния и ходы одного хода дела."""
    from app.flows import shipped
    from app.flows.vocabulary import GUARDS

    if name not in shipped():
        raise NotFound(f"хода дела «{name}» нет; есть: {', '.join(shipped())}")
    definition = shipped()[name][0]
    steps = [
        {
            "trigger": step.trigger,
            "source": step.source,
            "dest": step.dest,
            "title": step.ru,
            "permission": step.permission,
            "roles": list(step.roles),
            "guards": [{"name": use.name, **use.params} for use in step.guards],
            "reasons": [reason.code for reason in step.reasons],
            "is_side": step.is_side,
        }
        for step in definition.steps
    ]
    if as_json:
        answer({**_line(definition), "initial": definition.initial, "transitions": steps})
        return
    click.echo(f"{definition.ru} ({definition.id} {definition.version})\n{definition.source}\n")
    table(
        [(s.code, s.ru, s.days or "", s.by or "", ", ".join(s.forms)) for s in definition.states],
        ("состояние", "этап", "рабочих дней", "до дня", "формы"),
    )
    click.echo()
    table(
        [
            (
                s.trigger,
                s.source,
                s.dest,
                s.permission,
                "; ".join(GUARDS[u.name].title(u.params) for u in s.guards),
            )
            for s in definition.steps
        ],
        ("ход", "из", "в", "право", "что должно быть"),
    )


@group.command("check")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False, readable=True))
@json_option
@speaks
def check_command(file: Path, as_json: bool) -> None:
    """Проверить файл: код 0 — ошибок нет, 1 — каждая названа с местом."""
    from app.flows import check
    from app.workflows.definitions import ROLE_GRANTS

    problems = check(text_of(file), grants=ROLE_GRANTS)
    tell_problems(file, problems, as_json)
    sys.exit(1 if problems else 0)


def text_of(file: Path) -> str:
    """The text of a file that was named on the command line."""
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise click.BadParameter(f"{file.name}: файл не в UTF-8; сохраните его в этой кодировке") from None


def tell_problems(file: Path, problems: list[Problem], as_json: bool) -> None:
    """Say every mistake of a file with its line, or that there is none."""
    if as_json:
        told = [{"code": p.code, "line": p.line, "key": p.key, "message": p.ru, "message_en": p.en} for p in problems]
        answer({"file": str(file), "ok": not problems, "problems": told})
    elif not problems:
        click.echo(f"{file.name}: ошибок нет")
    else:
        for problem in problems:
            place = f"{file.name}:{problem.line}" if problem.line else file.name
            click.echo(f"{place}: {problem.key}: {problem.ru}", err=True)


def _line(definition: Any) -> dict[str, Any]:
    return {
        "id": definition.id,
        "title": definition.ru,
        "title_en": definition.en,
        "kind": definition.kind,
        "version": definition.version,
        "states": [
            {"code": state.code, "title": state.ru, "title_en": state.en, "days": state.days, "by": state.by}
            for state in definition.states
        ],
        "source": definition.source,
        "sha256": definition.sha256,
    }
