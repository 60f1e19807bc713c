"""One thing with a day in a person's calendar."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from app.calendars import Span
from app.policy import Actor
from app.terms import AgendaKind


@dataclass(frozen=True)
class Item:
    """Something with a day. `key` names the thing, not the day: it stays when the day moves.

    `until` is the last day of what lasts; with such a thing nobody is late, and it is not reminded of.
    """

    kind: AgendaKind
    key: str
    on: date
    ru: str
    en: str
    href: str
    until: date | None = None

    @property
    def is_due(self) -> bool:
        return self.until is None

    def lasts_on(self, day: date) -> bool:
        return self.on <= day <= (self.until or self.on)

    def text(self, locale: str) -> str:
        return self.en if locale == "en" else self.ru


Provider = Callable[[Session, Actor, Span], list[Item]]
