"""Plans of assignments: proposed from what cases lack, changed by hand, carried out by the ordinary verbs."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.calendars import russia
from app.context import AppContext
from app.database import bind
from app.errors import Conflict, NotFound, NotPermitted, Refused
from app.jobs.work import Outcome, perform
from app.models import (
    Absence,
    AssignmentPlan,
    Case,
    CuratorOrder,
    JournalEntry,
    Observation,
    OutboxJob,
    PreservationRequest,
    Recheck,
    School,
    Training,
    User,
)
from app.planning import objection
from app.policy import SYSTEM
from app.terms import AbsenceReason, Duty, JobStatus, PlanRowStatus, PlanStatus, PostKind, Role, Tier
from app.workflows import independence, people, planning, planning_facts
from app.workflows.planning import Orders
from app.workflows.planning_rows import options_of
from tests import factories as make
from tests.people import Cast, employ, enter, person_of

ALL = (Duty.CURATOR, Duty.OBSERVER, Duty.EXPERT)
SIGN = {"findings": [{"sign": True, "year": 2026, "subject": "ma", "grade": 5, "sentence": "…"}]}


@pytest.fixture
def work(session: Session, cast: Cast) -> dict[str, Case]:
    """A case at each step that wants somebody, and enough people."""
    run = make.make_run(session)
    dataset = make.make_dataset(session)
    assert dataset.id
    cases = {
        "flagged": make.make_case(session, cast.school),
        "assigned": make.make_case(
            session, cast.neighbour, state="curator_assigned", curator_id=cast["kira"].id, tier=Tier.SEVERE
        ),
        "foreign": make.make_case(session, cast.foreign),
    }
    for case in cases.values():
        make.make_flag(session, session.get(School, case.school_id), run, case_id=case.id, frozen=SIGN)
    make.make_keeping(session, cases["assigned"])  # without it the works of a finished year may be gone
    for i in range(2):
        user = User(login=f"observer{i}", name=f"Наблюдатель {i}", role=Role.INSPECTOR, password_hash="!",
                    municipality_id=cast.municipality.id)  # fmt: skip
        session.add(user)
        session.flush()
        enter(session, user, kind=PostKind.METHODIST, trained_until=date(2028, 1, 1))
    session.commit()
    return cases


def _propose(session: Session, cast: Cast, at: datetime, *duties: Duty) -> AssignmentPlan:
    actor = cast.actor("marat")
    bind(session, actor)
    plan = planning.propose_plan(session, duties=duties or ALL, actor=actor, at=at)
    session.commit()
    return plan


def test_a_plan_serves_what_the_cases_in_sight_lack(session: Session, cast: Cast, work: dict[str, Case], at: datetime):
    plan = _propose(session, cast, at)

    rows = [(row.duty, row.case_id, row.status) for row in plan.rows]
    assert plan.status is PlanStatus.DRAFT
    assert (Duty.CURATOR, work["flagged"].id, PlanRowStatus.PROPOSED) in rows
    assert rows.count((Duty.OBSERVER, work["assigned"].id, PlanRowStatus.PROPOSED)) == 2
    assert (Duty.EXPERT, work["assigned"].id, PlanRowStatus.PROPOSED) in rows
    assert work["foreign"].id not in {case_id for _duty, case_id, _status in rows}
    assert all(row.why["ru"] for row in plan.rows)
    assert session.scalar(select(func.count(Observation.id))) == 0


def test_a_school_its_author_is_tied_to_is_left_to_others(session: Session, cast: Cast, work: dict[str, Case], at):
    before = _propose(session, cast, at, Duty.CURATOR)
    assert [row.case_id for row in before.rows] == [work["flagged"].id]
    bind(session, SYSTEM)
    enter(session, cast["marat"], works_at=cast.school, kind=PostKind.DEPUTY)
    tied = people.actor_for(session, cast["marat"], at)
    session.commit()
    bind(session, tied)
    plan = session.get(AssignmentPlan, before.id)

    planning.accept_plan(session, plan.id, Orders(), actor=tied, at=at, expected_version=plan.version)
    session.commit()

    (row,) = plan.rows
    assert row.status is PlanRowStatus.REFUSED
    assert "регион" in row.answer[0]["ru"]
    with pytest.raises(Refused) as refusal:
        planning.propose_plan(session, duties=(Duty.CURATOR,), actor=tied, at=at)
    assert [reason.code for reason in refusal.value.reasons] == ["nothing_lacking"]


def test_an_accepted_plan_goes_through_the_ordinary_verbs(
    session: Session, cast: Cast, work: dict[str, Case], at: datetime
):
    plan = _propose(session, cast, at)

    planning.accept_plan(
        session, plan.id, Orders(commission_number="5"), actor=cast.actor("marat"), at=at, expected_version=plan.version
    )
    session.commit()

    assert plan.status is PlanStatus.APPLIED
    assert {row.status for row in plan.rows} == {PlanRowStatus.APPLIED}
    assert session.get(Case, work["flagged"].id).curator_id == cast["kira"].id
    visits = session.scalars(select(Observation).where(Observation.case_id == work["assigned"].id)).all()
    assert len({visit.observer_id for visit in visits}) == 2
    assert len({visit.scheduled_on for visit in visits}) == 1
    assert session.scalars(select(Recheck)).one().order_number == "5"
    bind(session, SYSTEM)
    actions = set(session.scalars(select(JournalEntry.action)))
    assert {"plan:propose", "plan:accept", "plan:apply", "case:hand_interview", "observation:schedule"} <= actions


def test_a_row_that_a_verb_refuses_is_told_and_hinders_no_other(
    session: Session, cast: Cast, work: dict[str, Case], at: datetime
):
    plan = _propose(session, cast, at)
    bind(session, SYSTEM)
    session.get(User, cast["kira"].id).is_active = False
    session.commit()
    bind(session, cast.actor("marat"))
    plan = session.get(AssignmentPlan, plan.id)

    planning.accept_plan(
        session, plan.id, Orders(commission_number="5"), actor=cast.actor("marat"), at=at, expected_version=plan.version
    )
    session.commit()

    by_duty = {row.duty: row for row in plan.rows}
    assert by_duty[Duty.CURATOR].status is PlanRowStatus.REFUSED
    assert "куратор" in by_duty[Duty.CURATOR].answer[0]["ru"]
    assert by_duty[Duty.OBSERVER].status is PlanRowStatus.APPLIED
    assert session.get(Case, by_duty[Duty.CURATOR].case_id).curator_id is None


def test_an_order_is_issued_where_the_interview_is_held(
    session: Session, cast: Cast, work: dict[str, Case], at: datetime
):
    session.get(Case, work["flagged"].id).state = "interview"
    session.commit()
    plan = _propose(session, cast, at, Duty.CURATOR)
    orders = Orders(curator_number="118", curator_until=date(2027, 6, 30), no_conflict_declared=True)

    planning.accept_plan(session, plan.id, orders, actor=cast.actor("marat"), at=at, expected_version=plan.version)
    session.commit()

    assert session.scalars(select(CuratorOrder)).one().number == "118"


def test_a_moved_row_is_kept_and_the_rest_is_solved_again(
    session: Session, cast: Cast, work: dict[str, Case], at: datetime
):
    plan = _propose(session, cast, at, Duty.EXPERT)
    row = plan.rows[0]
    other = next(person["id"] for person in plan.result["people"] if person["id"] != row.person_id)

    planning.move_row(session, plan.id, row.id, other, actor=cast.actor("marat"), at=at, expected_version=plan.version)
    session.commit()

    (moved,) = plan.rows
    assert (moved.person_id, moved.is_pinned) == (other, True)
    assert moved.why["code"] == "pinned"
    planning.free_row(session, plan.id, moved.id, actor=cast.actor("marat"), at=at, expected_version=plan.version)
    assert not plan.rows[0].is_pinned


def test_a_person_whom_a_rule_forbids_cannot_be_pinned(
    session: Session, cast: Cast, work: dict[str, Case], at: datetime
):
    bind(session, SYSTEM)
    employ(session, session.get(User, cast["ivan"].id), cast.neighbour)
    session.commit()
    plan = _propose(session, cast, at, Duty.EXPERT)

    with pytest.raises(Refused, match="Конфликт интересов"):
        planning.move_row(
            session,
            plan.id,
            plan.rows[0].id,
            cast["ivan"].id,
            actor=cast.actor("marat"),
            at=at,
            expected_version=plan.version,
        )


def test_a_recheck_is_planned_only_while_its_works_surely_exist(
    session: Session, cast: Cast, work: dict[str, Case], at: datetime
):
    """The window ends with the works; where nothing is left of it, the plan says until when they were kept."""
    request = session.scalars(select(PreservationRequest)).one()
    assert request.case_id == work["assigned"].id
    open_window = planning_facts.wanted(session, duties=[Duty.EXPERT], case_ids=None, today=at.date())[0]
    middle = open_window.need.days[len(open_window.need.days) // 2]
    request.keep_until = middle
    session.commit()

    cut = _propose(session, cast, at, Duty.EXPERT)
    assert [row.days[-1] for row in cut.rows] == [middle.isoformat()]
    assert all(row.day is not None and row.day <= middle for row in cut.rows)

    bind(session, SYSTEM)
    yesterday = at.date() - timedelta(days=1)
    session.scalars(select(PreservationRequest)).one().keep_until = yesterday
    session.commit()
    gone = _propose(session, cast, at, Duty.EXPERT)
    (row,) = gone.rows
    assert row.status is PlanRowStatus.UNSERVED
    assert gone.result["unserved"] == 1
    assert f"до {yesterday:%d.%m.%Y}" in row.why["ru"]
    with pytest.raises(Refused, match="точно хранятся до"):
        options_of(session, gone, row, today=at.date())


def test_two_people_changing_one_plan_find_out(session: Session, cast: Cast, work: dict[str, Case], at: datetime):
    plan = _propose(session, cast, at, Duty.EXPERT)

    with pytest.raises(Conflict):
        planning.withdraw_plan(
            session, plan.id, reason="не нужен", actor=cast.actor("mira"), at=at, expected_version=plan.version + 1
        )


def test_a_withdrawn_plan_stays_with_its_reason(session: Session, cast: Cast, work: dict[str, Case], at: datetime):
    plan = _propose(session, cast, at, Duty.EXPERT)

    planning.withdraw_plan(
        session, plan.id, reason="переносим на март", actor=cast.actor("marat"), at=at, expected_version=plan.version
    )
    session.commit()

    assert (plan.status, plan.withdrawal_reason) == (PlanStatus.WITHDRAWN, "переносим на март")


def test_only_those_who_may_appoint_may_plan(session: Session, cast: Cast, work: dict[str, Case], at: datetime):
    for name in ("anna", "kira", "ivan", "sveta"):
        actor = cast.actor(name)
        bind(session, actor)
        with pytest.raises(NotPermitted):
            planning.propose_plan(session, duties=ALL, actor=actor, at=at)
    actor = cast.actor("rita")
    bind(session, actor)
    with pytest.raises(NotPermitted):
        planning.propose_plan(session, duties=(Duty.EXPERT,), actor=actor, at=at)
    assert planning.propose_plan(session, duties=(Duty.CURATOR,), actor=actor, at=at).rows


def test_another_territory_sees_no_plan(session: Session, cast: Cast, work: dict[str, Case], at: datetime):
    plan = _propose(session, cast, at)
    bind(session, cast.actor("dina"))

    assert session.scalars(select(AssignmentPlan)).all() == []
    with pytest.raises(NotFound):
        planning.withdraw_plan(
            session, plan.id, reason="чужой", actor=cast.actor("dina"), at=at, expected_version=plan.version
        )


def test_a_shortage_is_named(session: Session, cast: Cast, work: dict[str, Case], at: datetime):
    bind(session, SYSTEM)
    for training in session.scalars(select(Training)):
        training.valid_until = date(2026, 1, 1)
    session.commit()

    plan = _propose(session, cast, at, Duty.OBSERVER)

    assert plan.result["unserved"] == 2
    assert "2 наблюдателей" in plan.result["shortages"][0]["ru"]
    assert {row.status for row in plan.rows} == {PlanRowStatus.UNSERVED}
    with pytest.raises(Refused, match="некого"):
        planning.accept_plan(
            session, plan.id, Orders(), actor=cast.actor("marat"), at=at, expected_version=plan.version
        )


def test_a_large_plan_is_solved_and_carried_out_by_jobs(
    context: AppContext, session: Session, cast: Cast, work: dict[str, Case], at: datetime, monkeypatch
):
    small = replace(planning_facts.load_rules(), inline=1)
    monkeypatch.setattr(planning_facts, "load_rules", lambda: small)
    monkeypatch.setattr(planning, "APPLIED_AT_ONCE", 0)

    plan = _propose(session, cast, at)
    assert plan.status is PlanStatus.SOLVING
    assert _run(context, session, "solve_plan") is Outcome.DONE
    bind(session, cast.actor("marat"))
    plan = session.get(AssignmentPlan, plan.id)
    assert plan.status is PlanStatus.DRAFT
    assert plan.rows

    planning.accept_plan(
        session, plan.id, Orders(commission_number="5"), actor=cast.actor("marat"), at=at, expected_version=plan.version
    )
    session.commit()
    assert plan.status is PlanStatus.ACCEPTED
    assert _run(context, session, "apply_plan") is Outcome.DONE
    assert {row.status for row in session.get(AssignmentPlan, plan.id).rows} == {PlanRowStatus.APPLIED}


def test_the_planner_objects_to_whom_the_ordinary_verbs_object(
    session: Session, cast: Cast, work: dict[str, Case], at: datetime
):
    """The bulk reading of people and orders answers as the one-by-one rules do."""
    bind(session, SYSTEM)
    employ(session, session.get(User, cast["kira"].id), cast.objective)
    other = User(login="c2", name="Второй", role=Role.CURATOR, password_hash="!", municipality_id=cast.municipality.id)
    session.add(other)
    session.flush()
    enter(session, other, works_at=cast.school, kind=PostKind.METHODIST)
    of_objective = make.make_case(session, cast.objective, curator_id=other.id)
    make.make_order(session, of_objective, other)
    away = person_of(session, session.get(User, cast["ivan"].id))
    session.add(
        Absence(person_id=away.id, from_on=at.date(), until_on=date(2027, 1, 1), reason=AbsenceReason.SICK,
                municipality_id=away.municipality_id, school_id=away.school_id)
    )  # fmt: skip
    session.commit()
    wants = planning_facts.wanted(session, duties=ALL, case_ids=None, today=at.date())
    problem = planning_facts.problem_of(session, wants, duties=ALL, on=at.date())
    people = {person.id: person for person in problem.candidates}

    for want in wants:
        for user in session.scalars(select(User).where(User.role.in_([Role.CURATOR, Role.INSPECTOR]))):
            person = people.get(user.id)
            planned = person is not None and objection(problem, person, want.need) is None
            told = [
                independence.objections_to_user(session, user.id, want.need.school_id, want.need.duty, day)
                for day in want.need.days
            ]
            assert planned == (not all(told)), (want.need.id, user.name, told)
    assert any(reason.code == "mutual_curation" for reason in problem.blocked.values())
    assert any(reason.code == "absent" for reason in problem.unfit.values())


def test_working_days_are_counted_from_today():
    friday = date(2026, 11, 27)

    def days(today: date, first: int, last: int) -> tuple[date, ...]:
        return planning_facts.workdays(russia(), today, first, last)

    assert days(friday, 0, 2) == (date(2026, 11, 27), date(2026, 11, 30), date(2026, 12, 1))
    assert days(date(2026, 11, 28), 1, 2) == (date(2026, 11, 30), date(2026, 12, 1))
    assert date(2026, 11, 4) not in days(date(2026, 11, 3), 0, 3)


def _run(context: AppContext, session: Session, kind: str) -> Outcome:
    bind(session, SYSTEM)
    job = session.scalars(select(OutboxJob).where(OutboxJob.kind == kind, OutboxJob.status == JobStatus.PENDING)).one()
    session.commit()
    return perform(context, job.id, is_waking=False)
