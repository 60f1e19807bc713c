"""What the pages of one programme show: a calendar of the year, a table, progress, what a newer template changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Response, request
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from app import auth
from app.admin import choices, export, plan_forms, words
from app.admin.plan_forms import Told
from app.calendars import Due
from app.errors import Reason, Refused
from app.models import Document, Programme, ProgrammeMeasure, ProgrammeTask
from app.policy import Permission, holds
from app.roadmaps import Measure
from app.statistics import programmes as figures
from app.terms import ProgrammeStatus, TaskKind, TaskStatus
from app.workflows import programme_dates, programme_papers, programme_updates
from app.workflows.execution import is_overdue

TABS = ("calendar", "table", "progress")


@dataclass(frozen=True)
class Quarter:
    """A quarter of the academic year with the tasks that fall due in it."""

    title: str
    rows: list[ProgrammeTask]
    is_now: bool


def show(programme: Programme, told: Told) -> dict[str, Any]:
    """Everything the page of a programme needs."""
    session, today = auth.db(), words.today()
    tab = request.args.get("tab", "")
    is_draft = programme.status is ProgrammeStatus.DRAFT
    tab = "table" if is_draft or tab not in TABS else tab
    if not request.args.get("tab") and not is_draft:
        tab = "calendar"
    measures = session.scalars(
        select(ProgrammeMeasure)
        .where(ProgrammeMeasure.programme_id == programme.id)
        .options(selectinload(ProgrammeMeasure.tasks))
        .order_by(ProgrammeMeasure.position)
    ).all()
    tasks = figures.tasks_of(session, programme.id)
    shifts = [] if is_draft else programme_dates.shifts(session, programme)
    may_keep = auth.actor().may(Permission.PROGRAMME_KEEP) and holds(auth.actor(), programme)
    kind, which = request.args.get("kind", ""), request.args.get("state", "")
    documents = session.scalars(
        select(Document).where(Document.programme_id == programme.id).order_by(Document.id.desc())
    ).all()
    return {
        "programme": programme,
        "year": f"{programme.first_year}/{programme.first_year + 1}",
        "tab": tab,
        "is_draft": is_draft,
        "told": told,
        "whole": figures.whole(tasks, today),
        "sections": _sections(programme, measures, kind, which, today),
        "titles": section_titles(programme),
        "progress": figures.by_section(programme, tasks, today),
        "late": figures.overdue(tasks, today),
        "quarters": quarters(programme, tasks, today),
        "unending": [task for task in tasks if task.due_on is None],
        "waiting": [m for m in measures if m.left_out_reason is None and not m.tasks and not is_draft],
        "shifts": shifts if may_keep else [],
        "may_keep": may_keep,
        "is_regions": programme.municipality_id is None and not auth.actor().is_regional,
        "drafted": _drafted(programme) if is_draft else {},
        "newer": programme_updates.template_of(programme),
        "documents": documents if auth.actor().may(Permission.DOCUMENT_READ) else [],
        "kinds": choices.terms(TaskKind),
        "kind": kind,
        "which": which,
        "state_of": plan_forms.state,
        "when_of": lambda measure: plan_forms.when(measure.rule, measure.when_note),
        "who_of": who_of,
        "what_of": what_of,
        "days_of": days_of,
    }


def section_titles(programme: Programme) -> dict[str, str]:
    key = "title_en" if words.locale() == "en" else "title"
    return {section["id"]: section[key] for section in programme.sections}


def what_of(measure: ProgrammeMeasure) -> str:
    """The measure in the reader's language; one that was reworded is read as it was written."""
    said = measure.of_template or {}
    return str(said["en"]) if words.locale() == "en" and said.get("what") == measure.what else measure.what


def who_of(measure: ProgrammeMeasure) -> str:
    return measure.responsible_name or plan_forms.parties(measure.roles)


def days_of(dues: list[Due]) -> str:
    """Days of several occurrences in a line."""
    days = [due.due_on for due in dues if due.due_on is not None]
    said = ", ".join(words.day(day, "short") for day in days[:4])
    return said + (_(" и ещё %(n)s", n=len(days) - 4) if len(days) > 4 else "")


def when_of(measure: Measure, dues: list[Due]) -> str:
    """The days of a previewed measure, or why there are none yet."""
    if any(due.due_on for due in dues):
        return days_of(dues)
    return _("весь год") if dues else _("ждёт события")


def quarters(programme: Programme, tasks: list[ProgrammeTask], today: date) -> list[Quarter]:
    """The year in four quarters from September; what is due outside it stands in the nearest one."""
    year = programme.first_year
    bounds = [date(year, 12, 1), date(year + 1, 3, 1), date(year + 1, 6, 1)]
    titles = (
        _("Сентябрь – ноябрь %(year)s", year=year),
        _("Декабрь – февраль %(year)s", year=year + 1),
        _("Март – май %(year)s", year=year + 1),
        _("Июнь – август %(year)s", year=year + 1),
    )
    parted: list[list[ProgrammeTask]] = [[], [], [], []]
    for task in tasks:
        if task.due_on is not None:
            parted[sum(task.due_on >= bound for bound in bounds)].append(task)
    is_inside = date(year, 9, 1) <= today < date(year + 1, 9, 1)
    now = sum(today >= bound for bound in bounds) if is_inside else None
    return [Quarter(title, parted[n], n == now) for n, title in enumerate(titles)]


def export_of(programme: Programme, kind: str) -> Response:
    """Tasks of a programme as a file, by section, with what was reported."""
    if kind not in export.MIMETYPES:
        raise Refused(Reason("export_kind", _("Список выгружается в xlsx или csv.")))
    titles = [
        *(_("Раздел"), _("№"), _("Мероприятие"), _("Вид"), _("Срок"), _("Кто отвечает"), _("Состояние")),
        *(_("Выполнено"), _("Подтверждение"), _("Причина")),
    ]
    sections, rows = section_titles(programme), []
    for task in figures.tasks_of(auth.db(), programme.id):
        measure = task.measure
        rows.append(
            [
                sections.get(measure.section, measure.section),
                measure.number,
                what_of(measure),
                words.title(measure.kind),
                task.due_on or _("постоянно"),
                who_of(measure),
                plan_forms.state(task)[0],
                task.done_on,
                programme_papers.evidence(task) if task.status is TaskStatus.DONE else "",
                task.waived_reason or task.pinned_reason or "",
            ]
        )
    rows += [[]]
    for part in figures.by_section(programme, figures.tasks_of(auth.db(), programme.id), words.today()):
        said = _("всего %(n)s, выполнено %(done)s, снято %(waived)s, просрочено %(late)s", n=part.n, done=part.n_done,
                 waived=part.n_waived, late=part.n_overdue)  # fmt: skip
        rows.append([part.title, "", said, "", "", "", "", "", words.percent(part.share), ""])
    note = _("Выгрузил(а) %(who)s %(at)s.", who=auth.actor().name, at=words.moment(auth.now()))
    content = export.as_csv(titles, rows) if kind == "csv" else export.as_xlsx(titles, rows, _("Программа"), note)
    auth.note("programme:export", "programme", programme.id, rows=len(rows), kind=kind)
    return export.attachment(content, f"{programme.title[:80]}.{kind}", export.MIMETYPES[kind])


def update(programme: Programme, told: Told) -> dict[str, Any]:
    """What a newer template changes, each difference with the field before and after."""
    template = programme_updates.template_of(programme)
    assert template is not None
    rows = {row.number: row for row in programme.measures}
    return {
        "programme": programme,
        "newer": template,
        "changes": programme_updates.differences(programme, template),
        "rows": rows,
        "settled": {number: programme_updates.settled(row) for number, row in rows.items()},
        "told": told,
        "said": _said,
        "field_titles": {
            "section": _("Раздел"), "kind": _("Вид"), "what": _("Мероприятие"), "rule": _("Срок"),
            "when_note": _("Пояснение срока"), "year_shift": _("Год"), "roles": _("Кто отвечает"),
            "result": _("Результат"), "evidence": _("Подтверждение"), "is_outside": _("Вне темы объективности"),
        },
    }  # fmt: skip


def _said(measure: Any, name: str) -> str:
    """One field of a measure kept as plain values, in words."""
    value = measure[name]
    if name == "rule":
        return plan_forms.when(value)
    if name == "roles":
        return plan_forms.parties(value)
    if name == "kind":
        return words.title(TaskKind(value))
    if isinstance(value, bool):
        return _("да") if value else _("нет")
    return str(value)


def _sections(
    programme: Programme, measures: Any, kind: str, which: str, today: date
) -> list[tuple[str, list[ProgrammeMeasure]]]:
    """Measures by section, narrowed to a kind and to a state of their tasks."""

    def fits(measure: ProgrammeMeasure) -> bool:
        if kind and measure.kind != kind:
            return False
        if which == "overdue":
            return any(is_overdue(task, today) for task in measure.tasks)
        if which == "left_out":
            return measure.left_out_reason is not None
        return not which or any(task.status == which for task in measure.tasks)

    titles = section_titles(programme)
    found = [(title, [m for m in measures if m.section == key and fits(m)]) for key, title in titles.items()]
    return [(title, rows) for title, rows in found if rows]


def _drafted(programme: Programme) -> dict[int, list[Due]]:
    """Days that the measures of a draft would fall on."""
    found: dict[int, list[Due]] = {}
    for shift in programme_dates.shifts(auth.db(), programme):
        if shift.due is not None:
            found.setdefault(shift.measure.id, []).append(shift.due)
    return found
