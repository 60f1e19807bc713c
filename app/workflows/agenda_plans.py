"""Dates that plans and side moves put into a person's calendar: tasks, measures of a road map, answers, reviews,
trainings.
"""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.calendars import Span
from app.flows import CLOSED
from app.models import (
    Case,
    CaseQuestion,
    HandOver,
    Person,
    Programme,
    ProgrammeMeasure,
    ProgrammeTask,
    RoadMap,
    RoadMapItem,
    School,
    Training,
)
from app.policy import Actor, Permission
from app.terms import Addressee, AgendaKind, HandOverStatus, ProgrammeStatus, RoadMapStatus, Role, TaskStatus
from app.workflows import measures, questions
from app.workflows.agenda_items import Item


def tasks(session: Session, actor: Actor, span: Span) -> list[Item]:
    """Tasks of approved programmes: one's own, and those of the place that nobody answers for by name."""
    if not actor.may(Permission.PROGRAMME_KEEP):
        return []
    place = actor.municipality_id
    own = Programme.municipality_id.is_(None) if place is None else Programme.municipality_id == place
    rows = session.execute(
        select(ProgrammeTask.id, ProgrammeTask.due_on, ProgrammeMeasure.what, ProgrammeMeasure.number)
        .join(ProgrammeMeasure, ProgrammeMeasure.id == ProgrammeTask.measure_id)
        .join(Programme, Programme.id == ProgrammeTask.programme_id)
        .where(
            Programme.status == ProgrammeStatus.APPROVED,
            own,
            ProgrammeTask.status == TaskStatus.PLANNED,
            ProgrammeTask.due_on.between(span.starts_on, span.ends_on),
            ProgrammeMeasure.responsible_id.is_(None) | (ProgrammeMeasure.responsible_id == actor.user_id),
        )
    )
    return [
        Item(
            AgendaKind.TASK,
            f"task-{row.id}",
            row.due_on,
            f"Мероприятие {row.number}: {_short(row.what)}",
            f"Measure {row.number}: {_short(row.what)}",
            f"/programmes/tasks/{row.id}",
        )
        for row in rows
    ]


def road_map_items(session: Session, actor: Actor, span: Span) -> list[Item]:
    """Measures of schools' road maps: the school's own, and those of a curator's cases."""
    if actor.role not in (Role.SCHOOL, Role.CURATOR):
        return []
    statement = (
        select(RoadMapItem.id, RoadMapItem.due_on, RoadMapItem.what, School.name)
        .join(RoadMap, RoadMap.id == RoadMapItem.road_map_id)
        .join(Case, Case.id == RoadMapItem.case_id)
        .join(School, School.id == RoadMapItem.school_id)
        .where(
            RoadMap.status != RoadMapStatus.PROPOSED,
            Case.state != CLOSED,
            RoadMapItem.status == TaskStatus.PLANNED,
            RoadMapItem.due_on.between(span.starts_on, span.ends_on),
        )
    )
    if actor.role is Role.CURATOR:
        statement = statement.where(Case.curator_id == actor.user_id)
    return [
        Item(
            AgendaKind.TASK,
            f"item-{row.id}",
            row.due_on,
            f"{row.name}, дорожная карта: {_short(row.what)}",
            f"{row.name}, road map: {_short(row.what)}",
            f"/road-maps/items/{row.id}",
        )
        for row in session.execute(statement)
    ]


def answers(session: Session, actor: Actor, span: Span) -> list[Item]:
    """Questions this person is asked, and cases it is offered."""
    found = []
    if actor.may(Permission.CASE_ANSWER):
        rows = session.execute(
            select(CaseQuestion, Case, School.name)
            .join(Case, Case.id == CaseQuestion.case_id)
            .join(School, School.id == Case.school_id)
            .where(CaseQuestion.closed_at.is_(None), CaseQuestion.due_on.between(span.starts_on, span.ends_on))
        )
        found = [
            Item(
                AgendaKind.QUESTION,
                f"question-{question.id}",
                question.due_on,
                f"{school}: ответить на вопрос по делу {case.number}",
                f"{school}: answer a question in case {case.number}",
                f"/cases/{case.id}",
            )
            for question, case, school in rows
            # A school answers for itself; whoever may record its letter is not the one who is waited for.
            if questions.may_answer(case, question, actor)
            and (question.addressee is not Addressee.SCHOOL or actor.role is Role.SCHOOL)
        ]
    offered = session.execute(
        select(HandOver.id, HandOver.case_id, HandOver.expires_on, School.name)
        .join(School, School.id == HandOver.school_id)
        .where(
            HandOver.to_id == actor.user_id,
            HandOver.status == HandOverStatus.PROPOSED,
            HandOver.expires_on.between(span.starts_on, span.ends_on),
        )
    )
    return found + [
        Item(
            AgendaKind.QUESTION,
            f"offer-{row.id}",
            row.expires_on,
            f"{row.name}: вам предлагают дело, ответить до этого дня",
            f"{row.name}: a case is offered to you, answer by this day",
            f"/cases/{row.case_id}",
        )
        for row in offered
    ]


def reviews(session: Session, actor: Actor, span: Span) -> list[Item]:
    """The reviews of dynamics of January and July, as one item on the last day of the month."""
    if actor.role is not Role.DEPARTMENT or not actor.may(Permission.CASE_MEASURE):
        return []
    begin = measures.period(span.ends_on)
    end = (begin.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    n = len(measures.reviews_due(session, span.ends_on)) if span.starts_on <= end <= span.ends_on else 0
    if not n:
        return []
    return [
        Item(
            AgendaKind.REVIEW,
            f"review-{begin}",
            end,
            f"Рассмотреть динамику: дел — {n}",
            f"Review the dynamics of {n} cases",
            "/reviews/",
        )
    ]


def trainings(session: Session, actor: Actor, span: Span) -> list[Item]:
    """The person's own trainings that run out."""
    rows = session.execute(
        select(Training.id, Training.programme, Training.valid_until, Person.id.label("person_id"))
        .join(Person, Person.id == Training.person_id)
        .where(Person.user_id == actor.user_id, Training.valid_until.between(span.starts_on, span.ends_on))
    )
    return [
        Item(
            AgendaKind.TRAINING,
            f"training-{row.id}",
            _as_day(row.valid_until),
            f"Обучение истекает: {_short(row.programme)}",
            f"A training runs out: {_short(row.programme)}",
            f"/people/{row.person_id}",
        )
        for row in rows
    ]


PROVIDERS = (tasks, road_map_items, answers, reviews, trainings)


def _as_day(day: date | None) -> date:
    assert day is not None  # the query asked for a span
    return day


def _short(text: str) -> str:
    return text if len(text) <= 100 else f"{text[:99].rstrip()}…"
