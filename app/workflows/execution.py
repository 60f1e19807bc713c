"""Carrying a plan out: a task of a programme or an item of a road map is done, waived, moved or taken up again.

The verbs of programmes and road maps find the row, ask the policy, call these and write the journal.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from app.calendars import Due
from app.days import day_of
from app.errors import Conflict, Reason, Refused
from app.models.programmes import ProgrammeTask
from app.models.road_maps import RoadMapItem
from app.policy import Actor
from app.storage import ObjectStore
from app.terms import ATTENDED_KINDS, TaskKind, TaskStatus
from app.workflows import evidence_files

Row = ProgrammeTask | RoadMapItem
SHORTEST_REASON = 10


@dataclass(frozen=True)
class Report:
    """What is said when a thing is done; at least one of note, link and file. `file` is name and bytes."""

    done_on: date
    note: str = ""
    link: str = ""
    file: tuple[str, bytes] | None = None
    n_people: int | None = None


def done(
    session: Session, row: Row, kind: TaskKind, report: Report, store: ObjectStore, *, actor: Actor, at: datetime
) -> None:
    """Mark as done with its evidence.

    Raises
    ------
    Refused
        With every reason: settled already, the day is ahead, no evidence, no link one can follow, how many came.
    """
    _open(row)
    note, link = report.note.strip(), report.link.strip()
    reasons = []
    if report.done_on > day_of(at):
        reasons.append(Reason("future", "День выполнения ещё не наступил.", "The day it was done on is still ahead."))
    if not (note or link or report.file):
        reasons.append(
            Reason(
                "no_evidence",
                "Нужно подтверждение: приложите файл, дайте ссылку или опишите, где документ.",
                "Evidence is needed: attach a file, give a link, or say where the document is.",
            )
        )
    if note and len(note) < SHORTEST_REASON and not (link or report.file):
        reasons.append(
            Reason(
                "short_note",
                "Опишите подтверждение хотя бы одним предложением: документ, номер, дата.",
                "Describe the evidence in at least one sentence: document, number, date.",
            )
        )
    if link and (urlsplit(link).scheme not in ("http", "https") or not urlsplit(link).netloc or len(link) > 1000):
        reasons.append(
            Reason(
                "bad_link",
                "Ссылка начинается с http:// или https:// и ведёт на страницу.",
                "A link begins with http:// or https://.",
            )
        )
    if kind in ATTENDED_KINDS and report.n_people is None:
        reasons.append(Reason("no_people", "Скажите, сколько человек участвовало.", "Say how many people took part."))
    if report.n_people is not None and not 0 <= report.n_people <= 100_000:
        reasons.append(Reason("people", "Число участников — от 0 до 100 000.", "Participants: 0 to 100,000."))
    if reasons:
        raise Refused(*reasons)
    if report.file is not None:
        row.file_sha256, row.file_name = evidence_files.keep(store, *report.file)
    row.status, row.done_on, row.note, row.link = TaskStatus.DONE, report.done_on, note, link or None
    row.n_people = report.n_people
    _settled(row, actor, at)
    session.flush()


def waive(session: Session, row: Row, reason: str, *, actor: Actor, at: datetime) -> None:
    """Take off the plan, with a reason."""
    _open(row)
    row.status, row.waived_reason = TaskStatus.WAIVED, said(reason)
    _settled(row, actor, at)
    session.flush()


def move(session: Session, row: Row, due_on: date, reason: str) -> date | None:
    """Pin another day, with a reason; return the one it had. A pinned day no longer follows its rule.

    The same day may be pinned where the row has lost its event: then a reason is what it lacks.
    """
    _open(row)
    before = row.due_on
    if before == due_on and not row.is_groundless:
        raise Refused(Reason("same_day", "Это тот же день. Выберите другой.", "It is the same day. Choose another."))
    row.due_on, row.is_pinned, row.pinned_reason = due_on, True, said(reason)
    if row.starts_on is not None and row.starts_on > due_on:
        row.starts_on = due_on
    session.flush()
    return before


def unpin(session: Session, row: Row, due: Due) -> None:
    """Let the row follow its rule again."""
    _open(row)
    row.is_pinned, row.pinned_reason = False, None
    row.take(due)
    session.flush()


def reopen(session: Session, row: Row) -> None:
    """Take up again what was done or waived: what was reported leaves the row and stays in the journal."""
    if row.status is TaskStatus.PLANNED:
        raise Refused(Reason("not_settled", "Мероприятие и так открыто.", "It is open already."))
    row.status = TaskStatus.PLANNED
    row.done_on = row.waived_reason = row.link = row.file_sha256 = row.file_name = row.n_people = None
    row.note, row.settled_by_id, row.settled_by_name, row.settled_at = "", None, None, None
    session.flush()


def fresh(row: Row, expected_version: int) -> None:
    """Refuse a page that is older than the row."""
    if row.version != expected_version:
        raise Conflict("Мероприятие уже изменил другой человек. Проверьте введённое и отправьте ещё раз.")


def said(reason: str) -> str:
    """The reason, when it says something."""
    if len(reason.strip()) < SHORTEST_REASON:
        raise Refused(
            Reason(
                "no_reason",
                "Объясните причину хотя бы одним предложением.",
                "Give the reason in at least one sentence.",
            )
        )
    return reason.strip()


def is_overdue(row: Row, today: date) -> bool:
    return row.status is TaskStatus.PLANNED and row.due_on is not None and row.due_on < today


def _open(row: Row) -> None:
    if row.status is not TaskStatus.PLANNED:
        raise Refused(
            Reason(
                "settled",
                f"Мероприятие уже отмечено: {row.status.ru}. Чтобы изменить отметку, откройте его снова.",
                f"It is settled already: {row.status.en}. Take it up again to change that.",
            )
        )


def _settled(row: Row, actor: Actor, at: datetime) -> None:
    row.settled_by_id, row.settled_by_name, row.settled_at = actor.user_id, actor.name, at
