"""The case's table: each row moves, each guard bites, nobody else may."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.database import bind
from app.errors import Conflict, NotFound, NotPermitted, Refused
from app.models import Case, CaseEvent, JournalEntry, OutboxJob, User
from app.policy import SYSTEM
from app.terms import RecheckOutcome, RecheckStatus, Verdict
from app.workflows import case as case_workflow
from app.workflows.case import hand_interview, open_case, propose
from app.workflows.definitions import shipped
from app.workflows.engine import available, fire
from tests import factories
from tests.people import Cast, employ, enter

MOVERS = {
    "interview": "kira",
    "assign": "marat",
    "observe": "ivan",
    "recheck": "ivan",
    "close": "mira",
    "dismiss": "mira",
    **dict.fromkeys(("back_to_signs", "back_to_interview", "back_to_curator", "back_to_observation"), "marat"),
}


def supply(session: Session, cast: Cast, case: Case, upto: str) -> None:
    """Give the case everything that its moves need, up to the move named."""
    author = cast["marat"]
    if upto == "dismiss":
        factories.make_conclusion(session, case, author, verdict=Verdict.DISMISSED)
        return
    factories.make_interview(session, case)
    factories.make_order(session, case, cast["kira"])
    factories.make_observation(session, case, cast["ivan"])
    factories.make_recheck(session, case, cast["ivan"], factories.make_dataset(session))
    if upto == "close":
        factories.make_conclusion(session, case, author)


def move(session: Session, cast: Cast, case: Case, trigger: str, at: datetime, **changes: object) -> CaseEvent:
    actor = cast.actor(MOVERS[trigger], cast.school)
    values = {"actor": actor, "at": at, "expected_version": case.version, "request_id": f"r-{trigger}-{case.version}"}
    return fire(session, case.id, trigger, **{**values, **changes})  # type: ignore[arg-type]


def test_case_goes_from_signs_to_closure_and_each_step_is_kept(session: Session, cast: Cast, at: datetime) -> None:
    case = factories.make_case(session, cast.school)
    supply(session, cast, case, "close")

    for trigger in ("interview", "assign", "observe", "recheck", "close"):
        move(session, cast, case, trigger, at)

    assert case.state == "closed"
    assert (case.version, case.verdict, case.closed_at) == (5, Verdict.NOT_CONFIRMED, at)
    events = session.scalars(select(CaseEvent).order_by(CaseEvent.seq)).all()
    assert [event.to_state for event in events] == [
        "interview", "curator_assigned", "observed", "rechecked", "closed",
    ]  # fmt: skip
    assert session.scalars(select(OutboxJob.kind)).all() == ["case_moved"] * 5
    assert [entry.action for entry in session.scalars(select(JournalEntry).order_by(JournalEntry.seq))] == [
        "case:interview", "case:assign", "case:observe", "case:recheck", "case:close",
    ]  # fmt: skip


@pytest.mark.parametrize("row", shipped().transitions, ids=lambda row: f"{row.source}-{row.trigger}")
def test_a_move_without_its_documents_is_refused_with_every_reason(row, session, cast, at) -> None:
    closing = {"closed_at": at, "verdict": Verdict.CONFIRMED} if row.source == "closed" else {}
    case = factories.make_case(session, cast.school, state=row.source, **closing)

    with pytest.raises(Refused) as refusal:
        move(session, cast, case, row.trigger, at)

    assert all(reason.ru and reason.en for reason in refusal.value.reasons)
    assert case.state == row.source
    assert case.version == 0
    assert session.scalars(select(CaseEvent)).all() == []


@pytest.mark.parametrize("trigger", sorted(MOVERS))
@pytest.mark.parametrize("state", [state.code for state in shipped().states if state.code != "closed"])
def test_only_the_rows_of_the_table_move_a_case(state: str, trigger: str, session, cast, at) -> None:
    case = factories.make_case(session, cast.school, state=state)
    supply(session, cast, case, "dismiss" if trigger == "dismiss" else "close")
    row = shipped().find(state, trigger)
    said = {"reason": "Протокол не отвечает на главный вопрос."} if trigger.startswith("back_") else {}

    if row is None:
        with pytest.raises(Refused) as refusal:
            move(session, cast, case, trigger, at, **said)
        assert refusal.value.reasons[0].code == "no_such_move"
    else:
        assert move(session, cast, case, trigger, at, **said).to_state == row.dest


@pytest.mark.parametrize("name", ["anna", "marat", "kira", "ivan", "sveta", "rita", "root"])
@pytest.mark.parametrize("row", shipped().transitions[:5], ids=lambda row: row.trigger)
def test_a_move_needs_its_permission(row, name, session, cast, at) -> None:
    case = factories.make_case(session, cast.school, state=row.source)
    supply(session, cast, case, "close")
    actor = cast.actor(name, cast.school)
    is_proposer = row.trigger == "close" and name == "marat"

    if actor.may(row.permission) and not is_proposer:
        assert move(session, cast, case, row.trigger, at, actor=actor).to_state == row.dest
    else:
        with pytest.raises(Refused) as refusal:
            move(session, cast, case, row.trigger, at, actor=actor)
        assert isinstance(refusal.value, NotPermitted) or is_proposer


def test_another_school_finds_no_such_case(session: Session, cast: Cast, at: datetime) -> None:
    case = factories.make_case(session, cast.school)
    session.commit()
    bind(session, cast.actor("oleg"))

    with pytest.raises(NotFound):
        move(session, cast, case, "interview", at, actor=cast.actor("oleg"), expected_version=0)


def test_a_stale_page_is_told_the_fresh_state(session: Session, cast: Cast, at: datetime) -> None:
    case = factories.make_case(session, cast.school)
    supply(session, cast, case, "close")
    move(session, cast, case, "interview", at)

    with pytest.raises(Conflict) as conflict:
        move(session, cast, case, "interview", at, expected_version=0, request_id="second")

    assert (conflict.value.state, conflict.value.version) == ("interview", 1)


def test_a_repeated_request_moves_once_and_returns_its_event(session: Session, cast: Cast, at: datetime) -> None:
    case = factories.make_case(session, cast.school)
    supply(session, cast, case, "close")
    first = move(session, cast, case, "interview", at, request_id="same", expected_version=0)

    second = move(session, cast, case, "interview", at, request_id="same", expected_version=0)

    assert second.id == first.id
    assert case.version == 1


def test_closing_needs_a_second_person(session: Session, cast: Cast, at: datetime) -> None:
    case = factories.make_case(session, cast.school, state="rechecked")
    supply(session, cast, case, "close")

    with pytest.raises(Refused) as refusal:
        move(session, cast, case, "close", at, actor=cast.actor("marat"))

    assert [reason.code for reason in refusal.value.reasons] == ["same_person"]


@pytest.mark.parametrize(
    ("changes", "verdict", "code"),
    [
        (
            {"outcome": RecheckOutcome.INSUFFICIENT, "n_sample": 10, "n_objective": 10},
            Verdict.NOT_CONFIRMED,
            "recheck_insufficient",
        ),
        ({"outcome": RecheckOutcome.CONFIRMED, "n_objective": 10}, Verdict.NOT_CONFIRMED, "verdict_contradicts"),
        ({}, Verdict.CONFIRMED, "verdict_contradicts"),
        ({"status": RecheckStatus.DRAWN, "outcome": None}, Verdict.NOT_CONFIRMED, "recheck_unfinished"),
    ],
)
def test_the_verdict_follows_the_recheck(changes, verdict, code, session, cast, at) -> None:
    case = factories.make_case(session, cast.school, state="rechecked")
    factories.make_recheck(session, case, cast["ivan"], factories.make_dataset(session), **changes)
    factories.make_conclusion(session, case, cast["marat"], verdict=verdict)

    with pytest.raises(Refused) as refusal:
        move(session, cast, case, "close", at)

    assert code in [reason.code for reason in refusal.value.reasons]


def test_ten_clean_works_say_how_many_more_are_needed(session: Session, cast: Cast, at: datetime) -> None:
    case = factories.make_case(session, cast.school, state="rechecked")
    factories.make_recheck(
        session, case, cast["ivan"], factories.make_dataset(session),
        n_sample=10, n_objective=10, outcome=RecheckOutcome.INSUFFICIENT,
    )  # fmt: skip
    factories.make_conclusion(session, case, cast["marat"])

    with pytest.raises(Refused, match="ещё не меньше 15 работ"):
        move(session, cast, case, "close", at)


def test_a_gross_violation_stops_closing_as_not_confirmed(session: Session, cast: Cast, at: datetime) -> None:
    case = factories.make_case(session, cast.school, state="rechecked")
    supply(session, cast, case, "close")
    factories.make_observation(session, case, cast["ivan"], act_number="8", violations=["help"])

    with pytest.raises(Refused) as refusal:
        move(session, cast, case, "close", at)

    assert [reason.code for reason in refusal.value.reasons] == ["gross_violation"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("neighbour", "school_not_objective"),
        ("school", "own_school"),
        ("inactive", "not_a_curator"),
    ],
)
def test_a_curator_without_independence_is_refused(change, code, session, cast, at) -> None:
    case = factories.make_case(session, cast.school, state="interview")
    factories.make_order(session, case, cast["kira"])
    if change == "inactive":
        cast["kira"].is_active = False
    else:
        employ(session, cast["kira"], getattr(cast, change))
    session.flush()

    with pytest.raises(Refused) as refusal:
        move(session, cast, case, "assign", at)

    assert [reason.code for reason in refusal.value.reasons] == [code]


def test_mutual_curation_is_a_conflict(session: Session, cast: Cast, at: datetime) -> None:
    colleague = User(
        login="colleague",
        name="Colleague",
        role=cast["kira"].role,
        password_hash="!",
        municipality_id=cast.municipality.id,
    )
    session.add(colleague)
    session.flush()
    enter(session, colleague, works_at=cast.school)
    employ(session, cast["kira"], cast.objective)
    other = factories.make_case(session, cast.objective)
    session.flush()
    factories.make_order(session, other, colleague)
    case = factories.make_case(session, cast.school, state="interview")
    factories.make_order(session, case, cast["kira"])

    with pytest.raises(Refused) as refusal:
        move(session, cast, case, "assign", at)

    assert [reason.code for reason in refusal.value.reasons] == ["mutual_curation"]


def test_an_expired_order_and_an_undeclared_conflict_are_told_together(session, cast, at) -> None:
    case = factories.make_case(session, cast.school, state="interview")
    factories.make_order(session, case, cast["kira"], until=date(2026, 11, 20), no_conflict_declared=False)

    with pytest.raises(Refused) as refusal:
        move(session, cast, case, "assign", at)

    assert [reason.code for reason in refusal.value.reasons] == ["order_expired", "conflict_not_declared"]


def test_an_observer_whose_training_ran_out_does_not_count(session: Session, cast: Cast, at: datetime) -> None:
    case = factories.make_case(session, cast.school, state="curator_assigned")
    factories.make_observation(session, case, cast["ivan"], trained_until=date(2026, 1, 1))

    with pytest.raises(Refused) as refusal:
        move(session, cast, case, "observe", at)

    assert [reason.code for reason in refusal.value.reasons] == ["observer_untrained"]


def test_the_page_shows_what_is_met_and_what_is_missing(session: Session, cast: Cast, at: datetime) -> None:
    case = factories.make_case(session, cast.school, state="interview")
    factories.make_order(session, case, cast["kira"], no_conflict_declared=False)

    first, dismissal, *_ways_back = available(session, case, actor=cast.actor("marat"), at=at)

    assert [check.is_met for check in first.checks] == [True, False]
    assert not first.is_possible
    assert first.reasons[0].href == "#assignment"
    assert dismissal.transition.trigger == "dismiss"


def test_one_open_case_a_school_and_new_signs_join_it(session: Session, cast: Cast, at: datetime) -> None:
    first = open_case(
        session, factories.make_flag(session, cast.school, factories.make_run(session)), actor=SYSTEM, at=at
    )

    second = open_case(
        session, factories.make_flag(session, cast.school, factories.make_run(session)), actor=SYSTEM, at=at
    )

    assert second.id == first.id
    assert first.number == "2026-0001"


def test_the_database_refuses_a_second_open_case_and_a_closure_without_verdict(context, session, cast) -> None:
    factories.make_case(session, cast.school)
    session.commit()

    with pytest.raises(Exception, match=r"(?i)unique"), session.begin_nested():
        factories.make_case(session, cast.school, number="2026-7777")
    with pytest.raises(Exception, match=r"(?i)check"), session.begin_nested():
        factories.make_case(session, cast.neighbour, state="closed")


def test_a_conclusion_needs_grounds_and_fits_the_state(session: Session, cast: Cast, at: datetime) -> None:
    case = factories.make_case(session, cast.school)

    with pytest.raises(Refused, match="основания"):
        propose(session, case.id, Verdict.DISMISSED, "  да ", actor=cast.actor("marat"), at=at)
    with pytest.raises(Refused, match="такой вывод не предлагают"):
        propose(session, case.id, Verdict.CONFIRMED, "Признаки подтвердились.", actor=cast.actor("marat"), at=at)
    conclusion = propose(
        session, case.id, Verdict.DISMISSED, "ОГЭ подтверждает уровень школы.", actor=cast.actor("marat"), at=at
    )

    assert conclusion.proposed_by_name == "Marat"


def test_the_interview_is_handed_only_to_an_independent_curator(session: Session, cast: Cast, at: datetime) -> None:
    case = factories.make_case(session, cast.school)

    with pytest.raises(Refused, match="действующего куратора"):
        hand_interview(session, case.id, cast["ivan"].id, actor=cast.actor("marat"), at=at)
    handed = hand_interview(session, case.id, cast["kira"].id, actor=cast.actor("marat"), at=at)

    assert handed.curator_name == "Kira"


def test_only_the_engine_writes_a_state() -> None:
    import ast
    from pathlib import Path

    root = Path(case_workflow.__file__).parents[1]
    writers = set()
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            targets = node.targets if isinstance(node, ast.Assign) else []
            if any(isinstance(t, ast.Attribute) and t.attr == "state" for t in targets):
                writers.add(path.relative_to(root).as_posix())

    assert writers <= {"workflows/engine.py", "errors.py"}  # the exception carries a state of its own
