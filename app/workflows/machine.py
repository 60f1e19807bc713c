"""What the engine runs: guards, rows of transitions, and the machine made from a definition.

One machine a definition, flat, unqueued, without automatic transitions: it serves all cases at once and keeps none of
them, which is safe for threads and costs microseconds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy.orm import Session
from transitions import Machine

from app.errors import Misconfigured, Reason
from app.flows import Definition, ReasonCode, State
from app.models import Case
from app.policy import Actor, Permission


@dataclass(frozen=True)
class Question:
    """What a guard is asked about."""

    session: Session
    case: Case
    actor: Actor
    at: datetime


@dataclass(frozen=True)
class Guard:
    """A condition of a move: `check` answers None when it is met, else the reason with a link to what is missing."""

    name: str
    ru: str
    en: str
    check: Callable[[Question], Reason | None]

    def title(self, locale: str = "ru") -> str:
        return self.en if locale == "en" else self.ru


@dataclass(frozen=True)
class CheckedGuard:
    guard: Guard
    reason: Reason | None

    @property
    def is_met(self) -> bool:
        return self.reason is None


@dataclass(frozen=True)
class Transition:
    """One row of the table: who may move what from where to where, under which conditions and by which name.

    `sets` gives further columns that the same guarded UPDATE writes. `reason` says whether the mover writes some words
    (``"none"``, ``"optional"``, ``"required"``); with `reasons` one of their codes has to be chosen.
    """

    trigger: str
    source: str
    dest: str
    permission: Permission
    ru: str
    en: str
    guards: tuple[Guard, ...] = ()
    sets: Callable[[Question], dict[str, Any]] | None = None
    is_side: bool = False
    roles: tuple[str, ...] = ()
    reason: str = "optional"
    reasons: tuple[ReasonCode, ...] = ()
    done_ru: str = ""
    done_en: str = ""

    def title(self, locale: str = "ru") -> str:
        return self.en if locale == "en" else self.ru

    def done(self, locale: str = "ru") -> str:
        """What the course of a case says once the move is made."""
        return self.done_en if locale == "en" else self.done_ru

    def permits(self, actor: Actor) -> bool:
        """Whether the actor's rights and, where the row names some, the actor's role allow the move."""
        return actor.may(self.permission) and (not self.roles or actor.is_system or actor.role in self.roles)


@dataclass(frozen=True)
class Workflow:
    """A table of transitions with the machine made from it; one machine serves all rows and keeps none of them."""

    name: str
    version: str
    definition: Definition
    states: tuple[State, ...]
    transitions: tuple[Transition, ...]
    machine: Machine

    def find(self, state: str, trigger: str) -> Transition | None:
        return next((t for t in self.transitions if t.source == state and t.trigger == trigger), None)

    def target(self, state: str, trigger: str) -> str:
        """The state `trigger` leads to, as the machine says."""
        carrier = SimpleNamespace(state=state)
        self.machine.events[trigger].trigger(carrier)
        return str(carrier.state)

    def state(self, code: str) -> State:
        """The stage called `code`.

        Raises
        ------
        Misconfigured
            The workflow has none of that name.
        """
        found = self.definition.state(code)
        if found is None:
            raise Misconfigured(f"ход дела «{self.name}» версии {self.version} не знает состояния «{code}»")
        return found


def make_workflow(definition: Definition, transitions: tuple[Transition, ...]) -> Workflow:
    """Build the machine of a definition."""
    machine = Machine(
        model=None,
        states=[state.code for state in definition.states],
        transitions=[{"trigger": row.trigger, "source": row.source, "dest": row.dest} for row in transitions],
        initial=definition.initial,
        auto_transitions=False,
        queued=False,
    )
    return Workflow(definition.id, definition.version, definition, definition.states, transitions, machine)
