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
    """Something with a day. `key` names the thing, not the day: it stays when the day moves."""

    kind: AgendaKind
    key: str
    on: date
    ru: str
    en: str
    href: str

    def text(self, locale: str) -> str:
        return self.en if locale == "en" else self.ru


Provider = Callable[[Session, Actor, Span], list[Item]]
