"""Cases and findings as JSON, and the one way to move a case."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, jsonify, request
from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from app import auth
from app.api.reading import MOST, body, whole, wrong
from app.errors import NotFound
from app.flows import CLOSED
from app.models import Case, CaseEvent, Finding, School
from app.policy import Permission
from app.workflows import engine
from app.workflows.definitions import known_state

cases = Blueprint("api", __name__)


@cases.route("/session")
@auth.door(auth.SIGNED_IN)
def session() -> Any:
    """Who I am, what I may do, and the token for unsafe methods."""
    actor = auth.actor()
    return jsonify(
        {
            "user": {"id": actor.user_id, "name": actor.name, "role": actor.role, "locale": g.user.locale},
            "permissions": sorted(actor.permissions),
            "csrf_token": generate_csrf(),
        }
    )


@cases.route("/cases")
@auth.door(Permission.CASE_READ)
def list_cases() -> Any:
    """Cases in sight, newest last; ``after`` is the id to go on from."""
    limit = whole("limit", 50, most=MOST) or 1
    statement = (
        select(Case)
        .where(Case.id > whole("after", 0, most=2**31 - 1))
        .options(selectinload(Case.school))
        .order_by(Case.id)
        .limit(limit + 1)
    )
    state = request.args.get("state")
    if state is not None:
        if known_state(auth.db(), state) is None:
            raise wrong("Такого состояния нет.", "There is no such state.")
        statement = statement.where(Case.state == state)
    rows = auth.db().scalars(statement).all()
    shown = rows[:limit]
    return jsonify({"cases": [_case(row) for row in shown], "next_after": shown[-1].id if len(rows) > limit else None})


@cases.route("/cases/<row:case_id>")
@auth.door(Permission.CASE_READ)
def one_case(case_id: int) -> Any:
    """A case with its moves so far and the moves that lead on, each with what is missing."""
    case = _find(case_id)
    session = auth.db()
    events = session.scalars(select(CaseEvent).where(CaseEvent.case_id == case.id).order_by(CaseEvent.seq))
    moves = [] if case.state == CLOSED else engine.available(session, case, actor=auth.actor(), at=auth.now())
    return jsonify(
        {
            **_case(case),
            "events": [
                {
                    "seq": e.seq,
                    "trigger": e.trigger,
                    "from": e.from_state,
                    "to": e.to_state,
                    "actor": e.actor_name,
                    "at": e.at.isoformat(),
                    "reason": e.reason,
                }
                for e in events
            ],
            "moves": [
                {
                    "trigger": move.transition.trigger,
                    "to": move.transition.dest,
                    "is_permitted": move.is_permitted,
                    "is_possible": move.is_possible,
                    "missing": [{"code": r.code, "text": r.text(g.user.locale)} for r in move.reasons],
                }
                for move in moves
            ],
        }
    )


@cases.route("/cases/<row:case_id>/move", methods=["POST"])
@auth.door(Permission.CASE_READ)
def move_case(case_id: int) -> Any:
    """Fire a transition; the transition's own permission is asked by the engine."""
    said = body(trigger=str, version=int, request_id=str, reason=str)
    if not 8 <= len(said["request_id"]) <= 64:
        raise wrong("Ключ «request_id»: от 8 до 64 знаков.", "Key “request_id”: 8 to 64 characters.")
    case = _find(case_id)
    event = engine.fire(
        auth.db(),
        case.id,
        said["trigger"][:40],
        actor=auth.actor(),
        at=auth.now(),
        expected_version=said["version"],
        request_id=said["request_id"],
        reason=said["reason"][:2000],
    )
    auth.commit()
    return jsonify({"case_id": case.id, "state": event.to_state, "version": event.seq, "seq": event.seq})


@cases.route("/findings")
@auth.door(Permission.FINDING_READ)
def findings() -> Any:
    """Findings in sight, of one school when ``school`` names its number."""
    limit = whole("limit", 50, most=MOST) or 1
    statement = (
        select(Finding, School.code)
        .join(School, School.id == Finding.school_id)
        .where(Finding.id > whole("after", 0, most=2**31 - 1))
        .order_by(Finding.id)
        .limit(limit + 1)
    )
    school = request.args.get("school")
    if school is not None:
        if not (school.isascii() and school.isdigit() and len(school) <= 12):
            raise wrong("Параметр «school»: номер школы цифрами.", "Parameter “school”: the number in digits.")
        statement = statement.where(School.code == school)
    rows = auth.db().execute(statement).all()
    shown = rows[:limit]
    return jsonify(
        {
            "findings": [_finding(finding, code) for finding, code in shown],
            "next_after": shown[-1][0].id if len(rows) > limit else None,
        }
    )


def _find(case_id: int) -> Case:
    case = auth.db().scalars(select(Case).where(Case.id == case_id).options(selectinload(Case.school))).first()
    if case is None:
        raise NotFound(_("Дело не найдено или относится к другой территории."))
    return case


def _case(case: Case) -> dict[str, Any]:
    return {
        "id": case.id,
        "number": case.number,
        "year": case.year,
        "kind": case.kind,
        "workflow": case.workflow,
        "workflow_version": case.workflow_version,
        "state": case.state,
        "version": case.version,
        "tier": case.tier,
        "evidence": case.evidence,
        "school": {"code": case.school.code, "name": case.school.name},
        "opened_at": case.opened_at.isoformat(),
        "entered_at": case.entered_at.isoformat(),
        "closed_at": case.closed_at.isoformat() if case.closed_at else None,
        "verdict": case.verdict,
    }


def _finding(finding: Finding, code: str) -> dict[str, Any]:
    names = (
        "id", "year", "subject", "grade", "detector", "family", "n", "statistic", "effect", "effect_unit", "effect_low",
        "effect_high", "p_value", "q_value", "level", "outcome", "reason", "sentence",
    )  # fmt: skip
    return {"school": code, **{name: getattr(finding, name) for name in names}}
