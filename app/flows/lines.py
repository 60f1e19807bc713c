"""On which line of a TOML file a table and its keys stand; `tomllib` keeps no places."""

from __future__ import annotations

import re

_HEADER = re.compile(r"^\s*\[\[?\s*([A-Za-z0-9_.\-]+)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"^\s*([A-Za-z0-9_\-]+)\s*=")
Place = tuple[str, int, str]


def lines(text: str) -> dict[Place, int]:
    """Places of a TOML text.

    Returns
    -------
    dict
        ``(table, number, key)`` → line from 1. Tables of one name count from 0; the head of the file is ``("", 0)``;
        the key ``""`` is the table's own line.
    """
    found: dict[Place, int] = {}
    counts: dict[str, int] = {}
    table, number, depth, quote = "", 0, 0, ""
    for line_number, line in enumerate(text.split("\n"), start=1):
        if depth == 0 and not quote:
            header = _HEADER.match(line)
            if header:
                table = header.group(1)
                number = counts.get(table, -1) + 1
                counts[table] = number
                found[(table, number, "")] = line_number
                continue
            key = _KEY.match(line)
            if key:
                found.setdefault((table, number, key.group(1)), line_number)
        depth, quote = after_line(line, depth, quote)
    return found


def blocks(text: str) -> dict[tuple[str, int], tuple[int, int]]:
    """Where the tables ``[[state]]`` and ``[[transition]]`` stand, with what belongs to them.

    Returns
    -------
    dict
        (table, number) → index of its first line, which may be a comment above its header, and of the first line behind
        it. Tables inside one, such as ``[state.next]``, are part of it.
    """
    rows = text.split("\n")
    heads = sorted(
        (line - 1, table, number)
        for (table, number, key), line in lines(text).items()
        if table and "." not in table and not key
    )
    starts = []
    for line, table, number in heads:
        while line and rows[line - 1].lstrip().startswith("#"):
            line -= 1
        starts.append((line, table, number))
    ends = [*(line for line, _table, _number in starts[1:]), len(rows)]
    return {(table, number): (line, end) for (line, table, number), end in zip(starts, ends, strict=True)}


def after_line(line: str, depth: int, quote: str) -> tuple[int, str]:
    """How deep in brackets, and inside which triple quotes, the text is after `line`."""
    position = 0
    while position < len(line):
        if quote:
            end = line.find(quote, position)
            if end < 0:
                return depth, quote
            position, quote = end + 3, ""
            continue
        rest = line[position:]
        if rest.startswith(('"""', "'''")):
            quote, position = rest[:3], position + 3
            continue
        mark = line[position]
        if mark == "#":
            break
        if mark in "\"'":
            position = _past_string(line, position)
            continue
        depth += (mark in "[{") - (mark in "]}")
        position += 1
    return max(depth, 0), quote


def _past_string(line: str, start: int) -> int:
    mark, position = line[start], start + 1
    while position < len(line) and line[position] != mark:
        position += 2 if mark == '"' and line[position] == "\\" else 1
    return position + 1
