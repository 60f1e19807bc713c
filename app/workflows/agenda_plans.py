"""Dates that plans and side moves put into a person's calendar: tasks, measures of a road map, answers, reviews,
trainings, days of absence.
"""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.calendars import Span
from app.models import Absence, Person, Training
from app.policy import Actor, Permission
from app.terms import AbsenceReason, AgendaKind, Role
from app.workflows import duties, measures
from app.workflows.agenda_items import Item


def tasks(session: Session, actor: Actor, span: Span) -> list[Item]:
    """Tasks of approved programmes: one's own, and those of the place that nobody answers for by name."""
    return [
        Item(
            AgendaKind.TASK,
            f"task-{row.id}",
            row.due_on,
            f"Мероприятие {row.number}: {_short(row.what)}",
            f"Measure {row.number}: {_short(row.what)}",
            f"/programmes/tasks/{row.id}",
        )
        for row in duties.tasks(session, actor, span)
    ]


def road_map_items(session: Session, actor: Actor, span: Span) -> list[Item]:
    """Measures of schools' road maps: the school's own, and those of a curator's cases."""
    return [
        Item(
            AgendaKind.TASK,
            f"item-{row.id}",
            row.due_on,
            f"{row.school}, дорожная карта: {_short(row.what)}",
            f"{row.school}, road map: {_short(row.what)}",
            f"/road-maps/items/{row.id}",
        )
        for row in duties.road_map_items(session, actor, span)
    ]


def answers(session: Session, actor: Actor, span: Span) -> list[Item]:
    """Questions this person is asked, and cases it is offered."""
    found = [
        Item(
            AgendaKind.QUESTION,
            f"question-{question.id}",
            question.due_on,
            f"{school}: ответить на вопрос по делу {case.number}",
            f"{school}: answer a question in case {case.number}",
            f"/cases/{case.id}",
        )
        for question, case, school in duties.asked(session, actor, span)
    ]
    return found + [
        Item(
            AgendaKind.QUESTION,
            f"offer-{row.id}",
            row.expires_on,
            f"{row.school}: вам предлагают дело, ответить до этого дня",
            f"{row.school}: a case is offered to you, answer by this day",
            f"/cases/{row.case_id}",
        )
        for row in duties.offered(session, actor, span)
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
    """The person's own trainings that run out; one's own, so they are read as plain columns."""
    rows, persons = Training.__table__, Person.__table__
    found = session.connection().execute(
        select(rows.c.id, rows.c.programme, rows.c.valid_until)
        .join(persons, persons.c.id == rows.c.person_id)
        .where(persons.c.user_id == actor.user_id, rows.c.valid_until.between(span.starts_on, span.ends_on))
    )
    return [
        Item(
            AgendaKind.TRAINING,
            f"training-{row.id}",
            _as_day(row.valid_until),
            f"Обучение истекает: {_short(row.programme)}",
            f"A training runs out: {_short(row.programme)}",
            "/account/training",
        )
        for row in found
    ]


def absences(session: Session, actor: Actor, span: Span) -> list[Item]:
    """The days on which the person itself is away; one's own, so they are read as plain columns."""
    rows, persons = Absence.__table__, Person.__table__
    substitutes = persons.alias("substitutes")
    found = session.connection().execute(
        select(rows.c.id, rows.c.from_on, rows.c.until_on, rows.c.reason, substitutes.c.name.label("substitute"))
        .select_from(
            rows.join(persons, persons.c.id == rows.c.person_id).outerjoin(
                substitutes, substitutes.c.id == rows.c.substitute_id
            )
        )
        .where(
            persons.c.user_id == actor.user_id,
            rows.c.cancelled_at.is_(None),
            rows.c.from_on <= span.ends_on,
            rows.c.until_on >= span.starts_on,
        )
    )
    return [
        Item(
            AgendaKind.ABSENCE,
            f"absence-{row.id}",
            max(row.from_on, span.starts_on),
            f"Вас нет по {row.until_on:%d.%m.%Y}: {AbsenceReason(row.reason).ru}"
            + (f", замещает {row.substitute}" if row.substitute else ""),
            f"You are away until {row.until_on:%Y-%m-%d}: {AbsenceReason(row.reason).en}"
            + (f", {row.substitute} stands in" if row.substitute else ""),
            "/account/absences",
            row.until_on,
        )
        for row in found
    ]


PROVIDERS = (tasks, road_map_items, answers, reviews, trainings, absences)


def _as_day(day: date | None) -> date:
    assert day is not None  # the query asked for a span
    return day


def _short(text: str) -> str:
    return text if len(text) <= 100 else f"{text[:99].rstrip()}…"
