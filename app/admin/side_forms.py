"""Forms of side moves: hold, hand over, return with a question, reopen, review dynamics, record a measure."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app import auth
from app.admin import side_fields as fields
from app.admin import words
from app.admin.case_form import SideForm
from app.errors import Reason, Refused
from app.models import Case
from app.policy import Permission
from app.terms import Addressee, AdminMeasureKind, ConflictKind, HandOverStatus
from app.workflows import brakes, declarations, episodes, hand_overs, measures, pauses, questions
from app.workflows.measures import MeasureForm


def who() -> dict[str, Any]:
    return {"actor": auth.actor(), "at": auth.now()}


# ---- hold ----


def is_held(case: Case) -> bool:
    pause = brakes.open_pause(auth.db(), case.id)
    return pause is not None and pause.cause == "hold"


def _may_be_held(case: Case) -> bool:
    return not pauses.hold_objections(auth.db(), case)


def _save_hold(case: Case, form: fields.HoldFields) -> None:
    pauses.hold(auth.db(), case.id, form.until_on.data, form.reason.data or "", **who(), expected_version=case.version)


def _save_resume(case: Case, form: fields.ResumeFields) -> None:
    pauses.resume(auth.db(), case.id, form.note.data or "", **who())


# ---- hand-over ----


def _may_be_proposed(case: Case) -> bool:
    is_own = auth.actor().role != "curator" or case.curator_id == auth.actor().user_id
    return case.curator_id is not None and is_own and hand_overs.open_hand_over(auth.db(), case.id) is None


def waits_for_me(case: Case) -> bool:
    hand_over = hand_overs.open_hand_over(auth.db(), case.id)
    return (
        hand_over is not None
        and hand_over.status is HandOverStatus.PROPOSED
        and hand_over.to_id == auth.actor().user_id
    )


def may_take_back(case: Case) -> bool:
    hand_over = hand_overs.open_hand_over(auth.db(), case.id)
    if hand_over is None:
        return False
    return auth.actor().role != "curator" or hand_over.proposed_by_id == auth.actor().user_id


def _transfer_form(case: Case) -> fields.TransferFields:
    form = fields.TransferFields()
    form.person_id.choices = [
        (person.id, _("%(name)s (открытых дел: %(n)s)", name=person.name, n=person.load))
        for person in hand_overs.successors(auth.db(), case, words.today())
        if person.reason is None
    ]
    return form


def _unable(case: Case) -> dict[str, Any]:
    found = hand_overs.successors(auth.db(), case, words.today())
    return {"unable": [(p.name, p.reason.text(words.locale())) for p in found if p.reason is not None]}


def _save_transfer(case: Case, form: fields.TransferFields) -> None:
    hand_overs.propose(
        auth.db(), case.id, form.person_id.data, form.reason.data or "", **who(), expected_version=case.version
    )


def _transfer_answer_form(case: Case) -> fields.TransferAnswerFields:
    form = fields.TransferAnswerFields()
    hand_over = hand_overs.open_hand_over(auth.db(), case.id)
    if hand_over is not None:
        if hand_overs.has_declared(auth.db(), case, hand_over.to_id, words.today()):
            del form.no_conflict_declared
        form.choice.description = _(
            "%(who)s предлагает вам дело до %(day)s. Почему: %(why)s",
            who=hand_over.proposed_by_name,
            day=words.day(hand_over.expires_on, "short"),
            why=hand_over.reason,
        )
    return form


def _save_transfer_answer(case: Case, form: fields.TransferAnswerFields) -> None:
    hand_overs.answer(
        auth.db(),
        case.id,
        form.choice.data == "yes",
        form.text.data or "",
        no_conflict_declared=bool(form.no_conflict_declared and form.no_conflict_declared.data),
        **who(),
    )


def _save_take_back(case: Case, form: fields.ReasonFields) -> None:
    hand_overs.withdraw(auth.db(), case.id, form.reason.data or "", **who())


# ---- questions ----


def is_asked(case: Case) -> bool:
    return brakes.open_question(auth.db(), case.id) is not None


def may_answer(case: Case) -> bool:
    question = brakes.open_question(auth.db(), case.id)
    return question is not None and questions.may_answer(case, question, auth.actor())


def _ask_form(case: Case) -> fields.AskFields:
    form = fields.AskFields()
    form.to.choices = [("school", _("школе — часы этапа стоят, пока она отвечает, но не дольше срока ответа"))]
    if case.curator_id not in (None, auth.actor().user_id):
        form.to.choices.append(("curator", _("куратору — часы этапа идут дальше")))
    for row in questions.ways_back(case):
        if auth.actor().may(row.permission):
            title = _(
                "на более ранний этап «%(stage)s» — его часы начинаются заново", stage=words.stage(case, row.dest)
            )
            form.to.choices.append((f"stage:{row.trigger}", title))
    if request.method == "GET":
        form.due_on.data = words.today() + timedelta(days=7)
    return form


def _save_ask(case: Case, form: fields.AskFields) -> None:
    addressee, _mark, trigger = form.to.data.partition(":")
    questions.ask(
        auth.db(),
        case.id,
        Addressee(addressee),
        form.asked.data or "",
        form.due_on.data,
        **who(),
        expected_version=case.version,
        request_id=form.request_id.data,
        trigger=trigger,
    )


def _answer_form(case: Case) -> fields.AnswerFields:
    form = fields.AnswerFields()
    question = brakes.open_question(auth.db(), case.id)
    if question is None:
        raise Refused(Reason("nothing_asked", _("Открытого вопроса по делу нет.")))
    form.text.description = _("Спрашивает %(who)s: %(what)s", who=question.asked_by_name, what=question.asked)
    return form


def _save_answer(case: Case, form: fields.AnswerFields) -> None:
    questions.answer(auth.db(), case.id, form.text.data or "", **who())


def _save_unask(case: Case, form: fields.ReasonFields) -> None:
    questions.withdraw(auth.db(), case.id, form.reason.data or "", **who())


# ---- episodes, dynamics, measures ----


def _save_reopen(case: Case, form: fields.ReopenFields) -> None:
    episodes.reopen(
        auth.db(),
        case.id,
        form.reason.data or "",
        with_signs=form.with_signs.data,
        with_curator=form.with_curator.data,
        **who(),
    )


def _recuse_form(case: Case) -> fields.RecuseFields:
    form = fields.RecuseFields()
    form.kinds.choices = [(kind.value, words.capital(words.title(kind))) for kind in declarations.kinds_to_recuse()]
    return form


def _save_recuse(case: Case, form: fields.RecuseFields) -> None:
    assert case.school_id is not None  # a case is always a school's
    kinds = tuple(ConflictKind(code) for code in form.kinds.data or [])
    declarations.recuse(auth.db(), case.school_id, kinds, form.statement.data or "", **who())


def _measure_form(case: Case) -> fields.MeasureFields:
    form = fields.MeasureFields()
    form.kind.choices = [(kind.value, words.title(kind)) for kind in AdminMeasureKind]
    if request.method == "GET":
        form.issued_on.data = words.today()
    return form


def _save_measure(case: Case, form: fields.MeasureFields) -> None:
    said = MeasureForm(
        AdminMeasureKind(form.kind.data),
        form.order_number.data or "",
        form.issued_on.data,
        form.addressee.data or "",
        form.grounds.data or "",
    )
    measures.record_measure(auth.db(), case.id, said, **who())


def _save_review(case: Case, form: fields.ReviewFields) -> None:
    measures.record_review(auth.db(), case.id, form.note.data or "", **who(), on=words.today())


def dynamics(case: Case) -> dict[str, Any]:
    """What the years show, and why a measure may not be recorded yet."""
    judgement = measures.dynamics_of(auth.db(), case, words.today())
    objections = measures.measure_objections(judgement, words.today())
    return {"judgement": judgement, "objections": [reason.text(words.locale()) for reason in objections]}


def _measure_context(case: Case) -> dict[str, Any]:
    """The same, said before anything is typed: an order that comes too early is not kept."""
    shown = dynamics(case)
    return {**shown, "objections": [], "forbidden": shown["objections"]}


P = Permission
SIDE_FORMS: dict[str, SideForm] = {
    "hold": SideForm(
        _l("Отложить дело"),
        _l("Дело замрёт до названного дня: часы этапа встанут, ходы закроются. В этот день оно проснётся само."),
        P.CASE_HOLD, lambda case: fields.HoldFields(), _save_hold, _l("Дело отложено."), when=_may_be_held,
    ),
    "resume": SideForm(
        _l("Возобновить дело"),
        _l("Часы этапа пойдут дальше с того места, где встали."),
        P.CASE_HOLD, lambda case: fields.ResumeFields(), _save_resume, _l("Дело возобновлено."), when=is_held,
    ),
    "transfer": SideForm(
        _l("Предложить дело другому куратору"),
        _l("Пока новый куратор не согласится, отвечает прежний. Где куратора назначил приказ, нужен новый приказ."),
        P.CASE_HANDOVER, _transfer_form, _save_transfer, _l("Предложение отправлено."), context=_unable,
        when=_may_be_proposed,
    ),
    "transfer_answer": SideForm(
        _l("Ответить на предложение взять дело"),
        _l("Пока вы не согласились, отвечает прежний куратор."),
        P.CASE_HANDOVER, _transfer_answer_form, _save_transfer_answer, _l("Ответ записан."), when=waits_for_me,
    ),
    "transfer_back": SideForm(
        _l("Отозвать предложение о передаче"),
        _l("Дело останется у прежнего куратора."),
        P.CASE_HANDOVER, lambda case: fields.ReasonFields(), _save_take_back, _l("Предложение отозвано."),
        when=may_take_back,
    ),
    "ask": SideForm(
        _l("Вернуть на уточнение"),
        _l("Пока на вопрос не ответят, ходов по делу нет."),
        P.CASE_RETURN, _ask_form, _save_ask, _l("Вопрос задан."),
        when=lambda case: not is_held(case) and not is_asked(case),
    ),
    "answer": SideForm(
        _l("Ответить на вопрос"),
        _l("Ответ закроет вопрос, и дело пойдёт дальше."),
        P.CASE_ANSWER, _answer_form, _save_answer, _l("Ответ записан."), when=may_answer,
    ),
    "unask": SideForm(
        _l("Снять вопрос"),
        _l("Ответ больше не нужен: дело пойдёт дальше без него."),
        P.CASE_RETURN, lambda case: fields.ReasonFields(), _save_unask, _l("Вопрос снят."), when=is_asked,
    ),
    "reopen": SideForm(
        _l("Открыть дело снова"),
        _l("Закрытое дело не изменится: откроется новое, связанное с ним."),
        P.CASE_REOPEN, lambda case: fields.ReopenFields(), _save_reopen,
        _l("Открыто новое дело: ссылка в разделе «Эпизоды»."), is_for_closed=True,
    ),
    "recuse": SideForm(
        _l("Заявить самоотвод"),
        _l("Если вы связаны с этой школой, решать по ней будут коллега или регион. Дело вам видно; это не упрёк."),
        P.CONFLICT_RECUSE, _recuse_form, _save_recuse, _l("Самоотвод записан: ходы и формы этой школы теперь не ваши."),
    ),
    "review": SideForm(
        _l("Сверить динамику"),
        _l("Сверку делают в январе и в июле: что показали годы и что из этого следует."),
        P.CASE_MEASURE, lambda case: fields.ReviewFields(), _save_review, _l("Сверка записана."),
        context=dynamics,
    ),
    "measure": SideForm(
        _l("Административная мера"),
        _l("Сначала помощь. Мера возможна, только если за два года нет положительной динамики."),
        P.CASE_MEASURE, _measure_form, _save_measure, _l("Мера записана."), context=_measure_context,
    ),
}  # fmt: skip
"""Name in the address → form; the case page shows those whose `when` holds."""


def is_in_place(case: Case, name: str) -> bool:
    """Whether the form belongs to a case that stands where this one does."""
    return SIDE_FORMS[name].is_for_closed == (case.closed_at is not None)


def offered_beside(case: Case) -> list[tuple[str, str]]:
    """Forms of side moves that this person may open on this case now: name and title."""
    return [
        (name, str(form.title))
        for name, form in SIDE_FORMS.items()
        if is_in_place(case, name) and auth.actor().may(form.permission) and form.when(case)
    ]
