"""What plans put on one's day: tasks of programmes, measures and steps of schools' road maps."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import func, or_, select

from app import auth
from app.admin import words
from app.flows import CLOSED
from app.models import Case, Programme, ProgrammeMeasure, ProgrammeTask, RoadMap, RoadMapItem, School
from app.policy import Permission
from app.terms import RoadMapStatus, TaskStatus

if TYPE_CHECKING:
    from app.admin.day import Waiting

AHEAD = timedelta(days=7)


def waiting() -> list[Waiting]:
    """Tasks that are mine or nobody's, due within a week or late; steps of road maps that wait for me."""
    actor = auth.actor()
    found: list[Waiting] = []
    if actor.may(Permission.PROGRAMME_KEEP):
        found += _own_tasks() + _programmes()
    if actor.may(Permission.ROADMAP_ANSWER) or actor.may(Permission.ROADMAP_KEEP):
        found += _road_maps() + _items()
    return found


def _own_tasks() -> list[Waiting]:
    """Tasks assigned to this very person."""
    from app.admin.day import Waiting

    rows = auth.db().execute(
        select(ProgrammeTask.id, ProgrammeTask.due_on, ProgrammeMeasure.what, Programme.title)
        .join(ProgrammeMeasure, ProgrammeMeasure.id == ProgrammeTask.measure_id)
        .join(Programme, Programme.id == ProgrammeTask.programme_id)
        .where(
            ProgrammeTask.status == TaskStatus.PLANNED,
            ProgrammeTask.due_on <= words.today() + AHEAD,
            ProgrammeMeasure.responsible_id == auth.actor().user_id,
        )
        .order_by(ProgrammeTask.due_on)
        .limit(20)
    )
    return [
        Waiting(
            (_rank(row.due_on), float(row.due_on.toordinal())),
            row.title,
            row.what,
            _("Отметить"),
            partial(url_for, "programme_tasks.task", task_id=row.id),
            partial(_facts, row.due_on),
        )
        for row in rows
    ]


def _programmes() -> list[Waiting]:
    """One line a programme for what is late or near in it and is assigned to nobody."""
    from app.admin.day import Waiting

    today = words.today()
    rows = auth.db().execute(
        select(
            Programme.id,
            Programme.title,
            func.count(ProgrammeTask.id).label("n"),
            func.min(ProgrammeTask.due_on).label("first"),
        )
        .join(ProgrammeTask, ProgrammeTask.programme_id == Programme.id)
        .join(ProgrammeMeasure, ProgrammeMeasure.id == ProgrammeTask.measure_id)
        .where(
            ProgrammeTask.status == TaskStatus.PLANNED,
            ProgrammeTask.due_on <= today + AHEAD,
            ProgrammeMeasure.responsible_id.is_(None),
        )
        .group_by(Programme.id, Programme.title)
    )
    return [
        Waiting(
            (_rank(row.first), float(row.first.toordinal())),
            row.title,
            _("исполнить программу"),
            _("Открыть"),
            partial(url_for, "programmes.programme", programme_id=row.id),
            partial(_many, row.n, row.first),
        )
        for row in rows
    ]


STEPS = {
    RoadMapStatus.PROPOSED: (Permission.ROADMAP_ANSWER, lambda: _("согласовать дорожную карту")),
    RoadMapStatus.AGREED: (Permission.ROADMAP_ANSWER, lambda: _("представить дорожную карту на проверку")),
    RoadMapStatus.RETURNED: (Permission.ROADMAP_ANSWER, lambda: _("доработать дорожную карту")),
    RoadMapStatus.SUBMITTED: (Permission.ROADMAP_KEEP, lambda: _("проверить дорожную карту")),
}


def _road_maps() -> list[Waiting]:
    from app.admin.day import Waiting

    actor = auth.actor()
    # What the school is asked is the school's to do; those who check are asked about submitted maps alone.
    mine = [S for S, (right, _said) in STEPS.items() if actor.may(right)]
    if actor.may(Permission.ROADMAP_KEEP):
        mine = [RoadMapStatus.SUBMITTED]
    rows = auth.db().execute(
        select(RoadMap.case_id, RoadMap.status, RoadMap.proposed_at, School.name)
        .join(Case, Case.id == RoadMap.case_id)
        .join(School, School.id == RoadMap.school_id)
        .where(
            RoadMap.status.in_(mine),
            Case.state != CLOSED,
            or_(RoadMap.submitted_by_id.is_(None), RoadMap.submitted_by_id != actor.user_id,
                RoadMap.status != RoadMapStatus.SUBMITTED),
        )
        .order_by(RoadMap.proposed_at)
        .limit(20)
    )  # fmt: skip
    return [
        Waiting(
            (1, float(row.proposed_at.toordinal())),
            row.name,
            STEPS[row.status][1](),
            _("Открыть карту"),
            partial(url_for, "cases.case", case_id=row.case_id, tab="roadmap"),
            partial(_since, row.proposed_at),
        )
        for row in rows
    ]


def _items() -> list[Waiting]:
    """Measures of the school's own road map; a department reads of them on the case's page."""
    from app.admin.day import Waiting

    if auth.actor().may(Permission.ROADMAP_KEEP):
        return []
    rows = auth.db().execute(
        select(RoadMapItem.id, RoadMapItem.what, RoadMapItem.due_on)
        .join(RoadMap, RoadMap.id == RoadMapItem.road_map_id)
        .join(Case, Case.id == RoadMapItem.case_id)
        .where(
            RoadMapItem.status == TaskStatus.PLANNED,
            RoadMapItem.due_on <= words.today() + AHEAD,
            RoadMap.status != RoadMapStatus.PROPOSED,
            Case.state != CLOSED,
        )
        .order_by(RoadMapItem.due_on)
        .limit(20)
    )
    return [
        Waiting(
            (_rank(row.due_on), float(row.due_on.toordinal())),
            _("Дорожная карта"),
            row.what,
            _("Отметить"),
            partial(url_for, "road_maps.item", item_id=row.id),
            partial(_facts, row.due_on),
        )
        for row in rows
    ]


def _rank(due_on: Any) -> int:
    return 1 if due_on < words.today() else 2


def _facts(due_on: Any) -> list[tuple[str, str]]:
    late = (words.today() - due_on).days
    said = words.day(due_on)
    return [(_("Срок"), said + (", " + _("просрочено на %(days)s", days=words.days(late)) if late > 0 else ""))]


def _many(n: int, first: Any) -> list[tuple[str, str]]:
    return [(_("Задач"), words.number(n)), *_facts(first)]


def _since(at: Any) -> list[tuple[str, str]]:
    return [(_("Предложена"), words.day(at))]
