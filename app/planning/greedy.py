"""The baseline: needs one after another, the hardest first, each to whoever adds least now.

Also the plan of last resort when the solver's time runs out before it has one.
"""

from __future__ import annotations

import numpy as np

from app.planning.index import Index
from app.planning.ledger import Ledger


def greedy(index: Index) -> Ledger:
    """Serve pinned pairs, then needs with the fewest possible people first; a seat nobody can take stays empty.

    A need for two tries each of its days and takes the one on which both cost least.
    """
    ledger = Ledger(index)
    for n, pins in sorted(index.pins.items()):
        for pin in pins:
            positions = [p for p in ledger.positions(n) if index.free[n][index.person_of[pin.person_id], p]]
            if positions:
                ledger.put(n, index.person_of[pin.person_id], int(index.need_days[n][positions[0]]))
    order = sorted(range(len(index.needs)), key=lambda n: (int(index.possible[n].sum()) / index.seats[n], n))
    for n in order:
        serve(ledger, n)
    return ledger


def serve(ledger: Ledger, need: int) -> None:
    """Fill the empty seats of a need on the day that lets most of them be filled, at the least cost."""
    index = ledger.index
    wanted = int(index.seats[need]) - len(ledger.people_of(need))
    if wanted < 1:
        return
    best: tuple[int, float, int, list[int]] | None = None
    for position in list(ledger.positions(need)):
        day = int(index.need_days[need][position])
        chosen: list[int] = []
        total = 0.0
        for _seat in range(wanted):
            prices = ledger.prices(need, position)
            person = int(np.argmin(prices)) if len(prices) else 0
            if not len(prices) or not np.isfinite(prices[person]):
                break
            total += float(prices[person])
            ledger.put(need, person, day)
            chosen.append(person)
        for person in chosen:
            ledger.take(need, person)
        found = (-len(chosen), total, position, chosen)
        if chosen and (best is None or found[:3] < best[:3]):
            best = found
    if best is not None:
        for person in best[3]:
            ledger.put(need, person, int(index.need_days[need][best[2]]))
