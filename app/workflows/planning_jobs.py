"""Jobs of the planner: solve a large plan, carry out a long one, both as the person who asked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from app.context import AppContext
from app.database import acting
from app.days import day_of
from app.errors import Reason, Refused
from app.models import AssignmentPlan, OutboxJob, User
from app.policy import SYSTEM, Actor
from app.terms import PlanStatus
from app.workflows.people import actor_for
from app.workflows.planning_apply import apply_rows
from app.workflows.planning_rows import keep_result, problem_for


def solve(context: AppContext, job: OutboxJob) -> Callable[[Session], None]:
    """Job: solve a plan within the territory of whoever proposed it; a plan changed meanwhile keeps its change."""
    from app.planning.plan import make_plan

    with acting(context.sessions, SYSTEM) as session:
        plan = session.get(AssignmentPlan, job.subject_id)
        if plan is None or plan.status is not PlanStatus.SOLVING:
            return lambda session: None
        actor = _person(session, plan.proposed_by_id, job.created_at)
    with acting(context.sessions, actor) as session:
        plan = session.get(AssignmentPlan, job.subject_id)
        assert plan is not None  # whoever proposed it sees it
        problem, wants = problem_for(session, plan, today=day_of(job.created_at))
    found = make_plan(problem)

    def keep(session: Session) -> None:
        plan = session.get(AssignmentPlan, job.subject_id)
        assert plan is not None
        if plan.status is PlanStatus.SOLVING:
            keep_result(session, plan, problem, wants, found)

    return keep


def apply(context: AppContext, job: OutboxJob) -> Callable[[Session], None]:
    """Job: carry out an accepted plan as the person who accepted it."""
    at: datetime = job.created_at

    def keep(session: Session) -> None:
        plan = session.get(AssignmentPlan, job.subject_id)
        if plan is not None and plan.status is PlanStatus.ACCEPTED:
            apply_rows(session, plan, actor=_person(session, plan.accepted_by_id, at), at=at)

    return keep


def on_dead(session: Session, plan_id: int, error: str) -> None:
    """The search failed for good: say so, so that the plan can be proposed anew."""
    plan = session.get(AssignmentPlan, plan_id)
    if plan is not None and plan.status is PlanStatus.SOLVING:
        plan.status, plan.failure = PlanStatus.FAILED, error


def _person(session: Session, user_id: int | None, at: datetime) -> Actor:
    if user_id is None:
        return SYSTEM
    user = session.get(User, user_id)
    if user is None or not user.is_active:
        raise Refused(
            Reason(
                "no_author",
                "Человек, который составил или принял план, больше не работает в системе. Составьте план заново.",
                "Whoever proposed or accepted the plan is no longer active. Propose it anew.",
            )
        )
    return actor_for(session, user, at)
