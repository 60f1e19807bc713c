"""The papers of a programme: the programme as approved, and the report on its execution."""

from __future__ import annotations

import hashlib
import json
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.calendars import parse_rule
from app.documents.plans import PlanRow, PlanSection, ProgrammePaper, ProgrammeReport, SectionProgress, TaskLine
from app.models import Document, Programme, ProgrammeMeasure, ProgrammeTask
from app.statistics import programmes as figures
from app.terms import DocumentKind, Party, TaskStatus
from app.workflows import issuing, outbox

NO_DAY = "постоянно"


def request(
    session: Session, programme: Programme, kind: DocumentKind, source_key: str, context: Any, *, at: datetime
) -> Document:
    """Ask for a paper of a programme; asking twice for the same source gives the same row."""
    document = session.scalars(select(Document).where(Document.kind == kind, Document.source_key == source_key)).first()
    if document is None:
        document = Document(
            programme_id=programme.id,
            kind=kind,
            source_key=source_key,
            title=f"{kind.ru}. {programme.title}"[:300],
            number=(programme.number or "")[:40],
            context=issuing.to_json(context),
            requested_at=at,
            municipality_id=programme.municipality_id,
        )
        session.add(document)
        session.flush()
        outbox.add(session, "issue_document", document.id, at=at)
    return document


def programme_paper(session: Session, programme: Programme, place: str) -> ProgrammePaper:
    """The programme with the days its tasks fall on."""
    assert programme.agreed_on is not None
    assert programme.approved_on is not None
    inside = [measure for measure in programme.measures if measure.left_out_reason is None]
    sections = [
        PlanSection(section["title"], tuple(_row(m) for m in inside if m.section == section["id"]))
        for section in programme.sections
    ]
    return ProgrammePaper(
        title=programme.title,
        number=programme.number or "",
        place=place,
        year=f"{programme.first_year}/{programme.first_year + 1} учебный год",
        agreed_by=programme.agreed_by or "",
        agreed_on=programme.agreed_on,
        approved_by=programme.approved_by or "",
        approved_on=programme.approved_on,
        source=programme.source,
        sections=tuple(section for section in sections if section.rows),
        left_out=tuple((m.what, m.left_out_reason) for m in programme.measures if m.left_out_reason is not None),
    )


def report_paper(session: Session, programme: Programme, place: str, *, on: date) -> ProgrammeReport:
    """How far the programme is on a day."""
    tasks = figures.tasks_of(session, programme.id)
    whole = figures.whole(tasks, on)
    return ProgrammeReport(
        title=programme.title,
        number=programme.number or "",
        place=place,
        year=f"{programme.first_year}/{programme.first_year + 1} учебный год",
        on=on,
        n=whole.n,
        n_done=whole.n_done,
        n_waived=whole.n_waived,
        n_overdue=whole.n_overdue,
        share=share(whole.share),
        sections=tuple(
            SectionProgress(row.title, row.n, row.n_done, row.n_waived, row.n_overdue, share(row.share))
            for row in figures.by_section(programme, tasks, on)
        ),
        done=tuple(_line(t, evidence(t)) for t in tasks if t.status is TaskStatus.DONE),
        overdue=tuple(_line(t, who(t.measure)) for t in figures.overdue(tasks, on)),
        waived=tuple(_line(t, t.waived_reason or "") for t in tasks if t.status is TaskStatus.WAIVED),
        moved=tuple(_line(t, t.pinned_reason or "") for t in tasks if t.is_pinned and t.status is TaskStatus.PLANNED),
    )


def who(measure: ProgrammeMeasure) -> str:
    """The person who answers for a measure, else the parties that its template names."""
    return measure.responsible_name or ", ".join(Party(role).ru for role in measure.roles)


def evidence(task: ProgrammeTask) -> str:
    """What proves that a task is done, in one line."""
    parts = [f"{task.done_on:%d.%m.%Y}" if task.done_on else "", task.note, task.link or "", task.file_name or ""]
    people = f"участников {task.n_people}" if task.n_people is not None else ""
    return ", ".join(part for part in (*parts, people) if part)


def share(value: float | None) -> str:
    return "—" if value is None else f"{100 * value:.0f} %"


def digest(context: Any) -> str:
    """A short hash of a paper: the same figures on the same day are one document."""
    body = json.dumps(issuing.to_json(context), ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(body.encode()).hexdigest()[:16]


def _row(measure: ProgrammeMeasure) -> PlanRow:
    days = sorted({task.due_on for task in measure.tasks if task.due_on is not None})
    said = ", ".join(f"{day:%d.%m.%Y}" for day in days[:6]) + (" …" if len(days) > 6 else "")
    in_words = parse_rule(measure.rule).words()
    return PlanRow(
        measure.number,
        measure.what,
        said if days else measure.when_note or in_words,
        who(measure),
        measure.result,
        measure.evidence,
    )


def _line(task: ProgrammeTask, told: str) -> TaskLine:
    due = f"{task.due_on:%d.%m.%Y}" if task.due_on else NO_DAY
    return TaskLine(task.measure.number, task.measure.what, due, told)
