"""`obektiv bench planner`: the planner against the greedy baseline on seeded regions, with the bound proved.

The baseline is the rule a careful clerk follows: the hardest need first, each to whoever adds least now. Both are
priced by one function, and both are checked for broken rules.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import numpy as np

from app.planning.greedy import greedy
from app.planning.index import make_index
from app.planning.ledger import breaches, cost, ledger_of
from app.planning.simulate import simulate
from app.planning.solve import solve

SIZES = ((20, 12), (60, 30), (150, 60), (400, 120), (1000, 300))
_QUICK = 3


@dataclass(frozen=True)
class Compared:
    """One region: costs in minutes of travel, times in seconds.

    `ratio` is the baseline's cost by the planner's, where both serve as many seats; `gap` how far the planner's cost
    may be from the best.
    """

    cases: int
    people: int
    needs: int
    seats: int
    greedy_cost: float
    plan_cost: float
    ratio: float | None
    greedy_unserved: int
    plan_unserved: int
    greedy_max_load: float
    plan_max_load: float
    gap: float
    is_proved: bool
    greedy_seconds: float
    plan_seconds: float
    broken: int


def compare(n_cases: int, n_people: int, *, seed: int, seconds: float) -> Compared:
    """Both ways on one seeded region."""
    problem = simulate(n_cases, n_people, seed=seed)
    started = time.perf_counter()
    index = make_index(problem)
    base = greedy(index)
    between = time.perf_counter()
    found = solve(problem, seconds=seconds)
    ended = time.perf_counter()
    ledger = ledger_of(index, found.visits)
    base_visits = base.visits_made()
    first, second = cost(index, base_visits).total, cost(index, found.visits).total
    seats = int(index.seats.sum())
    unserved = [seats - sum(len(visit.people) for visit in visits) for visits in (base_visits, found.visits)]
    return Compared(
        cases=n_cases,
        people=n_people,
        needs=len(index.needs),
        seats=seats,
        greedy_cost=first,
        plan_cost=second,
        ratio=first / second if unserved[0] == unserved[1] and second else None,
        greedy_unserved=unserved[0],
        plan_unserved=unserved[1],
        greedy_max_load=float(np.max(base.load)),
        plan_max_load=float(np.max(ledger.load)),
        gap=max(0.0, (second - found.lower_bound) / second) if second else 0.0,
        is_proved=found.is_pruning_proved,
        greedy_seconds=between - started,
        plan_seconds=ended - between,
        broken=len(breaches(index, base_visits)) + len(breaches(index, found.visits)),
    )


@click.command("planner")
@click.option("--seed", default=2026, show_default=True, help="Число-ключ регионов")
@click.option("--seconds", default=26.0, show_default=True, help="Время поиска на один регион")
@click.option("--quick", is_flag=True, help="Только малые регионы")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Куда записать JSON")
def command(seed: int, seconds: float, quick: bool, out: Path | None) -> None:
    """План назначений против жадного правила: цена, нагрузка, необеспеченные места, время."""
    rows = []
    click.echo("дел×людей   мест   жадно      план      отнош.  не обесп.  макс.нагр.  зазор   с жадно  с план")
    for n_cases, n_people in SIZES[: _QUICK if quick else None]:
        row = compare(n_cases, n_people, seed=seed, seconds=seconds)
        rows.append(row)
        ratio = f"{row.ratio:.3f}" if row.ratio else "—"
        click.echo(
            f"{row.cases:>4}×{row.people:<5} {row.seats:>5} {row.greedy_cost:>10.0f} {row.plan_cost:>10.0f} "
            f"{ratio:>7} {row.greedy_unserved:>5}→{row.plan_unserved:<4} "
            f"{row.greedy_max_load:>5.0f}→{row.plan_max_load:<5.0f} {row.gap:>6.2%} "
            f"{row.greedy_seconds:>8.2f} {row.plan_seconds:>7.2f}"
        )
    if any(row.broken for row in rows):
        raise click.ClickException("нарушены запреты: это ошибка программы")
    if out is not None:
        out.write_text(json.dumps({"seed": seed, "rows": [asdict(row) for row in rows]}, indent=1), encoding="utf-8")
