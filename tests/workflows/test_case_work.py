"""The work on a case: interview, order, observation, recheck, documents; each refusal says why."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.context import AppContext
from app.database import acting
from app.errors import Conflict, NotPermitted, Refused
from app.jobs import run_pending
from app.models import Case, Document, InboxNote, Interview, JobEffect, OutboxJob, Recheck, Training, User
from app.policy import SYSTEM
from app.terms import (
    DocumentKind,
    ExplanationReason,
    JobStatus,
    ObservationStage,
    RecheckOutcome,
    RecheckStatus,
    Role,
    Stratum,
    Violation,
)
from app.workflows import assignment, interview, issuing, observation, recheck
from app.workflows.engine import fire
from tests import factories
from tests.people import Cast, employ, enter
from tests.workflows.test_intake import accept, bring, works_file

FORM = interview.InterviewForm(
    number="12",
    held_on=date(2026, 11, 20),
    place="отдел образования",
    form="очно",
    present=(("Иванова А. А.", "директор"), ("Петров Б. Б.", "методист")),
    explanation="Проверяли учителя своих классов, критерии не обсуждали.",
    reasons=(ExplanationReason.CHECKING,),
    documents_shown=("положение о ВСОКО",),
    agreed=(interview.AgreedAction("межшкольная комиссия", date(2027, 1, 20), "директор"),),
)
ACT = observation.ActForm("7", date(2026, 11, 23), (ObservationStage.SITTING,), (Violation.PHONES,))


@pytest.fixture
def case(session: Session, cast: Cast) -> Case:
    case = factories.make_case(session, cast.school)
    session.commit()
    return case


def test_an_interview_asks_for_its_protocol_and_the_job_issues_the_pdf(context, session, cast, case, at) -> None:
    interview.record_interview(session, case.id, FORM, actor=cast.actor("kira", cast.school), at=at)
    session.commit()

    run_pending(context)

    document = session.scalars(select(Document).execution_options(populate_existing=True)).one()
    assert document.kind is DocumentKind.INTERVIEW_PROTOCOL
    assert context.store.read(document.sha256).startswith(b"%PDF")
    assert session.scalars(select(OutboxJob.status).execution_options(populate_existing=True)).all() == [JobStatus.DONE]


def test_the_same_context_gives_the_same_pdf(sqlite_context: AppContext) -> None:
    stored = issuing.to_json(
        issuing.protocol_context(
            Case(number="2026-0001", school=factories.School(name="СОШ № 1", code="990001")),
            Interview(
                number="1", held_on=date(2026, 11, 20), place="отдел", form="очно",
                present=[{"name": "А", "post": "б"}], explanation="текст", reasons=["checking"], documents_shown=[],
                agreed=[{"action": "а", "due_on": "2027-01-20", "responsible": "б"}],
                needs_curator=True, needs_observers=False, needs_recheck=True,
            ),
            None,
        )
    )  # fmt: skip

    again = issuing.from_json(issuing.InterviewProtocol, stored)

    assert issuing.to_json(again) == stored
    assert issuing.render(DocumentKind.INTERVIEW_PROTOCOL, again) == issuing.render(
        DocumentKind.INTERVIEW_PROTOCOL, issuing.from_json(issuing.InterviewProtocol, stored)
    )


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"number": " "}, "no_number"),
        ({"held_on": date(2026, 12, 1)}, "future"),
        ({"held_on": date(2026, 10, 1)}, "too_early"),
        ({"present": (("Иванова", "директор"),)}, "nobody"),
        ({"explanation": "нет"}, "no_explanation"),
    ],
)
def test_a_thin_protocol_is_refused(changes, code, session, cast, case, at) -> None:
    with pytest.raises(Refused) as refusal:
        interview.record_interview(session, case.id, replace(FORM, **changes), actor=cast.actor("marat"), at=at)

    assert [reason.code for reason in refusal.value.reasons] == [code]


def test_a_school_does_not_write_its_own_protocol(session, cast, case, at) -> None:
    with pytest.raises(NotPermitted):
        interview.record_interview(session, case.id, FORM, actor=cast.actor("sveta"), at=at)


def test_an_order_brings_the_case_into_the_curators_sight(session, cast, case, at) -> None:
    order = assignment.issue_order(
        session, case.id, cast["kira"].id, number="118", issued_on=date(2026, 11, 23), until=date(2027, 6, 30),
        no_conflict_declared=True, actor=cast.actor("marat"), at=at,
    )  # fmt: skip

    assert (order.curator_name, order.workplace) == ("Kira", "методическая служба")
    assert case.curator_id == cast["kira"].id


def test_an_order_says_everything_that_is_wrong_at_once(session, cast, case, at) -> None:
    with pytest.raises(Refused) as refusal:
        assignment.issue_order(
            session, case.id, cast["ivan"].id, number="", issued_on=date(2026, 12, 1), until=date(2026, 11, 1),
            no_conflict_declared=False, actor=cast.actor("marat"), at=at,
        )  # fmt: skip

    assert [reason.code for reason in refusal.value.reasons] == ["no_number", "future", "period", "not_a_curator"]


def test_the_picker_puts_free_and_independent_curators_first(session, cast, case, at) -> None:
    session.add(
        User(
            login="local", name="Local", role=Role.CURATOR, password_hash="!", municipality_id=cast.municipality.id,
        )
    )  # fmt: skip
    session.flush()
    enter(session, session.scalars(select(User).where(User.login == "local")).one(), works_at=cast.school)

    first, second = assignment.eligible_curators(session, case, at.date())

    assert (first.user.name, first.reason) == ("Kira", None)
    assert second.reason is not None
    assert second.reason.code == "own_school"


def test_a_visit_is_scheduled_and_its_act_recorded_once(session, cast, case, at) -> None:
    visit = observation.schedule_observation(
        session,
        case.id,
        cast["ivan"].id,
        subject="ma",
        grade=5,
        scheduled_on=at.date(),
        actor=cast.actor("marat"),
        at=at,
    )
    version = visit.version

    observation.record_act(
        session, visit.id, ACT, actor=cast.actor("ivan", cast.school), at=at, expected_version=version
    )

    assert visit.violations == ["phones"]
    with pytest.raises(Conflict):
        observation.record_act(session, visit.id, ACT, actor=cast.actor("ivan"), at=at, expected_version=version)


@pytest.mark.parametrize(
    ("change", "code"),
    [("own", "own_school"), ("untrained", "training_expired")],
)
def test_an_observer_with_a_conflict_or_without_training_is_not_sent(change, code, session, cast, case, at) -> None:
    if change == "own":
        employ(session, cast["ivan"], cast.school)
    else:
        session.scalars(select(Training)).one().valid_until = date(2026, 1, 1)
        session.flush()

    with pytest.raises(Refused) as refusal:
        observation.schedule_observation(
            session,
            case.id,
            cast["ivan"].id,
            subject="ma",
            grade=5,
            scheduled_on=at.date(),
            actor=cast.actor("marat"),
            at=at,
        )

    assert [reason.code for reason in refusal.value.reasons] == [code]
    assert observation.eligible_observers(session, case, at.date())[0].reason.code == code


def order_recheck(context: AppContext, case_id: int, inspector: int, actor, at: datetime, share: float = 0.1) -> int:
    with acting(context.sessions, SYSTEM) as session:
        factories.make_keeping(session, session.get(Case, case_id))
        return recheck.request_recheck(
            session, case_id, year=2021, subject="ma", grade=5, inspector_id=inspector, scheduled_on=at.date(),
            order_number="5", share=share, actor=actor, at=at,
        ).id  # fmt: skip


def test_a_job_draws_the_sample_from_the_stored_works_and_points_decide(context, session, cast, case, at) -> None:
    accept(context, bring(context, works_file(schools=("990001",), n=40), at), at)
    recheck_id = order_recheck(context, case.id, cast["ivan"].id, cast.actor("marat"), at, share=1.0)
    run_pending(context)
    drawn = session.get(Recheck, recheck_id, populate_existing=True)
    assert drawn.status is RecheckStatus.DRAWN
    assert (drawn.n_works, drawn.n_sample, len(drawn.works)) == (40, 40, 40)
    assert {work.stratum for work in drawn.works} <= set(Stratum)

    half = {work.participant: work.school_score for work in drawn.works[:20]}
    recheck.enter_points(session, recheck_id, half, actor=cast.actor("ivan"), at=at, expected_version=drawn.version)
    session.commit()
    after_half = (drawn.status, drawn.version)
    rest = {work.participant: work.school_score - 3 for work in drawn.works[20:]}
    recheck.enter_points(session, recheck_id, rest, actor=cast.actor("ivan"), at=at, expected_version=drawn.version)

    assert after_half == (RecheckStatus.DRAWN, 3)
    assert drawn.status is RecheckStatus.MARKED
    assert (drawn.n_objective, drawn.outcome) == (20, RecheckOutcome.CONFIRMED)
    assert round(drawn.share_low, 3) == 0.374


def test_points_outside_the_paper_or_the_sample_are_refused_whole(context, session, cast, case, at) -> None:
    accept(context, bring(context, works_file(schools=("990001",), n=12), at), at)
    recheck_id = order_recheck(context, case.id, cast["ivan"].id, cast.actor("marat"), at)
    run_pending(context)
    drawn = session.get(Recheck, recheck_id, populate_existing=True)
    code = drawn.works[0].participant

    with pytest.raises(Refused) as refusal:
        recheck.enter_points(
            session, recheck_id, {code: 21, "99999": 3}, actor=cast.actor("ivan"), at=at, expected_version=drawn.version
        )

    assert sorted(reason.code for reason in refusal.value.reasons) == ["not_sampled", "out_of_range"]
    assert drawn.works[0].expert_score is None


def test_a_stale_page_of_points_is_refused(context, session, cast, case, at) -> None:
    accept(context, bring(context, works_file(schools=("990001",), n=12), at), at)
    recheck_id = order_recheck(context, case.id, cast["ivan"].id, cast.actor("marat"), at)
    run_pending(context)
    drawn = session.get(Recheck, recheck_id, populate_existing=True)
    points = {drawn.works[0].participant: 5}
    version = drawn.version
    recheck.enter_points(session, recheck_id, points, actor=cast.actor("ivan"), at=at, expected_version=version)

    with pytest.raises(Conflict):
        recheck.enter_points(session, recheck_id, points, actor=cast.actor("ivan"), at=at, expected_version=version)


def test_a_school_without_works_fails_the_draw_with_its_reason(context, session, cast, case, at) -> None:
    accept(context, bring(context, works_file(schools=("990002",), n=12), at), at)
    recheck_id = order_recheck(context, case.id, cast["ivan"].id, cast.actor("marat"), at)

    run_pending(context)

    failed = session.get(Recheck, recheck_id, populate_existing=True)
    assert failed.status is RecheckStatus.FAILED
    assert "нет работ этой школы" in failed.failure


def test_an_unloaded_paper_an_odd_share_and_a_second_recheck_are_refused(context, session, cast, case, at) -> None:
    marat = cast.actor("marat")
    with pytest.raises(Refused, match="не загружены"):
        order_recheck(context, case.id, cast["ivan"].id, marat, at)
    accept(context, bring(context, works_file(schools=("990001",), n=12), at), at)
    with pytest.raises(Refused, match="ступеней"):
        order_recheck(context, case.id, cast["ivan"].id, marat, at, share=0.5)
    order_recheck(context, case.id, cast["ivan"].id, marat, at)

    with pytest.raises(Refused, match="уже идёт"):
        order_recheck(context, case.id, cast["ivan"].id, marat, at)


def test_a_move_leaves_one_note_however_often_its_job_runs(context, session, cast, case, at) -> None:
    factories.make_interview(session, case)
    fire(session, case.id, "interview", actor=cast.actor("kira"), at=at, expected_version=0, request_id="r1")
    session.commit()

    run_pending(context)
    run_pending(context)

    notes = session.scalars(select(InboxNote)).all()
    assert [note.text for note in notes] == ["Признаки → Собеседование: Kira"]
    assert len(session.scalars(select(JobEffect)).all()) == 1


def test_nothing_is_added_to_a_closed_case(session, cast, at) -> None:
    closed = factories.make_case(
        session, cast.school, state="closed", closed_at=at - timedelta(days=1), verdict="confirmed"
    )

    with pytest.raises(Refused, match="закрыто"):
        interview.record_interview(session, closed.id, FORM, actor=cast.actor("marat"), at=at)
