"""A draft as fields: titles and budgets in one table, a stage and a move each on a page of its own."""

from __future__ import annotations

from typing import Any

from flask import request

from app.flows import GuardUse, NextStep, ReasonCode, State, sketch
from app.flows.changes import Move
from app.flows.editing import with_value
from app.flows.vocabulary import GUARDS, WORDS, GuardSpec
from app.models import WorkflowVersion
from app.terms import DocumentKind

SPARE_REASONS = 3
"""Empty rows for further reasons of a move."""


def text_of(row: WorkflowVersion) -> str:
    """The draft's text with what the table of titles and budgets brings."""
    definition, text = sketch(row.toml), row.toml
    if definition is None:
        return text
    for key, value in (("title", definition.ru), ("title_en", definition.en)):
        text = _set(text, "", 0, key, f"head-{key}", value)
    for number, state in enumerate(definition.states):
        for key, old in (("ru", state.ru), ("en", state.en), ("days", state.days)):
            if old is not None:
                text = _set(text, "state", number, key, f"{number}-{key}", old)
    return text


def state_sent() -> State:
    """The stage as the form sends it; what does not fit stays as typed, for the checker to say so."""
    step = NextStep(_word("next"), *(_text(f"next-{key}") for key in ("ru", "en", "button_ru", "button_en")))
    days: Any = _whole(_text("days", 10)) or None
    return State(
        _text("code", 60),
        _text("ru"),
        _text("en"),
        days,
        _day(_text("by", 10)) or None,
        _words("forms"),
        _words("verdicts"),
        _words("documents"),
        _words("fields"),
        step if step.form else None,
    )


def move_sent() -> Move:
    """The move as the form sends it."""
    return Move(
        _text("trigger", 60),
        _words("source"),
        _word("dest"),
        _text("ru"),
        _text("en"),
        _text("done_ru"),
        _text("done_en"),
        _word("permission"),
        _words("roles"),
        tuple(_guards_sent()),
        _word("reason") or "optional",
        tuple(_reasons_sent()),
        bool(request.form.get("is_side")),
    )


def guard_rows(move: Move | None, locale: str) -> list[dict[str, Any]]:
    """The guards of a move as rows to tick: those it has, then the others; one with parameters may be named again."""
    uses = () if move is None else move.guards
    used = {use.name for use in uses}
    rows = [(use, True) for use in uses]
    rows += [(GuardUse(name), False) for name, spec in GUARDS.items() if name not in used or spec.params]
    return [_guard_row(number, use, is_on, locale) for number, (use, is_on) in enumerate(rows)]


def reason_rows(move: Move | None) -> list[ReasonCode]:
    """The reasons of a move, and empty rows for more."""
    return [*(move.reasons if move is not None else ()), *[ReasonCode("", "", "")] * SPARE_REASONS]


def _guard_row(number: int, use: GuardUse, is_on: bool, locale: str) -> dict[str, Any]:
    spec = GUARDS.get(use.name, GuardSpec(use.name, use.name, use.name))
    params = [
        {
            "name": param.name,
            "title": param.en if locale == "en" else param.ru,
            "value": use.params.get(param.name, param.default),
            "words": [(word, _word_title(word, locale)) for word in param.words],
        }
        for param in spec.params
    ]
    named = {name: "…" if value is None else value for name, value in spec.values(use.params).items()}
    title = (spec.en if locale == "en" else spec.ru).format(**named) if not is_on else spec.title(named, locale)
    return {"number": number, "name": use.name, "title": title, "is_on": is_on, "params": params}


def _word_title(word: str, locale: str) -> str:
    if word in set(DocumentKind):
        return DocumentKind(word).title(locale)
    return WORDS[word][locale == "en"]


def _guards_sent() -> list[GuardUse]:
    found = []
    for number in range(_count("guards")):
        name = _word(f"guard-{number}")
        if not name or not request.form.get(f"guard-{number}-on"):
            continue
        params: dict[str, Any] = {}
        for param in GUARDS[name].params if name in GUARDS else ():
            value: Any = _text(f"guard-{number}-{param.name}", 60)
            if not param.words:
                value = _whole(value)
            if value != "" and value != param.default:
                params[param.name] = value
        found.append(GuardUse(name, params))
    return found


def _reasons_sent() -> list[ReasonCode]:
    found = []
    for number in range(_count("reasons")):
        code, ru, en = (_text(f"reason-{number}-{key}") for key in ("code", "ru", "en"))
        if code or ru or en:
            found.append(ReasonCode(code, ru, en, bool(request.form.get(f"reason-{number}-needs_text"))))
    return found


def _count(name: str) -> int:
    said = request.form.get(name, "")
    return min(int(said), 100) if said.isascii() and said.isdigit() and len(said) < 4 else 0


def _text(name: str, most: int = 200) -> str:
    return request.form.get(name, "").strip()[:most]


def _word(name: str) -> str:
    return _text(name, 60)


def _words(name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word.strip()[:60] for word in request.form.getlist(name) if word.strip()))


def _whole(said: str) -> Any:
    return int(said) if said.isascii() and said.isdigit() else said


def _day(said: str) -> str:
    """A day of the year as people write it, "04.02", as it stands in the text, "02-04"."""
    day, dot, month = said.partition(".")
    return f"{month.rstrip('.'):0>2}-{day:0>2}" if dot else said


def _set(text: str, table: str, number: int, key: str, field: str, old: str | int) -> str:
    said = request.form.get(field, "").strip()[:200]
    if not said or said == str(old):
        return text
    return with_value(text, table, number, key, _whole(said) if isinstance(old, int) else said)
