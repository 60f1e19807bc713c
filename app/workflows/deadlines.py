"""Deadlines that a region or a department sets for itself: set by a rule, done, pinned, let loose."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import policy
from app.calendars import Due, Span, academic_year, occurrences, parse_rule
from app.days import day_of
from app.errors import Conflict, NotFound, NotPermitted, Reason, Refused
from app.models import Deadline
from app.policy import Actor, Permission
from app.terms import EventKind
from app.workflows import case_moves, journal, pinning
from app.workflows.calendar_world import world_of
from app.workflows.case import open_case_of


def set_deadline(
    session: Session,
    *,
    title: str,
    rule: Mapping[str, Any],
    year: date,
    responsible: str = "",
    source: str = "",
    municipality_id: int | None = None,
    case_id: int | None = None,
    actor: Actor,
    at: datetime,
) -> list[Deadline]:
    """Set a deadline by its rule: a row for each occurrence of the academic year of the day `year`, from today on.

    One that counts from a move of the case `case_id` waits without a day until the move is made.

    Raises
    ------
    Refused
        The rule is wrong, or gives no day in the rest of that year (the event it hangs on is not in the calendar).
    """
    policy.require(actor, Permission.CALENDAR_KEEP)
    place = municipality_id if actor.is_regional else actor.municipality_id
    if not title.strip():
        raise Refused(Reason("no_title", "Напишите, что нужно сделать.", "Say what is to be done."))
    parsed = parse_rule(rule)
    world = world_of(session)
    whole = academic_year(year)
    if whole.ends_on < day_of(at):
        raise Refused(
            Reason("year_over", "Этот учебный год уже кончился: выберите другой.", "That academic year is over.")
        )
    span = Span(max(whole.starts_on, day_of(at)), whole.ends_on)
    case = open_case_of(session, case_id) if case_id is not None else None
    if case is not None:
        place = case.municipality_id
    moves = case_moves.anchors(session, {case.id}).get(case.id, []) if case is not None else []
    found: list[Due | None] = list(occurrences(parsed, (*world.anchors(place), *moves), world.calendar(place), span))
    if not found and case is not None and parsed.event is EventKind.CASE_MOVE:
        found = [None]
    if not found:
        raise Refused(
            Reason(
                "no_occurrence",
                f"До {span.ends_on:%d.%m.%Y} правило «{parsed.words()}» не даёт ни одного дня. Если оно считает от "
                "события, внесите событие в календарь.",
                f"Until {span.ends_on:%Y-%m-%d} the rule “{parsed.words('en')}” gives no day. If it counts from an "
                "event, enter the event in the calendar.",
                "/calendar/",
            )
        )
    rows = []
    for due in found:
        row = Deadline(
            title=title.strip()[:300],
            rule=parsed.to_json(),
            responsible=responsible.strip()[:200],
            source=source.strip()[:400],
            case_id=case_id,
            municipality_id=place,
            school_id=case.school_id if case is not None else None,
            recorded_by_name=actor.name,
            recorded_at=at,
        )
        if due is not None:
            row.take(due)
        rows.append(row)
    session.add_all(rows)
    session.flush()
    _journal(session, rows[0], "deadline:set", actor=actor, at=at, facts={"rule": rows[0].rule, "rows": len(rows)})
    return rows


def finish(session: Session, deadline_id: int, *, actor: Actor, at: datetime, expected_version: int) -> Deadline:
    """Mark a deadline done; nothing moves it any more."""
    row = _open(session, deadline_id, actor, expected_version)
    row.done_at, row.done_by_name = at, actor.name
    session.flush()
    _journal(session, row, "deadline:done", actor=actor, at=at)
    return row


def pin(
    session: Session,
    deadline_id: int,
    *,
    reason: str,
    on: date | None,
    actor: Actor,
    at: datetime,
    expected_version: int,
) -> Deadline:
    """Pin a deadline to its day or to another one."""
    row = _open(session, deadline_id, actor, expected_version)
    was = row.due_on
    pinning.pin(row, reason=reason, on=on)
    session.flush()
    facts = {"was": str(was), "due_on": str(row.due_on)}
    _journal(session, row, "deadline:pin", actor=actor, at=at, reason=row.pinned_reason or "", facts=facts)
    return row


def unpin(session: Session, deadline_id: int, *, actor: Actor, at: datetime, expected_version: int) -> Deadline:
    """Let a deadline follow its rule again."""
    row = _open(session, deadline_id, actor, expected_version)
    was = row.due_on
    pinning.unpin(session, row)
    session.flush()
    _journal(session, row, "deadline:unpin", actor=actor, at=at, facts={"was": str(was), "due_on": str(row.due_on)})
    return row


def take_event(
    session: Session, deadline_id: int, *, key: str, actor: Actor, at: datetime, expected_version: int
) -> Deadline:
    """Let a deadline whose event was taken out of the calendar follow another event that its rule fits.

    Parameters
    ----------
    key : str
        Key of the occurrence, one of `pinning.other_events`.
    """
    row = _open(session, deadline_id, actor, expected_version)
    was = row.due_on
    pinning.take_event(session, row, key)
    session.flush()
    facts = {"was": str(was), "due_on": str(row.due_on), "occurrence": row.occurrence}
    _journal(session, row, "deadline:take_event", actor=actor, at=at, facts=facts)
    return row


def _open(session: Session, deadline_id: int, actor: Actor, expected_version: int) -> Deadline:
    policy.require(actor, Permission.CALENDAR_KEEP)
    row = session.scalars(select(Deadline).where(Deadline.id == deadline_id)).first()
    if row is None:
        raise NotFound("Срок не найден или относится к другой территории.")
    if not actor.is_regional and row.municipality_id != actor.municipality_id:
        raise NotPermitted(Reason("foreign_deadline", "Срок региона меняет регион.", "The region keeps its deadlines."))
    if row.version != expected_version:
        raise Conflict("Этот срок уже изменил другой человек. Обновите страницу.", version=row.version)
    if row.done_at is not None:
        raise Refused(Reason("already_done", "Этот срок уже отмечен выполненным.", "This is done already."))
    return row


def _journal(
    session: Session,
    row: Deadline,
    action: str,
    *,
    actor: Actor,
    at: datetime,
    reason: str = "",
    facts: dict[str, Any] | None = None,
) -> None:
    journal.append(
        session,
        actor=actor,
        at=at,
        action=action,
        subject="deadline",
        subject_id=row.id,
        reason=reason,
        facts={"title": row.title, **(facts or {})},
        municipality_id=row.municipality_id,
        school_id=row.school_id,
    )
