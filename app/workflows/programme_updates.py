"""A newer version of a template brought to a running programme: measure by measure, as a person chooses."""

from __future__ import annotations

from collections.abc import Set
from datetime import datetime

from sqlalchemy.orm import Session

from app import policy
from app.errors import Reason, Refused
from app.models import Programme, ProgrammeMeasure
from app.policy import Actor, Permission
from app.roadmaps import Change, Template, changes, load_templates, newer
from app.terms import MeasureChange, ProgrammeStatus, TaskStatus
from app.workflows import programme_dates, programmes


def template_of(programme: Programme) -> Template | None:
    """The template as it is shipped now, when it is newer than the one the programme stands on."""
    template = load_templates().get(programme.template_id)
    return template if newer(template, programme.template_version) else None


def differences(programme: Programme, template: Template) -> list[Change]:
    """What the newer template changes; measures that the programme wrote itself are nobody's to change."""
    before = {row.number: row.of_template for row in programme.measures if row.of_template is not None}
    return changes(before, template)


def apply(
    session: Session,
    programme_id: int,
    chosen: Set[str],
    template: Template,
    *,
    actor: Actor,
    at: datetime,
    expected_version: int,
) -> list[Change]:
    """Bring the chosen measures up to the newer template; the others stay as they are.

    A change or a removal that was not chosen is not asked about again; an addition is, with the next version.

    Reports on what was done are never touched: a changed measure keeps its settled tasks, a removed one is left out
    with the reason, and its planned tasks go.

    Raises
    ------
    NotPermitted, NotFound, Conflict, Refused
        Refused: the template is not newer, or a number was chosen that does not differ.
    """
    policy.require(actor, Permission.PROGRAMME_KEEP)
    programme = programmes.own(programmes.find(session, programme_id, expected_version), actor)
    if not newer(template, programme.template_version):
        raise Refused(
            Reason(
                "not_newer",
                f"Программа уже стоит на версии {programme.template_version} шаблона.",
                f"The programme stands on version {programme.template_version} of the template already.",
            )
        )
    found = differences(programme, template)
    unknown = chosen - {change.number for change in found}
    if unknown:
        raise Refused(
            Reason(
                "unknown_change",
                f"Таких отличий уже нет: {', '.join(sorted(unknown))}. Обновите страницу.",
                "Some of the chosen differences are gone. Reload the page.",
            )
        )
    rows = {row.number: row for row in programme.measures}
    positions = {measure.number: n for n, measure in enumerate(template.measures)}
    applied = [change for change in found if change.number in chosen]
    for change in applied:
        if change.change is MeasureChange.ADDED:
            assert change.after is not None
            session.add(programmes.measure_row(programme, change.after, positions[change.number]))
        elif change.change is MeasureChange.CHANGED:
            _change(rows[change.number], change)
        else:
            rows[change.number].left_out_reason = f"Исключено в версии {template.version} шаблона"
            rows[change.number].of_template = None
    for change in found:
        # What the person did not choose counts as answered: the next diff is against this version.
        if change.number not in chosen and change.number in rows:
            rows[change.number].of_template = change.after.to_json() if change.after else None
    before = programme.template_version
    programme.template_version, programme.template_sha256 = template.version, template.sha256
    sections = [vars(section) for section in template.sections]
    known = {section["id"] for section in sections}
    programme.sections = sections + [section for section in programme.sections if section["id"] not in known]
    programme.source = template.source
    session.flush()
    session.refresh(programme, ["measures"])
    moved = programme_dates.follow(session, programme) if programme.status is not ProgrammeStatus.DRAFT else []
    programmes.record(
        session,
        programme,
        "programme:update",
        actor=actor,
        at=at,
        facts={
            "from": before,
            "to": template.version,
            "applied": {change.number: change.change.value for change in applied},
            "kept": sorted(change.number for change in found if change.number not in chosen),
            "tasks": len(moved),
        },
    )
    return applied


def _change(row: ProgrammeMeasure, change: Change) -> None:
    """Fields that the template changed; what was reworded by hand and did not change there stays."""
    assert change.after is not None
    values = programmes.template_fields(change.after)
    for name in change.fields:
        setattr(row, name, values[name])
    row.of_template = change.after.to_json()


def settled(row: ProgrammeMeasure) -> int:
    """How many tasks of a measure somebody has reported on."""
    return sum(task.status is not TaskStatus.PLANNED for task in row.tasks)
