"""Small changes of a workflow's text that keep everything else in it, comments included."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from app.flows.definition import GuardUse
from app.flows.lines import after_line, lines
from app.flows.vocabulary import GUARDS


def with_value(text: str, table: str, number: int, key: str, value: str | int) -> str:
    """The text with one key of a table set anew, or added right below its table's line.

    Parameters
    ----------
    table, number : str, int
        As in `app.flows.lines.lines`: ``("", 0)`` is the head of the file.
    """
    return with_raw(text, table, number, key, to_toml(value))


def raw_guards(uses: Sequence[GuardUse]) -> str:
    """A list of guards as it stands in a text; parameters at their defaults are left out."""
    said = []
    for use in uses:
        params = given(use)
        words = ", ".join(f"{name} = {to_toml(value)}" for name, value in {"name": use.name, **params}.items())
        said.append(f"{{ {words} }}" if params else to_toml(use.name))
    return f"[{', '.join(said)}]"


def given(use: GuardUse) -> dict[str, Any]:
    """The parameters of a guard that differ from what goes without saying."""
    spec = GUARDS.get(use.name)
    defaults = {} if spec is None else {param.name: param.default for param in spec.params}
    return {name: value for name, value in use.params.items() if value != defaults.get(name)}


def raw_words(words: Sequence[str]) -> str:
    return f"[{', '.join(to_toml(word) for word in words)}]"


def without_key(text: str, table: str, number: int, key: str) -> str:
    """The text without one key of a table; the same text where the table does not give it."""
    line = lines(text).get((table, number, key))
    if line is None:
        return text
    rows = text.split("\n")
    del rows[line - 1 : _end_of(rows, line - 1)]
    return "\n".join(rows)


def with_raw(text: str, table: str, number: int, key: str, raw: str) -> str:
    """As `with_value`, for a value that is written as TOML already."""
    places = lines(text)
    rows = text.split("\n")
    line = places.get((table, number, key))
    if line is not None:
        rows[line - 1 : _end_of(rows, line - 1)] = [f"{key} = {raw}"]
    else:
        rows.insert(places[(table, number, "")] if table else 0, f"{key} = {raw}")
    return "\n".join(rows)


def _end_of(rows: Sequence[str], start: int) -> int:
    """Index after the last line of the value that begins on line `start`."""
    depth, quote = 0, ""
    for position in range(start, len(rows)):
        depth, quote = after_line(rows[position], depth, quote)
        if depth == 0 and not quote:
            return position + 1
    return len(rows)


def to_toml(value: str | int) -> str:
    """A text or a number as TOML."""
    # JSON leaves DEL as it is, TOML does not take it so.
    return str(value) if isinstance(value, int) else json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
