"""A draft's text by fields: titles, budgets, names of moves, their rights and their guards with parameters."""

from __future__ import annotations

from typing import Any

from flask import request

from app.admin import words
from app.flows import Definition, GuardUse
from app.flows.editing import with_guards, with_value
from app.flows.shape import Shape
from app.flows.vocabulary import GUARDS, GuardSpec
from app.models import WorkflowVersion
from app.workflows import flow_versions as versions


def moves(definition: Definition | None, text: str) -> list[dict[str, Any]]:
    """The moves of a draft as the form shows them: one a table of the text, whatever number of stages it leads from."""
    if definition is None:
        return []
    locale = words.locale()
    titles = {state.code: state.title(locale) for state in definition.states}
    found = []
    for number, row in enumerate(Shape(text).tables("transition")):
        sources = [row["source"]] if isinstance(row["source"], str) else row["source"]
        step = next(s for s in definition.steps if (s.trigger, s.source) == (row["trigger"], sources[0]))
        given = {use.name: use for use in step.guards}
        found.append(
            {
                "number": number,
                "step": step,
                "way": f"{', '.join(titles[source] for source in sources)} → {titles[step.dest]}",
                # A guard named twice, with two parameters, is for the text.
                "is_plain": len(given) == len(step.guards),
                "guards": [_guard(spec, given.get(spec.name), locale) for spec in GUARDS.values()],
            }
        )
    return found


def _guard(spec: GuardSpec, use: GuardUse | None, locale: str) -> dict[str, Any]:
    given = {} if use is None else use.params
    params = [
        {
            "name": param.name,
            "title": param.en if locale == "en" else param.ru,
            "value": given.get(param.name, param.default),
            "words": param.words,
        }
        for param in spec.params
    ]
    values = {param.name: given.get(param.name, param.default) for param in spec.params}
    named = {key: ("…" if value is None else value) for key, value in values.items()}
    return {"name": spec.name, "title": spec.title(named, locale), "is_on": use is not None, "params": params}


def text_of(row: WorkflowVersion) -> str:
    """The draft's text with what the form of fields brings."""
    definition, text = versions.definition_of(row), row.toml
    if definition is None:
        return text
    for key, value in (("title", definition.ru), ("title_en", definition.en)):
        text = _set(text, "", 0, key, f"head-{key}", value)
    for number, state in enumerate(definition.states):
        for key, old in (("ru", state.ru), ("en", state.en), ("days", state.days)):
            if old is not None:
                text = _set(text, "state", number, key, f"{state.code}-{key}", old)
    for move in moves(definition, row.toml):
        number, step = move["number"], move["step"]
        for key in ("ru", "en"):
            text = _set(text, "transition", number, key, f"move-{number}-{key}", getattr(step, key))
        if move["is_plain"] and request.form.get(f"move-{number}-guards") == "1":
            uses = _uses(number, step.guards)
            if uses != [GuardUse(use.name, dict(use.params)) for use in step.guards]:
                text = with_guards(text, number, uses)
    return text


def _uses(number: int, before: tuple[GuardUse, ...]) -> list[GuardUse]:
    """The guards that are ticked, in their former order, new ones after them."""
    order = [use.name for use in before]
    ticked = [name for name in GUARDS if request.form.get(f"move-{number}-guard-{name}")]
    found = []
    for name in sorted(ticked, key=lambda name: order.index(name) if name in order else len(order)):
        params: dict[str, Any] = {}
        for param in GUARDS[name].params:
            said = request.form.get(f"move-{number}-{name}-{param.name}", "").strip()[:40]
            value: Any = int(said) if not param.words and said.isascii() and said.isdigit() else said
            if said and value != param.default:
                params[param.name] = value
        found.append(GuardUse(name, params))
    return found


def _set(text: str, table: str, number: int, key: str, field: str, old: str | int) -> str:
    said = request.form.get(field, "").strip()[:200]
    if not said or said == str(old):
        return text
    value: str | int = int(said) if isinstance(old, int) and said.isascii() and said.isdigit() else said
    return with_value(text, table, number, key, value)
