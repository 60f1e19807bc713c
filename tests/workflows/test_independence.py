"""One answer for pickers, moves, API and plans: facts gathered from the database, whatever the actor sees."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from app.errors import NotFound, Refused
from app.models import JournalEntry, Person, Training
from app.terms import ConflictKind, Duty, PostKind
from app.workflows import assignment, candidates, independence, observation, people_register, recheck, ties
from app.workflows.case import hand_interview
from app.workflows.engine import available, fire
from tests import factories
from tests.people import Cast, employ, enter, person_of


def codes(session, user, school, duty: Duty, at, **how) -> list[str]:
    person = person_of(session, user)
    return [r.code for r in independence.objections(session, person.id, school.id, duty, at.date(), **how)]


def test_a_former_school_stays_a_conflict_for_three_years(session, cast: Cast, at) -> None:
    today = at.date()
    employ(session, cast["ivan"], cast.school, since=date(2010, 1, 1), until=today.replace(year=today.year - 2))
    person = person_of(session, cast["ivan"])
    people_register.add_post(
        session, person.id, PostKind.TEACHER, workplace_id=cast.objective.id, actor=cast.actor("root"), at=at
    )

    assert codes(session, cast["ivan"], cast.school, Duty.OBSERVER, at) == ["former_school"]
    later = at + timedelta(days=366)
    assert codes(session, cast["ivan"], cast.school, Duty.OBSERVER, later) == []
    assert person.school_id == cast.objective.id


def test_mutual_curation_is_found_from_either_side(session, cast: Cast, at) -> None:
    lena, nora = (factories.User(login=n, name=n, role=cast["kira"].role, password_hash="!",
                                 municipality_id=cast.municipality.id) for n in ("lena", "nora"))  # fmt: skip
    session.add_all([lena, nora])
    session.flush()
    enter(session, lena, works_at=cast.school)
    enter(session, nora, works_at=cast.neighbour)
    cast.school.is_objective = cast.neighbour.is_objective = True
    session.flush()

    assert codes(session, lena, cast.neighbour, Duty.CURATOR, at) == []
    factories.make_order(session, factories.make_case(session, cast.neighbour), lena)

    assert codes(session, nora, cast.school, Duty.CURATOR, at) == ["mutual_curation"]
    assert codes(session, nora, cast.objective, Duty.CURATOR, at) == []


def test_an_order_that_ran_out_makes_nobody_a_mutual_curator(session, cast: Cast, at) -> None:
    lena = factories.User(login="lena", name="lena", role=cast["kira"].role, password_hash="!",
                          municipality_id=cast.municipality.id)  # fmt: skip
    session.add(lena)
    session.flush()
    enter(session, lena, works_at=cast.school)
    employ(session, cast["kira"], cast.objective)
    case = factories.make_case(session, cast.objective)
    factories.make_order(session, case, lena, until=at.date() - timedelta(1))

    assert codes(session, cast["kira"], cast.school, Duty.CURATOR, at) == []


@pytest.mark.parametrize("kind", [ConflictKind.RELATIVE, ConflictKind.OWN_CHILD, ConflictKind.MANUAL])
def test_a_stated_tie_blocks_every_path_until_it_is_withdrawn(kind, session, cast: Cast, at) -> None:
    marat, case = cast.actor("marat"), factories.make_case(session, cast.school, state="curator_assigned")
    flagged = factories.make_case(session, cast.neighbour)
    dataset = factories.make_dataset(session)
    for login in ("kira", "ivan"):
        for school in (cast.school, cast.neighbour):
            ties.state_tie(
                session, person_of(session, cast[login]).id, kind, school.id,
                text="Сестра директора школы.", actor=marat, at=at,
            )  # fmt: skip

    def refused(verb) -> list[str]:
        with pytest.raises(Refused) as refusal:
            verb()
        return [reason.code for reason in refusal.value.reasons]

    how = {"actor": marat, "at": at}
    today = at.date()
    assert refused(lambda: hand_interview(session, flagged.id, cast["kira"].id, **how)) == [kind.value]
    assert refused(
        lambda: assignment.issue_order(
            session, case.id, cast["kira"].id, number="1", issued_on=today, until=today + timedelta(9),
            no_conflict_declared=True, **how,
        )
    ) == [kind.value]  # fmt: skip
    assert refused(
        lambda: observation.schedule_observation(
            session, case.id, cast["ivan"].id, subject="ma", grade=5, scheduled_on=today, **how
        )
    ) == [kind.value]
    assert refused(
        lambda: recheck.request_recheck(
            session, case.id, year=dataset.year, subject="ma", grade=5, inspector_id=cast["ivan"].id,
            scheduled_on=today, order_number="5", **how,
        )
    ) == [kind.value]  # fmt: skip
    for duty in (Duty.CURATOR, Duty.OBSERVER, Duty.EXPERT):
        (offered,) = assignment.eligible_people(session, case, duty, today)
        assert offered.reason is not None
        assert offered.reason.code == kind.value
        assert [r.code for c in candidates.check(session, cast.school.id, duty, today) for r in c.reasons] == [
            kind.value
        ]

    for tie in session.scalars(select(factories.PersonRelation)).all():
        ties.withdraw_tie(session, tie.id, "Родственник уволился из школы.", actor=marat, at=at)

    assert hand_interview(session, flagged.id, cast["kira"].id, **how).curator_id == cast["kira"].id


def test_the_curators_conflict_stops_the_move_and_is_told_on_the_page(session, cast: Cast, at) -> None:
    case = factories.make_case(session, cast.school, state="interview")
    factories.make_order(session, case, cast["kira"])
    ties.state_tie(
        session, person_of(session, cast["kira"]).id, ConflictKind.OWN_CHILD, cast.school.id,
        actor=cast.actor("marat"), at=at,
    )  # fmt: skip

    move = available(session, case, actor=cast.actor("marat"), at=at)[0]

    assert [reason.code for reason in move.reasons] == ["own_child"]


def test_a_conflict_that_came_to_light_later_stops_the_actors_own_moves(session, cast: Cast, at) -> None:
    case = factories.make_case(session, cast.school)
    factories.make_interview(session, case)
    kira = cast.actor("kira", cast.school)
    assert available(session, case, actor=kira, at=at)[0].is_possible

    employ(session, cast["kira"], cast.school)

    assert not available(session, case, actor=kira, at=at)[0].is_possible
    with pytest.raises(Refused) as refusal:
        fire(session, case.id, "interview", actor=kira, at=at, expected_version=0, request_id="request-1")
    assert [reason.code for reason in refusal.value.reasons] == ["own_school"]
    fire(session, case.id, "interview", actor=cast.actor("marat"), at=at, expected_version=0, request_id="request-2")


def test_a_relative_cannot_be_replaced_by_what_the_program_computes(session, cast: Cast, at) -> None:
    person, marat = person_of(session, cast["kira"]), cast.actor("marat")

    with pytest.raises(Refused, match="находит сама"):
        ties.state_tie(session, person.id, ConflictKind.OWN_SCHOOL, cast.school.id, actor=marat, at=at)
    with pytest.raises(Refused, match="Опишите связь"):
        ties.state_tie(session, person.id, ConflictKind.MANUAL, cast.school.id, text="да", actor=marat, at=at)


def test_experts_are_refused_for_the_works_they_marked_and_no_others(session, cast: Cast, at) -> None:
    ties.state_tie(
        session, person_of(session, cast["ivan"]).id, ConflictKind.OWN_MARKING, cast.school.id,
        paper=(2026, "ma", 5), actor=cast.actor("marat"), at=at,
    )  # fmt: skip

    assert codes(session, cast["ivan"], cast.school, Duty.EXPERT, at, paper=(2026, "ma", 5)) == ["own_marking"]
    assert codes(session, cast["ivan"], cast.school, Duty.EXPERT, at, paper=(2026, "ru", 5)) == []
    assert codes(session, cast["ivan"], cast.school, Duty.OBSERVER, at) == []


def test_a_training_that_lapses_before_the_visit_refuses_the_observer(session, cast: Cast, at) -> None:
    case = factories.make_case(session, cast.school, state="curator_assigned")
    session.scalars(select(Training)).one().valid_until = at.date() + timedelta(days=5)
    session.flush()

    def send(days: int):
        return observation.schedule_observation(
            session, case.id, cast["ivan"].id, subject="ma", grade=5, scheduled_on=at.date() + timedelta(days=days),
            actor=cast.actor("marat"), at=at,
        )  # fmt: skip

    with pytest.raises(Refused, match=r"действует до 28\.11\.2026, а визит назначен на 29\.11\.2026"):
        send(6)
    assert send(5).trained_until == at.date() + timedelta(days=5)


def test_in_grade_four_schools_do_not_observe_each_other(session, cast: Cast, at) -> None:
    lena = factories.User(login="lena", name="Лена", role=cast["ivan"].role, password_hash="!",
                          municipality_id=cast.municipality.id)  # fmt: skip
    session.add(lena)
    session.flush()
    enter(session, lena, works_at=cast.school, trained_until=date(2028, 1, 1))
    at_school = factories.make_case(session, cast.school, state="curator_assigned")
    at_objective = factories.make_case(session, cast.objective, state="curator_assigned")

    def send(case, user, grade: int, subject: str = "ma"):
        return observation.schedule_observation(
            session, case.id, user.id, subject=subject, grade=grade, scheduled_on=at.date(),
            actor=cast.actor("marat"), at=at,
        )  # fmt: skip

    send(at_school, cast["ivan"], 4)  # Гимназия № 3 observes СОШ № 1
    with pytest.raises(Refused) as refusal:
        send(at_objective, lena, 4)
    assert [reason.code for reason in refusal.value.reasons] == ["mutual_observation"]
    send(at_objective, lena, 4, subject="ru")
    send(at_objective, lena, 5)


def test_the_planner_gets_whole_facts_of_the_people_in_sight(session, cast: Cast, at) -> None:
    person = person_of(session, cast["ivan"])
    person.subjects, person.load_limit, person.grades = ["ma"], 4, [5, 6]
    factories.make_observation(
        session, factories.make_case(session, cast.school), cast["ivan"], status="scheduled", act_number=None,
        held_on=None,
    )  # fmt: skip
    session.flush()

    (found,) = candidates.candidates(session, Duty.OBSERVER, at.date())

    assert (found.subjects, found.load, found.load_limit, found.grades) == (("ma",), 1, 4, (5, 6))
    assert found.home_school_id(at.date()) == cast.objective.id
    assert found.municipality_id == cast.municipality.id
    assert found.trained_until(Duty.OBSERVER) == date(2028, 1, 1)
    person.load_limit = 1
    session.flush()
    assert codes(session, cast["ivan"], cast.neighbour, Duty.OBSERVER, at) == ["load_full"]


def test_training_needs_are_told_by_place_and_duty(session, cast: Cast, at) -> None:
    assert candidates.training_needs(session, at.date()) == []
    soon = session.scalars(select(Training)).one()
    soon.valid_until = at.date() + timedelta(days=30)
    session.flush()

    (place,) = candidates.training_needs(session, at.date(), (Duty.OBSERVER,))

    assert (place.workplace, place.needs[0].person.name, place.needs[0].state) == ("Гимназия № 3", "Ivan", "expiring")
    session.delete(soon)
    session.flush()
    (untrained,) = candidates.training_needs(session, at.date())  # an expert needs no training, an observer does
    assert (untrained.duty, untrained.n_entered, untrained.needs[0].until) == (Duty.OBSERVER, 1, None)


def test_ten_statements_answer_for_any_number_of_people(session, cast: Cast, at, context) -> None:
    from sqlalchemy import event

    ids = list(session.scalars(select(Person.id)))
    seen: list[str] = []
    event.listen(context.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))

    independence.facts_of(session, at.date(), person_ids=ids)

    assert len(seen) <= 10


# ---- the register's own verbs ----


def test_a_card_follows_the_post_of_today_and_its_rows_follow_the_card(session, cast: Cast, at) -> None:
    marat = cast.actor("marat")
    how = {"actor": marat, "at": at}
    person = people_register.add_person(session, people_register.Card(" Нина  Петрова "), **how)
    training = people_register.add_training(session, person.id, "ВПР", issued_on=at.date(), **how)
    assert (person.name, person.municipality_id, person.school_id) == ("Нина Петрова", cast.municipality.id, None)

    post = people_register.add_post(
        session, person.id, PostKind.HEAD, workplace_id=cast.school.id, since=at.date(), **how
    )
    assert (person.school_id, training.school_id) == (cast.school.id, cast.school.id)

    people_register.end_post(session, post.id, at.date(), **how)
    assert person.school_id == cast.school.id  # the last day is a day of work
    assert people_register.refresh(session, at=at + timedelta(days=1)) == 1
    assert person.school_id is None
    kept = session.scalars(select(JournalEntry.action).where(JournalEntry.subject == "person")).all()
    assert kept == ["person:create", "person:training", "person:post", "person:post_end", "person:moved"]


@pytest.mark.parametrize(
    ("card", "told"),
    [
        ({"name": " "}, "Укажите фамилию"),
        ({"email": "нет"}, "не похоже на адрес"),
        ({"subjects": ("alchemy",)}, "Неизвестный предмет"),
        ({"grades": (0,)}, "от 1 до 11"),
        ({"load_limit": -1}, "от 0 до 1000"),
    ],
)
def test_a_card_that_makes_no_sense_is_refused_with_what_to_do(card, told, session, cast: Cast, at) -> None:
    with pytest.raises(Refused, match=told):
        people_register.add_person(
            session, people_register.Card(**{"name": "Нина", **card}), actor=cast.actor("marat"), at=at
        )


def test_a_department_reaches_no_card_of_another_municipality(context, session, cast: Cast, at) -> None:
    from app.database import acting

    person = person_of(session, cast["ivan"])
    session.commit()
    dina = cast.actor("dina")
    with acting(context.sessions, dina) as own:
        assert own.scalars(select(Person)).all() == []
        with pytest.raises(NotFound):
            people_register.enter_duty(own, person.id, Duty.EXPERT, since=at.date(), actor=dina, at=at)


def test_an_account_and_its_card_go_by_one_name(session, cast: Cast, at) -> None:
    from app.workflows import people

    person = person_of(session, cast["ivan"])
    card = people_register.Card("Иван Носов", cast.municipality.id)
    people_register.change_person(
        session, person.id, card, actor=cast.actor("root"), at=at, expected_version=person.version
    )
    session.refresh(cast["ivan"])
    assert cast["ivan"].name == "Иван Носов"

    form = people.UserForm("Иван Петрович Носов", "", cast["ivan"].role, cast.municipality.id)
    people.change_user(
        session, cast["ivan"].id, form, actor=cast.actor("root"), at=at, expected_version=cast["ivan"].version
    )
    assert person.name == "Иван Петрович Носов"


def test_a_new_curator_gets_a_card_and_a_free_card_can_be_taken_once(session, cast: Cast, at) -> None:
    from app.workflows import people

    root = cast.actor("root")
    form = people.UserForm("Новая", "методист", cast["kira"].role, cast.municipality.id)
    made = people.create_user(session, "novaya", "фраза из пяти слов тут", form, actor=root, at=at)
    card = person_of(session, made)
    assert [d.duty for d in session.scalars(select(factories.PersonDuty).where(
        factories.PersonDuty.person_id == card.id))] == [Duty.CURATOR]  # fmt: skip

    taken = people.UserForm("Другая", "", cast["kira"].role, cast.municipality.id, person_id=card.id)
    with pytest.raises(Refused, match="уже есть учётная запись"):
        people.create_user(session, "drugaya", "фраза из пяти слов тут", taken, actor=root, at=at)
