"""The net itself is on trial: each planted defect has to be caught by the stories."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from hypothesis import seed
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import true

from app import database, policy
from app.models import Case
from app.policy import Actor
from app.workflows import brakes, engine, journal, outbox, sight, stage_clock
from app.workflows.machine import Guard, Transition, Workflow
from tests.workflows.lifecycle.story import Story
from tests.workflows.lifecycle.test_lifecycle import stories
from tests.workflows.lifecycle.world import World

Patch = pytest.MonkeyPatch


def no_scope_check(patch: Patch) -> None:
    patch.setattr(policy, "visible", lambda actor, model: true())
    patch.setattr(policy, "holds", lambda actor, row: True)


def no_role_check(patch: Patch) -> None:
    patch.setattr(policy, "require", lambda actor, permission: None)
    patch.setattr(Transition, "permits", lambda row, actor: True)


def any_state_allowed(patch: Patch) -> None:
    """A trigger is taken from any row that has it, wherever the case stands."""

    def find(flow: Workflow, state: str, trigger: str) -> Transition | None:
        return next((row for row in flow.transitions if row.trigger == trigger), None)

    def target(flow: Workflow, state: str, trigger: str) -> str:
        return next(row.dest for row in flow.transitions if row.trigger == trigger)

    patch.setattr(Workflow, "find", find)
    patch.setattr(Workflow, "target", target)


def no_version_check(patch: Patch) -> None:
    def fire(session: Any, case_id: int, trigger: str, **options: Any) -> Any:
        case = session.get(Case, case_id)
        fresh = {} if case is None else {"expected_version": case.version}
        return engine.fire(session, case_id, trigger, **{**options, **fresh})

    patch.setattr(Story, "change_world", staticmethod(lambda world: serve(world, fire)))


def no_idempotency(patch: Patch) -> None:
    """Every request is taken for a new one."""
    numbers = iter(range(10**9))

    def fire(session: Any, case_id: int, trigger: str, **options: Any) -> Any:
        return engine.fire(session, case_id, trigger, **{**options, "request_id": f"new-{next(numbers)}"})

    patch.setattr(Story, "change_world", staticmethod(lambda world: serve(world, fire)))


def no_conflict_check(patch: Patch) -> None:
    patch.setattr(brakes, "computed", lambda *_: [])
    patch.setattr(sight, "conflicts", lambda *_: [])


def tied_region_decides(patch: Patch) -> None:
    patch.setattr(Actor, "barred", lambda self, school_id: None)


def hold_ignored(patch: Patch) -> None:
    patch.setattr(brakes, "ALL", tuple(guard for guard in brakes.ALL if guard is not brakes.NOT_ON_HOLD))


def question_ignored(patch: Patch) -> None:
    patch.setattr(brakes, "ALL", tuple(guard for guard in brakes.ALL if guard is not brakes.ANSWERED))


def same_person_closes(patch: Patch) -> None:
    patch.setattr(brakes, "CHECKS", {**brakes.CHECKS, "second": lambda q: None})
    find = Workflow.find

    def without_second(flow: Workflow, state: str, trigger: str) -> Transition | None:
        row = find(flow, state, trigger)
        return row and dataclasses.replace(row, guards=tuple(guard for guard in row.guards if guard.name != "second"))

    patch.setattr(Workflow, "find", without_second)


def a_guard_always_objects(patch: Patch) -> None:
    """Nothing impossible happens, and nothing possible either: what is legal has to succeed."""
    reason = brakes.Reason("no", "Нельзя.", "It cannot be.")
    patch.setattr(brakes, "ALL", (*brakes.ALL, Guard("never", "Никогда", "Never", lambda q: reason)))


def pauses_forgotten(patch: Patch) -> None:
    patch.setattr(stage_clock, "PAUSES", [])


def no_journal_entry(patch: Patch) -> None:
    append = journal.append
    patch.setattr(
        journal,
        "append",
        lambda s, *, action, **rest: append(s, action=action, **rest) if action != "case:hold" else None,
    )


def effect_doubled(patch: Patch) -> None:
    add = outbox.add

    def twice(session: Any, kind: str, subject_id: int, **options: Any) -> Any:
        add(session, kind, subject_id, **options)
        return add(session, kind, subject_id, **options)

    patch.setattr(outbox, "add", twice)


DEFECTS = (
    no_scope_check, no_role_check, any_state_allowed, no_version_check, no_idempotency, no_conflict_check,
    tied_region_decides, hold_ignored, question_ignored, same_person_closes, a_guard_always_objects, pauses_forgotten,
    no_journal_entry, effect_doubled,
)  # fmt: skip


def serve(world: World, fire: Callable[..., Any]) -> None:
    world.fire = fire


def tell(machine: type[Story]) -> None:
    for number in range(8):  # few stories at a time: the first ones of many are short
        run_state_machine_as_test(seed(number)(machine), settings=stories(9))


@pytest.mark.timeout(900)
@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.__name__)
def test_the_stories_catch_a_planted_defect(defect: Callable[[Patch], None], monkeypatch: Patch) -> None:
    class Told(Story):
        tally: ClassVar[Counter[Any]] = Counter()

    database._criteria.cache_clear()
    defect(monkeypatch)
    try:
        with pytest.raises(Exception) as caught:
            tell(Told)
    finally:
        database._criteria.cache_clear()

    assert not isinstance(caught.value, ImportError | NameError | TypeError | AttributeError), caught.value
