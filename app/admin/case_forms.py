"""The forms of a case: one row each in `FORMS`, one route for all.

A form is refused with every reason and shown again with what was typed; a stale page is told what the case has become
and loses nothing; the same request sent twice is done once.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from flask import g, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from app import auth
from app.admin import case_fields as fields
from app.admin import case_page, words
from app.admin.base import say
from app.errors import Conflict, NotFound, Reason, Refused
from app.models import Case, Flag, JournalEntry, Recheck, User
from app.policy import Permission, require
from app.rechecks import load_rules
from app.terms import CaseState, ExplanationReason, RecheckOutcome, RecheckStatus, Role, Verdict
from app.workflows import assignment, engine, independence, interview, observation, recheck
from app.workflows import case as case_verbs
from app.workflows.assignment import Candidate

if TYPE_CHECKING:
    from app.admin.cases import CasesView

DOCUMENTS_SHOWN = (
    "положение о ВСОКО",
    "приказ о проведении ВПР",
    "приказ о комиссии по проверке",
    "схемы рассадки",
    "классные журналы",
    "самоанализ школы",
)
"""What schools bring to an interview (domain facts, section 6, row 2)."""


@dataclass(frozen=True)
class CaseForm:
    """One form: who may fill it in, where the case must stand, how it is prepared and which verb keeps it."""

    title: Any
    lead: Any
    permission: Permission
    states: frozenset[CaseState]
    prepare: Callable[[Case], fields.StepForm]
    save: Callable[[Case, Any], None]
    done: Any
    trigger: str | None = None
    template: str = "pages/case_form.html"
    context: Callable[[Case], dict[str, Any]] = field(default=lambda case: {})


def serve(view: CasesView, case: Case, name: str) -> Any:
    """Show a form or keep what it says."""
    spec = FORMS.get(name)
    if spec is None:
        raise NotFound(_("Такой формы нет."))
    require(auth.actor(), spec.permission)
    if case.state not in spec.states:
        raise Refused(
            Reason(
                "form_out_of_place",
                _("В состоянии «%(state)s» эта форма не заполняется.", state=words.title(case.state)),
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
                state=words.title(case.state),
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
        steps=case_page.steps(case),
        sentences=_sentences(case),
        **spec.context(case),
    )
    return (page, 409) if conflict or told else (page, 422) if form.errors else page


def _sentences(case: Case) -> list[tuple[str, str]]:
    """The signs of the newest flag in a line each, to have before one's eyes while filling in a form."""
    flag = case_verbs.latest(auth.db(), Flag, case.id)
    findings = flag.frozen.get("findings", []) if flag is not None else []
    return [
        (words.capital(words.paper(f["subject"], f["grade"], f["year"])), str(f["sentence"]))
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
            return words.title(event.to_state)
    return None


# ---- interview ----


def _interview_form(case: Case) -> fields.InterviewFields:
    form = fields.InterviewFields()
    form.reasons.choices = [(member.value, words.title(member)) for member in ExplanationReason]
    form.documents_shown.choices = [(text, text) for text in DOCUMENTS_SHOWN]
    if request.method == "GET":
        form.number.data, form.held_on.data = case.number, words.today()
        form.place.data = _("отдел образования")
        form.present.data = f"{g.user.name}, {g.user.post or words.title(g.user.role)}\n"
    return form


def _save_interview(case: Case, form: fields.InterviewFields) -> None:
    present, bad = fields.people_lines(form.present.data or "")
    if bad:
        raise Refused(
            Reason("present_line", _("Не указана должность: «%(line)s». Напишите через запятую.", line=bad[0][:80]))
        )
    agreed = []
    for row in form.agreed.data:
        if not (row["action"] or "").strip():
            continue
        if row["due_on"] is None or not (row["responsible"] or "").strip():
            raise Refused(
                Reason(
                    "agreed_row",
                    _("У договорённости «%(action)s» укажите срок и ответственного.", action=row["action"][:80]),
                )
            )
        agreed.append(interview.AgreedAction(row["action"].strip(), row["due_on"], row["responsible"].strip()))
    shown = [
        *(form.documents_shown.data or []),
        *([form.documents_other.data.strip()] if form.documents_other.data else []),
    ]
    interview.record_interview(
        auth.db(),
        case.id,
        interview.InterviewForm(
            number=form.number.data or "",
            held_on=form.held_on.data,
            place=form.place.data or "",
            form=form.form.data,
            present=tuple(present),
            explanation=form.explanation.data or "",
            reasons=tuple(ExplanationReason(code) for code in form.reasons.data or []),
            documents_shown=tuple(shown),
            agreed=tuple(agreed),
            needs_curator=form.needs_curator.data,
            needs_observers=form.needs_observers.data,
            needs_recheck=form.needs_recheck.data,
        ),
        actor=auth.actor(),
        at=auth.now(),
    )


# ---- curator ----


def _candidates(found: list[Candidate]) -> tuple[list[tuple[int, str]], list[tuple[str, str]]]:
    """Choices of those who may, and names with reasons of those who may not."""
    able = [(c.user.id, f"{c.user.name} — {_('сейчас дел')}: {c.load}") for c in found if c.reason is None]
    unable = [(c.user.name, c.reason.text(words.locale())) for c in found if c.reason is not None]
    return able, unable


def _handover_form(case: Case) -> fields.HandoverFields:
    form = fields.HandoverFields()
    form.curator_id.choices, _unable = _candidates(assignment.eligible_curators(auth.db(), case))
    return form


def _save_handover(case: Case, form: fields.HandoverFields) -> None:
    case_verbs.hand_interview(auth.db(), case.id, form.curator_id.data, actor=auth.actor(), at=auth.now())


def _order_form(case: Case) -> fields.OrderFields:
    form = fields.OrderFields()
    form.curator_id.choices, _unable = _candidates(assignment.eligible_curators(auth.db(), case))
    if request.method == "GET":
        form.issued_on.data, form.until.data = words.today(), words.today() + timedelta(days=365)
        if case.curator_id in {choice for choice, _title in form.curator_id.choices}:
            form.curator_id.data = case.curator_id
    return form


def _save_order(case: Case, form: fields.OrderFields) -> None:
    assignment.issue_order(
        auth.db(),
        case.id,
        form.curator_id.data,
        number=form.number.data or "",
        issued_on=form.issued_on.data,
        until=form.until.data,
        no_conflict_declared=form.no_conflict_declared.data,
        actor=auth.actor(),
        at=auth.now(),
    )


def _curator_objections(case: Case) -> dict[str, Any]:
    return {"unable": _candidates(assignment.eligible_curators(auth.db(), case))[1]}


# ---- observation ----


def papers_of(case: Case) -> list[tuple[str, str]]:
    """Papers of the case's flags, those with signs first: value «2021:ma:5» and title."""
    flags = auth.db().scalars(select(Flag).where(Flag.case_id == case.id).order_by(Flag.id.desc()))
    found: dict[tuple[int, str, int], bool] = {}
    for flag in flags:
        for finding in flag.frozen.get("findings", []):
            key = (int(finding["year"]), str(finding["subject"]), int(finding["grade"]))
            found[key] = found.get(key, False) or bool(finding.get("sign"))
    ordered = sorted(found, key=lambda key: (not found[key], -key[0], key[1], key[2]))
    return [(f"{year}:{subject}:{grade}", words.paper(subject, grade, year)) for year, subject, grade in ordered]


def _paper(value: str) -> tuple[int, str, int]:
    year, subject, grade = value.split(":")
    return int(year), subject, int(grade)


def _observation_form(case: Case) -> fields.ObservationFields:
    form = fields.ObservationFields()
    found = observation.eligible_observers(auth.db(), case, words.today())
    form.observer_id.choices, _unable = _candidates(found)
    form.paper.choices = papers_of(case)
    if request.method == "GET":
        form.scheduled_on.data = words.today()
        if auth.actor().role is Role.INSPECTOR:
            form.observer_id.data = auth.actor().user_id
    return form


def _save_observation(case: Case, form: fields.ObservationFields) -> None:
    _year, subject, grade = _paper(form.paper.data)
    observation.schedule_observation(
        auth.db(),
        case.id,
        form.observer_id.data,
        subject=subject,
        grade=grade,
        scheduled_on=form.scheduled_on.data,
        actor=auth.actor(),
        at=auth.now(),
    )


def _observer_objections(case: Case) -> dict[str, Any]:
    return {"unable": _candidates(observation.eligible_observers(auth.db(), case, words.today()))[1]}


# ---- recheck ----


def _experts(case: Case) -> list[Candidate]:
    session = auth.db()
    load: dict[int, int] = dict(
        session.execute(
            select(Recheck.inspector_id, func.count())
            .where(Recheck.status.in_([RecheckStatus.REQUESTED, RecheckStatus.DRAWN]))
            .group_by(Recheck.inspector_id)
        ).all()
    )
    people = session.scalars(select(User).where(User.role == Role.INSPECTOR, User.is_active).order_by(User.name))
    found = [Candidate(u, independence.expert_objection(session, case, u.id), load.get(u.id, 0)) for u in people]
    return sorted(found, key=lambda c: (c.reason is not None, c.load, c.user.name))


def _recheck_form(case: Case) -> fields.RecheckFields:
    form = fields.RecheckFields()
    rules = load_rules()
    form.inspector_id.choices, _unable = _candidates(_experts(case))
    form.paper.choices = papers_of(case)
    form.share.choices = [(str(step), words.percent(step)) for step in rules.steps]
    if request.method == "GET":
        form.scheduled_on.data = words.today() + timedelta(days=7)
        form.share.data = str(_next_share(case, rules))
        if auth.actor().role is Role.INSPECTOR:
            form.inspector_id.data = auth.actor().user_id
    return form


def _next_share(case: Case, rules: Any) -> float:
    """The usual share, or the next step after a recheck that decided nothing."""
    last = case_verbs.latest(auth.db(), Recheck, case.id)
    if last is None or last.outcome is not RecheckOutcome.INSUFFICIENT:
        return float(rules.share)
    taken = float(last.rule.get("share", rules.share))
    return float(next((step for step in sorted(rules.steps) if step > taken), rules.steps[-1]))


def _save_recheck(case: Case, form: fields.RecheckFields) -> None:
    year, subject, grade = _paper(form.paper.data)
    recheck.request_recheck(
        auth.db(),
        case.id,
        year=year,
        subject=subject,
        grade=grade,
        inspector_id=form.inspector_id.data,
        scheduled_on=form.scheduled_on.data,
        order_number=form.order_number.data or "",
        share=float(form.share.data),
        actor=auth.actor(),
        at=auth.now(),
    )


def _expert_objections(case: Case) -> dict[str, Any]:
    return {"unable": _candidates(_experts(case))[1]}


# ---- conclusion ----


def _conclusion_form(case: Case) -> fields.ConclusionFields:
    form = fields.ConclusionFields()
    early = case.state in (CaseState.FLAGGED, CaseState.INTERVIEW)
    allowed = [Verdict.DISMISSED] if early else [Verdict.NOT_CONFIRMED, Verdict.CONFIRMED]
    form.verdict.choices = [(verdict.value, words.title(verdict)) for verdict in allowed]
    if early and request.method == "GET":
        form.verdict.data = Verdict.DISMISSED.value
    return form


def _save_conclusion(case: Case, form: fields.ConclusionFields) -> None:
    case_verbs.propose(
        auth.db(), case.id, Verdict(form.verdict.data), form.grounds.data or "", actor=auth.actor(), at=auth.now()
    )


def _recheck_results(case: Case) -> dict[str, Any]:
    rows = auth.db().scalars(
        select(Recheck).where(Recheck.case_id == case.id, Recheck.status == RecheckStatus.MARKED).order_by(Recheck.id)
    )
    return {"results": rows.all()}


S, P = CaseState, Permission
FORMS: dict[str, CaseForm] = {
    "interview": CaseForm(
        _l("Протокол собеседования"),
        _l("Запишите, как прошло собеседование с руководителем школы. Протокол будет оформлен в PDF."),
        P.CASE_INTERVIEW,
        frozenset({S.FLAGGED, S.INTERVIEW}),
        _interview_form,
        _save_interview,
        _l("Протокол внесён, PDF готовится."),
        "interview",
    ),
    "handover": CaseForm(
        _l("Передать собеседование куратору"),
        _l("Куратор увидит дело и проведёт собеседование; приказ можно издать позже."),
        P.CASE_ASSIGN,
        frozenset({S.FLAGGED}),
        _handover_form,
        _save_handover,
        _l("Собеседование передано куратору."),
        context=_curator_objections,
    ),
    "order": CaseForm(
        _l("Приказ о назначении куратора"),
        _l("Куратор — методист или работник школы с объективными результатами, без конфликта интересов."),
        P.CASE_ASSIGN,
        frozenset({S.FLAGGED, S.INTERVIEW, S.CURATOR_ASSIGNED, S.OBSERVED, S.RECHECKED}),
        _order_form,
        _save_order,
        _l("Приказ внесён."),
        "assign",
        context=_curator_objections,
    ),
    "observation": CaseForm(
        _l("Назначить наблюдение"),
        _l("Наблюдатель обучен, не работает в этой школе и не связан с ней."),
        P.CASE_OBSERVE,
        frozenset({S.INTERVIEW, S.CURATOR_ASSIGNED, S.OBSERVED}),
        _observation_form,
        _save_observation,
        _l("Визит назначен."),
        context=_observer_objections,
    ),
    "recheck": CaseForm(
        _l("Назначить перепроверку"),
        _l("Выборку составит программа по опубликованному правилу и числу-ключу: её сможет повторить каждый."),
        P.CASE_RECHECK,
        frozenset({S.CURATOR_ASSIGNED, S.OBSERVED, S.RECHECKED}),
        _recheck_form,
        _save_recheck,
        _l("Перепроверка назначена, выборка составляется."),
        context=_expert_objections,
    ),
    "conclusion": CaseForm(
        _l("Предложить закрытие"),
        _l("Вывод предлагает один человек, утверждает другой."),
        P.CASE_CONCLUDE,
        frozenset({S.FLAGGED, S.INTERVIEW, S.RECHECKED}),
        _conclusion_form,
        _save_conclusion,
        _l("Предложение внесено; его утвердит другой человек."),
        context=_recheck_results,
    ),
}
"""Name in the address → form."""
