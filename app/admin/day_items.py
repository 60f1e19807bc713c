"""One line of «Мой день», and the lines that plans and side moves put there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from itertools import groupby
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import or_, select

from app import auth
from app.admin import words
from app.calendars import Span
from app.flows import CLOSED
from app.models import Case, CasePause, CaseQuestion, RoadMap, School
from app.policy import Permission
from app.terms import PauseCause, RoadMapStatus
from app.workflows import duties, measures

AHEAD = timedelta(days=7)


@dataclass(frozen=True)
class Waiting:
    """One thing to do: where, what, why now, and the button. Only those that are shown are put into words."""

    rank: tuple[int, float]
    name: str
    what: str
    label: str
    href: Callable[[], str]
    facts: Callable[[], list[tuple[str, str]]]


def planned() -> list[Waiting]:
    """Late or due within a week: tasks of programmes, road maps and their measures."""
    actor = auth.actor()
    found = _tasks()
    if actor.may(Permission.ROADMAP_ANSWER) or actor.may(Permission.ROADMAP_KEEP):
        found += _road_maps()
    if not actor.may(Permission.ROADMAP_KEEP):  # who keeps road maps reads of their measures on the case's page
        found += _measures()
    return found


def aside() -> list[Waiting]:
    """Cases offered to me, orders a hand-over waits for, questions I am asked, reviews of January and July."""
    return [*_offered(), *_orders(), *_asked(), *_reviews()]


def standing_still() -> set[int]:
    """Cases that wait for a day or for an answer: their next step is nobody's now."""
    session = auth.db()
    held = session.scalars(
        select(CasePause.case_id).where(CasePause.ended_at.is_(None), CasePause.cause == PauseCause.HOLD)
    )
    waited = session.scalars(select(CaseQuestion.case_id).where(CaseQuestion.closed_at.is_(None)))
    return {*held, *waited}


def _until_next_week() -> Span:
    return Span(date.min, words.today() + AHEAD)


def _tasks() -> list[Waiting]:
    """Each task that is mine by name; one line a programme for what nobody answers for."""
    rows = duties.tasks(auth.db(), auth.actor(), _until_next_week())
    found = [
        Waiting(
            (_rank(row.due_on), float(row.due_on.toordinal())),
            row.title,
            row.what,
            _("Отметить"),
            partial(url_for, "programme_tasks.task", task_id=row.id),
            partial(_due, row.due_on),
        )
        for row in rows
        if row.responsible_id is not None
    ]
    shared = sorted((row for row in rows if row.responsible_id is None), key=lambda row: row.programme_id)
    for programme_id, together in groupby(shared, key=lambda row: row.programme_id):
        many = list(together)
        first = min(row.due_on for row in many)
        found.append(
            Waiting(
                (_rank(first), float(first.toordinal())),
                many[0].title,
                _("исполнить программу"),
                _("Открыть"),
                partial(url_for, "programmes.programme", programme_id=programme_id),
                partial(_many, len(many), first),
            )
        )
    return found


STEPS = {
    RoadMapStatus.PROPOSED: (Permission.ROADMAP_ANSWER, lambda: _("согласовать дорожную карту")),
    RoadMapStatus.AGREED: (Permission.ROADMAP_ANSWER, lambda: _("представить дорожную карту на проверку")),
    RoadMapStatus.RETURNED: (Permission.ROADMAP_ANSWER, lambda: _("доработать дорожную карту")),
    RoadMapStatus.SUBMITTED: (Permission.ROADMAP_KEEP, lambda: _("проверить дорожную карту")),
}


def _road_maps() -> list[Waiting]:
    actor = auth.actor()
    # What the school is asked is the school's to do; those who check are asked about submitted maps alone.
    mine = [status for status, (right, _said) in STEPS.items() if actor.may(right)]
    if actor.may(Permission.ROADMAP_KEEP):
        mine = [RoadMapStatus.SUBMITTED]
    rows = auth.db().execute(
        select(RoadMap.case_id, RoadMap.status, RoadMap.proposed_at, School.name)
        .join(Case, Case.id == RoadMap.case_id)
        .join(School, School.id == RoadMap.school_id)
        .where(
            RoadMap.status.in_(mine),
            Case.state != CLOSED,
            RoadMap.school_id.not_in(actor.barred_ids),
            or_(RoadMap.submitted_by_id.is_(None), RoadMap.submitted_by_id != actor.user_id,
                RoadMap.status != RoadMapStatus.SUBMITTED),
        )
        .order_by(RoadMap.proposed_at)
        .limit(20)
    )  # fmt: skip
    return [
        Waiting(
            (1, float(row.proposed_at.toordinal())),
            row.name,
            STEPS[row.status][1](),
            _("Открыть карту"),
            partial(url_for, "cases.case", case_id=row.case_id, tab="roadmap"),
            partial(list, [(_("Предложена"), words.day(row.proposed_at))]),
        )
        for row in rows
    ]


def _measures() -> list[Waiting]:
    return [
        Waiting(
            (_rank(row.due_on), float(row.due_on.toordinal())),
            _("Дорожная карта"),
            row.what,
            _("Отметить"),
            partial(url_for, "road_maps.item", item_id=row.id),
            partial(_due, row.due_on),
        )
        for row in duties.road_map_items(auth.db(), auth.actor(), _until_next_week())
    ]


def _offered() -> list[Waiting]:
    return [
        Waiting(
            (0, float(row.expires_on.toordinal())),
            row.school,
            _("вам предлагают дело"),
            _("Ответить"),
            partial(url_for, "cases.do", case_id=row.case_id, form="transfer_answer"),
            partial(list, [(_("Предлагает"), row.by), (_("Ответить до"), words.day(row.expires_on))]),
        )
        for row in duties.offered(auth.db(), auth.actor(), Span(date.min, date.max))
    ]


def _orders() -> list[Waiting]:
    return [
        Waiting(
            (0, float(row.answered_at.toordinal())),
            row.school,
            _("внести приказ о новом кураторе"),
            _("Внести приказ"),
            partial(url_for, "cases.do", case_id=row.case_id, form="order"),
            partial(
                list,
                [
                    (_("Согласие дано"), f"{row.to_name}, {words.day(row.answered_at)}"),
                    (_("Пока отвечает"), row.from_name or "—"),
                ],
            ),
        )
        for row in duties.orders_awaited(auth.db(), auth.actor())
    ]


def _asked() -> list[Waiting]:
    today = words.today()
    return [
        Waiting(
            (0 if question.due_on < today else 1, float(question.due_on.toordinal())),
            school,
            _("ждут ответа на вопрос"),
            _("Ответить"),
            partial(url_for, "cases.do", case_id=case.id, form="answer"),
            partial(list, [(_("Спрашивает"), question.asked_by_name), (_("Ответ до"), words.day(question.due_on))]),
        )
        for question, case, school in duties.asked(auth.db(), auth.actor(), Span(date.min, date.max), late_before=today)
    ]


def _reviews() -> list[Waiting]:
    if not auth.actor().may(Permission.CASE_MEASURE):
        return []
    cases = measures.reviews_due(auth.db(), words.today())
    if not cases:
        return []
    n = words.plural(len(cases), ("дело", "дела", "дел"), ("case", "cases"))
    what = _("сверить за период с %(day)s", day=words.day(measures.period(words.today())))
    href = partial(url_for, "reviews.index")
    return [Waiting((2, 0.0), _("Динамика школ"), what, _("К сверке"), href, partial(list, [(_("Осталось"), n)]))]


def _rank(due_on: date) -> int:
    return 1 if due_on < words.today() else 2


def _due(due_on: date) -> list[tuple[str, str]]:
    late = (words.today() - due_on).days
    said = words.day(due_on)
    return [(_("Срок"), said + (", " + _("просрочено на %(days)s", days=words.days(late)) if late > 0 else ""))]


def _many(n: int, first: Any) -> list[tuple[str, str]]:
    return [(_("Задач"), words.number(n)), *_due(first)]
