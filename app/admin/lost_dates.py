"""Dates that one change of the calendar has left without a ground: the offer to mend all of them, and its answer."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_babel import gettext as _

from app import auth
from app.admin import words
from app.admin.base import say
from app.calendars import Due
from app.errors import Reason, Refused
from app.models import CalendarChange
from app.policy import Permission
from app.workflows import lost_events


def offer(row: CalendarChange) -> dict[str, Any]:
    """What the page of a change needs to ask how the dates are to be mended; little where none is the reader's."""
    may_mend = auth.actor().may(Permission.CALENDAR_KEEP) and bool(row.counts.get("orphaned"))
    lost = lost_events.lost_by(auth.db(), row.id, auth.actor()) if may_mend else None
    if not lost:
        return {"lost": 0, "may_mend": may_mend}
    events = lost_events.events_for(auth.db(), lost)
    return {
        "lost": len(lost),
        "may_mend": may_mend,
        "lost_deadlines": len(lost.deadlines),
        "events": [(due.key, _event(due)) for due in events],
        "at_once": lost_events.AT_ONCE,
    }


def mend(change_id: int) -> tuple[Reason, ...]:
    """Do what the form says and tell how it went; the reasons where nothing was done."""
    key, reason = request.form.get("event", "")[:80], request.form.get("reason", "")[:2000]
    common: dict[str, Any] = {"actor": auth.actor(), "at": auth.now()}
    try:
        if request.form.get("how") == "event":
            mended = lost_events.follow_all(auth.db(), change_id, key, **common)
        else:
            mended = lost_events.pin_all(auth.db(), change_id, reason, **common)
        auth.commit()
    except Refused as refused:
        auth.db().rollback()
        return refused.reasons
    told = _("Сроков получили основание: %(n)s.", n=words.number(mended.done))
    if mended.left:
        told += " " + _("Осталось без основания: %(n)s.", n=words.number(mended.left))
    if mended.refusal is not None:
        told += " " + mended.refusal.text(words.locale())
    say(told, "warning" if mended.left else "success")
    return ()


def _event(due: Due) -> str:
    assert due.anchor is not None  # only occurrences of events are offered
    return f"{words.title(due.anchor.event)}, {words.day(due.anchor.on)}"
