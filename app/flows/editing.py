"""Small changes of a workflow's text that keep everything else in it, comments included."""

from __future__ import annotations

import json

from app.flows.lines import lines


def with_value(text: str, table: str, number: int, key: str, value: str | int) -> str:
    """The text with one single-line key set anew, or added right below its table's line."""
    places = lines(text)
    rows = text.split("\n")
    said = str(value) if isinstance(value, int) else json.dumps(value, ensure_ascii=False)
    line = places.get((table, number, key))
    if line is not None:
        rows[line - 1] = f"{key} = {said}"
    elif table:
        rows.insert(places[(table, number, "")], f"{key} = {said}")
    else:
        rows.insert(0, f"{key} = {said}")
    return "\n".join(rows)
