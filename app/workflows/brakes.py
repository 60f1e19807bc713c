"""What stops every move of every workflow, whatever its table says.

The engine asks these besides a row's own guards, so that a workflow edited by an administrator cannot forget them. What
does not concern a case leaves no line on its checklist.
"""

from __future__ import annotations

from app.errors import Reason
from app.workflows import independence
from app.workflows.declarations import computed
from app.workflows.machine import CheckedGuard, Guard, Question


def _actor_is_independent(q: Question) -> Reason | None:
    """A curator or an inspector whose conflict came to light after the appointment moves the case no more."""
    if q.actor.user_id is None or q.actor.role not in independence.DUTIES_OF_ROLE or q.case.school_id is None:
        return None
    told = computed(q.session, q.actor.user_id, q.case.school_id, q.at.date())
    return told[0] if told else None


ACTOR_INDEPENDENT = Guard(
    "actor_independent",
    "У того, кто переводит дело, нет конфликта интересов",
    "Whoever moves the case has no conflict of interest",
    _actor_is_independent,
)

ALL = (ACTOR_INDEPENDENT,)


def objections(question: Question) -> tuple[CheckedGuard, ...]:
    """What these object to; a checklist shows one only when it does."""
    asked = (CheckedGuard(guard, guard.check(question)) for guard in ALL)
    return tuple(check for check in asked if not check.is_met)
