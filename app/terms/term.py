"""The base of every vocabulary."""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class Term(StrEnum):
    """A stored value with its Russian and English title."""

    ru: str
    en: str

    def __new__(cls, value: str, ru: str = "", en: str = "") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.ru = ru
        member.en = en
        return member

    def title(self, locale: str = "ru") -> str:
        """Title in `locale` ("ru" or "en")."""
        return self.en if locale == "en" else self.ru
