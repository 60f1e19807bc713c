"""A mistake in a workflow's file: where it stands, what is wrong, what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.errors import Misconfigured
from app.flows.lines import Place


@dataclass(frozen=True)
class Problem:
    """`key` is the place as a person would say it: ``state "flagged": days``; `line` is where it stands, if known.

    `place` is the same for a form: the table's name, its number from 0 and the key; the file's head is ``("", 0)``.
    """

    code: str
    key: str
    ru: str
    en: str
    line: int | None = None
    place: Place | None = None

    def text(self, locale: str = "ru") -> str:
        return self.en if locale == "en" else self.ru


class WrongDefinition(Misconfigured):
    """A file that cannot be a workflow, with every problem that was found."""

    def __init__(self, name: str, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        said = (f"строка {p.line}, {p.key}: {p.ru}" if p.line else f"{p.key}: {p.ru}" for p in problems)
        super().__init__(f"{name}: " + "; ".join(said))
