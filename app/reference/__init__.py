"""Reference pages in Markdown, printed from the tables they describe: words, workflow, rights, settings, formats."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

from app import terms
from app.datafiles import DATA_DIR
from app.flows import Definition, shipped
from app.flows.vocabulary import GUARDS
from app.policy import GRANTS, Permission
from app.reference.accuracy_page import accuracy_page, peers_part
from app.reference.detectors_page import detectors_page
from app.settings import SETTINGS
from app.terms import CaseKind, Role, Term, Verdict

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
    """Every shipped workflow: its diagram, its stages, its moves."""
    parts = ["# Ход дела\n", _NOTE, "Файлы лежат в `app/data/workflows/`; раздел на каждый.\n"]
    for definition, _text in shipped().values():
        parts += _workflow(definition)
    return "\n".join(parts)


def _workflow(definition: Definition) -> list[str]:
    titles = {state.code: state.ru for state in definition.states}
    stages = [
        [
            f"`{state.code}`",
            state.ru,
            ""
            if state.days is None
            else f"{state.days}" + (f", не раньше {state.by[3:]}.{state.by[:2]}" if state.by else ""),
            ", ".join(f"`{form}`" for form in state.forms),
            "; ".join(Verdict(code).ru for code in state.verdicts),
        ]
        for state in definition.states
    ]
    moves = [
        [
            f"`{step.trigger}`",
            titles[step.source],
            titles[step.dest],
            step.ru,
            f"`{step.permission}`",
            "; ".join(GUARDS[use.name].title(use.params) for use in step.guards),
        ]
        for step in definition.steps
    ]
    arrows = [f"    {step.source} --> {step.dest}: {step.ru}" for step in definition.steps]
    return [
        f"\n## {definition.ru} (`{definition.id}` {definition.version})\n",
        f"Вид дел: {CaseKind(definition.kind).ru}. Источник: {definition.source}.\n",
        "```mermaid",
        "stateDiagram-v2",
        *(f'    state "{state.ru}" as {state.code}' for state in definition.states),
        f"    [*] --> {definition.initial}",
        *arrows,
        "    closed --> [*]",
        "```\n",
        _table(["состояние", "этап", "рабочих дней", "формы", "какой вывод предлагают"], stages),
        "",
        _table(["ход", "из", "в", "кнопка", "право", "что должно быть"], moves),
    ]


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
