"""A personal calendar feed: entries as an iCalendar file that phones and mail programs subscribe to.

The format is RFC 5545; whole-day events without times, because a deadline is a day.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from icalendar import Calendar, Event


@dataclass(frozen=True)
class Entry:
    """A whole-day event, through `until` where it lasts; `key` stays when the day moves: a subscriber sees it move."""

    key: str
    on: date
    title: str
    href: str
    is_overdue: bool = False
    until: date | None = None


def write_feed(entries: Iterable[Entry], *, name: str, today: date) -> bytes:
    """The iCalendar file.

    Parameters
    ----------
    entries : iterable of Entry
    name : str
        What the subscriber's program calls the calendar.
    today : date
        Stands as the moment at which the file was made, so that a day's file is the same each time it is fetched.

    Returns
    -------
    bytes
        UTF-8, lines folded and ended as RFC 5545 wants them.
    """
    feed = Calendar()
    feed.add("prodid", "-//Obektiv//RU")
    feed.add("version", "2.0")
    feed.add("method", "PUBLISH")
    feed.add("x-wr-calname", name)
    feed.add("refresh-interval", timedelta(hours=1), parameters={"VALUE": "DURATION"})
    for entry in entries:
        event = Event()
        event.add("uid", f"{entry.key}@obektiv")
        event.add("dtstamp", datetime.combine(today, time(), UTC))
        event.add("dtstart", entry.on)
        event.add("dtend", (entry.until or entry.on) + timedelta(days=1))
        event.add("summary", f"! {entry.title}" if entry.is_overdue else entry.title)
        event.add("url", entry.href)
        event.add("transp", "TRANSPARENT")
        feed.add_component(event)
    return bytes(feed.to_ical())
