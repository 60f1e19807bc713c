"""«Ход дела»: what happened to a case, newest first, told as something done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app import auth
from app.admin import words
from app.admin.side_actions import SIDE_ACTIONS, SIDE_HAPPENED
from app.models import Case, CaseEvent, JournalEntry
from app.workflows.definitions import workflow_of
from app.workflows.machine import Transition


@dataclass(frozen=True)
class Course:
    """One line of the timeline; `when` orders it, `at` is what the page shows."""

    when: datetime
    title: str
    by: str
    text: str
    tone: str = ""
    href: str | None = None
    label: str | None = None

    @property
    def at(self) -> str:
        return words.moment(self.when)


ACTIONS = {
    "case:open": _l("Дело открыто"),
    "flag:attach": _l("К делу добавлен признак"),
    "case:hand_interview": _l("Собеседование передано куратору"),
    "case:migrate": _l("Дело переведено на другую версию хода"),
    "case:propose": _l("Предложено закрытие"),
    "interview:record": _l("Внесён протокол собеседования"),
    "curator:order": _l("Издан приказ о кураторе"),
    "conflict:declare": _l("Подана декларация о конфликте интересов"),
    "observation:schedule": _l("Назначено наблюдение"),
    "observation:act": _l("Внесён акт наблюдения"),
    "recheck:order": _l("Назначена перепроверка"),
    "recheck:points": _l("Внесены баллы экспертов"),
    "support:diagnosis": _l("Внесён разбор причин"),
    "support:programme": _l("Внесена программа помощи"),
    "support:mentoring": _l("Внесена пара «школа — школе»"),
    "support:review": _l("Внесена оценка динамики"),
    "roadmap:propose": _l("Предложена дорожная карта"),
    "roadmap:add": _l("В карту добавлено мероприятие"),
    "roadmap:agree": _l("Школа согласовала карту"),
    "roadmap:submit": _l("Карта представлена на проверку"),
    "roadmap:return": _l("Карта возвращена на доработку"),
    "roadmap:accept": _l("Карта принята"),
    "roadmap:done": _l("Мероприятие карты выполнено"),
    "roadmap:waive": _l("Мероприятие карты снято"),
    "roadmap:move": _l("Срок мероприятия перенесён"),
    "roadmap:reopen": _l("Мероприятие карты открыто снова"),
    "roadmap:follow": _l("Сроки карты пересчитаны от хода дела"),
    "roadmap:file": _l("Скачано подтверждение"),
    "document:issue": _l("Оформлен документ"),
    "document:read": _l("Документ скачан"),
} | SIDE_ACTIONS


def of(case: Case) -> dict[str, Any]:
    """Moves from the events, everything else from the journal, newest first."""
    session = auth.db()
    rows = workflow_of(case).transitions
    happened = {row.trigger: row.done(words.locale()) for row in rows} | {
        trigger: str(title) for trigger, title in SIDE_HAPPENED.items()
    }
    events = session.scalars(select(CaseEvent).where(CaseEvent.case_id == case.id)).all()
    found = [
        Course(
            e.at,
            happened.get(e.trigger, str(ACTIONS.get(f"case:{e.trigger}", e.trigger))),
            e.actor_name,
            ". ".join(
                filter(
                    None,
                    (f"{words.stage(case, e.from_state)} → {words.stage(case, e.to_state)}", _why(rows, e), e.reason),
                )
            ),
            tone="good",
        )
        for e in events
    ]
    triggers = {f"case:{event.trigger}" for event in events}
    entries = session.scalars(
        select(JournalEntry)
        .where(JournalEntry.subject == "case", JournalEntry.subject_id == case.id, JournalEntry.action.not_in(triggers))
        .order_by(JournalEntry.seq.desc())
        .limit(300)
    )
    found += [Course(e.at, str(ACTIONS.get(e.action, e.action)), e.actor_name, e.reason) for e in entries]
    return {"course": sorted(found, key=lambda line: line.when, reverse=True)}


def _why(rows: tuple[Transition, ...], event: CaseEvent) -> str:
    """The reason chosen for a move, in the reader's language."""
    return next(
        (
            reason.title(words.locale())
            for row in rows
            if row.trigger == event.trigger
            for reason in row.reasons
            if reason.code == event.reason_code
        ),
        "",
    )
