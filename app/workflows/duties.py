"""What plans and side moves want of whoever acts, row by row: the page of the day and the agenda ask here alike."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from app.calendars import Span
from app.flows import CLOSED
from app.models import (
    Case,
    CaseQuestion,
    HandOver,
    Programme,
    ProgrammeMeasure,
    ProgrammeTask,
    RoadMap,
    RoadMapItem,
    School,
)
from app.policy import Actor, Permission
from app.terms import Addressee, HandOverStatus, ProgrammeStatus, RoadMapStatus, Role, TaskStatus
from app.workflows import questions


def tasks(session: Session, actor: Actor, span: Span) -> list[Row[Any]]:
    """Open tasks of the place's approved programmes due inside `span`: one's own, and those nobody answers for by name.

    Rows of `id, due_on, what, number, responsible_id, programme_id, title`, the earliest first.
    """
    if not actor.may(Permission.PROGRAMME_KEEP):
        return []
    place = actor.municipality_id
    own = Programme.municipality_id.is_(None) if place is None else Programme.municipality_id == place
    statement = (
        select(
            ProgrammeTask.id,
            ProgrammeTask.due_on,
            ProgrammeMeasure.what,
            ProgrammeMeasure.number,
            ProgrammeMeasure.responsible_id,
            Programme.id.label("programme_id"),
            Programme.title,
        )
        .join(ProgrammeMeasure, ProgrammeMeasure.id == ProgrammeTask.measure_id)
        .join(Programme, Programme.id == ProgrammeTask.programme_id)
        .where(
            Programme.status == ProgrammeStatus.APPROVED,
            own,
            ProgrammeTask.status == TaskStatus.PLANNED,
            ProgrammeTask.due_on.between(span.starts_on, span.ends_on),
            ProgrammeMeasure.responsible_id.is_(None) | (ProgrammeMeasure.responsible_id == actor.user_id),
        )
        .order_by(ProgrammeTask.due_on, ProgrammeTask.id)
    )
    return list(session.execute(statement))


def road_map_items(session: Session, actor: Actor, span: Span) -> list[Row[Any]]:
    """Measures of schools' road maps due inside `span`: the school's own, and those of a curator's cases.

    Rows of `id, due_on, what, school`, the earliest first.
    """
    if actor.role not in (Role.SCHOOL, Role.CURATOR):
        return []
    statement = (
        select(RoadMapItem.id, RoadMapItem.due_on, RoadMapItem.what, School.name.label("school"))
        .join(RoadMap, RoadMap.id == RoadMapItem.road_map_id)
        .join(Case, Case.id == RoadMapItem.case_id)
        .join(School, School.id == RoadMapItem.school_id)
        .where(
            RoadMap.status != RoadMapStatus.PROPOSED,
            Case.state != CLOSED,
            RoadMapItem.status == TaskStatus.PLANNED,
            RoadMapItem.due_on.between(span.starts_on, span.ends_on),
        )
        .order_by(RoadMapItem.due_on, RoadMapItem.id)
    )
    if actor.role is Role.CURATOR:
        statement = statement.where(Case.curator_id == actor.user_id)
    return list(session.execute(statement))


def asked(
    session: Session, actor: Actor, span: Span, *, late_before: date | None = None
) -> list[tuple[CaseQuestion, Case, str]]:
    """Open questions this person is waited for, with the case and the school's name, the earliest first.

    A school answers for itself; whoever may record its letter is waited for only once the answer was due before
    `late_before`.
    """
    if not actor.may(Permission.CASE_ANSWER):
        return []
    rows = session.execute(
        select(CaseQuestion, Case, School.name)
        .join(Case, Case.id == CaseQuestion.case_id)
        .join(School, School.id == Case.school_id)
        .where(CaseQuestion.closed_at.is_(None), CaseQuestion.due_on.between(span.starts_on, span.ends_on))
        .order_by(CaseQuestion.due_on, CaseQuestion.id)
    )

    def is_waited_for(question: CaseQuestion) -> bool:
        is_own = question.addressee is not Addressee.SCHOOL or actor.role is Role.SCHOOL
        return is_own or (late_before is not None and question.due_on < late_before)

    return [
        (question, case, school)
        for question, case, school in rows
        if questions.may_answer(case, question, actor) and is_waited_for(question)
    ]


def orders_awaited(session: Session, actor: Actor) -> list[Row[Any]]:
    """Hand-overs that the successor has accepted and that wait for an order this person may issue.

    Rows of `case_id, school, to_name, from_name, answered_at`, the longest waiting first.
    """
    if not actor.may(Permission.CASE_ASSIGN):
        return []
    statement = (
        select(
            HandOver.case_id, HandOver.to_name, HandOver.from_name, HandOver.answered_at, School.name.label("school")
        )
        .join(School, School.id == HandOver.school_id)
        .where(HandOver.status == HandOverStatus.ACCEPTED, HandOver.school_id.not_in(actor.barred_ids))
        .order_by(HandOver.answered_at, HandOver.id)
    )
    return list(session.execute(statement))


def offered(session: Session, actor: Actor, span: Span) -> list[Row[Any]]:
    """Cases offered to this person that wait for its answer inside `span`.

    Rows of `id, case_id, expires_on, by, school`, the earliest first.
    """
    if actor.user_id is None:
        return []
    statement = (
        select(
            HandOver.id,
            HandOver.case_id,
            HandOver.expires_on,
            HandOver.proposed_by_name.label("by"),
            School.name.label("school"),
        )
        .join(School, School.id == HandOver.school_id)
        .where(
            HandOver.to_id == actor.user_id,
            HandOver.status == HandOverStatus.PROPOSED,
            HandOver.expires_on.between(span.starts_on, span.ends_on),
        )
        .order_by(HandOver.expires_on, HandOver.id)
    )
    return list(session.execute(statement))
