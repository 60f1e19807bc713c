"""The day it is in the region: the one rule by which a moment becomes a day.

Moments are kept in UTC; days — of an order, of a protocol, of a deadline — are days of the region, and a person in
Vladivostok signs today's paper while it is yesterday in UTC. An installation serves one region, so its zone is a fact
of the process: set once when the installation is opened (`app.context`), read here and nowhere else.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

_zone = ZoneInfo("Europe/Moscow")


def use_zone(name: str) -> None:
    """Days are days of this zone from now on; `name` is a key of the IANA data («Asia/Vladivostok»)."""
    global _zone
    _zone = ZoneInfo(name)


def local(moment: datetime) -> datetime:
    """The same moment on the region's clock."""
    return moment.astimezone(_zone)


def day_of(moment: datetime) -> date:
    """The day it is in the region at that moment."""
    return local(moment).date()


def first_moment(day: date) -> datetime:
    """The moment, in UTC, at which the day begins in the region."""
    return datetime.combine(day, time(), _zone).astimezone(UTC)
