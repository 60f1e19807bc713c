"""A workflow as a picture: stages from top to bottom, the main way beside them, other moves as arcs.

Only shapes, classes and texts: colours come from the page's style, so the picture follows light and dark.
"""

from __future__ import annotations

from html import escape

from app.flows.definition import CLOSED, Definition, Step

BOX_WIDTH, BOX_HEIGHT, GAP = 250, 52, 58
LEFT, TOP, LANE = 6, 14, 30
LABEL = 200  # room for the words of a move that leads back


def svg(definition: Definition, locale: str = "ru", *, title: str = "", working_days: str = "{n} раб. дн.") -> str:
    """The diagram of a definition.

    Parameters
    ----------
    definition : Definition
    locale : str
        "ru" or "en".
    title : str
        What a screen reader says of the picture.
    working_days : str
        How a budget is said; ``{n}`` is the number.
    """
    rows = {state.code: i for i, state in enumerate(definition.states)}
    # A draft on its way may name states that are not there yet.
    steps = [s for s in definition.steps if s.source in rows and s.dest in rows and s.source != s.dest]
    forward = [s for s in steps if rows[s.dest] == rows[s.source] + 1 and not s.is_side]
    arcs = [s for s in steps if s not in forward]
    lanes = _lanes(arcs, rows)
    n_left = max((lane for step, lane in lanes if rows[step.dest] < rows[step.source]), default=-1) + 1
    x = LEFT + n_left * LANE + (LABEL if n_left else 0)
    width = x + BOX_WIDTH + 230 + LANE * max((lane + 1 for step, lane in lanes), default=0)
    height = TOP * 2 + len(rows) * BOX_HEIGHT + (len(rows) - 1) * GAP
    parts = [
        f'<svg class="flow" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-label="{escape(title, quote=True)}">',
        '<defs><marker id="flow-tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
        'orient="auto-start-reverse"><path class="flow-tip" d="M0 0 L8 4 L0 8 z"/></marker></defs>',
    ]
    for step, lane in lanes:
        parts.append(_arc(step, lane, rows, x, locale))
    # One label a lane that leads back, where it arrives: returns from several stages to one share it.
    back = {lane: step for step, lane in lanes if rows[step.dest] < rows[step.source]}
    for lane, step in back.items():
        # Lanes that arrive at one stage stack their labels, the outermost lowest.
        above = sum(1 for other, also in back.items() if other > lane and also.dest == step.dest)
        y = _top(rows[step.dest]) + BOX_HEIGHT // 2 + 10 - 18 * above
        parts.append(
            f'<text class="flow-label side" text-anchor="end" x="{x - 22 - LANE * lane}" y="{y}">'
            f"{escape(_cut(step.title(locale), 30))}</text>"
        )
    for step in forward:
        y = _top(rows[step.source]) + BOX_HEIGHT
        parts.append(f'<path class="flow-main" marker-end="url(#flow-tip)" d="M{x + 40} {y} V{y + GAP - 2}"/>')
        parts.append(
            f'<text class="flow-label" x="{x + 52}" y="{y + GAP / 2 + 4:g}">{escape(step.title(locale))}</text>'
        )
    for state in definition.states:
        y, kind = _top(rows[state.code]), " closed" if state.code == CLOSED else ""
        kind = " initial" if state.code == definition.initial else kind
        parts.append(f'<rect class="flow-box{kind}" x="{x}" y="{y}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="9"/>')
        parts.append(
            f'<text class="flow-title" x="{x + 14}" y="{y + 22}">{escape(_cut(state.title(locale), 30))}</text>'
        )
        if state.days:
            below = escape(working_days.format(n=state.days))
            parts.append(f'<text class="flow-note" x="{x + 14}" y="{y + 40}">{below}</text>')
    parts.append("</svg>")
    return "".join(parts)


def _lanes(arcs: list[Step], rows: dict[str, int]) -> list[tuple[Step, int]]:
    """Each arc with its lane; arcs of one trigger to one place share one.

    Shorter arcs lie nearer to the boxes, and of those that lead back the ones that arrive higher, so that none crosses
    another's label.
    """
    found: list[tuple[Step, int]] = []
    taken: dict[tuple[bool, str, str], int] = {}
    counts = {True: 0, False: 0}

    def order(step: Step) -> int:
        span = rows[step.dest] - rows[step.source]
        return rows[step.dest] if span < 0 else span

    for step in sorted(arcs, key=order):
        is_back = rows[step.dest] < rows[step.source]
        key = (is_back, step.trigger, step.dest)
        if key not in taken:
            taken[key] = counts[is_back]
            counts[is_back] += 1
        found.append((step, taken[key]))
    return found


def _arc(step: Step, lane: int, rows: dict[str, int], x: int, locale: str) -> str:
    source, dest = rows[step.source], rows[step.dest]
    y1, y2 = _top(source) + BOX_HEIGHT // 2, _top(dest) + BOX_HEIGHT // 2
    is_back = dest < source
    edge = x if is_back else x + BOX_WIDTH
    far = x - 14 - LANE * lane if is_back else x + BOX_WIDTH + 200 + LANE * lane
    end = edge - 2 if is_back else edge + 2
    line = f"M{edge} {y1 - 6} H{far} V{y2 + 6} H{end}"
    path = f'<path class="flow-side" marker-end="url(#flow-tip)" d="{line}"/>'
    if is_back:
        return path
    text = _cut(step.title(locale), 26)
    return path + f'<text class="flow-label side" x="{edge + 10}" y="{y1 - 11}">{escape(text)}</text>'


def _top(row: int) -> int:
    return TOP + row * (BOX_HEIGHT + GAP)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
