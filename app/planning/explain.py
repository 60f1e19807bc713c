"""Each pair of a plan with its reason in words, what it costs and who would come next."""

from __future__ import annotations

import numpy as np

from app.errors import Reason
from app.planning.index import NO_DAY, Index
from app.planning.ledger import Ledger
from app.planning.problem import CostParts, NextBest, Pair

_SAME = 1e-9


def explain(index: Index, ledger: Ledger) -> tuple[Pair, ...]:
    """Every seat of `ledger`: taken out, priced against everybody who could sit there, and put back.

    The rest of the plan stays as it is meanwhile: the next best is who would come if only this seat changed.
    """
    return tuple(_pair(index, ledger, n, c) for n in range(len(index.needs)) for c in ledger.people_of(n))


def settle(ledger: Ledger) -> None:
    """Of people who would cost the same on a seat, the one with the lowest id gets it.

    Which of two equal plans the search ends with is an accident of its arithmetic; what people see must not be. Each
    change lowers the sum of ids, so that the rounds end.
    """
    index = ledger.index
    is_settled = False
    while not is_settled:
        is_settled = True
        for n in range(len(index.needs)):
            pinned = {index.person_of[pin.person_id] for pin in index.pins.get(n, ())}
            for c in ledger.people_of(n):
                if c in pinned:
                    continue
                day = ledger.take(n, c)
                prices = ledger.prices(n, int(np.flatnonzero(index.need_days[n] == day)[0]))
                lower = np.flatnonzero(prices[:c] <= prices[c] + _SAME)
                ledger.put(n, int(lower[0]) if len(lower) else c, day)
                is_settled &= not len(lower)


def _pair(index: Index, ledger: Ledger, n: int, c: int) -> Pair:
    need, person, rules = index.needs[n], index.people[c], index.rules
    after = float(ledger.load[c])
    day = ledger.take(n, c)
    before = float(ledger.load[c])
    position = int(np.flatnonzero(index.need_days[n] == day)[0])
    own = float(ledger.prices(n, position)[c])
    is_bundled = day != NO_DAY and int(ledger.area[c, day]) == int(index.areas[n])
    load = float(index.load_cost(after) - index.load_cost(before))
    travel = 0.0 if is_bundled else rules.travel_weight * float(index.travel[c, index.areas[n]])
    late = 0.0 if day == NO_DAY else rules.late_weight * position / need.seats
    parts = CostParts(load, travel, late, max(own - load - travel - late, 0.0))
    best: NextBest | None = None
    for other in ledger.positions(n):
        prices = ledger.prices(n, other)
        prices[c] = np.inf
        found = int(np.argmin(prices))
        if np.isfinite(prices[found]) and (best is None or prices[found] - own < best.difference - 1e-9):
            on = int(index.need_days[n][other])
            best = NextBest(
                index.people[found].id, None if on == NO_DAY else index.days[on], float(prices[found] - own)
            )
    ledger.put(n, c, day)
    is_pinned = any(pin.person_id == person.id for pin in index.pins.get(n, ()))
    n_possible = int(index.free[n][:, position].sum())
    return Pair(
        need.id,
        person.id,
        None if day == NO_DAY else index.days[day],
        is_pinned,
        parts,
        before,
        after,
        n_possible,
        _reason(index, n, c, position, is_pinned, is_bundled, before, after),
        best,
    )


def _reason(
    index: Index, n: int, c: int, position: int, is_pinned: bool, is_bundled: bool, before: float, after: float
) -> Reason:
    others = np.flatnonzero(index.free[n][:, position])
    minutes = float(index.travel[c, index.areas[n]])
    count = len(others)
    if is_pinned:
        code, ru, en = "pinned", "Выбрано вручную", "Chosen by hand"
    elif count == 1:
        code, ru, en = "only", "Единственный, кому разрешают правила", "The only one the rules allow"
    elif is_bundled:
        code, ru, en = "bundle", "В этот день уже едет по соседству", "Goes to the neighbourhood on that day anyway"
    elif minutes <= float(index.travel[others, index.areas[n]].min()) + 1e-9:
        code, ru, en = "nearest", f"Ближе всех (подходят {count})", f"Nearest of {count} possible"
    elif before <= float(index.load_now[others].min()) + 1e-9:
        code, ru, en = "least_loaded", f"Меньше всех загружен (подходят {count})", f"Least loaded of {count} possible"
    else:
        code = "balance"
        ru = f"Лучшее сочетание пути и нагрузки (подходят {count})"
        en = f"Best balance of travel and load of {count} possible"
    limit = index.limit[c]
    return Reason(
        code,
        f"{ru}: {minutes:.0f} мин. в пути, нагрузка станет {after:g} из {limit:g}.",
        f"{en}: {minutes:.0f} min of travel, the load becomes {after:g} of {limit:g}.",
    )
