"""One case: where it stands, its signs, its course, its documents, and the next step with what is missing for it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from flask import abort, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app import auth
from app.admin import case_course, road_maps, sentences_en, words
from app.admin.base import say
from app.errors import Conflict, Reason, Refused
from app.models import (
    Case,
    CaseEvent,
    Conclusion,
    CuratorOrder,
    Document,
    Flag,
    Interview,
    Observation,
    Recheck,
)
from app.policy import Permission
from app.terms import (
    CaseState,
    DetectorName,
    ExplanationReason,
    FindingLevel,
    Mechanism,
    ObservationStage,
    RecheckStatus,
    Violation,
    VisitStatus,
)
from app.workflows import engine
from app.workflows.case import stage_days

if TYPE_CHECKING:
    from app.admin.cases import CasesView

TABS = ("signs", "course", "documents", "work", "roadmap")

FORM_OF_ANCHOR = {
    "#interview": "interview",
    "#assignment": "order",
    "#observation": "observation",
    "#recheck": "recheck",
    "#conclusion": "conclusion",
}
"""Where a guard's reason says something is missing → the form that supplies it."""

STAGE_DAYS = stage_days()
"""Calendar days a case is expected to stay in a stage; shown as an aim, enforced nowhere."""


@dataclass(frozen=True)
class Step:
    """One stage on the line above the page."""

    title: str
    kind: str  # done, current, ahead, skipped
    caption: str


def show(view: CasesView, case: Case, *, told: Sequence[Reason] = (), conflict: str | None = None) -> str:
    """The page of a case."""
    tab = request.args.get("tab", "signs")
    if tab not in TABS:
        tab = "signs"
    moves = available(case)
    context: dict[str, Any] = {
        "case": case,
        "tab": tab,
        "steps": steps(case),
        "moves": moves,
        "next_move": moves[0] if moves else None,
        "side_moves": moves[1:],
        "forms": offered(case),
        "told": told,
        "conflict": conflict,
        "request_id": secrets.token_hex(16),
        "order": _latest(CuratorOrder, case),
        "conclusion": _latest(Conclusion, case),
        "stage_due": stage_due(case),
        "href_of": lambda href: href_of(case, href),
        "checks": checks,
        "may_move": any(move.is_permitted for move in moves),
    }
    context |= {
        "signs": _signs,
        "course": case_course.of,
        "documents": _documents,
        "work": _work,
        "roadmap": road_maps.panel,
    }[tab](case)
    return view.render("pages/case.html", **context)


def move(view: CasesView, case: Case) -> Any:
    """Fire the trigger the form names; a refusal or a stale page comes back with the reasons and the fresh state."""
    version = request.form.get("version", "")
    request_id = request.form.get("request_id", "")
    if not version.isascii() or not version.isdigit() or len(version) > 9 or not 8 <= len(request_id) <= 64:
        abort(400)
    try:
        event = engine.fire(
            auth.db(),
            case.id,
            request.form.get("trigger", "")[:40],
            actor=auth.actor(),
            at=auth.now(),
            expected_version=int(version),
            request_id=request_id,
            reason=request.form.get("reason", "")[:2000],
        )
        auth.commit()
    except Refused as refused:
        auth.db().rollback()
        return show(view, view.get_one(case.id), told=refused.reasons), 409
    except Conflict as conflict:
        auth.db().rollback()
        return show(view, view.get_one(case.id), conflict=str(conflict)), 409
    say(_("Дело переведено: %(state)s.", state=words.title(event.to_state)))
    return redirect(url_for("cases.case", case_id=case.id))


def available(case: Case) -> list[engine.Move]:
    if case.state is CaseState.CLOSED:
        return []
    return engine.available(auth.db(), case, actor=auth.actor(), at=auth.now())


def offered(case: Case) -> list[tuple[str, str]]:
    """Forms this person may open on this case now: name and title."""
    from app.admin.case_forms import FORMS

    return [
        (name, str(form.title))
        for name, form in FORMS.items()
        if case.state in form.states and auth.actor().may(form.permission)
    ]


def href_of(case: Case, anchor: str | None, here: str | None = None) -> str | None:
    """The address behind a reason's link, when this person may follow it and is not on that page already.

    `here` is the address of the page the reason is told on; what it asks for is then in front of the reader.
    """
    if anchor is None or not anchor.startswith("#"):
        return None if anchor == here else anchor
    if anchor == "#roadmap":
        return url_for("cases.case", case_id=case.id, tab="roadmap")
    name = FORM_OF_ANCHOR.get(anchor)
    found = _under_way(case, anchor)
    if found is None and name in {offer for offer, _title in offered(case)}:
        found = url_for("cases.do", case_id=case.id, form=name)
    return None if found == here else found


def _under_way(case: Case, anchor: str) -> str | None:
    """What is missing may have been begun: a visit without its act, a sample not yet re-marked."""
    session = auth.db()
    if anchor == "#observation":
        visit_id = session.scalar(
            select(Observation.id)
            .where(Observation.case_id == case.id, Observation.status == VisitStatus.SCHEDULED)
            .order_by(Observation.id.desc())
            .limit(1)
        )
        return url_for("observations.visit", observation_id=visit_id) if visit_id else None
    if anchor == "#recheck":
        recheck_id = session.scalar(
            select(Recheck.id)
            .where(Recheck.case_id == case.id, Recheck.status.in_([RecheckStatus.REQUESTED, RecheckStatus.DRAWN]))
            .order_by(Recheck.id.desc())
            .limit(1)
        )
        return url_for("rechecks.recheck", recheck_id=recheck_id) if recheck_id else None
    return None


def steps(case: Case) -> list[Step]:
    """The stages with the days spent in each; a dismissed case skips what lies between."""
    session = auth.db()
    events = session.scalars(select(CaseEvent).where(CaseEvent.case_id == case.id).order_by(CaseEvent.seq)).all()
    entered: dict[CaseState, datetime] = {CaseState.FLAGGED: case.opened_at}
    left: dict[CaseState, datetime] = {}
    for event in events:
        left[event.from_state] = event.at
        entered[event.to_state] = event.at
    found = []
    for state in CaseState:
        name = words.title(state)
        if state is case.state:
            if state is CaseState.CLOSED:
                found.append(Step(name, "done", words.day(case.closed_at, "short")))
            else:
                n, limit = words.days_between(case.entered_at) + 1, STAGE_DAYS[state]
                inside = _("идёт %(n)s-й день из %(limit)s", n=n, limit=limit)
                found.append(Step(name, "current", inside if n <= limit else _("идёт %(n)s-й день", n=n)))
        elif state in left:
            found.append(
                Step(name, "done", words.days(words.days_between(entered.get(state, case.opened_at), left[state])))
            )
        elif case.state is CaseState.CLOSED:
            found.append(Step(name, "skipped", _("не потребовалось")))
        else:
            found.append(Step(name, "ahead", ""))
    return found


def stage_due(case: Case) -> tuple[date, int] | None:
    """The day by which the stage should end, and the days left until then."""
    limit = STAGE_DAYS.get(case.state)
    if limit is None:
        return None
    due = case.entered_at.astimezone(words.zone()).date() + timedelta(days=limit)
    return due, (due - words.today()).days


def _signs(case: Case) -> dict[str, Any]:
    flags = (
        auth.db().scalars(select(Flag).where(Flag.case_id == case.id).order_by(Flag.year.desc(), Flag.id.desc())).all()
    )
    return {"flags": flags, "evidence": [evidence_of(flag) for flag in flags]}


def evidence_of(flag: Flag) -> dict[str, Any]:
    """A flag's frozen findings, parted into signs, oddities beside them, clean answers and what was not assessed."""
    findings = flag.frozen.get("findings", [])
    signs = [f for f in findings if f.get("sign")]
    notes = [f for f in findings if f.get("note") and f.get("outcome") == "assessed"]
    others = [f for f in findings if not f.get("sign") and not f.get("note") and f.get("outcome") == "assessed"]
    silent = [f for f in findings if not f.get("sign") and f.get("outcome") != "assessed"]
    return {
        "flag": flag,
        "signs": signs,
        "notes": notes,
        "others": others,
        "silent": silent,
        "frozen": flag.frozen,
        "resembles": _mechanism(flag.frozen.get("summary", {}).get("resembles")),
    }


def _mechanism(code: str | None) -> str | None:
    """What the signs resemble most, in words; none for flags older than this likeness."""
    return words.title(Mechanism(code)) if code in set(Mechanism) else None


def checks(move: engine.Move, href_of: Callable[[str | None], str | None]) -> list[dict[str, Any]]:
    """A move's guards for the checklist: what is there, what is missing, and the link that mends it."""
    locale = words.locale()
    return [
        {
            "title": check.guard.title(locale),
            "done": check.is_met,
            "note": None if check.reason is None else check.reason.text(locale),
            "href": None if check.reason is None else href_of(check.reason.href),
            "label": _("Открыть форму"),
        }
        for check in move.checks
    ]


def facts_of(finding: Any, frozen: dict[str, Any]) -> list[tuple[str, str]]:
    """The numbers behind a sign, with what they were computed by."""
    unit = finding["effect_unit"]
    size = words.effect(finding["effect"], unit)
    between = words.interval(finding["effect_low"], finding["effect_high"], unit)
    if between:
        size = _("%(size)s (95 %% ДИ %(interval)s)", size=size, interval=between).replace(" ", words.NBSP)
    found = [
        (_("работ"), words.number(finding["n"])),
        (_("отклонение"), size),
        ("p", words.p_value(finding["p_value"])),
        ("q", words.p_value(finding["q_value"])),
        (_("сравнение"), reference(finding.get("reference"))),
        (_("проверка"), f"{finding['detector']} {finding.get('version') or ''}".strip()),
        (_("параметры"), str(frozen.get("parameters_version") or "—")),
    ]
    try:
        level = words.title(FindingLevel(finding.get("level", "")))
    except ValueError:
        return found
    return [*found, (_("надёжность"), level)]


REFERENCES = {"регион": _l("регион"), "контрольная выборка": _l("контрольная выборка")}
"""What findings are compared with, as they are kept → as the reader sees it."""

WORKPLACES = {"методическая служба": _l("методическая служба")}
"""Workplaces that are no school's name."""


def reference(kept: Any) -> str:
    return str(REFERENCES.get(str(kept), kept)) if kept else "—"


def workplace(kept: str | None) -> str:
    return str(WORKPLACES.get(kept, kept)) if kept else "—"


def detector_title(name: str, frozen_title: str | None = None) -> str:
    if words.locale() == "ru" and frozen_title:
        return frozen_title
    try:
        return words.title(DetectorName(name))
    except ValueError:
        return frozen_title or name


def sentence(finding: Any) -> str:
    """What a finding says in the reader's language.

    Findings are frozen with their Russian sentence; in English the numbers are put into words anew. Works on a frozen
    finding (mapping) and on a row alike.
    """
    told = finding if isinstance(finding, Mapping) else vars(finding)
    russian = told.get("sentence") or told.get("reason") or "—"
    if words.locale() == "ru":
        return str(russian)
    anew = sentences_en.of(told)
    if anew is not None:
        return anew
    if told.get("effect") is None:
        return f"Not assessed (in Russian: {russian})"
    unit = told.get("effect_unit")
    size = words.effect(told["effect"], unit)
    between = words.interval(told.get("effect_low"), told.get("effect_high"), unit)
    return (
        f"Deviation {size}" + (f" (95 % CI {between})" if between else "") + f" over {words.number(told['n'])} works."
    )


def _documents(case: Case) -> dict[str, Any]:
    rows = auth.db().scalars(
        select(Document).where(Document.case_id == case.id).order_by(Document.requested_at.desc(), Document.id.desc())
    )
    return {"documents": rows.all() if auth.actor().may(Permission.DOCUMENT_READ) else []}


def _work(case: Case) -> dict[str, Any]:
    """Interviews, orders, visits and rechecks of the case."""
    session = auth.db()

    def all_of(model: Any) -> Any:
        return session.scalars(select(model).where(model.case_id == case.id).order_by(model.id.desc())).all()

    return {
        # The head's explanation is the department's, the curator's and the school's; visitors do not need it.
        "interviews": all_of(Interview),
        "orders": all_of(CuratorOrder),
        "observations": all_of(Observation),
        "rechecks": all_of(Recheck),
        "conclusions": all_of(Conclusion),
        "reason_titles": {member.value: words.title(member) for member in ExplanationReason},
        "stage_titles": {member.value: words.title(member) for member in ObservationStage},
        "violation_titles": {member.value: words.title(member) for member in Violation},
    }


def _latest(model: Any, case: Case) -> Any:
    return auth.db().scalars(select(model).where(model.case_id == case.id).order_by(model.id.desc()).limit(1)).first()
