"""The page on detectors: the registry, and what each module says of its formula, assumptions, limits and sources."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass

from app.detectors import DETECTORS, Detector, load_params
from app.reference.tables import markdown_table

_NEEDS = {
    "score": "первичный балл",
    "mark_from": "официальные границы отметок",
    "items": "баллы за задания",
    "class": "класс с литерой",
    "variant": "вариант",
    "journal_mark": "отметка по журналу",
    "participant": "код участника",
    "previous": "работы прошлого года",
    "exams": "внешняя оценка (ОГЭ, ЕГЭ и другие)",
    "protocol": "журнал загрузки",
    "history": "прежние признаки или списки",
}
_INTRO = """\
Страница собрана из реестра проверок и из docstring их модулей (по-английски), поэтому не расходится с кодом. Как
проверки сводятся в силу признаков и уровни — `app/detectors/combination.py`; насколько они точны —
[accuracy.md](accuracy.md); параметры с пояснениями — `app/data/detectors.toml`. Проверка, которой не хватает данных,
отвечает «не оценивалось» и говорит почему. Признак — повод посмотреть, а не вывод о нарушении.

z каждой проверки растянуто так, чтобы честные школы отмечались при номинальном 1 % и правда в одном случае из ста
(`[stretch]` в параметрах, `app/detectors/stretch.py`; измеряет `obektiv bench stretch`).
"""
_NEEDS_HEAD = ["проверка", "версия", "семейство", "вопрос", "нужно", "наименьшее n"]


@dataclass(frozen=True)
class Docstring:
    """A numpydoc docstring: the text before the first section, and the sections by title."""

    summary: str
    sections: dict[str, str]


def detectors_page() -> str:
    """Everything below the page's title."""
    rows = [
        [
            f"[`{row.name}`](#{row.name})",
            row.version,
            row.family.ru,
            row.question_ru,
            ", ".join(_NEEDS.get(need, need) for need in row.requires),
            str(row.smallest_n),
        ]
        for row in DETECTORS
    ]
    parts = [_INTRO, markdown_table(_NEEDS_HEAD, rows, right=False)]
    for row in DETECTORS:
        parts += _one(row)
    return "\n".join(parts).rstrip() + "\n"


def _one(row: Detector) -> list[str]:
    module = importlib.import_module(f"app.detectors.{row.name}")
    # What a module names as its own may stand in a module beside it.
    named = getattr(module, "__all__", ())
    functions = [
        function
        for name, function in vars(module).items()
        if inspect.isfunction(function)
        and (function.__module__ == module.__name__ or name in named)
        and not name.startswith("_")
    ]
    # The detector itself first, then what it is made of, in the order of the module.
    functions.sort(key=lambda function: function.__name__ != row.name)
    told = [(function, parsed(function)) for function in functions]
    raises = {
        condition
        for _, text in told
        for condition in re.findall(r"^InsufficientData\n((?: +.*\n?)+)", text.sections.get("Raises", ""), re.M)
    }
    limits = [
        f"* меньше {row.smallest_n} работ: p-значения нет;",
        f"* нужно: {', '.join(_NEEDS.get(need, need) for need in row.requires)};",
        *(f"* не оценивается: {' '.join(text.split())}" for text in sorted(raises)),
    ]
    parameters = load_params().as_dict().get(row.name)
    parts = [
        f'<a id="{row.name}"></a>\n\n## {row.title_ru} (`{row.name}`)\n',
        f"**Вопрос.** {row.question_ru}\n",
        f"{(module.__doc__ or '').strip()}\n",
        "**Пределы.**\n",
        "\n".join(limits) + "\n",
    ]
    if parameters:
        parts.append("**Параметры.** " + ", ".join(f"`{key}` = {value}" for key, value in parameters.items()) + ".\n")
    parts.append("**Формула, допущения, источники.**\n")
    for function, text in told:
        if "Notes" in text.sections or "References" in text.sections or function.__name__ == row.name:
            parts += _function(function, text)
    return parts


def _function(function: Callable, text: Docstring) -> list[str]:
    parts = [f"### `{function.__name__}`\n", markdown(text.summary) + "\n"]
    if "Notes" in text.sections:
        parts.append(markdown(text.sections["Notes"]) + "\n")
    if "References" in text.sections:
        sources = re.sub(r"^\.\. \[(\d+)\] ", r"\n[\1] ", text.sections["References"], flags=re.M)
        entries = [" ".join(entry.split()) for entry in re.split(r"\n(?=\[\d+\] )", sources) if entry.strip()]
        parts.append("\n".join(f"* {entry}" for entry in entries) + "\n")
    return parts


def parsed(function: Callable) -> Docstring:
    """Sections of a function's docstring."""
    text = inspect.getdoc(function) or ""
    pieces = re.split(r"^(\w[\w ]*)\n-{3,}\n", text, flags=re.M)
    sections = dict(zip(pieces[1::2], (piece.strip("\n") for piece in pieces[2::2]), strict=True))
    return Docstring(pieces[0].strip(), sections)


def markdown(text: str) -> str:
    """The reStructuredText of the docstrings as Markdown with formulas."""
    text = re.sub(
        r"^\.\. math::[ ]*(.*(?:\n(?:[ ]+.*|(?=\n[ ]+)))*)",
        lambda found: "```math\n" + "\n".join(line.strip() for line in found[1].strip().split("\n")) + "\n```",
        text,
        flags=re.M,
    )
    text = re.sub(r":math:`([^`]+)`", lambda found: "$`" + " ".join(found[1].split()) + "`$", text)
    text = re.sub(r"\[(\d+)\]_", r"[\1]", text)
    return re.sub(r"(?<!`)``(?!`)", "`", text)
