"""Decisions over many cases: tried dry, carried out once, told row by row, withdrawn within ten minutes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from app.context import AppContext
from app.database import acting
from app.days import day_of
from app.errors import Conflict, NotPermitted, Refused
from app.jobs import run_pending
from app.jobs.work import perform
from app.models import (
    BulkDecision,
    BulkRow,
    Case,
    CaseEvent,
    CasePause,
    Document,
    HandOver,
    InboxNote,
    JournalEntry,
    OutboxJob,
    School,
    User,
)
from app.policy import SYSTEM, Actor
from app.terms import (
    BulkKind,
    BulkRowStatus,
    BulkStatus,
    DocumentKind,
    HandOverStatus,
    JobStatus,
    PostKind,
    Role,
    Verdict,
)
from app.workflows import bulk, bulk_withdrawal, engine, issuing, pauses
from tests import factories
from tests.people import Cast, enter, make_cast

WHY = "Решение совещания от 20 ноября, протокол № 3."
BACK = "Ошиблись списком школ, вернём и решим заново."
NOW = datetime.now(UTC)


@pytest.fixture(autouse=True)
def _jobs_go_by_the_same_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten minutes may pass between the collection of a large suite and its last tests."""
    monkeypatch.setattr("app.jobs.work._now", lambda: NOW)


@pytest.fixture
def cast(context: AppContext) -> Cast:
    with acting(context.sessions, SYSTEM) as session:
        return make_cast(session)


@pytest.fixture
def cases(context: AppContext, cast: Cast) -> list[int]:
    """Four cases of Район 1 whose interview can be recorded, and one without a protocol."""
    with acting(context.sessions, SYSTEM) as session:
        found = []
        for i in range(5):
            school = School(code=f"8800{i:02d}", name=f"Лицей № {i}", municipality_id=cast.municipality.id)
            session.add(school)
            session.flush()
            case = factories.make_case(session, school)
            if i < 4:
                factories.make_interview(session, case)
            found.append(case.id)
        return found


def tried(context, actor: Actor, ids, kind=BulkKind.MOVE, trigger="interview", at=NOW, **params) -> BulkDecision:
    with acting(context.sessions, actor) as session:
        return bulk.try_dry(session, kind, ids, trigger=trigger, params=params, reason=WHY, actor=actor, at=at)


def confirmed(context, actor: Actor, ids, at=NOW, **more) -> int:
    decision_id = tried(context, actor, ids, at=at, **more).id
    with acting(context.sessions, actor) as session:
        bulk.confirm(session, decision_id, actor=actor, at=at)
    return decision_id


def withdraw(context, actor: Actor, decision_id: int, at=NOW) -> None:
    with acting(context.sessions, actor) as session:
        bulk_withdrawal.withdraw(session, decision_id, BACK, actor=actor, at=at)


def statuses(context, decision_id: int) -> list[str]:
    with acting(context.sessions, SYSTEM) as session:
        rows = session.scalars(select(BulkRow).where(BulkRow.decision_id == decision_id).order_by(BulkRow.case_id))
        return [row.status.value for row in rows]


def count(context, model, *conditions) -> int:
    with acting(context.sessions, SYSTEM) as session:
        return session.scalar(select(func.count()).select_from(model).where(*conditions)) or 0


def state_of(context, case_id: int) -> tuple[int]:
    with acting(context.sessions, SYSTEM) as session:
        case = session.get(Case, case_id)
        return case.state, case.version


def move(context, cast, case_id: int, trigger: str) -> None:
    actor = cast.actor("marat")
    with acting(context.sessions, actor) as session:
        case = session.get(Case, case_id)
        engine.fire(
            session, case_id, trigger, actor=actor, at=NOW, expected_version=case.version, request_id=f"hand-{case_id}"
        )


def test_a_dry_run_says_what_can_be_done_and_why_the_rest_cannot_and_changes_nothing(context, cast, cases) -> None:
    decision = tried(context, cast.actor("marat"), cases)

    assert (decision.n_rows, decision.n_able, decision.status) == (5, 4, BulkStatus.DRAFT)
    assert statuses(context, decision.id) == ["waiting"] * 4 + ["unable"]
    with acting(context.sessions, SYSTEM) as session:
        row = session.scalars(select(BulkRow).where(BulkRow.status == BulkRowStatus.UNABLE)).one()
        assert [reason["code"] for reason in row.reasons] == ["no_interview"]
    assert count(context, CaseEvent) == count(context, OutboxJob) == 0


def test_a_confirmed_decision_moves_each_case_once_however_often_its_job_runs(context, cast, cases) -> None:
    decision_id = confirmed(context, cast.actor("marat"), cases)
    run_pending(context)
    with acting(context.sessions, SYSTEM) as session:
        # A worker that died between the rows and the proof leaves everything to be done again.
        session.get(BulkDecision, decision_id).status = BulkStatus.RUNNING
        again = OutboxJob(
            kind="bulk_decision", queue="default", subject_id=decision_id, next_try_at=NOW, created_at=NOW
        )
        session.add(again)
        session.flush()
        repeated = again.id

    perform(context, repeated, is_waking=False)

    assert statuses(context, decision_id) == ["done"] * 4 + ["unable"]
    assert count(context, CaseEvent) == 4
    assert count(context, JournalEntry, JournalEntry.action == "case:interview") == 4
    assert [state_of(context, case_id) for case_id in cases] == [("interview", 1)] * 4 + [("flagged", 0)]


def test_what_changed_after_the_dry_run_is_told(context, cast, cases) -> None:
    actor = cast.actor("marat")
    decision_id = tried(context, actor, cases).id
    move(context, cast, cases[0], "interview")
    with acting(context.sessions, actor) as session:
        pauses.hold(session, cases[1], day_of(NOW) + timedelta(days=5), WHY, actor=actor, at=NOW)
        bulk.confirm(session, decision_id, actor=actor, at=NOW)
    run_pending(context)

    assert statuses(context, decision_id) == ["changed", "refused", "done", "done", "unable"]
    with acting(context.sessions, SYSTEM) as session:
        rows = session.scalars(select(BulkRow).order_by(BulkRow.case_id)).all()
        assert "Собеседование" in rows[0].reasons[0]["ru"]
        assert rows[1].reasons[0]["code"] == "on_hold"
        assert session.get(BulkDecision, decision_id).status is BulkStatus.DONE


def test_closing_in_bulk_needs_a_second_person_case_by_case(context, cast, cases) -> None:
    with acting(context.sessions, SYSTEM) as session:
        for case_id, author in zip(cases, ("marat", "mira", "kira", "mira"), strict=False):
            factories.make_conclusion(session, session.get(Case, case_id), cast[author], verdict=Verdict.DISMISSED)

    decision_id = confirmed(context, cast.actor("mira"), cases, trigger="dismiss")
    run_pending(context)

    assert statuses(context, decision_id) == ["done", "unable", "done", "unable", "unable"]
    with acting(context.sessions, SYSTEM) as session:
        codes = {row.case_id: [reason["code"] for reason in row.reasons] for row in session.scalars(select(BulkRow))}
        assert codes[cases[1]] == codes[cases[3]] == ["same_person"]
        assert codes[cases[4]] == ["no_dismissal"]


def test_rights_lost_before_the_job_are_lost_for_its_rows(context, cast, cases) -> None:
    decision_id = confirmed(context, cast.actor("marat"), cases)
    with acting(context.sessions, SYSTEM) as session:
        session.merge(cast["marat"]).is_active = False
    run_pending(context)

    assert statuses(context, decision_id) == ["refused"] * 4 + ["unable"]
    assert count(context, CaseEvent) == 0


def test_cases_of_another_municipality_are_no_rows(context, cast, cases) -> None:
    with acting(context.sessions, SYSTEM) as session:
        foreign = factories.make_case(session, cast.foreign).id

    assert tried(context, cast.actor("marat"), [*cases, foreign]).n_rows == 5
    assert tried(context, cast.actor("rita"), [*cases, foreign]).n_rows == 6


def test_who_confirms_saw_the_dry_run_and_lately(context, cast, cases) -> None:
    decision_id = tried(context, cast.actor("marat"), cases).id
    for name, at, code in (("mira", NOW, "not_yours"), ("marat", NOW + timedelta(hours=13), "draft_old")):
        with pytest.raises(Refused) as refusal, acting(context.sessions, cast.actor(name)) as session:
            bulk.confirm(session, decision_id, actor=cast.actor(name), at=at)
        assert [reason.code for reason in refusal.value.reasons] == [code]

    with acting(context.sessions, cast.actor("marat")) as session:
        bulk.confirm(session, decision_id, actor=cast.actor("marat"), at=NOW)
    with pytest.raises(Conflict), acting(context.sessions, cast.actor("marat")) as session:
        bulk.confirm(session, decision_id, actor=cast.actor("marat"), at=NOW)
    assert count(context, OutboxJob, OutboxJob.kind == "bulk_decision") == 1


@pytest.mark.parametrize(
    ("kind", "params", "code"),
    [
        (BulkKind.MOVE, {"trigger": "fly"}, "no_trigger"),
        (BulkKind.HOLD, {"until_on": "завтра"}, "no_day"),
        (BulkKind.HANDOVER, {}, "no_person"),
    ],
)
def test_an_incomplete_decision_is_refused(kind, params, code, context, cast, cases) -> None:
    with pytest.raises(Refused) as refusal:
        tried(context, cast.actor("marat"), cases, kind=kind, **{"trigger": "", **params})

    assert [reason.code for reason in refusal.value.reasons] == [code]
    with pytest.raises(Refused):
        tried(context, cast.actor("marat"), [])
    with pytest.raises(NotPermitted):
        tried(context, cast.actor("kira"), cases)


# ---- withdrawing ----


def test_letters_wait_ten_minutes(context, cast, cases) -> None:
    confirmed(context, cast.actor("marat"), cases)
    run_pending(context)

    assert count(context, InboxNote) == 0
    with acting(context.sessions, SYSTEM) as session:
        waits = session.scalars(select(OutboxJob.next_try_at).where(OutboxJob.kind == "case_moved")).all()
    assert waits == [NOW + timedelta(minutes=10)] * 4


def test_withdrawing_puts_back_what_has_not_moved_and_tells_the_others(context, cast, cases) -> None:
    with acting(context.sessions, SYSTEM) as session:
        entered = session.get(Case, cases[0]).entered_at
        factories.make_order(session, session.get(Case, cases[1]), cast["kira"])
    decision_id = confirmed(context, cast.actor("marat"), cases, at=NOW - timedelta(minutes=9))
    run_pending(context)
    move(context, cast, cases[1], "assign")

    withdraw(context, cast.actor("mira"), decision_id)
    run_pending(context)

    assert statuses(context, decision_id) == ["restored", "kept", "restored", "restored", "unable"]
    assert state_of(context, cases[0]) == ("flagged", 2)
    assert state_of(context, cases[1]) == ("curator_assigned", 2)
    with acting(context.sessions, SYSTEM) as session:
        assert session.get(Case, cases[0]).entered_at == entered  # the clock runs on as if nothing had been
        trail = session.execute(
            select(CaseEvent.trigger, CaseEvent.from_state, CaseEvent.to_state, CaseEvent.actor_name)
            .where(CaseEvent.case_id == cases[0])
            .order_by(CaseEvent.seq)
        ).all()
        assert [tuple(row) for row in trail] == [
            ("interview", "flagged", "interview", "Marat"),
            ("withdraw", "interview", "flagged", "Mira"),
        ]
        kept = session.scalars(select(BulkRow).where(BulkRow.status == BulkRowStatus.KEPT)).one()
        assert "Куратор назначен" in kept.reasons[0]["ru"]
        # The letter of the case that stays goes out after all, those of the others never.
        jobs = session.execute(select(OutboxJob.subject_id, OutboxJob.status).where(OutboxJob.kind == "case_moved"))
        called_off = sorted(case_id for case_id, status in jobs if status is JobStatus.CALLED_OFF)
        assert called_off == [cases[0], cases[2], cases[3]]
        journalled = set(session.scalars(select(JournalEntry.action)))
        assert {"bulk:confirm", "bulk:withdraw", "case:withdraw", "bulk:put_back"} <= journalled


def test_after_ten_minutes_nothing_is_withdrawn(context, cast, cases) -> None:
    decision_id = confirmed(context, cast.actor("marat"), cases)
    run_pending(context)

    with pytest.raises(Refused) as refusal:
        withdraw(context, cast.actor("marat"), decision_id, at=NOW + timedelta(minutes=10))

    assert [reason.code for reason in refusal.value.reasons] == ["too_late"]
    assert state_of(context, cases[0]) == ("interview", 1)


def test_a_decision_withdrawn_before_its_job_is_never_carried_out(context, cast, cases) -> None:
    decision_id = confirmed(context, cast.actor("marat"), cases)

    withdraw(context, cast.actor("marat"), decision_id)
    run_pending(context)

    assert statuses(context, decision_id) == ["called_off"] * 4 + ["unable"]
    assert count(context, CaseEvent) == 0
    with pytest.raises(Refused) as refusal:
        withdraw(context, cast.actor("marat"), decision_id)
    assert [reason.code for reason in refusal.value.reasons] == ["withdrawn"]


def test_withdrawn_closures_open_again(context, cast, cases) -> None:
    with acting(context.sessions, SYSTEM) as session:
        for case_id in cases[:2]:
            factories.make_conclusion(session, session.get(Case, case_id), cast["marat"], verdict=Verdict.DISMISSED)
    decision_id = confirmed(context, cast.actor("mira"), cases[:2], trigger="dismiss")
    run_pending(context)
    with acting(context.sessions, SYSTEM) as session:
        school = session.get(School, session.get(Case, cases[1]).school_id)
        factories.make_case(session, school, number="2026-9999")  # something began there meanwhile

    withdraw(context, cast.actor("marat"), decision_id)
    run_pending(context)

    assert statuses(context, decision_id) == ["restored", "kept"]
    with acting(context.sessions, SYSTEM) as session:
        case = session.get(Case, cases[0])
        assert (case.state, case.closed_at, case.verdict) == ("flagged", None, None)


def test_documents_that_a_withdrawn_decision_asked_for_are_never_made(context, cast, cases, monkeypatch) -> None:
    from app.workflows import bulk_verbs

    verb = bulk_verbs.VERBS[BulkKind.HOLD]

    with acting(context.sessions, SYSTEM) as session:
        run = factories.make_run(session)
        flags = {
            case_id: factories.make_flag(session, session.get(Case, case_id).school, run, case_id=case_id)
            for case_id in cases
        }

    def with_a_document(session, decision, case, actor, at):
        notice = issuing.notice_context(session, case, flags[case.id], at=at)
        kind = DocumentKind.SIGNS_NOTICE
        document = issuing.request_document(session, case, kind, f"bulk:{case.id}", "1", notice, at=at)
        return {**verb.do(session, decision, case, actor, at), "document_id": document.id}

    monkeypatch.setitem(
        bulk_verbs.VERBS, BulkKind.HOLD, bulk_verbs.BulkVerb(verb.objections, with_a_document, verb.undo)
    )
    day = (NOW + timedelta(days=9)).date().isoformat()
    decision_id = confirmed(context, cast.actor("marat"), cases, kind=BulkKind.HOLD, trigger="", until_on=day)
    run_pending(context)
    assert count(context, Document) == 5

    withdraw(context, cast.actor("marat"), decision_id)
    run_pending(context)

    assert count(context, Document) == 0
    assert statuses(context, decision_id) == ["restored"] * 5


# ---- the other kinds ----


def test_holds_proposals_and_interviews_in_bulk_and_back(context, cast, cases) -> None:
    actor = cast.actor("marat")
    day = (NOW + timedelta(days=9)).date().isoformat()
    with acting(context.sessions, SYSTEM) as session:
        nina = add_curator(session, cast, "nina")

    interviews = confirmed(context, actor, cases, kind=BulkKind.INTERVIEW, trigger="", person_id=cast["kira"].id)
    run_pending(context)
    assert count(context, Case, Case.curator_id == cast["kira"].id) == 5
    proposals = confirmed(context, actor, cases, kind=BulkKind.HANDOVER, trigger="", person_id=nina)
    run_pending(context)
    holds = confirmed(context, actor, cases, kind=BulkKind.HOLD, trigger="", until_on=day)
    run_pending(context)
    assert count(context, CasePause, CasePause.ended_at.is_(None)) == 5
    assert count(context, HandOver, HandOver.status == HandOverStatus.PROPOSED) == 5
    with acting(context.sessions, actor) as session:
        pauses.resume(session, cases[0], "Раньше срока.", actor=actor, at=NOW)

    for decision_id in (holds, proposals, interviews):
        withdraw(context, actor, decision_id)
        run_pending(context)

    assert statuses(context, holds) == ["kept"] + ["restored"] * 4
    assert statuses(context, proposals) == ["restored"] * 5
    assert count(context, CasePause, CasePause.ended_at.is_(None)) == 0
    assert count(context, HandOver, HandOver.status == HandOverStatus.WITHDRAWN) == 5
    assert count(context, Case, Case.curator_id.is_not(None)) == 0


def add_curator(session, cast: Cast, login: str) -> int:
    user = User(login=login, name=login.capitalize(), role=Role.CURATOR, password_hash="!")
    user.municipality_id = cast.municipality.id
    session.add(user)
    session.flush()
    enter(session, user, kind=PostKind.METHODIST)
    return user.id


def test_a_bulk_move_carries_the_reason_that_its_workflow_lists(context, cast) -> None:
    marat = cast.actor("marat")
    with acting(context.sessions, SYSTEM) as session:
        flow = {"kind": "low_results", "workflow": "low_results", "workflow_version": "1", "state": "reviewed"}
        ids = [factories.make_case(session, cast.school, **flow).id]

    without = tried(context, marat, ids, trigger="prolong")
    with acting(context.sessions, marat) as session:
        assert session.scalars(select(BulkRow.reasons)).one()[0]["code"] == "reason_not_chosen"
    with pytest.raises(Refused) as refusal:
        tried(context, marat, ids, trigger="prolong", reason_code="weather")
    done = confirmed(context, marat, ids, trigger="prolong", reason_code="no_dynamics")
    run_pending(context)

    assert without.n_able == 0
    assert [reason.code for reason in refusal.value.reasons] == ["no_reason_code"]
    assert statuses(context, done) == ["done"]
    with acting(context.sessions, SYSTEM) as session:
        event = session.scalars(select(CaseEvent)).one()
        assert (event.to_state, event.reason_code, event.reason) == ("supported", "no_dynamics", WHY)


def test_returns_are_no_bulk_moves(context, cast, cases) -> None:
    with pytest.raises(Refused) as refusal:
        tried(context, cast.actor("marat"), cases, trigger="back_to_signs")

    assert [reason.code for reason in refusal.value.reasons] == ["no_trigger"]
