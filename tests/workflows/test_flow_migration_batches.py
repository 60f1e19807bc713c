"""Leading cases over batch by batch: workers that die, jobs that come twice, people who move cases meanwhile."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from app.bench.fault_stage import AT, Stage, environment, set_stage
from app.bench.verify import verify
from app.context import AppContext
from app.database import acting
from app.errors import Conflict, Refused
from app.jobs import run_pending
from app.jobs.work import Outcome, perform
from app.models import Case, CaseEvent, JournalEntry, MigratedCase, OutboxJob, WorkflowMigration, WorkflowVersion
from app.policy import SYSTEM
from app.terms import JobStatus, MigratedOutcome, MigrationStatus
from app.workflows import flow_migration, flow_migration_batches, outbox, pauses, stage_clock
from app.workflows.engine import fire

REASON = "Округ перешёл на порядок области."
LATER = AT + timedelta(hours=1)
TARGET = "objectivity_amur"


@pytest.fixture(autouse=True)
def of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow_migration_batches, "BATCH", 2)


@pytest.fixture
def stage(context: AppContext) -> Stage:
    return set_stage(context)


def ask(stage: Stage, *, at: datetime = AT) -> int:
    with acting(stage.context.sessions, SYSTEM) as session:
        ids = {row.name: row.id for row in session.scalars(select(WorkflowVersion))}
        mapping = {"flagged": "flagged", "interview": "interview"}
        row = flow_migration.request_migration(
            session, ids["objectivity"], ids[TARGET], mapping, reason=REASON, actor=SYSTEM, at=at
        )
        return row.id


def ask_back(stage: Stage, migration_id: int) -> None:
    with acting(stage.context.sessions, SYSTEM) as session:
        flow_migration.request_undo(session, migration_id, reason="Ошиблись версией хода.", actor=SYSTEM, at=LATER)


def waiting(context: AppContext, kind: str = "migrate_cases") -> list[int]:
    with acting(context.sessions, SYSTEM) as session:
        query = select(OutboxJob.id).where(OutboxJob.kind == kind, OutboxJob.status == JobStatus.PENDING)
        return list(session.scalars(query.order_by(OutboxJob.id)))


def next_batch(context: AppContext, kind: str = "migrate_cases") -> int:
    """Do the one batch that waits; return the id of its job."""
    (job_id,) = waiting(context, kind)
    assert perform(context, job_id, is_waking=False) is Outcome.DONE
    return job_id


def move(stage: Stage, case_id: int, expected_version: int) -> None:
    with acting(stage.context.sessions, stage.actor) as session:
        fire(session, case_id, "interview", actor=stage.actor, at=LATER, expected_version=expected_version,
             request_id=f"person-{case_id}")  # fmt: skip


def told(stage: Stage, migration_id: int) -> list[MigratedOutcome]:
    with acting(stage.context.sessions, SYSTEM) as session:
        query = select(MigratedCase.outcome).where(MigratedCase.migration_id == migration_id)
        return list(session.scalars(query.order_by(MigratedCase.case_id)))


def reasons(stage: Stage, case_id: int) -> list[str]:
    with acting(stage.context.sessions, SYSTEM) as session:
        kept = session.scalars(select(MigratedCase).where(MigratedCase.case_id == case_id)).one()
        return [reason["code"] for reason in kept.reasons]


def status(stage: Stage, migration_id: int) -> MigrationStatus:
    with acting(stage.context.sessions, SYSTEM) as session:
        return session.get_one(WorkflowMigration, migration_id).status


def flows(stage: Stage) -> list[tuple[str, str, int]]:
    with acting(stage.context.sessions, SYSTEM) as session:
        query = select(Case.workflow, Case.state, Case.version).order_by(Case.id)
        return [tuple(row) for row in session.execute(query)]


MOVED, WAITING, CHANGED = MigratedOutcome.MOVED, MigratedOutcome.WAITING, MigratedOutcome.CHANGED
RETURNED, KEPT, CALLED_OFF = MigratedOutcome.RETURNED, MigratedOutcome.KEPT, MigratedOutcome.CALLED_OFF


def test_each_batch_is_a_job_and_the_last_one_ends_the_migration(context: AppContext, stage: Stage) -> None:
    stage.add_cases(5)
    migration_id = ask(stage)
    assert told(stage, migration_id) == [WAITING] * 5

    next_batch(context)
    assert told(stage, migration_id) == [MOVED, MOVED, WAITING, WAITING, WAITING]
    assert status(stage, migration_id) is MigrationStatus.QUEUED
    next_batch(context)
    next_batch(context)

    assert waiting(context) == []
    assert (told(stage, migration_id), status(stage, migration_id)) == ([MOVED] * 5, MigrationStatus.DONE)
    assert flows(stage) == [(TARGET, "flagged", 1)] * 5
    with acting(context.sessions, SYSTEM) as session:
        done = session.scalars(select(JournalEntry).where(JournalEntry.action == "workflow:migrate_cases")).all()
        assert [entry.facts for entry in done] == [{"moved": 5}]
    run_pending(context)
    assert verify(context, is_settled=True) == []


def test_whoever_is_on_the_way_over_has_the_day_that_its_new_stage_gives(context: AppContext, stage: Stage) -> None:
    (case_id,) = stage.add_cases(1)
    ask(stage)
    next_batch(context)
    with acting(context.sessions, SYSTEM) as session:
        case = session.get_one(Case, case_id)
        given = case.due_on
        assert given is not None
        stage_clock.refresh(session, case)
        assert case.due_on == given


@pytest.mark.parametrize("side", ["before", "after"])
def test_a_killed_worker_loses_nothing_and_doubles_nothing(context: AppContext, stage: Stage, side: str) -> None:
    stage.add_cases(5)
    migration_id = ask(stage)
    next_batch(context)
    (job_id,) = waiting(context)
    before = flows(stage)

    command = [sys.executable, "-m", "tests.workflows.dying_worker", str(job_id), "2", side]
    ended = subprocess.run(command, env=environment(context), capture_output=True, timeout=60)

    assert ended.returncode == -9, ended.stderr.decode()
    assert flows(stage) == before
    assert told(stage, migration_id) == [MOVED, MOVED, WAITING, WAITING, WAITING]
    assert verify(context) == []
    with acting(context.sessions, SYSTEM) as session:  # the lease of the dead runs out
        session.execute(update(OutboxJob).where(OutboxJob.id == job_id).values(lease_until=AT, next_try_at=AT))
    run_pending(context)
    assert (told(stage, migration_id), status(stage, migration_id)) == ([MOVED] * 5, MigrationStatus.DONE)
    assert verify(context, is_settled=True) == []


def test_a_batch_that_breaks_off_leaves_nothing_and_comes_again(
    context: AppContext, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.add_cases(3)
    migration_id = ask(stage)
    next_batch(context)
    (job_id,) = waiting(context)

    with monkeypatch.context() as patched:
        patched.setattr(flow_migration_batches, "_go_on", lambda *_: 1 / 0)
        assert perform(context, job_id, is_waking=False) is Outcome.RETRY

    assert told(stage, migration_id) == [MOVED, MOVED, WAITING]
    assert verify(context) == []
    next_batch(context)
    assert status(stage, migration_id) is MigrationStatus.DONE


def test_a_job_delivered_twice_finds_nothing_to_do(context: AppContext, stage: Stage) -> None:
    stage.add_cases(3)
    migration_id = ask(stage)
    job_id = next_batch(context)

    assert perform(context, job_id, is_waking=False) is Outcome.TAKEN
    with acting(context.sessions, SYSTEM) as session:  # and past its fence, as no runner would
        job = session.get_one(OutboxJob, job_id)
        flow_migration_batches.migrate_cases(context, job)(session)
    run_pending(context)

    assert (told(stage, migration_id), flows(stage)) == ([MOVED] * 3, [(TARGET, "flagged", 1)] * 3)
    with acting(context.sessions, SYSTEM) as session:
        ended = select(func.count()).where(JournalEntry.action == "workflow:migrate_cases")
        assert session.scalar(ended) == 1


def test_a_case_that_a_person_moved_meanwhile_stays_with_its_reason(context: AppContext, stage: Stage) -> None:
    ids = stage.add_cases(4)
    migration_id = ask(stage)
    next_batch(context)
    move(stage, ids[2], 0)
    next_batch(context)

    assert told(stage, migration_id) == [MOVED, MOVED, CHANGED, MOVED]
    assert reasons(stage, ids[2]) == ["moved"]
    assert flows(stage)[2] == ("objectivity", "interview", 1)
    assert status(stage, migration_id) is MigrationStatus.DONE
    run_pending(context)
    assert verify(context, acknowledged={f"person-{ids[2]}"}, is_settled=True) == []
    second = ask(stage, at=LATER)  # what stayed goes over by another decision
    run_pending(context)
    assert (told(stage, second), flows(stage)[2]) == ([MOVED], (TARGET, "interview", 2))


def test_a_batch_waits_for_a_move_that_is_being_made_and_leaves_its_case(context: AppContext, stage: Stage) -> None:
    """The move is made and not yet committed when the batch comes to its case."""
    ids = stage.add_cases(2)
    migration_id = ask(stage)
    (job_id,) = waiting(context)
    ended: list[Outcome] = []
    batch = threading.Thread(target=lambda: ended.append(perform(context, job_id, is_waking=False)))
    with acting(context.sessions, stage.actor) as session:
        fire(session, ids[1], "interview", actor=stage.actor, at=LATER, expected_version=0, request_id="first")
        batch.start()
        batch.join(timeout=1)
        assert batch.is_alive()
    batch.join(timeout=30)

    assert ended == [Outcome.DONE]
    assert (told(stage, migration_id), reasons(stage, ids[1])) == ([MOVED, CHANGED], ["moved"])
    run_pending(context)
    assert verify(context, acknowledged={"first"}, is_settled=True) == []


def test_a_page_opened_before_the_migration_is_stale_after_it(context: AppContext, stage: Stage) -> None:
    (case_id,) = stage.add_cases(1)
    ask(stage)
    next_batch(context)

    with pytest.raises(Conflict):
        move(stage, case_id, 0)


def test_a_case_closed_or_put_on_hold_meanwhile_stays_with_its_reason(context: AppContext, stage: Stage) -> None:
    closed, held, held_before, untouched = stage.add_cases(4)
    with acting(context.sessions, SYSTEM) as session:
        pauses.hold(session, held_before, LATER.date() + timedelta(days=9), REASON, actor=SYSTEM, at=AT)
    migration_id = ask(stage, at=AT + timedelta(minutes=1))
    with acting(context.sessions, SYSTEM) as session:
        pauses.hold(session, held, LATER.date() + timedelta(days=9), REASON, actor=SYSTEM, at=LATER)
        case = session.get_one(Case, closed)
        # What a closing move writes; the move itself is not what is tried here.
        case.state, case.version, case.closed_at, case.verdict = "closed", 1, LATER, "not_confirmed"
    next_batch(context)
    next_batch(context)

    assert told(stage, migration_id) == [CHANGED, CHANGED, MOVED, MOVED]
    assert (reasons(stage, closed), reasons(stage, held)) == (["closed"], ["on_hold"])
    with acting(context.sessions, SYSTEM) as session:
        over = session.get_one(Case, held_before)
        assert over.workflow == TARGET
        day = session.scalars(select(pauses.CasePause).where(pauses.CasePause.case_id == held_before)).one()
        assert day.ended_at is None
    assert untouched


def test_the_preview_says_of_a_held_case_that_it_goes_over_with_its_pause(context: AppContext, stage: Stage) -> None:
    ids = stage.add_cases(2)
    until = LATER.date() + timedelta(days=9)
    with acting(context.sessions, SYSTEM) as session:
        pauses.hold(session, ids[1], until, REASON, actor=SYSTEM, at=AT)
        source = session.scalars(select(WorkflowVersion).where(WorkflowVersion.name == "objectivity")).one()
        rows = flow_migration.preview(session, source, {"flagged": "flagged"})
        assert [(row.case.id, row.held_until) for row in rows] == [(ids[0], None), (ids[1], until)]


def test_the_way_back_goes_batch_by_batch_and_leaves_what_has_moved_since(context: AppContext, stage: Stage) -> None:
    ids = stage.add_cases(5)
    migration_id = ask(stage)
    run_pending(context)
    move(stage, ids[1], 1)
    ask_back(stage, migration_id)

    next_batch(context, "undo_migration")
    assert told(stage, migration_id) == [RETURNED, KEPT, MOVED, MOVED, MOVED]
    assert status(stage, migration_id) is MigrationStatus.UNDOING
    move(stage, ids[4], 1)  # between two batches of the way back
    run_pending(context)

    assert told(stage, migration_id) == [RETURNED, KEPT, RETURNED, RETURNED, KEPT]
    assert reasons(stage, ids[4]) == ["moved"]
    assert status(stage, migration_id) is MigrationStatus.UNDONE
    assert [flow for flow, _state, _version in flows(stage)] == [
        "objectivity", TARGET, "objectivity", "objectivity", TARGET,
    ]  # fmt: skip
    assert verify(context, is_settled=True) == []


def test_a_migration_under_way_can_be_stopped_and_taken_back(context: AppContext, stage: Stage) -> None:
    stage.add_cases(5)
    migration_id = ask(stage)
    next_batch(context)
    ask_back(stage, migration_id)

    run_pending(context)

    assert told(stage, migration_id) == [RETURNED, RETURNED, CALLED_OFF, CALLED_OFF, CALLED_OFF]
    assert [flow for flow, *_ in flows(stage)] == ["objectivity"] * 5
    assert status(stage, migration_id) is MigrationStatus.UNDONE
    with pytest.raises(Refused):
        ask_back(stage, migration_id)
    assert verify(context, is_settled=True) == []


def test_a_batch_that_fails_for_good_keeps_those_before_it_and_goes_on_when_set_going_again(
    context: AppContext, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.add_cases(5)
    migration_id = ask(stage)
    next_batch(context)
    (job_id,) = waiting(context)
    with monkeypatch.context() as patched:
        patched.setattr(flow_migration_batches, "_go_on", lambda *_: 1 / 0)
        patched.setattr(outbox, "MAX_ATTEMPTS", 1)
        assert perform(context, job_id, is_waking=False) is Outcome.DEAD

    assert (told(stage, migration_id)[:3], status(stage, migration_id)) == (
        [MOVED, MOVED, WAITING],
        MigrationStatus.FAILED,
    )
    with acting(context.sessions, SYSTEM) as session:
        assert session.get_one(WorkflowMigration, migration_id).failure
        assert outbox.retry(session, job_id, at=datetime.now(UTC))
    run_pending(context)
    assert (told(stage, migration_id), status(stage, migration_id)) == ([MOVED] * 5, MigrationStatus.DONE)


def test_a_case_of_two_migrations_goes_by_the_first(context: AppContext, stage: Stage) -> None:
    stage.add_cases(3)
    first, second = ask(stage), ask(stage)

    run_pending(context)

    assert (told(stage, first), told(stage, second)) == ([MOVED] * 3, [CHANGED] * 3)
    assert verify(context, is_settled=True) == []


DEEDS = st.lists(
    st.tuples(st.sampled_from(["batch", "batch", "move", "hold", "back", "twice"]), st.integers(0, 4)), max_size=10
)


@pytest.fixture
def one_stage(sqlite_context: AppContext) -> Stage:
    return set_stage(sqlite_context)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=DEEDS)
def test_whatever_people_do_between_batches_every_case_ends_in_one_place(
    one_stage: Stage, deeds: list[tuple[str, int]]
) -> None:
    """However the deeds fall, each case of the migration has one outcome and stands where the outcome says."""
    stage, context = one_stage, one_stage.context
    ids = stage.add_cases(5)
    migration_id = ask(stage)
    done: list[int] = []
    for deed, which in deeds:
        case_id = ids[which]
        with acting(context.sessions, SYSTEM) as session:
            version = session.get_one(Case, case_id).version
        try:
            if deed == "batch" and waiting(context):
                done.append(next_batch(context))
            elif deed == "move":
                move(stage, case_id, version)
            elif deed == "hold":
                with acting(context.sessions, SYSTEM) as session:
                    pauses.hold(session, case_id, LATER.date() + timedelta(days=9), REASON, actor=SYSTEM, at=LATER)
            elif deed == "back":
                ask_back(stage, migration_id)
            elif deed == "twice" and done:
                assert perform(context, done[-1], is_waking=False) is Outcome.TAKEN
        except (Refused, Conflict):
            pass  # a hold or a stop that is not possible now is refused, and nothing else happens
    run_pending(context)

    assert verify(context, is_settled=True) == []
    with acting(context.sessions, SYSTEM) as session:
        row = session.get_one(WorkflowMigration, migration_id)
        assert row.status in (MigrationStatus.DONE, MigrationStatus.UNDONE)
        kept = session.scalars(select(MigratedCase).where(MigratedCase.migration_id == migration_id)).all()
        assert len(kept) == 5
        for one in kept:
            goes = one.outcome in (MOVED, KEPT)
            assert one.case.workflow == (TARGET if goes else "objectivity"), one.outcome
            led = session.scalars(select(CaseEvent.request_id).where(CaseEvent.case_id == one.case_id)).all()
            assert (f"migrate-{migration_id}-{one.case_id}" in led) == (one.outcome in (MOVED, KEPT, RETURNED))
            assert (f"unmigrate-{migration_id}-{one.case_id}" in led) == (one.outcome is RETURNED)
    with suppress(Refused):  # the next example starts without what this one left behind
        ask(stage, at=LATER)
    run_pending(context)
