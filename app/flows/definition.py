"""What a workflow is once its file has been read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

CLOSED = "closed"
"""Code of the final state in every workflow; the database's checks and the index of open cases rest on it."""


@dataclass(frozen=True)
class NextStep:
    """What a state waits for: the form that supplies it, what is to be done in words, and the button."""

    form: str
    ru: str
    en: str
    button_ru: str
    button_en: str

    def title(self, locale: str = "ru") -> str:
        return self.en if locale == "en" else self.ru

    def button(self, locale: str = "ru") -> str:
        return self.button_en if locale == "en" else self.button_ru


@dataclass(frozen=True)
class State:
    """A stage: its budget in working days, and what may be done and must be there while a case stands in it.

    `by` is a day of the year ("02-04"): a stage entered before it in a school year ends on that day. `documents` and
    `fields` must be there before the case moves on by its main way.
    """

    code: str
    ru: str
    en: str
    days: int | None = None
    by: str | None = None
    forms: tuple[str, ...] = ()
    verdicts: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    next: NextStep | None = None

    def title(self, locale: str = "ru") -> str:
        return self.en if locale == "en" else self.ru


@dataclass(frozen=True)
class GuardUse:
    """A guard by name, with the parameters this move gives it."""

    name: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ReasonCode:
    """A reason to choose from; `needs_text` asks for some words of one's own as well."""

    code: str
    ru: str
    en: str
    needs_text: bool = False

    def title(self, locale: str = "ru") -> str:
        return self.en if locale == "en" else self.ru


@dataclass(frozen=True)
class Step:
    """One way from a state to another: by which trigger, who may, under which conditions, with which reason.

    `done_ru` and `done_en` are what the course of a case says once the step is made. `reason` is ``"none"``,
    ``"optional"`` or ``"required"``: whether the mover writes some words.
    """

    trigger: str
    source: str
    dest: str
    ru: str
    en: str
    done_ru: str
    done_en: str
    permission: str
    roles: tuple[str, ...] = ()
    guards: tuple[GuardUse, ...] = ()
    reason: str = "optional"
    reasons: tuple[ReasonCode, ...] = ()
    is_side: bool = False

    def title(self, locale: str = "ru") -> str:
        return self.en if locale == "en" else self.ru


@dataclass(frozen=True)
class Definition:
    """A whole workflow of one version."""

    id: str
    kind: str
    version: str
    ru: str
    en: str
    source: str
    initial: str
    states: tuple[State, ...]
    steps: tuple[Step, ...]
    sha256: str

    def title(self, locale: str = "ru") -> str:
        return self.en if locale == "en" else self.ru

    def state(self, code: str) -> State | None:
        return next((state for state in self.states if state.code == code), None)

    def ends_by(self, code: str, guard: str) -> bool:
        """Whether a way from the state `code` to the end asks this guard."""
        return any(
            step.source == code and step.dest == CLOSED and any(use.name == guard for use in step.guards)
            for step in self.steps
        )
