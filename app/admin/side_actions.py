"""What the journal says of side moves, in words."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

SIDE_ACTIONS = {
    "case:hold": _l("Дело отложено"),
    "case:resume": _l("Дело возобновлено"),
    "case:wake": _l("Срок прошёл, дело проснулось"),
    "case:interview_back": _l("Поручение собеседования отозвано"),
    "case:reopen": _l("Дело открыто снова"),
    "case:go_on": _l("Дело продолжено новым эпизодом"),
    "handover:propose": _l("Дело предложено другому куратору"),
    "handover:accept": _l("Новый куратор согласился"),
    "handover:decline": _l("Новый куратор отказался"),
    "handover:withdraw": _l("Предложение о передаче отозвано"),
    "handover:expire": _l("На предложение о передаче не ответили"),
    "handover:done": _l("Дело передано"),
    "question:ask": _l("Дело возвращено на уточнение"),
    "question:answer": _l("На вопрос дан ответ"),
    "question:withdraw": _l("Вопрос снят"),
    "question:late": _l("Срок ответа прошёл, часы этапа пошли снова"),
    "closure:confirmed": _l("Следующая процедура подтвердила закрытие"),
    "closure:watched": _l("Следующая процедура нашла слабые признаки"),
    "closure:reopened": _l("Признаки вернулись в следующей процедуре"),
    "dynamics:review": _l("Динамика сверена"),
    "measure:record": _l("Записана административная мера"),
}
"""Action of the journal → what the course of the case says of it."""

SIDE_HAPPENED = {"withdraw": _l("Массовое решение отозвано, дело возвращено")}
"""Moves that no workflow declares → what the course of the case says of them."""
