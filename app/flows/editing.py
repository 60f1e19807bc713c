"""Small changes of a workflow's text that keep everything else in it, comments included."""

from __future__ import annotations

import json
from collections.abc import Sequence

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
    return _with_raw(text, table, number, key, _toml(value))


def with_guards(text: str, number: int, uses: Sequence[GuardUse]) -> str:
    """The text with the guards of the transition `number` set anew; parameters at their defaults are left out."""
    said = []
    for use in uses:
        defaults = {param.name: param.default for param in GUARDS[use.name].params}
        given = {name: value for name, value in use.params.items() if value != defaults.get(name)}
        words = ", ".join(f"{name} = {_toml(value)}" for name, value in {"name": use.name, **given}.items())
        said.append(f"{{ {words} }}" if given else _toml(use.name))
    return _with_raw(text, "transition", number, "guards", f"[{', '.join(said)}]")


def _with_raw(text: str, table: str, number: int, key: str, raw: str) -> str:
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


def _toml(value: str | int) -> str:
    # JSON leaves DEL as it is, TOML does not take it so.
    return str(value) if isinstance(value, int) else json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
