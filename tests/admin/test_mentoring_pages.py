"""Pages of a pair of teachers: people are offered, entered where the register lacks them, and nothing typed is lost."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select

from app.database import acting
from app.days import day_of
from app.models import MentoringPair, Person, School
from app.policy import SYSTEM
from app.terms import ConflictKind
from app.workflows import ties
from tests.admin.test_data_pages import Browser
from tests.admin.world import NOW, World
from tests.workflows.test_mentoring import teacher

TODAY = day_of(NOW).isoformat()
GOALS = "Вместе проверять развёрнутые ответы."


@pytest.fixture
def people(world: World) -> dict[str, int]:
    """Two teachers of the objective school and one of the school that is helped, by name."""
    with acting(world.context.sessions, SYSTEM) as session:
        objective, school = (session.get_one(School, s.id) for s in (world.cast.objective, world.cast.school))
        found = [
            teacher(session, "Орлова Вера", objective, "ma"),
            teacher(session, "Физик Пётр", objective, "fi"),
            teacher(session, "Мухина Анна", school, "ma"),
        ]
        return {person.name: person.id for person in found}


@pytest.fixture
def marat(world: World) -> Browser:
    return Browser(world, "marat")


def form(world: World, **more: Any) -> dict[str, Any]:
    return {
        "kind": "teachers", "school_id": world.cast.school.id, "subject": "ma", "goals": GOALS, "starts_on": TODAY,
        "ends_on": "2030-05-31", **more,
    }  # fmt: skip


def shown(answer: Any) -> str:
    return unescape(answer.get_data(as_text=True))


def test_people_are_offered_once_the_school_and_the_subject_are_known(
    world: World, marat: Browser, people: dict[str, int]
) -> None:
    page = marat.text(f"/mentoring/add?kind=teachers&school={world.cast.school.id}")
    assert "Подобрать людей" in page
    assert "Орлова" not in page

    answer = marat.send("/mentoring/add", action="look", **form(world, goals="Набрано"))

    assert answer.status_code == 200
    page = shown(answer)
    assert "Набрано" in page
    assert "Орлова Вера — учитель Орлова Вера, Гимназия № 3" in page
    assert re.search(r"Физик Пётр — [^<]*предмета в карточке нет", page)
    assert "Мухина Анна" in page


def test_a_pair_of_teachers_is_made_and_stands_where_people_and_pairs_stand(
    world: World, marat: Browser, people: dict[str, int]
) -> None:
    made = marat.send(
        "/mentoring/add",
        **form(world, mentor_person_id=people["Орлова Вера"], mentee_person_id=people["Мухина Анна"]),
    )
    assert made.status_code == 302, shown(made)

    page = marat.text(made.location)
    assert f'<a href="/people/{people["Орлова Вера"]}">Орлова Вера</a>' in page
    assert "математика" in page
    assert "Орлова Вера" in marat.text("/mentoring/?search=Орлова")
    assert "Орлова Вера → Мухина Анна" in marat.text(f"/cases/{world.own.case}?tab=roadmap")
    assert made.location in marat.text(f"/people/{people['Орлова Вера']}")
    assert made.location in marat.text(f"/people/{people['Мухина Анна']}")
    assert "наставник в парах: 1" in marat.text("/people/?search=Орлова")
    again = marat.send("/mentoring/add", action="look", **form(world))
    assert "пар сейчас: 1" in shown(again)


def test_pairs_stand_beside_the_load_wherever_somebody_is_appointed(
    world: World, marat: Browser, people: dict[str, int]
) -> None:
    kira = world.rows(Person, user_id=world.cast["kira"].id)[0].id
    ids = {"mentor_person_id": kira, "mentee_person_id": people["Мухина Анна"]}
    assert marat.send("/mentoring/add", **form(world, is_confirmed="y", **ids)).status_code == 302

    check = f"/people/check?school={world.cast.neighbour.id}&duty=curator&on={TODAY}"
    api = marat.client.get(f"/api/v1/people/objections?school={world.cast.neighbour.code}&duty=curator&on={TODAY}")

    assert "наставник в парах: 1" in marat.text(check)
    assert re.search(
        r"Kira — сейчас в работе: \d+, наставник в парах: 1", marat.text(f"/cases/{world.own.case}/do/order")
    )
    assert [row["mentoring_pairs"] for row in api.json["people"] if row["name"] == "Kira"] == [1]


def test_the_helped_school_reads_the_mentors_name_and_opens_no_strange_card(
    world: World, marat: Browser, people: dict[str, int]
) -> None:
    ids = {"mentor_person_id": people["Орлова Вера"], "mentee_person_id": people["Мухина Анна"]}
    made = marat.send("/mentoring/add", **form(world, **ids))

    page = Browser(world, "sveta").text(made.location)

    assert "Орлова Вера" in page
    assert f"/people/{people['Орлова Вера']}" not in page
    assert f"/people/{people['Мухина Анна']}" in page


def test_a_conflicted_mentor_stands_shut_and_is_refused(world: World, marat: Browser, people: dict[str, int]) -> None:
    mentor = people["Орлова Вера"]
    with acting(world.context.sessions, SYSTEM) as session:
        ties.state_tie(session, mentor, ConflictKind.RELATIVE, world.cast.school.id, actor=SYSTEM, at=NOW)

    page = shown(marat.send("/mentoring/add", action="look", **form(world)))
    refused = marat.send(
        "/mentoring/add", **form(world, mentor_person_id=mentor, mentee_person_id=people["Мухина Анна"])
    )

    assert re.search(rf'<option disabled value="{mentor}">Орлова Вера — родственник работает в школе', page)
    assert refused.status_code == 409
    assert "родственник" in shown(refused)
    assert not world.rows(MentoringPair, mentor_person_id=mentor)
    # A curator learns that there is a tie, and not which.
    told = shown(Browser(world, "kira").send("/mentoring/add", action="look", **form(world)))
    assert "Орлова Вера" in told
    assert "родственник" not in told


def test_a_stranger_to_the_subject_is_asked_about_once_more(
    world: World, marat: Browser, people: dict[str, int]
) -> None:
    ids = {"mentor_person_id": people["Физик Пётр"], "mentee_person_id": people["Мухина Анна"]}

    asked = marat.send("/mentoring/add", **form(world, **ids))

    assert asked.status_code == 409
    page = shown(asked)
    assert "в карточке нет предмета «математика»" in page
    assert 'name="is_confirmed"' in page
    assert GOALS in page
    assert marat.send("/mentoring/add", **form(world, is_confirmed="y", **ids)).status_code == 302


def test_whom_the_register_lacks_is_entered_on_the_spot_and_chosen(
    world: World, marat: Browser, people: dict[str, int]
) -> None:
    answer = marat.send(
        "/mentoring/add", action="mentee", mentee_name="Новикова Ольга", mentee_title="учитель математики",
        **form(world, mentor_person_id=people["Орлова Вера"]),
    )  # fmt: skip

    page = shown(answer)
    with acting(world.context.sessions, SYSTEM) as session:
        entered = session.scalars(select(Person).where(Person.name == "Новикова Ольга")).one()
    assert answer.status_code == 200
    assert re.search(rf'<option selected value="{entered.id}">Новикова Ольга', page)
    assert re.search(rf'<option selected value="{people["Орлова Вера"]}">', page)
    assert GOALS in page
    twice = marat.send("/mentoring/add", action="mentee", mentee_name="Новикова Ольга", **form(world))
    assert twice.status_code == 409
    assert "в реестре уже есть" in shown(twice)
    assert 'value="Новикова Ольга"' in shown(twice)
    nameless = marat.send("/mentoring/add", action="mentor", mentor_place="methodists", **form(world))
    assert "Укажите фамилию" in shown(nameless)
    nowhere = marat.send("/mentoring/add", action="mentor", mentor_name="Кто-то", mentor_place="77777", **form(world))
    assert "где работает наставник" in shown(nowhere)


def test_a_curator_is_told_whom_to_ask_for_a_person_the_register_lacks(world: World, people: dict[str, int]) -> None:
    kira = Browser(world, "kira")

    page = shown(kira.send("/mentoring/add", action="look", **form(world)))
    refused = kira.send("/mentoring/add", action="mentee", mentee_name="Новикова Ольга", **form(world))

    assert "Попросите отдел образования" in page
    assert "Внести в реестр и выбрать" not in page
    assert refused.status_code in (403, 409)
    assert not world.rows(Person, name="Новикова Ольга")


def test_an_empty_or_foreign_form_is_refused_in_words(world: World, marat: Browser, people: dict[str, int]) -> None:
    empty = marat.send("/mentoring/add", kind="teachers")
    foreign = marat.send("/mentoring/add", action="look", **form(world, school_id=world.cast.foreign.id))

    assert empty.status_code == 422
    assert foreign.status_code == 200
    assert "КАНАРЕЙКА" not in shown(foreign)
    assert not [row for row in world.rows(MentoringPair) if row.mentor_person_id]
