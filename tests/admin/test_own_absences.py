"""The page of one's own absences, and the department's page of one absence."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest

from app.calendars import Span
from app.database import acting
from app.days import day_of
from app.jobs import run_pending
from app.models import Absence, Person, Training, User
from app.policy import SYSTEM
from app.terms import AgendaKind, PostKind, Role
from app.workflows import agenda
from tests.admin.test_data_pages import Browser
from tests.admin.world import NOW, World
from tests.people import enter, person_of

TODAY = day_of(NOW)
PAGE = "/account/absences"


def day(n: int) -> str:
    return (TODAY + timedelta(days=n)).isoformat()


def stated(world: World) -> list[Absence]:
    """What people have said themselves; the cards of the world have absences of their own."""
    return [row for row in world.rows(Absence) if row.stated_by_id is not None]


def shown(answer: Any) -> str:
    return unescape(answer.get_data(as_text=True))


@pytest.fixture
def lena(world: World) -> int:
    """Another curator of Kira's municipality: the id of her card."""
    with acting(world.context.sessions, SYSTEM) as session:
        user = User(
            login="lena", name="Лена", role=Role.CURATOR, password_hash="!", municipality_id=world.cast.municipality.id
        )
        session.add(user)
        session.flush()
        return enter(session, user, kind=PostKind.METHODIST).id


def state(browser: Browser, first: int = 1, last: int = 3, **more: Any) -> Any:
    return browser.send(PAGE, reason="vacation", from_on=day(first), until_on=day(last), **more)


def test_one_states_an_absence_sees_it_and_takes_it_back(world: World, lena: int) -> None:
    kira = Browser(world, "kira")
    assert "Лена" in kira.text(PAGE)

    assert state(kira, wished_id=lena).status_code == 302

    page = kira.text(PAGE)
    (row,) = stated(world)
    assert "вы просите: Лена" in page
    assert f'name="withdraw" value="{row.id}"' in page
    assert "Вас нет по" in kira.text("/")
    assert kira.send(PAGE, withdraw=row.id).status_code == 302
    assert stated(world)[0].cancelled_at is not None
    assert "Вас нет по" not in kira.text("/")


def test_what_is_refused_stays_typed(world: World) -> None:
    kira = Browser(world, "kira")

    past = state(kira, -2, 3)
    state(kira, 5, 6)
    twice = state(kira, 6, 9)
    empty = kira.send(PAGE, reason="vacation")

    assert past.status_code == twice.status_code == 409
    assert "Первый день уже прошёл" in shown(past)
    assert f'value="{day(-2)}"' in shown(past)
    assert "отсутствие уже внесено" in shown(twice)
    assert empty.status_code == 422
    assert len(stated(world)) == 1


def test_without_a_card_the_page_says_whom_to_ask(world: World) -> None:
    page = Browser(world, "root").text(PAGE)

    assert "Вас нет в реестре людей" in page
    assert 'name="from_on"' not in page
    assert state(Browser(world, "root")).status_code == 409


def test_a_running_absence_and_the_departments_are_not_ones_own_to_withdraw(world: World) -> None:
    kira, marat = Browser(world, "kira"), Browser(world, "marat")
    state(kira, 0, 2)
    card = world.rows(Person, user_id=world.cast["kira"].id)[0].id
    entered = marat.send(f"/people/{card}/do/absence", reason="trip", from_on=day(9), until_on=day(9), substitute_id="")
    assert re.fullmatch(rf"/people/{card}/absences/\d+", entered.location)

    page = kira.text(PAGE)

    assert "withdraw" not in page
    assert "Внёс отдел образования" in page
    for row in stated(world):
        assert kira.send(PAGE, withdraw=row.id).status_code == 409
    assert kira.send(PAGE, withdraw=4040).status_code == 404


def test_the_department_follows_the_notice_to_what_is_touched_and_appoints(world: World, lena: int) -> None:
    kira, marat = Browser(world, "kira"), Browser(world, "marat")
    state(kira, wished_id=lena)
    run_pending(world.context)
    (row,) = stated(world)
    path = f"/people/{row.person_id}/absences/{row.id}"

    inbox = marat.text("/inbox")
    assert "Просит заместить: Лена. Назначьте заместителя." in inbox
    page = marat.text(path)
    assert f"/cases/{world.own.case}" in page
    assert re.search(rf'<option selected value="{lena}">Лена', page)
    assert "сам(а)" in page

    assert marat.send(path, action="appoint", substitute_id=lena).status_code == 302
    assert "замещение назначено" in marat.text(path)
    assert "замещает Лена" in kira.text(PAGE)
    assert path in marat.text(f"/people/{row.person_id}")
    assert marat.send(path, action="cancel").status_code == 302
    assert "отменено" in marat.text(path)
    late = marat.send(path, action="appoint", substitute_id=lena)
    assert late.status_code == 409
    assert "замещать некого" in shown(late)


def test_where_nothing_is_touched_nobody_is_asked_to_move_anything(world: World) -> None:
    with acting(world.context.sessions, SYSTEM) as session:
        enter(session, session.get_one(User, world.cast["mira"].id), kind=PostKind.DEPARTMENT)
    state(Browser(world, "mira"))
    (row,) = stated(world)

    page = Browser(world, "marat").text(f"/people/{row.person_id}/absences/{row.id}")

    assert "Замещать нечего" in page
    assert "Перенесите" not in page


@pytest.mark.parametrize(("login", "status"), [("dina", 404), ("sveta", 403), ("kira", 403), ("anna", 403)])
def test_the_page_of_an_absence_is_the_departments(world: World, login: str, status: int) -> None:
    state(Browser(world, "kira"))
    (row,) = stated(world)

    answer = world.client(login).get(f"/people/{row.person_id}/absences/{row.id}")

    assert answer.status_code == status


def test_an_absence_of_another_card_is_not_found(world: World) -> None:
    state(Browser(world, "kira"))
    (row,) = stated(world)
    other = next(person.id for person in world.rows(Person) if person.id != row.person_id
                 and person.municipality_id == world.cast.municipality.id)  # fmt: skip

    assert world.client("marat").get(f"/people/{other}/absences/{row.id}").status_code == 404


def test_ones_own_trainings_stand_on_a_page_of_ones_own_and_their_end_in_the_calendar(world: World) -> None:
    with acting(world.context.sessions, SYSTEM) as session:
        person = person_of(session, session.get(User, world.cast["ivan"].id))
        ends = TODAY + timedelta(days=5)
        place = {"municipality_id": person.municipality_id, "school_id": person.school_id}
        programme = {"programme": "Независимое наблюдение 2026", "issued_on": TODAY, "valid_until": ends}
        session.add(Training(person_id=person.id, **programme, **place))
    ivan = world.client("ivan")

    page = ivan.get("/account/training")

    assert page.status_code == 200
    assert "Независимое наблюдение 2026" in page.get_data(as_text=True)
    with acting(world.context.sessions, world.cast.actor("ivan")) as own:
        items = {item.href for item in agenda.agenda(own, Span(ends, ends)) if item.kind is AgendaKind.TRAINING}
    assert items == {"/account/training"}
    assert "Независимое наблюдение 2026" not in world.client("kira").get("/account/training").get_data(as_text=True)
