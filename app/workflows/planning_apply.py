"""Carry out an accepted plan: each row by the verb that a person would use, each with an answer of its own."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime

from sqlalchemy.orm import Session

from app import policy
from app.days import day_of
from app.errors import Conflict, NotFound, Refused
from app.models import AssignmentPlan, PlanRow
from app.policy import Actor
from app.terms import Duty, PlanRowStatus, PlanStatus
from app.workflows import assignment, journal, observation, recheck
from app.workflows.case import hand_interview, open_case_of

APPLIED_AT_ONCE = 60
"""Rows carried out while somebody waits; more are left to a job."""


def apply_rows(session: Session, plan: AssignmentPlan, *, actor: Actor, at: datetime) -> Counter[PlanRowStatus]:
    """Carry out every proposed row. A refused row keeps its reasons and hinders no other."""
    counts: Counter[PlanRowStatus] = Counter()
    for row in [row for row in plan.rows if row.status is PlanRowStatus.PROPOSED]:
        try:
            with session.begin_nested():
                _carry_out(session, plan, row, actor=actor, at=at)
        except Refused as refused:
            row.status = PlanRowStatus.REFUSED
            row.answer = [{"ru": reason.ru, "en": reason.text("en")} for reason in refused.reasons]
        except (NotFound, Conflict) as error:
            row.status, row.answer = PlanRowStatus.REFUSED, [{"ru": str(error), "en": str(error)}]
        else:
            row.status = PlanRowStatus.APPLIED
        counts[row.status] += 1
        session.flush()
    plan.status = PlanStatus.APPLIED
    session.flush()
    journal.append(
        session,
        actor=actor,
        at=at,
        action="plan:apply",
        subject="plan",
        subject_id=plan.id,
        facts={status.value: n for status, n in sorted(counts.items())},
        municipality_id=plan.municipality_id,
    )
    return counts


def _carry_out(session: Session, plan: AssignmentPlan, row: PlanRow, *, actor: Actor, at: datetime) -> None:
    assert row.person_id is not None  # a proposed row has a person: the table checks it
    policy.require_free(actor, row.school_id)
    orders = plan.orders
    if row.duty is Duty.CURATOR:
        case = open_case_of(session, row.case_id)
        if case.state == "flagged" or not orders["curator_number"]:
            hand_interview(session, case.id, row.person_id, actor=actor, at=at)
            return
        assignment.issue_order(
            session,
            case.id,
            row.person_id,
            number=orders["curator_number"],
            issued_on=day_of(at),
            until=date.fromisoformat(orders["curator_until"]),
            no_conflict_declared=bool(orders["no_conflict_declared"]),
            actor=actor,
            at=at,
        )
        return
    assert row.day is not None  # visits and rechecks are planned with a day and a paper
    assert row.subject is not None
    assert row.grade is not None
    if row.duty is Duty.OBSERVER:
        observation.schedule_observation(
            session,
            row.case_id,
            row.person_id,
            subject=row.subject,
            grade=row.grade,
            scheduled_on=row.day,
            actor=actor,
            at=at,
        )
        return
    assert row.year is not None
    recheck.request_recheck(
        session,
        row.case_id,
        year=row.year,
        subject=row.subject,
        grade=row.grade,
        inspector_id=row.person_id,
        scheduled_on=row.day,
        order_number=orders["commission_number"],
        actor=actor,
        at=at,
    )
