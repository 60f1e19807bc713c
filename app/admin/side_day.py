"""Side moves on the page of the day: cases offered to me, questions I am asked, reviews of January and July."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import select

from app import auth
from app.admin import words
from app.models import Case, CasePause, CaseQuestion, HandOver, School
from app.policy import Permission
from app.terms import HandOverStatus, PauseCause
from app.workflows import measures, questions


def standing_still() -> set[int]:
    """Cases that wait for a day or for an answer: their next step is nobody's now."""
    session = auth.db()
    held = session.scalars(
        select(CasePause.case_id).where(CasePause.ended_at.is_(None), CasePause.cause == PauseCause.HOLD)
    )
    asked = session.scalars(select(CaseQuestion.case_id).where(CaseQuestion.closed_at.is_(None)))
    return {*held, *asked}


def waiting(item: Callable[..., Any]) -> list[Any]:
    """What side moves want of this person; `item` makes one line of the page."""
    return [*_offered(item), *_asked(item), *_reviews(item)]


def _offered(item: Callable[..., Any]) -> list[Any]:
    actor = auth.actor()
    if not actor.may(Permission.CASE_HANDOVER) or actor.user_id is None:
        return []
    rows = auth.db().execute(
        select(HandOver, School.name)
        .join(School, School.id == HandOver.school_id)
        .where(HandOver.to_id == actor.user_id, HandOver.status == HandOverStatus.PROPOSED)
        .order_by(HandOver.expires_on)
    )
    return [
        item(
            (0, float(row.expires_on.toordinal())),
            school,
            _("вам предлагают дело"),
            _("Ответить"),
            partial(url_for, "cases.do", case_id=row.case_id, form="transfer_answer"),
            partial(
                list,
                [(_("Предлагает"), row.proposed_by_name), (_("Ответить до"), words.day(row.expires_on))],
            ),
        )
        for row, school in rows
    ]


def _asked(item: Callable[..., Any]) -> list[Any]:
    actor = auth.actor()
    if not actor.may(Permission.CASE_ANSWER):
        return []
    rows = auth.db().execute(
        select(CaseQuestion, Case, School.name)
        .join(Case, Case.id == CaseQuestion.case_id)
        .join(School, School.id == Case.school_id)
        .where(CaseQuestion.closed_at.is_(None))
        .order_by(CaseQuestion.due_on)
    )
    today = words.today()
    return [
        item(
            (0 if question.due_on < today else 1, float(question.due_on.toordinal())),
            school,
            _("ждут ответа на вопрос"),
            _("Ответить"),
            partial(url_for, "cases.do", case_id=case.id, form="answer"),
            partial(
                list,
                [(_("Спрашивает"), question.asked_by_name), (_("Ответ до"), words.day(question.due_on))],
            ),
        )
        for question, case, school in rows
        # Whoever may only record the school's letter is not the one who is waited for.
        if questions.may_answer(case, question, actor)
        and (question.addressee != "school" or actor.role == "school" or question.due_on < today)
    ]


def _reviews(item: Callable[..., Any]) -> list[Any]:
    if not auth.actor().may(Permission.CASE_MEASURE):
        return []
    cases = measures.reviews_due(auth.db(), words.today())
    if not cases:
        return []
    n = words.plural(len(cases), ("дело", "дела", "дел"), ("case", "cases"))
    what = _("сверить за период с %(day)s", day=words.day(measures.period(words.today())))
    rank, href = (2, 0.0), partial(url_for, "reviews.index")
    return [item(rank, _("Динамика школ"), what, _("К сверке"), href, partial(list, [(_("Осталось"), n)]))]
