"""Plans of assignments: propose, change by hand with the rest solved again, accept or withdraw.

A plan changes nothing but itself until it is accepted; then each row goes through the verb that a person would use
(`app.workflows.planning_apply`) and gets an answer of its own. Small plans are solved at once, large ones by a job.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app import policy
from app.days import day_of
from app.errors import Conflict, NotFound, Reason, Refused
from app.models import AssignmentPlan, PlanRow
from app.planning import load_rules
from app.policy import Actor, Permission
from app.terms import Duty, PlanRowStatus, PlanStatus
from app.workflows import journal, outbox
from app.workflows.planning_apply import APPLIED_AT_ONCE, apply_rows
from app.workflows.planning_facts import wanted
from app.workflows.planning_rows import is_large, keep_result, problem_for

RIGHTS = {
    Duty.CURATOR: Permission.CASE_ASSIGN,
    Duty.OBSERVER: Permission.CASE_OBSERVE,
    Duty.EXPERT: Permission.CASE_RECHECK,
}
"""The right that each duty's verb asks for: nobody plans what they could not do by hand."""


@dataclass(frozen=True)
class Orders:
    """Numbers and days of the orders that rows of an accepted plan refer to; empty where none is issued yet."""

    curator_number: str = ""
    curator_until: date | None = None
    no_conflict_declared: bool = False
    commission_number: str = ""


def duties_of(actor: Actor) -> list[Duty]:
    """What this person may plan."""
    return [duty for duty, right in RIGHTS.items() if actor.may(right)]


def propose_plan(
    session: Session,
    *,
    duties: Collection[Duty],
    case_ids: Collection[int] | None = None,
    actor: Actor,
    at: datetime,
) -> AssignmentPlan:
    """Plan people for everything that the cases in sight (or those named) lack.

    Raises
    ------
    Refused
        No duty chosen, one this person may not plan, or nothing is lacking.
    """
    policy.require(actor, Permission.CASE_ASSIGN)
    for duty in duties:
        policy.require(actor, RIGHTS[duty])
    if not duties:
        raise Refused(Reason("no_duty", "Выберите, кого назначать.", "Choose whom to appoint."))
    wants = wanted(session, duties=duties, case_ids=case_ids, today=day_of(at))
    if not wants:
        raise Refused(
            Reason(
                "nothing_lacking",
                "Назначать некого: у выбранных дел всё уже есть, или они ещё не дошли до этого шага.",
                "Nothing to plan: the chosen cases have everyone they need, or have not come to that step yet.",
                "/cases/",
            )
        )
    plan = AssignmentPlan(
        duties=[duty.value for duty in Duty if duty in duties],
        case_ids=sorted({want.case.id for want in wants}),
        rules_version=load_rules().version,
        proposed_by_id=actor.user_id,
        proposed_by_name=actor.name,
        proposed_at=at,
        municipality_id=None if actor.is_regional else actor.municipality_id,
    )
    session.add(plan)
    session.flush()
    _note(session, plan, "plan:propose", actor, at, facts={"duties": plan.duties, "needs": len(wants)})
    _solve(session, plan, at=at)
    return plan


def move_row(
    session: Session,
    plan_id: int,
    row_id: int,
    person_id: int,
    *,
    day: date | None = None,
    actor: Actor,
    at: datetime,
    expected_version: int,
) -> AssignmentPlan:
    """Give a seat to another person and keep the pair; everything else is solved again."""
    plan, row = _draft(session, plan_id, row_id, actor, expected_version)
    others = {other.person_id for other in plan.rows if other.need == row.need and other.id != row.id}
    if person_id in others:
        raise Refused(Reason("twice", "Этот человек уже едет на этот визит.", "This person is on this visit already."))
    row.person_id, row.day, row.is_pinned = person_id, day, True
    session.flush()
    _note(session, plan, "plan:pin", actor, at, facts={"need": row.need, "person_id": person_id})
    _solve(session, plan, at=at)
    return plan


def free_row(
    session: Session, plan_id: int, row_id: int, *, actor: Actor, at: datetime, expected_version: int
) -> AssignmentPlan:
    """Let the planner decide on a pinned seat again."""
    plan, row = _draft(session, plan_id, row_id, actor, expected_version)
    row.is_pinned = False
    session.flush()
    _note(session, plan, "plan:free", actor, at, facts={"need": row.need})
    _solve(session, plan, at=at)
    return plan


def solve_again(session: Session, plan_id: int, *, actor: Actor, at: datetime, expected_version: int) -> AssignmentPlan:
    """Solve the plan anew from what cases and people are now; pinned pairs stay."""
    plan = _own(session, plan_id, actor, expected_version, statuses=(PlanStatus.DRAFT, PlanStatus.FAILED))
    _note(session, plan, "plan:solve", actor, at)
    _solve(session, plan, at=at)
    return plan


def accept_plan(
    session: Session, plan_id: int, orders: Orders, *, actor: Actor, at: datetime, expected_version: int
) -> AssignmentPlan:
    """Accept the plan: each row is carried out by its own verb, at once or by a job when there are many."""
    plan = _own(session, plan_id, actor, expected_version)
    rows = [row for row in plan.rows if row.status is PlanRowStatus.PROPOSED]
    reasons = []
    if not rows:
        reasons.append(Reason("empty", "В плане некого назначить.", "The plan appoints nobody."))
    if any(row.duty is Duty.EXPERT for row in rows) and not orders.commission_number.strip():
        reasons.append(
            Reason("no_number", "Укажите номер приказа о комиссии.", "Give the commission order's number.", "#accept")
        )
    if orders.curator_number.strip() and (orders.curator_until is None or orders.curator_until <= day_of(at)):
        reasons.append(
            Reason(
                "period",
                "Срок кураторства должен заканчиваться позже сегодняшнего дня.",
                "The term of the curators must end after today.",
                "#accept",
            )
        )
    if reasons:
        raise Refused(*reasons)
    plan.status, plan.accepted_at = PlanStatus.ACCEPTED, at
    plan.accepted_by_id, plan.accepted_by_name = actor.user_id, actor.name
    plan.orders = {
        "curator_number": orders.curator_number.strip(),
        "curator_until": orders.curator_until.isoformat() if orders.curator_until else None,
        "no_conflict_declared": orders.no_conflict_declared,
        "commission_number": orders.commission_number.strip(),
    }
    session.flush()
    _note(session, plan, "plan:accept", actor, at, facts={"rows": len(rows)})
    if len(rows) > APPLIED_AT_ONCE:
        outbox.add(session, "apply_plan", plan.id, at=at)
    else:
        apply_rows(session, plan, actor=actor, at=at)
    return plan


def withdraw_plan(
    session: Session, plan_id: int, *, reason: str, actor: Actor, at: datetime, expected_version: int
) -> AssignmentPlan:
    """Give up a plan that has not been accepted."""
    plan = _own(session, plan_id, actor, expected_version, statuses=(PlanStatus.DRAFT, PlanStatus.FAILED))
    if len(reason.strip()) < 3:
        raise Refused(Reason("no_reason", "Напишите, почему план отменяется.", "Say why the plan is withdrawn."))
    plan.status, plan.withdrawal_reason = PlanStatus.WITHDRAWN, reason.strip()
    session.flush()
    _note(session, plan, "plan:withdraw", actor, at, reason=reason)
    return plan


def _solve(session: Session, plan: AssignmentPlan, *, at: datetime) -> None:
    """Solve now, or leave it to a job."""
    problem, wants = problem_for(session, plan, today=day_of(at))
    if is_large(problem):
        plan.status = PlanStatus.SOLVING
        session.flush()
        outbox.add(session, "solve_plan", plan.id, at=at, payload={"version": plan.version})
        return
    # Imported here: the solver loads scipy, which no other page needs.
    from app.planning.plan import make_plan

    keep_result(session, plan, problem, wants, make_plan(problem, seconds=min(5.0, problem.rules.seconds)))


def _own(
    session: Session,
    plan_id: int,
    actor: Actor,
    expected_version: int,
    *,
    statuses: tuple[PlanStatus, ...] = (PlanStatus.DRAFT,),
) -> AssignmentPlan:
    policy.require(actor, Permission.CASE_ASSIGN)
    plan = session.scalars(
        select(AssignmentPlan)
        .where(AssignmentPlan.id == plan_id)
        .with_for_update(of=AssignmentPlan)
        .options(selectinload(AssignmentPlan.rows))
        .execution_options(populate_existing=True)
    ).first()
    if plan is None:
        raise NotFound("План не найден или относится к другой территории.")
    if plan.version != expected_version or plan.status not in statuses:
        raise Conflict(f"План успели изменить: сейчас он «{plan.status.ru}». Обновите страницу.", version=plan.version)
    return plan


def _draft(
    session: Session, plan_id: int, row_id: int, actor: Actor, expected_version: int
) -> tuple[AssignmentPlan, PlanRow]:
    plan = _own(session, plan_id, actor, expected_version)
    row = next((row for row in plan.rows if row.id == row_id), None)
    if row is None:
        raise NotFound("Такой строки в плане нет. Обновите страницу: план мог быть пересчитан.")
    return plan, row


def _note(
    session: Session,
    plan: AssignmentPlan,
    action: str,
    actor: Actor,
    at: datetime,
    *,
    reason: str = "",
    facts: dict[str, object] | None = None,
) -> None:
    journal.append(
        session,
        actor=actor,
        at=at,
        action=action,
        subject="plan",
        subject_id=plan.id,
        reason=reason,
        facts=facts,
        municipality_id=plan.municipality_id,
    )
