"""`obektiv docs`: reference pages printed from the code, so that they cannot grow old."""

from __future__ import annotations

from pathlib import Path

import click

from app.cli.saying import speaks
from app.errors import Reason, Refused


@click.command(help="Напечатать справочные страницы docs/*.md из кода; --check только сверяет.")
@click.option("--check", "is_check", is_flag=True, help="ничего не писать; код 1, если страница устарела")
@click.option("--root", type=click.Path(path_type=Path), default=Path("docs"), show_default=True)
@speaks
def command(is_check: bool, root: Path) -> None:
    from app.reference import pages

    stale = []
    for name, text in pages(root).items():
        path = root / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if not is_check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    if is_check and stale:
        raise Refused(Reason("stale", f"Страницы устарели: {', '.join(stale)}. Выполните make docs.", "Run make docs."))
    click.echo("Страницы соответствуют коду." if not stale else f"Обновлено: {', '.join(stale)}")
