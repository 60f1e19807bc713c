"""The forms of a case: one row each in `FORMS`, one route for all.

A form is refused with every reason and shown again with what was typed; a stale page is told what the case has become
and loses nothing; the same request sent twice is done once.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from flask import redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app import auth
from app.admin import case_fields as fields
from app.admin import case_keeping as keeping
from app.admin import case_page, case_signs, case_stages, side_forms, support_forms, words
from app.admin import case_steps as steps
from app.admin.base import say
from app.admin.case_form import CaseForm
from app.admin.side_forms import SIDE_FORMS
from app.errors import Conflict, NotFound, Reason, Refused
from app.flows import CLOSED
from app.models import Case, Flag, JournalEntry
from app.policy import Permission, require, require_free
from app.workflows import engine
from app.workflows.definitions import state_of
from app.workflows.guards import latest

if TYPE_CHECKING:
    from app.admin.cases import CasesView


def is_in_place(case: Case, name: str) -> bool:
    """Whether the case stands where the form may be filled in: its workflow says so, or the form fits every stage."""
    if name in SIDE_FORMS:
        return side_forms.is_in_place(case, name)
    return name in state_of(case).forms or (FORMS[name].is_for_every_stage and case.state != CLOSED)


def serve(view: CasesView, case: Case, name: str) -> Any:
    """Show a form or keep what it says."""
    spec = FORMS.get(name) or SIDE_FORMS.get(name)
    if spec is None:
        raise NotFound(_("Такой формы нет."))
    require(auth.actor(), spec.permission)
    require_free(auth.actor(), case.school_id)
    if not is_in_place(case, name):
        raise Refused(
            Reason(
                "form_out_of_place",
                _("В состоянии «%(state)s» эта форма не заполняется.", state=words.stage(case)),
                href=url_for("cases.case", case_id=case.id),
            )
        )
    form = spec.prepare(case)
    told: tuple[Reason, ...] = ()
    conflict = None
    if request.method == "POST":
        if is_done(case, form.request_id.data):
            return redirect(url_for("cases.case", case_id=case.id))
        if str(form.version.data) != str(case.version):
            conflict = _(
                "Дело успел изменить другой человек: сейчас оно в состоянии «%(state)s». Введённое сохранено на "
                "странице; проверьте и отправьте ещё раз.",
                state=words.stage(case),
            )
        elif form.validate():
            try:
                moved = _keep(case, spec, form)
                auth.commit()
            except Refused as refused:
                auth.db().rollback()
                told = refused.reasons
            except Conflict as error:
                auth.db().rollback()
                conflict = str(error)
            else:
                say(str(spec.done) + (" " + _("Дело переведено: %(state)s.", state=moved) if moved else ""))
                return redirect(url_for("cases.case", case_id=case.id))
        case = view.get_one(case.id)
    form.version.data = str(case.version)
    form.request_id.data = secrets.token_hex(16)
    page = view.render(
        "pages/case_form.html",
        case=case,
        form=form,
        spec=spec,
        name=name,
        told=told,
        conflict=conflict,
        problems=fields.field_errors(form),
        href_of=lambda href: case_page.href_of(case, href, here=_page_of(case, name, href)),
        steps=case_stages.steps(case),
        sentences=_sentences(case),
        **spec.context(case),
    )
    return (page, 409) if conflict or told else (page, 422) if form.errors else page


def _page_of(case: Case, name: str, anchor: str | None) -> str:
    """The address of the open form; a hand-over asks the same of the curator as the order does."""
    is_same = name == "handover" and anchor == "#assignment"
    return url_for("cases.do", case_id=case.id, form="order" if is_same else name)


def _sentences(case: Case) -> list[tuple[str, str]]:
    """The signs of the newest flag in a line each, to have before one's eyes while filling in a form."""
    flag = latest(auth.db(), Flag, case.id)
    findings = flag.frozen.get("findings", []) if flag is not None else []
    return [
        (words.capital(words.paper(f["subject"], f["grade"], f["year"])), case_signs.sentence(f))
        for f in findings
        if f.get("sign") and f.get("sentence")
    ][:6]


def is_done(case: Case, request_id: str | None) -> bool:
    """Whether this very request was kept before: the journal knows it by its id."""
    if not request_id:
        return False
    known = auth.db().scalar(
        select(JournalEntry.seq)
        .where(
            JournalEntry.subject == "case", JournalEntry.subject_id == case.id, JournalEntry.request_id == request_id
        )
        .limit(1)
    )
    auth.db().info["request_id"] = request_id[:64]
    return known is not None


def _keep(case: Case, spec: CaseForm, form: Any) -> str | None:
    """Save the form; then make the move it opens the way to, when that is wished, permitted and possible."""
    spec.save(case, form)
    if spec.trigger is None or not form.and_move.data:
        return None
    session = auth.db()
    for move in engine.available(session, case, actor=auth.actor(), at=auth.now()):
        if move.transition.trigger == spec.trigger and move.is_possible:
            event = engine.fire(
                session,
                case.id,
                spec.trigger,
                actor=auth.actor(),
                at=auth.now(),
                expected_version=case.version,
                request_id=form.request_id.data,
            )
            return words.stage(case, event.to_state)
    return None


P = Permission
FORMS: dict[str, CaseForm] = {
    "interview": CaseForm(
        _l("Протокол собеседования"),
        _l("Запишите, как прошло собеседование с руководителем школы. Протокол будет оформлен в PDF."),
        P.CASE_INTERVIEW,
        steps.interview_form,
        steps.save_interview,
        _l("Протокол внесён, PDF готовится."),
        "interview",
    ),
    "handover": CaseForm(
        _l("Передать собеседование куратору"),
        _l("Куратор увидит дело и проведёт собеседование; приказ можно издать позже."),
        P.CASE_ASSIGN,
        steps.handover_form,
        steps.save_handover,
        _l("Собеседование передано куратору."),
        context=steps.curator_objections,
    ),
    "order": CaseForm(
        _l("Приказ о назначении куратора"),
        _l("Куратор — методист или работник школы с объективными результатами, без конфликта интересов."),
        P.CASE_ASSIGN,
        steps.order_form,
        steps.save_order,
        _l("Приказ внесён."),
        "assign",
        context=steps.curator_objections,
    ),
    "observation": CaseForm(
        _l("Назначить наблюдение"),
        _l("Наблюдатель обучен, не работает в этой школе и не связан с ней."),
        P.CASE_OBSERVE,
        steps.observation_form,
        steps.save_observation,
        _l("Визит назначен."),
        context=steps.observer_objections,
    ),
    "recheck": CaseForm(
        _l("Назначить перепроверку"),
        _l("Выборку составит программа по опубликованному правилу и числу-ключу: её сможет повторить каждый."),
        P.CASE_RECHECK,
        steps.recheck_form,
        steps.save_recheck,
        _l("Перепроверка назначена, выборка составляется."),
        context=lambda case: steps.expert_objections(case) | keeping.kept(case),
    ),
    "preservation": CaseForm(
        _l("Попросить сохранить работы"),
        _l("Письмо школе оформится в PDF; день, до которого работы точно есть, сдвинется."),
        P.CASE_RECHECK,
        keeping.form,
        keeping.save,
        _l("Просьба внесена, письмо готовится."),
        is_for_every_stage=True,
        context=keeping.kept,
    ),
    "conclusion": CaseForm(
        _l("Предложить закрытие"),
        _l("Вывод предлагает один человек, утверждает другой."),
        P.CASE_CONCLUDE,
        steps.conclusion_form,
        steps.save_conclusion,
        _l("Предложение внесено; его утвердит другой человек."),
        context=steps.recheck_results,
    ),
    "diagnosis": CaseForm(
        _l("Разбор причин низких результатов"),
        _l("Сначала понять, чего не хватает школе: помощь идёт раньше любых мер."),
        P.CASE_SUPPORT,
        support_forms.diagnosis_form,
        support_forms.save_diagnosis,
        _l("Разбор внесён."),
        "diagnose",
    ),
    "programme": CaseForm(
        _l("Программа помощи"),
        _l("Программа составлена вместе со школой и отвечает на найденные причины."),
        P.CASE_SUPPORT,
        support_forms.programme_form,
        support_forms.save_programme,
        _l("Программа внесена."),
        "agree",
    ),
    "mentoring": CaseForm(
        _l("Пара «школа — школе»"),
        _l(
            "Наставник — другая школа без открытого дела; объективные школы стоят в списке первыми. Пару учителей "
            "заводят в разделе «Наставничество»: она тоже засчитывается."
        ),
        P.MENTORING_KEEP,
        support_forms.mentoring_form,
        support_forms.save_mentoring,
        _l("Пара внесена."),
        "support",
    ),
    "low_review": CaseForm(
        _l("Оценка динамики"),
        _l("Что изменилось с начала поддержки. Оценку готовят в январе и июле."),
        P.CASE_SUPPORT,
        support_forms.review_form,
        support_forms.save_review,
        _l("Оценка внесена."),
        "review",
    ),
}
"""Name in the address → form."""
