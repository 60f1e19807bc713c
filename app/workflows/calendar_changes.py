"""The verbs of the calendar: look at what a change would do, ask for it, and the job that does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import policy
from app.context import AppContext
from app.errors import NotFound, NotPermitted, Reason, Refused
from app.models import CalendarChange, CalendarEntry, CalendarEvent, Municipality, OutboxJob
from app.policy import SYSTEM, Actor, Permission
from app.terms import ChangeKind, ChangeStatus, EntryKind, EventKind
from app.workflows import journal, late_rechecks, notices, outbox, recalculation
from app.workflows.calendar_world import Change, world_of
from app.workflows.recalculation import Followed

LONGEST = timedelta(days=120)
"""Days that one entry may span: the summer vacation is the longest there is."""


def look(session: Session, change: Change, *, actor: Actor) -> list[Followed]:
    """What a change would do to the deadlines in the actor's sight; nothing is written.

    Raises
    ------
    Refused, NotPermitted, NotFound
        The change itself is wrong or not the actor's to make.
    """
    _check(session, change, actor)
    before = world_of(session)
    return [*late_rechecks.at_risk(session, change), *recalculation.preview(session, before, before.changed(change))]


def ask(session: Session, change: Change, *, reason: str, is_told: bool, actor: Actor, at: datetime) -> CalendarChange:
    """Ask for a change; a job applies it and moves the deadlines. Nobody is told unless `is_told`."""
    place = _check(session, change, actor)
    if len(reason.strip()) < 3:
        raise Refused(Reason("no_reason", "Напишите, почему меняется календарь.", "Say why the calendar changes."))
    row = CalendarChange(
        kind=change.kind,
        row_id=change.row_id,
        values={**change.values, **_as_it_was(session, change)},
        reason=reason.strip(),
        is_told=is_told,
        municipality_id=place,
        asked_by_id=actor.user_id,
        asked_by_name=actor.name,
        asked_at=at,
    )
    session.add(row)
    session.flush()
    outbox.add(session, "change_calendar", row.id, at=at)
    journal.append(
        session,
        actor=actor,
        at=at,
        action="calendar:ask",
        subject="calendar",
        subject_id=row.id,
        reason=row.reason,
        facts={"kind": row.kind.value, "row_id": row.row_id, "is_told": is_told, **row.values},
        municipality_id=place,
    )
    return row


def carry_out(context: AppContext, job: OutboxJob) -> Callable[[Session], None]:
    """Job: change the calendar and move what hangs on it, in one transaction."""

    def keep(session: Session) -> None:
        row = session.get(CalendarChange, job.subject_id)
        if row is None or row.status is not ChangeStatus.QUEUED:
            return
        before = world_of(session)
        late = late_rechecks.at_risk(session, Change(row.kind, row.row_id, row.values))
        _write(session, row, at=job.created_at)
        followed = [*late, *recalculation.preview(session, before, world_of(session))]
        recalculation.apply(session, followed, row.id)
        digest = recalculation.keep_report(session, row.id, followed, is_told=row.is_told, at=job.created_at)
        if row.is_told:
            notices.tell_of_changed_dates(session, row.id, at=job.created_at)
        notices.tell_of_lost_events(session, row.id, at=job.created_at)
        row = session.get_one(CalendarChange, job.subject_id)
        row.status, row.applied_at, row.counts = ChangeStatus.APPLIED, job.created_at, recalculation.counts(followed)
        session.flush()
        journal.append(
            session,
            actor=SYSTEM,
            at=job.created_at,
            action="calendar:apply",
            subject="calendar",
            subject_id=row.id,
            reason=row.reason,
            facts={**row.counts, "report_sha256": digest, "asked_by": row.asked_by_name},
            municipality_id=row.municipality_id,
        )

    return keep


def on_dead(session: Session, change_id: int, error: str) -> None:
    row = session.get(CalendarChange, change_id)
    if row is not None and row.status is ChangeStatus.QUEUED:
        row.status, row.failure = ChangeStatus.FAILED, error


def _as_it_was(session: Session, change: Change) -> dict[str, Any]:
    """What the row of a change said before, so that the report can name it when it is gone."""
    if change.row_id is None:
        return {}
    if change.kind is ChangeKind.ENTRY_REMOVE:
        days = session.get_one(CalendarEntry, change.row_id)
        return {"was": {"title": days.title, "starts_on": str(days.starts_on), "ends_on": str(days.ends_on)}}
    event = session.get_one(CalendarEvent, change.row_id)
    told = {"kind": event.kind.value, "title": event.title, "subject": event.subject, "grade": event.grade}
    return {"was": {**told, "on": str(event.on)}}


def _check(session: Session, change: Change, actor: Actor) -> int | None:
    """Refuse a change that is wrong; answer whose calendar it changes (None: the region's)."""
    policy.require(actor, Permission.CALENDAR_KEEP)
    if change.row_id is not None:
        model: Any = CalendarEvent if change.kind in (ChangeKind.EVENT_MOVE, ChangeKind.EVENT_REMOVE) else CalendarEntry
        row = session.get(model, change.row_id)
        if row is None:
            raise NotFound("Этой записи в календаре уже нет. Обновите страницу.")
        place = row.municipality_id
    else:
        place = change.values.get("municipality_id")
    _require_place(session, place, actor)
    values = change.values
    if change.kind is ChangeKind.EVENT_ADD:
        _check_event(values)
    elif change.kind is ChangeKind.EVENT_MOVE:
        _day(values.get("on"))
    elif change.kind is ChangeKind.ENTRY_ADD:
        _check_entry(values)
    return place


def _require_place(session: Session, place: int | None, actor: Actor) -> None:
    if not actor.is_regional and (place is None or place != actor.municipality_id):
        raise NotPermitted(
            Reason(
                "foreign_calendar",
                "Календарь региона и других муниципалитетов меняет регион; вы можете менять календарь своего.",
                "The region keeps its calendar and those of others; you may change that of your municipality.",
            )
        )
    if place is not None and session.get(Municipality, place) is None:
        raise NotFound("Такого муниципалитета нет.")


def _check_event(values: Mapping[str, Any]) -> None:
    EventKind(values["kind"])
    _day(values.get("on"))
    if values["kind"] == EventKind.WORKS_KEPT and not values.get("year"):
        raise Refused(
            Reason(
                "no_year",
                "Укажите, о работах какого года говорит приказ.",
                "Say of which year the works are that the order speaks of.",
            )
        )
    _need_source(values)


def _check_entry(values: Mapping[str, Any]) -> None:
    EntryKind(values["kind"])
    first, last = _day(values.get("starts_on")), _day(values.get("ends_on"))
    if last < first:
        raise Refused(Reason("period", "Последний день раньше первого.", "The last day comes before the first."))
    if last - first > LONGEST:
        raise Refused(
            Reason(
                "too_long",
                f"Одна запись охватывает не больше {LONGEST.days} дней: проверьте год.",
                f"One entry spans at most {LONGEST.days} days: check the year.",
            )
        )
    if not str(values.get("title") or "").strip():
        raise Refused(Reason("no_title", "Назовите эти дни.", "Give these days a name."))
    _need_source(values)


def _need_source(values: Mapping[str, Any]) -> None:
    if not str(values.get("source") or "").strip():
        raise Refused(
            Reason(
                "no_source",
                "Укажите основание: приказ, письмо или график.",
                "Name the source: an order, a letter or a schedule.",
            )
        )


def _day(value: Any) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise Refused(Reason("no_day", "Укажите день.", "Give the day.")) from None


def _write(session: Session, row: CalendarChange, *, at: datetime) -> None:
    """Change the events or the days themselves."""
    values, who = row.values, {"recorded_by_name": row.asked_by_name, "recorded_at": at}
    if row.kind is ChangeKind.EVENT_ADD:
        texts = {key: values.get(key) or "" for key in ("title", "subject", "source")}
        plain = {key: values.get(key) for key in ("grade", "year", "municipality_id")}
        kind, on = EventKind(values["kind"]), _day(values["on"])
        session.add(CalendarEvent(kind=kind, on=on, **texts, **plain, **who))
    elif row.kind is ChangeKind.ENTRY_ADD:
        first, last = _day(values["starts_on"]), _day(values["ends_on"])
        texts = {key: values[key] for key in ("title", "source")}
        place = values.get("municipality_id")
        kind_of = EntryKind(values["kind"])
        session.add(CalendarEntry(kind=kind_of, starts_on=first, ends_on=last, municipality_id=place, **texts, **who))
    else:
        model: Any = CalendarEntry if row.kind is ChangeKind.ENTRY_REMOVE else CalendarEvent
        found = session.scalars(select(model).where(model.id == row.row_id)).first()
        if found is None:
            raise Refused(
                Reason(
                    "already_gone",
                    "Эту запись календаря уже убрал другой человек.",
                    "Somebody else has taken this entry out of the calendar.",
                )
            )
        if row.kind is ChangeKind.EVENT_MOVE:
            found.on = _day(values["on"])
        else:
            session.delete(found)
    session.flush()
