"""What all deeds of a story share: how they are listed, looked at and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import Any, ClassVar

from hypothesis import strategies as st
from sqlalchemy import select

from app.database import acting
from app.jobs.work import perform
from app.models import OutboxJob
from app.policy import SYSTEM
from app.workflows import (
    pauses,
    questions,
)
from app.workflows.definitions import shipped
from app.workflows.machine import Transition
from tests.workflows.lifecycle.oracle import Oracle
from tests.workflows.lifecycle.world import (
    DEPARTMENTS,
    NAMES,
    WHY,
    World,
)

FLOWS = ("objectivity", "objectivity_amur", "objectivity_curator_first", "low_results")
EDGES = [(name, row.source, row.trigger) for name in FLOWS for row in shipped(name).transitions]
OBJECTIVITY = [edge for edge in EDGES if shipped(edge[0]).definition.kind == "objectivity"]
VERBS = (
    "hold", "resume", "wake", "ask", "answer", "withdraw_question", "offer", "accept", "decline", "withdraw_offer",
    "expire", "reopen", "bulk", "withdraw_bulk", "migrate", "migrate_back", "measure", "review_dynamics", "interviewer",
    "choose", "new_signs", "recuse",
)  # fmt: skip
"""What else happens to a case; each has to happen too."""


@cache
def roads(flow: str, state: str) -> dict[tuple[tuple[str, str], int], Transition]:
    """How each way is reached from a state: (way, moves before it) → the first move of a shortest road."""
    rows = shipped(flow).transitions
    first: dict[str, tuple[int, Transition | None]] = {state: (0, None)}
    found: dict[tuple[tuple[str, str], int], Transition] = {}
    for standing in (waiting := [state]):
        steps, begun = first[standing]
        for row in (row for row in rows if row.source == standing):
            found[(row.source, row.trigger), steps] = begun or row
            if row.dest not in first and row.dest != "closed":
                first[row.dest] = (steps + 1, begun or row)
                waiting.append(row.dest)
    return found


QUESTION = "Пришлите, пожалуйста, протокол проверки работ."
names, which, sooner_or_later = (
    st.sampled_from(NAMES),
    st.integers(0, 11),
    st.sampled_from([1, 1, 2, 3, 5, 9, 20, 45, 120]),
)


DEEDS: list[tuple[Callable[..., None], dict[str, Any]]] = []
"""What may be done in a step, as often as its weight: a method and how its arguments are drawn."""


def deed(*, weight: int = 1, **arguments: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    def keep(method: Callable[..., None]) -> Callable[..., None]:
        DEEDS.extend([(method, arguments)] * weight)
        return method

    return keep


class Telling:
    """`tally` is shared by all stories of a run.

    `told_before` is the tally of the runs before, by which stories choose where to go: it stands still during a run,
    for a story told again has to be the same.
    """

    tally: ClassVar[Counter[Any]] = Counter()
    told_before: ClassVar[Counter[Any]] = Counter()
    world: World
    oracle: Oracle

    def cases(self, where: str = "1", *values: Any) -> list[Any]:
        return self.world.rows(f"SELECT * FROM cases WHERE {where} ORDER BY id", *values)

    def case(self, index: int, where: str = "state <> 'closed'") -> Any:
        found = self.cases(where)
        return found[index % len(found)] if found else None

    def attempt(self, name: str, verb: Callable[..., Any], did: str = "") -> Any:
        """The try of one person, looked at at once; what a refusal leaves is None."""
        found = self.world.attempt(name, verb)
        self.oracle.look()
        if isinstance(found, Exception):
            return None
        if did:
            self.tally[did] += 1
        return found

    def arrange(self, verb: Callable[..., None]) -> None:
        self.world.arrange(verb)
        self.oracle.look(is_arranged=True)

    def department(self, case: Any, index: int = 0) -> str:
        return DEPARTMENTS[self.world.place_of(case["id"])][index % 2]

    def free(self, case: Any) -> None:
        """Let a case that stands still go on."""
        name = self.department(case)
        if self.world.rows("SELECT 1 FROM case_questions WHERE case_id = ? AND closed_at IS NULL", case["id"]):
            self.attempt(name, lambda s, a: questions.withdraw(s, case["id"], WHY, actor=a, at=self.world.at),
                         "withdraw_question")  # fmt: skip
        else:
            self.attempt(name, lambda s, a: pauses.resume(s, case["id"], "", actor=a, at=self.world.at), "resume")

    def job(self, kind: str, subject_id: int) -> None:
        with acting(self.world.context.sessions, SYSTEM) as session:
            wanted = select(OutboxJob.id).where(OutboxJob.kind == kind, OutboxJob.subject_id == subject_id)
            job_id = session.scalars(wanted.order_by(OutboxJob.id.desc())).first()
        assert job_id is not None
        perform(self.world.context, job_id, is_waking=False)
        self.oracle.look()

    def standing(self) -> list[tuple[Any, ...]]:
        """Where every case stands, without the count of its moves."""
        return [
            tuple(row)
            for row in self.world.rows(
                "SELECT c.id, workflow, state, entered_at, due_on, closed_at, verdict, curator_id,"
                " (SELECT count(*) FROM case_pauses p WHERE p.case_id = c.id AND p.ended_at IS NULL) FROM cases c"
            )
        ]
