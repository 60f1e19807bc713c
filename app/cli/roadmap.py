"""`obektiv roadmap`: road maps as shipped, one of them in full, and the check of a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from app.cli.saying import answer, json_option, speaks, table
from app.errors import NotFound


@click.group()
def group() -> None:
    """Дорожные карты: шаблоны программ отделов образования."""


@group.command("list")
@json_option
@speaks
def list_templates(as_json: bool) -> None:
    """Шаблоны: сколько мероприятий, версия, откуда взят."""
    from app.roadmaps import load_templates

    rows = [
        {"id": t.id, "title": t.title, "source": t.source, "version": t.version, "measures": len(t.measures)}
        for t in load_templates().values()
    ]
    if as_json:
        answer(rows)
        return
    table(
        [(row["id"], row["version"], row["measures"], row["title"]) for row in rows],
        ("шаблон", "версия", "мероприятий", "название"),
    )


@group.command()
@click.argument("template_id", metavar="ШАБЛОН")
@json_option
@speaks
def show(template_id: str, as_json: bool) -> None:
    """Один шаблон со всеми мероприятиями."""
    from app.roadmaps import load_templates

    templates = load_templates()
    if template_id not in templates:
        raise NotFound(f"шаблона «{template_id}» нет; есть: {', '.join(templates)}")
    _tell(templates[template_id], as_json=as_json)


@group.command()
@click.argument("path", metavar="ФАЙЛ", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
@speaks
def check(path: Path, as_json: bool) -> None:
    """Проверить свой файл шаблона: ключи, разделы, роли, правила сроков."""
    from app.roadmaps import read_template

    template = read_template(path)
    if as_json:
        answer({"valid": True, "id": template.id, "version": template.version, "measures": len(template.measures)})
        return
    click.echo(f"Файл верен: «{template.title}», версия {template.version}, мероприятий {len(template.measures)}.")


def _tell(template: Any, *, as_json: bool) -> None:
    if as_json:
        answer(
            {
                "id": template.id,
                "title": template.title,
                "title_en": template.title_en,
                "source": template.source,
                "version": template.version,
                "sections": [vars(section) for section in template.sections],
                "measures": [{**m.to_json(), "when": m.when(), "when_en": m.when("en")} for m in template.measures],
            }
        )
        return
    click.echo(f"{template.title}\n{template.source}")
    for section in template.sections:
        click.echo(f"\n{section.title}")
        for measure in template.measures:
            if measure.section == section.id:
                who = ", ".join(role.ru for role in measure.roles)
                click.echo(f"  {measure.number}. {measure.what}\n     {measure.when()}; {who}")
