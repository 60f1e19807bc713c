"""`obektiv bench planner`: the planner against the greedy baseline on seeded regions, with the bound proved.

The baseline is the rule a careful clerk follows: the hardest need first, each to whoever adds least now. Both are
priced by one function, and both are checked for broken rules.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import numpy as np

from app.planning.greedy import greedy
from app.planning.index import make_index
from app.planning.ledger import breaches, cost
from app.planning.plan import make_plan
from app.planning.rules import load_rules
from app.planning.simulate import simulate

SIZES = ((20, 12), (60, 30), (150, 60), (400, 120), (1000, 300))
_QUICK = 3


@dataclass(frozen=True)
class Compared:
    """One region: costs in minutes of travel, times in seconds.

    `ratio` is the baseline's cost by the planner's, where both serve as many seats; `gap` how far the planner's cost
    may be from the best. `times` split the whole answer, `processor_seconds` is what it computed for: on a busy
    machine a good deal less.
    """

    cases: int
    people: int
    needs: int
    seats: int
    greedy_cost: float
    plan_cost: float
    ratio: float | None
    greedy_travel: float
    plan_travel: float
    greedy_unserved: int
    plan_unserved: int
    is_shortage_minimal: bool
    people_missing: int
    greedy_max_load: float
    plan_max_load: float
    gap: float
    is_proved: bool
    greedy_seconds: float
    times: dict[str, float]
    total_seconds: float
    processor_seconds: float
    broken: int


def compare(n_cases: int, n_people: int, *, seed: int, seconds: float) -> Compared:
    """Both ways on one seeded region."""
    problem = simulate(n_cases, n_people, seed=seed)
    started = time.perf_counter()
    index = make_index(problem)
    base = greedy(index)
    greedy_seconds = time.perf_counter() - started
    processor = time.process_time()
    plan = make_plan(problem, seconds=seconds)
    processor_seconds = time.process_time() - processor
    visits = base.visits_made()
    base_cost = cost(index, visits)
    first, second = base_cost.total, plan.cost.total
    unserved = base.n_empty(), sum(plan.unserved.values())
    return Compared(
        cases=n_cases,
        people=n_people,
        needs=len(index.needs),
        seats=int(index.seats.sum()),
        greedy_cost=first,
        plan_cost=second,
        ratio=first / second if unserved[0] == unserved[1] and second else None,
        greedy_travel=base_cost.travel,
        plan_travel=plan.cost.travel,
        greedy_unserved=unserved[0],
        plan_unserved=unserved[1],
        is_shortage_minimal=plan.is_shortage_minimal,
        people_missing=sum(shortage.people for shortage in plan.shortages),
        greedy_max_load=float(np.max(base.load)),
        plan_max_load=plan.max_load,
        gap=plan.gap,
        is_proved=plan.is_pruning_proved,
        greedy_seconds=greedy_seconds,
        times=asdict(plan.times),
        total_seconds=plan.times.total,
        processor_seconds=processor_seconds,
        broken=len(breaches(index, visits)) + len(breaches(index, plan.visits)),
    )


@click.command("planner")
@click.option("--seed", default=2026, show_default=True, help="Число-ключ регионов")
@click.option("--seconds", type=float, help="Время на весь ответ о регионе; без ключа — из правил плана")
@click.option("--quick", is_flag=True, help="Только малые регионы")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Куда записать JSON")
def command(seed: int, seconds: float | None, quick: bool, out: Path | None) -> None:
    """План назначений против жадного правила: цена, нагрузка, необеспеченные места, время, доказанный зазор."""
    limit = load_rules().seconds if seconds is None else seconds
    rows = []
    click.echo(f"ключ {seed}, на ответ {limit:g} с, нагрузка машины {os.getloadavg()[0]:.1f} на {os.cpu_count()} ядра")
    click.echo(
        "дел×людей   мест   жадно    план  отнош.  путь, мин   не обесп. не хватает макс.нагр.   зазор |"
        "  задача   поиск причины нехватка   всего процессор, с"
    )
    for n_cases, n_people in SIZES[: _QUICK if quick else None]:
        row = compare(n_cases, n_people, seed=seed, seconds=limit)
        rows.append(row)
        ratio = f"{row.ratio:.3f}" if row.ratio else "—"
        sign = "" if row.is_shortage_minimal else "≤"
        click.echo(
            f"{row.cases:>4}×{row.people:<5}{row.seats:>6}{row.greedy_cost:>8.0f}{row.plan_cost:>8.0f}{ratio:>8}"
            f"{row.greedy_travel:>7.0f}→{row.plan_travel:<6.0f}"
            f"{row.greedy_unserved:>6}→{row.plan_unserved:<4}{f'{sign}{row.people_missing}':>10}"
            f"{row.greedy_max_load:>7.0f}→{row.plan_max_load:<4.0f}{row.gap:>8.2%} |"
            + "".join(f"{row.times[part]:>8.2f}" for part in ("build", "solve", "explain", "shortage"))
            + f"{row.total_seconds:>8.2f}{row.processor_seconds:>9.2f}"
        )
    if any(row.broken for row in rows):
        raise click.ClickException("нарушены запреты: это ошибка программы")
    if out is not None:
        kept = {"seed": seed, "seconds": limit, "rows": [asdict(row) for row in rows]}
        out.write_text(json.dumps(kept, indent=1), encoding="utf-8")
