"""What people are told of, and what stands in their calendar."""

from __future__ import annotations

from app.terms.term import Term


class NoticeKind(Term):
    MOVED = "moved", "дело продвинулось", "the case moved"
    GIVEN = "given", "вам поручено", "yours to do"
    TAKEN = "taken", "от вас больше не ждут", "no longer yours"
    ASKED = "asked", "вам вопрос", "you are asked"
    ANSWERED = "answered", "получен ответ", "answered"
    DUE_SOON = "due_soon", "срок близко", "due soon"
    OVERDUE = "overdue", "срок прошёл", "overdue"
    ESCALATED = "escalated", "просрочка передана выше", "overdue, passed on"
    NOT_HAPPENED = "not_happened", "не состоялось", "did not happen"
    CHANGED = "changed", "срок изменился", "the date changed"
    ABSENCE = "absence", "отсутствие", "absence"
    LOST = "lost", "срок остался без события", "the date has lost its event"


class AgendaKind(Term):
    STAGE = "stage", "срок этапа", "stage due"
    VISIT = "visit", "наблюдение", "observation"
    RECHECK = "recheck", "перепроверка", "recheck"
    TASK = "task", "мероприятие", "task"
    QUESTION = "question", "ответ на запрос", "answer to a question"
    REVIEW = "review", "рассмотрение динамики", "review of dynamics"
    TRAINING = "training", "обучение истекает", "training expires"
    ABSENCE = "absence", "отсутствие", "absence"


class DigestStatus(Term):
    QUEUED = "queued", "ждёт отправки", "queued"
    SENT = "sent", "отправлено", "sent"
    FAILED = "failed", "не отправлено", "not sent"
