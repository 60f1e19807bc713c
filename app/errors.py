"""The exception tree. Each message is for the person it concerns: what happened and what to do.

::

    ObektivError
    ├── Refused                 a rule says no; carries the reasons and where to mend them
    │   ├── NotPermitted        the actor's role or territory does not allow it
    │   └── WrongFormat         a file or form cannot be read as what it claims to be
    ├── Conflict                somebody else was first; carries the fresh state
    ├── NotFound                nothing there that this actor may see
    ├── InsufficientData        too few observations for the question (detectors)
    └── Misconfigured           a setting, data file or environment is wrong
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reason:
    """Why something is refused: a machine word, a Russian and an English sentence, and where to mend it."""

    code: str
    ru: str
    en: str = ""
    href: str | None = None  # anchor or path of the form that supplies what is missing

    def text(self, locale: str = "ru") -> str:
        return self.en if locale == "en" and self.en else self.ru

    def as_plain(self) -> dict[str, str]:
        """The reason as a report keeps it."""
        return {"code": self.code, "ru": self.ru, "en": self.en or self.ru}


class ObektivError(Exception):
    """Base of every error of the product."""


class Refused(ObektivError):
    def __init__(self, *reasons: Reason) -> None:
        super().__init__("; ".join(r.ru for r in reasons))
        self.reasons = reasons


class NotPermitted(Refused):
    pass


class WrongFormat(Refused):
    pass


class Conflict(ObektivError):
    def __init__(self, message: str, *, state: str | None = None, version: int | None = None) -> None:
        super().__init__(message)
        self.state = state
        self.version = version


class NotFound(ObektivError):
    pass


class InsufficientData(ObektivError):
    pass


class Misconfigured(ObektivError):
    pass
