"""Reference pages in Markdown, printed from the tables they describe: words, workflow, rights, settings, formats."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

from app import terms
from app.datafiles import DATA_DIR
from app.policy import GRANTS, Permission
from app.reference.accuracy_page import accuracy_page, peers_part
from app.reference.detectors_page import detectors_page
from app.settings import SETTINGS
from app.terms import CaseState, Role, Term
from app.workflows.case import OBJECTIVITY, WORKFLOW_VERSION

_KEPT = "accuracy.json"
_NOTE = "<!-- Страница напечатана командой `make docs` из кода; правьте код, а не её. -->\n"


def pages(root: Path) -> dict[str, str]:
    """File name below the folder `root` (``docs/``) → text."""
    return {
        "glossary.md": glossary(),
        "workflows.md": workflows(),
        "permissions.md": permissions(),
        "settings.md": settings(),
        "formats.md": formats(),
        "detectors.md": detectors(root),
        **accuracy(root),
    }


def glossary() -> str:
    """Every vocabulary of `app.terms`: stored value, Russian, English."""
    parts = ["# Глоссарий\n", _NOTE]
    for name, enum in vars(terms).items():
        if isinstance(enum, type) and issubclass(enum, Term) and enum is not Term:
            rows = [[f"`{member.value}`", member.ru, member.en] for member in enum]
            parts += [f"\n## {name}\n", _table(["код", "по-русски", "in English"], rows)]
    return "\n".join(parts)


def workflows() -> str:
    """The transition table and its diagram."""
    rows = [
        [
            f"`{row.trigger}`",
            row.source.ru,
            row.dest.ru,
            row.ru,
            f"`{row.permission}`",
            "; ".join(guard.ru for guard in row.guards),
        ]
        for row in OBJECTIVITY
    ]
    arrows = [f"    {row.source.value} --> {row.dest.value}: {row.ru}" for row in OBJECTIVITY]
    names = [f'    state "{state.ru}" as {state.value}' for state in CaseState]
    return "\n".join(
        [
            f"# Ход дела ({WORKFLOW_VERSION})\n",
            _NOTE,
            "```mermaid",
            "stateDiagram-v2",
            *names,
            "    [*] --> flagged",
            *arrows,
            "    closed --> [*]",
            "```\n",
            _table(["ход", "из", "в", "кнопка", "право", "что должно быть"], rows),
        ]
    )


def permissions() -> str:
    """Role × permission."""
    rows = [
        [f"`{permission}`", *("✓" if permission in GRANTS[role] else "" for role in Role)] for permission in Permission
    ]
    return "\n".join(["# Права\n", _NOTE, _table(["право", *(role.ru for role in Role)], rows)])


def settings() -> str:
    """Environment variables."""
    rows = [[f"`{name}`", f"`{default}`" if default else "", meaning] for name, default, meaning in SETTINGS]
    return "\n".join(["# Настройки\n", _NOTE, _table(["переменная", "по умолчанию", "смысл"], rows)])


def formats() -> str:
    """Accepted files, column by column."""
    parts = ["# Форматы файлов\n", _NOTE, "Файл узнаётся по содержанию, имя не важно.\n"]
    for path in sorted((DATA_DIR / "formats").glob("*.toml")):
        layout = tomllib.loads(path.read_text(encoding="utf-8"))
        if "layout" not in layout:
            continue  # the shared vocabulary is no layout
        rows = [
            [
                column["field"],
                ", ".join(column.get("headers", [])) or f"`{column['pattern']}`",
                "да" if column.get("required") else "",
            ]
            for column in layout["column"]
        ]
        parts += [
            f"\n## {layout['title']}\n",
            f"Файл `{path.name}`, версия {layout['version']}. Источник: {layout['source']}.\n",
            *(f"- {note}" for note in layout["layout"].get("notes", [])),
            "",
            _table(["поле", "заголовки", "обязательно"], rows),
        ]
    return "\n".join(parts)


def detectors(root: Path) -> str:
    """The registry of detectors, what each module says of itself, and where a peer is better."""
    kept = root / _KEPT
    peers = f"\n{peers_part(json.loads(kept.read_text(encoding='utf-8')))}" if kept.is_file() else ""
    return f"# Проверки\n\n{_NOTE}\n{detectors_page()}{peers}"


def accuracy(root: Path) -> dict[str, str]:
    """The page on accuracy, where a run of the bench has been kept."""
    kept = root / _KEPT
    if not kept.is_file():
        return {}
    note = (
        "<!-- Страница напечатана командой `make docs` из docs/accuracy.json; файл пишет "
        "`obektiv bench accuracy --full --out docs/accuracy.json`. -->\n"
    )
    page = accuracy_page(json.loads(kept.read_text(encoding="utf-8")))
    return {"accuracy.md": f"# Точность проверок\n\n{note}\n{page}"}


def _table(head: list[str], rows: list[list[str]]) -> str:
    def line(cells: list[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"

    return "\n".join([line(head), "|" + "---|" * len(head), *(line(row) for row in rows)]) + "\n"
