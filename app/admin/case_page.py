"""One case: where it stands, its signs, its course, its documents, and the next step with what is missing for it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from flask import abort, current_app, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select

from app import auth
from app.admin import case_course, case_signs, case_stages, road_maps, side_panel, words
from app.admin.base import say
from app.admin.plan_forms import Told
from app.errors import Conflict, Reason, Refused
from app.flows import CLOSED
from app.models import (
    Case,
    Conclusion,
    CuratorOrder,
    Deadline,
    Document,
    Interview,
    Observation,
    Recheck,
    SupportRecord,
)
from app.policy import Permission
from app.terms import (
    ExplanationReason,
    LowCause,
    ObservationStage,
    RecheckStatus,
    Violation,
    VisitStatus,
)
from app.workflows import engine, preservation, questions, stage_clock

if TYPE_CHECKING:
    from app.admin.cases import CasesView

TABS = ("signs", "course", "documents", "work", "roadmap")

FORM_OF_ANCHOR = {
    "#interview": "interview",
    "#assignment": "order",
    "#observation": "observation",
    "#recheck": "recheck",
    "#conclusion": "conclusion",
    "#diagnosis": "diagnosis",
    "#programme": "programme",
    "#mentoring": "mentoring",
    "#low_review": "low_review",
    "#resume": "resume",
    "#answer": "answer",
    "#transfer": "transfer",
    "#preservation": "preservation",
}
"""Where a guard's reason says something is missing → the form that supplies it."""


def show(
    view: CasesView,
    case: Case,
    *,
    told: Sequence[Reason] = (),
    conflict: str | None = None,
    map_told: Told | None = None,
) -> str:
    """The page of a case; with `map_told` its road map, where a step was refused and what was typed stays."""
    tab = request.args.get("tab", "signs") if map_told is None else "roadmap"
    if tab not in TABS:
        tab = "signs"
    moves = available(case)
    # A return goes with a question, by the form that asks it.
    ways_back = questions.ways_back(case)
    context: dict[str, Any] = {
        "case": case,
        "tab": tab,
        "steps": case_stages.steps(case),
        "moves": moves,
        "next_move": moves[0] if moves else None,
        "side_moves": [move for move in moves[1:] if move.transition not in ways_back],
        "forms": offered(case),
        "told": told,
        "conflict": conflict,
        "request_id": secrets.token_hex(16),
        "order": _latest(CuratorOrder, case),
        "conclusion": _latest(Conclusion, case),
        "clock": stage_clock.clock_of(auth.db(), case, words.today()),
        "deadlines": auth.db()
        .scalars(
            select(Deadline).where(Deadline.case_id == case.id, Deadline.done_at.is_(None)).order_by(Deadline.due_on)
        )
        .all(),
        "kept": preservation.standing(auth.db(), case, today=words.today()),
        "href_of": lambda href: href_of(case, href),
        "checks": checks,
        "may_move": any(move.is_permitted for move in moves),
        **side_panel.of(case),
    }
    context |= {
        "signs": case_signs.of,
        "course": case_course.of,
        "documents": _documents,
        "work": _work,
        "roadmap": road_maps.panel,
    }[tab](case)
    context["map_told"] = map_told or Told()
    context["map_typed"] = {} if map_told is None else request.form
    return view.render("pages/case.html", **context)


def show_refused_map(case_id: int, told: Told) -> str:
    """The page of a case after a step of its road map was refused, for the routes of road maps."""
    (admin,) = current_app.extensions["admin"]
    view: CasesView = next(found for found in admin._views if found.endpoint == "cases")
    return show(view, view.get_one(case_id), map_told=told)


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
            reason_code=request.form.get("reason_code", "")[:40],
        )
        auth.commit()
    except Refused as refused:
        auth.db().rollback()
        return show(view, view.get_one(case.id), told=refused.reasons), 409
    except Conflict as conflict:
        auth.db().rollback()
        return show(view, view.get_one(case.id), conflict=str(conflict)), 409
    say(_("Дело переведено: %(state)s.", state=words.stage(case, event.to_state)))
    return redirect(url_for("cases.case", case_id=case.id))


def available(case: Case) -> list[engine.Move]:
    if case.state == CLOSED:
        return []
    return engine.available(auth.db(), case, actor=auth.actor(), at=auth.now())


def offered(case: Case) -> list[tuple[str, str]]:
    """Forms this person may open on this case now: name and title."""
    from app.admin.case_forms import FORMS, is_in_place
    from app.admin.side_forms import offered_beside

    if auth.actor().barred(case.school_id) is not None:
        return []
    main = [
        (name, str(form.title))
        for name, form in FORMS.items()
        if is_in_place(case, name) and auth.actor().may(form.permission)
    ]
    return main + offered_beside(case)


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
        "support": all_of(SupportRecord),
        "cause_titles": {member.value: words.title(member) for member in LowCause},
        "reason_titles": {member.value: words.title(member) for member in ExplanationReason},
        "stage_titles": {member.value: words.title(member) for member in ObservationStage},
        "violation_titles": {member.value: words.title(member) for member in Violation},
    }


def _latest(model: Any, case: Case) -> Any:
    return auth.db().scalars(select(model).where(model.case_id == case.id).order_by(model.id.desc()).limit(1)).first()
