"""Nothing of a case is seen before the declaration; a substitute acts for the absent person while it is away."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.database import acting
from app.errors import NotFound, Refused
from app.models import Case, CaseEvent, Declaration, JournalEntry, PersonRelation, User
from app.policy import SYSTEM, Actor
from app.terms import AbsenceReason, ConflictKind, PostKind, Role
from app.workflows import absences, declarations, people, ties
from app.workflows.engine import fire
from tests import factories
from tests.people import Cast, employ, enter, person_of


def actor_of(session, user: User, at) -> Actor:
    """The actor of a request at that moment; what was done before is committed, as it is between requests."""
    actor = people.actor_for(session, user, at)
    session.commit()
    return actor


@pytest.fixture
def case(session, cast: Cast) -> Case:
    case = factories.make_case(session, cast.school, curator_id=cast["kira"].id, curator_name="Kira")
    session.commit()
    return case


@pytest.fixture
def lena(session, cast: Cast) -> User:
    """A second curator, a methodist like Kira."""
    user = User(login="lena", name="Лена", role=Role.CURATOR, password_hash="!", municipality_id=cast.municipality.id)
    session.add(user)
    session.flush()
    enter(session, user, kind=PostKind.METHODIST)
    return user


def declare(session, user: User, school, at, **said):
    return declarations.declare(
        session, school.id, **{"has_conflict": False, **said}, actor=actor_of(session, user, at), at=at
    )


def test_the_case_opens_with_the_declaration_and_not_before(context, session, cast: Cast, case, at) -> None:
    before = actor_of(session, cast["kira"], at)
    assert (before.school_ids, before.undeclared) == (frozenset(), frozenset({cast.school.id}))
    with acting(context.sessions, before) as own:
        assert own.scalars(select(Case)).all() == []
        assert [asked.school_name for asked in declarations.asked(own, before)] == ["СОШ № 1"]
        declarations.declare(own, cast.school.id, has_conflict=False, actor=before, at=at)

    after = actor_of(session, cast["kira"], at)

    assert (after.school_ids, after.undeclared) == (frozenset({cast.school.id}), frozenset())
    with acting(context.sessions, after) as own:
        assert [row.id for row in own.scalars(select(Case))] == [case.id]
        assert len(own.scalars(select(Declaration)).all()) == 1
    entry = session.scalars(select(JournalEntry).where(JournalEntry.action == "conflict:declare")).one()
    assert (entry.subject, entry.subject_id, entry.facts["has_conflict"]) == ("case", case.id, False)


def test_a_declaration_lapses_and_is_asked_for_again(session, cast: Cast, case, at) -> None:
    made = declare(session, cast["kira"], cast.school, at)

    last_day = at + (made.valid_until - at.date())

    assert actor_of(session, cast["kira"], last_day).school_ids == {cast.school.id}
    assert actor_of(session, cast["kira"], last_day + timedelta(days=1)).undeclared == {cast.school.id}


def test_a_declared_conflict_shuts_the_case_enters_the_tie_and_can_be_taken_back(session, cast, case, at) -> None:
    declare(session, cast["kira"], cast.school, at, has_conflict=True, kinds=(ConflictKind.RELATIVE,))

    actor = actor_of(session, cast["kira"], at)
    assert (actor.school_ids, actor.undeclared) == (frozenset(), frozenset())
    with pytest.raises(NotFound):
        declarations.declare(session, cast.school.id, has_conflict=False, actor=actor, at=at)
    tie = session.scalars(select(PersonRelation)).one()
    assert (tie.kind, tie.related_school_id, tie.stated_by_name) == (ConflictKind.RELATIVE, cast.school.id, "Kira")

    ties.withdraw_tie(session, tie.id, "Сестра уволилась из школы.", actor=cast.actor("marat"), at=at)

    assert actor_of(session, cast["kira"], at).undeclared == {cast.school.id}


def test_what_the_program_finds_cannot_be_denied(session, cast: Cast, case, at) -> None:
    employ(session, cast["kira"], cast.school)

    with pytest.raises(Refused) as refusal:
        declare(session, cast["kira"], cast.school, at)
    assert [reason.code for reason in refusal.value.reasons] == ["own_school", "conflict_found"]

    made = declare(session, cast["kira"], cast.school, at, has_conflict=True)
    assert [found["code"] for found in made.computed] == ["own_school"]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"has_conflict": True}, "no_kind"),
        ({"has_conflict": True, "kinds": (ConflictKind.MANUAL,), "statement": "да"}, "no_statement"),
    ],
)
def test_a_conflict_is_declared_with_its_kind(said, code, session, cast: Cast, case, at) -> None:
    with pytest.raises(Refused) as refusal:
        declare(session, cast["kira"], cast.school, at, **said)

    assert [reason.code for reason in refusal.value.reasons] == [code]


def test_nobody_declares_about_a_school_that_is_none_of_his(session, cast: Cast, case, at) -> None:
    with pytest.raises(NotFound):
        declare(session, cast["kira"], cast.neighbour, at)


def test_an_observer_sees_the_visit_after_the_declaration(session, cast: Cast, case, at) -> None:
    factories.make_observation(session, case, cast["ivan"], status="scheduled", act_number=None, held_on=None)
    assert actor_of(session, cast["ivan"], at).school_ids == frozenset()

    declare(session, cast["ivan"], cast.school, at)

    assert actor_of(session, cast["ivan"], at).school_ids == {cast.school.id}


def test_a_conflict_that_comes_later_shuts_the_case_and_asks_again(session, cast: Cast, case, at) -> None:
    declare(session, cast["kira"], cast.school, at)
    assert actor_of(session, cast["kira"], at).school_ids == {cast.school.id}

    employ(session, cast["kira"], cast.school)

    actor = actor_of(session, cast["kira"], at)
    assert (actor.school_ids, actor.undeclared) == (frozenset(), {cast.school.id})
    declare(session, cast["kira"], cast.school, at, has_conflict=True)
    actor = actor_of(session, cast["kira"], at)
    assert (actor.school_ids, actor.undeclared) == (frozenset(), frozenset())


# ---- substitution ----


def away(session, cast: Cast, substitute: User | None, at, *, first: int = 0, last: int = 6, who: str = "kira"):
    today = at.date()
    return absences.record_absence(
        session, person_of(session, cast[who]).id, AbsenceReason.VACATION,
        from_on=today + timedelta(days=first), until_on=today + timedelta(days=last),
        substitute_id=person_of(session, substitute).id if substitute else None, actor=cast.actor("marat"), at=at,
    )  # fmt: skip


def test_the_substitute_acts_with_both_names_and_only_while_the_other_is_away(
    context, session, cast: Cast, case, lena, at
) -> None:
    factories.make_interview(session, case)
    away(session, cast, lena, at, first=1, last=3)
    session.commit()
    assert actor_of(session, lena, at).undeclared == frozenset()

    during = at + timedelta(days=1)
    assert actor_of(session, lena, during).undeclared == {cast.school.id}
    declare(session, lena, cast.school, during)
    session.commit()
    actor = actor_of(session, lena, during)
    assert actor.school_ids == {cast.school.id}
    with acting(context.sessions, actor) as own:
        fire(own, case.id, "interview", actor=actor, at=during, expected_version=0, request_id="request-1")

    event = session.scalars(select(CaseEvent)).one()
    entry = session.scalars(select(JournalEntry).where(JournalEntry.action == "case:interview")).one()
    assert event.actor_name == entry.actor_name == "Лена (замещает: Kira)"
    assert (entry.actor_id, entry.facts["instead_of"]) == (lena.id, cast["kira"].id)
    assert actor_of(session, lena, at + timedelta(days=3)).school_ids == {cast.school.id}
    assert actor_of(session, lena, at + timedelta(days=4)).school_ids == frozenset()


def test_the_absent_persons_return_shuts_the_door_at_once(session, cast: Cast, case, lena, at) -> None:
    absence = away(session, cast, lena, at)
    declare(session, lena, cast.school, at)
    assert actor_of(session, lena, at).school_ids == {cast.school.id}

    absences.cancel_absence(session, absence.id, actor=cast.actor("marat"), at=at)

    assert actor_of(session, lena, at).school_ids == frozenset()


def test_ones_own_cases_are_signed_with_ones_own_name(session, cast: Cast, case, lena, at) -> None:
    own = factories.make_case(session, cast.neighbour, curator_id=lena.id)
    away(session, cast, lena, at)
    for school in (cast.school, cast.neighbour):
        declare(session, lena, school, at)

    actor = actor_of(session, lena, at)

    assert actor.signature(own.school_id) == "Лена"
    assert actor.signature(case.school_id) == "Лена (замещает: Kira)"
    assert SYSTEM.signature(case.school_id) == "система"


def test_a_substitute_with_a_conflict_is_refused_with_the_school(session, cast: Cast, case, lena, at) -> None:
    employ(session, lena, cast.school)

    with pytest.raises(Refused) as refusal:
        away(session, cast, lena, at)

    (reason,) = refusal.value.reasons
    assert reason.code == "own_school"
    assert reason.ru.startswith("СОШ № 1: ")


def test_a_conflict_that_comes_later_closes_the_substitutes_door(session, cast: Cast, case, lena, at) -> None:
    away(session, cast, lena, at)
    declare(session, lena, cast.school, at)

    employ(session, lena, cast.school)

    actor = actor_of(session, lena, at)
    assert (actor.school_ids, actor.stands_in) == (frozenset(), ())


@pytest.mark.parametrize(("who", "code"), [("ivan", "substitute_role"), ("kira", "substitute_role")])
def test_only_a_colleague_of_the_same_role_substitutes(who, code, session, cast: Cast, case, at) -> None:
    with pytest.raises(Refused) as refusal:
        away(session, cast, cast[who], at)

    assert [reason.code for reason in refusal.value.reasons] == [code]


def test_one_who_is_away_substitutes_nobody_and_days_do_not_overlap(session, cast: Cast, case, lena, at) -> None:
    today = at.date()
    absences.record_absence(
        session, person_of(session, lena).id, AbsenceReason.SICK, from_on=today, until_on=today,
        actor=cast.actor("marat"), at=at,
    )  # fmt: skip

    with pytest.raises(Refused) as refusal:
        away(session, cast, lena, at)
    assert [reason.code for reason in refusal.value.reasons] == ["substitute_absent"]
    away(session, cast, None, at)
    with pytest.raises(Refused) as refusal:
        away(session, cast, None, at, first=6, last=9)
    assert [reason.code for reason in refusal.value.reasons] == ["overlap"]


def test_an_absence_is_neither_past_nor_upside_down(session, cast: Cast, at) -> None:
    with pytest.raises(Refused) as refusal:
        away(session, cast, None, at, first=-3, last=-4)

    assert [reason.code for reason in refusal.value.reasons] == ["period", "past"]
