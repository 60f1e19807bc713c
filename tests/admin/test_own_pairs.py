"""A mentor reads its own pairs, at schools that its account does not see, and writes their meetings down."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.database import acting
from app.days import day_of
from app.jobs import run_pending
from app.models import JournalEntry, MentoringMeeting, MentoringPair, Notice, Person, School
from app.policy import SYSTEM
from app.terms import MentoringKind, Role
from app.workflows import mentoring, people
from tests.admin.test_data_pages import Browser
from tests.admin.world import NOW, World
from tests.workflows.test_mentoring import teacher

GOALS = "Вместе проверять развёрнутые ответы."
TODAY = day_of(NOW).isoformat()


@pytest.fixture
def pair(world: World) -> int:
    """Ivan, an inspector of the methodical service, helps a teacher of the neighbour school, which he does not see."""
    with acting(world.context.sessions, SYSTEM) as session:
        school = session.get_one(School, world.cast.neighbour.id)
        mentee = teacher(session, "Мухина Анна", school, "ma").id
        card = session.scalars(select(Person).where(Person.user_id == world.cast["ivan"].id)).one()
        card.subjects = ["ma"]
        mentor = card.id
    actor = world.cast.actor("marat")
    with acting(world.context.sessions, actor) as session:
        form = mentoring.PairForm(
            MentoringKind.TEACHERS, None, world.cast.neighbour.id, GOALS, day_of(NOW), day_of(NOW) + timedelta(days=90),
            "ma", mentor, mentee, is_confirmed=True,
        )  # fmt: skip
        return mentoring.make_pair(session, form, actor=actor, at=NOW).id


def told(world: World, login: str) -> list[str]:
    run_pending(world.context)
    with acting(world.context.sessions, SYSTEM) as session:
        query = select(Notice).where(Notice.user_id == world.cast[login].id, Notice.key.like("pair-%"))
        return [f"{row.text_ru} {row.href}" for row in session.scalars(query.order_by(Notice.id))]


def meet(browser: Browser, pair: int, **more: Any) -> Any:
    values = {"held_on": TODAY, "theme": "Критерии", "agreed": "Проверить пять работ вдвоём.", **more}
    return browser.send(f"/account/pairs/{pair}", **values)


def test_a_mentor_hears_of_its_pair_reads_it_and_writes_a_meeting_down(world: World, pair: int) -> None:
    ivan = Browser(world, "ivan")
    assert len(told(world, "ivan")) == 1
    assert told(world, "ivan")[0].startswith("Вы в паре наставничества: ")
    assert told(world, "ivan")[0].endswith(f" /account/pairs/{pair}")
    assert "Мухина Анна" in ivan.text("/account/pairs/")
    assert GOALS in ivan.text(f"/account/pairs/{pair}")

    assert meet(ivan, pair).status_code == 302

    assert "Проверить пять работ вдвоём." in ivan.text(f"/account/pairs/{pair}")
    (row,) = world.rows(MentoringMeeting, pair_id=pair)
    assert (row.recorded_by_name, row.school_id) == (world.cast["ivan"].name, world.cast.neighbour.id)
    with acting(world.context.sessions, SYSTEM) as session:
        entry = session.scalars(select(JournalEntry).where(JournalEntry.action == "mentoring:meet")).one()
        assert entry.actor_id == world.cast["ivan"].id
    assert "Проверить пять работ вдвоём." in Browser(world, "marat").text(f"/mentoring/{pair}")


def test_what_is_refused_stays_typed(world: World, pair: int) -> None:
    ivan = Browser(world, "ivan")

    ahead = day_of(datetime.now(UTC) + timedelta(days=9))
    answer = meet(ivan, pair, held_on=ahead.isoformat(), theme="Разбор критериев")

    assert answer.status_code == 409
    assert "ещё не наступил" in answer.get_data(as_text=True)
    assert "Разбор критериев" in answer.get_data(as_text=True)
    assert world.rows(MentoringMeeting, pair_id=pair) == []


def test_a_pair_is_nobody_elses(world: World, pair: int) -> None:
    kira = Browser(world, "kira")
    assert "Мухина" not in kira.text("/account/pairs/")
    assert kira.client.get(f"/account/pairs/{pair}").status_code == 404
    assert meet(kira, pair).status_code == 404
    assert world.rows(MentoringMeeting, pair_id=pair) == []


def test_the_end_of_a_pair_is_told_and_nothing_is_written_afterwards(world: World, pair: int) -> None:
    actor = world.cast.actor("marat")
    with acting(world.context.sessions, actor) as session:
        version = session.get_one(MentoringPair, pair).version
        mentoring.end(session, pair, "Работы сошлись.", actor=actor, at=NOW, expected_version=version)
    ivan = Browser(world, "ivan")

    assert told(world, "ivan")[-1].startswith("Работа пары завершена: ")
    page = ivan.text(f"/account/pairs/{pair}")
    assert "Работы сошлись." in page
    assert "held_on" not in page
    assert meet(ivan, pair).status_code == 409


def test_a_pair_of_schools_is_told_to_both_and_the_mentor_school_writes_meetings(world: World) -> None:
    """Nobody stands in it by a card: it is the schools' own accounts that must know."""
    helped, mentor = world.cast.school, world.cast.objective
    with acting(world.context.sessions, SYSTEM) as session:
        form = people.UserForm("Лаврова Мария", "директор", Role.SCHOOL, mentor.municipality_id, mentor.id)
        head = people.create_user(session, "mentors-head", "пароль для проверки", form, actor=SYSTEM, at=NOW)
        world.cast.users["mentors-head"] = head
    actor = world.cast.actor("marat")
    with acting(world.context.sessions, actor) as session:
        schools = mentoring.PairForm(
            MentoringKind.SCHOOLS, mentor.id, helped.id, GOALS, day_of(NOW), day_of(NOW) + timedelta(days=90)
        )
        made = mentoring.make_pair(session, schools, actor=actor, at=NOW).id

    said = f"Ваша школа в паре наставничества: {mentor.name} → {helped.name}. /account/pairs/{made}"
    assert told(world, "sveta") == [said]
    assert told(world, "mentors-head") == [said]
    assert told(world, "marat") == []
    assert f"ваша школа помогает: {helped.name}" in Browser(world, "mentors-head").text("/account/pairs/")
    sveta = Browser(world, "sveta")
    assert f"вашей школе помогает: {mentor.name}" in sveta.text("/account/pairs/")
    assert meet(sveta, made).status_code == 404  # the mentor's to do
    assert meet(Browser(world, "mentors-head"), made).status_code == 302
    assert "Проверить пять работ вдвоём." in sveta.text(f"/account/pairs/{made}")
    oleg = Browser(world, "oleg")
    assert "ваша школа помогает" not in oleg.text("/account/pairs/")
    assert oleg.client.get(f"/account/pairs/{made}").status_code == 404
