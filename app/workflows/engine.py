"""The engine: one declared row a transition, one service that fires it.

`transitions` computes the state a trigger leads to; the guarded UPDATE on (id, state, version) decides who was first.
The move, its event, its outbox row and its journal entry stand in one transaction, under the request id that the form
carried, so a repeated request finds its own event instead of moving twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session
from transitions import Machine

from app import policy
from app.errors import Conflict, NotFound, Reason, Refused
from app.models import Case, CaseEvent
from app.policy import Actor, Permission
from app.terms import CaseState, Term
from app.workflows import journal, outbox


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
class Transition:
    """One row of the table: who may move what from where to where, under which conditions and by which name.

    `sets` gives further columns that the same guarded UPDATE writes.
    """

    trigger: str
    source: CaseState
    dest: CaseState
    permission: Permission
    ru: str
    en: str
    guards: tuple[Guard, ...] = ()
    sets: Callable[[Question], dict[str, Any]] | None = None
    is_side: bool = False

    def title(self, locale: str = "ru") -> str:
        return self.en if locale == "en" else self.ru


@dataclass(frozen=True)
class Workflow:
    """A table of transitions with the machine made from it; one machine serves all rows and keeps none of them."""

    name: str
    version: str
    states: tuple[CaseState, ...]
    transitions: tuple[Transition, ...]
    machine: Machine

    def find(self, state: CaseState, trigger: str) -> Transition | None:
        return next((t for t in self.transitions if t.source is state and t.trigger == trigger), None)

    def target(self, state: CaseState, trigger: str) -> CaseState:
        """The state `trigger` leads to, as the machine says."""
        carrier = SimpleNamespace(state=state.value)
        self.machine.events[trigger].trigger(carrier)
        return CaseState(carrier.state)


def make_workflow(
    name: str, version: str, transitions: tuple[Transition, ...], states: type[Term] = CaseState
) -> Workflow:
    """Build the machine from the table: flat, unqueued, without automatic transitions (safe for threads that way)."""
    members = tuple(states)
    machine = Machine(
        model=None,
        states=[state.value for state in members],
        transitions=[
            {"trigger": row.trigger, "source": row.source.value, "dest": row.dest.value} for row in transitions
        ],
        initial=members[0].value,
        auto_transitions=False,
        queued=False,
    )
    return Workflow(name, version, members, transitions, machine)  # type: ignore[arg-type]


@dataclass(frozen=True)
class CheckedGuard:
    guard: Guard
    reason: Reason | None

    @property
    def is_met(self) -> bool:
        return self.reason is None


@dataclass(frozen=True)
class Move:
    """A move from where the case stands: possible, or refused with its reasons."""

    transition: Transition
    checks: tuple[CheckedGuard, ...]
    is_permitted: bool

    @property
    def reasons(self) -> tuple[Reason, ...]:
        return tuple(check.reason for check in self.checks if check.reason is not None)

    @property
    def is_possible(self) -> bool:
        return self.is_permitted and not self.reasons


ALWAYS: list[Callable[[Question, Transition], CheckedGuard | None]] = []
"""What is asked of every move, whatever its table says (see `app.workflows.brakes`); None where it does not apply."""


def _checked(question: Question, row: Transition) -> tuple[CheckedGuard, ...]:
    always = [found for ask in ALWAYS if (found := ask(question, row)) is not None]
    return (*always, *(CheckedGuard(guard, guard.check(question)) for guard in row.guards))


def available(session: Session, case: Case, *, actor: Actor, at: datetime) -> list[Move]:
    """Every row that leads out of the case's state, with what is met and what is missing; the main one first."""
    question = Question(session, case, actor, at)
    rows = [row for row in workflow_of(case).transitions if row.source is case.state]
    return [
        Move(
            row,
            _checked(question, row),
            actor.may(row.permission),
        )
        for row in sorted(rows, key=lambda row: row.is_side)
    ]


def fire(
    session: Session,
    case_id: int,
    trigger: str,
    *,
    actor: Actor,
    at: datetime,
    expected_version: int,
    request_id: str,
    reason: str = "",
) -> CaseEvent:
    """Move a case.

    1. A request id seen before returns its own event. 2. The policy and 3. the guards are asked. 4. The guarded UPDATE
    on (id, state, version) makes the move or finds that somebody was first. 5. Event, outbox row and journal entry
    follow in the same transaction.

    Raises
    ------
    NotFound
        No such case in the actor's territory.
    Refused
        The state has no such move, or guards object: with every reason.
    Conflict
        The page was stale, or another person moved the case first; carries the fresh state and version.
    """
    earlier = _event_of(session, request_id, case_id)
    if earlier is not None:
        return earlier
    # FOR UPDATE keeps the guards' facts still on PostgreSQL; on SQLite BEGIN IMMEDIATE has done so already.
    case = session.scalars(select(Case).where(Case.id == case_id).with_for_update(of=Case)).first()
    if case is None:
        raise NotFound("Дело не найдено или относится к другой территории.")
    session.refresh(case)
    earlier = _event_of(session, request_id, case_id)
    if earlier is not None:
        return earlier
    if case.version != expected_version:
        raise _stale(case)
    workflow = workflow_of(case)
    row = workflow.find(case.state, trigger)
    if row is None:
        raise Refused(
            Reason(
                "no_such_move",
                f"Из состояния «{case.state.ru}» такого хода нет. Обновите страницу: дело могло продвинуться.",
                f"There is no such move from “{case.state.en}”. Reload the page: the case may have moved on.",
            )
        )
    policy.require(actor, row.permission)
    question = Question(session, case, actor, at)
    reasons = [check.reason for check in _checked(question, row) if check.reason is not None]
    if reasons:
        raise Refused(*reasons)
    source, target = case.state, workflow.target(case.state, trigger)
    further = row.sets(question) if row.sets else {}
    result: CursorResult[Any] = session.execute(  # type: ignore[assignment]
        update(Case)
        .where(Case.id == case.id, Case.state == source, Case.version == expected_version)
        .values(state=target, version=expected_version + 1, entered_at=at, **further)
        .execution_options(synchronize_session=False)
    )
    session.refresh(case)
    if result.rowcount != 1:
        raise _stale(case)
    event = CaseEvent(
        case_id=case.id,
        seq=case.version,
        request_id=request_id,
        trigger=trigger,
        from_state=source,
        to_state=target,
        actor_id=actor.user_id,
        actor_name=actor.name,
        at=at,
        reason=reason,
        facts={key: str(value) for key, value in further.items()},
        municipality_id=case.municipality_id,
        school_id=case.school_id,
    )
    session.add(event)
    session.flush()
    outbox.add(session, "case_moved", case.id, at=at, payload={"event_id": event.id})
    journal.append(
        session,
        actor=actor,
        at=at,
        action=f"case:{trigger}",
        subject="case",
        subject_id=case.id,
        reason=reason,
        facts={"from": source.value, "to": target.value, "version": case.version, **event.facts},
        request_id=request_id,
        municipality_id=case.municipality_id,
        school_id=case.school_id,
    )
    return event


WORKFLOWS: dict[str, Workflow] = {}
"""Version → workflow. A running case keeps the version it was opened under."""


def register(workflows: Iterable[Workflow]) -> None:
    for workflow in workflows:
        WORKFLOWS[workflow.version] = workflow


def workflow_of(case: Case) -> Workflow:
    return WORKFLOWS[case.workflow_version]


def _event_of(session: Session, request_id: str, case_id: int) -> CaseEvent | None:
    event = session.scalars(select(CaseEvent).where(CaseEvent.request_id == request_id)).first()
    if event is not None and event.case_id != case_id:
        raise Refused(
            Reason(
                "request_id_reused",
                "Запрос уже выполнен для другого дела. Обновите страницу.",
                "This request was carried out for another case. Reload the page.",
            )
        )
    return event


def _stale(case: Case) -> Conflict:
    return Conflict(
        f"Дело {case.number} уже изменил другой человек: сейчас оно в состоянии «{case.state.ru}». Обновите страницу.",
        state=case.state.value,
        version=case.version,
    )
