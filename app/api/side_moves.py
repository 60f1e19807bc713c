"""Side moves of a case as JSON: hold, resume, return with a question, hand over, reopen."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import jsonify

from app import auth
from app.api.cases import cases
from app.api.reading import body, wrong
from app.errors import Conflict
from app.models import Case
from app.policy import Permission
from app.terms import Addressee
from app.workflows import brakes, episodes, hand_overs, pauses, questions


@cases.route("/cases/<row:case_id>/hold", methods=["POST"])
@auth.door(Permission.CASE_HOLD)
def hold_case(case_id: int) -> Any:
    """Put a case on hold until the day ``until_on``."""
    said = body(until_on=str, reason=str, version=int)
    pauses.hold(auth.db(), case_id, _day(said), said["reason"][:4000], **_who(), expected_version=said["version"])
    return _answer(case_id)


@cases.route("/cases/<row:case_id>/resume", methods=["POST"])
@auth.door(Permission.CASE_HOLD)
def resume_case(case_id: int) -> Any:
    said = body(reason=str)
    pauses.resume(auth.db(), case_id, said["reason"][:4000], **_who())
    return _answer(case_id)


@cases.route("/cases/<row:case_id>/ask", methods=["POST"])
@auth.door(Permission.CASE_RETURN)
def ask(case_id: int) -> Any:
    """Return a case with a question; ``trigger`` names the way back when ``to`` is ``stage``, else it is empty."""
    said = body(to=str, asked=str, due_on=str, version=int, request_id=str, trigger=str)
    if said["to"] not in set(Addressee):
        raise wrong("Ключ «to»: school, curator или stage.", "Key “to”: school, curator or stage.")
    if not 8 <= len(said["request_id"]) <= 64:
        raise wrong("Ключ «request_id»: от 8 до 64 знаков.", "Key “request_id”: 8 to 64 characters.")
    questions.ask(
        auth.db(),
        case_id,
        Addressee(said["to"]),
        said["asked"][:4000],
        _day(said, "due_on"),
        **_who(),
        expected_version=said["version"],
        request_id=said["request_id"],
        trigger=said["trigger"][:40],
    )
    return _answer(case_id)


@cases.route("/cases/<row:case_id>/answer", methods=["POST"])
@auth.door(Permission.CASE_ANSWER)
def answer(case_id: int) -> Any:
    said = body(text=str)
    questions.answer(auth.db(), case_id, said["text"][:4000], **_who())
    return _answer(case_id)


@cases.route("/cases/<row:case_id>/handover", methods=["POST"])
@auth.door(Permission.CASE_HANDOVER)
def propose_hand_over(case_id: int) -> Any:
    """Propose that the curator with the id ``to`` take the case over."""
    said = body(to=int, reason=str, version=int)
    hand_overs.propose(
        auth.db(), case_id, said["to"], said["reason"][:4000], **_who(), expected_version=said["version"]
    )
    return _answer(case_id)


@cases.route("/cases/<row:case_id>/handover/answer", methods=["POST"])
@auth.door(Permission.CASE_HANDOVER)
def answer_hand_over(case_id: int) -> Any:
    said = body(accept=bool, no_conflict_declared=bool, text=str)
    hand_overs.answer(
        auth.db(),
        case_id,
        said["accept"],
        said["text"][:4000],
        no_conflict_declared=said["no_conflict_declared"],
        **_who(),
    )
    return _answer(case_id)


@cases.route("/cases/<row:case_id>/reopen", methods=["POST"])
@auth.door(Permission.CASE_REOPEN)
def reopen_case(case_id: int) -> Any:
    """Open the next episode of a closed case; the answer is the new case."""
    said = body(reason=str, with_signs=bool, with_curator=bool)
    made = episodes.reopen(
        auth.db(),
        case_id,
        said["reason"][:4000],
        with_signs=said["with_signs"],
        with_curator=said["with_curator"],
        **_who(),
    )
    return _answer(made.id)


def _who() -> dict[str, Any]:
    return {"actor": auth.actor(), "at": auth.now()}


def _day(said: dict[str, Any], name: str = "until_on") -> date:
    try:
        return date.fromisoformat(said[name])
    except ValueError as error:
        raise wrong(f"Ключ «{name}»: день вида 2026-12-31.", f"Key “{name}”: a day like 2026-12-31.") from error


def _answer(case_id: int) -> Any:
    """Commit and say what stands about the case now."""
    auth.commit()
    session = auth.db()
    case = session.get(Case, case_id, populate_existing=True)
    if case is None:
        raise Conflict("Дело ушло из вашей территории.")
    pause, question = brakes.open_pause(session, case_id), brakes.open_question(session, case_id)
    hand_over = hand_overs.open_hand_over(session, case_id)
    return jsonify(
        {
            "case_id": case.id,
            "number": case.number,
            "state": case.state,
            "version": case.version,
            "episode_of": case.episode_of_id,
            "clock_stands_until": pause.until_on.isoformat() if pause else None,
            "question": {"to": question.addressee, "due_on": question.due_on.isoformat()} if question else None,
            "handover": {"to": hand_over.to_id, "status": hand_over.status} if hand_over else None,
        }
    )
