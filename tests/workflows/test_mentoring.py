"""Pairs of teachers are people of the register: who is offered, who is refused, what is only warned of."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.database import bind
from app.errors import NotPermitted, Reason, Refused
from app.models import JournalEntry, MentoringPair, Person, PersonDuty, PersonPost, School
from app.policy import SYSTEM, Bar
from app.terms import AbsenceReason, ConflictKind, Duty, MentoringKind, MentoringStatus, PostKind
from app.workflows import absences, independence, mentoring, mentors, people_register, ties
from tests import factories
from tests.people import Cast, person_of

GOALS = "Вместе проверять развёрнутые ответы по критериям."
ON = date(2026, 11, 23)


def teacher(
    session: Session,
    name: str,
    school: School | None,
    *subjects: str,
    kind: PostKind = PostKind.TEACHER,
    **changes: Any,
) -> Person:
    """Somebody of the register without an account."""
    place = {"municipality_id": changes.pop("municipality_id", school.municipality_id if school else None),
             "school_id": school.id if school else None}  # fmt: skip
    person = Person(name=name, subjects=list(subjects), **place, **changes)
    session.add(person)
    session.flush()
    session.add(
        PersonPost(
            person_id=person.id, kind=kind, title=f"{kind.ru} {name}", workplace_id=school.id if school else None,
            organisation="" if school else "методический центр", **place,
        )
    )  # fmt: skip
    session.flush()
    return person


@pytest.fixture
def mentee(session: Session, cast: Cast) -> Person:
    return teacher(session, "Мухина Анна", cast.school, "ma")


@pytest.fixture
def mentor(session: Session, cast: Cast) -> Person:
    return teacher(session, "Орлова Вера", cast.objective, "ma", "fi")


def make(session: Session, cast: Cast, at: datetime, mentor: Person, mentee: Person, **changes: Any) -> MentoringPair:
    form = {
        "kind": MentoringKind.TEACHERS, "mentor_school_id": None, "school_id": cast.school.id, "goals": GOALS,
        "starts_on": ON, "ends_on": date(2027, 5, 31), "subject": "ma", "mentor_person_id": mentor.id,
        "mentee_person_id": mentee.id,
    }  # fmt: skip
    who = changes.pop("actor", cast.actor("marat"))
    return mentoring.make_pair(session, mentoring.PairForm(**{**form, **changes}), actor=who, at=at)


def codes(refusal: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [reason.code for reason in refusal.value.reasons]


def offered(session: Session, cast: Cast, subject: str = "ma", name: str = "marat") -> dict[str, mentors.Offer]:
    found = mentors.mentors(session, cast.school, subject, ON, cast.actor(name, cast.school))
    return {offer.person.name: offer for offer in found}


def test_names_and_posts_are_kept_as_they_were(session, cast, at, mentor, mentee) -> None:
    pair = make(session, cast, at, mentor, mentee)
    mentor.name = "Орлова-Белова Вера"
    session.flush()

    assert (pair.mentor_name, pair.mentor_post) == ("Орлова Вера", "учитель Орлова Вера")
    assert (pair.mentee_name, pair.mentor_place, pair.mentor_school_id) == (
        "Мухина Анна", cast.objective.name, cast.objective.id,
    )  # fmt: skip
    entry = session.scalars(select(JournalEntry).where(JournalEntry.action == "mentoring:make")).one()
    assert entry.facts["mentor_person_id"] == mentor.id
    assert "Орлова" not in str(entry.facts)


def test_a_methodist_has_no_school_and_is_a_mentor_all_the_same(session, cast, at, mentee) -> None:
    methodist = teacher(session, "Методист", None, "ma", kind=PostKind.METHODIST, municipality_id=cast.municipality.id)

    pair = make(session, cast, at, methodist, mentee)

    assert (pair.mentor_school_id, pair.mentor_place) == (None, "методическая служба")


def test_offered_are_people_of_objective_schools_and_methodists_of_the_subject_first(
    session, cast, mentor, mentee
) -> None:
    teacher(session, "Сосед", cast.neighbour, "ma")
    teacher(session, "Физик", cast.objective, "fi")
    teacher(session, "Директор", cast.objective, kind=PostKind.HEAD)
    deputy = teacher(session, "Завуч с математикой", cast.objective, "ma", kind=PostKind.DEPUTY)
    expert = teacher(session, "Координатор-эксперт", cast.objective, kind=PostKind.COORDINATOR)
    where = {"municipality_id": expert.municipality_id, "school_id": expert.school_id}
    session.add(PersonDuty(person_id=expert.id, duty=Duty.EXPERT, since=date(2024, 1, 1), **where))
    session.flush()

    found = offered(session, cast)

    assert {"Сосед", "Директор", mentee.name} & found.keys() == set()
    assert list(found)[:2] == [deputy.name, mentor.name]
    assert [code.code for code in found["Физик"].warnings] == ["stranger"]
    assert found["Физик"].reasons == found[mentor.name].reasons == ()
    # Ivan is an inspector and expert at the objective school, Kira a methodist; neither names a subject.
    assert {"Физик", expert.name, "Ivan", "Kira"} == set(found) - {deputy.name, mentor.name}


def test_a_curator_picks_among_the_same_people_and_sees_nobody_far(session, cast, mentor) -> None:
    far = teacher(session, "Дальний", cast.foreign, "ma")
    cast.foreign.is_objective = True
    session.flush()
    with_far = offered(session, cast, name="rita")
    kira = cast.actor("kira", cast.school)
    bind(session, kira)

    found = {o.person.name for o in mentors.mentors(session, cast.school, "ma", ON, kira)}

    assert mentor.name in found
    assert far.name not in found
    assert far.name in with_far
    assert session.scalars(select(Person.name)).all() == ["Kira"]


def test_a_pair_is_made_by_a_curator_of_the_school(session, cast, at, mentor, mentee) -> None:
    session.commit()
    kira = cast.actor("kira", cast.school)
    bind(session, kira)

    pair = make(session, cast, at, mentor, mentee, actor=kira)

    assert pair.mentee_person_id == mentee.id


@pytest.mark.parametrize("kind", [ConflictKind.RELATIVE, ConflictKind.OWN_CHILD, ConflictKind.MANUAL])
def test_a_conflicted_mentor_is_shown_shut_with_the_reason_and_refused(session, cast, at, mentor, mentee, kind) -> None:
    ties.state_tie(
        session, mentor.id, kind, cast.school.id, text="Связь со школой заявлена.", actor=cast.actor("marat"), at=at
    )

    offer = offered(session, cast)[mentor.name]
    with pytest.raises(Refused) as refusal:
        make(session, cast, at, mentor, mentee, is_confirmed=True)

    assert [reason.code for reason in offer.reasons] == [kind.value]
    assert codes(refusal) == [kind.value]
    assert session.scalars(select(MentoringPair)).all() == []


def test_one_who_left_the_school_lately_is_no_mentor_there(session, cast, at, mentor, mentee) -> None:
    people_register.add_post(
        session, mentor.id, PostKind.TEACHER, workplace_id=cast.school.id, since=date(2020, 9, 1),
        until=date(2025, 6, 1), actor=SYSTEM, at=at,
    )  # fmt: skip

    with pytest.raises(Refused) as refusal:
        make(session, cast, at, mentor, mentee)

    assert codes(refusal) == ["former_school"]


def test_a_colleague_of_the_same_school_is_no_mentor(session, cast, at, mentee) -> None:
    cast.school.is_objective = True
    colleague = teacher(session, "Коллега", cast.school, "ma")

    with pytest.raises(Refused) as refusal:
        make(session, cast, at, colleague, mentee)

    assert codes(refusal) == ["own_school"]


def test_a_stranger_to_the_subject_is_warned_of_and_taken_when_confirmed(session, cast, at, mentee) -> None:
    stranger = teacher(session, "Физик", cast.objective, "fi")
    with pytest.raises(Refused) as refusal:
        make(session, cast, at, stranger, mentee)
    assert codes(refusal) == ["stranger"]

    assert make(session, cast, at, stranger, mentee, is_confirmed=True).mentor_name == "Физик"


def test_one_who_is_helped_with_another_subject_is_warned_of_too(session, cast, at, mentor) -> None:
    historian = teacher(session, "Историк", cast.school, "is")
    blank = teacher(session, "Без предметов", cast.school)

    with pytest.raises(Refused) as refusal:
        make(session, cast, at, mentor, historian)

    assert codes(refusal) == ["stranger"]
    assert make(session, cast, at, mentor, blank).mentee_name == "Без предметов"


def test_nobody_is_a_mentor_of_oneself(session, cast, at, mentor) -> None:
    with pytest.raises(Refused) as refusal:
        make(session, cast, at, mentor, mentor)

    assert codes(refusal) == ["one_person"]


@pytest.mark.parametrize(
    ("side", "code"), [("mentor_person_id", "not_a_mentor"), ("mentee_person_id", "not_of_school")]
)
def test_a_person_of_another_school_is_refused_by_name_of_the_reason(
    session, cast, at, mentor, mentee, side, code
) -> None:
    other = teacher(session, "Сосед", cast.neighbour, "ma")

    with pytest.raises(Refused) as refusal:
        make(session, cast, at, mentor, mentee, **{side: other.id})

    assert codes(refusal) == [code]


def test_who_left_the_register_is_offered_on_neither_side(session, cast, at, mentor, mentee) -> None:
    mentor.is_active = mentee.is_active = False
    session.flush()

    assert mentor.name not in offered(session, cast)
    assert mentors.mentees(session, cast.school, "ma", ON) == []
    with pytest.raises(Refused) as refusal:
        make(session, cast, at, mentor, mentee)
    assert codes(refusal) == ["not_a_mentor"]


def test_a_mentor_from_a_school_with_an_open_case_is_refused(session, cast, at, mentor, mentee) -> None:
    factories.make_case(session, cast.objective)

    with pytest.raises(Refused) as refusal:
        make(session, cast, at, mentor, mentee)

    assert codes(refusal) == ["mentor_has_case"]


def test_the_same_two_are_one_pair_at_a_time(session, cast, at, mentor, mentee) -> None:
    pair = make(session, cast, at, mentor, mentee)
    with pytest.raises(Refused) as refusal:
        make(session, cast, at, mentor, mentee, subject="ru", is_confirmed=True)
    assert codes(refusal) == ["paired_already"]

    mentoring.end(session, pair.id, "Научились вместе.", expected_version=1, actor=cast.actor("marat"), at=at)

    assert make(session, cast, at, mentor, mentee).id != pair.id


def test_the_load_of_each_side_counts_pairs_under_way(session, cast, at, mentor, mentee) -> None:
    second = teacher(session, "Второй", cast.school, "ma")
    ended = make(session, cast, at, mentor, mentee)
    mentoring.end(session, ended.id, "Научились вместе.", expected_version=1, actor=cast.actor("marat"), at=at)
    make(session, cast, at, mentor, mentee)
    make(session, cast, at, mentor, second)
    fresh = teacher(session, "Свежий", cast.objective, "ma")

    facts = independence.facts_of(session, ON, person_ids=[mentor.id, mentee.id])

    assert (facts[mentor.id].helps, facts[mentor.id].is_helped) == (2, 0)
    assert (facts[mentee.id].helps, facts[mentee.id].is_helped) == (0, 1)
    assert list(offered(session, cast))[:2] == [fresh.name, mentor.name]


def test_a_pair_tells_what_came_up_since(session, cast, at, mentor, mentee) -> None:
    pair = make(session, cast, at, mentor, mentee)
    assert mentors.standing(session, pair, ON) == []
    who: dict[str, Any] = {"actor": cast.actor("marat"), "at": at}
    ties.state_tie(session, mentor.id, ConflictKind.RELATIVE, cast.school.id, **who)
    absences.record_absence(session, mentor.id, AbsenceReason.SICK, from_on=ON, until_on=ON + timedelta(days=3), **who)
    post = session.scalars(select(PersonPost).where(PersonPost.person_id == mentee.id)).one()
    people_register.end_post(session, post.id, ON - timedelta(days=1), **who)

    told = [reason.code for reason in mentors.standing(session, pair, ON)]

    assert told == ["relative", "mentee_left", "away"]
    assert pair.status is MentoringStatus.ACTIVE


def test_whom_the_register_lacks_is_entered_with_post_and_subject_and_offered(session, cast, at, mentor) -> None:
    who: dict[str, Any] = {"actor": cast.actor("marat"), "at": at}

    person = mentors.enter_colleague(session, "  Новикова   Ольга ", "учитель", cast.school, "ma", **who)

    assert (person.name, person.school_id, person.subjects) == ("Новикова Ольга", cast.school.id, ["ma"])
    assert [o.person.name for o in mentors.mentees(session, cast.school, "ma", ON)] == ["Новикова Ольга"]
    with pytest.raises(Refused) as refusal:
        mentors.enter_colleague(session, "новикова ольга", "", cast.school, "ma", **who)
    assert codes(refusal) == ["entered_already"]
    methodist = mentors.enter_colleague(session, "Методист", "", None, "ma", **who)
    assert methodist.name in offered(session, cast)


def test_only_who_keeps_the_register_enters_people(session, cast, at) -> None:
    with pytest.raises(NotPermitted):
        mentors.enter_colleague(
            session, "Новикова Ольга", "", cast.school, "ma", actor=cast.actor("kira", cast.school), at=at
        )


def test_one_who_is_tied_to_the_school_makes_and_ends_no_pair_there(session, cast, at, mentor, mentee) -> None:
    reason = Reason("relative", "Конфликт интересов.", "Conflict of interest.")
    tied = replace(cast.actor("marat"), bars=(Bar(cast.school.id, reason),))
    pair = make(session, cast, at, mentor, mentee)

    with pytest.raises(Refused) as refusal:
        make(session, cast, at, mentor, teacher(session, "Второй", cast.school, "ma"), actor=tied)
    assert codes(refusal) == ["relative"]
    with pytest.raises(Refused) as refusal:
        mentoring.end(session, pair.id, "Научились вместе.", expected_version=1, actor=tied, at=at)
    assert codes(refusal) == ["relative"]


def test_an_account_that_declared_a_conflict_is_no_mentor(session, cast, at, mentee) -> None:
    kira = person_of(session, cast["kira"])
    ties.state_tie(session, kira.id, ConflictKind.OWN_CHILD, cast.school.id, actor=cast.actor("marat"), at=at)

    assert [reason.code for reason in offered(session, cast)["Kira"].reasons] == ["own_child"]
