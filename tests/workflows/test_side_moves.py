"""Hold, hand over, return with a question: what each stops, who may, and how it ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.database import bind
from app.errors import Conflict, NotPermitted, Refused
from app.flows import shipped as files
from app.models import Case, CasePause, CuratorOrder, Declaration, HandOver, JournalEntry, User, WorkflowVersion
from app.policy import SYSTEM, Permission
from app.terms import Addressee, HandOverStatus, PauseCause, PostKind, Role, Verdict, WorkflowStatus
from app.workflows import assignment, brakes, engine, hand_overs, pauses, people, questions
from app.workflows.definitions import shipped
from tests import factories
from tests.people import Cast, employ, enter

WHY = "Школа на карантине до конца недели."
ASKED = "Пришлите протокол проверки работ по математике за пятый класс."
ZONE = ZoneInfo("Europe/Moscow")


@pytest.fixture
def case(session: Session, cast: Cast) -> Case:
    case = factories.make_case(session, cast.school, curator_id=cast["kira"].id, curator_name="Kira")
    factories.make_interview(session, case)
    session.commit()
    return case


@pytest.fixture
def nina(session: Session, cast: Cast) -> User:
    """Another curator of Kira's methodical service."""
    user = User(
        login="nina",
        name="Nina",
        role=Role.CURATOR,
        password_hash="!",
        municipality_id=cast.municipality.id,
    )
    session.add(user)
    session.flush()
    enter(session, user, kind=PostKind.METHODIST)
    factories.make_declaration(session, user, cast.school)
    session.commit()
    return user


def actions(session: Session) -> list[str]:
    return list(session.scalars(select(JournalEntry.action).order_by(JournalEntry.seq)))


def codes(refusal: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [reason.code for reason in refusal.value.reasons]


def interview(session: Session, cast: Cast, case: Case, at: datetime):
    actor = cast.actor("kira", cast.school)
    return engine.fire(
        session, case.id, "interview", actor=actor, at=at, expected_version=case.version, request_id=f"i{case.version}"
    )


# ---- hold ----


def test_a_held_case_makes_no_move_and_says_until_when(session, cast, case, at) -> None:
    pauses.hold(session, case.id, at.date() + timedelta(days=9), WHY, actor=cast.actor("marat"), at=at)

    with pytest.raises(Refused) as refusal:
        interview(session, cast, case, at)

    assert codes(refusal) == ["on_hold"]
    assert f"«{WHY.rstrip('.')}». Чтобы" in refusal.value.reasons[0].ru
    assert refusal.value.reasons[0].href == "#resume"
    move = engine.available(session, case, actor=cast.actor("kira", cast.school), at=at)[0]
    assert [check.guard.name for check in move.checks if not check.is_met] == ["not_on_hold"]
    assert actions(session) == ["case:hold"]


def test_a_case_not_held_has_no_line_about_it(session, cast, case, at) -> None:
    move = engine.available(session, case, actor=cast.actor("kira", cast.school), at=at)[0]

    assert [check.guard.name for check in move.checks] == ["protocol"]


def test_a_hold_ends_by_hand_and_the_ledger_keeps_it(session, cast, case, at) -> None:
    pauses.hold(session, case.id, at.date() + timedelta(days=9), WHY, actor=cast.actor("marat"), at=at)
    later = at + timedelta(days=2)

    pauses.resume(session, case.id, "Карантин снят.", actor=cast.actor("mira"), at=later)

    row = session.scalars(select(CasePause)).one()
    assert (row.started_at, row.ended_at, row.started_by_name, row.ended_by_name) == (at, later, "Marat", "Mira")
    assert interview(session, cast, case, later).to_state == "interview"
    assert actions(session) == ["case:hold", "case:resume", "case:interview"]


def test_a_hold_wakes_on_its_day_in_the_zone_of_the_region(session, cast, case, at) -> None:
    pauses.hold(session, case.id, date(2026, 12, 1), WHY, actor=cast.actor("marat"), at=at)

    assert pauses.wake_due(session, at=datetime(2026, 11, 30, 20, 59, tzinfo=UTC)) == 0
    assert pauses.wake_due(session, at=datetime(2026, 12, 1, 6, 0, tzinfo=UTC)) == 1
    assert pauses.wake_due(session, at=datetime(2026, 12, 1, 6, 1, tzinfo=UTC)) == 0

    row = session.scalars(select(CasePause)).one()
    assert row.ended_at == datetime(2026, 11, 30, 21, 0, tzinfo=UTC)  # midnight in Moscow, not the minute of the sweep
    assert actions(session) == ["case:hold", "case:wake"]


@pytest.mark.parametrize(
    ("days", "reason", "code"), [(0, WHY, "not_ahead"), (400, WHY, "too_long"), (5, "да", "no_reason")]
)
def test_a_hold_needs_a_day_ahead_and_a_reason(days, reason, code, session, cast, case, at) -> None:
    with pytest.raises(Refused) as refusal:
        pauses.hold(session, case.id, at.date() + timedelta(days=days), reason, actor=cast.actor("marat"), at=at)

    assert codes(refusal) == [code]
    assert session.scalars(select(CasePause)).all() == []


def test_a_case_is_held_once(session, cast, case, at) -> None:
    pauses.hold(session, case.id, at.date() + timedelta(days=9), WHY, actor=cast.actor("marat"), at=at)

    with pytest.raises(Refused) as refusal:
        pauses.hold(session, case.id, at.date() + timedelta(days=20), WHY, actor=cast.actor("mira"), at=at)

    assert codes(refusal) == ["on_hold"]
    with pytest.raises(IntegrityError):  # and the database would not keep a second one
        pauses.start(session, case, PauseCause.HOLD, at.date(), WHY, actor=SYSTEM, at=at)


@pytest.mark.parametrize("name", ["kira", "ivan", "sveta", "anna", "root"])
def test_holding_is_for_the_department_and_the_region(name, session, cast, case, at) -> None:
    with pytest.raises(NotPermitted):
        pauses.hold(session, case.id, at.date() + timedelta(days=9), WHY, actor=cast.actor(name, cast.school), at=at)


def test_a_stale_hold_is_told(session, cast, case, at) -> None:
    interview(session, cast, case, at)

    with pytest.raises(Conflict):
        pauses.hold(session, case.id, date(2026, 12, 9), WHY, actor=cast.actor("marat"), at=at, expected_version=0)


# ---- hand-over ----


def propose(session, cast, case, to, at, who="kira") -> HandOver:
    return hand_overs.propose(session, case.id, to.id, WHY, actor=cast.actor(who, cast.school), at=at)


def test_until_it_is_accepted_the_former_curator_stays(session, cast, case, nina, at) -> None:
    propose(session, cast, case, nina, at)
    assert case.curator_id == cast["kira"].id
    actor = people.actor_for(session, nina, at)
    assert cast.school.id in actor.school_ids  # she sees what she is asked to take

    done = hand_overs.answer(session, case.id, True, "", no_conflict_declared=True, actor=actor, at=at)

    assert done.status is HandOverStatus.DONE
    assert (case.curator_id, case.curator_name) == (nina.id, "Nina")
    assert actions(session) == ["handover:propose", "handover:accept", "handover:done"]


def test_where_an_order_names_the_curator_the_successor_needs_one(session, cast, case, nina, at) -> None:
    factories.make_order(session, case, cast["kira"])
    department = cast.actor("marat")
    order = {"number": "44", "issued_on": at.date(), "until": date(2027, 6, 1), "no_conflict_declared": True}

    with pytest.raises(Refused) as refusal:
        assignment.issue_order(session, case.id, nina.id, **order, actor=department, at=at)
    assert codes(refusal) == ["hand_over_needed"]

    propose(session, cast, case, nina, at, who="marat")
    taken = hand_overs.answer(
        session, case.id, True, "", no_conflict_declared=True, actor=people.actor_for(session, nina, at), at=at
    )
    assert (taken.status, case.curator_id) == (HandOverStatus.ACCEPTED, cast["kira"].id)

    assignment.issue_order(session, case.id, nina.id, **order, actor=department, at=at)
    assert (taken.status, case.curator_id) == (HandOverStatus.DONE, nina.id)
    assert session.scalars(select(CuratorOrder.number)).all() == ["118", "44"]


def test_declining_needs_a_reason_and_leaves_all_as_it_was(session, cast, case, nina, at) -> None:
    propose(session, cast, case, nina, at)
    actor = people.actor_for(session, nina, at)
    with pytest.raises(Refused) as refusal:
        hand_overs.answer(session, case.id, False, "нет", actor=actor, at=at)
    assert codes(refusal) == ["no_reason"]

    hand_overs.answer(session, case.id, False, "В мае я в отпуске.", actor=actor, at=at)

    assert case.curator_id == cast["kira"].id
    session.flush()
    assert cast.school.id not in people.actor_for(session, nina, at).school_ids
    with pytest.raises(Conflict):
        hand_overs.answer(session, case.id, True, "", no_conflict_declared=True, actor=actor, at=at)


def test_only_the_person_asked_answers(session, cast, case, nina, at) -> None:
    propose(session, cast, case, nina, at)

    with pytest.raises(Refused) as refusal:
        hand_overs.answer(session, case.id, True, "", no_conflict_declared=True, actor=cast.actor("marat"), at=at)

    assert codes(refusal) == ["not_asked"]


def test_a_conflict_of_interest_is_asked_when_proposed_and_when_accepted(session, cast, case, nina, at) -> None:
    employ(session, nina, cast.school)
    with pytest.raises(Refused) as refusal:
        propose(session, cast, case, nina, at)
    assert "own_school" in codes(refusal)
    employ(session, nina, cast.objective)
    propose(session, cast, case, nina, at)
    actor = people.actor_for(session, nina, at)

    declared = session.scalars(select(Declaration).where(Declaration.user_id == nina.id)).one()
    declared.valid_until = at.date() - timedelta(days=1)
    session.flush()
    with pytest.raises(Refused) as refusal:
        hand_overs.answer(session, case.id, True, "", actor=actor, at=at)
    assert codes(refusal) == ["conflict_not_declared"]
    employ(session, nina, cast.school)  # she changed her work meanwhile
    with pytest.raises(Refused) as refusal:
        hand_overs.answer(session, case.id, True, "", no_conflict_declared=True, actor=actor, at=at)
    assert "own_school" in codes(refusal)


def test_what_was_declared_in_time_is_not_asked_again(session, cast, case, nina, at) -> None:
    propose(session, cast, case, nina, at)

    done = hand_overs.answer(session, case.id, True, "", actor=people.actor_for(session, nina, at), at=at)

    assert done.status is HandOverStatus.DONE


def test_a_proposal_expires(session, cast, case, nina, at) -> None:
    proposal = propose(session, cast, case, nina, at)
    late = at + timedelta(days=8)

    with pytest.raises(Refused) as refusal:
        hand_overs.answer(
            session, case.id, True, "", no_conflict_declared=True, actor=people.actor_for(session, nina, at), at=late
        )
    assert codes(refusal) == ["expired"]
    assert hand_overs.expire_due(session, at=at + timedelta(days=7)) == 0
    assert hand_overs.expire_due(session, at=late) == 1
    assert proposal.status is HandOverStatus.EXPIRED
    propose(session, cast, case, nina, late)


def test_a_curator_gives_away_only_its_own_case_and_once(session, cast, case, nina, at) -> None:
    stranger = replace(cast.actor("kira", cast.school), user_id=nina.id, name="Nina")
    with pytest.raises(Refused) as refusal:
        hand_overs.propose(session, case.id, nina.id, WHY, actor=stranger, at=at)
    assert codes(refusal) == ["not_yours"]

    propose(session, cast, case, nina, at)
    with pytest.raises(Refused) as refusal:
        propose(session, cast, case, nina, at, who="marat")
    assert codes(refusal) == ["hand_over_open"]
    hand_overs.withdraw(session, case.id, "Нина уходит в отпуск.", actor=cast.actor("marat"), at=at)
    assert hand_overs.open_hand_over(session, case.id) is None


@pytest.mark.parametrize("named", ["nina", "zoya"])
def test_an_order_that_changes_the_curator_ends_a_proposal_nobody_has_answered(
    named, session, cast, case, nina, at
) -> None:
    zoya = User(login="zoya", name="Zoya", role=Role.CURATOR, password_hash="!", municipality_id=cast.municipality.id)
    session.add(zoya)
    session.flush()
    enter(session, zoya, kind=PostKind.METHODIST)
    hand_overs.propose(session, case.id, nina.id, WHY, actor=cast.actor("marat"), at=at)
    chosen = {"nina": nina, "zoya": zoya}[named]

    assignment.issue_order(
        session, case.id, chosen.id, number="118", issued_on=at.date(), until=date(2027, 6, 1),
        no_conflict_declared=True, actor=cast.actor("marat"), at=at,
    )  # fmt: skip

    (hand_over,) = session.scalars(select(HandOver))
    assert (hand_over.status, hand_over.ended_at) == (HandOverStatus.WITHDRAWN, at)
    assert case.curator_id == chosen.id
    entry = session.scalars(select(JournalEntry).where(JournalEntry.action == "handover:withdraw")).one()
    assert "118" in entry.reason


def test_an_order_for_the_present_curator_leaves_a_proposal_open(session, cast, case, nina, at) -> None:
    hand_overs.propose(session, case.id, nina.id, WHY, actor=cast.actor("marat"), at=at)

    assignment.issue_order(
        session, case.id, cast["kira"].id, number="118", issued_on=at.date(), until=date(2027, 6, 1),
        no_conflict_declared=True, actor=cast.actor("marat"), at=at,
    )  # fmt: skip

    (hand_over,) = session.scalars(select(HandOver))
    assert (hand_over.status, hand_over.ended_at) == (HandOverStatus.PROPOSED, None)


def test_a_curator_is_offered_colleagues_it_may_not_see_elsewhere(session, cast, case, nina, at) -> None:
    session.commit()
    bind(session, cast.actor("kira", cast.school))
    case = session.get(Case, case.id)

    assert [(person.name, person.reason) for person in hand_overs.successors(session, case, at.date())] == [
        ("Nina", None)
    ]
    assert session.scalars(select(User.name)).all() == ["Kira"]


# ---- questions ----


def ask(session, case, actor, at, to=Addressee.SCHOOL, days=5, **more):
    return questions.ask(
        session,
        case.id,
        to,
        ASKED,
        at.date() + timedelta(days=days),
        actor=actor,
        at=at,
        expected_version=case.version,
        request_id=f"ask-{case.version}",
        **more,
    )


def test_a_question_to_the_school_stops_the_clock_until_its_answer(session, cast, case, at) -> None:
    ask(session, case, cast.actor("kira", cast.school), at)
    with pytest.raises(Refused) as refusal:
        interview(session, cast, case, at)
    assert codes(refusal) == ["question_open"]
    later = at + timedelta(days=2)

    question = questions.answer(
        session, case.id, "Протокол приложен к письму № 12.", actor=cast.actor("sveta", cast.school), at=later
    )

    pause = session.get(CasePause, question.pause_id)
    assert (pause.cause, pause.started_at, pause.ended_at) == (PauseCause.QUESTION, at, later)
    assert interview(session, cast, case, later).seq == 1
    assert actions(session) == ["question:ask", "question:answer", "case:interview"]


def test_a_late_school_does_not_stop_the_clock_for_ever(session, cast, case, at) -> None:
    question = ask(session, case, cast.actor("marat"), at)
    night = datetime(2026, 11, 29, 1, 0, tzinfo=ZONE)

    assert pauses.wake_due(session, at=night - timedelta(days=1)) == 0
    assert pauses.wake_due(session, at=night) == 1

    assert question.closed_at is None
    with pytest.raises(Refused) as refusal:
        interview(session, cast, case, night)
    assert codes(refusal) == ["question_open"]
    questions.answer(session, case.id, "Протокол нашёлся.", actor=cast.actor("sveta", cast.school), at=night)
    assert actions(session) == ["question:ask", "question:late", "question:answer"]


def test_a_question_to_the_curator_leaves_the_clock_running_and_only_the_curator_answers(
    session, cast, case, at
) -> None:
    ask(session, case, cast.actor("marat"), at, to=Addressee.CURATOR)
    assert session.scalars(select(CasePause)).all() == []
    for name in ("sveta", "marat", "mira"):
        with pytest.raises(Refused):
            questions.answer(session, case.id, "Отвечает не тот.", actor=cast.actor(name, cast.school), at=at)

    questions.answer(session, case.id, "Уточнил в протоколе.", actor=cast.actor("kira", cast.school), at=at)


def test_a_question_may_be_withdrawn_with_a_reason(session, cast, case, at) -> None:
    ask(session, case, cast.actor("marat"), at)
    with pytest.raises(Refused):
        questions.withdraw(session, case.id, "", actor=cast.actor("marat"), at=at)

    question = questions.withdraw(session, case.id, "Документ уже был в деле.", actor=cast.actor("marat"), at=at)

    assert question.is_withdrawn
    assert session.scalars(select(CasePause.ended_at)).one() == at
    with pytest.raises(Conflict):
        questions.answer(session, case.id, "Поздний ответ школы.", actor=cast.actor("sveta", cast.school), at=at)


WAY_BACK = """
[[transition]]
trigger = "to_the_signs"
source = "interview"
dest = "flagged"
ru = "Вернуть к признакам"
en = "Return to the signs"
done_ru = "Возвращено к признакам"
done_en = "Returned to the signs"
permission = "case:return"
is_side = true
"""


@pytest.fixture
def way_back(session: Session, case: Case, at: datetime) -> None:
    """The case runs by a workflow as a department may write it: with a way back from the interview to the signs."""
    shipped = session.scalars(select(WorkflowVersion).where(WorkflowVersion.name == "objectivity")).one()
    text = shipped.toml.replace('version = "1"', 'version = "77"', 1) + WAY_BACK
    values = {"name": "objectivity", "version": "77", "kind": shipped.kind, "title": "t", "title_en": "t"}
    made = {"made_by_name": "Root", "made_at": at, "published_at": at, "published_by_name": "Root"}
    session.add(WorkflowVersion(**values, **made, status=WorkflowStatus.PUBLISHED, toml=text, sha256="7" * 64))
    session.flush()
    case.workflow_version = "77"
    session.commit()


def test_a_return_to_an_earlier_stage_moves_the_case_and_begins_its_clock_anew(
    way_back, session, cast, case, at
) -> None:
    interview(session, cast, case, at)
    later = at + timedelta(days=3)
    assert [row.trigger for row in questions.ways_back(case)] == ["back_to_signs", "to_the_signs"]

    ask(session, case, cast.actor("marat"), later, to=Addressee.STAGE, trigger="to_the_signs")

    assert (case.state, case.entered_at, case.version) == ("flagged", later, 2)
    with pytest.raises(Refused) as refusal:
        questions.answer(session, case.id, "Сам себе отвечаю.", actor=cast.actor("marat"), at=later)
    assert codes(refusal) == ["asked_yourself"]
    questions.answer(session, case.id, "Собеседование проведено снова.", actor=cast.actor("mira"), at=later)
    assert interview(session, cast, case, later).seq == 3


@pytest.mark.parametrize("name", sorted(files()))
def test_every_stage_of_a_shipped_workflow_has_a_way_back_to_each_earlier_one(name, session, cast, at) -> None:
    flow = shipped(name)
    order = [state.code for state in flow.states]
    kind = flow.definition.kind
    case = factories.make_case(session, cast.school, kind=kind, workflow=name, workflow_version=flow.version)
    for place, state in enumerate(order[:-1]):
        case.state = state
        rows = questions.ways_back(case)
        assert sorted(row.dest for row in rows) == sorted(order[:place])
        assert {row.permission for row in rows} <= {Permission.CASE_RETURN}


def test_a_prolonged_support_is_a_decision_and_no_question(session, cast) -> None:
    case = factories.make_case(
        session, cast.school, kind="low_results", workflow="low_results", workflow_version="1", state="reviewed"
    )

    assert "prolong" not in {row.trigger for row in questions.ways_back(case)}


def test_without_a_declared_way_back_there_is_none(session, cast, case, at) -> None:
    interview(session, cast, case, at)

    with pytest.raises(Refused) as refusal:
        ask(session, case, cast.actor("marat"), at, to=Addressee.STAGE, trigger="interview")

    assert codes(refusal) == ["no_way_back"]


# ---- the second person ----


def test_the_program_closes_no_case(session, cast, at) -> None:
    case = factories.make_case(session, cast.school, state="rechecked")
    factories.make_recheck(session, case, cast["ivan"], factories.make_dataset(session))
    factories.make_conclusion(session, case, cast["marat"])

    with pytest.raises(Refused) as refusal:
        engine.fire(session, case.id, "close", actor=SYSTEM, at=at, expected_version=0, request_id="by-program")

    assert codes(refusal) == ["no_person"]


def test_a_workflow_that_forgets_the_second_person_is_reminded(session, cast, at) -> None:
    case = factories.make_case(session, cast.school)
    factories.make_conclusion(session, case, cast["marat"], verdict=Verdict.DISMISSED)
    row = next(row for row in shipped().transitions if row.trigger == "dismiss")
    forgetful = replace(row, guards=tuple(guard for guard in row.guards if guard.name != "second"))

    def told(name: str, row: engine.Transition) -> list[str]:
        question = engine.Question(session, case, cast.actor(name), at)
        return [check.guard.name for check in brakes.objections(question, row)]

    assert told("marat", forgetful) == ["second_person"]
    assert told("marat", row) == []  # its own guard says so already
    assert told("mira", forgetful) == []
