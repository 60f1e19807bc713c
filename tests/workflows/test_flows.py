"""Every legal edge of every shipped workflow fires, and without its documents every guard bites."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.errors import NotPermitted, Refused
from app.flows import CLOSED
from app.flows import shipped as files
from app.models import Case, SupportRecord
from app.policy import Permission
from app.terms import CaseKind, ReviewOutcome, SupportKind, Verdict
from app.workflows.definitions import shipped
from app.workflows.engine import Transition, fire
from tests import factories
from tests.people import Cast
from tests.plans import make_accepted_map, make_pair

EDGES = [(name, row) for name in sorted(files()) for row in shipped(name).transitions]
GUARDED = [(name, row, guard) for name, row in EDGES for guard in row.guards]
MOVERS = {
    Permission.CASE_INTERVIEW: "kira",
    Permission.CASE_ASSIGN: "marat",
    Permission.CASE_OBSERVE: "ivan",
    Permission.CASE_RECHECK: "ivan",
    Permission.CASE_SUPPORT: "kira",
    Permission.CASE_CLOSE: "mira",
    Permission.CASE_RETURN: "marat",
}
MISSING = {
    # guard → what `supply` must leave out or bring in its wrong form
    "protocol": "interview", "order": "order", "independent": "order", "act": "act", "remarked": "recheck",
    "conclusion": "conclusion", "dismissal": "conclusion", "follows": "wrong_verdict", "clean": "violation",
    "indicators": "diagnosis", "programme": "programme", "mentor": "mentoring", "reviewed": "review",
    "follows_review": "wrong_review", "road_map_settled": "road_map", "second": "own_proposal",
}  # fmt: skip


def ids(value: Any) -> str | None:
    return f"{value.source}-{value.trigger}" if isinstance(value, Transition) else getattr(value, "name", value)


def supply(session: Session, cast: Cast, case: Case, row: Transition, *, without: str = "") -> None:
    """Give the case all that its moves may ask for, but for one thing."""
    author = cast["mira" if without == "own_proposal" else "marat"]
    if without != "interview":
        factories.make_interview(session, case)
    if without != "order":
        factories.make_order(session, case, cast["kira"])
    if without != "act":
        wrong = {"violations": ["help"]} if without == "violation" else {}
        factories.make_observation(session, case, cast["ivan"], **wrong)
    if without != "recheck":
        factories.make_recheck(session, case, cast["ivan"], factories.make_dataset(session))
    if without != "mentoring":
        make_pair(session, cast.school, cast.objective)
    for kind in SupportKind:
        if without != kind.value:
            outcome = ReviewOutcome.IMPROVED if without != "wrong_review" else ReviewOutcome.WORSE
            make_record(session, case, kind, outcome)
    make_accepted_map(session, case, is_settled=without != "road_map")
    if without != "conclusion":
        dismisses = "dismissal" in {guard.name for guard in row.guards}
        helped = Verdict.IMPROVED if case.kind is CaseKind.LOW_RESULTS else Verdict.NOT_CONFIRMED
        verdict = Verdict.DISMISSED if dismisses else helped
        if without == "wrong_verdict":
            verdict = Verdict.CONFIRMED
        factories.make_conclusion(session, case, author, verdict=verdict)


def make_record(
    session: Session, case: Case, kind: SupportKind, outcome: ReviewOutcome = ReviewOutcome.IMPROVED
) -> SupportRecord:
    row = SupportRecord(
        case_id=case.id, kind=kind, held_on=date(2026, 11, 20), title="Запись", text="Что сделано и что решено.",
        outcome=outcome if kind is SupportKind.REVIEW else None,
        recorded_by_name="Kira", recorded_at=datetime.fromisoformat("2026-11-22T09:00:00+00:00"),
        municipality_id=case.municipality_id, school_id=case.school_id,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def stand(session: Session, cast: Cast, name: str, state: str) -> Case:
    kind = CaseKind(shipped(name).definition.kind)
    return factories.make_case(
        session, cast.school, kind=kind, workflow=name, workflow_version=shipped(name).version, state=state
    )


def make_move(session: Session, cast: Cast, case: Case, row: Transition, at: datetime, **changes: Any) -> Any:
    code = row.reasons[0].code if row.reasons else ""
    said = "Протокол не отвечает на главный вопрос." if row.reason == "required" else ""
    values = {
        "actor": cast.actor(MOVERS[row.permission], cast.school), "at": at, "expected_version": case.version,
        "request_id": f"r-{row.source}-{row.trigger}", "reason_code": code, "reason": said,
    }  # fmt: skip
    return fire(session, case.id, row.trigger, **{**values, **changes})


@pytest.mark.parametrize(("name", "row"), EDGES, ids=ids)
def test_every_legal_edge_fires_with_its_documents(name, row, session, cast, at) -> None:
    case = stand(session, cast, name, row.source)
    supply(session, cast, case, row)

    event = make_move(session, cast, case, row, at)

    assert (event.from_state, event.to_state, case.state) == (row.source, row.dest, row.dest)
    assert (case.closed_at is not None) == (row.dest == CLOSED)


@pytest.mark.parametrize(("name", "row", "guard"), GUARDED, ids=ids)
def test_every_guard_of_every_workflow_bites(name, row, guard, session, cast, at) -> None:
    case = stand(session, cast, name, row.source)
    supply(session, cast, case, row, without=MISSING[guard.name])

    with pytest.raises(Refused) as refusal:
        make_move(session, cast, case, row, at)

    assert refusal.value.reasons
    assert all(reason.ru and reason.en for reason in refusal.value.reasons)
    assert case.state == row.source


def test_a_move_with_reasons_asks_for_one_and_for_words_where_the_reason_needs_them(session, cast, at) -> None:
    row = shipped("low_results").find("reviewed", "prolong")
    case = stand(session, cast, "low_results", "reviewed")

    for code, said, missing in (("", "", "reason_not_chosen"), ("weather", "", "reason_not_chosen"),
                                ("other", "коротко", "no_reason_text")):  # fmt: skip
        with pytest.raises(Refused) as refusal:
            make_move(session, cast, case, row, at, reason_code=code, reason=said)
        assert [reason.code for reason in refusal.value.reasons] == [missing]

    event = make_move(
        session, cast, case, row, at, reason_code="other", reason="Учитель математики пришёл только в марте."
    )
    assert (event.reason_code, case.state) == ("other", "supported")


def test_a_reason_that_the_move_does_not_know_is_refused(session, cast, at) -> None:
    row = shipped().find("flagged", "interview")
    case = stand(session, cast, "objectivity", "flagged")
    supply(session, cast, case, row)

    with pytest.raises(Refused, match="основание"):
        make_move(session, cast, case, row, at, reason_code="because")


def test_roles_of_a_row_narrow_its_permission(session, cast, at) -> None:
    from dataclasses import replace

    row = replace(shipped().find("flagged", "interview"), roles=("department",))

    assert not row.permits(cast.actor("kira", cast.school))
    assert row.permits(cast.actor("marat"))
    with pytest.raises(NotPermitted):
        make_move(session, cast, stand(session, cast, "objectivity", "flagged"), row, at, actor=cast.actor("sveta"))
