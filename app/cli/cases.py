"""`obektiv cases`: the list of cases."""

from __future__ import annotations

import click

from app.cli.opening import open_context
from app.cli.saying import answer, json_option, speaks, table


@click.command()
@click.option("--state", "states", multiple=True, help="Только в этом состоянии; можно несколько раз.")
@click.option("--year", type=int, help="Только за этот год.")
@json_option
@speaks
def command(states: tuple[str, ...], year: int | None, as_json: bool) -> None:
    """Список дел, самые веские первыми."""
    from sqlalchemy import select

    from app.database import acting
    from app.models import Case, Municipality, School
    from app.policy import SYSTEM
    from app.workflows.definitions import known_states, state_named

    query = (
        select(Case, School, Municipality)
        .join(School, Case.school_id == School.id)
        .join(Municipality, School.municipality_id == Municipality.id)
        .order_by(Case.evidence.desc(), Case.id)
    )
    if states:
        query = query.where(Case.state.in_(states))
    if year is not None:
        query = query.where(Case.year == year)
    context = open_context()
    with acting(context.sessions, SYSTEM) as session:
        known = [state.code for state in known_states(session)]
        unknown = sorted(set(states) - set(known))
        if unknown:
            raise click.BadParameter(f"{', '.join(unknown)}; бывает: {', '.join(known)}", param_hint="--state")
        rows = [
            {
                "id": case.id,
                "number": case.number,
                "year": case.year,
                "kind": case.kind.value,
                "workflow": f"{case.workflow} {case.workflow_version}",
                "state": case.state,
                "state_title": state_named(session, case.workflow, case.workflow_version, case.state).ru,
                "tier": case.tier.value,
                "evidence": case.evidence,
                "school": school.code,
                "school_name": school.name,
                "municipality": municipality.name,
                "opened_at": case.opened_at.isoformat(),
                "entered_at": case.entered_at.isoformat(),
                "closed_at": case.closed_at.isoformat() if case.closed_at else None,
                "verdict": case.verdict.value if case.verdict else None,
                "curator": case.curator_name,
                "version": case.version,
            }
            for case, school, municipality in session.execute(query)
        ]
    if as_json:
        answer(rows)
        return
    if not rows:
        click.echo("Дел нет.")
        return
    table(
        [
            (row["number"], row["state_title"], row["year"], f"{row['evidence']:.2f}", row["school_name"])
            for row in rows
        ],
        ("дело", "состояние", "год", "вес", "школа"),
    )
