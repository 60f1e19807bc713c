"""Two people at the same instant: one hand-over, one hold, one reopening, one answer; the other is told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.bench.verify import verify
from app.context import AppContext
from app.database import acting
from app.errors import Conflict, Refused
from app.jobs.work import perform
from app.models import BulkDecision, Case, CaseEvent, CasePause, HandOver, JournalEntry, OutboxJob, Person, School, User
from app.policy import SYSTEM, Actor
from app.terms import BulkKind, BulkRowStatus, HandOverStatus, PostKind, Role, Verdict
from app.workflows import bulk, engine, episodes, hand_overs, pauses, people, people_table
from tests import factories
from tests.people import Cast, enter, make_cast

ROUNDS = 8
WHY = "Так решили на совещании в ноябре."


@pytest.fixture
def cast(context: AppContext) -> Cast:
    with acting(context.sessions, SYSTEM) as session:
        cast = make_cast(session)
        for login in ("nina", "vera"):
            user = User(login=login, name=login, role=Role.CURATOR, password_hash="!")
            user.municipality_id = cast.municipality.id
            session.add(user)
            session.flush()
            enter(session, user, kind=PostKind.METHODIST)
            cast.users[login] = user
        return cast


def new_case(context: AppContext, cast: Cast, number: int, **changes) -> int:
    with acting(context.sessions, SYSTEM) as session:
        school = School(code=f"77{number:04d}", name=f"Школа {number}", municipality_id=cast.municipality.id)
        session.add(school)
        session.flush()
        kira = {"curator_id": cast["kira"].id, "curator_name": "Kira"}
        case = factories.make_case(session, school, number=f"2020-{number:04d}", **kira, **changes)
        factories.make_interview(session, case)
        for login in ("nina", "vera"):
            factories.make_declaration(session, cast[login], school)
        return case.id


def curator(context: AppContext, login: str, at: datetime) -> Actor:
    with acting(context.sessions, SYSTEM) as session:
        return people.actor_for(session, session.scalars(select(User).where(User.login == login)).one(), at)


def race(context: AppContext, *tries: tuple[Actor, Callable[[Session], object]]) -> list[object]:
    """Run each try in a thread and a transaction of its own, at the same instant."""
    start = threading.Barrier(len(tries))

    def run(attempt: tuple[Actor, Callable[[Session], object]]) -> object:
        actor, verb = attempt
        start.wait(30)
        try:
            with acting(context.sessions, actor) as session:
                verb(session)
                return "won"
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(tries)) as pool:
        return list(pool.map(run, tries))


def one_wins(outcomes: list[object]) -> None:
    assert outcomes.count("won") == 1, outcomes
    told = [outcome for outcome in outcomes if outcome != "won"]
    assert all(isinstance(outcome, Refused | Conflict) for outcome in told), outcomes


def count(context: AppContext, model, *conditions) -> int:
    with acting(context.sessions, SYSTEM) as session:
        return session.scalar(select(func.count()).select_from(model).where(*conditions)) or 0


def test_of_two_proposals_one_stands(context: AppContext, cast: Cast, at) -> None:
    nina, vera = (curator(context, login, at).user_id for login in ("nina", "vera"))
    for number in range(ROUNDS):
        case_id = new_case(context, cast, number)

        def propose(to: int, actor: Actor, case_id: int = case_id) -> tuple:
            return actor, lambda session: hand_overs.propose(session, case_id, to, WHY, actor=actor, at=at)

        one_wins(race(context, propose(nina, cast.actor("marat")), propose(vera, cast.actor("mira"))))
    assert count(context, HandOver) == ROUNDS


def test_of_two_who_enter_one_table_of_people_one_is_told_that_the_register_changed(
    context: AppContext, cast: Cast, at
) -> None:
    for number in range(ROUNDS):
        table = people_table.from_text(f"ФИО\tНомер школы\tДолжность\nНовая Анна {number}\t990001\tдиректор")
        with acting(context.sessions, cast.actor("marat")) as session:
            seen = people_table.compare(session, table, actor=cast.actor("marat"), at=at).digest

        def enter_it(name: str, table=table, seen: str = seen) -> tuple:
            actor = cast.actor(name)
            return actor, lambda session: people_table.enter(session, table, seen, actor=actor, at=at)

        one_wins(race(context, enter_it("marat"), enter_it("mira"), enter_it("rita")))
    assert count(context, Person, Person.name.startswith("Новая Анна")) == ROUNDS


def test_accepting_and_withdrawing_at_once_end_in_one_of_both(context: AppContext, cast: Cast, at) -> None:
    nina_id = curator(context, "nina", at).user_id
    for number in range(ROUNDS):
        case_id = new_case(context, cast, number)
        department = cast.actor("marat")
        with acting(context.sessions, department) as session:
            hand_overs.propose(session, case_id, nina_id, WHY, actor=department, at=at)
        nina = curator(context, "nina", at)

        def accept(session: Session, case_id: int = case_id, nina: Actor = nina) -> object:
            return hand_overs.answer(session, case_id, True, "", no_conflict_declared=True, actor=nina, at=at)

        def withdraw(session: Session, case_id: int = case_id, department: Actor = department) -> object:
            return hand_overs.withdraw(session, case_id, WHY, actor=department, at=at)

        one_wins(race(context, (nina, accept), (department, withdraw)))
        with acting(context.sessions, SYSTEM) as session:
            row = session.scalars(select(HandOver).where(HandOver.case_id == case_id)).one()
            curator_id = session.get(Case, case_id).curator_id
        assert (row.status, curator_id) in (
            (HandOverStatus.DONE, nina_id),
            (HandOverStatus.WITHDRAWN, cast["kira"].id),
        )


def test_one_hand_over_accepted_twice_at_once_is_done_once(context: AppContext, cast: Cast, at) -> None:
    nina_id = curator(context, "nina", at).user_id
    for number in range(ROUNDS):
        case_id = new_case(context, cast, number)
        department = cast.actor("marat")
        with acting(context.sessions, department) as session:
            hand_overs.propose(session, case_id, nina_id, WHY, actor=department, at=at)
        nina = curator(context, "nina", at)

        def accept(session: Session, case_id: int = case_id, nina: Actor = nina) -> object:
            return hand_overs.answer(session, case_id, True, "", no_conflict_declared=True, actor=nina, at=at)

        one_wins(race(context, (nina, accept), (nina, accept)))
    assert count(context, HandOver, HandOver.status == HandOverStatus.DONE) == ROUNDS
    assert count(context, JournalEntry, JournalEntry.action == "handover:done") == ROUNDS


def test_of_two_people_who_approve_one_closure_one_closes_and_the_other_is_told(context, cast: Cast, at) -> None:
    for number in range(ROUNDS):
        case_id = new_case(context, cast, number)
        with acting(context.sessions, SYSTEM) as session:
            case = session.get(Case, case_id)
            factories.make_conclusion(session, case, cast["marat"], verdict=Verdict.DISMISSED)

        def approve(name: str, case_id: int = case_id, number: int = number) -> tuple:
            actor = cast.actor(name)
            return actor, lambda session: engine.fire(
                session, case_id, "dismiss", actor=actor, at=at, expected_version=0, request_id=f"{name}-{number}"
            )

        outcomes = race(context, approve("mira"), approve("rita"))

        one_wins(outcomes)
        (told,) = [outcome for outcome in outcomes if outcome != "won"]
        assert isinstance(told, Conflict), told
        assert (told.state, told.version) == ("closed", 1)
    requests = {f"{name}-{number}" for name in ("mira", "rita") for number in range(ROUNDS)}
    with acting(context.sessions, SYSTEM) as session:
        won = set(session.scalars(select(CaseEvent.request_id)))
    assert len(won) == ROUNDS
    assert won <= requests
    assert verify(context, acknowledged=won) == []


def test_a_hold_and_a_move_at_once_never_leave_a_held_case_moving(context: AppContext, cast: Cast, at) -> None:
    department, other = cast.actor("marat"), cast.actor("mira")
    for number in range(ROUNDS):
        case_id = new_case(context, cast, number)
        request = f"race-{number}"

        def hold(session: Session, case_id: int = case_id) -> object:
            day = at.date() + timedelta(days=5)
            return pauses.hold(session, case_id, day, WHY, actor=department, at=at, expected_version=0)

        def fire(session: Session, case_id: int = case_id, request: str = request) -> object:
            return engine.fire(
                session, case_id, "interview", actor=other, at=at, expected_version=0, request_id=request
            )

        one_wins(race(context, (department, hold), (other, fire)))
        held = count(context, CasePause, CasePause.case_id == case_id)
        assert held + count(context, CaseEvent, CaseEvent.case_id == case_id) == 1


def test_a_closed_case_is_reopened_once_and_no_school_has_two_open_episodes(context, cast, at) -> None:
    closed = {"state": "closed", "closed_at": at - timedelta(days=9), "verdict": Verdict.CONFIRMED}
    for number in range(ROUNDS):
        case_id = new_case(context, cast, number, **closed)

        def reopen(actor: Actor, case_id: int = case_id) -> tuple:
            return actor, lambda session: episodes.reopen(
                session, case_id, WHY, with_signs=True, with_curator=False, actor=actor, at=at
            )

        one_wins(race(context, reopen(cast.actor("marat")), reopen(cast.actor("mira"))))
    assert count(context, Case, Case.closed_at.is_(None)) == ROUNDS


def test_two_workers_on_one_decision_move_each_case_once(context: AppContext, cast: Cast) -> None:
    now = datetime.now(UTC)
    ids = [new_case(context, cast, number) for number in range(ROUNDS)]
    actor = cast.actor("marat")
    with acting(context.sessions, actor) as session:
        decision = bulk.try_dry(session, BulkKind.MOVE, ids, trigger="interview", reason=WHY, actor=actor, at=now)
        bulk.confirm(session, decision.id, actor=actor, at=now)
        decision_id = decision.id
    with acting(context.sessions, SYSTEM) as session:
        twin = OutboxJob(kind="bulk_decision", queue="default", subject_id=decision_id, next_try_at=now, created_at=now)
        session.add(twin)
        session.flush()
        jobs = list(session.scalars(select(OutboxJob.id).where(OutboxJob.kind == "bulk_decision")))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda job_id: perform(context, job_id, is_waking=False), jobs))

    with acting(context.sessions, SYSTEM) as session:
        found = bulk.counts(session, session.get(BulkDecision, decision_id))
        requests = set(session.scalars(select(CaseEvent.request_id)))
    assert found == {BulkRowStatus.DONE.value: ROUNDS}
    assert len(requests) == ROUNDS
    assert verify(context, acknowledged=requests) == []
