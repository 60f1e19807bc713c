"""Markdown tables whose columns line up, so that they read well in a terminal too."""

from __future__ import annotations

from collections.abc import Sequence


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]], *, right: bool = True) -> str:
    """A table; all columns but the first are set to the right unless `right` is False."""
    cells = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in (head, *rows)]
    width = [max(3, *(len(row[k]) for row in cells)) for k in range(len(head))]

    def line(row: Sequence[str]) -> str:
        placed = [cell.rjust(width[k]) if right and k else cell.ljust(width[k]) for k, cell in enumerate(row)]
        return "| " + " | ".join(placed) + " |"

    rule = "|" + "|".join("-" * (w + 1) + (":" if right and k else "-") for k, w in enumerate(width)) + "|"
    return "\n".join([line(cells[0]), rule, *(line(row) for row in cells[1:])]) + "\n"
