"""Whoever decides by office does not decide at a school it is tied to: moves, verbs and bulk decisions refuse."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.calendars import Span
from app.database import acting, bind
from app.errors import NotFound, NotPermitted, Refused
from app.models import BulkRow, Case, Declaration, JournalEntry, Person, PersonRelation
from app.policy import SYSTEM, Actor
from app.terms import BulkKind, BulkRowStatus, ConflictKind, PostKind, Verdict
from app.workflows import agenda, bulk, declarations, engine, episodes, pauses, people, ties
from app.workflows import case as case_verbs
from tests import factories
from tests.people import Cast, enter, person_of

WHY = "Так решили на совещании, протокол в деле."


@pytest.fixture
def case(session, cast: Cast) -> Case:
    case = factories.make_case(session, cast.school)
    factories.make_conclusion(session, case, cast["mira"], verdict=Verdict.DISMISSED)
    session.commit()
    return case


def actor_of(session, cast: Cast, name: str, at) -> Actor:
    actor = people.actor_for(session, cast[name], at)
    session.commit()
    return actor


def recuse(context, session, cast: Cast, name: str, at, kinds=(ConflictKind.RELATIVE,), statement="") -> Actor:
    """Say it; return what the person is from then on."""
    actor = actor_of(session, cast, name, at)
    with acting(context.sessions, actor) as own:
        declarations.recuse(own, cast.school.id, kinds, statement, actor=actor, at=at)
    return actor_of(session, cast, name, at)


def dismiss(session, case: Case, actor: Actor, at):
    move = next(m for m in engine.available(session, case, actor=actor, at=at) if m.transition.trigger == "dismiss")
    code = move.transition.reasons[0].code if move.transition.reasons else ""
    return engine.fire(
        session, case.id, "dismiss", actor=actor, at=at, expected_version=case.version, request_id="dismiss-it",
        reason=WHY, reason_code=code,
    )  # fmt: skip


@pytest.mark.parametrize("name", ["marat", "rita"])
def test_who_is_tied_looks_and_does_not_decide_and_a_colleague_does(name, context, session, cast, case, at) -> None:
    tied = recuse(context, session, cast, name, at)

    assert tied.barred(cast.school.id) is not None
    assert tied.barred(cast.neighbour.id) is None
    with acting(context.sessions, tied) as own:
        seen = own.get_one(Case, case.id)
        moves = engine.available(own, seen, actor=tied, at=at)
        assert moves
        assert all("relative" in [reason.code for reason in move.reasons] for move in moves)
        with pytest.raises(Refused) as refusal:
            dismiss(own, seen, tied, at)
    assert "relative" in [reason.code for reason in refusal.value.reasons]
    free = actor_of(session, cast, "rita" if name == "marat" else "marat", at)
    with acting(context.sessions, free) as own:
        assert dismiss(own, own.get_one(Case, case.id), free, at).to_state == "closed"


def test_verbs_refuse_like_moves(context, session, cast: Cast, case, at) -> None:
    marat = recuse(context, session, cast, "marat", at)
    until = at.date() + timedelta(days=9)
    verbs = [
        lambda s: pauses.hold(s, case.id, until, WHY, actor=marat, at=at),
        lambda s: case_verbs.hand_interview(s, case.id, cast["kira"].id, actor=marat, at=at),
        lambda s: case_verbs.propose(s, case.id, Verdict.DISMISSED, WHY, actor=marat, at=at),
    ]

    for verb in verbs:
        with context.sessions() as own:
            bind(own, marat)
            with pytest.raises(Refused) as refusal:
                verb(own)
            assert [reason.code for reason in refusal.value.reasons] == ["relative"]
            assert all(reason.ru and reason.en for reason in refusal.value.reasons)


def test_a_closed_case_is_not_reopened_by_one_who_is_tied(context, session, cast: Cast, at) -> None:
    closed = factories.make_case(session, cast.school, state="closed", closed_at=at, verdict=Verdict.NOT_CONFIRMED)
    session.commit()
    marat = recuse(context, session, cast, "marat", at)

    with context.sessions() as own:
        bind(own, marat)
        with pytest.raises(Refused):
            episodes.reopen(own, closed.id, WHY, with_signs=True, with_curator=False, actor=marat, at=at)


def test_a_bulk_decision_leaves_the_tied_school_out_and_says_why(context, session, cast: Cast, case, at) -> None:
    other = factories.make_case(session, cast.neighbour)
    session.commit()
    marat = recuse(context, session, cast, "marat", at)

    with acting(context.sessions, marat) as own:
        until = (at.date() + timedelta(days=9)).isoformat()
        decision = bulk.try_dry(
            own, BulkKind.HOLD, [case.id, other.id], params={"until_on": until}, reason=WHY, actor=marat, at=at
        )
        rows = {row.case_id: row for row in own.scalars(select(BulkRow).where(BulkRow.decision_id == decision.id))}
        assert rows[other.id].status is BulkRowStatus.WAITING
        assert [reason["code"] for reason in rows[case.id].reasons] == ["relative"]


def test_a_post_at_the_school_bars_as_a_declaration_does(session, cast: Cast, at) -> None:
    enter(session, cast["marat"], works_at=cast.school, kind=PostKind.DEPUTY)

    bar = actor_of(session, cast, "marat", at).barred(cast.school.id)

    assert bar is not None
    assert bar.code == "own_school"
    assert "регион" in bar.ru


def test_who_has_no_card_is_given_one_and_the_journal_tells_it(context, session, cast: Cast, case, at) -> None:
    assert session.scalars(select(Person).where(Person.user_id == cast["mira"].id)).all() == []

    recuse(context, session, cast, "mira", at, (ConflictKind.MANUAL,), "Директор школы — мой бывший супруг.")

    person = person_of(session, cast["mira"])
    tie = session.scalars(select(PersonRelation).where(PersonRelation.person_id == person.id)).one()
    assert (tie.kind, tie.related_school_id, tie.stated_by_name) == (ConflictKind.MANUAL, cast.school.id, "Mira")
    made = session.scalars(select(Declaration).where(Declaration.user_id == cast["mira"].id)).one()
    assert made.has_conflict
    entry = session.scalars(select(JournalEntry).where(JournalEntry.action == "conflict:declare")).one()
    assert (entry.subject, entry.subject_id, entry.facts["has_conflict"]) == ("case", case.id, True)


@pytest.mark.parametrize(
    ("kinds", "statement", "code"),
    [((), "", "no_kind"), ((ConflictKind.OWN_MARKING,), "", "no_kind"), ((ConflictKind.MANUAL,), "да", "no_statement")],
)
def test_a_tie_is_named(kinds, statement, code, context, session, cast: Cast, case, at) -> None:
    with pytest.raises(Refused) as refusal:
        recuse(context, session, cast, "marat", at, kinds, statement)

    assert [reason.code for reason in refusal.value.reasons] == [code]
    assert session.scalars(select(Declaration)).all() == []


def test_it_is_said_once_within_the_territory_and_by_those_who_decide(context, session, cast: Cast, case, at) -> None:
    marat = recuse(context, session, cast, "marat", at)
    with acting(context.sessions, marat) as own, pytest.raises(Refused):
        declarations.recuse(own, cast.school.id, [ConflictKind.RELATIVE], "", actor=marat, at=at)
    with acting(context.sessions, marat) as own, pytest.raises(NotFound):
        declarations.recuse(own, cast.foreign.id, [ConflictKind.RELATIVE], "", actor=marat, at=at)
    sveta = actor_of(session, cast, "sveta", at)
    with acting(context.sessions, sveta) as own, pytest.raises(NotPermitted):
        declarations.recuse(own, cast.school.id, [ConflictKind.RELATIVE], "", actor=sveta, at=at)


def test_ones_own_tie_is_taken_back_by_another_person(context, session, cast: Cast, case, at) -> None:
    marat = recuse(context, session, cast, "marat", at)
    tie = session.scalars(select(PersonRelation)).one()
    session.commit()
    with context.sessions() as own:
        bind(own, marat)
        with pytest.raises(Refused) as refusal:
            ties.withdraw_tie(own, tie.id, "Сестра уволилась из школы.", actor=marat, at=at)
    assert [reason.code for reason in refusal.value.reasons] == ["own_tie"]

    bind(session, SYSTEM)
    ties.withdraw_tie(session, tie.id, "Сестра уволилась из школы.", actor=cast.actor("mira"), at=at)

    assert actor_of(session, cast, "marat", at).bars == ()


def test_nothing_of_a_tied_school_waits_in_the_calendar(context, session, cast: Cast, case, at) -> None:
    case.due_on = at.date()
    factories.make_observation(
        session, case, cast["ivan"], status="scheduled", act_number=None, held_on=None, scheduled_on=at.date()
    )
    other = factories.make_case(session, cast.neighbour, due_on=at.date())
    session.commit()

    def keys(actor: Actor) -> set[str]:
        with acting(context.sessions, actor) as own:
            return {item.key for item in agenda.agenda(own, Span(at.date(), at.date()))}

    assert keys(actor_of(session, cast, "marat", at)) >= {f"stage-{case.id}", f"stage-{other.id}", "visit-1"}
    tied = recuse(context, session, cast, "marat", at)
    assert keys(tied) == {f"stage-{other.id}"}


def test_the_school_itself_is_never_barred(session, cast: Cast, at) -> None:
    enter(session, cast["sveta"], works_at=cast.school, kind=PostKind.HEAD)

    assert actor_of(session, cast, "sveta", at).bars == ()
