"""What each form of a case is filled with and which verb keeps it: a pair of functions a form."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import g, request
from flask_babel import gettext as _
from sqlalchemy import select

from app import auth
from app.admin import case_fields as fields
from app.admin import people_rows, words
from app.errors import Reason, Refused
from app.models import Case, Flag, Recheck
from app.policy import Permission
from app.rechecks import load_rules
from app.terms import (
    DECLARED_KINDS,
    ConflictKind,
    Duty,
    ExplanationReason,
    RecheckOutcome,
    RecheckStatus,
    Role,
    Verdict,
)
from app.workflows import assignment, hand_overs, interview, observation, recheck
from app.workflows import case as case_verbs
from app.workflows.assignment import Candidate
from app.workflows.definitions import state_of
from app.workflows.guards import latest

DOCUMENTS_SHOWN = (
    "положение о ВСОКО",
    "приказ о проведении ВПР",
    "приказ о комиссии по проверке",
    "схемы рассадки",
    "классные журналы",
    "самоанализ школы",
)
"""What schools bring to an interview (domain facts, section 6, row 2)."""


# ---- interview ----


def interview_form(case: Case) -> fields.InterviewFields:
    form = fields.InterviewFields()
    form.reasons.choices = [(member.value, words.title(member)) for member in ExplanationReason]
    form.documents_shown.choices = [(text, text) for text in DOCUMENTS_SHOWN]
    if request.method == "GET":
        form.number.data, form.held_on.data = case.number, words.today()
        form.place.data = _("отдел образования")
        form.present.data = f"{g.user.name}, {g.user.post or words.title(g.user.role)}\n"
    return form


def save_interview(case: Case, form: fields.InterviewFields) -> None:
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


def candidates(found: list[Candidate]) -> tuple[list[Any], list[tuple[str, str]]]:
    """Choices, those who may not shut with the reason; and names with reasons of the latter."""
    able = [
        (
            c.user.id,
            _("%(name)s — сейчас в работе: %(n)s", name=c.user.name, n=c.load) + people_rows.pairs_words(c.pairs),
        )
        for c in found
        if c.reason is None
    ]
    unable = [(c.user.name, discreet(c.reason).text(words.locale())) for c in found if c.reason is not None]
    # Those who may not stay in the list, shut, with the reason beside the name; the whole of it is told at the side.
    shut = [
        (c.user.id, f"{c.user.name} — {reason_in_short(c.reason)}", {"disabled": True})
        for c in found
        if c.reason is not None
    ]
    return [*able, *shut] if able else [], unable


def reason_in_short(reason: Reason) -> str:
    """A reason beside a name: for a conflict its kind, else the sentence without the name that opens it."""
    reason = discreet(reason)
    if reason.code in set(ConflictKind):
        return words.title(ConflictKind(reason.code))
    return reason.text(words.locale()).partition(": ")[2] or reason.text(words.locale())


def discreet(reason: Reason) -> Reason:
    """A personal tie is told in full to those who keep the register only."""
    if reason.code not in set(DECLARED_KINDS) or auth.actor().may(Permission.PEOPLE_KEEP):
        return reason
    return Reason(
        "conflict",
        "Конфликт интересов: заявлена личная связь со школой.",
        "Conflict of interest: a personal tie to the school has been declared.",
        reason.href,
    )


def handover_form(case: Case) -> fields.HandoverFields:
    form = fields.HandoverFields()
    form.curator_id.choices, _unable = candidates(assignment.eligible_curators(auth.db(), case, words.today()))
    return form


def save_handover(case: Case, form: fields.HandoverFields) -> None:
    case_verbs.hand_interview(auth.db(), case.id, form.curator_id.data, actor=auth.actor(), at=auth.now())


def order_form(case: Case) -> fields.OrderFields:
    form = fields.OrderFields()
    form.curator_id.choices, _unable = candidates(assignment.eligible_curators(auth.db(), case, words.today()))
    if request.method == "GET":
        form.issued_on.data, form.until.data = words.today(), words.today() + timedelta(days=365)
        taking_over = hand_overs.open_hand_over(auth.db(), case.id)
        meant = case.curator_id if taking_over is None else taking_over.to_id
        if meant in {choice[0] for choice in form.curator_id.choices}:
            form.curator_id.data = meant
    return form


def save_order(case: Case, form: fields.OrderFields) -> None:
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


def curator_objections(case: Case) -> dict[str, Any]:
    return {"unable": candidates(assignment.eligible_curators(auth.db(), case, words.today()))[1]}


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


def paper(value: str) -> tuple[int, str, int]:
    year, subject, grade = value.split(":")
    return int(year), subject, int(grade)


def observation_form(case: Case) -> fields.ObservationFields:
    form = fields.ObservationFields()
    found = observation.eligible_observers(auth.db(), case, words.today())
    form.observer_id.choices, _unable = candidates(found)
    form.paper.choices = papers_of(case)
    if request.method == "GET":
        form.scheduled_on.data = words.today()
        if auth.actor().role is Role.INSPECTOR:
            form.observer_id.data = auth.actor().user_id
    return form


def save_observation(case: Case, form: fields.ObservationFields) -> None:
    _year, subject, grade = paper(form.paper.data)
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


def observer_objections(case: Case) -> dict[str, Any]:
    return {"unable": candidates(observation.eligible_observers(auth.db(), case, words.today()))[1]}


# ---- recheck ----


def experts(case: Case) -> list[Candidate]:
    return assignment.eligible_people(auth.db(), case, Duty.EXPERT, words.today())


def recheck_form(case: Case) -> fields.RecheckFields:
    form = fields.RecheckFields()
    rules = load_rules()
    form.inspector_id.choices, _unable = candidates(experts(case))
    form.paper.choices = papers_of(case)
    form.share.choices = [(str(step), words.percent(step)) for step in rules.steps]
    if request.method == "GET":
        form.scheduled_on.data = words.today() + timedelta(days=7)
        form.share.data = str(next_share(case, rules))
        if auth.actor().role is Role.INSPECTOR:
            form.inspector_id.data = auth.actor().user_id
    return form


def next_share(case: Case, rules: Any) -> float:
    """The usual share, or the next step after a recheck that decided nothing."""
    last = latest(auth.db(), Recheck, case.id)
    if last is None or last.outcome is not RecheckOutcome.INSUFFICIENT:
        return float(rules.share)
    taken = float(last.rule.get("share", rules.share))
    return float(next((step for step in sorted(rules.steps) if step > taken), rules.steps[-1]))


def save_recheck(case: Case, form: fields.RecheckFields) -> None:
    year, subject, grade = paper(form.paper.data)
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


def expert_objections(case: Case) -> dict[str, Any]:
    return {"unable": candidates(experts(case))[1]}


# ---- conclusion ----


def conclusion_form(case: Case) -> fields.ConclusionFields:
    form = fields.ConclusionFields()
    allowed = [Verdict(code) for code in state_of(case).verdicts]
    form.verdict.choices = [(verdict.value, words.title(verdict)) for verdict in allowed]
    if len(allowed) == 1 and request.method == "GET":
        form.verdict.data = allowed[0].value
    return form


def save_conclusion(case: Case, form: fields.ConclusionFields) -> None:
    case_verbs.propose(
        auth.db(), case.id, Verdict(form.verdict.data), form.grounds.data or "", actor=auth.actor(), at=auth.now()
    )


def recheck_results(case: Case) -> dict[str, Any]:
    rows = auth.db().scalars(
        select(Recheck).where(Recheck.case_id == case.id, Recheck.status == RecheckStatus.MARKED).order_by(Recheck.id)
    )
    return {"results": rows.all()}
